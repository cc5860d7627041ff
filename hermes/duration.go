package hermes

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time that may be written in days and weeks too: 90d, 2w, 12h30m.
type Duration time.Duration

const day = 24 * time.Hour

// MarshalText writes whole days as such, and the rest as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) {
	if t := time.Duration(d); t%day == 0 {
		return []byte(strconv.FormatInt(int64(t/day), 10) + "d"), nil
	}
	return []byte(time.Duration(d).String()), nil
}

// UnmarshalText reads a number with the unit d or w, or what time.ParseDuration reads; above zero.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := parseDuration(string(text))
	if err != nil || v <= 0 {
		return fmt.Errorf("duration %q: want one such as 90d, 2w or 12h", text)
	}
	*d = Duration(v)
	return nil
}

func parseDuration(s string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if digits, ok := strings.CutSuffix(s, suffix); ok {
			n, err := strconv.ParseUint(digits, 10, 16)
			if err == nil && n > uint64(math.MaxInt64/unit) {
				err = strconv.ErrRange
			}
			return time.Duration(n) * unit, err
		}
	}
	return time.ParseDuration(s)
}
