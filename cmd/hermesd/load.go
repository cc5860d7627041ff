package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// value is what a setting was given, and where.
type value struct {
	setting
	text   string
	origin origin
}

// origin is where a value came from.
type origin struct {
	kind string // originDefault and so on
	name string
}

const (
	originDefault = "default"
	originFlag    = "flag"
	originEnv     = "environment"
	originFile    = "file"
)

// String names the origin as the operator knows it, such as "environment HERMES_LISTEN".
func (o origin) String() string {
	if o.name == "" {
		return o.kind
	}
	return o.kind + " " + o.name
}

// settingError is a setting that is wrong. It has the setting's name, what is wrong, and where it came from.
type settingError struct {
	name   string
	origin origin
	what   string
}

func (e *settingError) Error() string {
	return fmt.Sprintf("%s: %s (%s)", e.name, e.what, e.origin)
}

// wrong makes the error of a setting that was read without fault and cannot be used.
func (c *config) wrong(name, format string, args ...any) error {
	return &settingError{name, c.value(name).origin, fmt.Sprintf(format, args...)}
}

func (c *config) value(name string) value {
	for _, v := range c.values {
		if v.name == name {
			return v
		}
	}
	return value{}
}

// load reads the settings: flag over environment over default. flags may hold flags of the
// command's own.
func load(flags *flag.FlagSet, args []string, getenv func(string) string) (*config, error) {
	c := &config{}
	table := c.table()
	given := map[string]string{}
	for _, s := range table {
		s.define(flags, given)
	}
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, usageError(err.Error())
	}
	if flags.NArg() > 0 {
		return nil, usageError(fmt.Sprintf("argument %q: want none; a command comes first, and a value as --setting=value", flags.Arg(0)))
	}
	for _, s := range table {
		v, err := s.find(given, getenv)
		if err == nil {
			err = v.apply()
		}
		if err != nil {
			return nil, err
		}
		c.values = append(c.values, v)
	}
	return c, c.settle()
}

// define makes the setting's flag, which collects the text only: it is judged when it is known
// to count.
func (s setting) define(flags *flag.FlagSet, given map[string]string) {
	keep := func(text string) error {
		if old, ok := given[s.name]; ok && s.repeats {
			text = old + listBreak + text
		}
		given[s.name] = text
		return nil
	}
	if s.arg == "" {
		flags.BoolFunc(s.name, s.about, keep)
		return
	}
	flags.Func(s.name, s.about, keep)
}

// envName is the setting's name in the environment.
func (s setting) envName() string {
	return "HERMES_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

// fileEnvName is the environment's name for a file that holds the setting.
func (s setting) fileEnvName() string { return s.envName() + "_FILE" }

// find returns the text that counts, and where it is from. An empty variable is one that is not set.
func (s setting) find(given map[string]string, getenv func(string) string) (value, error) {
	if text, ok := given[s.name]; ok {
		return value{s, text, origin{originFlag, "--" + s.name}}, nil
	}
	text := getenv(s.envName())
	if s.secret {
		if path := getenv(s.fileEnvName()); path != "" {
			return s.readFile(path, text)
		}
	}
	if text != "" {
		return value{s, text, origin{originEnv, s.envName()}}, nil
	}
	return value{s, s.fallback, origin{kind: originDefault}}, nil
}

func (s setting) readFile(path, beside string) (value, error) {
	named := origin{originEnv, s.fileEnvName()}
	if beside != "" {
		return value{}, &settingError{s.name, named, "given twice: want either " + s.envName() + " or " + s.fileEnvName()}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return value{}, &settingError{s.name, named, err.Error()}
	}
	from := origin{originFile, fmt.Sprintf("%s, named by %s", path, s.fileEnvName())}
	trimmed := strings.TrimSpace(string(text))
	if trimmed == "" {
		return value{}, &settingError{s.name, from, "is empty"}
	}
	return value{s, trimmed, from}, nil
}

// apply sets the config's field. A default without a text leaves it alone. What may be secret is not quoted.
func (v value) apply() error {
	if v.text == "" && v.origin.kind == originDefault {
		return nil
	}
	err := v.set(v.text)
	switch {
	case err == nil:
		return nil
	case v.secret, v.url:
		return &settingError{v.name, v.origin, err.Error()}
	}
	return &settingError{v.name, v.origin, fmt.Sprintf("%q: %s", v.text, err)}
}
