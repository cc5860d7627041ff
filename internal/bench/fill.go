package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver of fillSQLite

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/sip"
)

const domainName = "example.com"

func domains() []sip.Domain { return []sip.Domain{sip.UncheckedDomain(domainName)} }

func defaultServers() hermes.DomainSetServersRequest {
	return hermes.DomainSetServersRequest{
		Domain: sip.UncheckedDomain(domainName), Registrar: sip.UncheckedDomain("sip.example.com"), RPort: 5060,
		Proxy: sip.UncheckedDomain("sip.example.com"), PPort: 5060, ProvURL: "http://prov.example.com/",
	}
}

// The rows of every filled store have numbers from 0 on. The user with number 42 is
// u0000042@example.com, its alias a0000042@example.com, and the number of the pool +4710000042.

func userAddress(i int) sip.Addr { return sip.Unchecked(fmt.Sprintf("u%07d", i), domainName) }

func aliasAddress(i int) sip.Addr { return sip.Unchecked(fmt.Sprintf("a%07d", i), domainName) }

// poolNumber returns a number that the validator accepts, for i below 90,000,000.
func poolNumber(i int) e164.Number { return e164.MustParse(fmt.Sprint("+47", 10_000_000+i)) }

// Parts of names, of which each user has two, and the name that few users have.
var (
	givenNames  = strings.Fields("Anna Bjørn Carmen Dmitri Elif Farid Greta Hiroshi Ines Jonas Kari Liu Marta Nils Olga Pedro")
	familyNames = strings.Fields("Aas Berg Costa Dahl Eriksen Ferrari Garcia Hansen Ivanov Jensen Kowalski Larsen Moen Novak Olsen Petit")
)

const (
	rareName    = "Quixote"
	rareNumbers = 5 // users that have it
)

func displayName(i, n int) string {
	if i%max(1, n/rareNumbers) == 0 {
		return fmt.Sprintf("%s %s %07d", givenNames[i%16], rareName, i)
	}
	return fmt.Sprintf("%s %s %07d", givenNames[i%16], familyNames[i/16%16], i)
}

// users returns n users as a Client stores them, with a sealed password and its hashes, a part at a
// time.
func (b *bench) users(ctx context.Context, n int) iter.Seq2[hermes.User, error] {
	const size = 20_000
	return func(yield func(hermes.User, error) bool) {
		for from := 0; from < n; from += size {
			part := make([]hermes.User, min(size, n-from))
			half := len(part) / 2
			_, err := repeat(ctx, 2, 1, func(ctx context.Context, worker int) error {
				if worker == 0 {
					return b.makeUsers(ctx, part[:half], from, n)
				}
				return b.makeUsers(ctx, part[half:], from+half, n)
			})
			if err != nil {
				yield(hermes.User{}, err)
				return
			}
			for _, u := range part {
				if !yield(u, nil) {
					return
				}
			}
		}
	}
}

// makeUsers sets users to those of the n users that are numbered from the given number on. A memory
// store makes them, in one transaction because that is faster.
func (b *bench) makeUsers(ctx context.Context, users []hermes.User, from, n int) error {
	store := memstore.New(domains()...)
	c, err := b.client(store)
	if err != nil {
		return err
	}
	if _, err := c.DomainSetServers(ctx, defaultServers()); err != nil {
		return err
	}
	err = c.Tx(ctx, func(c *hermes.Client) error {
		for i := range users {
			_, err := c.UserAdd(ctx, hermes.UserAddRequest{User: userAddress(from + i), DisplayName: displayName(from+i, n)})
			if err != nil {
				return err
			}
		}
		return nil
	})
	for i := range users {
		if err == nil {
			users[i], err = store.User(ctx, userAddress(from+i))
		}
	}
	return err
}

// The columns that are filled, in the order of their values.
var (
	userColumns = strings.Fields("username domain type sealed authid registrar r_port proxy p_port dialplan displayname " +
		"folded linetext email rpid permittedcalls")
	accountColumns = strings.Fields("username domain password ha1 ha1b")
)

func userValues(u hermes.User) []any {
	return []any{
		u.Address.User(), u.Address.Domain().String(), string(u.Type), []byte(u.Sealed), u.AuthID,
		u.Registrar.String(), u.RPort, u.Proxy.String(), u.PPort, u.Dialplan, u.DisplayName, hermes.Fold(u.DisplayName),
		u.LineText, u.Email, u.RPID, u.PermittedCalls,
	}
}

func accountValues(u hermes.User) []any {
	return []any{u.Address.User(), u.Address.Domain().String(), u.Clear, u.HA1, u.HA1B}
}

// fillPostgres adds n users, aliases and numbers by COPY and INSERT.
func (b *bench) fillPostgres(ctx context.Context, d database, n int) error {
	conn, err := pgx.Connect(ctx, d.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	indexes, err := dropIndexes(ctx, conn)
	if err != nil {
		return err
	}
	if err := b.copyUsers(ctx, conn, n); err != nil {
		return err
	}
	statements := append([]string{
		fmt.Sprintf(`INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
			SELECT 'a' || lpad(i::text, 7, '0'), '%[1]s', 'u' || lpad(i::text, 7, '0'), '%[1]s' FROM generate_series(0, %[2]d) AS i`, domainName, n-1),
		fmt.Sprintf("INSERT INTO hermes.numbers (number) SELECT '+47' || 10000000 + i FROM generate_series(0, %d) AS i", n-1),
		"SET maintenance_work_mem = '512MB'",
	}, indexes...)
	return execSQL(ctx, d.url, append(statements, "VACUUM ANALYZE", "CHECKPOINT")...)
}

// dropIndexes drops the indexes of the tables to be filled, which are then made faster than they
// are kept up to date, and returns the statements that make them again. Indexes of keys stay.
func dropIndexes(ctx context.Context, conn *pgx.Conn) (create []string, err error) {
	rows, err := conn.Query(ctx, `SELECT format('DROP INDEX %I.%I', schemaname, indexname), indexdef FROM pg_indexes
		WHERE (schemaname, tablename) IN (('hermes', 'users'), ('hermes', 'numbers'), ('public', 'subscriber'), ('public', 'dbaliases'))
		AND NOT EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.conindid = format('%I.%I', schemaname, indexname)::regclass)`)
	if err != nil {
		return nil, err
	}
	var drop []string
	var dropOne, createOne string
	_, err = pgx.ForEachRow(rows, []any{&dropOne, &createOne}, func() error {
		drop, create = append(drop, dropOne), append(create, createOne)
		return nil
	})
	for _, statement := range drop {
		if err == nil {
			_, err = conn.Exec(ctx, statement)
		}
	}
	return create, err
}

// copyUsers adds n users to both tables.
func (b *bench) copyUsers(ctx context.Context, conn *pgx.Conn, n int) error {
	const size = 10_000
	var own, accounts [][]any
	flush := func() error {
		if _, err := conn.CopyFrom(ctx, pgx.Identifier{"hermes", "users"}, userColumns, pgx.CopyFromRows(own)); err != nil {
			return err
		}
		_, err := conn.CopyFrom(ctx, pgx.Identifier{"subscriber"}, accountColumns, pgx.CopyFromRows(accounts))
		own, accounts = own[:0], accounts[:0]
		return err
	}
	for u, err := range b.users(ctx, n) {
		if err != nil {
			return err
		}
		own, accounts = append(own, userValues(u)), append(accounts, accountValues(u))
		if len(own) == size {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// filledSQLite returns the path of an embedded database with n users, aliases and numbers, which it
// makes at the first call. Benchmarks that write use a copy.
func (b *bench) filledSQLite(ctx context.Context, n int) (string, error) {
	if path := b.files[n]; path != "" {
		return path, nil
	}
	path := b.folder.Join(b.newName("sqlite"))
	store, err := sqlite.Open(ctx, path, &sqlite.Options{Domains: domains()})
	if err != nil {
		return "", err
	}
	if err := errors.Join(b.setUp(ctx, store), store.Close()); err != nil {
		return "", err
	}
	if err := b.fillSQLite(ctx, path, n); err != nil {
		return "", fmt.Errorf("fill SQLite: %w", err)
	}
	b.files[n] = path
	return path, nil
}

// copySQLite returns a copy of an embedded database, which is removed after the benchmark. No
// store of the original may be open.
func (b *bench) copySQLite(path string) (string, error) {
	copied := b.folder.Join(b.newName("copy"))
	from, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.Create(copied)
	if err != nil {
		return "", err
	}
	b.onClose(func() { _ = os.Remove(copied) })
	_, err = io.Copy(to, from)
	return copied, errors.Join(err, to.Sync(), to.Close())
}

// openSQLite opens the store of a file, which is closed after the benchmark, with a Client over it.
func (b *bench) openSQLite(ctx context.Context, path string) (*hermes.Client, error) {
	store, err := sqlite.Open(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	b.onClose(func() { _ = store.Close() })
	return b.client(store)
}

// fillSQLite gathers no statistics, as Hermes does not: with those of ANALYZE, SQLite would prepare
// a statement again for each call with other values.
func (b *bench) fillSQLite(ctx context.Context, path string, n int) error {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(OFF)&_pragma=cache_size(-200000)")
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := b.insertUsers(ctx, tx, n); err != nil {
		return err
	}
	for _, statement := range []string{
		fmt.Sprintf(`WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r WHERE i < %[2]d)
			INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
			SELECT printf('a%%07d', i), '%[1]s', printf('u%%07d', i), '%[1]s' FROM r`, domainName, n-1),
		fmt.Sprintf(`WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r WHERE i < %d)
			INSERT INTO hermes_numbers (number) SELECT '+47' || (10000000 + i) FROM r`, n-1),
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

func (b *bench) insertUsers(ctx context.Context, tx *sql.Tx, n int) error {
	insert := func(table string, columns []string) (*sql.Stmt, error) {
		return tx.PrepareContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (?%s)", table,
			strings.Join(columns, ", "), strings.Repeat(", ?", len(columns)-1)))
	}
	own, err := insert("hermes_users", userColumns)
	if err != nil {
		return err
	}
	accounts, err := insert("subscriber", accountColumns)
	if err != nil {
		return err
	}
	for u, err := range b.users(ctx, n) {
		if err != nil {
			return err
		}
		if _, err := own.ExecContext(ctx, userValues(u)...); err != nil {
			return err
		}
		if _, err := accounts.ExecContext(ctx, accountValues(u)...); err != nil {
			return err
		}
	}
	return nil
}
