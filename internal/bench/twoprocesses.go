package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// twoPool is how many numbers two processes claim.
const (
	twoPool      = 100_000
	quickTwoPool = 1000
)

func twoProcesses() benchmark {
	return benchmark{
		name:  "two",
		about: "two hermesd over one PostgreSQL beside one",
		rows: []row{{
			what: "user/get over HTTP, 64 connections, two processes", floor: "one process", unit: perSecond, goal: atLeast(1),
		}},
		open: func(ctx context.Context, b *bench) (measure, error) {
			s, admin, err := b.startFilled(ctx)
			if err != nil {
				return nil, err
			}
			other, err := s.installation.start(ctx)
			if err != nil {
				return nil, err
			}
			one, err := admin.loadOf(connections, b.slice(), userTargets(admin, b.rows)...)
			if err != nil {
				return nil, err
			}
			two := one
			two.Hosts = []string{s.host(), other.host()}
			return func(ctx context.Context) ([]sample, error) {
				out, err := b.both(b.httpLoad(ctx, s, one), b.httpLoad(ctx, s, two))
				return []sample{out}, err
			}, nil
		},
	}
}

func twoClaim() benchmark {
	return benchmark{
		name:  "twoclaim",
		about: "32 clients of two hermesd over one PostgreSQL claim a pool of 100,000 until it is empty",
		rows: []row{{
			what: "32 clients of two processes claim a pool until it is empty: numbers given twice or never", unit: plain, goal: atMost(0),
		}},
		once: true,
		open: func(ctx context.Context, b *bench) (measure, error) {
			d, err := b.filledCopy(ctx, b.rows)
			if err != nil {
				return nil, err
			}
			pool := min(twoPool, b.rows)
			if b.quick {
				pool = quickTwoPool
			}
			if err := execSQL(ctx, d.url, fmt.Sprintf("DELETE FROM hermes.numbers WHERE number >= '%s'", poolNumber(pool)),
				"VACUUM ANALYZE hermes.numbers"); err != nil {
				return nil, err
			}
			s, admin, err := b.startOver(ctx, d)
			if err != nil {
				return nil, err
			}
			other, err := s.installation.start(ctx)
			if err != nil {
				return nil, err
			}
			second := *admin
			second.url = other.url
			return func(ctx context.Context) ([]sample, error) {
				s, err := claimAll(ctx, []*client{admin, &second}, pool)
				if err != nil {
					return nil, err
				}
				return []sample{s}, numbersLeft(ctx, d)
			}, nil
		},
	}
}

// claimAll claims numbers, from both servers at once, until they say that there is none left.
func claimAll(ctx context.Context, clients []*client, pool int) (sample, error) {
	given := make([]map[string]int, claimers)
	start := time.Now()
	_, err := repeat(ctx, claimers, 1, func(ctx context.Context, worker int) error {
		given[worker] = map[string]int{}
		for {
			a, err := clients[worker%len(clients)].call(ctx, "number/claim")
			switch {
			case err != nil:
				return err
			case a.class() == "failed/empty":
				return nil
			case a.class() != "ok":
				return fmt.Errorf("number/claim: answered %s: %s", a.class(), a.text("detail"))
			}
			given[worker][a.text("number")]++
		}
	})
	took := time.Since(start)
	all := map[string]int{}
	for _, numbers := range given {
		for number, times := range numbers {
			all[number] += times
		}
	}
	wrong := 0
	for i := range pool {
		if all[poolNumber(i).String()] != 1 {
			wrong++
		}
	}
	if len(all) > pool {
		wrong += len(all) - pool
	}
	return sample{hermes: float64(wrong), note: fmt.Sprintf("%d numbers in %s, %.0f a second", len(all),
		took.Round(10*time.Millisecond), float64(len(all))/took.Seconds())}, err
}

// numbersLeft returns an error if the pool is not empty.
func numbersLeft(ctx context.Context, d database) error {
	conn, err := pgx.Connect(ctx, d.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	left := 0
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM hermes.numbers").Scan(&left); err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("the pool was said to be empty, and has %d numbers", left)
	}
	return nil
}
