package main

import (
	"fmt"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man", GroupID: sessionCommands, Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Short: "Prints the page of the manual.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := a.stdout.Write(md2man.Render([]byte(manual(cmd.Root()))))
			return err
		},
	}
}

// manual returns the page of the manual in Markdown, as go-md2man wants it.
func manual(root *cobra.Command) string {
	root.InitDefaultCompletionCmd()
	b := &strings.Builder{}
	fmt.Fprintf(b, "%% HERMESCTL 1\n\n# NAME\n\nhermesctl - call the API of a Hermes server\n\n# SYNOPSIS\n\n")
	fmt.Fprintf(b, "**hermesctl** *COMMAND* [*ARGUMENT*] [*FLAGS*]\n\n# DESCRIPTION\n\n%s\n\n", markdown(root.Long))
	b.WriteString("# FLAGS OF ALL COMMANDS\n\n")
	writeFlags(b, root.PersistentFlags())
	b.WriteString("# COMMANDS\n\n")
	for _, c := range root.Commands() {
		if c.GroupID != nodeCommands {
			writeManual(b, c)
		}
	}
	b.WriteString("# NODES\n\n")
	for _, c := range root.Commands() {
		if c.GroupID == nodeCommands {
			writeManual(b, c)
		}
	}
	fmt.Fprintf(b, "# ENVIRONMENT\n\n**%s**, **%s**, **%s**\n: %s\n\n", urlVariable, keyIDVariable, keyFileVariable,
		"URL of the server, public id of a key pair and file of the private key, for scripts without a login")
	b.WriteString("**XDG_STATE_HOME**\n: folder below which logins are kept, by default ~/.local/state\n\n")
	b.WriteString("# FILES\n\n*$XDG_STATE_HOME/hermes/NAME.json*\n: the login of a profile, which only its owner can read\n\n")
	fmt.Fprintf(b, "# EXIT STATUS\n\n%s.\n\n# SEE ALSO\n\n**hermesd**(1)\n", markdown(exitStatuses))
	return b.String()
}

// writeManual writes a section about a command, or about each one below it.
func writeManual(b *strings.Builder, c *cobra.Command) {
	if c.HasSubCommands() {
		for _, sub := range c.Commands() {
			writeManual(b, sub)
		}
		return
	}
	about := c.Long
	if about == "" || c.Parent().Name() == "completion" { // whose long texts are about installing
		about = c.Short
	}
	fmt.Fprintf(b, "## %s\n\n%s\n\n", markdown(strings.TrimPrefix(c.UseLine(), "hermesctl ")), markdown(about))
	writeFlags(b, c.LocalNonPersistentFlags())
}

func writeFlags(b *strings.Builder, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		value, about := pflag.UnquoteUsage(f)
		name := "**--" + markdown(f.Name) + "**"
		if f.Shorthand != "" {
			name = "**-" + f.Shorthand + "**, " + name
		}
		if value != "" {
			name += " *" + markdown(value) + "*"
		}
		fmt.Fprintf(b, "%s\n: %s\n\n", name, markdown(about))
	})
}

// markdown returns text with the characters escaped that have a meaning in Markdown.
func markdown(text string) string {
	return strings.NewReplacer(`*`, `\*`, `_`, `\_`, `[`, `\[`, `<`, `\<`, "`", "\\`").Replace(text)
}
