package apitest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// causes are what API.md, section 3, lists for each node: its ok, and its other answers.
// Beyond these, every node has the ones that common returns.
var causes = map[string]string{
	"auth/login":       "ok failed/unauthorized failed/throttled",
	"auth/challenge":   "ok failed/throttled",
	"auth/logout":      "ok failed/unauthorized",
	"auth/ping":        "pong",
	"auth/new_key":     "ok",
	"auth/remove_key":  "ok failed/nonexistant failed/inuse",
	"auth/list_keys":   "ok",
	"auth/authorize":   "ok failed/nonexistant failed/inuse",
	"auth/remove_user": "ok failed/nonexistant failed/inuse",
	"auth/list_users":  "ok",
	"auth/add_user":    "ok failed/exists failed/readonly",
	"auth/update_user": "ok failed/nonexistant failed/readonly failed/unauthorized",

	"user/get":               "ok failed/nonexistant failed/invalid",
	"user/list":              "ok failed/invalid",
	"user/add":               "ok failed/exists failed/invalid failed/nxdomain failed/servfail",
	"user/add_remote":        "ok failed/domain failed/exists failed/invalid",
	"user/remove":            "ok failed/nonexistant failed/invalid failed/inuse",
	"user/change_pw":         "ok failed/invalid failed/nonexistant",
	"user/change_email":      "ok failed/invalid failed/nonexistant",
	"user/update":            "ok failed/invalid failed/nonexistant",
	"user/avail":             "ok/nonexistant failed/exists failed/invalid",
	"user/generate_password": "ok",
	"user/permissions":       "ok failed/invalid failed/nonexistant",

	"phone/get":    "ok failed/nonexistant failed/invalid",
	"phone/list":   "ok failed/invalid",
	"phone/add":    "ok failed/invalid failed/nonexistant failed/exists",
	"phone/remove": "ok failed/invalid failed/nonexistant",

	"number/list":      "ok failed/empty failed/invalid",
	"number/add_range": "ok failed/rejected",
	"number/add":       "ok failed/rejected failed/exists",
	"number/remove":    "ok failed/rejected failed/nonexistant",
	"number/test":      "ok failed/nonexistant failed/rejected",
	"number/claim":     "ok failed/empty failed/invalid",
	"number/assign":    "ok failed/empty failed/invalid failed/nxdomain failed/nonexistant failed/exists failed/rejected",
	"number/release":   "ok failed/invalid failed/nonexistant failed/rejected",

	"alias/list":   "ok failed/invalid ok/dbfail",
	"alias/add":    "ok invalid/destination invalid/alias failed/nxdomain failed/nonexistant failed/exists",
	"alias/remove": "ok invalid/address failed/nonexistant",

	"domain/list":        "ok",
	"domain/get_servers": "ok failed/invalid failed/nonexistant",
	"domain/set_servers": "ok",
}

// common returns the answers that a node shares with others: parameters that are wrong, no session, too low a level, a database
// that fails.
func common(n hermes.Node) []string {
	all := []string{string(n.Refuses) + "/parameters"}
	if n.Path != "alias/list" { // it answers ok even then
		all = append(all, "failed/dbfail")
	}
	if n.Needs != hermes.NoCapability {
		all = append(all, "failed/unauthorized", "failed/forbidden")
	}
	return all
}

// Covered makes sure that dir has a script for every node of the table, in which every answer that
// API.md lists for it is shown, and no other file.
func Covered(t *testing.T, dir string) {
	nodes := map[string]hermes.Node{}
	for _, n := range hermes.Nodes() {
		name := strings.ReplaceAll(n.Path, "/", "_") + ".txt"
		nodes[name] = n
		if causes[n.Path] == "" {
			t.Errorf("%s: no answers are listed in the table causes", n.Path)
		}
		s := read(t, filepath.Join(dir, name))
		shown := map[string]bool{}
		for _, c := range s.cases {
			shown[c.want()] = asks(c.ask, n.Path) || shown[c.want()]
		}
		for _, want := range append(strings.Fields(causes[n.Path]), common(n)...) {
			if !shown[want] {
				t.Errorf("%s: the answer %s is not shown", name, want)
			}
		}
	}
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if _, ok := nodes[f.Name()]; !ok {
			t.Errorf("%s: there is no such node", f.Name())
		}
	}
}

func asks(line, node string) bool {
	_, rest, _ := strings.Cut(line, " ")
	path, _, _ := strings.Cut(rest, "?")
	return path == node
}
