package e2e_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

func contains(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// maxWeight is what a page may weigh over the wire, with all that it loads.
const maxWeight = 120 << 10

// overflowing names what is wider than the screen.
const overflowing = `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > 391 && e.checkVisibility()).slice(0, 5).map((e) => e.tagName + "." + e.className).join(", ")`

// Each page is light, fits a phone, and asks nobody else (that is judged on
// each tab).
func everyPage(t *testing.T, d *demo, b *desk, cashier *tab) {
	x, phone := cashier.another(t), b.device(t)
	payment := "/payments/" + x.sell(phone, 1, "1750")
	x.open(d.page("/notifications"))
	notification := read[string](x, `document.querySelector("[data-rows] a").getAttribute("href")`)
	x.open(d.page("/stores"))
	store := read[string](x, `[...document.querySelectorAll("a")].map((a) => a.getAttribute("href")).find((h) => /^\/stores\/sto/.test(h))`)
	x.open(d.page("/connections"))
	connection := read[string](x, `document.querySelector("[data-rows] a").getAttribute("href")`)
	tillPage := strings.TrimPrefix(d.till(1), "http://"+d.hub)
	x.cancel()
	for _, path := range []string{"/", "/payments", payment, payment + "/refund", "/notifications", notification, "/notifications/replay",
		"/till?choose=1", tillPage, tillPage + "/sales", tillPage + "/shift", "/stores", store, "/stores/new", store + "/tills/new",
		strings.Replace(tillPage, "/till/", "/tills/", 1) + "/poster", "/connections", connection, "/connections/new", "/keys", "/settings",
		"http://" + d.phone + "/sim/phone", "http://" + d.phone + "/sim/control"} {
		address := path
		if strings.HasPrefix(path, "/") {
			address = d.page(path)
		}
		// A tab of its own, with nothing in its cache, at the width of a phone.
		x := cashier.another(t)
		x.do("a phone without a cache", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch), noCache())
		x.open(address)
		x.is("there is a page at "+path, `document.querySelector("main") && !document.querySelector(".error-page")`)
		if wide := read[int](x, `document.documentElement.scrollWidth`); wide > 390 {
			t.Errorf("%s is %d pixels wide on a phone: %s", path, wide, read[string](x, overflowing))
		}
		x.mu.Lock()
		weight := x.bytes
		x.mu.Unlock()
		if weight < 1000 || weight > maxWeight {
			t.Errorf("%s weighs %.0f bytes over the wire, want at most %d", path, weight, maxWeight)
		}
		t.Logf("%-40.40s %5.1f KB", strings.TrimPrefix(path, "http://"+d.phone), weight/1024)
		x.is("each control has a name", `[...document.querySelectorAll("main input:not([type=hidden]), main button, main select, main textarea")].every((e) => e.labels?.length || e.ariaLabel || e.textContent.trim() || e.title)`)
		x.is("no key of a catalog shows", `!/\b(?:web|till|story|home|state|common|error|page|payments|notices|connections|settings|places|stores|tills|detail|event|sim)\.[a-z_]+(?:\.[a-z_]+)*\b/.test(document.querySelector("main").innerText.replace(/(?:payment|refund|order|till|store|connection|notification)\.[a-z_]+/g, ""))`)
		x.cancel()
	}
}

// A browser gives an address six lines for all its tabs: pages that nobody looks
// at leave theirs, or the seventh tab would wait for ever.
func manyTabs(t *testing.T, d *demo, _ *desk, cashier *tab) {
	hidden := `Object.defineProperty(document, "hidden", { get: () => !window.looked });`
	var tabs []*tab
	for range 8 {
		x := cashier.another(t)
		x.do("a tab in the background", newDocuments(hidden))
		x.open(d.page("/payments"))
		tabs = append(tabs, x)
	}
	first := tabs[0]
	first.is("a tab in the background keeps no line", `!posta.stream`)
	first.do("somebody looks", chromedp.Evaluate[chromedp.Void](`window.looked = true; document.dispatchEvent(new Event("visibilitychange"))`))
	first.until("it follows along again", `posta.stream`)
}

// The language is the browser's, or the chosen one; so is the theme.
func speechOnPages(t *testing.T, d *demo, b *desk, _ *tab) {
	x := b.member(t)
	x.open(d.till(1))
	x.is("Spanish, as the browser wants", `document.documentElement.lang === "es" && document.querySelector("label[for=amount]").innerText.includes("cobrar")`)
	for language, word := range map[string]string{"pt": "cobrar", "en": "charge", "es": "cobrar"} {
		x.click("#menu-button")
		x.do("choose "+language, chromedp.WaitVisible(chromedp.CSS("#till-menu [data-switch=lang]")), chromedp.Evaluate[chromedp.Void](
			`(() => { const s = document.querySelector("#till-menu [data-switch=lang]"); s.value = "`+language+`"; s.dispatchEvent(new Event("change", { bubbles: true })); })()`))
		x.until("it speaks "+language, `document.readyState === "complete" && document.documentElement.lang === "`+language+`" && document.querySelector("label[for=amount]").innerText.includes("`+word+`")`)
	}
	background := `(() => { const c = document.createElement("canvas").getContext("2d"); c.fillStyle = getComputedStyle(document.documentElement).backgroundColor; c.fillRect(0, 0, 1, 1); const [r, g, b] = c.getImageData(0, 0, 1, 1).data; return (r + g + b) / 3; })()`
	media := func(value string) chromedp.Action[chromedp.Void] {
		return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}})
			return err
		})
	}
	x.do("the device is light", media("light"))
	x.is("a light page", background+" > 200")
	x.do("the device is dark", media("dark"))
	x.is("a dark page", background+" < 60")
	x.click("#menu-button")
	x.do("choose light", chromedp.WaitVisible(chromedp.CSS("#till-menu [data-switch=theme]")), chromedp.Evaluate[chromedp.Void](
		`(() => { const s = document.querySelector("#till-menu [data-switch=theme]"); s.value = "light"; s.dispatchEvent(new Event("change", { bubbles: true })); })()`))
	x.is("the choice counts more than the device", background+" > 200")
	x.do("reload", chromedp.Reload())
	x.is("and is kept", background+" > 200")
}

// Whoever is not logged in sees nothing but the log-in; wrong passwords are
// told, and too many of them.
func loginOnPages(t *testing.T, d *demo, b *desk, _ *tab) {
	x := b.device(t)
	x.expect("401")
	x.expect("429")
	x.open(d.till(0))
	x.is("the log-in", `location.pathname === "/login" && document.querySelector("#f-password")`)
	x.fill("#f-password", "no")
	x.click(".login form .primary")
	x.until("a wrong password is told", `document.querySelector(".flash-error")?.innerText.includes("contraseña")`)
	x.is("and the e-mail is kept", `document.querySelector("#f-email").value === "`+d.seed.Email+`"`)
	x.fill("#f-password", d.seed.Password)
	x.click(".login form .primary")
	x.until("it goes on to where one wanted to go", `location.href.startsWith("`+d.till(0)+`")`)

	x = b.device(t)
	x.expect("401")
	x.expect("429")
	x.open(d.page("/login"))
	x.fill("#f-email", "alguien@posta.example") // the demo's own must not be locked out
	for range 14 {
		x.do("mark", chromedp.Evaluate[chromedp.Void](`window.old = true`))
		x.fill("#f-password", "no")
		x.click(".login form .primary")
		x.until("an answer", `!window.old && document.readyState === "complete" && document.querySelector(".flash-error")`)
		if read[bool](x, `/\d+ ?s|segundo|minuto/.test(document.querySelector(".flash-error").innerText)`) {
			return
		}
	}
	x.fail("fourteen wrong passwords were all tried")
}

func noCache() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
		return err
	})
}
