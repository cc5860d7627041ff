package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

// runConfig is the command config. It prints one line for each setting: its name, its value and
// the origin of the value.
func (a *app) runConfig(_ context.Context, args []string) error {
	c, err := a.load(newFlagSet(), args)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, v := range c.values {
		text, from := c.printable(v)
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.name, text, from)
	}
	return w.Flush()
}

// printable returns the value without secrets, and its origin.
func (c *config) printable(v settingValue) (text string, from origin) {
	switch {
	case v.name == "db":
		return c.db.printable(), v.origin
	case v.name == "migrate":
		return c.migrate, v.origin
	case v.secret && v.text != "":
		return maskText, v.origin
	case v.name == "origin" && v.text == "":
		return v.documentedDefault(), v.origin
	case v.name == "origin":
		return c.origin, v.origin
	case v.name == "secret-key":
		return c.printableKeyFile()
	case v.text == "":
		return "none", v.origin
	case v.name == "kamailio-rpc":
		text, _ = maskURL(v.text)
		return text, v.origin
	}
	return strings.ReplaceAll(v.text, valueSeparator, ","), v.origin
}

// printableKeyFile describes where the secret key comes from if the setting is empty.
func (c *config) printableKeyFile() (string, origin) {
	switch c.db.kind {
	case dbMemory:
		return "made anew at each start", origin{kind: originDefault}
	case dbPostgres:
		return "missing", origin{kind: originDefault}
	}
	if _, err := os.Stat(c.secretKeyFile()); err == nil {
		return maskText, origin{kind: originFile, name: c.secretKeyFile()}
	}
	return "made at the first start", origin{kind: originDefault}
}
