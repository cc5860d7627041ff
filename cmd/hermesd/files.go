package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkFiles returns an error if another user could replace what an embedded database keeps on
// disk: the data folder, the secret key and the database belong to this user or to root, and no
// other user can write them. A database outside the data folder may belong to Kamailio, and its
// group may write it and its folder, since Kamailio needs both; the secret key is not there then.
// What does not exist yet is created with the right modes.
func (c *config) checkFiles() error {
	if c.db.kind != dbSQLite {
		return nil
	}
	folder := filepath.Dir(c.db.path)
	shared := folder != filepath.Clean(c.data)
	if len(c.secretKeys) == 0 || !shared {
		if err := c.checkOwn("data", c.data); err != nil {
			return err
		}
	}
	if len(c.secretKeys) == 0 {
		if err := c.checkOwn("data", c.secretKeyFile()); err != nil {
			return err
		}
	}
	for _, path := range []string{folder, c.db.path, c.db.path + "-wal", c.db.path + "-shm"} {
		check := c.checkOwn
		if shared {
			check = c.checkShared
		}
		if err := check("db", path); err != nil {
			return err
		}
	}
	return nil
}

// checkOwn returns an error that names the setting if the file at path belongs to another user than
// this one and root, or if others can write it.
func (c *config) checkOwn(name, path string) error {
	info, err := stat(path)
	if err != nil || info == nil {
		return err
	}
	if uid, known := owner(info); known && uid != 0 && uid != os.Geteuid() {
		return c.settingErrorf(name, "%q belongs to the user %d, who could replace it: want one that belongs to this user, %d, "+
			"or to root (chown), or another data folder", path, uid, os.Geteuid())
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return c.settingErrorf(name, "%q is %s, so that others can write it: chmod go-w, and share only a database outside of "+
			"the data folder with Kamailio, as db=sqlite:PATH", path, mode)
	}
	return nil
}

// checkShared is checkOwn for a database that Kamailio may share.
func (c *config) checkShared(name, path string) error {
	info, err := stat(path)
	if err != nil || info == nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o002 != 0 {
		return c.settingErrorf(name, "%q is %s, so that all users can write it: chmod o-w, with Kamailio in its group", path, mode)
	}
	return nil
}

// stat returns nil for a file that does not exist.
func stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("check %q: %w", path, err)
	}
	return info, nil
}
