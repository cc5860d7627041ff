package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/doctor"
	"github.com/hermes-voip/go-hermes/internal/kamrpc"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

func fine(check, format string, args ...any) doctor.Finding {
	return doctor.Finding{Level: doctor.OK, Check: check, Detail: fmt.Sprintf(format, args...)}
}

// examineSettings tells whether a server would start with them. The secret key is a check of its own.
func (c *config) examineSettings() doctor.Finding {
	err := c.checkServe()
	var wrong *settingError
	if errors.As(err, &wrong) && wrong.name == "secret-key" {
		err = nil
	}
	if err == nil {
		var users backends
		users, err = c.openBackends()
		users.close()
	}
	if err == nil && c.tls() {
		if failed := (&certificate{certFile: c.tlsCert, keyFile: c.tlsKey}).reload(); failed != nil {
			err = c.wrong("tls-cert", "%q: %s", c.tlsCert, failed)
		}
	}
	if err != nil {
		return badSettings(err)
	}
	return fine("settings", "the settings can be served with")
}

// examineKeys finds the secret keys as a server would, but makes none. db is nil where there is none yet.
func (c *config) examineKeys(ctx context.Context, db *doctor.Database) ([]hermes.SecretKey, doctor.Finding) {
	const check = "secret-key"
	if len(c.secretKeys) > 0 {
		return c.secretKeys, fine(check, "%d in the settings (%s)", len(c.secretKeys), c.value(check).origin)
	}
	if err := c.checkKeys(); err != nil {
		return nil, doctor.Finding{Level: doctor.Fail, Check: check, Detail: err.Error(), Remedy: "set it, in every hermesd alike"}
	}
	k, err := readKeyFile(c.secretKeyFile())
	switch {
	case err == nil:
		return []hermes.SecretKey{k}, fine(check, "it is in %s", c.secretKeyFile())
	case !errors.Is(err, fs.ErrNotExist):
		return nil, doctor.Finding{Level: doctor.Fail, Check: check, Detail: err.Error(), Remedy: "restore the file from a backup, and let the user that runs hermesd read it"}
	case used(ctx, db):
		return nil, doctor.Finding{Level: doctor.Fail, Check: check, Detail: c.secretKeyFile() + " is missing, and the database has been used with it: hermesd does not start",
			Remedy: "restore the file from a backup, or give the key in " + c.value(check).envName()}
	}
	return nil, fine(check, "it is made at the first start")
}

// used tells whether the database has principals. Where it cannot be asked that is another check's to say.
func used(ctx context.Context, db *doctor.Database) bool {
	if db == nil {
		return false
	}
	used, err := db.Used(ctx)
	return used && err == nil
}

// examineModes tells who else may read the files that hold secrets. The group may read the database: Kamailio may be in it.
func (c *config) examineModes() doctor.Finding {
	const check = "file-modes"
	var open []string
	add := func(path string, forbidden fs.FileMode) {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&forbidden != 0 {
			open = append(open, fmt.Sprintf("%s is %s", path, info.Mode().Perm()))
		}
	}
	if len(c.secretKeys) == 0 {
		add(c.secretKeyFile(), 0o077)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		add(c.db.path+suffix, 0o007)
	}
	if len(open) > 0 {
		return doctor.Finding{Level: doctor.Fail, Check: check, Detail: "others can read or write secrets: " + strings.Join(open, ", "),
			Remedy: "chmod 600 the secret key; chmod o= the database and what is beside it, with Kamailio in its group"}
	}
	return fine(check, "no other user can read the secret key or the database")
}

// examineTLS tells how the connection to PostgreSQL is guarded.
func (c *config) examineTLS() doctor.Finding {
	t, err := pgconn.ParseURL(c.db.url.Reveal())
	if err != nil {
		return badSettings(c.wrong("db", "%s", err))
	}
	return judgeTLS(t)
}

func judgeTLS(t pgconn.Target) doctor.Finding {
	const check = "tls"
	here := t.Network == "unix" || loopback(t.Addr)
	switch {
	case t.SSLMode == "disable" && here:
		return fine(check, "sslmode is disable, and the connection to PostgreSQL stays on this machine")
	case t.SSLMode == "disable":
		return doctor.Finding{Level: doctor.Warn, Check: check, Detail: fmt.Sprintf("sslmode is disable: whoever is on the way to %s can read and change all", t.Addr),
			Remedy: "take sslmode=disable out of the URL in db; with sslrootcert where the authority is your own"}
	case t.SSLMode == "verify-ca":
		return doctor.Finding{Level: doctor.Warn, Check: check, Detail: fmt.Sprintf("sslmode is verify-ca: any server of that authority may pose as %s", t.Addr),
			Remedy: "sslmode=verify-full, with a certificate for the server's name"}
	}
	return fine(check, "sslmode is %s", t.SSLMode)
}

// examineRPC tells whether Kamailio answers. A refusal is an answer.
func examineRPC(ctx context.Context, client *kamrpc.Client) doctor.Finding {
	const check = "kamailio-rpc"
	_, err := client.Call(ctx, "core.version")
	if fault := new(kamrpc.Fault); err == nil || errors.As(err, &fault) {
		return fine(check, "Kamailio answers")
	}
	return doctor.Finding{Level: doctor.Warn, Check: check, Detail: "Kamailio does not answer: " + err.Error(),
		Remedy: "see that it runs, with the modules jsonrpcs and xhttp, and that kamailio-rpc names its address; until then removed users stay reachable"}
}
