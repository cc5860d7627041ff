package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/sip"
)

// sqlStore is what hermesd needs of a store in an SQL database, beyond [hermes.Store].
type sqlStore interface {
	hermes.Store
	Migrate(context.Context) error
	Pending(context.Context) ([]string, error)
	MigrationSQL(context.Context) (string, error)
	CreateKamailioTables(context.Context) error
	KamailioSQL(context.Context) (string, error)
	ServeDomains(context.Context, []sip.Domain) error
	Ready(context.Context) error
	Warnings(context.Context) ([]string, error)
	Pools() map[string]sql.DBStats
	Failures() map[string]int64
	Close() error
}

// store is the store that the settings name.
type store struct {
	hermes.Store
	sql      sqlStore // the same store; nil if it is in memory
	replicas []*postgres.Store
	config   *config
}

// openStore opens the store that the settings name. A missing embedded database is created, with
// its folder. The caller closes the store.
func openStore(ctx context.Context, c *config, log *slog.Logger) (*store, error) {
	if c.db.kind == dbMemory {
		return &store{Store: memstore.New(), config: c}, nil
	}
	var s sqlStore
	var err error
	if c.db.kind == dbPostgres {
		s, err = postgres.Open(ctx, c.db.url.Reveal(), c.postgresOptions(log))
	} else {
		if err := c.createFiles(); err != nil {
			return nil, err
		}
		s, err = sqlite.Open(ctx, c.db.path, &sqlite.Options{Manual: true})
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", c.db.printable(), err)
	}
	return &store{Store: s, sql: s, config: c}, nil
}

func (c *config) postgresOptions(log *slog.Logger) *postgres.Options {
	return &postgres.Options{KamailioSchema: c.kamailioSchema, Logger: log}
}

// openLazily is [openStore] for PostgreSQL, without connecting to it.
func openLazily(ctx context.Context, c *config, log *slog.Logger) (*store, error) {
	opts := c.postgresOptions(log)
	opts.Lazy = true
	s, err := postgres.Open(ctx, c.db.url.Reveal(), opts)
	if err != nil {
		return nil, c.settingErrorf("db", "%s", err)
	}
	all := &store{Store: s, sql: s, config: c}
	opts.Replica = true
	for _, url := range c.replicas {
		r, err := postgres.Open(ctx, url, opts)
		if err != nil {
			all.Close()
			return nil, c.settingErrorf("db-replica", "%s", err)
		}
		all.replicas = append(all.replicas, r)
	}
	return all, nil
}

// createFiles creates the data folder and the database file if they are missing, readable by this
// user only. The modes of existing files are kept, because Kamailio may have been given access.
func (c *config) createFiles() error {
	if len(c.secretKeys) == 0 || filepath.Dir(c.db.path) == filepath.Clean(c.data) {
		if err := os.MkdirAll(c.data, 0o700); err != nil {
			return c.settingErrorf("data", "%q: %s", c.data, err)
		}
	}
	// O_EXCL does not follow a symbolic link, which could name any file.
	f, err := os.OpenFile(c.db.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		if f, err = os.OpenFile(c.db.path, os.O_RDWR, 0); errors.Is(err, fs.ErrNotExist) {
			err = errors.New("is a symbolic link to a file that does not exist: want the file, or no link")
		}
	}
	if err != nil {
		return c.settingErrorf("db", "%q: %s", c.db.printable(), err)
	}
	return f.Close()
}

// Close closes the database, if there is one, and its replicas.
func (s *store) Close() {
	for _, r := range s.replicas {
		_ = r.Close()
	}
	if s.sql != nil {
		s.sql.Close()
	}
}

// prepareSchema does what the setting migrate says, and refuses an old schema if that is check. In
// an embedded database it also creates Kamailio's tables and adds the domains of the settings.
func (s *store) prepareSchema(ctx context.Context) error {
	if s.sql == nil {
		return nil
	}
	embedded := s.config.db.embedded()
	if embedded {
		if err := s.createKamailioTables(ctx); err != nil {
			return err
		}
	}
	if err := s.migrateOrCheck(ctx); err != nil {
		return err
	}
	if embedded && len(s.config.domains) > 0 {
		return s.sql.ServeDomains(ctx, s.config.domains)
	}
	return nil
}

// createKamailioTables creates Kamailio's tables in a database that has none of them. If Kamailio's
// own tools created the database, it is left alone.
func (s *store) createKamailioTables(ctx context.Context) error {
	missing, err := s.sql.KamailioSQL(ctx)
	if err != nil || !strings.Contains(missing, "CREATE TABLE version ") {
		return err
	}
	return s.sql.CreateKamailioTables(ctx)
}

func (s *store) migrateOrCheck(ctx context.Context) error {
	switch s.config.migrate {
	case migrateAuto:
		return s.sql.Migrate(ctx)
	case migrateCheck:
		pending, err := s.sql.Pending(ctx)
		if err == nil && len(pending) > 0 {
			err = fmt.Errorf("the schema is not of this version (%s): run hermesd migrate", strings.Join(pending, ", "))
		}
		return err
	}
	return nil
}

// ready returns nil if the store can serve. Otherwise the error is or wraps a [notReady], or is the
// database's own.
func (s *store) ready(ctx context.Context) error {
	if s.sql == nil {
		return nil
	}
	err := s.sql.Ready(ctx)
	if err == nil {
		return nil
	}
	if columns, ok := errors.AsType[*bunstore.ColumnError](err); ok {
		return notReady(columns.Error())
	}
	pending, pendingErr := s.sql.Pending(ctx)
	switch {
	case pendingErr != nil:
		return err
	case len(pending) > 0:
		return notReady("pending migrations: " + strings.Join(pending, ", "))
	}
	return fmt.Errorf("%w: %w", kamailioTablesMissing, err)
}

// newClient returns a Client that acts as hermesd itself. opts holds the options that are not
// settings. An embedded database without a secret key gets one.
func (s *store) newClient(ctx context.Context, opts hermes.Options) (*hermes.Client, error) {
	keys, err := s.loadOrCreateKeys(ctx)
	if err != nil {
		return nil, err
	}
	c := s.config
	for _, r := range s.replicas {
		opts.Replicas = append(opts.Replicas, r)
	}
	opts.SecretKeys = keys
	opts.Domains = c.domains
	opts.Plan = c.numberCheck
	opts.MaxRange = c.maxRange
	opts.NumberQuarantine = c.numberQuarantine
	opts.KamailioPlaintext = c.kamailioPlaintext
	opts.AuthKeyTTL = c.authKeyTTL
	opts.AuthKeyGrace = c.authKeyGrace
	opts.SessionTTL = c.sessionTTL
	opts.NoCookie = !c.requireCookie
	opts.ProvisioningWindow = c.provisioningWindow()
	return hermes.New(s.Store, &opts)
}

// openClient is [openUnchecked], and fails if the secret keys are not those of the database.
func openClient(ctx context.Context, c *config, opts hermes.Options) (*store, *hermes.Client, error) {
	s, client, err := openUnchecked(ctx, c, opts)
	if err != nil {
		return nil, nil, err
	}
	if err := c.checkSealed(ctx, client); err != nil {
		s.Close()
		return nil, nil, err
	}
	return s, client, nil
}

// openUnchecked opens the store, prepares its schema and returns a Client over it. The caller
// closes the store.
func openUnchecked(ctx context.Context, c *config, opts hermes.Options) (_ *store, _ *hermes.Client, err error) {
	s, err := openStore(ctx, c, opts.Logger)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if err := s.prepareSchema(ctx); err != nil {
		return nil, nil, err
	}
	client, err := s.newClient(ctx, opts)
	return s, client, err
}

// withStoreError returns a Client's error together with the store's, which the Client keeps out of
// its text. The result is for the operator only.
func withStoreError(err error) error {
	var e *hermes.Error
	if !errors.As(err, &e) || e.Err == nil {
		return err
	}
	text := strings.Trim(e.Node+": "+e.Detail, ": ") // both may be empty
	if text == "" {
		return e.Err
	}
	return fmt.Errorf("%s: %w", text, e.Err)
}
