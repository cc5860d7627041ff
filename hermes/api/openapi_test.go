package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// mustLoadOpenAPI returns the document as another program reads it.
func mustLoadOpenAPI(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	doc := mustLoadOpenAPI(t)
	if got, want := doc.Paths.Len(), len(hermes.Nodes()); got != want {
		t.Errorf("%d paths, want one for each of %d nodes", got, want)
	}
	add := doc.Paths.Find("/user/add")
	body := add.Post.RequestBody.Value.Content["application/x-www-form-urlencoded"].Schema.Value
	for _, name := range []string{"session", "auth_key", "user", "username", "domain", "displayname", "dry_run", "idempotency_key"} {
		if body.Properties[name] == nil || add.Get.Parameters.GetByInAndName("query", name) == nil {
			t.Errorf("user/add has no parameter %s", name)
		}
	}
	if needs := add.Post.Extensions["x-needs"]; needs != "write" {
		t.Errorf("user/add needs %v, want write", needs)
	}
	if p := doc.Paths.Find("/user/change_pw").Get.Parameters.GetByInAndName("query", "password"); p.Extensions["x-secret"] != true {
		t.Error("the parameter password of user/change_pw is not marked as a secret")
	}
	if doc.Paths.Find("/auth/login").Post.Security != nil {
		t.Error("auth/login wants a session")
	}
}

// TestOpenAPI_Golden checks the requests of the scripts that succeed, and all answers.
func TestOpenAPI_Golden(t *testing.T) {
	t.Parallel()
	router, err := gorillamux.NewRouter(mustLoadOpenAPI(t))
	if err != nil {
		t.Fatal(err)
	}
	apitest.Run(t, scripts, func(t *testing.T) apitest.Fixture {
		t.Parallel()
		store := memstore.New()
		return apitest.Fixture{
			Store:   store,
			Dump:    func(t *testing.T) string { return apitest.Records(t, store, time.Time{}) },
			Observe: func(t *testing.T, req apitest.Request, res apitest.Response) { checkOpenAPI(t, router, req, res) },
		}
	})
}

func checkOpenAPI(t *testing.T, router routers.Router, asked apitest.Request, res apitest.Response) {
	t.Helper()
	if asked.Form != "" && asked.Session.ID != "" { // a script's session is in the query
		asked.Form += "&session=" + asked.Session.ID + "&auth_key=" + asked.Session.AuthKey
		asked.Session = apitest.Session{Cookie: asked.Session.Cookie}
	}
	req := asked.HTTP()
	route, params, err := router.FindRoute(req)
	if err != nil { // HEAD and PUT, or no node
		if res.Status == http.StatusOK && req.Method != http.MethodHead {
			t.Errorf("%s %s: %v", req.Method, req.URL.Path, err)
		}
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
		},
	}
	if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil && res.Response == "ok" {
		t.Errorf("%s %s: answered ok, and is no request of the document: %v", req.Method, asked.Node, err)
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: res.Status, Header: res.Header, Options: input.Options,
		Body: io.NopCloser(strings.NewReader(res.Body)),
	})
	if err != nil {
		t.Errorf("%s %s: the answer %s: %v", req.Method, asked.Node, res.Body, err)
	}
}
