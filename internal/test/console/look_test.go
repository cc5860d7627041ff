package console_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "folder for pictures of all views")

// views are the paths of all views, on a server that was filled.
var views = []string{
	"#/users", "#/users/alice%40example.com", "#/users/bob%40example.com", "#/numbers", "#/phones", "#/phones/805ec0112233",
	"#/domains", "#/access", "#/audit", "#/nodes", "#/nodes/user%2Fupdate",
}

// TestScreenshots writes pictures of the console, for people to look at.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("no folder is given with -screenshots")
	}
	s := newServer(t, 0)
	s.fill(t)
	p := openTab(t, s)
	for _, width := range []int64{1280, 390} {
		for _, scheme := range []string{"light", "dark"} {
			p.look(width, scheme)
			shoot := func(name string) {
				picture := run(p, chromedp.FullScreenshot(100))
				name = fmt.Sprintf("%s-%d-%s.png", name, width, scheme)
				if err := os.WriteFile(filepath.Join(*screenshots, name), picture, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p.waitText("Log in to manage")
			shoot("login")
			p.login("admin")
			for _, path := range views {
				p.visit(path)
				shoot(strings.NewReplacer("#/", "", "/", "_", "%40example.com", "", "%2F", "-").Replace(path))
			}
			p.visit("#/users/alice%40example.com")
			p.click("Offboard")
			p.waitText("This removes the user for good")
			shoot("offboard")
			p.click("Cancel")
			p.visit("#/users")
			p.click("Onboard a user")
			p.set("username", "dora", "displayname", "Dora", "choice", "first")
			shoot("onboard")
			p.click("Onboard")
			p.waitText("it is shown this once")
			shoot("onboarded")
			p.click("Close")
			s.mustCall(t, "user/offboard", "user", "dora@example.com")
			p.click("Log out")
		}
	}
}
