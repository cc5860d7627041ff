package audit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestSealAudit_forgedHead has a Hermes with a secret key of its own add entries and seals, which
// needs no more than the right to write to the database. A genuine seal after these would
// authenticate them.
func TestSealAudit_forgedHead(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, a *trail) {
		a.mustAdd(t, 2)
		a.mustSeal(t, 2)
		forger := newClientWithKey(t, a.store, "f")
		must(t, forger.AcceptLostKeys(t.Context())) // makes seal 2, without entries
		_, err := forger.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: number("+4733000000")})
		must(t, err)
		if n, err := forger.SealAudit(t.Context()); n != 1 || err != nil {
			t.Fatalf("the forger sealed %d, %v; want 1", n, err)
		}
		a.mustAdd(t, 1)
		n, err := a.client.SealAudit(t.Context())
		if causeOf(err) != hermes.Rejected || n != 0 || !strings.Contains(err.Error(), "seal 3") {
			t.Errorf("sealed %d, %v; want a refusal that names seal 3", n, err)
		}
		a.wantRejected(t, "seal 2: it was made with a secret key that is not configured")
	})
}

// TestSealAudit_forgedSubject changes what an entry is found by before it is sealed. The seal is
// made, and does not fit.
func TestSealAudit_forgedSubject(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, a *trail) {
		a.mustAdd(t, 2)
		a.nameEntries(t)
		a.mustExec(t, "UPDATE hermes.audit_subjects SET subject = 'x@example.com' WHERE id = '{0.2}'")
		a.mustSeal(t, 2)
		a.wantRejected(t, "entry {0.2}: it is not listed under what it is about")
	})
}

// TestSealAudit_forgedTime gives an entry a time that programs cannot read. The others are sealed
// and listed.
func TestSealAudit_forgedTime(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, a *trail) {
		a.mustAdd(t, 3)
		a.nameEntries(t)
		a.mustExec(t, "UPDATE hermes.audit SET at = {never} WHERE id = '{0.2}'")
		a.mustSeal(t, 2)
		a.wantRejected(t, "entry {0.2}: it does not fit its MAC")
		res, err := a.client.AuditList(t.Context(), hermes.AuditListRequest{})
		must(t, err)
		all, err := res.List.Collect()
		if text, jsonErr := json.Marshal(all); err != nil || jsonErr != nil || len(all) != 2 {
			t.Errorf("listed %s, %v, %v; want 2 entries", text, err, jsonErr)
		}
	})
}

// TestPruneAudit_forgedTime makes a seal look older than it is, so that retention removes its
// entries, and then makes it look as before: nothing would show that entries are missing.
func TestPruneAudit_forgedTime(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, a *trail) {
		a.mustAdd(t, 1)
		a.mustSeal(t, 1)
		old := time.Now()
		a.mustAdd(t, 2)
		a.mustSeal(t, 2)
		a.mustKeep(t)
		a.mustExec(t, "UPDATE hermes.audit_seals SET at = (SELECT at FROM hermes.audit_seals WHERE number = 1)")
		n, err := a.client.PruneAudit(t.Context(), old)
		if causeOf(err) != hermes.Rejected || n != 0 || !strings.Contains(err.Error(), "seal 2") {
			t.Errorf("removed %d, %v; want a refusal that names seal 2", n, err)
		}
		a.mustExec(t, "UPDATE hermes.audit_seals AS s SET at = (SELECT at FROM kept.audit_seals AS k WHERE k.number = s.number)")
		a.wantVerified(t, 3, 0)
		a.mustPrune(t, old, 1)
		a.mustExec(t, "UPDATE hermes.audit_seals SET pruned = mac WHERE number = 1")
		if n, err := a.client.PruneAudit(t.Context(), time.Now()); causeOf(err) != hermes.Rejected || n != 0 {
			t.Errorf("removed %d, %v; want a refusal, since the mark was changed", n, err)
		}
	})
}

// openTwice returns two trails of one PostgreSQL, as two hermesd have it.
func openTwice(t *testing.T) (a, b *trail) {
	t.Helper()
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	open := func() *trail { return newTrail(t, openPostgresDB(t, db), "pgx", db.URL(), "hermes.") }
	return open(), open()
}

// TestSealAudit_late has a transaction commit its entry after entries of later transactions were
// sealed. The entry gets the next seal.
func TestSealAudit_late(t *testing.T) {
	t.Parallel()
	a, b := openTwice(t)
	b.last = number("+4733000000")
	must(t, a.client.Tx(t.Context(), func(late *hermes.Client) error {
		_, err := late.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: number("+4744000000")})
		b.mustAdd(t, 2)
		b.mustSeal(t, 2)
		b.wantVerified(t, 2, 0)
		return err
	}))
	b.wantVerified(t, 2, 1)
	b.mustSeal(t, 1)
	a.wantVerified(t, 3, 0)
	a.nameEntries(t)
	if first := entries(t, a.store)[0]; first.ID != a.ids.Replace("{2.1}") || first.Subject != "+4744000000" {
		t.Errorf("the oldest entry is %+v, want the one of seal 2", first)
	}
}

// TestSealAudit_twoSealers has two processes seal what several writers add. Each entry has one
// seal, and all seals are one chain.
func TestSealAudit_twoSealers(t *testing.T) {
	t.Parallel()
	const adders, numbers = 4, 15
	a, b := openTwice(t)
	var adding, sealing sync.WaitGroup
	added := make(chan struct{})
	counts := make(chan int, 4)
	for i := range adders {
		adding.Go(func() {
			for n := range numbers {
				text := fmt.Sprintf("+472200%02d%02d", i, n)
				_, err := a.client.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: number(text)})
				if err != nil {
					t.Errorf("%s: %v", text, err)
				}
			}
		})
	}
	for _, sealer := range []*hermes.Client{a.client, b.client, a.client, b.client} {
		sealing.Go(func() {
			sealed, done := 0, false
			for !done {
				select {
				case <-added:
					done = true // after one more time
				default:
				}
				n, err := sealer.SealAudit(t.Context())
				if err != nil {
					t.Errorf("sealing: %v: %v", err, errors.Unwrap(err))
					return
				}
				sealed += n
			}
			counts <- sealed
		})
	}
	adding.Wait()
	close(added)
	sealing.Wait()
	close(counts)
	total := 0
	for n := range counts {
		total += n
	}
	if total != adders*numbers {
		t.Errorf("sealed %d entries, want %d", total, adders*numbers)
	}
	b.wantVerified(t, adders*numbers, 0)
}
