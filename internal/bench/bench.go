package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// bench is a run of the program: what its benchmarks share.
type bench struct {
	options
	key    hermes.SecretKey
	folder *testserver.Folder // has the programs, keys, logs and embedded databases
	round  int

	postgres  *pgtest.Cluster     // nil until the first use
	databases map[string]database // that are filled, by rows and collation
	files     map[int]string      // embedded databases that are filled, by rows
	names     int                 // of databases and files that were made
	hermesd   string
	growth    []curve // what the growth benchmark measured

	cleanups []func()
}

// newBench makes the folder. The caller must call close.
func newBench(o options) (*bench, error) {
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	folder, err := testserver.NewFolder("hermes-bench-", syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	return &bench{options: o, key: key, folder: folder, databases: map[string]database{}, files: map[int]string{}}, nil
}

// close stops everything that is still running and removes what was made.
func (b *bench) close() error {
	b.unwind(0)
	var err error
	if b.postgres != nil {
		err = b.postgres.Remove()
	}
	return errors.Join(err, b.folder.Remove())
}

// onClose calls f after the benchmark that is running, before what was given earlier.
func (b *bench) onClose(f func()) { b.cleanups = append(b.cleanups, f) }

func (b *bench) unwind(to int) {
	for len(b.cleanups) > to {
		f := b.cleanups[len(b.cleanups)-1]
		b.cleanups = b.cleanups[:len(b.cleanups)-1]
		f()
	}
}

// run opens a benchmark, measures its rounds and closes it.
func (b *bench) run(ctx context.Context, bm benchmark) (_ []result, err error) {
	mark := len(b.cleanups)
	defer b.unwind(mark)
	measure, err := bm.open(ctx, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", bm.name, err)
	}
	count := b.rounds
	if bm.once {
		count = 1
	}
	var rounds [][]sample
	for b.round = range count {
		// What earlier benchmarks left behind is not to be collected during this one.
		debug.FreeOSMemory()
		samples, err := measure(ctx)
		if err == nil && len(samples) != len(bm.rows) {
			err = fmt.Errorf("%d samples for %d rows", len(samples), len(bm.rows))
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, fmt.Errorf("%s: %w", bm.name, err)
		}
		rounds = append(rounds, samples)
	}
	return summarize(bm, rounds)
}

// slice is how long one figure is measured.
func (b *bench) slice() time.Duration {
	if b.quick {
		return 150 * time.Millisecond
	}
	return 3 * time.Second
}

// both measures the floor and Hermes, in turn first, so that neither always has the warmer caches.
func (b *bench) both(floor, hermes func() (sample, error)) (s sample, err error) {
	var f, h sample
	first, second := func() { f, err = floor() }, func() { h, err = hermes() }
	if b.round%2 == 1 {
		first, second = second, first
	}
	if first(); err != nil {
		return s, err
	}
	if second(); err != nil {
		return s, err
	}
	h.floor = f.hermes
	return h, nil
}

// figure makes a function for both of one that returns no memory.
func figure(f func() (float64, error)) func() (sample, error) {
	return func() (s sample, err error) {
		s.hermes, err = f()
		return s, err
	}
}

// load is what concurrent callers measured.
type load struct {
	calls   int
	elapsed time.Duration
	times   durations
	memory  memory // allocated by a call, in this process
}

func (l load) rate() float64 { return float64(l.calls) / l.elapsed.Seconds() }

func (l load) sample() sample { return sample{hermes: l.rate(), memory: l.memory} }

// hammer calls f from n goroutines for the duration. Each goroutine calls it at least once, and no
// call is cut short.
func hammer(ctx context.Context, n int, duration time.Duration, f func(ctx context.Context, worker int) error) (load, error) {
	start := time.Now()
	return workers(ctx, n, func(int) bool { return time.Since(start) < duration }, f)
}

// repeat calls f from n goroutines, the given number of times each.
func repeat(ctx context.Context, n, times int, f func(ctx context.Context, worker int) error) (load, error) {
	return workers(ctx, n, func(calls int) bool { return calls < times }, f)
}

// workers calls f from n goroutines while more returns true for the number of calls that the
// goroutine has made.
func workers(ctx context.Context, n int, more func(calls int) bool, f func(ctx context.Context, worker int) error) (l load, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var running sync.WaitGroup
	allocated := allocatedBytes()
	start := time.Now()
	for worker := range n {
		running.Go(func() {
			var times durations
			for last := start; (len(times) == 0 || more(len(times))) && ctx.Err() == nil; {
				if err := f(ctx, worker); err != nil {
					cancel(err)
					return
				}
				now := time.Now()
				times = append(times, now.Sub(last))
				last = now
			}
			mu.Lock()
			defer mu.Unlock()
			l.times = append(l.times, times...)
		})
	}
	running.Wait()
	l.elapsed, l.calls = time.Since(start), len(l.times)
	if err := context.Cause(ctx); err != nil {
		return l, err
	}
	l.memory = memory{bytes: float64(allocatedBytes()-allocated) / float64(max(1, l.calls)), perCall: true, measured: true}
	return l, nil
}

// during calls beside, one call after the other, until f has returned.
func during(ctx context.Context, beside func(context.Context) error, f func() error) error {
	var done atomic.Bool
	var besideErr error
	var running sync.WaitGroup
	running.Go(func() {
		for !done.Load() && besideErr == nil {
			besideErr = beside(ctx)
		}
	})
	err := f()
	done.Store(true)
	running.Wait()
	return errors.Join(err, besideErr)
}

func allocatedBytes() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// timed returns the median time of calls of f, of which there are at least three, and as many as
// fit into a third of the slice.
func (b *bench) timed(ctx context.Context, f func() error) (sample, error) {
	l, err := workers(ctx, 1, func(calls int) bool { return calls < 3 }, func(context.Context, int) error { return f() })
	if err != nil || l.elapsed >= b.slice()/3 {
		return sample{hermes: l.times.quantile(0.5).Seconds(), memory: l.memory}, err
	}
	l, err = hammer(ctx, 1, b.slice()/3-l.elapsed, func(context.Context, int) error { return f() })
	return sample{hermes: l.times.quantile(0.5).Seconds(), memory: l.memory}, err
}

// child is a program that was started and has said where it listens.
type child struct {
	process *testserver.Process
	url     string
	log     string // a file
}

// host returns host:port of the URL.
func (c *child) host() string {
	_, host, _ := strings.Cut(c.url, "://")
	return host
}

// start starts a program and waits until it has written a line that begins with prefix; the rest of
// that line is its URL. The program is stopped after the benchmark.
func (b *bench) start(ctx context.Context, cmd *exec.Cmd, prefix string) (*child, error) {
	log := b.folder.Join(b.newName("log"))
	p, err := b.folder.Start(cmd, log)
	if err != nil {
		return nil, err
	}
	b.onClose(func() { p.Stop(syscall.SIGTERM) })
	c := &child{process: p, log: log}
	err = p.WaitReady(time.Minute, func(context.Context) (bool, error) {
		for line := range strings.Lines(testserver.ReadLog(log)) {
			if url, ok := strings.CutPrefix(line, prefix); ok && strings.HasSuffix(url, "\n") {
				c.url = strings.TrimSpace(url)
				return true, nil
			}
		}
		return ctx.Err() != nil, ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, testserver.LogTail(log))
	}
	return c, nil
}

// newName returns a name that no other database or file of this run has.
func (b *bench) newName(prefix string) string {
	b.names++
	return fmt.Sprintf("%s_%d", prefix, b.names)
}

// self returns a command that runs this program as one of its helpers; see [helpers].
func (b *bench) self(args ...string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return b.folder.Command(program, args...), nil
}

// build builds hermesd as a release is, at the first call, and returns its path.
func (b *bench) build(ctx context.Context) (string, error) {
	if b.hermesd != "" {
		return b.hermesd, nil
	}
	path := b.folder.Join("hermesd")
	args := []string{"build", "-o", path, "-ldflags=-s -w"}
	if !b.quick {
		// Everything would be compiled once more.
		args = append(args, "-trimpath")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "github.com/hermes-voip/go-hermes/cmd/hermesd")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build hermesd: %w\n%s", err, out)
	}
	b.hermesd = path
	return path, nil
}
