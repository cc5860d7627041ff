package model_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/sip"
)

// side is one of the servers that are compared, with what its clients know.
type side struct {
	t         *testing.T
	server    *apitest.Server
	store     hermes.Store
	now       time.Time
	sessions  map[string]session // by principal
	passwords map[string]string  // of the API users
	values    map[string]string  // texts of earlier answers
	answered  map[string]int     // how often a node did what was asked for
}

// session is that of a principal, and the time at which its auth_key ends.
type session struct {
	apitest.Session
	ends time.Time
}

// newSide returns a server over an empty store.
func newSide(t *testing.T, store hermes.Store) *side {
	t.Helper()
	store = seenByNone{store}
	opts := &apitest.Options{Client: hermes.Options{NumberQuarantine: 10 * time.Minute}}
	s := &side{
		t: t, store: store, server: apitest.NewServer(t, store, opts), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		sessions: map[string]session{}, passwords: map[string]string{}, values: map[string]string{}, answered: map[string]int{},
	}
	for _, user := range principals {
		s.passwords[user] = apitest.Password
	}
	s.logIn("admin")
	for _, ask := range firstCalls {
		node, query, _ := strings.Cut(ask, "?")
		if answer := s.send("admin", node, mustParse(query), false); !strings.Contains(answer, `"response":"ok"`) {
			t.Fatalf("%s: %s", ask, answer)
		}
	}
	clear(s.answered)
	if err := s.addToolUser(); err != nil {
		t.Fatal(err)
	}
	return s
}

// firstCalls give a server some records, an API key, and API users with a scope.
var firstCalls = []string{
	"domain/set_servers?domain=example.com&registrar=reg.example.com&r_port=5060&proxy=proxy.example.com&p_port=5061&prov_url=https://prov.example.com/",
	"user/add?user=alice@example.com&displayname=Alice",
	"user/add?user=bob@example.com",
	"user/add?user=carol@example.com",
	"user/add?user=dave@example.com",
	"user/add?user=erin@example.com",
	"phone/add?mac=001122334455&user=alice@example.com",
	"phone/add?mac=00156500AB02&user=alice@example.com",
	"number/add_range?start=%2B4773500001&end=%2B4773500006",
	"alias/add?alias=sales@example.com&destination=alice@example.com",
	"number/assign?user=bob@example.com&number=%2B4773500002",
	"number/hold?number=%2B4773500006&ttl=24h",
	"auth/new_key?host=192.0.2.0/24&access=full_read",
	"auth/add_user?user=leaver&password=correct+horse",
	"auth/add_user?user=tenant&password=correct+horse",
	"auth/authorize?user=tenant&access=limited_write&domains=example.com&numbers=%2B477350",
	"auth/add_user?user=manager&password=correct+horse",
	"auth/authorize?user=manager&access=full_write&domains=example.net,far.example",
}

// seenByNone is a store on which nothing is seen outside of transactions: stores may write that
// some time after the call, which no test can wait for.
type seenByNone struct{ hermes.Store }

// Touch implements [hermes.Store].
func (seenByNone) Touch(ctx context.Context, _ []hermes.Seen) error { return ctx.Err() }

func (s *side) pause(d time.Duration) {
	s.server.Advance(d)
	s.now = s.now.Add(d)
}

// addToolUser adds an account as kamctl does.
func (s *side) addToolUser() error {
	const hash = "0123456789abcdef0123456789abcdef"
	return s.store.AddUser(s.t.Context(), hermes.User{Address: sip.MustParse("tool@example.com"), Type: hermes.Local, HA1: hash, HA1B: hash})
}

// logIn opens a session for a principal, and returns the answer.
func (s *side) logIn(as string) string {
	values := url.Values{"username": {as}, "password": {s.passwords[as]}}
	if as == "key" {
		values = url.Values{"api_key": {s.values["key"]}}
	}
	return s.send(as, "auth/login", values, true)
}

// request is a request to a node.
type request struct {
	node   hermes.Node
	as     string
	post   bool
	login  bool // whether the principal logs in first, if the session has ended
	values url.Values
}

// String returns the request in words.
func (r request) String() string {
	return fmt.Sprintf("%s?%s as %s, post %t, login %t", r.node.Path, r.values.Encode(), r.as, r.post, r.login)
}

// run sends the request, and returns the answer.
func (r request) run(s *side) string {
	answers := ""
	if r.login && r.as != "none" && r.node.Needs != hermes.NoCapability && !s.now.Before(s.sessions[r.as].ends) {
		answers = s.logIn(r.as) + "\n"
	}
	values := url.Values{}
	for name, all := range r.values {
		values.Set(name, s.expand(r.as, all[0]))
	}
	return answers + s.send(r.as, r.node.Path, values, r.post)
}

// send sends a request, keeps what the client learns from the answer, and returns the answer.
func (s *side) send(as, node string, values url.Values, post bool) string {
	req := apitest.Request{Node: node, Session: s.sessions[as].Session}
	if i := slices.IndexFunc(hermes.Nodes(), func(n hermes.Node) bool { return n.Path == node }); hermes.Nodes()[i].Needs == hermes.NoCapability {
		req.Session = apitest.Session{Cookie: req.Session.Cookie}
	}
	if req.Query = values.Encode(); post {
		req.Query, req.Form = "", values.Encode()
		req.Method = http.MethodPost
	}
	res := s.server.Do(s.t, req)
	s.learn(as, node, values, res)
	return text(values, res)
}

// learn keeps what a client learns from an answer.
func (s *side) learn(as, node string, values url.Values, res apitest.Response) {
	switch {
	case res.Cause == string(hermes.Unauthorized):
		delete(s.sessions, as)
	case res.Response == "pong":
		known := s.sessions[as]
		known.AuthKey, known.ends = res.Text("auth_key"), s.now.Add(5*time.Minute)
		s.sessions[as] = known
	}
	if res.Response != "ok" && res.Response != "pong" {
		return
	}
	if !values.Has("dry_run") {
		s.answered[node]++
	}
	for _, name := range []string{"key", "next", "nonce"} {
		if text := res.Text(name); text != "" {
			s.values[name] = text
		}
	}
	switch node {
	case "auth/login":
		opened := session{
			Session: apitest.Session{ID: res.Text("session"), AuthKey: res.Text("auth_key"), Cookie: res.Cookie()}, ends: s.now.Add(5 * time.Minute),
		}
		if as = values.Get("username"); as == "" {
			as = "key"
		}
		s.sessions[as] = opened
	case "auth/add_user", "auth/update_user":
		if password := values.Get("password"); password != "" {
			s.passwords[values.Get("user")] = password
		}
	}
}

// expand returns the text that a value stands for.
func (s *side) expand(as, value string) string {
	pair := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	switch value {
	case "{key}", "{next}", "{nonce}":
		return s.values[strings.Trim(value, "{}")]
	case "{session}":
		return s.sessions[as].ID
	case "{pubkey}":
		return base64.StdEncoding.EncodeToString(pair.Public().(ed25519.PublicKey))
	case "{signature}":
		message := hermes.LoginMessage(apitest.Origin, s.values["key"], hermes.NewSecret(s.values["nonce"]))
		return base64.RawURLEncoding.EncodeToString(ed25519.Sign(pair, message))
	}
	return value
}

var (
	// requestID matches the id of a request in an entry of the audit trail, which is random.
	requestID = regexp.MustCompile(`"request":"[^"]+"`)
	// numbers matches the numbers of a list.
	numbers = regexp.MustCompile(`"\+[0-9]+"`)
)

// text returns what is to be the same in the answers of two servers. Numbers that a store has
// picked at random are not.
func text(values url.Values, res apitest.Response) string {
	body := requestID.ReplaceAllString(res.Body, `"request":"…"`)
	if values.Has("random") && values.Has("limit") {
		body = numbers.ReplaceAllString(body, `"+…"`)
	}
	lines := []string{fmt.Sprint(res.Status)}
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		if name == "X-Request-Id" {
			continue
		}
		lines = append(lines, name+": "+strings.Join(res.Header[name], " "))
	}
	return strings.Join(append(lines, body), "\n")
}

// madeOfRequestIDs matches what has the ids of requests in entries of the audit trail, and what is
// made of these: the MACs of the entries, and the seals. The node audit/verify checks both.
var madeOfRequestIDs = regexp.MustCompile(`(?s)Request:\w+|MAC:\[[0-9 ]+\]|seals of the audit trail: .*\nkept answers: `)

// records returns all records that are to be the same.
func (s *side) records() []string {
	return strings.Split(madeOfRequestIDs.ReplaceAllString(apitest.Records(s.t, s.store, s.now), "…"), "\n")
}

// isFault reports whether an answer says that the store failed or that there is a fault in Hermes.
func isFault(answer string) bool {
	return strings.Contains(answer, `"response":"fault"`) || strings.Contains(answer, `"cause":"`+string(hermes.StoreFailed)+`"`)
}
