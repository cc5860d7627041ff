package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/console"
	"github.com/hermes-voip/go-hermes/internal/doctor"
)

const (
	lowWaterInterval = time.Minute // between two looks at the free numbers
	lowWaterRepeat   = time.Hour   // between two warnings about one prefix
)

// parseQuarantine parses a duration that may be in days. 0 stands for none.
func parseQuarantine(s string) (time.Duration, error) {
	d, err := parseKeep(s)
	if err != nil {
		return 0, errors.New("want a duration such as 90d or 12h, or 0 for none")
	}
	return d, nil
}

// parseLowWater parses PREFIX=COUNT.
func parseLowWater(s string) (doctor.LowWater, error) {
	prefix, count, _ := strings.Cut(s, "=")
	digits, plus := strings.CutPrefix(prefix, "+")
	n, err := strconv.Atoi(count)
	notDigit := func(r rune) bool { return r < '0' || r > '9' }
	if err != nil || n < 1 || !plus || digits == "" || len(digits) > 15 || digits[0] == '0' || strings.ContainsFunc(digits, notDigit) {
		return doctor.LowWater{}, errors.New("want PREFIX=COUNT, such as +4773=100")
	}
	return doctor.LowWater{Prefix: prefix, Count: n}, nil
}

// newConsole returns the handler of the web page, which shows the setting number-low-water.
func (s *server) newConsole() *console.Handler {
	marks := map[string]int{}
	for _, mark := range s.config.numberLowWater {
		marks[mark.Prefix] = mark.Count
	}
	return console.New(&console.Options{API: "api/", LowWater: marks, Nodes: s.api})
}

// numberWatch warns of prefixes with few free numbers.
type numberWatch struct {
	*server
	warned map[doctor.LowWater]time.Time
}

// watchNumbers compares the free numbers with the setting number-low-water until ctx ends.
func (s *server) watchNumbers(ctx context.Context) {
	w := &numberWatch{server: s, warned: map[doctor.LowWater]time.Time{}}
	tick := time.NewTicker(lowWaterInterval)
	defer tick.Stop()
	w.look(ctx, time.Now())
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			w.look(ctx, now)
		}
	}
}

// look warns of a prefix at once, and again each hour while it has few free numbers.
func (w *numberWatch) look(ctx context.Context, now time.Time) {
	for _, mark := range w.config.numberLowWater {
		free, err := countFree(ctx, w.client, mark)
		switch last, warned := w.warned[mark]; {
		case err != nil && ctx.Err() == nil:
			w.log.Warn("the free numbers could not be counted", "error", withStoreError(err))
		case err != nil:
			return
		case free >= mark.Count:
			delete(w.warned, mark)
		case !warned || now.Sub(last) >= lowWaterRepeat:
			w.log.Warn(mark.Text(free), "prefix", mark.Prefix, "free", free, "mark", mark.Count)
			w.warned[mark] = now
		}
	}
}

// countFree counts the free numbers under a prefix, as far as the mark.
func countFree(ctx context.Context, c *hermes.Client, mark doctor.LowWater) (n int, err error) {
	res, err := c.NumberList(ctx, hermes.NumberListRequest{Search: mark.Pattern(), Limit: mark.Count})
	if errors.Is(err, hermes.Empty) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, err := range res.List.All() {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
