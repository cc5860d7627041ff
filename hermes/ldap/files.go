package ldap

import (
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

// readFile reads a small file whole.
func readFile(path string) ([]byte, error) {
	const most = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(text) > most {
		err = fmt.Errorf("%s: larger than %d bytes", path, most)
	}
	return text, err
}

func readPassword(path string) (hermes.Secret, error) {
	text, err := readFile(path)
	if err != nil {
		return hermes.Secret{}, err
	}
	p := hermes.NewSecret(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"))
	if !usablePassword(p) || strings.ContainsAny(p.Reveal(), "\r\n") {
		return hermes.Secret{}, fmt.Errorf("%s: want a password and nothing else", path)
	}
	return p, nil
}

func readRoots(path string) (*x509.CertPool, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: want certificates in PEM", path)
	}
	return roots, nil
}
