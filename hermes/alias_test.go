package hermes_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestClient_AliasAdd(t *testing.T) {
	t.Parallel()
	request := func(alias, destination string) hermes.AliasAddRequest {
		return hermes.AliasAddRequest{Alias: addr(alias), Destination: addr(destination)}
	}
	e164Alias := request("+4773500001@example.com", "alice@example.com")
	for _, tt := range []struct {
		rule string
		req  hermes.AliasAddRequest
		want hermes.Cause // "" for success
	}{
		{"to a local user", request("a@example.com", "alice@example.com"), ""},
		{"to a remote user", request("a@example.com", "carol@far.example"), ""},
		{"to an address of another server", request("a@example.com", "x@nowhere.example"), ""},
		{"from a domain without servers", request("a@example.net", "alice@example.com"), ""},
		{"from a domain that is not served", request("a@far.example", "alice@example.com"), hermes.UnknownDomain},
		{"to an unknown user of a served domain", request("a@example.com", "new@example.com"), hermes.NotFound},
		{"to an alias, which Kamailio does not follow", request("a@example.com", "sales@example.com"), hermes.NotFound},
		{"nxdomain comes before nonexistant", request("a@far.example", "new@example.com"), hermes.UnknownDomain},
		{"an existing alias, to another user", request("sales@example.com", "alice@example.com"), hermes.Exists},
		{"an existing alias, to the same user", request("sales@example.com", "bob@example.com"), hermes.Exists},
		{"an address that a user has", request("alice@example.com", "bob@example.com"), hermes.Exists},
		{"to itself", request("alice@example.com", "alice@example.com"), hermes.Exists},
		{"an E.164 alias", e164Alias, ""},
		{"no alias", hermes.AliasAddRequest{Destination: alice}, hermes.Parameters},
		{"no destination", hermes.AliasAddRequest{Alias: addr("a@example.com")}, hermes.Parameters},
		{"a malformed alias",
			hermes.AliasAddRequest{Alias: sip.Unchecked("a b", "example.com"), Destination: alice}, hermes.BadAlias},
		{"a malformed destination",
			hermes.AliasAddRequest{Alias: addr("a@example.com"), Destination: sip.Unchecked("a b", "example.com")},
			hermes.BadDestination},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			_, err := newEnv(t).client.AliasAdd(t.Context(), tt.req)
			wantCause(t, err, tt.want)
		})
	}
	for _, tt := range []struct {
		rule string
		req  hermes.AliasAddRequest
		want hermes.Cause // "" for success
	}{
		{"a second E.164 alias of a user", request("+4773500002@example.com", "alice@example.com"), hermes.Exists},
		{"a second E.164 alias in another domain", request("+4773500002@example.net", "alice@example.com"), hermes.Exists},
		{"an alias without a number beside an E.164 alias", request("a@example.com", "alice@example.com"), ""},
		{"an alias that is almost a number beside an E.164 alias",
			request("+0773500002@example.com", "alice@example.com"), ""},
		{"an E.164 alias of another user", request("+4773500002@example.com", "bob@example.com"), ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			mustAliasAdd(t, e.client, e164Alias.Alias, e164Alias.Destination)
			_, err := e.client.AliasAdd(t.Context(), tt.req)
			wantCause(t, err, tt.want)
		})
	}
}

func TestClient_AliasAdd_takesNumberFromPool(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustAliasAdd(t, e.client, addr("+4773500001@example.com"), alice)
	wantPool(t, e.store, "23456789")
	// A number that is not in the pool may be an alias too.
	mustAliasAdd(t, e.client, addr("+4773600000@example.com"), bob)
	wantPool(t, e.store, "23456789")
	// Only number/release returns the number to the pool.
	mustAliasRemove(t, e.client, addr("+4773500001@example.com"))
	wantPool(t, e.store, "23456789")
}

func TestClient_AliasAdd_findsNumberAmongManyAliases(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for i := range 600 {
		a := hermes.Alias{Alias: addr(fmt.Sprintf("!%03d@example.com", i)), Destination: dora}
		if _, err := e.store.AddAlias(t.Context(), a, hermes.NumberUse{}); err != nil {
			t.Fatal(err)
		}
	}
	mustAliasAdd(t, e.client, addr("+4773500001@example.com"), dora)
	req := hermes.AliasAddRequest{Alias: addr("+4773500002@example.com"), Destination: dora}
	_, err := e.client.AliasAdd(t.Context(), req)
	wantCause(t, err, hermes.Exists)
	calls := &storeCalls{}
	c := e.newClient(t, calls.over(e.store))
	found, _ := mustAliasList(t, c, hermes.AliasListRequest{Destination: dora, E164: true, Limit: 1})
	wantEqual(t, found, []string{"+4773500001@example.com"})
	wantEqual(t, calls.names, []string{"Aliases"})
}

func TestClient_AliasRemove(t *testing.T) {
	t.Parallel()
	malformed := sip.Unchecked("a b", "example.com")
	for _, tt := range []struct {
		rule  string
		alias sip.Addr
		want  hermes.Cause // "" for success
	}{
		{"an existing alias", addr("sales@example.com"), ""},
		{"a removed alias", addr("removed@example.com"), hermes.NotFound},
		{"a user", alice, hermes.NotFound},
		{"no alias", sip.Addr{}, hermes.Parameters},
		{"a malformed alias, which another program stored", malformed, ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			mustAliasAdd(t, e.client, addr("removed@example.com"), alice)
			mustAliasRemove(t, e.client, addr("removed@example.com"))
			if _, err := e.store.AddAlias(t.Context(), hermes.Alias{Alias: malformed, Destination: alice}, hermes.NumberUse{}); err != nil {
				t.Fatal(err)
			}
			_, err := e.client.AliasRemove(t.Context(), hermes.AliasRemoveRequest{Alias: tt.alias})
			wantCause(t, err, tt.want)
		})
	}
}

// mustAliasList returns the aliases of a page and the token for the next one.
func mustAliasList(t testing.TB, c *hermes.Client, req hermes.AliasListRequest) (aliases []string, next string) {
	t.Helper()
	res, err := c.AliasList(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range mustCollect(t, res.List) {
		aliases = append(aliases, a.Alias.String())
	}
	return aliases, res.List.Next()
}

func TestClient_AliasList(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustAliasAdd(t, e.client, addr("+4773500001@example.com"), alice)
	mustAliasAdd(t, e.client, addr("a@example.com"), alice)
	mustAliasAdd(t, e.client, addr("z@example.net"), bob)
	all := []string{"+4773500001@example.com", "a@example.com", "sales@example.com", "z@example.net"}
	for _, tt := range []struct {
		rule string
		req  hermes.AliasListRequest
		want []string
	}{
		{"all, in order", hermes.AliasListRequest{}, all},
		{"by destination", hermes.AliasListRequest{Destination: alice}, all[:2]},
		{"E.164 aliases of a destination", hermes.AliasListRequest{Destination: alice, E164: true}, all[:1]},
		{"E.164 aliases of a user without any", hermes.AliasListRequest{Destination: bob, E164: true}, nil},
		{"by an unknown destination", hermes.AliasListRequest{Destination: addr("new@example.com")}, nil},
		{"by alias", hermes.AliasListRequest{Alias: addr("a@example.com")}, all[1:2]},
		{"by an unknown alias", hermes.AliasListRequest{Alias: addr("b@example.com")}, nil},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			got, next := mustAliasList(t, e.client, tt.req)
			if !slices.Equal(got, tt.want) || next != "" {
				t.Errorf("got %v, next %q; want %v", got, next, tt.want)
			}
		})
	}
	t.Run("pages of one", func(t *testing.T) {
		t.Parallel()
		var got []string
		for after := ""; len(got) < 10; {
			page, next := mustAliasList(t, e.client, hermes.AliasListRequest{Limit: 1, After: after})
			got = append(got, page...)
			if after = next; after == "" {
				break
			}
		}
		if !slices.Equal(got, all) {
			t.Errorf("got %v, want %v", got, all)
		}
	})
}

func TestClient_AliasList_badParameters(t *testing.T) {
	t.Parallel()
	for rule, req := range map[string]hermes.AliasListRequest{
		"e164 without a destination":  {E164: true},
		"an alias with a destination": {Alias: alice, Destination: alice},
		"an alias with e164":          {Alias: alice, E164: true},
		"a negative limit":            {Limit: -1},
		"an after that no list gave":  {After: "x"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			_, err := newEnv(t).client.AliasList(t.Context(), req)
			wantCause(t, err, hermes.Parameters)
		})
	}
}

// The E.164 aliases are picked out of each page of the store, and still fill the pages of the list.
func TestClient_AliasList_pagesOfE164Aliases(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for i := range 9 {
		for _, format := range []string{"+477350000%d@example.com", "+477350000%dx@example.com"} {
			a := hermes.Alias{Alias: addr(fmt.Sprintf(format, i)), Destination: dora}
			if _, err := e.store.AddAlias(t.Context(), a, hermes.NumberUse{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	req := hermes.AliasListRequest{Destination: dora, E164: true, Limit: 5}
	first, next := mustAliasList(t, e.client, req)
	req.After = next
	second, end := mustAliasList(t, e.client, req)
	if len(first) != 5 || len(second) != 4 || end != "" || first[4] >= second[0] {
		t.Errorf("got the pages %v, %v, then next %q; want five and four numbers", first, second, end)
	}
}

func TestClient_AliasList_storeFails(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	calls := &storeCalls{fail: func(int) error { return errDisk }}
	res, err := e.newClient(t, calls.over(e.store)).AliasList(t.Context(), hermes.AliasListRequest{})
	wantStoreFailed(t, err)
	if all, err := res.List.Collect(); len(all) != 0 || err != nil || !res.List.Empty() {
		t.Errorf("got the list %v, %v; want an empty one, which can be read", all, err)
	}
	_, err = e.withAccess(hermes.NoAccess).AliasList(t.Context(), hermes.AliasListRequest{})
	if errors.Is(err, hermes.StoreFailed) {
		t.Errorf("got %v for a refused caller, want another cause than %s", err, hermes.StoreFailed)
	}
}
