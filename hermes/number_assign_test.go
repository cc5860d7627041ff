package hermes_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestClient_NumberClaim(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	_, err := e.client.NumberClaim(t.Context(), hermes.NumberClaimRequest{Search: mustPattern(t, "999")})
	wantCause(t, err, hermes.Empty)
	res, err := e.client.NumberClaim(t.Context(), hermes.NumberClaimRequest{})
	if err != nil || res.Number != inPool {
		t.Errorf("got %s, %v; want the first number of the pool", res.Number, err)
	}
	res, err = e.client.NumberClaim(t.Context(), hermes.NumberClaimRequest{Search: mustPattern(t, "*5")})
	if err != nil || res.Number != number("+4773500005") {
		t.Errorf("got %s, %v; want the number that matches", res.Number, err)
	}
	seen := map[string]bool{}
	for range 7 {
		res, err := e.client.NumberClaim(t.Context(), hermes.NumberClaimRequest{Random: true})
		if err != nil {
			t.Fatal(err)
		}
		seen[res.Number.String()] = true
	}
	if len(seen) != 7 {
		t.Errorf("seven claims gave %d distinct numbers", len(seen))
	}
	wantPool(t, e.store, "")
	_, err = e.client.NumberClaim(t.Context(), hermes.NumberClaimRequest{})
	wantCause(t, err, hermes.Empty)
}

func TestClient_NumberAssign(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	res := mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice})
	want := hermes.NumberAssignResponse{Number: inPool, Alias: addr("+4773500001@example.com"), Destination: alice}
	if res != want {
		t.Errorf("the first free number: got %+v, want %+v", res, want)
	}
	res = mustNumberAssign(t, e.client, hermes.NumberAssignRequest{
		User: bob, Number: number("+4773500003"), AliasDomain: domain("example.net"),
	})
	if res.Alias != addr("+4773500003@example.net") {
		t.Errorf("a number in a domain: got the alias %s, want +4773500003@example.net", res.Alias)
	}
	mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: dora, Search: mustPattern(t, "*9"), Random: true})
	wantPool(t, e.store, "245678")
	aliases, err := e.store.Aliases(t.Context(), hermes.AliasQuery{Limit: everything})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, aliases, []hermes.Alias{
		{Alias: addr("+4773500001@example.com"), Destination: alice},
		{Alias: addr("+4773500003@example.net"), Destination: bob},
		{Alias: addr("+4773500009@example.com"), Destination: dora},
		{Alias: addr("sales@example.com"), Destination: bob},
	})
}

// Another program may make an alias of a number, in any domain, and leave the number in the pool.
// It stays there.
func TestClient_NumberAssign_passesOverNumbersOfAliases(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for _, a := range []string{"+4773500001@example.com", "+4773500002@example.net"} {
		if _, err := e.store.AddAlias(t.Context(), hermes.Alias{Alias: addr(a), Destination: bob}, hermes.NumberUse{}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.store.AddNumber(t.Context(), number(addr(a).User()), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	res := mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice})
	if res.Number != number("+4773500003") {
		t.Errorf("got %s, want +4773500003, the first free number", res.Number)
	}
	wantPool(t, e.store, "12456789")
}

// A number is refused by name if anything has it that would make two owners, and passed over
// otherwise.
func TestClient_NumberAssign_numberInUse(t *testing.T) {
	t.Parallel()
	capitals := hermes.User{Address: sip.Unchecked("+4773500001", "EXAMPLE.com"), Type: hermes.Local}
	for _, tt := range []struct {
		rule string
		use  func(*testing.T, *env)
	}{
		{"an alias in another domain", func(t *testing.T, e *env) {
			a := hermes.Alias{Alias: addr("+4773500001@example.net"), Destination: bob}
			_, aliasErr := e.store.AddAlias(t.Context(), a, hermes.NumberUse{})
			_, poolErr := e.store.AddNumber(t.Context(), inPool, time.Time{})
			if err := errors.Join(aliasErr, poolErr); err != nil {
				t.Fatal(err)
			}
		}},
		{"a local user", func(t *testing.T, e *env) {
			mustUserAdd(t, e.client, hermes.UserAddRequest{User: addr("+4773500001@example.com")})
		}},
		{"a user of another tool, with capitals in the domain", func(t *testing.T, e *env) {
			if err := e.store.AddUser(t.Context(), capitals); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			tt.use(t, e)
			before := takeSnapshot(t, e.store)
			_, err := e.client.NumberAssign(t.Context(), hermes.NumberAssignRequest{User: alice, Number: inPool})
			wantCause(t, err, hermes.Exists)
			wantEqual(t, takeSnapshot(t, e.store), before)
			if n := mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice}).Number; n != number("+4773500002") {
				t.Errorf("any number: got %s, want +4773500002, the first free number", n)
			}
		})
	}
}

func TestClient_NumberAssign_causes(t *testing.T) {
	t.Parallel()
	n := number("+4773500002")
	hasNumber := func(t *testing.T, c *hermes.Client) {
		mustNumberAssign(t, c, hermes.NumberAssignRequest{User: alice})
	}
	for _, tt := range []struct {
		rule  string
		setup func(*testing.T, *hermes.Client) // nil for none
		req   hermes.NumberAssignRequest
		want  hermes.Cause
	}{
		{"no user", nil, hermes.NumberAssignRequest{}, hermes.Parameters},
		{"number together with search", nil,
			hermes.NumberAssignRequest{User: alice, Number: n, Search: mustPattern(t, "1")}, hermes.Parameters},
		{"number together with random", nil,
			hermes.NumberAssignRequest{User: alice, Number: n, Random: true}, hermes.Parameters},
		{"an unknown user", nil, hermes.NumberAssignRequest{User: addr("new@example.com")}, hermes.NotFound},
		{"a malformed user", nil,
			hermes.NumberAssignRequest{User: sip.Unchecked("a b", "example.com")}, hermes.Malformed},
		{"a number that is not in the pool", nil,
			hermes.NumberAssignRequest{User: alice, Number: number("+4773600000")}, hermes.NotFound},
		{"no match in the pool", nil,
			hermes.NumberAssignRequest{User: alice, Search: mustPattern(t, "999")}, hermes.Empty},
		{"a domain that is not served", nil,
			hermes.NumberAssignRequest{User: alice, AliasDomain: domain("far.example")}, hermes.UnknownDomain},
		{"a remote user, whose domain is not served", nil, hermes.NumberAssignRequest{User: carol}, hermes.UnknownDomain},
		{"a user with a number, by number", hasNumber, hermes.NumberAssignRequest{User: alice, Number: n}, hermes.Exists},
		{"a user with a number, by search", hasNumber, hermes.NumberAssignRequest{User: alice}, hermes.Exists},
		{"an alias that is a user's address", func(t *testing.T, c *hermes.Client) {
			mustUserAdd(t, c, hermes.UserAddRequest{User: addr("+4773500002@example.com")})
		}, hermes.NumberAssignRequest{User: alice, Number: n}, hermes.Exists},
		{"an unknown user comes before an empty pool", nil,
			hermes.NumberAssignRequest{User: addr("new@example.com"), Search: mustPattern(t, "999")}, hermes.NotFound},
		{"a domain that is not served comes before an empty pool", nil, hermes.NumberAssignRequest{
			User: alice, AliasDomain: domain("far.example"), Search: mustPattern(t, "999"),
		}, hermes.UnknownDomain},
		{"a malformed domain", nil,
			hermes.NumberAssignRequest{User: alice, AliasDomain: sip.UncheckedDomain("exa_mple")}, hermes.Malformed},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			if tt.setup != nil {
				tt.setup(t, e.client)
			}
			before := takeSnapshot(t, e.store)
			_, err := e.client.NumberAssign(t.Context(), tt.req)
			wantCause(t, err, tt.want)
			wantEqual(t, takeSnapshot(t, e.store), before)
		})
	}
	t.Run("a remote user in a served domain", func(t *testing.T) {
		t.Parallel()
		req := hermes.NumberAssignRequest{User: carol, AliasDomain: domain("example.com")}
		mustNumberAssign(t, newEnv(t).client, req)
	})
}

func TestClient_NumberRelease(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	alias := mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice}).Alias
	wantPool(t, e.store, "23456789")
	res, err := e.client.NumberRelease(t.Context(), hermes.NumberReleaseRequest{Alias: alias})
	if want := (hermes.NumberReleaseResponse{Number: inPool, Alias: alias}); err != nil || res != want {
		t.Errorf("got %+v, %v; want %+v", res, err, want)
	}
	wantPool(t, e.store, "123456789")
	mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice})
}

func TestClient_NumberRelease_causes(t *testing.T) {
	t.Parallel()
	const known = "+4773500009@example.com"
	for _, tt := range []struct {
		rule string
		req  hermes.NumberReleaseRequest
		want hermes.Cause
	}{
		{"neither alias nor number", hermes.NumberReleaseRequest{}, hermes.Parameters},
		{"both", hermes.NumberReleaseRequest{Alias: addr(known), Number: number("+4773500009")}, hermes.Parameters},
		{"an unknown alias", hermes.NumberReleaseRequest{Alias: addr("+4773500001@example.com")}, hermes.NotFound},
		{"an alias that is not a number", hermes.NumberReleaseRequest{Alias: addr("sales@example.com")}, hermes.Rejected},
		{"a number that is in the pool", hermes.NumberReleaseRequest{Number: inPool}, hermes.NotFound},
		{"a number between those of aliases", hermes.NumberReleaseRequest{Number: number("+4773500008")}, hermes.NotFound},
		{"a number that begins that of an alias", hermes.NumberReleaseRequest{Number: number("+477350000")}, hermes.NotFound},
		{"a number after all aliases", hermes.NumberReleaseRequest{Number: number("+99999")}, hermes.NotFound},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			mustAliasAdd(t, e.client, addr(known), bob)
			before := takeSnapshot(t, e.store)
			_, err := e.client.NumberRelease(t.Context(), tt.req)
			wantCause(t, err, tt.want)
			wantEqual(t, takeSnapshot(t, e.store), before)
		})
	}
}

func TestClient_NumberRelease_byNumber(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	// The number is that of the alias, whatever its domain, and not the first number of the user.
	alias := addr("+4773500001@example.net")
	mustAliasAdd(t, e.client, addr("+4773500000@example.com"), alice)
	mustAliasAdd(t, e.client, alias, bob)
	wantPool(t, e.store, "23456789")
	res, err := e.client.NumberRelease(t.Context(), hermes.NumberReleaseRequest{Number: inPool})
	if want := (hermes.NumberReleaseResponse{Number: inPool, Alias: alias}); err != nil || res != want {
		t.Errorf("got %+v, %v; want %+v", res, err, want)
	}
	wantPool(t, e.store, "123456789")
	_, err = e.client.NumberRelease(t.Context(), hermes.NumberReleaseRequest{Number: inPool})
	wantCause(t, err, hermes.NotFound)
}

func TestClient_NumberRelease_aliasInAnotherDomain(t *testing.T) {
	t.Parallel()
	here, there := addr("+4773500001@example.com"), addr("+4773500001@example.net")
	for _, tt := range []struct {
		rule string
		req  hermes.NumberReleaseRequest
	}{
		{"by alias", hermes.NumberReleaseRequest{Alias: here}},
		{"by number", hermes.NumberReleaseRequest{Number: inPool}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			mustAliasAdd(t, e.client, here, alice)
			mustAliasAdd(t, e.client, there, bob)
			before := takeSnapshot(t, e.store)
			_, err := e.client.NumberRelease(t.Context(), tt.req)
			wantCause(t, err, hermes.InUse)
			wantEqual(t, takeSnapshot(t, e.store), before)
			mustAliasRemove(t, e.client, there)
			_, err = e.client.NumberRelease(t.Context(), tt.req)
			wantCause(t, err, "")
		})
	}
}

// Another program may have put the number into the pool while it was an alias.
func TestClient_NumberRelease_numberInPool(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	alias := addr("+4773500001@example.com")
	mustAliasAdd(t, e.client, alias, alice)
	if _, err := e.store.AddNumber(t.Context(), inPool, time.Time{}); err != nil {
		t.Fatal(err)
	}
	_, err := e.client.NumberRelease(t.Context(), hermes.NumberReleaseRequest{Alias: alias})
	wantCause(t, err, "")
	wantPool(t, e.store, "123456789")
}
