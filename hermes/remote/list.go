package remote

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strconv"

	"github.com/hermes-voip/go-hermes/hermes"
)

// The sizes of pages. All pages after the first are about as large as pageBytes.
const (
	firstPage   = 250       // entries
	largestPage = 5_000     // entries
	pageBytes   = 256 << 10 // of an answer
)

// callList calls a node whose answer is a list. The list fetches its pages while it is read: each
// is a call of its own, so no connection is held meanwhile, and a page that is lost is asked for
// again.
func callList[T any](ctx context.Context, c *Client, node string, req hermes.Request) (*hermes.List[T], error) {
	n, form, err := c.encode(node, req)
	if err != nil {
		return nil, err
	}
	p := &pager[T]{client: c, node: n, form: form}
	limit, _ := strconv.Atoi(form.Get("limit"))
	first, err := p.first(ctx, limit)
	// alias/list answers ok with a cause, beside an empty list.
	if e, ok := err.(*hermes.Error); ok && e.Response != hermes.OK {
		return nil, err
	}
	return hermes.NewList(ctx, first, limit, p.next), err
}

// pager fetches the pages of a list.
type pager[T any] struct {
	client  *Client
	node    hermes.Node
	form    url.Values // of the call
	entries int        // of the page before
	bytes   int        // of the answer with them
}

func (p *pager[T]) first(ctx context.Context, limit int) (hermes.ListPage[T], error) {
	form := maps.Clone(p.form)
	// A list in random order has no other page: the next call would draw another order.
	if form.Get("random") == "" {
		size := firstPage
		if limit > 0 {
			size = min(size, limit)
		}
		form.Set("limit", strconv.Itoa(size))
	}
	return p.fetch(ctx, form)
}

func (p *pager[T]) next(ctx context.Context, after string, most int) (hermes.ListPage[T], error) {
	form := maps.Clone(p.form)
	size := min(most, largestPage, max(1, pageBytes*p.entries/max(1, p.bytes)))
	form.Set("limit", strconv.Itoa(size))
	form.Set("after", after)
	page, err := p.fetch(ctx, form)
	// alias/list answers ok with a cause. After some entries that is a failure.
	if e, ok := err.(*hermes.Error); ok && e.Response == hermes.OK {
		e.Response = hermes.Failed
	}
	return page, err
}

// fetch returns a page. Its error is an [*hermes.Error].
func (p *pager[T]) fetch(ctx context.Context, form url.Values) (page hermes.ListPage[T], err error) {
	a, err := p.client.ask(ctx, p.node, form)
	if err != nil {
		return page, withNode(err, p.node.Path)
	}
	var res struct {
		List []T    `json:"list"`
		Next string `json:"next"`
	}
	if err := a.read(&res); err != nil {
		return page, withNode(err, p.node.Path)
	}
	if len(res.List) == 0 && res.Next != "" {
		return page, withNode(a.malformed(errors.New("a page without entries goes on")), p.node.Path)
	}
	p.entries, p.bytes = len(res.List), len(a.body)
	return hermes.ListPage[T]{Entries: res.List, Next: res.Next}, nil
}
