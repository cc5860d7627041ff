package hermes_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

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
