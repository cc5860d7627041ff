package hermes

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
)

// notANumber is the sentence of the original API.
const notANumber = "Not a valid E164 number"

func needNumber(name string, n e164.Number, malformed []string) error {
	if !given(name, n, malformed) {
		return badParameter("%s: missing; want an E.164 number", name)
	}
	return nil
}

// checkNumber asks the number plan about a number that is to enter the pool. name is that of its
// parameter.
func (c *Client) checkNumber(name string, n e164.Number) error {
	err := c.opts.Plan.Check(n)
	if err == nil {
		return nil
	}
	description := strings.TrimPrefix(err.Error(), "plan: ")
	if !strings.HasPrefix(description, name) {
		description = name + ": " + description
	}
	return &Error{Response: Failed, Cause: Rejected, Detail: notANumber, Description: description, Err: err}
}

// rejected returns an error with a detail that says what is wanted of the numbers, and a
// description that says which parameter was refused.
func rejected(detail, format string, args ...any) *Error {
	e := failed(Rejected, "%s", detail)
	e.Description = fmt.Sprintf(format, args...)
	return e
}

func notInPool(err error, n e164.Number) error { return missing(err, "%s is not in the pool", n) }

// NumberListRequest asks for numbers of the pool.
type NumberListRequest struct {
	State  NumberState `form:"state" json:"state,omitzero"` // empty means free
	Search Pattern     `form:"search" json:"search,omitzero"`
	Random bool        `form:"random" json:"random,omitzero"` // in random order; not with After
	Limit  int         `form:"limit" json:"limit,omitzero"`   // 0 means all
	After  string      `form:"after" json:"after,omitzero"`   // List.Next of the page before
}

// Check implements [Request].
func (r NumberListRequest) Check(...string) error {
	if err := checkLimit(r.Limit); err != nil {
		return err
	}
	if r.Random && r.After != "" {
		return badParameter("after: not with random")
	}
	_, err := tokenValue(r.After, e164.Parse)
	return err
}

// NumberListResponse has the numbers.
type NumberListResponse struct {
	List *List[e164.Number] `json:"list"`
}

// NumberList lists the numbers of the pool that are in a state. Causes: Empty, unless After is set.
func (c *Client) NumberList(ctx context.Context, req NumberListRequest) (res NumberListResponse, err error) {
	defer wrap(&err, "number/list")
	if err = c.precheck(ctx, "number/list", req); err != nil {
		return res, err
	}
	start, err := tokenValue(req.After, e164.Parse)
	if err != nil {
		return res, err
	}
	q, read := NumberQuery{State: req.State, Now: c.now(), Match: req.Search, Scope: c.actor.Scope}, Store.Numbers
	if req.Random && req.Limit > 0 && req.Limit <= largestSample {
		q.Limit = req.Limit
		res.List, err = c.sampleNumbers(ctx, q)
		return res, err
	}
	token := func(n e164.Number) string { return pageToken(n.String()) }
	if req.Random {
		draw, err := c.random(8)
		if err != nil {
			return res, err
		}
		q.Seed, read = int64(binary.BigEndian.Uint64(draw)%shufflePrime), Store.ShuffledNumbers
		token = func(e164.Number) string { return "" }
	}
	page := longPages(c, req.Limit, func(s Store) pageFunc[e164.Number] {
		return func(ctx context.Context, after e164.Number, n int) ([]e164.Number, error) {
			q := q
			q.After, q.Limit = after, n
			return read(s, ctx, q)
		}
	})
	res.List, err = newList(ctx, c, "number/list", req.Limit, start,
		scanPages(c, req.Random || req.Search.scans(), page), token, func(e164.Number) int { return 0 })
	// After the last number there is no other, but the pool has a match.
	if err == nil && res.List.Empty() && req.After == "" {
		return NumberListResponse{}, emptyPool(NotFound)
	}
	return res, err
}

// largestSample is the limit up to which numbers are picked, rather than the whole pool shuffled.
const largestSample = 1000

// sampleNumbers returns a list of q.Limit random numbers.
func (c *Client) sampleNumbers(ctx context.Context, q NumberQuery) (*List[e164.Number], error) {
	var numbers []e164.Number
	err := c.scanIf(ctx, q.Match.scans(), func() (err error) {
		numbers, err = c.store.SampleNumbers(ctx, q)
		return err
	})
	if err == nil && len(numbers) == 0 {
		err = emptyPool(NotFound)
	}
	if err != nil {
		return nil, err
	}
	return &List[e164.Number]{head: numbers, limit: q.Limit}, nil
}

// NumberAddRangeRequest names the ends of a range. They must have the same count of digits and the
// same country calling code, and Start must be before End.
type NumberAddRangeRequest struct {
	Start e164.Number `form:"start,required" json:"start"`
	End   e164.Number `form:"end,required" json:"end"`
}

// Check implements [Request].
func (r NumberAddRangeRequest) Check(malformed ...string) error {
	return firstError(needNumber("start", r.Start, malformed), needNumber("end", r.End, malformed))
}

func (NumberAddRangeRequest) isBulk() bool { return true }

func (r NumberAddRangeRequest) numbers() (first, last e164.Number) { return r.Start, r.End }

// NumberAddRangeResponse counts the numbers that were new, and those that were in the pool already
// or are in use as an alias.
type NumberAddRangeResponse struct {
	Detail  string      `json:"detail"`
	Start   e164.Number `json:"start"`
	End     e164.Number `json:"end"`
	Added   int64       `json:"added"`
	Skipped int64       `json:"skipped"`
}

// NumberAddRange puts every number from Start to End into the pool, all or none. If Options.Plan
// refuses one of them, the description of the error names the first. Causes: Rejected.
func (c *Client) NumberAddRange(ctx context.Context, req NumberAddRangeRequest) (NumberAddRangeResponse, error) {
	return call(ctx, c, "number/add_range", req, (*Client).numberAddRange)
}

func (c *Client) numberAddRange(ctx context.Context, req NumberAddRangeRequest) (res NumberAddRangeResponse, err error) {
	count, err := c.checkRange(ctx, req.Start, req.End)
	if err != nil {
		return res, err
	}
	var added int64
	err = c.changeIn(ctx, "number/add_range", &req, &TxOptions{Bulk: true}, func(s Store) (err error) {
		added, err = s.AddNumbers(ctx, req.Start, req.End)
		return err
	})
	if err != nil {
		return res, err
	}
	return NumberAddRangeResponse{
		Detail: fmt.Sprintf("Added %d numbers from %s to %s", added, req.Start, req.End),
		Start:  req.Start, End: req.End, Added: added, Skipped: count - added,
	}, nil
}

// checkRange checks the range as a whole and each of its numbers, and returns how many these are.
func (c *Client) checkRange(ctx context.Context, start, end e164.Number) (count int64, err error) {
	if err := firstError(c.checkNumber("start", start), c.checkNumber("end", end)); err != nil {
		return 0, err
	}
	both := start.String() + " and " + end.String()
	if start.Digits() != end.Digits() {
		return 0, rejected(both+": want the same count of digits",
			"end %q: %d digits, and start %q has %d; want the same count", end, end.Digits(), start, start.Digits())
	}
	if code := start.CountryCode(); code != end.CountryCode() {
		return 0, rejected(both+": want the same country code",
			"end %q: country calling code %s, and start %q has %s; want the same", end, end.CountryCode(), start, code)
	}
	count = end.Sub(start) + 1
	switch {
	case count < 2:
		return 0, rejected(both+": want a start before the end", "end %q: want a number after start %q", end, start)
	case count > c.opts.MaxRange:
		return 0, rejected(fmt.Sprintf("%d numbers: want a range of at most %d", count, c.opts.MaxRange),
			"end %q: %d numbers from start %q on; want at most %d", end, count, start, c.opts.MaxRange)
	}
	return count, c.checkBetween(ctx, start, count)
}

// checkBetween checks the numbers between the ends of a range, unless the plan says that these are
// as acceptable as the ends.
func (c *Client) checkBetween(ctx context.Context, start e164.Number, count int64) error {
	if p, ok := c.opts.Plan.(LengthPlan); ok && p.ChecksLengthOnly() {
		return nil
	}
	for i := int64(1); i < count-1; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, _ := start.Offset(i)
		if err := c.checkNumber("start to end", n); err != nil {
			return err
		}
	}
	return nil
}

// NumberAddRequest names a number.
type NumberAddRequest struct {
	Number e164.Number `form:"number,required" json:"number"`
}

// Check implements [Request].
func (r NumberAddRequest) Check(malformed ...string) error {
	return needNumber("number", r.Number, malformed)
}

// NumberAddResponse has the number.
type NumberAddResponse struct {
	Detail string      `json:"detail"`
	Number e164.Number `json:"number"`
}

// NumberAdd puts a number into the pool, or makes one free that is cooling. Causes: Rejected,
// Exists (free already, or in use as an alias), InUse (held).
func (c *Client) NumberAdd(ctx context.Context, req NumberAddRequest) (NumberAddResponse, error) {
	return call(ctx, c, "number/add", req, (*Client).numberAdd)
}

func (c *Client) numberAdd(ctx context.Context, req NumberAddRequest) (res NumberAddResponse, err error) {
	if err = c.checkNumber("number", req.Number); err != nil {
		return res, err
	}
	err = c.change(ctx, "number/add", &req, []Lock{LockNumber(req.Number)}, func(s Store) error {
		return c.addNumber(ctx, s, req.Number)
	})
	return NumberAddResponse{Detail: "Added " + req.Number.String(), Number: req.Number}, err
}

// addNumber asks for aliases last: AddNumber may have waited until a transaction that made an alias
// of the number ended.
func (c *Client) addNumber(ctx context.Context, s Store, n e164.Number) error {
	before, added := s.AddNumber(ctx, n, c.now())
	if added != nil && added != error(Exists) && added != error(InUse) {
		return added
	}
	used, err := s.NumberAliased(ctx, n)
	if err != nil {
		return err
	}
	if used {
		return failed(Exists, "%s is in use as an alias", n)
	}
	if added == error(InUse) {
		return withUntil(failed(InUse, "%s is held", n), before)
	}
	return taken(added, "%s is in the pool already", n)
}

// NumberRemoveRequest names a number.
type NumberRemoveRequest struct {
	Number e164.Number `form:"number,required" json:"number"`
}

// Check implements [Request].
func (r NumberRemoveRequest) Check(malformed ...string) error {
	return needNumber("number", r.Number, malformed)
}

// NumberRemoveResponse has the number.
type NumberRemoveResponse struct {
	Number e164.Number `json:"number"`
}

// NumberRemove takes a number out of the pool, whatever Options.Plan says of it. Causes: NotFound,
// InUse (held by another principal, or cooling).
func (c *Client) NumberRemove(ctx context.Context, req NumberRemoveRequest) (NumberRemoveResponse, error) {
	return call(ctx, c, "number/remove", req, (*Client).numberRemove)
}

func (c *Client) numberRemove(ctx context.Context, req NumberRemoveRequest) (res NumberRemoveResponse, err error) {
	err = c.change(ctx, "number/remove", &req, nil, func(s Store) error {
		before, err := s.RemoveNumber(ctx, req.Number, c.numberUse())
		return numberInUse(notInPool(err, req.Number), before)
	})
	return NumberRemoveResponse(req), err
}

// NumberTestRequest names a number.
type NumberTestRequest struct {
	Number e164.Number `form:"number,required" json:"number"`
}

// Check implements [Request].
func (r NumberTestRequest) Check(malformed ...string) error {
	return needNumber("number", r.Number, malformed)
}

// NumberTestResponse has the number.
type NumberTestResponse struct {
	Number e164.Number `json:"number"`
	Until  time.Time   `json:"until,omitzero"` // when the actor's hold ends; zero if it is free
}

// NumberTest reports whether a number is free, or held by the actor; if it is not, that is an
// error. Options.Plan is not asked. Causes: NotFound, InUse (held by another principal, or
// cooling).
func (c *Client) NumberTest(ctx context.Context, req NumberTestRequest) (res NumberTestResponse, err error) {
	defer wrap(&err, "number/test")
	if err = c.precheck(ctx, "number/test", req); err != nil {
		return res, err
	}
	use := c.numberUse()
	p, err := c.store.PooledNumber(ctx, req.Number, use.Now)
	if err = firstError(err, p.CheckUse(use)); err != nil {
		return res, numberInUse(notInPool(err, req.Number), p)
	}
	return NumberTestResponse{Number: req.Number, Until: p.Until}, nil
}
