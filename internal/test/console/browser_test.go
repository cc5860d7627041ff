package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// patience limits each wait for the browser.
const patience = 20 * time.Second

// chromium is the browser that all tests share. Each test has cookies and a storage of its own.
var chromium struct {
	sync.Mutex
	ctx  context.Context // of the browser; nil until it has been started
	home string
	stop func()
}

func TestMain(m *testing.M) {
	os.Exit(leaktest.Run(func() int {
		code := m.Run()
		if chromium.ctx != nil {
			chromium.stop()
			_ = os.RemoveAll(chromium.home)
		}
		return code
	}))
}

// startChromium starts the browser unless it runs.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx != nil {
		return chromium.ctx
	}
	program := testserver.RequireProgram(t, "chromium", "chromium")
	home, err := os.MkdirTemp("", "console-browser-")
	if err != nil {
		t.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.NoInheritEnv, chromedp.Env(testserver.ChromiumEnv(home)...),
	}
	for _, arg := range testserver.ChromiumArgs(home) {
		name, value, hasValue := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if hasValue {
			options = append(options, chromedp.Flag(name, value))
		} else {
			options = append(options, chromedp.Flag(name, true))
		}
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	chromium.ctx, chromium.home = ctx, home
	chromium.stop = func() {
		_ = chromedp.Cancel(ctx)
		stop()
		stopAllocator()
	}
	return ctx
}

// tab is a tab of the browser with a page of the console.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string

	mu       sync.Mutex
	problems []string // errors in the console and violations of the Content-Security-Policy
}

// openTab opens the console of a server in a browser without cookies.
func openTab(t *testing.T, s *server) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(startChromium(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return newTab(ctx, t, s.url)
}

// another opens the console in another tab of the same browser.
func (p *tab) another() *tab {
	p.t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx)
	p.t.Cleanup(cancel)
	return newTab(ctx, p.t, p.url)
}

func newTab(ctx context.Context, t *testing.T, url string) *tab {
	t.Helper()
	p := &tab{t: t, ctx: ctx, url: url}
	if err := chromedp.Listen(ctx, p.watch); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			t.Errorf("the browser reports: %s", problem)
		}
	})
	run(p, chromedp.Navigate(url))
	return p
}

// watch collects what the browser says is wrong.
func (p *tab) watch(event any) {
	problem := ""
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			problem = e.Entry.Text + " " + e.Entry.URL
		}
	case *runtime.EventExceptionThrown:
		problem = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			problem += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			for _, arg := range e.Args {
				problem += string(arg.Value) + arg.Description + " "
			}
		}
	}
	if problem != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.problems = append(p.problems, problem)
	}
}

// run returns the result of an action, or fails the test.
func run[T any](p *tab, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		p.t.Fatal(err)
	}
	return value
}

// eval returns the value of a script, which may be a promise.
func eval[T any](p *tab, script string) T {
	p.t.Helper()
	return run(p, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
}

// waitFor waits until a script's value is true. It is asked again with each frame of the page.
func (p *tab) waitFor(script string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](script, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		p.t.Fatalf("waiting for %s: %v; the page has:\n%s", script, err, p.text())
	}
}

// text returns the text that is to be seen.
func (p *tab) text() string {
	p.t.Helper()
	return eval[string](p, "document.body.innerText")
}

// waitText waits until the page, or its topmost dialog, shows a text.
func (p *tab) waitText(text string) {
	p.t.Helper()
	p.waitFor(fmt.Sprintf("document.body.innerText.includes(%s)", quote(text)))
}

func quote(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// scope is a script that finds the topmost dialog, or the page.
const scope = `([...document.querySelectorAll("dialog[open]")].at(-1) || document)`

// click clicks the button or link with a text, which may have to be in a row with another text.
func (p *tab) click(text string, inRow ...string) {
	p.t.Helper()
	within := scope
	for _, row := range inRow {
		within = fmt.Sprintf("[...%s.querySelectorAll('tr, .card, .bar-row')].filter((r) => r.innerText.includes(%s)).at(-1)", within, quote(row))
	}
	find := fmt.Sprintf(`[...(%s?.querySelectorAll("button, a, summary") || [])].find((b) => b.textContent.trim() === %s && !b.disabled)`, within, quote(text))
	p.waitFor(find + " !== undefined")
	eval[chromedp.Void](p, find+".click()")
}

// set fills fields of the form in the topmost dialog or the page, by name.
func (p *tab) set(fields ...string) {
	p.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		find := fmt.Sprintf("%s.querySelector('[name=%s]')", scope, quote(fields[i]))
		p.waitFor(find + " !== null")
		eval[chromedp.Void](p, fmt.Sprintf(`{ const f = %s; if (f.type === "checkbox") f.checked = %s === "true"; else f.value = %[2]s;
			f.dispatchEvent(new Event("input", { bubbles: true })); f.dispatchEvent(new Event("change", { bubbles: true })) }`, find, quote(fields[i+1])))
	}
}

// login logs in as one of the server's users.
func (p *tab) login(user string) {
	p.t.Helper()
	p.set("username", user, "password", apitest.Password)
	p.click("Log in")
	p.waitFor(`document.querySelector(".view[data-ready]") !== null`)
}

// visit opens a view and waits until it is there.
func (p *tab) visit(path string) {
	p.t.Helper()
	eval[chromedp.Void](p, fmt.Sprintf("document.querySelector('.view')?.removeAttribute('data-ready'); if (location.hash === %s) dispatchEvent(new Event('hashchange')); else location.hash = %[1]s", quote(path)))
	p.settled()
}

// settled waits until the view is there with all its parts, and no dialog is open.
func (p *tab) settled() {
	p.t.Helper()
	p.waitFor(`document.querySelector(".view[data-ready]") !== null && document.querySelector(".loading, [aria-busy], dialog") === null`)
}

// look sets the width and the colours of the page. Nothing moves.
func (p *tab) look(width int64, scheme string) {
	p.t.Helper()
	for _, err := range []error{
		call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1}),
		call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"}, // the colours change at once
		}}),
	} {
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// call sends a command of the browser's protocol.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_, err := chromedp.Call(ctx, command, params)
	return err
}
