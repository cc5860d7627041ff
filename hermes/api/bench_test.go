package api_test

import (
	"net/http"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// nobody reads answers and keeps nothing.
type nobody struct{ header http.Header }

func (n nobody) Header() http.Header         { return n.header }
func (n nobody) Write(b []byte) (int, error) { return len(b), nil }
func (n nobody) WriteHeader(int)             {}

// BenchmarkUserGet is an authenticated look-up over the memory store, without the network.
func BenchmarkUserGet(b *testing.B) {
	w := apitest.New(b, memstore.New(), nil)
	admin := w.Login("admin")
	setUp(b, w, admin)
	r := question(admin, "user/get?user=alice@example.com").Request()
	b.ReportAllocs()
	for b.Loop() {
		w.Handler.ServeHTTP(nobody{http.Header{}}, r)
	}
}

// BenchmarkMillionAliases is a list of 1,000,000 entries that cost nothing to make.
func BenchmarkMillionAliases(b *testing.B) {
	w := apitest.New(b, newEndless(1_000_000, func(int) error { return nil }), nil)
	r := question(w.Login("reader"), "alias/list").Request()
	b.ReportAllocs()
	for b.Loop() {
		w.Handler.ServeHTTP(nobody{http.Header{}}, r)
	}
}
