package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// listBreak stands between the values of a flag that was given several times.
const listBreak = "\n"

func text(to *string) func(string) error {
	return parsed(to, func(s string) (string, error) {
		if s == "" {
			return "", errors.New("want a value")
		}
		return s, nil
	})
}

// parsed keeps what parse makes of the text.
func parsed[T any](to *T, parse func(string) (T, error)) func(string) error {
	return func(s string) error {
		v, err := parse(s)
		if err == nil {
			*to = v
		}
		return err
	}
}

// list reads values separated by commas or given one by one.
func list[T any](to *[]T, parse func(string) (T, error)) func(string) error {
	return func(s string) error {
		var all []T
		for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == '\n' }) {
			v, err := parse(strings.TrimSpace(part))
			if err != nil {
				return err
			}
			all = append(all, v)
		}
		*to = all
		return nil
	}
}

func oneOf(to *string, names ...string) func(string) error {
	return parsed(to, func(s string) (string, error) {
		for _, n := range names {
			if s == n {
				return s, nil
			}
		}
		return "", errors.New("want one of " + strings.Join(names, ", "))
	})
}

// yesNo reads what the API's yes/no parameters are.
func yesNo(to *bool) func(string) error {
	return parsed(to, func(s string) (bool, error) {
		switch s {
		case "true", "1", "yes":
			return true, nil
		case "false", "0", "no":
			return false, nil
		}
		return false, errors.New("want true or false")
	})
}

// duration wants whole seconds at least: that is how the API tells lifetimes.
func duration(to *time.Duration) func(string) error {
	return parsed(to, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < time.Second {
			return 0, errors.New("want a duration of 1s or more, such as 90s, 5m or 12h")
		}
		return d, nil
	})
}

func count(to *int64) func(string) error {
	return parsed(to, func(s string) (int64, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 1 {
			return 0, errors.New("want a whole number of 1 or more")
		}
		return n, nil
	})
}

func address(to *string) func(string) error {
	return parsed(to, func(s string) (string, error) {
		_, port, err := net.SplitHostPort(s)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return "", errors.New("want HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
		}
		return s, nil
	})
}

// prefix reads a CIDR range; an address is a range of one.
func prefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() || p.Masked() != p {
		return p, fmt.Errorf("%q: want a CIDR range without host bits, such as 10.0.0.0/8 or fd00::/8", s)
	}
	return p, nil
}

func logLevel(s string) (slog.Level, error) {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if s == strings.ToLower(l.String()) {
			return l, nil
		}
	}
	return 0, errors.New("want one of debug, info, warn, error")
}

// setSecretKeys does not quote what it refuses.
func (c *config) setSecretKeys(s string) error {
	var keys []hermes.SecretKey
	for i, part := range strings.Split(s, ",") {
		k, err := hermes.ParseSecretKey(part)
		if err != nil {
			return fmt.Errorf("key %d: want 32 bytes in base64, as `head -c 32 /dev/urandom | base64` makes them", i+1)
		}
		keys = append(keys, k)
	}
	c.secretKeys = keys
	return nil
}
