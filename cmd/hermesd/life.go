package main

import (
	"context"
	"sync"
	"time"
)

const (
	drainTime  = 20 * time.Second // for requests that run when hermesd is told to stop
	sweepEvery = time.Minute
)

// run serves until ctx ends, and then answers what runs.
func (s *server) run(ctx context.Context) error {
	background, cancel := context.WithCancel(context.Background())
	var workers sync.WaitGroup
	workers.Go(func() { s.sweep(background) })
	if s.contacts != nil {
		workers.Go(func() { s.contacts.run(background) })
	}
	defer func() {
		cancel()
		workers.Wait()
	}()
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.door.listener) }()
	for {
		select {
		case err := <-served:
			return err
		case <-s.hangup:
			s.reload()
		case <-ctx.Done():
			s.release() // before the log says that it stops: who reads that may send the second signal
			s.drain()
			return nil
		}
	}
}

// reload is what SIGHUP asks for.
func (s *server) reload() {
	if s.door.certificate == nil {
		s.log.Info("SIGHUP: there is no certificate to read again")
		return
	}
	if err := s.door.certificate.reload(); err != nil {
		s.log.Error("SIGHUP: the certificate of before stays", "error", err)
		return
	}
	s.log.Info("SIGHUP: certificate read again")
}

// drain refuses what is new, while /readyz tells why, until what runs has been answered.
func (s *server) drain() {
	s.api.Drain()
	idle := s.front.requests.drain()
	s.log.Info("stopping")
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	select {
	case <-idle:
	case <-ctx.Done():
	}
	if err := s.http.Shutdown(ctx); err != nil {
		s.log.Warn("requests were cut off", "after", drainTime, "error", err)
		s.http.Close()
	}
}

// sweep removes ended sessions now and then.
func (s *server) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n, err := s.client.SweepSessions(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("ended sessions could not be removed", "error", toldError(err))
		} else if n > 0 {
			s.log.Debug("ended sessions removed", "count", n)
		}
	}
}
