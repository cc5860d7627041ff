package siptest_test

import (
	"crypto/md5"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/kamrpc"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// setup says what a test's world is like. The zero value is hashes on both sides, and two domains.
type setup struct {
	domains   []string // nil: example.com and example.net
	rows      string   // statements of other tools, from before Hermes came
	plaintext bool     // Hermes' KamailioPlaintext
	clear     bool     // Kamailio's calculate_ha1=1 and password_column=password
	drops     bool     // UserRemoved tells Kamailio
	alone     bool     // there is no Kamailio
}

// world is a database, Hermes on one side of it and Kamailio on the other.
type world struct {
	db  database
	api *hermes.Client
	sip *kamailiotest.Kamailio // nil: alone
}

func newWorld(t *testing.T, e engine, s setup) *world {
	t.Helper()
	if s.domains == nil {
		s.domains = []string{"example.com", "example.net"}
	}
	db := e.make(t)
	for _, d := range s.domains {
		db.Exec(t, "INSERT INTO domain (domain, last_modified) VALUES ('"+d+"', '2026-01-02 03:04:05')")
	}
	if s.rows != "" {
		db.Exec(t, s.rows)
	}
	store := e.open(t, db)
	w := &world{db: db}
	if !s.alone {
		w.sip = kamailiotest.Start(t, kamailiotest.Options{Database: db.URL(), ClearPasswords: s.clear})
	}
	w.api = w.client(t, store, s)
	for _, d := range s.domains {
		w.serve(t, strings.ToLower(d))
	}
	must(w.api.NumberAddRange(t.Context(), hermes.NumberAddRangeRequest{
		Start: e164.MustParse("+4773500000"), End: e164.MustParse("+4773500999")}))(t)
	return w
}

func (w *world) client(t *testing.T, store hermes.Store, s setup) *hermes.Client {
	t.Helper()
	key := must(hermes.NewSecretKey(rand.Reader))(t)
	opts := hermes.Options{SecretKeys: []hermes.SecretKey{key}, KamailioPlaintext: s.plaintext}
	if s.drops {
		rpc, err := kamrpc.New(w.sip.RPCURL())
		if err != nil {
			t.Fatal(err)
		}
		opts.UserRemoved = func(a sip.Addr) {
			if err := rpc.DropContacts(t.Context(), a.String()); err != nil {
				t.Logf("drop the contacts of %s: %v", a, err)
			}
		}
	}
	client, err := hermes.New(store, &opts)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// serve gives a domain its servers.
func (w *world) serve(t *testing.T, domain string) {
	t.Helper()
	d := sip.MustParseDomain(domain)
	must(w.api.DomainSetServers(t.Context(), hermes.DomainSetServersRequest{
		Domain: d, Registrar: d, RPort: 5060, Proxy: d, PPort: 5060, ProvURL: "https://" + domain + "/"}))(t)
}

// add adds a local user and returns it with the password that the answer has.
func (w *world) add(t *testing.T, address string) kamailiotest.Account {
	t.Helper()
	return account(must(w.api.UserAdd(t.Context(), hermes.UserAddRequest{User: sip.MustParse(address)}))(t).User)
}

func (w *world) remove(t *testing.T, address string) {
	t.Helper()
	must(w.api.UserRemove(t.Context(), hermes.UserRemoveRequest{User: sip.MustParse(address)}))(t)
}

// changePw returns the account with the new password; "" has one generated.
func (w *world) changePw(t *testing.T, a kamailiotest.Account, password string) kamailiotest.Account {
	t.Helper()
	res := must(w.api.UserChangePw(t.Context(), hermes.UserChangePwRequest{User: sip.MustParse(a.Addr()), Password: hermes.NewSecret(password)}))(t)
	a.Password = password
	if password == "" {
		a.Password = res.Password.Value.Reveal()
	}
	return a
}

func (w *world) alias(t *testing.T, alias, destination string) {
	t.Helper()
	must(w.api.AliasAdd(t.Context(), hermes.AliasAddRequest{Alias: sip.MustParse(alias), Destination: sip.MustParse(destination)}))(t)
}

// get returns a user as the API shows it.
func (w *world) get(t *testing.T, a sip.Addr) hermes.UserObject {
	t.Helper()
	return must(w.api.UserGet(t.Context(), hermes.UserGetRequest{User: a}))(t).User
}

// users returns user/list.
func (w *world) users(t *testing.T) (all []hermes.UserEntry) {
	t.Helper()
	for u, err := range must(w.api.UserList(t.Context(), hermes.UserListRequest{}))(t).List.All() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

// account is who a phone says that it is, from what the API shows.
func account(u hermes.UserObject) kamailiotest.Account {
	return kamailiotest.Account{User: u.Username, Domain: u.Domain.String(), Password: u.Password.Value.Reveal()}
}

// must takes the answer of a method, which has to be no error.
func must[T any](res T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return res
	}
}

// only leaves the error of a method's answer.
func only[T any](_ T, err error) error { return err }

func with(a kamailiotest.Account, change func(*kamailiotest.Account)) kamailiotest.Account {
	change(&a)
	return a
}

func withPassword(a kamailiotest.Account, password string) kamailiotest.Account {
	a.Password = password
	return a
}

func md5hex(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
