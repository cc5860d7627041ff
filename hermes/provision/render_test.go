package provision_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestRender_Refuses: a value that a file cannot carry is refused with the name of its field, and
// the error does not show it.
func TestRender_Refuses(t *testing.T) {
	t.Parallel()
	const shown = "XYZZY"
	for _, row := range []struct {
		change  func(f *hermes.PhoneFile)
		want    string
		vendors string // "" means all
		why     string
	}{
		{func(f *hermes.PhoneFile) { f.Lines[0].DisplayName = shown + "\naccount.2.enable = 1" }, "line 1: display name", "", "a line break writes a setting"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Label = shown + "\r" }, "line 1: label", "", "a carriage return ends a line, too"},
		{func(f *hermes.PhoneFile) { f.Lines[0].User = shown + "\x00" }, "line 1: user", "", "XML has no NUL"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Auth = shown + "\t" }, "line 1: authentication name", "", "an attribute turns a tabulator into a space"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Password = hermes.NewSecret(shown + "\x7f") }, "line 1: password", "", "a control character"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Password = hermes.NewSecret(shown + "\xff") }, "line 1: password", "", "not UTF-8"},
		{func(f *hermes.PhoneFile) { f.Lines[0].DisplayName = shown + "\u0085" }, "line 1: display name", "", "the next line of ISO 6429"},
		{func(f *hermes.PhoneFile) { f.Lines[0].DisplayName = shown + "\u2028" }, "line 1: display name", "", "the line separator"},
		{func(f *hermes.PhoneFile) { f.Lines[0].DisplayName = shown + "\uffff" }, "line 1: display name", "", "encoding/xml would replace it"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Domain = sip.UncheckedDomain(shown + "\n") }, "line 1: domain", "", "a domain of another tool"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Proxy = sip.UncheckedDomain(shown + "\n") }, "line 1: proxy", "", "a proxy of another tool"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Dialplan = shown + "\n" }, "line 1: dialplan", "", "the name of a dialplan"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Port = 65536 }, "line 1: port", "", "no port"},
		{func(f *hermes.PhoneFile) { f.Lines[0].ProxyPort = -1 }, "line 1: proxy port", "", "no port"},
		{func(f *hermes.PhoneFile) { f.URL = hermes.NewSecret("https://example.com/" + shown + "\n") }, "URL", "", "the URL has a key"},
		{func(f *hermes.PhoneFile) { f.Model = shown + "\n" }, "model", "", "the phone says it"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Number = 0 }, "line 0: number", "", "lines begin at 1"},
		{func(f *hermes.PhoneFile) { f.Lines[1].Number = 17 }, "line 17: number", "", "more than a phone has"},
		{func(f *hermes.PhoneFile) { f.Lines[1].Number = 1 }, "line 1: number", "", "one line twice"},
		{func(f *hermes.PhoneFile) { f.MAC = mac.MustParse("001122aabbcd") }, "is not of phone", "", "another phone's file"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Password = hermes.NewSecret(" " + shown) }, "line 1: password", "yealink", "the phone cuts spaces"},
		{func(f *hermes.PhoneFile) { f.Lines[0].DisplayName = shown + "\u00a0" }, "line 1: display name", "yealink", "white space of Unicode"},
		{func(f *hermes.PhoneFile) { f.Lines[0].Password = hermes.NewSecret("%NULL%") }, "line 1: password", "yealink", "the phone takes it for nothing"},
	} {
		for vendor := range vendorLines {
			if row.vendors != "" && row.vendors != vendor {
				continue
			}
			templates, f := provision.Embedded(), phoneOf(lineOf(1), lineOf(2))
			name := templates.File(vendor, f.MAC)
			row.change(&f)
			content, err := templates.Render(vendor, name, f)
			if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), shown) {
				t.Errorf("%s: error %v, want one with %q: %s", vendor, err, row.want, row.why)
			}
			if content != nil {
				t.Errorf("%s: %d bytes, want none beside an error: %s", vendor, len(content), row.why)
			}
		}
	}
}

// A line that is off is not used, whatever its fields are.
func TestRender_Off(t *testing.T) {
	t.Parallel()
	suspended := lineOf(1)
	suspended.On, suspended.DisplayName = false, "\n"
	for vendor := range vendorLines {
		f := phoneOf(suspended, lineOf(2))
		content := mustRender(t, vendor, f)
		if strings.Contains(string(content), suspended.Password.Reveal()) {
			t.Errorf("%s: the file has the password of a line that is off", vendor)
		}
		wantReadBack(t, vendor, content, f)
	}
}

// A phone without an address of its own is not told one, and goes on asking DHCP.
func TestRender_NoURL(t *testing.T) {
	t.Parallel()
	for vendor := range vendorLines {
		f := phoneOf(lineOf(1))
		f.URL = hermes.Secret{}
		wantReadBack(t, vendor, mustRender(t, vendor, f), f)
		content, err := provision.Render(vendor, f.Lines)
		if err != nil {
			t.Fatal(err)
		}
		wantReadBack(t, vendor, content, f)
		f.URL = hermes.NewSecret("http://192.0.2.1:8080/prov/K")
		wantReadBack(t, vendor, mustRender(t, vendor, f), f)
	}
}

func TestRender_Names(t *testing.T) {
	t.Parallel()
	templates := provision.Embedded()
	f := phoneOf(lineOf(1))
	same := func(vendor, a, b string) {
		t.Helper()
		one, err := templates.Render(vendor, a, f)
		if err != nil {
			t.Fatal(err)
		}
		other, err := templates.Render(vendor, b, f)
		if err != nil || string(one) != string(other) {
			t.Errorf("%s: %s and %s differ, %v", vendor, a, b, err)
		}
	}
	same(provision.Snom, "001122AABBCC.xml", "snomD785-001122aabbcc.htm")
	same(provision.Snom, "?mac=001122AABBCC", "snom760-001122AABBCC.xml")
	same(provision.Yealink, "y000000000000.boot", "805ec0ffffff.boot")
	same(provision.Poly, "000000000000.cfg", "0004f2ffffff.cfg")

	for _, row := range []struct{ vendor, file, why string }{
		{"", "001122aabbcc.cfg", "no vendor"},
		{"cisco", "SEP001122AABBCC.cnf.xml", "not a vendor of ours"},
		{provision.Yealink, "y000000000028.cfg", "phones ask for it in vain"},
		{provision.Fanvil, "001122aabbcc.boot", "another vendor's name"},
		{provision.Yealink, "", "no name"},
	} {
		if content, err := templates.Render(row.vendor, row.file, f); err == nil {
			t.Errorf("%s %q: %d bytes, want an error: %s", row.vendor, row.file, len(content), row.why)
		}
	}
	if _, err := provision.Render("cisco", nil); err == nil || !strings.Contains(err.Error(), "yealink, snom") {
		t.Errorf("error %v, want one with the names of the vendors", err)
	}
}

// FuzzRender: whatever the names and the password are, a file is refused, or a phone reads the same
// lines out of it.
func FuzzRender(f *testing.F) {
	f.Add("Alice", "secret", "label")
	f.Add(`"<&>'`, "]]>", "--><!--")
	f.Add(" ", "%NULL%", "\n")
	f.Add("\ufffd\ufeff", "&#10;", "\x00\xff")
	templates := provision.Embedded()
	f.Fuzz(func(t *testing.T, name, password, label string) {
		for vendor := range vendorLines {
			l := lineOf(1)
			l.DisplayName, l.Password, l.Label, l.Auth, l.User = name, hermes.NewSecret(password), label, name, password
			phone := phoneOf(l)
			content, err := templates.Render(vendor, templates.File(vendor, phone.MAC), phone)
			if err == nil {
				wantReadBack(t, vendor, content, phone)
			}
		}
	})
}
