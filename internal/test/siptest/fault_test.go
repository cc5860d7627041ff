package siptest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

// TestFaultsAreSeen seeds what would make the other tests red, each in a world of its own, and wants
// exactly the promise broken that it concerns.
func TestFaultsAreSeen(t *testing.T) {
	for _, row := range []struct {
		name string
		harm func(*testing.T, *life)
		want []string
	}{
		{"nothing", func(*testing.T, *life) {}, nil},
		{"wrong ha1", func(t *testing.T, l *life) {
			l.db.Exec(t, "UPDATE subscriber SET ha1 = '"+md5hex("alice:example.com:another")+"' WHERE username = 'alice'")
		}, []string{"the password"}},
		{"ha1 of another realm", func(t *testing.T, l *life) {
			l.db.Exec(t, "UPDATE subscriber SET ha1 = '"+md5hex("alice:example.net:"+l.alice.Password)+"' WHERE username = 'alice'")
		}, []string{"the password"}},
		{"wrong ha1b", func(t *testing.T, l *life) {
			l.db.Exec(t, "UPDATE subscriber SET ha1b = ha1 WHERE username = 'alice'")
		}, []string{"the password by ha1b"}},
		{"old password kept", func(t *testing.T, l *life) {
			l.db.Exec(t, "UPDATE subscriber SET ha1 = '"+md5hex("alice:example.com:"+l.old.Password)+"' WHERE username = 'alice'")
		}, []string{"the password", "the old password"}},
		{"subscriber kept", func(t *testing.T, l *life) {
			l.db.Exec(t, "INSERT INTO subscriber (username, domain, ha1) VALUES ('gone', 'example.com', '"+md5hex("gone:example.com:"+l.gone.Password)+"')")
		}, []string{"the removed user"}},
		{"alias missing", func(t *testing.T, l *life) {
			l.db.Exec(t, "DELETE FROM dbaliases WHERE alias_username = '+4773500001'")
		}, []string{"the number"}},
		{"alias kept", func(t *testing.T, l *life) {
			l.db.Exec(t, "INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ('+4773500002', 'example.com', 'bob', 'example.com')")
		}, []string{"the released number"}},
		{"alias over a user", func(t *testing.T, l *life) {
			l.db.Exec(t, "INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ('bob', 'example.com', 'alice', 'example.com')")
		}, []string{"the address"}},
		{"domain missing", func(t *testing.T, l *life) {
			l.db.Exec(t, "DELETE FROM domain WHERE domain = 'example.com'")
			l.sip.ReloadDomains(t)
		}, []string{"the password", "the password by ha1b", "the old password", "the removed user", "the number", "the released number",
			"the address", "the removed contact"}},
		{"permission kept", func(t *testing.T, l *life) {
			l.db.Exec(t, "INSERT INTO grp (username, domain, grp) VALUES ('bob', 'example.com', 'international')")
		}, []string{"no permission"}},
		{"contact kept", func(t *testing.T, l *life) {
			l.db.Exec(t, "INSERT INTO subscriber (username, domain, ha1) VALUES ('fred', 'example.com', '"+md5hex("fred:example.com:x")+"')")
			l.sip.Phone(t, kamailiotest.Account{User: "fred", Domain: "example.com", Password: "x"})
			l.db.Exec(t, "DELETE FROM subscriber WHERE username = 'fred'")
		}, []string{"the removed contact"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, e engine) {
				l := newLife(t, e)
				row.harm(t, l)
				if got := l.broken(t, l.promises...); !slices.Equal(got, row.want) {
					t.Errorf("broken are %q, wanted %q", got, row.want)
				}
			})
		})
	}
}

// life is a world in which users and numbers have come and gone, with what phones are to experience of it.
type life struct {
	*world
	alice, old, gone kamailiotest.Account
	promises         []promise
}

func newLife(t *testing.T, e engine) *life {
	w := newWorld(t, e, setup{drops: true})
	old := w.add(t, "alice@example.com")
	l := &life{w, w.changePw(t, old, ""), old, w.add(t, "gone@example.com"), nil}
	w.remove(t, "gone@example.com")
	bob := w.add(t, "bob@example.com")
	phone := w.sip.Phone(t, bob)
	w.assign(t, hermes.NumberAssignRequest{User: addr(bob), Number: e164.MustParse("+4773500002")})
	w.release(t, "+4773500002@example.com")
	w.assign(t, hermes.NumberAssignRequest{User: addr(bob), Number: e164.MustParse("+4773500001")})
	w.sip.Phone(t, w.add(t, "fred@example.com"))
	w.remove(t, "fred@example.com")
	l.promises = []promise{
		registers(l.alice, accepted, "the password"),
		registers(login(l.alice, l.alice.Addr()), accepted, "the password by ha1b"),
		registers(old, refused, "the old password"),
		registers(l.gone, refused, "the removed user"),
		calls(stranger, "+4773500001@example.com", by(phone), "the number"),
		calls(stranger, "+4773500002@example.com", nobody, "the released number"),
		calls(stranger, "bob@example.com", by(phone), "the address"),
		calls(bob, "9+4722334455@example.com", denied, "no permission"),
		calls(stranger, "fred@example.com", nobody, "the removed contact"),
	}
	return l
}

// TestFaultsEndTests: a harness that cannot ask is not a refusal.
func TestFaultsEndTests(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{})
		alice := w.add(t, "alice@example.com")
		w.sip.Stop()
		if _, err := w.sip.TryRegister(alice); err == nil || !strings.Contains(err.Error(), "not running") {
			t.Errorf("without Kamailio: %v, wanted a fault", err)
		}
	})
}
