package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/hermes-voip/go-hermes/internal/doctor"
)

// runDoctor is the command doctor. Settings that are wrong are a finding like others.
func (a *app) runDoctor(ctx context.Context, args []string) error {
	asJSON := false
	flags := newFlags()
	flags.BoolVar(&asJSON, "json", false, "")
	c, err := load(flags, args, a.getenv)
	var wrong *settingError
	if err != nil && !errors.As(err, &wrong) {
		return err
	}
	f := &findings{w: a.stdout, json: asJSON}
	if err != nil {
		f.add(badSettings(err))
	} else {
		c.examine(ctx, f.add)
	}
	return f.end()
}

// findings writes them, each at once as a line or all at the end as JSON.
type findings struct {
	w     io.Writer
	json  bool
	all   []doctor.Finding
	fails int
	err   error // of the writer
}

func (f *findings) add(v doctor.Finding) {
	f.all = append(f.all, v)
	if v.Level == doctor.Fail {
		f.fails++
	}
	if f.json || f.err != nil {
		return
	}
	remedy := ""
	if v.Remedy != "" {
		remedy = "; remedy: " + v.Remedy
	}
	_, f.err = fmt.Fprintf(f.w, "%-4s  %s: %s%s\n", v.Level, v.Check, v.Detail, remedy)
}

// end returns an error where there was a fail.
func (f *findings) end() error {
	if f.json {
		e := json.NewEncoder(f.w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		f.err = e.Encode(f.all)
	}
	if f.err == nil && f.fails > 0 {
		return fmt.Errorf("doctor: %d of %d checks failed", f.fails, len(f.all))
	}
	return f.err
}

func badSettings(err error) doctor.Finding {
	return doctor.Finding{Level: doctor.Fail, Check: "settings", Detail: err.Error(), Remedy: "correct the setting; hermesd help tells what it takes"}
}

// examine makes all checks: those of the settings and of what they name, and then those of the database.
func (c *config) examine(ctx context.Context, report func(doctor.Finding)) {
	if err := c.checkKept("examine"); err != nil {
		report(badSettings(err))
		return
	}
	report(c.examineSettings())
	db, err := c.patient()
	if err == nil {
		defer db.Close()
	}
	keys, key := c.examineKeys(ctx, db)
	report(key)
	if c.db.embedded() {
		report(c.examineModes())
	} else {
		report(c.examineTLS())
	}
	if c.kamailioRPC != nil {
		report(examineRPC(ctx, c.kamailioRPC))
	}
	if err != nil {
		report(doctor.Finding{Level: doctor.Fail, Check: "database", Detail: err.Error(), Remedy: "start hermesd, which makes a new one; or correct db and data"})
		return
	}
	doctor.Examine(ctx, doctor.Options{
		Database: db, AutoMigrate: c.migrate == migrateAuto,
		SecretKeys: keys, Domains: c.domains, KamailioPlaintext: c.kamailioPlaintext,
	}, report)
}

func (c *config) patient() (*doctor.Database, error) {
	if c.db.kind == dbPostgres {
		return doctor.PostgreSQL(c.db.url.Reveal(), c.kamailioSchema)
	}
	return doctor.SQLite(c.db.path)
}
