package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// phoneSpec says what the helper "phones" does: it fetches each target once, all at the same time,
// by a connection and from an address of its own.
type phoneSpec struct {
	Host    string // host:port
	Cert    string // of the server, in PEM
	Targets []string
	Folder  string // where the files are kept; if empty, they are not
}

// runPhones runs the helper "phones" to its end. Times are from the first packet to the end of a
// file.
func (b *bench) runPhones(ctx context.Context, spec phoneSpec) (r loadResult, err error) {
	err = b.ask(ctx, "phones", spec, &r)
	return r, err
}

// bootPhones is the helper "phones": it reads a phoneSpec and writes a loadResult.
func bootPhones(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	var spec phoneSpec
	if err := json.NewDecoder(stdin).Decode(&spec); err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(spec.Cert))
	l, err := workers(ctx, len(spec.Targets), func(int) bool { return false }, func(ctx context.Context, i int) error {
		body, err := fetchFile(ctx, spec.Host, roots, spec.Targets[i], i)
		if err != nil {
			return fmt.Errorf("phone %d: %w", i, err)
		}
		if spec.Folder == "" {
			return nil
		}
		file := localFile(spec.Folder, spec.Targets[i])
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		return os.WriteFile(file, body, 0o600)
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(loadResult{Calls: l.calls, Elapsed: l.elapsed, Worst: l.times.quantile(1), P99: l.times.quantile(0.99)})
}

// fetchFile fetches a file as the i-th phone, which has an address of 127/8 for itself.
func fetchFile(ctx context.Context, host string, roots *x509.CertPool, target string, i int) ([]byte, error) {
	transport := &http.Transport{
		DialContext:     (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 9, byte(i>>8), byte(i))}}).DialContext,
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+target, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "Yealink SIP-T46U 108.86.0.90")
	res, err := (&http.Client{Transport: transport, Timeout: callTimeout}).Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answer %s", res.Status)
	}
	return io.ReadAll(res.Body)
}

// serveFiles is the helper "files": a file server over TLS.
func serveFiles(ctx context.Context, folder, certFile, keyFile string, stdout io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, floorListening+"https://"+l.Addr().String())
	server := &http.Server{Handler: http.FileServer(http.Dir(folder)), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.ServeTLS(l, certFile, keyFile); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
