package hermes_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

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
