package hermes_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
)

// trail is a Client over a store without records, to which tests add entries.
type trail struct {
	client *hermes.Client
	store  *memstore.Store
	opts   hermes.Options
	clock  *clock
	log    *strings.Builder
}

func newTrail(t *testing.T) *trail {
	t.Helper()
	a := &trail{store: memstore.New(), clock: newClock(), log: &strings.Builder{}}
	a.opts = hermes.Options{SecretKeys: []hermes.SecretKey{mustSecretKey(t)}, Now: a.clock.now, Logger: slog.New(slog.NewTextHandler(a.log, nil))}
	a.open(t)
	return a
}

// open makes the Client anew, with the options as they are.
func (a *trail) open(t *testing.T) {
	t.Helper()
	client, err := hermes.New(a.store, &a.opts)
	if err != nil {
		t.Fatal(err)
	}
	a.client = client
}

// mustAdd adds n entries and returns the last one.
func (a *trail) mustAdd(t *testing.T, n int) (e hermes.AuditEntry) {
	t.Helper()
	for i := range n {
		e = hermes.AuditEntry{
			At: a.clock.now(), Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "admin"}, Node: "user/add",
			Subject: fmt.Sprintf("u%d@example.com", i), Changes: "[]",
		}
		if err := hermes.SignAudit(a.client, &e); err != nil {
			t.Fatal(err)
		}
		if err := a.store.AddAuditEntry(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func (a *trail) mustSeal(t *testing.T, want int) {
	t.Helper()
	if n, err := a.client.SealAudit(t.Context()); n != want || err != nil {
		t.Fatalf("SealAudit: got %d, %v, want %d", n, err, want)
	}
}

func (a *trail) wantVerified(t *testing.T, sealed, unsealed int64) {
	t.Helper()
	res, err := a.client.AuditVerify(t.Context(), hermes.AuditVerifyRequest{})
	if err != nil || res.Sealed != sealed || res.Unsealed != unsealed {
		t.Errorf("got %+v, %v, want %d sealed and %d unsealed", res, err, sealed, unsealed)
	}
}

// wantRejected checks that AuditVerify fails, and that its detail has each of the texts.
func (a *trail) wantRejected(t *testing.T, texts ...string) {
	t.Helper()
	_, err := a.client.AuditVerify(t.Context(), hermes.AuditVerifyRequest{})
	e := wantCause(t, err, hermes.Rejected)
	for _, text := range texts {
		if !strings.Contains(e.Detail, text) {
			t.Errorf("got the detail %q, want %q in it", e.Detail, text)
		}
	}
}

func TestClient_SealAudit(t *testing.T) {
	t.Parallel()
	t.Run("it seals in batches, until nothing is left", func(t *testing.T) {
		t.Parallel()
		a := newTrail(t)
		a.wantVerified(t, 0, 0)
		a.mustAdd(t, 2005)
		a.wantVerified(t, 0, 2005)
		a.mustSeal(t, 2005)
		a.wantVerified(t, 2005, 0)
		a.mustSeal(t, 0)
		a.mustAdd(t, 1)
		a.mustSeal(t, 1)
		head, err := a.client.AuditHead(t.Context())
		if head.Number != 4 || head.Count != 1 || err != nil {
			t.Errorf("got the head %+v, %v, want seal 4 of one entry", head, err)
		}
	})
	t.Run("an entry that is committed late gets a later seal", func(t *testing.T) {
		t.Parallel()
		a := newTrail(t)
		late := hermes.AuditEntry{At: a.clock.now().Add(-time.Hour), Node: "user/add", Subject: "late@example.com"}
		if err := hermes.SignAudit(a.client, &late); err != nil {
			t.Fatal(err)
		}
		a.mustAdd(t, 3)
		a.mustSeal(t, 3)
		if err := a.store.AddAuditEntry(t.Context(), late); err != nil {
			t.Fatal(err)
		}
		a.mustSeal(t, 1)
		a.wantVerified(t, 4, 0)
	})
	t.Run("it seals beside another sealer, each entry once", func(t *testing.T) {
		t.Parallel()
		a := newTrail(t)
		a.mustAdd(t, 3000)
		counts := make(chan int)
		for range 4 {
			go func() {
				n, err := a.client.SealAudit(t.Context())
				if err != nil {
					t.Error(err)
				}
				counts <- n
			}()
		}
		if n := <-counts + <-counts + <-counts + <-counts; n != 3000 {
			t.Errorf("sealed %d entries, want 3000", n)
		}
		a.wantVerified(t, 3000, 0)
	})
	t.Run("a forged entry is not sealed, but named", func(t *testing.T) {
		t.Parallel()
		a := newTrail(t)
		forged := a.mustAdd(t, 1)
		forged.ID = "1" + forged.ID[1:]
		if err := a.store.AddAuditEntry(t.Context(), forged); err != nil {
			t.Fatal(err)
		}
		a.mustSeal(t, 1)
		a.mustSeal(t, 0)
		a.wantRejected(t, forged.ID, "MAC")
		if n := strings.Count(a.log.String(), forged.ID); n != 1 {
			t.Errorf("the log names the entry %d times, want once:\n%s", n, a.log)
		}
	})
	t.Run("it needs the capability to administer", func(t *testing.T) {
		t.Parallel()
		as := newTrail(t).client.As(hermes.Actor{Access: hermes.LimitedWrite})
		_, err := as.SealAudit(t.Context())
		wantCause(t, err, hermes.Forbidden)
		_, err = as.AuditHead(t.Context())
		wantCause(t, err, hermes.Forbidden)
		_, err = as.PruneAudit(t.Context(), time.Now())
		wantCause(t, err, hermes.Forbidden)
	})
	t.Run("a failure of the store is returned, and nothing is half sealed", func(t *testing.T) {
		t.Parallel()
		a := newTrail(t)
		a.mustAdd(t, 2)
		client, err := hermes.New(storetest.Intercept(a.store, func(method string) error {
			if method == "Commit" {
				return errDisk
			}
			return nil
		}), &a.opts)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.SealAudit(t.Context()); !errors.Is(err, errDisk) {
			t.Errorf("got %v, want %v", err, errDisk)
		}
		a.wantVerified(t, 0, 2)
	})
}

func TestClient_AuditVerify_scope(t *testing.T) {
	t.Parallel()
	a := newTrail(t)
	actor := hermes.Actor{Access: hermes.FullWrite, Scope: hermes.Scope{Nodes: "audit/*"}}
	_, err := a.client.As(actor).AuditVerify(t.Context(), hermes.AuditVerifyRequest{})
	wantCause(t, err, hermes.Forbidden)
}

func TestClient_PruneAudit(t *testing.T) {
	t.Parallel()
	a := newTrail(t)
	for range 3 {
		a.mustAdd(t, 1500)
		a.mustSeal(t, 1500)
		a.clock.sleep(time.Hour)
	}
	a.mustAdd(t, 1)
	prune := func(before time.Time, want int64) {
		t.Helper()
		if n, err := a.client.PruneAudit(t.Context(), before); n != want || err != nil {
			t.Fatalf("got %d, %v, want %d", n, err, want)
		}
	}
	prune(a.clock.now().Add(-3*time.Hour), 0)
	prune(a.clock.now().Add(-2*time.Hour), 1500)
	a.wantVerified(t, 3000, 1)
	prune(a.clock.now().Add(-2*time.Hour), 0)
	prune(a.clock.now(), 3000)
	a.wantVerified(t, 0, 1)
	a.mustSeal(t, 1)
	a.wantVerified(t, 1, 0)
	// Without the mark, or with another one, the entries are missing.
	if _, err := a.store.PruneAudit(t.Context(), 7, hermes.Hash{1}); err != nil {
		t.Fatal(err)
	}
	a.wantRejected(t, "seal 7", "mark")
}

func TestClient_Rekey_audit(t *testing.T) {
	t.Parallel()
	first, second, third := mustSecretKey(t), mustSecretKey(t), mustSecretKey(t)
	rekey := func(t *testing.T, a *trail, keys ...hermes.SecretKey) error {
		t.Helper()
		a.opts.SecretKeys = keys
		a.open(t)
		_, err := a.client.Rekey(t.Context())
		a.opts.SecretKeys = keys[:1]
		a.open(t)
		return err
	}
	start := func(t *testing.T) *trail {
		a := newTrail(t)
		a.opts.SecretKeys = []hermes.SecretKey{first}
		a.open(t)
		a.mustAdd(t, 1100)
		a.mustSeal(t, 1100)
		a.clock.sleep(time.Hour)
		a.mustAdd(t, 5)
		return a
	}
	t.Run("everything can be checked with the new key, twice", func(t *testing.T) {
		t.Parallel()
		a := start(t)
		for _, keys := range [][]hermes.SecretKey{{second, first}, {third, second}} {
			if err := rekey(t, a, keys...); err != nil {
				t.Fatal(err)
			}
			a.wantVerified(t, 1105, 0)
		}
		a.mustAdd(t, 1)
		a.mustSeal(t, 1)
		a.wantVerified(t, 1106, 0)
	})
	t.Run("the mark of removed entries, too", func(t *testing.T) {
		t.Parallel()
		a := start(t)
		if n, err := a.client.PruneAudit(t.Context(), a.clock.now()); n != 1100 || err != nil {
			t.Fatal(n, err)
		}
		if err := rekey(t, a, second, first); err != nil {
			t.Fatal(err)
		}
		a.wantVerified(t, 5, 0)
	})
	t.Run("without Rekey the old key is wanted", func(t *testing.T) {
		t.Parallel()
		a := start(t)
		a.opts.SecretKeys = []hermes.SecretKey{second}
		a.open(t)
		a.wantRejected(t, "seal 1", "secret key that is not configured")
		if err := a.client.AcceptLostKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.wantRejected(t, "MAC") // of the entries that were not sealed
	})
	t.Run("a trail that does not fit is not authenticated with the new key", func(t *testing.T) {
		t.Parallel()
		a := start(t)
		forged := a.mustAdd(t, 1)
		forged.ID = "1" + forged.ID[1:]
		if err := a.store.AddAuditEntry(context.Background(), forged); err != nil {
			t.Fatal(err)
		}
		wantCause(t, rekey(t, a, second, first), hermes.Rejected)
	})
}
