package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestNewHandler(t *testing.T) {
	t.Parallel()
	handler, err := newHandler(t.Context(), hermes.NewSecret("wonderland"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, tt := range []struct{ path, why, want string }{
		{"/", "a route of the program", "a page of this program"},
		{"/api/auth/login", "a node of the API", `"response":"ok"`},
	} {
		res, err := http.PostForm(server.URL+tt.path, url.Values{"username": {"admin"}, "password": {"wonderland"}})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !strings.Contains(string(body), tt.want) {
			t.Errorf("%s (%s): %s, %v; want %s in it", tt.path, tt.why, body, err, tt.want)
		}
	}
}
