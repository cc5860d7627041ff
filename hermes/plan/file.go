package plan

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// File is what a file says about users.
type File struct {
	Name  string // for messages
	Users []User
}

// User is how a user shall be. Absent fields are left alone, and empty ones emptied.
type User struct {
	Line int // of the file, from 1; 0 if the User is not of a file

	User        sip.Addr
	DisplayName hermes.Opt[string]
	Email       hermes.Opt[string]
	AuthID      hermes.Opt[string] // cannot be emptied
	Dialplan    hermes.Opt[string]
	LineText    hermes.Opt[string]
	RPID        hermes.Opt[string]

	// Permissions, Phones and Aliases are the whole sets, without repetition. Aliases has none whose
	// user part is an E.164 number.
	Permissions hermes.Opt[[]string]
	Phones      hermes.Opt[[]mac.Addr]
	Aliases     hermes.Opt[[]sip.Addr]
	Number      hermes.Opt[Number]
	Suspended   hermes.Opt[bool]
	// Absent says that there must be no such user. The fields above do not matter then.
	Absent bool

	// columns has the column of the file in which each field is, from 1.
	columns [columnCount]int
	// lines has the distance of each field from Line.
	lines [columnCount]int
}

// Number says which number a user shall have. The zero value is none.
type Number struct {
	Number e164.Number
	// Auto says that any number of the pool will do that Search matches. Number is zero then.
	Auto   bool
	Search hermes.Pattern
}

// String returns the number as a file has it, or "" for the zero value.
func (n Number) String() string {
	if !n.Auto {
		return n.Number.String()
	}
	search, _ := n.Search.MarshalText()
	if len(search) == 0 {
		return "auto"
	}
	return "auto:" + string(search)
}

// has reports whether a user with those numbers has what n says.
func (n Number) has(numbers []e164.Number) bool {
	switch {
	case n == Number{}:
		return len(numbers) == 0
	case n.Auto:
		return slices.ContainsFunc(numbers, func(m e164.Number) bool { return n.Search.Match(m.String()) })
	}
	return slices.Contains(numbers, n.Number)
}

// Fault is something that is wrong in a file.
type Fault struct {
	File   string
	Line   int // from 1; 0 if it is not known
	Column int // in bytes, from 1; 0 if it is not known
	Field  string
	Detail string
}

// Error returns a line such as "users.csv:3:14: phones: …".
func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	for _, n := range []int{f.Line, f.Column} {
		if n > 0 {
			fmt.Fprintf(&b, ":%d", n)
		}
	}
	if f.Field != "" {
		b.WriteString(": " + f.Field)
	}
	return b.String() + ": " + f.Detail
}

// Faults are all that is wrong in a file, in its order.
type Faults []Fault

// Error returns a line for each fault.
func (f Faults) Error() string {
	lines := make([]string, 0, len(f))
	for _, fault := range f {
		lines = append(lines, fault.Error())
	}
	return strings.Join(lines, "\n")
}

// sorted returns the faults as an error in the order of the file, or nil if there are none.
func (f Faults) sorted() error {
	if len(f) == 0 {
		return nil
	}
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f
}

// Parse reads a file. It is CSV if its name ends with .csv or .tsv, and YAML if it ends with .yaml,
// .yml or .json. Otherwise it is YAML if its first line that is no comment begins with "users:" or
// "---". The error is [Faults] if the file could be read.
func Parse(name string, r io.Reader) (*File, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	f := &File{Name: name}
	var faults Faults
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return nil, Faults{{File: name, Line: 1, Column: 1, Detail: "the text is UTF-16; want UTF-8, which spreadsheets call CSV UTF-8"}}
	case isYAML(name, text):
		faults = f.parseYAML(text)
	default:
		faults = f.parseCSV(text)
	}
	if err := append(faults, f.check()...).sorted(); err != nil {
		return nil, err
	}
	return f, nil
}

func isYAML(name string, text []byte) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".tsv":
		return false
	case ".yaml", ".yml", ".json":
		return true
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' {
			return bytes.HasPrefix(line, []byte("users:")) || bytes.HasPrefix(line, []byte("---"))
		}
	}
	return false
}

// fault returns a fault of a field of u.
func (f *File) fault(u *User, c columnID, format string, args ...any) Fault {
	line := u.Line
	if line > 0 {
		line += u.lines[c]
	}
	return Fault{File: f.Name, Line: line, Column: u.columns[c], Field: columns[c].name, Detail: fmt.Sprintf(format, args...)}
}

// check returns what is wrong with the users together.
func (f *File) check() (faults Faults) {
	users, numbers, aliases := map[sip.Addr]*User{}, map[e164.Number]*User{}, map[sip.Addr]*User{}
	lines := map[mac.Addr]int{}
	for i := range f.Users {
		u := &f.Users[i]
		if u.User.IsZero() {
			continue // a fault by itself
		}
		if before := users[u.User]; before != nil {
			faults = append(faults, f.fault(u, userColumn, "%s is %s already", u.User, before.where()))
			continue
		}
		users[u.User] = u
	}
	for i := range f.Users {
		u := &f.Users[i]
		if u.Absent || users[u.User] != u {
			continue
		}
		if n := u.Number.Value.Number; !n.IsZero() {
			if before := numbers[n]; before != nil {
				faults = append(faults, f.fault(u, numberColumn, "%s is the number of %s, %s", n, before.User, before.where()))
			} else {
				numbers[n] = u
			}
		}
		for _, a := range u.Aliases.Value {
			if before := aliases[a]; before != nil {
				faults = append(faults, f.fault(u, aliasesColumn, "%s is an alias of %s, %s", a, before.User, before.where()))
				continue
			}
			aliases[a] = u
			if named := users[a]; named != nil && !named.Absent {
				faults = append(faults, f.fault(u, aliasesColumn, "%s is a user, %s", a, named.where()))
			}
		}
		for _, m := range u.Phones.Value {
			if lines[m]++; lines[m] == hermes.MaxLines+1 {
				faults = append(faults, f.fault(u, phonesColumn, "%s has %d lines, and is the phone of more users", m, hermes.MaxLines))
			}
		}
	}
	return faults
}

// where says where a file has the user.
func (u *User) where() string {
	if u.Line == 0 {
		return "named before"
	}
	return fmt.Sprintf("in line %d", u.Line)
}
