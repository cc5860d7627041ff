package bunstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// layout is how a database was found, with the statements for it.
type layout struct {
	tables     []string       // those of Kamailio's four that exist
	subscriber []string       // its columns
	added      []extra        // what extras returns, which each read of a user needs
	bytewise   bool           // Kamailio's tables compare text byte-wise by themselves
	widths     map[string]int // the most characters of Kamailio's columns, by table.column
	refused    error          // a *ColumnError, or nil
	statements
}

func (l *layout) has(table string) bool { return slices.Contains(l.tables, table) }

// extras returns those of the extras that subscriber has.
func (l *layout) extras() []extra {
	return slices.DeleteFunc(slices.Clone(extras), func(e extra) bool { return !slices.Contains(l.subscriber, e.theirs) })
}

// checkPath refuses the schemas of a search_path, in their order and separated by commas, if others
// than those of temporary tables are before pg_catalog. No operator or function is looked up there.
func checkPath(path string) error {
	for schema := range strings.SplitSeq(path, ",") {
		switch {
		case schema == "pg_catalog", schema == "":
			return nil
		case !strings.HasPrefix(schema, "pg_temp_"):
			return fmt.Errorf("search_path has %q before pg_catalog: want pg_catalog first or not named, "+
				"so that no function of another schema runs in place of PostgreSQL's", schema)
		}
	}
	return errors.New("search_path without pg_catalog")
}

var errStrings = errors.New("want standard_conforming_strings = on and a database in UTF8")

// properties are what the engine's statement of that name returns.
type properties struct {
	Bytewise bool `bun:"bytewise"` // the database compares text byte-wise
	Strings  bool `bun:"strings"`  // strings are what errStrings asks for

	Path string `bun:"path"` // what checkPath takes
}

// look reads the layout anew and builds its statements.
func (s *Store) look(ctx context.Context) (*layout, error) {
	var p properties
	if err := s.get(ctx, s.raw(s.engine.properties), &p); err != nil {
		return nil, err
	}
	if !p.Strings {
		return nil, errStrings
	}
	if err := checkPath(p.Path); err != nil {
		return nil, err
	}
	columns, err := s.columns(ctx)
	if err != nil {
		return nil, err
	}
	l := &layout{bytewise: p.Bytewise, widths: map[string]int{}}
	var inexact []string
	for _, c := range columns {
		l.widths[c.String()] = c.width
		if fault := c.inexact(); fault != "" {
			inexact = append(inexact, fault)
		}
		if !l.has(c.table) {
			l.tables = append(l.tables, c.table)
		}
		if c.table == "subscriber" {
			l.subscriber = append(l.subscriber, c.name)
		}
		// A column with a collation of its own is rare: which one it is does not matter.
		l.bytewise = l.bytewise && (c.collation == "" || c.collation == "C")
	}
	l.added = l.extras()
	if len(inexact) > 0 {
		slices.Sort(inexact)
		l.refused = &ColumnError{Columns: inexact}
	}
	if l.statements, err = s.build(l); err != nil {
		return nil, err
	}
	s.layout.Store(l)
	return l, nil
}

// known returns the layout. Where Kamailio's tables were missing or refused it looks again.
func (s *Store) known(ctx context.Context) (*layout, error) {
	if l := s.layout.Load(); l.has("subscriber") && l.refused == nil {
		return l, nil
	}
	return s.look(ctx)
}

// newBunDB returns a bun.DB without a connection, in which the models have the names that their
// tables have in the database. The tables, such as ?users, the engine's words and ?schema are
// named arguments.
func newBunDB(d schema.Dialect, e engine) *bun.DB {
	db := bun.NewDB(nil, d).WithNamedArg("schema", e.schema)
	for name, word := range e.words {
		db = db.WithNamedArg(name, bun.Safe(word))
	}
	for _, m := range models {
		t := d.Tables().Get(modelType(m))
		name, own := strings.CutPrefix(t.Name, "hermes.")
		t.SQLName = schema.Safe(e.tableName(db.QueryGen(), name, own))
		t.SQLNameForSelects = t.SQLName
		db = db.WithNamedArg(name, t.SQLName)
	}
	return db
}

// tableName returns the name of a table in the database. own is set for Hermes' tables.
func (e engine) tableName(gen schema.QueryGen, name string, own bool) string {
	switch {
	case own && e.schema == "":
		return gen.FormatQuery("?", bun.Name("hermes_"+name))
	case own:
		return gen.FormatQuery("hermes.?", bun.Name(name))
	case e.schema == "":
		return gen.FormatQuery("?", bun.Name(name))
	}
	return gen.FormatQuery("?.?", bun.Name(e.schema), bun.Name(name))
}
