package main

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	// recordsFor is how long counted records are shown before they are counted again: on large tables
	// that takes some tenths of a second.
	recordsFor    = time.Minute
	recordTimeout = 10 * time.Second
)

// recordCollector shows how many records there are. Nothing is shown where they cannot be counted.
type recordCollector struct {
	server *server

	mu      sync.Mutex
	counted time.Time
	metrics []prometheus.Metric
}

func newRecordCollector(s *server) *recordCollector { return &recordCollector{server: s} }

var (
	usersDesc    = prometheus.NewDesc("hermes_users", "Users by type.", []string{"type"}, nil)
	phonesDesc   = prometheus.NewDesc("hermes_phones", "Desk phones that have users.", nil, nil)
	aliasesDesc  = prometheus.NewDesc("hermes_aliases", "Aliases.", nil, nil)
	sessionsDesc = prometheus.NewDesc("hermes_sessions", "Sessions that have not ended.", nil, nil)
	unsealedDesc = prometheus.NewDesc("hermes_audit_unsealed", "Entries of the audit trail without a seal.", nil, nil)
	numbersDesc  = prometheus.NewDesc("hermes_numbers", "Numbers by state: free, held and cooling are those of the pool.",
		[]string{"state"}, nil)
	freeDesc = prometheus.NewDesc("hermes_numbers_free", "Free numbers under a prefix of the setting number-low-water.",
		[]string{"prefix"}, nil)
	markDesc = prometheus.NewDesc("hermes_numbers_low_water", "The mark of that prefix: fewer free numbers are a warning.",
		[]string{"prefix"}, nil)
)

// Describe implements [prometheus.Collector].
func (c *recordCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		usersDesc, phonesDesc, aliasesDesc, sessionsDesc, unsealedDesc, numbersDesc, freeDesc, markDesc,
	} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *recordCollector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.counted) >= recordsFor {
		ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
		defer cancel()
		var err error
		if c.metrics, err = c.count(ctx); err != nil {
			c.server.log.Warn("records could not be counted for the metrics", "error", withStoreError(err))
		}
		c.counted = now
	}
	for _, m := range c.metrics {
		to <- m
	}
}

func (c *recordCollector) count(ctx context.Context) (all []prometheus.Metric, err error) {
	add := func(d *prometheus.Desc, n int64, labels ...string) {
		all = append(all, gauge(d, float64(n), labels...))
	}
	n, err := c.server.client.Counts(ctx)
	if err != nil {
		return nil, err
	}
	add(usersDesc, n.LocalUsers, string(hermes.Local))
	add(usersDesc, n.RemoteUsers, string(hermes.Remote))
	add(phonesDesc, n.Phones)
	add(aliasesDesc, n.Aliases)
	add(sessionsDesc, n.Sessions)
	add(unsealedDesc, n.UnsealedEntries)
	numbers, err := c.server.client.NumberStats(ctx, hermes.NumberStatsRequest{})
	if err != nil {
		return nil, err
	}
	add(numbersDesc, numbers.Free, "free")
	add(numbersDesc, numbers.Held, "held")
	add(numbersDesc, numbers.Cooling, "cooling")
	add(numbersDesc, numbers.Assigned, "assigned")
	for _, mark := range c.server.config.numberLowWater {
		under, err := c.server.client.NumberStats(ctx, hermes.NumberStatsRequest{Search: mark.Pattern()})
		if err != nil {
			return nil, err
		}
		add(freeDesc, under.Free, mark.Prefix)
		add(markDesc, int64(mark.Count), mark.Prefix)
	}
	return all, nil
}
