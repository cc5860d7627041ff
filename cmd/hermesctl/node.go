package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hermes-voip/go-hermes/hermes"
)

// nodeCommand returns the command of a node.
func (a *app) nodeCommand(n hermes.Node) *cobra.Command {
	_, name, _ := strings.Cut(n.Path, "/")
	all := parametersOf(n)
	argument, hasArgument := argumentOf(all)
	cmd := &cobra.Command{
		Use: name, Short: n.About, Long: n.About, Args: noArgument,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			form, err := a.formOf(cmd.Context(), cmd, all, args)
			if err != nil {
				return err
			}
			return a.callNode(cmd.Context(), n, form)
		},
	}
	if n.Needs != hermes.NoCapability {
		cmd.Long += " The caller needs the capability to " + n.Needs.String() + "."
	}
	if dashed := strings.ReplaceAll(name, "_", "-"); dashed != name {
		cmd.Aliases = []string{dashed}
	}
	if hasArgument {
		cmd.Use += " [" + strings.ToUpper(argument.name) + "]"
		cmd.Args = cobra.MaximumNArgs(1)
	}
	flags := cmd.Flags()
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(underscored(name))
	})
	flags.SortFlags = false
	for _, p := range all {
		flags.Var(&flagValue{parameter: p}, p.name, flagUsage(p))
		if p.isYesNo() {
			flags.Lookup(p.name).NoOptDefVal = "true"
		}
		values := p.values()
		_ = cmd.RegisterFlagCompletionFunc(p.name, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return values, cobra.ShellCompDirectiveNoFileComp
		})
	}
	return cmd
}

// noArgument refuses an argument of a node that has no parameter for it.
func noArgument(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%q: %s takes no argument, only flags; see %s --help", args[0], cmd.Name(), cmd.CommandPath())
}

// flagValue is the value of the flag of a parameter.
type flagValue struct {
	parameter parameter
	text      string
}

// String implements [pflag.Value].
func (v *flagValue) String() string { return v.text }

// Set implements [pflag.Value].
func (v *flagValue) Set(text string) error {
	v.text = text
	return nil
}

// Type implements [pflag.Value]. Help shows it after the name of the flag.
func (v *flagValue) Type() string {
	switch {
	case v.parameter.isSecret():
		return "-"
	case v.parameter.isYesNo():
		return "yes/no"
	}
	return strings.ToUpper(v.parameter.name)
}

// flagUsage returns the help about a parameter.
func flagUsage(p parameter) string {
	about := strings.TrimSuffix(p.about, ".")
	if values := p.values(); about == "" && values != nil {
		about = "One of " + strings.Join(values, ", ")
	}
	if p.isSecret() {
		about = "A secret, which is asked for on the terminal or else read from standard input"
	}
	return strings.TrimSpace(about + needed(p))
}

func needed(p parameter) string {
	if !p.required {
		return ""
	}
	return " (required)"
}

// formOf returns the parameters of a call by its flags and its argument. It asks for secrets.
func (a *app) formOf(ctx context.Context, cmd *cobra.Command, all []parameter, args []string) (url.Values, error) {
	flags, form := cmd.Flags(), url.Values{}
	command := strings.TrimPrefix(cmd.CommandPath(), "hermesctl ")
	for _, p := range all {
		if flags.Changed(p.name) {
			form.Set(p.name, flags.Lookup(p.name).Value.String())
		}
	}
	if len(args) > 0 {
		argument, _ := argumentOf(all)
		if form.Has(argument.name) {
			return nil, usagef("%s: %s is given as argument and as --%s", command, argument.name, argument.name)
		}
		form.Set(argument.name, args[0])
	}
	for _, p := range all {
		half := p.user != "" && (form.Has(p.user) || form.Has(p.domain))
		switch {
		case p.isSecret():
			if err := a.askSecret(ctx, form, p); err != nil {
				return nil, err
			}
		case p.required && !form.Has(p.name) && !half:
			return nil, usagef("%s: want --%s; see hermesctl %s --help", command, p.name, command)
		}
	}
	return form, nil
}

// askSecret sets a secret that is required, or for which the form has "-".
func (a *app) askSecret(ctx context.Context, form url.Values, p parameter) error {
	switch value := form.Get(p.name); {
	case hermes.IsKeyID(value), !p.required && !form.Has(p.name):
		return nil
	case form.Has(p.name) && value != "-":
		return usagef("%s: a secret is no argument, which others could see: give --%s=- to be asked for it, "+
			"or to have it read from standard input", p.name, p.name)
	}
	secret, err := a.readSecret(ctx, p.name)
	if err != nil {
		return err
	}
	form.Set(p.name, secret.Reveal())
	return nil
}

// callNode calls a node and prints the answer.
func (a *app) callNode(ctx context.Context, n hermes.Node, form url.Values) error {
	c, err := a.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := c.Call(ctx, n.Path, form)
	if err != nil {
		return withoutAnswer(err)
	}
	return a.print(n, answer)
}
