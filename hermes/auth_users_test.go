package hermes_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func authorize(user string, a hermes.Access) func(w *world) error {
	return func(w *world) error {
		return only(w.AuthAuthorize(w.Context(), hermes.AuthAuthorizeRequest{User: user, Access: a}))
	}
}

func removeUser(user string) func(w *world) error {
	return func(w *world) error {
		return only(w.AuthRemoveUser(w.Context(), hermes.AuthRemoveUserRequest{User: user}))
	}
}

func addUser(user, pw string) func(w *world) error {
	return func(w *world) error {
		return only(w.AuthAddUser(w.Context(), hermes.AuthAddUserRequest{User: user, Password: hermes.NewSecret(pw)}))
	}
}

// then does one thing after others, which must succeed.
func then(before []func(w *world) error, do func(w *world) error) func(w *world) error {
	return func(w *world) error {
		w.Helper()
		for _, f := range before {
			w.noError(f(w))
		}
		return do(w)
	}
}

type steps = []func(w *world) error

// adminKey makes an API key with level 4, forever (0) or for that long.
func adminKey(d time.Duration) func(w *world) error {
	return func(w *world) error {
		return only(w.AuthNewKey(w.Context(), hermes.AuthNewKeyRequest{Host: "192.0.2.1", Access: hermes.FullWrite, Expires: hermes.Duration(d)}))
	}
}

func removeAdminKey(w *world) error {
	for _, e := range ok(w.T, got(w.AuthListKeys(w.Context(), hermes.AuthListKeysRequest{}))).List {
		if e.Access == hermes.FullWrite {
			return only(w.AuthRemoveKey(w.Context(), hermes.AuthRemoveKeyRequest{Key: hermes.NewSecret(e.Key)}))
		}
	}
	return errors.New("no key with level 4")
}

func later(d time.Duration) func(w *world) error {
	return func(w *world) error { w.clock.sleep(d); return nil }
}

func TestLastAdmin(t *testing.T) {
	second := authorize("writer", hermes.FullWrite)
	play(t, []row{
		{"the last one is not removed", removeUser("admin"), hermes.InUse},
		{"nor lowered", authorize("admin", hermes.LimitedWrite), hermes.InUse},
		{"level 4 again lowers nothing", authorize("admin", hermes.FullWrite), ""},
		{"others are lowered as one likes", authorize("writer", hermes.LimitedRead), ""},
		{"and removed", removeUser("writer"), ""},
		{"of two one is removed", then(steps{second}, removeUser("admin")), ""},
		{"and the other is the last", then(steps{second, removeUser("admin")}, removeUser("writer")), hermes.InUse},
		{"of two one is lowered", then(steps{second}, authorize("admin", hermes.LimitedRead)), ""},
		{"a key with level 4 is one too", then(steps{adminKey(0)}, removeUser("admin")), ""},
		{"and may be the last", then(steps{adminKey(0), removeUser("admin")}, removeAdminKey), hermes.InUse},
		{"a key that has an end counts until then", then(steps{adminKey(time.Hour)}, removeUser("admin")), ""},
		{"but no longer", then(steps{adminKey(time.Hour), later(time.Hour)}, removeUser("admin")), hermes.InUse},
		{"an expired key is removed, though it is no help", then(steps{adminKey(time.Hour), later(time.Hour)}, removeAdminKey), ""},
	})
}

func TestNobodyGrantsMore(t *testing.T) {
	// A level that may administer and no more is not on the wire; an embedder's program may have one, by its own As.
	play(t, []row{
		{"level 4 grants level 4", authorize("reader", hermes.FullWrite), ""},
		{"no level is none to grant", authorize("reader", hermes.NoAccess), hermes.Parameters},
		{"nor is one that does not exist", authorize("reader", hermes.FullWrite+1), hermes.Parameters},
		{"who may not administer grants nothing, not even what they have", func(w *world) error {
			return only(w.level(hermes.LimitedWrite).AuthAuthorize(w.Context(), hermes.AuthAuthorizeRequest{User: "reader", Access: hermes.LimitedRead}))
		}, hermes.Forbidden},
		{"nor by a key", func(w *world) error {
			return only(w.level(hermes.LimitedWrite).AuthNewKey(w.Context(), hermes.AuthNewKeyRequest{Host: "192.0.2.1", Access: hermes.LimitedRead}))
		}, hermes.Forbidden},
	})
}

func TestAuthorize(t *testing.T) {
	play(t, []row{
		{"a user of no backend", authorize("nobody", hermes.LimitedRead), hermes.NotFound},
		{"no name", authorize("", hermes.LimitedRead), hermes.Parameters},
		{"a name with a colon", authorize("a:b", hermes.LimitedRead), hermes.Parameters},
		{"a user that was there before Hermes knew it", func(w *world) error {
			w.noError(w.store.AddCredential(w.Context(), hermes.Credential{User: "old", Hash: "x"}))
			return authorize("old", hermes.LimitedRead)(w)
		}, ""},
	})
	w := newWorld(t)
	res := ok(t, got(w.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "reader", Access: hermes.FullRead})))
	if res.User != "reader" || res.Access != hermes.FullRead {
		t.Errorf("answer %v", res)
	}
}

func TestAddUser(t *testing.T) {
	play(t, []row{
		{"a new one", addUser("new", "correct horse"), ""},
		{"one that is there", addUser("writer", "correct horse"), hermes.Exists},
		{"a password of 7 characters", addUser("new", "1234567"), hermes.Parameters},
		{"a password with a control character", addUser("new", "1234567\t8"), hermes.Parameters},
		{"no name", addUser("", "correct horse"), hermes.Parameters},
		{"a name of 65 characters", addUser(strings.Repeat("a", 65), "correct horse"), hermes.Parameters},
		{"a name that was removed", then(steps{removeUser("writer")}, addUser("writer", "correct horse")), ""},
	})
	w := newWorld(t)
	given := ok(t, got(w.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "new", Password: hermes.NewSecret("battery staple")})))
	if given != (hermes.AuthAddUserResponse{User: "new", Access: hermes.LimitedRead}) {
		t.Errorf("answer %v: want no password, which was given", given)
	}
	wantAccess(t, ok(t, got(w.enter(credentials(ok(t, got(w.tryLogin("new", "battery staple"))))))), hermes.LimitedRead)
	made := ok(t, got(w.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "newer"})))
	if !made.Password.Set || len(made.Password.Value.Reveal()) != 20 {
		t.Errorf("answer %v: want a generated password", made)
	}
	ok(t, got(w.tryLogin("newer", made.Password.Value.Reveal())))
}

func TestRemoveUser(t *testing.T) {
	w := newWorld(t)
	cred, other := w.login("writer"), w.login("reader")
	w.noError(removeUser("writer")(w))
	w.wantAlive(cred, false)
	w.wantAlive(other, true)
	refused(t, only(w.enter(cred)), hermes.Unauthorized)
	refused(t, only(w.tryLogin("writer", password)), hermes.Unauthorized)
	if _, err := w.store.Credential(t.Context(), "writer"); err != error(hermes.NotFound) {
		t.Errorf("the backend still has the user: %v", err)
	}
	refused(t, removeUser("writer")(w), hermes.NotFound)
	refused(t, removeUser("")(w), hermes.Parameters)
	w.noError(w.store.AddCredential(t.Context(), hermes.Credential{User: "idle", Hash: "x"}))
	w.noError(removeUser("idle")(w)) // known, though not authorized
}

// readOnly takes from a world's backend what makes it writable.
func readOnly(w *world) {
	w.Helper()
	w.opts.Backends = []hermes.Backend{struct{ hermes.Backend }{w.opts.Backends[0]}}
	w.Client = w.over(w.store)
}

func TestReadOnlyBackend(t *testing.T) {
	in := func(do func(w *world) error) func(w *world) error {
		return func(w *world) error { readOnly(w); return do(w) }
	}
	update := func(user string) func(w *world) error {
		return func(w *world) error {
			return only(w.AuthUpdateUser(w.Context(), hermes.AuthUpdateUserRequest{User: user, Password: hermes.NewSecret("battery staple")}))
		}
	}
	play(t, []row{
		{"nobody is added", in(addUser("new", "correct horse")), hermes.ReadOnly},
		{"no password is changed", in(update("writer")), hermes.ReadOnly},
		{"who is there is authorized", in(authorize("reader", hermes.FullRead)), ""},
		{"an authorization is removed", in(removeUser("writer")), ""},
		{"once", in(then(steps{removeUser("writer")}, removeUser("writer"))), hermes.NotFound},
		{"and given again, since the backend still has the user", in(then(steps{removeUser("writer")}, authorize("writer", hermes.FullRead))), ""},
		{"another backend can be written, but the user is not its own", func(w *world) error {
			w.noError(w.store.AddCredential(w.Context(), hermes.Credential{User: "guest", Hash: "x"}))
			w.opts.Backends = append([]hermes.Backend{struct{ hermes.Backend }{w.opts.Backends[0]}}, named{cheapBackend(), "other"})
			w.Client = w.over(w.store)
			return update("guest")(w)
		}, hermes.ReadOnly},
		{"a name that another backend has is taken", func(w *world) error {
			w.opts.Backends = append([]hermes.Backend{everybody{}}, w.opts.Backends...)
			w.Client = w.over(w.store)
			return addUser("new", "correct horse")(w)
		}, hermes.Exists},
	})
}

// named is a backend under another name.
type named struct {
	hermes.WritableBackend
	name string
}

func (n named) Name() string { return n.name }

func TestListUsers(t *testing.T) {
	w := newWorld(t)
	w.newKey(keyFor("192.0.2.1")) // is none
	w.noError(w.store.RemoveCredential(t.Context(), "reader"))
	same(t, ok(t, got(w.AuthListUsers(t.Context(), hermes.AuthListUsersRequest{}))).List, []hermes.AuthUserEntry{
		{User: "admin", Access: hermes.FullWrite, Backend: "local"},
		{User: "auditor", Access: hermes.FullRead, Backend: "local"},
		{User: "reader", Access: hermes.LimitedRead, Backend: ""},
		{User: "writer", Access: hermes.LimitedWrite, Backend: "local"},
	})
}
