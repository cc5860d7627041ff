// Command tested has a function that uses Hermes. Its test in main_test.go runs over the memory
// store and needs no server and no database.
package main

import (
	"context"
	"errors"
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

// onboard adds a user with a number and a desk phone. If no number is free, it removes the user.
func onboard(ctx context.Context, c *hermes.Client, user sip.Addr, phone mac.Addr) error {
	if _, err := c.UserAdd(ctx, hermes.UserAddRequest{User: user}); err != nil {
		return err
	}
	if _, err := c.NumberAssign(ctx, hermes.NumberAssignRequest{User: user}); err != nil {
		_, removeErr := c.UserRemove(ctx, hermes.UserRemoveRequest{User: user})
		return errors.Join(err, removeErr)
	}
	_, err := c.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: phone, User: user})
	return err
}
