package main

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

func TestBenchmarks(t *testing.T) {
	names := map[string]bool{}
	for _, bm := range benchmarks() {
		if names[bm.name] || bm.name == "" || bm.about == "" || len(bm.rows) == 0 {
			t.Errorf("benchmark %q: want a name of its own, a description and rows", bm.name)
		}
		names[bm.name] = true
	}
	selected, err := selectBenchmarks([]string{"http", "userget"})
	if err != nil || len(selected) != 2 || selected[0].name != "http" {
		t.Errorf("selected %v, %v; want http and userget", selected, err)
	}
	if _, err := selectBenchmarks([]string{"http", "nothing"}); err == nil {
		t.Error("selected a benchmark that does not exist")
	}
}

func TestSummarize(t *testing.T) {
	bm := benchmark{name: "b", rows: []row{
		{what: "rate", floor: "a floor", unit: perSecond, goal: atLeast(0.5)},
		{what: "time", unit: inSeconds, goal: within(time.Second)},
	}}
	results, err := summarize(bm, [][]sample{
		{{floor: 100, hermes: 60}, {hermes: 2, note: "first"}},
		{{floor: 10, hermes: 9}, {hermes: 3, note: "last"}},
		{{floor: 1000, hermes: 100}, {hermes: 1, memory: memory{bytes: 5, measured: true}, note: "last"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; r.floor != 100 || r.hermes != 60 || r.ratio != 0.6 || !r.met() {
		t.Errorf("%+v, want the medians of figures and of ratios", r)
	}
	if r := results[1]; r.hermes != 2 || r.met() || r.note != "last" || r.memory.bytes != 5 {
		t.Errorf("%+v, want the median, a missed goal, the last note and the most memory", r)
	}
	for _, s := range []sample{{floor: 0, hermes: 1}, {floor: 1, hermes: 0}, {floor: 1, hermes: math.NaN()}, {floor: math.Inf(1), hermes: 1}} {
		if _, err := summarize(bm, [][]sample{{s, {hermes: 1}}}); err == nil {
			t.Errorf("no error for %+v, which has no figure", s)
		}
	}
}

func TestGoal(t *testing.T) {
	for _, c := range []struct {
		goal  goal
		value float64
		want  bool
	}{
		{atLeast(1), 1, true},
		{atLeast(1), 0.99, false},
		{atMost(0), 0, true},
		{atMost(0), 1, false},
		{within(time.Millisecond), 0.0011, false},
		{noGoal(), 1e9, true},
	} {
		if got := c.goal.met(c.value); got != c.want {
			t.Errorf("%+v met by %v: %v, want %v", c.goal, c.value, got, c.want)
		}
	}
}

func testReport() report {
	return report{
		rows: 1000, rounds: 3, machine: "2 cores",
		results: []result{
			{row: row{number: "1", what: "work", floor: "a | floor", unit: perSecond, goal: atLeast(0.95)}, floor: 20_000, hermes: 18_000, ratio: 0.9},
			{row: row{what: "other work", unit: inSeconds, goal: within(time.Second)}, hermes: 0.0123, note: "slowest 1 s"},
		},
		growth: []curve{
			{engine: "PostgreSQL", call: "read", rows: []int{10, 100}, times: []float64{1e-4, 2e-4}},
			{engine: "SQLite", call: "read", rows: []int{10, 100}, times: []float64{1e-5, 2e-3}},
		},
	}
}

func TestReport(t *testing.T) {
	text := testReport().markdown()
	for _, want := range []string{
		`| 1 | work | a \| floor | 20,000 /s | 18,000 /s | 0.90 | ≥ 0.95 | NO |`,
		"|  | other work | – |  | 12.3 ms |  | ≤ 1 s | yes |",
		"other work: slowest 1 s",
		"growth.svg",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if host, err := os.Hostname(); err == nil && strings.Contains(text, host) {
		t.Error("the report has the name of this machine")
	}
}

func TestPlot(t *testing.T) {
	var b strings.Builder
	if err := plot(&b, testReport().growth); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(strings.NewReader(b.String()))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
	}
	// Ten times the rows take twice as long: 0.3 of a decade, of the three that are shown.
	for _, want := range []string{">PostgreSQL<", ">SQLite<", "read ×2", "read ×200", `d="M64 240L364 210"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the plot lacks %q:\n%s", want, b.String())
		}
	}
}

func TestEntries(t *testing.T) {
	const list = `{"list":[{"alias":"a0000001@x","destination":"a"},{"alias":"a0000003@x"}],"response":"ok"}`
	odd := func(i int) bool { return i%2 == 1 }
	for _, c := range []struct {
		list string
		n    int
		want int
		why  string
	}{
		{list, 4, 0, "both are there"},
		{list, 6, 1, "5 is missing"},
		{strings.Replace(list, "0000003", "0000002", 1), 4, 2, "2 is there instead of 3"},
		{strings.Replace(list, "0000003", "0000001", 1), 4, 2, "1 is there twice, and 3 is missing"},
		{`{"list":[],"response":"ok"}`, 4, 2, "both are missing"},
	} {
		e := &entries{key: `"alias":"a`, n: c.n, filter: odd}
		end, err := e.read(bufio.NewReader(strings.NewReader(c.list)))
		if err != nil || !strings.Contains(end, `"response":"ok"`) {
			t.Errorf("%s: end is %q, %v", c.why, end, err)
		}
		if got := e.close(); got != c.want {
			t.Errorf("%d entries are wrong, want %d: %s", got, c.want, c.why)
		}
	}
}

func TestLoadConn(t *testing.T) {
	for _, c := range []struct{ answer, want, err string }{
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello", ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbye", "", "bye"},
		{"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nhello", "", "503"},
	} {
		near, far := net.Pipe()
		go func() {
			_, _ = bufio.NewReader(far).ReadSlice('\n')
			go func() { _, _ = io.Copy(io.Discard, far) }()
			_, _ = io.WriteString(far, c.answer)
		}()
		conn := &loadConn{Conn: near, r: bufio.NewReader(near), want: []byte("hello")}
		err := conn.call(newHTTPRequest("/x", "a=b"))
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || err == nil && string(conn.body) != c.want {
			t.Errorf("%q: body %q, error %v", c.answer, conn.body, err)
		}
		_ = near.Close()
		_ = far.Close()
	}
}
