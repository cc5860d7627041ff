package kamailiotest_test

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

func with(a kamailiotest.Account, change func(*kamailiotest.Account)) kamailiotest.Account {
	change(&a)
	return a
}

func TestRegister(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			seed(t, db)
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			for _, row := range []struct {
				account kamailiotest.Account
				want    int
				why     string
			}{
				{alice, 200, "the right password"},
				{with(alice, func(a *kamailiotest.Account) { a.Password = "Wonderland" }), 401, "a wrong password"},
				{with(alice, func(a *kamailiotest.Account) { a.User = "Alice" }), 401, "user names are compared exactly"},
				{with(alice, func(a *kamailiotest.Account) { a.User = "nobody" }), 401, "an unknown user"},
				{with(alice, func(a *kamailiotest.Account) { a.Domain = "example.net" }), 401, "the password of alice in another domain"},
				{other, 200, "alice of the other domain"},
				{with(alice, func(a *kamailiotest.Account) { a.Domain = "Example.COM" }), 200, "domains are compared in any case"},
				{with(alice, func(a *kamailiotest.Account) { a.Domain = "example.org" }), 403, "a domain that is not served"},
				{with(alice, func(a *kamailiotest.Account) { a.Login = "alice@example.com" }), 200, "logs in by ha1b"},
				{with(alice, func(a *kamailiotest.Account) { a.Login = "bob" }), 401, "somebody else's login"},
				{with(alice, func(a *kamailiotest.Account) { a.Login, a.Password = "bob", bob.Password }), 403, "somebody else's login and password"},
			} {
				if got := k.Register(t, row.account); got.Code != row.want {
					t.Errorf("REGISTER %+v: %v, wanted %d: %s", row.account, got, row.want, row.why)
				}
			}
		})
	}
}

// With clear passwords Kamailio computes the hash for any realm: a login of another domain must not pass for
// the user of the same name.
func TestRegisterByClearPassword(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			addDomain(t, db, "example.com")
			addDomain(t, db, "example.net")
			addClearUser(t, db, alice)
			addClearUser(t, db, other)
			addUser(t, db, bob)
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL(), ClearPasswords: true})
			for _, row := range []struct {
				account kamailiotest.Account
				want    int
				why     string
			}{
				{alice, 200, "the right password"},
				{with(alice, func(a *kamailiotest.Account) { a.Password = "x" }), 401, "a wrong password"},
				{with(alice, func(a *kamailiotest.Account) { a.Login = "alice@example.com" }), 200, "the domain in the login"},
				{with(alice, func(a *kamailiotest.Account) { a.Login, a.Password = other.Addr(), other.Password }), 403,
					"the login of the other domain's alice"},
				{bob, 401, "hashes are not looked at"},
				{with(bob, func(a *kamailiotest.Account) { a.Password = "" }), 401, "an empty column is not an empty password"},
			} {
				if got := k.Register(t, row.account); got.Code != row.want {
					t.Errorf("REGISTER %+v: %v, wanted %d: %s", row.account, got, row.want, row.why)
				}
			}
		})
	}
}

func TestRegisterAll(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	seed(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	wrong := with(bob, func(a *kamailiotest.Account) { a.Password = "wrong" })
	var accounts []kamailiotest.Account
	var want []kamailiotest.Answer
	for range 50 {
		accounts = append(accounts, alice, wrong, other)
		want = append(want, kamailiotest.Answer{Code: 200}, kamailiotest.Answer{Code: 401}, kamailiotest.Answer{Code: 200})
	}
	if got := k.RegisterAll(t, accounts); !slices.Equal(got, want) {
		t.Errorf("answers %v, wanted %v: each in its account's place", got, want)
	}
	if left := k.Contacts(t, alice.Addr()); left != nil {
		t.Errorf("contacts %v are left, wanted each withdrawn", left)
	}
}

// A new password counts at once: nothing of the subscriber is kept by Kamailio.
func TestPasswordChange(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			seed(t, db)
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			changed := with(alice, func(a *kamailiotest.Account) { a.Password = "rabbit-hole" })
			if got := k.Register(t, alice); !got.OK() {
				t.Fatalf("REGISTER: %v, wanted 200", got)
			}
			db.Exec(t, "DELETE FROM subscriber WHERE username = 'alice' AND domain = 'example.com'")
			addUser(t, db, changed)
			if got := k.Register(t, alice); got.Code != 401 {
				t.Errorf("with the old password: %v, wanted 401", got)
			}
			if got := k.Register(t, changed); !got.OK() {
				t.Errorf("with the new password: %v, wanted 200", got)
			}
		})
	}
}

func TestDomainReload(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			addUser(t, db, alice)
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			addDomain(t, db, "example.com")
			if got := k.Register(t, alice); got.Code != 403 {
				t.Errorf("before domain.reload: %v, wanted 403", got)
			}
			k.ReloadDomains(t)
			if got := k.Register(t, alice); !got.OK() {
				t.Errorf("after domain.reload: %v, wanted 200", got)
			}
			db.Exec(t, "DELETE FROM domain")
			k.ReloadDomains(t)
			if got := k.Register(t, alice); got.Code != 403 {
				t.Errorf("after the domain's removal: %v, wanted 403", got)
			}
		})
	}
}
