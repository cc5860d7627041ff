package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hermes-voip/go-hermes/hermes/postgres"
)

// stateCollector shows what the parts of a server know about themselves at the time of a scrape:
// the connections to the database, the certificate and the audit trail.
type stateCollector struct{ server *server }

var (
	connectionsDesc = prometheus.NewDesc("hermes_db_connections",
		"Connections to the database by pool and state: in_use or idle.", []string{"pool", "state"}, nil)
	mostConnectionsDesc = prometheus.NewDesc("hermes_db_connections_max",
		"The greatest number of connections of a pool.", []string{"pool"}, nil)
	waitsDesc = prometheus.NewDesc("hermes_db_waits_total",
		"Statements and transactions that waited for a connection of the pool.", []string{"pool"}, nil)
	waitSecondsDesc = prometheus.NewDesc("hermes_db_wait_seconds_total",
		"For how long they waited, in all.", []string{"pool"}, nil)
	retriesDesc = prometheus.NewDesc("hermes_db_retries_total",
		"Transactions that were run again, by reason: conflict, connection or plan.", []string{"reason"}, nil)
	failuresDesc = prometheus.NewDesc("hermes_db_errors_total",
		"Statements that failed, by the class of the SQLSTATE, or SQLite's result code; "+
			"some of them, such as those of transactions that are run again, are part of the work.", []string{"class"}, nil)
	certificateDesc = prometheus.NewDesc("hermes_certificate_not_after_timestamp_seconds",
		"When the certificate of tls-cert, or an earlier one of its chain, ends.", nil, nil)
	auditBrokenDesc = prometheus.NewDesc("hermes_audit_broken",
		"1 if an entry or a seal of the audit trail does not fit, as hermesd audit verify says it, else 0.", nil, nil)
	auditSealedDesc = prometheus.NewDesc("hermes_audit_sealed_timestamp_seconds",
		"When every entry of the audit trail was last found or made to have a seal.", nil, nil)
	auditVerifiedDesc = prometheus.NewDesc("hermes_audit_verified_timestamp_seconds",
		"When the whole audit trail was last verified.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (c stateCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		connectionsDesc, mostConnectionsDesc, waitsDesc, waitSecondsDesc, retriesDesc, failuresDesc, certificateDesc,
		auditBrokenDesc, auditSealedDesc, auditVerifiedDesc,
	} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c stateCollector) Collect(to chan<- prometheus.Metric) {
	c.collectDatabase(to)
	if certificate := c.server.listener.certificate; certificate != nil {
		to <- gauge(certificateDesc, float64(certificate.end().Unix()))
	}
	c.server.audit.collect(to)
}

// collect shows what is known.
func (a *auditState) collect(to chan<- prometheus.Metric) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.sealed.IsZero() {
		to <- gauge(auditSealedDesc, float64(a.sealed.Unix()))
	}
	if !a.verified.IsZero() {
		to <- gauge(auditVerifiedDesc, float64(a.verified.Unix()))
	}
	switch {
	case a.unfit || a.unsealable:
		to <- gauge(auditBrokenDesc, 1)
	case !a.verified.IsZero():
		to <- gauge(auditBrokenDesc, 0)
	}
}

// collectDatabase shows the statistics of an SQL database. A store in memory has none.
func (c stateCollector) collectDatabase(to chan<- prometheus.Metric) {
	store := c.server.store.sql
	if store == nil {
		return
	}
	for name, pool := range store.Pools() {
		to <- gauge(connectionsDesc, float64(pool.InUse), name, "in_use")
		to <- gauge(connectionsDesc, float64(pool.Idle), name, "idle")
		to <- gauge(mostConnectionsDesc, float64(pool.MaxOpenConnections), name)
		to <- counter(waitsDesc, float64(pool.WaitCount), name)
		to <- counter(waitSecondsDesc, pool.WaitDuration.Seconds(), name)
	}
	for class, count := range store.Failures() {
		to <- counter(failuresDesc, float64(count), class)
	}
	if retrying, ok := store.(interface{ Retries() map[string]int64 }); ok {
		retries := retrying.Retries()
		for _, reason := range []string{postgres.RetryConflict, postgres.RetryConnection, postgres.RetryPlan} {
			to <- counter(retriesDesc, float64(retries[reason]), reason)
		}
	}
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}
