package hermes

import (
	"context"
	"encoding/binary"
	"errors"
)

// newEpoch returns an epoch for a new or changed authorization.
func (c *Client) newEpoch() (int64, error) {
	b, err := c.random(8)
	return int64(binary.BigEndian.Uint64(b)), err
}

// isUnchanged reports whether the principal has the authorization a, with its epoch, still.
func isUnchanged(ctx context.Context, s Store, a Authorization) (bool, error) {
	present, err := s.Authorization(ctx, a.Principal)
	if err == error(NotFound) {
		return false, nil
	}
	return err == nil && present == a, err
}

// unknownUser is the name that a backend is asked for in the place of one that is not its own. No
// user has it, since names of API users have no colon.
const unknownUser = ":"

// askBackends verifies the password of a user and returns the user's authorization as it was
// before. known says which hashing slots may be used. After a failed login, wrong reports whether
// the password is to blame, and not a backend that did not answer.
//
// The backends are asked for another name if the user has no authorization: a directory would count
// the failed login against its own user of that name, or of one that it takes for the same.
func (c *Client) askBackends(
	ctx context.Context, user string, password Secret, known bool,
) (auth Authorization, wrong bool, err error) {
	auth, err = c.store.Authorization(ctx, userPrincipal(user))
	if err != nil && err != error(NotFound) {
		return auth, false, err
	}
	if err != nil {
		user = unknownUser
	}
	v := c.verifyPassword(ctx, user, normalPassword(password), known)
	if err != nil || !v.right {
		e := errLogin()
		e.Err = v.fault
		return auth, v.decided || v.fault == nil, e
	}
	return auth, false, nil
}

// verdict is what one or all backends say about a password.
type verdict struct {
	right   bool
	decided bool  // by a backend that has the user, or the last one
	fault   error // of a backend that could not answer
}

// verifyPassword asks the backends side by side. The first one that has the user decides; if one
// before it cannot answer, the password is not verified. A right password is answered as soon as
// they have decided. A wrong one is answered when all backends have done their work, so that timing
// does not reveal which of them has the user.
func (c *Client) verifyPassword(ctx context.Context, user string, password Secret, known bool) (all verdict) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	verify := func(b Backend, user string) (bool, error) { return c.askBackend(ctx, b, user, password, known) }
	answers := make(chan verdict, len(c.opts.Backends))
	var own []func() // what this goroutine does, since the store may be for one goroutine only
	free := make(chan bool, 1)
	free <- true
	for i, b := range c.opts.Backends {
		q := backendQuestion{Backend: b, last: i == len(c.opts.Backends)-1, before: free, after: make(chan bool, 1)}
		free = q.after
		ask := func() { answers <- q.ask(ctx, c.store, user, verify) }
		if c.tx != nil || inStore(b) {
			own = append(own, ask)
		} else {
			go ask()
		}
	}
	for _, ask := range own {
		ask()
	}
	for range c.opts.Backends {
		v := nextVerdict(ctx, answers)
		all.right = all.right || v.right
		all.decided = all.decided || v.decided
		all.fault = errors.Join(all.fault, v.fault)
		if all.right {
			break
		}
	}
	return all
}

// nextVerdict waits for an answer until ctx ends. It prefers one that is there already, so that a
// client that goes away does not hide that its password was wrong.
func nextVerdict(ctx context.Context, answers <-chan verdict) verdict {
	select {
	case v := <-answers:
		return v
	default:
	}
	select {
	case v := <-answers:
		return v
	case <-ctx.Done():
		return verdict{fault: context.Cause(ctx)}
	}
}

// backendQuestion is a backend that is asked beside others.
type backendQuestion struct {
	Backend
	last bool // no backend comes after it
	// before has whether the user can still be this backend's: all before it have answered, and none
	// of them has the user. after is before of the next backend.
	before <-chan bool
	after  chan bool
}

// ask asks whether the user is the backend's and verifies the password. A backend whose user it is
// not does the same work.
func (q backendQuestion) ask(
	ctx context.Context, s Store, user string, verify func(Backend, string) (bool, error),
) verdict {
	has, err := true, error(nil)
	if !q.last { // Verify of the last one refuses a user that it does not have
		has, err = q.Has(ctx, s, user)
	}
	free := <-q.before
	q.after <- free && !has && err == nil
	decides := free && has && err == nil
	if !decides {
		user = unknownUser
	}
	right, verifyErr := verify(q.Backend, user)
	decides = decides && verifyErr == nil
	return verdict{right: right && decides && user != unknownUser, decided: decides, fault: errors.Join(err, verifyErr)}
}
