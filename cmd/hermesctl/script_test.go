package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"

	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"hermesctl": main})
}

// tests are the tests of this package.
type tests struct{ *testing.M }

// Run implements [testscript.TestingM].
func (m tests) Run() int { return leaktest.Run(m.M.Run) }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// TestScripts runs the scripts of testdata, each with a server of its own. A script finds the
// server's URL in $URL, and in its folder the password in the file password and the private keys of
// writeKeys. Besides the commands of testscript it has those of commands.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true, Cmds: commands,
		Setup: func(env *testscript.Env) error {
			s := newServer(env.T().(testing.TB))
			env.Values[serverKey{}] = s
			env.Setenv("URL", s.url)
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			public, err := writeKeys(env.WorkDir)
			env.Setenv("PUBKEY", public)
			return errors.Join(err, os.WriteFile(filepath.Join(env.WorkDir, "password"), []byte(password+"\n"), 0o600))
		},
	})
}

// serverKey is the key of the server among the values of a script.
type serverKey struct{}

// commands are the commands of scripts that testscript does not have.
var commands = map[string]func(*testscript.TestScript, bool, []string){
	// exits STATUS PROGRAM [ARGUMENT …] is exec, and checks the exit status.
	"exits": func(ts *testscript.TestScript, _ bool, args []string) {
		err := ts.Exec(args[1], args[2:]...)
		status := 0
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			status = exit.ExitCode()
		} else {
			ts.Check(err)
		}
		if strconv.Itoa(status) != args[0] {
			ts.Fatalf("exit status %d, want %s", status, args[0])
		}
	},
	// age DURATION lets time pass, for the server and for the profile default.
	"age": func(ts *testscript.TestScript, _ bool, args []string) {
		d, err := time.ParseDuration(args[0])
		ts.Check(err)
		ts.Value(serverKey{}).(*server).now.Add(int64(d))
		ts.Check(agedProfile(ts.Getenv("XDG_STATE_HOME"), d))
	},
	// cut NODE makes the server carry out calls of the node without an answer.
	"cut": func(ts *testscript.TestScript, _ bool, args []string) {
		s := ts.Value(serverKey{}).(*server)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cut[args[0]] = true
	},
	// calls NODE COUNT checks how often a node was asked.
	"calls": func(ts *testscript.TestScript, _ bool, args []string) {
		if n := ts.Value(serverKey{}).(*server).count(args[0]); strconv.Itoa(n) != args[1] {
			ts.Fatalf("%d calls of %s, want %s", n, args[0], args[1])
		}
	},
	// setenvs FILE sets a variable for each line NAME=VALUE of a file.
	"setenvs": func(ts *testscript.TestScript, _ bool, args []string) {
		for line := range strings.Lines(ts.ReadFile(args[0])) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			ts.Setenv(name, value)
		}
	},
	// mode MODE FILE checks the permissions of a file.
	"mode": func(ts *testscript.TestScript, _ bool, args []string) {
		info, err := os.Stat(ts.MkAbs(args[1]))
		ts.Check(err)
		if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] {
			ts.Fatalf("%s has the mode %s, want %s", args[1], got, args[0])
		}
	},
}

// agedProfile makes the session of the profile default older.
func agedProfile(state string, d time.Duration) error {
	return profileFile{filepath.Join(state, "hermes", "default.json")}.change(func(p profile) (profile, error) {
		aged := *p.Session
		aged.Renewed = aged.Renewed.Add(-d)
		p.Session = &aged
		return p, nil
	})
}

// writeKeys writes a private key as PKCS#8 (key.pem) and in OpenSSH's format (key.openssh), and
// keys that are not accepted. It returns the public key.
func writeKeys(folder string) (public string, err error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	openssh, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return "", err
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("passphrase"))
	if err != nil {
		return "", err
	}
	p256, err := ssh.MarshalPrivateKey(other, "")
	if err != nil {
		return "", err
	}
	for name, block := range map[string]*pem.Block{
		"key.pem": {Type: "PRIVATE KEY", Bytes: pkcs8}, "key.openssh": openssh, "locked.openssh": locked,
		"locked.pem": {Type: "ENCRYPTED PRIVATE KEY", Bytes: pkcs8}, "p256.openssh": p256,
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600))
	}
	return base64.StdEncoding.EncodeToString(pub), err
}
