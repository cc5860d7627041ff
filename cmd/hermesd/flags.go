package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// envPrefix begins the names of hermesd's environment variables.
const envPrefix = "HERMES_"

// settingValue is the text that a setting was given, and where it came from.
type settingValue struct {
	setting
	text   string
	origin origin
}

// origin says where a value came from.
type origin struct {
	kind string // one of the constants below
	name string // of the flag, variable or file; empty for a default
}

const (
	originDefault = "default"
	originFlag    = "flag"
	originEnv     = "environment"
	originFile    = "file"
	originSocket  = "socket of the service manager"
)

// String returns the origin as an operator knows it, such as "environment HERMES_LISTEN".
func (o origin) String() string {
	if o.name == "" {
		return o.kind
	}
	return o.kind + " " + o.name
}

// settingError is the error of a setting that is wrong.
type settingError struct {
	name   string // of the setting
	origin origin
	reason string
}

func (e *settingError) Error() string {
	return fmt.Sprintf("%s: %s (%s)", e.name, e.reason, e.origin)
}

// settingErrorf returns the error of a setting that was parsed but cannot be used.
func (c *config) settingErrorf(name, format string, args ...any) error {
	return &settingError{name: name, origin: c.lookup(name).origin, reason: fmt.Sprintf(format, args...)}
}

// lookup returns the value of the named setting, or the zero value if there is no such setting.
func (c *config) lookup(name string) settingValue {
	for _, v := range c.values {
		if v.name == name {
			return v
		}
	}
	return settingValue{}
}

func newFlagSet() *flag.FlagSet { return flag.NewFlagSet("hermesd", flag.ContinueOnError) }

// load reads the settings. A flag wins over the environment, and that over the default. The flag
// set may already have flags of the command.
func load(flags *flag.FlagSet, args []string, getenv func(string) string) (*config, error) {
	c := &config{}
	table := c.table()
	given := map[string]string{}
	for _, s := range table {
		s.addFlag(flags, given)
	}
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		return nil, flagError(flags, err)
	}
	if flags.NArg() > 0 {
		return nil, usageError(fmt.Sprintf("argument %q: want none; a command comes first, and a value as --setting=value",
			flags.Arg(0)))
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
	c.setDerivedDefaults()
	return c, nil
}

// load reads the settings; see [load]. It warns of environment variables that have the
// prefix of hermesd's, but are no setting.
func (a *app) load(flags *flag.FlagSet, args []string) (*config, error) {
	conf, err := load(flags, args, a.getenv)
	if err != nil {
		return nil, err
	}
	var known []string
	for _, s := range conf.table() {
		known = append(known, s.envNames()...)
	}
	for _, variable := range a.environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, envPrefix) && !slices.Contains(known, name) {
			a.newLogger(conf).Warn("an environment variable is no setting: want one that hermesd help lists"+
				perhaps(name, known), "variable", name)
		}
	}
	return conf, nil
}

// helpWanted is the error of a command line that asks for help.
type helpWanted struct{ flags *flag.FlagSet }

func (helpWanted) Error() string { return flag.ErrHelp.Error() }

// flagError returns the error of flags that could not be parsed.
func flagError(flags *flag.FlagSet, err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return helpWanted{flags}
	}
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return usageError(err.Error())
	}
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, "--"+f.Name) })
	return usageError(fmt.Sprintf("flag --%s: want one that hermesd help lists%s", name, perhaps("--"+name, names)))
}

// addFlag adds the setting's flag, which puts its text into given. The text is parsed later, by
// [settingValue.apply], once it is known which origin wins.
func (s setting) addFlag(flags *flag.FlagSet, given map[string]string) {
	collect := func(text string) error {
		if old, ok := given[s.name]; ok && s.repeats {
			text = old + valueSeparator + text
		}
		given[s.name] = text
		return nil
	}
	if s.arg == "" {
		flags.BoolFunc(s.name, s.about, collect)
		return
	}
	flags.Func(s.name, s.about, collect)
}

// value returns a value of the setting.
func (s setting) value(text, kind, name string) settingValue {
	return settingValue{setting: s, text: text, origin: origin{kind: kind, name: name}}
}

// envName returns the name of the setting's environment variable.
func (s setting) envName() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

// fileEnvName returns the name of the environment variable that names a file with the setting's
// value.
func (s setting) fileEnvName() string { return s.envName() + "_FILE" }

// envNames returns the names of the environment variables that can have the setting's value or, for
// a secret, name a file with it.
func (s setting) envNames() []string {
	if s.secret {
		return []string{s.envName(), s.fileEnvName()}
	}
	return []string{s.envName()}
}

// find returns the value that wins, with its origin. An empty environment variable counts as unset.
func (s setting) find(given map[string]string, getenv func(string) string) (settingValue, error) {
	if text, ok := given[s.name]; ok {
		return s.value(text, originFlag, "--"+s.name), nil
	}
	text := getenv(s.envName())
	if s.secret {
		if path := getenv(s.fileEnvName()); path != "" {
			return s.readFile(path, text)
		}
	}
	if text != "" {
		return s.value(text, originEnv, s.envName()), nil
	}
	if s.secret {
		if path := s.credential(getenv); path != "" {
			return s.read(path, path+", loaded by systemd", origin{kind: originFile, name: path})
		}
	}
	return s.value(s.defaultValue, originDefault, ""), nil
}

// readFile returns the value that the file at path holds. envText is the value of the setting's
// environment variable, which must be empty.
func (s setting) readFile(path, envText string) (settingValue, error) {
	variable := origin{kind: originEnv, name: s.fileEnvName()}
	if envText != "" {
		reason := "given twice: want either " + s.envName() + " or " + s.fileEnvName()
		return settingValue{}, &settingError{name: s.name, origin: variable, reason: reason}
	}
	return s.read(path, path+", named by "+s.fileEnvName(), variable)
}

// read returns the value that the file at path holds, with the name of its origin. unread is the
// origin of the error if the file cannot be read.
func (s setting) read(path, name string, unread origin) (settingValue, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return settingValue{}, &settingError{name: s.name, origin: unread, reason: err.Error()}
	}
	v := s.value(strings.TrimSpace(string(text)), originFile, name)
	if v.text == "" {
		return settingValue{}, &settingError{name: s.name, origin: v.origin, reason: "is empty"}
	}
	return v, nil
}

// apply parses the text and sets the field of config. An empty default leaves the field alone. The
// error quotes the text unless that may hold a secret.
func (v settingValue) apply() error {
	if v.text == "" && v.origin.kind == originDefault {
		return nil
	}
	err := v.set(v.text)
	switch {
	case err == nil:
		return nil
	case v.secret, v.url:
		return &settingError{name: v.name, origin: v.origin, reason: err.Error()}
	}
	return &settingError{name: v.name, origin: v.origin, reason: fmt.Sprintf("%q: %s", v.text, err)}
}
