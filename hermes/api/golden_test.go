package api_test

import (
	"flag"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

var update = flag.Bool("update", false, "write the answers into the scripts of testdata/golden")

const scripts = "testdata/golden"

// TestHandler_Golden compares every answer of the scripts, to the byte.
func TestHandler_Golden(t *testing.T) {
	run := apitest.Run
	if *update {
		run = apitest.Update
	}
	run(t, scripts, func(t *testing.T) apitest.Fixture {
		t.Parallel()
		store := memstore.New()
		return apitest.Fixture{Store: store, Dump: func(t *testing.T) string { return apitest.Records(t, store, time.Time{}) }}
	})
}

// TestHandler_GoldenCoverage checks that the scripts show every node and every result.
func TestHandler_GoldenCoverage(t *testing.T) {
	t.Parallel()
	apitest.CheckCoverage(t, scripts)
}
