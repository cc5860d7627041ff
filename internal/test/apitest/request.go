package apitest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Session holds the three values that authenticate a client. The zero value is no session.
type Session struct {
	ID      string // the parameter session
	AuthKey string
	Cookie  string
}

// Request is a request to the API.
type Request struct {
	// Session is the session of the client. If it has an ID, the parameters session and auth_key
	// are added to the query.
	Session Session
	// Handler receives the request. Defaults to Server.Handler.
	Handler http.Handler
	// Method defaults to GET or, if there is a Form, to POST.
	Method string
	Node   string // such as "user/get"
	Query  string // encoded
	Form   string // the body, encoded
	Header map[string]string
}

// HTTP returns the request as an HTTP server receives it.
func (r Request) HTTP() *http.Request {
	query := r.Query
	if r.Session.ID != "" {
		query = strings.TrimPrefix(query+"&session="+r.Session.ID+"&auth_key="+r.Session.AuthKey, "&")
	}
	target := "/api/" + r.Node
	if query != "" {
		target += "?" + query
	}
	method, body := http.MethodGet, io.Reader(nil)
	if r.Form != "" {
		method, body = http.MethodPost, strings.NewReader(r.Form)
	}
	if r.Method != "" {
		method = r.Method
	}
	req := httptest.NewRequest(method, target, body)
	if r.Form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.Session.Cookie != "" {
		req.AddCookie(&http.Cookie{Name: "hermes", Value: r.Session.Cookie})
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	return req
}

// Response is an answer of the API.
type Response struct {
	Status   int
	Header   http.Header
	Body     string
	Response string         // the member response; "ok" for plain text
	Cause    string         // the member cause, if any
	Members  map[string]any // all members; nil for plain text and for HEAD
}

// Serve sends a request to a handler. It fails the test if the answer is neither plain text nor a
// JSON object with a response.
func Serve(tb testing.TB, h http.Handler, r *http.Request) Response {
	tb.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	res := Response{Status: rec.Code, Header: rec.Header(), Body: rec.Body.String()}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		res.Response = "ok"
		return res
	}
	// An answer to HEAD has no body.
	if res.Body == "" {
		return res
	}
	if err := json.Unmarshal([]byte(res.Body), &res.Members); err != nil {
		tb.Fatalf("the answer is no JSON object: %v: %q", err, res.Body)
	}
	res.Response, res.Cause = res.Text("response"), res.Text("cause")
	if res.Response == "" {
		tb.Fatalf("the answer has no response: %s", res.Body)
	}
	return res
}

// Text returns a member that is a string, or "" if there is none of that name.
func (r Response) Text(name string) string {
	s, _ := r.Members[name].(string)
	return s
}

// Cookie returns the value of the first cookie that the answer sets, or "".
func (r Response) Cookie() string {
	for _, c := range (&http.Response{Header: r.Header}).Cookies() {
		return c.Value
	}
	return ""
}

// Result returns the response and, after a slash, the cause if there is one, such as "ok" or
// "failed/exists".
func (r Response) Result() string {
	if r.Cause == "" {
		return r.Response
	}
	return r.Response + "/" + r.Cause
}
