package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
)

// command is a line of the table of commands.
type command struct {
	name     string
	args     string   // what may follow the name, as help shows it
	words    []string // the words that args has in capitals or by name, for the completion of shells
	about    string
	detail   string   // what else hermesd help COMMAND says about it
	settings []string // those that matter to the command, or allSettings; it accepts the others too
	exits    string   // what follows commonExits
	run      func(*app, context.Context, []string) error
}

// defaultCommand is the command of a command line that has none.
const defaultCommand = "serve"

// allSettings stands for every setting.
const allSettings = "*"

// commonExits is the help about the exit codes that every command has.
const commonExits = "0: done; 1: failed; 2: a setting, a flag or the command is wrong"

// commands returns the table of commands, in the order of the help.
func commands() []command {
	withStore := func(names ...string) []string {
		return append(names, "data", "db", "domain", "kamailio-schema", "log-format", "log-level")
	}
	return []command{
		{name: defaultCommand, run: (*app).runServe, settings: []string{allSettings},
			about: "serves the API; the default command. Without any setting: an embedded database, on 127.0.0.1:8080",
			detail: "A new embedded database gets a first user, whose password is printed once. While PostgreSQL does not\n" +
				"answer, the server listens, /readyz says why it is not ready, and it tries again by itself.\n" +
				"SIGTERM and SIGINT stop it after the running requests have been answered, with\n" +
				"exit code 0; SIGHUP reads the certificate and the folder prov-templates again."},
		{name: "migrate", args: "[--dry-run] [--kamailio-tables]", run: (*app).runMigrate, settings: withStore(),
			about: "brings Hermes' own tables to this version; --dry-run prints the SQL instead; " +
				"--kamailio-tables also creates the Kamailio tables that are missing",
			detail: "Each step is one transaction, and is printed when all are done. It can be run again after a failure, and\n" +
				"beside other migrators, for which it waits."},
		{name: "bootstrap", args: "--user NAME [--password-stdin] [--recover]", run: (*app).runBootstrap,
			settings: withStore("secret-key", "migrate", "auth-backend"),
			about:    "creates the first principal with full_write; --recover creates another one, or replaces a lost password",
			detail:   "A generated password is printed once, as \"password: …\" on its own line.",
			exits:    "; 3: there is a principal already"},
		{name: "rekey", args: "[--accept-lost]", run: (*app).runRekey, settings: withStore("secret-key", "migrate"),
			about: "seals the SIP passwords again with the first secret-key; the other keys can be removed afterwards",
			detail: "It can be stopped and run again, and servers that have the same keys may run meanwhile.\n" +
				"It prints how many passwords it sealed."},
		{name: "audit", args: "verify", words: []string{"verify"}, run: (*app).runAudit, settings: withStore("secret-key", "migrate"),
			about: "checks the audit trail of the database: that nothing in it was changed, added or removed by others",
			detail: "It needs no server, and one may run meanwhile. It prints how many entries a seal covers, how many none covers\n" +
				"yet, and the time of the last seal; or the first entry or seal that does not fit, with exit code 1."},
		{name: "doctor", args: "[--json]", run: (*app).runDoctor, settings: []string{allSettings},
			about:  "checks settings, database and Kamailio's tables, and changes nothing; exit code 1 if a check fails",
			detail: "It prints a line for each finding: ok, warn or fail, and a remedy."},
		{name: "config", run: (*app).runConfig, settings: []string{allSettings},
			about:  "prints every setting, its value and where the value came from",
			detail: "Secrets are shown as (set)."},
		{name: "healthcheck", run: (*app).runHealthcheck, settings: []string{"listen", "tls-cert", "tls-key"},
			about:  "asks the server that these settings describe whether it is ready, for containers and load balancers",
			detail: "It prints what /readyz says. The exit code is 0 if that is ok, and 1 if it is not or nothing answers."},
		{name: "completion", args: strings.Join(shells, "|"), words: shells, run: (*app).runCompletion,
			about: "prints a script that completes commands and settings in a shell",
			detail: "bash: source <(hermesd completion bash), or into the file hermesd in /usr/share/bash-completion/completions;\n" +
				"zsh: into the file _hermesd in a folder of $fpath; fish: into ~/.config/fish/completions/hermesd.fish."},
		{name: "man", run: (*app).runMan,
			about:  "prints the manual page of hermesd",
			detail: "hermesd man | man -l - shows it."},
		{name: "version", run: (*app).runVersion,
			about: "prints version, revision and Go version"},
		{name: helpCommand, args: "[COMMAND]", run: (*app).runHelp,
			about: "prints this text, or what there is to know about one command"},
	}
}

// helpCommand is the command whose argument is the name of another one.
const helpCommand = "help"

// flagSet returns the flags that the command accepts: its own and the settings. The command knows
// them, and returns them without doing anything.
func (c command) flagSet(ctx context.Context, a *app) (*flag.FlagSet, error) {
	if c.name == helpCommand {
		return newFlagSet(), nil
	}
	err := c.run(a, ctx, []string{"--help"})
	var help helpWanted
	if !errors.As(err, &help) {
		return nil, err
	}
	return help.flags, nil
}

// option is a flag of a command as its documentation shows it.
type option struct {
	name, arg, about string // arg is empty for yes or no
	*setting                // nil for a flag of the command itself
}

// options returns the flags of the command itself and then the settings that matter to it.
func (c command) options(flags *flag.FlagSet) (own, settings []option) {
	table := (&config{}).table()
	flags.VisitAll(func(f *flag.Flag) {
		if !slices.ContainsFunc(table, func(s setting) bool { return s.name == f.Name }) {
			arg, about := flag.UnquoteUsage(f)
			own = append(own, option{name: f.Name, arg: arg, about: about})
		}
	})
	for _, s := range table {
		if slices.Contains(c.settings, s.name) || slices.Contains(c.settings, allSettings) {
			settings = append(settings, option{name: s.name, arg: s.arg, about: s.about, setting: &s})
		}
	}
	return own, settings
}

// findCommand returns the command with that name.
func findCommand(name string) (command, error) {
	var names []string
	for _, c := range commands() {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.name)
	}
	return command{}, usageError(fmt.Sprintf("command %q: want one of those that hermesd help lists%s", name, perhaps(name, names)))
}
