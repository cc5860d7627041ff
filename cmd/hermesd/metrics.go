package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/provision"
)

// metrics are the figures that /metrics shows in Prometheus' text format, by its own client
// library. Label values come from fixed lists, so that no client can add time series.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	logins    *prometheus.CounterVec
	phones    *prometheus.CounterVec
}

// newMetrics returns the metrics of a server. They can be shown when that has its store, its client
// and its root handler.
func newMetrics(s *server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hermes_requests_total", Help: "Requests to the API by node, response and cause; the node is empty where there is none.",
		}, []string{"node", "response", "cause"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hermes_request_duration_seconds", Help: "Time from the first byte of a request to the last of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"node"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hermes_logins_total", Help: "Logins by outcome: ok, failed, throttled or busy.",
		}, []string{"outcome"}),
		phones: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hermes_provisioning_total", Help: "Requests for the files of desk phones by outcome.",
		}, []string{"outcome"}),
	}
	for _, outcome := range []string{"ok", "failed", "throttled", "busy"} {
		m.logins.WithLabelValues(outcome) // 0 rather than nothing, so that the first one is an increase
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newBuildInfo(),
		m.requests, m.durations, m.logins, m.phones,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "hermes_requests_in_flight", Help: "Requests to the API and of desk phones that are being answered.",
		}, func() float64 { return float64(s.root.inFlight.count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "hermes_ready", Help: "1 if the server is ready as /readyz says it, else 0.",
		}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
			defer cancel()
			if s.root.checkReadiness(ctx) != "" {
				return 0
			}
			return 1
		}),
		newRecordCollector(s), stateCollector{server: s},
	)
	return m
}

// newBuildInfo returns the metric that says which program this is.
func newBuildInfo() prometheus.Collector {
	version, revision := buildVersion()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "hermes_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision},
	})
	build.Set(1)
	return build
}

// observe counts a request. It is [api.Options.Observe].
func (m *metrics) observe(o api.Outcome) {
	m.requests.WithLabelValues(o.Node, string(o.Response), string(o.Cause)).Inc()
	m.durations.WithLabelValues(o.Node).Observe(o.Duration.Seconds())
	if o.Node != "auth/login" {
		return
	}
	outcome := "failed"
	switch {
	case o.Response == hermes.OK:
		outcome = "ok"
	case o.Cause == hermes.Throttled:
		outcome = "throttled"
	case o.Cause == hermes.Busy:
		outcome = "busy"
	}
	m.logins.WithLabelValues(outcome).Inc()
}

// observePhone counts a request for the file of a phone. It is [provision.Options.Outcome].
func (m *metrics) observePhone(o provision.Outcome) { m.phones.WithLabelValues(string(o)).Inc() }

// handler serves /metrics.
func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2}))
	return mux
}

// openScrapes binds the address of the setting metrics-listen. It returns nil if that is empty.
func (c *config) openScrapes() (net.Listener, error) {
	if c.metricsListen == "" {
		return nil, nil
	}
	l, err := net.Listen(listenNetwork(c.metricsListen), c.metricsListen)
	if err != nil {
		return nil, c.settingErrorf("metrics-listen", "%s", err)
	}
	return l, nil
}

// serve serves /metrics until ctx ends.
func (m *metrics) serve(ctx context.Context, l net.Listener, log *slog.Logger) {
	server := &http.Server{
		Handler: m.handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: newErrorLog(log),
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		log.Error("metrics are not served any more", "error", err)
	}
}
