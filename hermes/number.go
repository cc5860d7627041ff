package hermes

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/hermes-voip/go-hermes/e164"
)

// notANumber is the original API's own sentence.
const notANumber = "Not a valid E164 number"

// NumberListRequest asks for free numbers.
type NumberListRequest struct {
	Search Pattern `form:"search" json:"search,omitzero"`
	Random bool    `form:"random" json:"random,omitzero"` // in random order; not with After
	Limit  int     `form:"limit" json:"limit,omitzero"`   // 0: all
	After  string  `form:"after" json:"after,omitzero"`   // List.Next of the page before
}

// NumberListResponse has the numbers.
type NumberListResponse struct {
	List *List[e164.Number] `json:"list"`
}

// NumberList lists the pool. Causes: Empty.
func (c *Client) NumberList(ctx context.Context, req NumberListRequest) (res NumberListResponse, err error) {
	defer wrap(&err, "number/list")
	if err = c.allow("number/list"); err != nil {
		return res, err
	}
	if err = checkLimit(req.Limit); err != nil {
		return res, err
	}
	if req.Random && req.After != "" {
		return res, badParameter("after: not with random")
	}
	from, err := tokenValue(req.After, e164.Parse)
	if err != nil {
		return res, err
	}
	page, err := c.numberPage(req)
	if err != nil {
		return res, err
	}
	token := func(n e164.Number) string { return pageToken(n.String()) }
	if req.Random {
		token = func(e164.Number) string { return "" }
	}
	res.List, err = newList(ctx, "number/list", req.Limit, from, page, token)
	if err == nil && res.List.Empty() {
		return NumberListResponse{}, failed(Empty, "the number pool has no match")
	}
	return res, err
}

type numberPage = func(ctx context.Context, after e164.Number, n int) ([]e164.Number, error)

func (c *Client) numberPage(req NumberListRequest) (numberPage, error) {
	q := NumberQuery{Match: req.Search}
	read := c.store.Numbers
	if req.Random {
		draw, err := c.random(8)
		if err != nil {
			return nil, err
		}
		q.Seed = int64(binary.BigEndian.Uint64(draw) % shufflePrime)
		read = c.store.ShuffledNumbers
	}
	return func(ctx context.Context, after e164.Number, n int) ([]e164.Number, error) {
		q := q
		q.After, q.Limit = after, n
		return read(ctx, q)
	}, nil
}

// NumberAddRangeRequest names the ends of a range: the same count of digits and the same
// country calling code, Start before End.
type NumberAddRangeRequest struct {
	Start e164.Number `form:"start,required" json:"start"`
	End   e164.Number `form:"end,required" json:"end"`
}

// NumberAddRangeResponse counts the numbers that were new, and those that were in the pool
// already or are in use as an alias.
type NumberAddRangeResponse struct {
	Detail  string      `json:"detail"`
	Start   e164.Number `json:"start"`
	End     e164.Number `json:"end"`
	Added   int64       `json:"added"`
	Skipped int64       `json:"skipped"`
}

// NumberAddRange puts every number from Start to End into the pool, all or nothing. Options.Plan is asked
// for the two ends. Causes: Rejected.
func (c *Client) NumberAddRange(ctx context.Context, req NumberAddRangeRequest) (res NumberAddRangeResponse, err error) {
	defer wrap(&err, "number/add_range")
	if err = c.allow("number/add_range"); err != nil {
		return res, err
	}
	if err = firstError(needNumber("start", req.Start), needNumber("end", req.End)); err != nil {
		return res, err
	}
	count, err := c.checkRange(req.Start, req.End)
	if err != nil {
		return res, err
	}
	added, err := c.store.AddNumbers(ctx, req.Start, req.End)
	if err != nil {
		return res, err
	}
	return NumberAddRangeResponse{
		Detail: fmt.Sprintf("Added %d numbers from %s to %s", added, req.Start, req.End),
		Start:  req.Start, End: req.End, Added: added, Skipped: count - added,
	}, nil
}

func (c *Client) checkRange(start, end e164.Number) (count int64, err error) {
	if err := firstError(c.checkNumber(start), c.checkNumber(end)); err != nil {
		return 0, err
	}
	if start.Digits() != end.Digits() {
		return 0, failed(Rejected, "%s and %s: want the same count of digits", start, end)
	}
	if start.CountryCode() != end.CountryCode() {
		return 0, failed(Rejected, "%s and %s: want the same country code", start, end)
	}
	count = end.Sub(start) + 1
	switch {
	case count < 2:
		return 0, failed(Rejected, "%s and %s: want a start before the end", start, end)
	case count > c.opts.MaxRange:
		return 0, failed(Rejected, "%d numbers: want a range of at most %d", count, c.opts.MaxRange)
	}
	return count, nil
}

// checkNumber asks the number plan.
func (c *core) checkNumber(n e164.Number) error {
	if err := c.opts.Plan.Check(n); err != nil {
		return &Error{Response: Failed, Cause: Rejected, Detail: notANumber, Err: err}
	}
	return nil
}

func needNumber(name string, n e164.Number) error {
	if n.IsZero() {
		return badParameter("%s: missing; want an E.164 number", name)
	}
	return nil
}

// checkNamed is needNumber and then checkNumber.
func (c *core) checkNamed(name string, n e164.Number) error {
	if err := needNumber(name, n); err != nil {
		return err
	}
	return c.checkNumber(n)
}

// NumberAddRequest names a number.
type NumberAddRequest struct {
	Number e164.Number `form:"number,required" json:"number"`
}

// NumberAddResponse has the number.
type NumberAddResponse struct {
	Detail string      `json:"detail"`
	Number e164.Number `json:"number"`
}

// NumberAdd puts a number into the pool. Causes: Rejected, Exists (in the pool already, or in use as an alias).
func (c *Client) NumberAdd(ctx context.Context, req NumberAddRequest) (res NumberAddResponse, err error) {
	defer wrap(&err, "number/add")
	if err = c.allow("number/add"); err != nil {
		return res, err
	}
	if err = c.checkNamed("number", req.Number); err != nil {
		return res, err
	}
	err = c.store.Tx(ctx, func(s Store) error {
		used, err := s.NumberAliased(ctx, req.Number)
		if err != nil {
			return err
		}
		if used {
			return failed(Exists, "%s is in use as an alias", req.Number)
		}
		return taken(s.AddNumber(ctx, req.Number), "%s is in the pool already", req.Number)
	})
	return NumberAddResponse{Detail: "Added " + req.Number.String(), Number: req.Number}, err
}

// NumberRemoveRequest names a number.
type NumberRemoveRequest struct {
	Number e164.Number `form:"number,required" json:"number"`
}

// NumberRemoveResponse has the number.
type NumberRemoveResponse struct {
	Number e164.Number `json:"number"`
}

// NumberRemove takes a number out of the pool. Causes: Rejected, NotFound.
func (c *Client) NumberRemove(ctx context.Context, req NumberRemoveRequest) (res NumberRemoveResponse, err error) {
	defer wrap(&err, "number/remove")
	if err = c.allow("number/remove"); err != nil {
		return res, err
	}
	if err = c.checkNamed("number", req.Number); err != nil {
		return res, err
	}
	return NumberRemoveResponse(req), notInPool(c.store.RemoveNumber(ctx, req.Number), req.Number)
}

func notInPool(err error, n e164.Number) error { return missing(err, "%s is not in the pool", n) }

// NumberTestRequest names a number.
type NumberTestRequest struct {
	Number e164.Number `form:"number,required" json:"number"`
}

// NumberTestResponse has the number.
type NumberTestResponse struct {
	Number e164.Number `json:"number"`
}

// NumberTest tells whether a number is in the pool. Causes: Rejected, NotFound.
func (c *Client) NumberTest(ctx context.Context, req NumberTestRequest) (res NumberTestResponse, err error) {
	defer wrap(&err, "number/test")
	if err = c.allow("number/test"); err != nil {
		return res, err
	}
	if err = c.checkNamed("number", req.Number); err != nil {
		return res, err
	}
	has, err := c.store.HasNumber(ctx, req.Number)
	if err == nil && !has {
		err = notInPool(NotFound, req.Number)
	}
	return NumberTestResponse(req), err
}
