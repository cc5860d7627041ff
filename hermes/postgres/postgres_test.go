package postgres

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

func TestOutcome(t *testing.T) {
	cut := errors.New("cut")
	if err := outcome(fmt.Errorf("%w: %w", pgconn.ErrOutcomeUnknown, cut)); !errors.Is(err, hermes.ErrOutcomeUnknown) || !errors.Is(err, cut) {
		t.Errorf("a lost COMMIT: %v; want hermes.ErrOutcomeUnknown and the cause", err)
	}
	for _, err := range []error{nil, cut, hermes.Exists} {
		if outcome(err) != err {
			t.Errorf("%v became %v", err, outcome(err))
		}
	}
}
