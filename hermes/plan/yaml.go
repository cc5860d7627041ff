package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxAliased is how many values the YAML aliases of a file can name.
const maxAliased = 1_000_000

// yamlParser adds the users of a YAML file.
type yamlParser struct {
	file    *File
	lines   int // of the text
	faults  Faults
	aliased int // values that YAML aliases have named
}

// parseYAML adds the users of a YAML file.
func (f *File) parseYAML(text []byte) Faults {
	p := &yamlParser{file: f, lines: 1 + bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r"))}
	if !utf8.Valid(text) {
		return p.notUTF8(text)
	}
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return p.broken(err)
	}
	var document, next yaml.Node
	switch err := loader.Load(&document); {
	case err == io.EOF:
		return Faults{{File: f.Name, Line: 1, Column: 1, Detail: "want a list under users:"}}
	case err != nil:
		return p.broken(err)
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
		return Faults{{File: f.Name, Line: 1, Column: 1, Detail: "want a list under users:"}}
	}
	p.root(document.Content[0])
	switch err := loader.Load(&next); {
	case err == nil:
		p.fault(&next, "", "want one document")
	case err != io.EOF:
		p.broken(err)
	}
	return p.faults
}

// notUTF8 adds a fault for the first line that is not UTF-8.
func (p *yamlParser) notUTF8(text []byte) Faults {
	line := 1
	for l := range bytes.Lines(text) {
		if !utf8.Valid(l) {
			break
		}
		line++
	}
	p.faults = append(p.faults, Fault{File: p.file.Name, Line: line, Detail: "the text is not UTF-8"})
	return p.faults
}

// broken adds what is no YAML.
func (p *yamlParser) broken(err error) Faults {
	fault := Fault{File: p.file.Name, Line: 1, Detail: strings.ReplaceAll(err.Error(), "\n", " ")}
	if e, ok := errors.AsType[*yaml.LoadError](err); ok {
		fault.Line, fault.Column, fault.Detail = p.line(max(1, e.Mark.Line)), e.Mark.Column, e.Message
	}
	p.faults = append(p.faults, fault)
	return p.faults
}

// line returns the number of a line, or of the last one if the text has fewer: the end of the text
// is on a line after it, and YAML has line breaks that editors do not count.
func (p *yamlParser) line(n int) int { return min(n, p.lines) }

func (p *yamlParser) fault(n *yaml.Node, field, format string, args ...any) {
	p.faults = append(p.faults, Fault{
		File: p.file.Name, Line: p.line(n.Line), Column: n.Column, Field: field, Detail: fmt.Sprintf(format, args...),
	})
}

// resolve returns the node that an alias names, and any other node as it is.
func (p *yamlParser) resolve(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.AliasNode {
		return n
	}
	if p.aliased += 1 + len(n.Alias.Content); p.aliased > maxAliased {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"} // which is a fault
	}
	return n.Alias
}

func (p *yamlParser) root(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		p.fault(n, "", "want a list under users:")
		return
	}
	found := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Value != "users":
			p.fault(key, "", "unknown key %q; want users", key.Value)
		case found:
			p.fault(key, "", "a second key %q", key.Value)
		case value.Kind != yaml.SequenceNode:
			p.fault(value, "", "want a list under users:")
			found = true
		default:
			found = true
			for j, entry := range value.Content {
				p.user(entry)
				value.Content[j] = nil // so that its memory can be used again
			}
		}
	}
	if !found {
		p.fault(n, "", "want a list under users:")
	}
	if p.aliased > maxAliased {
		p.fault(n, "", "the YAML aliases name more than %d values", maxAliased)
	}
}

// user adds the user of an entry.
func (p *yamlParser) user(entry *yaml.Node) {
	n := p.resolve(entry)
	if n.Kind != yaml.MappingNode {
		p.fault(entry, "", "want a mapping with a key user")
		return
	}
	u := User{Line: p.line(entry.Line)}
	var seen [columnCount]bool
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		c, ok := columnNamed(key.Value)
		if !ok || key.Kind != yaml.ScalarNode {
			p.fault(key, "", "unknown key %q; want one of %s", key.Value, columnNames())
			continue
		}
		if seen[c] {
			p.fault(key, "", "a second key %q", key.Value)
			continue
		}
		seen[c] = true
		if n == entry { // otherwise it is elsewhere in the file
			u.lines[c], u.columns[c] = p.line(value.Line)-u.Line, value.Column
		}
		values, err := p.values(columns[c], value)
		if err == nil {
			err = columns[c].set(&u, values)
		}
		if err != nil {
			p.fault(value, columns[c].name, "%s", detail(columns[c].name, err))
		}
	}
	if !seen[userColumn] {
		p.fault(entry, columns[userColumn].name, "missing; want an address such as alice@example.com")
	}
	p.file.Users = append(p.file.Users, u)
}

// values returns the values of a field. They are none if it is emptied.
func (p *yamlParser) values(c column, value *yaml.Node) (values []string, err error) {
	n := p.resolve(value)
	if n.Kind == yaml.ScalarNode {
		text, err := scalar(n)
		switch {
		case err != nil, text == "":
			return nil, err
		case c.split != nil:
			return c.split(text), nil
		}
		return []string{text}, nil
	}
	if n.Kind != yaml.SequenceNode || c.split == nil {
		return nil, errors.New("want one value")
	}
	for _, item := range n.Content {
		text, err := scalar(p.resolve(item))
		if err != nil {
			return nil, err
		}
		values = append(values, text)
	}
	return values, nil
}

func scalar(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode {
		return "", errors.New("want one value")
	}
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!timestamp":
		return n.Value, nil
	case "!!null":
		return "", errors.New(`no value; want one, or "" to empty the field`)
	}
	return "", fmt.Errorf("a value of the type %s; want a text", n.ShortTag())
}

// yamlEntry returns a user as an entry of the list.
func yamlEntry(u *User) *yaml.Node {
	entry := &yaml.Node{Kind: yaml.MappingNode}
	for i := range columns {
		c := columns[i]
		values, isSet := c.get(u)
		if !isSet {
			continue
		}
		value := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, v := range values {
			value.Content = append(value.Content, yamlText(v))
		}
		switch {
		case c.isBool:
			value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: values[0]}
		case c.split == nil:
			value = yamlText(strings.Join(values, ""))
		}
		entry.Content = append(entry.Content, yamlText(c.name), value)
	}
	return entry
}

func yamlText(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }
