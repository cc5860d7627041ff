package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// The goals of the process.
const (
	newStart      = 120 * time.Millisecond
	laterStart    = 40 * time.Millisecond
	idleMemory    = 20 << 20
	servedMemory  = 40 << 20
	programSize   = 25_000_000
	manyRequests  = 100_000
	quickRequests = 2000
)

func starts() benchmark {
	return benchmark{
		name:  "start",
		about: "the start of hermesd with an embedded database, to its first answer",
		rows: []row{
			{number: "16", what: "start of hermesd to its first answer, new", unit: inSeconds, goal: within(newStart)},
			{number: "16", what: "start of hermesd to its first answer, again", unit: inSeconds, goal: within(laterStart)},
		},
		open: func(ctx context.Context, b *bench) (measure, error) {
			if _, err := b.build(ctx); err != nil {
				return nil, err
			}
			return func(ctx context.Context) (samples []sample, err error) {
				in, err := b.newInstallation(ctx, "")
				if err != nil {
					return nil, err
				}
				for range 2 {
					took, err := in.timeStart(ctx)
					if err != nil {
						return nil, err
					}
					samples = append(samples, sample{hermes: took.Seconds()})
				}
				return samples, nil
			}, nil
		},
	}
}

// timeStart starts hermesd, measures the time to the first answer of /healthz, and stops it.
func (in *installation) timeStart(ctx context.Context) (time.Duration, error) {
	addr, err := testserver.FreePorts(1)
	if err != nil {
		return 0, err
	}
	cmd := in.bench.folder.Command(in.program, "--listen", addr.String())
	cmd.Env = append(cmd.Env, in.env()...)
	log := in.bench.folder.Join(in.bench.newName("log"))
	start := time.Now()
	p, err := in.bench.folder.Start(cmd, log)
	if err != nil {
		return 0, err
	}
	defer p.Stop(syscall.SIGTERM)
	for {
		res, err := http.Get("http://" + addr.String() + "/healthz")
		if err == nil {
			_ = res.Body.Close()
			return time.Since(start), nil
		}
		select {
		case <-time.After(200 * time.Microsecond):
		case <-p.Exited():
			return 0, fmt.Errorf("hermesd ended at its start: %s", testserver.LogTail(log))
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func size() benchmark {
	return benchmark{
		name:  "size",
		about: "the memory of hermesd on PostgreSQL, and the size of the program",
		rows: []row{
			{number: "21", what: "resident memory of hermesd, idle", unit: inBytes, goal: atMost(idleMemory)},
			{number: "21", what: "resident memory of hermesd after 100,000 requests", unit: inBytes, goal: atMost(servedMemory)},
			{number: "21", what: "hermesd, stripped", unit: inBytes, goal: atMost(programSize)},
		},
		open: func(ctx context.Context, b *bench) (measure, error) {
			if _, err := b.filled(ctx, b.rows, bytewise); err != nil {
				return nil, err
			}
			return func(ctx context.Context) ([]sample, error) {
				mark := len(b.cleanups)
				defer b.unwind(mark)
				return b.measureSize(ctx)
			}, nil
		},
	}
}

func (b *bench) measureSize(ctx context.Context) ([]sample, error) {
	d, err := b.filled(ctx, b.rows, bytewise)
	if err != nil {
		return nil, err
	}
	in, err := b.installed(ctx, d)
	if err != nil {
		return nil, err
	}
	s, err := in.start(ctx)
	if err != nil {
		return nil, err
	}
	idle, err := s.rss()
	if err != nil {
		return nil, err
	}
	admin, err := s.login(ctx, adminAddress, adminUser, adminPassword)
	if err != nil {
		return nil, err
	}
	spec, err := admin.loadOf(connections, 0, userTargets(admin, b.rows)...)
	if err != nil {
		return nil, err
	}
	spec.Requests = manyRequests
	if b.quick {
		spec.Requests = quickRequests
	}
	if _, err := b.load(ctx, spec); err != nil {
		return nil, err
	}
	served, err := s.rss()
	if err != nil {
		return nil, err
	}
	program, err := os.Stat(in.program)
	if err != nil {
		return nil, err
	}
	return []sample{{hermes: float64(idle)}, {hermes: float64(served)}, {hermes: float64(program.Size())}}, nil
}
