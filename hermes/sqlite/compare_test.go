package sqlite_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestStore_SameAsMemory(t *testing.T) {
	storetest.Compare(t, fixture, func(t *testing.T) storetest.Fixture {
		store := memstore.New()
		return storetest.Fixture{Store: store, Serve: func(t *testing.T, domains ...string) {
			for _, d := range domains {
				store.Serve(sip.UncheckedDomain(d))
			}
		}}
	})
}
