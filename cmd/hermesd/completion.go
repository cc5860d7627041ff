package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// shells are the shells whose completion hermesd knows.
var shells = []string{"bash", "zsh", "fish"}

// runCompletion is the command completion.
func (a *app) runCompletion(ctx context.Context, args []string) error {
	switch {
	case len(args) > 0 && isHelp(args[0]):
		return helpWanted{newFlagSet()}
	case len(args) != 1 || !slices.Contains(shells, args[0]):
		return usageError("completion: want hermesd completion " + strings.Join(shells, ", or "))
	}
	all, err := a.completions(ctx)
	if err != nil {
		return err
	}
	write := map[string]func(io.Writer, []completion){"bash": writeBash, "zsh": writeZsh, "fish": writeFish}[args[0]]
	w := &strings.Builder{}
	write(w, all)
	_, err = io.WriteString(a.stdout, w.String())
	return err
}

// completion is what may follow the name of a command.
type completion struct {
	command
	options []option
}

// completions returns the commands in the order of their table. Those of which another one is the
// argument have the names of all as words.
func (a *app) completions(ctx context.Context) (all []completion, err error) {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	for _, c := range commands() {
		flags, err := c.flagSet(ctx, a)
		if err != nil {
			return nil, err
		}
		if c.name == helpCommand {
			c.words = names
		}
		own, settings := c.options(flags)
		all = append(all, completion{command: c, options: append(own, settings...)})
	}
	return all, nil
}

// flagNames returns the flags with their dashes, separated by blanks.
func (c completion) flagNames() string {
	var names []string
	for _, o := range c.options {
		names = append(names, "--"+o.name)
	}
	return strings.Join(names, " ")
}

// The kinds of values that shells complete by themselves.
const (
	folderArg = "FOLDER"
	fileArg   = "FILE"
)

// values returns the values of the option that there are, or nil.
func (o option) values() []string {
	switch {
	case o.arg == "":
		return []string{"true", "false"}
	case o.setting != nil:
		return o.choices
	}
	return nil
}

// summary returns the beginning of a text, for the one line that a shell shows.
func summary(text string) string {
	const most = 70
	for _, end := range []string{". ", "; ", ": "} {
		text, _, _ = strings.Cut(text, end)
	}
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return text
}

// byValue groups the names of options, with their dashes, by what completes their values: a line
// for a case statement each, such as "--data|--prov-templates".
func byValue(all []completion, kind func(option) string) (kinds []string, names map[string][]string) {
	names = map[string][]string{}
	for _, c := range all {
		for _, o := range c.options {
			k, name := kind(o), "--"+o.name
			if names[k] == nil {
				kinds = append(kinds, k)
			}
			if !slices.Contains(names[k], name) {
				names[k] = append(names[k], name)
			}
		}
	}
	return kinds, names
}

// bashValue returns the options of compgen for the values of an option, "" if there are none that a
// shell knows.
func bashValue(o option) string {
	switch values := o.values(); {
	case o.arg == "": // only a value after = belongs to it
		return "yes/no"
	case o.arg == folderArg:
		return "-d"
	case o.arg == fileArg:
		return "-f"
	case values != nil:
		return "-W '" + strings.Join(values, " ") + "'"
	}
	return ""
}

func writeBash(w io.Writer, all []completion) {
	fmt.Fprint(w, `# Completion of hermesd in bash: the output of "hermesd completion bash".

_hermesd() {
	local cur=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} equals=
	COMPREPLY=()
	# = is a word of its own.
	if [[ $cur == = ]]; then
		cur= equals=1
	elif [[ $flag == = ]]; then
		flag=${COMP_WORDS[COMP_CWORD-2]} equals=1
	fi
	case $flag in
`)
	kinds, names := byValue(all, bashValue)
	for _, kind := range kinds {
		pattern := strings.Join(names[kind], "|")
		switch kind {
		case "yes/no":
			fmt.Fprintf(w, "\t%s)\n\t\tif [[ $equals ]]; then\n\t\t\tmapfile -t COMPREPLY < <(compgen -W 'true false' -- \"$cur\")\n"+
				"\t\t\treturn\n\t\tfi ;;\n", pattern)
		case "":
			fmt.Fprintf(w, "\t%s)\n\t\treturn ;;\n", pattern)
		default:
			options := ""
			if kind == "-d" || kind == "-f" {
				options = "\t\tcompopt -o filenames 2>/dev/null\n"
			}
			fmt.Fprintf(w, "\t%s)\n%s\t\tmapfile -t COMPREPLY < <(compgen %s -- \"$cur\")\n\t\treturn ;;\n", pattern, options, kind)
		}
	}
	var commandNames []string
	fmt.Fprint(w, "\tesac\n\tlocal words=\n\tcase $command in\n")
	for _, c := range all {
		commandNames = append(commandNames, c.name)
		pattern := c.name
		if c.name == defaultCommand {
			pattern += "|-*" // settings without a command
		}
		fmt.Fprintf(w, "\t%s)\n\t\twords='%s' ;;\n", pattern, strings.TrimSpace(strings.Join(c.words, " ")+" "+c.flagNames()))
	}
	fmt.Fprintf(w, `	esac
	if [[ $COMP_CWORD == 1 ]]; then
		words+=' %s'
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _hermesd hermesd
`, strings.Join(commandNames, " "))
}

// zshQuote quotes a text for a part of an argument of zsh's functions, which is in single quotes.
func zshQuote(text string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `'\''`, `[`, `\[`, `]`, `\]`, `:`, `\:`).Replace(text)
}

func writeZsh(w io.Writer, all []completion) {
	fmt.Fprint(w, "#compdef hermesd\n# Completion of hermesd in zsh: the output of \"hermesd completion zsh\".\n\n"+
		"_hermesd() {\n\tlocal -a commands=(\n")
	for _, c := range all {
		fmt.Fprintf(w, "\t\t'%s:%s'\n", c.name, zshQuote(summary(c.about)))
	}
	fmt.Fprint(w, "\t)\n\tif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n\t\t_describe command commands\n\t\treturn\n\tfi\n"+
		"\tlocal command=$words[2]\n\tcase $command in\n")
	for _, c := range all {
		pattern := c.name
		if c.name == defaultCommand {
			pattern += "|-*"
		}
		fmt.Fprintf(w, "\t%s)\n\t\t_arguments", pattern)
		if pattern == c.name {
			fmt.Fprint(w, " '1: :'") // the command itself
		}
		if len(c.words) > 0 {
			fmt.Fprintf(w, " \\\n\t\t\t'2: :(%s)'", strings.Join(c.words, " "))
		}
		for _, o := range c.options {
			fmt.Fprintf(w, " \\\n\t\t\t'%s'", zshOption(o))
		}
		fmt.Fprint(w, " ;;\n")
	}
	fmt.Fprint(w, "\tesac\n}\n\n_hermesd \"$@\"\n")
}

// zshOption returns the description of an option for _arguments.
func zshOption(o option) string {
	name := "--" + o.name
	if o.setting != nil && o.repeats {
		name = "*" + name
	}
	about := "[" + zshQuote(summary(o.about)) + "]"
	if o.arg == "" {
		return name + about
	}
	action := ""
	switch {
	case o.arg == fileArg:
		action = "_files"
	case o.arg == folderArg:
		action = "_files -/"
	case o.values() != nil:
		action = "(" + strings.Join(o.values(), " ") + ")"
	}
	return name + "=" + about + ":" + zshQuote(o.arg) + ":" + action
}

// fishQuote quotes a text as a word for fish.
func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

func writeFish(w io.Writer, all []completion) {
	var others []string
	for _, c := range all {
		if c.name != defaultCommand {
			others = append(others, c.name)
		}
	}
	fmt.Fprint(w, "# Completion of hermesd in fish: the output of \"hermesd completion fish\".\n\ncomplete -c hermesd -f\n")
	for _, c := range all {
		fmt.Fprintf(w, "complete -c hermesd -n __fish_use_subcommand -a %s -d %s\n", c.name, fishQuote(summary(c.about)))
		condition := "__fish_seen_subcommand_from " + c.name
		if c.name == defaultCommand {
			condition = "not __fish_seen_subcommand_from " + strings.Join(others, " ")
		}
		if len(c.words) > 0 {
			fmt.Fprintf(w, "complete -c hermesd -n %s -a %s\n", fishQuote(condition), fishQuote(strings.Join(c.words, " ")))
		}
		for _, o := range c.options {
			fmt.Fprintf(w, "complete -c hermesd -n %s -l %s%s -d %s\n", fishQuote(condition), o.name, fishValue(o), fishQuote(summary(o.about)))
		}
	}
}

// fishValue returns the options of complete for the value of an option.
func fishValue(o option) string {
	switch {
	case o.arg == "":
		return ""
	case o.arg == fileArg:
		return " -r -F"
	case o.arg == folderArg:
		return " -x -a '(__fish_complete_directories)'"
	case o.values() != nil:
		return " -x -a " + fishQuote(strings.Join(o.values(), " "))
	}
	return " -x"
}
