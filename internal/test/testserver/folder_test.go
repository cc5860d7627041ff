package testserver

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestFolder_Watchdog runs this test binary again, as a test that starts two processes and is then
// killed. One of them obeys the signal, the other one ignores it.
func TestFolder_Watchdog(t *testing.T) {
	t.Parallel()
	if report := os.Getenv("TESTSERVER_REPORT"); report != "" {
		startAndHang(t, report)
	}
	report := t.TempDir() + "/report"
	cmd := exec.Command(os.Args[0], "-test.run=^TestFolder_Watchdog$")
	cmd.Env = append(os.Environ(), "TESTSERVER_REPORT="+report)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	WaitFor(t, "the child test's report", func() bool {
		text, err := os.ReadFile(report)
		lines = strings.Fields(string(text))
		return err == nil
	})
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	WaitFor(t, "the removal of the folder", func() bool { _, err := os.Stat(lines[0]); return os.IsNotExist(err) })
	for _, pid := range lines[1:] {
		group, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		WaitFor(t, "the end of the process group "+pid, func() bool { return !groupLives(group) })
	}
}

// startAndHang starts the processes, writes the folder and the ids to the report, and waits to be
// killed.
func startAndHang(t *testing.T, report string) {
	f, err := NewFolder("testserver-", syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	text := f.Path()
	for _, script := range []string{"echo ready; sleep 100", "trap '' TERM; echo ready; while :; do sleep 1; done"} {
		p := mustStart(t, f, script)
		text += " " + strconv.Itoa(p.PID())
	}
	if err := os.WriteFile(report+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(report+".new", report); err != nil {
		t.Fatal(err)
	}
	select {}
}

// mustStart starts a shell script that prints "ready", and waits for that line.
func mustStart(t *testing.T, f *Folder, script string) *Process {
	t.Helper()
	log, err := os.CreateTemp(f.Path(), "log-")
	if err != nil {
		t.Fatal(err)
	}
	log.Close()
	p, err := f.Start(f.Command("/bin/sh", "-c", script), log.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(syscall.SIGKILL) })
	WaitFor(t, "the script", func() bool { return strings.Contains(ReadLog(log.Name()), "ready") })
	return p
}
