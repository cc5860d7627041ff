package apitest

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// script is a parsed file; the package comment describes the format.
type script struct {
	head  string // the text before the first case
	cases []*testCase
}

type testCase struct {
	title  string   // without "== "
	steps  []string // the lines before the request
	ask    string   // the request line: method, node and query
	form   string   // the body
	answer string
}

// want returns the result that the title names.
func (c *testCase) want() string {
	want, _, _ := strings.Cut(c.title, ":")
	return want
}

// node returns the node that the request asks.
func (c *testCase) node() string {
	_, rest, _ := strings.Cut(c.ask, " ")
	node, _, _ := strings.Cut(rest, "?")
	return node
}

func mustReadScript(t *testing.T, file string) *script {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseScript(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}

func parseScript(text string) (*script, error) {
	parts := strings.Split("\n"+text, "\n== ")
	s := &script{head: strings.TrimPrefix(parts[0], "\n")}
	for _, part := range parts[1:] {
		c, err := parseCase(part)
		if err != nil {
			return nil, err
		}
		s.cases = append(s.cases, c)
	}
	return s, nil
}

// requestLine matches the line that begins with a method, unlike those of steps.
var requestLine = regexp.MustCompile(`^[A-Z]+ `)

func parseCase(text string) (*testCase, error) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	c := &testCase{title: lines[0]}
	for i, line := range lines[1:] {
		if !requestLine.MatchString(line) {
			c.steps = append(c.steps, line)
			continue
		}
		c.ask = line
		rest := lines[i+2:]
		if len(rest) > 0 && strings.HasPrefix(rest[0], "| ") {
			c.form, rest = rest[0][len("| "):], rest[1:]
		}
		c.answer = strings.Join(rest, "\n")
		return c, nil
	}
	return nil, fmt.Errorf("case %q: want a line with a request, such as GET user/list", c.title)
}

// String returns the script in the format of its file.
func (s *script) String() string {
	var b strings.Builder
	b.WriteString(s.head)
	for _, c := range s.cases {
		fmt.Fprintf(&b, "\n== %s\n", c.title)
		for _, step := range c.steps {
			b.WriteString(step + "\n")
		}
		b.WriteString(c.ask + "\n")
		if c.form != "" {
			b.WriteString("| " + c.form + "\n")
		}
		b.WriteString(c.answer + "\n")
	}
	return b.String()
}
