package provision

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// settings are what a file says, by the name of the setting: the key of a line of key = value, an
// attribute whose name has a dot, as those of Poly's have, and the path of an element without
// children. An element's name is followed by its attribute index, idx or name.
type settings map[string]string

// set adds a setting. That a file sets one twice is a sign that a value wrote a setting of its own.
func (s settings) set(name, value string) error {
	if _, ok := s[name]; ok {
		return fmt.Errorf("%s is set twice", name)
	}
	s[name] = value
	return nil
}

// yealinkHeader is the first line of each of Yealink's files.
const yealinkHeader = "#!version:1.0.0.1"

// readKeyValue reads a file of lines of key = value.
func readKeyValue(content []byte) (settings, error) {
	s := settings{}
	for i, text := range strings.Split(string(content), "\n") {
		text = strings.TrimSpace(text)
		if i == 0 && text != yealinkHeader {
			return nil, fmt.Errorf("line 1: want %s", yealinkHeader)
		}
		if text == "" || text[0] == '#' || strings.HasPrefix(text, "include:config ") {
			continue
		}
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("line %d: want key = value", i+1)
		}
		if err := s.set(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return s, nil
}

// readXML reads a file of XML, which must have one element at the top.
func readXML(content []byte) (settings, error) {
	r := xmlReader{settings: settings{}}
	decoder := xml.NewDecoder(bytes.NewReader(content))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.read(token)
		}
		if err != nil {
			return nil, err
		}
	}
	if r.tops != 1 {
		return nil, errors.New("want one element at the top")
	}
	return r.settings, nil
}

// xmlReader reads settings from the tokens of XML.
type xmlReader struct {
	settings settings
	tops     int // elements at the top
	open     []element
}

// element is one that has begun.
type element struct {
	path     string
	text     string
	children bool
}

func (r *xmlReader) read(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		return r.start(token)
	case xml.CharData:
		if n := len(r.open); n > 0 {
			r.open[n-1].text += string(token)
		}
	case xml.EndElement:
		e := r.open[len(r.open)-1]
		r.open = r.open[:len(r.open)-1]
		if !e.children && e.path != "" {
			return r.settings.set(e.path, e.text)
		}
	}
	return nil
}

// start begins an element. The one at the top is not part of the paths.
func (r *xmlReader) start(token xml.StartElement) error {
	path := token.Name.Local
	for _, a := range token.Attr {
		switch name := a.Name.Local; {
		case name == "index" || name == "idx" || name == "name":
			path += "#" + a.Value
		case strings.Contains(name, "."):
			if err := r.settings.set(name, a.Value); err != nil {
				return err
			}
		}
	}
	if len(r.open) == 0 {
		r.tops++
		path = ""
	} else {
		around := &r.open[len(r.open)-1]
		around.children = true
		path = strings.TrimPrefix(around.path+"/"+path, "/")
	}
	r.open = append(r.open, element{path: path})
	return nil
}

// lineNames are the names of the settings of a line.
type lineNames struct{ on, user, auth, password, server string }

// namesOfLine returns the names of the settings of a line with secrets in a vendor's file.
func namesOfLine(vendor string, number int) lineNames {
	n := strconv.Itoa(number)
	switch vendor {
	case Yealink:
		a := "account." + n + "."
		return lineNames{a + "enable", a + "user_name", a + "auth_name", a + "password", a + "sip_server.1.address"}
	case Snom:
		of := func(name string) string { return "phone-settings/" + name + "#" + n }
		return lineNames{of("user_active"), of("user_name"), of("user_pname"), of("user_pass"), of("user_host")}
	case Poly:
		r := "reg." + n + "."
		return lineNames{r + "server.1.register", r + "address", r + "auth.userId", r + "auth.password", r + "server.1.address"}
	case Grandstream:
		p, err := pValuesOf(number)
		if err != nil {
			return lineNames{}
		}
		return lineNames{"config/" + p.On, "config/" + p.User, "config/" + p.Auth, "config/" + p.Password, "config/" + p.Server}
	case Grandstream2:
		a := "config/item#account." + n + "."
		return lineNames{a + "enable", a + "sip.userid", a + "sip.subscriber.userid", a + "sip.subscriber.password", a + "sip.server.1.address"}
	}
	l := "sip/line#" + n + "/"
	return lineNames{l + "EnableReg", l + "PhoneNumber", l + "RegisterUser", l + "RegisterPswd", l + "RegisterAddr"}
}
