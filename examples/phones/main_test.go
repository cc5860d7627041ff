package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// A phone of a user fetches its file by the address of the user's domain.
func TestNewHandler(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client, handler, err := newHandler(ctx, hermes.NewSecret("wonderland"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(handler)
	defer server.Close()
	domain, user := sip.MustParseDomain("example.test"), sip.MustParse("alice@example.test")
	_, err = client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain, Registrar: domain, RPort: 5060, Proxy: domain, PPort: 5060, ProvURL: server.URL + "/prov",
	})
	if err != nil {
		t.Fatal(err)
	}
	added, err := client.UserAdd(ctx, hermes.UserAddRequest{User: user})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: mac.MustParse("80:5e:c0:0a:0b:0c"), User: user}); err != nil {
		t.Fatal(err)
	}
	key, err := client.DomainProvKey(ctx, hermes.DomainProvKeyRequest{Domain: domain})
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Get(key.URL.Reveal() + "/805ec00a0b0c.cfg")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	want := "account.1.password = " + added.User.Password.Value.Reveal() + "\n"
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
		t.Errorf("%s, %v\n%s\nwant the password of the user in it", res.Status, err, body)
	}
}
