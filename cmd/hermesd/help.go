package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
)

// isHelp reports whether an argument asks for help.
func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

// runHelp is the command help. It prints the help of a command, if one is given.
func (a *app) runHelp(ctx context.Context, args []string) error {
	switch {
	case len(args) == 0 || strings.HasPrefix(args[0], "-"):
		return a.printHelp()
	case len(args) > 1:
		return usageError(fmt.Sprintf("argument %q: want the name of one command after help", args[1]))
	}
	c, err := findCommand(args[0])
	if err != nil {
		return err
	}
	// The command knows its flags, and returns them without doing anything.
	err = c.run(a, ctx, []string{"--help"})
	var help helpWanted
	if !errors.As(err, &help) {
		return err
	}
	return a.printCommandHelp(c, help.flags)
}

// printHelp prints the help about all commands and settings.
func (a *app) printHelp() error {
	w := &strings.Builder{}
	fmt.Fprint(w, "hermesd serves the Hermes API: telephony provisioning on top of a Kamailio SIP server.\n\n",
		"Usage: hermesd [COMMAND] [SETTINGS]\n\nCommands:\n")
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(columns, "  %s\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.about)
	}
	columns.Flush()
	fmt.Fprint(w, "\nhermesd help COMMAND and hermesd COMMAND --help say more about a command.\n",
		"\nSettings, each a flag or, without the flag, an environment variable:\n")
	writeSettings(w, []string{allSettings})
	_, err := io.WriteString(a.stdout, w.String())
	return err
}

// printCommandHelp prints the help about one command. flags are those that it accepts: its own and
// the settings.
func (a *app) printCommandHelp(c command, flags *flag.FlagSet) error {
	w := &strings.Builder{}
	usage := strings.TrimSpace("hermesd " + c.name + " " + c.args)
	if len(c.settings) > 0 {
		usage += " [SETTINGS]"
	}
	fmt.Fprintf(w, "hermesd %s %s.\n\nUsage: %s\n", c.name, c.about, usage)
	if c.detail != "" {
		fmt.Fprintf(w, "\n%s\n", c.detail)
	}
	table, own := (&config{}).table(), ""
	flags.VisitAll(func(f *flag.Flag) {
		if !slices.ContainsFunc(table, func(s setting) bool { return s.name == f.Name }) {
			arg, about := flag.UnquoteUsage(f)
			own += fmt.Sprintf("\n  --%s\n      %s\n", strings.TrimSpace(f.Name+" "+arg), about)
		}
	})
	if own != "" {
		fmt.Fprintf(w, "\nFlags:\n%s", own)
	}
	if len(c.settings) > 0 {
		fmt.Fprint(w, "\nSettings, each a flag or, without the flag, an environment variable:\n")
		writeSettings(w, c.settings)
	}
	fmt.Fprintf(w, "\nExit codes: %s.\n", commonExits+c.exits)
	_, err := io.WriteString(a.stdout, w.String())
	return err
}

// writeSettings writes the help about the settings with these names, in the order of their table.
func writeSettings(w io.Writer, names []string) {
	for _, s := range (&config{}).table() {
		if !slices.Contains(names, s.name) && !slices.Contains(names, allSettings) {
			continue
		}
		fmt.Fprintf(w, "\n  --%s, %s", strings.TrimSpace(s.name+" "+s.arg), s.envName())
		if s.secret {
			fmt.Fprintf(w, ", %s", s.fileEnvName())
		}
		fmt.Fprintf(w, "\n      %s\n      default: %s\n", s.about, s.documentedDefault())
	}
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
	if len(args) > 0 && isHelp(args[0]) {
		return helpWanted{newFlagSet()}
	}
	if len(args) > 0 {
		return usageError(fmt.Sprintf("argument %q: want none after version", args[0]))
	}
	version, revision := buildVersion()
	_, err := fmt.Fprintf(a.stdout, "hermesd %s, revision %s, %s\n", version, revision, runtime.Version())
	return err
}

// buildVersion returns the version and the revision of this program.
func buildVersion() (version, revision string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionOf(info)
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
