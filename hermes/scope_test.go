package hermes_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func mustScope(t testing.TB, domains, numbers, nodes string) hermes.Scope {
	t.Helper()
	s, err := hermes.ParseScope(domains, numbers, nodes)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseScope(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule                    string
		domains, numbers, nodes string
		want                    hermes.Scope
	}{
		{"empty lists do not narrow", "", "", "", hermes.Scope{}},
		{"nor do stars", "*", "*", "*", hermes.Scope{}},
		{"domains are sorted in lower case, each once", "b.example,A.example,B.example", "", "", hermes.Scope{Domains: "a.example,b.example"}},
		{"prefixes are sorted, each once", "", "+4773,+46,+4773", "", hermes.Scope{Numbers: "+46,+4773"}},
		{"a prefix makes longer ones needless", "", "+4773,+51,+47,+4771,+4,+48", "", hermes.Scope{Numbers: "+4,+51"}},
		{"a prefix has 1 to 15 digits", "", "+123456789012345,+2", "", hermes.Scope{Numbers: "+123456789012345,+2"}},
		{"patterns are sorted, each once", "", "", "user/*,alias/list,user/*", hermes.Scope{Nodes: "alias/list,user/*"}},
		{"stars in a row are one", "", "", "user/***", hermes.Scope{Nodes: "user/*"}},
		{"a pattern of everything makes the others needless", "", "", "user/*,**", hermes.Scope{}},
	} {
		got, err := hermes.ParseScope(r.domains, r.numbers, r.nodes)
		if err != nil || got != r.want {
			t.Errorf("%s: got %+v, %v; want %+v", r.rule, got, err, r.want)
		}
		again, err := hermes.ParseScope(got.Domains, got.Numbers, got.Nodes)
		if err != nil || again != got {
			t.Errorf("%s: %+v is read back as %+v, %v", r.rule, got, again, err)
		}
	}
}

func TestParseScope_bad(t *testing.T) {
	t.Parallel()
	for _, r := range []struct{ rule, domains, numbers, nodes string }{
		{"a domain is malformed", "a.example,-", "", ""},
		{"a domain is no pattern", "*.example", "", ""},
		{"a star stands alone", "*,a.example", "", ""},
		{"a list has no empty entry", "a.example,", "", ""},
		{"a list has no blanks", "a.example, b.example", "", ""},
		{"a prefix begins with +", "", "4773", ""},
		{"a prefix has a digit", "", "+", ""},
		{"a prefix does not begin with 0", "", "+047", ""},
		{"a prefix has digits only", "", "+47*", ""},
		{"a prefix has ASCII digits only", "", "+4٣", ""},
		{"a prefix has at most 15 digits", "", "+1234567890123456", ""},
		{"a prefix is not empty", "", "+47,", ""},
		{"a pattern is not empty", "", "", "user/*,"},
		{"a pattern is in lower case", "", "", "User/*"},
		{"a pattern has no blanks", "", "", "user/* "},
		{"a list has at most 8192 characters", strings.Repeat("a.example,", 900) + "a.example", "", ""},
	} {
		if got, err := hermes.ParseScope(r.domains, r.numbers, r.nodes); err == nil || !got.IsZero() {
			t.Errorf("%s: got %+v, %v; want an error", r.rule, got, err)
		}
	}
}

func TestScope_With(t *testing.T) {
	t.Parallel()
	own := mustScope(t, "a.example", "+47", "user/*")
	for _, r := range []struct {
		rule                    string
		domains, numbers, nodes string
		want                    hermes.Scope
	}{
		{"what is not named stays", "", "", "", own},
		{"a star lifts one list", "", "*", "", hermes.Scope{Domains: "a.example", Nodes: "user/*"}},
		{"a list takes the place of the old one", "b.example", "", "", hermes.Scope{Domains: "b.example", Numbers: "+47", Nodes: "user/*"}},
	} {
		if got, err := own.With(r.domains, r.numbers, r.nodes); err != nil || got != r.want {
			t.Errorf("%s: got %+v, %v; want %+v", r.rule, got, err, r.want)
		}
	}
	if got, err := own.With("b.example", "x", ""); err == nil || got != own {
		t.Errorf("a bad list: got %+v, %v; want an error and the scope as it was", got, err)
	}
}

func TestScope_HasDomain(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule, scope, domain string
		want                bool
	}{
		{"a scope without domains has all", "", "a.example", true},
		{"even none", "", "", true},
		{"one of the list", "a.example,b.example", "b.example", true},
		{"another one", "a.example,b.example", "c.example", false},
		{"a domain below is another one", "a.example", "x.a.example", false},
		{"the case does not matter", "a.example", "A.Example", true},
		{"the Kelvin sign is not a k", "k.example", "\u212a.example", false},
		{"no domain is not in a list", "a.example", "", false},
		{"nor are two", "a.example,b.example", "a.example,b.example", false},
	} {
		if got := mustScope(t, r.scope, "", "").HasDomain(sip.UncheckedDomain(r.domain)); got != r.want {
			t.Errorf("%s: %q has %q: %v, want %v", r.rule, r.scope, r.domain, got, r.want)
		}
	}
}

func TestScope_HasAlias(t *testing.T) {
	t.Parallel()
	s := mustScope(t, "a.example", "+4773", "")
	for _, r := range []struct {
		rule, user, domain string
		want               bool
	}{
		{"a name", "sales", "a.example", true},
		{"a name elsewhere", "sales", "b.example", false},
		{"a number", "+4773500001", "A.example", true},
		{"a number with another prefix", "+4774500001", "a.example", false},
		{"a number elsewhere", "+4773500001", "b.example", false},
		{"digits without + are no number", "4774500001", "a.example", true},
	} {
		if got := s.HasAlias(sip.Unchecked(r.user, r.domain)); got != r.want {
			t.Errorf("%s: got %v, want %v", r.rule, got, r.want)
		}
	}
}

func TestScope_HasNumbers(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule, scope, first, last string
		want                     bool
	}{
		{"a scope without numbers has all", "", "+4700", "+4799", true},
		{"within one prefix", "+477", "+4770", "+4779", true},
		{"beyond its end", "+477", "+4770", "+4780", false},
		{"before its beginning", "+477", "+4769", "+4779", false},
		{"within two prefixes that adjoin", "+4773,+4774", "+47735", "+47745", true},
		{"within prefixes of different lengths", "+46,+470,+471", "+460", "+471", true},
		{"over a gap", "+4773,+4775", "+47735", "+47755", false},
		{"a gap of one number", "+4770,+4772", "+4770", "+4772", false},
		{"the numbers themselves as prefixes", "+4770,+4771", "+4770", "+4771", true},
		{"prefixes that are longer than the numbers", "+47700,+47701", "+4770", "+4770", false},
		{"one number", "+47", "+4770", "+4770", true},
		{"15 digits", "+9", "+900000000000000", "+999999999999999", true},
		{"two lengths, both within", "+47", "+4770", "+47700", true},
		{"two lengths, the first outside", "+47", "+4670", "+47700", false},
		{"two lengths, the last outside", "+47", "+4770", "+46700", false},
		{"the wrong order, both within", "+47", "+4771", "+4770", true},
		{"the wrong order, one outside", "+47", "+4870", "+4770", false},
	} {
		if got := mustScope(t, "", r.scope, "").HasNumbers(number(r.first), number(r.last)); got != r.want {
			t.Errorf("%s: %q has %s to %s: %v, want %v", r.rule, r.scope, r.first, r.last, got, r.want)
		}
	}
	if mustScope(t, "", "+47", "").HasNumbers(e164.Number{}, e164.Number{}) {
		t.Error("no number is within the scope")
	}
}

func TestScope_AllowsNode(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule, scope, node string
		want              bool
	}{
		{"a scope without nodes has all", "", "user/get", true},
		{"a path", "user/get", "user/get", true},
		{"a longer path", "user/get", "user/get_all", false},
		{"a star", "user/*", "user/get", true},
		{"a star in the middle", "user/*_pw", "user/change_pw", true},
		{"two stars", "*/*_range", "number/add_range", true},
		{"another group", "user/*", "phone/get", false},
		{"the second pattern", "phone/*,user/*", "user/get", true},
		{"a question mark is one character", "user/g?t", "user/get", true},
		{"a question mark is not two characters", "user/?t", "user/get", false},
	} {
		if got := mustScope(t, "", "", r.scope).AllowsNode(r.node); got != r.want {
			t.Errorf("%s: %q allows %q: %v, want %v", r.rule, r.scope, r.node, got, r.want)
		}
	}
}

func TestScope_Covers(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule       string
		own, other [3]string // domains, numbers, nodes
		want       bool
	}{
		{"the zero scope covers all", [3]string{}, [3]string{}, true},
		{"the zero scope covers a narrow one", [3]string{}, [3]string{"a.example", "+47", "user/*"}, true},
		{"a scope covers itself", [3]string{"a.example", "+47", "user/*"}, [3]string{"a.example", "+47", "user/*"}, true},
		{"domains do not cover all", [3]string{"a.example", "", ""}, [3]string{}, false},
		{"numbers do not cover all", [3]string{"", "+47", ""}, [3]string{}, false},
		{"nodes do not cover all", [3]string{"", "", "user/*"}, [3]string{}, false},
		{"some of the domains", [3]string{"a.example,b.example", "", ""}, [3]string{"b.example", "", ""}, true},
		{"another domain", [3]string{"a.example", "", ""}, [3]string{"a.example,b.example", "", ""}, false},
		{"a longer prefix", [3]string{"", "+47", ""}, [3]string{"", "+4773", ""}, true},
		{"a shorter prefix", [3]string{"", "+4773", ""}, [3]string{"", "+47", ""}, false},
		{"a pattern within", [3]string{"", "", "user/*"}, [3]string{"", "", "user/g*"}, true},
		{"a pattern beyond", [3]string{"", "", "user/g*"}, [3]string{"", "", "user/*"}, false},
		{"a star is no character of a path", [3]string{"", "", "user/?"}, [3]string{"", "", "user/*"}, false},
		{"a question mark is one", [3]string{"", "", "user/??t"}, [3]string{"", "", "user/g?t"}, true},
		{"a question mark is not any letter", [3]string{"", "", "user/get"}, [3]string{"", "", "user/?et"}, false},
		{"two stars between the same texts", [3]string{"", "", "*r/*"}, [3]string{"", "", "user/*"}, true},
	} {
		own, other := mustScope(t, r.own[0], r.own[1], r.own[2]), mustScope(t, r.other[0], r.other[1], r.other[2])
		if got := own.Covers(other); got != r.want {
			t.Errorf("%s: %v covers %v: %v, want %v", r.rule, r.own, r.other, got, r.want)
		}
	}
}

// scopeWorld is a small world in which scopes are compared by what they allow.
type scopeWorld struct {
	domains []sip.Domain
	numbers []e164.Number
	nodes   []string
}

func newScopeWorld() scopeWorld {
	w := scopeWorld{domains: []sip.Domain{domain("a.example"), domain("b.example"), domain("x.a.example"), domain("B.example.net")}}
	for _, text := range []string{"+46", "+47", "+460", "+4770", "+4773", "+47730", "+47731", "+4774", "+48", "+477399999999999"} {
		w.numbers = append(w.numbers, number(text))
	}
	for _, n := range hermes.Nodes() {
		w.nodes = append(w.nodes, n.Path)
	}
	return w
}

// random returns a scope with lists of a few entries, or without them.
func (w scopeWorld) random(t testing.TB, r *rand.Rand) hermes.Scope {
	t.Helper()
	list := func(draw func() string) string {
		var entries []string
		for range r.IntN(4) {
			entries = append(entries, draw())
		}
		return strings.Join(entries, ",")
	}
	return mustScope(t,
		list(func() string { return w.domains[r.IntN(len(w.domains))].String() }),
		list(func() string { n := w.numbers[r.IntN(len(w.numbers))].String(); return n[:2+r.IntN(len(n)-1)] }),
		list(func() string { return randomNodePattern(r, w.nodes[r.IntN(len(w.nodes))]) }),
	)
}

// randomNodePattern replaces some characters of a path with wildcards.
func randomNodePattern(r *rand.Rand, path string) string {
	for range r.IntN(4) {
		i := r.IntN(len(path) + 1)
		path = path[:i] + []string{"*", "?"}[r.IntN(2)] + path[min(len(path), i+r.IntN(6)):]
	}
	return path
}

// wider returns something that other allows and s does not, or "".
func (w scopeWorld) wider(s, other hermes.Scope) string {
	for _, d := range w.domains {
		if other.HasDomain(d) && !s.HasDomain(d) {
			return d.String()
		}
	}
	for _, n := range w.numbers {
		if other.HasNumber(n) && !s.HasNumber(n) {
			return n.String()
		}
	}
	for _, n := range w.nodes {
		if other.AllowsNode(n) && !s.AllowsNode(n) {
			return n
		}
	}
	return ""
}

func TestScope_Covers_random(t *testing.T) {
	t.Parallel()
	r, w, covered := rand.New(rand.NewPCG(1, 2)), newScopeWorld(), 0
	for range 100_000 {
		s, other := w.random(t, r), w.random(t, r)
		if !s.Covers(s) {
			t.Fatalf("%+v does not cover itself", s)
		}
		if !s.Covers(other) {
			continue
		}
		covered++
		if what := w.wider(s, other); what != "" {
			t.Fatalf("%+v covers %+v, which allows %s", s, other, what)
		}
	}
	if covered < 1000 {
		t.Errorf("%d of the pairs are covered, want more: the test shows nothing", covered)
	}
}

func TestScope_PrefixesWithin(t *testing.T) {
	t.Parallel()
	for _, r := range []struct{ rule, scope, prefix, want string }{
		{"a scope without numbers has the prefix itself", "", "+47", "+47"},
		{"and so has all numbers", "", "", ""},
		{"no prefix is all of the scope", "+46,+4773", "", "+46 +4773"},
		{"a prefix that is shorter than some", "+46,+4771,+4773,+48", "+47", "+4771 +4773"},
		{"a prefix of the scope", "+46,+4773", "+4773", "+4773"},
		{"a prefix that is longer than one", "+46,+4773", "+47735", "+47735"},
		{"a prefix that is another's", "+46,+4773", "+48", "none"},
		{"a prefix that no number has", "+46,+4773", "x", "none"},
	} {
		got := hermes.Scope{Numbers: r.scope}.PrefixesWithin(r.prefix)
		if text := strings.Join(got, " "); len(got) == 0 && r.want != "none" || len(got) > 0 && text != r.want {
			t.Errorf("%s: got %q, want %q", r.rule, got, r.want)
		}
	}
}
