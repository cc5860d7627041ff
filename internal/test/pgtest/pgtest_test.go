package pgtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func TestDatabasesAreApart(t *testing.T) {
	a, b := pgtest.New(t, pgtest.Options{}), pgtest.New(t, pgtest.Options{})
	a.Exec(t, "INSERT INTO domain (domain) VALUES ($1)", "example.com")
	if got := a.Value(t, "SELECT count(*) FROM domain"); got != "1" {
		t.Errorf("the database written to has %s domains, wanted 1", got)
	}
	if got := b.Value(t, "SELECT count(*) FROM domain"); got != "0" {
		t.Errorf("the other database has %s domains, wanted 0", got)
	}
}

func TestKamailioTables(t *testing.T) {
	db := pgtest.New(t, pgtest.Options{})
	got := db.Query(t, `SELECT table_name, table_version FROM version
		WHERE table_name IN ('subscriber', 'dbaliases', 'domain', 'domain_attrs', 'grp') ORDER BY 1`)
	want := [][]string{{"dbaliases", "1"}, {"domain", "2"}, {"domain_attrs", "1"}, {"grp", "2"}, {"subscriber", "7"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

func TestOptions(t *testing.T) {
	tables := "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
	bytewise := "SELECT string_agg(v, '' ORDER BY v) FROM (VALUES ('a'), ('B'), ('c')) x(v)"
	for _, row := range []struct {
		opts                 pgtest.Options
		order, fsync, tables string
		why                  string
	}{
		{pgtest.Options{}, "Bac", "on", "9", "the default compares bytes and waits for the disk"},
		{pgtest.Options{Empty: true}, "Bac", "on", "0", "nothing of Kamailio"},
		{pgtest.Options{ICULocale: "en-US"}, "aBc", "on", "9", "a dictionary's order, with Kamailio's tables"},
		{pgtest.Options{Empty: true, ICULocale: "en-US"}, "aBc", "on", "0", "a dictionary's order alone"},
		{pgtest.Options{NoFsync: true}, "Bac", "off", "9", "another server"},
	} {
		db := pgtest.New(t, row.opts)
		if got := db.Value(t, bytewise); got != row.order {
			t.Errorf("%+v: order is %s, wanted %s: %s", row.opts, got, row.order, row.why)
		}
		if got := db.Value(t, "SHOW fsync"); got != row.fsync {
			t.Errorf("%+v: fsync is %s, wanted %s: %s", row.opts, got, row.fsync, row.why)
		}
		if got := db.Value(t, tables); got != row.tables {
			t.Errorf("%+v: %s tables, wanted %s: %s", row.opts, got, row.tables, row.why)
		}
	}
}

func TestRestartKeepsDataAndPort(t *testing.T) {
	c := pgtest.NewCluster(t, pgtest.ClusterOptions{Settings: map[string]string{"log_statement": "all"}})
	db := c.New(t, pgtest.Options{Empty: true})
	db.Exec(t, "CREATE TABLE x (n int)")
	for _, mode := range []pgtest.Mode{pgtest.Fast, pgtest.Immediate, pgtest.Kill} {
		db.Exec(t, "INSERT INTO x VALUES (1)")
		c.Restart(t, mode)
	}
	if got := db.Value(t, "SELECT count(*) FROM x"); got != "3" {
		t.Errorf("%s rows after three restarts, wanted 3", got)
	}
	for _, want := range []string{"fast shutdown request", "immediate shutdown request", "INSERT INTO x"} {
		if !strings.Contains(db.Log(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// TestNothingOutlivesTheProcess runs this binary again, as a test that starts a server and is then
// killed, and as one that exits without any cleaning up, as a test that runs into its timeout does.
func TestNothingOutlivesTheProcess(t *testing.T) {
	if file := os.Getenv("PGTEST_VICTIM"); file != "" {
		victim(t, file)
	}
	for _, end := range []string{"kill", "exit"} {
		t.Run(end, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "victim")
			cmd := exec.Command(os.Args[0], "-test.run=^TestNothingOutlivesTheProcess$")
			cmd.Env = append(os.Environ(), "PGTEST_VICTIM="+file, "PGTEST_END="+end)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			pid, dir := readVictim(t, file)
			if end == "kill" {
				_ = cmd.Process.Kill()
			}
			if err := cmd.Wait(); err == nil {
				t.Fatal("the victim passed, wanted it to be ended")
			}
			await(t, "the postmaster's end", func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH })
			await(t, "the folder's removal", func() bool { _, err := os.Stat(dir); return os.IsNotExist(err) })
		})
	}
}

// victim says where its server is and exits, or waits to be killed.
func victim(t *testing.T, file string) {
	c := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true})
	pid, err := os.ReadFile(filepath.Join(c.SocketDir(), "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(pid), "\n")
	if err := os.WriteFile(file+".new", []byte(line+"\n"+c.SocketDir()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("PGTEST_END") == "exit" {
		os.Exit(3)
	}
	select {}
}

func readVictim(t *testing.T, file string) (pid int, dir string) {
	var text []byte
	await(t, "the victim's server", func() (ok bool) {
		b, err := os.ReadFile(file)
		text = b
		return err == nil
	})
	line, dir, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid, dir
}

// await polls for what another process does.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); !cond(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}
