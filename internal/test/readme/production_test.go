package readme

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestProduction runs the blocks of "Going to production" with a new PostgreSQL and Kamailio, and
// then the first session: up to a phone that registers and is called by its number, and on to the
// removal of its user. The backup is made while there is a user.
func TestProduction(t *testing.T) {
	requirePrograms(t, "bash", "curl")
	p := startPlatform(t)
	blocks := p.mustBlocks(t, "## Going to production", 6)
	role, install, settings, server, domain, reload := blocks[0], blocks[1], blocks[2], blocks[3], blocks[4], blocks[5]
	p.db.Exec(t, role)
	h := startHermesd(t, p.command(install+settings, server))
	if got := p.db.Value(t, "SELECT count(to_regclass('hermes.users_search'))"); got != "1" {
		t.Errorf("hermesd migrate could not make the index for searches: want the extension that it needs in %s", role)
	}
	p.db.Exec(t, domain)
	if got := h.runScript(t, reload); !strings.Contains(got, `"result"`) {
		t.Fatalf("domain.reload: %s", got)
	}

	login, calls, _ := strings.Cut(mustBlocks(t, "## A first session", 5)[0], "\n\n")
	adding, removing, ok := strings.Cut(calls, "hermes alias/list")
	if !ok {
		t.Fatalf("the first session has the calls\n%s\nwant alias/list after those that add a user", calls)
	}
	added := h.runScript(t, login+"\n"+adding)
	if diff := cmp.Diff(slices.Repeat([]string{"ok"}, 5), responses(added)); diff != "" {
		t.Fatalf("%s\n%s", diff, added)
	}
	alice := kamailiotest.Account{User: "alice", Domain: "example.test", Password: mustMember(t, added, "password")}
	phone := p.kamailio.Phone(t, alice)
	eve := kamailiotest.Account{User: "eve", Domain: "elsewhere.example"}
	call := kamailiotest.Request{Method: "INVITE", From: eve, To: mustMember(t, added, "alias")}
	if got := p.kamailio.Send(t, call); got.By != phone.Name() {
		t.Errorf("a call to %s: %v, want it answered by %s", call.To, got, phone.Name())
	}

	t.Run("backup and restore", p.testBackup)

	removed := h.runScript(t, login+"\nhermes alias/list"+removing)
	if diff := cmp.Diff([]string{"ok", "ok", "failed/inuse", "ok", "ok", "ok"}, responses(removed)); diff != "" {
		t.Errorf("%s\n%s", diff, removed)
	}
	h.stop() // which returns after Kamailio has been told about the removed user
	if got := p.kamailio.Register(t, alice); got.Code != 401 {
		t.Errorf("the removed user registers: %v, want 401", got)
	}
	if got := p.kamailio.Send(t, call); got.Code != 404 {
		t.Errorf("a call to the released number: %v, want 404", got)
	}
	if got := p.kamailio.Contacts(t, alice.Addr()); got != nil {
		t.Errorf("contacts of the removed user: %q, want none", got)
	}
}

// testBackup follows "Backup and restore" as a superuser, and asks hermesd doctor whether the
// restored database is complete and fits the secret key.
func (p *platform) testBackup(t *testing.T) {
	_, port, _ := net.SplitHostPort(p.cluster.Addr())
	cmd := exec.Command("bash", "-eu", "-c", p.mustBlocks(t, "### Backup and restore", 3)[0])
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(p.cluster.Program("pg_dump"))+":"+os.Getenv("PATH"),
		"PGHOST=127.0.0.1", "PGPORT="+port, "PGUSER=postgres")
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("the script: %v\n%s", err, out)
	}
	doctor := exec.Command(p.program(), "doctor")
	doctor.Env = append(os.Environ(), "HERMES_SECRET_KEY_FILE="+p.etc()+"/hermes/secret.key",
		"HERMES_DB="+strings.Replace(p.url("hermes"), "/"+p.db.Name(), "/restored", 1))
	if out, err := doctor.CombinedOutput(); err != nil {
		t.Errorf("hermesd doctor of the restored database: %v\n%s", err, out)
	}
}

// platform is what the chapter takes for granted: PostgreSQL, Kamailio, and a machine on which a
// folder takes the place of /etc and of /usr/local/bin.
type platform struct {
	cluster  *pgtest.Cluster
	db       *pgtest.DB
	kamailio *kamailiotest.Kamailio
	root     string
	private  bool // whether a process can have an /etc of its own
}

// rolePassword is the password of Kamailio's and of Hermes' role.
const rolePassword = "password-of-both-roles"

// hba makes the cluster ask for passwords, as a production server does.
const hba = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"

// kamailioRole makes Kamailio's role as kamdbctl does.
const kamailioRole = "CREATE ROLE kamailio LOGIN PASSWORD '" + rolePassword + "'; " +
	"GRANT ALL ON ALL TABLES IN SCHEMA public TO kamailio; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO kamailio"

func startPlatform(t *testing.T) *platform {
	t.Helper()
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true, Files: map[string][]byte{"pg_hba.conf": []byte(hba)}})
	p := &platform{cluster: cluster, db: cluster.New(t, pgtest.Options{}), root: mustPublicFolder(t)}
	p.private = os.Geteuid() == 0 && exec.Command("unshare", "--mount", "true").Run() == nil
	p.db.Exec(t, kamailioRole)
	p.kamailio = kamailiotest.Start(t, kamailiotest.Options{Database: p.url("kamailio")})
	return p
}

// mustPublicFolder returns a new folder with the folders etc and bin, which every user can read.
func mustPublicFolder(t *testing.T) string {
	t.Helper()
	root, err := os.MkdirTemp("", "readme-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	for _, dir := range []string{root, filepath.Join(root, "etc"), filepath.Join(root, "bin")} {
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func (p *platform) etc() string     { return filepath.Join(p.root, "etc") }
func (p *platform) program() string { return filepath.Join(p.root, "bin", "hermesd") }

// url returns the URL of the database for a role.
func (p *platform) url(role string) string {
	return "postgres://" + role + ":" + rolePassword + "@" + p.cluster.Addr() + "/" + p.db.Name()
}

// command returns a command that runs the first script as root and the second as the user that the
// first one has made. Both see a copy of /etc as /etc. Without the rights for this, both run as the
// present user.
func (p *platform) command(asRoot, asHermes string) *exec.Cmd {
	const privately = `cp -a /etc/. "$ROOT/etc"; mount --bind "$ROOT/etc" /etc; cd "$REPOSITORY"; eval "$AS_ROOT"
exec setpriv --reuid=hermes --regid=hermes --init-groups bash -eu -c "$AS_HERMES"`
	cmd := exec.Command("unshare", "--mount", "bash", "-eu", "-c", privately)
	if !p.private {
		cmd = exec.Command("bash", "-eu", "-c", `cd "$REPOSITORY"; eval "$AS_ROOT"; eval "$AS_HERMES"`)
	}
	repository, _ := filepath.Abs(filepath.Join("..", "..", ".."))
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(p.program())+":"+os.Getenv("PATH"), "HERMES_LISTEN=127.0.0.1:0",
		"ROOT="+p.root, "REPOSITORY="+repository, "AS_ROOT="+asRoot, "AS_HERMES="+asHermes)
	return cmd
}

// mustBlocks is [mustBlocks] with the platform's values for those of the README.
func (p *platform) mustBlocks(t *testing.T, heading string, want int) []string {
	t.Helper()
	values := []string{"/usr/local/bin/hermesd", p.program(), "'PASSWORD'", "'" + rolePassword + "'", "127.0.0.1:5068", p.kamailio.Addr(),
		"postgres://hermes:PASSWORD@db.example.com/kamailio", p.url("hermes"), ".dump kamailio\n", ".dump " + p.db.Name() + "\n"}
	if !p.private {
		values = append(values, "/etc/hermes", p.etc()+"/hermes", "useradd ", ": useradd ", " -g hermes", "")
	}
	blocks := mustBlocks(t, heading, want)
	for i := range blocks {
		blocks[i] = strings.NewReplacer(values...).Replace(blocks[i])
	}
	return blocks
}

// mustMember returns the value of a member of the first answer in the output that has it.
func mustMember(t *testing.T, out, name string) string {
	t.Helper()
	m := regexp.MustCompile(`"` + name + `":"([^"]+)"`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no member %s in\n%s", name, out)
	}
	return m[1]
}
