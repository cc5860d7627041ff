package memstore_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/sip"
)

func open(*testing.T) storetest.Fixture {
	s := memstore.New()
	return storetest.Fixture{
		Store: s,
		Serve: func(_ *testing.T, domains ...string) {
			for _, d := range domains {
				s.Serve(sip.ForeignDomain(d))
			}
		},
	}
}

func TestStore(t *testing.T) { storetest.Run(t, open) }
