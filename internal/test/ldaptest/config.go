package ldaptest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// schemaFolders are the folders in which the packages of systems install slapd's schemas.
var schemaFolders = []string{"/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema"}

// findSchemas returns the folder of slapd's schemas.
func findSchemas() (string, error) {
	for _, folder := range schemaFolders {
		if _, err := os.Stat(filepath.Join(folder, "inetorgperson.schema")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("no inetorgperson.schema in %q (Debian: slapd)", schemaFolders)
}

// writeFiles fills the server's folder: slapd itself, its configuration, the certificates and an
// empty folder for the entries.
func (s *Server) writeFiles(slapd, schemas string, opts Options) (err error) {
	// Another process writes the copy. If this one had the program open for writing, a child process
	// of a concurrent test could inherit the open file, and the program could not be run meanwhile.
	if out, err := exec.Command("cp", slapd, s.folder.Join("slapd")).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", slapd, err, out)
	}
	if s.authority, err = newAuthority(); err != nil {
		return err
	}
	cert, key, err := s.authority.issue(opts.Certificate)
	if err != nil {
		return err
	}
	data := s.folder.Join("data")
	return errors.Join(os.Mkdir(data, 0o700), s.folder.Chown(data),
		s.folder.WriteFile("ca.pem", s.authority.pem),
		s.folder.WriteFile("cert.pem", cert), s.folder.WriteFile("key.pem", key),
		s.folder.WriteFile("slapd.conf", config(schemas, s.folder.Path(), opts)))
}

// config returns slapd.conf. The database ldif is the one that needs no module.
func config(schemas, folder string, opts Options) []byte {
	anonymous := "read"
	if opts.Hidden {
		anonymous = "auth"
	}
	conf := fmt.Appendf(nil, `include %[1]s/core.schema
include %[1]s/cosine.schema
include %[1]s/inetorgperson.schema
`, schemas)
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
`, folder)
	}
	return fmt.Appendf(conf, `database ldif
directory "%[1]s/data"
suffix "%[2]s"
rootdn "%[3]s"
rootpw "%[4]s"
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="%[5]s" read by anonymous %[6]s by self read by * none
`, folder, Base, admin, Password, Account, anonymous)
}
