package api_test

import (
	"errors"
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

// An application that knows its users itself leaves sessions out. This one accepts a token in a
// header, which a page of another site cannot send.
func ExampleOptions_authenticate() {
	client, err := hermes.New(memstore.New(), nil)
	if err != nil {
		log.Fatal(err)
	}
	handler := api.New(client, &api.Options{
		Authenticate: func(r *http.Request) (hermes.Actor, error) {
			if r.Header.Get("Authorization") != "Bearer s3cret" {
				return hermes.Actor{}, errors.New("no valid token")
			}
			return hermes.Actor{
				Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "billing"},
				Access:    hermes.LimitedRead,
			}, nil
		},
	})
	for _, token := range []string{"s3cret", "guess"} {
		r := httptest.NewRequest("GET", "/api/domain/list", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Body)
	}
	// Output:
	// {"response":"ok","list":[]}
	// {"response":"failed","cause":"unauthorized","detail":"the request is not authenticated"}
}

func ExampleEncode() {
	values, err := api.Encode(hermes.NumberListRequest{Random: true, Limit: 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("/api/number/list?" + values.Encode())
	// Output: /api/number/list?limit=10&random=true
}
