package prisma_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestPRPAG12_KeysKeypadAndPaper drives the terminal in a browser, under its
// own security policy: nothing is reloaded by hand.
func TestPRPAG12_KeysKeypadAndPaper(t *testing.T) {
	chromium := os.Getenv("POSTA_TEST_CHROMIUM")
	if found, err := exec.LookPath("chromium"); chromium == "" && err == nil {
		chromium = found
	}
	if chromium == "" {
		if os.Getenv("POSTA_TEST_NO_SKIP") != "" {
			t.Fatal("no chromium")
		}
		t.Log("left out: no chromium; POSTA_TEST_CHROMIUM names one")
		return
	}
	b := newStand(t, paced)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 50*time.Second)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	do := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	until := func(what, expression string) { // over navigations too
		t.Helper()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && !!(() => { try { return `+expression+`; } catch { return false; } })()`))
			if err == nil && is {
				return
			}
			select {
			case <-ctx.Done():
				t.Fatalf("never: %s", what)
			case <-tick.C:
			}
		}
	}
	screen := func(kind string) {
		t.Helper()
		until(kind, `document.getElementById("device").dataset.screen === "`+kind+`"`)
	}
	press := func(selectors ...string) { // what is there then, for a live page replaces its parts
		t.Helper()
		for _, one := range selectors {
			until("press "+one, "(e => e && !e.disabled && (e.click(), true))(document.querySelector(`"+one+"`))")
		}
	}
	key := func(k string) { t.Helper(); do("key", chromedp.KeyEvent(k)) }

	do("open", chromedp.Navigate(b.server.URL+device))
	screen("list")
	first, second := b.asked("installments_number", nil), b.asked()
	until("the till's intents appear", `document.querySelectorAll("[data-intent]").length === 2`)
	key("1")
	screen("card")
	press(`[data-entry="CHIP"]`, `[data-card="visa-credit"]`)
	screen("installments")
	press(`[data-key="3"]`)
	screen("pin")
	press(`[data-key="9"]`, `[data-key=clear]`)
	until("a key erases", `document.getElementById("pin").value === ""`)
	press(`[data-key="1"]`, `[data-key="2"]`, `[data-key="3"]`, `[data-key="4"]`)
	until("the keypad types", `document.getElementById("pin").value === "1234"`)
	key("\r")
	screen("processing")
	b.clock.Move(5 * time.Second)
	b.equal(b.status(first, "CONFIRMED"), "6", "payment_data", "installments_number")
	until("the answer appears", `document.getElementById("device").dataset.outcome === "approved" && document.querySelector("[data-slip]")`)
	press("[data-deed=tear]")
	screen("list")
	until("the slip is torn off", `!document.querySelector("[data-slip]") && !document.getElementById("last-slip").hidden`)
	key("1")
	screen("card")
	key("\u001b")
	until("escape cancels", `document.getElementById("device").dataset.outcome === "undone"`)
	b.status(second, "UNDONE")
	key("\r") // says yes to the result
	screen("list")
	b.want(b.reverse(first), 200)
	until("the void appears", `document.querySelector("[data-kind=reversal]")`)
	key("1")
	screen("confirm")
	key("\r")
	screen("processing")
	b.clock.Move(5 * time.Second)
	b.reversal(first, "REVERSED")
	screen("result")
}
