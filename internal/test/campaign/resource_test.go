package campaign_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// smallDisk mounts a file system of 4 MiB, or skips the test where the user may not do that.
func smallDisk(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=4m,mode=700"); err != nil {
		t.Skipf("mounting a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return folder
}

// TestFullDisk fills the disk of the embedded database under a writer, and then makes it read-only.
// What was answered as done is there all the time. hermesd serves without a restart when there is
// room again, and says why it does not start on a read-only file.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	folder := smallDisk(t)
	d := newSQLiteIn(t, folder)
	s := newSite(t, d, 1)
	w := s.writers[0]
	s.live(t, 20)
	filler := filepath.Join(folder, "filler")
	fill(t, filler)
	for w.refused < 5 && !t.Failed() {
		s.live(t, 1)
	}
	w.settle(t) // reads are answered
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	w.refused = 0
	s.live(t, 60)
	if w.refused != 0 {
		t.Errorf("%d calls were refused with room on the disk", w.refused)
	}
	s.settle(t)

	s.process.Stop()
	remount := func(flags uintptr) {
		if err := syscall.Mount("", folder, "", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	out, err := hermesdtest.Output(t, s.settings, "--listen", "127.0.0.1:0")
	if err == nil || !strings.Contains(out, "read") || !strings.Contains(out, "only") {
		t.Errorf("hermesd on a read-only file: %v, %q, want an error that says so", err, out)
	}
	remount(0)
	s.start(t)
	s.live(t, 20)
	s.settle(t)
	s.end(t)
}

// live has the writer make a number of calls, whose outcome must be known.
func (s *site) live(t *testing.T, calls int) {
	t.Helper()
	w := s.writers[0]
	for range calls {
		if len(w.calls) == 0 {
			w.addToolUser(t, s.database)
		}
		if !w.next(t) {
			t.Fatalf("no answer to %v", w.lost)
		}
	}
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 512))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// TestPoolExhausted lets more changes wait for a locked table than hermesd has connections. It
// still says whether it is ready, and when the table is free again each change is done.
func TestPoolExhausted(t *testing.T) {
	t.Parallel()
	const changes = 60
	pg := pgtest.New(t, pgtest.Options{NoFsync: true})
	s := newSite(t, newPostgreSQL(t, pg), 0)
	s.takers = mustEnterTakers(t, s.process.Endpoint, s.admin)
	release := pg.Lock(t, "hermes.users")
	e := hermesdtest.Endpoint{URL: s.process.URL, HTTP: clientOf(changes)}
	var all sync.WaitGroup
	for i := range changes {
		all.Go(func() {
			form := "email=a@example.org&user=" + s.takers[i%takers].name
			if a, err := e.Post(t.Context(), s.admin, "user/change_email", form); err != nil || a.Class() != "ok" {
				t.Errorf("user/change_email: %s, %v, want ok", a.Body, err)
			}
		})
	}
	testserver.WaitFor(t, "waiting statements", func() bool {
		return s.count(t, "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") >= 16
	})
	status, text := s.ready(t)
	if status != http.StatusOK && text == "" {
		t.Errorf("/readyz: %d without a reason", status)
	}
	t.Logf("/readyz with all connections in use: %d %s", status, text)
	release()
	all.Wait()
	// An answer of /readyz is kept for a second.
	testserver.WaitFor(t, "a server that is ready", func() bool {
		status, _ := s.ready(t)
		return status == http.StatusOK
	})
}

// ready asks /readyz, and gives it five seconds.
func (s *site) ready(t *testing.T) (status int, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.process.URL+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(body))
}
