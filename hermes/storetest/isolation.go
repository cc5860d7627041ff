package storetest

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// testIsolation tests that concurrent transactions with the same locks have the effect of some
// order, one after the other. Most tests are about write skew: each of two transactions reads what
// the other writes, so that each alone keeps a rule, and both at the same time would break it.
func testIsolation(t *testing.T, open openFunc) {
	t.Run("no increment is lost that reads and then writes", func(t *testing.T) { testIncrements(t, open(t).Store) })
	t.Run("others see all writes of a transaction or none", func(t *testing.T) { testSeenWhole(t, open(t).Store) })
	t.Run("no alias leads to a removed user", func(t *testing.T) { testDanglingAlias(t, open(t).Store) })
	t.Run("no phone belongs to a removed user", func(t *testing.T) { testDanglingPhone(t, open(t).Store) })
	t.Run("no user gets two E.164 aliases", func(t *testing.T) { testTwoNumberAliases(t, open(t).Store) })
	t.Run("no address becomes both a user and an alias", func(t *testing.T) { testUserOrAlias(t, open(t).Store) })
	t.Run("no aliased number is in the pool", func(t *testing.T) { testPoolOrAlias(t, open(t).Store) })
	t.Run("the last principal with full access keeps it", func(t *testing.T) { testLastAdmin(t, open(t).Store) })
}

func testIncrements(t *testing.T, s hermes.Store) {
	const workers, increments = 8, 10
	counter := servers("example.com")
	counter.RPort = 1
	must(t, s.SetServers(t.Context(), counter))
	increment := func(tx hermes.Store) error {
		v, err := tx.Servers(t.Context(), counter.Domain)
		if err != nil {
			return err
		}
		runtime.Gosched()
		v.RPort++
		return tx.SetServers(t.Context(), v)
	}
	errs := runConcurrently(workers, func(int) error {
		for range increments {
			if err := s.Tx(t.Context(), locked(hermes.LockDomain(counter.Domain)), increment); err != nil {
				return err
			}
		}
		return nil
	})
	must(t, firstError(errs...))
	counter.RPort += workers * increments
	wantServers(t, s, counter)
}

// testSeenWhole moves a number between the pool and the aliases, while others read both.
func testSeenWhole(t *testing.T, s hermes.Store) {
	n, a := number("+4773500001"), alias("+4773500001@example.com", "alice@example.com")
	must(t, addNumber(t.Context(), s, n))
	move := func(tx hermes.Store, round int) error {
		if round%2 == 0 {
			return firstError(removeNumber(t.Context(), tx, n), addAlias(t.Context(), tx, a))
		}
		return firstError(errorOf(tx.RemoveAlias(t.Context(), a.Alias)), addNumber(t.Context(), tx, n))
	}
	read := func(tx hermes.Store) error {
		pooled, aliased, err := pooledAndAliased(t, tx, n)
		if err == nil && pooled == aliased {
			return fmt.Errorf("%s: in the pool: %t, aliased: %t, want one of them", n, pooled, aliased)
		}
		return err
	}
	moves := Rounds(t, 50)
	errs := runConcurrently(4, func(worker int) error {
		for round := range moves {
			err := s.Tx(t.Context(), locked(hermes.LockNumber(n)), func(tx hermes.Store) error {
				if worker == 0 {
					return move(tx, round)
				}
				return read(tx)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	must(t, firstError(errs...))
}

func pooledAndAliased(t *testing.T, tx hermes.Store, n e164.Number) (pooled, aliased bool, err error) {
	if pooled, err = hasNumber(t.Context(), tx, n); err != nil {
		return false, false, err
	}
	runtime.Gosched()
	aliased, err = tx.NumberAliased(t.Context(), n)
	return pooled, aliased, err
}

func locked(locks ...hermes.Lock) *hermes.TxOptions { return &hermes.TxOptions{Locks: locks} }

// runTxs runs each of fns in two transactions with the lock of the round, all at the same time, and
// then check. It repeats this with the next round's number. Each fn may fail with errOwn or a bare
// cause only.
func runTxs(t *testing.T, s hermes.Store, lock func(round int) hermes.Lock, check func(round int),
	fns ...func(tx hermes.Store, round int) error) {
	t.Helper()
	for round := range Rounds(t, 50) {
		errs := runConcurrently(2*len(fns), func(i int) error {
			return s.Tx(t.Context(), locked(lock(round)), func(tx hermes.Store) error { return fns[i%len(fns)](tx, round) })
		})
		for _, err := range errs {
			if isFault(err) && err != errOwn {
				t.Fatalf("round %d: got %v, want nil, a bare cause or fn's own error", round, err)
			}
		}
		check(round)
	}
}

func testDanglingAlias(t *testing.T, s hermes.Store) {
	testDangling(t, s,
		func(tx hermes.Store, u sip.Addr) (bool, error) {
			page, err := tx.Aliases(t.Context(), hermes.AliasQuery{Destination: u, Limit: 1})
			return len(page) > 0, err
		},
		func(tx hermes.Store, u sip.Addr) error {
			return addAlias(t.Context(), tx, hermes.Alias{Alias: addr("x" + u.String()), Destination: u})
		})
}

func testDanglingPhone(t *testing.T, s hermes.Store) {
	testDangling(t, s,
		func(tx hermes.Store, u sip.Addr) (bool, error) {
			phones, err := tx.UserPhones(t.Context(), u)
			return len(phones) > 0, err
		},
		func(tx hermes.Store, u sip.Addr) error {
			round, err := strconv.Atoi(strings.TrimPrefix(u.User(), "u"))
			must(t, err)
			return addPhone(t.Context(), tx, hermes.Phone{MAC: macAddr("001122334455"), User: u, Line: round + 1})
		})
}

// testDangling removes users that are not referred to, while references are added to users that
// exist.
func testDangling(t *testing.T, s hermes.Store,
	referred func(tx hermes.Store, u sip.Addr) (bool, error), refer func(tx hermes.Store, u sip.Addr) error) {
	user := func(round int) sip.Addr { return nthAddr("u%d@example.com", round) }
	for round := range Rounds(t, 50) {
		mustAddUser(t, s, localUser(user(round).String()))
	}
	check := func(round int) {
		isReferred, err := referred(s, user(round))
		must(t, err)
		if _, err := s.User(t.Context(), user(round)); isReferred != (err == nil) {
			t.Fatalf("round %d: the user is referred to: %t; looking it up: %v", round, isReferred, err)
		}
	}
	remove := func(tx hermes.Store, round int) error {
		isReferred, err := referred(tx, user(round))
		if err != nil {
			return err
		}
		if isReferred {
			return errOwn
		}
		runtime.Gosched()
		return errorOf(tx.RemoveUser(t.Context(), user(round)))
	}
	add := func(tx hermes.Store, round int) error {
		if _, err := tx.User(t.Context(), user(round)); err != nil {
			return err
		}
		runtime.Gosched()
		return refer(tx, user(round))
	}
	runTxs(t, s, func(round int) hermes.Lock { return hermes.LockAddr(user(round)) }, check, remove, add)
}

func testTwoNumberAliases(t *testing.T, s hermes.Store) {
	aliasesOf := func(tx hermes.Store, round int) ([]hermes.Alias, error) {
		return tx.Aliases(t.Context(), hermes.AliasQuery{Destination: nthAddr("u%d@example.com", round), Limit: 10})
	}
	check := func(round int) {
		page, err := aliasesOf(s, round)
		wantEqual(t, len(page), err, 1)
	}
	addIn := func(aliasDomain string) func(tx hermes.Store, round int) error {
		return func(tx hermes.Store, round int) error {
			page, err := aliasesOf(tx, round)
			if err != nil {
				return err
			}
			if len(page) > 0 {
				return errOwn
			}
			runtime.Gosched()
			return addAlias(t.Context(), tx, hermes.Alias{
				Alias: nthAddr("+4773%05d@"+aliasDomain, round), Destination: nthAddr("u%d@example.com", round),
			})
		}
	}
	lock := func(round int) hermes.Lock { return hermes.LockAddr(nthAddr("u%d@example.com", round)) }
	runTxs(t, s, lock, check, addIn("a.example"), addIn("b.example"))
}

func testUserOrAlias(t *testing.T, s hermes.Store) {
	address := func(round int) sip.Addr { return nthAddr("a%d@example.com", round) }
	check := func(round int) {
		page, err := s.Aliases(t.Context(), hermes.AliasQuery{Alias: address(round), Limit: 10})
		must(t, err)
		if _, err := s.User(t.Context(), address(round)); (len(page) == 1) == (err == nil) {
			t.Fatalf("round %d: aliases %v; looking the user up: %v", round, page, err)
		}
	}
	wantFree := func(tx hermes.Store, a sip.Addr) error {
		holder, err := tx.Holder(t.Context(), a)
		if err == nil && holder != hermes.HeldByNone {
			err = errOwn
		}
		runtime.Gosched()
		return err
	}
	addUser := func(tx hermes.Store, round int) error {
		if err := wantFree(tx, address(round)); err != nil {
			return err
		}
		return tx.AddUser(t.Context(), remoteUser(address(round).String()))
	}
	addAlias := func(tx hermes.Store, round int) error {
		if err := wantFree(tx, address(round)); err != nil {
			return err
		}
		return addAlias(t.Context(), tx, hermes.Alias{Alias: address(round), Destination: addr("x@example.com")})
	}
	runTxs(t, s, func(round int) hermes.Lock { return hermes.LockAddr(address(round)) }, check, addUser, addAlias)
}

// testPoolOrAlias runs the reads and writes of the nodes number/add and alias/add, and
// number/add_range at the same time.
func testPoolOrAlias(t *testing.T, s hermes.Store) {
	nth := func(round int) e164.Number { return nthNumber("+4773", 5, round) }
	check := func(round int) {
		pooled, aliased, err := pooledAndAliased(t, s, nth(round))
		must(t, err)
		if pooled || !aliased {
			t.Fatalf("round %d: %s: in the pool: %t, aliased: %t", round, nth(round), pooled, aliased)
		}
	}
	addNumber := func(tx hermes.Store, round int) error {
		aliased, err := tx.NumberAliased(t.Context(), nth(round))
		if err != nil {
			return err
		}
		if aliased {
			return errOwn
		}
		runtime.Gosched()
		return addNumber(t.Context(), tx, nth(round))
	}
	addAlias := func(tx hermes.Store, round int) error {
		return addAlias(t.Context(), tx, alias(nth(round).String()+"@example.com", "x@example.com"))
	}
	var ranges sync.WaitGroup
	ended := make(chan struct{})
	ranges.Go(func() {
		for {
			select {
			case <-ended:
				return
			default:
				if _, err := s.AddNumbers(t.Context(), nth(0), nth(9999)); err != nil {
					t.Errorf("adding a range: %v", err)
					return
				}
			}
		}
	})
	for round := range Rounds(t, 50) {
		errs := runConcurrently(4, func(i int) error {
			return s.Tx(t.Context(), locked(hermes.LockNumber(nth(round))), func(tx hermes.Store) error {
				return []func(hermes.Store, int) error{addNumber, addAlias}[i%2](tx, round)
			})
		})
		for _, err := range errs {
			if isFault(err) && err != errOwn {
				t.Errorf("round %d: got %v, want nil, a bare cause or fn's own error", round, err)
			}
		}
	}
	close(ended)
	ranges.Wait()
	for round := range Rounds(t, 50) {
		check(round)
	}
}

func testLastAdmin(t *testing.T, s hermes.Store) {
	admins := []hermes.Principal{userPrincipal("alice"), keyPrincipal("k1")}
	countAdmins := func(tx hermes.Store) (int, error) {
		all, err := tx.Authorizations(t.Context())
		isAdmin := func(a hermes.Authorization) bool { return a.Access == hermes.FullWrite }
		return len(filter(all, isAdmin)), err
	}
	raise := func() {
		for _, p := range admins {
			mustAuthorize(t, s, p, hermes.FullWrite)
		}
	}
	check := func(int) {
		n, err := countAdmins(s)
		wantEqual(t, n, err, 1)
		raise()
	}
	lower := func(p hermes.Principal) func(tx hermes.Store, round int) error {
		return func(tx hermes.Store, _ int) error {
			n, err := countAdmins(tx)
			if err != nil {
				return err
			}
			if n < 2 {
				return errOwn
			}
			runtime.Gosched()
			return tx.SetAuthorization(t.Context(), hermes.Authorization{Principal: p, Access: hermes.LimitedRead})
		}
	}
	raise()
	runTxs(t, s, func(int) hermes.Lock { return hermes.LockAccess() }, check, lower(admins[0]), lower(admins[1]))
}
