package readme

import (
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keyURL finds the keys of phones' files in answers and in files.
var keyURL = regexp.MustCompile(`https://hermes\.example\.test/prov/([A-Z2-7]{26})\b`)

// TestPhones runs the block of the chapter about phones. Then a phone fetches its file by the
// domain's key, and by its own.
func TestPhones(t *testing.T) {
	requirePrograms(t, "bash", "curl")
	h := startHermesd(t, exec.Command(mustBuildHermesd(t), "--domain", "example.test", "--listen", "127.0.0.1:0",
		"--prov-plain", "127.0.0.1/32"))
	login, _, _ := strings.Cut(mustBlocks(t, "## A first session", 5)[0], "\n\n")
	out := h.runScript(t, login+"\n"+mustBlocks(t, "## Phones", 1)[0])
	if diff := cmp.Diff([]string{"ok", "ok", "ok", "ok"}, responses(out)); diff != "" {
		t.Fatalf("%s\n%s", diff, out)
	}
	if !strings.Contains(out, "account.1.user_name = bob\n") {
		t.Errorf("phone/config answered no file for bob:\n%s", out)
	}
	domainKey := mustFindKey(t, out)
	status, file := h.fetchFile(t, domainKey)
	if status != http.StatusOK {
		t.Fatalf("the first file: status %d", status)
	}
	if status, file := h.fetchFile(t, mustFindKey(t, file)); status != http.StatusOK || !strings.Contains(file, "account.1.user_name = bob\n") {
		t.Errorf("by the phone's own key: status %d, %s", status, file)
	}
	if status, _ := h.fetchFile(t, domainKey); status != http.StatusNotFound {
		t.Errorf("by the domain's key afterwards: status %d, want 404", status)
	}
}

func mustFindKey(t *testing.T, text string) string {
	t.Helper()
	found := keyURL.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("want the address of phones' files in\n%s", text)
	}
	return found[1]
}

// fetchFile asks for the file of the chapter's phone.
func (h *hermesd) fetchFile(t *testing.T, key string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.address+"/prov/"+key+"/805ec0123456.cfg", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Yealink SIP-T46U 108.86.0.90 80:5e:c0:12:34:56")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
