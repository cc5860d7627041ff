package bunstore

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
)

// recordCountStatements count the rows of a table each, so that none takes longer than a statement
// may.
type recordCountStatements struct {
	countLocalUsers, countRemoteUsers, countPhones, countAliases, countSessions, countUnsealed statement
}

func (b *builder) recordCountStatements() recordCountStatements {
	count := func(q *bun.SelectQuery) statement { return b.statement(Bulk, q.ColumnExpr("count(*)")) }
	from := func(model any) *bun.SelectQuery { return b.NewSelect().Model(model) }
	return recordCountStatements{
		countLocalUsers:  count(from((*subscriberModel)(nil))),
		countRemoteUsers: count(from((*userModel)(nil)).Where("h.type = ?", bun.SafeQuery("'"+string(hermes.Remote)+"'"))),
		countPhones: count(b.NewSelect().TableExpr("(?) AS k",
			from((*phoneModel)(nil)).Distinct().Column("mac"))),
		countAliases: count(b.NewSelect().TableExpr("(?) AS k",
			from((*dbaliasModel)(nil)).Distinct().Column("alias_username", "alias_domain"))),
		countSessions: count(from((*sessionModel)(nil)).Where("e.expires > ?0 AND e.key_expires > ?0", place(1))),
		countUnsealed: b.ownStatement(Bulk, from((*auditModel)(nil)).Where("q.seal IS NULL").ColumnExpr("count(*)")),
	}
}

// Counts implements [hermes.CountStore].
func (s *Store) Counts(ctx context.Context, now time.Time) (n hermes.Counts, err error) {
	st := s.sql().recordCountStatements
	for _, c := range []struct {
		into *int64
		by   statement
		args []any
	}{
		{into: &n.LocalUsers, by: st.countLocalUsers},
		{into: &n.RemoteUsers, by: st.countRemoteUsers},
		{into: &n.Phones, by: st.countPhones},
		{into: &n.Aliases, by: st.countAliases},
		{into: &n.Sessions, by: st.countSessions, args: []any{moment(now)}},
		{into: &n.UnsealedEntries, by: st.countUnsealed},
	} {
		if err := s.get(ctx, c.by, c.into, c.args...); err != nil {
			return hermes.Counts{}, err
		}
	}
	return n, nil
}

// Tally counts events by their kind, for the packages of the databases. The zero value is ready to
// use.
type Tally struct {
	mu     sync.Mutex
	counts map[string]int64
}

// Add counts an event. It does nothing where the kind is empty.
func (t *Tally) Add(kind string) {
	if kind == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int64{}
	}
	t.counts[kind]++
}

// Counts returns how many events of each kind were counted. A kind without events is missing.
func (t *Tally) Counts() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}
