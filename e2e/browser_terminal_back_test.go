package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserTerminalBack drives what comes after a sale on a card terminal:
// giving back, the shift, the batch close; and the other company's terminal.
func TestBrowserTerminalBack(t *testing.T) {
	t.Parallel()
	onPages(t, []onPage{
		{"void", voidOnPages},
		{"partial refund, then the rest", terminalRefundOnPages},
		{"refund taken off the terminal", refundTakenOffOnPages},
		{"shift with both rails", shiftOfBothOnPages},
		{"batch close", closeOnPages},
		{"batch close with a difference", differenceOnPages},
		{"close by the clock", scheduledCloseOnPages},
		{"Point", pointOnPages},
		{"Point declines, and is canceled", pointEndsOnPages},
		{"narrow, and in three languages", narrowOnPages},
	})
}

// toSale opens the sale that the till shows.
func (x *tab) toSale(payment string) {
	x.t.Helper()
	x.open(x.demo.till(0) + "/sales/" + payment)
	x.until("the sale is there", `document.querySelector("#sale")`)
}

// A whole sale of the open batch is voided: Posta proposes it, the terminal
// does it.
func voidOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	payment := till.paysOn(t, device, 0, "1200")
	till.toSale(payment)
	till.shows("Anular la venta", "Posta propone anular", "Terminal 1")
	till.click("#void-button")
	till.until("it asks, naming the amount", `document.querySelector("dialog[open]")?.innerText.replace(/\s/g, " ").includes("1.200,00") && document.querySelector("dialog[open] h2").innerText === "¿Anular la venta?"`)
	till.click("dialog[open] .danger")
	till.until("it waits on the terminal", `document.querySelector(".refund[data-state=pending] .waits")`)
	device.take("reversal")
	device.screen("confirm")
	device.click("#device [data-deed=enter]")
	device.screen("processing")
	d.forward(t, "5s")
	device.outcome("approved")
	till.until("the page shows it by itself", `document.querySelector("#sale").dataset.state === "refunded" && document.querySelector(".refund[data-state=succeeded]")`)
	till.shows("Anulación")
	till.is("nothing more can be given back", `!document.querySelector("#refund")?.checkVisibility()`)
	device.tear()
	ticket := cashier.another(t)
	ticket.open(d.till(0) + "/ticket/" + payment)
	ticket.shows("Anulación", "1.200,00")
	ticket.open(d.page("/payments/" + payment))
	ticket.until("the story, too", `document.querySelector("#top .state-refunded")`)
}

// A part is a refund, with the card at the terminal; so is the rest.
func terminalRefundOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	payment := till.paysOn(t, device, 0, "1000")
	giveBack := func(amount string) {
		t.Helper()
		till.toSale(payment)
		if read[bool](till, `!document.querySelector("#refund-form").checkVisibility()`) {
			till.click("#refund-instead > summary")
		}
		till.fill("#f-amount", amount)
		till.giveBack(amount)
		till.until("it waits on the terminal", `document.querySelector(".refund[data-state=pending] .waits")`)
		device.take("refund")
		device.present("visa-credit", "CHIP_CONTACTLESS")
		device.until("it asks for the key or the acquirer", `document.readyState === "complete" && ["confirm", "processing"].includes(document.querySelector("#device")?.dataset.screen)`)
		if read[bool](device, `document.querySelector("#device").dataset.screen === "confirm"`) {
			device.click("#device [data-deed=enter]")
			device.screen("processing")
		}
		d.forward(t, "5s")
		device.outcome("approved")
		device.tear()
	}
	giveBack("400,00")
	till.until("a part is given back", `document.querySelector("#sale").dataset.state === "partially_refunded" && document.querySelectorAll(".refund[data-state=succeeded]").length === 1`)
	till.until("the rest is offered, as a refund", `document.querySelector("#f-amount")?.value === "600,00" && !document.querySelector("#void-form")`)
	giveBack("600,00")
	till.until("all is given back", `document.querySelector("#sale").dataset.state === "refunded" && document.querySelectorAll(".refund[data-state=succeeded]").length === 2`)
}

// A refund that waits on the terminal is taken off it: nothing was given back.
func refundTakenOffOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	payment := till.paysOn(t, device, 0, "900")
	till.toSale(payment)
	till.click("#refund-instead > summary")
	till.fill("#f-amount", "100")
	till.giveBack("100")
	till.until("it waits on the terminal", `document.querySelector(".refund[data-state=pending] .waits")`)
	device.until("it is in the list", `document.querySelector("[data-kind=refund]")`)
	till.click(".waits form button")
	d.forward(t, "3s")
	till.until("it is off the terminal", `document.querySelector(".refund[data-state=failed]") && document.querySelector("#sale").dataset.state === "paid"`)
	device.until("the list is empty", `!document.querySelector("[data-intent]")`)
	till.until("the whole sale can be given back again", `document.querySelector("#void-button")?.innerText.includes("900,00")`)
}

// A shift in which both ways were charged.
func shiftOfBothOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device, phone := cashier.another(t), b.device(t), b.device(t)
	till.openTill(1)
	till.open(d.till(1) + "/shift")
	till.click("#open-shift")
	till.until("the till is ready", `document.querySelector("#amount")?.checkVisibility()`)
	device.goTo(0)
	till.paysOn(t, device, 0, "310")
	till.newCharge()
	till.charge("290")
	phone.scan(1)
	phone.pay("APRO")
	till.until("the till shows Paid", state("paid"))
	till.open(d.till(1) + "/shift")
	till.click("#close-shift")
	till.until("the report", `document.querySelector("#report")`)
	till.shows("$ 310,00", "$ 290,00", "$ 600,00", "Terminal (1)", "QR (1)")
}

// finishClose confirms the batch close that waits on the terminal.
func (x *tab) finishClose(t *testing.T) (slip string) {
	x.t.Helper()
	x.take("settlement")
	x.screen("confirm")
	x.click("#device [data-deed=enter]")
	x.screen("processing")
	x.demo.forward(t, "6s")
	x.outcome("approved")
	return x.tear()
}

// askToClose asks for the close of the first terminal's batch, at the till.
func (x *tab) askToClose() {
	x.t.Helper()
	x.open(x.demo.till(0) + "/close")
	x.until("the batch is there", `document.querySelector(".batch-card")`)
	x.click(".batch-card .primary")
	x.until("it asks, naming terminal and person", `document.querySelector("dialog[open]")?.innerText.includes("Terminal 1") && document.querySelector("dialog[open]").innerText.includes("Caja Demo")`)
	x.click("dialog[open] .primary")
	x.until("it waits on the terminal", `document.querySelector(".batch-card .waits")`)
}

// Both sides say the same.
func closeOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	payment := till.paysOn(t, device, 0, "5000")
	till.askToClose()
	slip := device.finishClose(t)
	till.until("the till shows it closed", `!document.querySelector(".batch-card .waits") && document.querySelector(".last-close")`)
	till.shows("Cerrado", "Coincide")
	till.click(".last-close")
	till.until("the close opens", `document.querySelector("#totals")`)
	till.shows("Los totales del proveedor coinciden")
	till.is("nothing is left to do", `!document.querySelector("#task")`)
	till.is("the slip is there", `document.querySelector("#totals pre").textContent.includes("CIERRE DE LOTE")`)
	if !strings.Contains(slip, "CIERRE DE LOTE") {
		t.Errorf("the terminal printed %s", slip)
	}
	if batch := slipFact(t, slip, "LOTE:"); !strings.Contains(read[string](till, `document.querySelector("h1").innerText`), batch) {
		t.Errorf("batch %s is not in the title", batch)
	}
	till.toSale(payment)
	till.shows("el lote de la venta ya se cerró") // given back by a refund now
}

// Somebody sold at the terminal without the till: the totals differ, side by
// side, until a person explains it.
func differenceOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.paysOn(t, device, 0, "2000")
	d.control(t, "POST", "plant", map[string]any{"terminal": d.terminal(0), "movement": map[string]any{"amount": 70000}})
	till.askToClose()
	device.finishClose(t)
	till.until("the till shows that it differs", `document.querySelector(".last-close")?.innerText.includes("No coincide")`)
	office := cashier.another(t)
	office.open(d.page("/settlements?attention=1"))
	office.click("[data-rows] a")
	office.until("what to do is said", `document.querySelector("#task")`)
	office.shows("$ 2.000,00", "$ 2.700,00", "$ 700,00", "Los totales no coinciden")
	office.click("#task .primary")
	office.is("an explanation is wanted", `document.querySelector("#task textarea:invalid") || document.querySelector("#task .error")`)
	office.fill("#f-note", "Venta del sábado, hecha en la terminal")
	office.click("#task .primary")
	office.until("it is explained", `!document.querySelector("#task")`)
	office.shows("«Venta del sábado, hecha en la terminal»", "Caja Demo", "$ 700,00")
	office.open(d.page("/settlements?attention=1"))
	office.is("nothing is left to look at", `!document.querySelector("[data-rows] a")`)
}

// At the store's hour Posta asks every terminal of it to close.
func scheduledCloseOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.paysOn(t, device, 0, "800")
	office := cashier.another(t)
	office.open(d.page("/stores"))
	office.open(d.page(read[string](office, `[...document.querySelectorAll(".place")].find((p) => p.querySelector("h2").innerText === "Centro").querySelector(".actions a.button").getAttribute("href")`)))
	office.do("an hour", chromedp.SetValue(chromedp.CSS("#f-close_at"), "23:30"))
	office.click(".form .primary")
	office.until("the store tells its hour", `location.pathname === "/stores" && document.querySelector("main").innerText.includes("23:30")`)
	d.forward(t, "24h")
	device.until("the close waits on the terminal by itself", `document.querySelector("[data-kind=settlement]")`)
	slip := device.finishClose(t)
	office.open(d.page("/settlements"))
	office.until("it is closed", `[...document.querySelectorAll("[data-rows] tr")].some((r) => r.innerText.replace(/\s/g, " ").includes("800,00") && r.innerText.includes("Cerrado"))`)
	office.click("[data-rows] a")
	office.shows("Posta, por horario")
	if !contains(slip, "800,00") {
		t.Errorf("the terminal printed %s", slip)
	}
}

// The second store's terminal is a Point: the same button, the same states.
func pointOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := pointCounter(t, b, cashier)
	till.sendPoint("1750")
	till.watch("paid")
	device.presentPoint("visa|credit_card|APRO")
	till.until("the till shows Paid", state("paid")+` && window.shownAt`)
	till.is("without a reload", `window.sameDocument`)
	till.shows("$ 1.750,00", "Visa")
	device.until("the device says approved", `document.querySelector(".smart-approved")`)
	payment := till.payment()
	till.until("the ticket was printed", `(sessionStorage.printed || "").includes("/ticket/`+payment+`")`)
	till.open(d.till(2) + "/sales/" + payment)
	till.fill("#f-amount", "250,00")
	till.giveBack("250,00")
	till.until("a part is given back", `document.querySelector("#sale").dataset.state === "partially_refunded"`)
}

// pointCounter gives the second store's till and its Point.
func pointCounter(t *testing.T, b *desk, cashier *tab) (till, device *tab) {
	t.Helper()
	till, device = cashier.another(t), b.device(t)
	till.openTill(2)
	device.open("http://" + b.demo.phone + "/sim/point")
	device.click("main ul a")
	device.until("the Point is there", `document.querySelector(".smart-screen")`)
	return till, device
}

// sendPoint charges on the till's Point.
func (x *tab) sendPoint(amount string) {
	x.t.Helper()
	x.do("the amount is typed", chromedp.Focus(chromedp.CSS("#amount")), chromedp.KeyEvent(amount))
	x.click("#charge-terminal")
	x.until("it is on the Point", state("pending")+" && "+step(offered))
}

// presentPoint takes the charge on the Point and gives it a card.
func (x *tab) presentPoint(card string) {
	x.t.Helper()
	x.takePoint()
	pick := `label:has(> input[name=card][value="` + card + `"])`
	x.click(pick)
	x.click("#buyer form .primary")
}

// takePoint wakes the Point, if the charge waits for that.
func (x *tab) takePoint() {
	x.t.Helper()
	x.until("the charge is on the Point", `document.readyState === "complete" && document.querySelector(".smart-new, .smart-charge")`)
	if read[bool](x, `document.querySelector(".smart-new") !== null`) {
		x.click(".smart-screen form .primary")
		x.until("the Point took it", `document.readyState === "complete" && document.querySelector(".smart-charge")`)
	}
}

// Declined, and canceled by whoever stands at the Point.
func pointEndsOnPages(t *testing.T, _ *demo, b *desk, cashier *tab) {
	till, device := pointCounter(t, b, cashier)
	till.sendPoint("360")
	device.presentPoint("visa|credit_card|FUND")
	till.until("the till shows the decline", state("rejected")+` || document.querySelector("#declined")`)
	till.until("the end", `document.querySelector("#state").dataset.open === "false"`)
	till.shows("No se cobró nada")
	till.newCharge()
	device.click(".smart-screen form button") // the result was read
	till.sendPoint("370")
	device.takePoint()
	till.until("the till follows", step(atTerminal))
	device.click(".smart-screen .danger")
	till.until("the till shows Canceled", state("canceled"))
	till.shows("Se canceló en la terminal")
	till.newCharge()
}

// Each page of terminals is light, fits a narrow phone and speaks three
// languages.
func narrowOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	payment := till.paysOn(t, device, 0, "640")
	till.newCharge()
	d.control(t, "POST", "faults", map[string]any{"id": "lost", "operation": "payment_create", "action": "cut_after", "times": 1})
	till.send(0, "641")
	till.until("the till does not know", state("unknown"))
	lost := till.payment()
	second := cashier.another(t)
	second.openTill(1)
	second.chargeOn(0, "642")
	first, next := strings.TrimPrefix(d.till(0), "http://"+d.hub), strings.TrimPrefix(d.till(1), "http://"+d.hub)
	x := cashier.another(t)
	x.open(d.page("/settlements"))
	settlement := read[string](x, `document.querySelector("[data-rows] a").getAttribute("href")`)
	x.open(d.page("/connections"))
	connection := read[string](x, `[...document.querySelectorAll("[data-rows] a")].find((a) => a.innerText.includes("Prisma")).getAttribute("href")`)
	pages := []string{first, next, first + "/payments/" + lost + "/slip", first + "/sales/" + payment, first + "/ticket/" + payment, first + "/close", first + "/shift",
		"/settlements", settlement, "/terminals", "/terminals/new", "/terminals/" + string(d.seed.Terminals[0]), connection, "/connections/new", "/stores", "/payments/" + payment, "/payments/" + lost, "/payments?state=unknown",
		"http://" + d.prisma + "/sim/terminals", "http://" + d.prisma + "/sim/terminal/" + d.terminal(0), "http://" + d.prisma + "/sim/control", "http://" + d.prisma + "/sim/phone",
		"http://" + d.phone + "/sim/point"}
	for _, language := range []string{"en", "pt", "es"} {
		till.do("the device speaks "+language, chromedp.Evaluate[chromedp.Void](`document.cookie = "lang=`+language+`;path=/"`))
		x := cashier.another(t)
		x.do("a narrow phone without a cache", chromedp.EmulateViewport(360, 800, chromedp.EmulateMobile, chromedp.EmulateTouch), noCache())
		for _, path := range pages {
			address := path
			if strings.HasPrefix(path, "/") {
				address = d.page(path)
			}
			x.open(address)
			x.mu.Lock()
			weight := x.bytes
			x.mu.Unlock()
			if weight < 1000 || weight > maxWeight {
				t.Errorf("%s weighs %.0f bytes over the wire, want at most %d", path, weight, maxWeight)
			}
			x.is("it speaks "+language, `document.documentElement.lang === "`+language+`"`)
			x.is("there is a page at "+path, `document.querySelector("main") && !document.querySelector(".error-page")`)
			if wide := read[int](x, `document.documentElement.scrollWidth`); wide > 360 {
				t.Errorf("%s in %s is %d pixels wide on a narrow phone: %s", path, language, wide, read[string](x, strings.ReplaceAll(overflowing, "391", "361")))
			}
			if keys := read[[]string](x, keysShown); len(keys) > 0 {
				t.Errorf("%s in %s shows keys of a catalogue: %s", path, language, keys)
			}
			x.is("each control has a name", `[...document.querySelectorAll("main input:not([type=hidden]), main button, main select, main textarea")].every((e) => !e.checkVisibility() || e.labels?.length || e.ariaLabel || e.textContent.trim() || e.title)`)
		}
		x.cancel()
	}
	device.take("payment")
	device.screen("card")
	device.click("[data-deed=cancel]")
	device.ok()
	second.until("canceled there", state("canceled"))
}

// keysShown are the keys of a catalogue that a page shows instead of words.
const keysShown = `[...document.querySelector("main").innerText.matchAll(/\b(?:terminal|settlement|slip|attention|who|rail|sim|detail|reason|till|common)\.[a-z_]+(?:\.[a-z_]+)*\b/g)].map((m) => m[0]).filter((k) => !/^(?:terminal|settlement)\.(?:created|updated)/.test(k))`
