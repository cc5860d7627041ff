package apitest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// results lists the results of each node in the documentation of the API. Besides these, every node
// has those that commonResults returns.
var results = map[string]string{
	"auth/login":       "ok failed/unauthorized failed/throttled",
	"auth/challenge":   "ok failed/throttled",
	"auth/logout":      "ok failed/unauthorized",
	"auth/ping":        "pong",
	"auth/whoami":      "ok",
	"auth/new_key":     "ok",
	"auth/remove_key":  "ok failed/nonexistant failed/inuse",
	"auth/list_keys":   "ok",
	"auth/authorize":   "ok failed/nonexistant failed/inuse",
	"auth/remove_user": "ok failed/nonexistant failed/inuse",
	"auth/list_users":  "ok",
	"auth/add_user":    "ok failed/exists failed/readonly",
	"auth/update_user": "ok failed/nonexistant failed/readonly failed/unauthorized",

	"user/get":        "ok failed/nonexistant failed/invalid",
	"user/list":       "ok failed/invalid",
	"user/add":        "ok failed/exists failed/invalid failed/nxdomain failed/servfail",
	"user/add_remote": "ok failed/domain failed/exists failed/invalid",
	"user/onboard": "ok failed/exists failed/invalid failed/nxdomain failed/servfail failed/empty failed/nonexistant " +
		"failed/rejected",
	"user/offboard": "ok failed/nonexistant failed/invalid failed/inuse",
	"user/rename": "ok failed/exists failed/nxdomain failed/invalid failed/nonexistant failed/rejected failed/servfail " +
		"failed/inuse",
	"user/show":              "ok failed/nonexistant failed/invalid failed/rejected",
	"user/contacts":          "ok failed/nonexistant failed/invalid failed/notconfigured failed/busy",
	"user/suspend":           "ok failed/nonexistant failed/invalid",
	"user/resume":            "ok failed/nonexistant failed/invalid",
	"user/remove":            "ok failed/nonexistant failed/invalid failed/inuse",
	"user/change_pw":         "ok failed/invalid failed/nonexistant",
	"user/change_email":      "ok failed/invalid failed/nonexistant",
	"user/update":            "ok failed/invalid failed/nonexistant",
	"user/avail":             "ok/nonexistant failed/exists failed/invalid",
	"user/generate_password": "ok",
	"user/permissions":       "ok failed/invalid failed/nonexistant",
	"user/adopt":             "ok failed/nonexistant failed/servfail failed/invalid",

	"phone/get":    "ok failed/nonexistant failed/invalid",
	"phone/list":   "ok failed/invalid",
	"phone/add":    "ok failed/invalid failed/nonexistant failed/exists failed/rejected",
	"phone/remove": "ok failed/invalid failed/nonexistant",
	"phone/show":   "ok failed/invalid failed/nonexistant",
	"phone/set":    "ok failed/invalid failed/nonexistant",
	"phone/enrol":  "ok failed/invalid failed/nonexistant",
	"phone/config": "ok failed/invalid failed/nonexistant failed/rejected failed/notconfigured",
	"phone/resync": "ok failed/nonexistant failed/invalid failed/notconfigured failed/busy",

	"number/list":      "ok failed/empty failed/invalid",
	"number/add_range": "ok failed/rejected",
	"number/add":       "ok failed/rejected failed/exists failed/inuse",
	"number/remove":    "ok failed/rejected failed/nonexistant failed/inuse",
	"number/test":      "ok failed/nonexistant failed/rejected failed/inuse",
	"number/claim":     "ok failed/empty failed/invalid",
	"number/assign":    "ok failed/empty failed/invalid failed/nxdomain failed/nonexistant failed/exists failed/rejected failed/inuse",
	"number/release":   "ok failed/invalid failed/nonexistant failed/rejected failed/inuse",
	"number/hold":      "ok failed/empty failed/invalid failed/nonexistant failed/inuse failed/rejected",
	"number/unhold":    "ok failed/nonexistant failed/rejected",
	"number/stats":     "ok failed/invalid",

	"alias/list":   "ok failed/invalid ok/dbfail",
	"alias/add":    "ok invalid/destination invalid/alias failed/nxdomain failed/nonexistant failed/exists failed/inuse",
	"alias/remove": "ok invalid/address failed/nonexistant",

	"domain/list":        "ok",
	"domain/get_servers": "ok failed/invalid failed/nonexistant",
	"domain/set_servers": "ok",
	"domain/prov_key":    "ok failed/invalid failed/nonexistant",

	"audit/list":   "ok",
	"audit/verify": "ok", // failed/rejected needs a database that another program has changed
}

// commonResults returns the results that n shares with other nodes.
func commonResults(n hermes.Node) []string {
	common := []string{string(n.Refuses) + "/parameters"}
	// alias/list answers ok with a cause if the store fails. auth/challenge does not need the store.
	if n.Path != "alias/list" && n.Path != "auth/challenge" {
		common = append(common, "failed/dbfail")
	}
	if n.Needs != hermes.NoCapability {
		common = append(common, "failed/unauthorized", "failed/forbidden")
	}
	return common
}

// CheckCoverage fails the test unless dir has a script for each node and no other file, and each
// script shows all results of its node.
func CheckCoverage(t *testing.T, dir string) {
	t.Helper()
	nodes := map[string]bool{}
	for _, n := range hermes.Nodes() {
		name := strings.ReplaceAll(n.Path, "/", "_") + ".txt"
		nodes[name] = true
		if results[n.Path] == "" {
			t.Errorf("%s: add a line to the table results in internal/test/apitest/coverage.go", n.Path)
		}
		shown := map[string]bool{}
		for _, c := range mustReadScript(t, filepath.Join(dir, name)).cases {
			if c.node() == n.Path {
				shown[c.want()] = true
			}
		}
		for _, want := range append(strings.Fields(results[n.Path]), commonResults(n)...) {
			if !shown[want] {
				t.Errorf("%s: no case shows the result %s", name, want)
			}
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !nodes[f.Name()] {
			t.Errorf("%s: there is no such node", f.Name())
		}
	}
}
