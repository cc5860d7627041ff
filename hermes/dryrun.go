package hermes

import (
	"context"
	"errors"
	"reflect"
)

// errDryRun ends the transaction of a dry run that has succeeded.
var errDryRun = errors.New("dry run")

// dryRun runs fn in a transaction that is rolled back.
func (c *Client) dryRun(ctx context.Context, bulk bool, fn func(*Client) error) error {
	if c.tx != nil {
		if !c.tx.dry {
			return c.changed(badParameter("dry_run: not in a transaction that is none; see Client.DryRun"))
		}
		return fn(c.With(c.call.forMethod()))
	}
	err := c.store.Tx(ctx, &TxOptions{DryRun: true, Bulk: bulk}, func(s Store) error {
		if err := fn(c.inside(s, &transaction{dry: true})); err != nil {
			return err
		}
		return errDryRun
	})
	if err == errDryRun {
		return nil
	}
	return err
}

// hideSecrets sets every secret in v, which must be settable, to zero, and those that are optional
// to absent.
func hideSecrets(v reflect.Value) {
	switch v.Addr().Interface().(type) {
	case *Secret, *Opt[Secret]:
		v.SetZero()
		return
	}
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			hideSecrets(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				hideSecrets(v.Field(i))
			}
		}
	}
}
