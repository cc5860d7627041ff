package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
)

// showConfig is the command config: a line a setting, with its value and where that came from.
func (a *app) showConfig(_ context.Context, args []string) error {
	c, err := load(newFlags(), args, a.getenv)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, v := range c.values {
		text, from := c.shown(v)
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.name, text, from)
	}
	return w.Flush()
}

// shown is a value as it may be printed, and where it came from.
func (c *config) shown(v value) (text string, from origin) {
	switch {
	case v.name == "db":
		return c.db.shown(), v.origin
	case v.name == "migrate":
		return c.migrate, v.origin
	case v.secret && v.text != "":
		return masked, v.origin
	case v.name == "secret-key":
		return c.shownKeyFile()
	case v.text == "":
		return "none", v.origin
	case v.name == "kamailio-rpc":
		text, _ = maskURL(v.text)
		return text, v.origin
	}
	return strings.ReplaceAll(v.text, listBreak, ","), v.origin
}

// shownKeyFile says what becomes of a secret key that is not set.
func (c *config) shownKeyFile() (string, origin) {
	none := origin{kind: originDefault}
	switch c.db.kind {
	case dbMemory:
		return "made anew at each start", none
	case dbPostgres:
		return "missing", none
	}
	if _, err := os.Stat(c.secretKeyFile()); err == nil {
		return masked, origin{originFile, c.secretKeyFile()}
	}
	return "made at the first start", none
}

// showVersion is the command version.
func (a *app) showVersion(_ context.Context, args []string) error {
	if len(args) > 0 {
		return usageError(fmt.Sprintf("argument %q: want none after version", args[0]))
	}
	version, revision := "(devel)", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version, revision = built(info)
	}
	_, err := fmt.Fprintf(a.stdout, "hermesd %s, revision %s, %s\n", version, revision, runtime.Version())
	return err
}

// built reads the module's version and the revision; a changed work tree is told by +dirty.
func built(info *debug.BuildInfo) (version, revision string) {
	version, revision = "(devel)", "unknown"
	if info.Main.Version != "" {
		version = info.Main.Version
	}
	dirty := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	return version, revision + dirty
}

// help is the command help.
func (a *app) help() error {
	w := &strings.Builder{}
	fmt.Fprint(w, "hermesd serves the Hermes API: telephony provisioning on top of a Kamailio SIP server.\n\n",
		"Usage: hermesd [COMMAND] [SETTINGS]\n\nCommands:\n")
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(columns, "  %s\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.about)
	}
	columns.Flush()
	fmt.Fprint(w, "\nSettings, each a flag or, where no flag is given, a variable of the environment:\n")
	for _, s := range (&config{}).table() {
		writeSetting(w, s)
	}
	_, err := io.WriteString(a.stdout, w.String())
	return err
}

func writeSetting(w io.Writer, s setting) {
	fmt.Fprintf(w, "\n  --%s, %s", strings.TrimSpace(s.name+" "+s.arg), s.envName())
	if s.secret {
		fmt.Fprintf(w, ", %s", s.fileEnvName())
	}
	fmt.Fprintf(w, "\n      %s\n      default: %s\n", s.about, s.defaults())
}

// defaults is the default as the documentation names it.
func (s setting) defaults() string {
	if s.shown != "" {
		return s.shown
	}
	return s.fallback
}

// reference is the table of settings in the README.
func reference() string {
	w := &strings.Builder{}
	fmt.Fprint(w, "| flag | environment | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, s := range (&config{}).table() {
		env := "`" + s.envName() + "`"
		if s.secret {
			env += ", `" + s.fileEnvName() + "`"
		}
		fmt.Fprintf(w, "| `--%s` | %s | %s | %s |\n", s.name, env, s.defaults(), s.about)
	}
	return w.String()
}
