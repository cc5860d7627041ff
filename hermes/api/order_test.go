package api_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// TestOrderOfRefusals puts several faults into each request. The first in API.md's order is to be answered.
func TestOrderOfRefusals(t *testing.T) {
	w := world(t, nil)
	nobody, reader, writer := apitest.Caller{}, w.Login("reader"), w.Login("writer")
	evil := map[string]string{"Sec-Fetch-Site": "cross-site"}
	for _, row := range []struct {
		why string
		q   apitest.Question
		is  string
	}{
		{"method before session", apitest.Question{Caller: nobody, Method: "PUT", Node: "user/remove"}, "invalid/request"},
		{"escapes before session", apitest.Question{Caller: nobody, Node: "user/remove", Query: "user=%"}, "invalid/parameters"},
		{"control characters before session", apitest.Question{Caller: nobody, Node: "user/remove", Query: "user=%00"}, "invalid/parameters"},
		{"duplicates before session", apitest.Question{Caller: nobody, Node: "user/remove", Query: "user=a&user=a"}, "invalid/parameters"},
		{"duplicates before level", apitest.Question{Caller: reader, Node: "user/remove", Query: "user=a&user=a"}, "invalid/parameters"},
		{"another site before session", apitest.Question{Caller: nobody, Node: "user/remove", Header: evil}, "failed/forbidden"},
		{"another site before form", apitest.Question{Caller: reader, Node: "user/list", Query: "x=%", Header: evil}, "failed/forbidden"},
		{"node before site", apitest.Question{Caller: reader, Node: "nowhere", Header: evil}, "invalid/node"},
		{"session before unknown", apitest.Question{Caller: nobody, Node: "user/remove", Query: "colour=red"}, "failed/unauthorized"},
		{"session before missing", apitest.Question{Caller: nobody, Node: "user/get"}, "failed/unauthorized"},
		{"session before malformed", apitest.Question{Caller: nobody, Node: "user/get", Query: "user=a"}, "failed/unauthorized"},
		{"level before unknown", apitest.Question{Caller: reader, Node: "user/remove", Query: "colour=red"}, "failed/forbidden"},
		{"level before missing", apitest.Question{Caller: reader, Node: "user/remove"}, "failed/forbidden"},
		{"level before mixed", apitest.Question{Caller: reader, Node: "user/add", Query: "user=a@example.com&username=a"}, "failed/forbidden"},
		{"level before malformed", apitest.Question{Caller: reader, Node: "user/remove", Query: "user=a"}, "failed/forbidden"},
		{"level for what is asked before unknown", apitest.Question{Caller: reader, Node: "user/permissions", Query: "permissions=a&colour=red"}, "failed/forbidden"},
		{"unknown before malformed", apitest.Question{Caller: writer, Node: "user/get", Query: "user=a&colour=red"}, "invalid/parameters"},
		{"missing before malformed", apitest.Question{Caller: writer, Node: "phone/add", Query: "user=a"}, "invalid/parameters"},
		{"mixed before malformed", apitest.Question{Caller: writer, Node: "phone/add", Query: "mac=0&user=a@example.com&username=a"}, "invalid/parameters"},
		{"a malformed port before a malformed address", apitest.Question{Caller: writer, Node: "user/update", Query: "user=a&r_port=x"}, "invalid/parameters"},
		{"a port out of range before a malformed address", apitest.Question{Caller: writer, Node: "user/update", Query: "user=a&r_port=65536"}, "invalid/parameters"},
		{"a password too long before a malformed address", apitest.Question{Caller: writer, Node: "user/change_pw", Query: "user=a&password=" + long64 + "a"}, "invalid/parameters"},
		{"no number before a malformed search", apitest.Question{Caller: writer, Node: "user/list", Query: "limit=x&search=" + long64 + "a"}, "invalid/parameters"},
		{"a bad page before a malformed search", apitest.Question{Caller: writer, Node: "user/list", Query: "after=x&search=" + long64 + "a"}, "invalid/parameters"},
		{"a page with random before a malformed search", apitest.Question{Caller: writer, Node: "number/list", Query: "after=x&random=1&search=" + long64 + "a"}, "invalid/parameters"},
		{"e164 without destination before a malformed alias", apitest.Question{Caller: writer, Node: "alias/list", Query: "alias=a&e164=1"}, "invalid/parameters"},
		{"a bad name before a malformed address", apitest.Question{Caller: writer, Node: "user/permissions", Query: "user=a&permissions=,"}, "invalid/parameters"},
		{"malformed before nonexistant", apitest.Question{Caller: writer, Node: "phone/add", Query: "mac=0&user=nobody@example.com"}, "failed/invalid"},
		{"malformed before nxdomain", apitest.Question{Caller: writer, Node: "number/assign", Query: "user=nobody@example.com&alias_domain=example.org&number=1"}, "failed/rejected"},
		{"parameters before nxdomain", apitest.Question{Caller: writer, Node: "user/add", Query: "user=a@example.org&email=x"}, "invalid/parameters"},
		{"nxdomain before servfail", apitest.Question{Caller: writer, Node: "user/add", Query: "user=a@example.org"}, "failed/nxdomain"},
	} {
		if a := w.Ask(row.q); a.Is() != row.is {
			t.Errorf("%s: got %s, want %s: %s", row.why, a.Is(), row.is, a.Body)
		}
	}
}

// TestMalformedDoesNothing makes sure that asking the Client what else is wrong with a request changes nothing.
func TestMalformedDoesNothing(t *testing.T) {
	w := world(t, nil)
	admin := w.Login("admin")
	setUp(t, w, admin)
	for _, ask := range []string{"phone/remove?mac=x&user=alice@example.com", "phone/add?mac=x&user=alice@example.com", "number/assign?user=alice@example.com&alias_domain=-",
		"number/claim?search=" + long64 + "a", "alias/remove?alias=x", "user/update?user=x&displayname=X", "number/add_range?start=1&end=%2B4773500009"} {
		w.Ask(question(admin, ask))
	}
	for ask, want := range map[string]string{
		"phone/get?user=alice@example.com": `{"response":"ok","list":["001122334455"]}`,
		"phone/list":                       `{"list":["001122334455"],"response":"ok"}`,
		"number/list":                      `{"list":["+4773500001","+4773500002"],"response":"ok"}`,
		"alias/list":                       `{"list":[{"alias":"info@example.com","destination":"alice@example.com"}],"response":"ok"}`,
		"user/list":                        `{"list":[{"user":"alice@example.com","displayname":"alice"}],"response":"ok"}`,
		"user/permissions?user=alice@example.com": `{"response":"ok","user":"alice@example.com","permissions":[]}`,
	} {
		if a := w.Ask(question(admin, ask)); a.Body != want {
			t.Errorf("%s: got %s, want %s", ask, a.Body, want)
		}
	}
}
