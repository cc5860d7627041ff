package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// database tells whether the database answers.
func (e *exam) database(ctx context.Context) (bunstore.Server, bool) {
	const check = "database"
	name, remedy := "PostgreSQL", "see that the server runs, that the URL in db is right and that the role may connect"
	if e.embedded {
		name, remedy = "SQLite", "see that the file is an SQLite database, and run doctor as the user that runs hermesd"
	}
	s, err := ask(ctx, e, func(ctx context.Context, i bunstore.Inspector) (bunstore.Server, error) { return i.Server(ctx) })
	if err != nil {
		e.report(Finding{Fail, check, name + " does not answer: " + line(err), remedy})
		return s, false
	}
	e.report(Finding{OK, check, name + " answers", ""})
	return s, true
}

// oldest is PostgreSQL 13, which has pg_current_xact_id.
const oldest = 130000

// server examines the database itself.
func (e *exam) server(ctx context.Context, s bunstore.Server) {
	const check = "server-version"
	switch {
	case e.embedded:
		e.report(Finding{OK, check, "SQLite " + s.Version + ", which is part of hermesd", ""})
		e.journal(ctx)
		return
	case s.Number < oldest:
		e.report(Finding{Fail, check, "PostgreSQL " + s.Version + " is too old", "PostgreSQL 13 or newer"})
	default:
		e.report(Finding{OK, check, "PostgreSQL " + s.Version, ""})
	}
	e.clock(ctx)
}

// maxSkew is more than what clocks that are kept right are apart.
const maxSkew = 2 * time.Second

func (e *exam) clock(ctx context.Context) {
	const check = "clock"
	type skew struct{ ahead, unsure time.Duration }
	v, err := ask(ctx, e, func(ctx context.Context, i bunstore.Inspector) (v skew, err error) {
		before := e.Now()
		theirs, err := i.Clock(ctx)
		v.unsure = e.Now().Sub(before) / 2
		v.ahead = theirs.Sub(before.Add(v.unsure))
		return v, err
	})
	apart := v.ahead.Abs().Round(time.Millisecond)
	switch {
	case err != nil:
		e.report(unseen(check, err))
	case apart <= maxSkew+v.unsure:
		e.report(Finding{OK, check, fmt.Sprintf("the database's clock and this machine's are %s apart", apart), ""})
	case v.ahead > 0:
		e.report(Finding{Warn, check, fmt.Sprintf("the database's clock is %s ahead of this machine's", apart), "keep both right, by NTP: sessions and keys end by them"})
	default:
		e.report(Finding{Warn, check, fmt.Sprintf("the database's clock is %s behind this machine's", apart), "keep both right, by NTP: sessions and keys end by them"})
	}
}

// journal tells whether Kamailio can read while hermesd writes.
func (e *exam) journal(ctx context.Context) {
	const check = "journal-mode"
	mode, err := ask(ctx, e, func(ctx context.Context, i bunstore.Inspector) (string, error) { return i.JournalMode(ctx) })
	switch {
	case err != nil:
		e.report(unseen(check, err))
	case mode != "wal":
		e.report(Finding{Fail, check, fmt.Sprintf("the journal mode is %q: Kamailio's queries fail while hermesd writes", mode),
			"start hermesd once, which sets wal; it stays in the file"})
	default:
		e.report(Finding{OK, check, "the file is in WAL mode", ""})
	}
}

// rights tells what PostgreSQL does not let the role do.
func (e *exam) rights(ctx context.Context, role string, migrating bool) {
	t := newTally(about{"privileges", Fail, fmt.Sprintf("the role %s may do all that hermesd does", shown(role)),
		fmt.Sprintf("rights that the role %s lacks", shown(role)),
		"GRANT them: SELECT on Kamailio's tables, INSERT, UPDATE and DELETE on subscriber, dbaliases and grp with USAGE on their sequences; " +
			"and all on the schema hermes and its tables, or for hermesd migrate CREATE on the database"})
	all, err := ask(ctx, e, func(ctx context.Context, i bunstore.Inspector) ([]string, error) {
		return i.LackingRights(ctx, migrating)
	})
	for _, right := range all {
		t.add(right)
	}
	e.finish(t, err)
}

// needed are the Kamailio tables without which hermesd does not serve.
var needed = []string{"subscriber", "dbaliases", "domain"}

func (e *exam) lacksNeeded() bool { return slices.ContainsFunc(needed, e.layout.Lacks) }
