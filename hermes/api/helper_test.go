package api_test

import (
	"os"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

// newServer returns a server over an empty memory store.
func newServer(tb testing.TB, opts *apitest.Options) *apitest.Server {
	tb.Helper()
	return apitest.NewServer(tb, memstore.New(), opts)
}

// newRequest returns a GET request. The target is NODE?QUERY.
func newRequest(session apitest.Session, target string) apitest.Request {
	node, query, _ := strings.Cut(target, "?")
	return apitest.Request{Session: session, Node: node, Query: query}
}

// mustAddRecords adds a user with a phone, an alias that leads to the user, and two numbers.
func mustAddRecords(tb testing.TB, s *apitest.Server, admin apitest.Session) {
	tb.Helper()
	for _, target := range []string{
		"domain/set_servers?domain=example.com&registrar=sip.example.com&r_port=5060" +
			"&proxy=sip.example.com&p_port=5060&prov_url=http://prov.example.com/",
		"user/add?user=alice@example.com",
		"phone/add?mac=001122334455&user=alice@example.com",
		"alias/add?alias=info@example.com&destination=alice@example.com",
		"number/add_range?start=%2B4773500001&end=%2B4773500002",
	} {
		if res := s.Do(tb, newRequest(admin, target)); res.Result() != "ok" {
			tb.Fatalf("%s: %s", target, res.Body)
		}
	}
}
