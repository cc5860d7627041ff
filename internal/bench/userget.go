package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hermes-voip/go-hermes/hermes"
)

// userSelect reads what user/get needs, by the address $1 of which the domain is that of all users.
const userSelect = `SELECT h.type, h.sealed, h.authid, h.registrar, h.r_port, h.proxy, h.p_port, h.dialplan, h.displayname,
	h.linetext, h.email, h.rpid, h.permittedcalls, s.password, s.ha1, s.ha1b
	FROM (SELECT 1) AS k
	LEFT JOIN subscriber AS s ON s.username = %[1]s AND s.domain = '` + domainName + `'
	LEFT JOIN hermes.users AS h ON h.username = %[1]s AND h.domain = '` + domainName + `'
	WHERE s.username IS NOT NULL OR h.username IS NOT NULL`

// randomRow is a line of a pgbench script.
func randomRow(n int) string { return fmt.Sprintf("\\set i random(0, %d)\n", n-1) }

// scriptUser is the user name of the row i of a pgbench script.
const scriptUser = "'u' || lpad(:i::text, 7, '0')"

// readers is how many goroutines read at once.
const readers = 16

func userGet() benchmark {
	return benchmark{
		name:  "userget",
		about: "Client.UserGet on PostgreSQL",
		rows: []row{{
			number: "1", what: "Client.UserGet, PostgreSQL, 16 goroutines", floor: "pgbench, prepared, the same join",
			unit: perSecond, goal: atLeast(0.95),
		}},
		open: func(ctx context.Context, b *bench) (measure, error) {
			d, err := b.filled(ctx, b.rows, bytewise)
			if err != nil {
				return nil, err
			}
			c, err := b.openStore(ctx, d)
			if err != nil {
				return nil, err
			}
			script := randomRow(b.rows) + fmt.Sprintf(userSelect, scriptUser) + ";"
			return func(ctx context.Context) ([]sample, error) {
				s, err := b.both(figure(func() (float64, error) { return b.pgbench(ctx, d, script, readers) }),
					b.userGets(ctx, c))
				return []sample{s}, err
			}, nil
		},
	}
}

// userGets returns a function that reads random users from many goroutines.
func (b *bench) userGets(ctx context.Context, c *hermes.Client) func() (sample, error) {
	return func() (sample, error) {
		l, err := hammer(ctx, readers, b.slice(), func(ctx context.Context, _ int) error {
			_, err := c.UserGet(ctx, hermes.UserGetRequest{User: userAddress(rand.IntN(b.rows))})
			return err
		})
		return l.sample(), err
	}
}

func embeddedUserGet() benchmark {
	return benchmark{
		name:  "sqlite",
		about: "Client.UserGet on SQLite",
		rows: []row{{
			number: "14", what: "Client.UserGet, SQLite, 16 goroutines", floor: "the join on PostgreSQL by pgx, prepared",
			unit: perSecond, goal: atLeast(0.8),
		}},
		open: func(ctx context.Context, b *bench) (measure, error) {
			d, err := b.filled(ctx, b.rows, bytewise)
			if err != nil {
				return nil, err
			}
			pool, err := b.openPool(ctx, d, readers)
			if err != nil {
				return nil, err
			}
			path, err := b.filledSQLite(ctx, b.rows)
			if err != nil {
				return nil, err
			}
			c, err := b.openSQLite(ctx, path)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context) ([]sample, error) {
				s, err := b.both(b.pgxUserGets(ctx, pool), b.userGets(ctx, c))
				return []sample{s}, err
			}, nil
		},
	}
}

// pgxUserGets is userGets without Hermes.
func (b *bench) pgxUserGets(ctx context.Context, pool *pgxpool.Pool) func() (sample, error) {
	statement := fmt.Sprintf(userSelect, "$1")
	return func() (sample, error) {
		l, err := hammer(ctx, readers, b.slice(), func(ctx context.Context, _ int) error {
			var u floorUser
			return u.read(ctx, pool, statement, userAddress(rand.IntN(b.rows)).User())
		})
		return l.sample(), err
	}
}

// floorUser is a user as the floors read and show it.
type floorUser struct {
	Type           string `json:"type"`
	User           string `json:"user"`
	Username       string `json:"username"`
	Sealed         []byte `json:"password"`
	Domain         string `json:"domain"`
	AuthID         string `json:"authid"`
	Registrar      string `json:"registrar"`
	RPort          int    `json:"r_port"`
	Proxy          string `json:"proxy"`
	PPort          int    `json:"p_port"`
	Dialplan       string `json:"dialplan"`
	DisplayName    string `json:"displayname"`
	LineText       string `json:"linetext"`
	Email          string `json:"email"`
	HA1            string `json:"ha1"`
	HA1B           string `json:"ha1b"`
	RPID           string `json:"rpid"`
	PermittedCalls string `json:"permittedcalls"`
	Clear          string `json:"-"`
}

func (u *floorUser) read(ctx context.Context, pool *pgxpool.Pool, statement, username string) error {
	u.Username, u.Domain, u.User = username, domainName, username+"@"+domainName
	return pool.QueryRow(ctx, statement, username).Scan(&u.Type, &u.Sealed, &u.AuthID, &u.Registrar, &u.RPort, &u.Proxy,
		&u.PPort, &u.Dialplan, &u.DisplayName, &u.LineText, &u.Email, &u.RPID, &u.PermittedCalls, &u.Clear, &u.HA1, &u.HA1B)
}
