package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// runMigrate is the command migrate.
func (a *app) runMigrate(ctx context.Context, args []string) error {
	var dryRun, kamailioTables bool
	flags := newFlagSet()
	flags.BoolVar(&dryRun, "dry-run", false, "print the SQL and change nothing")
	flags.BoolVar(&kamailioTables, "kamailio-tables", false, "also create the Kamailio tables that are missing; existing ones are not altered")
	c, err := a.load(flags, args)
	if err != nil {
		return err
	}
	if err := c.checkPersistent("migrate"); err != nil {
		return err
	}
	if dryRun {
		cleanUp, err := c.redirectMissingDatabase()
		if err != nil {
			return err
		}
		defer cleanUp()
	}
	s, err := openStore(ctx, c, a.newLogger(c))
	if err != nil {
		return err
	}
	defer s.Close()
	if dryRun {
		return a.printMigrations(ctx, s.sql, kamailioTables)
	}
	return a.applyMigrations(ctx, s.sql, kamailioTables)
}

// redirectMissingDatabase lets the settings name a temporary folder if the embedded database does
// not exist, because opening it would create it. The caller calls cleanUp to remove the folder.
func (c *config) redirectMissingDatabase() (cleanUp func(), err error) {
	if _, err := os.Stat(c.db.path); c.db.kind != dbSQLite || !errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	folder, err := os.MkdirTemp("", "hermesd-")
	if err != nil {
		return nil, err
	}
	c.data, c.db.path = folder, filepath.Join(folder, "hermes.db")
	return func() { os.RemoveAll(folder) }, nil
}

// printMigrations prints the SQL of the pending migrations, or nothing if there are none.
func (a *app) printMigrations(ctx context.Context, s sqlStore, kamailioTables bool) error {
	if kamailioTables {
		sql, err := s.KamailioSQL(ctx)
		if err != nil {
			return err
		}
		io.WriteString(a.stdout, sql)
	}
	sql, err := s.MigrationSQL(ctx)
	if err != nil {
		return err
	}
	_, err = io.WriteString(a.stdout, sql)
	return err
}

// applyMigrations applies the pending migrations and prints a line for each.
func (a *app) applyMigrations(ctx context.Context, s sqlStore, kamailioTables bool) error {
	pending, err := s.Pending(ctx)
	if err != nil {
		return err
	}
	if kamailioTables {
		if err := s.CreateKamailioTables(ctx); err != nil {
			return err
		}
	}
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	for _, name := range pending {
		fmt.Fprintf(a.stdout, "migrated: %s\n", name)
	}
	if len(pending) == 0 {
		fmt.Fprintln(a.stdout, "nothing to migrate")
	}
	return nil
}
