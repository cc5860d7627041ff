package siptest_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/doctor"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

// Users and aliases of the same names in two domains are independent.
func TestDomain_SameNames(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{dropContacts: true})
		com, net := e.mustUserAdd(t, "alice@example.com"), e.mustUserAdd(t, "alice@example.net")
		e.check(t,
			expectRegister(com, accepted, "one domain's user"),
			expectRegister(net, accepted, "the other domain's user"),
			expectRegister(withPassword(com, net.Password), unauthorized, "the other user's password"),
			expectRegister(withPassword(net, com.Password), unauthorized, "the other user's password, reversed"),
			expectRegister(withLogin(withPassword(com, net.Password), net.Addr()), unauthorized,
				"the other user's login and password"),
		)
		comPhone, netPhone := e.kamailio.Phone(t, com), e.kamailio.Phone(t, net)
		e.mustAliasAdd(t, "sales@example.com", "alice@example.com")
		e.mustAliasAdd(t, "sales@example.net", "alice@example.net")
		e.check(t,
			expectInvite(net, "sales@example.com", answeredBy(comPhone), "one domain's alias"),
			expectInvite(com, "sales@example.net", answeredBy(netPhone), "the other domain's alias"),
			expectInvite(com, net.Addr(), answeredBy(netPhone), "one domain's user"),
			expectInvite(net, com.Addr(), answeredBy(comPhone), "the other domain's user"),
		)
		changed := e.mustUserChangePw(t, com, "")
		e.check(t,
			expectRegister(changed, accepted, "the new password"),
			expectRegister(net, accepted, "the other user's password stays"),
		)
		e.mustAliasRemove(t, "sales@example.com")
		e.mustUserRemove(t, "alice@example.com")
		e.check(t,
			expectRegister(changed, unauthorized, "the user is removed"),
			expectInvite(net, com.Addr(), notFound, "the contact is removed"),
			expectInvite(outsider, "sales@example.com", notFound, "the alias is removed"),
			expectRegister(net, accepted, "the other user stays"),
			expectInvite(net, net.Addr(), answeredBy(netPhone), "the other user's phone stays"),
			expectInvite(net, "sales@example.net", answeredBy(netPhone), "the other alias stays"),
		)
	})
}

// Kamailio refuses the users of a domain whose row it has not loaded. doctor names the domain until
// domain.reload.
func TestDomain_NotLoaded(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{})
		e.checkLoadedDomains(t, doctor.OK, "the running Kamailio has loaded the domains of its table")
		e.db.Exec(t, "INSERT INTO domain (domain, last_modified) VALUES ('new.example', '2026-01-02 03:04:05')")
		e.mustDomainSetServers(t, "new.example")
		alice := e.mustUserAdd(t, "alice@new.example")
		e.check(t, expectRegister(alice, forbidden, "Kamailio has not loaded the domain"))
		e.checkLoadedDomains(t, doctor.Warn, "domains that the running Kamailio and its table do not both have: "+
			"1 (new.example is not loaded: Kamailio refuses its users)")
		if err := e.rpc(t).ReloadDomains(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.check(t, expectRegister(alice, accepted, "Kamailio has loaded the domain"))
		e.checkLoadedDomains(t, doctor.OK, "the running Kamailio has loaded the domains of its table")
	})
}

// checkLoadedDomains checks what doctor finds about the domains that Kamailio has loaded.
func (e *env) checkLoadedDomains(t *testing.T, level doctor.Level, detail string) {
	t.Helper()
	db, err := e.openDoctor()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found := doctor.Finding{}
	opts := doctor.Options{Database: db, LoadedDomains: e.rpc(t).Domains}
	doctor.Examine(t.Context(), opts, func(f doctor.Finding) {
		if f.Check == "loaded-domains" {
			found = f
		}
	})
	if found.Level != level || found.Detail != detail {
		t.Errorf("doctor finds %s %q, wanted %s %q", found.Level, found.Detail, level, detail)
	}
}

func (e *env) openDoctor() (*doctor.Database, error) {
	if f, ok := e.db.(*file); ok {
		return doctor.SQLite(f.path)
	}
	return doctor.PostgreSQL(e.db.URL(), "public")
}

// kamctl writes a domain as the operator typed it. Hermes returns the domain in lower case, and
// Kamailio accepts it in any case.
func TestDomain_UpperCase(t *testing.T) {
	kim := toolUser{user: "kim", domain: "Example.ORG", statement: toolUsers()[0].statement, hashes: true}
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{domains: []string{"Example.ORG"}, rows: siteColumns + kim.insert()})
		before := e.snapshot(t)
		domains, err := e.client.DomainList(t.Context(), hermes.DomainListRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if got := domains.List; len(got) != 1 || got[0].String() != "example.org" {
			t.Errorf("domain/list: %q, wanted example.org", got)
		}
		added := e.mustUserAdd(t, "lea@Example.ORG")
		other := kamailiotest.Account{User: "kim", Domain: added.Domain, Password: toolPassword}
		phone := e.kamailio.Phone(t, added)
		e.mustNumberAssign(t, hermes.NumberAssignRequest{User: addrOf(added), Number: e164.MustParse("+4773500001")})
		capitals := added
		capitals.Domain = "EXAMPLE.org"
		e.check(t,
			expectRegister(added, accepted, "the user that Hermes added"),
			expectRegister(other, unauthorized,
				"Kamailio does not find the user whose domain has capitals"),
			expectInvite(added, "+4773500001@example.org", answeredBy(phone), "a number"),
			expectInvite(capitals, "+4773500001@Example.Org", answeredBy(phone), "a number, in any case"),
		)
		e.mustNumberRelease(t, "+4773500001@example.org")
		e.mustUserRemove(t, "lea@example.org")
		if d := before.changes(e.snapshot(t)); d != nil {
			t.Errorf("after the removal the changes are %q, wanted none: the row with capitals is another tool's", d)
		}
	})
}
