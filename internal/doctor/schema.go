package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// schema examines tables and columns, and finds out which rows can be looked at.
func (e *exam) schema(ctx context.Context, s bunstore.Server) {
	var migrations struct{ pending, unknown []string }
	migrations, err := ask(ctx, e, func(ctx context.Context, i bunstore.Inspector) (m struct{ pending, unknown []string }, err error) {
		m.pending, m.unknown, err = i.Migrations(ctx)
		return m, err
	})
	if !e.embedded {
		e.rights(ctx, s.Role, len(migrations.pending) > 0)
	}
	e.kamailio(ctx)
	e.migrations(migrations.pending, migrations.unknown, err)
	e.bootstrapped(ctx)
	if !e.embedded {
		e.search(ctx)
	}
}

// kamailio examines Kamailio's tables.
func (e *exam) kamailio(ctx context.Context) {
	var err error
	e.layout, err = ask(ctx, e, func(ctx context.Context, i bunstore.Inspector) (bunstore.Layout, error) { return i.Layout(ctx) })
	e.blind = err
	tables, foreign := newTally(kamailioTables), newTally(foreignColumns)
	if !e.lacksNeeded() {
		tables.level = Warn
	}
	for _, name := range append(e.layout.Tables, e.layout.Columns...) {
		tables.add(name)
	}
	for _, name := range e.layout.Foreign {
		foreign.add(name)
	}
	e.finish(tables, err)
	e.finish(foreign, err)
	e.versions(ctx)
	e.attributes(ctx)
}

func (e *exam) versions(ctx context.Context) {
	t := newTally(tableVersions)
	err := e.lacks([]string{"version"})
	if err == nil {
		var wrong []string
		wrong, err = ask(ctx, e, func(ctx context.Context, i bunstore.Inspector) ([]string, error) {
			return i.WrongVersions(ctx, e.layout.Tables)
		})
		for _, w := range wrong {
			t.add(w)
		}
	}
	e.finish(t, err)
}

func (e *exam) attributes(ctx context.Context) {
	t := newTally(domainAttributes)
	err := pages(ctx, e, bunstore.Inspector.BadAttributes, func(a bunstore.Attribute) { t.add(a.Name + " of " + a.DID) }, "domain_attrs")
	e.finish(t, err)
}

var errSchema = errors.New("Hermes' own tables are not of this version")

func (e *exam) migrations(pending, unknown []string, err error) {
	const check = "migrations"
	switch {
	case err != nil:
		e.blind = err
		e.report(unseen(check, err))
	case len(unknown) > 0:
		e.report(Finding{Fail, check, "the schema is newer than this hermesd: " + strings.Join(unknown, ", "), "a newer hermesd"})
	case len(pending) == 0:
		e.report(Finding{OK, check, "the schema is of this version", ""})
	case e.AutoMigrate:
		e.report(Finding{Warn, check, "the schema is older than this hermesd: " + strings.Join(pending, ", "), "start hermesd, or run hermesd migrate"})
	default:
		e.report(Finding{Fail, check, "the schema is older than this hermesd: " + strings.Join(pending, ", "), "run hermesd migrate"})
	}
	if len(pending) > 0 && e.blind == nil {
		e.blind = errSchema
	}
}

// bootstrapped tells whether somebody can administer Hermes.
func (e *exam) bootstrapped(ctx context.Context) {
	const check = "bootstrapped"
	done, err := false, e.blind
	if err == nil {
		err = e.Database.read(ctx, func(ctx context.Context, s *bunstore.Store) (err error) {
			done, err = bootstrapped(ctx, s)
			return err
		})
	}
	switch {
	case err != nil:
		e.report(unseen(check, err))
	case done:
		e.report(Finding{OK, check, "there is a principal with full_write", ""})
	case e.embedded:
		e.report(Finding{Warn, check, "there is no principal with full_write", "start hermesd, which makes the first one; where it does not, run hermesd bootstrap --user NAME"})
	default:
		e.report(Finding{Fail, check, "there is no principal with full_write: nobody can log in to administer", "run hermesd bootstrap --user NAME"})
	}
}

// bootstrapped asks a Client; which secret key that has does not matter.
func bootstrapped(ctx context.Context, s hermes.Store) (bool, error) {
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		return false, err
	}
	client, err := hermes.New(s, &hermes.Options{SecretKeys: []hermes.SecretKey{key}})
	if err != nil {
		return false, err
	}
	return client.Bootstrapped(ctx)
}

func (e *exam) search(ctx context.Context) {
	const check = "search-index"
	has, err := false, e.blind
	if err == nil {
		has, err = ask(ctx, e, func(ctx context.Context, i bunstore.Inspector) (bool, error) { return i.Searchable(ctx) })
	}
	switch {
	case err != nil:
		e.report(unseen(check, err))
	case has:
		e.report(Finding{OK, check, "searches in the users have their index", ""})
	default:
		e.report(Finding{Warn, check, "there is no index for searches in the users: each reads the whole table", "CREATE EXTENSION pg_trgm as a superuser (Debian: postgresql-contrib), and then hermesd migrate"})
	}
}
