package campaign_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// jumps are what happens to the clock in a round, in any order. A round is a day longer than
// nothing, so that no two rounds have the same times.
var jumps = []time.Duration{time.Minute, -time.Hour, time.Hour, year, -year, day}

// TestClock_jumps sets the clock back and forward. No number is given out that was claimed or
// assigned, or whose hold or quarantine is not over. A session is valid until its end and never
// afterwards, and not before its beginning. A call is repeated with its idempotency key for a day,
// and is a new call afterwards. The audit trail stays whole.
func TestClock_jumps(t *testing.T) {
	rounds := storetest.Rounds(t, 4)
	for name, open := range map[string]func(t *testing.T) hermes.Store{
		"memory": func(*testing.T) hermes.Store { return memstore.New() },
		"sqlite": func(t *testing.T) hermes.Store {
			store, err := sqlite.Open(t.Context(), newSQLite(t).path, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Close() })
			return store
		},
		"postgresql": func(t *testing.T) hermes.Store {
			store, err := postgres.Open(t.Context(), pgtest.New(t, pgtest.Options{NoFsync: true}).URL(), nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Close() })
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			return store
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClocked(t, open(t), rounds)
			for range rounds {
				for _, i := range rand.Perm(len(jumps)) {
					c.jump(t, jumps[i])
				}
			}
			c.end(t)
		})
	}
}

// clocked is a Client whose clock jumps, and what is known from its answers.
type clocked struct {
	client   *hermes.Client // acts as the program itself
	now      time.Time
	jumps    int
	sessions []*clockedSession
	pool     []e164.Number             // at first
	given    []e164.Number             // claimed, for good
	until    map[e164.Number]time.Time // the ends of holds and quarantines that are not over
	kept     map[string]keptNumber     // the answers to number/claim by idempotency key
}

type clockedSession struct {
	hermes.Credentials
	created, rotated, ends, keyEnds time.Time
	over                            bool // it was shown after its end
}

type keptNumber struct {
	number e164.Number
	until  time.Time
}

const (
	clockedTTL    = 12 * time.Hour
	clockedKeyTTL = 3 * time.Hour
	clockedRest   = 90 * time.Minute // of numbers that were given back
	clockedHold   = 2 * time.Hour
	// callKeys is how many calls are repeated again and again.
	callKeys = 5
)

func newClocked(t *testing.T, store hermes.Store, rounds int) *clocked {
	t.Helper()
	key, err := hermes.ParseSecretKey(strings.Repeat("k", 43))
	if err != nil {
		t.Fatal(err)
	}
	c := &clocked{
		now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), until: map[e164.Number]time.Time{}, kept: map[string]keptNumber{},
	}
	c.client, err = hermes.New(store, &hermes.Options{
		SecretKeys: []hermes.SecretKey{key}, FailedLoginTime: -1, NumberQuarantine: clockedRest, Domains: domains(),
		SessionTTL: clockedTTL, AuthKeyTTL: clockedKeyTTL,
		Backends: []hermes.Backend{local.New(&local.Options{MemoryKiB: 64, Passes: 1})},
		Now:      func() time.Time { return c.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.client.Bootstrap(t.Context(), "admin", hermes.NewSecret(adminPassword)); err != nil {
		t.Fatal(err)
	}
	servers := hermes.DomainSetServersRequest{
		Domain: sip.MustParseDomain(takerDomain), Registrar: sip.MustParseDomain("a.example.com"), RPort: 5060,
		Proxy: sip.MustParseDomain("b.example.com"), PPort: 5060, ProvURL: "https://c.example.com/",
	}
	if _, err := c.client.DomainSetServers(t.Context(), servers); err != nil {
		t.Fatal(err)
	}
	if _, err := c.client.UserAdd(t.Context(), hermes.UserAddRequest{User: clockedUser()}); err != nil {
		t.Fatal(err)
	}
	// More than are taken.
	for i := range rounds * len(jumps) * (callKeys + 4) {
		c.pool = append(c.pool, e164.MustParse(fmt.Sprintf("+%d", takerStart+i)))
	}
	r := hermes.NumberAddRangeRequest{Start: c.pool[0], End: c.pool[len(c.pool)-1]}
	if _, err := c.client.NumberAddRange(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return c
}

func clockedUser() sip.Addr { return sip.MustParse("user@" + takerDomain) }

// jump sets the clock, and makes calls.
func (c *clocked) jump(t *testing.T, by time.Duration) {
	t.Helper()
	c.now = c.now.Add(by)
	c.jumps++
	for n, until := range c.until {
		if !c.now.Before(until) {
			delete(c.until, n)
		}
	}
	c.checkSessions(t)
	if len(c.sessions) < 20 {
		c.login(t)
		c.checkSessions(t)
	}
	c.takeNumbers(t)
	c.repeatCalls(t)
	if c.jumps%2 == 0 {
		if _, err := c.client.SweepSessions(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.client.SealAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// login opens a session.
func (c *clocked) login(t *testing.T) {
	t.Helper()
	r := hermes.AuthLoginRequest{Username: "admin", Password: hermes.NewSecret(adminPassword)}
	res, err := c.client.As(hermes.Actor{}).AuthLogin(t.Context(), r)
	if err != nil {
		t.Fatalf("at %v: log in: %v", c.now, err)
	}
	c.sessions = append(c.sessions, &clockedSession{
		Credentials: hermes.Credentials{Session: res.Session, AuthKey: res.AuthKey, Cookie: res.Cookie.Value},
		created:     c.now, rotated: c.now, ends: c.now.Add(clockedTTL), keyEnds: c.now.Add(clockedKeyTTL),
	})
}

// checkSessions shows each session, and renews those that are valid. It forgets those that are
// over for good.
func (c *clocked) checkSessions(t *testing.T) {
	t.Helper()
	for _, s := range c.sessions {
		begins := s.created
		if s.rotated.After(begins) {
			begins = s.rotated
		}
		wasOver := s.over
		s.over = s.over || !c.now.Before(s.ends) || !c.now.Before(s.keyEnds)
		// Clocks of several servers may be a minute apart.
		want := !s.over && !begins.After(c.now.Add(time.Minute))
		actor, err := c.client.As(hermes.Actor{}).Authenticate(t.Context(), s.Credentials)
		if (err == nil) != want || err != nil && !errors.Is(err, hermes.Unauthorized) {
			t.Fatalf("at %v: a session of %v, renewed at %v, that ends at %v, its key at %v, was over before: %v: got %v, want it valid: %v",
				c.now, s.created, s.rotated, s.ends, s.keyEnds, wasOver, err, want)
		}
		if !want || c.jumps%3 != 0 {
			continue
		}
		res, err := c.client.As(actor).AuthPing(t.Context(), hermes.AuthPingRequest{})
		if err != nil {
			t.Fatalf("at %v: ping: %v", c.now, err)
		}
		s.AuthKey, s.rotated, s.keyEnds = res.AuthKey, c.now, c.now.Add(clockedKeyTTL)
		if s.keyEnds.After(s.ends) {
			s.keyEnds = s.ends
		}
	}
	if c.jumps%len(jumps) == 0 {
		c.sessions = slices.DeleteFunc(c.sessions, func(s *clockedSession) bool { return s.over })
	}
}

// takeNumbers holds a number, claims one, and assigns one and gives it back: every other time the
// first one that is free, which is next to those that are held or cooling.
func (c *clocked) takeNumbers(t *testing.T) {
	t.Helper()
	ctx, random := t.Context(), c.jumps%2 == 0
	holder := c.client.As(hermes.Actor{Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "holder"}, Access: hermes.FullWrite})
	held, err := holder.NumberHold(ctx, hermes.NumberHoldRequest{Random: random, TTL: hermes.Duration(clockedHold)})
	c.mustBeFree(t, "hold", held.Number, err)
	c.until[held.Number] = c.now.Add(clockedHold)
	claimed, err := c.client.NumberClaim(ctx, hermes.NumberClaimRequest{Random: random})
	c.mustBeFree(t, "claim", claimed.Number, err)
	c.given = append(c.given, claimed.Number)
	assigned, err := c.client.NumberAssign(ctx, hermes.NumberAssignRequest{User: clockedUser(), Random: random})
	c.mustBeFree(t, "assign", assigned.Number, err)
	if _, err := c.client.NumberRelease(ctx, hermes.NumberReleaseRequest{Number: assigned.Number}); err != nil {
		t.Fatalf("at %v: release %s: %v", c.now, assigned.Number, err)
	}
	c.until[assigned.Number] = c.now.Add(clockedRest)
}

// mustBeFree checks that a number that a call has taken was free.
func (c *clocked) mustBeFree(t *testing.T, what string, n e164.Number, err error) {
	t.Helper()
	until, isKept := c.until[n]
	if err != nil || isKept || slices.Contains(c.given, n) {
		t.Fatalf("at %v: %s: got %v, %v, which is held or cooling until %v, or was claimed", c.now, what, n, err, until)
	}
}

// repeatCalls makes calls that have been made before with the same idempotency keys.
func (c *clocked) repeatCalls(t *testing.T) {
	t.Helper()
	for i := range callKeys {
		key, replayed := fmt.Sprintf("call-%d", i), false
		kept, isKept := c.kept[key]
		want := isKept && c.now.Before(kept.until)
		res, err := c.client.With(hermes.CallOptions{IdempotencyKey: key, Replayed: &replayed}).
			NumberClaim(t.Context(), hermes.NumberClaimRequest{Random: true})
		if err != nil || replayed != want || replayed && res.Number != kept.number {
			t.Fatalf("at %v: a call whose answer %v is kept until %v: got %v, %v, repeated: %v", c.now, kept.number, kept.until, res.Number, err, replayed)
		}
		if !replayed {
			c.mustBeFree(t, "claim", res.Number, err)
			c.given = append(c.given, res.Number)
			c.kept[key] = keptNumber{number: res.Number, until: c.now.Add(day)}
		}
	}
}

// end checks the audit trail, and that each number is in one place.
func (c *clocked) end(t *testing.T) {
	t.Helper()
	if _, err := c.client.AuditVerify(t.Context(), hermes.AuditVerifyRequest{}); err != nil {
		t.Error(err)
	}
	all := slices.Clone(c.given)
	for _, state := range []hermes.NumberState{hermes.NumberFree, hermes.NumberHeld, hermes.NumberCooling} {
		res, err := c.client.NumberList(t.Context(), hermes.NumberListRequest{State: state})
		if errors.Is(err, hermes.Empty) {
			continue
		}
		var numbers []e164.Number
		if err == nil {
			numbers, err = res.List.Collect()
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, numbers...)
	}
	slices.SortFunc(all, e164.Number.Compare)
	if d := cmp.Diff(fmt.Sprint(c.pool), fmt.Sprint(all)); d != "" {
		t.Errorf("the pool, and where its numbers are now (-first +now):\n%s", d)
	}
	t.Logf("the clock jumped %d times, and %d numbers were claimed", c.jumps, len(c.given))
}
