package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	sealInterval  = 4 * time.Second // an entry of the audit trail is sealed within 10 s
	headInterval  = time.Hour
	pruneInterval = 24 * time.Hour
	lastSealTime  = 5 * time.Second // of the seal when the server stops

	verifyInterval = time.Hour
	verifyPauses   = 50
)

// auditWork is what a server does for the audit trail beside requests.
type auditWork struct {
	*server
	failing bool // the last attempt failed, which was logged
}

// keepAudit seals the audit trail every few seconds until ctx ends, and then once more. Several
// hermesd on one database do so by turns.
func (s *server) keepAudit(ctx context.Context) {
	w := &auditWork{server: s}
	seal, head, prune := time.NewTicker(sealInterval), time.NewTicker(headInterval), time.NewTicker(pruneInterval)
	defer seal.Stop()
	defer head.Stop()
	defer prune.Stop()
	w.seal(ctx)
	w.prune(ctx)
	w.logHead(ctx)
	for {
		select {
		case <-seal.C:
			w.seal(ctx)
		case <-head.C:
			w.logHead(ctx)
		case <-prune.C:
			w.prune(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSealTime)
			defer cancel()
			w.seal(last)
			return
		}
	}
}

// auditState is what is known of the audit trail, for the metrics. The zero value knows nothing.
type auditState struct {
	mu         sync.Mutex
	verified   time.Time // when the whole trail was last read; zero until then
	unfit      bool      // then it did not fit
	sealed     time.Time // when every entry was last found or made to have a seal; zero until then
	unsealable bool      // the last attempt to seal was refused, because the last seal does not fit
}

// setSealed takes the result of an attempt to seal that ended at a time.
func (a *auditState) setSealed(at time.Time, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unsealable = errors.Is(err, hermes.Rejected)
	if err == nil {
		a.sealed = at
	}
}

// setVerified takes the result of a verification that ended at a time.
func (a *auditState) setVerified(at time.Time, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.verified, a.unfit = at, err != nil
}

// watchAudit verifies the whole audit trail at once and then every verifyInterval, until ctx ends.
// On a trail that takes long the pauses are verifyPauses times as long as that.
func (s *server) watchAudit(ctx context.Context) {
	for {
		begun := time.Now()
		s.verifyAudit(ctx)
		if !sleep(ctx, max(verifyInterval, verifyPauses*time.Since(begun))) {
			return
		}
	}
}

func (s *server) verifyAudit(ctx context.Context) {
	_, err := s.client.AuditVerify(ctx, hermes.AuditVerifyRequest{})
	switch {
	case err == nil, errors.Is(err, hermes.Rejected):
		s.audit.setVerified(time.Now(), err)
		if err != nil {
			s.log.Error("the audit trail does not fit: run hermesd audit verify", "error", err)
		}
	case ctx.Err() == nil:
		s.log.Warn("the audit trail could not be verified", "error", withStoreError(err))
	}
}

// seal logs the first of several failures.
func (w *auditWork) seal(ctx context.Context) {
	n, err := w.client.SealAudit(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && !w.failing:
		w.log.Warn("the audit trail could not be sealed; hermesd tries again", "error", withStoreError(err))
	case err == nil && n > 0:
		w.log.Debug("audit trail sealed", "entries", n)
	}
	w.failing = err != nil
	w.audit.setSealed(time.Now(), err)
}

// logHead writes the last seal, so that the log shows it if the newest seals are removed from the
// database together with their entries.
func (w *auditWork) logHead(ctx context.Context) {
	head, err := w.client.AuditHead(ctx)
	if err == nil && head.Number > 0 {
		w.log.Info("head of the audit trail", "seal", head.Number, "at", head.At, "mac", hex.EncodeToString(head.MAC[:]))
	}
}

func (w *auditWork) prune(ctx context.Context) {
	if w.config.auditKeep == 0 {
		return
	}
	n, err := w.client.PruneAudit(ctx, time.Now().Add(-w.config.auditKeep))
	switch {
	case err != nil && ctx.Err() == nil:
		w.log.Warn("old entries of the audit trail could not be removed", "error", withStoreError(err))
	case n > 0:
		w.log.Info("old entries of the audit trail removed", "count", n)
	}
}

// runAudit is the command audit, which has one word: verify.
func (a *app) runAudit(ctx context.Context, args []string) error {
	if len(args) == 0 || !isHelp(args[0]) && args[0] != "verify" {
		return usageError("audit: want hermesd audit verify")
	}
	if args[0] == "verify" {
		args = args[1:]
	}
	c, err := a.load(newFlagSet(), args)
	if err != nil {
		return err
	}
	if err := c.checkPersistent("verify"); err != nil {
		return err
	}
	if err := c.checkSecretKeys(); err != nil {
		return err
	}
	s, client, err := openUnchecked(ctx, c, hermes.Options{Logger: a.newLogger(c)})
	if err != nil {
		return err
	}
	defer s.Close()
	res, err := client.AuditVerify(ctx, hermes.AuditVerifyRequest{})
	if err != nil {
		return withStoreError(err)
	}
	until := "-"
	if !res.Until.IsZero() {
		until = res.Until.Format(time.RFC3339)
	}
	_, err = fmt.Fprintf(a.stdout, "sealed: %d\nunsealed: %d\nuntil: %s\n", res.Sealed, res.Unsealed, until)
	return err
}
