package hermes_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

func TestNewWantsSecretKeys(t *testing.T) {
	s := memstore.New()
	if _, err := hermes.New(s, nil); err != nil {
		t.Errorf("over a store that keeps nothing: %v", err)
	}
	lasting := struct{ hermes.Store }{s} // hides Volatile
	if _, err := hermes.New(lasting, nil); err == nil {
		t.Error("over a store that lasts a Client was made without a secret key: its passwords would be lost")
	}
	if _, err := hermes.New(lasting, &hermes.Options{SecretKeys: []hermes.SecretKey{{}}}); err == nil {
		t.Error("the zero secret key was taken")
	}
	if _, err := hermes.New(s, &hermes.Options{Rand: strings.NewReader("")}); err == nil {
		t.Error("a secret key was made up of nothing")
	}
}

func TestOptionsAreTheCallers(t *testing.T) {
	opts := hermes.Options{}
	if _, err := hermes.New(memstore.New(), &opts); err != nil {
		t.Fatal(err)
	}
	if opts.AuthKeyTTL != 0 || opts.Now != nil || opts.Rand != nil || opts.SecretKeys != nil {
		t.Errorf("New wrote its defaults into the caller's options: %+v", opts)
	}
}

func TestOptionsOfSessions(t *testing.T) {
	w := newWorldWith(t, func(o *hermes.Options) { o.AuthKeyTTL, o.AuthKeyGrace = 10*time.Minute, 2*time.Minute })
	res := ok(t, got(w.tryLogin("writer", password)))
	if res.ExpiresIn != 600 || res.Cookie.MaxAge != 11*time.Minute {
		t.Errorf("a key for %d s, a cookie for %v; want 600 s and 11 minutes", res.ExpiresIn, res.Cookie.MaxAge)
	}
	old := credentials(res)
	w.renewed(old)
	w.clock.sleep(2*time.Minute - time.Microsecond)
	ok(t, got(w.enter(old)))
	w.clock.sleep(time.Microsecond)
	refused(t, only(w.enter(old)), hermes.Unauthorized)
}

func TestActor(t *testing.T) {
	w := newWorld(t)
	if a := w.Actor(); a.Access != hermes.FullWrite || a.Principal != (hermes.Principal{}) {
		t.Errorf("New acts as %v, want the program itself", a)
	}
	a := hermes.Actor{Principal: hermes.Principal{Kind: hermes.KeyPrincipal, Name: "hek_0123456789"}, Access: hermes.FullRead, Remote: office}
	c := w.As(a)
	if c.Actor() != a || w.Actor().Access != hermes.FullWrite {
		t.Error("As does not act for its actor, or changes whom the first Client acts for")
	}
}

// Times are kept in UTC and to the microsecond, whatever the clock gives.
func TestClock(t *testing.T) {
	local := time.Date(2026, 7, 1, 2, 3, 4, 123_456_789, time.FixedZone("there", 7200))
	w := newWorldWith(t, func(o *hermes.Options) { o.Now = func() time.Time { return local } })
	key := w.newKey(keyFor("192.0.2.1"))
	k := ok(t, got(w.store.Key(t.Context(), key.Reveal()[:14])))
	if want := time.Date(2026, 7, 1, 0, 3, 4, 123_456_000, time.UTC); k.Created != want {
		t.Errorf("created %v, want %v, comparable with ==", k.Created, want)
	}
}

// Without randomness nothing is made up: no password, no token, no nonce.
func TestWithoutRandomness(t *testing.T) {
	w := newWorld(t)
	w.opts.Rand = strings.NewReader("")
	w.Client = w.over(w.store)
	ctx, before := t.Context(), snap(t, w.store)
	for why, err := range map[string]error{
		"a session":           only(w.tryLogin("writer", password)),
		"a nonce":             only(w.AuthChallenge(ctx, hermes.AuthChallengeRequest{Key: "x"})),
		"an API key":          only(w.AuthNewKey(ctx, keyFor("192.0.2.1"))),
		"an API user":         only(w.AuthAddUser(ctx, hermes.AuthAddUserRequest{User: "new"})),
		"a user":              only(w.UserAdd(ctx, hermes.UserAddRequest{User: addr("new@example.com")})),
		"a sealed password":   only(changePw(w, "alice@example.com", "wonderland")),
		"a password":          only(changePw(w, "alice@example.com", "")),
		"a random order":      only(w.NumberList(ctx, hermes.NumberListRequest{Random: true})),
		"a password for show": only(w.UserGeneratePassword(ctx, hermes.UserGeneratePasswordRequest{})),
	} {
		if e := refused(t, err, hermes.Internal); !errors.Is(e, io.EOF) {
			t.Errorf("%s: %v with %v inside, want the reader's error", why, e, e.Err)
		}
	}
	same(t, snap(t, w.store), before)
}

func TestErrorIs(t *testing.T) {
	err := error(&hermes.Error{Node: "user/get", Response: hermes.Failed, Cause: hermes.NotFound, Detail: "there is no user", Err: errDisk})
	for _, r := range []struct {
		target error
		want   bool
	}{{hermes.NotFound, true}, {hermes.Exists, false}, {errDisk, true}, {errors.New("x"), false}} {
		if errors.Is(err, r.target) != r.want {
			t.Errorf("Is(%v) is %v", r.target, !r.want)
		}
	}
	if want := "user/get: failed/nonexistant: there is no user"; err.Error() != want || hermes.NotFound.Error() != "nonexistant" {
		t.Errorf("text %q, want %q", err, want)
	}
}
