package hermes_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

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
