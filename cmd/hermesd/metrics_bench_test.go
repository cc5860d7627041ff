package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
)

// BenchmarkMetrics_Scrape measures the processor time of a scrape of a server that has answered
// every node in several ways, and which part of a processor scrapes take that come every 15
// seconds, Prometheus' usual interval. Records are counted once a minute.
func BenchmarkMetrics_Scrape(b *testing.B) {
	s := &server{config: &config{}, log: slog.New(slog.DiscardHandler), listener: &listener{}}
	sql, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "hermes.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer sql.Close()
	s.store = &store{Store: sql, sql: sql, config: s.config}
	key, err := hermes.ParseSecretKey(testKey)
	if err != nil {
		b.Fatal(err)
	}
	if s.client, err = hermes.New(sql, &hermes.Options{SecretKeys: []hermes.SecretKey{key}}); err != nil {
		b.Fatal(err)
	}
	s.metrics = newMetrics(s)
	s.root = newRootHandler(http.NotFoundHandler(), http.NotFoundHandler(), func(context.Context) error { return nil }, s.log)
	for _, n := range hermes.Nodes() {
		for _, cause := range []hermes.Cause{"", hermes.NotFound, hermes.Exists, hermes.Unauthorized, hermes.StoreFailed} {
			s.metrics.observe(api.Outcome{Node: n.Path, Response: hermes.Failed, Cause: cause, Duration: time.Millisecond})
		}
	}
	handler := s.metrics.handler()
	begun := processorTime(b)
	for b.Loop() {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), "GET", "/metrics", nil))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
	each := (processorTime(b) - begun) / time.Duration(b.N)
	b.ReportMetric(float64(each.Microseconds()), "cpu-µs/op")
	b.ReportMetric(100*each.Seconds()/15, "%core")
}

// processorTime returns how long processors have worked for this process.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
