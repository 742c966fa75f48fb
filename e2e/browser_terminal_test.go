package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestBrowserTerminal drives charges on card terminals through the pages of
// posta demo: the till in one tab, the terminal in another one.
func TestBrowserTerminal(t *testing.T) {
	t.Parallel() // with the tests that wait for processes
	onPages(t, []onPage{
		{"approved in 1 installment", oneInstallmentOnPages},
		{"approved in 6 installments", sixInstallmentsOnPages},
		{"debit with cash-back", cashBackOnPages},
		{"declined", declinedThereOnPages},
		{"canceled on the device", canceledThereOnPages},
		{"the till cancels before anybody took it", takenOffOnPages},
		{"the till cancels while the terminal works, and is refused", cancelRefusedOnPages},
		{"the till's cancel wins", cancelWinsOnPages},
		{"the approval wins", approvalWinsOnPages},
		{"off and on again", offOnPages},
		{"time-out", timeOutOnPages},
		{"QR on the terminal", terminalQROnPages},
		{"lost answer, charged", lostAndChargedOnPages},
		{"lost answer, not charged", lostAndNotChargedOnPages},
		{"two tills, one terminal", twoTillsOnPages},
		{"keyboard only", terminalKeyboardOnPages},
	})
}

type onPage struct {
	name string
	test func(t *testing.T, d *demo, b *desk, cashier *tab)
}

// onPages runs tests of pages against one demo, in one browser.
func onPages(t *testing.T, tests []onPage) {
	file, found := chromium(t)
	if !found {
		return
	}
	d := openDemo(t)
	b := openDesk(t, d, file)
	cashier := b.member(t) // stays logged in: each test opens tabs on this device
	for _, one := range tests {
		t.Run(one.name, func(t *testing.T) { one.test(t, d, b, cashier) })
	}
}

// counterOnPages gives the till of the first store and its first terminal, each
// in a tab.
func counterOnPages(t *testing.T, b *desk, cashier *tab) (till, device *tab) {
	t.Helper()
	till, device = cashier.another(t), b.device(t)
	till.openTill(0)
	device.goTo(0)
	return till, device
}

// The whole way: the till follows each step and ends with what the slip says;
// the ticket, the sale and the story bear it too.
func oneInstallmentOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "1500")
	till.watch("paid")
	till.is("it stands on the terminal", step(offered))
	till.shows("$ 1.500,00", "Terminal 1")
	device.until("the terminal's list has it", `document.querySelector("[data-kind=payment]")`)
	name := read[string](till, `document.querySelector("#state .in-list strong").innerText.replace(/\s/g, "")`)
	if shown := read[string](device, `document.querySelector("[data-kind=payment] span").innerText`); !contains(strings.ReplaceAll(shown, " ", ""), name) {
		t.Errorf("the terminal's list says %q, the till that it says %q", shown, name)
	}
	device.take("payment")
	device.screen("card")
	till.until("the till follows to the terminal", step(atTerminal))
	device.present("visa-credit", "CHIP")
	device.screen("installments")
	device.click(`[data-installments="1"]`)
	device.pin()
	device.screen("processing")
	d.forward(t, "4s")
	device.outcome("approved")
	till.until("the till shows Paid", state("paid")+` && window.shownAt`)
	till.is("without a reload", `window.sameDocument`)
	till.shows("Visa", "···· 4509")
	slip := device.tear()
	var facts []string
	for n, label := range []string{"Autorización", "Lote", "Cupón"} {
		value := read[string](till, `document.querySelectorAll(".slip-line strong")[`+string(rune('0'+n))+`]?.innerText || ""`)
		if value == "" || !contains(slip, value) {
			t.Errorf("%s is %q on the till, the terminal's slip says %s", label, value, slip)
		}
		facts = append(facts, label, value)
	}
	payment := till.payment()
	till.until("the ticket was printed", `(sessionStorage.printed || "").includes("/ticket/`+payment+`")`)
	other := cashier.another(t)
	other.open(d.till(0) + "/ticket/" + payment)
	other.shows(append(facts, "$ 1.500,00", "Visa", "4509", "Terminal 1")...)
	other.open(d.till(0) + "/sales/" + payment)
	other.shows("$ 1.500,00", "4509", "Terminal 1", facts[1])
	other.open(d.page("/payments/" + payment))
	other.until("the story", `document.querySelector("#top .state-paid") && document.querySelectorAll("#story .event").length > 3`)
	other.shows("4509", facts[1])
	other.is("nothing of the story is an empty title", `[...document.querySelectorAll("#story h3")].every((h) => h.innerText.trim() && !/^[a-z_]+\.[a-z_.]+/.test(h.innerText))`)
	other.is("secrets are masked", `!document.documentElement.outerHTML.includes("SIMULATED-SECRET-KEY")`)
	other.open(d.page("/payments?q=4509"))
	other.is("the search knows the last four", `document.querySelector("[data-rows] a[href='/payments/`+payment+`']")`)
}

// The cashier fixes six installments; the terminal asks for none.
func sixInstallmentsOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "60000", func() { till.click(chip("installments", "6")) })
	till.shows("6 cuotas")
	device.take("payment")
	device.present("mastercard-credit", "CHIP_CONTACTLESS")
	device.screen("processing")
	d.forward(t, "4s")
	device.outcome("approved")
	till.until("the till shows Paid", state("paid"))
	till.shows("Mastercard", "···· 5299", "6 cuotas")
	device.tear()
	till.newCharge()
	till.is("the next charge asks for none", `!document.querySelector("[name=installments]:checked").value && document.querySelector("#terminal-more").open === false`)
	till.chargeOn(0, "600")
	device.take("payment")
	device.present("visa-credit", "CHIP_CONTACTLESS")
	device.screen("installments")
	device.click(`[data-installments="6"]`) // the customer chooses
	device.screen("processing")
	d.forward(t, "4s")
	device.tear()
	till.until("the till shows Paid", state("paid"))
	till.shows("6 cuotas")
}

// Debit with cash-back: more is charged than the sale, explained, and the till
// says what to hand out.
func cashBackOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "1000", func() { till.click(chip("way", "debit")) }, func() { till.fill("[name=cash_back]", "500") })
	device.take("payment")
	device.screen("card")
	device.present("visa-credit", "CHIP")
	device.until("a credit card is refused", `document.querySelector("[data-problem]")`)
	device.present("visa-debit", "CHIP")
	device.pin()
	device.screen("processing")
	d.forward(t, "4s")
	device.outcome("approved")
	till.until("the till shows Paid", state("paid"))
	till.shows("$ 1.500,00", "Entregue $ 500,00 al cliente", "$ 1.000,00 de la venta")
	device.tear()
	ticket := cashier.another(t)
	ticket.open(d.till(0) + "/ticket/" + till.payment())
	ticket.shows("$ 1.500,00", "$ 500,00")
}

// Declined: nothing was charged, and the till says why.
func declinedThereOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "777")
	device.take("payment")
	device.present("no-funds", "CHIP_CONTACTLESS")
	device.screen("installments")
	device.click(`[data-installments="1"]`)
	device.screen("processing")
	d.forward(t, "4s")
	device.outcome("declined")
	till.until("the till shows Rejected", state("rejected"))
	till.shows("No se cobró nada")
	till.is("with the reason in words, its code beside it", `document.querySelector("#state .reason-code").parentElement.innerText.length > document.querySelector("#state .reason-code").innerText.length + 5`)
	till.newCharge()
	device.ok()
	if printed := till.printed(); len(printed) > 0 {
		t.Errorf("a declined charge was printed: %s", printed)
	}
}

// The customer presses the red key.
func canceledThereOnPages(t *testing.T, _ *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "888")
	device.take("payment")
	device.screen("card")
	device.click("[data-deed=cancel]")
	device.outcome("undone")
	till.until("the till shows Canceled", state("canceled"))
	till.shows("Se canceló en la terminal")
	till.newCharge()
}

// Canceled by the till while it waits in the list: it leaves the list.
func takenOffOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "99")
	device.until("it is in the list", `document.querySelector("[data-intent]")`)
	till.click("#cancel")
	d.forward(t, "2s")
	till.until("the till shows Canceled", state("canceled"))
	device.until("it left the list", `!document.querySelector("[data-intent]")`)
	till.newCharge()
}

// The terminal has the last word: a refused cancellation leaves the charge to
// the customer, who pays.
func cancelRefusedOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "410")
	device.take("payment")
	device.screen("card")
	till.until("the till follows", step(atTerminal))
	till.click("#cancel")
	till.shows("Cancelando")
	till.is("which is no end", state("pending"))
	device.present("visa-debit", "CHIP")
	device.pin()
	device.screen("processing")
	d.forward(t, "4s")
	device.outcome("approved")
	till.until("the till shows Paid", state("paid"))
	till.shows("El cliente pagó antes de la cancelación")
	device.tear()
}

// The cancellation comes while the terminal asks the acquirer, and undoes the
// approval: nothing is charged.
func cancelWinsOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	d.race(t, "undo_wins")
	defer d.race(t, "refuse")
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "420")
	device.take("payment")
	device.present("visa-debit", "CHIP")
	device.pin()
	device.screen("processing")
	till.click("#cancel")
	till.shows("Cancelando")
	d.forward(t, "6s")
	device.outcome("undone")
	till.until("the till shows Canceled", state("canceled"))
	till.shows("No se cobró nada")
	if printed := till.printed(); len(printed) > 0 {
		t.Errorf("a canceled charge was printed: %s", printed)
	}
}

// The same, and the approval was faster: it is paid, once.
func approvalWinsOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	d.race(t, "payment_wins")
	defer d.race(t, "refuse")
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "430")
	device.take("payment")
	device.present("visa-debit", "CHIP")
	device.pin()
	device.screen("processing")
	till.click("#cancel")
	till.shows("Cancelando")
	d.forward(t, "6s")
	device.outcome("approved")
	till.until("the till shows Paid", state("paid"))
	till.shows("El cliente pagó antes de la cancelación", "$ 430,00")
	till.until("one ticket", `(sessionStorage.printed || "").trim().split(" ").length === 1 && sessionStorage.printed.includes("`+till.payment()+`")`)
	device.tear()
}

// A terminal that is off keeps its list for when it is on again.
func offOnPages(t *testing.T, _ *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	device.click("[data-deed=power-off]")
	device.screen("off")
	till.chargeOn(0, "515")
	till.is("it waits on the terminal", step(offered))
	device.is("which shows nothing", `!document.querySelector("[data-intent]")`)
	device.click("[data-deed=power-on]")
	device.screen("list")
	device.approve(t)
	till.until("the till shows Paid", state("paid"))
	device.tear()
}

// Nobody comes: after the time-out the charge is taken off the terminal.
func timeOutOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "616")
	till.is("it tells the time that is left", `document.querySelector("#state [data-countdown]").innerText.includes(":")`)
	device.until("it is in the list", `document.querySelector("[data-intent]")`)
	d.forward(t, "121s")
	till.until("the time-out takes it off", state("canceled")+` || document.querySelector("#state").innerText.includes("Cancelando")`)
	d.forward(t, "3s")
	till.until("the till shows Canceled", state("canceled"))
	till.shows("Se acabó el tiempo")
	device.until("it left the list", `!document.querySelector("[data-intent]")`)
	till.newCharge()
}

// A QR on the terminal's screen, which the buyer's wallet pays.
func terminalQROnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.chargeOn(0, "2100", func() { till.click(chip("way", "qr")) })
	device.take("payment")
	device.screen("qr")
	till.until("the till follows", step(atTerminal))
	till.shows("Escanee el QR")
	phone := b.device(t)
	phone.open(read[string](device, `document.querySelector("a[data-deed=phone]").href`))
	phone.shows("2.100,00")
	phone.click(`label:has(> [data-card="visa-credit"])`)
	phone.click("[data-deed=pay]")
	d.forward(t, "4s")
	phone.until("the phone says paid", `document.querySelector("#result")?.dataset.state === "paid"`)
	till.until("the till shows Paid", state("paid"))
	till.shows("$ 2.100,00")
	device.tear()
}

// Two tills share a terminal: its list holds both, and each till hears of its
// own.
func twoTillsOnPages(t *testing.T, _ *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	second := cashier.another(t)
	second.openTill(1)
	till.chargeOn(0, "101")
	second.chargeOn(0, "202")
	device.until("both are in the list", `document.querySelectorAll("[data-intent]").length === 2`)
	names := read[[]string](device, `[...document.querySelectorAll("[data-intent] span")].map((s) => s.innerText)`)
	if names[0] == names[1] {
		t.Errorf("both charges are called %q on the terminal", names[0])
	}
	device.approve(t) // the second one, which stands last
	second.until("the second till shows Paid", state("paid"))
	till.is("the first one still waits", state("pending")+" && "+step(offered))
	second.shows("$ 202,00")
	device.tear()
	device.approve(t)
	till.until("the first till shows Paid", state("paid"))
	till.shows("$ 101,00")
	device.tear()
}

// With the keyboard alone, at the till and at the terminal.
func terminalKeyboardOnPages(t *testing.T, d *demo, b *desk, cashier *tab) {
	till, device := counterOnPages(t, b, cashier)
	till.until("the amount has the focus", `document.activeElement.id === "amount"`)
	till.keys("64")
	focus := func(id string) {
		t.Helper()
		for range 40 {
			if read[bool](till, `document.activeElement.id === "`+id+`"`) {
				return
			}
			till.keys(kb.Tab)
		}
		till.fail("Tab does not reach #%s", id)
	}
	focus("charge-terminal")
	till.keys(kb.Enter)
	till.until("it is on the terminal", state("pending")+" && "+step(offered))
	device.until("it is in the list", `document.querySelector("[data-intent]")`)
	device.keys("1")
	device.screen("card")
	device.do("the card is presented", chromedp.Focus(chromedp.CSS(`[data-card="visa-debit"]`)), chromedp.KeyEvent(kb.Enter))
	device.screen("pin")
	device.until("the PIN has the focus", `document.activeElement.id === "pin"`)
	device.keys("1234" + kb.Enter)
	device.screen("processing")
	d.forward(t, "4s")
	device.outcome("approved")
	till.until("the till shows Paid", state("paid")+` && document.activeElement.id === "new-charge"`)
	till.keys(kb.Enter)
	till.until("Enter begins anew", `!document.querySelector("#state") && document.activeElement.id === "amount"`)
	till.keys("65" + kb.Enter)
	till.until("Enter goes the way of the last charge", state("pending")+" && "+step(offered))
	till.keys(kb.Escape)
	d.forward(t, "2s")
	till.until("Escape cancels", state("canceled"))
}
