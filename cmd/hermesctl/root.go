package main

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hermes-voip/go-hermes/hermes"
)

// The groups of commands in the help.
const (
	sessionCommands = "session"
	nodeCommands    = "nodes"
)

// rootCommand returns the command hermesctl with all others below it.
func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "hermesctl",
		Short: "Calls the API of a Hermes server.",
		Long: "hermesctl calls the API of a Hermes server: hermesctl login URL, and then hermesctl GROUP NODE for any node.\n" +
			"hermesctl GROUP --help lists the nodes of a group, and hermesctl GROUP NODE --help the parameters of a node.\n\n" +
			"Exit status: " + exitStatuses + ".",
		Args:          cobra.NoArgs,
		SilenceErrors: true, SilenceUsage: true,
		RunE:             func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRun: func(*cobra.Command, []string) { a.understood = true },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.profile, "profile", "", "`NAME` of the login to use, of several; \"default\" if none is given")
	flags.BoolVar(&a.json, "json", false, "prints the answer as it came")
	flags.DurationVar(&a.wait, "wait", 10*time.Second, "how long a call is made again that gets no answer")
	root.AddGroup(&cobra.Group{ID: sessionCommands, Title: "Commands:"}, &cobra.Group{ID: nodeCommands, Title: "Groups of nodes:"})
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.AddCommand(a.loginCommand(), a.logoutCommand(), a.callCommand(), a.planCommand(), a.applyCommand(), a.exportCommand(), a.manCommand())
	root.AddCommand(a.groupCommands()...)
	root.SetHelpCommandGroupID(sessionCommands)
	root.SetCompletionCommandGroupID(sessionCommands)
	return root
}

// groupCommands returns a command for each group of nodes, with one for each node below it.
func (a *app) groupCommands() []*cobra.Command {
	var groups []*cobra.Command
	for _, n := range hermes.Nodes() {
		group, _, _ := strings.Cut(n.Path, "/")
		i := slices.IndexFunc(groups, func(c *cobra.Command) bool { return c.Name() == group })
		if i < 0 {
			i = len(groups)
			groups = append(groups, a.groupCommand(group))
		}
		groups[i].AddCommand(a.nodeCommand(n))
	}
	return groups
}

// groupCommand returns the command of a group, which does nothing by itself.
func (a *app) groupCommand(group string) *cobra.Command {
	return &cobra.Command{
		Use: group, GroupID: nodeCommands, Short: "Calls a node " + group + "/….", SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("want a node of %s; see hermesctl %s --help", group, group)
			}
			perhaps := ""
			if names := cmd.SuggestionsFor(args[0]); len(names) > 0 {
				perhaps = ", perhaps " + names[0]
			}
			return usagef("%s %s: there is no such node%s", group, args[0], perhaps)
		},
	}
}
