package api_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// TestHandler_OrderOfChecks sends requests with several faults, of which the first in the order of
// the package comment must be answered.
func TestHandler_OrderOfChecks(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	anonymous, reader, writer := apitest.Session{}, s.Login(t, "reader"), s.Login(t, "writer")
	otherSite := map[string]string{"Sec-Fetch-Site": "cross-site"}
	for _, row := range []struct {
		why  string
		req  apitest.Request
		want string
	}{
		{"method before session", apitest.Request{Method: "PUT", Node: "user/remove"}, "invalid/request"},
		{"escapes before session", newRequest(anonymous, "user/remove?user=%"), "invalid/parameters"},
		{"control characters before session", newRequest(anonymous, "user/remove?user=%00"), "invalid/parameters"},
		{"duplicates before session", newRequest(anonymous, "user/remove?user=a&user=a"), "invalid/parameters"},
		{"duplicates before level", newRequest(reader, "user/remove?user=a&user=a"), "invalid/parameters"},
		{"another site before session", apitest.Request{Node: "user/remove", Header: otherSite}, "failed/forbidden"},
		{"another site before parameters",
			apitest.Request{Session: reader, Node: "user/list", Query: "x=%", Header: otherSite}, "failed/forbidden"},
		{"node before site", apitest.Request{Session: reader, Node: "nowhere", Header: otherSite}, "invalid/node"},
		{"session before unknown", newRequest(anonymous, "user/remove?colour=red"), "failed/unauthorized"},
		{"session before missing", newRequest(anonymous, "user/get"), "failed/unauthorized"},
		{"session before malformed", newRequest(anonymous, "user/get?user=a"), "failed/unauthorized"},
		{"level before unknown", newRequest(reader, "user/remove?colour=red"), "failed/forbidden"},
		{"level before missing", newRequest(reader, "user/remove"), "failed/forbidden"},
		{"level before mixed", newRequest(reader, "user/add?user=a@example.com&username=a"), "failed/forbidden"},
		{"level before malformed", newRequest(reader, "user/remove?user=a"), "failed/forbidden"},
		{"level that the parameters need, before unknown",
			newRequest(reader, "user/permissions?permissions=a&colour=red"), "failed/forbidden"},
		{"unknown before malformed", newRequest(writer, "user/get?user=a&colour=red"), "invalid/parameters"},
		{"missing before malformed", newRequest(writer, "phone/add?user=a"), "invalid/parameters"},
		{"mixed before malformed",
			newRequest(writer, "phone/add?mac=0&user=a@example.com&username=a"), "invalid/parameters"},
		{"malformed port before malformed address",
			newRequest(writer, "user/update?user=a&r_port=x"), "invalid/parameters"},
		{"port out of range before malformed address",
			newRequest(writer, "user/update?user=a&r_port=65536"), "invalid/parameters"},
		{"too long password before malformed address",
			newRequest(writer, "user/change_pw?user=a&password="+long64+"a"), "invalid/parameters"},
		{"malformed limit before malformed search",
			newRequest(writer, "user/list?limit=x&search="+long64+"a"), "invalid/parameters"},
		{"malformed after before malformed search",
			newRequest(writer, "user/list?after=x&search="+long64+"a"), "invalid/parameters"},
		{"after with random before malformed search",
			newRequest(writer, "number/list?after=x&random=1&search="+long64+"a"), "invalid/parameters"},
		{"e164 without destination before malformed alias",
			newRequest(writer, "alias/list?alias=a&e164=1"), "invalid/parameters"},
		{"bad permission before malformed address",
			newRequest(writer, "user/permissions?user=a&permissions=,"), "invalid/parameters"},
		{"malformed before nonexistant",
			newRequest(writer, "phone/add?mac=0&user=nobody@example.com"), "failed/invalid"},
		{"malformed before nxdomain",
			newRequest(writer, "number/assign?user=nobody@example.com&alias_domain=example.org&number=1"), "failed/rejected"},
		{"parameters before nxdomain", newRequest(writer, "user/add?user=a@example.org&email=x"), "invalid/parameters"},
		{"nxdomain before servfail", newRequest(writer, "user/add?user=a@example.org"), "failed/nxdomain"},
	} {
		if res := s.Do(t, row.req); res.Result() != row.want {
			t.Errorf("%s: got %s, want %s: %s", row.why, res.Result(), row.want, res.Body)
		}
	}
}

// TestHandler_MalformedChangesNothing checks that the search for further faults changes nothing.
func TestHandler_MalformedChangesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	admin := s.Login(t, "admin")
	mustAddRecords(t, s, admin)
	for _, target := range []string{
		"phone/remove?mac=x&user=alice@example.com",
		"phone/add?mac=x&user=alice@example.com",
		"number/assign?user=alice@example.com&alias_domain=-",
		"number/claim?search=" + long64 + "a",
		"alias/remove?alias=x",
		"user/update?user=x&displayname=X",
		"number/add_range?start=1&end=%2B4773500009",
	} {
		if res := s.Do(t, newRequest(admin, target)); res.Response == "ok" {
			t.Errorf("%s: %s", target, res.Body)
		}
	}
	for target, want := range map[string]string{
		"phone/get?user=alice@example.com": `{"response":"ok","list":["001122334455"]}`,
		"phone/list":                       `{"list":["001122334455"],"response":"ok"}`,
		"number/list":                      `{"list":["+4773500001","+4773500002"],"response":"ok"}`,
		"alias/list":                       `{"list":[{"alias":"info@example.com","destination":"alice@example.com"}],"response":"ok"}`,
		"user/list":                        `{"list":[{"user":"alice@example.com","displayname":"alice"}],"response":"ok"}`,
		"user/permissions?user=alice@example.com": `{"response":"ok","user":"alice@example.com","permissions":[]}`,
	} {
		if res := s.Do(t, newRequest(admin, target)); res.Body != want {
			t.Errorf("%s: got %s, want %s", target, res.Body, want)
		}
	}
}

// usersStore is a store with a Users method of its own.
type usersStore struct {
	hermes.Store
	users func() ([]hermes.UserEntry, error)
}

func (s usersStore) Users(context.Context, hermes.UserQuery) ([]hermes.UserEntry, error) {
	return s.users()
}

func TestHandler_Panic(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	store := usersStore{memstore.New(), func() ([]hermes.UserEntry, error) { panic("no such luck") }}
	s := apitest.NewServer(t, store, &apitest.Options{
		API: api.Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), MaxInFlight: 1},
	})
	reader := s.Login(t, "reader")
	res := s.Do(t, newRequest(reader, "user/list"))
	if res.Status != 500 || res.Result() != "error/internal" || res.Text("detail") != res.Header.Get("X-Request-Id") {
		t.Errorf("got %d %s", res.Status, res.Body)
	}
	if !strings.Contains(log.String(), "no such luck") || !strings.Contains(log.String(), "id="+res.Text("detail")) {
		t.Errorf("the log does not have the panic and the id %s: %s", res.Text("detail"), log.String())
	}
	if res := s.Do(t, newRequest(reader, "domain/list")); res.Result() != "ok" {
		t.Errorf("after a panic: %s", res.Body)
	}
}

func TestHandler_InnerErrorIsLoggedOnly(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	store := usersStore{memstore.New(), func() ([]hermes.UserEntry, error) { return nil, errors.New("disk on fire") }}
	s := apitest.NewServer(t, store, &apitest.Options{
		API: api.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))},
	})
	res := s.Do(t, newRequest(s.Login(t, "reader"), "user/list"))
	if res.Result() != "failed/dbfail" || strings.Contains(res.Body, "fire") {
		t.Errorf("got %s", res.Body)
	}
	id := res.Header.Get("X-Request-Id")
	if !strings.Contains(log.String(), "disk on fire") || !strings.Contains(log.String(), "id="+id) {
		t.Errorf("the log does not have the error and the id %s: %s", id, log.String())
	}
}
