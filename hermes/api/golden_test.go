package api_test

import (
	"flag"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

var update = flag.Bool("update", false, "write the answers into the scripts of testdata/golden")

const scripts = "testdata/golden"

// TestGolden holds every answer to the byte, over the memory store.
func TestGolden(t *testing.T) {
	apitest.Play(t, scripts, func(testing.TB) hermes.Store { return memstore.New() }, *update)
}

// TestGoldenIsWhole makes sure that no node and no answer of API.md's is left out.
func TestGoldenIsWhole(t *testing.T) { apitest.Covered(t, scripts) }
