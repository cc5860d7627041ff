package apitest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Caller is a session; the zero value has none.
type Caller struct{ Session, AuthKey, Cookie string }

// Login opens a session for one of the World's users; "" is nobody.
func (w *World) Login(user string) Caller {
	w.tb.Helper()
	if user == "" {
		return Caller{}
	}
	return w.open("username=" + user + "&password=" + strings.ReplaceAll(Password, " ", "+"))
}

// LoginByKey opens one for an API key.
func (w *World) LoginByKey(key string) Caller {
	w.tb.Helper()
	return w.open("api_key=" + key)
}

func (w *World) open(form string) Caller {
	w.tb.Helper()
	a := w.Ask(Question{Node: "auth/login", Form: form})
	if a.Response != "ok" {
		w.tb.Fatalf("login: %s", a.Body)
	}
	return Caller{a.Text("session"), a.Text("auth_key"), a.Cookie()}
}

// Question is a request. Session and auth_key are added to the query where there is a Caller.
type Question struct {
	Caller
	Handler http.Handler // nil: World.Handler
	Method  string       // "": GET, or POST where there is a Form
	Node    string
	Query   string
	Form    string // the body
	Header  map[string]string
}

// Ask asks.
func (w *World) Ask(q Question) Answer {
	w.tb.Helper()
	return w.Serve(w.tb, q.Handler, q.Request())
}

// Serve asks for r; h nil is the World's Handler.
func (w *World) Serve(tb testing.TB, h http.Handler, r *http.Request) Answer {
	tb.Helper()
	if h == nil {
		h = w.Handler
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return newAnswer(tb, rec)
}

// Request is the question as HTTP has it.
func (q Question) Request() *http.Request {
	query := q.Query
	if q.Session != "" {
		query = strings.TrimPrefix(query+"&session="+q.Session+"&auth_key="+q.AuthKey, "&")
	}
	target := "/api/" + q.Node
	if query != "" {
		target += "?" + query
	}
	method, body := http.MethodGet, io.Reader(nil)
	if q.Form != "" {
		method, body = http.MethodPost, strings.NewReader(q.Form)
	}
	if q.Method != "" {
		method = q.Method
	}
	r := httptest.NewRequest(method, target, body)
	if q.Form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if q.Cookie != "" {
		r.AddCookie(&http.Cookie{Name: "hermes", Value: q.Cookie})
	}
	for name, value := range q.Header {
		r.Header.Set(name, value)
	}
	return r
}

// Answer is a response, and what programs read of it.
type Answer struct {
	Status          int
	Header          http.Header
	Body            string
	Response, Cause string         // "ok" and "" for plain text
	Members         map[string]any // all that JSON has; nil for plain text
}

// newAnswer holds every answer to what all of them have.
func newAnswer(tb testing.TB, rec *httptest.ResponseRecorder) Answer {
	tb.Helper()
	a := Answer{Status: rec.Code, Header: rec.Header(), Body: rec.Body.String()}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") {
		a.Response = "ok"
		return a
	}
	if a.Body == "" {
		return a // HEAD
	}
	if err := json.Unmarshal([]byte(a.Body), &a.Members); err != nil {
		tb.Fatalf("the answer is no JSON object: %v: %q", err, a.Body)
	}
	a.Response, a.Cause = a.Text("response"), a.Text("cause")
	if a.Response == "" {
		tb.Fatalf("the answer has no response: %s", a.Body)
	}
	return a
}

// Text returns a member that is a string, "" where there is none.
func (a Answer) Text(name string) string {
	s, _ := a.Members[name].(string)
	return s
}

// Cookie returns the value of the cookie that the answer sets.
func (a Answer) Cookie() string {
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		return c.Value
	}
	return ""
}

// Is names the answer as API.md does: ok, failed/exists, ok/nonexistant.
func (a Answer) Is() string {
	if a.Cause == "" {
		return a.Response
	}
	return a.Response + "/" + a.Cause
}
