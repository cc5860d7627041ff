package remote_test

import (
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// TestClient_Golden asks the questions of all golden scripts of package api through a Client, which
// must give what [hermes.Client] gives.
func TestClient_Golden(t *testing.T) {
	t.Parallel()
	apitest.RunRemote(t, "../api/testdata/golden", func(t *testing.T) apitest.Fixture {
		store := memstore.New()
		return apitest.Fixture{Store: store, Dump: func(t *testing.T) string { return apitest.Records(t, store, time.Time{}) }}
	})
}
