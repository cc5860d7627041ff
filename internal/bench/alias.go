package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// aliasCopy writes all aliases in their order.
const aliasCopy = `COPY (SELECT alias_username, alias_domain, username, domain FROM dbaliases
	ORDER BY alias_username, alias_domain, username, domain) TO STDOUT`

func aliasList() benchmark {
	return benchmark{
		name:  "aliases",
		about: "alias/list of all aliases over HTTP",
		rows: []row{
			{number: "7", what: "alias/list of all over HTTP", floor: "psql, the ordered COPY", unit: inSeconds, goal: atMost(1.3)},
			{number: "7", what: "alias/list of all over HTTP, growth of the resident memory", unit: inBytes, goal: atMost(40 << 20)},
		},
		open: func(ctx context.Context, b *bench) (measure, error) {
			s, admin, err := b.startFilled(ctx)
			if err != nil {
				return nil, err
			}
			d, err := b.filled(ctx, b.rows, bytewise)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context) ([]sample, error) {
				out, err := b.both(
					func() (sample, error) { return once(ctx, func() error { return b.psql(ctx, d, aliasCopy) }) },
					func() (sample, error) {
						var l listing
						m, err := s.growth(func() (err error) {
							l, err = admin.list(ctx, discardEntries, "alias/list")
							return err
						})
						return sample{hermes: l.total.Seconds(), memory: m}, err
					})
				return []sample{out, {hermes: out.memory.bytes}}, err
			}, nil
		},
	}
}

// listing is how long the answer to a list took.
type listing struct {
	first, total time.Duration
	next         string // of a page
}

// list calls a node and gives the body of its answer to read, which returns the end of it.
func (c *client) list(ctx context.Context, read func(io.Reader) (end string, err error), node string, parameters ...string) (l listing, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+c.target(node, parameters...), nil)
	if err != nil {
		return l, err
	}
	if c.cookie != nil {
		req.AddCookie(c.cookie)
	}
	start := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return l, err
	}
	defer res.Body.Close()
	r := bufio.NewReaderSize(res.Body, 64<<10)
	if _, err := r.Peek(1); err != nil {
		return l, err
	}
	l.first = time.Since(start)
	end, err := read(r)
	l.total = time.Since(start)
	if err == nil && !strings.Contains(end, `"response":"ok"`) {
		err = fmt.Errorf("%s: the answer ends in %.300s", node, end)
	}
	_, after, _ := strings.Cut(end, `"next":"`)
	l.next, _, _ = strings.Cut(after, `"`)
	return l, err
}

// discardEntries reads a list without looking at it and returns its last 64 KiB or less.
func discardEntries(r io.Reader) (string, error) {
	buffer, last := make([]byte, 64<<10), ""
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			tail := buffer[max(0, n-200):n]
			last = last[max(0, len(last)-200):] + string(tail)
		}
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return "", err
		}
	}
}

// entries checks a list: those that pass the filter must be there once and in their order.
type entries struct {
	key    string // what is before the number of an entry
	filter func(i int) bool
	n      int // entries in the store
	next   int // the number that comes next, or a smaller one that does not pass the filter
	wrong  int // missing, repeated, unwanted or out of order
}

func (e *entries) read(r io.Reader) (end string, err error) {
	b := r.(*bufio.Reader)
	for {
		part, err := b.ReadSlice('}')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return "", err
		}
		if at := bytes.Index(part, []byte(e.key)); at >= 0 && len(part) >= at+len(e.key)+7 {
			i, err := strconv.Atoi(string(part[at+len(e.key) : at+len(e.key)+7]))
			if err != nil {
				return "", err
			}
			e.see(i)
		}
		// Without entries, the whole answer is one part.
		end = string(part[max(0, len(part)-300):])
	}
}

func (e *entries) see(i int) {
	e.skip()
	if i != e.next {
		e.wrong++
	}
	e.next = i + 1
}

// skip moves on to the next number that passes the filter.
func (e *entries) skip() {
	for e.next < e.n && !e.filter(e.next) {
		e.next++
	}
}

// close counts the entries that are missing at the end.
func (e *entries) close() int {
	for e.skip(); e.next < e.n; e.skip() {
		e.wrong++
		e.next++
	}
	return e.wrong
}

// The goals of long lists.
const (
	firstByte  = 200 * time.Millisecond
	listMemory = 64 << 20
)

// millionLists are the lists of which the count and the first byte are checked. The entries are
// those of which the seven digits have the text, at their beginning or anywhere.
func millionLists() []millionList {
	any := func(int) bool { return true }
	digits := func(match func(s, part string) bool, part string) func(int) bool {
		return func(i int) bool { return match(fmt.Sprintf("%07d", i), part) }
	}
	rare := digits(strings.Contains, "12345")
	return []millionList{
		{"all aliases", "", any, false},
		{"search by prefix", "u001*", digits(strings.HasPrefix, "001"), false},
		{"search by infix", "23", digits(strings.Contains, "23"), false},
		{"search by rare infix", "12345", rare, false},
		{"search by rare infix, with the indexes that doctor names,", "12345", rare, true},
	}
}

type millionList struct {
	name    string
	search  string
	found   func(i int) bool
	indexed bool // by the indexes that doctor names
}

func millionAliases() benchmark {
	bm := benchmark{
		name:  "million",
		about: "all aliases over HTTP, listed, searched and paged",
		once:  true,
	}
	for _, l := range millionLists() {
		bm.rows = append(bm.rows, row{what: l.name + " over HTTP, first byte", unit: inSeconds, goal: within(firstByte)})
	}
	bm.rows = append(bm.rows,
		row{what: "all aliases in pages of 1,000 over HTTP, the slowest page", unit: inSeconds, goal: within(firstByte)},
		row{what: "lists, searches and pages, entries that were missing, repeated or unwanted", unit: plain, goal: atMost(0)},
		row{what: "lists, searches and pages, growth of the resident memory", unit: inBytes, goal: atMost(listMemory)})
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		d, err := b.filledIndexed(ctx, b.rows)
		if err != nil {
			return nil, err
		}
		_, indexed, err := b.startOver(ctx, d)
		if err != nil {
			return nil, err
		}
		s, admin, err := b.startFilled(ctx)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) (samples []sample, err error) {
			wrong := 0
			m, err := s.growth(func() (err error) {
				samples, wrong, err = b.listMillion(ctx, admin, indexed)
				return err
			})
			return append(samples, sample{hermes: float64(wrong)}, sample{hermes: m.bytes}), err
		}, nil
	}
	return bm
}

// listMillion returns the first bytes of the lists and the time of the slowest page, and how many
// entries were wrong. The client called indexed is that of a server that has more indexes.
func (b *bench) listMillion(ctx context.Context, c, indexed *client) (samples []sample, wrong int, err error) {
	const key = `"alias":"a`
	for _, l := range millionLists() {
		e := &entries{key: key, n: b.rows, filter: l.found}
		var parameters []string
		if l.search != "" {
			parameters = []string{"search", l.search}
		}
		over := c
		if l.indexed {
			over = indexed
		}
		out, err := over.list(ctx, e.read, "alias/list", parameters...)
		if err != nil {
			return nil, 0, err
		}
		wrong += e.close()
		samples = append(samples, sample{hermes: out.first.Seconds(), note: fmt.Sprintf("the last byte after %s", out.total.Round(time.Millisecond))})
	}
	e := &entries{key: key, n: b.rows, filter: func(int) bool { return true }}
	var slowest time.Duration
	for next, more := "", true; more; more = next != "" {
		page, err := c.list(ctx, e.read, "alias/list", "limit", "1000", "after", next)
		if err != nil {
			return nil, 0, err
		}
		next, slowest = page.next, max(slowest, page.total)
	}
	return append(samples, sample{hermes: slowest.Seconds()}), wrong + e.close(), nil
}
