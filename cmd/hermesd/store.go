package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/sip"
)

// engine is what hermesd needs of a store that lives in a database.
type engine interface {
	hermes.Store
	Migrate(context.Context) error
	Pending(context.Context) ([]string, error)
	MigrationSQL(context.Context) (string, error)
	CreateKamailioTables(context.Context) error
	KamailioSQL(context.Context) (string, error)
	ServeDomains(context.Context, []sip.Domain) error
	Ready(context.Context) error
	Close() error
}

// openStore is the store that the settings name.
type openStore struct {
	hermes.Store
	engine engine // nil: memory
	config *config
}

// open opens the database; an embedded one is made with its folder where it is missing.
func open(ctx context.Context, c *config) (*openStore, error) {
	switch c.db.kind {
	case dbMemory:
		return &openStore{Store: memstore.New(), config: c}, nil
	case dbPostgres:
		e, err := postgres.Open(ctx, c.db.url.Reveal(), &postgres.Options{KamailioSchema: c.kamailioSchema})
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", c.db.shown(), err)
		}
		return &openStore{Store: e, engine: e, config: c}, nil
	}
	if err := c.makeFiles(); err != nil {
		return nil, err
	}
	e, err := sqlite.Open(ctx, c.db.path, &sqlite.Options{Manual: true})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", c.db.shown(), err)
	}
	return &openStore{Store: e, engine: e, config: c}, nil
}

// makeFiles makes what is missing of the data folder and the database file, for this user's
// eyes only. What is there keeps its mode: Kamailio may have been let in.
func (c *config) makeFiles() error {
	if len(c.secretKeys) == 0 || filepath.Dir(c.db.path) == filepath.Clean(c.data) {
		if err := os.MkdirAll(c.data, 0o700); err != nil {
			return c.wrong("data", "%q: %s", c.data, err)
		}
	}
	f, err := os.OpenFile(c.db.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return c.wrong("db", "%q: %s", c.db.shown(), err)
	}
	return f.Close()
}

func (s *openStore) close() {
	if s.engine != nil {
		s.engine.Close()
	}
}

// prepare brings the schema to what the setting migrate asks for, and the settings' domains into an embedded
// database.
func (s *openStore) prepare(ctx context.Context) error {
	if s.engine == nil {
		return nil
	}
	embedded := s.config.db.embedded()
	if embedded {
		if err := s.newTables(ctx); err != nil {
			return err
		}
	}
	if err := s.schema(ctx); err != nil {
		return err
	}
	if embedded && len(s.config.domains) > 0 {
		return s.engine.ServeDomains(ctx, s.config.domains)
	}
	return nil
}

// newTables makes Kamailio's tables in a database that has none of them. One that Kamailio's own
// tools made is theirs.
func (s *openStore) newTables(ctx context.Context) error {
	sql, err := s.engine.KamailioSQL(ctx)
	if err != nil || !strings.Contains(sql, "CREATE TABLE version ") {
		return err
	}
	return s.engine.CreateKamailioTables(ctx)
}

func (s *openStore) schema(ctx context.Context) error {
	switch s.config.migrate {
	case migrateAuto:
		return s.engine.Migrate(ctx)
	case migrateCheck:
		pending, err := s.engine.Pending(ctx)
		if err == nil && len(pending) > 0 {
			err = fmt.Errorf("the schema is not of this version (%s): run hermesd migrate", strings.Join(pending, ", "))
		}
		return err
	}
	return nil
}

// ready tells what keeps the store from serving: a notReady, or what the database said.
func (s *openStore) ready(ctx context.Context) error {
	if s.engine == nil {
		return nil
	}
	err := s.engine.Ready(ctx)
	if err == nil {
		return nil
	}
	pending, failed := s.engine.Pending(ctx)
	switch {
	case failed != nil:
		return err
	case len(pending) > 0:
		return notReady("pending migrations: " + strings.Join(pending, ", "))
	}
	return fmt.Errorf("%w: %w", kamailioMissing, err)
}

// client makes the Client that acts as hermesd itself. opts has what is no setting.
func (s *openStore) client(ctx context.Context, opts hermes.Options) (*hermes.Client, error) {
	c := s.config
	var err error
	if opts.SecretKeys, err = s.keys(ctx); err != nil {
		return nil, err
	}
	opts.Domains = c.domains
	opts.Plan, opts.MaxRange, opts.KamailioPlaintext = c.numberCheck, c.maxRange, c.kamailioPlaintext
	opts.AuthKeyTTL, opts.AuthKeyGrace, opts.SessionTTL, opts.NoCookie = c.authKeyTTL, c.authKeyGrace, c.sessionTTL, !c.requireCookie
	return hermes.New(s.Store, &opts)
}
