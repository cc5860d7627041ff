package console_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
)

func TestNumbers(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	s.fill(t)
	p := openTab(t, s)
	p.login("admin")
	p.visit("#/numbers")
	bar := func(prefix string) string {
		t.Helper()
		return eval[string](p, `document.querySelector("[data-prefix='`+prefix+`'] .bar-counts").innerText.replaceAll(/\s+/g, " ")`)
	}
	for prefix, want := range map[string]string{
		"": "2 assigned 1 held 0 cooling 109 free", "+463210": "0 assigned 0 held 0 cooling 100 free", "+477350": "2 assigned 1 held 0 cooling 9 free",
	} {
		if got := bar(prefix); got != want {
			t.Errorf("the bar of %q: %s, want %s", prefix, got, want)
		}
	}
	p.waitText("low: fewer than 10 free") // a low-water mark
	p.click("Add a range")
	p.set("start", "+4773500012", "end", "+477350001")
	p.click("Add")
	p.waitFor(`document.querySelector("dialog .error") !== null`)
	p.set("end", "+4773500013")
	p.click("Add")
	p.waitText("2 numbers are added.")
	p.waitText("low-water mark 10")
	p.click("Hold a number")
	p.set("wish", "+4773*", "ttl", "1h")
	p.click("Hold")
	p.waitText("+4773500000 is held until")
	p.click("Close")
	p.settled()
	p.set("state", "held")
	p.waitText("+4773500007")
	p.click("End the hold", "+4773500000")
	p.settled()
	p.set("state", "assigned")
	p.click("Release", "+4773500004")
	p.click("Release")
	p.waitText("+4773500004 is back in the pool.")
	p.settled()
	if got, want := bar("+477350"), "1 assigned 1 held 0 cooling 12 free"; got != want {
		t.Errorf("the bar in the end: %s, want %s", got, want)
	}
}

func TestPhonesAndDomains(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	s.fill(t)
	p := openTab(t, s)
	p.login("admin")
	p.visit("#/phones")
	p.click("80:5e:c0:11:22:33")
	p.waitText("at the reception")
	p.settled()
	p.click("Preview the file")
	p.click("Preview")
	p.waitText("#!version:1.0.0.1")
	p.click("Close")
	p.click("Resync")
	p.waitText("Told to fetch its file again: sip:alice@192.0.2.1:5060.")
	p.click("Open the window")
	p.set("ttl", "30d")
	p.click("Open")
	p.waitText("open until 2026-02-01")
	p.click("Edit")
	p.set("vendor", "snom", "note", "in the kitchen")
	p.click("Save")
	p.waitText("in the kitchen")

	p.visit("#/domains")
	p.click("Set the servers", "example.net")
	p.set("registrar", "sip.example.net", "proxy", "sip.example.net")
	p.click("Save")
	p.waitText("sip.example.net:5060")
	p.click("Provisioning address", "example.net")
	p.click("Show the address")
	p.waitFor(`document.querySelector("dialog code")?.textContent.startsWith("http://127.0.0.1")`)
}

func TestAccessAndAudit(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	s.fill(t)
	p := openTab(t, s)
	p.login("admin")
	p.visit("#/access")
	p.click("Make a key")
	p.set("access", "full_read", "host", "198.51.100.7", "comment", "billing", "domains", "example.com")
	p.click("Make the key")
	p.waitText("it is shown this once")
	key := eval[string](p, `document.querySelector("dialog code").textContent`)
	p.click("Close")
	p.waitText("billing")
	if text := p.text(); strings.Contains(text, key) || !strings.Contains(text, "198.51.100.7") {
		t.Errorf("the view after the key %s was made: %s", key, text)
	}
	p.click("Remove", "billing")
	p.click("Remove")
	p.waitFor(`!document.body.innerText.includes("billing")`)
	p.click("Add a user")
	p.set("user", "nina")
	p.click("Add")
	p.waitText("nina can log in now.")
	p.click("Close")
	p.click("Level and scope", "nina")
	p.set("access", "limited_write", "numbers", "+4773")
	p.click("Save")
	p.waitText("numbers: +4773")
	p.click("Remove", "nina")
	p.click("Remove")
	p.waitFor(`!document.body.innerText.includes("nina")`)

	p.visit("#/audit")
	if first := eval[string](p, `document.querySelector("tbody tr").innerText`); !strings.Contains(first, "auth/remove_user") {
		t.Errorf("the newest change is shown as %q", first)
	}
	p.waitText("entries are sealed")
	p.set("node", "user/*", "subject", "alice@example.com")
	p.waitFor(`[...document.querySelectorAll("tbody tr")].length > 0 && [...document.querySelectorAll("tbody tr")].every((r) => /alias|user\/onboard/.test(r.innerText) && r.innerText.includes("alice"))`)
	p.click("28 fields")
	p.waitText("displayname: Alice Liddell")
}

// TestNodes_Forms checks that each node of the table has a form with its parameters.
func TestNodes_Forms(t *testing.T) {
	t.Parallel()
	parameters := describedParameters(t)
	p := openTab(t, newServer(t, 0))
	p.login("admin")
	p.visit("#/nodes")
	paths := eval[[]string](p, `[...document.querySelectorAll(".index a")].map((a) => decodeURIComponent(a.hash.slice("#/nodes/".length)))`)
	want := []string{}
	for _, n := range hermes.Nodes() {
		want = append(want, n.Path)
	}
	slices.Sort(want)
	slices.Sort(paths)
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("the nodes (-table +page)\n%s", diff)
	}
	for _, path := range want {
		p.visit("#/nodes/" + strings.Replace(path, "/", "%2F", 1))
		shown := eval[[]string](p, `[...document.querySelectorAll("form[data-node] [name]")].map((f) => f.name).filter((n) => !n.startsWith("_"))`)
		if diff := cmp.Diff(parameters[path], shown); diff != "" {
			t.Errorf("%s: parameters (-table +form)\n%s", path, diff)
		}
	}
}

// describedParameters returns the names of the parameters of each node, but for the credentials,
// which the console adds itself.
func describedParameters(t *testing.T) map[string][]string {
	t.Helper()
	var document struct {
		Paths map[string]struct {
			Get struct {
				Parameters []struct{ Name string }
			}
		}
	}
	if err := json.Unmarshal(api.OpenAPI(), &document); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for path, item := range document.Paths {
		names := []string{}
		for _, p := range item.Get.Parameters {
			if p.Name != "session" && p.Name != "auth_key" {
				names = append(names, p.Name)
			}
		}
		found[strings.TrimPrefix(path, "/")] = names
	}
	return found
}

// TestNodes_Send checks calls by the forms, their answers, and the lines for curl.
func TestNodes_Send(t *testing.T) {
	t.Parallel()
	s := newServer(t, 0)
	s.fill(t)
	p := openTab(t, s)
	p.login("admin")
	open := func(node string) {
		t.Helper()
		p.visit("#/nodes/" + strings.Replace(node, "/", "%2F", 1))
	}
	answer := func() string {
		t.Helper()
		p.waitFor(`document.querySelector(".answer") !== null && document.querySelector("[aria-busy]") === null`)
		return eval[string](p, `document.querySelector(".answer").textContent`)
	}
	curl := func() string { return eval[string](p, `document.querySelector(".curl").textContent`) }
	const credentials = `-b hermes.cookies -c hermes.cookies`
	const parameters = `-d "session=$SESSION" -d "auth_key=$AUTH_KEY"`

	open("user/get")
	p.set("user", "alice@example.com")
	p.click("Send")
	if got, want := answer(), s.mustCall(t, "user/get", "user", "alice@example.com").Body; got != want {
		t.Errorf("the answer is shown as %s, want it as it came: %s", got, want)
	}
	p.set("_method", "GET")
	if got, want := curl(), `curl -sS `+credentials+` -G `+parameters+` --data-urlencode user=alice@example.com `+s.url+`/api/user/get`; got != want {
		t.Errorf("the line for curl is\n%s, want\n%s", got, want)
	}
	p.click("Send")
	p.waitText("HTTP 200")

	open("user/update")
	p.set("user", "alice@example.com", "displayname", "Alice O'Hara", "_empty_email", "true")
	p.click("Send")
	if got, want := answer(), `{"response":"ok","updated":["displayname","email"],"skipped":[]}`; got != want {
		t.Errorf("user/update answers %s, want %s", got, want)
	}
	if line := curl(); !strings.Contains(line, `--data-urlencode 'displayname=Alice O'\''Hara' --data-urlencode email=`) {
		t.Errorf("the line for curl is %s", line)
	}

	open("user/change_pw")
	p.set("user", "alice@example.com", "password", "a new password")
	if line := curl(); strings.Contains(line, "a new password") || !strings.Contains(line, `"password=$PASSWORD"`) {
		t.Errorf("the line for curl has a secret: %s", line)
	}
	p.click("Send")
	if got := answer(); !strings.Contains(got, `"response":"ok"`) {
		t.Errorf("user/change_pw answers %s", got)
	}

	open("number/list")
	p.set("limit", "0")
	p.click("Send")
	if got := answer(); !strings.Contains(got, `"response":"invalid","cause":"parameters"`) {
		t.Errorf("number/list with limit=0 answers %s", got)
	}

	open("user/generate_password")
	p.click("Send")
	if got := answer(); len(got) != 20 {
		t.Errorf("user/generate_password answers %s", got)
	}

	open("auth/ping")
	p.click("Send")
	if got := answer(); !strings.Contains(got, `"response":"pong"`) {
		t.Errorf("auth/ping answers %s", got)
	}
	p.visit("#/users") // the session goes on with the new auth_key
	p.waitText("Alice O'Hara")
	open("auth/logout")
	p.click("Send")
	p.waitText(`You have logged out: the server answered {"response":"ok"}`)
}
