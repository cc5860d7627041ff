package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// database checks that the database answers, and returns its description and whether it does.
func (e *examiner) database(ctx context.Context) (bunstore.Server, bool) {
	const name = "database"
	engine := "PostgreSQL"
	remedy := "see that the server runs, that the URL in db is right and that the role may connect"
	if e.isSQLite {
		engine = "SQLite"
		remedy = "see that the file is an SQLite database, and run doctor as the user that runs hermesd"
	}
	s, err := ask(ctx, e, bunstore.Inspector.Server)
	if err != nil {
		e.reportProblem(Fail, name, engine+" does not answer: "+oneLine(err), remedy)
		return s, false
	}
	e.reportOK(name, engine+" answers")
	return s, true
}

// minServer is PostgreSQL 13, the first version that has pg_current_xact_id.
const minServer = 130000

// server examines the database server, or the file of SQLite.
func (e *examiner) server(ctx context.Context, s bunstore.Server) {
	const name = "server-version"
	if e.isSQLite {
		e.reportOK(name, "SQLite "+s.Version+", which is part of hermesd")
		e.journalMode(ctx)
		return
	}
	if s.Number < minServer {
		e.reportProblem(Fail, name, "PostgreSQL "+s.Version+" is too old", "PostgreSQL 13 or newer")
	} else {
		e.reportOK(name, "PostgreSQL "+s.Version)
	}
	e.clock(ctx)
}

// maxSkew is the greatest difference between two clocks that are considered synchronized.
const maxSkew = 2 * time.Second

// skew is the result of comparing two clocks.
type skew struct {
	ahead time.Duration // of the database's clock
	bound time.Duration // the greatest error of ahead
}

// clock compares PostgreSQL's clock with the one of this machine.
func (e *examiner) clock(ctx context.Context) {
	const name = "clock"
	v, err := ask(ctx, e, func(i bunstore.Inspector, ctx context.Context) (v skew, err error) {
		before := e.Now()
		theirs, err := i.Clock(ctx)
		v.bound = e.Now().Sub(before) / 2
		v.ahead = theirs.Sub(before.Add(v.bound))
		return v, err
	})
	if err != nil {
		e.reportNotChecked(name, err)
		return
	}
	difference := v.ahead.Abs().Round(time.Millisecond)
	if difference <= maxSkew+v.bound {
		e.reportOK(name, fmt.Sprintf("the database's clock and this machine's are %s apart", difference))
		return
	}
	direction := "behind"
	if v.ahead > 0 {
		direction = "ahead of"
	}
	e.reportProblem(Warn, name, fmt.Sprintf("the database's clock is %s %s this machine's", difference, direction),
		"synchronize both by NTP: the lifetime of sessions and keys depends on them")
}

// journalMode checks that Kamailio can read SQLite's file while hermesd writes.
func (e *examiner) journalMode(ctx context.Context) {
	const name = "journal-mode"
	mode, err := ask(ctx, e, bunstore.Inspector.JournalMode)
	switch {
	case err != nil:
		e.reportNotChecked(name, err)
	case mode != "wal":
		e.reportProblem(Fail, name,
			fmt.Sprintf("the journal mode is %q: Kamailio's queries fail while hermesd writes", mode),
			"start hermesd once, which sets wal; it stays in the file")
	default:
		e.reportOK(name, "the file is in WAL mode")
	}
}

// privileges checks that PostgreSQL's role has the privileges that hermesd needs. migrationsPending
// is whether these include the ones for hermesd migrate.
func (e *examiner) privileges(ctx context.Context, role string, migrationsPending bool) {
	role = printable(role)
	t := newTally(check{
		name:  "privileges",
		level: Fail,
		ok:    fmt.Sprintf("the role %s may do all that hermesd does", role),
		fault: fmt.Sprintf("rights that the role %s lacks", role),
		remedy: "GRANT them: SELECT on Kamailio's tables, INSERT, UPDATE and DELETE on subscriber, dbaliases and grp " +
			"with USAGE on their sequences; " +
			"and all on the schema hermes and its tables, or for hermesd migrate CREATE on the database",
	})
	lacking, err := ask(ctx, e, func(i bunstore.Inspector, ctx context.Context) ([]string, error) {
		return i.LackingRights(ctx, migrationsPending)
	})
	for _, right := range lacking {
		t.add(right)
	}
	e.reportTally(t, err)
}
