package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestAddAlice(t *testing.T) {
	t.Parallel()
	server, err := hermes.New(memstore.New(sip.MustParseDomain("example.test")), nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := server.AuthNewKey(t.Context(), hermes.AuthNewKeyRequest{Host: "127.0.0.1", Access: hermes.FullWrite})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(api.New(server, nil))
	defer h.Close()
	for name, url := range map[string]string{"embedded": "", "remote": h.URL} {
		client, err := open(t.Context(), url, key.Key)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, want := range []string{"added alice@example.test\n", "alice exists already\n"} {
			var out strings.Builder
			if err := addAlice(t.Context(), client, &out); err != nil || out.String() != want {
				t.Errorf("%s: %q, %v; want %q", name, out.String(), err, want)
			}
		}
	}
}
