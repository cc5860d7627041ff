package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

// database is the parsed setting db.
type database struct {
	kind string // dbSQLite, dbMemory or dbPostgres; empty until the default is set
	path string // of the SQLite file
	url  hermes.Secret
}

const (
	dbSQLite   = "sqlite"
	dbMemory   = "memory"
	dbPostgres = "postgres"
)

// set parses the setting. Its errors do not quote the text, because a URL may hold a password.
func (d *database) set(s string) error {
	scheme, rest, found := strings.Cut(s, ":")
	if !found {
		scheme = ""
	}
	switch scheme {
	case "sqlite":
		if err := checkPath(rest); err != nil {
			return err
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
		if _, err := pgconn.ParseURL(s); err != nil {
			return err
		}
		*d = database{kind: dbPostgres, url: hermes.NewSecret(s)}
		return nil
	}
	return errors.New("want sqlite:PATH, memory: or a postgres:// URL")
}

// checkPath checks the path of an SQLite file. It also refuses sqlite://NAME, which would be a file
// in the root folder and is meant to be one in this folder.
func checkPath(path string) error {
	err := sqlite.CheckPath(path)
	if path == "memory:" {
		err = errors.New("is the name of a database in memory")
	}
	if err != nil {
		return fmt.Errorf("want sqlite:PATH, or memory: for a database in memory; the path %w", err)
	}
	if strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///") {
		return errors.New("want sqlite:PATH without //: sqlite:hermes.db is in this folder, sqlite:/srv/hermes.db is not")
	}
	return nil
}

// parseReplicas parses the setting db-replica. A URL has commas where it names several hosts.
func parseReplicas(s string) ([]string, error) {
	urls := strings.Fields(s)
	for i, url := range urls {
		if _, err := pgconn.ParseURL(url); err != nil {
			return nil, fmt.Errorf("replica %d: %w", i+1, err)
		}
	}
	if len(urls) == 0 {
		return nil, errors.New("want the postgres:// URL of a hot standby")
	}
	return urls, nil
}

// checkReplicas returns an error if there are replicas of a database that has none.
func (c *config) checkReplicas() error {
	if len(c.replicas) > 0 && c.db.embedded() {
		return c.settingErrorf("db-replica", "want none with an embedded database, which has no standbys")
	}
	return nil
}

// embedded reports whether the database belongs to Hermes alone. hermesd may then create and fill
// it without being asked.
func (d database) embedded() bool { return d.kind != dbPostgres }

// printable returns the setting without its password.
func (d database) printable() string {
	switch d.kind {
	case dbSQLite:
		return "sqlite:" + d.path
	case dbMemory:
		return "memory:"
	}
	masked, _ := pgconn.Redact(d.url.Reveal(), maskText)
	return masked
}

// urlHasPassword reports whether a PostgreSQL URL holds a password.
func urlHasPassword(url string) bool {
	_, had := pgconn.Redact(url, maskText)
	return had
}

const (
	// maskText is printed instead of a secret that is set.
	maskText = "(set)"
	// maskPlaceholder stands for maskText while a URL is built, which would escape parentheses.
	maskPlaceholder = "__SET__"
)

// maskURL replaces the password in a URL by maskText, and reports whether there was one. A text
// that is not a URL is masked as a whole.
func maskURL(s string) (masked string, hadPassword bool) {
	u, err := url.Parse(s)
	if err != nil {
		return maskText, true
	}
	if _, hadPassword = u.User.Password(); hadPassword {
		u.User = url.UserPassword(u.User.Username(), maskPlaceholder)
	}
	return strings.Replace(u.String(), maskPlaceholder, maskText, 1), hadPassword
}

// checkPersistent returns an error if the database is in memory: what the command does would be
// lost when the process ends.
func (c *config) checkPersistent(command string) error {
	if c.db.kind == dbMemory {
		return c.settingErrorf("db", "memory: is gone when the process ends, so there is nothing to %s", command)
	}
	return nil
}
