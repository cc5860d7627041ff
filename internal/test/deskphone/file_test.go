package deskphone_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/deskphone"
	"github.com/hermes-voip/go-hermes/mac"
)

// snomFile returns a file whose first line is on.
func snomFile() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><settings><phone-settings>`)
	for n := 1; n <= 12; n++ {
		word, user := "off", ""
		if n == 1 {
			word, user = "on", "alice"
		}
		fmt.Fprintf(&b, `<user_active idx="%d">%s</user_active>`, n, word)
		for _, name := range []string{"user_idle_text", "user_realname", "user_name", "user_pname", "user_pass", "user_host", "user_outbound"} {
			fmt.Fprintf(&b, `<%s idx="%d">%s</%s>`, name, n, user, name)
		}
	}
	b.WriteString(`</phone-settings></settings>`)
	return b.String()
}

// TestRead_Faults: what a phone would read otherwise than it was meant is a fault.
func TestRead_Faults(t *testing.T) {
	t.Parallel()
	f, err := deskphone.Read("snom", []byte(snomFile()))
	if err != nil || len(f.Lines) != 1 || f.Lines[0].User != "alice" || len(f.Off) != 11 {
		t.Fatalf("%+v, %v; want line 1 on", f, err)
	}
	for _, row := range []struct{ vendor, old, new, why string }{
		{"snom", "alice</user_name>", "a<b</user_name>", "a < is not escaped"},
		{"snom", "alice</user_name>", "a&b</user_name>", "a & is not escaped"},
		{"snom", "alice</user_name>", "a&nothing;</user_name>", "XML has no such entity"},
		{"snom", `idx="2"`, `idx="1"`, "a setting twice"},
		{"snom", "</settings>", "", "no end"},
		{"snom", "</phone-settings>", "", "another end"},
		{"snom", "</settings>", "</settings><settings></settings>", "two at the top"},
		{"snom", "</settings>", "</settings>text", "text after the end"},
		{"snom", `<user_pass idx="1">alice</user_pass>`, "", "a setting is missing"},
		{"snom", `<user_pass idx="2"></user_pass>`, `<user_pass idx="2">x</user_pass>`, "a password of a line that is off"},
		{"snom", `<user_active idx="2">off`, `<user_active idx="2">no`, "no word of the vendor"},
		{"snom", `<user_host idx="1">alice`, `<user_host idx="1">a b`, "no domain"},
		{"yealink", snomFile(), "account.1.enable = 1\n", "no version"},
		{"yealink", snomFile(), "#!version:1.0.0.1\naccount.1.enable\n", "no value"},
		{"yealink", snomFile(), "#!version:1.0.0.1\na = 1\na = 2\n", "a setting twice"},
		{"cisco", "", "", "no such vendor"},
	} {
		content := strings.Replace(snomFile(), row.old, row.new, 1)
		if content == snomFile() && row.old != "" {
			t.Errorf("%s: nothing was changed", row.why)
		}
		if f, err := deskphone.Read(row.vendor, []byte(content)); err == nil {
			t.Errorf("%s: %+v, want an error", row.why, f)
		}
	}
}

// TestPhone_Configure: each vendor's phone asks for its own names, in the order of its maker.
func TestPhone_Configure(t *testing.T) {
	t.Parallel()
	for vendor, want := range map[string][]string{
		"yealink":      {"001122aabbcc.boot", "001122aabbcc.cfg"},
		"snom":         {"snomD785.htm", "snomD785-001122AABBCC.htm"},
		"poly":         {"001122aabbcc.cfg", "001122aabbcc-phone.cfg", "001122aabbcc-web.cfg", "001122aabbcc-license.cfg", "001122aabbcc-hello.cfg"},
		"grandstream":  {"cfg001122aabbcc", "cfg001122aabbcc.xml"},
		"grandstream2": {"cfg001122aabbcc", "cfg001122aabbcc.xml"},
		"fanvil":       {"f0X4Uhw1.0.cfg", "001122aabbcc.cfg"},
	} {
		var asked []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name := strings.TrimPrefix(r.URL.Path, "/KEY/")
			asked = append(asked, name)
			switch {
			case strings.HasSuffix(name, ".boot"):
				fmt.Fprint(w, "#!version:1.0.0.1\ninclude:config \"$MAC.cfg\"\noverwrite_mode = 1\n")
			case vendor == "poly" && name == "001122aabbcc.cfg":
				fmt.Fprint(w, `<APPLICATION CONFIG_FILES="[PHONE_MAC_ADDRESS]-hello.cfg"/>`)
			case name == "snomD785.htm":
				fmt.Fprint(w, `<settings/>`)
			default:
				http.NotFound(w, r)
			}
		}))
		defer server.Close()
		phone := deskphone.Phone{Vendor: vendor, MAC: mac.MustParse("001122aabbcc")}
		_, err := phone.Configure(context.Background(), server.URL+"/KEY")
		if refused := (*deskphone.Refused)(nil); !errors.As(err, &refused) || refused.Code != http.StatusNotFound || refused.Name != want[len(want)-1] {
			t.Errorf("%s: error %v, want that the last file is refused", vendor, err)
		}
		if d := cmp.Diff(want, asked); d != "" {
			t.Errorf("%s asks (-want +got)\n%s", vendor, d)
		}
	}
}
