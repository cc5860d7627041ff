package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// Inspector reads what `hermesd doctor` examines. It has no statement that writes, and reads on
// the connections of its store: those of a read-only transaction, or of a pool that refuses to
// write.
//
// Rows come in pages by key, those of Kamailio's tables by their id, whose index serves under any
// collation. All that a row says is from one statement, so that concurrent changes do not look
// like faults.
type Inspector struct{ s *Store }

// Inspect returns an Inspector that reads where s does.
func Inspect(s *Store) Inspector { return Inspector{s} }

// inspect reads a page. In text bun replaces ?C, the names of tables and, by args, ?0 and so on;
// bound are the values of its placeholders.
func inspect[T any](
	ctx context.Context, i Inspector, text string, args []any, scan func(*sql.Rows) (T, error), bound ...any,
) ([]T, error) {
	st := i.s.raw(text, args...)
	st.pool, st.planEachTime = Bulk, true
	return list(ctx, i.s, st, scan, bound...)
}

// Server is what the database says about itself.
type Server struct {
	Version string `bun:"version"`
	Number  int    `bun:"number"` // server_version_num, such as 150004; 0 for SQLite
	Role    string `bun:"role"`   // empty for SQLite
}

// Server asks the database for its version.
func (i Inspector) Server(ctx context.Context) (v Server, err error) {
	return v, i.s.get(ctx, i.s.raw(i.s.engine.server), &v)
}

// Clock returns PostgreSQL's time.
func (i Inspector) Clock(ctx context.Context) (time.Time, error) {
	var now stamp
	err := i.s.get(ctx, statement{text: "SELECT clock_timestamp()"}, &now)
	return time.Time(now), err
}

// JournalMode returns SQLite's, such as wal.
func (i Inspector) JournalMode(ctx context.Context) (mode string, err error) {
	return mode, i.s.get(ctx, statement{text: "PRAGMA journal_mode"}, &mode)
}

// Searchable reports whether PostgreSQL has the index that serves searches for parts of names.
func (i Inspector) Searchable(ctx context.Context) (has bool, err error) {
	return has, i.s.get(ctx, statement{text: postgresSearchable}, &has)
}

// Layout is how Kamailio's tables differ from the stock ones.
type Layout struct {
	// Tables are missing.
	Tables []string
	// Columns are missing from a table that exists, as table.column.
	Columns []string
	// Foreign are columns that the stock tables do not have, and to which every INSERT has to
	// give a value.
	Foreign []string
	// Inexact says what is wrong with columns that take different texts for equal, so that Hermes
	// does not use the tables; see [ColumnError].
	Inexact []string
	// Narrow says of columns how many characters they have, and how many Hermes writes.
	Narrow []string
}

// Lacks reports whether a table or one of its columns is missing.
func (l Layout) Lacks(table string) bool {
	return slices.Contains(l.Tables, table) || slices.ContainsFunc(l.Columns, func(c string) bool {
		return len(c) > len(table) && c[:len(table)+1] == table+"."
	})
}

// Layout looks for the stock tables and columns. id, by which rows are read here, counts as one.
func (i Inspector) Layout(ctx context.Context) (l Layout, err error) {
	type column struct {
		table, name string
		required    bool
	}
	all, err := list(ctx, i.s, i.s.raw(i.s.engine.stockColumns), func(rows *sql.Rows) (c column, err error) {
		return c, rows.Scan(&c.table, &c.name, &c.required)
	})
	if err != nil {
		return l, err
	}
	found := map[string]map[string]bool{} // whether a column needs a value, by table and column
	for _, c := range all {
		if found[c.table] == nil {
			found[c.table] = map[string]bool{}
		}
		found[c.table][c.name] = c.required
	}
	for _, t := range stock {
		var known []string
		if t.name != "version" { // an old one has no id, and serves
			known = append(known, "id")
		}
		for _, f := range columns(i.s.db, t.model) {
			known = append(known, f.Name)
		}
		l.compare(t.name, known, found[t.name])
	}
	own := i.s.layout.Load()
	if refused, ok := own.refused.(*ColumnError); ok {
		l.Inexact = refused.Columns
	}
	l.Narrow = own.narrow()
	return l, nil
}

// compare adds how a table that has these columns differs from the stock one, whose columns are
// known.
func (l *Layout) compare(table string, known []string, has map[string]bool) {
	if has == nil {
		l.Tables = append(l.Tables, table)
		return
	}
	for _, name := range known {
		if _, ok := has[name]; !ok {
			l.Columns = append(l.Columns, table+"."+name)
		}
	}
	if !slices.Contains([]string{"subscriber", "dbaliases", "grp"}, table) {
		return // Hermes adds no rows
	}
	var foreign []string
	for name, required := range has {
		if required && !slices.Contains(known, name) {
			foreign = append(foreign, table+"."+name)
		}
	}
	slices.Sort(foreign)
	l.Foreign = append(l.Foreign, foreign...)
}

// WrongVersions returns, in the order of the stock tables, those whose row in Kamailio's table
// version is missing or has another number, with both numbers. Tables that are missing, and
// version itself, are passed over.
func (i Inspector) WrongVersions(ctx context.Context, missing []string) (wrong []string, err error) {
	found, err := list(ctx, i.s, i.s.raw("SELECT v.table_name, v.table_version FROM ?version AS v ORDER BY v.table_name"),
		func(rows *sql.Rows) (m versionModel, err error) { return m, rows.Scan(&m.Name, &m.Version) })
	if err != nil {
		return nil, err
	}
	for _, t := range stock[1:] {
		if slices.Contains(missing, t.name) {
			continue
		}
		at := slices.IndexFunc(found, func(m versionModel) bool { return m.Name == t.name })
		switch {
		case at < 0:
			wrong = append(wrong, fmt.Sprintf("%s has no row, want %d", t.name, t.version))
		case found[at].Version != t.version:
			wrong = append(wrong, fmt.Sprintf("%s is %d, want %d", t.name, found[at].Version, t.version))
		}
	}
	return wrong, nil
}

// Migrations returns the steps that Migrate would run, and those that were applied and are
// unknown to this program: the schema is newer.
func (i Inspector) Migrations(ctx context.Context) (pending, unknown []string, err error) {
	st, err := i.s.schemaState(ctx)
	return st.pending, st.unknown, err
}

// LackingRights returns, such as "INSERT on public.subscriber", the rights that PostgreSQL's role
// lacks and hermesd needs. migrating asks for the right to create Hermes' own tables, too. Tables
// that are missing are passed over.
func (i Inspector) LackingRights(ctx context.Context, migrating bool) (lacking []string, err error) {
	if i.s.engine.schema == "" {
		return nil, nil
	}
	var own []string
	for _, m := range models {
		if name, ok := strings.CutPrefix(i.s.db.Table(modelType(m)).Name, "hermes."); ok {
			own = append(own, name)
		}
	}
	queries := []statement{i.s.raw(postgresLackingOnSchemas)}
	if migrating {
		queries = append(queries, i.s.raw(postgresLackingToMigrate))
	}
	queries = append(queries, i.s.raw(postgresLackingToCreate), i.s.raw(postgresLackingOnTables),
		i.s.raw(postgresLackingOnSequences), i.s.raw(postgresLackingOnOwnTables, bun.List(own)))
	for _, q := range queries {
		some, err := list(ctx, i.s, q, scanString)
		if err != nil {
			return nil, err
		}
		lacking = append(lacking, some...)
	}
	return lacking, nil
}
