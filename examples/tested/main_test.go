package main

import (
	"errors"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestOnboard(t *testing.T) {
	t.Parallel()
	ctx, domain := t.Context(), sip.MustParseDomain("example.test")
	client, err := hermes.New(memstore.New(domain), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain, Registrar: domain, RPort: 5060, Proxy: domain, PPort: 5060, ProvURL: "https://example.test/",
	})
	if err != nil {
		t.Fatal(err)
	}
	alice, phone := sip.MustParse("alice@example.test"), mac.MustParse("00:11:22:33:44:55")

	if err := onboard(ctx, client, alice, phone); !errors.Is(err, hermes.Empty) {
		t.Fatalf("with an empty pool: %v, want Empty", err)
	}
	if _, err := client.UserAvail(ctx, hermes.UserAvailRequest{User: alice}); err != nil {
		t.Errorf("the user exists after a failure: %v", err)
	}
	if _, err := client.NumberAdd(ctx, hermes.NumberAddRequest{Number: e164.MustParse("+4773500001")}); err != nil {
		t.Fatal(err)
	}
	if err := onboard(ctx, client, alice, phone); err != nil {
		t.Fatal(err)
	}
	err = onboard(ctx, client, alice, phone)
	var failure *hermes.Error // its Node says which call found that something exists
	if !errors.Is(err, hermes.Exists) || !errors.As(err, &failure) || failure.Node != "user/add" {
		t.Errorf("a second time: %v, want Exists of user/add", err)
	}
	phones, err := client.PhoneGet(ctx, hermes.PhoneGetRequest{User: alice})
	if err != nil || len(phones.List) != 1 || phones.List[0] != "001122334455" {
		t.Errorf("phones of alice: %v, %v; want 001122334455", phones.List, err)
	}
}
