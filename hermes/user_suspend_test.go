package hermes_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// suspendOptions are those of the two modes in which Kamailio reads passwords.
func suspendModes() map[string]func(*hermes.Options) {
	return map[string]func(*hermes.Options){
		"hashes":    func(*hermes.Options) {},
		"plaintext": func(o *hermes.Options) { o.KamailioPlaintext = true },
	}
}

func TestClient_UserSuspend(t *testing.T) {
	t.Parallel()
	for name, change := range suspendModes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var dropped []sip.Addr
			e := newEnvWith(t, func(o *hermes.Options) {
				change(o)
				o.DropContacts = func(a sip.Addr) { dropped = append(dropped, a) }
			})
			before, shown := storedUser(t, e.store, alice), mustUserGet(t, e.client, alice)
			mustUserSuspend(t, e.client, alice, "unpaid")
			during := storedUser(t, e.store, alice)
			if during.HA1 == before.HA1 || during.HA1B == before.HA1B || before.Clear != "" && during.Clear == before.Clear {
				t.Errorf("a secret of %+v is still in %+v", before, during)
			}
			if len(during.HA1) != 32 || len(during.HA1B) != 32 || len(during.Clear) != len(before.Clear) || during.HA1 == during.HA1B {
				t.Errorf("stored %+v, want random secrets of the same form", during)
			}
			want := shown
			want.Suspended, want.SuspendedReason = true, "unpaid"
			want.HA1, want.HA1B = hermes.Opt[hermes.Secret]{}, hermes.Opt[hermes.Secret]{}
			wantEqual(t, mustUserGet(t, e.client, alice), want)
			want.Password, want.Redacted = hermes.Opt[hermes.Secret]{}, []string{"password"}
			wantEqual(t, mustUserGet(t, e.withAccess(hermes.LimitedRead), alice), want)
			if d := cmp.Diff([]string{"alice@example.com"}, addrTexts(dropped)); d != "" {
				t.Errorf("DropContacts was called for others (-want +got)\n%s", d)
			}
			mustUserResume(t, e.client, alice)
			wantEqual(t, storedUser(t, e.store, alice), before)
		})
	}
}

func addrTexts(addrs []sip.Addr) []string {
	var texts []string
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	return texts
}

// Each suspension has random values of its own.
func TestClient_UserSuspend_random(t *testing.T) {
	t.Parallel()
	e := newEnvWith(t, func(o *hermes.Options) { o.KamailioPlaintext = true })
	seen := map[string]bool{}
	for range 3 {
		mustUserSuspend(t, e.client, alice, "")
		u := storedUser(t, e.store, alice)
		for _, v := range []string{u.HA1, u.HA1B, u.Clear} {
			if seen[v] {
				t.Errorf("%q was there before", v)
			}
			seen[v] = true
		}
		mustUserResume(t, e.client, alice)
	}
}

func TestClient_UserSuspend_again(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why, reason, want string
		tool              func(*hermes.User) // what another tool writes in between
	}{
		{"without a reason the one before stays", "", "unpaid", nil},
		{"a reason takes the place of the one before", "stolen", "stolen", nil},
		{"an account to which another tool gave a password is locked again", "", "unpaid",
			func(u *hermes.User) { u.HA1, u.HA1B = strings.Repeat("1", 32), strings.Repeat("2", 32) }},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			before := storedUser(t, e.store, alice)
			mustUserSuspend(t, e.client, alice, "unpaid")
			first := storedUser(t, e.store, alice)
			after := before
			if tt.tool != nil {
				mustChangeStored(t, e.store, alice, tt.tool)
				tt.tool(&after)
			}
			mustUserSuspend(t, e.client, alice, tt.reason)
			second := storedUser(t, e.store, alice)
			if second.SuspendedReason != tt.want {
				t.Errorf("got the reason %q, want %q", second.SuspendedReason, tt.want)
			}
			if same := second.HA1 == first.HA1; same != (tt.tool == nil) || second.HA1 == before.HA1 || second.HA1 == after.HA1 {
				t.Errorf("ha1 is %s; was %s, and %s in between", second.HA1, first.HA1, after.HA1)
			}
			mustUserResume(t, e.client, alice)
			wantEqual(t, storedUser(t, e.store, alice), after)
		})
	}
}

// mustChangeStored changes a user as another tool does.
func mustChangeStored(t testing.TB, s hermes.Store, a sip.Addr, change func(*hermes.User)) {
	t.Helper()
	u := storedUser(t, s, a)
	change(&u)
	if err := s.SetUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

// What another tool has written into Kamailio's row during the suspension stays when it ends, and
// the rest is as it was.
func TestClient_UserResume_othertool(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why    string
		change func(*hermes.User)
	}{
		{"nothing", func(*hermes.User) {}},
		{"both hashes, as kamctl passwd does", func(u *hermes.User) { u.HA1, u.HA1B, u.Clear = "1", "2", "3" }},
		{"the clear password is emptied", func(u *hermes.User) { u.Clear = "" }},
		{"one hash", func(u *hermes.User) { u.HA1B = "2" }},
		{"another column", func(u *hermes.User) { u.Email = "a@example.org" }},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnvWith(t, func(o *hermes.Options) { o.KamailioPlaintext = true })
			want := storedUser(t, e.store, alice)
			tt.change(&want)
			mustUserSuspend(t, e.client, alice, "unpaid")
			mustChangeStored(t, e.store, alice, tt.change)
			mustUserResume(t, e.client, alice)
			wantEqual(t, storedUser(t, e.store, alice), want)
		})
	}
}

// An account without any secret must not come out of a suspension as one that anybody can use.
func TestClient_UserResume_withoutSecrets(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustChangeStored(t, e.store, alice, func(u *hermes.User) { u.HA1, u.HA1B, u.Clear = "", "", "" })
	mustUserSuspend(t, e.client, alice, "")
	mustUserResume(t, e.client, alice)
	if u := storedUser(t, e.store, alice); u.HA1 == "" || u.HA1B == "" || u.Suspended != "" {
		t.Errorf("stored %+v, want a user that is not suspended, with random hashes", u)
	}
}

func TestClient_UserChangePw_suspended(t *testing.T) {
	t.Parallel()
	for name, change := range suspendModes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvWith(t, change)
			mustUserSuspend(t, e.client, alice, "unpaid")
			first := storedUser(t, e.store, alice)
			mustUserChangePw(t, e.client, alice, "battery staple")
			during := storedUser(t, e.store, alice)
			if during.Suspended == "" || during.SuspendedReason != "unpaid" || during.HA1 == first.HA1 {
				t.Errorf("stored %+v, want the user still suspended", during)
			}
			if got := mustUserGet(t, e.client, alice).Password.Value.Reveal(); got != "battery staple" {
				t.Errorf("got the password %q, want the new one", got)
			}
			other := newEnvWith(t, func(o *hermes.Options) { *o = e.opts })
			mustUserChangePw(t, other.client, alice, "battery staple")
			if want := storedUser(t, other.store, alice); during.HA1 == want.HA1 || during.HA1B == want.HA1B || during.Clear == "battery staple" {
				t.Errorf("stored %+v, in which the new password opens the account", during)
			}
			mustUserResume(t, e.client, alice)
			got, want := storedUser(t, e.store, alice), storedUser(t, other.store, alice)
			got.Sealed = want.Sealed
			wantEqual(t, got, want)
		})
	}
}

func mustUserChangePw(t testing.TB, c *hermes.Client, user sip.Addr, password string) {
	t.Helper()
	_, err := c.UserChangePw(t.Context(), hermes.UserChangePwRequest{User: user, Password: hermes.NewSecret(password)})
	if err != nil {
		t.Fatal(err)
	}
}

// A suspension survives every other change of the user.
func TestClient_UserSuspend_survives(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	before := storedUser(t, e.store, alice)
	mustUserSuspend(t, e.client, alice, "unpaid")
	during := storedUser(t, e.store, alice)
	mustUserUpdate(t, e.client, hermes.UserUpdateRequest{User: alice, DisplayName: hermes.Some("Alice")})
	mustUserPermissions(t, e.client, hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string{"local"})})
	_, err := e.client.UserAdopt(t.Context(), hermes.UserAdoptRequest{User: alice})
	wantCause(t, err, "")
	_, err = e.client.UserChangeEmail(t.Context(), hermes.UserChangeEmailRequest{User: alice, Email: "a@example.org"})
	wantCause(t, err, "")
	for _, u := range []*hermes.User{&before, &during} {
		u.DisplayName, u.PermittedCalls, u.Email = "Alice", "local", "a@example.org"
	}
	wantEqual(t, storedUser(t, e.store, alice), during)
	mustUserResume(t, e.client, alice)
	wantEqual(t, storedUser(t, e.store, alice), before)
}

func TestClient_UserSuspend_refused(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for _, user := range []sip.Addr{carol, addr("nobody@example.com")} {
		_, err := e.client.UserSuspend(t.Context(), hermes.UserSuspendRequest{User: user})
		wantCause(t, err, hermes.NotFound)
		_, err = e.client.UserResume(t.Context(), hermes.UserResumeRequest{User: user})
		wantCause(t, err, hermes.NotFound)
	}
	_, err := e.client.UserSuspend(t.Context(), hermes.UserSuspendRequest{User: alice, Reason: strings.Repeat("x", 129)})
	wantCause(t, err, hermes.Parameters)
	before := takeSnapshot(t, e.store, hermes.Credentials{})
	mustUserResume(t, e.client, alice)
	wantEqual(t, takeSnapshot(t, e.store, hermes.Credentials{}), before)
}

// After Rekey the old key can go, also for what a suspended user had. With a lost key the account
// stays suspended until it gets a new password.
func TestClient_Rekey_suspended(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	before := storedUser(t, e.store, alice)
	mustUserSuspend(t, e.client, alice, "unpaid")
	next := mustSecretKey(t)
	both := e.withOptions(t, func(o *hermes.Options) { o.SecretKeys = append([]hermes.SecretKey{next}, o.SecretKeys...) })
	if _, err := both.client.Rekey(t.Context()); err != nil {
		t.Fatal(err)
	}
	alone := e.withOptions(t, func(o *hermes.Options) { o.SecretKeys = []hermes.SecretKey{next} })
	mustUserResume(t, alone.client, alice)
	got := storedUser(t, e.store, alice)
	got.Sealed = before.Sealed
	wantEqual(t, got, before)

	mustUserSuspend(t, alone.client, alice, "unpaid")
	lost := e.withOptions(t, func(o *hermes.Options) { o.SecretKeys = []hermes.SecretKey{mustSecretKey(t)} })
	_, err := lost.client.UserResume(t.Context(), hermes.UserResumeRequest{User: alice})
	if !errors.Is(err, hermes.Internal) {
		t.Errorf("without the key: got %v, want %s", err, hermes.Internal)
	}
	mustUserChangePw(t, lost.client, alice, "battery staple")
	mustUserResume(t, lost.client, alice)
	if got := mustUserGet(t, lost.client, alice).Password.Value.Reveal(); got != "battery staple" {
		t.Errorf("got the password %q, want the new one", got)
	}
}

// The audit entry says that the user was suspended, and no secret changed.
func TestClient_UserSuspend_audit(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustUserSuspend(t, e.client, alice, "unpaid")
	mustUserSuspend(t, e.client, alice, "unpaid")
	mustUserResume(t, e.client, alice)
	mustUserResume(t, e.client, alice)
	res, err := e.client.AuditList(t.Context(), hermes.AuditListRequest{Node: "user/*e*", Subject: "alice@example.com", Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range mustCollect(t, res.List) {
		for _, c := range entry.Changes {
			got = append(got, entry.Node+" "+c.Field+": "+c.From+" > "+c.To)
		}
	}
	wantEqual(t, got, []string{
		"user/resume suspended: true > ", "user/resume suspended_reason: unpaid > ",
		"user/suspend suspended:  > true", "user/suspend suspended_reason:  > unpaid",
	})
}
