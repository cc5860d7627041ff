package storetest

import (
	"math"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testAuditSeal(t *testing.T, open openFunc) {
	t.Run("seals are listed in order, and are kept as they are", func(t *testing.T) { testAuditSeals(t, open(t).Store) })
	t.Run("a seal covers entries, each once", func(t *testing.T) { testSealedEntries(t, open(t).Store) })
	t.Run("an entry with an empty id is listed first", func(t *testing.T) {
		s, nameless := open(t).Store, auditEntry(9, "user/update", "x@example.com")
		nameless.ID = ""
		all := mustAddAudit(t, s, 2)
		must(t, s.AddAuditEntry(t.Context(), nameless))
		wantUnsealed(t, s, "", 2, nameless, all[0])
	})
	t.Run("the subjects of entries are listed by id", func(t *testing.T) { testAuditSubjects(t, open(t).Store) })
	t.Run("entries of the oldest seals are removed", func(t *testing.T) { testPruneAudit(t, open(t).Store) })
	t.Run("an entry that is committed late is not covered, however old its id is", func(t *testing.T) {
		testLateEntry(t, open(t).Store)
	})
}

func testAuditSeals(t *testing.T, s hermes.Store) {
	ctx := t.Context()
	none, err := s.LastAuditSeal(ctx)
	wantNone(t, none, err)
	var all []hermes.AuditSeal
	for n := range 12 {
		all = append(all, auditSeal(n+1))
		must(t, s.AddAuditSeal(ctx, all[n], nil))
	}
	wantCause(t, s.AddAuditSeal(ctx, auditSeal(12), nil), hermes.Exists)
	last, err := s.LastAuditSeal(ctx)
	wantEqual(t, last, err, all[11])
	got, err := s.AuditSeals(ctx, 0, 5)
	wantList(t, got, err, all[:5])
	got, err = s.AuditSeals(ctx, 5, 100)
	wantList(t, got, err, all[5:])
	got, err = s.AuditSeals(ctx, 12, 100)
	wantList(t, got, err, nil)
}

func testSealedEntries(t *testing.T, s hermes.Store) {
	ctx := t.Context()
	all := mustAddAudit(t, s, 6)
	wantUnsealed(t, s, "", 99, all...)
	wantUnsealed(t, s, auditID(2), 3, all[2:5]...)
	// Ids in another order than theirs, one that does not exist, and one that is covered already.
	must(t, s.AddAuditSeal(ctx, auditSeal(1), []string{auditID(5), auditID(2)}))
	must(t, s.AddAuditSeal(ctx, auditSeal(2), []string{auditID(1), auditID(9), auditID(2), auditID(6)}))
	wantCause(t, s.AddAuditSeal(ctx, auditSeal(2), []string{auditID(3)}), hermes.Exists)
	wantUnsealed(t, s, "", 99, all[2], all[3])
	wantSealed(t, s, hermes.SealedQuery{First: math.MinInt64, Last: math.MaxInt64},
		sealedEntry(1, all[1]), sealedEntry(1, all[4]), sealedEntry(2, all[0]), sealedEntry(2, all[5]))
	wantSealed(t, s, hermes.SealedQuery{First: 2, Last: 2}, sealedEntry(2, all[0]), sealedEntry(2, all[5]))
	wantSealed(t, s, hermes.SealedQuery{First: 1, Last: 2, Limit: 3},
		sealedEntry(1, all[1]), sealedEntry(1, all[4]), sealedEntry(2, all[0]))
	wantSealed(t, s, hermes.SealedQuery{First: 3, Last: 9})
	wantAudit(t, s, hermes.AuditQuery{}, all[5], all[4], all[3], all[2], all[1], all[0])
}

func testAuditSubjects(t *testing.T, s hermes.Store) {
	e := auditEntry(2, "phone/add", "alice@Example.com")
	e.Also = "+4711\n+4711@far.example\n001122334455"
	must(t, s.AddAuditEntry(t.Context(), e))
	must(t, s.AddAuditEntry(t.Context(), auditEntry(1, "auth/new_key", "carol@example.com")))
	// In any order, one that does not exist, and one twice.
	got, err := s.AuditSubjects(t.Context(), []string{auditID(2), auditID(1), auditID(3), auditID(2)})
	wantList(t, got, err, []hermes.EntrySubject{
		{ID: auditID(1), Subject: hermes.AuditSubject{Text: "carol@example.com", Area: hermes.NoArea}},
		{ID: auditID(2), Subject: hermes.AuditSubject{Text: "+4711", Area: hermes.NumberArea}},
		{ID: auditID(2), Subject: hermes.AuditSubject{Text: "+4711@far.example", Area: "far.example"}},
		{ID: auditID(2), Subject: hermes.AuditSubject{Text: "001122334455", Area: hermes.PhoneArea}},
		{ID: auditID(2), Subject: hermes.AuditSubject{Text: "alice@Example.com", Area: "example.com"}},
	})
	got, err = s.AuditSubjects(t.Context(), nil)
	wantList(t, got, err, nil)
}

func testPruneAudit(t *testing.T, s hermes.Store) {
	ctx := t.Context()
	all := mustAddAudit(t, s, 7)
	for n := range 3 {
		must(t, s.AddAuditSeal(ctx, auditSeal(n+1), []string{auditID(2*n + 1), auditID(2*n + 2)}))
	}
	none, err := s.LastPrunedSeal(ctx)
	wantNone(t, none, err)
	wantCause(t, errorOf(s.PruneAudit(ctx, 4, hash(1))), hermes.NotFound)
	wantPruned(t, s, 1, 2)
	wantUnsealed(t, s, "", 99, all[6])
	wantAudit(t, s, hermes.AuditQuery{}, all[6], all[5], all[4], all[3], all[2])
	subjects, err := s.AuditSubjects(ctx, []string{auditID(2), auditID(3)})
	wantList(t, subjects, err, []hermes.EntrySubject{
		{ID: auditID(3), Subject: hermes.AuditSubject{Text: all[2].Subject, Area: "example.com"}},
	})
	wantPruned(t, s, 3, 4)
	wantPruned(t, s, 3, 0)
	wantAudit(t, s, hermes.AuditQuery{}, all[6])
	wantAudit(t, s, hermes.AuditQuery{Subject: all[2].Subject})
}

// wantPruned removes the entries of the seals up to one, and checks how many these are, and that
// this seal and no other has the mark.
func wantPruned(t *testing.T, s hermes.Store, number int, removed int64) {
	t.Helper()
	got, err := s.PruneAudit(t.Context(), int64(number), hash(100+number))
	wantEqual(t, got, err, removed)
	var want []hermes.AuditSeal
	for n := range 3 {
		seal := auditSeal(n + 1)
		if n+1 <= number {
			seal.Entries = ""
		}
		if n+1 == number {
			seal.Pruned = hash(100 + number)
		}
		want = append(want, seal)
	}
	seals, err := s.AuditSeals(t.Context(), 0, 99)
	wantList(t, seals, err, want)
	last, err := s.LastPrunedSeal(t.Context())
	wantEqual(t, last, err, want[number-1])
}

// testLateEntry adds a seal while a transaction that has added an entry is open. A store with one
// writer at a time adds it when the transaction has ended.
func testLateEntry(t *testing.T, s hermes.Store) {
	ctx := t.Context()
	all, late := mustAddAudit(t, s, 3), auditEntry(0, "user/add", "late@example.com")
	sealed := make(chan error, 1)
	must(t, s.Tx(ctx, nil, func(tx hermes.Store) error {
		must(t, tx.AddAuditEntry(ctx, late))
		go func() { sealed <- s.AddAuditSeal(ctx, auditSeal(1), []string{auditID(1), auditID(2)}) }()
		return nil
	}))
	must(t, <-sealed)
	wantUnsealed(t, s, "", 99, late, all[2])
	must(t, s.AddAuditSeal(ctx, auditSeal(2), []string{late.ID, auditID(3)}))
	wantSealed(t, s, hermes.SealedQuery{First: 2, Last: 2}, sealedEntry(2, late), sealedEntry(2, all[2]))
}

// mustAddAudit adds n entries and returns them in the order of their ids.
func mustAddAudit(t *testing.T, s hermes.Store, n int) (all []hermes.AuditEntry) {
	t.Helper()
	for i := range n {
		e := auditEntry(i+1, "user/update", nthAddr("u%d@example.com", i).String())
		must(t, s.AddAuditEntry(t.Context(), e))
		all = append(all, e)
	}
	return all
}

func auditSeal(n int) hermes.AuditSeal {
	return hermes.AuditSeal{
		Number: int64(n), At: at(n), Count: int64(n), Entries: binaryText, Digest: hash(1000 + n), KeyID: binaryText[:4],
		Link: hash(2000 + n), MAC: hash(3000 + n),
	}
}

func sealedEntry(seal int64, e hermes.AuditEntry) hermes.SealedEntry {
	return hermes.SealedEntry{Entry: e, Seal: seal}
}

func wantUnsealed(t *testing.T, s hermes.Store, after string, limit int, want ...hermes.AuditEntry) {
	t.Helper()
	got, err := s.UnsealedEntries(t.Context(), after, limit)
	wantList(t, got, err, want)
}

func wantSealed(t *testing.T, s hermes.Store, q hermes.SealedQuery, want ...hermes.SealedEntry) {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 99
	}
	got, err := s.SealedEntries(t.Context(), q)
	wantList(t, got, err, want)
}
