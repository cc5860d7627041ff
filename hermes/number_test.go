package hermes_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// planWithout44 is a number plan in which no number begins with +44. It counts how often it is
// asked about a number.
type planWithout44 struct {
	checks     *int
	lengthOnly bool
}

var errNoCountry = errors.New("want another country than 44")

func (p planWithout44) Check(n e164.Number) error {
	if p.checks != nil {
		*p.checks++
	}
	if strings.HasPrefix(n.String(), "+44") {
		return errNoCountry
	}
	return nil
}

func (p planWithout44) ChecksLengthOnly() bool { return p.lengthOnly }

// wantPool checks that the numbers in the pool are those that begin with +477350000 and end with
// one of the digits.
func wantPool(t testing.TB, s hermes.Store, digits string) {
	t.Helper()
	numbers, err := s.Numbers(t.Context(), hermes.NumberQuery{Limit: everything})
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for _, n := range numbers {
		got += strings.TrimPrefix(n.String(), "+477350000")
	}
	if got != digits {
		t.Errorf("the pool has the numbers that end with %q, want %q", got, digits)
	}
}

func TestClient_NumberAddRange(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	_, err := e.client.NumberRemove(t.Context(), hermes.NumberRemoveRequest{Number: number("+4773500003")})
	if err != nil {
		t.Fatal(err)
	}
	mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice, Number: number("+4773500005")})
	res := mustNumberAddRange(t, e.client, number("+4773500000"), number("+4773500009"))
	want := hermes.NumberAddRangeResponse{
		Detail: "Added 2 numbers from +4773500000 to +4773500009",
		Start:  number("+4773500000"), End: number("+4773500009"), Added: 2, Skipped: 8,
	}
	if res != want {
		t.Errorf("got %+v, want %+v: 0 and 3 are new, 5 is an alias, the others are in the pool", res, want)
	}
	wantPool(t, e.store, "012346789")
}

func TestClient_NumberAddRange_bounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule       string
		start, end e164.Number
		want       hermes.Cause // "" for success
		text       string       // the description
	}{
		{"two numbers", number("+4773600000"), number("+4773600001"), "", ""},
		{"one number", number("+4773600000"), number("+4773600000"), hermes.Rejected,
			`end "+4773600000": want a number after start "+4773600000"`},
		{"the end before the start", number("+4773600001"), number("+4773600000"), hermes.Rejected,
			`end "+4773600000": want a number after start "+4773600001"`},
		{"more digits at the end", number("+4773600000"), number("+47736000010"), hermes.Rejected,
			`end "+47736000010": 11 digits, and start "+4773600000" has 10; want the same count`},
		{"another country", number("+4673600000"), number("+4773600000"), hermes.Rejected,
			`end "+4773600000": country calling code 47, and start "+4673600000" has 46; want the same`},
		{"another country, within a million", number("+46999999999"), number("+47000000001"), hermes.Rejected,
			`end "+47000000001": country calling code 47, and start "+46999999999" has 46; want the same`},
		{"a million numbers", number("+47736000000"), number("+47736999999"), "", ""},
		{"a million numbers and one", number("+47736000000"), number("+47737000000"), hermes.Rejected,
			`end "+47737000000": 1000001 numbers from start "+47736000000" on; want at most 1000000`},
		{"no start", e164.Number{}, inPool, hermes.Parameters, ""},
		{"no end", inPool, e164.Number{}, hermes.Parameters, ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			req := hermes.NumberAddRangeRequest{Start: tt.start, End: tt.end}
			_, err := newEnv(t).client.NumberAddRange(t.Context(), req)
			if he := wantCause(t, err, tt.want); he != nil && he.Description != tt.text {
				t.Errorf("got the description %q, want %q", he.Description, tt.text)
			}
		})
	}
	t.Run("Options.MaxRange", func(t *testing.T) {
		t.Parallel()
		e := newEnvWith(t, func(o *hermes.Options) { o.MaxRange = 9 })
		mustNumberAddRange(t, e.client, number("+4773600000"), number("+4773600008"))
		_, err := e.client.NumberAddRange(t.Context(), hermes.NumberAddRangeRequest{
			Start: number("+4773700000"), End: number("+4773700009"),
		})
		wantCause(t, err, hermes.Rejected)
	})
}

// A number that the plan refuses gets the detail of the original API, a description, and the plan's
// error inside.
func TestNumberPlan(t *testing.T) {
	t.Parallel()
	bad, good := number("+442079460000"), number("+4773600000")
	alias := addr("+442079460000@example.com")
	for _, tt := range []struct {
		rule string
		node string
		req  hermes.Request
		want string // the description
	}{
		{"number/add", "number/add", &hermes.NumberAddRequest{Number: bad}, "number: want another country than 44"},
		{"number/add_range, start", "number/add_range", &hermes.NumberAddRangeRequest{Start: bad, End: good},
			"start: want another country than 44"},
		{"number/add_range, end", "number/add_range", &hermes.NumberAddRangeRequest{Start: good, End: bad},
			"end: want another country than 44"},
		{"number/release", "number/release", &hermes.NumberReleaseRequest{Alias: alias},
			"alias: want another country than 44; alias/remove removes the alias"},
		{"number/release, by number", "number/release", &hermes.NumberReleaseRequest{Number: bad},
			"number: want another country than 44; alias/remove removes the alias"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnvWith(t, func(o *hermes.Options) { o.Plan = planWithout44{} })
			mustAliasAdd(t, e.client, alias, alice)
			before := takeSnapshot(t, e.store)
			_, err := nodeAt(t, tt.node).Call(t.Context(), e.client, tt.req)
			he := wantCause(t, err, hermes.Rejected)
			const detail = "Not a valid E164 number"
			if he.Detail != detail || he.Description != tt.want || !errors.Is(he, errNoCountry) {
				t.Errorf("got the detail %q, the description %q and %v inside; want %q, %q and %v",
					he.Detail, he.Description, he.Err, detail, tt.want, errNoCountry)
			}
			wantEqual(t, takeSnapshot(t, e.store), before)
		})
	}
}

// The plan may have become stricter since a number entered the pool.
func TestNumberPlan_numberInPool(t *testing.T) {
	t.Parallel()
	n := number("+442079460000")
	for _, tt := range []struct {
		node string
		req  hermes.Request
	}{
		{"number/list", &hermes.NumberListRequest{Search: mustPattern(t, "+44*")}},
		{"number/test", &hermes.NumberTestRequest{Number: n}},
		{"number/remove", &hermes.NumberRemoveRequest{Number: n}},
		{"number/claim", &hermes.NumberClaimRequest{Search: mustPattern(t, "+44*")}},
		{"number/assign", &hermes.NumberAssignRequest{User: alice, Number: n}},
		{"number/assign", &hermes.NumberAssignRequest{User: alice, Search: mustPattern(t, "+44*")}},
		{"alias/add", &hermes.AliasAddRequest{Alias: addr("+442079460000@example.com"), Destination: alice}},
	} {
		t.Run(tt.node, func(t *testing.T) {
			t.Parallel()
			e := newEnvWith(t, func(o *hermes.Options) { o.Plan = planWithout44{} })
			if _, err := e.store.AddNumber(t.Context(), n, time.Time{}); err != nil {
				t.Fatal(err)
			}
			_, err := nodeAt(t, tt.node).Call(t.Context(), e.client, tt.req)
			wantCause(t, err, "")
		})
	}
}

func TestNumberPlan_range(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule       string
		lengthOnly bool
		wantChecks int
	}{
		{"a plan that checks the length only is asked about the ends", true, 2},
		{"any other plan is asked about each number", false, 1000},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			checks := 0
			e := newEnvWith(t, func(o *hermes.Options) { o.Plan = planWithout44{checks: &checks, lengthOnly: tt.lengthOnly} })
			checks = 0
			mustNumberAddRange(t, e.client, number("+4773600000"), number("+4773600999"))
			if checks != tt.wantChecks {
				t.Errorf("the plan was asked about %d numbers, want %d", checks, tt.wantChecks)
			}
		})
	}
	t.Run("a number in the middle is refused by its name, and nothing is added", func(t *testing.T) {
		t.Parallel()
		e := newEnvWith(t, func(o *hermes.Options) { o.Plan = planWithout{number("+4773600005"), number("+4773600007")} })
		before := takeSnapshot(t, e.store)
		req := hermes.NumberAddRangeRequest{Start: number("+4773600000"), End: number("+4773600009")}
		_, err := e.client.NumberAddRange(t.Context(), req)
		he := wantCause(t, err, hermes.Rejected)
		const want = `start to end: number "+4773600005": want another one`
		if he.Detail != "Not a valid E164 number" || he.Description != want {
			t.Errorf("got the detail %q, the description %q; want %q", he.Detail, he.Description, want)
		}
		wantEqual(t, takeSnapshot(t, e.store), before)
	})
}

// planWithout is a number plan without some numbers. It is no [hermes.LengthPlan].
type planWithout []e164.Number

func (p planWithout) Check(n e164.Number) error {
	if slices.Contains(p, n) {
		return fmt.Errorf("number %q: want another one", n)
	}
	return nil
}

func TestClient_NumberAdd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		alias  string // an alias of alice, if not ""
		number e164.Number
		want   hermes.Cause // "" for success
	}{
		{"a new number", "", number("+4773600000"), ""},
		{"a number in the pool", "", number("+4773500001"), hermes.Exists},
		{"an alias' number", "+4773600000@example.com", number("+4773600000"), hermes.Exists},
		{"an alias' number in another domain", "+4773600000@example.net", number("+4773600000"), hermes.Exists},
		{"a number that is the beginning of an alias' number", "+47736000001@example.com", number("+4773600000"), ""},
		{"no number", "", e164.Number{}, hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			if tt.alias != "" {
				mustAliasAdd(t, e.client, addr(tt.alias), alice)
			}
			res, err := e.client.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: tt.number})
			wantCause(t, err, tt.want)
			if err == nil && res.Detail != "Added +4773600000" {
				t.Errorf("got the detail %q, want %q", res.Detail, "Added +4773600000")
			}
		})
	}
}

func TestClient_NumberTest(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for range 2 { // the number stays in the pool
		_, err := e.client.NumberTest(t.Context(), hermes.NumberTestRequest{Number: inPool})
		wantCause(t, err, "")
	}
	_, err := e.client.NumberTest(t.Context(), hermes.NumberTestRequest{})
	wantCause(t, err, hermes.Parameters)
	wantPool(t, e.store, "123456789")
}

func TestClient_NumberRemove(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	_, err := e.client.NumberRemove(t.Context(), hermes.NumberRemoveRequest{})
	wantCause(t, err, hermes.Parameters)
	_, err = e.client.NumberRemove(t.Context(), hermes.NumberRemoveRequest{Number: inPool})
	wantCause(t, err, "")
	_, err = e.client.NumberRemove(t.Context(), hermes.NumberRemoveRequest{Number: inPool})
	wantCause(t, err, hermes.NotFound)
	_, err = e.client.NumberTest(t.Context(), hermes.NumberTestRequest{Number: inPool})
	wantCause(t, err, hermes.NotFound)
}

// mustNumberList returns the numbers of a page and the token for the next one.
func mustNumberList(t testing.TB, c *hermes.Client, req hermes.NumberListRequest) (numbers []e164.Number, next string) {
	t.Helper()
	res, err := c.NumberList(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return mustCollect(t, res.List), res.List.Next()
}

func TestClient_NumberList(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	all, next := mustNumberList(t, e.client, hermes.NumberListRequest{})
	if len(all) != 9 || next != "" || !slices.IsSortedFunc(all, e164.Number.Compare) {
		t.Errorf("got %v, next %q; want the nine numbers in order", all, next)
	}
	first, next := mustNumberList(t, e.client, hermes.NumberListRequest{Limit: 5})
	second, end := mustNumberList(t, e.client, hermes.NumberListRequest{Limit: 5, After: next})
	if len(first) != 5 || len(second) != 4 || end != "" || first[4].Compare(second[0]) >= 0 {
		t.Errorf("got the pages %v, %v, then next %q; want five and four numbers in order", first, second, end)
	}
	found, _ := mustNumberList(t, e.client, hermes.NumberListRequest{Search: mustPattern(t, "*00?2")})
	if !slices.Equal(found, []e164.Number{number("+4773500002")}) {
		t.Errorf("found %v, want +4773500002", found)
	}
	noMatch := mustPattern(t, "999")
	_, afterFour := mustNumberList(t, e.client, hermes.NumberListRequest{Limit: 4})
	for rule, req := range map[string]hermes.NumberListRequest{
		"after the last match":               {Search: mustPattern(t, "*2"), After: afterFour},
		"after the last match, with a limit": {Search: mustPattern(t, "*2"), After: afterFour, Limit: 1},
	} {
		if rest, end := mustNumberList(t, e.client, req); len(rest) != 0 || end != "" {
			t.Errorf("%s: got %v, next %q; want no number and no next", rule, rest, end)
		}
	}
	for _, tt := range []struct {
		rule string
		req  hermes.NumberListRequest
		want hermes.Cause
	}{
		{"no match", hermes.NumberListRequest{Search: noMatch}, hermes.Empty},
		{"no match in random order", hermes.NumberListRequest{Search: noMatch, Random: true}, hermes.Empty},
		{"after together with random", hermes.NumberListRequest{Random: true, After: next}, hermes.Parameters},
		{"an after that no list gave", hermes.NumberListRequest{After: "x"}, hermes.Parameters},
		{"a negative limit", hermes.NumberListRequest{Limit: -1}, hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			_, err := e.client.NumberList(t.Context(), tt.req)
			wantCause(t, err, tt.want)
		})
	}
}

func TestClient_NumberList_random(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustNumberAddRange(t, e.client, number("+4773600000"), number("+4773600999"))
	orders := map[string]bool{}
	for range 5 {
		all, next := mustNumberList(t, e.client, hermes.NumberListRequest{Random: true, Search: mustPattern(t, "+47736*")})
		orders[all[0].String()+all[1].String()+all[2].String()] = true
		slices.SortFunc(all, e164.Number.Compare)
		if distinct := len(slices.Compact(all)); distinct != 1000 || next != "" {
			t.Fatalf("got %d distinct numbers, next %q; want all 1000 and no next", distinct, next)
		}
	}
	if len(orders) < 2 {
		t.Error("five random lists are in the same order")
	}
	// A random list cannot be continued, so it has no next even with a limit.
	some, next := mustNumberList(t, e.client, hermes.NumberListRequest{Random: true, Limit: 3})
	if len(some) != 3 || next != "" {
		t.Errorf("with a limit of 3: got %v, next %q; want three numbers and no next", some, next)
	}
}

// The vectors were computed by another program. SQL engines must get the same values.
func TestShuffle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		number string
		seed   int64
		want   int64
	}{
		{"+4773500001", 0, 1359212441},
		{"+4773500001", 1, 1048161996},
		{"+4773500002", 0, 1048161996},
		{"+999999999999999", 2147483646, 1523622052},
	} {
		if got := hermes.Shuffle(number(tt.number), tt.seed); got != tt.want {
			t.Errorf("Shuffle(%s, %d) = %d, want %d", tt.number, tt.seed, got, tt.want)
		}
	}
}
