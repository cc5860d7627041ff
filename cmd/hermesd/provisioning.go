package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/internal/doctor"
)

// provPrefix is the path below which desk phones get their files.
const provPrefix = "/prov"

// newPhoneHandler returns the handler of the files of desk phones.
func (s *server) newPhoneHandler() http.Handler {
	c := s.config
	overTLS := c.servesTLS() || c.behindTLSProxy
	opts := &provision.Options{
		Prefix:     provPrefix,
		Secure:     func(*http.Request) bool { return overTLS },
		Plain:      c.provPlain,
		ClientAddr: func(r *http.Request) netip.Addr { return api.ClientAddr(r, c.trustedProxies) },
		Logger:     s.log,
	}
	if s.metrics != nil {
		opts.Outcome = s.metrics.observePhone
	}
	return provision.New(s.client, s.phoneFiles, opts)
}

// parseWindow parses a duration that may be in days. 0 stands for none.
func parseWindow(s string) (time.Duration, error) {
	d, err := parseKeep(s)
	if err != nil {
		return 0, errors.New("want a duration such as 24h or 7d, or 0 for none")
	}
	return d, nil
}

// provisioningWindow returns the setting prov-window as [hermes.Options] has it.
func (c *config) provisioningWindow() time.Duration {
	if c.provWindow == 0 {
		return -1
	}
	return c.provWindow
}

// plainExposures returns a warning for each network of phones that get their passwords in clear and
// that is larger than any private network.
func (c *config) plainExposures() (warnings []string) {
	for _, p := range c.provPlain {
		if tooWide(p) {
			warnings = append(warnings, fmt.Sprintf("prov-plain has %s: the passwords of phones there cross the network in clear: "+
				"want the networks of your own phones only", p))
		}
	}
	return warnings
}

// examineProvisioning checks which phones get their files without TLS. It returns false if there is
// nothing to say.
func (c *config) examineProvisioning() (doctor.Finding, bool) {
	warnings := c.plainExposures()
	return doctor.Finding{Level: doctor.Warn, Check: "provisioning", Detail: strings.Join(warnings, "; "),
		Remedy: "set prov-plain to the networks of phones that cannot do TLS, or to none"}, len(warnings) > 0
}
