package plan

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// empty is the cell that empties a field.
const empty = "-"

// formulaStarts are the characters at the beginning of a cell for which an apostrophe is written
// before it. One that is an apostrophe is among them, so that none is lost.
const formulaStarts = "=+-@'"

// parseCSV adds the users of a CSV file.
func (f *File) parseCSV(text []byte) (faults Faults) {
	if !bytes.ContainsRune(text, '\n') {
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	separator, text, skipped := csvSeparator(text)
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = separator, -1, true
	var header []columnID
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			faults = append(faults, Fault{File: f.Name, Line: parse.Line + skipped, Column: parse.Column, Detail: parse.Err.Error()})
			if header == nil {
				return faults
			}
			continue
		}
		if header == nil {
			if header, err = f.csvHeader(r, record, skipped); err != nil {
				return append(faults, err.(Faults)...)
			}
			continue
		}
		faults = append(faults, f.addRecord(r, header, record, skipped)...)
	}
	if header == nil && len(faults) == 0 {
		faults = Faults{{File: f.Name, Line: 1, Column: 1, Detail: "want a first line with the names of the columns"}}
	}
	return faults
}

// csvSeparator returns the separator of a CSV file: that of the line "sep=;", which it drops and
// counts, or the one that the first line has most of.
func csvSeparator(text []byte) (separator rune, rest []byte, skipped int) {
	line, after, _ := bytes.Cut(text, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if named, ok := bytes.CutPrefix(bytes.ToLower(line), []byte("sep=")); ok && len(named) == 1 && strings.Contains(",;\t|", string(named)) {
		return rune(named[0]), after, 1
	}
	separator = ','
	for _, other := range []rune{';', '\t'} {
		if bytes.Count(line, []byte(string(other))) > bytes.Count(line, []byte(string(separator))) {
			separator = other
		}
	}
	return separator, text, 0
}

// csvHeader returns the columns that the first record names, or its Faults. A column without a name
// is -1.
func (f *File) csvHeader(r *csv.Reader, record []string, skipped int) (header []columnID, err error) {
	var faults Faults
	fault := func(i int, format string, args ...any) {
		line, column := r.FieldPos(i)
		faults = append(faults, Fault{File: f.Name, Line: line + skipped, Column: column, Detail: fmt.Sprintf(format, args...)})
	}
	for i, name := range record {
		name = strings.ToLower(strings.TrimSpace(name))
		c, ok := columnNamed(name)
		switch {
		case name == "":
			c = -1
		case !ok:
			fault(i, "unknown column %q; want one of %s", name, columnNames())
		case slices.Contains(header, c):
			fault(i, "a second column %q", name)
		}
		header = append(header, c)
	}
	if !slices.Contains(header, userColumn) {
		fault(0, "want a column %q, and the names of the columns in the first line", columns[userColumn].name)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return header, nil
}

// addRecord adds the user of a record, unless it is empty.
func (f *File) addRecord(r *csv.Reader, header []columnID, record []string, skipped int) (faults Faults) {
	if !slices.ContainsFunc(record, func(cell string) bool { return strings.Trim(cell, blanks) != "" }) {
		return nil
	}
	line, _ := r.FieldPos(0)
	u := User{Line: line + skipped}
	named := false
	for i, cell := range record {
		if i >= len(header) || header[i] < 0 {
			if strings.Trim(cell, blanks) != "" {
				line, column := r.FieldPos(i)
				faults = append(faults, Fault{File: f.Name, Line: line + skipped, Column: column, Detail: "a cell in a column without a name"})
			}
			continue
		}
		c := header[i]
		l, column := r.FieldPos(i)
		u.lines[c], u.columns[c] = l+skipped-u.Line, column
		values, isSet := columns[c].cellValues(cell)
		if !isSet {
			continue
		}
		named = named || c == userColumn
		if err := columns[c].set(&u, values); err != nil {
			faults = append(faults, f.fault(&u, c, "%s", detail(columns[c].name, err)))
		}
	}
	if !named {
		faults = append(faults, f.fault(&u, userColumn, "missing; want an address such as alice@example.com"))
	}
	f.Users = append(f.Users, u)
	return faults
}

// blanks are cut off at both ends of a cell, unless they are part of a text.
const blanks = " \t\r\n"

// cellValues returns the values in a cell, and whether it sets the field.
func (c column) cellValues(cell string) (values []string, set bool) {
	trimmed := strings.Trim(cell, blanks)
	switch {
	case trimmed == "":
		return nil, false
	case trimmed == empty:
		return nil, true
	case !c.isText:
		cell = trimmed
	}
	if cell[0] == '\'' && needsApostrophe(cell[1:]) {
		cell = cell[1:]
	}
	if c.split != nil {
		return c.split(cell), true
	}
	return []string{cell}, true
}

// cell returns the cell of which cellValues returns the values.
func (c column) cell(values []string) string {
	if c.write != nil {
		values = slices.Clone(values)
		for i, v := range values {
			values[i] = c.write(v)
		}
	}
	cell := strings.Join(values, " ")
	switch {
	case cell == "":
		return empty
	case needsApostrophe(cell):
		return "'" + cell
	}
	return cell
}

// needsApostrophe reports whether an apostrophe is written before a text, because a spreadsheet or
// cellValues would not take it for that text.
func needsApostrophe(text string) bool {
	trimmed := strings.Trim(text, blanks)
	return text != "" && (strings.IndexByte(formulaStarts, text[0]) >= 0 || trimmed == "" || trimmed == empty)
}
