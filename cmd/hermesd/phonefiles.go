package main

import (
	"os"
	"sync/atomic"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/mac"
)

// phoneFiles makes the files of desk phones by templates that can be replaced while the server
// runs. It implements [hermes.PhoneRenderer].
type phoneFiles struct {
	folder  string // of the operator's templates; empty if there is none
	current atomic.Pointer[provision.Templates]
}

// openPhoneFiles returns the templates of the settings.
func (c *config) openPhoneFiles() (*phoneFiles, error) {
	p := &phoneFiles{folder: c.provTemplates}
	if err := p.reload(); err != nil {
		return nil, c.settingErrorf("prov-templates", "%q: %s", c.provTemplates, err)
	}
	return p, nil
}

// reload reads the templates again. If one is wrong, all of the current ones stay in use.
func (p *phoneFiles) reload() error {
	if p.folder == "" {
		p.current.Store(provision.Embedded())
		return nil
	}
	templates, err := provision.Load(os.DirFS(p.folder))
	if err == nil {
		p.current.Store(templates)
	}
	return err
}

func (p *phoneFiles) VendorOf(m mac.Addr) string { return p.current.Load().VendorOf(m) }

func (p *phoneFiles) File(vendor string, m mac.Addr) string { return p.current.Load().File(vendor, m) }

func (p *phoneFiles) Render(vendor, file string, f hermes.PhoneFile) ([]byte, error) {
	return p.current.Load().Render(vendor, file, f)
}
