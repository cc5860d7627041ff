package api

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

// form has the parameters of a request, each once, as they came: decoded, and empty ones too.
type form struct {
	values map[string]string
	count  int
}

func newForm() *form { return &form{values: map[string]string{}} }

// parse reads a query or a body. Errors say what was wanted.
func (f *form) parse(encoded string) error {
	if strings.Contains(encoded, ";") {
		return fmt.Errorf(`want "&" between parameters, and "%%3B" for a semicolon`)
	}
	for pair := range strings.SplitSeq(encoded, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if err := f.add(name, value); err != nil {
			return err
		}
	}
	return nil
}

// add takes a parameter in its encoded form. What browsers add against caches is passed over.
func (f *form) add(name, value string) error {
	if f.count++; f.count > maxParameters {
		return fmt.Errorf("want at most %d parameters", maxParameters)
	}
	name, err := url.QueryUnescape(name)
	if err != nil {
		return fmt.Errorf("a parameter's name: want two hex digits after each %%")
	}
	value, err = url.QueryUnescape(value)
	if err != nil {
		return fmt.Errorf("%s: want two hex digits after each %%", shown(name))
	}
	if name == "_" {
		return nil
	}
	return f.set(name, value)
}

func (f *form) set(name, value string) error {
	if !hermes.CleanText(name) || !hermes.CleanText(value) {
		return fmt.Errorf("%s: want UTF-8 without control characters and without overrides of the direction", shown(name))
	}
	if _, twice := f.values[name]; twice {
		return fmt.Errorf("%s: given twice", shown(name))
	}
	f.values[name] = value
	return nil
}

// shown is a name that a client made up, as a detail may show it.
func shown(name string) string {
	if plainName(name) {
		return name
	}
	return fmt.Sprintf("%.64q", name)
}

func plainName(name string) bool {
	for _, r := range name {
		if (r < 'a' || r > 'z') && r != '_' {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

// clip bounds a detail, which quotes what came.
func clip(detail string) string {
	const most = 400
	if len(detail) <= most {
		return detail
	}
	return strings.ToValidUTF8(detail[:most], "") + "…"
}
