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
	login := url.Values{"username": {"admin"}, "password": {"wonderland"}}
	for _, tt := range []struct {
		path, why string
		form      url.Values // sent by POST, if not nil
		want      string
	}{
		{"/", "a route of the program", nil, "a page of this program"},
		{"/api/auth/login", "a node of the API", login, `"response":"ok"`},
		{"/admin/", "the console", nil, `src="assets/app.js"`},
		{"/admin/assets/app.js", "a script of the console", nil, "loginPage"},
	} {
		send := func() (*http.Response, error) {
			if tt.form != nil {
				return http.PostForm(server.URL+tt.path, tt.form)
			}
			return http.Get(server.URL + tt.path)
		}
		res, err := send()
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
