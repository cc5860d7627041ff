package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// database is one on the throwaway PostgreSQL.
type database struct {
	name string
	url  string
}

// sharedBuffers is how much of the tables PostgreSQL can have in memory.
const sharedBuffers = "4GB"

// cluster returns the throwaway PostgreSQL, which it starts at the first call. It waits for the
// disk as a server in production does, and its checkpoints are far enough apart not to fall into
// one side of a comparison only. Its buffers have room for the databases of a benchmark; the system
// gives it memory for those that it uses.
func (b *bench) cluster() (*pgtest.Cluster, error) {
	if b.postgres != nil {
		return b.postgres, nil
	}
	c, err := pgtest.Start(pgtest.ClusterOptions{Settings: map[string]string{
		"shared_buffers": sharedBuffers, "max_wal_size": "16GB", "checkpoint_timeout": "1h", "max_connections": "300",
	}})
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	b.postgres = c
	return c, nil
}

// newDatabase creates a database by the options of CREATE DATABASE.
func (b *bench) newDatabase(ctx context.Context, name, options string) (d database, err error) {
	c, err := b.cluster()
	if err != nil {
		return d, err
	}
	err = execSQL(ctx, c.SocketURL("postgres"), "CREATE DATABASE "+name+" "+options)
	return database{name: name, url: c.SocketURL(name)}, err
}

// execSQL runs statements on a connection of its own, each by itself.
func execSQL(ctx context.Context, url string, statements ...string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, statement := range statements {
		if _, err := conn.PgConn().Exec(ctx, statement).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", firstLine(statement), err)
		}
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// The collations of the databases.
const (
	bytewise   = "TEMPLATE template0"
	dictionary = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
)

// filled returns a database with n users, aliases and numbers, which it makes at the first call.
// Benchmarks that write use a copy.
func (b *bench) filled(ctx context.Context, n int, collation string) (database, error) {
	id := fmt.Sprint(n, " ", collation)
	if d, ok := b.databases[id]; ok {
		return d, nil
	}
	d, err := b.newDatabase(ctx, b.newName("filled"), collation)
	if err != nil {
		return d, err
	}
	if err := b.prepare(ctx, d); err != nil {
		return d, err
	}
	if err := b.fillPostgres(ctx, d, n); err != nil {
		return d, fmt.Errorf("fill PostgreSQL: %w", err)
	}
	b.databases[id] = d
	return d, nil
}

// prepare makes the tables, the first principal and the default servers.
func (b *bench) prepare(ctx context.Context, d database) error {
	store, err := postgres.Open(ctx, d.url, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.CreateKamailioTables(ctx); err != nil {
		return err
	}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	if err := store.ServeDomains(ctx, domains()); err != nil {
		return err
	}
	return b.setUp(ctx, store)
}

// setUp adds the principals and the default servers that every store of the benchmarks has.
func (b *bench) setUp(ctx context.Context, store hermes.Store) error {
	c, err := b.client(store)
	if err != nil {
		return err
	}
	if err := c.Bootstrap(ctx, adminUser, hermes.NewSecret(adminPassword)); err != nil {
		return err
	}
	if _, err := c.DomainSetServers(ctx, defaultServers()); err != nil {
		return err
	}
	_, err = c.AuthAddUser(ctx, hermes.AuthAddUserRequest{User: knownUser, Password: hermes.NewSecret(knownPassword)})
	return err
}

// client returns a Client over a store, that acts as the program itself.
func (b *bench) client(store hermes.Store) (*hermes.Client, error) {
	return hermes.New(store, &hermes.Options{
		SecretKeys: []hermes.SecretKey{b.key}, Backends: []hermes.Backend{local.New(nil)},
	})
}

// copyOf returns a copy of a database, which is dropped after the benchmark. No connection to the
// original may be open. The copy is in the server's buffers, as the tables of a server are that has
// run for a while: otherwise the first reads of each page would be measured.
func (b *bench) copyOf(ctx context.Context, d database) (database, error) {
	options := "TEMPLATE " + d.name
	if !b.quick {
		// The files are copied after a checkpoint, so the copy begins without one due.
		options += " STRATEGY FILE_COPY"
	}
	copied, err := b.newDatabase(ctx, b.newName("copy"), options)
	if err != nil {
		return d, err
	}
	b.onClose(func() {
		_ = execSQL(context.WithoutCancel(ctx), b.postgres.SocketURL("postgres"), "DROP DATABASE "+copied.name+" WITH (FORCE)")
	})
	return copied, execSQL(ctx, copied.url, "CREATE EXTENSION pg_prewarm",
		`SELECT pg_prewarm(oid) FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace IN ('public'::regnamespace, 'hermes'::regnamespace)`,
		"DROP EXTENSION pg_prewarm")
}

// filledCopy returns a copy of the filled database with n rows.
func (b *bench) filledCopy(ctx context.Context, n int) (database, error) {
	d, err := b.filled(ctx, n, bytewise)
	if err != nil {
		return d, err
	}
	return b.copyOf(ctx, d)
}

// openStore opens a store, which is closed after the benchmark, with a Client over it.
func (b *bench) openStore(ctx context.Context, d database) (*hermes.Client, error) {
	store, err := postgres.Open(ctx, d.url, nil)
	if err != nil {
		return nil, err
	}
	b.onClose(func() { _ = store.Close() })
	return b.client(store)
}

// openPool opens a pgx pool, which is closed after the benchmark. It prepares each statement once a
// connection.
func (b *bench) openPool(ctx context.Context, d database, size int) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(d.url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(size)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	b.onClose(pool.Close)
	return pool, nil
}

var tpsLine = regexp.MustCompile(`(?m)^tps = ([0-9.]+) \(without initial connection time\)`)

// pgbench runs a script with prepared statements and returns its transactions per second. Further
// arguments follow the usual ones; without any it runs for the slice. A quick run makes a few
// transactions instead: a busy machine may not even connect all clients within a second, which is
// the shortest time.
func (b *bench) pgbench(ctx context.Context, d database, script string, clients int, args ...string) (float64, error) {
	file := b.newName("script")
	if err := b.folder.WriteFile(file, []byte(script)); err != nil {
		return 0, err
	}
	switch {
	case len(args) > 0:
	case b.quick:
		args = []string{"-t", "20"}
	default:
		args = []string{"-T", strconv.Itoa(int(b.slice().Seconds()))}
	}
	args = append([]string{"-M", "prepared", "-n", "-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(clients, 2)),
		"-f", file, "-h", b.postgres.SocketDir(), "-p", portOf(b.postgres), "-U", "postgres"}, args...)
	out, err := b.command(ctx, b.postgres.Program("pgbench"), append(args, d.name)...)
	if err != nil {
		return 0, err
	}
	m := tpsLine.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench has written no figure:\n%s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// psql runs a statement and throws its rows away.
func (b *bench) psql(ctx context.Context, d database, statement string) error {
	_, err := b.command(ctx, b.postgres.Program("psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", "-o", os.DevNull,
		"-c", statement, d.url)
	return err
}

// command runs one of PostgreSQL's programs to its end.
func (b *bench) command(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := b.folder.Command(program, args...)
	out, err := output(ctx, cmd)
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, out)
	}
	return out, nil
}

// output runs a command to its end, or to that of the context, and returns all that it wrote.
func output(ctx context.Context, cmd *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := runCommand(ctx, cmd)
	return out.Bytes(), err
}

// runCommand runs a command to its end, or to that of the context.
func runCommand(ctx context.Context, cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
	return errors.Join(cmd.Wait(), ctx.Err())
}

func portOf(c *pgtest.Cluster) string {
	addr := c.Addr()
	return addr[strings.LastIndexByte(addr, ':')+1:]
}
