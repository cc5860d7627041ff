package hermes_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func Example() {
	ctx := context.Background()
	// A memory store needs no secret keys. For package sqlite or postgres, set Options.SecretKeys.
	domain := sip.MustParseDomain("example.com")
	client, err := hermes.New(memstore.New(domain), nil)
	if err != nil {
		log.Fatal(err)
	}
	// New users get the default servers of their domain.
	_, err = client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain, Registrar: sip.MustParseDomain("sip.example.com"), RPort: 5060,
		Proxy: sip.MustParseDomain("sip.example.com"), PPort: 5060, ProvURL: "https://prov.example.com/",
	})
	if err != nil {
		log.Fatal(err)
	}

	alice := sip.MustParse("alice@example.com")
	res, err := client.UserAdd(ctx, hermes.UserAddRequest{User: alice})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.User.User, "registers at", res.User.Registrar)
	fmt.Println("password:", res.User.Password.Value) // Reveal returns the text

	_, err = client.UserAdd(ctx, hermes.UserAddRequest{User: alice})
	if errors.Is(err, hermes.Exists) {
		fmt.Println("error:", err)
	}
	// Output:
	// alice@example.com registers at sip.example.com
	// password: [secret]
	// error: user/add: failed/exists: a user has the address alice@example.com
}

// exampleClient returns a Client over a memory store that serves example.com with default servers.
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

func ExampleClient_As() {
	client := exampleClient(nil)
	reader := client.As(hermes.Actor{Access: hermes.LimitedRead})
	_, err := reader.UserAdd(context.Background(), hermes.UserAddRequest{User: sip.MustParse("alice@example.com")})
	fmt.Println(err)
	// Output:
	// user/add: failed/forbidden: the access level limited_read does not allow this
}

func ExampleClient_UserAdd() {
	ctx, client := context.Background(), exampleClient(nil)
	req := hermes.UserAddRequest{User: sip.MustParse("alice@example.com"), DisplayName: "Alice"}

	res, err := client.UserAdd(ctx, req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.User.User, "registers at", res.User.Registrar, res.User.RPort)
	password := res.User.Password.Value
	fmt.Println("a password of", len(password.Reveal()), "characters, which prints as", password)

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

func ExampleClient_PhoneAdd() {
	ctx, client := context.Background(), exampleClient(nil)
	alice, phone := sip.MustParse("alice@example.com"), mac.MustParse("00:11:22:33:44:55")
	if _, err := client.UserAdd(ctx, hermes.UserAddRequest{User: alice}); err != nil {
		log.Fatal(err)
	}
	if _, err := client.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: phone, User: alice}); err != nil {
		log.Fatal(err)
	}
	users, err := client.PhoneGet(ctx, hermes.PhoneGetRequest{MAC: phone})
	fmt.Println(users.List, err)
	phones, err := client.PhoneGet(ctx, hermes.PhoneGetRequest{User: alice})
	fmt.Println(phones.List, err)
	// Output:
	// [alice@example.com] <nil>
	// [001122334455] <nil>
}

func ExampleClient_NumberAssign() {
	ctx, client := context.Background(), exampleClient(nil)
	alice := sip.MustParse("alice@example.com")
	if _, err := client.UserAdd(ctx, hermes.UserAddRequest{User: alice}); err != nil {
		log.Fatal(err)
	}
	pool, err := client.NumberAddRange(ctx, hermes.NumberAddRangeRequest{
		Start: e164.MustParse("+4773500000"), End: e164.MustParse("+4773500099"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(pool.Detail)

	pattern, err := hermes.ParsePattern("*42")
	if err != nil {
		log.Fatal(err)
	}
	res, err := client.NumberAssign(ctx, hermes.NumberAssignRequest{User: alice, Search: pattern})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Alias, "leads to", res.Destination)
	_, err = client.NumberTest(ctx, hermes.NumberTestRequest{Number: res.Number})
	fmt.Println(err)
	// Output:
	// Added 100 numbers from +4773500000 to +4773500099
	// +4773500042@example.com leads to alice@example.com
	// number/test: failed/nonexistant: +4773500042 is not in the pool
}

func ExampleClient_AliasAdd() {
	ctx, client := context.Background(), exampleClient(nil)
	bob := sip.MustParse("bob@example.com")
	if _, err := client.UserAdd(ctx, hermes.UserAddRequest{User: bob}); err != nil {
		log.Fatal(err)
	}
	for _, alias := range []string{"sales@example.com", "support@example.com", "sales@elsewhere.example"} {
		_, err := client.AliasAdd(ctx, hermes.AliasAddRequest{Alias: sip.MustParse(alias), Destination: bob})
		fmt.Println(alias, err)
	}
	res, err := client.AliasList(ctx, hermes.AliasListRequest{Destination: bob})
	if err != nil {
		log.Fatal(err)
	}
	all, err := res.List.Collect()
	fmt.Println(len(all), err)
	_, err = client.UserRemove(ctx, hermes.UserRemoveRequest{User: bob})
	fmt.Println(err)
	// Output:
	// sales@example.com <nil>
	// support@example.com <nil>
	// sales@elsewhere.example alias/add: failed/nxdomain: the domain elsewhere.example is not one that Kamailio serves
	// 2 <nil>
	// user/remove: failed/inuse: still hanging on bob@example.com: alias sales@example.com, alias support@example.com
}

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

func ExampleClient_AuthLogin() {
	ctx := context.Background()
	client := exampleClient(&hermes.Options{Backends: []hermes.Backend{local.New(nil)}})
	if err := client.Bootstrap(ctx, "admin", hermes.NewSecret("correct horse")); err != nil {
		log.Fatal(err)
	}

	// A server does this with a login and with each request after it.
	caller := client.As(hermes.Actor{Remote: netip.MustParseAddr("192.0.2.10")})
	login, err := caller.AuthLogin(ctx, hermes.AuthLoginRequest{
		Username: "admin", Password: hermes.NewSecret("correct horse"),
	})
	if err != nil {
		log.Fatal(err)
	}
	actor, err := caller.Authenticate(ctx, hermes.Credentials{
		Session: login.Session, AuthKey: login.AuthKey, Cookie: login.Cookie.Value,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(actor.Principal.Name, "has", actor.Access, "for", login.ExpiresIn, "seconds")
	users, err := client.As(actor).AuthListUsers(ctx, hermes.AuthListUsersRequest{})
	for _, u := range users.List {
		fmt.Println(u.User, u.Access, u.Backend, err)
	}
	// Output:
	// admin has full_write for 300 seconds
	// admin full_write local <nil>
}

// A program logs in with a key pair. The server has only the public key.
func ExampleClient_AuthChallenge() {
	ctx, client := context.Background(), exampleClient(&hermes.Options{Origin: "https://hermes.example.com"})
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	req := hermes.AuthNewKeyRequest{Access: hermes.LimitedWrite, Comment: "provisioning"}
	if err := req.PublicKey.UnmarshalText([]byte(base64.StdEncoding.EncodeToString(public))); err != nil {
		log.Fatal(err)
	}
	key, err := client.AuthNewKey(ctx, req)
	if err != nil {
		log.Fatal(err)
	}

	id := key.Key.Reveal()
	challenge, err := client.AuthChallenge(ctx, hermes.AuthChallengeRequest{Key: id})
	if err != nil {
		log.Fatal(err)
	}
	signature := ed25519.Sign(private, hermes.LoginMessage("https://hermes.example.com", id, challenge.Nonce))
	login, err := client.AuthLogin(ctx, hermes.AuthLoginRequest{
		Key: id, Nonce: challenge.Nonce, Signature: base64.RawURLEncoding.EncodeToString(signature),
	})
	fmt.Println(login.Access, err)
	// Output:
	// limited_write <nil>
}
