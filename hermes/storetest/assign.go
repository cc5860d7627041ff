package storetest

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// testAssign tests the methods that move numbers between the pool and the aliases.
func testAssign(t *testing.T, open openFunc) {
	t.Run("AddAlias", func(t *testing.T) { testAddNumberAlias(t, open) })
	t.Run("AssignNumber", func(t *testing.T) { testAssignNumber(t, open) })
	t.Run("AssignNumber of a number in use", func(t *testing.T) { testAssignHeldNumber(t, open) })
	t.Run("AssignAny", func(t *testing.T) { testAssignAny(t, open, false) })
	t.Run("AssignAny at random", func(t *testing.T) { testAssignAny(t, open, true) })
	t.Run("ReleaseNumber", func(t *testing.T) { testReleaseNumber(t, open) })
}

func testAddNumberAlias(t *testing.T, open openFunc) {
	t.Run("a number of the pool leaves it, and no other", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4710", "+4711", "+47110", "+4712", "+999999999999999")
		mustAddAlias(t, s, alias("+4711@example.com", "+4712@example.com"))
		wantPool(t, s, "+4710", "+47110", "+4712", "+999999999999999")
		mustAddAlias(t, s, alias("+999999999999999@example.com", "alice@example.com"))
		wantPool(t, s, "+4710", "+47110", "+4712")
	})
	t.Run("texts that are no E.164 numbers take none out of the pool", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4711")
		mustAddAlias(t, s, alias("4711@example.com", "alice@example.com"), alias("+04711@example.com", "alice@example.com"),
			alias("+4711x@example.com", "alice@example.com"), alias("x+4711@example.com", "alice@example.com"))
		wantPool(t, s, "+4711")
	})
	t.Run("an alias that exists takes no number out of the pool", func(t *testing.T) {
		s := open(t).Store
		mustAddAlias(t, s, alias("+4711@example.com", "alice@example.com"))
		mustAddNumber(t, s, "+4711")
		wantCause(t, addAlias(t.Context(), s, alias("+4711@example.com", "bob@example.com")), hermes.Exists)
		wantPool(t, s, "+4711")
		mustAddAlias(t, s, alias("+4711@example.net", "bob@example.com"))
		wantPool(t, s)
	})
	t.Run("the number is back in the pool if the transaction fails", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4711")
		err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			mustAddAlias(t, tx, alias("+4711@example.com", "alice@example.com"))
			wantPool(t, tx)
			return errOwn
		})
		wantError(t, err, errOwn)
		wantPool(t, s, "+4711")
		wantNumberAliased(t, s, "+4711", false)
	})
}

func testAssignNumber(t *testing.T, open openFunc) {
	toAlice := alias("+4711@example.com", "alice@example.com")
	t.Run("the number leaves the pool and is an alias", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4710", "+4711", "+47110")
		must(t, assignNumber(t.Context(), s, number("+4711"), toAlice))
		wantPool(t, s, "+4710", "+47110")
		wantAliases(t, s, hermes.AliasQuery{Limit: 10}, toAlice)
	})
	t.Run("a number that is not in the pool is NotFound, and nothing is changed", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4710", "+47110")
		wantCause(t, assignNumber(t.Context(), s, number("+4711"), toAlice), hermes.NotFound)
		wantPool(t, s, "+4710", "+47110")
		wantAliases(t, s, hermes.AliasQuery{Limit: 10})
	})
	t.Run("an alias address that exists is Exists, and nothing is changed", func(t *testing.T) {
		s := open(t).Store
		mustAddAlias(t, s, toAlice)
		// A number that is not in the pool comes first.
		wantCause(t, assignNumber(t.Context(), s, number("+4711"), toAlice), hermes.NotFound)
		mustAddNumber(t, s, "+4711")
		for _, destination := range []string{"alice@example.com", "bob@example.com"} {
			a := alias("+4711@example.com", destination)
			wantCause(t, assignNumber(t.Context(), s, number("+4711"), a), hermes.Exists)
		}
		wantPool(t, s, "+4711")
		wantAliases(t, s, hermes.AliasQuery{Limit: 10}, toAlice)
	})
	t.Run("nothing is changed if the transaction fails", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4711")
		err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			must(t, assignNumber(t.Context(), tx, number("+4711"), toAlice))
			wantPool(t, tx)
			wantCause(t, assignNumber(t.Context(), tx, number("+4711"), toAlice), hermes.NotFound)
			return errOwn
		})
		wantError(t, err, errOwn)
		wantPool(t, s, "+4711")
		wantAliases(t, s, hermes.AliasQuery{Limit: 10})
	})
}

// testAssignHeldNumber assigns numbers that something else may have, by name.
func testAssignHeldNumber(t *testing.T, open openFunc) {
	toAlice := alias("+4711@example.com", "alice@example.com")
	t.Run("a number that an alias of any domain, or a user of that domain, has is Exists", func(t *testing.T) {
		capitals := localUser("+4711@example.com")
		capitals.Address = sip.Unchecked("+4711", "EXAMPLE.com")
		for name, hold := range map[string]func(s hermes.Store) error{
			"another domain": func(s hermes.Store) error {
				return addAlias(t.Context(), s, alias("+4711@example.net", "bob@example.com"))
			},
			"a local user":  func(s hermes.Store) error { return s.AddUser(t.Context(), localUser("+4711@example.com")) },
			"a remote user": func(s hermes.Store) error { return s.AddUser(t.Context(), remoteUser("+4711@example.com")) },
			"capitals":      func(s hermes.Store) error { return s.AddUser(t.Context(), capitals) },
		} {
			t.Run(name, func(t *testing.T) {
				s := open(t).Store
				must(t, hold(s))
				before, err := s.Aliases(t.Context(), hermes.AliasQuery{Limit: 10})
				must(t, err)
				wantCause(t, assignNumber(t.Context(), s, number("+4711"), toAlice), hermes.NotFound)
				mustAddNumber(t, s, "+4711")
				wantCause(t, assignNumber(t.Context(), s, number("+4711"), toAlice), hermes.Exists)
				wantPool(t, s, "+4711")
				wantAliases(t, s, hermes.AliasQuery{Limit: 10}, before...)
			})
		}
	})
	t.Run("users of other domains and aliases of longer numbers do not matter", func(t *testing.T) {
		s := open(t).Store
		mustAddUser(t, s, localUser("+4711@example.net"), localUser("+47110@example.com"), localUser("4711@example.com"))
		mustAddAlias(t, s, alias("+47110@example.com", "bob@example.com"))
		mustAddNumber(t, s, "+4711")
		must(t, assignNumber(t.Context(), s, number("+4711"), toAlice))
		wantPool(t, s)
	})
}

func testAssignAny(t *testing.T, open openFunc, random bool) {
	query := func(match string) hermes.AssignQuery {
		return hermes.AssignQuery{
			Match: pattern(match), Random: random, Domain: domain("example.com"), Destination: addr("alice@far.example"),
		}
	}
	t.Run("a matching number leaves the pool and is an alias that leads to the destination", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4611", "+4711", "+4811")
		n, err := assignAny(t, s, query("+47*"))
		wantEqual(t, n, err, number("+4711"))
		wantPool(t, s, "+4611", "+4811")
		wantAliases(t, s, hermes.AliasQuery{Limit: 10}, alias("+4711@example.com", "alice@far.example"))
	})
	t.Run("every number is assigned once, and then it is NotFound", func(t *testing.T) {
		s := open(t).Store
		pool := []string{"+10", "+4710", "+4711", "+47110", "+999999999999999"}
		mustAddNumber(t, s, pool...)
		var got []e164.Number
		for range pool {
			n, err := assignAny(t, s, query(""))
			must(t, err)
			got = append(got, n)
		}
		if random {
			slices.SortFunc(got, e164.Number.Compare)
		}
		wantList(t, got, nil, numbers(pool...))
		wantNoneToAssign(t, s, query(""))
		wantPool(t, s)
		aliases, err := s.Aliases(t.Context(), hermes.AliasQuery{Destination: addr("alice@far.example"), Limit: 10})
		wantEqual(t, len(aliases), err, len(pool))
	})
	t.Run("without a match it is NotFound, and nothing is changed", func(t *testing.T) {
		s := open(t).Store
		wantNoneToAssign(t, s, query(""))
		mustAddNumber(t, s, "+4711")
		wantNoneToAssign(t, s, query("+48*"))
		wantPool(t, s, "+4711")
		wantAliases(t, s, hermes.AliasQuery{Limit: 10})
	})
	t.Run("numbers that are aliases in any domain, or users in that domain, are passed over", func(t *testing.T) {
		testAssignUnheld(t, open(t).Store, query(""))
	})
	t.Run("nothing is changed if the transaction fails", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4711")
		err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			n, err := assignAny(t, tx, query(""))
			wantEqual(t, n, err, number("+4711"))
			wantNoneToAssign(t, tx, query(""))
			return errOwn
		})
		wantError(t, err, errOwn)
		wantPool(t, s, "+4711")
		wantAliases(t, s, hermes.AliasQuery{Limit: 10})
	})
}

func assignAny(t *testing.T, s hermes.Store, q hermes.AssignQuery) (e164.Number, error) {
	t.Helper()
	n, _, err := s.AssignAny(t.Context(), q)
	return n, err
}

// testAssignUnheld assigns the numbers that nothing has, among others.
func testAssignUnheld(t *testing.T, s hermes.Store, q hermes.AssignQuery) {
	t.Helper()
	mustAddAlias(t, s, alias("+4710@example.com", "bob@example.com"), alias("+4712@example.net", "bob@example.com"),
		alias("4711@example.com", "+4711@example.com"), alias("+47110@example.com", "bob@example.com"))
	capitals := localUser("+4717@example.com")
	capitals.Address = sip.Unchecked("+4717", "EXAMPLE.com")
	mustAddUser(t, s, localUser("+4713@example.com"), remoteUser("+4714@example.com"), localUser("+4715@example.net"),
		localUser("+47160@example.com"), capitals)
	mustAddNumber(t, s, "+4710", "+4711", "+4712", "+4713", "+4714", "+4715", "+4716", "+4717")
	var got []e164.Number
	for range 3 {
		n, err := assignAny(t, s, q)
		must(t, err)
		got = append(got, n)
	}
	slices.SortFunc(got, e164.Number.Compare)
	wantList(t, got, nil, numbers("+4711", "+4715", "+4716"))
	wantNoneToAssign(t, s, q)
	wantPool(t, s, "+4710", "+4712", "+4713", "+4714", "+4717")
	must(t, errorOf(s.RemoveAlias(t.Context(), addr("+4712@example.net"))))
	n, err := assignAny(t, s, q)
	wantEqual(t, n, err, number("+4712"))
}

func wantNoneToAssign(t *testing.T, s hermes.Store, q hermes.AssignQuery) {
	t.Helper()
	got, err := assignAny(t, s, q)
	wantNone(t, got, err)
}

func testReleaseNumber(t *testing.T, open openFunc) {
	toAlice := alias("+4711@example.com", "alice@example.com")
	t.Run("the alias is gone and its number in the pool, and no other alias changes", func(t *testing.T) {
		s := open(t).Store
		others := []hermes.Alias{
			alias("+4710@example.com", "alice@example.com"), alias("+47110@example.com", "alice@example.com"),
			alias("4711@example.com", "alice@example.com"), alias("alice@example.com", "+4711@example.com"),
		}
		mustAddAlias(t, s, toAlice)
		mustAddAlias(t, s, others...)
		released, err := releaseNumber(t.Context(), s, number("+4711"), toAlice.Alias)
		wantList(t, released, err, []sip.Addr{toAlice.Destination})
		wantPool(t, s, "+4711")
		wantAliases(t, s, hermes.AliasQuery{Limit: 10}, others...)
		wantCause(t, errorOf(releaseNumber(t.Context(), s, number("+4711"), toAlice.Alias)), hermes.NotFound)
	})
	t.Run("a number that is in the pool already stays there", func(t *testing.T) {
		s := open(t).Store
		mustAddAlias(t, s, toAlice)
		mustAddNumber(t, s, "+4711")
		must(t, errorOf(releaseNumber(t.Context(), s, number("+4711"), toAlice.Alias)))
		wantPool(t, s, "+4711")
		wantAliases(t, s, hermes.AliasQuery{Limit: 10})
	})
	t.Run("a missing alias is NotFound, also if another domain has the number, and nothing is changed", func(t *testing.T) {
		s := open(t).Store
		wantCause(t, errorOf(releaseNumber(t.Context(), s, number("+4711"), toAlice.Alias)), hermes.NotFound)
		other := alias("+4711@example.net", "alice@example.com")
		mustAddAlias(t, s, other)
		wantCause(t, errorOf(releaseNumber(t.Context(), s, number("+4711"), toAlice.Alias)), hermes.NotFound)
		wantPool(t, s)
		wantAliases(t, s, hermes.AliasQuery{Limit: 10}, other)
	})
	t.Run("a number that an alias of another domain has is InUse, and nothing is changed", func(t *testing.T) {
		for _, other := range []string{"+4711@a.example", "+4711@z.example"} {
			s := open(t).Store
			mustAddAlias(t, s, toAlice, alias(other, "bob@example.com"))
			wantCause(t, errorOf(releaseNumber(t.Context(), s, number("+4711"), toAlice.Alias)), hermes.InUse)
			wantPool(t, s)
			wantAliases(t, s, hermes.AliasQuery{Alias: toAlice.Alias, Limit: 10}, toAlice)
			must(t, errorOf(s.RemoveAlias(t.Context(), addr(other))))
			must(t, errorOf(releaseNumber(t.Context(), s, number("+4711"), toAlice.Alias)))
			wantPool(t, s, "+4711")
		}
	})
	t.Run("nothing is changed if the transaction fails", func(t *testing.T) {
		s := open(t).Store
		mustAddAlias(t, s, toAlice)
		err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			must(t, errorOf(releaseNumber(t.Context(), tx, number("+4711"), toAlice.Alias)))
			wantPool(t, tx, "+4711")
			wantNumberAliased(t, tx, "+4711", false)
			return errOwn
		})
		wantError(t, err, errOwn)
		wantPool(t, s)
		wantAliases(t, s, hermes.AliasQuery{Limit: 10}, toAlice)
	})
}

// testKamailioNumbers moves numbers that rows of other tools have.
func testKamailioNumbers(t *testing.T, open openFunc) {
	alice := addr("alice@example.com")
	t.Run("AssignNumber returns Exists for any row of the address", func(t *testing.T) {
		f := open(t)
		mustAddNumber(t, f.Store, "+4711")
		addAliasRow(t, f, alias("+4711@example.com", "bob@example.com"))
		addAliasRow(t, f, alias("+4711@example.com", "bob@example.com"))
		toAlice := hermes.Alias{Alias: addr("+4711@example.com"), Destination: alice}
		wantCause(t, assignNumber(t.Context(), f.Store, number("+4711"), toAlice), hermes.Exists)
		wantPool(t, f.Store, "+4711")
	})
	t.Run("AssignNumber returns Exists for a user of either table only", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, hermes.User{Address: sip.Unchecked("+4711", "EXAMPLE.com")})
		mustAddUser(t, f.Store, localUser("+4712@example.com"))
		f.Kamailio.RemoveSubscriber(t, "+4712", "example.com")
		addSubscriber(t, f, kamctlUser("+4713@example.com"))
		mustAddNumber(t, f.Store, "+4711", "+4712", "+4713")
		for _, n := range numbers("+4711", "+4712", "+4713") {
			a := alias(n.String()+"@example.com", "alice@example.com")
			wantCause(t, assignNumber(t.Context(), f.Store, n, a), hermes.Exists)
		}
		wantPool(t, f.Store, "+4711", "+4712", "+4713")
		wantAliases(t, f.Store, hermes.AliasQuery{Limit: 10})
	})
	t.Run("AssignAny passes over numbers of any row, and over users of either table only", func(t *testing.T) {
		for _, random := range []bool{false, true} {
			f := open(t)
			mustAddNumber(t, f.Store, "+4711", "+4712", "+4713", "+4714", "+4715")
			addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked("+4711", "Exa_mple"), Destination: alice})
			addSubscriber(t, f, kamctlUser("+4712@example.com"))
			addSubscriber(t, f, hermes.User{Address: sip.Unchecked("+4714", "Example.COM")})
			mustAddUser(t, f.Store, localUser("+4715@example.com"))
			f.Kamailio.RemoveSubscriber(t, "+4715", "example.com")
			q := hermes.AssignQuery{Random: random, Domain: domain("example.com"), Destination: alice}
			n, err := assignAny(t, f.Store, q)
			wantEqual(t, n, err, number("+4713"))
			wantNoneToAssign(t, f.Store, q)
			wantPool(t, f.Store, "+4711", "+4712", "+4714", "+4715")
		}
	})
	t.Run("ReleaseNumber removes every row of the address and returns each destination once", func(t *testing.T) {
		f := open(t)
		for _, destination := range []string{"bob@example.com", "bob@example.com", "alice@example.com"} {
			addAliasRow(t, f, alias("+4711@example.com", destination))
		}
		released, err := releaseNumber(t.Context(), f.Store, number("+4711"), addr("+4711@example.com"))
		wantList(t, released, err, []sip.Addr{alice, addr("bob@example.com")})
		wantPool(t, f.Store, "+4711")
		wantAliases(t, f.Store, hermes.AliasQuery{Limit: 10})
	})
	t.Run("ReleaseNumber returns InUse for any row of another domain", func(t *testing.T) {
		f := open(t)
		mustAddAlias(t, f.Store, alias("+4711@example.com", "alice@example.com"))
		addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked("+4711", "EXAMPLE.com"), Destination: alice})
		wantCause(t, errorOf(releaseNumber(t.Context(), f.Store, number("+4711"), addr("+4711@example.com"))), hermes.InUse)
		wantPool(t, f.Store)
		wantNumberAliased(t, f.Store, "+4711", true)
	})
}
