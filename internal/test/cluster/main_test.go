package cluster_test

import (
	"os"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

func TestMain(m *testing.M) { os.Exit(hermesdtest.Run(m.Run)) }

const adminPassword = "correct horse battery"

// mustPrepare creates all tables, the ones of Kamailio included, and the first principal.
func mustPrepare(t *testing.T, env []string) {
	t.Helper()
	hermesdtest.MustRun(t, env, "", "migrate", "--kamailio-tables")
	hermesdtest.MustRun(t, env, adminPassword, "bootstrap", "--user", "admin", "--password-stdin")
}

// hermesd is a running hermesd and a client of it.
type hermesd struct {
	name    string
	process *hermesdtest.Process
	client  *remote.Client
}

// startHermesd starts hermesd and logs in. It is stopped when the test ends.
func startHermesd(t *testing.T, name string, env []string) *hermesd {
	t.Helper()
	h := &hermesd{name: name, process: hermesdtest.Start(t, env)}
	var err error
	// No call is made again, so that each answer is one of hermesd.
	h.client, err = remote.Dial(t.Context(), h.process.URL, &remote.Options{
		User: "admin", Password: hermes.NewSecret(adminPassword), RetryFor: -1,
	})
	if err != nil {
		t.Fatalf("hermesd %s: log in: %v", name, err)
	}
	t.Cleanup(func() { h.client.Close() })
	return h
}

// checkRuns checks that the process that was started still runs.
func (h *hermesd) checkRuns(t *testing.T) {
	t.Helper()
	select {
	case <-h.process.Ended():
		t.Errorf("hermesd %s has ended: %s", h.name, h.process.Log())
	default:
	}
}
