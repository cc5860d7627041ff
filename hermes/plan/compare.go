package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// work is what has to be done for one user.
type work struct {
	user    sip.Addr
	line    int
	row     string // what the file says, for the idempotency keys
	actions []Action

	// What is done before anything is added.
	remove      bool // by user/offboard
	dropPhones  []mac.Addr
	dropAliases []sip.Addr
	// dropNumbers are aliases of numbers. A number of keepOut does not return to the pool, because it
	// is another user's next.
	dropNumbers []sip.Addr
	keepOut     map[e164.Number]bool

	// What is done after that.
	add         *hermes.UserOnboardRequest
	update      hermes.UserUpdateRequest
	updates     []columnID // the fields of update
	permissions hermes.Opt[[]string]
	addPhones   []mac.Addr
	addAliases  []sip.Addr
	suspend     hermes.Opt[bool]
	number      Number // that the user gets; zero if none
	// byAlias says that the number is not in the pool then, so that its alias is all to be made.
	byAlias bool
}

// clears reports whether something is done before anything is added.
func (w *work) clears() bool {
	return w.remove || len(w.dropPhones)+len(w.dropAliases)+len(w.dropNumbers) > 0
}

// fulfils reports whether something is done after that.
func (w *work) fulfils() bool {
	return w.add != nil || len(w.updates) > 0 || w.permissions.Set || w.suspend.Set || w.number != Number{} ||
		len(w.addPhones)+len(w.addAliases) > 0
}

// compare adds what has to be done so that a user is as u says. shown is nil if there is none.
func (m *maker) compare(u *User, shown *hermes.ShownUser) {
	switch {
	case u.Absent && shown != nil:
		m.remove(shown.User, u.Line, shown)
	case u.Absent:
	case shown == nil:
		m.add(u)
	default:
		m.change(u, shown)
	}
}

// remove adds the removal of a user.
func (m *maker) remove(a sip.Addr, line int, shown *hermes.ShownUser) {
	w := &work{user: a, line: line, remove: true}
	var along []string
	for _, p := range shown.Phones {
		along = append(along, "phone "+p.MAC.String())
	}
	for _, alias := range shown.Aliases {
		along = append(along, "alias "+alias.String())
		if n, ok := aliasNumber(alias); ok && m.moves(n, a) {
			w.dropNumbers = append(w.dropNumbers, alias)
		}
	}
	w.keepMoving(m)
	w.actions = []Action{{Kind: Remove, User: a, Line: line, Detail: strings.Join(along, ", ")}}
	m.plan.works = append(m.plan.works, w)
}

// moves reports whether the file names another user for a number that a user loses.
func (m *maker) moves(n e164.Number, from sip.Addr) bool {
	to, ok := m.numbers[n]
	return ok && to != from
}

// keepMoving notes which of dropNumbers the file names for other users.
func (w *work) keepMoving(m *maker) {
	for _, alias := range w.dropNumbers {
		n, _ := aliasNumber(alias)
		if m.moves(n, w.user) {
			if w.keepOut == nil {
				w.keepOut = map[e164.Number]bool{}
			}
			w.keepOut[n] = true
			m.losers[n] = w.user
		}
	}
}

// add adds a user.
func (m *maker) add(u *User) {
	w := &work{user: u.User, line: u.Line, row: u.row()}
	w.add = &hermes.UserOnboardRequest{
		User: u.User, DisplayName: u.DisplayName.Value, Email: u.Email.Value, AuthID: u.AuthID.Value,
		Dialplan: u.Dialplan.Value, LineText: u.LineText.Value, RPID: u.RPID.Value,
		MACs: u.Phones.Value, Permissions: u.Permissions.Value,
	}
	if err := w.add.Check(); err != nil {
		m.faults = append(m.faults, m.file.fault(u, authIDColumn, "%s", detail(columns[authIDColumn].name, err)))
		return
	}
	// An empty text is that of a default for user/onboard.
	w.update.User = u.User
	for _, c := range []columnID{displayNameColumn, lineTextColumn} {
		if v := *columns[c].text(u); v.Set && v.Value == "" {
			*columns[c].update(&w.update) = v
			w.updates = append(w.updates, c)
		}
	}
	w.addAliases = u.Aliases.Value
	w.number = u.Number.Value
	if u.Suspended.Value {
		w.suspend = u.Suspended
	}
	var with []string
	for i := range columns {
		if values, isSet := columns[i].get(u); isSet && columnID(i) != userColumn && len(values) > 0 {
			with = append(with, columns[i].name+" "+clean(strings.Join(values, ",")))
		}
	}
	w.actions = []Action{{Kind: Add, User: u.User, Line: u.Line, Detail: strings.Join(with, ", ")}}
	m.plan.works = append(m.plan.works, w)
}

// row returns what the file says about a user.
func (u *User) row() string {
	var b strings.Builder
	for i := range columns {
		if values, isSet := columns[i].get(u); isSet {
			fmt.Fprintf(&b, "%s %q\n", columns[i].name, values)
		}
	}
	return b.String()
}

// change adds the changes of a user that there is.
func (m *maker) change(u *User, shown *hermes.ShownUser) {
	now := present(shown)
	// The server may spell the domain otherwise.
	w := &work{user: shown.User, line: u.Line, row: u.row()}
	w.update.User = w.user
	for i := range columns {
		c := columnID(i)
		want, isSet := columns[c].get(u)
		if !isSet || c == userColumn || c == absentColumn {
			continue
		}
		have, isThere := columns[c].get(now)
		same := slices.Equal(have, want)
		switch {
		case columns[c].split != nil && isThere:
			gone, added := difference(have, want)
			same = len(gone)+len(added) == 0
		case c == numberColumn:
			same = u.Number.Value.has(shown.Numbers) && !slices.ContainsFunc(shown.Numbers, func(n e164.Number) bool { return m.moves(n, u.User) })
		case !isThere:
			same = len(want) == 0 || c == suspendedColumn && !u.Suspended.Value
		}
		if same {
			continue
		}
		if fault := m.setField(w, c, u, now, shown); fault != "" {
			m.faults = append(m.faults, m.file.fault(u, c, "%s", fault))
			continue
		}
		w.actions = append(w.actions, Action{
			Kind: Change, User: w.user, Line: u.Line, Field: columns[c].name, Old: strings.Join(have, ","), New: strings.Join(want, ","),
		})
	}
	if len(w.actions) > 0 {
		w.keepMoving(m)
		m.plan.works = append(m.plan.works, w)
	}
}

// setField adds the change of a field to w, or returns why it cannot be changed.
func (m *maker) setField(w *work, c columnID, u, now *User, shown *hermes.ShownUser) (fault string) {
	if columns[c].localOnly && shown.Type != hermes.Local {
		return fmt.Sprintf("%s is a remote user, which has none", w.user)
	}
	switch c {
	case permissionsColumn:
		w.permissions = u.Permissions
	case phonesColumn:
		w.dropPhones, w.addPhones = difference(now.Phones.Value, u.Phones.Value)
	case aliasesColumn:
		w.dropAliases, w.addAliases = difference(now.Aliases.Value, u.Aliases.Value)
	case suspendedColumn:
		w.suspend = u.Suspended
	case numberColumn:
		m.setNumber(w, u, shown)
	default:
		*columns[c].update(&w.update) = *columns[c].text(u)
		w.updates = append(w.updates, c)
		if c == authIDColumn && shown.Type == hermes.Local {
			if err := (hermes.UserAddRequest{User: u.User, AuthID: u.AuthID.Value}).Check(); err != nil {
				return detail(columns[c].name, err)
			}
		}
	}
	return ""
}

// setNumber adds the change of the number. Of several numbers, which other tools may have given the
// user, one that will do stays.
func (m *maker) setNumber(w *work, u *User, shown *hermes.ShownUser) {
	var unwanted []sip.Addr
	stays := false
	for _, a := range shown.Aliases {
		n, ok := aliasNumber(a)
		switch {
		case !ok:
		case m.moves(n, u.User):
			w.dropNumbers = append(w.dropNumbers, a)
		case u.Number.Value.has([]e164.Number{n}):
			stays = true
		default:
			unwanted = append(unwanted, a)
		}
	}
	if !stays {
		w.dropNumbers = append(w.dropNumbers, unwanted...)
		w.number = u.Number.Value
	}
}

// difference returns what is in have only, and what is in want only.
func difference[T comparable](have, want []T) (gone, added []T) {
	for _, v := range have {
		if !slices.Contains(want, v) {
			gone = append(gone, v)
		}
	}
	for _, v := range want {
		if !slices.Contains(have, v) {
			added = append(added, v)
		}
	}
	return gone, added
}

// noteNumber says where the number comes from that the user gets.
func (w *work) noteNumber(byAlias bool, note string) {
	w.byAlias = byAlias
	for i := range w.actions {
		a := &w.actions[i]
		if note == "" || a.Kind == Change && a.Field != columns[numberColumn].name {
			continue
		}
		if a.Kind == Add {
			note = "number " + w.number.String() + ": " + note
			if a.Detail != "" {
				note = a.Detail + "; " + note
			}
		}
		a.Detail = note
	}
}

// updatedFields returns the names of the fields of update.
func (w *work) updatedFields() string {
	var names []string
	for _, c := range w.updates {
		names = append(names, columns[c].name)
	}
	return strings.Join(names, ", ")
}
