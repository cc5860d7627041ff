package hermes

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Opt is a value that may be absent, for fields where absent and empty differ: user/update leaves
// an absent field as it is and empties an empty one. The zero value is absent. In JSON it is its
// value; give the field the option omitzero.
type Opt[T any] struct {
	Value T
	Set   bool
}

// Some returns an Opt in which v is present.
func Some[T any](v T) Opt[T] { return Opt[T]{Value: v, Set: true} }

// IsZero reports whether the value is absent.
func (o Opt[T]) IsZero() bool { return !o.Set }

// get implements optional.
func (o Opt[T]) get() (value any, set bool) { return o.Value, o.Set }

// MarshalJSON returns the value in JSON.
func (o Opt[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.Value) }

// UnmarshalJSON reads the value, which is present afterwards.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	o.Set = true
	return json.Unmarshal(b, &o.Value)
}

// Duration is a length of time that may also be written in days and weeks: 90d, 2w, 12h30m.
type Duration time.Duration

const day = 24 * time.Hour

// MarshalText writes whole days as days, and any other duration as time.Duration does. The text of
// the zero Duration is empty.
func (d Duration) MarshalText() ([]byte, error) {
	if d == 0 {
		return nil, nil
	}
	if t := time.Duration(d); t%day == 0 {
		return []byte(strconv.FormatInt(int64(t/day), 10) + "d"), nil
	}
	return []byte(time.Duration(d).String()), nil
}

// UnmarshalText reads a number with the unit d or w, or what time.ParseDuration reads. The duration
// must be positive. An empty text is the zero Duration.
func (d *Duration) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
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
