package ldaptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// schemas are the folders of Debian's and others' packages.
var schemas = []string{"/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema"}

// find returns the server's program and the folder of its schemas.
func find() (slapd, schema string, err error) {
	slapd, err = exec.LookPath("slapd")
	for _, dir := range []string{"/usr/sbin", "/usr/lib/openldap", "/usr/local/libexec"} {
		if err != nil {
			slapd, err = exec.LookPath(filepath.Join(dir, "slapd"))
		}
	}
	if err != nil {
		return "", "", fmt.Errorf("no slapd in PATH or /usr/sbin (Debian: slapd)")
	}
	for _, dir := range schemas {
		if _, err := os.Stat(filepath.Join(dir, "inetorgperson.schema")); err == nil {
			return slapd, dir, nil
		}
	}
	return "", "", fmt.Errorf("no inetorgperson.schema in %q (Debian: slapd)", schemas)
}

// lacking ends the test for want of a program or file: skipped, or failed where the environment says that
// everything must be there.
func lacking(tb testing.TB, err error) {
	tb.Helper()
	if os.Getenv("HERMES_TEST_REQUIRE") == "1" {
		tb.Fatalf("ldaptest: HERMES_TEST_REQUIRE=1: %v", err)
	}
	tb.Skipf("ldaptest: %v", err)
}

// config is slapd.conf. ldif is the database that needs no module.
func config(schema, dir string, opts Options) []byte {
	anonymous := "read"
	if opts.Hidden {
		anonymous = "auth"
	}
	conf := fmt.Appendf(nil, `include %[1]s/core.schema
include %[1]s/cosine.schema
include %[1]s/inetorgperson.schema
`, schema)
	if opts.NoAnonymousBind {
		conf = fmt.Appendln(conf, "disallow bind_anon")
	} else {
		conf = fmt.Appendln(conf, "allow bind_anon_dn bind_anon_cred")
	}
	if !opts.NoTLS {
		conf = fmt.Appendf(conf, `TLSCACertificateFile "%[1]s/ca.pem"
TLSCertificateFile "%[1]s/cert.pem"
TLSCertificateKeyFile "%[1]s/key.pem"
TLSVerifyClient never
`, dir)
	}
	return fmt.Appendf(conf, `database ldif
directory "%[1]s/data"
suffix "%[2]s"
rootdn "%[3]s"
rootpw "%[4]s"
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="%[5]s" read by anonymous %[6]s by self read by * none
`, dir, Base, admin, Password, Account, anonymous)
}
