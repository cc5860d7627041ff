package kamailiotest_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

func TestKamailio_Start(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	addUsers(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	k.Phone(t, bob)
	rpc, addr := k.RPCURL(), k.Addr()
	k.Stop()
	if _, err := k.RPC("core.version"); err == nil {
		t.Error("RPC of a stopped server returned no error")
	}
	k.Start(t)
	if k.RPCURL() != rpc || k.Addr() != addr {
		t.Errorf("at %s after the restart, wanted %s", k.RPCURL(), rpc)
	}
	if got := k.Register(t, alice); !got.OK() {
		t.Errorf("after the restart: %v, wanted 200", got)
	}
	if got := k.Contacts(t, bob.Addr()); got != nil {
		t.Errorf("contacts %v after the restart, wanted none", got)
	}
	k.Suspend()
	k.Resume()
	if got := k.Register(t, alice); !got.OK() {
		t.Errorf("after Suspend and Resume: %v, wanted 200", got)
	}
}

// TestStart_EndsWithProcess runs this test binary again twice: as a test that starts a Kamailio and
// a phone and is then killed, and as one that exits without any clean-up, as a test does that runs
// into its timeout.
func TestStart_EndsWithProcess(t *testing.T) {
	if report := os.Getenv("KAMAILIOTEST_REPORT"); report != "" {
		startAndEnd(t, report)
	}
	kamailiotest.Require(t)
	for _, end := range []string{"kill", "exit"} {
		t.Run(end, func(t *testing.T) {
			report := filepath.Join(t.TempDir(), "report")
			cmd := exec.Command(os.Args[0], "-test.run=^TestStart_EndsWithProcess$")
			cmd.Env = append(os.Environ(), "KAMAILIOTEST_REPORT="+report, "KAMAILIOTEST_END="+end)
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var folder string
			testserver.WaitFor(t, "the child test's server", func() bool {
				text, err := os.ReadFile(report)
				folder = string(text)
				return err == nil
			})
			got := strings.Join(runningIn(t, folder), "\n")
			if strings.Count(got, "kamailio") < 2 || strings.Count(got, "scenario.xml") != 1 {
				t.Errorf("the processes are\n%s\nwanted Kamailio, its children and a phone", got)
			}
			if end == "kill" {
				_ = cmd.Process.Kill()
			}
			stdin.Close()
			if err := cmd.Wait(); err == nil {
				t.Fatal("the child test passed, wanted it to be ended")
			}
			testserver.WaitFor(t, "the end of the processes", func() bool { return len(runningIn(t, folder)) == 0 })
			testserver.WaitFor(t, "the folder's removal", func() bool { _, err := os.Stat(folder); return os.IsNotExist(err) })
		})
	}
}

// startAndEnd starts a server and a phone and writes their folder to the report. It exits when its
// input ends, or waits to be killed.
func startAndEnd(t *testing.T, report string) {
	db := kamailiotest.NewSQLite(t)
	addUsers(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	k.Phone(t, bob)
	if err := os.WriteFile(report+".new", []byte(filepath.Dir(k.RPCSocket())), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(report+".new", report); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	if os.Getenv("KAMAILIOTEST_END") == "exit" {
		os.Exit(3)
	}
	select {}
}

// runningIn returns the command lines of the processes that name the folder in it or work in the
// folder. For a zombie neither can be read.
func runningIn(t *testing.T, folder string) []string {
	t.Helper()
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var running []string
	for _, proc := range procs {
		cwd, _ := os.Readlink(proc + "/cwd")
		line, _ := os.ReadFile(proc + "/cmdline")
		// The watchdog names the folder too, but has to live until everything else has ended.
		if (strings.HasPrefix(cwd, folder) || strings.Contains(string(line), folder)) &&
			!strings.Contains(string(line), "watchdog") {
			running = append(running, string(line))
		}
	}
	return running
}
