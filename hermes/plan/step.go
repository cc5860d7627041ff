package plan

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// tooBusy is how many calls in a row may be refused because the server is too busy or cannot be
// reached. A remote Client has tried for a while before.
const tooBusy = 3

// grouped returns the works in groups, each of which is to be done in order: users of one phone get
// its lines in the order of the file, and users that get any number of the pool get theirs so.
func grouped(works []*work) (groups [][]*work) {
	parent := make([]int, len(works))
	root := func(i int) int {
		for parent[i] != i {
			i = parent[i]
		}
		return i
	}
	auto, phones := -1, map[mac.Addr]int{}
	for i, w := range works {
		parent[i] = i
		if w.number.Auto {
			if auto >= 0 {
				parent[i] = root(auto)
			}
			auto = i
		}
		macs := w.addPhones
		if w.add != nil {
			macs = w.add.MACs
		}
		for _, m := range macs {
			if other, ok := phones[m]; ok {
				parent[root(i)] = root(other)
			}
			phones[m] = i
		}
	}
	group := map[int]int{} // by root
	for i, w := range works {
		g, ok := group[root(i)]
		if !ok {
			g = len(groups)
			group[root(i)] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], w)
	}
	return groups
}

// key returns an idempotency key that is made of a run, the user and its entry of the file.
func (w *work) key(run, node string, req hermes.Request) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", run, node, w.user, w.row, mustJSON(req)))
	return hex.EncodeToString(sum[:])
}

// mustJSON returns a value of texts and numbers in JSON.
func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("plan: " + err.Error())
	}
	return text
}

// call makes a call of a node, and reports its error. An error with one of the causes done means
// that there was nothing to do any more.
func call[Req hermes.Request, Res any](ctx context.Context, a *applier, w *work, field, node string, req Req,
	method func(hermes.API, context.Context, Req) (Res, error), done ...error) {
	if ctx.Err() == nil {
		_, err := method(a.api.WithOptions(hermes.CallOptions{IdempotencyKey: w.key(a.run, node, req)}), ctx, req)
		for _, cause := range done {
			if errors.Is(err, cause) {
				err = nil
			}
		}
		a.check(ctx, w, field, err)
	}
}

// check reports the error of a call, unless it is nil or the context has ended, and ends everything
// if no other call would succeed.
func (a *applier) check(ctx context.Context, w *work, field string, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	busy := errors.Is(err, hermes.Busy)
	a.mu.Lock()
	if a.busy++; !busy {
		a.busy = 0
	}
	stop := errors.Is(err, hermes.Unauthorized) || a.busy >= tooBusy
	a.mu.Unlock()
	switch {
	case stop:
		a.stop(err)
	case err != nil:
		a.report(w, Failure{Line: w.line, User: w.user, Field: field, Err: err})
	}
}

// hasFailed reports whether a field of the user could not be changed.
func (a *applier) hasFailed(w *work, field string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Contains(a.failed[w], field)
}

// clear is the first phase: it removes what has to go.
func (a *applier) clear(ctx context.Context, w *work) {
	for _, m := range w.dropPhones {
		call(ctx, a, w, "phones", "phone/remove", hermes.PhoneRemoveRequest{MAC: m, User: w.user}, hermes.API.PhoneRemove, hermes.NotFound)
	}
	for _, alias := range w.dropAliases {
		call(ctx, a, w, "aliases", "alias/remove", hermes.AliasRemoveRequest{Alias: alias}, hermes.API.AliasRemove, hermes.NotFound)
	}
	for _, alias := range w.dropNumbers {
		a.dropNumber(ctx, w, alias)
	}
	if w.remove {
		call(ctx, a, w, "", "user/offboard", hermes.UserOffboardRequest{User: w.user}, hermes.API.UserOffboard, hermes.NotFound)
	}
}

// dropNumber removes the alias of a number, and returns the number to the pool where that is
// possible.
func (a *applier) dropNumber(ctx context.Context, w *work, alias sip.Addr) {
	if n, _ := aliasNumber(alias); !w.keepOut[n] && ctx.Err() == nil {
		req := hermes.NumberReleaseRequest{Alias: alias}
		_, err := a.api.WithOptions(hermes.CallOptions{IdempotencyKey: w.key(a.run, "number/release", req)}).NumberRelease(ctx, req)
		// An alias of another domain has it, too, or the number plan refuses it.
		if !errors.Is(err, hermes.InUse) && !errors.Is(err, hermes.Rejected) {
			if errors.Is(err, hermes.NotFound) {
				err = nil
			}
			a.check(ctx, w, "number", err)
			return
		}
	}
	call(ctx, a, w, "number", "alias/remove", hermes.AliasRemoveRequest{Alias: alias}, hermes.API.AliasRemove, hermes.NotFound)
}

// fulfil is the second phase: it adds and changes.
func (a *applier) fulfil(ctx context.Context, w *work) {
	if w.add != nil && !a.onboard(ctx, w) {
		return
	}
	if len(w.updates) > 0 {
		call(ctx, a, w, w.updatedFields(), "user/update", w.update, hermes.API.UserUpdate)
	}
	switch {
	case w.suspend.Value:
		call(ctx, a, w, "suspended", "user/suspend", hermes.UserSuspendRequest{User: w.user}, hermes.API.UserSuspend)
	case w.suspend.Set:
		call(ctx, a, w, "suspended", "user/resume", hermes.UserResumeRequest{User: w.user}, hermes.API.UserResume)
	}
	if w.permissions.Set {
		call(ctx, a, w, "permissions", "user/permissions",
			hermes.UserPermissionsRequest{User: w.user, Permissions: w.permissions}, hermes.API.UserPermissions)
	}
	for _, m := range w.addPhones {
		call(ctx, a, w, "phones", "phone/add", hermes.PhoneAddRequest{MAC: m, User: w.user}, hermes.API.PhoneAdd)
	}
	for _, alias := range w.addAliases {
		call(ctx, a, w, "aliases", "alias/add", hermes.AliasAddRequest{Alias: alias, Destination: w.user}, hermes.API.AliasAdd)
	}
	// One that could not be taken away is in the way of another.
	if w.number != (Number{}) && (w.add == nil || w.byAlias) && !a.hasFailed(w, "number") {
		a.giveNumber(ctx, w)
	}
}

func (a *applier) giveNumber(ctx context.Context, w *work) {
	if !w.byAlias {
		req := hermes.NumberAssignRequest{User: w.user, Number: w.number.Number, Search: w.number.search()}
		call(ctx, a, w, "number", "number/assign", req, hermes.API.NumberAssign)
		return
	}
	alias, err := sip.Join(w.number.Number.String(), w.user.Domain().String())
	if err != nil {
		a.check(ctx, w, "number", err)
		return
	}
	call(ctx, a, w, "number", "alias/add", hermes.AliasAddRequest{Alias: alias, Destination: w.user}, hermes.API.AliasAdd)
}

// search returns the search for a number of the pool. It is zero if that does not matter.
func (n Number) search() hermes.Pattern {
	if n.Auto && n.Search.IsZero() {
		return anyNumber
	}
	return n.Search
}

// anyNumber matches each number, and is found at the beginning of an index.
var anyNumber = mustPattern("+*")

func mustPattern(text string) hermes.Pattern {
	p, err := hermes.ParsePattern(text)
	if err != nil {
		panic("plan: " + err.Error())
	}
	return p
}

// pending returns the request that adds the user, with its key.
func (w *work) pending(run string) pendingAdd {
	req := *w.add
	if !w.byAlias {
		req.Number, req.Search = w.number.Number, w.number.search()
	}
	return pendingAdd{Key: w.key(run, "user/onboard", req), Request: req}
}

// onboard adds the user and keeps its password. It reports whether it did.
func (a *applier) onboard(ctx context.Context, w *work) bool {
	passwords := a.opts.Passwords
	for add := w.pending(a.adds); ctx.Err() == nil; {
		var replayed bool
		options := hermes.CallOptions{IdempotencyKey: add.Key, Replayed: &replayed}
		res, err := a.api.WithOptions(options).UserOnboard(ctx, add.Request)
		if err == nil && replayed && passwords != nil && passwords.continued && a.isGone(ctx, w) {
			// An apply that was killed has added it, and it was removed since.
			add = w.pending(rand.Text())
			if err = passwords.expect([]pendingAdd{add}); err == nil {
				continue
			}
			a.stop(err)
			return false
		}
		if errors.Is(err, hermes.ErrOutcomeUnknown) || err != nil && ctx.Err() != nil {
			a.keepPending(add)
		}
		if err == nil && passwords != nil {
			if err := passwords.keep(w.user, res.User.Password.Value); err != nil {
				a.keepPending(add)
				a.stop(err)
				return false
			}
		}
		a.check(ctx, w, "", err)
		return err == nil
	}
	return false
}

// isGone reports whether there is no such user.
func (a *applier) isGone(ctx context.Context, w *work) bool {
	_, err := a.api.UserGet(ctx, hermes.UserGetRequest{User: w.user})
	return errors.Is(err, hermes.NotFound)
}

// keepPending notes a user that may have been added, and whose password is still to come.
func (a *applier) keepPending(add pendingAdd) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = append(a.left, add)
}
