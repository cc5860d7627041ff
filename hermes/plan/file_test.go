package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/plan"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// long is longer than the name of a permission may be.
const long = "p23456789012345678901234567890123456789012345678901234567890123456789"

const badCSV = "\ufeffuser;displayname;email;authid;permissions;phones;number;aliases;suspended;absent\r\n" +
	"alice;;;;;;;;;\r\n" + // 1 no domain
	"bob@exa mple.com;;;;;;;;;\r\n" + // 2 a blank in the domain
	"a@example.com;;nobody;;;;;;;\r\n" + // 3 no mail address
	"b@example.com;;;-;;;;;;\r\n" + // 4 authid cannot be emptied
	"c@example.com;;;;" + long + ";;;;;\r\n" + // 5 too long
	"d@example.com;;;;;00:11:22:33:44;;;;\r\n" + // 6 five octets
	"e@example.com;;;;;ff:ff:ff:ff:ff:ff;;;;\r\n" + // 7 broadcast
	"f@example.com;;;;;;4773500001;;;\r\n" + // 8 no plus, as spreadsheets make of it
	"g@example.com;;;;;;auto:;;;\r\n" + // 9 no pattern
	"h@example.com;;;;;;next;;;\r\n" + // 10 no number
	"i@example.com;;;;;;;x@y@z;;\r\n" + // 11 no address
	"j@example.com;;;;;;;+4773500001@example.com;;\r\n" + // 12 the alias of a number
	"k@example.com;;;;;;;;perhaps;\r\n" + // 13 neither yes nor no
	"l@example.com;;;;;;;;;2\r\n" + // 14 neither, too
	"m@example.com;\"a\x01b\";;;;;;;;\r\n" + // 15 a control character
	"n@example.com;\xff;;;;;;;;\r\n" + // 16 Latin-1
	";Alice;;;;;;;;\r\n" + // 17 no user
	"a@example.com;;;;;;;;;\r\n" + // 18 the user of line 4
	"o@example.com;;;;;;+4773500009;p@example.com;;\r\n" +
	"p@example.com;;;;;;+4773500009;;;\r\n" + // 19 the alias above is a user, 20 one number for two
	";;;;;;;;;\r\n" +
	"q@example.com;;;;;;;;;;more\r\n" // 21 one cell too many

func TestParse_csvFaults(t *testing.T) {
	t.Parallel()
	want := []string{
		`f.csv:2:1: user: address "alice": want user@domain`,
		`f.csv:3:1: user: domain "exa mple.com": want letters, digits and "-" in a label`,
		`f.csv:4:16: email: "nobody": want one plain address, such as user@example.com`,
		`f.csv:5:17: authid: want the user name or the whole address; it cannot be emptied`,
		`f.csv:6:18: permissions: "p23456789012345678901234567890123456789012345678901234567890123456789": want names of 1 to 64 characters without blanks, separated by commas`,
		`f.csv:7:19: phones: `,
		`f.csv:8:19: phones: `,
		`f.csv:9:20: number: "4773500001": want a number such as +4773500001, auto, or auto with a pattern such as auto:+4773*`,
		`f.csv:10:20: number: "auto:": want a pattern after the colon, such as auto:+4773*`,
		`f.csv:11:20: number: "next": want a number such as`,
		`f.csv:12:21: aliases: `,
		`f.csv:13:21: aliases: "+4773500001@example.com" is the alias of a number; want that in the field number`,
		`f.csv:14:22: suspended: "perhaps": want true or false`,
		`f.csv:15:23: absent: "2": want true or false`,
		`f.csv:16:15: displayname: want UTF-8 without control characters`,
		`f.csv:17:15: displayname: want UTF-8 without control characters`,
		`f.csv:18:1: user: missing; want an address such as alice@example.com`,
		`f.csv:19:1: user: a@example.com is in line 4 already`,
		`f.csv:20:32: aliases: p@example.com is a user, in line 21`,
		`f.csv:21:20: number: +4773500009 is the number of o@example.com, in line 20`,
		`f.csv:23:24: a cell in a column without a name`,
	}
	wantFaults(t, "f.csv", badCSV, want)
}

// wantFaults checks that each fault begins with what is wanted.
func wantFaults(t *testing.T, name, text string, want []string) {
	t.Helper()
	_, err := plan.Parse(name, strings.NewReader(text))
	faults, _ := err.(plan.Faults)
	for i := range max(len(faults), len(want)) {
		switch {
		case i >= len(faults):
			t.Errorf("no fault, want %s", want[i])
		case i >= len(want):
			t.Errorf("got %s, want no more", faults[i])
		case !strings.HasPrefix(faults[i].Error(), want[i]):
			t.Errorf("got\n%s, want\n%s", faults[i], want[i])
		}
	}
}

const badYAML = `users:
- user: alice
  displayname: &long 12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890
- user: b@example.com
  displayname: *long
  display_name: B
- user: c@example.com
  phones: [0015651234, x]
- user: d@example.com
  email:
- user: e@example.com
  number: [+4773500001]
- user: f@example.com
  phones: {a: b}
- displayname: G
- user: h@example.com
  user: i@example.com
- just text
- user: j@example.com
  rpid: !!binary aGVsbG8=
- user: k@example.com
  <<: {rpid: a}
- user: c@example.com
  suspended: maybe
- user: l@example.com
  aliases: [a@example.com]
- user: m@example.com
  aliases: [a@example.com, [b@example.com]]
- user: n@example.com
  aliases: [a@example.com]
  authid: ""
groups: []
`

func TestParse_yamlFaults(t *testing.T) {
	t.Parallel()
	wantFaults(t, "f.yaml", badYAML, []string{
		`f.yaml:2:9: user: address "alice": want user@domain`,
		`f.yaml:3:16: displayname: want at most 128 characters`,
		`f.yaml:5:16: displayname: want at most 128 characters`,
		`f.yaml:6:3: unknown key "display_name"; want one of user, `,
		`f.yaml:8:11: phones: `,
		`f.yaml:10:9: email: no value; want one, or "" to empty the field`,
		`f.yaml:12:11: number: want one value`,
		`f.yaml:14:11: phones: want one value`,
		`f.yaml:15:3: user: missing; want an address`,
		`f.yaml:17:3: a second key "user"`,
		`f.yaml:18:3: want a mapping with a key user`,
		`f.yaml:20:9: rpid: a value of the type !!binary; want a text`,
		`f.yaml:22:3: unknown key "<<"; want one of`,
		`f.yaml:23:9: user: c@example.com is in line 7 already`,
		`f.yaml:24:14: suspended: "maybe": want true or false`,
		`f.yaml:28:12: aliases: want one value`,
		`f.yaml:30:12: aliases: a@example.com is an alias of l@example.com, in line 25`,
		`f.yaml:31:11: authid: want the user name or the whole address; it cannot be emptied`,
		`f.yaml:32:1: unknown key "groups"; want users`,
	})
}

func TestParse_wholeFile(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, text, want string }{
		{"f.csv", "", "f.csv:1:1: want a first line with the names of the columns"},
		{"f.csv", "user,email,mail,user\n", "f.csv:1:12: unknown column \"mail\"; want one of user, displayname, "},
		{"f.csv", "displayname\nAlice\n", `f.csv:1:1: want a column "user"`},
		{"f.csv", "user,displayname\na@example.com,\"x\ny\" z\n", "f.csv:3:2: extraneous"},
		{"f.csv", "\xff\xfeu\x00s\x00", "f.csv:1:1: the text is UTF-16; want UTF-8"},
		{"f.yaml", "", "f.yaml:1:1: want a list under users:"},
		{"f.yaml", "[]", "f.yaml:1:1: want a list under users:"},
		{"f.yaml", "users: 1", "f.yaml:1:8: want a list under users:"},
		{"f.yaml", "users: []\n---\nusers: []\n", "f.yaml:2:1: want one document"},
		{"f.yaml", "users:\n- user: \"a\n", "f.yaml:"},
		{"f.yaml", "users: [*a]\n", "f.yaml:"},
	} {
		_, err := plan.Parse(row.name, strings.NewReader(row.text))
		if err == nil || !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("%q: got %v, want %s", row.text, err, row.want)
		}
	}
}

// YAML aliases cannot name more values than there is memory for.
func TestParse_yamlBomb(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("users:\n- user: a@example.com\n  permissions: &p [" + strings.Repeat("x, ", 2000) + "x]\n")
	for range 1000 {
		b.WriteString("- {user: a@example.com, permissions: *p}\n")
	}
	_, err := plan.Parse("f.yaml", strings.NewReader(b.String()))
	if err == nil || !strings.Contains(err.Error(), "the YAML aliases name more than 1000000 values") {
		t.Errorf("got %.300v, want that there are too many values", err)
	}
}

// TestParse_same has texts that say the same.
func TestParse_same(t *testing.T) {
	t.Parallel()
	want := plan.User{
		User: sip.MustParse("alice@example.com"), DisplayName: hermes.Some("Ærlig, \"A\""), Email: hermes.Some(""),
		Permissions: hermes.Some([]string{"a", "b"}),
		Phones:      hermes.Some([]mac.Addr{mac.MustParse("001565123456"), mac.MustParse("001565123457")}),
		Number:      hermes.Some(plan.Number{Number: number(1)}),
		Aliases:     hermes.Some([]sip.Addr{sip.MustParse(",x@example.com"), sip.MustParse("a,b@example.com"), sip.MustParse("c@example.com")}),
		Suspended:   hermes.Some(true),
	}
	comma := "user,DisplayName,email,permissions,phones,number,aliases,suspended,rpid\n" +
		`alice@example.com,"Ærlig, ""A""",-,"b,a",00:15:65:12:34:57 0015.6512.3456,+4773500001,"a,b@example.com,c@example.com sip:,x@example.com",1,` + "\n"
	for name, text := range map[string]string{
		"commas.csv":     comma,
		"mark.csv":       "\ufeff" + comma,
		"crlf.csv":       strings.ReplaceAll(comma, "\n", "\r\n") + "\r\n,,,,,,,,\r\n",
		"cr.csv":         strings.ReplaceAll(comma, "\n", "\r"),
		"apostrophes":    strings.ReplaceAll(comma, "+4773500001", "'+4773500001"),
		"short.csv":      strings.TrimSuffix(comma, ",\n"),
		"semicolons.csv": "user;displayname;email;permissions;phones;number;aliases;suspended;\n" + "alice@example.com;\"Ærlig, \"\"A\"\"\";-;b a;001565123457,001565123456;+4773500001;a,b@example.com,c@example.com sip:,x@example.com;TRUE;\n",
		"sep.csv": "sep=|\nuser|displayname|email|permissions|phones|number|aliases|suspended\n" +
			"alice@example.com|\"Ærlig, \"\"A\"\"\"|-|b a|001565123457,001565123456|+4773500001|sip:,x@example.com,a,b@example.com,c@example.com|yes\n",
		"tabs.tsv": "user\tdisplayname\temail\tpermissions\tphones\tnumber\taliases\tsuspended\n" +
			"sip:alice@EXAMPLE.com\t\"Ærlig, \"\"A\"\"\"\t-\tb a\t001565123457,001565123456\t+4773500001\tsip:,x@example.com,a,b@example.com,c@example.com\tyes\n",
		"list.yaml": "users:\n- {user: alice@example.com, displayname: 'Ærlig, \"A\"', email: '', permissions: [b, a, b],\n" +
			"   phones: [001565123457, 00-15-65-12-34-56], number: +4773500001, aliases: ['a,b@example.com', 'c@example.com', ',x@example.com'], suspended: yes}",
		"cells": "# a comment\nusers:\n- &u\n  user: alice@example.com\n  displayname: Ærlig, \"A\"\n  email: \"\"\n  permissions: b a\n" +
			"  phones: 001565123457, 00-15-65-12-34-56\n  number: \"+4773500001\"\n  aliases: a,b@example.com c@example.com sip:,x@example.com\n  suspended: true\n",
		"users.json": `{"users": [{"user": "alice@example.com", "displayname": "Ærlig, \"A\"", "email": "", "permissions": ["a", "b"],` +
			`"phones": ["001565123456", "001565123457"], "number": "+4773500001", "aliases": ["a,b@example.com", "c@example.com", ",x@example.com"], "suspended": true}]}`,
	} {
		f := mustParse(t, name, text)
		if len(f.Users) != 1 {
			t.Errorf("%s: %d users, want one", name, len(f.Users))
			continue
		}
		if diff := cmp.Diff(want, f.Users[0], cmpUsers); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// cmpUsers compares users without their places in the file.
var cmpUsers = cmp.Options{
	cmp.FilterPath(func(p cmp.Path) bool {
		name := p.Last().String()
		return name == ".Line" || name == ".lines" || name == ".columns"
	}, cmp.Ignore()),
	cmp.Comparer(func(a, b plan.Number) bool { return a == b }),
	cmp.Comparer(func(a, b sip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b mac.Addr) bool { return a == b }),
}

// The text of a cell that a spreadsheet would take for a formula begins with an apostrophe.
func TestParse_formulas(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"'=1+1": "=1+1", "'-": "-", "'+47": "+47", "'@x": "@x", "''=1": "'=1", "=1+1": "=1+1", "'": "'", "'x": "'x", "''": "'", " x ": " x ",
		"' ": " ", "' - ": " - ", " - ": "", "'' ": "' ",
	} {
		f := mustParse(t, "f.csv", "user,displayname\na@example.com,"+cell+"\n")
		if got := f.Users[0].DisplayName; got != hermes.Some(want) {
			t.Errorf("%q: got %q, want %q", cell, got.Value, want)
		}
	}
}
