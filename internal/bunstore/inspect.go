package bunstore

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// Inspector reads what `hermesd doctor` judges. It has no statement that writes, and reads on the connections of
// its store: those of a read-only transaction, or of a pool that refuses to write.
//
// Rows come in pages by key, of Kamailio's tables by their id, whose index serves under any collation. What is told of a row
// is one statement's: changes that others make meanwhile do not look like faults.
type Inspector struct{ s *Store }

// Inspect returns an Inspector that reads where s does.
func Inspect(s *Store) Inspector { return Inspector{s} }

// inspectEngine is a database's own ways of being looked at. A nil query is one that it has no use for.
type inspectEngine interface {
	engine
	// serverQuery returns one row: version as text, and as PostgreSQL counts it.
	serverQuery() schema.QueryAppender
	// columnsQuery lists tables, their columns, and whether an INSERT has to name them.
	columnsQuery(tables commaList) schema.QueryAppender
	// theirs makes a value compare as a column of Kamailio's does, so that its index serves.
	theirs() schema.QueryAppender
	// isNumber is a condition: that column has the shape of an E.164 number.
	isNumber(column string) schema.QueryAppender
	// isInteger is a condition: that column is the text of an integer.
	isInteger(column string) schema.QueryAppender
}

func (i Inspector) engine() inspectEngine { return i.s.engine.(inspectEngine) }

// table is one of Kamailio's, also of those that a store has no use for.
func (i Inspector) table(name string) schema.QueryAppender {
	prefix, _ := i.s.engine.kamailioWords()
	return bun.Safe(prefix + name)
}

// Server is what the database says of itself.
type Server struct {
	Version string `bun:"version"`
	Number  int    `bun:"number"` // server_version_num, such as 150004; 0 for SQLite
	Role    string `bun:"role"`   // "" for SQLite
}

// Server asks the database for its version.
func (i Inspector) Server(ctx context.Context) (v Server, err error) {
	return v, i.s.one(ctx, i.engine().serverQuery(), &v)
}

// Clock returns PostgreSQL's time.
func (i Inspector) Clock(ctx context.Context) (time.Time, error) {
	var now stamp
	err := i.s.one(ctx, raw(`SELECT clock_timestamp()`), &now)
	return time.Time(now), err
}

// JournalMode returns SQLite's, such as wal.
func (i Inspector) JournalMode(ctx context.Context) (mode string, err error) {
	return mode, i.s.one(ctx, raw(`PRAGMA journal_mode`), &mode)
}

// Searchable tells whether PostgreSQL has the index that serves searches for parts of names.
func (i Inspector) Searchable(ctx context.Context) (has bool, err error) {
	err = i.s.one(ctx, raw(`SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = 'hermes' AND c.relname = 'users_search')`), &has)
	return has, err
}

// Layout is how Kamailio's tables differ from the stock ones.
type Layout struct {
	Tables  []string // that are missing
	Columns []string // that are missing from a table that is there, as table.column
	Foreign []string // that the stock tables do not have, and which every INSERT has to give a value
}

// Lacks tells whether a table or one of its columns is missing.
func (l Layout) Lacks(table string) bool {
	return slices.Contains(l.Tables, table) || slices.ContainsFunc(l.Columns, func(c string) bool {
		return len(c) > len(table) && c[:len(table)+1] == table+"."
	})
}

// Layout looks for the stock tables and columns. id, by which rows are read here, counts as one.
func (i Inspector) Layout(ctx context.Context) (l Layout, err error) {
	var names commaList
	for _, t := range stock {
		names = append(names, raw("?", t.name))
	}
	type column struct {
		table, name string
		wanted      bool
	}
	all, err := list(ctx, i.s, 0, i.engine().columnsQuery(names), func(rows *sql.Rows) (c column, err error) {
		return c, rows.Scan(&c.table, &c.name, &c.wanted)
	})
	if err != nil {
		return l, err
	}
	there := map[string]map[string]bool{} // columns by table, and whether they want a value
	for _, c := range all {
		if there[c.table] == nil {
			there[c.table] = map[string]bool{}
		}
		there[c.table][c.name] = c.wanted
	}
	for _, t := range stock {
		l.compare(t, there[t.name])
	}
	return l, nil
}

// compare adds where a table that has these columns differs from the stock one.
func (l *Layout) compare(t kamailioTable, has map[string]bool) {
	if has == nil {
		l.Tables = append(l.Tables, t.name)
		return
	}
	known := t.columnNames()
	if t.name != "version" { // an old one has no id, and serves
		known = append([]string{"id"}, known...)
	}
	for _, name := range known {
		if _, ok := has[name]; !ok {
			l.Columns = append(l.Columns, t.name+"."+name)
		}
	}
	if !slices.Contains([]string{"subscriber", "dbaliases", "grp"}, t.name) {
		return // Hermes adds no rows
	}
	var foreign []string
	for name, wanted := range has {
		if wanted && !slices.Contains(known, name) {
			foreign = append(foreign, t.name+"."+name)
		}
	}
	slices.Sort(foreign)
	l.Foreign = append(l.Foreign, foreign...)
}
