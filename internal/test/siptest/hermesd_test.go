package siptest_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// hermesd is a running hermesd process that serves HTTPS on a database of its own.
type hermesd struct {
	url  string
	db   string       // as --db has it
	http *http.Client // accepts its certificate and no other, and follows no redirect

	session, authKey string
	cookies          []*http.Cookie
}

// startHermesd builds and starts hermesd for a domain. It is stopped when the test ends.
func startHermesd(t *testing.T, domain string) *hermesd {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "hermesd")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "github.com/hermes-voip/go-hermes/cmd/hermesd")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cert, err := testserver.NewCertificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile, err := cert.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := &hermesd{db: "sqlite:" + filepath.Join(dir, "data", "hermes.db"), http: clientOf(cert)}
	cmd := exec.Command(program, "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--domain", domain,
		"--tls-cert", certFile, "--tls-key", keyFile)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h.login(t, h.listen(t, cmd, stderr))
	return h
}

// listen waits until hermesd listens, and returns the first user's password. The log becomes part
// of the output of a test that fails.
func (h *hermesd) listen(t *testing.T, cmd *exec.Cmd, stderr interface{ Read([]byte) (int, error) }) (password string) {
	t.Helper()
	var log strings.Builder
	listens, ended := make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			log.WriteString(lines.Text() + "\n")
			if p, ok := strings.CutPrefix(lines.Text(), "password: "); ok {
				password = p
			}
			if _, address, ok := strings.Cut(lines.Text(), "hermesd: listening on "); ok {
				h.url = address
				listens <- true
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("hermesd's log:\n%s", log.String())
		}
	})
	select {
	case <-listens:
	case <-ended:
		t.Fatalf("hermesd does not listen: %s", log.String())
	}
	return password
}

func clientOf(cert testserver.Certificate) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: cert.Pool()}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (h *hermesd) login(t *testing.T, password string) {
	t.Helper()
	a := h.mustCall(t, "auth/login", "username", "admin", "password", password)
	h.session, h.authKey = a["session"].(string), a["auth_key"].(string)
}

// mustCall calls a node with parameters, which alternate between name and value. It ends the test
// if the answer is not ok.
func (h *hermesd) mustCall(t *testing.T, node string, params ...string) map[string]any {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	if h.session != "" {
		form.Set("session", h.session)
		form.Set("auth_key", h.authKey)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+"/api/"+node, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range h.cookies {
		req.AddCookie(c)
	}
	res, err := h.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	h.cookies = append(h.cookies, res.Cookies()...)
	var a map[string]any
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	if a["response"] != "ok" {
		t.Fatalf("%s: %v", node, a)
	}
	return a
}
