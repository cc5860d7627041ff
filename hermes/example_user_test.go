package hermes_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/sip"
)

// exampleClient is over a memory store whose Kamailio serves example.com, with default servers for that.
func exampleClient(opts *hermes.Options) *hermes.Client {
	example := sip.MustParseDomain("example.com")
	client, err := hermes.New(memstore.New(example), opts)
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.DomainSetServers(context.Background(), hermes.DomainSetServersRequest{
		Domain: example, Registrar: example, RPort: 5060, Proxy: example, PPort: 5060, ProvURL: "https://prov.example.com/",
	})
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func ExampleClient_UserAdd() {
	ctx, client := context.Background(), exampleClient(nil)
	req := hermes.UserAddRequest{User: sip.MustParse("alice@example.com"), DisplayName: "Alice"}

	res, err := client.UserAdd(ctx, req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.User.User, "registers at", res.User.Registrar, res.User.RPort)
	fmt.Println("a password of", len(res.User.Password.Value.Reveal()), "characters, which prints as", res.User.Password.Value)

	_, err = client.UserAdd(ctx, req)
	fmt.Println(errors.Is(err, hermes.Exists), err)
	// Output:
	// alice@example.com registers at example.com 5060
	// a password of 20 characters, which prints as [secret]
	// true user/add: failed/exists: a user has the address alice@example.com
}

func ExampleClient_UserList() {
	ctx, client := context.Background(), exampleClient(nil)
	for _, user := range []string{"alice@example.com", "bob@example.com", "carol@example.com"} {
		if _, err := client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse(user)}); err != nil {
			log.Fatal(err)
		}
	}
	for after := ""; ; {
		res, err := client.UserList(ctx, hermes.UserListRequest{Limit: 2, After: after})
		if err != nil {
			log.Fatal(err)
		}
		for entry, err := range res.List.All() {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(entry.User)
		}
		if after = res.List.Next(); after == "" {
			break
		}
		fmt.Println("and the next page:")
	}
	// Output:
	// alice@example.com
	// bob@example.com
	// and the next page:
	// carol@example.com
}

func ExampleClient_As() {
	client := exampleClient(nil)
	reader := client.As(hermes.Actor{Access: hermes.LimitedRead})
	_, err := reader.UserAdd(context.Background(), hermes.UserAddRequest{User: sip.MustParse("alice@example.com")})
	fmt.Println(err)
	// Output:
	// user/add: failed/forbidden: the access level limited_read does not allow this
}
