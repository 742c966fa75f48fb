package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"posta"
	"posta/app"
)

// chromium finds the browser. Without one the browser's tests end, loudly
// where skipping is forbidden.
func chromium(t *testing.T) (file string, found bool) {
	t.Helper()
	for _, name := range []string{os.Getenv("POSTA_TEST_CHROMIUM"), "chromium", "/usr/bin/chromium"} {
		if name == "" {
			continue
		}
		if file, err := exec.LookPath(name); err == nil {
			return file, true
		}
	}
	if no := os.Getenv("POSTA_TEST_NO_SKIP"); no != "" && no != "0" {
		t.Fatal("there is no Chromium, and POSTA_TEST_NO_SKIP is set")
	}
	t.Log("there is no Chromium: nothing was tested in a browser")
	return "", false
}

// demo is posta demo, the real program, with everything in a folder of its own.
type demo struct {
	data, hub, phone, prisma string // the last three are hosts
	seed                     app.Seed
	run                      *process
}

func openDemo(t *testing.T) *demo {
	t.Helper()
	d := &demo{data: t.TempDir(), hub: freeAddress(t), phone: freeAddress(t), prisma: freeAddress(t)}
	d.start(t)
	b, err := os.ReadFile(filepath.Join(d.data, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &d.seed); err != nil {
		t.Fatal(err)
	}
	return d
}

// start starts the program, or starts it again after run.kill.
func (d *demo) start(t *testing.T) {
	t.Helper()
	d.run, _ = start(t, "Press Ctrl+C", "demo", "--data", d.data, "--listen", d.hub, "--simulator", d.phone, "--prisma-simulator", d.prisma)
}

// till is the address of a till's page: 0 and 1 charge by the legacy order, 2
// by the Orders API.
func (d *demo) till(n int) string { return "http://" + d.hub + "/till/" + string(d.seed.Tills[n]) }

// page is the address of a page of the hub.
func (d *demo) page(path string) string { return "http://" + d.hub + path }

// pos is the code that a till has at the provider.
func (d *demo) pos(n int) string { return posta.Alphanumeric(d.seed.Tills[n]) }

// desk is a browser, and in it devices: each has its own cookies.
type desk struct {
	ctx  context.Context
	demo *demo
}

// openDesk starts a browser. Nothing that it would do on its own reaches out.
func openDesk(t *testing.T, d *demo, file string) *desk {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(file), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "es-AR"), chromedp.Flag("accept-lang", "es-AR"), chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	return &desk{ctx, d}
}

// device gives a new device: nobody is logged in on it.
func (b *desk) device(t *testing.T) *tab {
	t.Helper()
	return newTab(t, b.demo, b.ctx, chromedp.WithNewBrowserContext())
}

// member gives a new device where the demo's person is logged in.
func (b *desk) member(t *testing.T) *tab {
	t.Helper()
	x := b.device(t)
	x.open(b.demo.page("/login"))
	x.fill("#f-password", b.demo.seed.Password)
	x.click(".login form .primary")
	x.until("logged in", `location.pathname === "/"`)
	return x
}

// tab is one open page, which keeps what was asked for and complained about.
type tab struct {
	t    *testing.T
	demo *demo
	ctx  context.Context
	// cancel closes the tab, once it is judged. A browser gives all tabs of a
	// device six lines to one address, and each live page keeps one.
	cancel func()

	mu        sync.Mutex
	complains []string
	asked     []string
	bytes     float64 // over the wire, since the last open
	may       []string
}

// printing notes each print instead of opening a dialog that nobody answers.
const printing = `window.print = () => { sessionStorage.printed = (sessionStorage.printed || "") + " " + location.pathname; };`

func newTab(t *testing.T, d *demo, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	x := &tab{t: t, demo: d}
	ctx, cancel := chromedp.NewContext(parent, append(options, chromedp.WithListener(x.hear))...)
	x.ctx = ctx
	x.cancel = sync.OnceFunc(func() {
		x.judge()
		cancel()
	})
	t.Cleanup(x.cancel)
	x.do("a tab opens", chromedp.EmulateViewport(1024, 768), newDocuments(printing))
	return x
}

// newDocuments runs a script in each document that opens, before its own.
func newDocuments(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	})
}

// another opens a second tab on the same device.
func (x *tab) another(t *testing.T) *tab {
	t.Helper()
	return newTab(t, x.demo, x.ctx)
}

// hear keeps what the browser tells. It runs on the browser's own line: it must
// be quick and ask nothing.
func (x *tab) hear(event any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		x.asked = append(x.asked, e.Request.URL)
	case *network.EventLoadingFinished:
		x.bytes += e.EncodedDataLength
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			x.complains = append(x.complains, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		x.complains = append(x.complains, text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			for _, arg := range e.Args {
				x.complains = append(x.complains, "console: "+string(arg.Value)+" "+arg.Description)
			}
		}
	}
}

// expect names a complaint of the browser's that belongs to the test, such as
// the status of a refusal.
func (x *tab) expect(part string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.may = append(x.may, part)
}

// judge holds what is true of each page at any time: it asks nobody but the hub
// and the simulators, and its console is quiet.
func (x *tab) judge() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, address := range x.asked {
		u, err := url.Parse(address)
		if err != nil || (u.Scheme == "http" && u.Host != x.demo.hub && u.Host != x.demo.phone && u.Host != x.demo.prisma) || u.Scheme == "https" || strings.HasPrefix(u.Scheme, "ws") {
			x.t.Errorf("a page asked somebody else: %s", address)
		}
	}
	for _, complaint := range x.complains {
		if !slices.ContainsFunc(x.may, func(part string) bool { return strings.Contains(complaint, part) }) {
			x.t.Errorf("the browser's console: %s", complaint)
		}
	}
}

// patience is how long a test waits for a page.
const patience = 15 * time.Second

func (x *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	if x.ctx.Err() == nil && chromedp.FromContext(x.ctx).Target == nil {
		ctx = x.ctx // the tab lives as long as the context that it began with
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		x.fail("%s: %v", what, err)
	}
}

func (x *tab) open(address string) {
	x.t.Helper()
	x.mu.Lock()
	x.bytes = 0
	x.mu.Unlock()
	x.do("open "+address, chromedp.Navigate(address))
}

// click presses an element in its middle, as a person does: once it stands
// still and nothing covers it.
func (x *tab) click(selector string) {
	x.t.Helper()
	x.do("click "+selector, func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		tick := time.NewTicker(15 * time.Millisecond)
		defer tick.Stop()
		for {
			at, err := chromedp.Evaluate[[]float64](fmt.Sprintf(place, selector), chromedp.EvalAwaitPromise)(ctx, t)
			if err == nil && len(at) == 2 {
				return chromedp.MouseClickXY(at[0], at[1])(ctx, t)
			}
			select {
			case <-ctx.Done():
				return none, fmt.Errorf("it cannot be pressed: %w", errors.Join(ctx.Err(), err))
			case <-tick.C:
			}
		}
	})
}

// place gives where an element can be pressed, or nothing yet.
const place = `(async () => {
  const e = document.querySelector(%q), frame = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  if (!e || document.readyState !== "complete" || !e.checkVisibility() || e.getAttribute("aria-disabled") === "true") return [];
  e.scrollIntoView({ block: "center", behavior: "instant" });
  const at = () => { const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; };
  const before = at();
  await frame();
  const now = at(), hit = document.elementFromPoint(...now);
  return String(before) === String(now) && hit && (e.contains(hit) || hit.contains(e) && hit.matches("label, summary")) ? now : [];
})()`

// fill replaces what stands in a field, as a person does.
func (x *tab) fill(selector, value string) {
	x.t.Helper()
	x.do("fill "+selector, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Focus(chromedp.CSS(selector)),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q).select()`, selector)), chromedp.KeyEvent(value))
}

// keys types on the keyboard, wherever the focus is.
func (x *tab) keys(keys string) {
	x.t.Helper()
	x.do("type "+keys, chromedp.KeyEvent(keys))
}

// until waits until the expression is true in the page, over navigations too.
func (x *tab) until(what, expression string) {
	x.t.Helper()
	x.untilWithin(patience, what, expression)
}

func (x *tab) untilWithin(limit time.Duration, what, expression string) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, limit)
	defer cancel()
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	for {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!!(() => { try { return `+expression+`; } catch { return false; } })()`))
		if err == nil && is {
			return
		}
		select {
		case <-ctx.Done():
			x.fail("not within %s: %s", limit, what)
		case <-tick.C: // while a page goes and the next one comes, there is nothing to ask
		}
	}
}

// read gives the value of an expression.
func read[T any](x *tab, expression string) T {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		x.fail("read %s: %v", expression, err)
	}
	return value
}

// is holds that an expression is true now.
func (x *tab) is(what, expression string) {
	x.t.Helper()
	if !read[bool](x, "!!("+expression+")") {
		x.fail("it does not hold: %s", what)
	}
}

// fail ends the test with what the page shows.
func (x *tab) fail(format string, args ...any) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, 5*time.Second)
	defer cancel()
	shown, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + (document.querySelector("main") || document.body).innerText.slice(0, 1200)`))
	if picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil {
		file := filepath.Join(x.t.ArtifactDir(), "failed.png")
		if os.WriteFile(file, picture, 0o600) == nil {
			x.t.Logf("picture (kept with -artifacts): %s", file)
		}
	}
	x.t.Fatalf(format+"\nthe page shows: %s", append(args, shown)...)
}
