package kamailiotest

import (
	_ "embed"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

//go:embed kamailio.cfg
var config string

// Config returns the configuration for operators, on which Kamailio runs in tests too. The settings
// of a site are in the file kamailio-local.cfg that it imports.
func Config() string { return config }

// phoneTimeout is how many milliseconds Kamailio waits for a phone. It is less than the caller's
// ReplyTimeout, so that the caller receives Kamailio's 408.
const phoneTimeout = 5000

// writeConfig writes kamailio.cfg and kamailio-local.cfg.
func (k *Kamailio) writeConfig() error {
	lines, err := databaseDefines(k.opts.Database)
	if err != nil {
		return err
	}
	lines = append(lines,
		"#!define SIP_LISTEN udp:"+k.Addr(),
		"#!define RPC_LISTEN tcp:"+k.Addr(),
		fmt.Sprintf("#!define RPC_SOCKET %q", k.RPCSocket()),
		fmt.Sprintf("#!define GATEWAY %q", "sip:"+k.gateway.String()),
		"#!define CHILDREN 4",
		fmt.Sprintf("#!define SILENCE %d", phoneTimeout))
	if k.opts.ClearPasswords {
		lines = append(lines, "#!define WITH_CLEAR_PASSWORDS")
	}
	if err := k.folder.WriteFile("kamailio.cfg", []byte(config)); err != nil {
		return err
	}
	return k.folder.WriteFile("kamailio-local.cfg", []byte(strings.Join(lines, "\n")+"\n"))
}

// databaseDefines returns the defines that make Kamailio read a database, named as in hermesd's
// --db.
func databaseDefines(db string) ([]string, error) {
	if path, ok := strings.CutPrefix(db, "sqlite:"); ok {
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("database %q, wanted sqlite: and an absolute path", db)
		}
		return []string{"#!define WITH_SQLITE", `#!define DBURL "sqlite:///` + path + `"`}, nil
	}
	u, err := url.Parse(db)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "" {
		return nil, fmt.Errorf("database %q, wanted postgres://USER@HOST:PORT/NAME or sqlite:PATH", db)
	}
	user := u.User.Username()
	if password, ok := u.User.Password(); ok {
		user += ":" + password
	}
	return []string{fmt.Sprintf(`#!define DBURL "postgres://%s@%s%s"`, user, u.Host, u.Path)}, nil
}
