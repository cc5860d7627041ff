// Command embed adds a user to an embedded SQLite database, which Kamailio can read. It needs no
// server.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/sip"
)

func main() {
	if err := run(context.Background(), "hermes.db", os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, path string, out io.Writer) error {
	domain := sip.MustParseDomain("example.test")
	store, err := sqlite.Open(ctx, path, &sqlite.Options{Domains: []sip.Domain{domain}})
	if err != nil {
		return err
	}
	defer store.Close()
	// A real program stores the key: without it, the sealed passwords cannot be recovered.
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		return err
	}
	client, err := hermes.New(store, &hermes.Options{SecretKeys: []hermes.SecretKey{key}})
	if err != nil {
		return err
	}
	_, err = client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain, Registrar: domain, RPort: 5060, Proxy: domain, PPort: 5060, ProvURL: "https://example.test/prov",
	})
	if err != nil {
		return err
	}
	res, err := client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse("alice@example.test"), DisplayName: "Alice"})
	if errors.Is(err, hermes.Exists) {
		fmt.Fprintln(out, "alice exists already")
		return nil
	}
	if err != nil {
		return err
	}
	password := res.User.Password.Value.Reveal()
	fmt.Fprintf(out, "%s can register with a password of %d characters\n", res.User.User, len(password))
	return nil
}
