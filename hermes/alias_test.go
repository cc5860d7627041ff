package hermes_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestAliasAdd(t *testing.T) {
	add := func(a hermes.AliasAddRequest) func(w *world) error {
		return func(w *world) error { return only(w.AliasAdd(w.Context(), a)) }
	}
	number1, number2 := addAlias("+4773500001@example.com", "alice@example.com"), addAlias("+4773500002@example.com", "alice@example.com")
	play(t, []row{
		{"to a local user", addAlias("a@example.com", "alice@example.com"), ""},
		{"to a remote user", addAlias("a@example.com", "carol@far.example"), ""},
		{"to somebody elsewhere, whom nobody can know", addAlias("a@example.com", "x@nowhere.example"), ""},
		{"from a domain without servers", addAlias("a@example.net", "alice@example.com"), ""},
		{"from a domain that is not served", addAlias("a@far.example", "alice@example.com"), hermes.UnknownDomain},
		{"to nobody in a local domain", addAlias("a@example.com", "new@example.com"), hermes.NotFound},
		{"to an alias, which Kamailio does not follow", addAlias("a@example.com", "sales@example.com"), hermes.NotFound},
		{"nxdomain comes before nonexistant", addAlias("a@far.example", "new@example.com"), hermes.UnknownDomain},
		{"an alias that exists", addAlias("sales@example.com", "alice@example.com"), hermes.Exists},
		{"the same alias again", addAlias("sales@example.com", "bob@example.com"), hermes.Exists},
		{"an address that a user has", addAlias("alice@example.com", "bob@example.com"), hermes.Exists},
		{"to itself", addAlias("alice@example.com", "alice@example.com"), hermes.Exists},
		{"a user's E.164 alias", number1, ""},
		{"a second one", then(steps{number1}, number2), hermes.Exists},
		{"a second one of another domain", then(steps{number1}, addAlias("+4773500002@example.net", "alice@example.com")), hermes.Exists},
		{"one that is no number besides", then(steps{number1}, addAlias("a@example.com", "alice@example.com")), ""},
		{"one that is almost a number besides", then(steps{number1}, addAlias("+0773500002@example.com", "alice@example.com")), ""},
		{"another user's number", then(steps{number1}, addAlias("+4773500002@example.com", "bob@example.com")), ""},
		{"no alias", add(hermes.AliasAddRequest{Destination: alice}), hermes.Parameters},
		{"no destination", add(hermes.AliasAddRequest{Alias: addr("a@example.com")}), hermes.Parameters},
		{"an alias that only another tool could write", add(hermes.AliasAddRequest{Alias: sip.Unchecked("a b", "example.com"), Destination: alice}), hermes.BadAlias},
		{"such a destination", add(hermes.AliasAddRequest{Alias: addr("a@example.com"), Destination: sip.Unchecked("a b", "example.com")}), hermes.BadDestination},
	})
}

func TestAliasAddTakesTheNumber(t *testing.T) {
	w := newWorld(t)
	w.noError(addAlias("+4773500001@example.com", "alice@example.com")(w))
	w.wantPool("23456789")
	w.noError(addAlias("+4773600000@example.com", "bob@example.com")(w)) // was in no pool
	w.wantPool("23456789")
	ok(t, got(w.AliasRemove(t.Context(), hermes.AliasRemoveRequest{Alias: addr("+4773500001@example.com")})))
	w.wantPool("23456789") // number/release would return it
}

// A destination's number is found among many aliases.
func TestAliasAddAmongMany(t *testing.T) {
	w := newWorld(t)
	for i := range 600 {
		w.noError(w.store.AddAlias(t.Context(), hermes.Alias{Alias: addr(fmt.Sprintf("!%03d@example.com", i)), Destination: dora}))
	}
	w.noError(addAlias("+4773500001@example.com", "dora@example.com")(w))
	refused(t, addAlias("+4773500002@example.com", "dora@example.com")(w), hermes.Exists)
	found, _ := w.aliases(hermes.AliasListRequest{Destination: dora, E164: true})
	same(t, found, []string{"+4773500001@example.com"})
}

func TestAliasRemove(t *testing.T) {
	remove := func(a string) func(w *world) error {
		return func(w *world) error {
			return only(w.AliasRemove(w.Context(), hermes.AliasRemoveRequest{Alias: addr(a)}))
		}
	}
	play(t, []row{
		{"it is there", remove("sales@example.com"), ""},
		{"once", then(steps{remove("sales@example.com")}, remove("sales@example.com")), hermes.NotFound},
		{"a user is none", remove("alice@example.com"), hermes.NotFound},
		{"no alias", func(w *world) error { return only(w.AliasRemove(w.Context(), hermes.AliasRemoveRequest{})) }, hermes.Parameters},
		{"what only another tool could write is removed too", func(w *world) error {
			a := sip.Unchecked("a b", "example.com")
			w.noError(w.store.AddAlias(w.Context(), hermes.Alias{Alias: a, Destination: alice}))
			return only(w.AliasRemove(w.Context(), hermes.AliasRemoveRequest{Alias: a}))
		}, ""},
	})
}

func (w *world) aliases(req hermes.AliasListRequest) (all []string, next string) {
	w.Helper()
	l := ok(w.T, got(w.AliasList(w.Context(), req))).List
	for _, a := range ok(w.T, got(l.Collect())) {
		all = append(all, a.Alias.String())
	}
	return all, l.Next()
}

func TestAliasList(t *testing.T) {
	w := newWorld(t)
	for alias, to := range map[string]string{"+4773500001@example.com": "alice@example.com", "a@example.com": "alice@example.com", "z@example.net": "bob@example.com"} {
		w.noError(addAlias(alias, to)(w))
	}
	for _, r := range []struct {
		why  string
		req  hermes.AliasListRequest
		want string
	}{
		{"all, in order", hermes.AliasListRequest{}, "+4773500001@example.com a@example.com sales@example.com z@example.net"},
		{"those that lead to a user", hermes.AliasListRequest{Destination: alice}, "+4773500001@example.com a@example.com"},
		{"its E.164 alias", hermes.AliasListRequest{Destination: alice, E164: true}, "+4773500001@example.com"},
		{"none of a user without", hermes.AliasListRequest{Destination: bob, E164: true}, ""},
		{"none of nobody", hermes.AliasListRequest{Destination: addr("new@example.com")}, ""},
		{"one by its address", hermes.AliasListRequest{Alias: addr("a@example.com")}, "a@example.com"},
		{"none by that address", hermes.AliasListRequest{Alias: addr("b@example.com")}, ""},
	} {
		if all, next := w.aliases(r.req); strings.Join(all, " ") != r.want || next != "" {
			t.Errorf("%s: %v, next %q; want %s", r.why, all, next, r.want)
		}
	}
	var all []string
	for after := ""; ; {
		page, next := w.aliases(hermes.AliasListRequest{Limit: 1, After: after})
		all = append(all, page...)
		if after = next; after == "" {
			break
		}
	}
	if len(all) != 4 {
		t.Errorf("over pages of one: %v", all)
	}
}

func TestAliasListRefuses(t *testing.T) {
	list := func(req hermes.AliasListRequest) func(w *world) error {
		return func(w *world) error { return only(w.AliasList(w.Context(), req)) }
	}
	play(t, []row{
		{"e164 without a destination", list(hermes.AliasListRequest{E164: true}), hermes.Parameters},
		{"an alias with a destination", list(hermes.AliasListRequest{Alias: alice, Destination: alice}), hermes.Parameters},
		{"an alias with e164", list(hermes.AliasListRequest{Alias: alice, E164: true}), hermes.Parameters},
		{"a limit below zero", list(hermes.AliasListRequest{Limit: -1}), hermes.Parameters},
		{"an after that was made up", list(hermes.AliasListRequest{After: "x"}), hermes.Parameters},
	})
}

// E.164 aliases are picked out of each page, and their pages are as long as any.
func TestAliasListE164Pages(t *testing.T) {
	w := newWorld(t)
	for i := range 9 {
		for _, a := range []string{fmt.Sprintf("+477350000%d@example.com", i), fmt.Sprintf("+477350000%dx@example.com", i)} {
			w.noError(w.store.AddAlias(t.Context(), hermes.Alias{Alias: addr(a), Destination: dora})) // as another tool left them
		}
	}
	first, next := w.aliases(hermes.AliasListRequest{Destination: dora, E164: true, Limit: 5})
	rest, end := w.aliases(hermes.AliasListRequest{Destination: dora, E164: true, Limit: 5, After: next})
	if len(first) != 5 || len(rest) != 4 || end != "" || first[4] >= rest[0] {
		t.Errorf("pages %v, %v, then %q; want five and four numbers", first, rest, end)
	}
}

// Where the database fails the list is an empty one, which can be read.
func TestAliasListOverAFailingStore(t *testing.T) {
	w := newWorld(t)
	broken := w.over((&storeCalls{fail: func(int) error { return errDisk }}).over(w.store))
	res, err := broken.AliasList(t.Context(), hermes.AliasListRequest{})
	wantDBFail(t, err)
	if all, err := res.List.Collect(); len(all) != 0 || err != nil || !res.List.Empty() {
		t.Errorf("the list has %v, %v; want an empty one", all, err)
	}
	if errors.Is(only(w.level(hermes.NoAccess).AliasList(t.Context(), hermes.AliasListRequest{})), hermes.StoreFailed) {
		t.Error("a refusal passes for the database's failure")
	}
}
