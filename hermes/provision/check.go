package provision

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// sampleLines are lines whose texts have all characters that need to be escaped. A template that
// does not escape one of them makes a file that is not well-formed, or from which other lines are
// read.
func sampleLines() []hermes.FileLine {
	const hostile = `"<&>' ]]> --> %7e $x {{.}} ü`
	return []hermes.FileLine{{
		Number: 1, On: true, Label: "1" + hostile, DisplayName: "2" + hostile, User: "3" + hostile, Auth: "4" + hostile,
		Domain: sip.MustParseDomain("example.com"), Password: hermes.NewSecret("5" + hostile),
		Proxy: sip.MustParseDomain("proxy.example.com"), ProxyPort: 5070,
	}, {
		Number: 2, On: true, Label: "sample", DisplayName: "sample", User: "second", Auth: "second",
		Domain: sip.MustParseDomain("example.net"), Password: hermes.NewSecret("sample"), Port: 5062,
	}}
}

// checkTemplate renders samples by a template, and reads them back.
func (t *Templates) checkTemplate(vendor, name string) error {
	v, _ := vendorNamed(vendor)
	secret := slices.ContainsFunc(files, func(r row) bool {
		return r.vendor == vendor && r.template == name && r.kind == Secret
	})
	m := mac.MustParse("0004f2abcdef")
	for _, sample := range []hermes.PhoneFile{
		{MAC: m, URL: hermes.NewSecret("https://sample.example.com/prov/abc&def"), Model: "sample", Lines: sampleLines()},
		{MAC: m, Lines: sampleLines()[1:]},
		{MAC: m},
	} {
		content, err := t.render(vendor, name, sample)
		if err != nil {
			return err
		}
		said, err := v.read(content)
		if err != nil {
			return fmt.Errorf("a sample is not well-formed: %w", err)
		}
		if !secret {
			continue
		}
		if err := v.checkSample(said, sample.Lines); err != nil {
			return fmt.Errorf("a sample is read back otherwise: %w", err)
		}
	}
	return nil
}

// read reads a file of the vendor.
func (v vendor) read(content []byte) (settings, error) {
	if v.form == keyValue {
		return readKeyValue(content)
	}
	return readXML(content)
}

// checkSample compares what a file says with the lines that it was made of. A template may leave
// out lines that the operator's phones do not have, but not the first one.
func (v vendor) checkSample(said settings, lines []hermes.FileLine) error {
	for number := 1; number <= v.lines(); number++ {
		names := namesOfLine(v.name, number)
		on, ok := said[names.on]
		if !ok {
			if number == 1 {
				return fmt.Errorf("line 1 is missing: want %s", names.on)
			}
			continue
		}
		i := slices.IndexFunc(lines, func(l hermes.FileLine) bool { return l.Number == number })
		if i < 0 {
			if isOn(on) || said[names.password] != "" {
				return fmt.Errorf("line %d has no user: want it off, and without a password", number)
			}
			continue
		}
		if err := v.checkSampleLine(said, names, lines[i]); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return nil
}

func (v vendor) checkSampleLine(said settings, names lineNames, l hermes.FileLine) error {
	user, server := l.User, l.Domain.String()
	if v.name == Poly {
		user += "@" + server
	}
	host, _, _ := strings.Cut(said[names.server], ":")
	switch {
	case !isOn(said[names.on]):
		return errors.New("want it on")
	case said[names.user] != user:
		return fmt.Errorf("want the user in %s", names.user)
	case said[names.auth] != l.Auth:
		return fmt.Errorf("want the name for authentication in %s", names.auth)
	case said[names.password] != l.Password.Reveal():
		return fmt.Errorf("want the password in %s", names.password)
	case host != server:
		return fmt.Errorf("want the server in %s", names.server)
	}
	return nil
}

// isOn reports whether a vendor's word means on.
func isOn(word string) bool { return word == "1" || word == "on" || word == "Yes" }
