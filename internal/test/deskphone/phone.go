package deskphone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/hermes-voip/go-hermes/mac"
)

// Phone is a desk phone.
type Phone struct {
	Vendor string
	MAC    mac.Addr
	// HTTP fetches its files. Defaults to http.DefaultClient.
	HTTP *http.Client
}

// Refused is the error of a file that was not given.
type Refused struct {
	Name string
	Code int
}

// Error implements error. The address is not part of it, since it has a key.
func (e *Refused) Error() string { return fmt.Sprintf("deskphone: %s: HTTP status %d", e.Name, e.Code) }

// UserAgent returns what the phone says of itself.
func (p Phone) UserAgent() string {
	digits := p.MAC.String()
	var pairs []string
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return map[string]string{
		"yealink":      "Yealink SIP-T46S 66.84.0.15 " + strings.Join(pairs, ":"),
		"snom":         "Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 2010.12-00001-gd311851f1 (Feb 25 2019 - 14:19:43) " + strings.ToUpper(digits) + " SXM:0 UXM:0 UXMC:0)",
		"poly":         "FileTransport PolycomVVX-VVX_411-UA/5.9.0.9373 Type/Application",
		"grandstream":  "Grandstream Model HW GXP2170 SW 1.0.11.79 DevId " + digits,
		"grandstream2": "Grandstream Model HW GRP2614 SW 1.0.5.15 DevId " + digits,
		"fanvil":       "Fanvil X4U 2.12.2.4 " + digits,
	}[p.Vendor]
}

// Configure asks for files below a URL in the order in which the phone does when it starts, and
// returns what the file with secrets says. If that is not given, the error is a *Refused.
func (p Phone) Configure(ctx context.Context, url string) (File, error) {
	switch digits := p.MAC.String(); p.Vendor {
	case "yealink":
		return p.bootFile(ctx, url, digits+".boot")
	case "snom":
		if _, err := p.fetch(ctx, url, "snomD785.htm"); err != nil {
			return File{}, err
		}
		return p.last(ctx, url, "snomD785-"+strings.ToUpper(digits)+".htm")
	case "poly":
		return p.masterFile(ctx, url, digits+".cfg")
	case "grandstream", "grandstream2":
		return p.last(ctx, url, "cfg"+digits, "cfg"+digits+".xml")
	case "fanvil":
		return p.last(ctx, url, "f0X4Uhw1.0.cfg", digits+".cfg")
	}
	return File{}, fmt.Errorf("deskphone: vendor %q is not known", p.Vendor)
}

// last asks for files of which only the last one has to exist, and reads that.
func (p Phone) last(ctx context.Context, url string, names ...string) (File, error) {
	for i, name := range names {
		content, err := p.fetch(ctx, url, name)
		if i == len(names)-1 {
			if err != nil {
				return File{}, err
			}
			return Read(p.Vendor, content)
		}
		if refused := (*Refused)(nil); err != nil && !errors.As(err, &refused) {
			return File{}, err
		}
	}
	return File{}, errors.New("deskphone: no name")
}

// bootFile reads a Yealink phone's boot file and the files that it includes.
func (p Phone) bootFile(ctx context.Context, url, name string) (File, error) {
	content, err := p.fetch(ctx, url, name)
	if err != nil {
		return File{}, err
	}
	boot, err := readKeyValue(content)
	if err != nil {
		return File{}, err
	}
	if boot["overwrite_mode"] != "1" {
		return File{}, errors.New("deskphone: empty values do not overwrite what the phone has")
	}
	included := strings.ReplaceAll(boot[includes], "$MAC", p.MAC.String())
	return p.last(ctx, url, strings.Fields(included)...)
}

// masterFile reads a Poly phone's master file and the files that it names, and asks for those that
// hold what was changed on the phone.
func (p Phone) masterFile(ctx context.Context, url, name string) (File, error) {
	content, err := p.fetch(ctx, url, name)
	if err != nil {
		return File{}, err
	}
	master, err := readXML(content)
	if err != nil {
		return File{}, err
	}
	named := strings.ReplaceAll(master["CONFIG_FILES"], "[PHONE_MAC_ADDRESS]", p.MAC.String())
	asked := []string{p.MAC.String() + "-phone.cfg", p.MAC.String() + "-web.cfg", p.MAC.String() + "-license.cfg"}
	return p.last(ctx, url, append(asked, strings.Split(named, ",")...)...)
}

// fetch returns the content of a file.
func (p Phone) fetch(ctx context.Context, url, name string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/"+name, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", p.UserAgent())
	client := p.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = &Refused{Name: name, Code: res.StatusCode}
	}
	return content, err
}
