// Package doctor examines a database for `hermesd doctor`: whether Hermes and Kamailio can use it, and what other
// tools left at odds between Kamailio's tables and Hermes' own.
//
// It only reads, page by page, so that a database of any size is examined in little memory while others work in it.
// Where a check could not be made that is a finding too: silence is no health.
package doctor

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Level says how a check came out.
type Level string

const (
	OK   Level = "ok"   // nothing to do
	Warn Level = "warn" // works, and should be looked at; or could not be checked
	Fail Level = "fail" // somebody or something does not work, or is not safe
)

// Finding is the outcome of one check.
type Finding struct {
	Level  Level  `json:"level"`
	Check  string `json:"check"`  // its name, which stays
	Detail string `json:"detail"` // what was found, in a line of bounded length
	Remedy string `json:"remedy"` // what to do about it; empty where the level is OK
}

// Options say what is examined, and what the settings of its hermesd are.
type Options struct {
	// Database is what is examined.
	Database *Database
	// AutoMigrate is set where hermesd brings the schema to its version when it starts.
	AutoMigrate bool
	// SecretKeys are those that are to open the sealed passwords.
	SecretKeys []hermes.SecretKey
	// Domains are served besides those in Kamailio's table.
	Domains []sip.Domain
	// KamailioPlaintext is set where the clear password is kept in Kamailio's table.
	KamailioPlaintext bool
	// Now is this machine's clock; nil: time.Now.
	Now func() time.Time
}

// Examine reports a finding a check, in an order that stays. Where the database cannot be asked
// the first finding is the only one.
func Examine(ctx context.Context, opts Options, report func(Finding)) {
	e := &exam{Options: opts, embedded: opts.Database.embedded, report: report}
	if e.Now == nil {
		e.Now = time.Now
	}
	server, ok := e.database(ctx)
	if !ok {
		return
	}
	e.server(ctx, server)
	e.schema(ctx, server)
	e.rows(ctx)
}

// rows examines what is in the tables.
func (e *exam) rows(ctx context.Context) {
	e.domains(ctx)
	e.accounts(ctx)
	e.users(ctx)
	e.aliases(ctx)
	e.phones(ctx)
	e.groups(ctx)
	e.finish(e.mixed, e.errs.domains, e.errs.accounts, e.errs.aliases)
}
