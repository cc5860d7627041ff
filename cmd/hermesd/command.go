package main

import (
	"context"
	"flag"
)

// command is a line of the commands' table.
type command struct {
	name  string
	args  string // flags of its own, as the help writes them
	about string
	run   func(*app, context.Context, []string) error
}

func commands() []command {
	return []command{
		{"serve", "", "serves the API; the default. Without any setting: an embedded database, on 127.0.0.1:8080", (*app).serve},
		{"migrate", "[--dry-run] [--kamailio-tables]",
			"brings Hermes' own tables to this version; --dry-run prints the SQL; --kamailio-tables also makes the Kamailio tables that are missing", (*app).runMigrate},
		{"bootstrap", "--user NAME [--password-stdin] [--recover]",
			"makes the first principal with full_write; --recover makes another, or sets a lost password anew", (*app).bootstrap},
		{"rekey", "", "seals the SIP passwords anew with the first secret-key, after which the others can be taken out", (*app).rekey},
		{"doctor", "[--json]", "checks settings, database and Kamailio's tables, and changes nothing; exit code 1 where something fails", (*app).runDoctor},
		{"config", "", "prints every setting, its value and where it came from", (*app).showConfig},
		{"version", "", "prints version, revision and Go version", (*app).showVersion},
		{"help", "", "prints this", func(a *app, _ context.Context, _ []string) error { return a.help() }},
	}
}

// newFlags makes an empty set of flags.
func newFlags() *flag.FlagSet { return flag.NewFlagSet("hermesd", flag.ContinueOnError) }
