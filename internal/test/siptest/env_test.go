package siptest_test

import (
	"context"
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

// setup configures an env. The zero value has two domains, and both sides use the hashes.
type setup struct {
	domains        []string // defaults to example.com and example.net
	rows           string   // statements of other tools, run before Hermes opens the database
	plaintext      bool     // Hermes' KamailioPlaintext
	clearPasswords bool     // Kamailio's calculate_ha1=1 and password_column=password
	dropContacts   bool     // DropContacts tells Kamailio, and Contacts asks it
	noKamailio     bool
}

// env is a database with a Client and a Kamailio that use it.
type env struct {
	db       database
	client   *hermes.Client
	kamailio *kamailiotest.Kamailio // nil if noKamailio
}

func newEnv(t *testing.T, eng engine, s setup) *env {
	t.Helper()
	if s.domains == nil {
		s.domains = []string{"example.com", "example.net"}
	}
	db := eng.create(t)
	for _, d := range s.domains {
		db.Exec(t, "INSERT INTO domain (domain, last_modified) VALUES ('"+d+"', '2026-01-02 03:04:05')")
	}
	if s.rows != "" {
		db.Exec(t, s.rows)
	}
	store := eng.open(t, db)
	e := &env{db: db}
	if !s.noKamailio {
		e.kamailio = kamailiotest.Start(t, kamailiotest.Options{Database: db.URL(), ClearPasswords: s.clearPasswords})
	}
	e.client = e.newClient(t, store, s)
	for _, d := range s.domains {
		e.mustDomainSetServers(t, strings.ToLower(d))
	}
	_, err := e.client.NumberAddRange(t.Context(), hermes.NumberAddRangeRequest{
		Start: e164.MustParse("+4773500000"), End: e164.MustParse("+4773500999"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *env) newClient(t *testing.T, store hermes.Store, s setup) *hermes.Client {
	t.Helper()
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	opts := hermes.Options{SecretKeys: []hermes.SecretKey{key}, KamailioPlaintext: s.plaintext}
	if s.dropContacts {
		rpc := e.rpc(t)
		opts.DropContacts = func(a sip.Addr) {
			if err := rpc.DropContacts(t.Context(), a.String()); err != nil {
				t.Logf("drop the contacts of %s: %v", a, err)
			}
		}
		opts.Contacts = func(ctx context.Context, a sip.Addr) (contacts []hermes.Contact, err error) {
			found, err := rpc.Contacts(ctx, a.String())
			for _, c := range found {
				contacts = append(contacts, hermes.Contact(c))
			}
			return contacts, err
		}
		opts.ResyncContact = func(ctx context.Context, a sip.Addr, c hermes.Contact) error {
			return rpc.Resync(ctx, a.String(), kamrpc.Contact(c))
		}
	}
	client, err := hermes.New(store, &opts)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// rpc returns a client of Kamailio as hermesd has it.
func (e *env) rpc(t *testing.T) *kamrpc.Client {
	t.Helper()
	rpc, err := kamrpc.New(e.kamailio.RPCURL())
	if err != nil {
		t.Fatal(err)
	}
	return rpc
}

func (e *env) mustDomainSetServers(t *testing.T, domain string) {
	t.Helper()
	d := sip.MustParseDomain(domain)
	_, err := e.client.DomainSetServers(t.Context(), hermes.DomainSetServersRequest{
		Domain: d, Registrar: d, RPort: 5060, Proxy: d, PPort: 5060, ProvURL: "https://" + domain + "/",
	})
	if err != nil {
		t.Fatal(err)
	}
}

// mustUserAdd adds a local user and returns its account with the password of the response.
func (e *env) mustUserAdd(t *testing.T, address string) kamailiotest.Account {
	t.Helper()
	res, err := e.client.UserAdd(t.Context(), hermes.UserAddRequest{User: sip.MustParse(address)})
	if err != nil {
		t.Fatal(err)
	}
	return accountOf(res.User)
}

func (e *env) mustUserRemove(t *testing.T, address string) {
	t.Helper()
	if _, err := e.client.UserRemove(t.Context(), hermes.UserRemoveRequest{User: sip.MustParse(address)}); err != nil {
		t.Fatal(err)
	}
}

// mustUserChangePw returns the account with the new password. An empty password has user/change_pw
// generate one.
func (e *env) mustUserChangePw(t *testing.T, a kamailiotest.Account, password string) kamailiotest.Account {
	t.Helper()
	req := hermes.UserChangePwRequest{User: addrOf(a), Password: hermes.NewSecret(password)}
	res, err := e.client.UserChangePw(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	a.Password = password
	if password == "" {
		a.Password = res.Password.Value.Reveal()
	}
	return a
}

func (e *env) mustUserUpdate(t *testing.T, req hermes.UserUpdateRequest) {
	t.Helper()
	if _, err := e.client.UserUpdate(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

func (e *env) mustUserPermissions(t *testing.T, a kamailiotest.Account, permissions ...string) {
	t.Helper()
	req := hermes.UserPermissionsRequest{User: addrOf(a), Permissions: hermes.Some(permissions)}
	if _, err := e.client.UserPermissions(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

func (e *env) mustUserGet(t *testing.T, a sip.Addr) hermes.UserObject {
	t.Helper()
	res, err := e.client.UserGet(t.Context(), hermes.UserGetRequest{User: a})
	if err != nil {
		t.Fatal(err)
	}
	return res.User
}

func (e *env) mustAliasAdd(t *testing.T, alias, destination string) {
	t.Helper()
	req := hermes.AliasAddRequest{Alias: sip.MustParse(alias), Destination: sip.MustParse(destination)}
	if _, err := e.client.AliasAdd(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

func (e *env) mustAliasRemove(t *testing.T, alias string) {
	t.Helper()
	if _, err := e.client.AliasRemove(t.Context(), hermes.AliasRemoveRequest{Alias: sip.MustParse(alias)}); err != nil {
		t.Fatal(err)
	}
}

func (e *env) mustNumberAssign(t *testing.T, req hermes.NumberAssignRequest) hermes.NumberAssignResponse {
	t.Helper()
	res, err := e.client.NumberAssign(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func (e *env) mustNumberRelease(t *testing.T, alias string) {
	t.Helper()
	_, err := e.client.NumberRelease(t.Context(), hermes.NumberReleaseRequest{Alias: sip.MustParse(alias)})
	if err != nil {
		t.Fatal(err)
	}
}

// accountOf returns the account with which a user's phone registers.
func accountOf(u hermes.UserObject) kamailiotest.Account {
	return kamailiotest.Account{User: u.Username, Domain: u.Domain.String(), Password: u.Password.Value.Reveal()}
}

func addrOf(a kamailiotest.Account) sip.Addr { return sip.MustParse(a.Addr()) }

func withPassword(a kamailiotest.Account, password string) kamailiotest.Account {
	a.Password = password
	return a
}

func withLogin(a kamailiotest.Account, login string) kamailiotest.Account {
	a.Login = login
	return a
}

// outsider belongs to a domain that Kamailio does not serve.
var outsider = kamailiotest.Account{User: "eve", Domain: "elsewhere.example"}

func md5hex(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
