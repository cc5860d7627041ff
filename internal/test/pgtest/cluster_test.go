package pgtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func TestCluster_Restart(t *testing.T) {
	c := pgtest.NewCluster(t, pgtest.ClusterOptions{Settings: map[string]string{"log_statement": "all"}})
	db := c.New(t, pgtest.Options{Empty: true})
	url := db.URL()
	db.Exec(t, "CREATE TABLE x (n int)")
	for _, mode := range []pgtest.Mode{pgtest.Fast, pgtest.Immediate, pgtest.Kill} {
		db.Exec(t, "INSERT INTO x VALUES (1)")
		c.Restart(t, mode)
	}
	if got := db.Value(t, "SELECT count(*) FROM x"); got != "3" {
		t.Errorf("%s rows after three restarts, wanted 3", got)
	}
	if got := db.URL(); got != url {
		t.Errorf("URL is %s after three restarts, wanted %s", got, url)
	}
	for _, want := range []string{"fast shutdown request", "immediate shutdown request", "INSERT INTO x"} {
		if !strings.Contains(db.Log(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// TestNewCluster_EndsWithProcess runs this test binary again twice: as a test that starts a server
// and is then killed, and as one that exits without any clean-up, as a test does that runs into its
// timeout.
func TestNewCluster_EndsWithProcess(t *testing.T) {
	if report := os.Getenv("PGTEST_REPORT"); report != "" {
		startAndEnd(t, report)
	}
	if _, err := pgtest.FindBin(); err != nil {
		testserver.SkipOrFail(t, err)
	}
	for _, end := range []string{"kill", "exit"} {
		t.Run(end, func(t *testing.T) {
			report := filepath.Join(t.TempDir(), "report")
			cmd := exec.Command(os.Args[0], "-test.run=^TestNewCluster_EndsWithProcess$")
			cmd.Env = append(os.Environ(), "PGTEST_REPORT="+report, "PGTEST_END="+end)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			pid, folder := readReport(t, report)
			if end == "kill" {
				_ = cmd.Process.Kill()
			}
			if err := cmd.Wait(); err == nil {
				t.Fatal("the child test passed, wanted it to be ended")
			}
			testserver.WaitFor(t, "the postmaster's end", func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH })
			testserver.WaitFor(t, "the folder's removal", func() bool { _, err := os.Stat(folder); return os.IsNotExist(err) })
		})
	}
}

// startAndEnd starts a server, writes its process id and folder to the report, and exits or waits
// to be killed.
func startAndEnd(t *testing.T, report string) {
	c := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true})
	pid, err := os.ReadFile(filepath.Join(c.SocketDir(), "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(pid), "\n")
	if err := os.WriteFile(report+".new", []byte(line+"\n"+c.SocketDir()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(report+".new", report); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("PGTEST_END") == "exit" {
		os.Exit(3)
	}
	select {}
}

func readReport(t *testing.T, report string) (pid int, folder string) {
	t.Helper()
	var text []byte
	testserver.WaitFor(t, "the child test's server", func() (ok bool) {
		b, err := os.ReadFile(report)
		text = b
		return err == nil
	})
	line, folder, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid, folder
}
