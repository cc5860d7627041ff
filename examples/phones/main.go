// Command phones serves the files with which desk phones configure themselves next to the API.
package main

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/sip"
)

func main() {
	_, handler, err := newHandler(context.Background(), hermes.NewSecret("wonderland"))
	if err != nil {
		log.Fatal(err)
	}
	// Phones get their files over TLS only.
	server := &http.Server{Addr: "127.0.0.1:8443", Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServeTLS("cert.pem", "key.pem"))
}

func newHandler(ctx context.Context, adminPassword hermes.Secret) (*hermes.Client, http.Handler, error) {
	templates := provision.Embedded()
	client, err := hermes.New(memstore.New(sip.MustParseDomain("example.test")), &hermes.Options{
		Backends:   []hermes.Backend{local.New(nil)},
		PhoneFiles: templates, // for phone/config, which shows what a phone gets
	})
	if err != nil {
		return nil, nil, err
	}
	if err := client.Bootstrap(ctx, "admin", adminPassword); err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", api.New(client, nil))
	mux.Handle("/prov/", provision.New(client, templates, &provision.Options{Prefix: "/prov"}))
	return client, mux, nil
}
