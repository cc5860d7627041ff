// Command mount serves the Hermes API and its web page next to routes of its own.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/console"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/sip"
)

func main() {
	handler, err := newHandler(context.Background(), hermes.NewSecret("wonderland"))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: "127.0.0.1:8080", Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func newHandler(ctx context.Context, adminPassword hermes.Secret) (http.Handler, error) {
	store := memstore.New(sip.MustParseDomain("example.test"))
	client, err := hermes.New(store, &hermes.Options{Backends: []hermes.Backend{local.New(nil)}})
	if err != nil {
		return nil, err
	}
	if err := client.Bootstrap(ctx, "admin", adminPassword); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", api.New(client, nil))
	mux.Handle("/admin/", http.StripPrefix("/admin", console.New(nil)))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "a page of this program")
	})
	return mux, nil
}
