package locks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// recordsOf returns all records of a store, as a text with a line for each.
func recordsOf(t testing.TB, s hermes.Store) string {
	t.Helper()
	r := &recordReader{t: t, ctx: t.Context(), s: s}
	r.readUsers()
	r.readNumbers()
	r.readAuth()
	r.readAudit()
	return r.text.String()
}

const limit = 1000

type recordReader struct {
	t    testing.TB
	ctx  context.Context
	s    hermes.Store
	text strings.Builder
}

// add adds a line with a value, or fails the test. NotFound is a value.
func (r *recordReader) add(name string, v any, err error) {
	r.t.Helper()
	switch {
	case err == error(hermes.NotFound):
		v = err
	case err != nil:
		r.t.Fatalf("reading %s: %v", name, err)
	}
	fmt.Fprintf(&r.text, "%s: %+v\n", name, v)
}

func (r *recordReader) readUsers() {
	users, err := r.s.Users(r.ctx, hermes.UserQuery{Limit: limit})
	r.add("users", users, err)
	for _, e := range users {
		u, err := r.s.User(r.ctx, e.User)
		r.add("user", u, err)
		phones, err := r.s.UserPhones(r.ctx, e.User)
		r.add("phones", phones, err)
	}
	for _, a := range []hermes.User{{Address: alice}, {Address: sales}, {Address: alias1}} {
		groups, err := r.s.Groups(r.ctx, a.Address)
		r.add("groups of "+a.Address.String(), groups, err)
	}
	lines, err := r.s.PhoneLines(r.ctx, phone)
	r.add("lines of the phone", lines, err)
	servers, err := r.s.Servers(r.ctx, exampleCom)
	r.add("servers", servers, err)
	device, err := r.s.Device(r.ctx, phone)
	r.add("device", device, err)
	keys, err := r.s.DomainKeys(r.ctx, exampleCom)
	r.add("domain keys", keys, err)
}

func (r *recordReader) readNumbers() {
	numbers, err := r.s.Numbers(r.ctx, hermes.NumberQuery{Limit: limit})
	r.add("pool", numbers, err)
	for _, state := range []hermes.NumberState{hermes.NumberHeld, hermes.NumberCooling} {
		reserved, err := r.s.Numbers(r.ctx, hermes.NumberQuery{State: state, Limit: limit})
		r.add(string(state), reserved, err)
	}
	aliases, err := r.s.Aliases(r.ctx, hermes.AliasQuery{Limit: limit})
	r.add("aliases", aliases, err)
}

func (r *recordReader) readAuth() {
	authorizations, err := r.s.Authorizations(r.ctx)
	r.add("authorizations", authorizations, err)
	keys, err := r.s.Keys(r.ctx)
	r.add("keys", keys, err)
	for _, user := range []string{"root", "erin"} {
		r.add("the password of "+user, r.password(user), nil)
	}
	sessions, err := r.countSessions()
	r.add("sessions", sessions, err)
}

// readAudit adds what the audit trail says, in no order of time.
func (r *recordReader) readAudit() {
	entries, err := r.s.AuditEntries(r.ctx, hermes.AuditQuery{Limit: limit})
	var all []string
	for _, e := range entries {
		all = append(all, fmt.Sprintf("%s %s (%q): %s", e.Node, e.Subject, e.Also, e.Changes))
	}
	slices.Sort(all)
	r.add("audit trail", strings.Join(all, "\n"), err)
}

// password returns which of the passwords that calls set a user has. The hashes differ each time.
func (r *recordReader) password(user string) string {
	if _, err := r.s.Credential(r.ctx, user); err == error(hermes.NotFound) {
		return "none"
	}
	for _, password := range []string{firstPassword, secondPassword} {
		ok, err := backend().Verify(r.ctx, r.s, user, hermes.NewSecret(password))
		if err != nil {
			r.t.Fatal(err)
		}
		if ok {
			return password
		}
	}
	return "another"
}

// countSessions returns how many sessions there are: those that have expired at a late time.
func (r *recordReader) countSessions() (n int64, err error) {
	errUndo := errors.New("undo")
	err = r.s.Tx(r.ctx, nil, func(tx hermes.Store) error {
		if n, err = tx.SweepExpired(r.ctx, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
			return err
		}
		return errUndo
	})
	if err == errUndo {
		err = nil
	}
	return n, err
}
