package pgtest

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Session is a connection that stays open until the test ends, for tests that run many statements:
// PostgreSQL starts a process for each connection. It must not be used concurrently.
type Session struct {
	db   *DB
	conn *pgx.Conn
}

// Session opens a session.
func (db *DB) Session(tb testing.TB) *Session {
	tb.Helper()
	s := db.open(tb)
	tb.Cleanup(s.close)
	return s
}

// open opens a session, which the caller closes. It uses pgx so that the effects of pgdriver,
// Hermes' driver, are checked by another driver.
func (db *DB) open(tb testing.TB) *Session {
	tb.Helper()
	conf, err := pgx.ParseConfig(db.URL())
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	// The simple protocol accepts several statements and returns values as text.
	conf.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(context.Background(), conf)
	if err != nil {
		tb.Fatalf("pgtest: %s: %v", db.name, err)
	}
	return &Session{db, conn}
}

// close does nothing to a session that is closed.
func (s *Session) close() { _ = s.conn.Close(context.Background()) }

// Exec runs a statement as [DB.Exec] does, but on the session's connection.
func (s *Session) Exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	if _, err := s.conn.Exec(context.Background(), sql, args...); err != nil {
		tb.Fatalf("pgtest: %s: %v", s.db.name, err)
	}
}

// Query returns the rows of a statement as [DB.Query] does, but on the session's connection.
func (s *Session) Query(tb testing.TB, sql string, args ...any) [][]string {
	tb.Helper()
	rows, err := s.conn.Query(context.Background(), sql, args...)
	if err != nil {
		tb.Fatalf("pgtest: %s: %v", s.db.name, err)
	}
	defer rows.Close()
	var all [][]string
	for rows.Next() {
		all = append(all, texts(rows.RawValues()))
	}
	if err := rows.Err(); err != nil {
		tb.Fatalf("pgtest: %s: %v", s.db.name, err)
	}
	return all
}

// Clear removes all rows of Kamailio's and Hermes' tables, but for those that say which version the
// tables have. It is much faster than to create a database.
func (s *Session) Clear(tb testing.TB) {
	tb.Helper()
	var all strings.Builder
	for _, table := range s.Query(tb, `SELECT schemaname || '.' || tablename FROM pg_tables
		WHERE schemaname IN ('hermes', 'public') AND tablename NOT IN ('migrations', 'version')`) {
		all.WriteString("DELETE FROM " + table[0] + ";")
	}
	s.Exec(tb, all.String())
}

// texts returns the values of a row as text.
func texts(raw [][]byte) []string {
	row := make([]string, len(raw))
	for i, v := range raw {
		row[i] = string(v)
		if v == nil {
			row[i] = "NULL"
		}
	}
	return row
}
