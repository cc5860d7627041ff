package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// layout is what the database turned out to be.
type layout struct {
	db         *bun.DB  // formats, with the names of the tables
	waits      bool     // ?skip and ?wait differ
	tables     []string // those of Kamailio's that are there
	subscriber []string // columns
}

func (l *layout) has(table string) bool { return slices.Contains(l.tables, table) }

var errStrings = errors.New("want standard_conforming_strings = on and a database in UTF8")

type properties struct {
	Bytewise bool `bun:"bytewise"`
	Strings  bool `bun:"strings"`
}

type column struct{ table, name, collation string }

// look reads the layout anew.
func (s *Store) look(ctx context.Context) (*layout, error) {
	var p properties
	if err := s.one(ctx, s.engine.propertiesQuery(), &p); err != nil {
		return nil, err
	}
	if !p.Strings {
		return nil, errStrings
	}
	columns, err := list(ctx, s, 0, s.engine.lookQuery(), func(rows *sql.Rows) (c column, err error) {
		return c, rows.Scan(&c.table, &c.name, &c.collation)
	})
	if err != nil {
		return nil, err
	}
	l := s.engine.layout(p.Bytewise && !slices.ContainsFunc(columns, collated))
	for _, c := range columns {
		if !l.has(c.table) {
			l.tables = append(l.tables, c.table)
		}
		if c.table == "subscriber" {
			l.subscriber = append(l.subscriber, c.name)
		}
	}
	s.layout.Store(l)
	return l, nil
}

// collated tells whether a column has a collation other than the database's own, or C. Which column does not
// matter: no stock schema has one.
func collated(c column) bool { return c.collation != "" && c.collation != "C" }

// known returns the layout, and looks again where Kamailio's tables were not there yet.
func (s *Store) known(ctx context.Context) (*layout, error) {
	if l := s.layout.Load(); l.has("subscriber") {
		return l, nil
	}
	return s.look(ctx)
}

// extras are columns of subscriber that a stock schema does not have, with the column of ?users that
// holds the same. The first two were Kamailio's own up to 5.1; the third is a custom of sites.
var extras = []struct{ theirs, ours string }{{"email_address", "email"}, {"rpid", "rpid"}, {"permittedcalls", "permittedcalls"}}

func (l *layout) hasColumn(name string) bool { return slices.Contains(l.subscriber, name) }

// extra is the expression for one of them, NULL where the column is not there.
func (l *layout) extra(theirs string) schema.QueryAppender {
	if l.hasColumn(theirs) {
		return raw("s.?", bun.Name(theirs))
	}
	return bun.Safe("NULL")
}
