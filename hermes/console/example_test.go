package console_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/console"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

func ExampleHandler() {
	client, err := hermes.New(memstore.New(), nil)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", api.New(client, nil))
	mux.Handle("/console/", http.StripPrefix("/console", console.New(nil)))
	server := httptest.NewServer(mux)
	defer server.Close()

	res, err := http.Get(server.URL + "/console/")
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Status, len(page) > 0)
	// Output: 200 OK true
}
