package campaign_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// side is a server that a writer calls: hermesd, or the model.
type side struct {
	hermesdtest.Endpoint
	writer  int
	session hermesdtest.Session // the writer's
	own     hermesdtest.Session // of the API user that a life has
	keyURL  string              // the last answer to domain/prov_key
}

// post makes a call, and keeps the secrets in its answer.
func (s *side) post(ctx context.Context, c call) (hermesdtest.Answer, error) {
	session, form := s.session, c.form
	switch {
	case c.key:
		id, err := s.keyID(ctx)
		if err != nil {
			return hermesdtest.Answer{}, err
		}
		form = "key=" + id
	case c.node == "auth/logout":
		session, form = hermesdtest.Session{Cookie: s.own.Cookie}, "session="+s.own.ID
	case c.own:
		session = s.own
	}
	a, err := s.Post(ctx, session, c.node, form)
	if err != nil {
		return a, err
	}
	switch {
	case c.node == "auth/login" && a.Class() == "ok":
		s.own = hermesdtest.SessionOf(a)
	case c.node == "auth/ping" && a.Class() == "pong":
		s.own.AuthKey = a.Text("auth_key")
	case c.node == "domain/prov_key" && a.Class() == "ok":
		s.keyURL = a.Text("url")
	}
	return a, nil
}

// keyID returns the id of the API key that the writer has made, of several the one whose comment is
// the first, or another id if there is none.
func (s *side) keyID(ctx context.Context) (string, error) {
	a, err := s.Post(ctx, s.session, "auth/list_keys", "")
	if err != nil {
		return "", err
	}
	id, first := "hek_0000000000", ""
	list, _ := a.Members["list"].([]any)
	for _, k := range list {
		k := k.(map[string]any)
		if comment := fmt.Sprint(k["comment"]); isOfWriter(s.writer, comment) && (first == "" || comment < first) {
			id, first = fmt.Sprint(k["key"]), comment
		}
	}
	return id, nil
}

// variable matches what differs between hermesd and the model: times, ids of keys and the address
// of a phone's file.
var variable = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z|hek_[0-9A-Za-z]{10}|https://c\.example\.com/[^"]*`)

// dump returns all that there is of the writer's, a line for each answer.
func (s *side) dump(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	read := func(node, form string) hermesdtest.Answer {
		a := s.Call(t, s.session, node, form)
		if c := a.Class(); c != "ok" && c != "failed/empty" && c != "failed/nonexistant" {
			t.Fatalf("%s %s: %s", node, form, a.Body)
		}
		fmt.Fprintf(&b, "%s %s: %s\n", node, form, variable.ReplaceAllString(a.Body, "…"))
		return a
	}
	for _, domain := range []string{writerDomain(s.writer), fmt.Sprintf("far%d.example", s.writer)} {
		for _, user := range entries(read("user/list", "search=*@"+domain), "user") {
			read("user/show", "user="+user)
		}
	}
	for _, mac := range entries(read("phone/list", "search="+phoneSearch(s.writer)), "") {
		read("phone/show", "mac="+mac)
	}
	for _, alias := range aliases(s.MustCall(t, "ok", s.session, "alias/list", ""), writerDomain(s.writer)) {
		fmt.Fprintln(&b, alias)
	}
	for _, state := range []string{"free", "held", "cooling"} {
		read("number/list", "state="+state+"&search="+searchOf(s.writer))
	}
	read("domain/get_servers", "domain="+writerDomain(s.writer))
	read("audit/list", fmt.Sprintf("limit=%d&principal=%s", auditLimit, writerName(s.writer)))
	s.dumpAccess(t, &b)
	return auditVariable.ReplaceAllString(b.String(), `"…"`)
}

// auditLimit is more than the calls of a writer between two faults.
const auditLimit = 400

// auditVariable matches the members of an entry that differ between hermesd and the model, and its
// place in the list.
var auditVariable = regexp.MustCompile(`"(id|request|next)":"[^"]*"`)

// dumpAccess adds who may call because of the writer, and whether secrets are the last that were
// answered.
func (s *side) dumpAccess(t *testing.T, b *strings.Builder) {
	t.Helper()
	list := func(node, name string) {
		var lines []string
		all, _ := s.MustCall(t, "ok", s.session, node, "").Members["list"].([]any)
		for _, e := range all {
			if e := e.(map[string]any); isOfWriter(s.writer, fmt.Sprint(e[name])) {
				lines = append(lines, fmt.Sprintf("%s: %v %v\n", node, e[name], e["access"]))
			}
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, ""))
	}
	list("auth/list_users", "user")
	list("auth/list_keys", "comment")
	fmt.Fprintf(b, "the session is answered %s\n", s.Call(t, s.own, "auth/whoami", "").Class())
	url := s.MustCall(t, "ok", s.session, "domain/prov_key", "domain="+writerDomain(s.writer)).Text("url")
	fmt.Fprintf(b, "the domain's key is the last that was answered: %v\n", url == s.keyURL)
}

// entries returns the entries of a list, or a member of each.
func entries(a hermesdtest.Answer, member string) (all []string) {
	list, _ := a.Members["list"].([]any)
	for _, e := range list {
		if member != "" {
			e = e.(map[string]any)[member]
		}
		all = append(all, fmt.Sprint(e))
	}
	return all
}

// aliases returns the aliases of a domain and where they lead to.
func aliases(a hermesdtest.Answer, domain string) (all []string) {
	to := entries(a, "destination")
	for i, alias := range entries(a, "alias") {
		if strings.HasSuffix(alias, "@"+domain) {
			all = append(all, alias+" leads to "+to[i])
		}
	}
	return all
}

// newModel returns a side over a memory store, on which the writer may do everything.
func newModel(t *testing.T, writer int) (*side, *hermes.Client, hermes.Store) {
	t.Helper()
	key, err := hermes.ParseSecretKey(strings.Repeat("k", 43))
	if err != nil {
		t.Fatal(err)
	}
	store := memstore.New(domains()...)
	client, err := hermes.New(store, &hermes.Options{
		SecretKeys: []hermes.SecretKey{key}, FailedLoginTime: -1, NumberQuarantine: time.Hour,
		SessionTTL: 12 * time.Hour, AuthKeyTTL: 12 * time.Hour,
		Backends: []hermes.Backend{local.New(&local.Options{MemoryKiB: 64, Passes: 1})},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Bootstrap(t.Context(), "admin", hermes.NewSecret(adminPassword)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(api.New(client.As(hermes.Actor{}), nil))
	t.Cleanup(server.Close)
	s := &side{Endpoint: hermesdtest.Endpoint{URL: server.URL, HTTP: server.Client()}, writer: writer}
	s.mustEnter(t)
	return s, client, store
}

const adminPassword = "correct horse"

// mustLoginAsAdmin opens a session of the first API user.
func mustLoginAsAdmin(t *testing.T, e hermesdtest.Endpoint) hermesdtest.Session {
	t.Helper()
	return e.MustLogin(t, "username=admin&password="+url.QueryEscape(adminPassword))
}

// mustEnter makes an API user for the writer, opens its session, and makes what all lives need.
func (s *side) mustEnter(t *testing.T) {
	t.Helper()
	admin, name, domain := mustLoginAsAdmin(t, s.Endpoint), writerName(s.writer), writerDomain(s.writer)
	s.MustCall(t, "ok", admin, "auth/add_user", "password=correct+horse&user="+name)
	s.MustCall(t, "ok", admin, "auth/authorize", "access=full_write&user="+name)
	s.session = s.MustLogin(t, "password=correct+horse&username="+name)
	s.MustCall(t, "ok", s.session, "domain/set_servers", "domain="+domain+"&registrar=a.example.com&r_port=5060"+
		"&proxy=b.example.com&p_port=5059&prov_url=https://c.example.com/")
	s.keyURL = s.MustCall(t, "ok", s.session, "domain/prov_key", "domain="+domain).Text("url")
}

// domains are the domains that are served: one for each writer, and one for the takers.
func domains() []sip.Domain {
	all := []sip.Domain{sip.MustParseDomain(takerDomain)}
	for w := range maxWriters {
		all = append(all, sip.MustParseDomain(writerDomain(w)))
	}
	return all
}

func domainNames() string {
	var names []string
	for _, d := range domains() {
		names = append(names, d.String())
	}
	return strings.Join(names, ",")
}

// clientOf returns an HTTP client for concurrent calls. Its timeout, which no call needs, makes the
// test fail if hermesd does not answer.
func clientOf(calls int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: calls}, Timeout: time.Minute}
}

// passwordOf returns the password in the answer to a call that generated one.
func passwordOf(a hermesdtest.Answer) string {
	user, _ := a.Members["user"].(map[string]any)
	password, _ := user["password"].(string)
	return password
}

// isDown reports whether a call was not carried out because the database or the server could not.
func isDown(a hermesdtest.Answer) bool {
	return slices.Contains([]string{"failed/dbfail", "failed/busy"}, a.Class())
}

// isUnknown reports whether it is not known whether a call was carried out.
func isUnknown(a hermesdtest.Answer) bool {
	return a.Class() == "failed/dbfail" && strings.HasPrefix(a.Text("detail"), "outcome unknown")
}
