package kamailiotest

import (
	"embed"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

//go:embed scenarios
var scenarios embed.FS

// sippPorts is the number of consecutive ports that one sipp uses: one for SIP, one for its control
// socket, and three for media, of which it uses the first and the third.
const sippPorts = 5

// fields are the values that a scenario's template is filled with.
type fields struct {
	Method, User, Domain, To string
	Contact                  string // the URI of the phone
	Authentication           string // sipp's keyword
	Name                     string // the name of a phone that answers
	Unregister               bool
}

// Refusals returns the final responses to INVITE that the scenario acknowledges. At any other
// response sipp breaks off, which does not change the answer.
func (fields) Refusals() []int {
	return []int{
		400, 401, 403, 404, 405, 408, 410, 420, 477, 478, 480, 481, 482, 483, 484, 486, 487, 488,
		500, 502, 503, 504, 600, 603, 604,
	}
}

// job is one run of sipp.
type job struct {
	request  string // describes the job in a Fault
	scenario string
	fields   fields
	account  Account
	users    string // lines of an injection file, one per call; empty for one call by account
	calls    int    // 0 for a phone, which answers calls until it is stopped
}

// maxTries is how often sipp is started if ports turn out to be in use.
const maxTries = 5

// run runs a job and returns the answer to each call. The error is a *Fault.
func (k *Kamailio) run(j job) ([]Answer, error) {
	if err := j.check(); err != nil {
		return nil, &Fault{Request: j.request, Err: err}
	}
	if k.proc == nil || k.proc.HasExited() {
		return nil, &Fault{Request: j.request, Err: errors.New("Kamailio is not running"), Log: k.Log()}
	}
	for try := 1; ; try++ {
		answers, err := k.runOnce(j)
		var fault *Fault
		if try == maxTries || !errors.As(err, &fault) || !strings.Contains(fault.Log, "Unable to bind") {
			return answers, err
		}
	}
}

// check returns an error for values that sipp or XML would misread.
func (j job) check() error {
	for _, value := range []string{j.fields.Method, j.account.User, j.account.Domain, j.fields.To} {
		if strings.ContainsAny(value, "[]<>\"\r\n") {
			return fmt.Errorf("%q in a scenario: want it without brackets, quotes and line breaks", value)
		}
	}
	return nil
}

func (k *Kamailio) runOnce(j job) ([]Answer, error) {
	dir, err := os.MkdirTemp(k.folder.Path(), "sipp-")
	if err != nil {
		return nil, &Fault{Request: j.request, Err: err}
	}
	local, err := testserver.FreePorts(sippPorts)
	if err != nil {
		return nil, &Fault{Request: j.request, Err: err}
	}
	p, err := k.startSipp(dir, local, j)
	if err == nil {
		err = k.waitForSipp(p, j.calls)
	}
	// If the trace has all answers, sipp's own result does not matter.
	trace := testserver.ReadLog(filepath.Join(dir, "trace"))
	answers, fault := k.answers(trace, filepath.Base(dir), j.calls)
	if fault == nil {
		return answers, nil
	}
	fault.Request, fault.Trace = j.request, trace
	if fault.Log == "" {
		fault.Log = sippLog(dir)
	}
	if err != nil {
		fault.Err = fmt.Errorf("%w: %w", fault.Err, err)
	}
	return nil, fault
}

// answers reads the answer to each call from the trace. The Call-ID of call n is PREFIX-n.
func (k *Kamailio) answers(trace, prefix string, calls int) ([]Answer, *Fault) {
	byID := byCall(parseTrace(trace))
	answers := make([]Answer, 0, calls)
	for n := 1; n <= calls; n++ {
		id := prefix + "-" + strconv.Itoa(n)
		answer, ok := finalAnswer(byID[id])
		if !ok {
			return nil, &Fault{Err: fmt.Errorf("no final answer in call %d of %d", n, calls)}
		}
		if !answer.OK() {
			if lines := databaseErrors(k.Log(), id); lines != "" {
				return nil, &Fault{Err: fmt.Errorf("answered %v because Kamailio's database failed", answer), Log: lines}
			}
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// startSipp starts sipp in a folder, which has its scenario and to which it writes its trace.
func (k *Kamailio) startSipp(dir string, local netip.AddrPort, j job) (*testserver.Process, error) {
	if err := j.writeScenario(dir); err != nil {
		return nil, err
	}
	args := []string{k.Addr(), "-sf", "scenario.xml", "-trace_msg", "-message_file", "trace",
		"-trace_err", "-error_file", "errors", "-nostdin", "-skip_rlimit", "-default_behaviors", "all,-bye",
		"-i", local.Addr().String(), "-bind_local", "-p", port(local, 0),
		"-ci", local.Addr().String(), "-cp", port(local, 1), "-mi", local.Addr().String(), "-mp", port(local, 2)}
	if j.calls > 0 {
		args = append(args, "-m", strconv.Itoa(j.calls), "-l", "20", "-r", "1000", "-cid_str", filepath.Base(dir)+"-%u",
			"-recv_timeout", strconv.FormatInt(k.opts.ReplyTimeout.Milliseconds(), 10))
	}
	switch {
	case j.users != "":
		args = append(args, "-inf", "users.csv")
	case j.calls > 0:
		args = append(args, "-au", j.account.login(), "-ap", j.account.Password, "-auth_uri", j.account.Domain)
	}
	cmd := k.folder.Command(k.sipp, args...)
	cmd.Dir = dir
	return k.folder.Start(cmd, filepath.Join(dir, "log"))
}

// port returns the port n above the first one.
func port(first netip.AddrPort, n uint16) string { return strconv.Itoa(int(first.Port() + n)) }

// writeScenario writes the job's scenario and injection file to sipp's folder.
func (j job) writeScenario(dir string) error {
	t, err := template.ParseFS(scenarios, "scenarios/"+j.scenario)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := t.Execute(&b, j.fields); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "scenario.xml"), []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "users.csv"), []byte("SEQUENTIAL\n"+j.users), 0o600)
}

// waitForSipp waits until sipp ends, and kills it if Kamailio ends or it takes too long.
func (k *Kamailio) waitForSipp(p *testserver.Process, calls int) error {
	// A call waits for at most three replies, and twenty calls run at a time.
	limit := k.opts.ReplyTimeout * time.Duration(4+calls/20)
	select {
	case <-p.Exited():
		return p.Wait()
	case <-k.proc.Exited():
		p.Stop(syscall.SIGKILL)
		return errors.New("Kamailio ended")
	case <-time.After(limit):
		p.Stop(syscall.SIGKILL)
		return fmt.Errorf("sipp did not end within %v", limit)
	}
}

// sippLog returns the output and the errors of sipp.
func sippLog(dir string) string {
	return testserver.ReadLog(filepath.Join(dir, "log")) + testserver.ReadLog(filepath.Join(dir, "errors"))
}
