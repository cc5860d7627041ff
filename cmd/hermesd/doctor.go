package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/doctor"
	"github.com/hermes-voip/go-hermes/internal/kamrpc"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

// runDoctor is the command doctor. Wrong settings are a finding, not a usage error.
func (a *app) runDoctor(ctx context.Context, args []string) error {
	asJSON := false
	flags := newFlagSet()
	flags.BoolVar(&asJSON, "json", false, "print the findings as JSON")
	c, err := a.load(flags, args)
	var settingErr *settingError
	if err != nil && !errors.As(err, &settingErr) {
		return err
	}
	r := &doctorReport{w: a.stdout, json: asJSON}
	if err != nil {
		r.add(settingsFinding(err))
	} else {
		c.examine(ctx, r.add)
	}
	return r.end()
}

// doctorReport prints findings: each at once as a line, or all of them at the end as JSON.
type doctorReport struct {
	w        io.Writer
	json     bool
	findings []doctor.Finding
	failed   int   // the number of findings of level Fail
	err      error // the first error of w
}

func (r *doctorReport) add(f doctor.Finding) {
	r.findings = append(r.findings, f)
	if f.Level == doctor.Fail {
		r.failed++
	}
	if r.json || r.err != nil {
		return
	}
	remedy := ""
	if f.Remedy != "" {
		remedy = "; remedy: " + f.Remedy
	}
	_, r.err = fmt.Fprintf(r.w, "%-4s  %s: %s%s\n", f.Level, f.Check, f.Detail, remedy)
}

// end prints the JSON, if that is wanted. It returns an error if a check failed.
func (r *doctorReport) end() error {
	if r.json {
		e := json.NewEncoder(r.w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		r.err = e.Encode(r.findings)
	}
	if r.err == nil && r.failed > 0 {
		return fmt.Errorf("doctor: %d of %d checks failed", r.failed, len(r.findings))
	}
	return r.err
}

// examine runs all checks: first those of the settings and of the files and servers that they name,
// then those of the database.
func (c *config) examine(ctx context.Context, report func(doctor.Finding)) {
	if err := c.checkPersistent("examine"); err != nil {
		report(settingsFinding(err))
		return
	}
	report(c.examineSettings())
	if f, ok := c.examineCertificate(time.Now()); ok {
		report(f)
	}
	report(c.examineProxies())
	if f, ok := c.examineProvisioning(); ok {
		report(f)
	}
	db, err := c.openDoctorDatabase()
	if err == nil {
		defer db.Close()
	}
	keys, keyFinding := c.examineKeys(ctx, db)
	report(keyFinding)
	if c.db.embedded() {
		report(c.examineModes())
	} else {
		report(c.examineTLS())
	}
	var loadedDomains func(context.Context) ([]string, error)
	if c.kamailioRPC != nil {
		f := examineRPC(ctx, c.kamailioRPC)
		report(f)
		if f.Level == doctor.OK {
			loadedDomains = c.kamailioRPC.Domains
		}
	}
	if err != nil {
		report(doctor.Finding{Level: doctor.Fail, Check: "database", Detail: err.Error(),
			Remedy: "start hermesd, which creates a new one; or correct db and data"})
		return
	}
	backends, backendsErr := c.openBackends()
	if backendsErr == nil {
		defer backends.Close()
	}
	doctor.Examine(ctx, doctor.Options{
		Database:          db,
		Replicas:          c.openReplicas(),
		Backends:          backends,
		BackendsErr:       backendsErr,
		AutoMigrate:       c.migrate == migrateAuto,
		SecretKeys:        keys,
		Domains:           c.domains,
		KamailioPlaintext: c.kamailioPlaintext,
		LoadedDomains:     loadedDomains,
		LowWater:          c.numberLowWater,
	}, report)
}

func (c *config) openDoctorDatabase() (*doctor.Database, error) {
	if c.db.kind == dbPostgres {
		return doctor.PostgreSQL(c.db.url.Reveal(), c.kamailioSchema)
	}
	return doctor.SQLite(c.db.path)
}

// openReplicas returns the servers of the setting db-replica, whose URLs are valid.
func (c *config) openReplicas() (all []*pgconn.Hosts) {
	for _, url := range c.replicas {
		if h, err := pgconn.NewReplicaHosts(url); err == nil {
			all = append(all, h)
		}
	}
	return all
}

func okFinding(check, format string, args ...any) doctor.Finding {
	return doctor.Finding{Level: doctor.OK, Check: check, Detail: fmt.Sprintf(format, args...)}
}

// settingsFinding returns the finding for settings that are wrong.
func settingsFinding(err error) doctor.Finding {
	return doctor.Finding{Level: doctor.Fail, Check: "settings", Detail: err.Error(),
		Remedy: "correct the setting; hermesd help lists all settings and their values"}
}

// examineSettings checks whether a server would start with the settings. A missing secret key is
// left to examineKeys.
func (c *config) examineSettings() doctor.Finding {
	err := c.checkServe()
	var settingErr *settingError
	if errors.As(err, &settingErr) && settingErr.name == "secret-key" {
		err = nil
	}
	if err == nil {
		err = c.checkFiles()
	}
	if err == nil {
		var opened backendList
		opened, err = c.openBackends()
		opened.Close()
	}
	if err == nil {
		_, err = c.openPhoneFiles()
	}
	if err == nil && c.servesTLS() {
		if certErr := (&certificate{certFile: c.tlsCert, keyFile: c.tlsKey}).reload(); certErr != nil {
			err = c.settingErrorf("tls-cert", "%q: %s", c.tlsCert, certErr)
		}
	}
	if err != nil {
		return settingsFinding(err)
	}
	return okFinding("settings", "a server can start with the settings")
}

// certificateWarning is how long before its end a certificate is warned of.
const certificateWarning = 14 * 24 * time.Hour

// examineCertificate checks when the certificate is valid. ok is false if there is none, or if it
// cannot be read, which examineSettings reports.
func (c *config) examineCertificate(now time.Time) (f doctor.Finding, ok bool) {
	const check = "certificate"
	cert := &certificate{certFile: c.tlsCert, keyFile: c.tlsKey}
	if !c.servesTLS() || cert.reload() != nil {
		return f, false
	}
	leaf := cert.current.Load().Leaf
	f = okFinding(check, "it is valid until %s", leaf.NotAfter.UTC().Format(time.DateTime))
	switch {
	case now.Before(leaf.NotBefore):
		f.Level, f.Detail = doctor.Fail, "tls-cert is not valid before "+leaf.NotBefore.UTC().Format(time.DateTime)
	case now.After(leaf.NotAfter):
		f.Level, f.Detail = doctor.Fail, "tls-cert has expired: it was valid until "+leaf.NotAfter.UTC().Format(time.DateTime)
	case now.Add(certificateWarning).After(leaf.NotAfter):
		f.Level, f.Detail = doctor.Warn, "tls-cert expires soon: it is valid until "+leaf.NotAfter.UTC().Format(time.DateTime)
	}
	if f.Level != doctor.OK {
		f.Remedy = "put a new certificate and its key into the files of tls-cert and tls-key, and send SIGHUP to hermesd"
	}
	return f, true
}

// examineKeys finds the secret keys as a server does, but creates none. db is nil if the database
// could not be opened.
func (c *config) examineKeys(ctx context.Context, db *doctor.Database) ([]hermes.SecretKey, doctor.Finding) {
	const check = "secret-key"
	if len(c.secretKeys) > 0 {
		return c.secretKeys, okFinding(check, "%d in the settings (%s)", len(c.secretKeys), c.lookup(check).origin)
	}
	if err := c.checkSecretKeys(); err != nil {
		return nil, doctor.Finding{Level: doctor.Fail, Check: check, Detail: err.Error(),
			Remedy: "set it to the same value in every hermesd"}
	}
	k, err := readKeyFile(c.secretKeyFile())
	switch {
	case err == nil:
		return []hermes.SecretKey{k}, okFinding(check, "it is in %s", c.secretKeyFile())
	case !errors.Is(err, fs.ErrNotExist):
		return nil, doctor.Finding{Level: doctor.Fail, Check: check, Detail: err.Error(),
			Remedy: "restore the file from a backup, and let the user that runs hermesd read it"}
	case isUsed(ctx, db):
		return nil, doctor.Finding{Level: doctor.Fail, Check: check,
			Detail: c.secretKeyFile() + " is missing, and the database has been used with it: hermesd does not start",
			Remedy: "restore the file from a backup, or give the key in " + c.lookup(check).envName()}
	}
	return nil, okFinding(check, "it is created at the first start")
}

// isUsed reports whether the database is known to have principals. It ignores errors, which the
// checks of the database report.
func isUsed(ctx context.Context, db *doctor.Database) bool {
	if db == nil {
		return false
	}
	used, err := db.Used(ctx)
	return used && err == nil
}

// examineModes checks that other users cannot read the files that hold secrets. The group may read
// the database, because Kamailio may be in it.
func (c *config) examineModes() doctor.Finding {
	const check = "file-modes"
	var open []string
	checkFile := func(path string, forbidden fs.FileMode) {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&forbidden != 0 {
			open = append(open, fmt.Sprintf("%s is %s", path, info.Mode().Perm()))
		}
	}
	if len(c.secretKeys) == 0 {
		checkFile(c.secretKeyFile(), 0o077)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		checkFile(c.db.path+suffix, 0o007)
	}
	if len(open) > 0 {
		return doctor.Finding{Level: doctor.Fail, Check: check,
			Detail: "others can read or write secrets: " + strings.Join(open, ", "),
			Remedy: "chmod 600 the secret key; chmod o= the database and the files beside it, with Kamailio in its group"}
	}
	return okFinding(check, "no other user can read the secret key or the database")
}

// examineTLS checks whether the connection to PostgreSQL is encrypted and verified.
func (c *config) examineTLS() doctor.Finding {
	t, err := pgconn.ParseURL(c.db.url.Reveal())
	if err != nil {
		return settingsFinding(c.settingErrorf("db", "%s", err))
	}
	hosts := t.Hosts
	for _, url := range c.replicas {
		replica, err := pgconn.ParseURL(url)
		if err != nil {
			return settingsFinding(c.settingErrorf("db-replica", "%s", err))
		}
		hosts = append(hosts, replica.Hosts...)
	}
	var worst doctor.Finding
	for _, host := range hosts {
		if f := tlsFinding(host); worst.Level != doctor.Warn {
			worst = f
		}
	}
	return worst
}

func tlsFinding(t pgconn.Target) doctor.Finding {
	const check = "tls"
	isLocal := t.Network == "unix" || isLoopback(t.Addr)
	switch {
	case t.SSLMode == "disable" && isLocal:
		return okFinding(check, "sslmode is disable, and the connection to PostgreSQL stays on this machine")
	case t.SSLMode == "disable":
		return doctor.Finding{Level: doctor.Warn, Check: check,
			Detail: fmt.Sprintf("sslmode is disable: traffic to %s can be read and changed on the network", t.Addr),
			Remedy: "remove sslmode=disable from the URL in db; add sslrootcert if the certificate authority is your own"}
	case t.SSLMode == "verify-ca":
		return doctor.Finding{Level: doctor.Warn, Check: check,
			Detail: fmt.Sprintf("sslmode is verify-ca: any server with a certificate of that authority can pose as %s", t.Addr),
			Remedy: "sslmode=verify-full, with a certificate for the server's name"}
	}
	return okFinding(check, "sslmode is %s", t.SSLMode)
}

// examineRPC checks whether Kamailio answers. An answer that refuses the call counts.
func examineRPC(ctx context.Context, client *kamrpc.Client) doctor.Finding {
	const check = "kamailio-rpc"
	_, err := client.Call(ctx, "core.version")
	if fault := new(kamrpc.Fault); err == nil || errors.As(err, &fault) {
		return okFinding(check, "Kamailio answers")
	}
	return doctor.Finding{Level: doctor.Warn, Check: check, Detail: "Kamailio does not answer: " + err.Error(),
		Remedy: "check that it runs, with the modules jsonrpcs and xhttp, and that kamailio-rpc names its address; " +
			"until then removed and suspended users can still be called"}
}
