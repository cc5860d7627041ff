package readme

import (
	"net/url"
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
// removal of its user.
func TestProduction(t *testing.T) {
	requirePrograms(t, "bash", "curl")
	p := startPlatform(t)
	blocks := p.mustProductionBlocks(t)
	if len(blocks) != 5 {
		t.Fatalf("the chapter has the blocks %q, want role, settings, server, domain and reload", blocks)
	}
	role, settings, server, domain, reload := blocks[0], blocks[1], blocks[2], blocks[3], blocks[4]
	p.db.Exec(t, role)
	cmd := exec.Command("bash", "-eu", "-c", settings+server)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(mustBuildHermesd(t))+":"+os.Getenv("PATH"), "HERMES_LISTEN=127.0.0.1:0")
	h := startHermesd(t, cmd)
	p.db.Exec(t, domain)
	if got := h.runScript(t, reload); !strings.Contains(got, `"result"`) {
		t.Fatalf("domain.reload: %s", got)
	}

	login, calls, _ := strings.Cut(mustBashBlock(t, "## A first session"), "\n\n")
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

	removed := h.runScript(t, login+"\nhermes alias/list"+removing)
	if diff := cmp.Diff([]string{"ok", "ok", "failed/inuse", "ok", "ok", "ok", "ok"}, responses(removed)); diff != "" {
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

// platform is what the chapter takes for granted: PostgreSQL, Kamailio and a folder for settings.
type platform struct {
	db       *pgtest.DB
	kamailio *kamailiotest.Kamailio
	etc      string
}

// rolePassword is the password of Kamailio's and of Hermes' role.
const rolePassword = "password-of-both-roles"

// hba makes the cluster ask for passwords, as a production server does.
const hba = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"

func startPlatform(t *testing.T) *platform {
	t.Helper()
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true, Files: map[string][]byte{"pg_hba.conf": []byte(hba)}})
	p := &platform{db: cluster.New(t, pgtest.Options{}), etc: t.TempDir()}
	p.db.Exec(t, "CREATE ROLE kamailio LOGIN PASSWORD '"+rolePassword+"'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO kamailio")
	p.kamailio = kamailiotest.Start(t, kamailiotest.Options{Database: "postgres://kamailio:" + rolePassword + "@" + p.mustDatabase(t)})
	return p
}

// mustDatabase returns host, port and name of the database as a URL has them.
func (p *platform) mustDatabase(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(p.db.URL())
	if err != nil {
		t.Fatal(err)
	}
	return u.Host + u.Path
}

var sqlOrShellBlock = regexp.MustCompile("(?s)```(?:sql|sh)\n(.*?)```")

// mustProductionBlocks returns the sql and sh blocks of the chapter, with the platform's values for
// those of the README.
func (p *platform) mustProductionBlocks(t *testing.T) (blocks []string) {
	t.Helper()
	const heading = "\n## Going to production\n"
	_, chapter, found := strings.Cut(mustReadREADME(t), heading)
	if !found {
		t.Fatalf("README.md has no chapter %q", heading)
	}
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	values := strings.NewReplacer("/etc/hermes", p.etc, "'PASSWORD'", "'"+rolePassword+"'", ":PASSWORD@", ":"+rolePassword+"@",
		"db.example.com/kamailio", p.mustDatabase(t), "127.0.0.1:5068", p.kamailio.Addr())
	for _, m := range sqlOrShellBlock.FindAllStringSubmatch(chapter, -1) {
		blocks = append(blocks, values.Replace(m[1]))
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
