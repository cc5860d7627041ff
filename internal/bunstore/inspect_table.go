package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

func (t kamailioTable) columnNames() (names []string) {
	for _, column := range t.columns {
		name, _, _ := strings.Cut(column, " ")
		names = append(names, name)
	}
	return names
}

// WrongVersions returns, in the order of the stock tables, those whose row in Kamailio's table version is missing or has
// another number, with both numbers. Tables that are not there, and version itself, are passed over.
func (i Inspector) WrongVersions(ctx context.Context, missing []string) (wrong []string, err error) {
	type row struct {
		table   string
		version int
	}
	rows, err := list(ctx, i.s, 0, raw(`SELECT v.table_name, v.table_version FROM ? AS v ORDER BY v.table_name`, i.table("version")),
		func(rows *sql.Rows) (r row, err error) { return r, rows.Scan(&r.table, &r.version) })
	if err != nil {
		return nil, err
	}
	for _, t := range stock[1:] {
		if slices.Contains(missing, t.name) {
			continue
		}
		at := slices.IndexFunc(rows, func(r row) bool { return r.table == t.name })
		switch {
		case at < 0:
			wrong = append(wrong, fmt.Sprintf("%s has no row, want %d", t.name, t.version))
		case rows[at].version != t.version:
			wrong = append(wrong, fmt.Sprintf("%s is %d, want %d", t.name, rows[at].version, t.version))
		}
	}
	return wrong, nil
}

// Attribute is a row of domain_attrs.
type Attribute struct {
	ID        int64
	DID, Name string
}

// BadAttributes returns a page of the rows of domain_attrs at which Kamailio's domain.reload stops: of a type other
// than 0 and 2, or of type 0 and no integer.
func (i Inspector) BadAttributes(ctx context.Context, after Attribute, limit int) ([]Attribute, error) {
	return list(ctx, i.s, 0, raw(`SELECT a.id, a.did, a.name FROM ?0 AS a
		WHERE a.id > ?1 AND (a.type NOT IN (0, 2) OR a.type = 0 AND NOT ?2) ORDER BY a.id LIMIT ?3`,
		i.table("domain_attrs"), after.ID, i.engine().isInteger("a.value"), limit),
		func(rows *sql.Rows) (a Attribute, err error) { return a, rows.Scan(&a.ID, &a.DID, &a.Name) })
}

// Migrations returns the steps that Migrate would run, and those that were run and are unknown to this program: the schema
// is newer.
func (i Inspector) Migrations(ctx context.Context) (pending, unknown []string, err error) {
	var has state
	if err := i.s.one(ctx, i.s.engine.own(), &has); err != nil {
		return nil, nil, err
	}
	if has.Table {
		unknown, err = list(ctx, i.s, 0, raw(`SELECT name FROM ?migrations ORDER BY name`),
			func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) })
	}
	for _, p := range steps {
		if at := slices.Index(unknown, p.name); at >= 0 {
			unknown = slices.Delete(unknown, at, at+1)
		} else {
			pending = append(pending, p.name)
		}
	}
	return pending, unknown, err
}
