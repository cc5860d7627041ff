package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hermes-voip/go-hermes/hermes"
)

// rekey is the command rekey. Servers may run meanwhile, as long as each has all the keys that the command has.
func (a *app) rekey(ctx context.Context, args []string) error {
	c, err := load(newFlags(), args, a.getenv)
	if err != nil {
		return err
	}
	if err := errors.Join(c.checkKept("seal anew"), c.checkKeys()); err != nil {
		return err
	}
	s, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	client, err := s.client(ctx, hermes.Options{Logger: a.logger(c)})
	if err != nil {
		return err
	}
	n, err := client.Rekey(ctx)
	fmt.Fprintf(a.stdout, "sealed anew: %d\n", n)
	return toldError(err)
}
