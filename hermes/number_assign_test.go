package hermes_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func claim(req hermes.NumberClaimRequest) func(w *world) error {
	return func(w *world) error { return only(w.NumberClaim(w.Context(), req)) }
}

func assign(req hermes.NumberAssignRequest) func(w *world) error {
	return func(w *world) error { return only(w.NumberAssign(w.Context(), req)) }
}

func addAlias(alias, destination string) func(w *world) error {
	return func(w *world) error {
		return only(w.AliasAdd(w.Context(), hermes.AliasAddRequest{Alias: addr(alias), Destination: addr(destination)}))
	}
}

func release(alias string) func(w *world) error {
	return func(w *world) error {
		return only(w.NumberRelease(w.Context(), hermes.NumberReleaseRequest{Alias: addr(alias)}))
	}
}

func TestClaim(t *testing.T) {
	w := newWorld(t)
	if res := ok(t, got(w.NumberClaim(t.Context(), hermes.NumberClaimRequest{}))); res.Number != inPool {
		t.Errorf("claimed %s, want the first", res.Number)
	}
	if res := ok(t, got(w.NumberClaim(t.Context(), hermes.NumberClaimRequest{Search: pattern(t, "*5")}))); res.Number != number("+4773500005") {
		t.Errorf("claimed %s, want the match", res.Number)
	}
	seen := map[string]bool{}
	for range 7 {
		seen[ok(t, got(w.NumberClaim(t.Context(), hermes.NumberClaimRequest{Random: true}))).Number.String()] = true
	}
	if len(seen) != 7 {
		t.Errorf("seven claims gave %d numbers", len(seen))
	}
	w.wantPool("")
	refused(t, claim(hermes.NumberClaimRequest{})(w), hermes.Empty)
	refused(t, claim(hermes.NumberClaimRequest{Search: pattern(t, "999")})(newWorld(t)), hermes.Empty)
}

// rolledBack wants that a refusal changed nothing.
func rolledBack(do func(w *world) error) func(w *world) error {
	return func(w *world) error {
		w.Helper()
		before := snap(w.T, w.store)
		err := do(w)
		same(w.T, snap(w.T, w.store), before)
		return err
	}
}

func TestAssign(t *testing.T) {
	w := newWorld(t)
	res := ok(t, got(w.NumberAssign(t.Context(), hermes.NumberAssignRequest{User: alice})))
	if want := (hermes.NumberAssignResponse{Number: inPool, Alias: addr("+4773500001@example.com"), Destination: alice}); res != want {
		t.Errorf("got %+v, want %+v", res, want)
	}
	res = ok(t, got(w.NumberAssign(t.Context(), hermes.NumberAssignRequest{User: bob, Number: number("+4773500003"), AliasDomain: domain("example.net")})))
	if res.Alias != addr("+4773500003@example.net") {
		t.Errorf("alias %s, want it in the domain that was named", res.Alias)
	}
	ok(t, got(w.NumberAssign(t.Context(), hermes.NumberAssignRequest{User: dora, Search: pattern(t, "*9"), Random: true})))
	w.wantPool("245678")
	aliases := ok(t, got(w.store.Aliases(t.Context(), hermes.AliasQuery{Limit: everything})))
	want := []hermes.Alias{
		{Alias: addr("+4773500001@example.com"), Destination: alice}, {Alias: addr("+4773500003@example.net"), Destination: bob},
		{Alias: addr("+4773500009@example.com"), Destination: dora}, {Alias: addr("sales@example.com"), Destination: bob},
	}
	same(t, aliases, want)
}

// A number that another tool made an alias of, in whatever domain, is not free, though it is in the pool.
func TestAssignPassesOverUsed(t *testing.T) {
	w := newWorld(t)
	for _, a := range []string{"+4773500001@example.com", "+4773500002@example.net"} {
		w.noError(w.store.AddAlias(t.Context(), hermes.Alias{Alias: addr(a), Destination: bob}))
	}
	if res := ok(t, got(w.NumberAssign(t.Context(), hermes.NumberAssignRequest{User: alice}))); res.Number != number("+4773500003") {
		t.Errorf("assigned %s, want the first that is free", res.Number)
	}
	w.wantPool("456789")
}

func TestAssignRefuses(t *testing.T) {
	n := number("+4773500002")
	for _, r := range []struct {
		why    string
		before steps
		req    hermes.NumberAssignRequest
		want   hermes.Cause
	}{
		{"no user", nil, hermes.NumberAssignRequest{}, hermes.Parameters},
		{"a number and a search", nil, hermes.NumberAssignRequest{User: alice, Number: n, Search: pattern(t, "1")}, hermes.Parameters},
		{"a number at random", nil, hermes.NumberAssignRequest{User: alice, Number: n, Random: true}, hermes.Parameters},
		{"nobody", nil, hermes.NumberAssignRequest{User: addr("new@example.com")}, hermes.NotFound},
		{"a number that is not in the pool", nil, hermes.NumberAssignRequest{User: alice, Number: number("+4773600000")}, hermes.NotFound},
		{"no match in the pool", nil, hermes.NumberAssignRequest{User: alice, Search: pattern(t, "999")}, hermes.Empty},
		{"a domain that is not served", nil, hermes.NumberAssignRequest{User: alice, AliasDomain: domain("far.example")}, hermes.UnknownDomain},
		{"a remote user's own domain is not served", nil, hermes.NumberAssignRequest{User: carol}, hermes.UnknownDomain},
		{"a user who has a number", steps{assign(hermes.NumberAssignRequest{User: alice})}, hermes.NumberAssignRequest{User: alice, Number: n}, hermes.Exists},
		{"a user who has one, and a search", steps{assign(hermes.NumberAssignRequest{User: alice})}, hermes.NumberAssignRequest{User: alice}, hermes.Exists},
		{"an address that a user has", steps{userAdd(hermes.UserAddRequest{User: addr("+4773500002@example.com")})},
			hermes.NumberAssignRequest{User: alice, Number: n}, hermes.Exists},
	} {
		t.Run(r.why, func(t *testing.T) {
			refused(t, then(r.before, rolledBack(assign(r.req)))(newWorld(t)), r.want)
		})
	}
	play(t, []row{{"a remote user's number in a domain of ours", assign(hermes.NumberAssignRequest{User: carol, AliasDomain: domain("example.com")}), ""}})
}

func TestRelease(t *testing.T) {
	w := newWorld(t)
	w.noError(assign(hermes.NumberAssignRequest{User: alice})(w))
	w.wantPool("23456789")
	res := ok(t, got(w.NumberRelease(t.Context(), hermes.NumberReleaseRequest{Alias: addr("+4773500001@example.com")})))
	if res != (hermes.NumberReleaseResponse{Number: inPool, Alias: addr("+4773500001@example.com")}) {
		t.Errorf("got %+v", res)
	}
	w.wantPool("123456789")
	w.noError(assign(hermes.NumberAssignRequest{User: alice})(w)) // all as before
}

func TestReleaseRefuses(t *testing.T) {
	const here, there = "+4773500001@example.com", "+4773500001@example.net"
	play(t, []row{
		{"no alias", func(w *world) error { return only(w.NumberRelease(w.Context(), hermes.NumberReleaseRequest{})) }, hermes.Parameters},
		{"an alias that is not there", rolledBack(release(here)), hermes.NotFound},
		{"an alias that is no number", rolledBack(release("sales@example.com")), hermes.Rejected},
		{"a number that another domain's alias has too", then(steps{addAlias(here, "alice@example.com"), addAlias(there, "bob@example.com")},
			rolledBack(release(here))), hermes.InUse},
		{"which is released when the other is gone", then(steps{addAlias(here, "alice@example.com"), addAlias(there, "bob@example.com"),
			func(w *world) error {
				return only(w.AliasRemove(w.Context(), hermes.AliasRemoveRequest{Alias: addr(there)}))
			}}, release(here)), ""},
		{"a number that got into the pool by another way stays there once", func(w *world) error {
			w.noError(addAlias(here, "alice@example.com")(w))
			w.noError(w.store.AddNumber(w.Context(), inPool))
			w.noError(release(here)(w))
			w.wantPool("123456789")
			return nil
		}, ""},
	})
}

func TestForeignAddressHasNoNumber(t *testing.T) {
	w := newWorld(t)
	refused(t, only(w.NumberAssign(t.Context(), hermes.NumberAssignRequest{User: sip.Unchecked("a b", "example.com")})), hermes.NotFound)
}
