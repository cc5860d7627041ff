package doctor

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// check describes a check that counts the rows or other things that have a fault. The other checks
// have a method of examiner that reports its findings directly.
type check struct {
	name   string // Finding.Check
	level  Level  // of the finding if anything has the fault
	ok     string // Finding.Detail if nothing has the fault
	fault  string // Finding.Detail otherwise; the number and some names are added to it
	remedy string // Finding.Remedy if anything has the fault
}

// tally counts the things that have the fault of a check, and keeps the first few of their names.
type tally struct {
	check
	count int
	names []string
	more  bool // whether there are other names than those in names

	// statements are the remedies of rows that no call of the API can name; moreStatements is whether
	// there are others.
	statements     []string
	moreStatements bool
}

func newTally(c check) *tally { return &tally{check: c} }

// maxNames is the greatest number of names in a finding.
const maxNames = 5

// addIf adds a name if it has the fault.
func (t *tally) addIf(hasFault bool, name string) {
	if hasFault {
		t.add(name)
	}
}

// addRowIf is addRow for a name that may have the fault.
func (t *tally) addRowIf(hasFault bool, name, statement string) {
	if hasFault {
		t.addRow(name, statement)
	}
}

// addRow adds a name that has the fault, with the statement that is the remedy, or "" if a call of
// the API is.
func (t *tally) addRow(name, statement string) {
	t.add(name)
	switch {
	case statement == "" || slices.Contains(t.statements, statement):
	case len(t.statements) == maxNames:
		t.moreStatements = true
	default:
		t.statements = append(t.statements, statement)
	}
}

// add adds a name that has the fault. The same name may be added more than once.
func (t *tally) add(name string) {
	t.count++
	name = printable(name)
	if slices.Contains(t.names, name) {
		return
	}
	if len(t.names) == maxNames {
		t.more = true
		return
	}
	t.names = append(t.names, name)
}

// finding returns the finding of the tally. err is the reason why not everything was checked, or
// nil.
func (t *tally) finding(err error) Finding {
	if t.count == 0 {
		return Finding{Level: OK, Check: t.name, Detail: t.ok}
	}
	names := strings.Join(t.names, ", ")
	if t.more {
		names += ", ..."
	}
	detail := fmt.Sprintf("%s: %d (%s)", t.fault, t.count, names)
	if err != nil {
		detail += "; not all could be looked at: " + oneLine(err)
	}
	return Finding{Level: t.level, Check: t.name, Detail: detail, Remedy: t.remedy + t.sql()}
}

// sql returns what the statements add to the remedy.
func (t *tally) sql() string {
	if len(t.statements) == 0 {
		return ""
	}
	statements := strings.Join(t.statements, "; ")
	if t.moreStatements {
		statements += "; ..."
	}
	return "; in SQL: " + statements
}

// skipped are the checks that could not be made for one reason.
type skipped struct {
	reason string
	checks []string
}

// skippedFinding returns one finding of all checks that could not be made. Most of the reasons are
// faults that findings before it name: a missing table, for example, or a right that is lacking.
func skippedFinding(all []skipped) Finding {
	var details []string
	for _, s := range all {
		details = append(details, strings.Join(s.checks, ", ")+": "+s.reason)
	}
	return Finding{
		Level: Warn, Check: "not-checked",
		Detail: "could not be looked at: " + strings.Join(details, "; "),
		Remedy: "see to the findings before this one, and run doctor again",
	}
}

// firstNames returns the first few of names as a text.
func firstNames(names []string) string {
	if len(names) > maxNames {
		return strings.Join(names[:maxNames], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// oneLine returns the text of an error in one line of limited length.
func oneLine(err error) string { return truncate(strings.Join(strings.Fields(err.Error()), " "), 300) }

// printable returns a name, which any tool may have written, in a form that is safe to print on a
// terminal: it is quoted if it has characters that are not graphic, and limited in length.
func printable(name string) string {
	notGraphic := func(r rune) bool { return r == utf8.RuneError || !unicode.IsGraphic(r) }
	if strings.ContainsFunc(name, notGraphic) {
		name = fmt.Sprintf("%q", name)
	}
	return truncate(name, 200)
}

// truncate returns s, or its first n characters and "..." if it has more.
func truncate(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "..."
	}
	return s
}
