package plan

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// ErrNoPasswords is the error of a plan that adds users when ApplyOptions do not say where their
// passwords go.
var ErrNoPasswords = errors.New("the file adds users: want a file for their passwords, or that they are discarded")

// ApplyOptions configure [Plan.Apply].
type ApplyOptions struct {
	// Passwords gets the passwords of new users.
	Passwords *PasswordFile
	// DiscardPasswords says that new users' passwords are not wanted. user/change_pw gives others.
	DiscardPasswords bool
	// Workers is how many calls are made at once. Defaults to 4.
	Workers int
	// Progress, if not nil, is called with the number of users for which everything has been tried,
	// and with that of all. The calls are made one at a time.
	Progress func(done, total int)
	// Failed, if not nil, is called with everything that could not be done, one at a time.
	Failed func(Failure)
}

// Failure is something that could not be done.
type Failure struct {
	File  string
	Line  int // 0 if the file does not name the user
	User  sip.Addr
	Field string // empty if it is the user as a whole
	Err   error
}

// Error returns a line such as "users.csv:3: alice@example.com: number: …".
func (f Failure) Error() string {
	text := f.User.String()
	if f.Field != "" {
		text += ": " + f.Field
	}
	if f.Line > 0 {
		text = fmt.Sprintf("%s:%d: %s", f.File, f.Line, text)
	}
	return text + ": " + f.Err.Error()
}

// Unwrap returns Err.
func (f Failure) Unwrap() error { return f.Err }

// Result says what [Plan.Apply] has done.
type Result struct {
	Done      int // users for which everything was done
	Failed    int // users for which something failed
	Left      int // users that were not reached, because Apply ended early
	Recovered int // passwords of users that an apply had added that was killed
}

// applier carries out a plan.
type applier struct {
	api  hermes.API
	plan *Plan
	opts ApplyOptions
	run  string // for the keys of calls, but for those of user/onboard
	adds string // for those

	mu          sync.Mutex // for the fields below, and for the functions of opts
	remaining   map[*work]int
	done, total int // how often work was, and is to be, tried
	failed      map[*work][]string
	recovered   int
	busy        int // calls in a row to which the server was too busy
	left        []pendingAdd
	stop        context.CancelCauseFunc
}

// Apply does what the plan says. It removes first, so that what one user gives up is there for
// another, and then adds and changes users in the order of the file, except that users whose number
// the file names are before those that get any one of the pool. It goes on after an error, and ends
// early if the context does, the session ends, the server cannot be reached or a password cannot be
// written. That is its error then; other errors go to Failed.
//
// api must not be one whose calls change nothing, because the options of its calls are replaced.
func (p *Plan) Apply(ctx context.Context, api hermes.API, opts *ApplyOptions) (Result, error) {
	a := &applier{api: api, plan: p, run: rand.Text(), remaining: map[*work]int{}, failed: map[*work][]string{}}
	if opts != nil {
		a.opts = *opts
	}
	if a.opts.Workers <= 0 {
		a.opts.Workers = defaultWorkers
	}
	a.adds = a.run
	if a.opts.Passwords != nil {
		a.adds = a.opts.Passwords.run
	} else if added, _, _ := p.Count(); added > 0 && !a.opts.DiscardPasswords {
		return Result{Left: len(p.works)}, ErrNoPasswords
	}
	ctx, a.stop = context.WithCancelCause(ctx)
	defer a.stop(nil)
	err := a.recover(ctx)
	if err == nil {
		err = a.all(ctx)
	}
	if a.opts.Passwords != nil {
		err = errors.Join(err, a.opts.Passwords.finish(a.left))
	}
	return a.result(), err
}

func (a *applier) result() Result {
	r := Result{Recovered: a.recovered}
	for _, w := range a.plan.works {
		left, reached := a.remaining[w]
		switch {
		case !reached || left > 0:
			r.Left++
		case len(a.failed[w]) > 0:
			r.Failed++
		default:
			r.Done++
		}
	}
	return r
}

// recover asks for the passwords of users that an apply has added that was killed.
func (a *applier) recover(ctx context.Context) error {
	if a.opts.Passwords == nil {
		return nil
	}
	old := a.opts.Passwords.old
	for i, add := range old {
		user := add.Request.User
		_, err := a.api.UserGet(ctx, hermes.UserGetRequest{User: user})
		if errors.Is(err, hermes.NotFound) {
			continue
		}
		var res hermes.UserOnboardResponse
		if err == nil {
			res, err = a.api.WithOptions(hermes.CallOptions{IdempotencyKey: add.Key}).UserOnboard(ctx, add.Request)
		}
		switch {
		case err == nil:
			err = a.opts.Passwords.keep(user, res.User.Password.Value)
			a.recovered++
		case errors.Is(err, hermes.Exists), errors.Is(err, hermes.Parameters):
			a.report(nil, Failure{User: user, Err: errors.New(
				"was added by an apply that was killed, and its password is not known any more; user/change_pw gives it another one")})
			err = nil
		}
		if err != nil {
			a.left = append(a.left, old[i:]...)
			return err
		}
	}
	return nil
}

// all does everything in phases. Users that get any number of the pool come last, since they could
// get one that the file names for another user.
func (a *applier) all(ctx context.Context) error {
	var clear, fulfil, rest []*work
	hasAuto := slices.ContainsFunc(a.plan.works, func(w *work) bool { return w.number.Auto })
	for _, w := range a.plan.works {
		if w.clears() {
			clear = append(clear, w)
			a.remaining[w]++
		}
		if w.fulfils() {
			fulfil = append(fulfil, w)
			a.remaining[w]++
		}
		a.total += a.remaining[w]
	}
	if hasAuto {
		isNamed := func(w *work) bool { return !w.number.Number.IsZero() }
		rest = slices.DeleteFunc(slices.Clone(fulfil), isNamed)
		fulfil = slices.DeleteFunc(fulfil, func(w *work) bool { return !isNamed(w) })
	}
	err := a.phase(ctx, clear, a.clear)
	if err == nil {
		err = a.phase(ctx, fulfil, a.fulfil)
	}
	if err == nil {
		err = a.phase(ctx, rest, a.fulfil)
	}
	return err
}

// phase calls do for each of the works, a page at a time.
func (a *applier) phase(ctx context.Context, works []*work, do func(context.Context, *work)) error {
	for start := 0; start < len(works); start += pageSize {
		groups := grouped(works[start:min(start+pageSize, len(works))])
		if err := a.expect(groups); err != nil {
			return err
		}
		err := each(ctx, a.opts.Workers, len(groups), func(ctx context.Context, i int) error {
			for _, w := range groups[i] {
				do(ctx, w)
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				a.tried(w)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tried notes that everything of a phase has been tried for a user.
func (a *applier) tried(w *work) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remaining[w]--
	a.done++
	if a.opts.Progress != nil {
		a.opts.Progress(a.done, a.total)
	}
}

// expect notes the users of the groups that are about to be added.
func (a *applier) expect(groups [][]*work) error {
	if a.opts.Passwords == nil {
		return nil
	}
	var adds []pendingAdd
	for _, works := range groups {
		for _, w := range works {
			if w.add != nil {
				adds = append(adds, w.pending(a.adds))
			}
		}
	}
	return a.opts.Passwords.expect(adds)
}

// report passes on what could not be done. w is nil if it is no part of the plan.
func (a *applier) report(w *work, f Failure) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if w != nil {
		a.failed[w] = append(a.failed[w], f.Field)
	}
	f.File = a.plan.file
	if a.opts.Failed != nil {
		a.opts.Failed(f)
	}
}
