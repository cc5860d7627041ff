package pgconn

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// certificate is a self-signed certificate for 127.0.0.1 and db.example.com.
type certificate struct {
	cert, key []byte // in PEM form
	path      string // the path of a file that contains cert
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames:              []string{"db.example.com"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c := certificate{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
		path: filepath.Join(t.TempDir(), "root.crt"),
	}
	if err := os.WriteFile(c.path, c.cert, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// clusterOptions returns the options of a server that has the certificate.
func (c certificate) clusterOptions() pgtest.ClusterOptions {
	return pgtest.ClusterOptions{
		Settings: map[string]string{"ssl": "on"},
		Files:    map[string][]byte{"server.crt": c.cert, "server.key": c.key},
	}
}

// TestConnector_Connect_TLS connects to a server by names that are not loopback. The dial function
// ignores the names and connects to the server.
func TestConnector_Connect_TLS(t *testing.T) {
	cert := newCertificate(t)
	withTLS := pgtest.NewCluster(t, cert.clusterOptions())
	withoutTLS := pgtest.NewCluster(t, pgtest.ClusterOptions{})
	for _, row := range []struct {
		cluster    *pgtest.Cluster
		host, args string
		want       string // part of the error; "" for none
		why        string
	}{
		{withTLS, "db.example.com", "", "unknown authority", "the system does not know the authority"},
		{withTLS, "db.example.com", "sslmode=require", "unknown authority", "require verifies the chain"},
		{withTLS, "db.example.com", "sslmode=verify-ca", "unknown authority", "verify-ca verifies the chain"},
		{withTLS, "db.example.com", "sslrootcert=" + cert.path, "", "chain and name are valid"},
		{withTLS, "db.example.com", "sslmode=require&sslrootcert=" + cert.path, "", "chain and name are valid"},
		{withTLS, "other.example.com", "sslrootcert=" + cert.path, "not other.example.com", "the name is verified"},
		{withTLS, "other.example.com", "sslmode=require&sslrootcert=" + cert.path, "not other.example.com",
			"require verifies the name"},
		{withTLS, "other.example.com", "sslmode=verify-ca&sslrootcert=" + cert.path, "",
			"verify-ca does not verify the name"},
		{withoutTLS, "db.example.com", "", "SSL is not enabled", "there is no fallback to a connection without TLS"},
		{withoutTLS, "db.example.com", "sslmode=disable", "", "disable connects without TLS"},
	} {
		c, err := newConnector(Options{URL: "postgres://postgres@" + row.host + "/postgres?" + row.args,
			ReadTimeout: time.Minute, WriteTimeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		c.hosts.all[0].dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, row.cluster.Addr())
		}
		conn, err := c.Connect(t.Context())
		if err == nil {
			conn.Close()
		}
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s?%s: got error %v, want %q: %s", row.host, row.args, err, row.want, row.why)
		}
	}
}

// TestRunTx_InvalidCertificate checks that RunTx does not try again if the server's certificate is
// not valid.
func TestRunTx_InvalidCertificate(t *testing.T) {
	cluster := pgtest.NewCluster(t, newCertificate(t).clusterOptions())
	for _, mode := range []string{"verify-full", "verify-ca"} {
		c, err := newConnector(Options{URL: "postgres://postgres@db.example.com/postgres?sslmode=" + mode})
		if err != nil {
			t.Fatal(err)
		}
		dials := 0
		c.hosts.all[0].dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			dials++
			return new(net.Dialer).DialContext(ctx, network, cluster.Addr())
		}
		pool := sql.OpenDB(c)
		err = RunTx(t.Context(), pool, TxOptions{}, insert(1))
		pool.Close()
		if err == nil || dials != 1 {
			t.Errorf("%s: got %d attempts, error %v, want an error after 1 attempt", mode, dials, err)
		}
	}
}
