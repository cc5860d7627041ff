// Command remote adds a user at the hermesd of a URL, with the API key in HERMES_API_KEY. Without a
// URL it adds the user to a memory store of its own: only the line that makes the client differs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/remote"
	"github.com/hermes-voip/go-hermes/sip"
)

func main() {
	url := ""
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	client, err := open(context.Background(), url, hermes.NewSecret(os.Getenv("HERMES_API_KEY")))
	if err == nil {
		err = addAlice(context.Background(), client, os.Stdout)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func open(ctx context.Context, url string, key hermes.Secret) (hermes.API, error) {
	if url != "" {
		return remote.Dial(ctx, url, &remote.Options{APIKey: key})
	}
	return hermes.New(memstore.New(sip.MustParseDomain("example.test")), nil)
}

// addAlice works with any Hermes.
func addAlice(ctx context.Context, client hermes.API, out io.Writer) error {
	domain := sip.MustParseDomain("example.test")
	_, err := client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain, Registrar: domain, RPort: 5060, Proxy: domain, PPort: 5060, ProvURL: "https://example.test/prov",
	})
	if err != nil {
		return err
	}
	res, err := client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse("alice@example.test")})
	if errors.Is(err, hermes.Exists) {
		fmt.Fprintln(out, "alice exists already")
		return nil
	}
	if err == nil {
		fmt.Fprintf(out, "added %s\n", res.User.User)
	}
	return err
}
