package siptest_test

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

// TestPassword is a user's life, with each of the settings that the README names.
func TestPassword(t *testing.T) {
	for name, s := range map[string]setup{
		"hashes":          {},
		"clear":           {plaintext: true, clear: true},
		"clear beside it": {plaintext: true},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, e engine) { password(t, newWorld(t, e, s)) })
		})
	}
}

func password(t *testing.T, w *world) {
	nobody := kamailiotest.Account{User: "alice", Domain: "example.com", Password: "wonderland"}
	w.keeps(t, registers(nobody, refused, "not added yet"))

	added := w.add(t, "alice@example.com")
	bob := w.add(t, "bob@example.com")
	w.keeps(t,
		registers(added, accepted, "the password that user/add returned"),
		registers(login(added, added.Addr()), accepted, "who logs in as user@domain is found by ha1b"),
		registers(withPassword(added, added.Password+"x"), refused, "a wrong password"),
		registers(withPassword(added, bob.Password), refused, "another user's password"),
		registers(login(withPassword(added, bob.Password), "bob"), denied, "another user's login"),
		registers(account(w.get(t, addr(added))), accepted, "the password that user/get shows"),
	)

	given := w.changePw(t, added, "Curiouser & curiouser: 42 ;,\"'\\")
	w.keeps(t,
		registers(added, refused, "the old password, at once"),
		registers(login(added, added.Addr()), refused, "the old password by ha1b"),
		registers(given, accepted, "the new password, at once"),
		registers(login(given, given.Addr()), accepted, "the new password by ha1b"),
		registers(bob, accepted, "nobody else's password changes"),
	)
	w.changePw(t, given, given.Password)
	w.keeps(t, registers(given, accepted, "the same password again"))

	generated := w.changePw(t, given, "")
	w.keeps(t,
		registers(given, refused, "the old password"),
		registers(generated, accepted, "the password that user/change_pw generated"),
	)

	must(w.api.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: addr(added), DisplayName: hermes.Some("Alice")}))(t)
	w.keeps(t, registers(generated, accepted, "user/update leaves the password alone"))

	w.remove(t, "alice@example.com")
	w.keeps(t, registers(generated, refused, "a removed user"), registers(bob, accepted, "the one who stays"))

	again := w.add(t, "alice@example.com")
	w.keeps(t,
		registers(generated, refused, "the password that the address had before"),
		registers(again, accepted, "the new one"),
	)
}

func login(a kamailiotest.Account, name string) kamailiotest.Account {
	a.Login = name
	return a
}

// TestWrongSetting is a Kamailio that reads clear passwords where Hermes writes none: phones are refused.
// Without a password Kamailio's own calculate_ha1 would hash the empty one.
func TestWrongSetting(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{clear: true})
		alice := w.add(t, "alice@example.com")
		w.keeps(t,
			registers(alice, refused, "there is no clear password that fits"),
			registers(withPassword(alice, ""), refused, "nor is there an empty one"),
		)
	})
}

// TestRemoval: a contact outlives its user, unless Kamailio is told.
func TestRemoval(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		for _, row := range []struct {
			name  string
			drops bool
			why   string
		}{
			{"kept", false, "Kamailio keeps a contact until it expires: documented"},
			{"dropped", true, "UserRemoved tells Kamailio to drop it"},
		} {
			t.Run(row.name, func(t *testing.T) {
				w := newWorld(t, e, setup{drops: row.drops})
				alice, bob, other := w.add(t, "alice@example.com"), w.add(t, "bob@example.com"), w.add(t, "bob@example.net")
				phone, others := w.sip.Phone(t, bob), w.sip.Phone(t, other)
				w.keeps(t, calls(alice, bob.Addr(), by(phone), "a registered phone"))
				w.remove(t, bob.Addr())
				want, contacts := by(phone), []string{"sip:bob@" + phone.Contact()}
				if row.drops {
					want, contacts = nobody, nil
				}
				w.keeps(t,
					registers(bob, refused, "a removed user"),
					calls(alice, bob.Addr(), want, row.why),
					sends("MESSAGE", alice, bob.Addr(), want, row.why),
					calls(alice, other.Addr(), by(others), "the user of that name in the other domain"),
				)
				if got := w.sip.Contacts(t, bob.Addr()); !slices.Equal(got, contacts) {
					t.Errorf("contacts %q, wanted %q: %s", got, contacts, row.why)
				}
			})
		}
	})
}

// TestRemovalWithoutKamailio: the removal is the database's; a Kamailio that is down changes nothing about it.
func TestRemovalWithoutKamailio(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{drops: true})
		alice := w.add(t, "alice@example.com")
		w.sip.Stop()
		w.remove(t, alice.Addr())
		w.sip.Start(t)
		w.keeps(t, registers(alice, refused, "removed while Kamailio was down"))
	})
}
