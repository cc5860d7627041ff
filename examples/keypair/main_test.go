package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	client, err := hermes.New(memstore.New(), &hermes.Options{Origin: "https://hermes.example.test"})
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	req := hermes.AuthNewKeyRequest{Access: hermes.LimitedRead}
	if err := req.PublicKey.UnmarshalText([]byte(base64.StdEncoding.EncodeToString(public))); err != nil {
		t.Fatal(err)
	}
	key, err := client.AuthNewKey(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(api.New(client, nil))
	defer server.Close()

	answer, err := login(server.URL, "https://hermes.example.test", key.Key.Reveal(), file)
	if err != nil || answer["access"] != "limited_read" {
		t.Errorf("login: %v, %v; want limited_read", answer["access"], err)
	}
	if _, err := login(server.URL, "https://other.example.test", key.Key.Reveal(), file); err == nil {
		t.Error("login signed for a server with another origin")
	}
}
