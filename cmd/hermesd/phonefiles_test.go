package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/mac"
)

// writeTemplate writes the template of Snom's files into a folder of templates.
func writeTemplate(t *testing.T, folder, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(folder, "snom"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "snom", "snomMODEL.htm"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPhoneFiles_Reload: a template that is wrong changes nothing.
func TestPhoneFiles_Reload(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p, err := (&config{provTemplates: folder}).openPhoneFiles()
	if err != nil {
		t.Fatal(err)
	}
	common := func() string {
		t.Helper()
		content, err := p.Render(provision.Snom, "snomD785.htm", hermes.PhoneFile{})
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	if !strings.Contains(common(), "<phone-settings>") {
		t.Errorf("%s, want the template in the program", common())
	}
	writeTemplate(t, folder, "<settings>1</settings>")
	if err := p.reload(); err != nil || common() != "<settings>1</settings>" {
		t.Errorf("%s, %v; want the operator's template", common(), err)
	}
	writeTemplate(t, folder, "<settings>2")
	if err := p.reload(); err == nil || common() != "<settings>1</settings>" {
		t.Errorf("%s, %v; want the one before, and an error", common(), err)
	}
	m := mac.MustParse("0004130a0b0c")
	if d := cmp.Diff([]string{"snom", "0004130a0b0c.xml"}, []string{p.VendorOf(m), p.File("snom", m)}); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestServer_Templates: hermesd reads the folder of templates again on SIGHUP.
func TestServer_Templates(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	writeTemplate(t, folder, "<settings/>")
	p := startHermesd(t, nil, "--db", "memory:", "--prov-templates", folder)
	p.signal(t, syscall.SIGHUP)
	p.waitForLine(t, "templates read again")
	writeTemplate(t, folder, "{{.Nothing}}")
	p.signal(t, syscall.SIGHUP)
	if line := p.waitForLine(t, "the previous ones stay in use"); !strings.Contains(line, "snom/snomMODEL.htm") {
		t.Errorf("%q, want the file's name in it", line)
	}
}
