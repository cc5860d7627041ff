package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/sip"
)

// Example creates a database in a new file, and adds a user to it.
func Example() {
	folder, err := os.MkdirTemp("", "hermes")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	ctx := context.Background()
	store, err := sqlite.Open(ctx, filepath.Join(folder, "hermes.db"), &sqlite.Options{
		Domains: []sip.Domain{sip.MustParseDomain("example.com")},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	alice := sip.MustParse("alice@example.com")
	if err := store.AddUser(ctx, hermes.User{Address: alice, Type: hermes.Local, DisplayName: "Alice"}); err != nil {
		log.Fatal(err)
	}
	users, err := store.Users(ctx, hermes.UserQuery{Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	for _, u := range users {
		fmt.Println(u.User, u.DisplayName)
	}
	// Output: alice@example.com Alice
}
