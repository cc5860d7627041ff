package hermes_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// withKey returns a client whose calls have the idempotency key, and which tells in replayed what
// CallOptions.Replayed says.
func withKey(c *hermes.Client, key string) (with *hermes.Client, replayed *bool) {
	replayed = new(bool)
	return c.With(hermes.CallOptions{IdempotencyKey: key, Replayed: replayed}), replayed
}

// A call that is repeated with its key returns the same response, secrets included, and does
// nothing.
func TestNode_Call_idempotencyKey(t *testing.T) {
	t.Parallel()
	forEachNode(t, func(t *testing.T, e *env, n hermes.Node, s nodeSample) {
		client, replayed := withKey(e.client.As(s.actor), "k")
		before := takeSnapshot(t, e.store, s.cred)
		first, err := n.Call(t.Context(), client, s.req)
		if n.Changes && !n.TakesOptions() {
			wantCause(t, err, hermes.Parameters)
			wantEqual(t, takeSnapshot(t, e.store, s.cred), before)
			return
		}
		wantCause(t, err, "")
		if *replayed {
			t.Error("the first call says that it was a replay")
		}
		if !n.TakesOptions() {
			return
		}
		between := takeSnapshot(t, e.store, s.cred)
		second, err := n.Call(t.Context(), client, s.req)
		wantCause(t, err, "")
		if !*replayed {
			t.Error("the second call says that it was no replay")
		}
		wantEqual(t, second, first)
		wantEqual(t, takeSnapshot(t, e.store, s.cred), between)

		client, _ = withKey(e.client.As(s.actor), "not a key")
		_, err = n.Call(t.Context(), client, s.req)
		var refusal *hermes.Error
		if !errors.As(err, &refusal) || refusal.Cause != hermes.Parameters {
			t.Fatalf("got %v, want the cause parameters", err)
		}
		wantEqual(t, refusal, n.BadParameter(refusal.Detail))
	})
}

func claim(t testing.TB, c *hermes.Client) (string, error) {
	res, err := c.NumberClaim(t.Context(), hermes.NumberClaimRequest{})
	return res.Number.String(), err
}

func mustClaim(t testing.TB, c *hermes.Client) string {
	t.Helper()
	n, err := claim(t, c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestClient_idempotencyKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		change func(t *testing.T, e *env, c *hermes.Client) *hermes.Client // before the second call
		same   bool                                                        // it returns the same number
	}{
		{"nothing else", func(_ *testing.T, _ *env, c *hermes.Client) *hermes.Client { return c }, true},
		{"another key", func(_ *testing.T, _ *env, c *hermes.Client) *hermes.Client {
			return c.With(hermes.CallOptions{IdempotencyKey: "K"})
		}, false},
		{"no key", func(_ *testing.T, _ *env, c *hermes.Client) *hermes.Client { return c.With(hermes.CallOptions{}) }, false},
		{"another principal", func(_ *testing.T, _ *env, c *hermes.Client) *hermes.Client {
			a := c.Actor()
			a.Principal.Name = "bob"
			return c.As(a)
		}, false},
		{"a principal of another kind", func(_ *testing.T, _ *env, c *hermes.Client) *hermes.Client {
			a := c.Actor()
			a.Principal.Kind = hermes.KeyPrincipal
			return c.As(a)
		}, false},
		{"the program", func(_ *testing.T, e *env, c *hermes.Client) *hermes.Client { return c.As(e.client.Actor()) }, false},
		{"almost a day later", func(_ *testing.T, e *env, c *hermes.Client) *hermes.Client {
			e.clock.sleep(24*time.Hour - time.Microsecond)
			return c
		}, true},
		{"a day later", func(_ *testing.T, e *env, c *hermes.Client) *hermes.Client {
			e.clock.sleep(24 * time.Hour)
			return c
		}, false},
		{"another process", func(t *testing.T, e *env, c *hermes.Client) *hermes.Client {
			return e.newClient(t, e.store).As(c.Actor()).With(hermes.CallOptions{IdempotencyKey: "k"})
		}, true},
		{"after the sweep of a day", func(t *testing.T, e *env, c *hermes.Client) *hermes.Client {
			e.clock.sleep(24 * time.Hour)
			if n, err := e.client.SweepSessions(t.Context()); n == 0 || err != nil {
				t.Errorf("SweepSessions: %d, %v", n, err)
			}
			if keys, err := e.store.AnswerKeys(t.Context(), hermes.AnswerQuery{Limit: 1}); len(keys) != 0 || err != nil {
				t.Errorf("after SweepSessions: %v, %v", keys, err)
			}
			return c
		}, false},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			alice := hermes.Principal{Kind: hermes.UserPrincipal, Name: "alice"}
			c, _ := withKey(e.client.As(hermes.Actor{Principal: alice, Access: hermes.FullWrite}), "k")
			first := mustClaim(t, c)
			if second := mustClaim(t, tt.change(t, e, c)); (second == first) != tt.same {
				t.Errorf("got %s and then %s, want the same: %t", first, second, tt.same)
			}
		})
	}
}

func TestClient_idempotencyKey_otherRequest(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	c, _ := withKey(e.client, "k")
	add := func(c *hermes.Client, password string) error {
		_, err := c.UserChangePw(t.Context(), hermes.UserChangePwRequest{User: alice, Password: hermes.NewSecret(password)})
		return err
	}
	wantCause(t, add(c, "correct horse"), "")
	wantCause(t, add(c, "correct horse"), "")
	wantCause(t, add(c, "battery staple"), hermes.Parameters)
	wantCause(t, add(c.With(hermes.CallOptions{IdempotencyKey: "k", Parameters: "p"}), "correct horse"), hermes.Parameters)

	// The parameters decide if there are any.
	withParameters := func(p string) *hermes.Client {
		return e.client.With(hermes.CallOptions{IdempotencyKey: "other", Parameters: p})
	}
	wantCause(t, add(withParameters("p"), "correct horse"), "")
	wantCause(t, add(withParameters("p"), "battery staple"), "")
	wantCause(t, add(withParameters("q"), "correct horse"), hermes.Parameters)
}

func TestClient_idempotencyKey_notKept(t *testing.T) {
	t.Parallel()
	wantNoKeys := func(t *testing.T, e *env) {
		t.Helper()
		if keys, err := e.store.AnswerKeys(t.Context(), hermes.AnswerQuery{Limit: 9}); len(keys) != 0 || err != nil {
			t.Errorf("kept: %v, %v; want nothing", keys, err)
		}
	}
	t.Run("a refusal", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		c, _ := withKey(e.client, "k")
		_, err := c.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: phone1, User: alice})
		wantCause(t, err, hermes.Exists)
		wantNoKeys(t, e)
	})
	t.Run("a dry run", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		c, _ := withKey(e.client, "k")
		dry := mustClaim(t, c.DryRun())
		wantNoKeys(t, e)
		if wet := mustClaim(t, c); wet != dry {
			t.Errorf("got %s after a dry run that got %s", wet, dry)
		}
		if again := mustClaim(t, c.DryRun()); again == dry {
			t.Errorf("a dry run used the key: it got %s again", again)
		}
	})
	t.Run("a transaction that is rolled back", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		errOwn := errors.New("own")
		err := e.client.Tx(t.Context(), func(c *hermes.Client) error {
			c, replayed := withKey(c, "k")
			first := mustClaim(t, c)
			if second := mustClaim(t, c); second != first || !*replayed {
				t.Errorf("got %s and then %s in the transaction, a replay: %t", first, second, *replayed)
			}
			return errOwn
		})
		if err != errOwn {
			t.Fatal(err)
		}
		wantNoKeys(t, e)
	})
	t.Run("permissions that are read", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		c, _ := withKey(e.withAccess(hermes.LimitedRead), "k")
		_, err := c.UserPermissions(t.Context(), hermes.UserPermissionsRequest{User: alice})
		wantCause(t, err, "")
		wantNoKeys(t, e)
	})
}

// A call that is repeated while it runs makes one change, and all get its answer.
func TestClient_idempotencyKey_concurrent(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	var wg sync.WaitGroup
	got := make([]string, 32)
	for i := range got {
		wg.Go(func() {
			c, _ := withKey(e.client, "k")
			got[i] = mustClaim(t, c)
		})
	}
	wg.Wait()
	for _, n := range got {
		if n != got[0] {
			t.Errorf("got %q, want one number", got)
			break
		}
	}
	numbers, err := e.store.Numbers(t.Context(), hermes.NumberQuery{Limit: 99})
	if len(numbers) != 8 || err != nil {
		t.Errorf("%d of 9 numbers are left, %v; want 8", len(numbers), err)
	}
}

// lostCommit is a store that commits the next transaction and says that it does not know.
type lostCommit struct {
	hermes.Store
	lose bool
}

// Tx implements [hermes.Store].
func (s *lostCommit) Tx(ctx context.Context, opts *hermes.TxOptions, fn func(hermes.Store) error) error {
	err := s.Store.Tx(ctx, opts, fn)
	if err == nil && s.lose {
		s.lose = false
		return hermes.ErrOutcomeUnknown
	}
	return err
}

func TestClient_idempotencyKey_outcomeUnknown(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := &lostCommit{Store: e.store, lose: true}
	c, replayed := withKey(e.newClient(t, s), "k")
	_, err := claim(t, c)
	wantCause(t, err, hermes.StoreFailed)
	if n := mustClaim(t, c); n != inPool.String() || !*replayed {
		t.Errorf("got %s, a replay: %t; want %s, which was taken", n, *replayed, inPool)
	}
}

// What a principal had kept goes with it, and cannot come after it.
func TestClient_idempotencyKey_principalRemoved(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	writer := func() *hermes.Client {
		c, _ := withKey(mustAuthenticate(t, e, mustLogin(t, e, "writer")), "k")
		return c
	}
	late, _ := withKey(mustAuthenticate(t, e, mustLogin(t, e, "writer")), "late")
	first := mustClaim(t, writer())
	if _, err := e.client.AuthRemoveUser(t.Context(), hermes.AuthRemoveUserRequest{User: "writer"}); err != nil {
		t.Fatal(err)
	}
	_, err := claim(t, late)
	wantCause(t, err, hermes.Unauthorized)
	if keys, err := e.store.AnswerKeys(t.Context(), hermes.AnswerQuery{Limit: 9}); len(keys) != 0 || err != nil {
		t.Errorf("kept of a removed user: %v, %v", keys, err)
	}
	_, err = e.client.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "writer", Password: hermes.NewSecret(password)})
	wantCause(t, err, "")
	_, err = e.client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "writer", Access: hermes.LimitedWrite})
	wantCause(t, err, "")
	if second := mustClaim(t, writer()); second == first {
		t.Errorf("a new user of the same name got the old one's answer")
	}
}

func TestClient_idempotencyKey_rekey(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	call := func(keys ...hermes.SecretKey) (hermes.UserAddResponse, bool, error) {
		e.opts.SecretKeys = keys
		c, replayed := withKey(e.newClient(t, e.store), "k")
		res, err := c.UserAdd(t.Context(), hermes.UserAddRequest{User: addr("new@example.com")})
		return res, *replayed, err
	}
	oldKey, newKey := e.opts.SecretKeys[0], mustSecretKey(t)
	first, _, err := call(oldKey)
	wantCause(t, err, "")
	e.opts.SecretKeys = []hermes.SecretKey{newKey, oldKey}
	if _, err := e.newClient(t, e.store).Rekey(t.Context()); err != nil {
		t.Fatal(err)
	}
	second, replayed, err := call(newKey)
	wantCause(t, err, "")
	wantEqual(t, second, first)
	if !replayed {
		t.Error("after Rekey the user was added again")
	}
	_, _, err = call(oldKey)
	wantCause(t, err, hermes.Internal)
	if _, err := e.newClient(t, e.store).Rekey(t.Context()); !errors.Is(err, hermes.Internal) {
		t.Errorf("Rekey without the key: %v, want %s", err, hermes.Internal)
	}
}

// A sealed answer opens in its own row only, and until it expires.
func TestClient_idempotencyKey_sealed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(a *hermes.KeptAnswer){
		"another key":       func(a *hermes.KeptAnswer) { a.Key.Key = "k2" },
		"another principal": func(a *hermes.KeptAnswer) { a.Key.Principal = hermes.Principal{Kind: hermes.UserPrincipal, Name: "x"} },
		"a later end":       func(a *hermes.KeptAnswer) { a.Expires = a.Expires.Add(time.Second) },
	} {
		e := newEnv(t)
		c, _ := withKey(e.client, "k")
		mustClaim(t, c)
		keys, err := e.store.AnswerKeys(t.Context(), hermes.AnswerQuery{Limit: 1})
		wantCause(t, err, "")
		a, err := e.store.Answer(t.Context(), keys[0])
		wantCause(t, err, "")
		change(&a)
		if err := e.store.SetAnswer(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		actor := e.client.Actor()
		actor.Principal = a.Key.Principal
		c, _ = withKey(e.client.As(actor), a.Key.Key)
		if _, err = claim(t, c); !errors.Is(err, hermes.Internal) {
			t.Errorf("%s: got %v, want %s", name, err, hermes.Internal)
		}
	}
}

// A replay writes no log line, and calls nothing that follows a change.
func TestClient_idempotencyKey_log(t *testing.T) {
	t.Parallel()
	e, log := newAuditEnv(t)
	client, _ := withKey(e.client, "k")
	remove := func() {
		if _, err := nodeAt(t, "user/remove").Call(t.Context(), client, &hermes.UserRemoveRequest{User: dora}); err != nil {
			t.Fatal(err)
		}
	}
	remove()
	wantAudit(t, log, "user/remove   dora@example.com ok")
	remove()
	if lines := readAudit(t, log); lines != nil {
		t.Errorf("the replay wrote %q", lines)
	}
}
