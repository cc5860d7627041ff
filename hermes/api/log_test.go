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
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestLogHasNoSecrets asks every node with a canary as each parameter's value, as each unknown parameter's name, and in the headers, of
// a store that works and of one that does not, and then looks for canaries and for every secret that was answered.
func TestLogHasNoSecrets(t *testing.T) {
	var log, audit bytes.Buffer
	debug := &slog.HandlerOptions{Level: slog.LevelDebug}
	w := apitest.New(t, memstore.New(), &apitest.Options{
		Client: hermes.Options{Logger: slog.New(slog.NewTextHandler(&audit, debug))},
		API:    api.Options{Logger: slog.New(slog.NewTextHandler(&log, debug))},
	})
	admin := w.Login("admin")
	secrets := []string{admin.Session, admin.AuthKey, admin.Cookie, strings.Fields(apitest.Password)[0]}
	setUp(t, w, admin)
	for _, ask := range []string{
		"auth/login?username=admin&password=canary-password", "auth/login?api_key=canary-key", "auth/login?key=x&nonce=canary-nonce&signature=canary-signature",
		"auth/add_user?user=dave&password=canary-password", "auth/update_user?user=dave&password=canary-password&old_password=canary-old", "auth/new_key?host=192.0.2.7&access=4",
		"auth/new_key?pubkey=canary&access=4", "auth/challenge?key=hek_0123456789", "auth/remove_key?key=hek_0123456789_canary", "auth/ping", "auth/logout?session=canary-session",
		"user/add?user=carol@example.com", "user/get?user=alice@example.com", "user/change_pw?user=alice@example.com", "user/change_pw?user=alice@example.com&password=canary-password",
		"user/add_remote?user=bob@example.org&registrar=sip.example.org&password=canary-password", "user/generate_password", "canary/canary",
	} {
		secrets = append(secrets, secretsIn(w.Ask(question(admin, ask)))...)
		node, query, _ := strings.Cut(ask, "?")
		secrets = append(secrets, secretsIn(w.Ask(apitest.Question{Node: node, Form: query + "&_=canary"}))...)
	}
	for _, n := range hermes.Nodes() {
		for _, h := range []http.Handler{w.Handler, w.Broken, w.Down} {
			for _, query := range []string{canaries(n), "canary-name=canary-value", "=canary", canaries(n) + "&" + canaries(n)} {
				w.Ask(apitest.Question{Caller: admin, Handler: h, Node: n.Path, Query: query, Header: map[string]string{
					"Authorization": "Basic canary", "Referer": "https://example.com/?canary", "User-Agent": "canary", "X-Forwarded-For": "canary",
				}})
			}
		}
	}
	if bytes.Count(log.Bytes(), []byte("msg=request")) < 12*len(hermes.Nodes()) {
		t.Fatalf("the log is not written: %s", log.String())
	}
	for _, secret := range append(secrets, "canary") {
		if line := lineWith(log.String()+audit.String(), secret); line != "" {
			t.Errorf("%q is in the log: %s", secret, line)
		}
	}
	if line := lineWith(log.String(), "kanari"); line != "" { // the audit names whom it is about
		t.Errorf("a value is in the log: %s", line)
	}
}

// canaries gives each parameter of a node a value that must not be logged: secrets a canary.
func canaries(n hermes.Node) string {
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

// secretsIn returns what nobody but the client may see of an answer.
func secretsIn(a apitest.Answer) (all []string) {
	user, _ := a.Members["user"].(map[string]any)
	for _, m := range []map[string]any{a.Members, user} {
		for name, value := range m {
			if text, ok := value.(string); ok && slices.Contains([]string{"session", "auth_key", "password", "nonce", "ha1", "ha1b"}, name) ||
				ok && name == "key" && strings.Count(text, "_") == 2 {
				all = append(all, value.(string))
			}
		}
	}
	if a.Members == nil {
		all = append(all, a.Body)
	}
	if c := a.Cookie(); c != "" {
		all = append(all, c)
	}
	return all
}

func lineWith(log, text string) string {
	for line := range strings.Lines(log) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

// TestLog reads a line.
func TestLog(t *testing.T) {
	var log bytes.Buffer
	w := world(t, &apitest.Options{API: api.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))}})
	reader := w.Login("reader")
	for _, row := range []struct {
		why, ask string
		want     map[string]any
	}{
		{"success, and the values that are allowed", "user/list?limit=10&search=alice", map[string]any{
			"node": "user/list", "method": "GET", "principal": "user:reader", "remote": "192.0.2.1", "response": "ok", "cause": "", "status": 200.0,
			"params": []any{"auth_key", "limit", "search", "session"}, "limit": 10.0, "level": "INFO"}},
		{"a refusal; a name that the node does not know is not told", "user/avail?user=a@example.com&hunter2=1", map[string]any{
			"node": "user/avail", "response": "invalid", "cause": "parameters", "params": []any{"auth_key", "session", "user"}}},
		{"a value is told as it was understood", "user/list?limit=hunter2", map[string]any{"cause": "parameters", "limit": nil}},
		{"no such node: the path is not told", "hunter2/hunter2", map[string]any{"node": "", "cause": "node", "status": 404.0}},
	} {
		log.Reset()
		a := w.Ask(question(reader, row.ask))
		var line map[string]any
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v: %s", row.why, err, log.String())
		}
		for name, want := range row.want {
			if !reflect.DeepEqual(line[name], want) {
				t.Errorf("%s: %s is %v, want %v", row.why, name, line[name], want)
			}
		}
		if line["id"] != a.Header.Get("X-Request-Id") || strings.Contains(log.String(), "hunter2") {
			t.Errorf("%s: %s", row.why, log.String())
		}
	}
}
