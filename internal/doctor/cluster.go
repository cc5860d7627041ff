package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

// maxBehind is how old the last change of a standby may be that lacks others.
const maxBehind = 10 * time.Second

// cluster examines the servers that the URLs of a PostgreSQL database and its replicas name.
func (e *examiner) cluster(ctx context.Context) {
	if e.Database.hosts == nil {
		return // the database is not PostgreSQL
	}
	states := e.Database.hosts.States(ctx)
	var primary *pgconn.HostState
	for i, s := range states {
		if s.Err == nil && !s.ReadOnly && primary == nil {
			primary = &states[i]
		}
	}
	if primary == nil {
		primary = &pgconn.HostState{}
	}
	if len(states) > 1 {
		e.hosts(states, *primary)
	}
	e.durability(*primary, len(states))
	for _, r := range e.Replicas {
		for _, s := range r.States(ctx) {
			e.replica(s, *primary)
		}
	}
}

// hosts checks the servers of the setting db, of which there are several.
func (e *examiner) hosts(states []pgconn.HostState, primary pgconn.HostState) {
	const name = "hosts"
	var primaries, standbys []string
	var faults []string
	for _, s := range states {
		switch {
		case s.Err != nil:
			faults = append(faults, s.Addr+" does not answer: "+oneLine(s.Err))
		case !s.ReadOnly:
			primaries = append(primaries, s.Addr)
		default:
			standbys = append(standbys, s.Addr)
			if late := behind(s, primary); late != "" {
				faults = append(faults, late)
			}
		}
	}
	switch {
	case len(primaries) > 1:
		e.reportProblem(Fail, name, "more than one accepts changes: "+strings.Join(primaries, ", "),
			"stop all but the primary at once: what is changed on the others is lost or contradicts it")
	case len(faults) > 0:
		e.reportProblem(Warn, name, strings.Join(faults, "; "),
			"see that each server of db runs, that this machine reaches it, and that it follows the primary; a failover needs it")
	default:
		e.reportOK(name, fmt.Sprintf("%s accepts changes, and %s follow it", strings.Join(primaries, ", "), strings.Join(standbys, ", ")))
	}
}

// durability checks whether a change that was answered ok can be lost.
func (e *examiner) durability(primary pgconn.HostState, hosts int) {
	const name = "durability"
	switch {
	case primary.Addr == "":
		e.reportNotChecked(name, fmt.Errorf("no server of db accepts changes"))
	case primary.SynchronousCommit == "off":
		e.reportProblem(Warn, name, "synchronous_commit is off: a crash of PostgreSQL loses changes that were answered ok",
			"synchronous_commit=on in postgresql.conf, and no other value for the role or the database")
	case hosts > 1 && primary.SynchronousStandbys == "":
		e.reportProblem(Warn, name, "db has several hosts, and synchronous_standby_names is empty: "+
			"a failover loses changes that were answered ok", "set it; with Patroni: synchronous_mode: true")
	case primary.SynchronousStandbys != "" && primary.SynchronousCommit == "local":
		e.reportProblem(Warn, name, "synchronous_commit is local: a failover loses changes that were answered ok",
			"synchronous_commit=on in postgresql.conf, and no other value for the role or the database")
	case primary.SynchronousStandbys != "":
		e.reportOK(name, fmt.Sprintf("synchronous_commit is %s, and synchronous_standby_names is %s",
			primary.SynchronousCommit, printable(primary.SynchronousStandbys)))
	default:
		e.reportOK(name, "synchronous_commit is "+primary.SynchronousCommit)
	}
}

// replica checks a server of the setting db-replica.
func (e *examiner) replica(s, primary pgconn.HostState) {
	const name = "db-replica"
	remedy := "see that it runs, that this machine reaches it, and that it follows the primary; " +
		"until then long lists are read from the primary, or are behind"
	late := behind(s, primary)
	switch {
	case s.Err != nil:
		e.reportProblem(Warn, name, s.Addr+" does not answer: "+oneLine(s.Err), remedy)
	case !s.Standby:
		e.reportProblem(Warn, name, s.Addr+" is no standby", "the URL of a hot standby of the database in db")
	case late != "":
		e.reportProblem(Warn, name, late, remedy)
	default:
		e.reportOK(name, s.Addr+" is a standby and follows the primary")
	}
}

// behind says how far a standby is behind the primary, or returns "" if it is not.
func behind(s, primary pgconn.HostState) string {
	if s.Position >= primary.Position || s.Age < maxBehind {
		return ""
	}
	return fmt.Sprintf("%s is behind the primary: %d kB, and its last change is %s old",
		s.Addr, (primary.Position-s.Position)/1000, s.Age.Round(time.Second))
}
