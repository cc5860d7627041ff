package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// loadSpec says what the helper "load" does. It is the same program for Hermes and for the floor,
// a process of its own, and does as little as it can for a request, as both share the processors
// with it.
type loadSpec struct {
	Hosts       []string // host:port, which the connections are spread over
	Connections int      // each sends its next request when it has the answer
	Duration    time.Duration
	Requests    int      // if not 0, how many are sent, instead of the duration
	Targets     []string // paths with their queries, of which each request takes one at random
	Cookie      string   // as sent
	Want        string   // a part of the body of each answer
}

// loadResult is what the helpers "load" and "phones" print.
type loadResult struct {
	Calls   int
	Elapsed time.Duration
	Worst   time.Duration // the slowest answer
	P99     time.Duration // the 99th percentile
}

func (r loadResult) rate() float64 { return float64(r.Calls) / r.Elapsed.Seconds() }

// load runs the helper "load" to its end.
func (b *bench) load(ctx context.Context, spec loadSpec) (r loadResult, err error) {
	err = b.ask(ctx, "load", spec, &r)
	return r, err
}

// ask runs a helper that reads spec and writes a result, both in JSON, to its end.
func (b *bench) ask(ctx context.Context, helper string, spec, result any) error {
	cmd, err := b.self(helper)
	if err != nil {
		return err
	}
	in, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	var out, log bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &log
	if err := runCommand(ctx, cmd); err != nil {
		return fmt.Errorf("%s: %w: %s", helper, err, log.String())
	}
	return json.Unmarshal(out.Bytes(), result)
}

// runLoad is the helper "load": it reads a loadSpec and writes a loadResult.
func runLoad(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	var spec loadSpec
	if err := json.NewDecoder(stdin).Decode(&spec); err != nil {
		return err
	}
	var requests []httpRequest
	for _, target := range spec.Targets {
		requests = append(requests, newHTTPRequest(target, spec.Cookie))
	}
	var conns []*loadConn
	for i := range spec.Connections {
		c, err := dialLoad(spec.Hosts[i%len(spec.Hosts)], spec.Want)
		if err != nil {
			return err
		}
		defer c.Close()
		conns = append(conns, c)
	}
	var sent atomic.Int64
	start := time.Now()
	l, err := workers(ctx, len(conns), func(int) bool {
		if spec.Requests > 0 {
			return sent.Load() < int64(spec.Requests)
		}
		return time.Since(start) < spec.Duration
	}, func(_ context.Context, worker int) error {
		sent.Add(1)
		return conns[worker].call(requests[rand.IntN(len(requests))])
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(loadResult{Calls: l.calls, Elapsed: l.elapsed, Worst: l.times.quantile(1), P99: l.times.quantile(0.99)})
}

// httpRequest is a request as it is sent.
type httpRequest []byte

func newHTTPRequest(target, cookie string) httpRequest {
	text := "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	if cookie != "" {
		text += "Cookie: " + cookie + "\r\n"
	}
	return httpRequest(text + "\r\n")
}

// loadConn is a connection that stays open.
type loadConn struct {
	net.Conn
	r    *bufio.Reader
	want []byte
	body []byte // of the last answer
}

func dialLoad(host, want string) (*loadConn, error) {
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return nil, err
	}
	return &loadConn{Conn: conn, r: bufio.NewReaderSize(conn, 64<<10), want: []byte(want)}, nil
}

// callTimeout is how long an answer may take.
const callTimeout = time.Minute

// call sends a request and reads the answer, of which the status must be 200.
func (c *loadConn) call(r httpRequest) error {
	if err := c.SetDeadline(time.Now().Add(callTimeout)); err != nil {
		return err
	}
	if _, err := c.Write(r); err != nil {
		return err
	}
	status, err := c.r.ReadSlice('\n')
	if err != nil {
		return err
	}
	good := bytes.HasPrefix(status, []byte("HTTP/1.1 200 "))
	text := string(status)
	length, chunked, err := c.readHeader()
	if err != nil {
		return err
	}
	c.body = c.body[:0]
	if chunked {
		err = c.readChunks()
	} else {
		err = c.readBody(length)
	}
	if err == nil && (!good || !bytes.Contains(c.body, c.want)) {
		err = fmt.Errorf("answer %s: %.300s", strings.TrimSpace(text), c.body)
	}
	return err
}

// readHeader returns the two headers that say how long the body is.
func (c *loadConn) readHeader() (length int, chunked bool, err error) {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil || len(bytes.TrimSpace(line)) == 0 {
			return length, chunked, err
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return 0, false, err
			}
		}
		chunked = chunked || bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked"))
	}
}

// readBody appends n bytes to the body.
func (c *loadConn) readBody(n int) error {
	from := len(c.body)
	if need := from + n; cap(c.body) < need {
		c.body = append(make([]byte, 0, 2*need), c.body...)
	}
	c.body = c.body[:from+n]
	_, err := io.ReadFull(c.r, c.body[from:])
	return err
}

func (c *loadConn) readChunks() error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		if err := c.readBody(int(n)); err != nil {
			return err
		}
		if _, err := c.r.Discard(len("\r\n")); err != nil || n == 0 {
			return err
		}
	}
}

// target returns the path and the query of a call with the session of the client. The parameters
// are names and values in turn.
func (c *client) target(node string, parameters ...string) string {
	form := c.form(parameters)
	return "/api/" + node + "?" + form.Encode()
}

// loadOf returns a spec for requests of the client's session.
func (c *client) loadOf(connections int, duration time.Duration, targets ...string) (loadSpec, error) {
	u, err := url.Parse(c.url)
	spec := loadSpec{Connections: connections, Duration: duration, Targets: targets, Want: `"response":"ok"`}
	if err != nil {
		return spec, err
	}
	spec.Hosts = []string{u.Host}
	if c.cookie != nil {
		spec.Cookie = c.cookie.Name + "=" + c.cookie.Value
	}
	return spec, nil
}
