package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hermes-voip/go-hermes/hermes"
)

// readKeyFile returns the secret key that a file holds; fs.ErrNotExist where there is no file.
func readKeyFile(path string) (hermes.SecretKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return hermes.SecretKey{}, err
	}
	k, err := hermes.ParseSecretKey(string(b))
	if err != nil {
		return k, fmt.Errorf("%s: want 32 bytes in base64", path)
	}
	return k, nil
}

// makeKeyFile makes a secret key, once: of several processes that start together all get the
// key of one. The file appears whole and on the disk or not at all: it is written beside its
// place and then linked there, which fails where somebody was first.
func makeKeyFile(path string) (hermes.SecretKey, error) {
	k, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		return k, err
	}
	beside := fmt.Sprintf("%s.%s", path, rand.Text())
	if err := writeSynced(beside, k.Reveal()+"\n"); err != nil {
		return k, err
	}
	defer os.Remove(beside)
	err = os.Link(beside, path)
	if errors.Is(err, fs.ErrExist) {
		return readKeyFile(path)
	}
	if err != nil {
		return k, err
	}
	return k, syncFolder(filepath.Dir(path))
}

func writeSynced(path, content string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteString(content); err != nil {
		return err
	}
	return f.Sync()
}

// syncFolder makes a new name in the folder outlive a power cut.
func syncFolder(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}

// keys returns the secret keys: those of the setting, or that of an embedded database, which is
// made where the database has not been used yet.
func (s *openStore) keys(ctx context.Context) ([]hermes.SecretKey, error) {
	c := s.config
	if len(c.secretKeys) > 0 || c.db.kind != dbSQLite {
		return c.secretKeys, nil
	}
	k, err := readKeyFile(c.secretKeyFile())
	if errors.Is(err, fs.ErrNotExist) {
		k, err = s.firstKey(ctx)
	}
	if err != nil {
		return nil, c.wrong("secret-key", "%s", err)
	}
	return []hermes.SecretKey{k}, nil
}

// firstKey makes the key, unless there are principals: then it has been made, by a process that
// started together with this one, or has been lost.
func (s *openStore) firstKey(ctx context.Context) (hermes.SecretKey, error) {
	path := s.config.secretKeyFile()
	used, err := s.Authorizations(ctx)
	if err != nil {
		return hermes.SecretKey{}, err
	}
	if len(used) == 0 {
		return makeKeyFile(path)
	}
	k, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, fmt.Errorf("%s is missing, and the database has passwords sealed with it: want the file back, or the key in %s",
			path, s.config.value("secret-key").envName())
	}
	return k, err
}
