package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestBrowser drives the pages of posta demo in a real browser, against the
// real program, as the cashier at the till, the buyer with the phone and the
// person in the office do.
func TestBrowser(t *testing.T) {
	t.Parallel() // with the tests that wait for processes
	file, found := chromium(t)
	if !found {
		return
	}
	d := openDemo(t)
	b := openDesk(t, d, file)
	cashier := b.member(t) // stays logged in: each test opens tabs on this device
	for _, one := range []struct {
		name string
		test func(t *testing.T, d *demo, b *desk, cashier *tab)
	}{
		{"charge, pay, paid, ticket, story", saleOnPages},
		{"declined, then paid", declineOnPages},
		{"canceled", cancelOnPages},
		{"refunded", refundOnPages},
		{"reload in the middle", reloadOnPages},
		{"keyboard only", keyboardOnPages},
		{"pressed twice, and a second tab", twiceOnPages},
		{"Orders API", ordersOnPages},
		{"two cards", splitOnPages},
		{"shift", shiftOnPages},
		{"walked away", expiryOnPages},
		{"weight, width, hosts", everyPage},
		{"many tabs", manyTabs},
		{"language and theme", speechOnPages},
		{"log-in", loginOnPages},
	} {
		t.Run(one.name, func(t *testing.T) { one.test(t, d, b, cashier) })
	}
}

// A sale: typed, charged, scanned, paid; the till shows it without a reload and
// prints the ticket, never before; the story tells everything.
func saleOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, phone := cashier.another(t), b.device(t)
	till.openTill(0)
	till.charge("1500,00")
	till.is("the amount as the country writes it", `document.querySelector("#state").innerText.replace(/\s/g, " ").includes("$ 1.500,00")`)
	till.watch("paid")
	phone.scan(0)
	phone.until("the phone shows shop and amount", `document.querySelector("main").innerText.includes("1.500,00")`)
	// The scan makes the provider tell of an opened order, which pays nothing.
	story := cashier.another(t)
	story.open(d.page("/payments/" + till.payment()))
	story.until("the opened notice is visibly ignored", `document.querySelector("#story .event.muted .never")?.checkVisibility()`)
	till.is("and pays nothing", state("pending"))
	if printed := till.printed(); len(printed) > 0 {
		t.Fatalf("printed before it was paid: %s", printed)
	}
	till.is("no ticket is loaded before it is paid", `!document.querySelector("#print-frame").getAttribute("src")`)
	phone.pay("APRO")
	phone.until("the phone says paid", `document.querySelector(".panel.state-paid")`)
	till.until("the till shows Paid", state("paid")+` && window.shownAt`)
	till.is("without a reload", `window.sameDocument`)
	t.Logf("from the press on Pay to Paid on the till's screen: %.0f ms", read[float64](till, `window.shownAt`)-read[float64](phone, `Number(sessionStorage.pressed)`))
	payment := till.payment()
	till.until("the ticket was printed", `(sessionStorage.printed || "").includes("/ticket/`+payment+`")`)
	if printed := till.printed(); len(printed) != 1 {
		t.Errorf("printed %s, want one ticket", printed)
	}
	ticket := cashier.another(t)
	ticket.open(d.till(0) + "/ticket/" + payment)
	ticket.is("the ticket names amount, test and id", `["1.500,00", "`+payment+`", "PRUEBA"].every((w) => document.querySelector("#ticket").innerText.toUpperCase().includes(w.toUpperCase()))`)
	till.open(d.till(0) + "?payment=" + payment)
	till.is("looking at it again prints nothing", `document.querySelector("#state") && (sessionStorage.printed || "").trim().split(" ").length === 1`)

	story.until("the story goes on by itself", `document.querySelector("#top .state-paid")`)
	for what, expression := range map[string]string{
		"what was asked of the provider is there, one press away": `[...document.querySelectorAll("#story details pre")].some((pre) => pre.textContent.includes("external_reference"))`,
		"the token is masked":                    `!document.documentElement.outerHTML.includes("SIMULATED-ACCESS-TOKEN")`,
		"opened notices are visibly ignored":     `document.querySelector("#story .event.muted .never")?.checkVisibility()`,
		"a notice that counted is there":         `[...document.querySelectorAll("#story .event a[href^='/notifications/']")].some((a) => !a.closest(".muted"))`,
		"the state is there":                     `document.querySelector("#top .state-paid")`,
		"each id can be copied":                  `[...document.querySelectorAll("[data-copy]")].some((c) => c.dataset.copy === "` + payment + `")`,
		"the newest stands last":                 `(() => { const at = [...document.querySelectorAll("#story .event:not(.next) time")].map((e) => Date.parse(e.dateTime)); return at.length > 4 && at.every((a, i) => !i || at[i - 1] <= a); })()`,
		"the try with its card is there":         `document.querySelector("#aside").innerText.includes("3704")`,
		"nothing of the story is an empty title": `[...document.querySelectorAll("#story h3")].every((h) => h.innerText.trim() && !/^[a-z_]+\.[a-z_.]+/.test(h.innerText))`,
	} {
		story.until(what, expression)
	}
	story.open(d.page("/payments?q=1500"))
	story.is("the search understands an amount", `document.querySelector("[data-rows] a[href='/payments/`+payment+`']")`)
}

// A declined card shows at the till while the order stays open for another try.
func declineOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, phone := cashier.another(t), b.device(t)
	till.openTill(0)
	till.charge("820,50")
	phone.scan(0)
	phone.pay("FUND")
	phone.until("the phone says declined", `document.querySelector(".panel.state-rejected")`)
	till.until("the declined try shows", `document.querySelector("#declined")?.checkVisibility()`)
	till.is("in amber, with the provider's own code", `document.querySelector("#declined.state-declined .reason-code").textContent === "cc_rejected_insufficient_amount"`)
	till.is("and the order stays open", state("pending")+` && document.querySelector("#qr svg")`)
	payment := till.payment()
	phone.click(".actions a.primary") // another try
	phone.until("the wallet is open again", `document.querySelector("[name=card]")`)
	phone.pay("APRO")
	till.until("the till shows Paid", state("paid"))
	till.is("it is the same payment", `document.querySelector("#state").dataset.payment === "`+payment+`" && !document.querySelector("#declined")`)
	till.until("one ticket", `(sessionStorage.printed || "").trim().split(" ").length === 1 && sessionStorage.printed.includes("`+payment+`")`)
}

// Cancel takes the order off the QR: the phone finds nothing to pay.
func cancelOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, phone, late := cashier.another(t), b.device(t), b.device(t)
	till.openTill(0)
	till.charge("333")
	late.scan(0)
	till.click("#cancel")
	till.until("the till shows Canceled", state("canceled"))
	phone.open("http://" + d.phone + "/sim/phone?pos=" + d.pos(0))
	phone.until("the till has nothing to pay", `!document.querySelector("#tills data.money")`)
	phone.expect("409")
	phone.click("#tills button.primary")
	phone.until("the scan finds nothing", `document.querySelector(".flash-error")`)
	late.expect("409")
	late.click(card("visa", "credit_card", "APRO"))
	late.click(`form[action="/sim/phone/pay"] button.primary`)
	late.until("who had scanned it before cannot pay it either", `document.querySelector("h1")?.checkVisibility() && !document.querySelector("[name=card]") && location.pathname !== "/sim/phone/result"`)
	till.newCharge()
	if printed := till.printed(); len(printed) > 0 {
		t.Errorf("a canceled payment was printed: %s", printed)
	}
}

// Given back in part from the till's list of sales, then the rest; another one
// from the office.
func refundOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, phone := cashier.another(t), b.device(t)
	payment := till.sell(phone, 0, "1000")
	till.click("#sales")
	till.until("the sale is in the list", `document.querySelector(".sale-list a[href$='`+payment+`']")`)
	till.click(".sale-list a[href$='" + payment + "']")
	till.until("the sale opens", `document.querySelector("#refund-form")`)
	till.expect("422")
	till.expect("409")
	till.fill("#f-amount", "1000,01")
	till.giveBack("1000,01")
	till.until("more than is left is refused beside the field", `document.querySelector("#refund-form .error")?.innerText.includes("1.000,00")`)
	till.fill("#f-amount", "400")
	till.until("the button names the amount", `document.querySelector("#refund-button").innerText.includes("400")`)
	till.giveBack("400")
	till.until("a part is given back", `document.querySelector("#sale").dataset.state === "partially_refunded" && document.querySelectorAll(".refund").length === 1`)
	till.is("the rest is offered", `document.querySelector("#f-amount").value === "600,00"`)
	till.giveBack("600,00")
	till.until("all is given back", `document.querySelector("#sale").dataset.state === "refunded" && document.querySelectorAll(".refund").length === 2 && !document.querySelector("#refund-form")`)

	payment = till.sell(phone, 0, "250")
	office := cashier.another(t)
	office.open(d.page("/payments/" + payment))
	office.until("the refund is offered", `document.querySelector("a[href$='/refund']")`)
	office.click("a[href$='/refund']")
	office.until("its form opens", `document.querySelector("#f-amount")?.value === "250,00"`)
	office.click("form .primary")
	office.until("it asks, naming amount and person", `document.querySelector("form.ask .danger")?.innerText.includes("250,00") && document.querySelector("form.ask").innerText.includes("Caja Demo")`)
	office.click("form.ask .danger")
	office.until("the story shows it given back", `location.pathname === "/payments/`+payment+`" && document.querySelector("#top .state-refunded")`)
	office.is("with the refund", `document.querySelector("#aside").innerText.includes("250,00")`)
}

// A reload in the middle loses nothing.
func reloadOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, phone := cashier.another(t), b.device(t)
	till.openTill(1)
	till.charge("77,70")
	payment := till.payment()
	phone.scan(1)
	phone.pay("OTHE")
	till.until("a declined try", `document.querySelector("#declined")`)
	till.do("reload", chromedp.Reload())
	till.until("all is there again", state("pending")+` && document.querySelector("#qr svg") && document.querySelector("#declined") && document.querySelector("#state").innerText.includes("77,70")`)
	till.open(d.till(1))
	till.is("by the till's own address, too", `document.querySelector("#state").dataset.payment === "`+payment+`"`)
	phone.scan(1)
	phone.pay("APRO")
	till.until("the till shows Paid", state("paid"))
	till.until("and prints once", `(sessionStorage.printed || "").trim().split(" ").length === 1 && sessionStorage.printed.includes("`+payment+`")`)
	till.do("reload", chromedp.Reload())
	till.until("still Paid", state("paid"))
	if printed := till.printed(); len(printed) != 1 {
		t.Errorf("printed again after a reload: %s", printed)
	}
}

// With the keyboard alone: digits and Enter charge, Escape cancels, Enter
// begins anew.
func keyboardOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, phone := cashier.another(t), b.device(t)
	till.openTill(1)
	till.until("the amount has the focus", `document.activeElement.id === "amount"`)
	till.keys("12345,6" + kb.Backspace + "5")
	till.is("typed as the country writes it", `document.querySelector("#amount").value.replace(/\s/g, " ") === "$ 12.345,5"`)
	till.keys(kb.Escape)
	till.is("Escape clears what was typed", `document.querySelector("#amount").value === ""`)
	till.keys("99" + kb.Enter)
	till.until("Enter charges", state("pending"))
	till.keys(kb.Escape)
	till.until("Escape cancels", state("canceled"))
	till.keys(kb.Enter)
	till.until("Enter begins anew", `!document.querySelector("#state") && document.activeElement.id === "amount"`)
	till.keys("45" + kb.Enter)
	till.until("Enter charges", state("pending"))
	phone.scan(1)
	phone.pay("APRO")
	till.until("the till shows Paid", state("paid")+` && document.activeElement.id === "new-charge"`)
	till.keys(kb.Enter)
	till.until("Enter begins anew", `!document.querySelector("#state") && document.activeElement.id === "amount"`)
	till.keys("12")
	till.is("and is not charged by the same key", `document.querySelector("#amount").value.replace(/\s/g, " ") === "$ 12" && !document.querySelector("#state")`)
}

// Two quick presses charge once, and a second tab shows what the till is busy
// with.
func twiceOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, second := cashier.another(t), cashier.another(t)
	till.openTill(1)
	second.open(d.till(1))
	count := `document.querySelectorAll(".sale-list li").length`
	sales := cashier.another(t)
	sales.open(d.till(1) + "/sales")
	before := read[int](sales, count)
	till.do("the amount is typed", chromedp.Focus(chromedp.CSS("#amount")), chromedp.KeyEvent("61"))
	till.do("pressed twice", chromedp.DoubleClick(chromedp.CSS("#charge")))
	till.until("one payment shows", state("pending"))
	payment := till.payment()
	second.until("the other tab shows it by itself", `document.querySelector("#state")?.dataset.payment === "`+payment+`"`)
	// A tab whose keypad is still open (its line lags) charges another amount.
	answer := read[string](second, `(() => { const r = new XMLHttpRequest(); r.open("POST", document.querySelector("#charge-form").action, false); r.setRequestHeader("Accept", "application/json"); r.setRequestHeader("Content-Type", "application/x-www-form-urlencoded"); r.send(new URLSearchParams({ nonce: document.querySelector("#nonce").value, amount: "9,00" }).toString()); return r.responseText; })()`)
	second.expect("409")
	if !contains(answer, payment, "till_busy") {
		t.Errorf("a busy till answered %.300s", answer)
	}
	third := cashier.another(t)
	third.open(d.till(1))
	third.is("a tab opened now shows the open payment", `document.querySelector("#state").dataset.payment === "`+payment+`"`)
	sales.do("reload", chromedp.Reload())
	if after := read[int](sales, count); after != before+1 {
		t.Errorf("%d payments more, want 1", after-before)
	}
	third.click("#cancel")
	for _, x := range []*tab{till, second, third} {
		x.until("canceled on each tab", state("canceled"))
	}
}

// The till whose connection charges by the Orders API behaves the same.
func ordersOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, phone := cashier.another(t), b.device(t)
	till.openTill(2)
	till.charge("2400")
	till.watch("paid")
	phone.scan(2)
	phone.choose("master", "debit_card", "APRO")
	phone.press()
	till.until("the till shows Paid", state("paid")+` && window.shownAt`)
	t.Logf("from the press on Pay to Paid on the till's screen: %.0f ms", read[float64](till, `window.shownAt`)-read[float64](phone, `Number(sessionStorage.pressed)`))
	till.until("one ticket", `(sessionStorage.printed || "").includes("/ticket/")`)
	till.newCharge()
	till.charge("100")
	till.click("#cancel")
	till.until("the till shows Canceled", state("canceled"))
	phone.open("http://" + d.phone + "/sim/phone?pos=" + d.pos(2))
	phone.until("the till has nothing to pay", `!document.querySelector("#tills data.money")`)
	till.newCharge()
	till.charge("500")
	// The hybrid order has a QR of its own, too: its text pasted into the phone.
	qr := read[string](till, `new URL(document.querySelector("#phone").href).searchParams.get("qr")`)
	phone.open("http://" + d.phone + "/sim/phone")
	phone.fill("#f-qr", qr)
	phone.click("form:has(#f-qr) button")
	phone.until("the order shows", `location.pathname === "/sim/phone/pay" && document.querySelector("[name=card]")`)
	phone.pay("APRO")
	till.until("the till shows Paid", state("paid"))
}

// One sale paid with two cards.
func splitOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, phone := cashier.another(t), b.device(t)
	till.openTill(0)
	till.charge("3000")
	phone.scan(0)
	phone.choose("visa", "credit_card", "APRO")
	phone.click("details:has(#f-amount) summary")
	phone.fill("#f-amount", "1000,50")
	phone.do("the second card", chromedp.SetValue(chromedp.CSS("#f-second"), "master|debit_card|APRO"))
	phone.press()
	till.until("the till shows Paid", state("paid"))
	till.is("with the whole amount", `document.querySelector("#state").innerText.includes("3.000,00")`)
	story := cashier.another(t)
	story.open(d.page("/payments/" + till.payment()))
	story.until("the story shows both", `["1.999,50", "1.000,50"].every((a) => document.querySelector("#aside").innerText.includes(a))`)
}

// A shift: opened, sold in, closed, reported.
func shiftOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, phone := cashier.another(t), b.device(t)
	till.openTill(1)
	till.open(d.till(1) + "/shift")
	till.click("#open-shift")
	till.until("the till is ready", `document.querySelector("#amount")?.checkVisibility()`)
	till.charge("640")
	phone.scan(1)
	phone.pay("FUND")
	phone.scan(1)
	phone.pay("APRO")
	till.until("the till shows Paid", state("paid"))
	till.open(d.till(1) + "/shift")
	till.is("the shift so far", `document.querySelector("#open-shift .report").innerText.includes("640,00")`)
	till.click("#close-shift")
	till.until("the report", `document.querySelector("#report")?.innerText.includes("640,00")`)
	till.is("names who opened and closed it", `document.querySelector("#report").innerText.split("Caja Demo").length === 3`)
	till.click("[data-print]")
	till.until("it prints", `(sessionStorage.printed || "").includes("/shift/")`)
}

// The buyer walks away; the order expires on the provider's clock, and the till
// says so.
func expiryOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, phone := cashier.another(t), b.device(t)
	till.openTill(0)
	till.charge("58")
	phone.scan(0)
	phone.click(`form[action="/sim/phone/leave"] button`)
	phone.until("walked away", `location.pathname === "/sim/phone" && document.querySelector(".flash")`)
	till.is("the order still waits", state("pending"))
	phone.open("http://" + d.phone + "/sim/control")
	phone.click(`form:has([name=forward][value="10m"]) button`)
	till.until("the till shows Expired", state("expired"))
	till.newCharge()
	phone.open("http://" + d.phone + "/sim/phone?pos=" + d.pos(0))
	phone.until("the till has nothing to pay", `!document.querySelector("#tills data.money")`)
}
