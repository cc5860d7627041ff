package laws_test

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The limits of style. Short files beside doc.go should be those with build tags.
const (
	maxFileLines     = 400
	shortFileLines   = 40
	maxShortFiles    = 6
	maxFunctionLines = 60 // but for tables, which return one composite literal
	maxCommentColumn = 100
)

// TestStyle: the rules of style that linters do not have.
func TestStyle(t *testing.T) {
	t.Parallel()
	var short []string
	for _, f := range goFiles(t) {
		for _, rule := range styleRules {
			report(t, rule(f))
		}
		if isShort(f) {
			short = append(short, f.path)
		}
	}
	if len(short) > maxShortFiles {
		slices.Sort(short)
		t.Errorf("%d files have less than %d lines, want %d at most; merge some with their subject: %s",
			len(short), shortFileLines, maxShortFiles, strings.Join(short, " "))
	}
}

// styleRules return the faults of a file.
var styleRules = []func(goFile) []string{longFiles, longFunctions, longComments, emptyComments, unwantedWords, coreReceivers}

func longFiles(f goFile) []string {
	if lines := strings.Count(f.text, "\n"); lines > maxFileLines {
		return []string{fmt.Sprintf("%s: split it by subject; it has %d lines, want %d at most", f.path, lines, maxFileLines)}
	}
	return nil
}

func isShort(f goFile) bool {
	return !f.isTest() && !strings.HasSuffix(f.path, "/doc.go") && strings.Count(f.text, "\n") < shortFileLines
}

func longFunctions(f goFile) (faults []string) {
	for fn := range functions(f) {
		lines := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
		if !f.isTest() && lines > maxFunctionLines && !isTable(fn) {
			faults = append(faults, fmt.Sprintf("%s: split %s; it has %d lines, want %d at most", f.at(fn), fullName(fn), lines, maxFunctionLines))
		}
	}
	return faults
}

// isTable reports whether a function does nothing but return a composite literal.
func isTable(fn *ast.FuncDecl) bool {
	if fn.Body == nil || len(fn.Body.List) != 1 {
		return false
	}
	ret, ok := fn.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return false
	}
	_, ok = ret.Results[0].(*ast.CompositeLit)
	return ok
}

// longComments finds lines that a comment makes longer than the limit. It counts a tab as one
// column. Directives such as go:generate and the output of an example cannot be wrapped.
func longComments(f goFile) (faults []string) {
	lines := strings.Split(f.text, "\n")
	for _, group := range f.ast.Comments {
		if strings.HasPrefix(group.Text(), "Output:") {
			continue
		}
		for _, c := range group.List {
			first := f.fset.Position(c.Pos()).Line
			for i := range strings.Split(c.Text, "\n") {
				n := utf8.RuneCountInString(lines[first+i-1])
				if n > maxCommentColumn && !strings.HasPrefix(c.Text, "//go:") {
					faults = append(faults, fmt.Sprintf("%s:%d: wrap the comment; the line has %d columns, want %d at most", f.path, first+i, n, maxCommentColumn))
				}
			}
		}
	}
	return faults
}

// emptyComments finds comments without text, but for those between two paragraphs.
func emptyComments(f goFile) (faults []string) {
	for _, group := range f.ast.Comments {
		for i, c := range group.List {
			if strings.TrimSpace(c.Text) == "//" && (i == 0 || i == len(group.List)-1) {
				faults = append(faults, f.at(c)+": remove the empty comment")
			}
		}
	}
	return faults
}

// unwantedWords finds phrases for which Go's documentation has others.
func unwantedWords(f goFile) (faults []string) {
	if f.isTest() {
		return nil
	}
	n := 0
	for line := range strings.Lines(f.text) {
		n++
		for phrase, instead := range map[string]string{
			"tells whether": `"reports whether"`,
			"nobody":        `"no user", "no caller", "unknown"`,
			"somebody":      `the role, such as "an administrator"`,
		} {
			if strings.Contains(strings.ToLower(line), phrase) {
				faults = append(faults, fmt.Sprintf("%s:%d: write %s instead of %q", f.path, n, instead, phrase))
			}
		}
	}
	return faults
}

// coreReceivers finds methods of a type core, whose name says nothing about it.
func coreReceivers(f goFile) (faults []string) {
	for fn := range functions(f) {
		if !f.isTest() && receiver(fn) == "core" {
			faults = append(faults, f.at(fn)+": name the type after what it is, instead of core")
		}
	}
	return faults
}

func TestStyleRules(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxCommentColumn)
	for _, c := range []struct {
		rule func(goFile) []string
		text string
		want int
	}{
		{longFiles, "package p\n" + strings.Repeat("\n", maxFileLines-1), 0},
		{longFiles, "package p\n" + strings.Repeat("\n", maxFileLines), 1},
		{longFunctions, "func f() {" + strings.Repeat("\n", maxFunctionLines-1) + "}", 0},
		{longFunctions, "func f() {" + strings.Repeat("\n", maxFunctionLines) + "}", 1},
		{longFunctions, "func f() []int {\nreturn []int{" + strings.Repeat("1,\n", maxFunctionLines) + "}\n}", 0},
		{longComments, "// " + long[3:], 0},
		{longComments, "// " + long, 1},
		{longComments, "// short\n\n/*\n" + long + "\n" + long + "x\n*/", 1},
		{longComments, "var x = 1 // " + long, 1},
		{longComments, `var x = "` + long + `"`, 0},
		{longComments, "//go:generate " + long, 0},
		{longComments, "func Example() {\n// Output:\n// " + long + "\n}", 0},
		{emptyComments, "// A paragraph.\n//\n// Another one.\nvar x int", 0},
		{emptyComments, "type t struct {\n\ta int // the first\n\tb int //\n}", 1},
		{emptyComments, "// A paragraph.\n//\nvar x int", 1},
		{emptyComments, "//\n// A paragraph.\nvar x int", 1},
		{unwantedWords, "// f tells whether it is.\nfunc f() {}", 1},
		{unwantedWords, "// f reports whether it is.\nfunc f() {}", 0},
		{unwantedWords, "// Nobody calls f.\nfunc f() {}", 1},
		{unwantedWords, `var x = "for somebody"`, 1},
		{unwantedWords, `var x = "nobody"`, 1},
		{coreReceivers, "type core int\nfunc (c *core) f() {}", 1},
		{coreReceivers, "type client int\nfunc (c *client) f() {}", 0},
	} {
		wantFaults(t, c.rule, c.text, c.want)
	}
}

func TestIsShort(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"p/p.go": true, "p/doc.go": false, "p/p_test.go": false} {
		if got := isShort(parse(t, path, "var x int")); got != want {
			t.Errorf("isShort(%s) = %v, want %v", path, got, want)
		}
	}
	if isShort(parse(t, "p/p.go", strings.Repeat("\n", shortFileLines))) {
		t.Errorf("a file with %d lines is short, want it not to be", shortFileLines)
	}
}
