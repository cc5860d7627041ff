package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/htpasswd"
	"github.com/hermes-voip/go-hermes/hermes/ldap"
	"github.com/hermes-voip/go-hermes/hermes/local"
)

// backendSetting is one value of the setting auth-backend.
type backendSetting struct {
	kind string // backendLocal, backendHtpasswd or backendLDAP
	path string // of the htpasswd file
	ldap ldap.Options
}

const (
	backendLocal    = "local"
	backendHtpasswd = "htpasswd"
	backendLDAP     = "ldap"
)

var errUnknownBackend = errors.New("want local, htpasswd:PATH, or an ldap:// or ldaps:// URL")

// setBackends parses the setting auth-backend. Its errors do not quote the text, because a URL may
// hold a password.
func (c *config) setBackends(s string) error {
	var list []backendSetting
	for i, text := range splitBackends(s) {
		b, err := parseBackend(text)
		if err != nil {
			return fmt.Errorf("backend %d: %w", i+1, err)
		}
		if b.kind == backendLocal && hasLocal(list) {
			return errors.New("local is given twice")
		}
		list = append(list, b)
	}
	if len(list) == 0 {
		return errUnknownBackend
	}
	c.backends = list
	return nil
}

// splitBackends splits a list of backends. A comma separates two backends only if a backend begins
// after it, because distinguished names in an LDAP URL have commas too.
func splitBackends(s string) (list []string) {
	for line := range strings.SplitSeq(s, valueSeparator) {
		first := len(list)
		for part := range strings.SplitSeq(line, ",") {
			if trimmed := strings.TrimSpace(part); len(list) == first || isBackend(trimmed) {
				list = append(list, trimmed)
			} else {
				list[len(list)-1] += "," + part
			}
		}
	}
	return list
}

// isBackend reports whether s begins as a backend does.
func isBackend(s string) bool {
	scheme, _, found := strings.Cut(s, ":")
	return s == backendLocal || found && (scheme == backendHtpasswd || scheme == "ldap" || scheme == "ldaps")
}

func parseBackend(s string) (backendSetting, error) {
	if !isBackend(s) {
		return backendSetting{}, errUnknownBackend
	}
	if s == backendLocal {
		return backendSetting{kind: backendLocal}, nil
	}
	if path, ok := strings.CutPrefix(s, backendHtpasswd+":"); ok {
		if path == "" {
			return backendSetting{}, errors.New("want htpasswd:PATH with a path")
		}
		return backendSetting{kind: backendHtpasswd, path: path}, nil
	}
	o, err := ldap.Parse(s)
	return backendSetting{kind: backendLDAP, ldap: o}, err
}

func hasLocal(list []backendSetting) bool {
	return slices.ContainsFunc(list, func(b backendSetting) bool { return b.kind == backendLocal })
}

// open returns the backend. An htpasswd file is read at once; an LDAP server is not contacted
// before the first login.
func (b backendSetting) open() (hermes.Backend, error) {
	switch b.kind {
	case backendHtpasswd:
		return htpasswd.Open(b.path)
	case backendLDAP:
		return ldap.New(b.ldap)
	}
	return local.New(nil), nil
}

// backendList holds the opened backends, in the order of the settings.
type backendList []hermes.Backend

// openBackends opens the backends of the settings. The caller closes them.
func (c *config) openBackends() (backendList, error) {
	var list backendList
	for _, b := range c.backends {
		opened, err := b.open()
		if err != nil {
			list.Close()
			return nil, c.settingErrorf("auth-backend", "%s", err)
		}
		list = append(list, opened)
	}
	return list, nil
}

// Close closes the backends that hold something open.
func (list backendList) Close() {
	for _, b := range list {
		if closer, ok := b.(io.Closer); ok {
			closer.Close()
		}
	}
}

// writable returns the first backend that can be written, or nil.
func (list backendList) writable() hermes.WritableBackend {
	for _, b := range list {
		if w, ok := b.(hermes.WritableBackend); ok {
			return w
		}
	}
	return nil
}

// readOnlyBackend returns the backend that knows the user, if that cannot be written, or nil. The
// first backend that knows the user counts.
func (list backendList) readOnlyBackend(ctx context.Context, s hermes.Store, user string) (hermes.Backend, error) {
	for _, b := range list {
		found, err := b.Has(ctx, s, user)
		if err != nil {
			return nil, fmt.Errorf("backend %s: %w", b.Name(), err)
		}
		if !found {
			continue
		}
		if _, writable := b.(hermes.WritableBackend); writable {
			return nil, nil
		}
		return b, nil
	}
	return nil, nil
}
