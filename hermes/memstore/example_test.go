package memstore_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/sip"
)

// A test of a program that embeds Hermes needs no database and no Kamailio.
func Example() {
	ctx := context.Background()
	domain := sip.MustParseDomain("example.com")
	client, err := hermes.New(memstore.New(domain), nil)
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain, Registrar: domain, RPort: 5060, Proxy: domain, PPort: 5060, ProvURL: "https://prov.example.com/",
	})
	if err != nil {
		log.Fatal(err)
	}
	res, err := client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse("alice@example.com")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.User.User)
	// Output: alice@example.com
}
