package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

const (
	writers   = 8 // for each hermesd
	firstPool = "+4773000000"
	lastPool  = "+4773099999"
)

// ledger is what clients know from the answers that they got.
type ledger struct {
	mu      sync.Mutex
	users   map[string]string      // the display names of users that must exist; "?": not known
	absent  map[string]bool        // the users whose addition was answered as not done
	numbers map[string]*assignment // the numbers that must be assigned
	faults  []string

	done, notDone, unknown int
	served                 map[string]time.Time // by hermesd: the first change since arm
	armed                  time.Time
}

// assignment is a number that was given to a user.
type assignment struct {
	user      string
	releasing bool // it is being given back, so another user may get it at any time
}

func newLedger() *ledger {
	return &ledger{users: map[string]string{}, absent: map[string]bool{}, numbers: map[string]*assignment{}}
}

// arm begins a round: served is the time of the first change of each hermesd of which the request
// is sent from now on.
func (l *ledger) arm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed, l.served = time.Now(), map[string]time.Time{}
	l.done, l.notDone, l.unknown = 0, 0, 0
}

// servedBy returns when a hermesd has made its first change in this round.
func (l *ledger) servedBy(name string) (at time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok = l.served[name]
	return at, ok
}

// outcome is what an answer says about a change.
type outcome int

const (
	done outcome = iota
	notDone
	unknown
)

// answered counts an answer to a change that was sent at a time, and returns what it says.
func (l *ledger) answered(name string, sent time.Time, err error) outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.done++
		if _, ok := l.served[name]; !ok && sent.After(l.armed) {
			l.served[name] = time.Now()
		}
		return done
	case errors.Is(err, hermes.ErrOutcomeUnknown):
		l.unknown++
		return unknown
	}
	l.notDone++
	if !errors.Is(err, hermes.StoreFailed) && !errors.Is(err, hermes.Busy) {
		l.faults = append(l.faults, fmt.Sprintf("%s: unexpected: %v", name, err))
	}
	return notDone
}

// record notes something under the lock of the ledger.
func (l *ledger) record(note func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	note()
}

// write makes changes through a hermesd until ctx ends: it adds a user, renames it, gives it a
// number and gives every other number back.
func (l *ledger) write(ctx context.Context, h *hermesd, writer int) {
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("%s%dn%d@example.com", h.name, writer, i)
		if l.add(h, name) {
			l.rename(h, name)
			if n := l.assign(h, name); n != "" && i%2 == 0 {
				l.release(h, n)
			}
		}
	}
}

// call makes a change with a limit that no answer needs.
func call(change func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return change(ctx)
}

// add adds a user, and reports whether it must exist.
func (l *ledger) add(h *hermesd, name string) bool {
	sent := time.Now()
	err := call(func(ctx context.Context) error {
		_, err := h.client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse(name)})
		return err
	})
	switch o := l.answered(h.name, sent, err); o {
	case done:
		l.record(func() { l.users[name] = "" })
		return true
	case notDone:
		l.record(func() { l.absent[name] = true })
	}
	return false
}

// rename gives a user another display name.
func (l *ledger) rename(h *hermesd, name string) {
	sent, display := time.Now(), "Name of "+name
	err := call(func(ctx context.Context) error {
		_, err := h.client.UserUpdate(ctx, hermes.UserUpdateRequest{User: sip.MustParse(name), DisplayName: hermes.Some(display)})
		return err
	})
	switch l.answered(h.name, sent, err) {
	case done:
		l.record(func() { l.users[name] = display })
	case unknown:
		l.record(func() { l.users[name] = "?" })
	}
}

// assign gives a user a number, and returns it, or "" if the user may have none.
func (l *ledger) assign(h *hermesd, name string) string {
	sent, number := time.Now(), ""
	err := call(func(ctx context.Context) error {
		res, err := h.client.NumberAssign(ctx, hermes.NumberAssignRequest{User: sip.MustParse(name), Random: true})
		number = res.Number.String()
		return err
	})
	if l.answered(h.name, sent, err) != done {
		return ""
	}
	l.record(func() {
		if had := l.numbers[number]; had != nil && !had.releasing {
			l.faults = append(l.faults, fmt.Sprintf("%s was given to %s and to %s", number, had.user, name))
		}
		l.numbers[number] = &assignment{user: name}
	})
	return number
}

// release gives a number back.
func (l *ledger) release(h *hermesd, number string) {
	var mine *assignment
	l.record(func() {
		mine = l.numbers[number]
		mine.releasing = true
	})
	sent := time.Now()
	err := call(func(ctx context.Context) error {
		n, err := e164.Parse(number)
		if err == nil {
			_, err = h.client.NumberRelease(ctx, hermes.NumberReleaseRequest{Number: n})
		}
		return err
	})
	o := l.answered(h.name, sent, err)
	l.record(func() {
		switch {
		case o == notDone && l.numbers[number] != mine:
			l.faults = append(l.faults, fmt.Sprintf("%s was given to another user, and its release was answered as not done", number))
		case o == notDone:
			mine.releasing = false
		case l.numbers[number] == mine:
			delete(l.numbers, number)
		}
	})
}

// check compares the ledger with the tables. No client may be at work.
func (l *ledger) check(t *testing.T, url string) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, url+"?target_session_attrs=read-write&sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	names := mustPairs(t, conn, `SELECT s.username || '@' || s.domain, coalesce(u.displayname, '')
		FROM public.subscriber AS s LEFT JOIN hermes.users AS u USING (username, domain)`)
	assigned := mustPairs(t, conn, "SELECT alias_username, username || '@' || domain FROM public.dbaliases")
	for name, display := range l.users {
		got, ok := names[name]
		if !ok || display != "?" && display != "" && got != display {
			t.Errorf("%s: acknowledged with the name %q, found %v with %q", name, display, ok, got)
		}
	}
	for name := range l.absent {
		if _, ok := names[name]; ok {
			t.Errorf("%s: answered as not done, and found", name)
		}
	}
	for number, a := range l.numbers {
		if got := assigned[number]; got != a.user {
			t.Errorf("%s: acknowledged for %s, found for %q", number, a.user, got)
		}
	}
	twice := mustPairs(t, conn, `SELECT alias_username, count(*)::text FROM public.dbaliases GROUP BY 1 HAVING count(*) > 1
		UNION ALL SELECT number, 'assigned and free' FROM hermes.numbers JOIN public.dbaliases ON alias_username = number`)
	for number, what := range twice {
		t.Errorf("%s is in two places: %s", number, what)
	}
	for _, fault := range l.faults {
		t.Error(fault)
	}
	t.Logf("%d users, %d numbers and %d changes that were not done are as they were answered", len(l.users), len(l.numbers), len(l.absent))
}

// mustPairs returns the rows of a query with two columns.
func mustPairs(t *testing.T, conn *pgx.Conn, query string) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	pairs := map[string]string{}
	var key, value string
	if _, err := pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		if _, ok := pairs[key]; ok && !strings.HasPrefix(key, "+") {
			t.Errorf("%s is there twice", key)
		}
		pairs[key] = value
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return pairs
}
