package campaign_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// call is a call of a writer.
type call struct {
	node, form string
	own        bool   // in the session of the API user that the writer's life has, not in the writer's
	key        bool   // the form gets the id of the API key of this life
	generates  string // the user for whom a password is generated, if any
}

// life returns the calls of a life of a writer. They use each node that changes anything, and leave
// nothing behind. Some are refused.
func life(writer, n int) []call {
	domain, far := writerDomain(writer), fmt.Sprintf("far%d.example", writer)
	at := func(name string) string { return fmt.Sprintf("%s%d@%s", name, n, domain) }
	user, renamed, onboarded, remote := at("user"), at("renamed"), at("onboarded"), fmt.Sprintf("remote%d@%s", n, far)
	number := func(i int) string {
		return url.QueryEscape(fmt.Sprintf("%s%05d%d", writerPrefix(writer), n%100_000, i))
	}
	phone := fmt.Sprintf("02%02x%08x", writer, 2*n)
	return slices.Concat([]call{
		{node: "domain/set_servers", form: "domain=" + domain + "&registrar=a.example.com&r_port=5060&proxy=b.example.com" +
			fmt.Sprintf("&p_port=%d&prov_url=https://c.example.com/", 5060+n%1000)},
		{node: "domain/prov_key", form: "rotate=yes&domain=" + domain},
		{node: "number/add_range", form: "start=" + number(0) + "&end=" + number(3)},
		{node: "number/add", form: "number=" + number(9)},
		{node: "user/add", form: "displayname=User&permittedcalls=local&user=" + user, generates: user},
		{node: "user/add", form: "user=" + user, generates: user},
		{node: "user/change_pw", form: fmt.Sprintf("password=password-%d-%d&user=%s", writer, n, user)},
		{node: "user/change_email", form: "email=a@example.org&user=" + user},
		{node: "user/update", form: "displayname=Another&dialplan=x&r_port=5070&user=" + user},
		{node: "user/permissions", form: "permissions=intl,night&user=" + user},
		{node: "phone/add", form: "mac=" + phone + "&user=" + user},
		{node: "phone/set", form: "vendor=snom&note=desk&mac=" + phone},
		{node: "phone/enrol", form: "ttl=1h&mac=" + phone},
		{node: "number/claim", form: "search=" + number(0)},
		{node: "number/hold", form: "number=" + number(1)},
		{node: "number/unhold", form: "number=" + number(1)},
		{node: "number/hold", form: "ttl=1h&number=" + number(1)},
		{node: "number/assign", form: "number=" + number(1) + "&user=" + user},
		{node: "number/assign", form: "number=" + number(2) + "&user=" + user},
		{node: "alias/add", form: "alias=" + at("sales") + "&destination=" + user},
		{node: "alias/remove", form: "alias=" + at("sales")},
		{node: "alias/add", form: "alias=" + at("sales") + "&destination=" + user},
		{node: "user/suspend", form: "reason=unpaid&user=" + user},
		{node: "user/resume", form: "user=" + user},
		{node: "user/rename", form: "keep_alias=yes&user=" + user + "&new_user=" + renamed},
		{node: "user/remove", form: "user=" + renamed},
		{node: "number/release", form: "number=" + number(1)},
		{node: "user/onboard", form: "permissions=local&macs=" + phone + fmt.Sprintf(",02%02x%08x", writer, 2*n+1) +
			"&number=" + number(2) + "&user=" + onboarded, generates: onboarded},
		{node: "phone/remove", form: "mac=" + phone + "&user=" + renamed},
		{node: "user/add_remote", form: "password=secret&registrar=sip.far.example&user=" + remote},
		{node: "user/change_pw", form: "password=another&user=" + remote},
		{node: "user/adopt", form: "user=" + toolUser(writer)},
		{node: "user/remove", form: "user=" + toolUser(writer)},
	}, accessCalls(writer, n), []call{
		{node: "user/remove", form: "user=" + remote},
		{node: "user/offboard", form: "user=" + renamed},
		{node: "user/offboard", form: "user=" + onboarded},
		{node: "number/add", form: "number=" + number(1)},
		{node: "number/add", form: "number=" + number(2)},
		{node: "number/remove", form: "number=" + number(1)},
		{node: "number/remove", form: "number=" + number(2)},
		{node: "number/remove", form: "number=" + number(3)},
		{node: "number/remove", form: "number=" + number(9)},
	})
}

// accessCalls are the part of a life that changes who may call.
func accessCalls(writer, n int) []call {
	user := fmt.Sprintf("%s-%d", writerName(writer), n)
	return []call{
		{node: "auth/add_user", form: "password=first+password&user=" + user},
		{node: "auth/authorize", form: "access=full_read&user=" + user},
		{node: "auth/update_user", form: "password=second+password&user=" + user},
		{node: "auth/login", form: "password=second+password&username=" + user, own: true},
		{node: "auth/ping", own: true},
		{node: "auth/logout", own: true},
		{node: "auth/new_key", form: "host=127.0.0.1&access=limited_read&comment=" + keyComment(writer, n)},
		{node: "auth/remove_key", key: true},
		{node: "auth/remove_user", form: "user=" + user},
	}
}

func writerName(writer int) string         { return fmt.Sprintf("writer%d", writer) }
func writerDomain(writer int) string       { return fmt.Sprintf("w%d.example.com", writer) }
func writerPrefix(writer int) string       { return fmt.Sprintf("+4770%d", writer) }
func toolUser(writer int) string           { return "tool@" + writerDomain(writer) }
func keyComment(writer, n int) string      { return fmt.Sprintf("%s-%d", writerName(writer), n) }
func phoneSearch(writer int) string        { return fmt.Sprintf("02%02x*", writer) }
func searchOf(writer int) string           { return url.QueryEscape(writerPrefix(writer) + "*") }
func isOfWriter(writer int, s string) bool { return len(s) > 7 && s[:8] == writerName(writer)+"-" }

// TestLife_everyNode checks that a life uses each node that changes anything.
func TestLife_everyNode(t *testing.T) {
	used := map[string]bool{}
	for _, c := range life(0, 0) {
		used[c.node] = true
	}
	for _, n := range hermes.Nodes() {
		if used[n.Path] != n.Changes {
			t.Errorf("%s: used %v, want %v: a life has the nodes that change anything", n.Path, used[n.Path], n.Changes)
		}
	}
}
