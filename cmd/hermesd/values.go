package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// valueSeparator separates the values of a flag that was given several times.
const valueSeparator = "\n"

// setParsed returns a function that parses a text and stores the result in dst.
func setParsed[T any](dst *T, parse func(string) (T, error)) func(string) error {
	return func(s string) error {
		v, err := parse(s)
		if err == nil {
			*dst = v
		}
		return err
	}
}

// setList returns a function that parses several values, separated by commas or valueSeparator.
func setList[T any](dst *[]T, parse func(string) (T, error)) func(string) error {
	return setParsed(dst, func(s string) ([]T, error) {
		var list []T
		for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == '\n' }) {
			v, err := parse(strings.TrimSpace(part))
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	})
}

func setString(dst *string) func(string) error {
	return setParsed(dst, func(s string) (string, error) {
		if s == "" {
			return "", errors.New("want a value")
		}
		return s, nil
	})
}

func setOneOf(dst *string, names ...string) func(string) error {
	return setParsed(dst, func(s string) (string, error) {
		if !slices.Contains(names, s) {
			return "", errors.New("want one of " + strings.Join(names, ", "))
		}
		return s, nil
	})
}

// setBool accepts the same spellings as the yes/no parameters of the API.
func setBool(dst *bool) func(string) error {
	return setParsed(dst, func(s string) (bool, error) {
		switch s {
		case "true", "1", "yes":
			return true, nil
		case "false", "0", "no":
			return false, nil
		}
		return false, errors.New("want true or false")
	})
}

// setDuration requires one second or more, because the API reports lifetimes in whole seconds.
func setDuration(dst *time.Duration) func(string) error {
	return setParsed(dst, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < time.Second {
			return 0, errors.New("want a duration of 1s or more, such as 90s, 5m or 12h")
		}
		return d, nil
	})
}

// parseKeep parses a duration that may be in days. 0 stands for no end.
func parseKeep(s string) (time.Duration, error) {
	const mostDays = 36500
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= mostDays {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && (d == 0 || d >= time.Second) {
		return d, nil
	}
	return 0, errors.New("want a duration such as 400d or 12h, or 0 for no end")
}

func setCount(dst *int64) func(string) error {
	return setParsed(dst, func(s string) (int64, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 1 {
			return 0, errors.New("want a whole number of 1 or more")
		}
		return n, nil
	})
}

func setAddress(dst *string) func(string) error {
	return setParsed(dst, func(s string) (string, error) {
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

// parsePrefix parses a CIDR range. A single address is a range of one.
func parsePrefix(s string) (netip.Prefix, error) {
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

func parseLogLevel(s string) (slog.Level, error) {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if s == strings.ToLower(l.String()) {
			return l, nil
		}
	}
	return 0, errors.New("want one of debug, info, warn, error")
}
