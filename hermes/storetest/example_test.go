package storetest_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/sip"
)

// openMemory returns an empty store for one test. Write a function like it for your store, and
// release what it opens with t.Cleanup.
func openMemory(*testing.T) storetest.Fixture {
	store := memstore.New()
	return storetest.Fixture{
		Store: store,
		Serve: func(_ *testing.T, domains ...string) {
			for _, d := range domains {
				store.Serve(sip.UncheckedDomain(d))
			}
		},
	}
}

// In the tests of your store's package, give this function a name such as TestStore and leave out
// the example function around it.
func Example() {
	testStore := func(t *testing.T) {
		storetest.Run(t, openMemory)
	}
	_ = testStore // go test calls it
}
