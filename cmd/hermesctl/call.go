package main

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hermes-voip/go-hermes/hermes"
)

func (a *app) callCommand() *cobra.Command {
	verbose := false
	cmd := &cobra.Command{
		Use: "call GROUP/NODE [NAME=VALUE ...]", GroupID: sessionCommands,
		Short: "Makes one call and prints the answer as it came.",
		Long: "call makes one call and prints the answer as it came. NAME=- reads the value from a line of standard input, without showing it\n" +
			"if that is a terminal and the value a secret, and NAME=@FILE from a file. A secret is taken in no other way.\n" +
			"With -v it prints the request and the answer as they went over the wire, with [secret] in the place of secrets.",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: completeCall,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.call(cmd.Context(), args[0], args[1:], verbose)
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "prints the request and the answer as they went over the wire")
	return cmd
}

// findNode returns the node with that path, in which _ may be written as -.
func findNode(path string) (hermes.Node, bool) {
	nodes := hermes.Nodes()
	i := slices.IndexFunc(nodes, func(n hermes.Node) bool { return n.Path == underscored(path) })
	if i < 0 {
		return hermes.Node{}, false
	}
	return nodes[i], true
}

// completeCall completes the node, and then the names of its parameters.
func completeCall(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var words []string
	if len(args) == 0 {
		for _, n := range hermes.Nodes() {
			words = append(words, n.Path)
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
	n, _ := findNode(args[0])
	if n.New == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, p := range parametersOf(n) {
		words = append(words, p.name+"=")
	}
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// call makes one call. Values are like NAME=VALUE.
func (a *app) call(ctx context.Context, path string, values []string, verbose bool) error {
	n, ok := findNode(path)
	if !ok {
		return usagef("call %s: there is no such node; want one such as user/get", path)
	}
	form, err := a.rawForm(ctx, parametersOf(n), values)
	if err != nil {
		return err
	}
	a.json = true
	if !verbose {
		return a.callNode(ctx, n, form)
	}
	c, err := a.dialOver(ctx, newTracer(a.stdout, n))
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := c.Call(ctx, n.Path, form)
	if err != nil {
		return withoutAnswer(err)
	}
	answer.Body = maskBody(answer, n)
	return a.print(n, answer)
}

// rawForm returns the parameters of a call as they are given, known or not.
func (a *app) rawForm(ctx context.Context, all []parameter, values []string) (url.Values, error) {
	form := url.Values{}
	for _, v := range values {
		name, value, ok := strings.Cut(v, "=")
		if !ok {
			return nil, usagef("call: %q is not like NAME=VALUE", v)
		}
		p, _ := find(all, name)
		secret := p.typ != nil && p.isSecret()
		var err error
		switch file, isFile := strings.CutPrefix(value, "@"); {
		case isFile:
			value, err = readFile(file)
		case value == "-" && secret:
			var s hermes.Secret
			s, err = a.readSecret(ctx, name)
			value = s.Reveal()
		case value == "-":
			value, err = a.readLine()
		case secret && !hermes.IsKeyID(value):
			err = usagef("%s: a secret is no argument, which others could see: give %s=- to be asked for it or to have it read "+
				"from standard input, or %s=@FILE", name, name, name)
		}
		if err != nil {
			return nil, err
		}
		form.Add(name, value)
	}
	return form, nil
}
