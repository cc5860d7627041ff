package apitest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// everything is a limit that no store of a script reaches.
const everything = 100_000

// Records returns everything that the methods of a store return of its records at a time, as a
// text. It is for a store that has no other way to look at them.
func Records(t *testing.T, s hermes.Store, now time.Time) string {
	t.Helper()
	r := &recordReader{t: t, s: s, now: now}
	r.readUsers()
	r.readNumbers()
	r.readDomains()
	r.readAccess()
	r.readCalls()
	counts, err := s.Counts(t.Context(), now)
	r.add("counts", counts, err)
	return r.text.String()
}

type recordReader struct {
	t    *testing.T
	s    hermes.Store
	now  time.Time
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
	ctx := r.t.Context()
	users, err := r.s.Users(ctx, hermes.UserQuery{Limit: everything})
	r.add("users", users, err)
	for _, e := range users {
		u, err := r.s.User(ctx, e.User)
		r.add("user", u, err)
		phones, err := r.s.UserPhones(ctx, e.User)
		r.add("phones", phones, err)
		groups, err := r.s.Groups(ctx, e.User)
		r.add("groups", groups, err)
	}
	phones, err := r.s.Phones(ctx, hermes.PhoneQuery{Limit: everything})
	r.add("phones", phones, err)
	for _, m := range phones {
		lines, err := r.s.PhoneLines(ctx, m)
		r.add("lines of "+m.String(), lines, err)
	}
	devices, err := r.s.SealedDevices(ctx, mac.Addr{}, everything)
	r.add("devices", devices, err)
	for _, m := range devices {
		d, err := r.s.Device(ctx, m)
		r.add("device "+m.String(), d, err)
	}
}

func (r *recordReader) readNumbers() {
	ctx := r.t.Context()
	numbers, err := r.s.Numbers(ctx, hermes.NumberQuery{Now: r.now, Limit: everything})
	r.add("pool", numbers, err)
	for _, state := range []hermes.NumberState{hermes.NumberHeld, hermes.NumberCooling} {
		reserved, err := r.s.Numbers(ctx, hermes.NumberQuery{State: state, Now: r.now, Limit: everything})
		r.add(string(state), reserved, err)
	}
	aliases, err := r.s.Aliases(ctx, hermes.AliasQuery{Limit: everything})
	r.add("aliases", aliases, err)
}

func (r *recordReader) readDomains() {
	ctx := r.t.Context()
	domains, err := r.s.Domains(ctx)
	r.add("domains", domains, err)
	for _, name := range []string{"example.com", "example.net", "example.org"} {
		servers, err := r.s.Servers(ctx, sip.MustParseDomain(name))
		r.add("servers of "+name, servers, err)
		keys, err := r.s.DomainKeys(ctx, sip.MustParseDomain(name))
		r.add("keys of "+name, keys, err)
	}
}

func (r *recordReader) readAccess() {
	ctx := r.t.Context()
	authorizations, err := r.s.Authorizations(ctx)
	r.add("authorizations", authorizations, err)
	for _, a := range authorizations {
		credential, err := r.s.Credential(ctx, a.Principal.Name)
		r.add("credential", credential, err)
	}
	keys, err := r.s.Keys(ctx)
	r.add("keys", keys, err)
	logins, err := r.s.Logins(ctx, time.Time{}, everything)
	r.add("logins", logins, err)
	check, err := r.s.SecretCheck(ctx)
	r.add("secret check", check, err)
}

func (r *recordReader) readCalls() {
	ctx := r.t.Context()
	entries, err := r.s.AuditEntries(ctx, hermes.AuditQuery{Limit: everything})
	r.add("audit trail", entries, err)
	seals, err := r.s.AuditSeals(ctx, 0, everything)
	r.add("seals of the audit trail", seals, err)
	answers, err := r.s.AnswerKeys(ctx, hermes.AnswerQuery{Limit: everything})
	r.add("kept answers", answers, err)
	for _, key := range answers {
		answer, err := r.s.Answer(ctx, key)
		r.add("kept answer", answer, err)
	}
}
