package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/doctor"
	"github.com/hermes-voip/go-hermes/internal/kamrpc"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// TestServer_ReloadDomains starts a server with a domain that the running Kamailio has not loaded
// from the embedded database.
func TestServer_ReloadDomains(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := startHermesd(t, nil, "--data", data)
	kamailio := kamailiotest.Start(t, kamailiotest.Options{Database: "sqlite:" + filepath.Join(data, "hermes.db")})
	rpc, err := kamrpc.New(kamailio.RPCURL())
	if err != nil {
		t.Fatal(err)
	}
	loaded := func() []string {
		t.Helper()
		domains, err := rpc.Domains(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return domains
	}
	if got := loaded(); got != nil {
		t.Fatalf("Kamailio has loaded %q of an empty table", got)
	}
	e := env{"HERMES_DATA": data, "HERMES_DOMAIN": "example.test", "HERMES_KAMAILIO_RPC": kamailio.RPCURL()}
	restartHermesd(t, p, e)
	testserver.WaitFor(t, "Kamailio to load the domain", func() bool { return slices.Equal(loaded(), []string{"example.test"}) })
	findings := runDoctor(t, e)
	want := okFinding("loaded-domains", "the running Kamailio has loaded the domains of its table")
	i := slices.IndexFunc(findings, func(f doctor.Finding) bool { return f.Check == want.Check })
	if i < 0 || findings[i] != want {
		t.Errorf("doctor (-want +got):\n%s", cmp.Diff(want, findings[max(i, 0)]))
	}
}
