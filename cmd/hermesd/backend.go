package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/htpasswd"
	"github.com/hermes-voip/go-hermes/hermes/ldap"
	"github.com/hermes-voip/go-hermes/hermes/local"
)

// backend is one of the setting auth-backend.
type backend struct {
	kind string // backendLocal and so on
	path string // of htpasswd's file
	ldap ldap.Options
}

const (
	backendLocal    = "local"
	backendHtpasswd = "htpasswd"
	backendLDAP     = "ldap"
)

// setBackends does not quote what it refuses: a URL may hold a password.
func (c *config) setBackends(s string) error {
	var all []backend
	for i, text := range backendTexts(s) {
		b, err := parseBackend(text)
		if err != nil {
			return fmt.Errorf("backend %d: %w", i+1, err)
		}
		if b.kind == backendLocal && hasLocal(all) {
			return errors.New("local is given twice")
		}
		all = append(all, b)
	}
	if len(all) == 0 {
		return errNoBackend
	}
	c.backends = all
	return nil
}

var errNoBackend = errors.New("want local, htpasswd:PATH, or an ldap:// or ldaps:// URL")

// backendTexts splits a list. A comma parts two only where another begins after it: names in a directory have commas, too.
func backendTexts(s string) (all []string) {
	for line := range strings.SplitSeq(s, listBreak) {
		whole := len(all)
		for part := range strings.SplitSeq(line, ",") {
			if trimmed := strings.TrimSpace(part); len(all) == whole || beginsBackend(trimmed) {
				all = append(all, trimmed)
			} else {
				all[len(all)-1] += "," + part
			}
		}
	}
	return all
}

func beginsBackend(s string) bool {
	scheme, _, found := strings.Cut(s, ":")
	return s == backendLocal || found && (scheme == backendHtpasswd || scheme == "ldap" || scheme == "ldaps")
}

func parseBackend(s string) (backend, error) {
	if !beginsBackend(s) {
		return backend{}, errNoBackend
	}
	if s == backendLocal {
		return backend{kind: backendLocal}, nil
	}
	if path, ok := strings.CutPrefix(s, backendHtpasswd+":"); ok {
		if path == "" {
			return backend{}, errors.New("want htpasswd:PATH with a path")
		}
		return backend{kind: backendHtpasswd, path: path}, nil
	}
	o, err := ldap.Parse(s)
	return backend{kind: backendLDAP, ldap: o}, err
}

func hasLocal(all []backend) bool {
	for _, b := range all {
		if b.kind == backendLocal {
			return true
		}
	}
	return false
}

// open makes the backend. A directory is not asked before somebody logs in; a file is read at once.
func (b backend) open() (hermes.Backend, error) {
	switch b.kind {
	case backendHtpasswd:
		return htpasswd.Open(b.path)
	case backendLDAP:
		return ldap.New(b.ldap)
	}
	return local.New(nil), nil
}

// backends are those of the settings, in their order.
type backends []hermes.Backend

func (c *config) openBackends() (all backends, err error) {
	for _, b := range c.backends {
		opened, err := b.open()
		if err != nil {
			all.close()
			return nil, c.wrong("auth-backend", "%s", err)
		}
		all = append(all, opened)
	}
	return all, nil
}

func (all backends) close() {
	for _, b := range all {
		if c, ok := b.(io.Closer); ok {
			c.Close()
		}
	}
}

// keeper returns the backend that has the user and cannot be written; nil where there is none.
func (all backends) keeper(ctx context.Context, s hermes.Store, user string) (hermes.Backend, error) {
	for _, b := range all {
		has, err := b.Has(ctx, s, user)
		if err != nil {
			return nil, fmt.Errorf("backend %s: %w", b.Name(), err)
		}
		if _, writable := b.(hermes.WritableBackend); has && writable {
			return nil, nil
		}
		if has {
			return b, nil
		}
	}
	return nil, nil
}
