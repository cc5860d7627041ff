package doctor

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

var kamailioTablesCheck = check{
	name:  "kamailio-tables",
	level: Fail,
	ok:    "all of Kamailio's tables and their columns exist",
	fault: "missing of Kamailio's tables and columns",
	remedy: "set kamailio-schema to the schema that they are in; " +
		"hermesd migrate --kamailio-tables makes tables that are missing, " +
		"Kamailio's kamdbctl brings old ones to its release",
}

var foreignColumnsCheck = check{
	name:  "foreign-columns",
	level: Fail,
	ok:    "no column that Hermes does not know requires a value",
	fault: "columns that Hermes does not know, and that have neither a default nor NULL: " +
		"nothing can be added to their tables",
	remedy: "ALTER each to have a default",
}

var columnTypesCheck = check{
	name:  "column-types",
	level: Fail,
	ok:    "the columns by which Kamailio's rows are found tell all texts apart",
	fault: "columns that take different texts for equal, so that a change of one user could be one of another: " +
		"hermesd does not use the tables",
	remedy: "as their owner, ALTER each to the type varchar(64) with a deterministic collation",
}

var columnWidthsCheck = check{
	name:   "column-widths",
	level:  Warn,
	ok:     "Kamailio's columns are as wide as the texts that Hermes writes",
	fault:  "columns that are narrower than texts that Hermes takes, so that longer ones are refused",
	remedy: "as their owner, ALTER each to the width that is wanted, or keep to shorter texts",
}

var tableVersionsCheck = check{
	name:   "table-versions",
	level:  Fail,
	ok:     "the rows in Kamailio's table version are those that Kamailio requires",
	fault:  "rows in Kamailio's table version that keep it from starting",
	remedy: "bring the tables to Kamailio's release by its kamdbctl; where only the row is wrong, correct it",
}

var domainAttributesCheck = check{
	name:  "domain-attributes",
	level: Fail,
	ok:    "no row of domain_attrs stops Kamailio's domain.reload",
	fault: "rows of domain_attrs that stop Kamailio's domain.reload, " +
		"their type being neither 0 nor 2, or 0 without an integer",
	remedy: "correct or DELETE them",
}

// migrations are the differences between the migrations of a database and those of this hermesd.
type migrations struct {
	pending []string // not applied to the database
	unknown []string // applied by a newer hermesd
}

// schema examines tables and columns. It sets e.layout, and e.schemaErr if no rows can be read.
func (e *examiner) schema(ctx context.Context, s bunstore.Server) {
	m, err := ask(ctx, e, func(i bunstore.Inspector, ctx context.Context) (m migrations, err error) {
		m.pending, m.unknown, err = i.Migrations(ctx)
		return m, err
	})
	if !e.isSQLite {
		e.privileges(ctx, s.Role, len(m.pending) > 0)
	}
	e.kamailioLayout(ctx)
	e.triggers(ctx)
	e.tableVersions(ctx)
	e.domainAttributes(ctx)
	e.migrations(m, err)
	e.bootstrapped(ctx)
	if !e.isSQLite {
		e.searchIndex(ctx)
		e.kamailioIndexes(ctx)
	}
}

// kamailioLayout examines the columns of Kamailio's tables.
func (e *examiner) kamailioLayout(ctx context.Context) {
	layout, err := ask(ctx, e, bunstore.Inspector.Layout)
	e.layout, e.schemaErr = layout, err
	tables, foreign := newTally(kamailioTablesCheck), newTally(foreignColumnsCheck)
	types, widths := newTally(columnTypesCheck), newTally(columnWidthsCheck)
	required := []string{"subscriber", "dbaliases", "domain"} // hermesd does not serve without them
	if !slices.ContainsFunc(required, layout.Lacks) {
		tables.level = Warn
	}
	for _, name := range slices.Concat(layout.Tables, layout.Columns) {
		tables.add(name)
	}
	for t, names := range map[*tally][]string{foreign: layout.Foreign, types: layout.Inexact, widths: layout.Narrow} {
		for _, name := range names {
			t.add(name)
		}
	}
	for _, t := range []*tally{tables, foreign, types, widths} {
		e.reportTally(t, err)
	}
}

// tableVersions examines Kamailio's table version.
func (e *examiner) tableVersions(ctx context.Context) {
	t := newTally(tableVersionsCheck)
	if err := e.checkTables("version"); err != nil {
		e.reportTally(t, err)
		return
	}
	wrong, err := ask(ctx, e, func(i bunstore.Inspector, ctx context.Context) ([]string, error) {
		return i.WrongVersions(ctx, e.layout.Tables)
	})
	for _, name := range wrong {
		t.add(name)
	}
	e.reportTally(t, err)
}

// domainAttributes examines Kamailio's table domain_attrs.
func (e *examiner) domainAttributes(ctx context.Context) {
	t := newTally(domainAttributesCheck)
	err := readRows(ctx, e, bunstore.Inspector.BadAttributes, func(a bunstore.Attribute) {
		t.add(a.Name + " of " + a.DID)
	}, "domain_attrs")
	e.reportTally(t, err)
}

var errSchema = errors.New("the schema is not of this version")

// migrations examines the version of Hermes' own tables. err is the reason why it is not known, or
// nil.
func (e *examiner) migrations(m migrations, err error) {
	const name = "migrations"
	if err != nil {
		e.schemaErr = err
		e.reportNotChecked(name, err)
		return
	}
	older := "the schema is older than this hermesd: " + strings.Join(m.pending, ", ")
	switch {
	case len(m.unknown) > 0:
		newer := "the schema is newer than this hermesd: " + strings.Join(m.unknown, ", ")
		e.reportProblem(Fail, name, newer, "a newer hermesd")
	case len(m.pending) == 0:
		e.reportOK(name, "the schema is of this version")
	case e.AutoMigrate:
		e.reportProblem(Warn, name, older, "start hermesd, or run hermesd migrate")
	default:
		e.reportProblem(Fail, name, older, "run hermesd migrate")
	}
	if len(m.pending) > 0 && e.schemaErr == nil {
		e.schemaErr = errSchema
	}
}

// bootstrapped checks that there is a principal that can administer Hermes.
func (e *examiner) bootstrapped(ctx context.Context) {
	const name = "bootstrapped"
	var done, ever bool
	err := cmp.Or(e.schemaErr, e.BackendsErr)
	if err == nil {
		err = e.Database.read(ctx, func(ctx context.Context, s *bunstore.Store) (err error) {
			done, ever, err = e.askBootstrapped(ctx, s)
			return err
		})
	}
	switch {
	case err != nil:
		e.reportNotChecked(name, err)
	case done:
		e.reportOK(name, "there is a principal with full_write")
	case e.isSQLite && !ever:
		e.reportProblem(Warn, name, "there is no principal with full_write",
			"start hermesd, which makes the first one; where it does not, run hermesd bootstrap --user NAME")
	default:
		e.reportProblem(Fail, name, "there is no principal with full_write and without a scope that can log in and does not expire: "+
			"Hermes cannot be administered", "run hermesd bootstrap --user NAME")
	}
}

// askBootstrapped asks a Client over the store whether there is an administrator, and whether there
// has ever been a principal. The Client has a new secret key, which it does not use.
func (e *examiner) askBootstrapped(ctx context.Context, s hermes.Store) (done, ever bool, err error) {
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		return false, false, err
	}
	client, err := hermes.New(s, &hermes.Options{SecretKeys: []hermes.SecretKey{key}, Backends: e.Backends})
	if err != nil {
		return false, false, err
	}
	if done, err = client.Bootstrapped(ctx); err != nil {
		return false, false, err
	}
	ever, err = client.EverAuthorized(ctx)
	return done, ever, err
}

// searchIndex checks that PostgreSQL has the index that makes searches in the users fast.
func (e *examiner) searchIndex(ctx context.Context) {
	const name = "search-index"
	has, err := false, e.schemaErr
	if err == nil {
		has, err = ask(ctx, e, bunstore.Inspector.Searchable)
	}
	switch {
	case err != nil:
		e.reportNotChecked(name, err)
	case has:
		e.reportOK(name, "searches in the users have their index")
	default:
		e.reportProblem(Warn, name, "there is no index for searches in the users: each reads the whole table",
			"CREATE EXTENSION pg_trgm as a superuser (Debian: postgresql-contrib), and then hermesd migrate")
	}
}

// kamailioIndexes checks that large tables of Kamailio's have the indexes that make lists and
// searches fast. Hermes never alters these tables itself.
func (e *examiner) kamailioIndexes(ctx context.Context) {
	const name = "kamailio-indexes"
	var missing []bunstore.Index
	err := e.schemaErr
	if err == nil {
		missing, err = ask(ctx, e, bunstore.Inspector.MissingIndexes)
	}
	if err != nil {
		e.reportNotChecked(name, err)
		return
	}
	if len(missing) == 0 {
		e.reportOK(name, "no large table of Kamailio's lacks an index that Hermes would use")
		return
	}
	var gains, statements []string
	for _, i := range missing {
		gains = append(gains, "with "+i.Name+" "+i.Gain)
		statements = append(statements, i.SQL)
	}
	e.reportProblem(Warn, name, "indexes that only the owner of Kamailio's tables can add: "+strings.Join(gains, "; "),
		"as that owner, outside a transaction: "+strings.Join(statements, "; "))
}
