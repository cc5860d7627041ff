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
	flags := newFlags()
	flags.BoolVar(&dryRun, "dry-run", false, "")
	flags.BoolVar(&kamailioTables, "kamailio-tables", false, "")
	c, err := load(flags, args, a.getenv)
	if err != nil {
		return err
	}
	if err := c.checkKept("migrate"); err != nil {
		return err
	}
	if dryRun {
		clean, err := c.aside()
		if err != nil {
			return err
		}
		defer clean()
	}
	s, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer s.close()
	if dryRun {
		return a.printMigrations(ctx, s.engine, kamailioTables)
	}
	return a.applyMigrations(ctx, s.engine, kamailioTables)
}

// aside puts an empty file elsewhere for an embedded database that does not exist, since to look makes one.
func (c *config) aside() (clean func(), err error) {
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

// printMigrations prints the SQL that is to come, and nothing where there is none.
func (a *app) printMigrations(ctx context.Context, e engine, kamailioTables bool) error {
	if kamailioTables {
		sql, err := e.KamailioSQL(ctx)
		if err != nil {
			return err
		}
		io.WriteString(a.stdout, sql)
	}
	sql, err := e.MigrationSQL(ctx)
	if err != nil {
		return err
	}
	_, err = io.WriteString(a.stdout, sql)
	return err
}

// applyMigrations tells what was done, a line a step.
func (a *app) applyMigrations(ctx context.Context, e engine, kamailioTables bool) error {
	pending, err := e.Pending(ctx)
	if err != nil {
		return err
	}
	if kamailioTables {
		if err := e.CreateKamailioTables(ctx); err != nil {
			return err
		}
	}
	if err := e.Migrate(ctx); err != nil {
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
