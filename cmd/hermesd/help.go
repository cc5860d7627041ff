package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
)

// runHelp is the command help. It ignores its arguments.
func (a *app) runHelp(context.Context, []string) error {
	w := &strings.Builder{}
	fmt.Fprint(w, "hermesd serves the Hermes API: telephony provisioning on top of a Kamailio SIP server.\n\n",
		"Usage: hermesd [COMMAND] [SETTINGS]\n\nCommands:\n")
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(columns, "  %s\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.about)
	}
	columns.Flush()
	fmt.Fprint(w, "\nSettings, each a flag or, without the flag, an environment variable:\n")
	for _, s := range (&config{}).table() {
		fmt.Fprintf(w, "\n  --%s, %s", strings.TrimSpace(s.name+" "+s.arg), s.envName())
		if s.secret {
			fmt.Fprintf(w, ", %s", s.fileEnvName())
		}
		fmt.Fprintf(w, "\n      %s\n      default: %s\n", s.about, s.documentedDefault())
	}
	_, err := io.WriteString(a.stdout, w.String())
	return err
}

// documentedDefault returns the default as the documentation shows it.
func (s setting) documentedDefault() string {
	if s.defaultDoc != "" {
		return s.defaultDoc
	}
	return s.defaultValue
}

// settingsReference returns the README's table of settings, in Markdown.
func settingsReference() string {
	w := &strings.Builder{}
	fmt.Fprint(w, "| flag | environment | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, s := range (&config{}).table() {
		env := "`" + s.envName() + "`"
		if s.secret {
			env += ", `" + s.fileEnvName() + "`"
		}
		fmt.Fprintf(w, "| `--%s` | %s | %s | %s |\n", s.name, env, s.documentedDefault(), s.about)
	}
	return w.String()
}

// runVersion is the command version.
func (a *app) runVersion(_ context.Context, args []string) error {
	if len(args) > 0 {
		return usageError(fmt.Sprintf("argument %q: want none after version", args[0]))
	}
	version, revision := "(devel)", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version, revision = versionOf(info)
	}
	_, err := fmt.Fprintf(a.stdout, "hermesd %s, revision %s, %s\n", version, revision, runtime.Version())
	return err
}

// versionOf returns the module's version and the Git revision. The revision ends in +dirty if the
// work tree had changes.
func versionOf(info *debug.BuildInfo) (version, revision string) {
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
