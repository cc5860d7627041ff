package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/internal/kamrpc"
	"github.com/hermes-voip/go-hermes/sip"
)

// The limits of the HTTP server. The API itself refuses headers over 16 KiB, with a JSON answer;
// net/http refuses those over maxHeaderBytes.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 15 * time.Second
	writeTimeout   = 60 * time.Second // extended by the API while a client reads a long list
	idleTimeout    = 60 * time.Second
	maxHeaderBytes = 64 << 10

	// maxUnknownLogins is small, because the hashes of such logins have a small part of the processor.
	maxUnknownLogins = 24
)

// The limits of HTTP/2, where one connection has many requests. A connection that takes no byte for
// stuckTimeout is closed.
const (
	maxStreams   = 32
	stuckTimeout = 30 * time.Second
)

// runServe is the command serve.
func (a *app) runServe(ctx context.Context, args []string) error {
	c, err := a.load(newFlagSet(), args)
	if err != nil {
		return err
	}
	if err := c.inherit(); err != nil {
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
	s := &server{
		config: c, log: log, logs: buffer, hangup: make(chan os.Signal, 1),
		stopSignals: stopSignals, maxHashing: a.maxHashing,
	}
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
	if err := c.checkReplicas(); err != nil {
		return err
	}
	return c.checkSecretKeys()
}

// serve opens what the server needs, runs it until ctx ends, and closes everything. The address is
// bound first, so that no file is created if it is in use.
func (s *server) serve(ctx context.Context, stderr io.Writer) (err error) {
	if s.listener, err = openListener(s.config, s.log); err != nil {
		return err
	}
	defer s.listener.Close()
	if s.scrapes, err = s.config.openScrapes(); err != nil {
		return err
	}
	if s.scrapes != nil {
		defer s.scrapes.Close()
	}
	if err := s.config.checkFiles(); err != nil {
		return err
	}
	if s.backends, err = s.config.openBackends(); err != nil {
		return err
	}
	defer s.backends.Close()
	if s.phoneFiles, err = s.config.openPhoneFiles(); err != nil {
		return err
	}
	s.logSettings()
	begin := s.openEmbedded
	if !s.config.db.embedded() {
		begin = s.openPostgres
	}
	var password hermes.Secret
	if err := interruptible(ctx, func() (err error) {
		password, err = begin(ctx)
		return err
	}); err != nil {
		return err
	}
	defer s.store.Close()
	started, err := s.start(ctx)
	if err != nil {
		return err
	}
	s.logs.flush() // the lines up to here come first
	if err := s.printListening(stderr, password); err != nil {
		return err
	}
	s.notifyReady()
	s.root.checkReadiness(ctx) // logs the state at the start
	go debug.FreeOSMemory()    // what the start used: number plans, migrations, a hash of 19 MiB
	return s.run(ctx, started)
}

// openEmbedded opens an embedded database, completes it, and creates the handlers and the first
// user, whose password it returns.
func (s *server) openEmbedded(ctx context.Context) (password hermes.Secret, err error) {
	first, err := s.beginFirstLogin(ctx)
	if err != nil {
		return password, err
	}
	st, err := openStore(ctx, s.config, s.log)
	if err != nil {
		return password, err
	}
	s.store = st
	defer func() {
		if err != nil {
			st.Close()
		}
	}()
	if err := st.prepareSchema(ctx); err != nil {
		return password, err
	}
	if err := s.newHandlers(ctx); err != nil {
		return password, err
	}
	if err := s.config.checkSealed(ctx, s.client); err != nil {
		return password, err
	}
	s.logStoreWarnings(ctx)
	s.logDomains(ctx)
	return s.createFirstUser(ctx, first)
}

// openPostgres creates the store and the handlers, without asking the database for anything.
func (s *server) openPostgres(ctx context.Context) (none hermes.Secret, err error) {
	if s.store, err = openLazily(ctx, s.config, s.log); err != nil {
		return none, err
	}
	if err := s.newHandlers(ctx); err != nil {
		s.store.Close()
		return none, err
	}
	s.startup = newStartup(s.preparePostgres, s.api.Hold, s.api.Release, s.log)
	return none, nil
}

// preparePostgres does once, before the server serves, what the settings say about the database. It
// may be called again after it failed.
func (s *server) preparePostgres(ctx context.Context) error {
	if err := s.store.prepareSchema(ctx); err != nil {
		return err
	}
	if err := s.store.ready(ctx); err != nil {
		return err
	}
	if err := s.config.checkSealed(ctx, s.client); err != nil {
		return err
	}
	s.logStoreWarnings(ctx)
	s.logDomains(ctx)
	return nil
}

// start begins the startup, if there is one, and waits until it has ended, has failed once or takes
// long. It returns the channel that gets the result, or nil if the server can serve.
func (s *server) start(ctx context.Context) (<-chan error, error) {
	if s.startup == nil {
		return nil, nil
	}
	result := make(chan error, 1)
	go func() { result <- s.startup.run(ctx) }()
	patience := time.NewTimer(startPatience)
	defer patience.Stop()
	select {
	case err := <-result:
		return nil, err
	case <-s.startup.failed:
	case <-patience.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return result, nil
}

// logSettings logs what this server is, and what its settings allow that is unsafe.
func (s *server) logSettings() {
	version, revision := buildVersion()
	s.log.Info("starting", "version", version, "revision", revision, "database", s.config.db.printable(),
		"domains", joinDomains(s.config.domains))
	s.logWarnings()
}

// maxDomainsLogged is how many domains one line of the log names.
const maxDomainsLogged = 20

func joinDomains(domains []sip.Domain) string {
	var names []string
	for _, d := range domains[:min(len(domains), maxDomainsLogged)] {
		names = append(names, d.String())
	}
	return strings.Join(names, ",")
}

// logDomains logs the domains that are served: those of the settings and of Kamailio's table.
func (s *server) logDomains(ctx context.Context) {
	res, err := s.client.DomainList(ctx, hermes.DomainListRequest{})
	if err != nil {
		return // /readyz says what is wrong with the database
	}
	s.log.Info("domains that are served", "count", len(res.List), "domains", joinDomains(res.List))
}

// logWarnings logs what is unsafe but not refused.
func (s *server) logWarnings() {
	isSecret := map[string]bool{
		"secret-key": true, "db": s.config.db.kind == dbPostgres && urlHasPassword(s.config.db.url.Reveal()),
		"db-replica": slices.ContainsFunc(s.config.replicas, urlHasPassword),
	}
	for _, name := range []string{"secret-key", "db", "db-replica"} {
		v := s.config.lookup(name)
		if v.origin.kind == originFlag && isSecret[name] {
			s.log.Warn("a secret in a flag can be read by every user of this machine: want it in the environment or a file",
				"setting", name, "environment", v.envName(), "file", v.fileEnvName())
		}
	}
	for _, warning := range append(s.config.exposures(), s.config.plainExposures()...) {
		s.log.Warn(warning)
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
		MaxHashing: s.maxHashing, PhoneFiles: s.phoneFiles,
	}
	if rpc := s.config.kamailioRPC; rpc != nil {
		s.contacts = newContacts(rpc.DropContacts, s.log)
		opts.DropContacts = s.contacts.add
		opts.Contacts = func(ctx context.Context, user sip.Addr) ([]hermes.Contact, error) {
			return registered(ctx, rpc, user)
		}
		opts.ResyncContact = func(ctx context.Context, user sip.Addr, contact hermes.Contact) error {
			return rpc.Resync(ctx, user.String(), kamrpc.Contact(contact))
		}
	}
	if s.client, err = s.store.newClient(ctx, opts); err != nil {
		return err
	}
	apiOpts := &api.Options{
		TLS:            s.config.servesTLS() || s.config.behindTLSProxy,
		TrustedProxies: s.config.trustedProxies,
		ServesHost:     s.listener.servesHost(s.config),
		WriteTimeout:   writeTimeout,
		Logger:         s.log,
	}
	if s.scrapes != nil {
		s.metrics = newMetrics(s)
		apiOpts.Observe = s.metrics.observe
	}
	s.api = api.New(s.client.As(hermes.Actor{}), apiOpts)
	s.root = newRootHandler(s.api, s.newPhoneHandler(), s.ready, s.log)
	s.root.console, s.root.ownHost = s.newConsole(), s.api.ServesHost
	s.http = &http.Server{
		Handler:           s.root,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams, WriteByteTimeout: stuckTimeout},
		ErrorLog:          newErrorLog(s.log),
	}
	return nil
}

// ready returns nil if requests can be served, or the reason why not; see [rootHandler].
func (s *server) ready(ctx context.Context) error {
	if s.startup != nil {
		if err := s.startup.err(); err != nil {
			return err
		}
	}
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
	if s.scrapes != nil {
		fmt.Fprintf(&text, "hermesd: metrics on http://%s/metrics\n", s.scrapes.Addr())
	}
	fmt.Fprintf(&text, "hermesd: listening on %s\n", s.listener.url())
	_, err := io.WriteString(w, text.String())
	return err
}
