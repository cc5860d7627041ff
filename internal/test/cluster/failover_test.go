package cluster_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
	"github.com/hermes-voip/go-hermes/sip"
)

const (
	// usualRounds is the number of failovers without HERMES_TEST_ROUNDS.
	usualRounds = 2
	// serveWithin is how long after an election each hermesd may take to make a change.
	serveWithin = 10 * time.Second
)

// TestFailover lets the primary fail again and again, each time in another way, while clients
// write.
func TestFailover(t *testing.T) {
	c := startCluster(t)
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HERMES_DB=" + c.url(), "HERMES_SECRET_KEY=" + strings.Repeat("k", 43),
		"HERMES_DOMAIN=example.com",
	}
	mustPrepare(t, env)
	servers := []*hermesd{startHermesd(t, "a", env), startHermesd(t, "b", env)}
	mustFill(t, servers[0].client)

	l := newLedger()
	l.arm()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var clients sync.WaitGroup
	for _, h := range servers {
		for w := range writers {
			clients.Go(func() { l.write(ctx, h, w) })
		}
	}
	rows := []string{"failure | elected after | a, b served after the election | done, not done, unknown"}
	for round := range storetest.Rounds(t, usualRounds) {
		rows = append(rows, failOver(t, c, l, servers, failures[round%len(failures)]))
	}
	cancel()
	clients.Wait()
	for _, h := range servers {
		h.checkRuns(t)
	}
	l.check(t, c.url())
	t.Log(strings.Join(rows, "\n"))
}

// failOver makes the primary fail, waits until another one is elected, both hermesd serve, and the
// cluster is whole again. It returns a line about it.
func failOver(t *testing.T, c *patroniCluster, l *ledger, servers []*hermesd, f failure) string {
	t.Helper()
	old := c.primary(t, nil)
	f.begin(t, c, old)
	failed := time.Now()
	l.arm()
	elected := c.primary(t, old)
	election := time.Now()
	line := fmt.Sprintf("%s %s → %s | %.1f s |", f.name, old.name, elected.name, election.Sub(failed).Seconds())
	for _, h := range servers {
		var at time.Time
		testserver.WaitFor(t, "hermesd "+h.name+" to serve", func() (ok bool) {
			at, ok = l.servedBy(h.name)
			return ok
		})
		took := max(at.Sub(election), 0)
		if took > serveWithin {
			t.Errorf("%s: hermesd %s served %v after the election, want %v", f.name, h.name, took, serveWithin)
		}
		line += fmt.Sprintf(" %.1f s", took.Seconds())
	}
	if f.end != nil {
		f.end(t, old)
	}
	c.waitHealthy(t)
	l.mu.Lock()
	defer l.mu.Unlock()
	return line + fmt.Sprintf(" | %d, %d, %d", l.done, l.notDone, l.unknown)
}

// mustFill makes what the clients need.
func mustFill(t *testing.T, c hermes.API) {
	t.Helper()
	host := sip.MustParseDomain("sip.example.com")
	_, err := c.DomainSetServers(t.Context(), hermes.DomainSetServersRequest{
		Domain: sip.MustParseDomain("example.com"), Registrar: host, RPort: 5060, Proxy: host, PPort: 5060, ProvURL: "https://p.example.com/",
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.NumberAddRange(t.Context(), hermes.NumberAddRangeRequest{Start: e164.MustParse(firstPool), End: e164.MustParse(lastPool)})
	if err != nil {
		t.Fatal(err)
	}
}
