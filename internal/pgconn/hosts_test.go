package pgconn

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// pair is a primary and its hot standby.
type pair struct{ primary, standby *pgtest.Cluster }

func newPair(t *testing.T, opts pgtest.ClusterOptions) pair {
	t.Helper()
	primary := pgtest.NewCluster(t, opts)
	return pair{primary: primary, standby: primary.NewStandby(t, pgtest.ClusterOptions{NoFsync: opts.NoFsync})}
}

// hostsURL returns the URL of the database postgres on hosts, with parameters.
func hostsURL(parameters string, addrs ...string) string {
	return "postgres://postgres@" + strings.Join(addrs, ",") + "/postgres?" + parameters
}

// silent returns the address of a server that accepts connections and never answers.
func silent(t *testing.T) string { return listen(t).Addr().String() }

// refusing returns the address of a server that refuses every client with a SQLSTATE.
func refusing(t *testing.T, state string) string {
	t.Helper()
	ln := listen(t)
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = nc.Read(make([]byte, 1024))
			_, _ = nc.Write(errorResponse(state, "no"))
			nc.Close()
		}
	}()
	return ln.Addr().String()
}

// closed returns an address at which no server listens.
func closed(t *testing.T) string {
	t.Helper()
	addr, err := testserver.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	return addr.String()
}

// serverPort returns the port of the server that a pool is connected to.
func serverPort(ctx context.Context, pool *sql.DB) (port string, err error) {
	return port, pool.QueryRowContext(ctx, "SELECT current_setting('port')").Scan(&port)
}

// TestConnector_Connect_hosts checks which server of a list is used.
func TestConnector_Connect_hosts(t *testing.T) {
	t.Parallel()
	p := newPair(t, pgtest.ClusterOptions{NoFsync: true})
	primaryAddr, standbyAddr := p.primary.Addr(), p.standby.Addr()
	for _, row := range []struct {
		why        string
		parameters string
		addrs      []string
		want       string // the address, or parts of the error that | separates
	}{
		{"the first one", "", []string{primaryAddr, standbyAddr}, primaryAddr},
		{"a standby cannot be written", "", []string{standbyAddr, primaryAddr}, primaryAddr},
		{"one refuses the connection", "", []string{closed(t), primaryAddr}, primaryAddr},
		{"one does not answer", "", []string{silent(t), primaryAddr}, primaryAddr},
		{"one starts or stops", "", []string{refusing(t, "57P03"), primaryAddr}, primaryAddr},
		{"one has a name that does not exist", "", []string{"standby.invalid", primaryAddr}, primaryAddr},
		{"one of a list of one is not looked at", "", []string{standbyAddr}, standbyAddr},
		{"unless that is asked for", "target_session_attrs=read-write", []string{standbyAddr}, "it is a standby|read-write"},
		{"any", "target_session_attrs=any", []string{standbyAddr, primaryAddr}, standbyAddr},
		{"primary", "target_session_attrs=primary", []string{standbyAddr, primaryAddr}, primaryAddr},
		{"standby", "target_session_attrs=standby", []string{primaryAddr, standbyAddr}, standbyAddr},
		{"read-only", "target_session_attrs=read-only", []string{primaryAddr, standbyAddr}, standbyAddr},
		{"prefer-standby", "target_session_attrs=prefer-standby", []string{primaryAddr, standbyAddr}, standbyAddr},
		{"prefer-standby without one", "target_session_attrs=prefer-standby", []string{closed(t), primaryAddr}, primaryAddr},
		{"none serves", "", []string{closed(t), standbyAddr, refusing(t, "28P01")}, "connection refused|it is a standby|28P01"},
	} {
		pool := mustOpen(t, Options{URL: hostsURL(row.parameters, row.addrs...)})
		port, err := serverPort(t.Context(), pool)
		if err == nil {
			if got := "127.0.0.1:" + port; got != row.want {
				t.Errorf("%s: connected to %s, want %s", row.why, got, row.want)
			}
			continue
		}
		for part := range strings.SplitSeq(row.want, "|") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %v, want %s", row.why, err, row.want)
			}
		}
		if State(err) == "" || !IsConnect(err) {
			t.Errorf("%s: error %v, want one of an attempt to connect, with a SQLSTATE", row.why, err)
		}
	}
}

// TestConnector_Connect_hostsTLS checks that each host has to have a certificate for its own name.
func TestConnector_Connect_hostsTLS(t *testing.T) {
	t.Parallel()
	cert := newCertificate(t)
	server := pgtest.NewCluster(t, cert.clusterOptions())
	c, err := newConnector(Options{URL: "postgres://postgres@other.example.com,db.example.com/postgres?sslrootcert=" + cert.path,
		ReadTimeout: time.Minute, WriteTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	var dialled []string
	for _, h := range c.hosts.all {
		h.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialled = append(dialled, addr)
			return new(net.Dialer).DialContext(ctx, network, server.Addr())
		}
	}
	conn, err := c.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if got, want := strings.Join(dialled, " "), "other.example.com:5432 db.example.com:5432"; got != want {
		t.Errorf("dialled %s, want %s: the certificate is for the second name only", got, want)
	}
}

// TestHosts_silent freezes the primary while statements run and connections are idle, and promotes
// the standby. The statements would have ten minutes.
func TestHosts_silent(t *testing.T) {
	t.Parallel()
	p := newPair(t, pgtest.ClusterOptions{NoFsync: true})
	hosts, err := NewHosts(hostsURL("", p.primary.Addr(), p.standby.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	pool := mustOpen(t, Options{Hosts: hosts, ReadTimeout: 10 * time.Minute})
	other := mustOpen(t, Options{Hosts: hosts, ReadTimeout: 10 * time.Minute, Plain: true})
	fillPool(t, pool, 8)
	fillPool(t, other, 8)
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			if _, err := pool.ExecContext(t.Context(), "SELECT pg_sleep(300)"); err == nil || State(err) != "" {
				t.Errorf("a statement on a silent server: error %v, want one of the connection", err)
			}
		})
	}
	testserver.WaitFor(t, "the statements", func() bool {
		var n int
		err := other.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").Scan(&n)
		return err == nil && n == 4
	})
	p.standby.Promote(t)
	p.primary.Freeze(t)
	running.Wait()
	want := strings.TrimPrefix(p.standby.Addr(), "127.0.0.1:")
	for range 16 {
		for _, db := range []*sql.DB{pool, other} {
			if port, err := serverPort(t.Context(), db); err != nil || port != want {
				t.Errorf("afterwards: the server at port %s, error %v, want %s at once", port, err, want)
			}
		}
	}
	p.primary.Thaw(t)
	if port, err := serverPort(t.Context(), pool); err != nil || port != want {
		t.Errorf("after the old primary is back: the server at port %s, error %v, want %s", port, err, want)
	}
}

// TestGuardedConn_readWatching_longStatement checks that a statement which takes longer than the
// time after which a server may be silent is not broken off while the server answers others.
func TestGuardedConn_readWatching_longStatement(t *testing.T) {
	t.Parallel()
	pool := mustOpen(t, Options{URL: newDB(t, "").URL(), LeaveSilent: true})
	seconds := (silentAfter + silentAfter/4).Seconds()
	var first, second int
	rows, err := pool.QueryContext(t.Context(), "SELECT 1, 2 FROM pg_sleep($1::float8)", seconds)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	if err := rows.Scan(&first, &second); err != nil || first != 1 || second != 2 {
		t.Errorf("got %d, %d, error %v, want 1, 2", first, second, err)
	}
}

// TestGuardedConn_readWatching_ends checks that the deadline of a statement, its context and the
// end of a connection are still what they are without LeaveSilent.
func TestGuardedConn_readWatching_ends(t *testing.T) {
	t.Parallel()
	db := newDB(t, "")
	pool := mustOpen(t, Options{URL: db.URL(), LeaveSilent: true, MaxOpen: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := pool.ExecContext(ctx, "SELECT pg_sleep(300)"); !isTimeout(err) {
		t.Errorf("after the deadline: error %v, want a timeout", err)
	}
	_, err := pool.ExecContext(t.Context(), "SELECT pg_terminate_backend(pg_backend_pid())")
	if State(err) != "57P01" && !errors.Is(err, io.EOF) {
		t.Errorf("after the session's end: error %v, want 57P01", err)
	}
	if _, err := pool.ExecContext(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestRunTx_demoted makes the primary one that accepts no changes, while pools have idle
// connections to it, and promotes the standby.
func TestRunTx_demoted(t *testing.T) {
	t.Parallel()
	p := newPair(t, pgtest.ClusterOptions{NoFsync: true})
	url := hostsURL("", p.primary.Addr(), p.standby.Addr())
	pools := []*sql.DB{mustOpen(t, Options{URL: url}), mustOpen(t, Options{URL: url, Plain: true})}
	for _, pool := range pools {
		fillPool(t, pool, 16)
	}
	admin := mustOpen(t, Options{URL: p.primary.URL("postgres")})
	onStandby := mustOpen(t, Options{URL: p.standby.URL("postgres")})
	count := func() (n int, err error) {
		return n, onStandby.QueryRowContext(t.Context(), "SELECT count(*) FROM public.x").Scan(&n)
	}
	for _, statement := range []string{createNumbers, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"} {
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	testserver.WaitFor(t, "the standby to have the table", func() bool {
		_, err := count()
		return err == nil
	})
	p.standby.Promote(t)
	testserver.WaitFor(t, "the primary to refuse changes", func() bool {
		_, err := admin.ExecContext(t.Context(), "INSERT INTO public.x VALUES (0)")
		return State(err) == readOnlyState
	})
	for i, pool := range pools {
		if err := RunTx(t.Context(), pool, TxOptions{}, insert(i+1)); err != nil {
			t.Errorf("pool %d: %v", i, err)
		}
	}
	if n, err := count(); err != nil || n != len(pools) {
		t.Errorf("the new primary has %d rows, error %v, want %d", n, err, len(pools))
	}
}

// TestRunner_resolve_notReplicated terminates a session that waits for a synchronous standby: the
// server has the transaction, and a failover would lose it.
func TestRunner_resolve_notReplicated(t *testing.T) {
	t.Parallel()
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{})
	pg := cluster.New(t, pgtest.Options{Empty: true})
	pg.Exec(t, createNumbers)
	pool, admin := mustOpen(t, Options{URL: pg.URL()}), mustOpen(t, Options{URL: pg.URL()})
	setStandbys := func(names string) {
		for _, statement := range []string{"ALTER SYSTEM SET synchronous_standby_names = '" + names + "'", "SELECT pg_reload_conf()"} {
			if _, err := admin.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		testserver.WaitFor(t, "the setting", func() bool { return pg.Value(t, "SHOW synchronous_standby_names") == names })
	}
	setStandbys("none")
	done := make(chan error, 1)
	go func() {
		r := &runner{pool: pool, opts: TxOptions{}.withDefaults(), fn: insert(1), resolveTimeout: 2 * time.Second}
		done <- r.run(t.Context())
	}()
	testserver.WaitFor(t, "the session to wait for the standby", func() bool {
		return pg.Value(t, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1"
	})
	pg.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
	if err := <-done; !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("no standby has the transaction: error %v, want ErrOutcomeUnknown", err)
	}
	setStandbys("") // ends what waits
	checkRows(t, pg, "1")
}
