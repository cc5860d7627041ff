package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// exam is an examination that is under way.
type exam struct {
	Options
	embedded bool // SQLite; otherwise PostgreSQL
	report   func(Finding)

	layout  bunstore.Layout
	blind   error           // why no rows can be looked at
	served  map[string]bool // domains, in lower case
	unknown error           // why served is not known
	clear   *tally
	mixed   *tally
	errs    struct{ accounts, users, aliases, domains error }
}

// pageSize is how many rows are read at once.
const pageSize = 1000

// ask reads one answer in a transaction of its own: one that fails does not spoil those after it.
func ask[T any](ctx context.Context, e *exam, fn func(context.Context, bunstore.Inspector) (T, error)) (answer T, err error) {
	err = e.Database.read(ctx, func(ctx context.Context, s *bunstore.Store) (err error) {
		answer, err = fn(ctx, bunstore.Inspect(s))
		return err
	})
	return answer, err
}

// pages calls each for all rows, which next reads a page at a time. needs are the Kamailio tables that it
// reads.
func pages[T any](ctx context.Context, e *exam, next func(bunstore.Inspector, context.Context, T, int) ([]T, error), each func(T), needs ...string) error {
	if err := e.lacks(needs); err != nil {
		return err
	}
	var last T
	for {
		page, err := ask(ctx, e, func(ctx context.Context, i bunstore.Inspector) ([]T, error) { return next(i, ctx, last, pageSize) })
		if err != nil {
			return err
		}
		for _, row := range page {
			each(row)
		}
		if len(page) < pageSize {
			return nil
		}
		last = page[len(page)-1]
	}
}

// lacks tells why these tables of Kamailio's, and Hermes' own, cannot be read.
func (e *exam) lacks(tables []string) error {
	if e.blind != nil {
		return e.blind
	}
	for _, t := range tables {
		if e.layout.Lacks(t) {
			return fmt.Errorf("the table %s is not as Kamailio has it", t)
		}
	}
	return nil
}

// tally counts what has a check's fault, and keeps the first few names.
type tally struct {
	about
	count int
	names []string
	more  bool // there are other names than those kept
}

func newTally(a about) *tally { return &tally{about: a} }

const maxNames = 5

// addIf adds a name that has the fault.
func (t *tally) addIf(fault bool, name string) {
	if fault {
		t.add(name)
	}
}

func (t *tally) add(name string) {
	t.count++
	name = shown(name)
	switch {
	case slices.Contains(t.names, name):
	case len(t.names) < maxNames:
		t.names = append(t.names, name)
	default:
		t.more = true
	}
}

// finding is the outcome; err is why not everything was looked at.
func (t *tally) finding(err error) Finding {
	switch {
	case t.count == 0 && err != nil:
		return unseen(t.check, err)
	case t.count == 0:
		return Finding{OK, t.check, t.fine, ""}
	}
	names := strings.Join(t.names, ", ")
	if t.more {
		names += ", ..."
	}
	f := Finding{t.level, t.check, fmt.Sprintf("%s: %d (%s)", t.fault, t.count, names), t.remedy}
	if err != nil {
		f.Detail += "; not all could be looked at: " + line(err)
	}
	return f
}

// unseen is the finding of a check that could not be made.
func unseen(check string, err error) Finding {
	return Finding{Warn, check, "could not be looked at: " + line(err), "see to the findings before this one, and run doctor again"}
}

// finish reports a tally; errs may be why not everything was looked at.
func (e *exam) finish(t *tally, errs ...error) {
	for _, err := range errs {
		if err != nil {
			e.report(t.finding(err))
			return
		}
	}
	e.report(t.finding(nil))
}

// line is an error in one line of bounded length.
func line(err error) string { return cut(strings.Join(strings.Fields(err.Error()), " "), 300) }

// shown makes a name that other tools wrote fit for a line of a terminal.
func shown(name string) string {
	odd := func(r rune) bool { return r == utf8.RuneError || !unicode.IsGraphic(r) }
	if strings.ContainsFunc(name, odd) {
		name = fmt.Sprintf("%q", name)
	}
	return cut(name, 200)
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
