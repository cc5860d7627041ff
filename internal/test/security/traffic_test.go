package security_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// traffic sends secrets to every node of a hermesd and records them as canaries.
type traffic struct {
	*hermesdtest.Process
	canaries canaries
	admin    hermesdtest.Session
	run      int // makes the secrets differ between databases, which share PostgreSQL's log
	round    int // makes them differ between rounds
}

// manyAddresses sends each request from another network, so that hermesd does not delay logins.
type manyAddresses struct{ requests atomic.Int64 }

func (m *manyAddresses) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("2001:db8:0:%x::1", m.requests.Add(1)))
	return http.DefaultTransport.RoundTrip(r)
}

const adminPassword = "canary of the admin"

// startTraffic starts hermesd over an empty database. The folder gets the file with the secret key
// and the embedded database.
func startTraffic(t *testing.T, run int, folder string, env []string) *traffic {
	t.Helper()
	secretKey := base64.StdEncoding.EncodeToString([]byte("canary of a secret key, 32 bytes"))
	keyFile := filepath.Join(folder, "key")
	if err := os.WriteFile(keyFile, []byte(secretKey), 0o600); err != nil {
		t.Fatal(err)
	}
	env = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HERMES_LOG_LEVEL=debug",
		"HERMES_DATA=" + folder,
		"HERMES_SECRET_KEY_FILE=" + keyFile,
		"HERMES_TRUSTED_PROXIES=127.0.0.1/32",
		"HERMES_DOMAIN=example.com",
		"HERMES_PROV_PLAIN=2001:db8::/32",
	}, env...)
	hermesdtest.MustRun(t, env, "", "migrate", "--kamailio-tables")
	hermesdtest.MustRun(t, env, adminPassword, "bootstrap", "--user", "admin", "--password-stdin")
	tr := &traffic{run: run, Process: hermesdtest.Start(t, env), canaries: canaries{}}
	tr.HTTP.Transport = &manyAddresses{}
	tr.canaries.add("secret key", secretKey)
	tr.canaries.add("password", adminPassword)
	return tr
}

// newSecret returns a secret of a kind that is new in this round.
func (tr *traffic) newSecret(kind string) string {
	text := fmt.Sprintf("canary-%d-%d-%s", tr.run, tr.round, strings.ReplaceAll(kind, " ", "-"))
	tr.canaries.add(kind, text)
	return text
}

// send sends a round of requests. With PostgreSQL it sends another one with each of the faults
// below.
func (tr *traffic) send(t *testing.T, db *pgtest.DB) {
	tr.admin = tr.login(t, "username=admin&password="+url.QueryEscape(adminPassword))
	tr.addRecords(t)
	tr.sendRound(t)
	if db == nil {
		return
	}
	for _, f := range databaseFaults {
		db.Exec(t, f.begin)
		tr.sendRound(t)
		db.Exec(t, f.end)
	}
	tr.MustCall(t, "ok", tr.admin, "domain/list", "")
}

// databaseFaults make statements fail, so that PostgreSQL logs their text: the database refuses to
// write, to read the users, and to read the tables that logins and sessions need.
var databaseFaults = []struct{ begin, end string }{
	{refuseWrites, "DROP FUNCTION refuse CASCADE"},
	{"ALTER TABLE hermes.users RENAME TO hidden", "ALTER TABLE hermes.hidden RENAME TO users"},
	{"ALTER TABLE public.subscriber RENAME ha1 TO hidden", "ALTER TABLE public.subscriber RENAME hidden TO ha1"},
	{"ALTER TABLE hermes.credentials RENAME TO hidden", "ALTER TABLE hermes.hidden RENAME TO credentials"},
	{"ALTER TABLE hermes.nonces RENAME TO hidden", "ALTER TABLE hermes.hidden RENAME TO nonces"},
	{"ALTER TABLE hermes.sessions RENAME TO hidden", "ALTER TABLE hermes.hidden RENAME TO sessions"},
}

const refuseWrites = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused by a test'; END $$;
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON public.subscriber FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON hermes.users FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON hermes.credentials FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON hermes.api_keys FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON hermes.sessions FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON hermes.nonces FOR EACH ROW EXECUTE FUNCTION refuse();`

// login opens a session and records its secrets. It returns the zero value if the login fails.
func (tr *traffic) login(t *testing.T, form string) hermesdtest.Session {
	t.Helper()
	a := tr.Call(t, hermesdtest.Session{}, "auth/login", form)
	if a.Class() != "ok" {
		return hermesdtest.Session{}
	}
	s := hermesdtest.SessionOf(a)
	tr.canaries.add("session", s.ID)
	tr.canaries.add("auth_key", s.AuthKey)
	tr.canaries.add("cookie", s.Cookie)
	return s
}

// addRecords adds the records that the requests need, and sends the requests of the access cases,
// so that each node succeeds once.
func (tr *traffic) addRecords(t *testing.T) {
	t.Helper()
	for _, f := range fixtures {
		tr.record(tr.MustCall(t, "ok", tr.admin, f.node, f.form))
	}
	for _, c := range accessCases {
		if !strings.Contains(c.form, "{") { // the nodes of the other cases succeed in a round
			tr.record(tr.Call(t, tr.admin, c.node, c.form))
		}
	}
	tr.MustCall(t, "ok", tr.admin, "auth/add_user", "user="+testUser+"&password="+passwordForm)
	a := tr.MustCall(t, "ok", tr.admin, "auth/new_key", "host=::/0&access=full_read")
	tr.record(a)
	tr.login(t, "api_key="+a.Text("key"))
	tr.record(tr.MustCall(t, "ok", hermesdtest.Session{}, "auth/challenge", "key=hek_0123456789"))
}

// record records the secrets of an answer.
func (tr *traffic) record(a hermesdtest.Answer) {
	objects := []map[string]any{a.Members}
	if user, ok := a.Members["user"].(map[string]any); ok {
		objects = append(objects, user)
	}
	kinds := map[string]string{"password": "SIP password", "ha1": "ha1", "ha1b": "ha1", "auth_key": "auth_key", "nonce": "nonce"}
	for _, o := range objects {
		for member, kind := range kinds {
			if text, ok := o[member].(string); ok {
				tr.canaries.add(kind, text)
			}
		}
	}
	if url := a.Text("url"); url != "" {
		tr.canaries.add("provisioning key", path.Base(url))
	}
	if key := a.Text("key"); len(key) > keyIDLength {
		tr.canaries.add("API key", key)
	}
}

// sendRound sends requests to every node. Most of their answers depend on the fault of the database
// and are not compared.
func (tr *traffic) sendRound(t *testing.T) {
	tr.round++
	tr.sendAPIUsers(t)
	tr.sendSIPUsers(t)
	tr.sendPhones(t)
	tr.sendAPIKeys(t)
	tr.sendKeyPairs(t)
	tr.sendSessions(t)
	tr.sendRefused(t)
}

func (tr *traffic) sendAPIUsers(t *testing.T) {
	first, second := tr.newSecret("password"), tr.newSecret("password")+"-2"
	name := fmt.Sprint("user", tr.round)
	user := "user=" + name
	tr.Call(t, tr.admin, "auth/add_user", user+"&password="+first)
	tr.Call(t, tr.admin, "auth/add_user", user+"&password="+first)
	tr.record(tr.Call(t, tr.admin, "auth/add_user", user+"-generated"))
	s := tr.login(t, "username="+name+"&password="+first)
	tr.Call(t, s, "auth/update_user", user+"&password="+second+"&old_password=wrong"+first)
	tr.Call(t, s, "auth/update_user", user+"&password="+second+"&old_password="+first)
	tr.Call(t, s, "auth/update_user", user+"&password=short&old_password="+second)
	tr.Call(t, tr.admin, "auth/update_user", user+"&password="+first)
	tr.Call(t, hermesdtest.Session{}, "auth/login", "username=admin&password="+second)
	typed := tr.newSecret(misplacedPassword)
	tr.Call(t, hermesdtest.Session{}, "auth/login", "username="+typed+"&password="+typed)
	tr.Call(t, tr.admin, "auth/authorize", user+"&access=full_read")
	tr.Call(t, tr.admin, "auth/remove_user", user)
}

// sendPhones lets a phone fetch its file by keys that open it, and by others.
func (tr *traffic) sendPhones(t *testing.T) {
	mac, user := fmt.Sprintf("805ec000%04x", tr.round), fmt.Sprintf("user=desk%d@example.com", tr.round)
	tr.record(tr.Call(t, tr.admin, "user/onboard", user+"&macs="+mac))
	addresses := []hermesdtest.Answer{
		tr.Call(t, tr.admin, "domain/prov_key", "domain=example.com&rotate=yes"),
		tr.Call(t, tr.admin, "domain/prov_key", "domain=example.com&rotate=yes&idempotency_key="+mac),
		tr.Call(t, tr.admin, "phone/show", "mac="+mac),
	}
	for range 2 { // when all keys are there, and when the phone's own one has been used
		for _, a := range addresses {
			tr.record(a)
			if key := path.Base(a.Text("url")); len(key) > 1 {
				tr.fetch(t, key+"/"+mac+".cfg")
				tr.fetch(t, key+"/"+mac+".boot")
				tr.fetch(t, key+"/805ec0ffffff.cfg")
				tr.fetch(t, key+"//"+mac+".cfg?"+key)
			}
		}
		tr.record(tr.Call(t, tr.admin, "phone/enrol", "mac="+mac))
		tr.record(tr.Call(t, tr.admin, "phone/show", "mac="+mac))
	}
	tr.Call(t, tr.admin, "phone/config", "mac="+mac)
	tr.Call(t, tr.admin, "user/offboard", user)
}

// fetch asks for a file of a phone, whatever the answer is.
func (tr *traffic) fetch(t *testing.T, file string) {
	t.Helper()
	res, err := tr.HTTP.Get(tr.URL + "/prov/" + file)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

func (tr *traffic) sendSIPUsers(t *testing.T) {
	given := tr.newSecret("SIP password")
	local, remote := fmt.Sprintf("user=local%d@example.com", tr.round), fmt.Sprintf("user=remote%d@example.org", tr.round)
	tr.record(tr.Call(t, tr.admin, "user/add", local))
	tr.record(tr.Call(t, tr.admin, "user/add_remote", remote+"&registrar=sip.example.org&password="+given))
	tr.Call(t, tr.admin, "user/add_remote", remote+"&registrar=sip.example.org&password="+given)
	joined, renamed := fmt.Sprintf("user=joined%d@example.com", tr.round), fmt.Sprintf("user=renamed%d@example.com", tr.round)
	tr.record(tr.Call(t, tr.admin, "user/onboard", joined+"&macs=0a0b0c0d0e0f"))
	tr.Call(t, tr.admin, "user/suspend", joined+"&reason=unpaid")
	tr.record(tr.Call(t, tr.admin, "user/change_pw", joined+"&password="+given))
	tr.record(tr.Call(t, tr.admin, "user/get", joined))
	tr.Call(t, tr.admin, "user/rename", joined+"&new_"+renamed)
	tr.Call(t, tr.admin, "user/resume", renamed)
	tr.record(tr.Call(t, tr.admin, "user/get", renamed))
	tr.Call(t, tr.admin, "user/show", renamed)
	tr.Call(t, tr.admin, "user/offboard", renamed)
	for _, user := range []string{local, remote, "user=alice@example.com", "user=unknown@example.com"} {
		tr.record(tr.Call(t, tr.admin, "user/change_pw", user))
		tr.record(tr.Call(t, tr.admin, "user/change_pw", user+"&password="+given))
		tr.record(tr.Call(t, tr.admin, "user/get", user))
		tr.Call(t, tr.admin, "user/change_pw", user+"&password="+given+strings.Repeat("x", 64))
		tr.Call(t, tr.admin, "user/update", user+"&displayname=Canary")
		tr.Call(t, tr.admin, "user/permissions", user+"&permissions=local")
		tr.Call(t, tr.admin, "user/change_email", user+"&email=canary@example.com")
	}
	if a := tr.Call(t, tr.admin, "user/generate_password", ""); a.Members == nil {
		tr.canaries.add("SIP password", a.Body)
	}
	tr.Call(t, tr.admin, "user/remove", local)
	tr.Call(t, tr.admin, "user/remove", remote)
}

func (tr *traffic) sendAPIKeys(t *testing.T) {
	a := tr.Call(t, tr.admin, "auth/new_key", "host=::/0&access=full_read")
	tr.record(a)
	key := a.Text("key")
	if key == "" {
		key = withChecksum(fmt.Sprintf("hek_%010d_%043d", tr.round, tr.round))
		tr.canaries.add("API key", key)
	}
	wrong := withWrongSecret(key)
	tr.canaries.add("API key", wrong)
	tr.login(t, "api_key="+key)
	tr.Call(t, hermesdtest.Session{}, "auth/login", "api_key="+wrong)
	tr.Call(t, hermesdtest.Session{}, "auth/login", "username=admin&password="+key)
	tr.Call(t, hermesdtest.Session{}, "auth/login", "api_key="+key+"&username="+key)
	tr.Call(t, tr.admin, "auth/remove_key", "key=x"+key)
	tr.Call(t, tr.admin, "auth/new_key", "access=full_read&host="+key)
	tr.Call(t, tr.admin, "auth/remove_key", "key="+wrong)
	tr.Call(t, tr.admin, "auth/remove_key", "key="+key)
	tr.Call(t, tr.admin, "auth/remove_key", "key="+key)
}

func (tr *traffic) sendKeyPairs(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id := tr.Call(t, tr.admin, "auth/new_key", "access=full_read&pubkey="+url.QueryEscape(base64.StdEncoding.EncodeToString(public))).Text("key")
	a := tr.Call(t, hermesdtest.Session{}, "auth/challenge", "key="+id)
	tr.record(a)
	message := hermes.LoginMessage(a.Text("origin"), id, hermes.NewSecret(a.Text("nonce")))
	signature := base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, message))
	tr.canaries.add("signature", signature)
	login := "&nonce=" + a.Text("nonce") + "&signature=" + signature
	tr.Call(t, hermesdtest.Session{}, "auth/login", "key=hek_0123456789"+login)
	tr.login(t, "key="+id+login)
	tr.login(t, "key="+id+login)
	tr.Call(t, tr.admin, "user/get", "user=alice@example.com"+login)
}

// sendSessions sends the secrets of a session in their own places and in each other's.
func (tr *traffic) sendSessions(t *testing.T) {
	s := tr.login(t, "username="+testUser+"&password="+passwordForm)
	loggedIn := s.ID != ""
	if !loggedIn {
		s = tr.admin
	}
	a := tr.Call(t, s, "auth/ping", "")
	tr.record(a)
	if a.Class() == "pong" && !loggedIn {
		tr.admin.AuthKey = a.Text("auth_key")
	}
	tr.Call(t, hermesdtest.Session{ID: s.Cookie, AuthKey: s.ID, Cookie: s.AuthKey}, "domain/list", "")
	tr.Call(t, hermesdtest.Session{ID: s.AuthKey, AuthKey: s.Cookie, Cookie: s.ID}, "auth/ping", "")
	tr.Call(t, hermesdtest.Session{Cookie: s.Cookie}, "auth/logout", "session="+s.AuthKey)
	tr.Call(t, hermesdtest.Session{Cookie: s.AuthKey}, "auth/logout", "session="+s.ID)
	if loggedIn {
		tr.Call(t, hermesdtest.Session{Cookie: s.Cookie}, "auth/logout", "session="+s.ID)
		tr.Call(t, s, "domain/list", "")
	}
}

// sendRefused sends secrets to every node in parameters that it does not have, in a parameter that
// is given twice, with too low a level and without a valid session.
func (tr *traffic) sendRefused(t *testing.T) {
	reader := tr.login(t, "username="+testUser+"&password="+passwordForm)
	invalid := hermesdtest.Session{ID: "x", AuthKey: tr.admin.AuthKey, Cookie: tr.admin.ID}
	for _, n := range hermes.Nodes() {
		unknown := url.Values{"password_": {tr.newSecret("password")}, tr.newSecret("session"): {tr.newSecret("auth_key")}}.Encode()
		for _, s := range []hermesdtest.Session{tr.admin, reader, {}, invalid} {
			tr.Call(t, s, n.Path, unknown)
			twice := "password=" + tr.newSecret("password") + "&old_password=" + tr.newSecret("password")
			tr.Call(t, s, n.Path, twice+"&user=alice@example.com&password=again")
		}
	}
}
