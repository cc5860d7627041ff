package api_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestHandler_LogHasNoSecrets calls every node with a canary as the value of each parameter, as the
// name of an unknown parameter and in headers, over a store that works and over stores that do not.
// Neither a canary nor a secret from an answer may be in the log.
func TestHandler_LogHasNoSecrets(t *testing.T) {
	t.Parallel()
	var log, audit bytes.Buffer
	debug := &slog.HandlerOptions{Level: slog.LevelDebug}
	s := newServer(t, &apitest.Options{
		Client: hermes.Options{Logger: slog.New(slog.NewTextHandler(&audit, debug))},
		API:    api.Options{Logger: slog.New(slog.NewTextHandler(&log, debug))},
	})
	admin := s.Login(t, "admin")
	secrets := []string{"canary", admin.ID, admin.AuthKey, admin.Cookie, strings.Fields(apitest.Password)[0]}
	mustAddRecords(t, s, admin)
	for _, target := range []string{
		"auth/login?username=admin&password=canary-password",
		"auth/login?api_key=canary-key",
		"auth/login?key=x&nonce=canary-nonce&signature=canary-signature",
		"auth/add_user?user=dave&password=canary-password",
		"auth/update_user?user=dave&password=canary-password&old_password=canary-old",
		"auth/new_key?host=192.0.2.7&access=4",
		"auth/new_key?pubkey=canary&access=4",
		"auth/challenge?key=hek_0123456789",
		"auth/remove_key?key=hek_0123456789_canary",
		"auth/ping",
		"auth/logout?session=canary-session",
		"user/add?user=carol@example.com",
		"user/get?user=alice@example.com",
		"user/change_pw?user=alice@example.com",
		"user/change_pw?user=alice@example.com&password=canary-password",
		"user/add_remote?user=bob@example.org&registrar=sip.example.org&password=canary-password",
		"user/generate_password",
		"canary/canary",
	} {
		secrets = append(secrets, secretsOf(s.Do(t, newRequest(admin, target)))...)
		node, query, _ := strings.Cut(target, "?")
		secrets = append(secrets, secretsOf(s.Do(t, apitest.Request{Node: node, Form: query + "&_=canary"}))...)
	}
	header := map[string]string{
		"Authorization": "Basic canary", "Referer": "https://example.com/?canary", "User-Agent": "canary", "X-Forwarded-For": "canary",
	}
	for _, n := range hermes.Nodes() {
		for _, h := range []http.Handler{s.Handler, s.Broken, s.Down} {
			params := canaryParams(n)
			for _, query := range []string{params, "canary-name=canary-value", "=canary", params + "&" + params} {
				s.Do(t, apitest.Request{Session: admin, Handler: h, Node: n.Path, Query: query, Header: header})
			}
		}
	}
	// Of each 12 requests, some refusals of strangers may be left out.
	if bytes.Count(log.Bytes(), []byte("msg=request")) < 10*len(hermes.Nodes()) {
		t.Fatalf("the log does not have all requests: %s", log.String())
	}
	for _, secret := range secrets {
		if line := lineWith(log.String()+audit.String(), secret); line != "" {
			t.Errorf("%q is in the log: %s", secret, line)
		}
	}
	// The audit log may name the user whom a change is about.
	if line := lineWith(log.String(), "kanari"); line != "" {
		t.Errorf("a value is in the log: %s", line)
	}
}

// canaryParams returns a query with a value for each parameter of a node: canary- for secrets,
// kanari- for others.
func canaryParams(n hermes.Node) string {
	values := url.Values{}
	for i := range reflect.TypeOf(n.New()).Elem().NumField() {
		field := reflect.TypeOf(n.New()).Elem().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("form"), ",")
		switch name = strings.TrimSuffix(name, "*"); {
		case name == "-":
		case field.Type == reflect.TypeFor[hermes.Secret]() || name == "signature":
			values.Set(name, "canary-"+name)
		case field.Type == reflect.TypeFor[sip.Addr]():
			values.Set(name, "kanari@example.com")
		case name == "access":
			values.Set(name, "1")
		default:
			values.Set(name, "kanari-"+name)
		}
	}
	return values.Encode()
}

// secretsOf returns the secrets in an answer.
func secretsOf(res apitest.Response) []string {
	var secrets []string
	user, _ := res.Members["user"].(map[string]any)
	for _, members := range []map[string]any{res.Members, user} {
		for name, value := range members {
			text, ok := value.(string)
			secret := slices.Contains([]string{"session", "auth_key", "password", "nonce", "ha1", "ha1b"}, name)
			apiKey := name == "key" && strings.Count(text, "_") == 2
			if ok && (secret || apiKey) {
				secrets = append(secrets, text)
			}
		}
	}
	// Plain text is a generated password.
	if res.Members == nil {
		secrets = append(secrets, res.Body)
	}
	if cookie := res.Cookie(); cookie != "" {
		secrets = append(secrets, cookie)
	}
	return secrets
}

// lineWith returns the first line of a log that contains text, or "".
func lineWith(log, text string) string {
	for line := range strings.Lines(log) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

func TestHandler_Log(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newServer(t, &apitest.Options{API: api.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))}})
	reader := s.Login(t, "reader")
	for _, row := range []struct {
		why, target string
		want        map[string]any
	}{
		{"success, with the values that may be logged", "user/list?limit=10&search=alice", map[string]any{
			"node": "user/list", "method": "GET", "principal": "user:reader", "remote": "192.0.2.1",
			"response": "ok", "cause": "", "status": 200.0,
			"params": []any{"auth_key", "limit", "search", "session"}, "limit": 10.0, "level": "INFO"}},
		{"an unknown name is not logged", "user/avail?user=a@example.com&hunter2=1", map[string]any{
			"node": "user/avail", "response": "invalid", "cause": "parameters", "params": []any{"auth_key", "session", "user"}}},
		{"a malformed value is not logged",
			"user/list?limit=hunter2", map[string]any{"cause": "parameters", "limit": nil}},
		{"an unknown path is not logged",
			"hunter2/hunter2", map[string]any{"node": "", "cause": "node", "status": 404.0}},
	} {
		log.Reset()
		res := s.Do(t, newRequest(reader, row.target))
		var line map[string]any
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v: %s", row.why, err, log.String())
		}
		for name, want := range row.want {
			if !reflect.DeepEqual(line[name], want) {
				t.Errorf("%s: %s is %v, want %v", row.why, name, line[name], want)
			}
		}
		if line["id"] != res.Header.Get("X-Request-Id") || strings.Contains(log.String(), "hunter2") {
			t.Errorf("%s: %s", row.why, log.String())
		}
	}
}

func TestHandler_Observe(t *testing.T) {
	t.Parallel()
	var outcomes []api.Outcome
	s := newServer(t, &apitest.Options{API: api.Options{
		Observe: func(o api.Outcome) { outcomes = append(outcomes, o) },
	}})
	reader := s.Login(t, "reader")
	outcomes = nil
	s.Do(t, newRequest(reader, "user/list"))
	s.Do(t, newRequest(reader, "user/remove?user=a@example.com"))
	s.Do(t, newRequest(reader, "nowhere"))
	want := []api.Outcome{
		{Node: "user/list", Response: hermes.OK, Status: 200},
		{Node: "user/remove", Response: hermes.Failed, Cause: hermes.Forbidden, Status: 200},
		{Response: hermes.Invalid, Cause: hermes.NoNode, Status: 404},
	}
	if len(outcomes) != len(want) {
		t.Fatalf("%d outcomes, want %d", len(outcomes), len(want))
	}
	for i, got := range outcomes {
		w := want[i]
		if got.Node != w.Node || got.Response != w.Response || got.Cause != w.Cause || got.Status != w.Status {
			t.Errorf("got %+v, want %+v", got, w)
		}
		if got.ID == "" || !got.Remote.IsValid() || got.Node != "" && got.Principal.Name != "reader" {
			t.Errorf("id, address or principal is missing: %+v", got)
		}
	}
}
