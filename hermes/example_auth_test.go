package hermes_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"log"
	"net/netip"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
)

func ExampleClient_AuthLogin() {
	ctx := context.Background()
	client := exampleClient(&hermes.Options{Backends: []hermes.Backend{local.New(nil)}})
	if err := client.Bootstrap(ctx, "admin", hermes.NewSecret("correct horse")); err != nil {
		log.Fatal(err)
	}

	// What a server does with a login and the requests after it.
	caller := client.As(hermes.Actor{Remote: netip.MustParseAddr("192.0.2.10")})
	login, err := caller.AuthLogin(ctx, hermes.AuthLoginRequest{Username: "admin", Password: hermes.NewSecret("correct horse")})
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
	fmt.Println(users.List, err)
	// Output:
	// admin has full_write for 300 seconds
	// [{admin full_write local}] <nil>
}

// A program logs in by a key pair, of which the server has the public half.
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
