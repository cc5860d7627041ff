package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// runMan is the command man. It prints the same page in each build, without a date or a version.
func (a *app) runMan(ctx context.Context, args []string) error {
	if len(args) > 0 && isHelp(args[0]) {
		return helpWanted{newFlagSet()}
	}
	if len(args) > 0 {
		return usageError(fmt.Sprintf("argument %q: want none after man", args[0]))
	}
	w := &strings.Builder{}
	m := manual{w}
	m.line(`.\" The output of "hermesd man".`)
	m.line(`.TH HERMESD 8 "" "Hermes" "System administration"`)
	m.line(".nh\n.ad l") // names are not hyphenated, and lines not spread
	m.section("NAME", "hermesd - provisions SIP users, desk phones and numbers beside a Kamailio SIP server")
	m.line(".SH SYNOPSIS")
	m.line(".B hermesd\n[\\fICOMMAND\\fR] [\\fISETTINGS\\fR]")
	m.section("DESCRIPTION", "hermesd serves the Hermes API over HTTP: users, desk phones, numbers, aliases and domains of a telephony "+
		"system, in the tables of a live Kamailio. Without a command it serves; without any setting it does so with an embedded "+
		"database in this folder.")
	m.line(".SH COMMANDS")
	for _, c := range commands() {
		if err := a.writeCommand(ctx, m, c); err != nil {
			return err
		}
	}
	m.section("SETTINGS", "Each is a flag or, without the flag, an environment variable. A flag wins over the environment, and that "+
		"over the default. A variable whose name ends in _FILE names a file that has the value. Under systemd the value of such a setting can also be a "+
		"credential (LoadCredential=) named hermesd. and then as the setting, such as hermesd.db. Commands take all settings, and "+
		"use those that concern them.")
	_, settings := command{settings: []string{allSettings}}.options(newFlagSet())
	for _, s := range settings {
		m.option(s)
		m.line(".br")
		m.text("Environment: " + strings.Join(s.envNames(), ", ") + ".")
		m.line(".br")
		m.text("Default: " + s.documentedDefault() + ".")
	}
	m.writeEnd()
	_, err := io.WriteString(a.stdout, w.String())
	return err
}

// writeCommand writes what there is to know about a command, except for its settings.
func (a *app) writeCommand(ctx context.Context, m manual, c command) error {
	flags, err := c.flagSet(ctx, a)
	if err != nil {
		return err
	}
	own, settings := c.options(flags)
	usage := strings.TrimSpace(c.name + " " + c.args)
	if len(settings) > 0 {
		usage += " [SETTINGS]"
	}
	m.line(".SS " + escape(usage))
	m.text(sentence(c.about))
	if c.detail != "" {
		m.text(strings.ReplaceAll(c.detail, "\n", " "))
	}
	for _, o := range own {
		m.option(o)
	}
	if c.exits != "" {
		m.line(".PP")
		m.text("Exit status: " + strings.TrimPrefix(c.exits, "; ") + ".")
	}
	return nil
}

// manual writes a manual page in roff, with the macros of man(7).
type manual struct{ w io.Writer }

// line writes a line of roff.
func (m manual) line(text string) { fmt.Fprintln(m.w, text) }

// text writes a paragraph's text.
func (m manual) text(text string) { m.line(escape(text)) }

func (m manual) section(name, text string) {
	m.line(".SH " + name)
	m.text(text)
}

// option writes an option with its value and what it means.
func (m manual) option(o option) {
	m.line(".TP")
	name := `\fB` + escape("--"+o.name) + `\fR`
	if o.arg != "" {
		name += ` \fI` + escape(o.arg) + `\fR`
	}
	m.line(name)
	m.text(sentence(o.about))
}

// entry writes a name and what it is.
func (m manual) entry(name, text string) {
	m.line(".TP")
	m.line(`\fI` + escape(name) + `\fR`)
	m.text(text)
}

// sentence returns a text with a full stop, and with a capital unless it begins with a value, such
// as sqlite:PATH.
func sentence(text string) string {
	text = strings.TrimSuffix(text, ".") + "."
	if first, _, _ := strings.Cut(text, " "); strings.Contains(first, ":") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// escape returns a text that roff shows as it is, on one line.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\(ga", "…", `\&...`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

// writeEnd writes the sections after the settings.
func (m manual) writeEnd() {
	m.section("EXIT STATUS", sentence(commonExits)+" Some commands have others; see above.")
	m.line(".SH SIGNALS")
	m.entry("SIGTERM, SIGINT", "The server says at /readyz that it stops, answers the running requests for up to 20 seconds, and ends with "+
		"exit status 0.")
	m.entry("SIGHUP", "The server reads the certificate and the folder of prov-templates again.")
	m.section("SYSTEMD", "The packages have a service and a socket unit. hermesd tells systemd when it is ready and when it stops, and keeps its watchdog (Type=notify, WatchdogSec=). "+
		"It takes the socket of a socket unit in place of the address of the setting listen, so that a restart refuses no connection.")
	m.line(".SH FILES")
	m.entry("/etc/hermes/hermesd.env", "The settings of the service, as environment variables.")
	m.entry("/var/lib/hermes", "The embedded database and the generated secret key of the service. Keep a copy of both, in different places.")
	m.line(".SH SEE ALSO")
	m.line(".BR hermesctl (1),\n.BR kamailio (8),\n.BR systemd.exec (5)")
}
