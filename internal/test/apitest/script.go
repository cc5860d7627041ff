package apitest

import (
	"fmt"
	"regexp"
	"strings"
)

// A script is a file of testdata/golden: comments, and cases that are played one after the
// other in one World.
//
//	# Adds a local user.
//
//	== failed/exists: a user has the address
//	setup user/add?user=alice@example.com
//	as writer
//	GET user/add?user=alice@example.com
//	{
//	  "response": "failed",
//	  …
//
// A case names the answer's response and cause, and says why. Then come, a line each and all of
// them optional:
//
//	setup NODE?QUERY    asked by admin before; must succeed
//	try N NODE?QUERY    asked by admin N times before, whatever is answered
//	keep NAME OTHER     {NAME} is from now on what {OTHER} was until now
//	as USER             who asks: reader, auditor, writer, admin (the default), key (the API key {key}) or nobody
//	with HANDLER        broken, down or readonly; see World
//	sleep DURATION      time passes
//	header NAME: VALUE  the request has that header
//
// and the request: GET NODE?QUERY or another method, and for POST a line "| PARAMETERS". What follows is the answer: the
// status where it is not 200, headers that bear on it, and the body. {name} in a query is the
// text that an answer before it had under that name; {signature} signs {nonce} as the key {key}, whose public key
// is {pubkey}. Tokens in answers are cut to their prefix.
type script struct {
	head  string
	cases []*scene
}

type scene struct {
	title  string // all after "== "
	steps  []string
	ask    string
	form   string
	answer string
}

// want returns the response and cause that the title names.
func (s *scene) want() string {
	want, _, _ := strings.Cut(s.title, ":")
	return want
}

var requestLine = regexp.MustCompile(`^[A-Z]+ `)

func parse(text string) (*script, error) {
	parts := strings.Split("\n"+text, "\n== ")
	s := &script{head: strings.TrimPrefix(parts[0], "\n")}
	for _, part := range parts[1:] {
		c, err := parseScene(part)
		if err != nil {
			return nil, err
		}
		s.cases = append(s.cases, c)
	}
	return s, nil
}

func parseScene(text string) (*scene, error) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	s := &scene{title: lines[0]}
	for i, line := range lines[1:] {
		if !requestLine.MatchString(line) {
			s.steps = append(s.steps, line)
			continue
		}
		s.ask = line
		rest := lines[i+2:]
		if len(rest) > 0 && strings.HasPrefix(rest[0], "| ") {
			s.form, rest = rest[0][2:], rest[1:]
		}
		s.answer = strings.Join(rest, "\n")
		return s, nil
	}
	return nil, fmt.Errorf("case %q: want a request", s.title)
}

// String writes the script as it is kept.
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
