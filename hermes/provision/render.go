package provision

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"github.com/hermes-voip/go-hermes/hermes"
)

// data is what a template gets.
type data struct {
	MAC   string // 12 digits in lower case
	URL   string // without a slash at the end; empty if the file does not say one
	Model string
	Lines []line // all lines that the vendor's phones have, in order
}

// line is a line of a phone. Of a line that is off only Number is set.
type line struct {
	Number      int
	On          bool
	Label       string
	DisplayName string
	User        string
	Domain      string
	Auth        string
	Password    string
	Server      string // the SIP server, which is the domain
	Port        int
	Proxy       string // empty if there is none
	ProxyPort   int
	Dialplan    string // what the dialplan is for this vendor; empty if the operator has not said it
}

// Render returns the file with secrets of a vendor's phone that has these lines, by the embedded
// templates. The file says no address to look for files; see [Templates.Render] for that. Lines
// that are not given are off.
func Render(vendor string, lines []hermes.FileLine) ([]byte, error) {
	t := Embedded()
	for _, r := range files {
		if r.vendor == vendor && r.kind == Secret {
			return t.render(vendor, r.template, hermes.PhoneFile{Lines: lines})
		}
	}
	return nil, fmt.Errorf("provision: vendor %q: want one of %s", vendor, vendorNames())
}

// Render implements [hermes.PhoneRenderer]. It also returns the files of the kind [Common], for
// which f is not used.
func (t *Templates) Render(vendor, file string, f hermes.PhoneFile) ([]byte, error) {
	if _, ok := vendorNamed(vendor); !ok {
		return nil, fmt.Errorf("provision: vendor %q: want one of %s", vendor, vendorNames())
	}
	c, ok := classify(vendor, file)
	if !ok || c.Kind == Vain {
		return nil, fmt.Errorf("provision: %s has no file %q", vendor, file)
	}
	if c.Kind == Common {
		return t.render(vendor, c.template, hermes.PhoneFile{})
	}
	if c.MAC != f.MAC {
		return nil, fmt.Errorf("provision: file %q is not of phone %s", file, f.MAC)
	}
	return t.render(vendor, c.template, f)
}

func (t *Templates) render(vendorName, name string, f hermes.PhoneFile) ([]byte, error) {
	v, _ := vendorNamed(vendorName)
	if err := v.check(f); err != nil {
		return nil, fmt.Errorf("provision: %s: %w", vendorName, err)
	}
	var out bytes.Buffer
	if err := t.templates[vendorName+"/"+name].Execute(&out, t.data(v, f)); err != nil {
		return nil, fmt.Errorf("provision: %w", err)
	}
	return out.Bytes(), nil
}

// data returns what the templates of a vendor get. It has a line for each that the vendor's phones
// have.
func (t *Templates) data(v vendor, f hermes.PhoneFile) data {
	d := data{MAC: f.MAC.String(), URL: strings.TrimSuffix(f.URL.Reveal(), "/"), Model: f.Model}
	for n := range v.lines() {
		d.Lines = append(d.Lines, line{Number: n + 1})
	}
	for _, l := range f.Lines {
		if l.On && l.Number <= v.lines() {
			d.Lines[l.Number-1] = t.line(v, l)
		}
	}
	return d
}

func (t *Templates) line(v vendor, l hermes.FileLine) line {
	out := line{
		Number:      l.Number,
		On:          true,
		Label:       l.Label,
		DisplayName: l.DisplayName,
		User:        l.User,
		Domain:      l.Domain.String(),
		Auth:        l.Auth,
		Password:    l.Password.Reveal(),
		Server:      l.Domain.String(),
		Port:        l.Port,
		Dialplan:    t.dialplans[v.name+"/"+l.Dialplan],
	}
	if !l.Proxy.IsZero() {
		out.Proxy, out.ProxyPort = l.Proxy.String(), l.ProxyPort
	}
	return out
}

// functions are the functions of templates.
func functions() template.FuncMap {
	return template.FuncMap{
		"xml":         escape,
		"hostport":    hostPort,
		"https":       func(url string) bool { return strings.HasPrefix(url, "https://") },
		"noscheme":    noScheme,
		"grandstream": pValuesOf,
	}
}

// escape escapes a text for an element or an attribute of XML.
func escape(text string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(text))
	return b.String(), err
}

// hostPort joins a host and a port. A port of 0 is left out.
func hostPort(host string, port int) string {
	if port == 0 {
		return host
	}
	return host + ":" + strconv.Itoa(port)
}

// noScheme returns a URL without https:// or http://.
func noScheme(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		return rest
	}
	return url
}

// pValues are the names of the elements by which a Grandstream phone reads a line.
type pValues struct{ On, Label, DisplayName, User, Auth, Password, Server, Proxy, Dialplan string }

// pValuesOf returns the names for a line, 1 to 6. The lines from the second one on have blocks of
// numbers of the same order. Grandstream, "Configuration Template for GXP21xx".
func pValuesOf(number int) (pValues, error) {
	if number == 1 {
		return pValues{
			On: "P271", Label: "P270", DisplayName: "P3", User: "P35", Auth: "P36", Password: "P34",
			Server: "P47", Proxy: "P48", Dialplan: "P290",
		}, nil
	}
	blocks := []int{400, 500, 600, 1700, 1800}
	if number < 1 || number-2 >= len(blocks) {
		return pValues{}, fmt.Errorf("line %d: want 1 to %d", number, len(blocks)+1)
	}
	p := func(offset int) string { return "P" + strconv.Itoa(blocks[number-2]+offset) }
	return pValues{
		On: p(1), Label: p(17), DisplayName: p(7), User: p(4), Auth: p(5), Password: p(6),
		Server: p(2), Proxy: p(3), Dialplan: p(59),
	}, nil
}
