package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
)

// column is a column of Kamailio's tables, as the engine's statement columns returns it.
type column struct {
	table, name string
	collation   string // empty for the database's own
	kind        string // the name of the type, of a domain that of its base type; empty for SQLite
	exact       bool   // the collation tells texts apart that differ in a byte
	width       int    // the greatest number of characters; 0 if there is none
}

func (c column) String() string { return c.table + "." + c.name }

// keyColumns are the columns of Kamailio's tables by which rows are found.
var keyColumns = []string{
	"subscriber.username", "subscriber.domain", "domain.domain", "grp.username", "grp.domain", "grp.grp",
	"dbaliases.alias_username", "dbaliases.alias_domain", "dbaliases.username", "dbaliases.domain",
}

// inexact returns what is wrong with a column by which rows are found: it takes different texts for
// equal, so that a statement about one user would change another one. It is empty for all others.
func (c column) inexact() string {
	switch {
	case !slices.Contains(keyColumns, c.String()):
		return ""
	case c.kind != "" && !slices.Contains([]string{"varchar", "text", "bpchar"}, c.kind):
		return fmt.Sprintf("%s is of the type %s", c, c.kind)
	case !c.exact && c.collation == "":
		return fmt.Sprintf("%s compares without regard to case or blanks", c)
	case !c.exact:
		return fmt.Sprintf("%s has the collation %s, which is not deterministic", c, c.collation)
	}
	return ""
}

// ColumnError is the error of a store that does not use Kamailio's tables, because columns by which
// rows are found take different texts for equal, as the type citext does.
type ColumnError struct {
	Columns []string // what is wrong with each
}

// Error implements error.
func (e *ColumnError) Error() string {
	return "Kamailio's columns must tell all texts apart: " + strings.Join(e.Columns, ", ") +
		"; want varchar(64) with a deterministic collation"
}

// columns asks for the columns of Kamailio's tables.
func (s *Store) columns(ctx context.Context) ([]column, error) {
	all, err := list(ctx, s, s.raw(s.engine.columns), func(rows *sql.Rows) (c column, err error) {
		return c, rows.Scan(&c.table, &c.name, &c.collation, &c.kind, &c.exact, &c.width)
	})
	if err != nil || s.engine.comparesExactly == "" {
		return all, err
	}
	for i, c := range all {
		st := s.raw(s.engine.comparesExactly, bun.Ident(c.table), bun.Ident(c.name))
		if slices.Contains(keyColumns, c.String()) {
			if err := s.get(ctx, st, &all[i].exact); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// columnText is a text for a column of Kamailio's.
type columnText struct{ column, text string }

// columnTexts returns the texts of a model.
func (d *database) columnTexts(model any) (all []columnText) {
	row := reflect.ValueOf(model).Elem()
	table := d.db.Table(modelType(model))
	for _, f := range columns(d.db, model) {
		if text, ok := f.Value(row).Interface().(string); ok {
			all = append(all, columnText{table.Name + "." + f.Name, text})
		}
	}
	return all
}

// tooLong returns err, or a [hermes.WidthError] if err says that a text was longer than its column
// and it is one of texts. PostgreSQL's own error does not name the column.
func (s *Store) tooLong(err error, texts func() []columnText) error {
	if err == nil || s.isTooLong == nil || !s.isTooLong(err) {
		return err
	}
	widths := s.layout.Load().widths
	for _, t := range texts() {
		if n, width := utf8.RuneCountInString(t.text), widths[t.column]; width > 0 && n > width {
			return &hermes.WidthError{Column: t.column, Width: width, Length: n}
		}
	}
	return err
}
