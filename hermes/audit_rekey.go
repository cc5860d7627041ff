package hermes

import "context"

// rekeyAudit makes the audit trail one that can be checked with the first secret key alone. It
// seals all entries, since their own MACs are not made anew, and checks everything first: later,
// nothing shows whether what another key sealed was changed before.
func (c *Client) rekeyAudit(ctx context.Context) error {
	if _, err := c.SealAudit(ctx); err != nil {
		return err
	}
	v := auditVerifier{ctx: ctx, keys: c.keys, store: c.store}
	if err := v.run(); err != nil {
		return err
	}
	return c.renewAuditChain(ctx, c.checkHead)
}

// renewAuditChain adds a seal with the first secret key if the last one was made with another, and
// makes the mark of the entries that were removed anew. checkLast returns an error if the last seal
// must not be authenticated by another one.
func (c *Client) renewAuditChain(ctx context.Context, checkLast func(AuditSeal) error) error {
	return c.change(ctx, "audit/seal", nil, []Lock{LockAuditSeals()}, func(s Store) error {
		last, err := lastSeal(ctx, s)
		if err != nil || last.Number == 0 {
			return err
		}
		if err := checkLast(last); err != nil {
			return err
		}
		if last.KeyID != c.keys[0].id {
			if err := c.addSeal(ctx, s, last, nil); err != nil {
				return err
			}
		}
		pruned, err := s.LastPrunedSeal(ctx)
		if err == error(NotFound) || err == nil && c.keys[:1].authenticates(pruned.prunedFields(), pruned.Pruned) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = s.PruneAudit(ctx, pruned.Number, c.keys[0].audit.mac(pruned.prunedFields()))
		return err
	})
}
