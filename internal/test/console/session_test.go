package console_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/hermes-voip/go-hermes/hermes/console"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	p := openTab(t, s)
	p.waitText("Log in to manage")
	p.set("username", "admin", "password", "wrong password")
	p.click("Log in")
	p.waitText("The user name or the password is wrong.")
	p.login("admin")
	p.waitText("There are no users yet.")
	run(p, chromedp.Reload())
	p.waitText("There are no users yet.") // a reload does not end the session
	p.click("Log out")
	p.waitText("You have logged out.")
	if n := s.called("auth/logout"); n != 1 {
		t.Errorf("the server was told %d times of the logout, want 1", n)
	}
	run(p, chromedp.Reload())
	p.waitText("Log in to manage")
}

// TestLogin_Keyboard checks that the console can be used without a mouse.
func TestLogin_Keyboard(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	s.fill(t)
	p := openTab(t, s)
	p.waitFor(`document.activeElement.name === "username"`)
	for _, keys := range []string{"admin", kb.Tab, apitest.Password, kb.Enter} {
		run(p, chromedp.KeyEvent(keys))
	}
	p.waitText("Alice Liddell")
	focus := func(text string) {
		t.Helper()
		for range 40 {
			if eval[string](p, "document.activeElement.textContent.trim()") == text {
				return
			}
			run(p, chromedp.KeyEvent(kb.Tab))
		}
		t.Fatalf("the key Tab does not lead to %q", text)
	}
	focus("Alice Liddell")
	if !eval[bool](p, `getComputedStyle(document.activeElement).outlineStyle !== "none"`) {
		t.Error("the focus is not visible")
	}
	run(p, chromedp.KeyEvent(kb.Enter))
	p.waitText("Registered now")
	p.waitFor(`document.activeElement.tagName === "H1"`)
	focus("Suspend")
	run(p, chromedp.KeyEvent(kb.Enter))
	p.waitFor(`document.activeElement.name === "reason"`)
	run(p, chromedp.KeyEvent(kb.Escape))
	p.waitFor(`document.querySelector("dialog") === null && document.activeElement.textContent === "Suspend"`)
	if n := s.called("user/suspend"); n != 0 {
		t.Error("Escape suspended the user")
	}
}

// TestSession_Ends checks that a session that ends on the server leads to the login page, in words.
func TestSession_Ends(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	s.fill(t)
	p := openTab(t, s)
	p.login("writer")
	p.click("Onboard a user")
	p.waitText("All of it is done in one step")
	s.mustCall(t, "auth/remove_user", "user", "writer")
	p.set("username", "dora")
	p.click("Onboard")
	p.waitText("Your session has ended. Please log in again.")
	p.waitFor(`document.querySelector("dialog") === null && sessionStorage.length === 0`)
	p.login("admin")
	s.Advance(24 * time.Hour)
	p.click("Phones")
	p.waitText("Your session has ended. Please log in again.")
}

// TestSession_Tabs checks that the tabs of a browser share a session, which one of them at a time
// keeps alive: no auth_key is used for two pings. When one logs out, the other says so, though it
// would ping, and calls a node, before the answer of the logout has arrived.
func TestSession_Tabs(t *testing.T) {
	t.Parallel()
	s := newServer(t, 2*time.Second)
	first := openTab(t, s)
	first.login("admin")
	second := first.another()
	second.waitText("There are no users yet.") // without a login
	testserver.WaitFor(t, "three pings", func() bool { return s.called("auth/ping") >= 3 })
	keys := s.pingKeys()
	if distinct := slices.Compact(slices.Sorted(slices.Values(keys))); len(distinct) != len(keys) {
		t.Errorf("%d pings had %d auth_keys, want each to have its own", len(keys), len(distinct))
	}
	for _, p := range []*tab{first, second} {
		p.click("Numbers")
		p.waitText("low: fewer than 10 free")
	}
	s.logoutLatency = 2 * time.Second // longer than the time between two pings
	second.click("Log out")
	testserver.WaitFor(t, "the logout", func() bool { return s.called("auth/logout") == 1 })
	first.click("Users")
	first.waitText("You have logged out.")
}

// TestMounted checks that the console works below another path than the root.
func TestMounted(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	mux := http.NewServeMux()
	mux.Handle("/api/", s.Handler)
	mux.Handle("/admin/", http.StripPrefix("/admin", console.New(nil)))
	mounted := httptest.NewServer(mux)
	t.Cleanup(mounted.Close)
	s.url = mounted.URL + "/admin/"
	p := openTab(t, s)
	p.login("reader")
	p.waitText("There are no users yet.")
}
