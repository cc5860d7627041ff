package laws_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// long are the functions of the product that may have more than 60 lines, each with the reason.
func long() map[string]string {
	return map[string]string{}
}

const (
	mostLines   = 60  // of a function
	longLines   = 35  // 9 of 10 functions are below
	medianLines = 10  // half of the functions have no more
	fileLines   = 400 // of a file
)

// sized is a function and its length.
type sized struct {
	name  string // folder and function
	at    string
	lines int
}

func sizes(all []source) (functionsOf []sized) {
	for _, s := range all {
		if s.test() {
			continue
		}
		for fn := range functions(s.ast) {
			functionsOf = append(functionsOf, sized{s.dir() + " " + title(fn), s.at(fn), s.lines(fn)})
		}
	}
	slices.SortFunc(functionsOf, func(a, b sized) int { return a.lines - b.lines })
	return functionsOf
}

// The size law.
func TestFunctionSizes(t *testing.T) { obey(t, oversized(sizes(sources(t)), long())) }

// oversized wants the functions by length.
func oversized(all []sized, long map[string]string) (broken []string) {
	if m := all[len(all)/2]; m.lines > medianLines {
		broken = append(broken, fmt.Sprintf("the median function, %s, has %d lines, want %d at most", m.name, m.lines, medianLines))
	}
	if f := all[len(all)*9/10]; f.lines >= longLines {
		broken = append(broken, fmt.Sprintf("9 in 10 functions have up to %d lines, want less than %d", f.lines, longLines))
	}
	for _, f := range all {
		if f.lines > mostLines && long[f.name] == "" {
			broken = append(broken, fmt.Sprintf("%s: %s has %d lines, want %d at most", f.at, f.name, f.lines, mostLines))
		}
	}
	for name := range long {
		if !slices.ContainsFunc(all, func(f sized) bool { return f.name == name && f.lines > mostLines }) {
			broken = append(broken, name+" is in the list of long functions, and is none")
		}
	}
	return broken
}

func TestFileSizes(t *testing.T) {
	for name, text := range texts(t) {
		if strings.HasSuffix(name, ".go") && strings.Count(text, "\n") > fileLines {
			t.Errorf("%s has %d lines, want %d at most", name, strings.Count(text, "\n"), fileLines)
		}
	}
}

func TestSizesAreSeen(t *testing.T) {
	function := func(lines int) string { return "func f() {\n" + strings.Repeat("\n", lines-2) + "}" }
	measured := sizes([]source{parse(t, "p/p.go", []byte("package p\n"+function(7)+"\n"+function(3))), parse(t, "p/p_test.go", []byte("package p\n"+function(99)))})
	if len(measured) != 2 || measured[0].lines != 3 || measured[1].lines != 7 || measured[0].name != "p f" {
		t.Errorf("measured %v: want 3 and 7 lines, and no test", measured)
	}
	of := func(lines ...int) (all []sized) {
		for _, n := range lines {
			all = append(all, sized{name: fmt.Sprint("p f", n), lines: n})
		}
		return all
	}
	for _, r := range []struct {
		lines []int
		long  map[string]string
		want  int
	}{
		{[]int{1, 2, 10, 11, 12}, nil, 0},
		{[]int{1, 2, 11, 12, 13}, nil, 1},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 34}, nil, 0},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 35}, nil, 1},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 60}, nil, 0},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 61}, nil, 1},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 61}, map[string]string{"p f61": "a parser"}, 0},
		{[]int{1}, map[string]string{"p f61": "a parser"}, 1},
	} {
		if broken := oversized(of(r.lines...), r.long); len(broken) != r.want {
			t.Errorf("%v: %q, want %d faults", r.lines, broken, r.want)
		}
	}
}
