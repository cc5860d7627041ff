package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// TestServer_Metrics calls a server and reads what it counts.
func TestServer_Metrics(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	writeCertificate(t, certFile, keyFile, 1)
	p := startHermesd(t, nil, "--domain", "example.test", "--metrics-listen", "127.0.0.1:0",
		"--number-low-water", "+4773=5", "--tls-cert", certFile, "--tls-key", keyFile)
	p.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 20}}
	s := p.login(t, "admin", p.password())
	s.mustAddUsers(t)
	s.mustCall(t, "number/add_range", "start", "+4773500000", "end", "+4773500009")
	s.call(t, "user/get", "user", "nobody@example.test")
	p.get(t, "/prov/KEY/805ec0123456.cfg")
	testserver.WaitFor(t, "the audit trail to be verified", func() bool {
		return strings.Contains(p.mustScrape(t), "\nhermes_audit_verified_timestamp_seconds ")
	})
	text := p.mustScrape(t)
	for _, want := range []string{
		`hermes_requests_total{cause="nonexistant",node="user/get",response="failed"} 1`,
		`hermes_request_duration_seconds_count{node="user/get"} 1`,
		`hermes_logins_total{outcome="ok"} 1`,
		`hermes_logins_total{outcome="throttled"} 0`,
		`hermes_provisioning_total{outcome="wrong_key"} 1`,
		`hermes_numbers{state="free"} 10`,
		`hermes_numbers_free{prefix="+4773"} 10`,
		`hermes_numbers_low_water{prefix="+4773"} 5`,
		`hermes_users{type="remote"} 0`,
		`hermes_sessions 1`,
		`hermes_ready 1`,
		`hermes_requests_in_flight 0`,
		`hermes_db_connections_max{pool="write"} 1`,
		`hermes_certificate_not_after_timestamp_seconds `,
		`hermes_audit_sealed_timestamp_seconds `,
		`hermes_audit_broken 0`,
		`go_goroutines `,
		`process_resident_memory_bytes `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("want the line %q in\n%s", want, text)
		}
	}
	t.Run("promtool finds nothing to say", func(t *testing.T) {
		promtool(t, strings.NewReader(text), "check", "metrics")
	})
	t.Run("junk adds a bounded number of series", func(t *testing.T) { p.testJunk(t, s) })
}

// testJunk sends 10,000 requests that are made to add label values.
func (p *process) testJunk(t *testing.T, s *session) {
	const workers, each = 20, 500
	nodes := []string{"user/get", "no/node%d", "user/%d", "%d", "auth/login", "number/list"}
	var senders sync.WaitGroup
	for w := range workers {
		senders.Go(func() {
			for i := range each {
				n := w*each + i
				path := "/api/" + strings.ReplaceAll(nodes[n%len(nodes)], "%d", fmt.Sprint(n))
				if n%7 == 0 {
					path = fmt.Sprintf("/prov/K%d/80%010x.cfg", n, n)
				}
				req, err := http.NewRequest([]string{"GET", "POST", fmt.Sprintf("M%d", n)}[n%3],
					fmt.Sprintf("%s%s?user=u%d@example.test&p%d=1&session=%s", p.url, path, n, n, s.session), nil)
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("User-Agent", fmt.Sprint("junk ", n))
				res, err := p.http.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
	senders.Wait()
	series := 0
	for line := range strings.Lines(p.mustScrape(t)) {
		if strings.HasPrefix(line, "hermes_") && !strings.Contains(line, "_bucket{") {
			series++
		}
	}
	if series > 150 {
		t.Errorf("%d series after 10,000 requests:\n%s", series, p.mustScrape(t))
	}
}

// TestServer_Metrics_Postgres reads what only a PostgreSQL database has.
func TestServer_Metrics_Postgres(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	p := startHermesd(t, env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey}, "--migrate", "auto", "--metrics-listen", "127.0.0.1:0")
	p.waitReadyz(t, http.StatusServiceUnavailable, string(notBootstrapped))
	text := p.mustScrape(t)
	for _, want := range []string{
		`hermes_db_retries_total{reason="conflict"} `,
		`hermes_db_connections_max{pool="data"} 16`,
		`hermes_db_connections{pool="copies",state="idle"} 0`,
		`hermes_db_waits_total{pool="auth"} 0`,
		`hermes_ready 0`,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("want the line %q in\n%s", want, text)
		}
	}
	promtool(t, strings.NewReader(text), "check", "metrics")
}

// mustScrape returns the metrics of a process.
func (p *process) mustScrape(t *testing.T) string {
	t.Helper()
	url := strings.TrimPrefix(p.waitForLine(t, "hermesd: metrics on "), "hermesd: metrics on ")
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, res.Status, err)
	}
	return string(text)
}

// promtool wants the tool to succeed, and to say nothing if it reads metrics.
func promtool(t *testing.T, stdin io.Reader, args ...string) {
	t.Helper()
	cmd := exec.Command(testserver.RequireProgram(t, "promtool", "prometheus"), args...)
	cmd.Stdin = stdin
	if out, err := cmd.CombinedOutput(); err != nil || stdin != nil && len(out) > 0 {
		t.Errorf("promtool %q: %v\n%s", args, err, out)
	}
}

// TestDist_Rules has promtool check the alert rules and run their tests.
func TestDist_Rules(t *testing.T) {
	t.Parallel()
	promtool(t, nil, "check", "rules", filepath.Join("dist", "prometheus-rules.yaml"))
	promtool(t, nil, "test", "rules", filepath.Join("dist", "prometheus-rules_test.yaml"))
}

// TestDist_MetricNames looks up each metric that the dashboard and the alert rules name. The
// dashboard shows each metric of Hermes.
func TestDist_MetricNames(t *testing.T) {
	t.Parallel()
	exist := map[string]bool{}
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		newMetrics(&server{}).registry.Describe(descs)
	}()
	fqName := regexp.MustCompile(`fqName: "(\w+)"`)
	for d := range descs {
		exist[fqName.FindStringSubmatch(d.String())[1]] = true
	}
	shown := map[string]bool{}
	names := regexp.MustCompile(`\b(hermes|process|go)_\w+`)
	for _, file := range []string{"grafana.json", "prometheus-rules.yaml", "prometheus-rules_test.yaml"} {
		text, err := os.ReadFile(filepath.Join("dist", file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".json") && !json.Valid(text) {
			t.Errorf("%s is not JSON", file)
		}
		for _, name := range names.FindAllString(string(text), -1) {
			base := strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count")
			if !exist[name] && !exist[base] {
				t.Errorf("%s names %s, which hermesd does not have", file, name)
			}
			shown[name], shown[base] = true, true
		}
	}
	for name := range exist {
		if strings.HasPrefix(name, "hermes_") && !shown[name] {
			t.Errorf("neither the dashboard nor an alert has %s", name)
		}
	}
}
