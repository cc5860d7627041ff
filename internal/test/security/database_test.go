package security_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// database is a database that two servers share.
type database interface {
	// empty removes all records and returns a store for each of the servers.
	empty(t *testing.T) (a, b hermes.Store)
}

// eachDatabase runs the test with the memory store and with PostgreSQL.
func eachDatabase(t *testing.T, test func(t *testing.T, db database)) {
	t.Run("memory", func(t *testing.T) { test(t, memory{}) })
	t.Run("postgresql", func(t *testing.T) { test(t, newPostgreSQL(t)) })
}

// memory returns the same store for both servers.
type memory struct{}

func (memory) empty(*testing.T) (a, b hermes.Store) {
	s := memstore.New()
	return s, s
}

// postgreSQL has a store with connections of its own for each server, and a session that empties
// the database.
type postgreSQL struct {
	session *pgtest.Session
	a, b    *postgres.Store
}

func newPostgreSQL(t *testing.T) *postgreSQL {
	t.Helper()
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	a, b := openStore(t, db), openStore(t, db)
	if err := a.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &postgreSQL{session: db.Session(t), a: a, b: b}
}

func openStore(t *testing.T, db *pgtest.DB) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), db.URL(), nil)
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

func (p *postgreSQL) empty(t *testing.T) (a, b hermes.Store) {
	t.Helper()
	p.a.Flush()
	p.b.Flush()
	p.session.Clear(t)
	return p.a, p.b
}
