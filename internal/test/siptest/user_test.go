package siptest_test

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

// TestUser_Password adds, changes and removes a user with each of the settings in the README.
func TestUser_Password(t *testing.T) {
	for name, s := range map[string]setup{
		"hashes":                   {},
		"clear passwords":          {plaintext: true, clearPasswords: true},
		"clear passwords not read": {plaintext: true},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, eng engine) { testPassword(t, newEnv(t, eng, s)) })
		})
	}
}

func testPassword(t *testing.T, e *env) {
	unknown := kamailiotest.Account{User: "alice", Domain: "example.com", Password: "wonderland"}
	e.check(t, expectRegister(unknown, unauthorized, "not added yet"))

	added := e.mustUserAdd(t, "alice@example.com")
	bob := e.mustUserAdd(t, "bob@example.com")
	e.check(t,
		expectRegister(added, accepted, "the password that user/add returned"),
		expectRegister(withLogin(added, added.Addr()), accepted, "a login with the domain is checked by ha1b"),
		expectRegister(withPassword(added, added.Password+"x"), unauthorized, "a wrong password"),
		expectRegister(withPassword(added, bob.Password), unauthorized, "another user's password"),
		expectRegister(withLogin(withPassword(added, bob.Password), "bob"), forbidden, "another user's login"),
		expectRegister(accountOf(e.mustUserGet(t, addrOf(added))), accepted, "the password that user/get returns"),
	)

	given := e.mustUserChangePw(t, added, "Curiouser & curiouser: 42 ;,\"'\\")
	e.check(t,
		expectRegister(added, unauthorized, "the old password, in the next request"),
		expectRegister(withLogin(added, added.Addr()), unauthorized, "the old password by ha1b"),
		expectRegister(given, accepted, "the new password, in the next request"),
		expectRegister(withLogin(given, given.Addr()), accepted, "the new password by ha1b"),
		expectRegister(bob, accepted, "no other user's password changes"),
	)
	e.mustUserChangePw(t, given, given.Password)
	e.check(t, expectRegister(given, accepted, "the same password again"))

	generated := e.mustUserChangePw(t, given, "")
	e.check(t,
		expectRegister(given, unauthorized, "the old password"),
		expectRegister(generated, accepted, "the password that user/change_pw generated"),
	)

	e.mustUserUpdate(t, hermes.UserUpdateRequest{User: addrOf(added), DisplayName: hermes.Some("Alice")})
	e.check(t, expectRegister(generated, accepted, "user/update does not change the password"))

	e.mustUserRemove(t, "alice@example.com")
	e.check(t,
		expectRegister(generated, unauthorized, "a removed user"),
		expectRegister(bob, accepted, "the other user stays"),
	)

	again := e.mustUserAdd(t, "alice@example.com")
	e.check(t,
		expectRegister(generated, unauthorized, "the password of the removed user"),
		expectRegister(again, accepted, "the password of the new user"),
	)
}

// If Kamailio reads clear passwords and Hermes writes none, phones are refused. Kamailio's own
// calculate_ha1 would accept the empty password for an empty column.
func TestUser_Password_SettingsDoNotMatch(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{clearPasswords: true})
		alice := e.mustUserAdd(t, "alice@example.com")
		e.check(t,
			expectRegister(alice, unauthorized, "the database has no clear password"),
			expectRegister(withPassword(alice, ""), unauthorized, "the password is not the empty one"),
		)
	})
}

// A contact stays registered after its user's removal, unless DropContacts tells Kamailio.
func TestUser_Remove_Contacts(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		for _, row := range []struct {
			name         string
			dropContacts bool
			why          string
		}{
			{"kept", false, "Kamailio keeps a contact until it expires, as documented"},
			{"dropped", true, "DropContacts tells Kamailio to drop the contact"},
		} {
			t.Run(row.name, func(t *testing.T) {
				e := newEnv(t, eng, setup{dropContacts: row.dropContacts})
				alice, bob := e.mustUserAdd(t, "alice@example.com"), e.mustUserAdd(t, "bob@example.com")
				other := e.mustUserAdd(t, "bob@example.net")
				phone, otherPhone := e.kamailio.Phone(t, bob), e.kamailio.Phone(t, other)
				e.check(t, expectInvite(alice, bob.Addr(), answeredBy(phone), "a registered phone"))
				e.mustUserRemove(t, bob.Addr())
				want, contacts := answeredBy(phone), []string{"sip:bob@" + phone.Contact()}
				if row.dropContacts {
					want, contacts = notFound, nil
				}
				e.check(t,
					expectRegister(bob, unauthorized, "a removed user"),
					expectInvite(alice, bob.Addr(), want, row.why),
					expectMessage(alice, bob.Addr(), want, row.why),
					expectInvite(alice, other.Addr(), answeredBy(otherPhone), "the user of that name in the other domain"),
				)
				if got := e.kamailio.Contacts(t, bob.Addr()); !slices.Equal(got, contacts) {
					t.Errorf("contacts %q, wanted %q: %s", got, contacts, row.why)
				}
			})
		}
	})
}

// The removal does not depend on Kamailio: it succeeds if Kamailio is not running.
func TestUser_Remove_WithoutKamailio(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{dropContacts: true})
		alice := e.mustUserAdd(t, "alice@example.com")
		e.kamailio.Stop()
		e.mustUserRemove(t, alice.Addr())
		e.kamailio.Start(t)
		e.check(t, expectRegister(alice, unauthorized, "removed while Kamailio was stopped"))
	})
}

// Kamailio's is_user_in permits outside calls to the users to whom user/permissions gives
// "international".
func TestUser_Permissions(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{})
		alice, other := e.mustUserAdd(t, "alice@example.com"), e.mustUserAdd(t, "alice@example.net")
		gateway := e.kamailio.Gateway(t)
		expectOutsideCall := func(a kamailiotest.Account, want kamailiotest.Answer, why string) expectation {
			return expectInvite(a, "9+4722334455@"+a.Domain, want, why)
		}
		e.check(t, expectOutsideCall(alice, forbidden, "a new user has no permission"))
		e.mustUserPermissions(t, alice, "international", "local")
		e.check(t,
			expectOutsideCall(alice, answeredBy(gateway), "permitted"),
			expectOutsideCall(other, forbidden, "the same name in another domain"),
			expectOutsideCall(outsider, forbidden, "not a user of the domain"),
		)
		e.mustUserPermissions(t, alice, "local")
		e.check(t, expectOutsideCall(alice, forbidden, "another permission"))
		e.mustUserUpdate(t, hermes.UserUpdateRequest{User: addrOf(alice), PermittedCalls: hermes.Some("international")})
		e.check(t, expectOutsideCall(alice, answeredBy(gateway), "user/update of permittedcalls has the same effect"))
		e.mustUserPermissions(t, alice)
		e.check(t, expectOutsideCall(alice, forbidden, "no permission left"))

		e.mustUserPermissions(t, alice, "international")
		e.mustUserRemove(t, alice.Addr())
		e.check(t, expectOutsideCall(e.mustUserAdd(t, alice.Addr()), forbidden, "a new user does not inherit permissions"))
		// kamcli subscriber rm does not remove the user's groups.
		e.db.Exec(t, "INSERT INTO grp (username, domain, grp) VALUES ('bob', 'example.com', 'international')")
		e.check(t, expectOutsideCall(e.mustUserAdd(t, "bob@example.com"), forbidden,
			"a new user does not inherit the permissions of a user that another tool removed"))
	})
}
