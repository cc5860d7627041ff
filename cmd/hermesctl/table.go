package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

// table prints an answer in fields: a list with a line for each entry, another answer with a line
// for each member. On a terminal the fields are aligned, elsewhere they are separated by tabs.
type table struct {
	w       io.Writer
	columns []string // of a list of objects
	aligned bool

	rows    [][]string // that wait for their widths
	widths  []int      // of columns, nil until they are known
	members []pair     // of an answer without a list
	isList  bool
}

// widthRows is how many rows decide the widths of columns.
const widthRows = 200

func newTable(w io.Writer, n hermes.Node, aligned bool) *table {
	return &table{w: w, columns: wire.Columns(n.Response), aligned: aligned}
}

// entry prints an entry of a list.
func (t *table) entry(raw json.RawMessage) error {
	v, err := decodeValue(raw)
	if err != nil {
		return brokenAnswer(err)
	}
	t.isList = true
	object, ok := v.(object)
	if !ok {
		return t.row([]string{cell(v)})
	}
	cells := make([]string, len(t.columns))
	for i, name := range t.columns {
		cells[i] = cell(object.get(name))
	}
	return t.row(cells)
}

// member keeps a member of an answer. That of a list is not printed.
func (t *table) member(name string, raw json.RawMessage) error {
	v, err := decodeValue(raw)
	if err != nil {
		return brokenAnswer(err)
	}
	t.members = append(t.members, pair{name, v})
	return nil
}

// end prints what is left.
func (t *table) end() error {
	if t.isList {
		return t.printRows()
	}
	return t.printMembers()
}

// row prints a row, or keeps it until the widths of columns are known.
func (t *table) row(cells []string) error {
	if t.aligned && t.widths == nil {
		if t.rows = append(t.rows, cells); len(t.rows) < widthRows {
			return nil
		}
		return t.printRows()
	}
	return t.printRow(cells)
}

// printRows prints the rows that wait, after the heading.
func (t *table) printRows() error {
	if t.widths != nil || len(t.rows) == 0 {
		return nil
	}
	rows := t.rows
	if t.columns != nil {
		heading := make([]string, len(t.columns))
		for i, name := range t.columns {
			heading[i] = strings.ToUpper(name)
		}
		rows = append([][]string{heading}, rows...)
	}
	t.rows, t.widths = nil, widthsOf(rows)
	for _, cells := range rows {
		if err := t.printRow(cells); err != nil {
			return err
		}
	}
	return nil
}

func widthsOf(rows [][]string) []int {
	widths := []int{}
	for _, cells := range rows {
		for i, c := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	return widths
}

// printRow prints a line. Without widths its cells are separated by tabs.
func (t *table) printRow(cells []string) error {
	var line strings.Builder
	for i, c := range cells {
		switch {
		case i == len(cells)-1:
			line.WriteString(c)
		case t.widths == nil:
			line.WriteString(c + "\t")
		default:
			fmt.Fprintf(&line, "%-*s  ", t.widths[i], c)
		}
	}
	text := line.String()
	if t.widths != nil {
		text = strings.TrimRight(text, " ")
	}
	_, err := fmt.Fprintln(t.w, text)
	return err
}

// printMembers prints an answer without a list: if one member is all, then what that consists of.
func (t *table) printMembers() error {
	var v any = object(t.members)
	if len(t.members) == 1 {
		switch only := t.members[0].value.(type) {
		case object:
			v = only
		case []any:
			v = only
		}
	}
	blocks, ok := v.([]any)
	if !ok {
		blocks = []any{v}
	}
	for i, b := range blocks {
		if _, isObject := b.(object); isObject && i > 0 {
			fmt.Fprintln(t.w)
		}
		t.widths = nil
		rows := linesOf("", b)
		if t.aligned {
			t.widths = widthsOf(rows)
		}
		for _, cells := range rows {
			if err := t.printRow(cells); err != nil {
				return err
			}
		}
	}
	return nil
}

// linesOf returns the lines of a value: name and value of each member, in which objects are put
// together with their members, and lists of objects have a line for each.
func linesOf(name string, v any) (lines [][]string) {
	switch v := v.(type) {
	case object:
		for _, p := range v {
			path := p.name
			if name != "" {
				path = name + "." + p.name
			}
			lines = append(lines, linesOf(path, p.value)...)
		}
		return lines
	case []any:
		if len(v) > 0 {
			if _, ok := v[0].(object); ok {
				for _, e := range v {
					lines = append(lines, []string{name, cell(e)})
				}
				return lines
			}
		}
	}
	if name == "" {
		return [][]string{{cell(v)}}
	}
	return [][]string{{name, cell(v)}}
}

// object is a JSON object whose members keep their order.
type object []pair

type pair struct {
	name  string
	value any
}

// get returns the value of a member, or nil.
func (o object) get(name string) any {
	for _, p := range o {
		if p.name == name {
			return p.value
		}
	}
	return nil
}

// cell returns a value in one field.
func cell(v any) string {
	var parts []string
	separator := ","
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return printable(v)
	case object:
		separator = " "
		for _, p := range v {
			parts = append(parts, printable(p.name)+"="+cell(p.value))
		}
	case []any:
		for _, e := range v {
			if _, ok := e.(object); ok {
				separator = "; "
			}
			parts = append(parts, cell(e))
		}
	default:
		return fmt.Sprint(v)
	}
	return strings.Join(parts, separator)
}

// decodeValue returns a JSON value: nil, a bool, a string, a [json.Number], a []any or an object.
func decodeValue(raw json.RawMessage) (any, error) {
	if len(raw) > 0 && raw[0] == '"' { // most lists have nothing else, and a Decoder is large
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return decodeNext(d)
}

func decodeNext(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := decodeNext(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('{'):
		o := object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeNext(d)
			if err != nil {
				return nil, err
			}
			o = append(o, pair{fmt.Sprint(name), v})
		}
		_, err = d.Token()
		return o, err
	}
	return token, nil
}
