package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// use returns the use of a number by a user at a minute.
func use(name string, minute int) hermes.NumberUse {
	return hermes.NumberUse{By: userPrincipal(name), Now: at(minute)}
}

// held returns what a number is that a user holds until a minute.
func held(n, name string, minute int) hermes.PooledNumber {
	return hermes.PooledNumber{Number: number(n), State: hermes.NumberHeld, Until: at(minute), Holder: userPrincipal(name)}
}

func cooling(n string, minute int) hermes.PooledNumber {
	return hermes.PooledNumber{Number: number(n), State: hermes.NumberCooling, Until: at(minute)}
}

func free(n string) hermes.PooledNumber {
	return hermes.PooledNumber{Number: number(n), State: hermes.NumberFree}
}

// testHold tests the numbers that are held or cooling.
func testHold(t *testing.T, open openFunc) {
	t.Run("HoldNumber", func(t *testing.T) { testHoldNumber(t, open) })
	t.Run("HoldAny", func(t *testing.T) { testHoldAny(t, open) })
	t.Run("UnholdNumber", func(t *testing.T) { testUnholdNumber(t, open) })
	t.Run("a reserved number", func(t *testing.T) { testReserved(t, open) })
	t.Run("a reserved number, for others", func(t *testing.T) { testReservedForOthers(t, open) })
	t.Run("a number whose time has passed", func(t *testing.T) { testPassed(t, open) })
	t.Run("ReleaseNumber with a quarantine", func(t *testing.T) { testQuarantine(t, open) })
	t.Run("many numbers whose time has passed", func(t *testing.T) { testManyPassed(t, open(t).Store) })
	t.Run("numbers of many clients while the clock moves", func(t *testing.T) { testNumberLives(t, open(t).Store) })
	t.Run("CountNumbers", func(t *testing.T) { testCountNumbers(t, open(t).Store) })
	t.Run("lists by state", func(t *testing.T) { testStateLists(t, open(t).Store) })
}

func testHoldNumber(t *testing.T, open openFunc) {
	t.Run("a free number is held by one principal, who may hold it anew", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4711", "+47110")
		before, err := s.HoldNumber(t.Context(), number("+4711"), use("alice", 0), at(5))
		wantEqual(t, before, err, free("+4711"))
		wantPlace(t, s, 4, held("+4711", "alice", 5))
		before, err = s.HoldNumber(t.Context(), number("+4711"), use("alice", 1), at(3))
		wantEqual(t, before, err, held("+4711", "alice", 5))
		wantPlace(t, s, 2, held("+4711", "alice", 3))
		before, err = s.HoldNumber(t.Context(), number("+4711"), use("bob", 1), at(9))
		wantRefused(t, before, err, held("+4711", "alice", 3), hermes.InUse)
		wantPlace(t, s, 1, held("+4711", "alice", 3))
		wantPlace(t, s, 1, free("+47110"))
		wantCause(t, errorOf(s.HoldNumber(t.Context(), number("+4712"), use("bob", 1), at(9))), hermes.NotFound)
	})
	t.Run("principals of another kind with the same name are others", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4711")
		mustHold(t, s, "+4711", "alice", 5)
		for _, kind := range []hermes.PrincipalKind{hermes.KeyPrincipal, hermes.ProgramPrincipal, ""} {
			by := hermes.NumberUse{By: hermes.Principal{Kind: kind, Name: "alice"}, Now: at(0)}
			wantCause(t, errorOf(s.RemoveNumber(t.Context(), number("+4711"), by)), hermes.InUse)
		}
		program := hermes.NumberUse{By: hermes.Principal{Kind: hermes.ProgramPrincipal}, Now: at(0)}
		mustAddNumber(t, s, "+4712")
		must(t, errorOf(s.HoldNumber(t.Context(), number("+4712"), program, at(5))))
		must(t, errorOf(s.RemoveNumber(t.Context(), number("+4712"), program)))
	})
	t.Run("a number that an alias has is InUse, and not held", func(t *testing.T) {
		s := open(t).Store
		mustAddAlias(t, s, alias("+4711@example.com", "alice@example.com"))
		mustAddNumber(t, s, "+4711")
		before, err := s.HoldNumber(t.Context(), number("+4711"), use("alice", 0), at(5))
		wantRefused(t, before, err, free("+4711"), hermes.InUse)
		wantPool(t, s, "+4711")
	})
	t.Run("nothing is held if the transaction fails", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4711", "+4712")
		err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			mustHold(t, tx, "+4711", "alice", 5)
			wantPool(t, tx, "+4712")
			must(t, errorOf(tx.HoldAny(t.Context(), hermes.TakeQuery{Now: at(0)}, userPrincipal("alice"), at(5))))
			wantPool(t, tx)
			return errOwn
		})
		wantError(t, err, errOwn)
		wantPool(t, s, "+4711", "+4712")
		n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Now: at(0)})
		wantEqual(t, n, err, number("+4711"))
	})
}

func testHoldAny(t *testing.T, open openFunc) {
	for _, random := range []bool{false, true} {
		t.Run(fmt.Sprintf("free numbers that match are held, one after the other; at random: %t", random), func(t *testing.T) {
			s := open(t).Store
			mustAddAlias(t, s, alias("+4714@example.com", "alice@example.com"))
			mustAddNumber(t, s, "+4611", "+4711", "+4712", "+4713", "+4714", "+4811")
			mustHold(t, s, "+4713", "alice", 5)
			q := hermes.TakeQuery{Now: at(0), Match: pattern("+47*"), Random: random}
			var got []e164.Number
			for range 2 {
				n, err := s.HoldAny(t.Context(), q, userPrincipal("alice"), at(5))
				must(t, err)
				got = append(got, n)
			}
			if random {
				slices.SortFunc(got, e164.Number.Compare)
			}
			wantList(t, got, nil, numbers("+4711", "+4712"))
			wantCause(t, errorOf(s.HoldAny(t.Context(), q, userPrincipal("alice"), at(5))), hermes.NotFound)
			wantPool(t, s, "+4611", "+4714", "+4811")
			wantPlace(t, s, 0, held("+4711", "alice", 5))
			q.Match, q.Scope = hermes.Pattern{}, hermes.Scope{Numbers: "+46,+48"}
			for range 2 {
				must(t, errorOf(s.HoldAny(t.Context(), q, userPrincipal("bob"), at(5))))
			}
			wantCause(t, errorOf(s.HoldAny(t.Context(), q, userPrincipal("bob"), at(5))), hermes.NotFound)
			wantPool(t, s, "+4714")
		})
	}
}

func testUnholdNumber(t *testing.T, open openFunc) {
	t.Run("a hold of the principal ends, and of any if none is given", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4711", "+4712", "+4713", "+4714")
		mustHold(t, s, "+4711", "alice", 5)
		mustHold(t, s, "+4712", "alice", 5)
		mustHold(t, s, "+4714", "alice", 1)
		mustCool(t, s, "+4715", 5)
		for _, n := range numbers("+4711", "+4713", "+4714", "+4715", "+4716") {
			wantCause(t, errorOf(s.UnholdNumber(t.Context(), n, use("bob", 2))), hermes.NotFound)
		}
		before, err := s.UnholdNumber(t.Context(), number("+4711"), use("alice", 2))
		wantEqual(t, before, err, held("+4711", "alice", 5))
		before, err = s.UnholdNumber(t.Context(), number("+4712"), hermes.NumberUse{Now: at(2)})
		wantEqual(t, before, err, held("+4712", "alice", 5))
		for _, n := range numbers("+4711", "+4713", "+4714", "+4715", "+4716") {
			wantCause(t, errorOf(s.UnholdNumber(t.Context(), n, hermes.NumberUse{Now: at(2)})), hermes.NotFound)
		}
		wantPoolAt(t, s, 2, "+4711", "+4712", "+4713", "+4714")
	})
}

// testReserved tests what each method does with numbers that are held or cooling.
func testReserved(t *testing.T, open openFunc) {
	t.Run("is not free", func(t *testing.T) {
		s := reservedStore(t, open)
		wantPoolAt(t, s, 4, "+4713")
		for _, read := range []func(hermes.NumberQuery) ([]e164.Number, error){
			func(q hermes.NumberQuery) ([]e164.Number, error) { return s.SampleNumbers(t.Context(), q) },
			func(q hermes.NumberQuery) ([]e164.Number, error) { return s.ShuffledNumbers(t.Context(), q) },
		} {
			got, err := read(hermes.NumberQuery{Now: at(4), Limit: 9})
			wantList(t, got, err, numbers("+4713"))
		}
		n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Now: at(4)})
		wantEqual(t, n, err, number("+4713"))
		wantCause(t, errorOf(s.TakeNumber(t.Context(), hermes.TakeQuery{Now: at(4)})), hermes.NotFound)
		wantCause(t, errorOf(s.HoldAny(t.Context(), hermes.TakeQuery{Now: at(4)}, userPrincipal("alice"), at(9))), hermes.NotFound)
		_, err = assignAny(t, s, hermes.AssignQuery{Now: at(4), Domain: domain("example.com"), Destination: addr("a@far.example")})
		wantCause(t, err, hermes.NotFound)
		added, err := s.AddNumbers(t.Context(), number("+4710"), number("+4715"))
		wantEqual(t, added, err, 4)
		wantPoolAt(t, s, 4, "+4710", "+4713", "+4714", "+4715")
	})
	t.Run("is its holder's to remove, assign or alias", func(t *testing.T) {
		a := alias("+4711@example.com", "bob@example.com")
		for _, take := range []func(hermes.Store) (hermes.PooledNumber, error){
			func(s hermes.Store) (hermes.PooledNumber, error) {
				return s.RemoveNumber(t.Context(), number("+4711"), use("alice", 4))
			},
			func(s hermes.Store) (hermes.PooledNumber, error) {
				return s.AssignNumber(t.Context(), number("+4711"), a, use("alice", 4))
			},
			func(s hermes.Store) (hermes.PooledNumber, error) { return s.AddAlias(t.Context(), a, use("alice", 4)) },
		} {
			s := reservedStore(t, open)
			before, err := take(s)
			wantEqual(t, before, err, held("+4711", "alice", 5))
			wantCause(t, errorOf(s.PooledNumber(t.Context(), number("+4711"), at(4))), hermes.NotFound)
			wantPoolAt(t, s, 9, "+4712", "+4713")
		}
	})
	t.Run("is freed by AddNumber if it is cooling, and InUse if it is held", func(t *testing.T) {
		s := reservedStore(t, open)
		before, err := s.AddNumber(t.Context(), number("+4712"), at(4))
		wantEqual(t, before, err, cooling("+4712", 5))
		before, err = s.AddNumber(t.Context(), number("+4711"), at(4))
		wantRefused(t, before, err, held("+4711", "alice", 5), hermes.InUse)
		wantPoolAt(t, s, 4, "+4712", "+4713")
	})
}

// testReservedForOthers tests what each method does for others with these numbers.
func testReservedForOthers(t *testing.T, open openFunc) {
	t.Run("is another's to remove, assign or alias", func(t *testing.T) {
		s := reservedStore(t, open)
		for _, p := range []hermes.PooledNumber{held("+4711", "alice", 5), cooling("+4712", 5)} {
			a := alias(p.Number.String()+"@example.com", "bob@example.com")
			before, err := s.RemoveNumber(t.Context(), p.Number, use("bob", 4))
			wantRefused(t, before, err, p, hermes.InUse)
			before, err = s.AssignNumber(t.Context(), p.Number, a, use("bob", 4))
			wantRefused(t, before, err, p, hermes.InUse)
			before, err = s.AddAlias(t.Context(), a, use("bob", 4))
			wantRefused(t, before, err, p, hermes.InUse)
			wantPlace(t, s, 4, p)
		}
		wantAliases(t, s, hermes.AliasQuery{Limit: 9})
	})
}

// reservedStore returns a store in which +4711 is held by alice until minute 5, +4712 is cooling
// until then, and +4713 is free.
func reservedStore(t *testing.T, open openFunc) hermes.Store {
	t.Helper()
	s := open(t).Store
	mustAddNumber(t, s, "+4711", "+4713")
	mustHold(t, s, "+4711", "alice", 5)
	mustCool(t, s, "+4712", 5)
	return s
}

func testQuarantine(t *testing.T, open openFunc) {
	a := alias("+4711@example.com", "alice@example.com")
	release := func(t *testing.T, s hermes.Store, until time.Time) {
		t.Helper()
		mustAddAlias(t, s, a)
		must(t, errorOf(s.ReleaseNumber(t.Context(), number("+4711"), a.Alias, hermes.Quarantine{Now: at(2), Until: until})))
	}
	tests := []struct {
		name   string
		before func(*testing.T, hermes.Store) // +4711 is in the pool already, though an alias has it
		until  time.Time
		want   hermes.PooledNumber
	}{
		{"a number that is not in the pool cools down", nil, at(5), cooling("+4711", 5)},
		{"without a quarantine it is free", nil, time.Time{}, free("+4711")},
		{"a free number cools down", func(t *testing.T, s hermes.Store) { mustAddNumber(t, s, "+4711") }, at(5), cooling("+4711", 5)},
		{"a held number stays held", func(t *testing.T, s hermes.Store) {
			mustAddNumber(t, s, "+4711")
			mustHold(t, s, "+4711", "alice", 4)
		}, at(5), held("+4711", "alice", 4)},
		{"a number whose hold is over cools down", func(t *testing.T, s hermes.Store) {
			mustAddNumber(t, s, "+4711")
			mustHold(t, s, "+4711", "alice", 1)
		}, at(5), cooling("+4711", 5)},
		{"a number whose hold is over is free", func(t *testing.T, s hermes.Store) {
			mustAddNumber(t, s, "+4711")
			mustHold(t, s, "+4711", "alice", 1)
		}, time.Time{}, free("+4711")},
		{"a longer quarantine replaces a shorter one", func(t *testing.T, s hermes.Store) { mustCool(t, s, "+4711", 4) }, at(5), cooling("+4711", 5)},
		{"a shorter one changes nothing", func(t *testing.T, s hermes.Store) { mustCool(t, s, "+4711", 6) }, at(5), cooling("+4711", 6)},
		{"none changes nothing", func(t *testing.T, s hermes.Store) { mustCool(t, s, "+4711", 6) }, time.Time{}, cooling("+4711", 6)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := open(t)
			if test.before == nil {
				release(t, f.Store, test.until)
				wantPlace(t, f.Store, 2, test.want)
				return
			}
			if f.Kamailio == nil {
				t.Skip("no other tool gives an alias a number of the pool")
			}
			test.before(t, f.Store)
			addAliasRow(t, f, a)
			must(t, errorOf(f.Store.ReleaseNumber(t.Context(), number("+4711"), a.Alias, hermes.Quarantine{Now: at(2), Until: test.until})))
			wantPlace(t, f.Store, 2, test.want)
		})
	}
}

// mustHold has a user hold a free number from minute 0 until another.
func mustHold(t *testing.T, s hermes.Store, n, name string, minute int) {
	t.Helper()
	must(t, errorOf(s.HoldNumber(t.Context(), number(n), use(name, 0), at(minute))))
}

// mustCool makes a number that is not in the pool cooling until a minute.
func mustCool(t *testing.T, s hermes.Store, n string, minute int) {
	t.Helper()
	a := alias(n+"@cooling.example", "alice@example.com")
	mustAddAlias(t, s, a)
	must(t, errorOf(s.ReleaseNumber(t.Context(), number(n), a.Alias, hermes.Quarantine{Now: at(0), Until: at(minute)})))
}

// wantPlace checks what a number of the pool is at a minute.
func wantPlace(t *testing.T, s hermes.Store, minute int, want hermes.PooledNumber) {
	t.Helper()
	got, err := s.PooledNumber(t.Context(), want.Number, at(minute))
	wantEqual(t, got, err, want)
}

// wantPoolAt is wantPool at a minute.
func wantPoolAt(t *testing.T, s hermes.Store, minute int, texts ...string) {
	t.Helper()
	got, err := s.Numbers(t.Context(), hermes.NumberQuery{Now: at(minute), Limit: 1000})
	wantList(t, got, err, numbers(texts...))
}

// wantRefused checks what a number was that could not be changed, and why not.
func wantRefused(t *testing.T, before hermes.PooledNumber, err error, want hermes.PooledNumber, cause hermes.Cause) {
	t.Helper()
	wantCause(t, err, cause)
	wantEqual(t, before, nil, want)
}
