package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
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
	if c.name == helpCommand {
		return a.printHelp()
	}
	flags, err := c.flagSet(ctx, a)
	if err != nil {
		return err
	}
	return a.printCommandHelp(c, flags)
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
	_, settings := command{settings: []string{allSettings}}.options(newFlagSet())
	writeSettings(w, settings)
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
	own, settings := c.options(flags)
	if len(own) > 0 {
		fmt.Fprint(w, "\nFlags:\n")
	}
	for _, o := range own {
		fmt.Fprintf(w, "\n  --%s\n      %s\n", strings.TrimSpace(o.name+" "+o.arg), o.about)
	}
	if len(settings) > 0 {
		fmt.Fprint(w, "\nSettings, each a flag or, without the flag, an environment variable:\n")
		writeSettings(w, settings)
	}
	fmt.Fprintf(w, "\nExit codes: %s.\n", commonExits+c.exits)
	_, err := io.WriteString(a.stdout, w.String())
	return err
}

// writeSettings writes the help about settings.
func writeSettings(w io.Writer, settings []option) {
	for _, s := range settings {
		fmt.Fprintf(w, "\n  --%s, %s\n      %s\n      default: %s\n", strings.TrimSpace(s.name+" "+s.arg),
			strings.Join(s.envNames(), ", "), s.about, s.documentedDefault())
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
		env := strings.Join(s.envNames(), "`, `")
		fmt.Fprintf(w, "| `--%s` | `%s` | %s | %s |\n", s.name, env, s.documentedDefault(), s.about)
	}
	return w.String()
}

// settingsEnvironment returns the environment file of the packages: a line for each setting with
// its default, commented.
func settingsEnvironment() string {
	w := &strings.Builder{}
	fmt.Fprint(w, "# Settings of the service hermesd; hermesd(8) describes them. Remove the # before a line to change its\n"+
		"# setting, and then run: systemctl restart hermesd\n")
	for _, s := range (&config{}).table() {
		fmt.Fprintf(w, "\n# %s.\n# Default: %s.\n", strings.TrimSuffix(strings.ReplaceAll(sentence(s.about), ". ", ".\n# "), "."), s.documentedDefault())
		switch s.name {
		case "listen":
			fmt.Fprint(w, "# If hermesd.socket is enabled, its ListenStream counts.\n")
		case "data":
			fmt.Fprintf(w, "%s=%s\n", s.envName(), packagedData)
			continue
		}
		if s.secret {
			fmt.Fprintf(w, "# A secret is better put into the file /etc/credstore/hermesd.%s, which only root can read.\n", s.name)
		}
		fmt.Fprintf(w, "#%s=%s\n", s.envName(), s.defaultValue)
	}
	return w.String()
}

// packagedData is the folder data of the service of the packages.
const packagedData = "/var/lib/hermes"

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
