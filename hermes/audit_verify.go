package hermes

import (
	"context"
	"crypto/sha256"
	"math"
	"slices"
	"time"
)

// AuditVerifyRequest has no parameters.
type AuditVerifyRequest struct{}

// Check implements [Request].
func (AuditVerifyRequest) Check(...string) error { return nil }

// AuditVerifyResponse says how much was checked.
type AuditVerifyResponse struct {
	Sealed   int64     `json:"sealed"`         // entries under a seal
	Unsealed int64     `json:"unsealed"`       // entries that no seal covers yet
	Until    time.Time `json:"until,omitzero"` // of the last seal; zero if there is none
}

// AuditVerify checks the audit trail: that every entry is what the Client added, that no entry is
// missing which a seal covers, and that no seal is missing but the newest ones together with their
// entries. It reads page by page, and waits for no change. The actor must have no scope. Causes:
// Rejected, if something does not fit; Detail names the first entry or seal that does not.
func (c *Client) AuditVerify(ctx context.Context, req AuditVerifyRequest) (res AuditVerifyResponse, err error) {
	defer wrap(&err, "audit/verify")
	if err := c.precheck(ctx, "audit/verify", req); err != nil {
		return res, err
	}
	v := auditVerifier{ctx: ctx, keys: c.keys, store: c.store}
	if err := v.run(); err != nil {
		return AuditVerifyResponse{}, err
	}
	return AuditVerifyResponse{Sealed: v.sealed, Unsealed: v.unsealed, Until: v.head.At}, nil
}

// auditVerifier reads the audit trail once, from the first seal to the entries without one.
type auditVerifier struct {
	ctx   context.Context
	keys  keyring
	store Store

	head    AuditSeal // the last one that was checked
	unknown AuditSeal // the first one since the last whose MAC was checked; zero if there is none
	pruned  int64     // the last seal whose entries were removed by PruneAudit

	sealed, unsealed int64
}

// The sizes of pages. A seal may have as much as sealBatch entries, which are large beside it.
const (
	verifySeals   = 32
	verifyEntries = 2 * sealBatch
)

func (v *auditVerifier) run() error {
	if err := v.readPruned(); err != nil {
		return err
	}
	for {
		checked := v.head.Number
		if err := v.checkSeals(); err != nil {
			return err
		}
		// An entry that another process has sealed meanwhile is marked with a seal that is to come.
		stray, err := v.firstSealed(v.head.Number+1, math.MaxInt64)
		if err != nil {
			return err
		}
		if stray.Seal == 0 {
			break
		}
		if v.head.Number == checked {
			return failed(Rejected, "entry %s: there is no seal %d, with which it is marked", auditIDText(stray.Entry.ID), stray.Seal)
		}
	}
	if v.unknown.Number > 0 {
		return failed(Rejected, "seal %d: it was made with a secret key that is not configured, and so were all after it",
			v.unknown.Number)
	}
	stray, err := v.firstSealed(math.MinInt64, v.pruned)
	if err != nil {
		return err
	}
	if stray.Entry.ID != "" {
		return failed(Rejected, "entry %s: it is marked with seal %d, whose entries were removed", auditIDText(stray.Entry.ID), stray.Seal)
	}
	return v.checkUnsealed()
}

// readPruned reads up to which seal the entries were removed.
func (v *auditVerifier) readPruned() error {
	seal, err := v.store.LastPrunedSeal(v.ctx)
	if err == error(NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !v.keys.authenticates(seal.prunedFields(), seal.Pruned) {
		return unfitMark(seal)
	}
	v.pruned = seal.Number
	return nil
}

func unfitMark(seal AuditSeal) error {
	return failed(Rejected, "seal %d: the mark that its entries were removed does not fit", seal.Number)
}

// firstSealed returns the first entry that is marked with one of the seals.
func (v *auditVerifier) firstSealed(first, last int64) (e SealedEntry, err error) {
	page, err := v.store.SealedEntries(v.ctx, SealedQuery{First: first, Last: last, Limit: 1})
	if err == nil && len(page) > 0 {
		e = page[0]
	}
	return e, err
}

// checkSeals checks the seals after head with their entries.
func (v *auditVerifier) checkSeals() error {
	for {
		after := v.head.Number
		if after == 0 {
			after = math.MinInt64 // a seal with a number below 1 must be seen
		}
		page, err := v.store.AuditSeals(v.ctx, after, verifySeals)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, seal := range page {
			if err := v.checkSeal(seal); err != nil {
				return err
			}
		}
		for len(page) > 0 {
			n, count := 0, int64(0)
			for n < len(page) && (n == 0 || count+page[n].Count <= verifyEntries) {
				count += page[n].Count
				n++
			}
			if err := v.checkEntries(page[:n], count); err != nil {
				return err
			}
			page = page[n:]
		}
	}
}

// checkSeal checks a seal by itself, and makes it the head.
func (v *auditVerifier) checkSeal(seal AuditSeal) error {
	switch {
	case seal.Number > v.head.Number+1:
		return failed(Rejected, "seal %d is missing", v.head.Number+1)
	case seal.Number < 1, seal.Count < 0 || seal.Count > sealBatch, seal.Link != seal.link(v.head.Link):
		return failed(Rejected, "seal %d does not fit", seal.Number)
	case seal.Entries != "" && seal.Digest != sha256.Sum256([]byte(seal.Entries)):
		return failed(Rejected, "seal %d: its list of entries does not fit", seal.Number)
	case seal.Pruned != (Hash{}) && !v.keys.authenticates(seal.prunedFields(), seal.Pruned):
		return unfitMark(seal)
	}
	i := slices.IndexFunc(v.keys, func(k derivedKeys) bool { return k.id == seal.KeyID })
	switch {
	case i < 0 && v.unknown.Number == 0:
		v.unknown = seal
	case i >= 0 && !v.keys[i:i+1].authenticates(seal.fields(), seal.MAC):
		return failed(Rejected, "seal %d does not fit", seal.Number)
	case i >= 0:
		v.unknown = AuditSeal{}
	}
	v.head = seal
	return nil
}

// checkEntries checks the entries of seals that follow each other. count is how many there are.
func (v *auditVerifier) checkEntries(seals []AuditSeal, count int64) error {
	entries, err := v.store.SealedEntries(v.ctx, SealedQuery{
		First: seals[0].Number, Last: seals[len(seals)-1].Number, Limit: int(count) + 1,
	})
	if err != nil {
		return err
	}
	subjects, err := v.subjects(entries)
	if err != nil {
		return err
	}
	for _, seal := range seals {
		n := 0
		for n < len(entries) && entries[n].Seal == seal.Number {
			n++
		}
		fault := seal.fault(entries[:n])
		if fault == nil {
			fault = misfiled(entries[:n], subjects)
		}
		if fault != nil && seal.Number > v.pruned {
			// Perhaps the entries were removed since.
			if err := v.readPruned(); err != nil {
				return err
			}
		}
		if fault != nil && seal.Number > v.pruned {
			return fault
		}
		if seal.Number > v.pruned {
			v.sealed += int64(n)
		}
		entries = entries[n:]
	}
	return nil
}

// fault names the first entry that is not as the seal has it, or the seal. It returns nil if there
// is none. Digest has been checked.
func (s AuditSeal) fault(entries []SealedEntry) error {
	if int64(len(s.Entries)) != s.Count*sealedEntrySize {
		return failed(Rejected, "seal %d: its list of entries does not fit", s.Number)
	}
	list := s.Entries
	for _, e := range entries {
		if list == "" || e.Entry.ID < list[:auditIDSize] {
			return failed(Rejected, "entry %s: seal %d, with which it is marked, does not have it", auditIDText(e.Entry.ID), s.Number)
		}
		if e.Entry.ID > list[:auditIDSize] {
			break
		}
		if hash := e.Entry.hash(); string(hash[:]) != list[auditIDSize:sealedEntrySize] {
			return failed(Rejected, "entry %s: it was changed after seal %d", auditIDText(e.Entry.ID), s.Number)
		}
		list = list[sealedEntrySize:]
	}
	if list != "" {
		return failed(Rejected, "entry %s: it is missing, or not marked with seal %d, which has it", auditIDText(list[:auditIDSize]), s.Number)
	}
	return nil
}

// subjects returns by what each entry is found.
func (v *auditVerifier) subjects(entries []SealedEntry) (map[string][]AuditSubject, error) {
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.Entry.ID)
	}
	subjects := map[string][]AuditSubject{}
	if len(ids) == 0 {
		return subjects, nil
	}
	all, err := v.store.AuditSubjects(v.ctx, ids)
	for _, s := range all {
		subjects[s.ID] = append(subjects[s.ID], s.Subject)
	}
	return subjects, err
}

// misfiled names the first entry that is not found by what it is about. It returns nil if there is
// none.
func misfiled(entries []SealedEntry, subjects map[string][]AuditSubject) error {
	for _, e := range entries {
		if !slices.Equal(subjects[e.Entry.ID], e.Entry.Subjects()) {
			return failed(Rejected, "entry %s: it is not listed under what it is about", auditIDText(e.Entry.ID))
		}
	}
	return nil
}

// checkUnsealed checks the entries that no seal covers.
func (v *auditVerifier) checkUnsealed() error {
	after := ""
	for {
		page, err := v.store.UnsealedEntries(v.ctx, after, sealBatch)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if len(e.ID) != auditIDSize || !v.keys.authenticates(e.fields(), e.MAC) {
				return failed(Rejected, "entry %s: it does not fit its MAC", auditIDText(e.ID))
			}
		}
		v.unsealed += int64(len(page))
		after = page[len(page)-1].ID
	}
}
