package siptest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

// TestFault_IsDetected introduces faults that the other tests must detect, each in an environment
// of its own, and wants exactly the expectations about it to fail.
func TestFault_IsDetected(t *testing.T) {
	for _, row := range []struct {
		name      string
		introduce func(*testing.T, *scenario)
		want      []string
	}{
		{"none", func(*testing.T, *scenario) {}, nil},
		{"wrong ha1", func(t *testing.T, s *scenario) {
			s.setHA1(t, "alice:example.com:another")
		}, []string{"the password"}},
		{"ha1 of another realm", func(t *testing.T, s *scenario) {
			s.setHA1(t, "alice:example.net:"+s.alice.Password)
		}, []string{"the password"}},
		{"wrong ha1b", func(t *testing.T, s *scenario) {
			s.db.Exec(t, "UPDATE subscriber SET ha1b = ha1 WHERE username = 'alice'")
		}, []string{"the password by ha1b"}},
		{"old password kept", func(t *testing.T, s *scenario) {
			s.setHA1(t, "alice:example.com:"+s.old.Password)
		}, []string{"the password", "the old password"}},
		{"subscriber kept", func(t *testing.T, s *scenario) {
			s.db.Exec(t, "INSERT INTO subscriber (username, domain, ha1) VALUES ('removed', 'example.com', '"+
				md5hex("removed:example.com:"+s.removed.Password)+"')")
		}, []string{"the removed user"}},
		{"alias missing", func(t *testing.T, s *scenario) {
			s.db.Exec(t, "DELETE FROM dbaliases WHERE alias_username = '+4773500001'")
		}, []string{"the number"}},
		{"alias kept", func(t *testing.T, s *scenario) {
			s.db.Exec(t, `INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
				VALUES ('+4773500002', 'example.com', 'bob', 'example.com')`)
		}, []string{"the released number"}},
		{"alias with a user's address", func(t *testing.T, s *scenario) {
			s.db.Exec(t, `INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
				VALUES ('bob', 'example.com', 'alice', 'example.com')`)
		}, []string{"the address"}},
		{"domain missing", func(t *testing.T, s *scenario) {
			s.db.Exec(t, "DELETE FROM domain WHERE domain = 'example.com'")
			s.kamailio.ReloadDomains(t)
		}, []string{
			"the password", "the password by ha1b", "the old password", "the removed user", "the number",
			"the released number", "the address", "the removed contact",
		}},
		{"permission kept", func(t *testing.T, s *scenario) {
			s.db.Exec(t, "INSERT INTO grp (username, domain, grp) VALUES ('bob', 'example.com', 'international')")
		}, []string{"no permission"}},
		{"contact kept", func(t *testing.T, s *scenario) {
			s.db.Exec(t, "INSERT INTO subscriber (username, domain, ha1) VALUES ('fred', 'example.com', '"+
				md5hex("fred:example.com:x")+"')")
			s.kamailio.Phone(t, kamailiotest.Account{User: "fred", Domain: "example.com", Password: "x"})
			s.db.Exec(t, "DELETE FROM subscriber WHERE username = 'fred'")
		}, []string{"the removed contact"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, eng engine) {
				s := newScenario(t, eng)
				row.introduce(t, s)
				if got := s.unmet(t, s.expectations...); !slices.Equal(got, row.want) {
					t.Errorf("the expectations that fail are %q, wanted %q", got, row.want)
				}
			})
		})
	}
}

// scenario is an env in which users and numbers were added and removed, and the expectations about
// them.
type scenario struct {
	*env
	alice        kamailiotest.Account
	old          kamailiotest.Account // alice, with her first password
	removed      kamailiotest.Account
	expectations []expectation
}

func newScenario(t *testing.T, eng engine) *scenario {
	t.Helper()
	s := &scenario{env: newEnv(t, eng, setup{dropContacts: true})}
	s.old = s.mustUserAdd(t, "alice@example.com")
	s.alice = s.mustUserChangePw(t, s.old, "")
	s.removed = s.mustUserAdd(t, "removed@example.com")
	s.mustUserRemove(t, "removed@example.com")
	bob := s.mustUserAdd(t, "bob@example.com")
	phone := s.kamailio.Phone(t, bob)
	s.mustNumberAssign(t, hermes.NumberAssignRequest{User: addrOf(bob), Number: e164.MustParse("+4773500002")})
	s.mustNumberRelease(t, "+4773500002@example.com")
	s.mustNumberAssign(t, hermes.NumberAssignRequest{User: addrOf(bob), Number: e164.MustParse("+4773500001")})
	s.kamailio.Phone(t, s.mustUserAdd(t, "fred@example.com"))
	s.mustUserRemove(t, "fred@example.com")
	s.expectations = []expectation{
		expectRegister(s.alice, accepted, "the password"),
		expectRegister(withLogin(s.alice, s.alice.Addr()), accepted, "the password by ha1b"),
		expectRegister(s.old, unauthorized, "the old password"),
		expectRegister(s.removed, unauthorized, "the removed user"),
		expectInvite(outsider, "+4773500001@example.com", answeredBy(phone), "the number"),
		expectInvite(outsider, "+4773500002@example.com", notFound, "the released number"),
		expectInvite(outsider, "bob@example.com", answeredBy(phone), "the address"),
		expectInvite(bob, "9+4722334455@example.com", forbidden, "no permission"),
		expectInvite(outsider, "fred@example.com", notFound, "the removed contact"),
	}
	return s
}

// setHA1 sets ha1 of alice to the MD5 of a text.
func (s *scenario) setHA1(t *testing.T, text string) {
	t.Helper()
	s.db.Exec(t, "UPDATE subscriber SET ha1 = '"+md5hex(text)+"' WHERE username = 'alice'")
}

// If a request cannot be sent, the result is an error and not a refusal.
func TestFault_KamailioStopped(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{})
		alice := e.mustUserAdd(t, "alice@example.com")
		e.kamailio.Stop()
		if _, err := e.kamailio.TryRegister(alice); err == nil || !strings.Contains(err.Error(), "not running") {
			t.Errorf("without Kamailio: %v, wanted a fault", err)
		}
	})
}
