// Command hosttx adds a row to a table of its own and a SIP user in one PostgreSQL transaction:
// either both are added or neither.
package main

import (
	"context"
	"database/sql"
	"log"
	"os"

	_ "github.com/jackc/pgx/v5/stdlib" // any PostgreSQL driver for database/sql

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/sip"
)

func main() {
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	key, err := hermes.ParseSecretKey(os.Getenv("HERMES_SECRET_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	if err := addCustomer(context.Background(), db, key, "Alice", sip.MustParse("alice@example.test")); err != nil {
		log.Fatal(err)
	}
}

// addCustomer adds a customer and the customer's SIP user, both or none.
func addCustomer(ctx context.Context, db *sql.DB, key hermes.SecretKey, name string, user sip.Addr) error {
	return postgres.RunInTx(ctx, db, nil, func(tx *sql.Tx, store *postgres.Store) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO customers (name, sip) VALUES ($1, $2)`, name, user.String()); err != nil {
			return err
		}
		client, err := hermes.New(store, &hermes.Options{SecretKeys: []hermes.SecretKey{key}})
		if err != nil {
			return err
		}
		_, err = client.UserAdd(ctx, hermes.UserAddRequest{User: user, DisplayName: name})
		return err
	})
}
