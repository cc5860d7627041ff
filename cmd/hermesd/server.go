package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
)

const (
	drainTimeout  = 20 * time.Second // for the requests in flight when hermesd is stopped
	sweepInterval = time.Minute
)

// server is a hermesd that serves the API.
type server struct {
	config      *config
	log         *slog.Logger
	logs        *logBuffer // that log writes to
	listener    *listener
	store       *store
	client      *hermes.Client
	api         *api.Handler
	root        *rootHandler
	http        *http.Server
	metrics     *metrics     // nil without metrics-listen
	scrapes     net.Listener // of /metrics; nil without metrics-listen
	contacts    *contacts    // nil without kamailio-rpc
	backends    backendList
	phoneFiles  *phoneFiles
	startup     *startup // nil with an embedded database
	audit       auditState
	hangup      chan os.Signal // receives SIGHUP
	stopSignals func()         // restores the default effect of SIGTERM and SIGINT
	maxHashing  int            // Options.MaxHashing
}

// run serves until ctx ends, and then answers the requests in flight. started gets the result of
// the startup; it is nil if that has succeeded.
func (s *server) run(ctx context.Context, started <-chan error) error {
	background, cancel := context.WithCancel(context.Background())
	var workers sync.WaitGroup
	work := func() {
		workers.Go(func() { s.work(background, s.sweep) })
		workers.Go(func() { s.work(background, s.keepAudit) })
		if s.metrics != nil {
			workers.Go(func() { s.work(background, s.watchAudit) })
		}
		if len(s.config.numberLowWater) > 0 {
			workers.Go(func() { s.work(background, s.watchNumbers) })
		}
	}
	if started == nil {
		work()
	}
	if s.scrapes != nil {
		workers.Go(func() { s.work(background, func(ctx context.Context) { s.metrics.serve(ctx, s.scrapes, s.log) }) })
	}
	if s.contacts != nil {
		workers.Go(func() { s.work(background, s.contacts.run) })
	}
	if s.config.kamailioRPC != nil && s.config.db.kind == dbSQLite && len(s.config.domains) > 0 {
		workers.Go(func() { s.work(background, s.reloadDomains) })
	}
	defer func() {
		cancel()
		workers.Wait()
	}()
	watchdog := s.watchdog(background)
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	for {
		select {
		case err := <-served:
			return err
		case err := <-started:
			if started = nil; err != nil && ctx.Err() == nil {
				s.http.Close()
				return err
			}
			work()
			s.root.readiness.refresh(ctx)
		case <-s.hangup:
			s.reload()
		case <-watchdog:
			notifySystemd(s.log, daemon.SdNotifyWatchdog)
		case <-ctx.Done():
			// This comes before drain logs that the server stops, so that a second signal that is
			// sent after that line ends the process.
			s.stopSignals()
			s.drain()
			return nil
		}
	}
}

// work calls a function that works in a goroutine of its own. A panic of it ends the process, so
// the log is written before.
func (s *server) work(ctx context.Context, f func(context.Context)) {
	defer s.logs.flush()
	f(ctx)
}

// reloadDomains makes Kamailio load the domains that the start has written into the embedded
// database. A Kamailio that starts later loads them by itself.
func (s *server) reloadDomains(ctx context.Context) {
	if err := s.config.kamailioRPC.ReloadDomains(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("Kamailio did not load the domains of the settings: want kamcmd domain.reload if it runs", "error", err)
	}
}

// reload reads the certificate and the templates of phones' files again, after SIGHUP.
func (s *server) reload() {
	if s.listener.certificate == nil && s.phoneFiles.folder == "" {
		s.log.Info("SIGHUP: there is no certificate to read again, and no folder of templates")
	}
	if s.listener.certificate != nil {
		if err := s.listener.certificate.reload(); err != nil {
			s.log.Error("SIGHUP: the certificate could not be read; the previous one stays in use", "error", err)
		} else {
			s.log.Info("SIGHUP: certificate read again")
		}
	}
	if s.phoneFiles.folder != "" {
		if err := s.phoneFiles.reload(); err != nil {
			s.log.Error("SIGHUP: the templates of prov-templates are wrong; the previous ones stay in use", "error", err)
		} else {
			s.log.Info("SIGHUP: templates read again")
		}
	}
}

// drain waits up to drainTimeout for the requests in flight, and stops the HTTP server.
func (s *server) drain() {
	notifySystemd(s.log, daemon.SdNotifyStopping)
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	stop := s.refuse
	if s.config.inherited != nil {
		stop = s.handOver
	}
	select {
	case <-stop():
	case <-ctx.Done():
	}
	if err := s.http.Shutdown(ctx); err != nil {
		s.log.Warn("requests were cut off", "after", drainTimeout, "error", err)
		s.http.Close()
	}
}

// refuse refuses new requests. The channel is closed when those in flight have ended. The probes
// are answered until then.
func (s *server) refuse() <-chan struct{} {
	s.api.Drain()
	idle := s.root.inFlight.drain()
	s.log.Info("stopping")
	return idle
}

// handOver leaves new connections in the socket, which a service manager has, for the next hermesd.
// The channel is closed when those that were accepted before have ended, each after one more
// request. [http.Server.Shutdown] would close those whose request has not come yet.
func (s *server) handOver() <-chan struct{} {
	s.log.Info("stopping")
	closed := s.listener.limiter.finish()
	s.http.SetKeepAlivesEnabled(false)
	return closed
}

// sweep removes ended sessions once per sweepInterval, until ctx ends.
func (s *server) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.sweepOnce(ctx)
		}
	}
}

func (s *server) sweepOnce(ctx context.Context) {
	n, err := s.client.SweepSessions(ctx)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("ended sessions could not be removed", "error", withStoreError(err))
	} else if n > 0 {
		s.log.Debug("ended sessions removed", "count", n)
	}
}
