package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/sip"
)

// Example connects to the database of a Kamailio, creates Hermes' own tables and lists users.
func Example() {
	ctx := context.Background()
	store, err := postgres.Open(ctx, "postgres://hermes@/kamailio?host=/run/postgresql", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	users, err := store.Users(ctx, hermes.UserQuery{Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	for _, u := range users {
		fmt.Println(u.User, u.DisplayName)
	}
}

// A user and a row of the host are written in one transaction.
func ExampleRunInTx() {
	var db *sql.DB // the host's
	ctx := context.Background()
	user := hermes.User{Address: sip.MustParse("alice@example.com"), Type: hermes.Local}
	err := postgres.RunInTx(ctx, db, nil, func(tx *sql.Tx, store *postgres.Store) error {
		if err := store.AddUser(ctx, user); err != nil {
			return err
		}
		const insert = "INSERT INTO customers (sip_address) VALUES ($1)"
		_, err := tx.ExecContext(ctx, insert, user.Address.String())
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
}

// The host begins and commits the transaction itself, and tells the store of the commit.
func ExampleInTx() {
	addCustomer := func(ctx context.Context, db *sql.DB, user hermes.User) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		store, err := postgres.InTx(ctx, tx, nil)
		if err != nil {
			return err
		}
		if err := store.AddUser(ctx, user); err != nil {
			return err
		}
		const insert = "INSERT INTO customers (sip_address) VALUES ($1)"
		if _, err := tx.ExecContext(ctx, insert, user.Address.String()); err != nil {
			return err
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		return store.Committed()
	}
	var db *sql.DB // the host's
	user := hermes.User{Address: sip.MustParse("alice@example.com"), Type: hermes.Local}
	if err := addCustomer(context.Background(), db, user); err != nil {
		log.Fatal(err)
	}
}
