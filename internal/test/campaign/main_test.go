package campaign_test

import (
	"os"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestMain(m *testing.M) {
	os.Exit(hermesdtest.Run(func() int { return pgtest.Run(m) }))
}
