package hermes_test

import (
	"context"
	"fmt"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/sip"
)

func ExampleClient_DomainSetServers() {
	ctx, example := context.Background(), sip.MustParseDomain("example.com")
	client, err := hermes.New(memstore.New(example), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse("alice@example.com")})
	fmt.Println(err)

	_, err = client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: example, Registrar: sip.MustParseDomain("reg.example.com"), RPort: 5060,
		Proxy: sip.MustParseDomain("proxy.example.com"), PPort: 5060, ProvURL: "https://prov.example.com/",
	})
	fmt.Println(err)
	res, err := client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse("alice@example.com")})
	fmt.Println(res.User.Registrar, res.User.Proxy, err)
	// Output:
	// user/add: failed/servfail: no default servers are set for the domain example.com; see domain/set_servers
	// <nil>
	// reg.example.com proxy.example.com <nil>
}
