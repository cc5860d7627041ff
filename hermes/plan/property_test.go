package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/plan"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestPlan_property applies files to Hermeses that other files have made. If nothing fails, nothing
// is left to do. An export has nothing to do either.
func TestPlan_property(t *testing.T) {
	t.Parallel()
	failed, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		c := newClient(t, 40, nil)
		for range 2 {
			f := anyFile(t)
			var opts plan.Options
			if rapid.Bool().Draw(t, "prune") {
				opts.Prune = pruned(f)
			}
			p := mustMake(t, c, f, &opts)
			var failures []plan.Failure
			_, err := p.Apply(ctx, c, &plan.ApplyOptions{DiscardPasswords: true, Failed: func(f plan.Failure) { failures = append(failures, f) }})
			if err != nil {
				t.Fatal(err)
			}
			all++
			if len(failures) > 0 {
				// A number or an alias that the file names is that of a user of which it says nothing.
				failed++
				for _, f := range failures {
					if text := f.Error(); !strings.Contains(text, "failed/exists") && !strings.Contains(text, "is not in the pool") {
						t.Errorf("failed: %v", f)
					}
				}
				continue
			}
			wantNothing(t, c, f, &opts)
		}
		for _, csv := range []bool{false, true} {
			f := mustParse(t, "export", mustExport(t, c, plan.ExportOptions{CSV: csv}))
			wantNothing(t, c, f, &plan.Options{Prune: pruned(f)})
		}
	})
	if all == 0 || failed > all/3 {
		t.Errorf("%d of %d files failed in part, want fewer", failed, all)
	}
}

// pruned returns the domains of which a file has users.
func pruned(f *plan.File) (domains []sip.Domain) {
	for _, u := range f.Users {
		if d := u.User.Domain(); !slices.Contains(domains, d) {
			domains = append(domains, d)
		}
	}
	return domains
}

// anyFile draws a file of some users.
func anyFile(t *rapid.T) *plan.File {
	f := &plan.File{Name: "drawn"}
	numbers := rapid.Permutation(seq(20)).Draw(t, "numbers")
	aliases := rapid.Permutation(seq(20)).Draw(t, "aliases")
	for _, i := range rapid.Permutation(seq(8)).Draw(t, "users")[:rapid.IntRange(0, 8).Draw(t, "count")] {
		d := []sip.Domain{domain, other}[i%2]
		u := plan.User{User: sip.MustParse(fmt.Sprintf("u%d@%s", i, d))}
		for _, field := range []*hermes.Opt[string]{&u.DisplayName, &u.Dialplan, &u.LineText, &u.RPID} {
			*field = maybe(t, "text", anyText)
		}
		u.Email = maybe(t, "email", rapid.SampledFrom([]string{"", "a@example.com", "+b@example.com"}))
		u.AuthID = maybe(t, "authid", rapid.SampledFrom([]string{u.User.User(), u.User.String()}))
		u.Permissions = maybe(t, "permissions", subset([]string{"=a", "b", "-c", "'d"}))
		u.Phones = maybe(t, "phones", subset([]mac.Addr{mac.MustParse("001565000001"), mac.MustParse("001565000002"), mac.MustParse("00e123456789")}))
		u.Suspended = maybe(t, "suspended", rapid.Bool())
		u.Absent = rapid.IntRange(0, 4).Draw(t, "absent") == 0
		if u.Aliases = maybe(t, "aliases", subset(seq2(aliases[:2], d))); u.Aliases.Set {
			aliases = aliases[2:]
		}
		if rapid.Bool().Draw(t, "number") {
			u.Number = hermes.Some(rapid.SampledFrom([]plan.Number{{}, {Auto: true}, {Auto: true, Search: mustPattern("+4773*")}, {Number: number(int64(numbers[0]))}}).Draw(t, "number"))
			numbers = numbers[1:]
		}
		f.Users = append(f.Users, u)
	}
	return f
}

// anyText draws texts that are hard to write, too.
var anyText = rapid.OneOf(
	rapid.SampledFrom([]string{"", "-", "'", "'-", "=1+1", "+47", "@a", " a ", "a;b,\"c\"", "yes", "null", "~", "1e3", "# x", "a: b", "\u2028", "\ufeff", "{x}"}),
	rapid.Map(rapid.StringN(0, 20, -1), func(s string) string {
		if !hermes.CleanText(s) {
			return ""
		}
		return s
	}),
)

func seq(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// seq2 returns aliases in a domain.
func seq2(numbers []int, d sip.Domain) (all []sip.Addr) {
	for _, n := range numbers {
		all = append(all, sip.MustParse(fmt.Sprintf(",%d=,@%s", n, d)))
	}
	return all
}

// maybe draws a field that may be absent.
func maybe[T any](t *rapid.T, label string, g *rapid.Generator[T]) (v hermes.Opt[T]) {
	if rapid.Bool().Draw(t, label+" named") {
		v = hermes.Some(g.Draw(t, label))
	}
	return v
}

// subset draws some of the values, which are in order.
func subset[T any](values []T) *rapid.Generator[[]T] {
	return rapid.Custom(func(t *rapid.T) (some []T) {
		for _, v := range values {
			if rapid.Bool().Draw(t, "in") {
				some = append(some, v)
			}
		}
		return some
	})
}

func mustPattern(text string) hermes.Pattern {
	p, err := hermes.ParsePattern(text)
	if err != nil {
		panic(err)
	}
	return p
}

// The lines of a phone are given in the order of the file, as are numbers of the pool.
func TestApply_order(t *testing.T) {
	t.Parallel()
	c := newClient(t, 200, nil)
	var b strings.Builder
	b.WriteString("user,phones,number\n")
	for i := range 160 {
		fmt.Fprintf(&b, "p%03d@example.com,0015650000%02x,\nn%03d@example.com,,auto\n", i, i%10, i)
	}
	f := mustParse(t, "f.csv", b.String())
	mustApply(t, c, mustMake(t, c, f, nil), &plan.ApplyOptions{DiscardPasswords: true, Workers: 16})
	var numbers []e164.Number
	for i := range 160 {
		u := mustShow(t, c, fmt.Sprintf("p%03d@example.com", i))
		if got := u.Phones[0].Line; got != i/10+1 {
			t.Errorf("%s has line %d of a phone, want %d", u.User, got, i/10+1)
		}
		numbers = append(numbers, mustShow(t, c, fmt.Sprintf("n%03d@example.com", i)).Numbers...)
	}
	if len(numbers) != 160 || !slices.IsSortedFunc(numbers, e164.Number.Compare) {
		t.Errorf("the numbers are %v, want 160 in order", numbers)
	}
}
