package plan

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Plan is what has to be done so that users are as a file says. The zero value does nothing.
type Plan struct {
	file  string
	works []*work
}

// Kind is what an [Action] does.
type Kind int

// The kinds of actions.
const (
	Add    Kind = iota // a user
	Change             // a field of a user
	Remove             // a user
)

// Action is one thing that a [Plan] does.
type Action struct {
	Kind Kind
	User sip.Addr
	Line int // of the file, from 1; 0 if the file does not name the user
	// Field is the name of the field that is changed, with its old and its new value. Several values
	// are separated by commas.
	Field, Old, New string
	// Detail is what is added or removed with a user, or a note about a change. It may be empty.
	Detail string
}

// String returns the action as a line, which has no control characters.
func (a Action) String() string {
	var line string
	switch a.Kind {
	case Add:
		line = fmt.Sprintf("+ add %s", a.User)
	case Remove:
		line = fmt.Sprintf("- remove %s", a.User)
	default:
		line = fmt.Sprintf("~ change %s %s: %s → %s", a.User, a.Field, clean(a.Old), clean(a.New))
	}
	if a.Detail != "" {
		line += " (" + a.Detail + ")"
	}
	return line
}

// clean returns a text for a terminal.
func clean(s string) string {
	switch {
	case s == "":
		return empty
	case !hermes.CleanText(s):
		return fmt.Sprintf("%q", s)
	}
	return s
}

// Options configure [Make].
type Options struct {
	// Prune are domains whose users are removed if the file does not name them.
	Prune []sip.Domain
	// Workers is how many calls are made at once. Defaults to 4.
	Workers int
	// Progress, if not nil, is called with the number of users of the file that have been compared,
	// and with that of all.
	Progress func(done, total int)
}

// maker makes a plan.
type maker struct {
	api     hermes.API
	file    *File
	opts    Options
	numbers map[e164.Number]sip.Addr // those that the file names, and for which user
	losers  map[e164.Number]sip.Addr // those of them that another user has and shall not have
	plan    *Plan
	faults  Faults
}

// Make compares a file with a Hermes. The error is [Faults] if the file is wrong, also in a way
// that only shows together with the users that there are, and otherwise a [*hermes.Error]. Nothing
// is changed.
//
// It refuses to prune a domain of which the file has no user.
func Make(ctx context.Context, api hermes.API, f *File, opts *Options) (*Plan, error) {
	m := &maker{api: api, file: f, numbers: map[e164.Number]sip.Addr{}, losers: map[e164.Number]sip.Addr{}, plan: &Plan{file: f.Name}}
	if opts != nil {
		m.opts = *opts
	}
	if m.opts.Workers <= 0 {
		m.opts.Workers = defaultWorkers
	}
	m.faults = f.check()
	for i := range f.Users {
		if u := &f.Users[i]; !u.Absent && !u.Number.Value.Number.IsZero() {
			m.numbers[u.Number.Value.Number] = u.User
		}
	}
	for _, domain := range m.opts.Prune {
		if !m.hasUserIn(domain) {
			m.faults = append(m.faults, Fault{File: f.Name, Detail: fmt.Sprintf("has no user of %s, so pruning would remove all of them", domain)})
		}
	}
	if err := m.faults.sorted(); err != nil {
		return nil, err
	}
	if err := m.compareAll(ctx); err != nil {
		return nil, err
	}
	if err := m.faults.sorted(); err != nil {
		return nil, err
	}
	for _, domain := range m.opts.Prune {
		if err := m.prune(ctx, domain); err != nil {
			return nil, err
		}
	}
	return m.plan, m.findNumbers(ctx)
}

func (m *maker) hasUserIn(domain sip.Domain) bool {
	for i := range m.file.Users {
		if isIn(m.file.Users[i].User, domain) {
			return true
		}
	}
	return false
}

// compareAll compares each user of the file with the one that there is.
func (m *maker) compareAll(ctx context.Context) error {
	users := m.file.Users
	for start := 0; start < len(users); start += pageSize {
		page := users[start:min(start+pageSize, len(users))]
		addrs := make([]sip.Addr, len(page))
		for i := range page {
			addrs[i] = page[i].User
		}
		shown, err := showAll(ctx, m.api, m.opts.Workers, addrs)
		if err != nil {
			return err
		}
		for i := range page {
			m.compare(&page[i], shown[i])
		}
		if m.opts.Progress != nil {
			m.opts.Progress(start+len(page), len(users))
		}
	}
	return nil
}

// prune adds the removal of the users of a domain that the file does not name.
func (m *maker) prune(ctx context.Context, domain sip.Domain) error {
	named := map[sip.Addr]bool{}
	for i := range m.file.Users {
		named[m.file.Users[i].User] = true
	}
	return pages(ctx, m.api, domain, func(addrs []sip.Addr) error {
		var lacking []sip.Addr
		for _, a := range addrs {
			lower := sip.Unchecked(a.User(), strings.ToLower(a.Domain().String()))
			if !named[a] && !named[lower] {
				lacking = append(lacking, a)
			}
		}
		shown, err := showAll(ctx, m.api, m.opts.Workers, lacking)
		for _, s := range shown {
			if s != nil {
				m.remove(s.User, 0, s)
			}
		}
		return err
	})
}

// findNumbers notes for each number that a user shall get whether it comes from another user, from
// the pool, or from neither.
func (m *maker) findNumbers(ctx context.Context) error {
	var getting []*work
	for _, w := range m.plan.works {
		if !w.number.Number.IsZero() {
			getting = append(getting, w)
		}
	}
	return each(ctx, m.opts.Workers, len(getting), func(ctx context.Context, i int) error {
		w := getting[i]
		n := w.number.Number
		if from, ok := m.losers[n]; ok {
			w.noteNumber(true, "from "+from.String())
			return nil
		}
		_, err := m.api.NumberTest(ctx, hermes.NumberTestRequest{Number: n})
		switch e, _ := err.(*hermes.Error); {
		case err == nil:
			w.noteNumber(false, "")
		case e.Cause == hermes.InUse:
			w.noteNumber(false, "held or cooling")
		case e.Cause != hermes.NotFound:
			return err
		default:
			return m.findOwner(ctx, w)
		}
		return nil
	})
}

// findOwner is findNumbers for a number that is not in the pool.
func (m *maker) findOwner(ctx context.Context, w *work) error {
	res, err := m.api.UserShow(ctx, hermes.UserShowRequest{Number: w.number.Number})
	switch e, _ := err.(*hermes.Error); {
	case err == nil:
		w.noteNumber(false, "the number of "+res.Users[0].User.String())
	case e.Cause == hermes.NotFound:
		w.noteNumber(true, "not in the pool")
	default:
		return err
	}
	return nil
}

// Actions yields what the plan does, in the order of the file, and then what it prunes.
func (p *Plan) Actions() iter.Seq[Action] {
	return func(yield func(Action) bool) {
		for _, w := range p.works {
			for _, a := range w.actions {
				if !yield(a) {
					return
				}
			}
		}
	}
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.works) == 0 }

// Count returns how many users are added, changed and removed.
func (p *Plan) Count() (added, changed, removed int) {
	for _, w := range p.works {
		switch w.actions[0].Kind {
		case Add:
			added++
		case Remove:
			removed++
		default:
			changed++
		}
	}
	return added, changed, removed
}
