package kamailiotest_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

// TestNothingOutlivesTheProcess runs this binary again, as a test that starts a Kamailio and a phone
// and is then killed, and as one that exits without any cleaning up, as a test that runs into
// its timeout does.
func TestNothingOutlivesTheProcess(t *testing.T) {
	if file := os.Getenv("KAMAILIOTEST_VICTIM"); file != "" {
		victim(t, file)
	}
	for _, end := range []string{"kill", "exit"} {
		t.Run(end, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "victim")
			cmd := exec.Command(os.Args[0], "-test.run=^TestNothingOutlivesTheProcess$")
			cmd.Env = append(os.Environ(), "KAMAILIOTEST_VICTIM="+file, "KAMAILIOTEST_END="+end)
			ending, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var dir string
			await(t, "the victim's server", func() bool {
				text, err := os.ReadFile(file)
				dir = string(text)
				return err == nil
			})
			if got := strings.Join(runningIn(t, dir), "\n"); strings.Count(got, "kamailio") < 2 || strings.Count(got, "scenario.xml") != 1 {
				t.Errorf("running are\n%s\nwanted Kamailio, its children and a phone", got)
			}
			if end == "kill" {
				_ = cmd.Process.Kill()
			}
			ending.Close()
			if err := cmd.Wait(); err == nil {
				t.Fatal("the victim passed, wanted it to be ended")
			}
			await(t, "the end of what it started", func() bool { return len(runningIn(t, dir)) == 0 })
			await(t, "the folder's removal", func() bool { _, err := os.Stat(dir); return os.IsNotExist(err) })
		})
	}
}

// victim says where its server is, and exits when its input ends, or waits to be killed.
func victim(t *testing.T, file string) {
	db := kamailiotest.NewSQLite(t)
	seed(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	k.Phone(t, bob)
	if err := os.WriteFile(file+".new", []byte(filepath.Dir(k.RPCSocket())), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	if os.Getenv("KAMAILIOTEST_END") == "exit" {
		os.Exit(3)
	}
	select {} // it is about to be killed
}

// runningIn returns the processes that name dir in their command line or work in it. Of a dead one that
// nobody has collected neither can be read.
func runningIn(t *testing.T, dir string) []string {
	t.Helper()
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var running []string
	for _, proc := range procs {
		cwd, _ := os.Readlink(proc + "/cwd")
		line, _ := os.ReadFile(proc + "/cmdline")
		// The watchdog names the folder too: it is the one that must outlive the victim, for a moment.
		if (strings.HasPrefix(cwd, dir) || strings.Contains(string(line), dir)) && !strings.Contains(string(line), "watchdog") {
			running = append(running, string(line))
		}
	}
	return running
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
