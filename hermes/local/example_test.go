package local_test

import (
	"context"
	"fmt"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

func Example() {
	ctx, store, backend := context.Background(), memstore.New(), local.New(nil)
	add, err := backend.Add("alice", hermes.NewSecret("correct horse battery"))
	if err != nil {
		panic(err)
	}
	if err := store.Tx(ctx, nil, func(tx hermes.Store) error { return add(ctx, tx) }); err != nil {
		panic(err)
	}
	fmt.Println(backend.Verify(ctx, store, "alice", hermes.NewSecret("correct horse battery")))
	fmt.Println(backend.Verify(ctx, store, "alice", hermes.NewSecret("wrong password")))
	// Output:
	// true <nil>
	// false <nil>
}
