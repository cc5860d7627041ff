package deskphone

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/orisano/gosax"
)

// readXML returns the settings of a file of XML: the texts of elements without children by their
// path below the one at the top, and attributes that are named with a dot. The attributes index,
// idx and name of an element are part of its path.
func readXML(content []byte) (map[string]string, error) {
	x := xmlFile{settings: map[string]string{}}
	r := gosax.NewReaderSize(bytes.NewReader(content), 1024)
	r.EmitSelfClosingTag = true
	for {
		event, err := r.Event()
		if err != nil {
			return nil, err
		}
		switch event.Type() {
		case gosax.EventStart:
			err = x.start(event.Bytes)
		case gosax.EventEnd:
			err = x.end(event.Bytes)
		case gosax.EventText:
			err = x.characters(event.Bytes)
		case gosax.EventEOF:
			return x.settings, x.finish()
		}
		if err != nil {
			return nil, err
		}
	}
}

// xmlFile is a file that is being read.
type xmlFile struct {
	settings map[string]string
	open     []*element
	tops     int
}

type element struct {
	name, step string
	text       string
	children   bool
}

func (x *xmlFile) set(name, value string) error {
	if _, ok := x.settings[name]; ok {
		return fmt.Errorf("%s is set twice", name)
	}
	x.settings[name] = value
	return nil
}

func (x *xmlFile) start(tag []byte) error {
	name, rest := gosax.Name(tag)
	e := &element{name: string(name), step: string(name)}
	for {
		var a gosax.Attribute
		var err error
		if a, rest, err = gosax.NextAttribute(rest); err != nil {
			return err
		}
		if len(a.Key) == 0 {
			break
		}
		if len(a.Value) < 2 {
			return fmt.Errorf("attribute %s of %s has no value", a.Key, e.name)
		}
		value, err := unescape(a.Value[1 : len(a.Value)-1])
		if err != nil {
			return err
		}
		switch key := string(a.Key); {
		case key == "index" || key == "idx" || key == "name":
			e.step += " " + value
		case strings.Contains(key, ".") || key == "CONFIG_FILES":
			if err := x.set(key, value); err != nil {
				return err
			}
		}
	}
	if len(x.open) == 0 {
		x.tops++
	} else {
		x.open[len(x.open)-1].children = true
	}
	x.open = append(x.open, e)
	return nil
}

func (x *xmlFile) end(tag []byte) error {
	name, _ := gosax.Name(tag)
	if len(x.open) == 0 || x.open[len(x.open)-1].name != string(name) {
		return fmt.Errorf("</%s> has no beginning", name)
	}
	var steps []string
	for _, e := range x.open[1:] {
		steps = append(steps, e.step)
	}
	e := x.open[len(x.open)-1]
	x.open = x.open[:len(x.open)-1]
	if e.children || len(steps) == 0 {
		return nil
	}
	return x.set(strings.Join(steps, "/"), e.text)
}

func (x *xmlFile) characters(text []byte) error {
	s, err := unescape(text)
	if err != nil {
		return err
	}
	if len(x.open) > 0 {
		x.open[len(x.open)-1].text += s
	} else if strings.TrimSpace(s) != "" {
		return fmt.Errorf("text outside of the element at the top")
	}
	return nil
}

func (x *xmlFile) finish() error {
	if len(x.open) != 0 || x.tops != 1 {
		return errors.New("want one element at the top, with an end")
	}
	return nil
}

// unescape also refuses a < in a value, which the parser passes.
func unescape(b []byte) (string, error) {
	if bytes.ContainsRune(b, '<') {
		return "", errors.New("a < is not escaped")
	}
	s, err := gosax.Unescape(bytes.Clone(b))
	return string(s), err
}
