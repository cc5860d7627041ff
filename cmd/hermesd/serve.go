package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
)

// The limits of the HTTP server. The API itself refuses headers over 16 KiB, with a JSON answer;
// net/http refuses those over maxHeaderBytes.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 15 * time.Second
	writeTimeout   = 60 * time.Second // extended by the API while a client reads a long list
	idleTimeout    = 60 * time.Second
	maxHeaderBytes = 64 << 10

	// maxUnknownLogins is smaller than the number of logins that package api lets run at once, so
	// that known users always find a place.
	maxUnknownLogins = 24
)

// runServe is the command serve.
func (a *app) runServe(ctx context.Context, args []string) error {
	c, err := a.load(newFlagSet(), args)
	if err != nil {
		return err
	}
	if err := c.checkServe(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	log, buffer := a.newBufferedLogger(c)
	defer buffer.close()
	// A second signal ends the process at once, so no line may wait any more.
	stopSignals := func() {
		buffer.close()
		stop()
	}
	context.AfterFunc(ctx, stopSignals)
	s := &server{config: c, log: log, logs: buffer, hangup: make(chan os.Signal, 1), stopSignals: stopSignals}
	signal.Notify(s.hangup, syscall.SIGHUP)
	defer signal.Stop(s.hangup)
	err = s.serve(ctx, a.stderr)
	if err != nil && ctx.Err() != nil {
		return nil // stopped by a signal before it served
	}
	return err
}

// checkServe checks the rules that only a server needs: how it is reached, and its secret keys.
func (c *config) checkServe() error {
	if err := c.checkTLS(); err != nil {
		return err
	}
	if !c.servesTLS() && !c.behindTLSProxy && !isLoopback(c.listen) {
		return c.settingErrorf("listen", "%q: is not a loopback address, and passwords would cross the network in clear: "+
			"want tls-cert and tls-key, or behind-tls-proxy if TLS ends in front of hermesd", c.listen)
	}
	return c.checkSecretKeys()
}

// serve opens what the server needs, runs it until ctx ends, and closes everything. The address is
// bound first, so that no file is created if it is in use.
func (s *server) serve(ctx context.Context, stderr io.Writer) (err error) {
	if s.listener, err = openListener(s.config); err != nil {
		return err
	}
	defer s.listener.Close()
	if s.backends, err = s.config.openBackends(); err != nil {
		return err
	}
	defer s.backends.Close()
	first, err := s.beginFirstLogin(ctx)
	if err != nil {
		return err
	}
	if s.store, err = openStore(ctx, s.config, s.log); err != nil {
		return err
	}
	defer s.store.Close()
	s.logWarnings()
	if err := s.store.prepareSchema(ctx); err != nil {
		return err
	}
	s.logStoreWarnings(ctx)
	if err := s.newHandlers(ctx); err != nil {
		return err
	}
	password, err := s.createFirstUser(ctx, first)
	if err != nil {
		return err
	}
	s.logs.flush() // the lines up to here come first
	if err := s.printListening(stderr, password); err != nil {
		return err
	}
	s.root.checkReadiness(ctx) // logs the state at the start
	go debug.FreeOSMemory()    // what the start used: number plans, migrations, a hash of 19 MiB
	return s.run(ctx)
}

// logWarnings logs what is unsafe but not refused.
func (s *server) logWarnings() {
	for _, name := range []string{"secret-key", "db"} {
		v := s.config.lookup(name)
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

// logStoreWarnings logs what is not safe about the tables that Hermes shares with Kamailio.
func (s *server) logStoreWarnings(ctx context.Context) {
	if s.store.sql == nil {
		return
	}
	warnings, err := s.store.sql.Warnings(ctx)
	if err != nil {
		s.log.Warn("Kamailio's tables could not be examined: run hermesd doctor", "error", err)
	}
	for _, w := range warnings {
		s.log.Warn("Kamailio's tables are not safe: run hermesd doctor", "reason", w)
	}
}

// newHandlers creates the client, the handlers and the HTTP server.
func (s *server) newHandlers(ctx context.Context) (err error) {
	opts := hermes.Options{
		Backends: s.backends, Logger: s.log, Origin: s.listener.origin(s.config), MaxUnknownLogins: maxUnknownLogins,
	}
	if rpc := s.config.kamailioRPC; rpc != nil {
		s.contacts = newContacts(rpc.DropContacts, s.log)
		opts.UserRemoved = s.contacts.userRemoved
	}
	if s.client, err = s.store.newClient(ctx, opts); err != nil {
		return err
	}
	s.api = api.New(s.client.As(hermes.Actor{}), &api.Options{
		TLS:            s.config.servesTLS() || s.config.behindTLSProxy,
		TrustedProxies: s.config.trustedProxies,
		WriteTimeout:   writeTimeout,
		Logger:         s.log,
	})
	s.root = &rootHandler{api: s.api, ready: s.ready, log: s.log}
	s.http = &http.Server{
		Handler:           s.root,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	return nil
}

// ready returns nil if requests can be served, or the reason why not; see [rootHandler].
func (s *server) ready(ctx context.Context) error {
	if err := s.store.ready(ctx); err != nil {
		return err
	}
	bootstrapped, err := s.client.Bootstrapped(ctx)
	if err == nil && !bootstrapped {
		err = notBootstrapped
	}
	return err
}

// printListening prints the line with the server's URL and, before it, the first user's password
// unless that is zero. It writes once, so that no log line appears in between.
func (s *server) printListening(w io.Writer, password hermes.Secret) error {
	var text strings.Builder
	if !password.IsZero() {
		fmt.Fprintf(&text, "hermesd: made the first user, %s; the password is shown this once\npassword: %s\n%s\n",
			firstUser, password.Reveal(), s.listener.loginCommand(firstUser))
	}
	fmt.Fprintf(&text, "hermesd: listening on %s\n", s.listener.url())
	_, err := io.WriteString(w, text.String())
	return err
}
