package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// discardWriter is a ResponseWriter that keeps nothing.
type discardWriter struct{ header http.Header }

func (w discardWriter) Header() http.Header         { return w.header }
func (w discardWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w discardWriter) WriteHeader(int)             {}

// The deadlines that net/http has.
func (w discardWriter) SetReadDeadline(time.Time) error  { return nil }
func (w discardWriter) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkHandler_UserGet is one authenticated request over the memory store, without a network.
func BenchmarkHandler_UserGet(b *testing.B) {
	s := newServer(b, nil)
	admin := s.Login(b, "admin")
	mustAddRecords(b, s, admin)
	r := newRequest(admin, "user/get?user=alice@example.com").HTTP()
	b.ReportAllocs()
	for b.Loop() {
		s.Handler.ServeHTTP(discardWriter{http.Header{}}, r)
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
