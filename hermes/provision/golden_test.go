package provision_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/internal/test/deskphone"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

var update = flag.Bool("update", false, "write what is rendered into the files of testdata/golden")

// vendorLines are the vendors and the number of lines that their files have.
var vendorLines = map[string]int{
	provision.Yealink: 16, provision.Snom: 12, provision.Poly: 16,
	provision.Grandstream: 6, provision.Grandstream2: 16, provision.Fanvil: 16,
}

// phoneOf returns a phone of a vendor that has these lines.
func phoneOf(lines ...hermes.FileLine) hermes.PhoneFile {
	return hermes.PhoneFile{
		MAC: mac.MustParse("001122aabbcc"), URL: hermes.NewSecret("https://hermes.example.com/prov/ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
		Lines: lines,
	}
}

// lineOf returns a line that registers by a proxy.
func lineOf(number int) hermes.FileLine {
	return hermes.FileLine{
		Number: number, On: true, Label: fmt.Sprint("Desk ", number), DisplayName: fmt.Sprint("Alice ", number),
		User: fmt.Sprint("alice", number), Auth: fmt.Sprint("auth", number), Domain: sip.MustParseDomain("example.com"),
		Password: hermes.NewSecret(fmt.Sprint("password-", number)),
		Proxy:    sip.MustParseDomain("proxy.example.com"), ProxyPort: 5070,
	}
}

// goldenCases are phones whose files are kept in testdata.
func goldenCases() map[string]hermes.PhoneFile {
	noProxy := lineOf(1)
	noProxy.Proxy, noProxy.ProxyPort, noProxy.Port = sip.Domain{}, 0, 5060
	hostile := lineOf(1)
	hostile.Label = `</user_idle_text><user_pass idx="1">x</user_pass>`
	hostile.DisplayName = `Ølga "the &amp; <b>" ]]> --> 'x' \" %s {{.URL}} $MAC [PHONE_MAC_ADDRESS] 電話`
	hostile.User, hostile.Auth = `o'hara&sons<>"=`, `account.1.enable = 0 #`
	hostile.Password = hermes.NewSecret(`p&<>"'=#;%n \ {mac} $mac é`)
	all := make([]hermes.FileLine, 0, 16)
	for n := range 16 {
		all = append(all, lineOf(n+1))
	}
	off := hermes.FileLine{Number: 2}
	return map[string]hermes.PhoneFile{
		"one line":      phoneOf(lineOf(1)),
		"two lines":     phoneOf(lineOf(1), off, lineOf(3)),
		"none left":     phoneOf(),
		"no proxy":      phoneOf(noProxy),
		"hostile names": phoneOf(hostile),
		"all lines":     phoneOf(all...),
	}
}

// TestRender_Golden: the files are those of testdata, and a phone reads the lines out of them that
// they were made of.
func TestRender_Golden(t *testing.T) {
	t.Parallel()
	for vendor := range vendorLines {
		for name, phone := range goldenCases() {
			t.Run(vendor+"/"+name, func(t *testing.T) {
				t.Parallel()
				content := mustRender(t, vendor, phone)
				wantGolden(t, filepath.Join("testdata", "golden", vendor, strings.ReplaceAll(name, " ", "-")), content)
				wantReadBack(t, vendor, content, phone)
			})
		}
	}
}

func mustRender(t *testing.T, vendor string, phone hermes.PhoneFile) []byte {
	t.Helper()
	templates := provision.Embedded()
	content, err := templates.Render(vendor, templates.File(vendor, phone.MAC), phone)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func wantGolden(t *testing.T, file string, content []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(content)); d != "" {
		t.Errorf("%s (-want +got; -update writes it)\n%s", file, d)
	}
}

// wantReadBack reads a file as a phone does, and checks that XML is also well-formed for the parser
// of the standard library.
func wantReadBack(t *testing.T, vendor string, content []byte, phone hermes.PhoneFile) {
	t.Helper()
	got, err := deskphone.Read(vendor, content)
	if err != nil {
		t.Fatalf("%v\n%s", err, content)
	}
	want := deskphone.File{URL: phone.URL.Reveal(), NoDHCP: !phone.URL.IsZero()}
	on := map[int]bool{}
	for _, l := range phone.Lines {
		if !l.On || l.Number > vendorLines[vendor] {
			continue
		}
		if vendor == provision.Fanvil {
			l.Label = "" // its phones have none
		}
		want.Lines, on[l.Number] = append(want.Lines, l), true
	}
	for n := range vendorLines[vendor] {
		if !on[n+1] {
			want.Off = append(want.Off, n+1)
		}
	}
	if d := cmp.Diff(want, got, compareValues()); d != "" {
		t.Errorf("read back (-want +got)\n%s", d)
	}
	if vendor != provision.Yealink {
		wantXML(t, content)
	}
}

// compareValues compares domains and secrets, whose fields cmp does not see, as == does.
func compareValues() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b sip.Domain) bool { return a == b }),
		cmp.Comparer(func(a, b hermes.Secret) bool { return a == b }),
	}
}

func wantXML(t *testing.T, content []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(content)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, content)
		}
	}
}
