// Package doctor examines a database for the command `hermesd doctor`: whether Hermes and Kamailio
// can use it, and which rows of Kamailio's tables and of Hermes' own contradict each other, because
// other tools changed them.
//
// [PostgreSQL] and [SQLite] open a [Database], which cannot be written. [Examine] makes all checks
// and reports a [Finding] for each. A fault is one finding: a row that has several is named by the
// first check that has it, and the checks that a fault makes impossible are one finding together.
//
// Rows are read page by page, so that a database of any size is examined in little memory while it
// is in use.
package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
	"github.com/hermes-voip/go-hermes/sip"
)

// Level is the result of a check.
type Level string

// The levels of findings.
const (
	OK   Level = "ok"   // there is nothing to do
	Warn Level = "warn" // it works but needs attention, or it could not be checked
	Fail Level = "fail" // something does not work, or is not secure
)

// Finding is the outcome of one check.
type Finding struct {
	Level  Level  `json:"level"`
	Check  string `json:"check"`  // the name of the check, which does not change between versions
	Detail string `json:"detail"` // what was found, in one line of limited length
	Remedy string `json:"remedy"` // what to do about it; empty if and only if Level is OK
}

// Options say what Examine examines, and have those settings of hermesd that the checks depend on.
// Database is required.
type Options struct {
	// Database is the database to examine. The caller closes it.
	Database *Database
	// Replicas are the servers from which long lists are read.
	Replicas []*pgconn.Hosts
	// AutoMigrate is whether hermesd migrates the schema when it starts.
	AutoMigrate bool
	// SecretKeys are the keys that must open the sealed passwords.
	SecretKeys []hermes.SecretKey
	// Domains are the domains that are served in addition to those in Kamailio's table.
	Domains []sip.Domain
	// Backends authenticate the API's users. BackendsErr is the reason why they are not known, or nil.
	Backends    []hermes.Backend
	BackendsErr error
	// KamailioPlaintext is whether Kamailio's table must have the clear passwords.
	KamailioPlaintext bool
	// LoadedDomains returns the names of the domains that the running Kamailio has loaded from its
	// table. If nil, they are not compared with the table.
	LoadedDomains func(context.Context) ([]string, error)
	// LowWater are the marks below which free numbers are few.
	LowWater []LowWater
	// Now returns the time of this machine. Defaults to time.Now.
	Now func() time.Time
}

// Examine makes all checks and calls report once for each, always in the same order, and then once
// for those that could not be made. If the database does not answer, that is the only finding.
func Examine(ctx context.Context, opts Options, report func(Finding)) {
	e := &examiner{Options: opts, isSQLite: opts.Database.isSQLite, report: report}
	if e.Now == nil {
		e.Now = time.Now
	}
	server, ok := e.database(ctx)
	if !ok {
		return
	}
	e.server(ctx, server)
	e.cluster(ctx)
	e.schema(ctx, server)
	e.domains(ctx)
	e.accounts(ctx)
	e.users(ctx)
	e.aliases(ctx)
	e.phones(ctx)
	e.groups(ctx)
	e.numbers(ctx)
	e.reportTally(e.mixedCase, e.domainsErr, e.accountsErr, e.aliasesErr)
	e.keyHosts(ctx)
	if len(e.skipped) > 0 {
		e.report(skippedFinding(e.skipped))
	}
}

// examiner holds the state of one call of Examine. Its methods make one or more checks each.
type examiner struct {
	Options
	isSQLite bool // otherwise the database is PostgreSQL
	report   func(Finding)

	skipped []skipped // by reason, in the order of the first check of each

	layout    bunstore.Layout // how Kamailio's tables differ from the stock ones
	schemaErr error           // why no rows can be read, or nil

	// The names of the domains that are served, in lower case. They are incomplete if domainsErr is
	// not nil.
	served map[string]bool

	// Tallies to which the checks of several tables add.
	clearPasswords *tally
	poolUsers      *tally
	mixedCase      *tally

	// Why not all rows of a table were read, or nil.
	domainsErr, accountsErr, aliasesErr error
}

// reportTally reports the finding of a tally. errs are the reasons, if any, why not all rows were
// read; nil errors are ignored.
func (e *examiner) reportTally(t *tally, errs ...error) {
	err := cmp.Or(errs...)
	if t.count == 0 && err != nil {
		e.reportNotChecked(t.name, err)
		return
	}
	e.report(t.finding(err))
}

// reportNotChecked notes that a check could not be made.
func (e *examiner) reportNotChecked(name string, err error) {
	reason := oneLine(err)
	i := slices.IndexFunc(e.skipped, func(s skipped) bool { return s.reason == reason })
	if i < 0 {
		i = len(e.skipped)
		e.skipped = append(e.skipped, skipped{reason: reason})
	}
	e.skipped[i].checks = append(e.skipped[i].checks, name)
}

// reportOK reports that a check found nothing to do.
func (e *examiner) reportOK(name, detail string) {
	e.report(Finding{Level: OK, Check: name, Detail: detail})
}

// reportProblem reports that a check found something to do.
func (e *examiner) reportProblem(level Level, name, detail, remedy string) {
	e.report(Finding{Level: level, Check: name, Detail: detail, Remedy: remedy})
}

// pageSize is the number of rows that are read at once.
const pageSize = 1000

// ask returns the answer of one query, such as [bunstore.Inspector.Server]. Each query has a
// transaction of its own, so that a query that fails does not affect later ones.
func ask[T any](
	ctx context.Context, e *examiner, query func(bunstore.Inspector, context.Context) (T, error),
) (answer T, err error) {
	err = e.Database.read(ctx, func(ctx context.Context, s *bunstore.Store) (err error) {
		answer, err = query(bunstore.Inspect(s), ctx)
		return err
	})
	return answer, err
}

// readRows calls each for every row of a query that returns rows page by page, such as
// [bunstore.Inspector.Aliases]. It fails without reading if one of the Kamailio tables that the
// query needs is not complete.
func readRows[T any](
	ctx context.Context, e *examiner,
	query func(i bunstore.Inspector, ctx context.Context, after T, limit int) ([]T, error),
	each func(T), needs ...string,
) error {
	if err := e.checkTables(needs...); err != nil {
		return err
	}
	var last T
	for {
		page, err := ask(ctx, e, func(i bunstore.Inspector, ctx context.Context) ([]T, error) {
			return query(i, ctx, last, pageSize)
		})
		if err != nil {
			return err
		}
		for _, row := range page {
			each(row)
		}
		if len(page) < pageSize {
			return nil
		}
		last = page[len(page)-1]
	}
}

// checkTables returns an error if Hermes' own tables or one of the named tables of Kamailio cannot
// be read.
func (e *examiner) checkTables(names ...string) error {
	if e.schemaErr != nil {
		return e.schemaErr
	}
	for _, name := range names {
		if e.layout.Lacks(name) {
			return fmt.Errorf("the table %s is not as Kamailio has it", name)
		}
	}
	return nil
}
