package security_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// database is what two hermesd share.
type database interface {
	// stores empties the database and returns a store for each of the two.
	stores(t *testing.T) (a, b hermes.Store)
}

// onEach runs the test on memory, and on PostgreSQL.
func onEach(t *testing.T, test func(t *testing.T, db database)) {
	t.Run("memory", func(t *testing.T) { test(t, memory{}) })
	t.Run("postgresql", func(t *testing.T) { test(t, newPostgreSQL(t)) })
}

// memory has one store, which both have.
type memory struct{}

func (memory) stores(*testing.T) (a, b hermes.Store) {
	s := memstore.New()
	return s, s
}

// postgreSQL has two stores with connections of their own.
type postgreSQL struct {
	db   *pgtest.DB
	a, b hermes.Store
}

func newPostgreSQL(t *testing.T) *postgreSQL {
	t.Helper()
	p := &postgreSQL{db: pgtest.New(t, pgtest.Options{NoFsync: true})}
	first := p.open(t)
	if err := first.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.a, p.b = first, p.open(t)
	return p
}

func (p *postgreSQL) open(t *testing.T) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), p.db.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (p *postgreSQL) stores(t *testing.T) (a, b hermes.Store) {
	t.Helper()
	for _, table := range p.db.Query(t, `SELECT schemaname || '.' || tablename FROM pg_tables
		WHERE schemaname IN ('hermes', 'public') AND tablename NOT IN ('migrations', 'version')`) {
		p.db.Exec(t, "DELETE FROM "+table[0])
	}
	return p.a, p.b
}
