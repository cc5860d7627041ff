package hermes

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"
)

const (
	// sealBatch is the largest number of entries of a seal, which is one transaction.
	sealBatch = 1000
	// sealedEntrySize is the length of what a seal has of an entry: its id and its hash.
	sealedEntrySize = auditIDSize + sha256.Size
)

// SealAudit seals the entries of the audit trail that no seal covers, until there is none left, and
// returns how many it sealed. An entry whose MAC is not right is not sealed: [Client.AuditVerify]
// names it, and so does the log. A program that uses the library calls SealAudit every few seconds.
// Several may do so at once: they wait for each other, and no change waits for them. SealAudit
// needs CanAdminister. Causes: Rejected, if the last seal was made with a secret key that is not
// configured; nothing is sealed then.
func (c *Client) SealAudit(ctx context.Context) (n int, err error) {
	defer wrap(&err, "")
	if err := c.require("audit/seal", CanAdminister); err != nil {
		return 0, err
	}
	batch := sealing{full: true}
	for batch.full {
		after := batch.after
		err := c.change(ctx, "audit/seal", nil, []Lock{LockAuditSeals()}, func(s Store) (err error) {
			batch, err = c.sealBatch(ctx, s, after)
			return err
		})
		if err != nil {
			return n, err
		}
		n += batch.sealed
		c.logForged(ctx, batch.forged)
	}
	return n, nil
}

// sealing is what became of a page of entries without a seal.
type sealing struct {
	sealed int
	forged string // the id of the first entry whose MAC is not right
	full   bool   // there may be entries after the page
	after  string // the id of the last one of the page
}

// sealBatch adds a seal of the entries that no seal covers and that have ids greater than after.
func (c *Client) sealBatch(ctx context.Context, s Store, after string) (batch sealing, err error) {
	page, err := s.UnsealedEntries(ctx, after, sealBatch)
	if err != nil || len(page) == 0 {
		return sealing{}, err
	}
	batch.full, batch.after = len(page) == sealBatch, page[len(page)-1].ID
	var genuine []AuditEntry
	for _, e := range page {
		switch {
		case len(e.ID) == auditIDSize && c.keys.authenticates(e.fields(), e.MAC):
			genuine = append(genuine, e)
		case batch.forged == "":
			batch.forged = e.ID
		}
	}
	if len(genuine) == 0 {
		return batch, nil
	}
	last, err := lastSeal(ctx, s)
	if err != nil {
		return sealing{}, err
	}
	if err := c.checkHead(last); err != nil {
		return sealing{}, err
	}
	batch.sealed = len(genuine)
	return batch, c.addSeal(ctx, s, last, genuine)
}

// lastSeal returns the last seal, or the zero value if there is none.
func lastSeal(ctx context.Context, s Store) (AuditSeal, error) {
	last, err := s.LastAuditSeal(ctx)
	if err == error(NotFound) {
		return AuditSeal{}, nil
	}
	return last, err
}

// checkHead refuses a last seal that no configured key made. The MAC of the next seal would
// authenticate that one, and whatever is under it, although the next seal says nothing about who
// made it.
func (c *Client) checkHead(last AuditSeal) error {
	if last.Number == 0 || c.keys.authenticates(last.fields(), last.MAC) {
		return nil
	}
	return failed(Rejected, "seal %d: it was not made with a secret key that is configured, and nothing is sealed after it", last.Number)
}

// addSeal adds a seal after the last one. Its entries are in the order of their ids. There may be
// none.
func (c *Client) addSeal(ctx context.Context, s Store, last AuditSeal, entries []AuditEntry) error {
	var ids []string
	var list strings.Builder
	for _, e := range entries {
		hash := e.hash()
		list.WriteString(e.ID)
		list.Write(hash[:])
		ids = append(ids, e.ID)
	}
	seal := AuditSeal{
		Number: last.Number + 1, At: c.now(), Count: int64(len(ids)), Entries: list.String(), KeyID: c.keys[0].id,
	}
	seal.Digest = sha256.Sum256([]byte(seal.Entries))
	seal.Link = seal.link(last.Link)
	seal.MAC = c.keys[0].audit.mac(seal.fields())
	return s.AddAuditSeal(ctx, seal, ids)
}

// link returns what Link is for a seal that follows one with the Link before, which is zero for the
// first one. Link has all seals up to this one in it, and can be checked without a secret key: so
// the first seal under a new secret key authenticates all those before it under that key.
func (s AuditSeal) link(before Hash) Hash {
	return sha256.Sum256(fields(nil).text(auditLinkFields).text(string(before[:])).number(s.Number).number(s.At.UnixMicro()).
		number(s.Count).texts(string(s.Digest[:]), s.KeyID))
}

// fields returns what MAC authenticates.
func (s AuditSeal) fields() fields { return fields(nil).text(auditSealFields).text(string(s.Link[:])) }

// prunedFields returns what Pruned authenticates.
func (s AuditSeal) prunedFields() fields {
	return fields(nil).text(auditPrunedFields).number(s.Number).text(string(s.Link[:]))
}

// logForged writes that an entry was not sealed, unless that was the last one that it has written
// about.
func (c *Client) logForged(ctx context.Context, id string) {
	if id == "" {
		return
	}
	if last := c.forged.Swap(&id); last == nil || *last != id {
		c.opts.Logger.ErrorContext(ctx, "an entry of the audit trail does not fit its MAC and is not sealed; want hermesd audit verify", "id", id)
	}
}

// AuditHead returns the last seal of the audit trail. Its Number and MAC, kept elsewhere, show
// later whether the newest seals were removed together with their entries. It returns the zero
// value if there is no seal. AuditHead needs CanAdminister.
func (c *Client) AuditHead(ctx context.Context) (head AuditSeal, err error) {
	defer wrap(&err, "")
	if err := c.require("audit/head", CanAdminister); err != nil {
		return head, err
	}
	return lastSeal(ctx, c.store)
}

const (
	// pruneSeals and sealBatch bound what one transaction removes.
	pruneSeals = 64
	pruneBatch = 2 * sealBatch
)

// PruneAudit removes the entries of the audit trail that were sealed before a time, and returns how
// many. It removes all entries of a seal or none, and leaves the seals. PruneAudit needs
// CanAdminister. Causes: Rejected, if a seal does not fit that before it.
func (c *Client) PruneAudit(ctx context.Context, before time.Time) (removed int64, err error) {
	defer wrap(&err, "")
	if err := c.require("audit/prune", CanAdminister); err != nil {
		return 0, err
	}
	for more := true; more; {
		n := int64(0)
		err := c.change(ctx, "audit/seal", nil, []Lock{LockAuditSeals()}, func(s Store) error {
			last, err := c.lastOld(ctx, s, before)
			if more = err == nil && last.Number > 0; !more {
				return err
			}
			n, err = s.PruneAudit(ctx, last.Number, c.keys[0].audit.mac(last.prunedFields()))
			return err
		})
		if err != nil {
			return removed, err
		}
		removed += n
	}
	return removed, nil
}

// lastOld returns the last of the oldest seals that still have their entries, of which none was
// made after the time. It returns the zero value if there is none.
//
// The database says how old a seal is. A time that was changed to have the entries removed, and
// then changed back, must not go unseen: so the seals have to follow from each other, and the mark
// authenticates the Link of the last one as it was when the entries were removed.
func (c *Client) lastOld(ctx context.Context, s Store, before time.Time) (last AuditSeal, err error) {
	pruned, err := s.LastPrunedSeal(ctx)
	switch {
	case err == error(NotFound):
		pruned = AuditSeal{}
	case err != nil:
		return last, err
	case !c.keys.authenticates(pruned.prunedFields(), pruned.Pruned):
		return last, unfitMark(pruned)
	}
	seals, err := s.AuditSeals(ctx, pruned.Number, pruneSeals)
	entries, link := int64(0), pruned.Link
	for _, seal := range seals {
		if entries += seal.Count; !seal.At.Before(before) || entries > pruneBatch && last.Number > 0 {
			break
		}
		if seal.Link != seal.link(link) {
			return AuditSeal{}, failed(Rejected, "seal %d does not fit, and no entries are removed", seal.Number)
		}
		last, link = seal, seal.Link
	}
	return last, err
}
