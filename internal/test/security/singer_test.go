package security_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// singer makes every node of a hermesd see secrets, and remembers them.
type singer struct {
	*daemon
	canaries canaries
	admin    caller
	run      int // the databases of one server have one log
	round    int
}

// everywhere makes each request come from another network, so that no login is throttled.
type everywhere struct{ requests atomic.Int64 }

// RoundTrip implements http.RoundTripper.
func (e *everywhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("2001:db8:0:%x::1", e.requests.Add(1)))
	return http.DefaultTransport.RoundTrip(r)
}

const adminPassword = "canary of the admin"

// startSinger starts a hermesd over an empty database, with its secret key in a file. An embedded database is in the folder.
func startSinger(t *testing.T, run int, folder string, env []string) *singer {
	t.Helper()
	secretKey := base64.StdEncoding.EncodeToString([]byte("canary of a secret key, 32 bytes"))
	keyFile := filepath.Join(folder, "key")
	if err := os.WriteFile(keyFile, []byte(secretKey), 0o600); err != nil {
		t.Fatal(err)
	}
	env = settings(append(env, "HERMES_LOG_LEVEL=debug", "HERMES_DATA="+folder, "HERMES_SECRET_KEY_FILE="+keyFile,
		"HERMES_TRUSTED_PROXIES=127.0.0.1/32", "HERMES_DOMAIN=example.com")...)
	runHermesd(t, env, "", "migrate", "--kamailio-tables")
	runHermesd(t, env, adminPassword, "bootstrap", "--user", "admin", "--password-stdin")
	s := &singer{run: run, daemon: startDaemon(t, env), canaries: canaries{}}
	s.http.Transport = &everywhere{}
	s.canaries.add("secret key", secretKey)
	s.canaries.add("password", adminPassword)
	return s
}

// secret makes up one of a kind, which no other round has.
func (s *singer) secret(kind string) string {
	text := fmt.Sprintf("canary-%d-%d-%s", s.run, s.round, strings.ReplaceAll(kind, " ", "-"))
	s.canaries.add(kind, text)
	return text
}

// sing goes through all nodes: while all is well, and while the database refuses to write, to read and to know the sessions.
func (s *singer) sing(t *testing.T, db *pgtest.DB) {
	s.admin = s.enter("username=admin&password=" + url.QueryEscape(adminPassword))
	s.setUp()
	s.all(t)
	if db == nil {
		return
	}
	for _, fault := range faults {
		db.Exec(t, fault.begin)
		s.all(t)
		db.Exec(t, fault.end)
	}
	s.wants("ok", s.admin, "domain/list", "")
}

// fault is a way in which statements fail, so that PostgreSQL logs their text.
type fault struct{ begin, end string }

const refuseWrites = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused by a test'; END $$;
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON public.subscriber FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON hermes.users FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON hermes.credentials FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON hermes.api_keys FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON hermes.sessions FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON hermes.nonces FOR EACH ROW EXECUTE FUNCTION refuse();`

var faults = []fault{
	{refuseWrites, "DROP FUNCTION refuse CASCADE"},
	{"ALTER TABLE hermes.users RENAME TO hidden", "ALTER TABLE hermes.hidden RENAME TO users"},
	{"ALTER TABLE public.subscriber RENAME ha1 TO hidden", "ALTER TABLE public.subscriber RENAME hidden TO ha1"},
	{"ALTER TABLE hermes.credentials RENAME TO hidden", "ALTER TABLE hermes.hidden RENAME TO credentials"},
	{"ALTER TABLE hermes.nonces RENAME TO hidden", "ALTER TABLE hermes.hidden RENAME TO nonces"},
	{"ALTER TABLE hermes.sessions RENAME TO hidden", "ALTER TABLE hermes.hidden RENAME TO sessions"},
}

// enter opens a session, and remembers its parts where it is opened.
func (s *singer) enter(form string) caller {
	a := s.ask(caller{}, "auth/login", form)
	if a.is() != "ok" {
		return caller{}
	}
	c := callerOf(a)
	s.canaries.add("session", c.session)
	s.canaries.add("auth_key", c.authKey)
	s.canaries.add("cookie", c.cookie)
	return c
}

// setUp makes what the rows of the table need.
func (s *singer) setUp() {
	for _, f := range fixtures {
		s.remember(s.wants("ok", s.admin, f.node, f.form))
	}
	for _, r := range table {
		if !strings.Contains(r.form, "{") { // others are asked elsewhere
			s.remember(s.ask(s.admin, r.node, r.form))
		}
	}
	s.wants("ok", s.admin, "auth/add_user", "user="+name+"&password=correct+horse")
	a := s.wants("ok", s.admin, "auth/new_key", "host=::/0&access=full_read")
	s.remember(a)
	s.enter("api_key=" + a.text("key"))
	s.remember(s.wants("ok", caller{}, "auth/challenge", "key=hek_0123456789"))
}

// remember takes the secrets out of an answer.
func (s *singer) remember(a answer) {
	objects := []map[string]any{a.members}
	if user, ok := a.members["user"].(map[string]any); ok {
		objects = append(objects, user)
	}
	for _, o := range objects {
		for member, kind := range map[string]string{"password": "SIP password", "ha1": "ha1", "ha1b": "ha1", "auth_key": "auth_key", "nonce": "nonce"} {
			if text, ok := o[member].(string); ok {
				s.canaries.add(kind, text)
			}
		}
	}
	if key := a.text("key"); len(key) > len("hek_0123456789") {
		s.canaries.add("API key", key)
	}
}

// all is a round through every node.
func (s *singer) all(t *testing.T) {
	s.round++
	s.users()
	s.accounts()
	s.keys()
	s.pairs(t)
	s.sessions()
	s.refused()
}

// users are the API's.
func (s *singer) users() {
	first, second := s.secret("password"), s.secret("password")+"-2"
	user := fmt.Sprint("user=singer", s.round)
	s.ask(s.admin, "auth/add_user", user+"&password="+first)
	s.ask(s.admin, "auth/add_user", user+"&password="+first)
	s.remember(s.ask(s.admin, "auth/add_user", user+"-generated"))
	c := s.enter(strings.Replace(user, "user=", "username=", 1) + "&password=" + first)
	s.ask(c, "auth/update_user", user+"&password="+second+"&old_password=wrong"+first)
	s.ask(c, "auth/update_user", user+"&password="+second+"&old_password="+first)
	s.ask(c, "auth/update_user", user+"&password=short&old_password="+second)
	s.ask(s.admin, "auth/update_user", user+"&password="+first)
	s.ask(caller{}, "auth/login", "username=admin&password="+second)
	typed := s.secret(misplaced)
	s.ask(caller{}, "auth/login", "username="+typed+"&password="+typed)
	s.ask(s.admin, "auth/authorize", user+"&access=full_read")
	s.ask(s.admin, "auth/remove_user", user)
}

// accounts are SIP users.
func (s *singer) accounts() {
	given := s.secret("SIP password")
	local, remote := fmt.Sprintf("user=local%d@example.com", s.round), fmt.Sprintf("user=remote%d@example.org", s.round)
	s.remember(s.ask(s.admin, "user/add", local))
	s.remember(s.ask(s.admin, "user/add_remote", remote+"&registrar=sip.example.org&password="+given))
	s.ask(s.admin, "user/add_remote", remote+"&registrar=sip.example.org&password="+given)
	for _, user := range []string{local, remote, "user=alice@example.com", "user=nobody@example.com"} {
		s.remember(s.ask(s.admin, "user/change_pw", user))
		s.remember(s.ask(s.admin, "user/change_pw", user+"&password="+given))
		s.remember(s.ask(s.admin, "user/get", user))
		s.ask(s.admin, "user/change_pw", user+"&password="+given+strings.Repeat("x", 64))
		s.ask(s.admin, "user/update", user+"&displayname=Singer")
		s.ask(s.admin, "user/permissions", user+"&permissions=local")
		s.ask(s.admin, "user/change_email", user+"&email=singer@example.com")
	}
	if a := s.ask(s.admin, "user/generate_password", ""); a.members == nil {
		s.canaries.add("SIP password", a.body)
	}
	s.ask(s.admin, "user/remove", local)
	s.ask(s.admin, "user/remove", remote)
}

func (s *singer) keys() {
	a := s.ask(s.admin, "auth/new_key", "host=::/0&access=full_read")
	s.remember(a)
	key := a.text("key")
	if key == "" {
		key = checksummed(fmt.Sprintf("hek_%010d_%043d", s.round, s.round))
		s.canaries.add("API key", key)
	}
	wrong := wrongSecret(key)
	s.canaries.add("API key", wrong)
	s.enter("api_key=" + key)
	s.ask(caller{}, "auth/login", "api_key="+wrong)
	s.ask(caller{}, "auth/login", "username=admin&password="+key)
	s.ask(caller{}, "auth/login", "api_key="+key+"&username="+key)
	s.ask(s.admin, "auth/remove_key", "key=x"+key)
	s.ask(s.admin, "auth/new_key", "access=full_read&host="+key)
	s.ask(s.admin, "auth/remove_key", "key="+wrong)
	s.ask(s.admin, "auth/remove_key", "key="+key)
	s.ask(s.admin, "auth/remove_key", "key="+key)
}

// pairs log in by key pair.
func (s *singer) pairs(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id := s.ask(s.admin, "auth/new_key", "access=full_read&pubkey="+url.QueryEscape(base64.StdEncoding.EncodeToString(public))).text("key")
	a := s.ask(caller{}, "auth/challenge", "key="+id)
	s.remember(a)
	message := hermes.LoginMessage(a.text("origin"), id, hermes.NewSecret(a.text("nonce")))
	signature := base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, message))
	s.canaries.add("signature", signature)
	login := "&nonce=" + a.text("nonce") + "&signature=" + signature
	s.ask(caller{}, "auth/login", "key=hek_0123456789"+login)
	s.enter("key=" + id + login)
	s.enter("key=" + id + login)
	s.ask(s.admin, "user/get", "user=alice@example.com"+login)
}

// sessions shows their parts where they belong, and where they do not.
func (s *singer) sessions() {
	c := s.enter("username=" + name + "&password=correct+horse")
	own := c.session != ""
	if !own {
		c = s.admin
	}
	a := s.ask(c, "auth/ping", "")
	s.remember(a)
	if a.is() == "pong" && !own {
		s.admin.authKey = a.text("auth_key")
	}
	s.ask(caller{c.cookie, c.session, c.authKey}, "domain/list", "")
	s.ask(caller{c.authKey, c.cookie, c.session}, "auth/ping", "")
	s.ask(caller{cookie: c.cookie}, "auth/logout", "session="+c.authKey)
	s.ask(caller{cookie: c.authKey}, "auth/logout", "session="+c.session)
	if own {
		s.ask(caller{cookie: c.cookie}, "auth/logout", "session="+c.session)
		s.ask(c, "domain/list", "")
	}
}

// refused asks every node with secrets in parameters that it does not have, with too low a level, and without a session.
func (s *singer) refused() {
	reader := s.enter("username=" + name + "&password=correct+horse")
	for _, n := range hermes.Nodes() {
		misplaced := url.Values{"password_": {s.secret("password")}, s.secret("session"): {s.secret("auth_key")}}.Encode()
		for _, c := range []caller{s.admin, reader, {}, {"x", s.admin.authKey, s.admin.session}} {
			s.ask(c, n.Path, misplaced)
			s.ask(c, n.Path, "password="+s.secret("password")+"&old_password="+s.secret("password")+"&user=alice@example.com&password=again")
		}
	}
}
