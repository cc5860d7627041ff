package testserver

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

func newFolder(t *testing.T) *Folder {
	t.Helper()
	f, err := NewFolder("testserver-", syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Remove(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestProcess_Stop(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	t.Run("ends child processes", func(t *testing.T) {
		p := mustStart(t, f, "sleep 100 & echo ready; trap 'exit 3' TERM; wait")
		p.Stop(syscall.SIGTERM)
		if !p.HasExited() || groupLives(p.PID()) {
			t.Error("the process group lives after Stop")
		}
		if err := p.Wait(); err == nil || !strings.Contains(err.Error(), "exit status 3") {
			t.Errorf("Wait: %v, wanted the exit status 3", err)
		}
		p.Stop(syscall.SIGTERM) // does nothing
	})
	t.Run("kills what the program left behind", func(t *testing.T) {
		p := mustStart(t, f, "sleep 100 & echo ready")
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
		if groupLives(p.PID()) {
			t.Error("a child process lives after Wait")
		}
	})
}

func TestProcess_WaitReady(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	refused := errors.New("connection refused")
	t.Run("returns the error of the last call", func(t *testing.T) {
		p := mustStart(t, f, "echo ready; sleep 100")
		calls := 0
		err := p.WaitReady(time.Minute, func(context.Context) (bool, error) {
			calls++
			return calls == 3, refused
		})
		if err != refused || calls != 3 {
			t.Errorf("%v after %d calls, wanted the error of the third", err, calls)
		}
	})
	t.Run("gives up after the limit", func(t *testing.T) {
		p := mustStart(t, f, "echo ready; sleep 100")
		err := p.WaitReady(20*time.Millisecond, func(context.Context) (bool, error) { return false, refused })
		for _, want := range []string{"not ready after 20ms", refused.Error()} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, wanted %q in it", err, want)
			}
		}
	})
	t.Run("gives up when the program ends", func(t *testing.T) {
		p := mustStart(t, f, "echo ready; exec sleep 0.1")
		err := p.WaitReady(time.Minute, func(ctx context.Context) (bool, error) {
			<-ctx.Done()
			return false, ctx.Err()
		})
		if err == nil || !strings.Contains(err.Error(), "sh ended at its start") {
			t.Errorf("%v, wanted the program's end", err)
		}
	})
}

// TestFreePorts is not parallel: a program that another test starts at the same time has, between
// fork and exec, a copy of the socket with which IsFree tries a port, so that the port is taken for
// a moment after IsFree has closed it.
func TestFreePorts(t *testing.T) {
	addr, err := FreePorts(3)
	if err != nil || !IsFree(addr) {
		t.Errorf("FreePorts(3) = %v, %v, wanted a free address", addr, err)
	}
}

// TestSignalTree kills a process and its descendants, which are in sessions of their own.
func TestSignalTree(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	for range 5 {
		p := mustStart(t, f, "setsid sh -c 'sleep 100 & wait' & sleep 100 & echo ready; wait")
		var all []int
		WaitFor(t, "the processes", func() bool {
			all = children(p.PID())
			for _, child := range slices.Clone(all) {
				all = append(all, children(child)...)
			}
			return len(all) == 3
		})
		if err := SignalTree(p.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		WaitFor(t, "the end of the processes", func() bool {
			return !slices.ContainsFunc(processes(), func(s status) bool {
				return slices.Contains(all, s.pid) && s.state != "Z"
			})
		})
	}
}
