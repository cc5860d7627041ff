package main

import (
	"context"
	"fmt"
)

// command is a line of the table of commands.
type command struct {
	name     string
	args     string // what may follow the name, as help shows it
	about    string
	detail   string   // what else hermesd help COMMAND says about it
	settings []string // those that matter to the command, or allSettings; it accepts the others too
	exits    string   // what follows commonExits
	run      func(*app, context.Context, []string) error
}

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
		{name: "serve", run: (*app).runServe, settings: []string{allSettings},
			about: "serves the API; the default command. Without any setting: an embedded database, on 127.0.0.1:8080",
			detail: "A new embedded database gets a first user, whose password is printed once. While PostgreSQL does not\n" +
				"answer, the server listens, /readyz says why it is not ready, and it tries again by itself.\n" +
				"SIGTERM and SIGINT stop it after the running requests have been answered, with\n" +
				"exit code 0; SIGHUP reads the certificate again."},
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
		{name: "audit", args: "verify", run: (*app).runAudit, settings: withStore("secret-key", "migrate"),
			about: "checks the audit trail of the database: that nothing in it was changed, added or removed by others",
			detail: "It needs no server, and one may run meanwhile. It prints how many entries a seal covers, how many none covers\n" +
				"yet, and the time of the last seal; or the first entry or seal that does not fit, with exit code 1."},
		{name: "doctor", args: "[--json]", run: (*app).runDoctor, settings: []string{allSettings},
			about:  "checks settings, database and Kamailio's tables, and changes nothing; exit code 1 if a check fails",
			detail: "It prints a line for each finding: ok, warn or fail, and a remedy."},
		{name: "config", run: (*app).runConfig, settings: []string{allSettings},
			about:  "prints every setting, its value and where the value came from",
			detail: "Secrets are shown as (set)."},
		{name: "version", run: (*app).runVersion,
			about: "prints version, revision and Go version"},
		{name: "help", args: "[COMMAND]", run: (*app).runHelp,
			about: "prints this text, or what there is to know about one command"},
	}
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
