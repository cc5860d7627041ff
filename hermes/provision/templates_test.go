package provision_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hermes-voip/go-hermes/hermes/provision"
)

// folder returns a folder of templates.
func folder(files map[string]string) fstest.MapFS {
	dir := fstest.MapFS{}
	for name, text := range files {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return dir
}

// oneLine is a template for Yealink's phones that have one line.
const oneLine = `#!version:1.0.0.1
# of the operator
{{with index .Lines 0 -}}
account.1.enable = {{if .On}}1{{else}}0{{end}}
account.1.user_name = {{.User}}
account.1.auth_name = {{.Auth}}
account.1.password = {{.Password}}
account.1.sip_server.1.address = {{.Server}}
account.1.dialplan.digitmap.string = {{.Dialplan}}
{{end}}`

func TestLoad(t *testing.T) {
	t.Parallel()
	templates, err := provision.Load(folder(map[string]string{
		"yealink/MAC.cfg":        oneLine,
		"yealink/dialplan/local": "[2-9]xx|0.\n",
		"snom/dialplan/local":    "|^([0-9]+)$|sip:\\1@\\d|",
		".git/config":            "not a vendor",
		"yealink/..data/x":       "not a file of a vendor",
	}))
	if err != nil {
		t.Fatal(err)
	}
	f := phoneOf(lineOf(1))
	f.Lines[0].Dialplan = "local"
	render := func(vendor string) string {
		t.Helper()
		content, err := templates.Render(vendor, templates.File(vendor, f.MAC), f)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	if got := render("yealink"); !strings.Contains(got, "# of the operator\n") || !strings.Contains(got, "digitmap.string = [2-9]xx|0.\n") {
		t.Errorf("%s\nwant the operator's template and dialplan", got)
	}
	if got := render("snom"); !strings.Contains(got, `<user_dp_str idx="1" perm="RW">|^([0-9]+)$|sip:\1@\d|</user_dp_str>`) {
		t.Errorf("%s\nwant the embedded template with the operator's dialplan", got)
	}
	if got, want := render("poly"), string(mustRender(t, "poly", f)); got != want {
		t.Errorf("%s\nwant the embedded template", got)
	}
	if strings.Contains(render("poly"), "digitmap") {
		t.Error("poly has a dialplan, which the operator did not say")
	}
}

// TestLoad_Refuses: a wrong template is refused, and the error names the file and the fault.
func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	snom := func(line string) string {
		return `<settings><phone-settings>{{range .Lines}}` + line + `{{end}}</phone-settings></settings>`
	}
	const snomLine = `<user_active idx="{{.Number}}">{{if .On}}on{{else}}off{{end}}</user_active>` +
		`<user_name idx="{{.Number}}">{{xml .User}}</user_name><user_pname idx="{{.Number}}">{{xml .Auth}}</user_pname>` +
		`<user_pass idx="{{.Number}}">{{xml .Password}}</user_pass><user_host idx="{{.Number}}">{{.Server}}</user_host>`
	if _, err := provision.Load(folder(map[string]string{"snom/MAC.xml": snom(snomLine)})); err != nil {
		t.Fatal(err) // the rows below change one thing of it
	}
	for _, row := range []struct{ file, text, want, why string }{
		{"snom/MAC.xml", snom(strings.ReplaceAll(snomLine, "xml .Password", ".Password")), "not well-formed", "the password is not escaped"},
		{"snom/MAC.xml", snom(strings.ReplaceAll(snomLine, "xml .User", "js .User")), "want the user in phone-settings/user_name#1", "another escape"},
		{"snom/MAC.xml", snom(strings.ReplaceAll(snomLine, "{{xml .Auth}}", "")), "want the name for authentication", "a value is missing"},
		{"snom/MAC.xml", snom(strings.ReplaceAll(snomLine, "{{if .On}}on{{else}}off{{end}}", "on")), "line 3 has no user: want it off", "lines are never off"},
		{"snom/MAC.xml", snom(strings.ReplaceAll(snomLine, "{{.Number}}", "1")), "set twice", "each line is the first one"},
		{"snom/MAC.xml", snom(""), "line 1 is missing", "no line"},
		{"snom/MAC.xml", "<settings/><settings/>", "want one element at the top", "two documents"},
		{"snom/MAC.xml", "", "want one element at the top", "empty"},
		{"snom/MAC.xml", "{{range .Lines}}", "unexpected EOF", "no template"},
		{"snom/MAC.xml", "<a>{{.Nothing}}</a>", "can't evaluate field Nothing", "no such data"},
		{"snom/MAC.xml", "<a>{{nothing}}</a>", `function "nothing" not defined`, "no such function"},
		{"yealink/MAC.cfg", "\n" + oneLine, "line 1: want #!version:1.0.0.1", "the first line"},
		{"yealink/MAC.cfg", oneLine + "account.1.password = x\n", "account.1.password is set twice", "a setting twice"},
		{"yealink/MAC.cfg", oneLine + "nothing\n", "want key = value", "no setting"},
		{"yealink/y000000000000.boot", "overwrite_mode = 1", "line 1: want #!version:1.0.0.1", "also a file without secrets"},
		{"yealink/mac.cfg", oneLine, "want a file of this vendor: MAC.cfg, y000000000000.boot", "another name"},
		{"yealink/dialplan/local", "a\nb", "control characters", "more than a line"},
		{"cisco/MAC.cfg", "", "want folders with the names of vendors", "not a vendor of ours"},
		{"MAC.cfg", "", "want folders with the names of vendors", "not in a folder"},
		{"poly/MAC-hermes.cfg", strings.Repeat(" ", 1<<20+1), "at most 1048576 bytes", "too large"},
	} {
		_, err := provision.Load(folder(map[string]string{row.file: row.text}))
		name, _, _ := strings.Cut(row.file, "/")
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error %v, want one with %q: %s", row.file, err, row.want, row.why)
		}
		if name := filepath.Base(row.file); err != nil && !strings.Contains(err.Error(), name) && !strings.Contains(row.want, "folders") {
			t.Errorf("%s: error %v, want the file's name in it", row.file, err)
		}
	}
}

// The embedded templates pass the check of an operator's, and a folder may be mounted by symbolic
// links.
func TestLoad_Embedded(t *testing.T) {
	t.Parallel()
	if _, err := provision.Load(os.DirFS("templates")); err != nil {
		t.Error(err)
	}
	dir := t.TempDir()
	embedded, err := filepath.Abs("templates")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "snom"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(embedded, "snom", "MAC.xml"), filepath.Join(dir, "snom", "MAC.xml")); err != nil {
		t.Fatal(err)
	}
	if _, err := provision.Load(os.DirFS(dir)); err != nil {
		t.Error(err)
	}
	if _, err := provision.Load(os.DirFS(filepath.Join(dir, "missing"))); err == nil {
		t.Error("no error for a folder that does not exist")
	}
}
