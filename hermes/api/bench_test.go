package api_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/sip"
)

// discardWriter is a ResponseWriter that keeps nothing.
type discardWriter struct{ header http.Header }

func (w discardWriter) Header() http.Header         { return w.header }
func (w discardWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w discardWriter) WriteHeader(int)             {}

// The deadlines that net/http has.
func (w discardWriter) SetReadDeadline(time.Time) error  { return nil }
func (w discardWriter) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkHandler is one authenticated request over the memory store, without a network.
func BenchmarkHandler(b *testing.B) {
	s := newServer(b, nil)
	admin, reader := s.Login(b, "admin"), s.Login(b, "reader")
	mustAddRecords(b, s, admin)
	for _, row := range []struct {
		name    string
		session apitest.Session
		target  string
		result  string
	}{
		{"user", admin, "user/get?user=alice@example.com", "ok"},
		{"user without secrets", reader, "user/get?user=alice@example.com", "ok"},
		{"unknown user", admin, "user/get?user=nobody@example.com", "failed/nonexistant"},
		{"short list", admin, "alias/list", "ok"},
		{"strings", admin, "phone/get?mac=001122334455", "ok"},
		{"malformed number", admin, "number/test?number=123", "failed/rejected"},
		{"no session", apitest.Session{}, "user/get?user=alice@example.com", "failed/unauthorized"},
	} {
		b.Run(row.name, func(b *testing.B) {
			req := newRequest(row.session, row.target)
			if res := s.Do(b, req); res.Result() != row.result {
				b.Fatalf("%s, want %s", res.Body, row.result)
			}
			r := req.HTTP()
			b.ReportAllocs()
			for b.Loop() {
				s.Handler.ServeHTTP(discardWriter{http.Header{}}, r)
			}
		})
	}
}

// BenchmarkHandler_AliasList is a list of 1,000,000 entries from a store that generates them.
func BenchmarkHandler_AliasList(b *testing.B) {
	s := apitest.NewServer(b, newAliasGenerator(1_000_000, nil), nil)
	r := newRequest(s.Login(b, "reader"), "alias/list").HTTP()
	b.ReportAllocs()
	for b.Loop() {
		s.Handler.ServeHTTP(discardWriter{http.Header{}}, r)
	}
}

// BenchmarkDecode and BenchmarkEncode are the codec of requests.
func BenchmarkDecode(b *testing.B) {
	var node hermes.Node
	for _, n := range hermes.Nodes() {
		if n.Path == "user/get" {
			node = n
		}
	}
	values := url.Values{"user": {"alice@example.com"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := api.Decode(node, values); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	req := &hermes.UserGetRequest{User: sip.MustParse("alice@example.com")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := api.Encode(req); err != nil {
			b.Fatal(err)
		}
	}
}
