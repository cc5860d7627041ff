package api_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// question makes one of NODE?QUERY.
func question(c apitest.Caller, ask string) apitest.Question {
	node, query, _ := strings.Cut(ask, "?")
	return apitest.Question{Caller: c, Node: node, Query: query}
}

// setUp makes a user with a phone, an alias that leads to it, and two numbers.
func setUp(t testing.TB, w *apitest.World, admin apitest.Caller) {
	t.Helper()
	for _, ask := range []string{
		"domain/set_servers?domain=example.com&registrar=sip.example.com&r_port=5060&proxy=sip.example.com&p_port=5060&prov_url=http://prov.example.com/",
		"user/add?user=alice@example.com",
		"phone/add?mac=001122334455&user=alice@example.com",
		"alias/add?alias=info@example.com&destination=alice@example.com",
		"number/add_range?start=%2B4773500001&end=%2B4773500002",
	} {
		if a := w.Ask(question(admin, ask)); a.Is() != "ok" {
			t.Fatalf("%s: %s", ask, a.Body)
		}
	}
}
