package hermes_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// picky is a number plan in which +44… does not exist.
type picky struct{}

var errPicky = errors.New("no such country")

func (picky) Check(n e164.Number) error {
	if strings.HasPrefix(n.String(), "+44") {
		return errPicky
	}
	return nil
}

func pickyWorld(t *testing.T) *world {
	return newWorldWith(t, func(o *hermes.Options) { o.Plan = picky{} })
}

// wantPool wants exactly these numbers, without their lead-in +477350000.
func (w *world) wantPool(digits string) {
	w.Helper()
	var pool string
	for _, n := range ok(w.T, got(w.store.Numbers(w.Context(), hermes.NumberQuery{Limit: everything}))) {
		pool += strings.TrimPrefix(n.String(), "+477350000")
	}
	if pool != digits {
		w.Errorf("the pool has %q, want %q", pool, digits)
	}
}

func addRange(start, end string) func(w *world) error {
	return func(w *world) error {
		return only(w.NumberAddRange(w.Context(), hermes.NumberAddRangeRequest{Start: number(start), End: number(end)}))
	}
}

func TestAddRangeRefuses(t *testing.T) {
	play(t, []row{
		{"two numbers", addRange("+4773600000", "+4773600001"), ""},
		{"one number", addRange("+4773600000", "+4773600000"), hermes.Rejected},
		{"the end before the start", addRange("+4773600001", "+4773600000"), hermes.Rejected},
		{"more digits at the end", addRange("+4773600000", "+47736000010"), hermes.Rejected},
		{"another country", addRange("+4673600000", "+4773600000"), hermes.Rejected},
		{"another country, within a million", addRange("+46999999999", "+47000000001"), hermes.Rejected},
		{"a million", addRange("+47736000000", "+47736999999"), ""},
		{"a million and one", addRange("+47736000000", "+47737000000"), hermes.Rejected},
		{"no start", func(w *world) error {
			return only(w.NumberAddRange(w.Context(), hermes.NumberAddRangeRequest{End: inPool}))
		}, hermes.Parameters},
		{"no end", func(w *world) error {
			return only(w.NumberAddRange(w.Context(), hermes.NumberAddRangeRequest{Start: inPool}))
		}, hermes.Parameters},
	})
	w := newWorldWith(t, func(o *hermes.Options) { o.MaxRange = 9 })
	w.noError(addRange("+4773600000", "+4773600008")(w))
	refused(t, addRange("+4773700000", "+4773700009")(w), hermes.Rejected)
}

func TestAddRange(t *testing.T) {
	w := newWorld(t)
	ok(t, got(w.NumberRemove(t.Context(), hermes.NumberRemoveRequest{Number: number("+4773500003")})))
	ok(t, got(w.NumberAssign(t.Context(), hermes.NumberAssignRequest{User: alice, Number: number("+4773500005")})))
	res := ok(t, got(w.NumberAddRange(t.Context(), hermes.NumberAddRangeRequest{Start: number("+4773500000"), End: number("+4773500009")})))
	want := hermes.NumberAddRangeResponse{
		Detail: "Added 2 numbers from +4773500000 to +4773500009", Start: number("+4773500000"), End: number("+4773500009"), Added: 2, Skipped: 8,
	}
	if res != want {
		t.Errorf("got %+v, want %+v: 0 and 3 are new, 5 is in use as an alias", res, want)
	}
	w.wantPool("012346789")
}

func TestNumberPlan(t *testing.T) {
	bad, good := number("+442079460000"), number("+4773600000")
	for _, r := range []struct {
		node string
		err  func(w *world) error
	}{
		{"add", func(w *world) error { return only(w.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: bad})) }},
		{"remove", func(w *world) error {
			return only(w.NumberRemove(t.Context(), hermes.NumberRemoveRequest{Number: bad}))
		}},
		{"test", func(w *world) error {
			return only(w.NumberTest(t.Context(), hermes.NumberTestRequest{Number: bad}))
		}},
		{"assign", func(w *world) error {
			return only(w.NumberAssign(t.Context(), hermes.NumberAssignRequest{User: alice, Number: bad}))
		}},
		{"add_range, the start", addRange(bad.String(), good.String())},
		{"add_range, the end", addRange(good.String(), bad.String())},
	} {
		e := refused(t, r.err(pickyWorld(t)), hermes.Rejected)
		if e.Detail != "Not a valid E164 number" || !errors.Is(e, errPicky) {
			t.Errorf("%s: %q with %v inside; want the original's sentence, and the plan's reason inside", r.node, e.Detail, e.Err)
		}
	}
}

func TestNumberAdd(t *testing.T) {
	add := func(n string) func(w *world) error {
		return func(w *world) error {
			return only(w.NumberAdd(w.Context(), hermes.NumberAddRequest{Number: number(n)}))
		}
	}
	use := func(alias string) func(w *world) error {
		return func(w *world) error {
			return only(w.AliasAdd(w.Context(), hermes.AliasAddRequest{Alias: addr(alias), Destination: alice}))
		}
	}
	play(t, []row{
		{"a new one", add("+4773600000"), ""},
		{"one that is in the pool", add("+4773500001"), hermes.Exists},
		{"one that is in use as an alias", then(steps{use("+4773600000@example.com")}, add("+4773600000")), hermes.Exists},
		{"in any domain", then(steps{use("+4773600000@example.net")}, add("+4773600000")), hermes.Exists},
		{"its neighbour is free", then(steps{use("+47736000001@example.com")}, add("+4773600000")), ""},
		{"none", func(w *world) error { return only(w.NumberAdd(w.Context(), hermes.NumberAddRequest{})) }, hermes.Parameters},
	})
	if res := ok(t, got(newWorld(t).NumberAdd(t.Context(), hermes.NumberAddRequest{Number: number("+4773600000")}))); res.Detail != "Added +4773600000" {
		t.Errorf("detail %q", res.Detail)
	}
}

func TestNumberTestAndRemove(t *testing.T) {
	remove := func(w *world) error {
		return only(w.NumberRemove(w.Context(), hermes.NumberRemoveRequest{Number: inPool}))
	}
	test := func(w *world) error {
		return only(w.NumberTest(w.Context(), hermes.NumberTestRequest{Number: inPool}))
	}
	play(t, []row{
		{"it is there", test, ""},
		{"it is removed", remove, ""},
		{"once", then(steps{remove}, remove), hermes.NotFound},
		{"and is there no more", then(steps{remove}, test), hermes.NotFound},
		{"testing takes nothing", then(steps{test, test}, remove), ""},
		{"none to test", func(w *world) error { return only(w.NumberTest(w.Context(), hermes.NumberTestRequest{})) }, hermes.Parameters},
		{"none to remove", func(w *world) error { return only(w.NumberRemove(w.Context(), hermes.NumberRemoveRequest{})) }, hermes.Parameters},
	})
}

func (w *world) list(req hermes.NumberListRequest) (all []e164.Number, next string) {
	w.Helper()
	l := ok(w.T, got(w.NumberList(w.Context(), req))).List
	return ok(w.T, got(l.Collect())), l.Next()
}

func TestNumberList(t *testing.T) {
	w := newWorld(t)
	if all, next := w.list(hermes.NumberListRequest{}); len(all) != 9 || next != "" || !slices.IsSortedFunc(all, e164.Number.Compare) {
		t.Errorf("all: %v, next %q", all, next)
	}
	first, next := w.list(hermes.NumberListRequest{Limit: 5})
	rest, end := w.list(hermes.NumberListRequest{Limit: 5, After: next})
	if len(first) != 5 || len(rest) != 4 || end != "" || first[4].Compare(rest[0]) >= 0 {
		t.Errorf("pages: %v, %v, then %q", first, rest, end)
	}
	if found, _ := w.list(hermes.NumberListRequest{Search: pattern(t, "*00?2")}); !slices.Equal(found, []e164.Number{number("+4773500002")}) {
		t.Errorf("search: %v", found)
	}
	play(t, []row{
		{"no match", func(w *world) error {
			return only(w.NumberList(w.Context(), hermes.NumberListRequest{Search: pattern(w.T, "999")}))
		}, hermes.Empty},
		{"no match in random order", func(w *world) error {
			return only(w.NumberList(w.Context(), hermes.NumberListRequest{Search: pattern(w.T, "999"), Random: true}))
		}, hermes.Empty},
		{"after does not go with random", func(w *world) error {
			return only(w.NumberList(w.Context(), hermes.NumberListRequest{Random: true, After: next}))
		}, hermes.Parameters},
		{"an after that was made up", func(w *world) error {
			return only(w.NumberList(w.Context(), hermes.NumberListRequest{After: "x"}))
		}, hermes.Parameters},
		{"a limit below zero", func(w *world) error { return only(w.NumberList(w.Context(), hermes.NumberListRequest{Limit: -1})) }, hermes.Parameters},
	})
}

func TestNumberListRandom(t *testing.T) {
	w := newWorld(t)
	w.noError(addRange("+4773600000", "+4773600999")(w))
	orders := map[string]bool{}
	for range 5 {
		all, next := w.list(hermes.NumberListRequest{Random: true, Search: pattern(t, "+47736*")})
		orders[all[0].String()+all[1].String()+all[2].String()] = true
		if slices.SortFunc(all, e164.Number.Compare); len(slices.Compact(all)) != 1000 || next != "" {
			t.Fatalf("%d different numbers, next %q; want all 1000 and no next", len(slices.Compact(all)), next)
		}
	}
	if len(orders) < 2 {
		t.Error("five random lists are in one order")
	}
	if some, next := w.list(hermes.NumberListRequest{Random: true, Limit: 3}); len(some) != 3 || next != "" {
		t.Errorf("with a limit: %v, next %q; want three and no next, since it could not go on", some, next)
	}
}

// The vectors were computed elsewhere: SQL engines must come to the same.
func TestShuffle(t *testing.T) {
	for _, r := range []struct {
		n    string
		seed int64
		want int64
	}{
		{"+4773500001", 0, 1359212441}, {"+4773500001", 1, 1048161996}, {"+4773500002", 0, 1048161996}, {"+999999999999999", 2147483646, 1523622052},
	} {
		if got := hermes.Shuffle(number(r.n), r.seed); got != r.want {
			t.Errorf("%s by %d has the place %d, want %d", r.n, r.seed, got, r.want)
		}
	}
}
