package siptest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

const (
	number = "+4773500001"
	alias  = number + "@example.com"
)

// mustUserOnboard adds a user with a phone and the number.
func (e *env) mustUserOnboard(t *testing.T, address string) kamailiotest.Account {
	t.Helper()
	res, err := e.client.UserOnboard(t.Context(), hermes.UserOnboardRequest{
		User: sip.MustParse(address), MACs: []mac.Addr{mac.MustParse("001122334455")}, Number: e164.MustParse(number),
	})
	if err != nil {
		t.Fatal(err)
	}
	return accountOf(res.User)
}

func (e *env) mustSuspend(t *testing.T, a kamailiotest.Account) {
	t.Helper()
	if _, err := e.client.UserSuspend(t.Context(), hermes.UserSuspendRequest{User: addrOf(a), Reason: "unpaid"}); err != nil {
		t.Fatal(err)
	}
}

func (e *env) mustResume(t *testing.T, a kamailiotest.Account) {
	t.Helper()
	if _, err := e.client.UserResume(t.Context(), hermes.UserResumeRequest{User: addrOf(a)}); err != nil {
		t.Fatal(err)
	}
}

// wantContacts checks that user/contacts shows the phones and no other.
func (e *env) wantContacts(t *testing.T, a kamailiotest.Account, phones ...*kamailiotest.Phone) {
	t.Helper()
	res, err := e.client.UserContacts(t.Context(), hermes.UserContactsRequest{User: addrOf(a)})
	if err != nil {
		t.Fatal(err)
	}
	want := []hermes.Contact{}
	for i, p := range phones {
		c := hermes.Contact{Contact: "sip:" + a.User + "@" + p.Contact(), UserAgent: "sipp"}
		if i < len(res.List) { // sipp registers for ten minutes
			if c.Expires = res.List[i].Expires; c.Expires < 500 || c.Expires > 600 {
				t.Errorf("%s: expires in %d seconds, want about 600", a.Addr(), c.Expires)
			}
			c.UserAgent = res.List[i].UserAgent
		}
		want = append(want, c)
	}
	if d := cmp.Diff(want, res.List); d != "" {
		t.Errorf("contacts of %s (-want +got)\n%s", a.Addr(), d)
	}
}

// TestUser_Life takes a user through its life: it is onboarded, suspended, resumed, renamed and
// offboarded.
func TestUser_Life(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) { testLife(t, newEnv(t, eng, setup{dropContacts: true})) })
}

func testLife(t *testing.T, e *env) {
	alice, joan := e.mustUserAdd(t, "alice@example.com"), e.mustUserOnboard(t, "joan@example.com")
	e.wantContacts(t, joan)
	phone := e.kamailio.Phone(t, joan)
	e.wantContacts(t, joan, phone)
	e.check(t,
		expectInvite(alice, joan.Addr(), answeredBy(phone), "an onboarded user"),
		expectInvite(alice, alias, answeredBy(phone), "the number of an onboarded user"),
	)

	e.mustSuspend(t, joan)
	e.wantContacts(t, joan)
	e.check(t,
		expectRegister(joan, unauthorized, "suspended"),
		expectInvite(joan, alice.Addr(), unproven, "a call of a suspended user"),
		expectInvite(alice, alias, notFound, "a call to a suspended user"),
	)
	e.mustResume(t, joan)
	phone = e.kamailio.Phone(t, joan)
	e.check(t, expectInvite(alice, alias, answeredBy(phone), "resumed"))

	june := kamailiotest.Account{User: "june", Domain: "example.com", Password: joan.Password}
	_, err := e.client.UserRename(t.Context(), hermes.UserRenameRequest{User: addrOf(joan), NewUser: addrOf(june), KeepAlias: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.kamailio.Contacts(t, joan.Addr()); len(got) != 0 {
		t.Errorf("contacts %q of the old address, want none", got)
	}
	e.check(t,
		expectRegister(joan, unauthorized, "the old address"),
		expectRegister(withLogin(joan, june.User), forbidden, "the old address by the new login"),
		expectRegister(withLogin(june, june.Addr()), accepted, "the new address, checked by ha1b"),
	)
	phone = e.kamailio.Phone(t, june)
	e.wantContacts(t, june, phone)
	e.check(t,
		expectInvite(alice, june.Addr(), answeredBy(phone), "the new address"),
		expectInvite(alice, alias, answeredBy(phone), "the number of a renamed user"),
		expectInvite(alice, joan.Addr(), answeredBy(phone), "the old address, an alias now"),
	)

	res, err := e.client.UserOffboard(t.Context(), hermes.UserOffboardRequest{User: addrOf(june)})
	if err != nil || !slices.Equal(res.Numbers, []e164.Number{e164.MustParse(number)}) {
		t.Fatalf("offboard: %+v, %v; want the number back in the pool", res, err)
	}
	if got := e.kamailio.Contacts(t, june.Addr()); len(got) != 0 {
		t.Errorf("contacts %q of an offboarded user, want none", got)
	}
	e.check(t,
		expectRegister(june, unauthorized, "offboarded"),
		expectInvite(alice, june.Addr(), notFound, "the address of an offboarded user"),
		expectInvite(alice, joan.Addr(), notFound, "the alias of an offboarded user"),
		expectInvite(alice, alias, notFound, "the number of an offboarded user"),
	)
}

// TestUser_Suspend tries everything that might be a password of a suspended user.
func TestUser_Suspend(t *testing.T) {
	for name, s := range map[string]setup{
		"hashes":          {},
		"clear passwords": {plaintext: true, clearPasswords: true},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, eng engine) { testSuspend(t, newEnv(t, eng, s), s.clearPasswords) })
		})
	}
}

func testSuspend(t *testing.T, e *env, clearPasswords bool) {
	alice, bob := e.mustUserAdd(t, "alice@example.com"), e.mustUserAdd(t, "bob@example.com")
	const columns = "SELECT ha1, ha1b, password FROM subscriber WHERE username = 'alice'"
	tries := append([]string{alice.Password, ""}, e.db.Query(t, columns)[0]...)
	e.mustSuspend(t, alice)
	now := e.db.Query(t, columns)[0]
	if clearPasswords {
		// Kamailio takes what is in the column for the password. It is random; to know it takes reading
		// the table, which shows all other passwords, too.
		now = now[:2]
	}
	for _, password := range append(tries, now...) {
		e.check(t,
			expectRegister(withPassword(alice, password), unauthorized, "suspended"),
			expectRegister(withLogin(withPassword(alice, password), alice.Addr()), unauthorized, "suspended, by ha1b"),
			expectInvite(withPassword(alice, password), bob.Addr(), unproven, "a call of a suspended user"),
		)
	}
	next := e.mustUserChangePw(t, alice, "another password")
	e.check(t, expectRegister(next, unauthorized, "another password does not resume"))
	e.mustResume(t, alice)
	e.check(t,
		expectRegister(next, accepted, "resumed, with the password that was set meanwhile"),
		expectRegister(withLogin(next, next.Addr()), accepted, "resumed, by ha1b"),
		expectRegister(alice, unauthorized, "the old password"),
		expectRegister(bob, accepted, "another user"),
	)
}

// Nothing but user/contacts depends on Kamailio, and that fails at once if Kamailio is not running.
func TestUser_Life_WithoutKamailio(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{dropContacts: true})
		alice := e.mustUserAdd(t, "alice@example.com")
		e.kamailio.Stop()
		start := time.Now()
		_, err := e.client.UserContacts(t.Context(), hermes.UserContactsRequest{User: addrOf(alice)})
		if took := time.Since(start); !errors.Is(err, hermes.Busy) || took > time.Second {
			t.Errorf("got %v after %v, want %s at once", err, took, hermes.Busy)
		}
		e.mustSuspend(t, alice)
		e.kamailio.Start(t)
		e.check(t, expectRegister(alice, unauthorized, "suspended while Kamailio was stopped"))
	})
}
