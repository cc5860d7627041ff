package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// maxProbeText is more than the text of /readyz has.
const maxProbeText = 1 << 10

// runHealthcheck is the command healthcheck.
func (a *app) runHealthcheck(ctx context.Context, args []string) error {
	c, err := a.load(newFlagSet(), args)
	if err != nil {
		return err
	}
	if err := c.checkTLS(); err != nil {
		return err
	}
	if _, port, _ := net.SplitHostPort(c.listen); port == "0" {
		return c.settingErrorf("listen", "%q: port 0 is another one at each start: want the port of the server", c.listen)
	}
	text, err := c.askReady(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, text)
	return err
}

// askReady returns the text of /readyz, or an error with it if the server is not ready.
func (c *config) askReady(ctx context.Context) (text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*readyTimeout)
	defer cancel()
	url := "http://" + localAddress(c.listen) + "/readyz"
	// The certificate is that of a public name, and perhaps of an authority that this machine does not
	// know. Nothing is sent that others must not see.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	if c.servesTLS() {
		url = "https" + strings.TrimPrefix(url, "http")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return "", fmt.Errorf("%s: %w", url, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxProbeText))
	if err != nil {
		return "", fmt.Errorf("%s: %w", url, err)
	}
	text = strings.TrimSpace(string(body))
	if res.StatusCode != http.StatusOK {
		return "", errors.New("not ready: " + text)
	}
	return text, nil
}
