package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

// setSecretKeys parses the setting secret-key. Its errors do not quote the text.
func (c *config) setSecretKeys(s string) error {
	var keys []hermes.SecretKey
	for i, part := range strings.Split(s, ",") {
		k, err := hermes.ParseSecretKey(part)
		if err != nil {
			return fmt.Errorf("key %d: want 32 bytes in base64, as `head -c 32 /dev/urandom | base64` makes them", i+1)
		}
		keys = append(keys, k)
	}
	c.secretKeys = keys
	return nil
}

// checkSecretKeys requires a secret key in the settings for PostgreSQL, which several hermesd may
// share: a generated key would differ from theirs.
func (c *config) checkSecretKeys() error {
	if c.db.kind == dbPostgres && len(c.secretKeys) == 0 {
		return c.settingErrorf("secret-key",
			"missing: PostgreSQL wants one, the same in every hermesd that uses the database; "+
				"`head -c 32 /dev/urandom | base64` makes one")
	}
	return nil
}

// secretKeyFile returns the path of the generated secret key of an embedded database.
func (c *config) secretKeyFile() string { return filepath.Join(c.data, "secret.key") }

// loadOrCreateKeys returns the secret keys of the settings or, if there are none, the key in the
// file of an embedded database. If the database has not been used yet, the file is created.
func (s *store) loadOrCreateKeys(ctx context.Context) ([]hermes.SecretKey, error) {
	c := s.config
	if len(c.secretKeys) > 0 || c.db.kind != dbSQLite {
		return c.secretKeys, nil
	}
	k, err := readKeyFile(c.secretKeyFile())
	if errors.Is(err, fs.ErrNotExist) {
		k, err = s.createFirstKey(ctx)
	}
	if err != nil {
		return nil, c.settingErrorf("secret-key", "%s", err)
	}
	return []hermes.SecretKey{k}, nil
}

// createFirstKey creates the key file of a database without principals. If there are principals,
// the file has been lost, unless a process that started at the same time has just created it.
func (s *store) createFirstKey(ctx context.Context) (hermes.SecretKey, error) {
	path := s.config.secretKeyFile()
	principals, err := s.Authorizations(ctx)
	if err != nil {
		return hermes.SecretKey{}, err
	}
	if len(principals) == 0 {
		return createKeyFile(path)
	}
	k, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, fmt.Errorf("%s is missing, and the database has passwords sealed with it: "+
			"want the file back, or the key in %s", path, s.config.lookup("secret-key").envName())
	}
	return k, err
}

// readKeyFile returns the secret key in a file. The error wraps [fs.ErrNotExist] if there is no
// file.
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

// createKeyFile creates a file with a new secret key and returns the key. If another process
// creates the file first, it returns that key. The key is written to a temporary file and then
// linked, so that the file is complete and on disk when it appears.
func createKeyFile(path string) (hermes.SecretKey, error) {
	k, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		return k, err
	}
	temporary := fmt.Sprintf("%s.%s", path, rand.Text())
	if err := writeFileSync(temporary, k.Reveal()+"\n"); err != nil {
		return k, err
	}
	defer os.Remove(temporary)
	err = os.Link(temporary, path)
	if errors.Is(err, fs.ErrExist) {
		return readKeyFile(path)
	}
	if err != nil {
		return k, err
	}
	return k, syncFolder(filepath.Dir(path))
}

// writeFileSync creates a file with mode 0600 and writes it to disk.
func writeFileSync(path, content string) (err error) {
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

// syncFolder writes a folder's entries to disk, so that a new file in it survives a power failure.
func syncFolder(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}

// checkSealed returns an error that names the setting if the secret keys are not those with which
// the database has been used.
func (c *config) checkSealed(ctx context.Context, client *hermes.Client) error {
	err := client.CheckSecretKeys(ctx)
	if !errors.Is(err, hermes.ErrSecretKey) {
		return withStoreError(err)
	}
	setting := c.lookup("secret-key")
	_, from := c.printable(setting)
	return &settingError{name: setting.name, origin: from, reason: fmt.Sprintf("%s: want every key that this database has been "+
		"used with, the first one for new passwords, as in all other hermesd of this database; "+
		"hermesd rekey makes the first one enough, and if a key is lost for good, hermesd rekey --accept-lost goes on without it",
		withStoreError(err))}
}

// runRekey is the command rekey. Servers may run meanwhile if they have all the keys that the
// command has.
func (a *app) runRekey(ctx context.Context, args []string) error {
	acceptLost := false
	flags := newFlagSet()
	flags.BoolVar(&acceptLost, "accept-lost", false, "go on although a secret key is lost: "+
		"passwords that it sealed cannot be recovered, and the users need new ones")
	c, err := a.load(flags, args)
	if err != nil {
		return err
	}
	if err := errors.Join(c.checkPersistent("seal anew"), c.checkSecretKeys()); err != nil {
		return err
	}
	open := openClient
	if acceptLost {
		open = openUnchecked
	}
	s, client, err := open(ctx, c, hermes.Options{Logger: a.newLogger(c)})
	if err != nil {
		return err
	}
	defer s.Close()
	if acceptLost {
		if err := client.AcceptLostKeys(ctx); err != nil {
			return withStoreError(err)
		}
	}
	n, err := client.Rekey(ctx)
	fmt.Fprintf(a.stdout, "sealed anew: %d\n", n)
	return withStoreError(err)
}
