package kamailiotest

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"
)

//go:embed scenarios
var scenarios embed.FS

// sippPorts is how many ports in a row one sipp takes: SIP, its control socket, and for media the next
// and the one two further on, with one between them.
const sippPorts = 5

// script is what a scenario is filled with.
type script struct {
	Method, User, Domain, To string
	Contact                  string // the URI where the phone is reached
	Authentication           string // sipp's keyword
	Name                     string // of a phone
	Unbind                   bool
}

// Refusals are the final responses to INVITE that are acknowledged in order. At any other sipp breaks off,
// which does not change the answer.
func (script) Refusals() []int {
	return []int{400, 401, 403, 404, 405, 408, 410, 420, 477, 478, 480, 481, 482, 483, 484, 486, 487, 488, 500, 502, 503, 504, 600, 603, 604}
}

// job is one run of sipp.
type job struct {
	doing    string
	scenario string
	script   script
	account  Account
	users    string // lines of an injection file, one a call; "" for one call by account
	calls    int
}

// runs is how often sipp is tried again on other ports.
const runs = 5

// run carries out a job and returns the answer of each call. The error is a *Fault.
func (k *Kamailio) run(j job) ([]Answer, error) {
	if err := usable(j); err != nil {
		return nil, &Fault{Doing: j.doing, Err: err}
	}
	if k.proc == nil || k.proc.ended() {
		return nil, &Fault{Doing: j.doing, Err: errors.New("Kamailio is not running"), Log: k.Log()}
	}
	for try := 1; ; try++ {
		answers, err := k.runOnce(j)
		var fault *Fault
		if try == runs || !errors.As(err, &fault) || !strings.Contains(fault.Log, "Unable to bind") {
			return answers, err
		}
	}
}

// usable refuses what sipp or XML would read as something else.
func usable(j job) error {
	for _, value := range []string{j.script.Method, j.account.User, j.account.Domain, j.script.To} {
		if strings.ContainsAny(value, "[]<>\"\r\n") {
			return fmt.Errorf("%q in a scenario, wanted it without brackets, quotes and line breaks", value)
		}
	}
	return nil
}

func (k *Kamailio) runOnce(j job) ([]Answer, error) {
	dir, err := os.MkdirTemp(k.dir, "sipp-")
	if err != nil {
		return nil, &Fault{Doing: j.doing, Err: err}
	}
	local, err := freeAddr(loopback, sippPorts)
	if err != nil {
		return nil, &Fault{Doing: j.doing, Err: err}
	}
	p, err := k.startSipp(dir, local, j)
	if err == nil {
		err = k.awaitSipp(p, j.calls)
	}
	trace, log := readFile(dir, "trace"), readFile(dir, "log")+readFile(dir, "errors")
	answers, unanswered := k.answers(trace, filepath.Base(dir), j.calls)
	if unanswered == nil {
		return answers, nil
	}
	unanswered.Doing, unanswered.Trace = j.doing, trace
	if unanswered.Log == "" {
		unanswered.Log = log
	}
	if err != nil {
		unanswered.Err = fmt.Errorf("%w: %w", unanswered.Err, err)
	}
	return nil, unanswered
}

// answers reads the answer of each call from the trace.
func (k *Kamailio) answers(trace, prefix string, calls int) ([]Answer, *Fault) {
	byID := byCall(parseTrace(trace))
	answers := make([]Answer, 0, calls)
	for n := 1; n <= calls; n++ {
		id := prefix + "-" + strconv.Itoa(n)
		answer, ok := judge(byID[id])
		if !ok {
			return nil, &Fault{Err: fmt.Errorf("no final answer in call %d of %d", n, calls)}
		}
		if !answer.OK() {
			if lines := blame(k.Log(), id); lines != "" {
				return nil, &Fault{Err: fmt.Errorf("answered %v because Kamailio's database failed", answer), Log: lines}
			}
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// startSipp runs sipp in a folder, where it finds its scenario and leaves its trace.
func (k *Kamailio) startSipp(dir string, local netip.AddrPort, j job) (*process, error) {
	if err := writeScenario(dir, j); err != nil {
		return nil, err
	}
	patience := k.opts.Patience
	args := []string{k.Addr(), "-sf", "scenario.xml", "-trace_msg", "-message_file", "trace", "-trace_err", "-error_file", "errors",
		"-nostdin", "-skip_rlimit", "-default_behaviors", "all,-bye",
		"-i", local.Addr().String(), "-bind_local", "-p", port(local, 0),
		"-ci", local.Addr().String(), "-cp", port(local, 1), "-mi", local.Addr().String(), "-mp", port(local, 2)}
	if j.calls > 0 {
		args = append(args, "-m", strconv.Itoa(j.calls), "-l", "20", "-r", "1000", "-cid_str", filepath.Base(dir)+"-%u",
			"-recv_timeout", strconv.FormatInt(patience.Milliseconds(), 10))
	}
	switch {
	case j.users != "":
		args = append(args, "-inf", "users.csv")
	case j.calls > 0:
		args = append(args, "-au", j.account.login(), "-ap", j.account.Password, "-auth_uri", j.account.Domain)
	}
	return launch(k.dog, dir, filepath.Join(dir, "log"), k.sipp, args...)
}

func port(first netip.AddrPort, n uint16) string { return strconv.Itoa(int(first.Port() + n)) }

func writeScenario(dir string, j job) error {
	t, err := template.ParseFS(scenarios, "scenarios/"+j.scenario)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := t.Execute(&b, j.script); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "scenario.xml"), []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "users.csv"), []byte("SEQUENTIAL\n"+j.users), 0o600)
}

// awaitSipp waits for sipp's end, which is early where Kamailio ends or is silent for too long.
func (k *Kamailio) awaitSipp(p *process, calls int) error {
	// Three waits at most in a call, twenty calls at a time.
	limit := k.opts.Patience * time.Duration(4+calls/20)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	select {
	case <-p.exited:
		return p.err
	case <-k.proc.exited:
		p.kill()
		return errors.New("Kamailio ended")
	case <-ctx.Done():
		p.kill()
		return fmt.Errorf("sipp did not end within %v", limit)
	}
}

func readFile(dir, name string) string {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !os.IsNotExist(err) {
		return err.Error()
	}
	return string(text)
}
