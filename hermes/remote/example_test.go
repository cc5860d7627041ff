package remote_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/remote"
	"github.com/hermes-voip/go-hermes/sip"
)

// exampleServer stands for a hermesd. It returns its URL and an API key.
func exampleServer(ctx context.Context) (server *httptest.Server, key hermes.Secret) {
	client, err := hermes.New(memstore.New(sip.MustParseDomain("example.com")), nil)
	if err != nil {
		log.Fatal(err)
	}
	domain := sip.MustParseDomain("example.com")
	_, err = client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain, Registrar: domain, RPort: 5060, Proxy: domain, PPort: 5060, ProvURL: "https://example.com/",
	})
	if err != nil {
		log.Fatal(err)
	}
	res, err := client.AuthNewKey(ctx, hermes.AuthNewKeyRequest{Host: "127.0.0.1", Access: hermes.FullWrite})
	if err != nil {
		log.Fatal(err)
	}
	return httptest.NewServer(api.New(client, nil)), res.Key
}

func ExampleDial() {
	ctx := context.Background()
	server, key := exampleServer(ctx)
	defer server.Close()

	client, err := remote.Dial(ctx, server.URL, &remote.Options{APIKey: key})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	res, err := client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse("alice@example.com")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.User.User, res.User.Password)
	_, err = client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse("alice@example.com")})
	fmt.Println(errors.Is(err, hermes.Exists))
	// Output:
	// alice@example.com {[secret] true}
	// true
}

func ExampleClient_UserList() {
	ctx := context.Background()
	server, key := exampleServer(ctx)
	defer server.Close()
	client, err := remote.Dial(ctx, server.URL, &remote.Options{APIKey: key})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for _, name := range []string{"alice@example.com", "bob@example.com"} {
		if _, err := client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse(name)}); err != nil {
			log.Fatal(err)
		}
	}

	res, err := client.UserList(ctx, hermes.UserListRequest{})
	if err != nil {
		log.Fatal(err)
	}
	for user, err := range res.List.All() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(user.User)
	}
	// Output:
	// alice@example.com
	// bob@example.com
}
