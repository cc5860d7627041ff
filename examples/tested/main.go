// Command tested has code of its own that uses Hermes, and a test of it that needs no server
// and no database: see main_test.go.
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

// onboard makes a user with a desk phone and a number, and leaves nothing behind where that fails.
func onboard(ctx context.Context, c *hermes.Client, user sip.Addr, phone mac.Addr) error {
	if _, err := c.UserAdd(ctx, hermes.UserAddRequest{User: user}); err != nil {
		return err
	}
	if _, err := c.NumberAssign(ctx, hermes.NumberAssignRequest{User: user}); err != nil {
		_, undo := c.UserRemove(ctx, hermes.UserRemoveRequest{User: user})
		return errors.Join(err, undo)
	}
	_, err := c.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: phone, User: user})
	return err
}
