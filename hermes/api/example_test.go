package api_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

func ExampleNew() {
	client, err := hermes.New(memstore.New(), nil)
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(api.New(client, &api.Options{MaxInFlight: 64}))
	defer server.Close()

	res, err := http.PostForm(server.URL+"/api/auth/login", url.Values{"username": {"admin"}, "password": {"guess"}})
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.StatusCode, string(answer))
	// Output: 200 {"response":"failed","cause":"unauthorized","detail":"login failed"}
}

func ExampleEncode() {
	values, err := api.Encode(hermes.NumberListRequest{Random: true, Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("/api/number/list?" + values.Encode())
	// Output: /api/number/list?limit=10&random=true
}
