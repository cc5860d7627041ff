package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/plan"
	"github.com/hermes-voip/go-hermes/sip"
)

// exitToDo is the exit status of plan if it has something to do.
const exitToDo = 5

// planFlags are the flags of plan and apply.
type planFlags struct {
	prune           []string
	yes             bool
	passwords       string
	discardPassword bool
}

func (a *app) planCommand() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use: "plan FILE", GroupID: sessionCommands, Args: oneFile,
		Short: "Shows what has to be done so that users are as a file says.",
		Long: "plan reads a YAML or CSV file (- is standard input) and shows what apply would do, a line each. " +
			"The exit status is 5 if there is something to do.\n\n" + aboutFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.planned(cmd.Context(), args[0], f, func(_ hermes.API, p *plan.Plan) error {
				if p.Empty() {
					return nil
				}
				return &statusError{status: exitToDo}
			})
		},
	}
	f.add(cmd)
	return cmd
}

func (a *app) applyCommand() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use: "apply FILE", GroupID: sessionCommands, Args: oneFile,
		Short: "Makes users as a file says.",
		Long: "apply reads a YAML or CSV file (- is standard input), shows what has to be done, asks once, and does it. " +
			"It goes on after an error; running it again does what is left.\n\n" + aboutFiles,
		RunE: func(cmd *cobra.Command, args []string) error { return a.apply(cmd.Context(), args[0], f) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.yes, "yes", false, "does not ask")
	flags.StringVar(&f.passwords, "passwords", "", "`FILE` to which the passwords of new users are appended")
	flags.BoolVar(&f.discardPassword, "discard-passwords", false, "throws the passwords of new users away")
	return cmd
}

// aboutFiles is the help about the files of plan and apply.
const aboutFiles = "YAML has a list under users:, CSV the names of the columns in its first line: user, displayname, email, authid, " +
	"dialplan, linetext, rpid, permissions, phones, number (a number, auto or auto:+4773*), aliases, suspended, absent. " +
	"What is not named is left alone. In CSV an empty cell leaves a field alone, and - empties it."

func (f *planFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.prune, "prune", nil, "`DOMAIN` whose users are removed if the file lacks them; may be repeated")
}

func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("%s: want one file; see %s --help", cmd.Name(), cmd.CommandPath())
	}
	return nil
}

// planned makes and prints the plan of a file, and calls do with it.
func (a *app) planned(ctx context.Context, name string, f planFlags, do func(hermes.API, *plan.Plan) error) error {
	opts := &plan.Options{}
	for _, text := range f.prune {
		domain, err := sip.ParseDomain(text)
		if err != nil {
			return usagef("--prune: %v", err)
		}
		opts.Prune = append(opts.Prune, domain)
	}
	file, err := a.readPlanFile(name)
	if err != nil {
		return err
	}
	api, err := a.dial(ctx)
	if err != nil {
		return err
	}
	defer api.Close()
	bar := a.newProgress("compared")
	opts.Progress = bar.show
	p, err := plan.Make(ctx, api, file, opts)
	bar.clear()
	if err != nil {
		return a.planError(err)
	}
	for action := range p.Actions() {
		fmt.Fprintln(a.stdout, action)
	}
	return do(api, p)
}

func (a *app) readPlanFile(name string) (*plan.File, error) {
	in := io.Reader(a.stdin)
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, usageError(err.Error())
		}
		defer file.Close()
		in = file
	}
	f, err := plan.Parse(name, in)
	return f, a.planError(err)
}

// planError prints the faults of a file, a line each. Any other error it returns as it is.
func (a *app) planError(err error) error {
	faults, ok := errors.AsType[plan.Faults](err)
	if !ok {
		return err
	}
	for _, f := range faults {
		fmt.Fprintln(a.stderr, printable(f.Error()))
	}
	return &statusError{status: exitRefused, err: fmt.Errorf("%s in the file; nothing was done", count(len(faults), "fault"))}
}

// count returns a number with a noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (a *app) apply(ctx context.Context, name string, f planFlags) error {
	if f.passwords != "" && f.discardPassword {
		return usagef("apply: want --passwords or --discard-passwords, not both")
	}
	if onTerminal := term.IsTerminal(int(a.stdin.Fd())); !f.yes && (!onTerminal || name == "-") {
		return usagef("apply: there is no terminal to ask on; want --yes")
	}
	return a.planned(ctx, name, f, func(api hermes.API, p *plan.Plan) error {
		opts := &plan.ApplyOptions{DiscardPasswords: f.discardPassword}
		added, changed, removed := p.Count()
		switch {
		case f.passwords != "":
			file, err := plan.OpenPasswordFile(f.passwords)
			if err != nil {
				return &statusError{status: exitUsage, err: err}
			}
			defer file.Close()
			opts.Passwords = file
		case added > 0 && !f.discardPassword:
			return usagef("apply: the file adds %s, who get passwords: want --passwords FILE or --discard-passwords", count(added, "user"))
		}
		if p.Empty() && (opts.Passwords == nil || opts.Passwords.Pending() == 0) {
			return nil
		}
		if !f.yes && !p.Empty() {
			fmt.Fprintf(a.stderr, "Add %d, change %d and remove %s? [y/N] ", added, changed, count(removed, "user"))
			if answer, err := a.readAnswerLine(ctx); err != nil || !strings.HasPrefix(strings.ToLower(answer), "y") {
				return errors.Join(err, &statusError{status: exitRefused, err: errors.New("nothing was done")})
			}
		}
		return a.carryOut(ctx, api, p, opts)
	})
}

// readAnswerLine returns the next line of standard input. It ends when the context does.
func (a *app) readAnswerLine(ctx context.Context) (string, error) {
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := a.readLine()
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// carryOut applies a plan, prints what fails, and at the end how much was done.
func (a *app) carryOut(ctx context.Context, api hermes.API, p *plan.Plan, opts *plan.ApplyOptions) error {
	unknown := false
	bar := a.newProgress("applied")
	opts.Progress = bar.show
	opts.Failed = func(f plan.Failure) {
		bar.clear()
		fmt.Fprintln(a.stderr, printable(f.Error()))
		unknown = unknown || errors.Is(f, hermes.ErrOutcomeUnknown)
	}
	res, err := p.Apply(ctx, api, opts)
	bar.clear()
	summary := count(res.Done, "user") + " done"
	for _, part := range []struct {
		n    int
		text string
	}{{res.Failed, "failed"}, {res.Left, "left"}, {res.Recovered, "passwords recovered"}} {
		if part.n > 0 {
			summary += fmt.Sprintf(", %d %s", part.n, part.text)
		}
	}
	fmt.Fprintln(a.stderr, "hermesctl: "+summary)
	switch {
	case err != nil:
		return err
	case unknown:
		return &statusError{status: exitUnknown}
	case res.Failed > 0:
		return &statusError{status: exitRefused}
	}
	return nil
}

func (a *app) exportCommand() *cobra.Command {
	var domain string
	opts := &plan.ExportOptions{}
	cmd := &cobra.Command{
		Use: "export", GroupID: sessionCommands, Args: noArgument,
		Short: "Writes users as a file for plan and apply.",
		Long:  "export writes the users, without passwords, as a YAML or CSV file that plan and apply read.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if opts.Domain, err = sip.ParseDomain(domain); domain != "" && err != nil {
				return usagef("--domain: %v", err)
			}
			api, err := a.dial(cmd.Context())
			if err != nil {
				return err
			}
			defer api.Close()
			opts.LeftOut = func(user sip.Addr, field string, reason error) {
				fmt.Fprintf(a.stderr, "hermesctl: left out: %s of %s: %s\n", field, user, printable(reason.Error()))
			}
			return plan.Export(cmd.Context(), api, a.stdout, opts)
		},
	}
	cmd.Flags().StringVar(&domain, "domain", "", "`DOMAIN` of the users; all without it")
	cmd.Flags().BoolVar(&opts.CSV, "csv", false, "writes CSV rather than YAML")
	return cmd
}

// progress is a bar on the terminal. On anything else it shows nothing.
type progress struct {
	out   io.Writer // nil if it shows nothing
	label string
	began time.Time
	last  time.Time // when it was shown
}

// The bar appears after a while, and not more often than that.
const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
	progressWidth = 30
)

func (a *app) newProgress(label string) *progress {
	p := &progress{label: label, began: time.Now()}
	if term.IsTerminal(int(a.stderr.Fd())) {
		p.out = a.stderr
	}
	return p
}

func (p *progress) show(done, total int) {
	now := time.Now()
	if p.out == nil || now.Sub(p.began) < progressAfter || now.Sub(p.last) < progressEvery {
		return
	}
	p.last = now
	full := progressWidth * done / max(1, total)
	fmt.Fprintf(p.out, "\r[%s%s] %d of %d %s", strings.Repeat("#", full), strings.Repeat(".", progressWidth-full), done, total, p.label)
}

// clear removes the bar from its line.
func (p *progress) clear() {
	if p.out != nil && !p.last.IsZero() {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
