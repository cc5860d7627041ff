//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfig_CheckFiles checks that serve refuses files that another user could replace, and
// follows no link when it makes one.
func TestConfig_CheckFiles(t *testing.T) {
	t.Parallel()
	const stranger = 65534
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		why     string
		root    bool // the test needs root
		prepare func(data, shared string)
		args    []string // SHARED stands for a folder beside the data folder
		want    string   // what the error contains; empty if the server starts
	}{
		{"nothing is there yet", false, func(string, string) {}, nil, ""},
		{"the folder of another user", true, func(data, _ string) {
			must(os.Mkdir(data, 0o700))
			must(os.WriteFile(filepath.Join(data, "secret.key"), []byte(testKey), 0o600))
			must(os.Chown(data, stranger, stranger))
		}, nil, "data: |belongs to the user 65534|chown"},
		{"another user's key", true, func(data, _ string) {
			must(os.Mkdir(data, 0o700))
			must(os.WriteFile(filepath.Join(data, "secret.key"), []byte(testKey), 0o600))
			must(os.Chown(filepath.Join(data, "secret.key"), stranger, stranger))
		}, nil, "data: |secret.key|belongs to the user 65534"},
		{"a folder that the group can write", false, func(data, _ string) {
			must(os.Mkdir(data, 0o700))
			must(os.Chmod(data, 0o770))
		}, nil, "data: |chmod go-w"},
		{"a log of the database that the group can write", false, func(data, _ string) {
			must(os.Mkdir(data, 0o700))
			must(os.WriteFile(filepath.Join(data, "hermes.db-wal"), nil, 0o600))
			must(os.Chmod(filepath.Join(data, "hermes.db-wal"), 0o660))
		}, nil, "db: |hermes.db-wal|chmod go-w"},
		{"a link to nothing", false, func(data, shared string) {
			must(os.Mkdir(data, 0o700))
			must(os.Symlink(filepath.Join(shared, "target"), filepath.Join(data, "hermes.db")))
		}, nil, "db: |symbolic link"},
		{"a link to nothing in the place of the key", false, func(data, shared string) {
			must(os.Mkdir(data, 0o700))
			must(os.Symlink(filepath.Join(shared, "target"), filepath.Join(data, "secret.key")))
		}, nil, "secret-key: |secret.key"},
		{"a folder that Kamailio shares", false, func(_, shared string) { must(os.Chmod(shared, 0o770)) },
			[]string{"--db", "sqlite:SHARED/hermes.db"}, ""},
		{"a shared folder that everybody can write", false, func(_, shared string) { must(os.Chmod(shared, 0o777)) },
			[]string{"--db", "sqlite:SHARED/hermes.db"}, "db: |chmod o-w"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			if tt.root && os.Geteuid() != 0 {
				t.Skip("only root can give files away")
			}
			folder := t.TempDir()
			data, shared := filepath.Join(folder, "data"), filepath.Join(folder, "shared")
			must(os.Mkdir(shared, 0o700))
			tt.prepare(data, shared)
			args := []string{"--data", data}
			for _, arg := range tt.args {
				args = append(args, strings.ReplaceAll(arg, "SHARED", shared))
			}
			if tt.want == "" {
				startHermesd(t, nil, args...)
				return
			}
			code, _, stderr := runCommand(t, nil, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
			if code != exitUsage {
				t.Errorf("exit code %d, %q", code, stderr)
			}
			for part := range strings.SplitSeq(tt.want, "|") {
				if !strings.Contains(stderr, part) {
					t.Errorf("%q, want %q in it", stderr, part)
				}
			}
			if _, err := os.Stat(filepath.Join(shared, "target")); err == nil {
				t.Error("the link was followed")
			}
		})
	}
}
