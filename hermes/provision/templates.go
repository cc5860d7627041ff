package provision

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"
)

//go:embed templates
var embedded embed.FS

// Templates make files of the vendors' templates. They do not change, so that they may be used by
// several goroutines at once.
type Templates struct {
	templates map[string]*template.Template // by vendor/name
	dialplans map[string]string             // by vendor/name
}

// Embedded returns the templates that are part of the program.
func Embedded() *Templates {
	t := &Templates{templates: map[string]*template.Template{}, dialplans: map[string]string{}}
	for _, r := range files {
		if r.template == "" {
			continue
		}
		name := r.vendor + "/" + r.template
		text, err := embedded.ReadFile("templates/" + name)
		if err != nil {
			panic(err) // each row has one, as a test checks
		}
		t.templates[name] = template.Must(parse(name, string(text)))
	}
	return t
}

func parse(name, text string) (*template.Template, error) {
	return template.New(name).Option("missingkey=error").Funcs(functions()).Parse(text)
}

// maxTemplate is the size of the largest file that is read.
const maxTemplate = 1 << 20

// Load returns the embedded templates, with those in the place of some that a folder has. Its
// folders are vendors, and their files are templates with the names of the embedded ones, such as
// yealink/MAC.cfg. A file yealink/dialplan/NAME is what the dialplan NAME of a user is for phones
// of that vendor; it is a line of text and no template. Names that begin with a dot are skipped.
//
// Each template is checked: it must render a phone's lines to a file that is well-formed and from
// which the same lines can be read. The error names the file and says what is wrong.
func Load(dir fs.FS) (*Templates, error) {
	t := Embedded()
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("provision: %w", err)
	}
	for _, e := range entries {
		if hidden(e.Name()) {
			continue
		}
		if _, ok := vendorNamed(e.Name()); !ok {
			return nil, fmt.Errorf("provision: %s: want folders with the names of vendors: %s", e.Name(), vendorNames())
		}
		if err := t.loadVendor(dir, e.Name()); err != nil {
			return nil, fmt.Errorf("provision: %w", err)
		}
	}
	return t, nil
}

// hidden reports whether a name is skipped. Kubernetes mounts files by way of ..data.
func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func (t *Templates) loadVendor(dir fs.FS, vendor string) error {
	entries, err := fs.ReadDir(dir, vendor)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(vendor, e.Name())
		switch {
		case hidden(e.Name()):
		case e.Name() == "dialplan":
			err = t.loadDialplans(dir, vendor)
		case t.templates[name] == nil:
			err = fmt.Errorf("%s: want a file of this vendor: %s", name, strings.Join(t.namesOf(vendor), ", "))
		default:
			err = t.loadTemplate(dir, vendor, e.Name())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// namesOf returns the names of a vendor's templates.
func (t *Templates) namesOf(vendor string) []string {
	var names []string
	for name := range t.templates {
		if rest, ok := strings.CutPrefix(name, vendor+"/"); ok {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names
}

// loadTemplate replaces a template by a file's.
func (t *Templates) loadTemplate(dir fs.FS, vendor, base string) error {
	name := path.Join(vendor, base)
	text, err := readFile(dir, name)
	if err != nil {
		return err
	}
	parsed, err := parse(name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	t.templates[name] = parsed
	if err := t.checkTemplate(vendor, base); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (t *Templates) loadDialplans(dir fs.FS, vendor string) error {
	v, _ := vendorNamed(vendor)
	folder := path.Join(vendor, "dialplan")
	entries, err := fs.ReadDir(dir, folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if hidden(e.Name()) {
			continue
		}
		name := path.Join(folder, e.Name())
		text, err := readFile(dir, name)
		if err != nil {
			return err
		}
		text = strings.TrimRight(text, "\r\n")
		if err := v.checkText("text", text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t.dialplans[vendor+"/"+e.Name()] = text
	}
	return nil
}

// readFile returns the content of a file that is not large.
func readFile(dir fs.FS, name string) (string, error) {
	info, err := fs.Stat(dir, name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxTemplate {
		return "", fmt.Errorf("%s: want a file of at most %d bytes", name, maxTemplate)
	}
	text, err := fs.ReadFile(dir, name)
	return string(text), err
}
