package pgconn

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
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

// certificate is a self-signed one, for 127.0.0.1 and db.example.com.
type certificate struct {
	cert, key []byte // PEM
	path      string // of a file with cert
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames: []string{"db.example.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
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

// cluster makes a server show the certificate.
func (c certificate) cluster() pgtest.ClusterOptions {
	return pgtest.ClusterOptions{
		Settings: map[string]string{"ssl": "on"},
		Files:    map[string][]byte{"server.crt": c.cert, "server.key": c.key},
	}
}

// TestTLS connects to a server under names that are not loopback. The dialler leads them all to it.
func TestTLS(t *testing.T) {
	cert := newCertificate(t)
	withTLS, without := pgtest.NewCluster(t, cert.cluster()), pgtest.NewCluster(t, pgtest.ClusterOptions{})
	for _, row := range []struct {
		cluster    *pgtest.Cluster
		host, args string
		want       string // part of the error; "" is none
		why        string
	}{
		{withTLS, "db.example.com", "", "unknown authority", "nobody vouches for the certificate"},
		{withTLS, "db.example.com", "sslmode=require", "unknown authority", "require verifies"},
		{withTLS, "db.example.com", "sslmode=verify-ca", "unknown authority", "the chain is verified"},
		{withTLS, "db.example.com", "sslrootcert=" + cert.path, "", "all is well"},
		{withTLS, "db.example.com", "sslmode=require&sslrootcert=" + cert.path, "", "all is well"},
		{withTLS, "other.example.com", "sslrootcert=" + cert.path, "not other.example.com", "the name is verified"},
		{withTLS, "other.example.com", "sslmode=require&sslrootcert=" + cert.path, "not other.example.com", "by require too"},
		{withTLS, "other.example.com", "sslmode=verify-ca&sslrootcert=" + cert.path, "", "verify-ca leaves out the name"},
		{without, "db.example.com", "", "SSL is not enabled", "never in the clear unasked"},
		{without, "db.example.com", "sslmode=disable", "", "asked for"},
	} {
		c, err := newConnector(Options{URL: "postgres://postgres@" + row.host + "/postgres?" + row.args,
			ReadTimeout: time.Minute, WriteTimeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		c.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, row.cluster.Addr())
		}
		conn, err := c.Connect(t.Context())
		if err == nil {
			conn.Close()
		}
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s?%s: error %v, wanted %q: %s", row.host, row.args, err, row.want, row.why)
		}
	}
}

// TestTxDoesNotInsist has a transaction begin at a server that is not the right one.
func TestTxDoesNotInsist(t *testing.T) {
	cluster := pgtest.NewCluster(t, newCertificate(t).cluster())
	for _, mode := range []string{"verify-full", "verify-ca"} {
		c, err := newConnector(Options{URL: "postgres://postgres@db.example.com/postgres?sslmode=" + mode})
		if err != nil {
			t.Fatal(err)
		}
		dials := 0
		c.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			dials++
			return new(net.Dialer).DialContext(ctx, network, cluster.Addr())
		}
		db := sql.OpenDB(c)
		err = RunTx(t.Context(), db, TxOptions{}, insert(1))
		db.Close()
		if err == nil || dials != 1 {
			t.Errorf("%s: %d connects, error %v, wanted to be refused once", mode, dials, err)
		}
	}
}

// TestDrained asks a TLS connection for what it has taken from the socket and nobody has read.
func TestDrained(t *testing.T) {
	cert := newCertificate(t)
	pair, err := tls.X509KeyPair(cert.cert, cert.key)
	if err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	go func() {
		nc, err := tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}}).Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		for _, s := range []string{"a", "bc"} {
			_, _ = nc.Read(make([]byte, 1))
			_, _ = nc.Write([]byte(s))
		}
		_, _ = nc.Read(make([]byte, 1))
	}()
	raw, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	guarded := &guardedConn{Conn: raw}
	nc := tls.Client(guarded, &tls.Config{InsecureSkipVerify: true})
	defer nc.Close()
	for i, row := range []struct {
		got     string
		drained bool
		why     string
	}{
		{"a", true, "all was read"},
		{"b", false, "c is left"},
	} {
		one := make([]byte, 1)
		if _, err := nc.Write([]byte("?")); err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Read(one); err != nil || string(one) != row.got {
			t.Fatalf("read %q, %v, wanted %q", one, err, row.got)
		}
		if !guarded.idle() {
			t.Fatalf("row %d: not idle: %s", i, row.why)
		}
		if got := guarded.drained(nc); got != row.drained {
			t.Errorf("row %d: drained %v, wanted %v: %s", i, got, row.drained, row.why)
		}
	}
}
