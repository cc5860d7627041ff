package console_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestUsers follows a user from the first day to the last.
func TestUsers(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	s.fill(t)
	p := openTab(t, s)
	p.login("admin")

	p.click("Onboard a user")
	p.set("username", "dora", "displayname", "Dora", "macs", "80:5e:c0:11:22:33, 80:5e:c0:aa:bb:cc", "choice", "wish", "wish", "+47735*", "permissions", "local")
	p.click("Onboard")
	p.waitText("it is shown this once")
	password := eval[string](p, `document.querySelector("dialog code").textContent`)
	p.click("dora@example.com")
	p.waitText("80:5e:c0:aa:bb:cc")
	p.settled()
	if user := s.mustCall(t, "user/show", "user", "dora@example.com"); !strings.Contains(user.Body, password) || !strings.Contains(user.Body, `"numbers":["+4773500000"]`) {
		t.Errorf("the password %s and the first number that matches are not the user's: %s", password, user.Body)
	}
	if text := p.text(); strings.Contains(text, password) || !strings.Contains(text, "not registered") || !strings.Contains(text, "+4773500000") {
		t.Errorf("the user's view: %s", text)
	}
	p.click("Show password")
	p.waitText(password)

	p.click("Edit")
	p.set("linetext", "Dora at home", "r_port", "5070")
	p.click("Save")
	p.waitText("Saved: r_port, linetext.")
	p.waitText("sip.example.com:5070")

	p.click("Release")
	p.waitText("its number returns to the pool")
	p.click("Release")
	p.waitText("No number and no alias leads here.")
	p.click("Assign a number")
	p.set("choice", "wish", "wish", "+4773500003")
	p.click("Assign")
	p.waitFor(`document.querySelector("dialog .error") !== null`) // that one is Alice's
	p.set("wish", "+4773500005")
	p.click("Assign")
	p.waitText("+4773500005@example.com")
	p.click("Add an alias")
	p.set("alias_username", "sales")
	p.click("Add")
	p.waitText("sales@example.com")

	p.click("Suspend")
	p.set("reason", "on leave")
	p.click("Suspend")
	p.waitText("suspended: on leave")
	p.click("Resume")
	p.waitFor(`!document.querySelector("main").innerText.includes("on leave")`)

	p.click("New password")
	p.click("Change the password")
	p.waitText("it is shown this once")
	if again := eval[string](p, `document.querySelector("dialog code").textContent`); again == password {
		t.Error("the password is still the one before")
	}
	p.click("Close")

	p.click("Rename")
	p.set("new_user", "dorothea@example.com", "keep_alias", "true")
	p.click("Rename")
	p.waitText("dora@example.com is now dorothea@example.com.")
	p.waitFor(`document.querySelector(".view[data-ready] .head .address")?.textContent === "dorothea@example.com"`)

	p.click("Offboard")
	p.waitText("This removes the user for good")
	for _, part := range []string{"80:5e:c0:11:22:33", "80:5e:c0:aa:bb:cc", "+4773500005@example.com", "dora@example.com", "sales@example.com", "Return to the pool: +4773500005"} {
		p.waitText(part)
	}
	p.click("Offboard")
	p.waitText("dorothea@example.com is removed.")
	p.waitText("Alice Liddell")
	if left := s.mustCall(t, "user/list", "search", "dor"); !strings.Contains(left.Body, `"list":[]`) {
		t.Errorf("left behind: %s", left.Body)
	}
	s.mustCall(t, "number/test", "number", "+4773500005")
}

// TestUsers_Markup checks that markup in a display name shows as text.
func TestUsers_Markup(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	s.fill(t)
	const name = `<img src=x onerror="document.title='run'"><b>Eve</b> & co`
	s.mustCall(t, "user/update", "user", "alice@example.com", "displayname", name, "linetext", name)
	p := openTab(t, s)
	p.login("admin")
	for _, path := range []string{"#/users", "#/users/alice%40example.com", "#/phones", "#/phones/805ec0112233", "#/audit"} {
		p.visit(path)
		if path == "#/audit" {
			p.waitText("user/update")
		} else {
			p.waitText(name)
		}
		if eval[bool](p, `document.querySelector("main img, main b") !== null`) {
			t.Errorf("%s: markup in a display name became elements", path)
		}
	}
}

// TestUsers_Search checks the search while typing, and the pages.
func TestUsers_Search(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	s.fill(t)
	for i := range 60 {
		address := sip.MustParse(fmt.Sprintf("user%02d@example.com", i))
		if _, err := s.Client.UserAdd(t.Context(), hermes.UserAddRequest{User: address}); err != nil {
			t.Fatal(err)
		}
	}
	p := openTab(t, s)
	p.login("reader")
	p.waitText("Alice Liddell")
	p.click("Next")
	p.waitText("user59@example.com")
	p.click("Previous")
	p.waitText("Alice Liddell")
	p.set("search", "user3")
	p.waitFor(`document.querySelectorAll("tbody tr").length === 10`)
	p.set("search", "nothing like this")
	p.waitText("Nothing matches “nothing like this”.")
	p.set("search", "liddell")
	p.waitFor(`document.querySelectorAll("tbody tr").length === 1`)
	p.click("Alice Liddell")
	p.waitText("Registered now")
	eval[any](p, "history.back()")
	p.waitFor(`document.querySelector("[name=search]")?.value === "liddell" && document.querySelectorAll("tbody tr").length === 1`)
}

// TestLevels checks what a level hides: a principal who may only read sees no secret, and no button
// that changes something.
func TestLevels(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	s.fill(t)
	s.mustCall(t, "auth/add_user", "user", "helpdesk", "password", "correct horse")
	s.mustCall(t, "auth/authorize", "user", "helpdesk", "access", "limited_write", "nodes", "user/*,domain/list", "domains", "example.com")
	alice, err := s.Client.UserGet(t.Context(), hermes.UserGetRequest{User: sip.MustParse("alice@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	password := alice.User.Password.Value.Reveal()
	allowed := []string{"Log out", "Previous", "Next", "Look again", "Change your password", "Add a prefix", "Copy", "Send"}
	p := openTab(t, s)
	p.login("reader")
	links := eval[[]string](p, `[...document.querySelectorAll("nav a")].map((a) => a.textContent)`)
	if diff := cmp.Diff([]string{"Users", "Numbers", "Phones", "Domains", "Access", "Nodes"}, links); diff != "" {
		t.Errorf("the navigation of a reader (-want +got)\n%s", diff)
	}
	for _, path := range views {
		p.visit(path)
		if text := eval[string](p, "document.body.innerHTML"); strings.Contains(text, password) || strings.Contains(text, "Show ") {
			t.Errorf("%s: the page has a secret", path)
		}
		for _, b := range eval[[]string](p, `[...document.querySelectorAll("main button, header button")].map((b) => b.textContent)`) {
			if !slices.Contains(allowed, b) {
				t.Errorf("%s: a reader sees the button %q", path, b)
			}
		}
	}
	p.visit("#/audit")
	p.waitText("Your access level or scope does not allow this view.")
	p.click("Log out")
	p.waitText("You have logged out.")
	p.login("helpdesk")
	links = eval[[]string](p, `[...document.querySelectorAll("nav a")].map((a) => a.textContent)`)
	if diff := cmp.Diff([]string{"Users", "Domains", "Access", "Nodes"}, links); diff != "" {
		t.Errorf("the navigation of a principal with a scope (-want +got)\n%s", diff)
	}
	p.visit("#/users/alice%40example.com")
	buttons := eval[[]string](p, `[...document.querySelectorAll("main button")].map((b) => b.textContent)`)
	if diff := cmp.Diff([]string{"Edit", "New password", "Suspend", "Change", "Look again"}, buttons); diff != "" {
		t.Errorf("the buttons of a principal with a scope (-want +got)\n%s", diff)
	}
}
