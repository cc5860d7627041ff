package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
)

// The server's limits. The API refuses headers over 16 KiB itself, in JSON; those over maxHeader
// get net/http's own answer.
const (
	headerTime = 5 * time.Second
	readTime   = 15 * time.Second
	writeTime  = 60 * time.Second // the API extends it while a long list is being read
	idleTime   = 60 * time.Second
	maxHeader  = 64 << 10
)

// server is a hermesd that serves.
type server struct {
	config   *config
	log      *slog.Logger
	door     *door
	store    *openStore
	client   *hermes.Client
	api      *api.Handler
	front    *front
	http     *http.Server
	contacts *contacts // nil without kamailio-rpc
	backends backends
	hangup   chan os.Signal
	release  func() // gives SIGTERM and SIGINT their own effect again
}

// serve is the command serve.
func (a *app) serve(ctx context.Context, args []string) error {
	c, err := load(newFlags(), args, a.getenv)
	if err != nil {
		return err
	}
	if err := c.checkServe(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	s := &server{config: c, log: a.logger(c), hangup: make(chan os.Signal, 1), release: stop}
	signal.Notify(s.hangup, syscall.SIGHUP)
	defer signal.Stop(s.hangup)
	err = s.start(ctx, a)
	if err != nil && ctx.Err() != nil {
		return nil // told to stop before it served
	}
	return err
}

// start opens what a server needs, serves, and closes it.
func (s *server) start(ctx context.Context, a *app) (err error) {
	if s.door, err = openDoor(s.config); err != nil {
		return err
	}
	defer s.door.close()
	if s.backends, err = s.config.openBackends(); err != nil {
		return err
	}
	defer s.backends.close()
	if s.store, err = open(ctx, s.config); err != nil {
		return err
	}
	defer s.store.close()
	if err := s.prepare(ctx, a); err != nil {
		return err
	}
	return s.run(ctx)
}

// prepare makes everything ready to accept connections, and tells so.
func (s *server) prepare(ctx context.Context, a *app) error {
	s.warn()
	if err := s.store.prepare(ctx); err != nil {
		return err
	}
	var err error
	opts := hermes.Options{Backends: s.backends, Logger: s.log, Origin: s.door.origin(s.config)}
	if rpc := s.config.kamailioRPC; rpc != nil {
		s.contacts = newContacts(rpc.DropContacts, s.log)
		opts.UserRemoved = s.contacts.removed
	}
	if s.client, err = s.store.client(ctx, opts); err != nil {
		return err
	}
	s.api = api.New(s.client.As(hermes.Actor{}), &api.Options{
		TLS: s.config.tls() || s.config.behindTLSProxy, TrustedProxies: s.config.trustedProxies,
		WriteTimeout: writeTime, Logger: s.log,
	})
	s.front = &front{api: s.api, ready: s.ready, log: s.log}
	s.http = &http.Server{
		Handler:           s.front,
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	if err := s.announce(ctx, a.stderr); err != nil {
		return err
	}
	s.front.reason(ctx) // the log tells at once what /readyz would
	return nil
}

// warn names what is not wrong enough to refuse.
func (s *server) warn() {
	for _, name := range []string{"secret-key", "db"} {
		v := s.config.value(name)
		if v.origin.kind == originFlag && (name != "db" || s.config.db.hasPassword()) {
			s.log.Warn("a secret in a flag can be read by every user of this machine: want it in the environment or a file",
				"setting", name, "environment", v.envName(), "file", v.fileEnvName())
		}
	}
	path := s.config.secretKeyFile()
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		s.log.Warn("others can read the secret key: want mode 0600", "file", path, "mode", info.Mode().Perm().String())
	}
}

// ready is what /readyz asks.
func (s *server) ready(ctx context.Context) error {
	if err := s.store.ready(ctx); err != nil {
		return err
	}
	done, err := s.client.Bootstrapped(ctx)
	if err == nil && !done {
		err = notBootstrapped
	}
	return err
}
