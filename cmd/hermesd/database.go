package main

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

// database is the setting db.
type database struct {
	kind string // dbSQLite, dbMemory or dbPostgres; "" before it is settled
	path string // of SQLite's file
	url  hermes.Secret
}

const (
	dbSQLite   = "sqlite"
	dbMemory   = "memory"
	dbPostgres = "postgres"
)

// set does not quote what it refuses: a URL may hold a password.
func (d *database) set(s string) error {
	scheme, rest, _ := strings.Cut(s, ":")
	switch scheme {
	case "sqlite":
		if rest == "" {
			return errors.New("want sqlite:PATH with a path")
		}
		*d = database{kind: dbSQLite, path: rest}
		return nil
	case "memory":
		if rest != "" {
			return errors.New("want memory: without a name")
		}
		*d = database{kind: dbMemory}
		return nil
	case "postgres", "postgresql":
		if err := checkURL(s); err != nil {
			return err
		}
		*d = database{kind: dbPostgres, url: hermes.NewSecret(s)}
		return nil
	}
	return errors.New("want sqlite:PATH, memory: or a postgres:// URL")
}

// checkURL also wants the host part to be whole: a slash or a question mark in a password that is not
// written as %XX ends it early, and what follows would not be masked.
func checkURL(s string) error {
	if _, err := pgconn.ParseURL(s); err != nil {
		return err
	}
	if u, err := url.Parse(s); err != nil || strings.Contains(u.EscapedPath()+u.RawQuery, "@") {
		return errors.New("want a URL such as postgres://USER:PASSWORD@HOST/DATABASE, with what is no letter or digit in a password written as %XX")
	}
	return nil
}

// shown is the setting without a password.
func (d database) shown() string {
	switch d.kind {
	case dbSQLite:
		return "sqlite:" + d.path
	case dbMemory:
		return "memory:"
	}
	masked, _ := maskURL(d.url.Reveal())
	return masked
}

// hasPassword tells whether the setting itself holds a password.
func (d database) hasPassword() bool {
	_, masked := maskURL(d.url.Reveal())
	return masked
}

// maskURL puts masked for a URL's password, and tells whether there was one.
func maskURL(s string) (shown string, had bool) {
	u, err := url.Parse(s)
	if err != nil {
		return masked, true
	}
	if _, had = u.User.Password(); had {
		u.User = url.UserPassword(u.User.Username(), mark)
	}
	return strings.Replace(u.String(), mark, masked, 1), had
}

const (
	// masked is shown for a secret that is set.
	masked = "(set)"
	// mark stands for masked within a URL, where parentheses would be escaped.
	mark = "__SET__"
)

// embedded tells whether the database is Hermes' own: it may be made and filled unasked.
func (d database) embedded() bool { return d.kind != dbPostgres }

// settle fills the defaults that depend on other settings.
func (c *config) settle() error {
	if c.db.kind == "" {
		c.db = database{kind: dbSQLite, path: filepath.Join(c.data, "hermes.db")}
	}
	if c.migrate == "" {
		c.migrate = migrateCheck
		if c.db.embedded() {
			c.migrate = migrateAuto
		}
	}
	return nil
}

// secretKeyFile is where the key of an embedded database is kept where none is set.
func (c *config) secretKeyFile() string { return filepath.Join(c.data, "secret.key") }
