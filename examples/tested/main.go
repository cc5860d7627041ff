// Command tested has a function that uses Hermes. Its test in main_test.go runs over the memory
// store and needs no server and no database.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func main() {
	client, err := hermes.New(memstore.New(), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(onboard(context.Background(), client, sip.MustParse("alice@example.test"), mac.MustParse("00:11:22:33:44:55")))
}

// onboard adds a user with a number and a desk phone in one transaction. If a call fails, for
// example because no number is free, nothing is changed.
func onboard(ctx context.Context, client *hermes.Client, user sip.Addr, phone mac.Addr) error {
	return client.Tx(ctx, func(c *hermes.Client) error {
		if _, err := c.UserAdd(ctx, hermes.UserAddRequest{User: user}); err != nil {
			return err
		}
		if _, err := c.NumberAssign(ctx, hermes.NumberAssignRequest{User: user}); err != nil {
			return err
		}
		_, err := c.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: phone, User: user})
		return err
	})
}
