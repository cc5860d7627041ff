package pgconn

import (
	"context"
	"time"
)

// HostState is what a server of a URL says about itself.
type HostState struct {
	// Addr is the address of the server.
	Addr string
	// Err is why the server did not answer, or nil. If it is not nil, all other fields are zero.
	Err error
	// Standby is set for a server in recovery, and ReadOnly for one that refuses changes.
	Standby, ReadOnly bool
	// SynchronousCommit and SynchronousStandbys are the settings synchronous_commit and
	// synchronous_standby_names.
	SynchronousCommit, SynchronousStandbys string
	// Position is where the server's write-ahead log ends, or how far a standby has replayed it.
	Position int64
	// Age is how long ago the last transaction was committed that a standby has replayed. It is zero
	// for a primary, and for a standby that has replayed none.
	Age time.Duration
}

const stateQuery = `SELECT pg_catalog.pg_is_in_recovery(),
	pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool,
	pg_catalog.current_setting('synchronous_commit'), pg_catalog.current_setting('synchronous_standby_names'),
	CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() - '0/0'::pg_catalog.pg_lsn
		ELSE pg_catalog.pg_current_wal_lsn() - '0/0'::pg_catalog.pg_lsn END::pg_catalog.int8,
	COALESCE(pg_catalog.date_part('epoch', CASE WHEN pg_catalog.pg_is_in_recovery()
		THEN pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp() END), 0)`

// States asks each server, one after the other. It does not change which server other pools use.
func (h *Hosts) States(ctx context.Context) []HostState {
	var all []HostState
	for _, one := range h.all {
		all = append(all, one.state(ctx))
	}
	return all
}

// state asks the server on a connection of its own.
func (h *host) state(ctx context.Context) HostState {
	s := HostState{Addr: h.Addr}
	pool, err := Open(Options{Hosts: newHosts(Targets{Hosts: []Target{h.Target}, SessionAttrs: anyServer}), MaxOpen: 1, LeaveSilent: true})
	if err != nil {
		s.Err = err
		return s
	}
	defer pool.Close()
	var seconds float64
	err = pool.QueryRowContext(ctx, stateQuery).Scan(&s.Standby, &s.ReadOnly, &s.SynchronousCommit, &s.SynchronousStandbys, &s.Position, &seconds)
	if err != nil {
		return HostState{Addr: h.Addr, Err: err}
	}
	s.Age = time.Duration(seconds * float64(time.Second))
	return s
}
