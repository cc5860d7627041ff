package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	sealInterval  = 4 * time.Second // an entry of the audit trail is sealed within 10 s
	headInterval  = time.Hour
	pruneInterval = 24 * time.Hour
	lastSealTime  = 5 * time.Second // of the seal when the server stops
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
