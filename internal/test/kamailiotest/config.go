package kamailiotest

import (
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

//go:embed kamailio.cfg
var config string

// Config returns the configuration that operators are given and that Kamailio runs on here. What it
// imports from kamailio-local.cfg beside it is the site's own.
func Config() string { return config }

// silence is how long Kamailio waits for a phone, in milliseconds: less than a caller's patience, so
// that the caller gets Kamailio's 408.
const silence = 5000

// configure writes both files.
func (k *Kamailio) configure() error {
	lines, err := database(k.opts.Database)
	if err != nil {
		return err
	}
	lines = append(lines,
		"#!define SIP_LISTEN udp:"+k.Addr(),
		"#!define RPC_LISTEN tcp:"+k.Addr(),
		fmt.Sprintf("#!define RPC_SOCKET %q", k.RPCSocket()),
		fmt.Sprintf("#!define GATEWAY %q", "sip:"+k.gateway.String()),
		"#!define CHILDREN 4",
		fmt.Sprintf("#!define SILENCE %d", silence))
	if k.opts.ClearPasswords {
		lines = append(lines, "#!define WITH_CLEAR_PASSWORDS")
	}
	if err := os.WriteFile(filepath.Join(k.dir, "kamailio.cfg"), []byte(config), 0o600); err != nil {
		return err
	}
	local := strings.Join(lines, "\n") + "\n"
	return os.WriteFile(filepath.Join(k.dir, "kamailio-local.cfg"), []byte(local), 0o600)
}

// database returns the defines that make Kamailio read from a database as hermesd's --db names it.
func database(db string) ([]string, error) {
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
