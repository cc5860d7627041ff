package readme

import (
	"bufio"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestProduction follows the chapter "Going to production" with a fresh PostgreSQL and Kamailio, and then the first
// session, until a phone is registered and called by its number; and on, until its user is removed.
func TestProduction(t *testing.T) {
	need(t, "bash", "curl")
	site := newSite(t)
	chapter := site.blocks(t, "## Going to production", "## Who may call")
	if len(chapter) != 5 {
		t.Fatalf("the chapter has the blocks %q, want role, settings, server, domain and reload", chapter)
	}
	site.db.Exec(t, chapter[0])
	d := site.serve(t, chapter[1]+chapter[2])
	site.db.Exec(t, chapter[3])
	if got := d.shell(t, chapter[4]); !strings.Contains(got, `"result"`) {
		t.Fatalf("domain.reload: %s", got)
	}
	login, calls, _ := strings.Cut(block(t, "## A first session"), "\n\n")
	adding, rest, ok := strings.Cut(calls, "hermes alias/list")
	if !ok {
		t.Fatalf("the first session has the calls\n%s\nwant alias/list after those that make a user", calls)
	}
	made := d.shell(t, login+"\n"+adding)
	if diff := cmp.Diff(slices.Repeat([]string{"ok"}, 5), responses(made)); diff != "" {
		t.Fatalf("%s\n%s", diff, made)
	}
	alice := kamailiotest.Account{User: "alice", Domain: "example.test", Password: field(t, made, "password")}
	phone := site.kamailio.Phone(t, alice)
	call := kamailiotest.Request{Method: "INVITE", From: kamailiotest.Account{User: "eve", Domain: "elsewhere.example"}, To: field(t, made, "alias")}
	if got := site.kamailio.Send(t, call); got.By != phone.Name() {
		t.Errorf("a call to %s: %v, want it answered by %s", call.To, got, phone.Name())
	}
	gone := d.shell(t, login+"\nhermes alias/list"+rest)
	if diff := cmp.Diff([]string{"ok", "ok", "failed/inuse", "ok", "ok", "ok", "ok"}, responses(gone)); diff != "" {
		t.Errorf("%s\n%s", diff, gone)
	}
	d.stop() // when Kamailio has been told of whom is removed
	site.isGone(t, alice, call)
}

// site is what somebody who goes to production has already.
type site struct {
	db       *pgtest.DB
	kamailio *kamailiotest.Kamailio
	etc      string
}

const password = "of-both-roles"

// hba asks for passwords, which a test's own cluster does not.
const hba = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"

func newSite(t *testing.T) *site {
	t.Helper()
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true, Files: map[string][]byte{"pg_hba.conf": []byte(hba)}})
	s := &site{db: cluster.New(t, pgtest.Options{}), etc: t.TempDir()}
	s.db.Exec(t, "CREATE ROLE kamailio LOGIN PASSWORD '"+password+"'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO kamailio")
	s.kamailio = kamailiotest.Start(t, kamailiotest.Options{Database: "postgres://kamailio:" + password + "@" + s.database(t)})
	return s
}

// database is host, port and name.
func (s *site) database(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(s.db.URL())
	if err != nil {
		t.Fatal(err)
	}
	return u.Host + u.Path
}

var fence = regexp.MustCompile("(?s)```(?:sql|sh)\n(.*?)```")

// blocks returns the sql and sh blocks between two headings, with this site's values for the README's.
func (s *site) blocks(t *testing.T, from, to string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, chapter, found := strings.Cut(string(text), from)
	chapter, _, ended := strings.Cut(chapter, to)
	if !found || !ended {
		t.Fatalf("README.md has no chapter from %q to %q", from, to)
	}
	values := strings.NewReplacer("/etc/hermes", s.etc, "'PASSWORD'", "'"+password+"'", ":PASSWORD@", ":"+password+"@",
		"db.example.com/kamailio", s.database(t), "127.0.0.1:5068", s.kamailio.Addr())
	for _, m := range fence.FindAllStringSubmatch(chapter, -1) {
		all = append(all, values.Replace(m[1]))
	}
	return all
}

// serve runs the commands of which the last one is the server.
func (s *site) serve(t *testing.T, script string) *server {
	t.Helper()
	d := &server{daemon: daemon{dir: t.TempDir()}}
	d.cmd = exec.Command("bash", "-eu", "-c", script)
	d.cmd.Dir = d.dir
	d.cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(build(t))+":"+os.Getenv("PATH"), "HERMES_LISTEN=127.0.0.1:0")
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Stdout, d.cmd.Stderr = w, w
	err = d.cmd.Start()
	w.Close() // the end is to be seen when the shell and hermesd are gone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	d.await(t, bufio.NewScanner(r))
	return d
}

// server is the shell that runs hermesd.
type server struct {
	daemon
	cmd *exec.Cmd
}

// stop is what an operator's service manager does. The shell does not wait for hermesd's end.
func (d *server) stop() {
	if d.cmd.ProcessState != nil {
		return
	}
	_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGTERM)
	_ = d.cmd.Wait()
	if d.ended != nil {
		<-d.ended
	}
}

// isGone wants a removed user to be none to Kamailio either.
func (s *site) isGone(t *testing.T, user kamailiotest.Account, call kamailiotest.Request) {
	t.Helper()
	if got := s.kamailio.Register(t, user); got.Code != 401 {
		t.Errorf("the removed user registers: %v, want 401", got)
	}
	if got := s.kamailio.Send(t, call); got.Code != 404 {
		t.Errorf("a call to the number that was released: %v, want 404", got)
	}
	if got := s.kamailio.Contacts(t, user.Addr()); got != nil {
		t.Errorf("contacts of the removed user: %q, want none", got)
	}
}

// field returns the value of a member in the output.
func field(t *testing.T, out, name string) string {
	t.Helper()
	m := regexp.MustCompile(`"` + name + `":"([^"]+)"`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no %s in\n%s", name, out)
	}
	return m[1]
}
