package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
)

// The variables of the environment with which scripts log in by key pair without a profile.
const (
	urlVariable     = "HERMES_URL"
	keyIDVariable   = "HERMES_KEY_ID"
	keyFileVariable = "HERMES_KEY_FILE"
)

// dial returns the Client of the profile, or of the environment. The caller must close it. An error
// has the exit status.
func (a *app) dial(ctx context.Context) (*remote.Client, error) { return a.dialOver(ctx, nil) }

// dialOver is [app.dial] with what makes the HTTP requests, which may be nil.
func (a *app) dialOver(ctx context.Context, transport http.RoundTripper) (*remote.Client, error) {
	p, fromEnvironment, err := a.environment()
	if err != nil {
		return nil, err
	}
	opts := &remote.Options{Transport: transport}
	if !fromEnvironment {
		file, err := a.profileFile()
		if err != nil {
			return nil, err
		}
		if p, err = file.read(); err != nil {
			return nil, &statusError{status: exitNoSession, err: err}
		}
		if p.KeyID == "" {
			opts.Sessions = keptSessions{file: file, url: p.URL}
		}
	}
	if p.URL == "" || p.KeyID == "" && p.Session == nil {
		return nil, a.notLoggedIn(p)
	}
	if p.KeyID != "" {
		if opts.KeyPair, err = p.keyPair(); err != nil {
			return nil, err
		}
	}
	c, err := a.connect(ctx, p.URL, opts)
	if errors.Is(err, remote.ErrNoSession) {
		return nil, a.notLoggedIn(p)
	}
	return c, err
}

// environment returns the profile that the environment describes, unless a flag names another.
func (a *app) environment() (p profile, ok bool, err error) {
	p = profile{URL: a.getenv(urlVariable), KeyID: a.getenv(keyIDVariable), KeyFile: a.getenv(keyFileVariable)}
	if a.profile != "" || p == (profile{}) {
		return profile{}, false, nil
	}
	for name, value := range map[string]string{urlVariable: p.URL, keyIDVariable: p.KeyID, keyFileVariable: p.KeyFile} {
		if value == "" {
			return p, false, usagef("%s: want it in the environment, or none of %s, %s and %s",
				name, urlVariable, keyIDVariable, keyFileVariable)
		}
	}
	return p, true, nil
}

// notLoggedIn is the error of a command for which there is no session.
func (a *app) notLoggedIn(p profile) error {
	command := "hermesctl login "
	if a.profile != "" {
		command += "--profile " + a.profile + " "
	}
	url := p.URL
	if url == "" {
		url = "URL"
	}
	return &statusError{status: exitNoSession, err: errors.New("not logged in: run " + command + url)}
}

// connect returns a Client of the server at a URL. An error has the exit status.
func (a *app) connect(ctx context.Context, url string, opts *remote.Options) (*remote.Client, error) {
	opts.RetryFor = a.wait
	if a.wait <= 0 {
		opts.RetryFor = -1
	}
	c, err := remote.Dial(ctx, url, opts)
	if e, ok := errors.AsType[*hermes.Error](err); ok {
		return nil, withoutAnswer(e)
	}
	if err != nil { // the URL or a key is wrong
		text := strings.TrimPrefix(err.Error(), "remote: ")
		return nil, usageError(strings.TrimSuffix(text, ", or Options.AllowHTTP"))
	}
	return c, nil
}

// keyPair returns the key pair of a profile.
func (p profile) keyPair() (*remote.KeyPair, error) {
	key, err := readPrivateKey(p.KeyFile)
	if err != nil {
		return nil, err
	}
	return &remote.KeyPair{ID: p.KeyID, Key: key, Origin: p.Origin}, nil
}

// readPrivateKey reads an Ed25519 key in PEM, as PKCS#8 or in OpenSSH's format.
func readPrivateKey(path string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("the private key: %v", err)
	}
	name := filepath.Clean(path)
	key, err := ssh.ParseRawPrivateKey(text)
	if _, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok || strings.Contains(string(text), "BEGIN ENCRYPTED PRIVATE KEY") {
		return nil, usagef("%s: the private key has a passphrase; want one without", name)
	}
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return key, nil
	case *ed25519.PrivateKey:
		return key, nil
	case nil:
		return nil, usagef("%s: want a private key in PEM, as PKCS#8 or in OpenSSH's format", name)
	}
	return nil, usagef("%s: the private key is a %T; want one of Ed25519", name, key)
}
