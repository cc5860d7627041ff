package plan

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
	"go.yaml.in/yaml/v4"
)

// ExportOptions configure [Export].
type ExportOptions struct {
	Domain  sip.Domain // of the users; zero means all domains
	CSV     bool       // rather than YAML
	Workers int        // how many calls are made at once; defaults to 4
	// LeftOut, if not nil, is called with each field that is left out, because a file cannot have it:
	// another tool has written something that Hermes does not accept. If it is the field user, the
	// user is left out.
	LeftOut func(user sip.Addr, field string, reason error)
}

// Export writes the users as a file, with all fields but passwords. It writes page by page, and the
// memory that it needs does not grow with the number of users. A plan of the file has nothing to
// do. CSV begins with a byte order mark, without which spreadsheets do not read UTF-8.
func Export(ctx context.Context, api hermes.API, w io.Writer, opts *ExportOptions) error {
	e := &exporter{out: bufio.NewWriter(w)}
	if opts != nil {
		e.opts = *opts
	}
	if e.opts.Workers <= 0 {
		e.opts.Workers = defaultWorkers
	}
	write, end := e.writeYAML, e.endYAML
	if e.opts.CSV {
		e.csv = csv.NewWriter(e.out)
		write, end = e.writeCSV, func() error { return nil }
		if err := e.writeHeader(); err != nil {
			return err
		}
	}
	err := pages(ctx, api, e.opts.Domain, func(addrs []sip.Addr) error {
		shown, err := showAll(ctx, api, e.opts.Workers, addrs)
		if err != nil {
			return err
		}
		var users []*User
		for _, s := range shown {
			// One that was removed meanwhile is nil.
			if s != nil {
				if u := e.user(s); u != nil {
					users = append(users, u)
				}
			}
		}
		if len(users) == 0 {
			return nil
		}
		if err := write(users); err != nil {
			return err
		}
		return e.out.Flush()
	})
	if err == nil {
		err = end()
	}
	if err == nil {
		err = e.out.Flush()
	}
	return err
}

// exporter writes a file.
type exporter struct {
	opts  ExportOptions
	out   *bufio.Writer
	csv   *csv.Writer
	began bool // the list of YAML
}

// user returns a user with the fields that a file can have, or nil if it cannot have the user.
func (e *exporter) user(s *hermes.ShownUser) *User {
	u := present(s)
	var kept User
	for i := range columns {
		c := columns[i]
		values, isSet := c.get(u)
		if !isSet {
			continue
		}
		if err := e.copyField(c, &kept, values); err != nil {
			if e.opts.LeftOut != nil {
				e.opts.LeftOut(s.User, c.name, err)
			}
			if columnID(i) == userColumn {
				return nil
			}
		}
	}
	return &kept
}

// copyField sets a field of u to what a reader of the file will find there. If that is not the
// same, the field stays absent.
func (e *exporter) copyField(c column, u *User, values []string) error {
	read := values
	if e.opts.CSV {
		read, _ = c.cellValues(c.cell(values))
	}
	with := *u
	err := c.set(&with, read)
	if got, _ := c.get(&with); err == nil && !slices.Equal(got, values) {
		err = fmt.Errorf("%q cannot be written", values)
	}
	if err != nil {
		return errors.New(detail(c.name, err))
	}
	*u = with
	return nil
}

func (e *exporter) writeYAML(users []*User) error {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, u := range users {
		list.Content = append(list.Content, yamlEntry(u))
	}
	text, err := yaml.Dump(list, yaml.WithLineWidth(-1))
	if err != nil {
		return err
	}
	if !e.began {
		e.began = true
		text = append([]byte("users:\n"), text...)
	}
	_, err = e.out.Write(text)
	return err
}

// endYAML writes the list if it is empty.
func (e *exporter) endYAML() (err error) {
	if !e.began {
		_, err = e.out.WriteString("users: []\n")
	}
	return err
}

// writeHeader writes the names of the columns, but for absent, which no user is.
func (e *exporter) writeHeader() error {
	var names []string
	for _, c := range columns[:absentColumn] {
		names = append(names, c.name)
	}
	if _, err := e.out.WriteString("\ufeff"); err != nil {
		return err
	}
	return e.csv.Write(names)
}

func (e *exporter) writeCSV(users []*User) error {
	record := make([]string, absentColumn)
	for _, u := range users {
		for i := range record {
			record[i] = ""
			if values, isSet := columns[i].get(u); isSet {
				record[i] = columns[i].cell(values)
			}
		}
		if err := e.csv.Write(record); err != nil {
			return err
		}
	}
	e.csv.Flush()
	return e.csv.Error()
}
