package e2e_test

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// What people do: a cashier at the till, a buyer with a phone.

// state is true while the till shows a payment in that state.
func state(name string) string {
	return fmt.Sprintf(`document.querySelector("#state")?.dataset.state === %q`, name)
}

// openTill opens a till, and clears it of what an earlier test left.
func (x *tab) openTill(n int) {
	x.t.Helper()
	x.open(x.demo.till(n))
	x.until("the till is there", `document.querySelector("#amount")`)
	if read[bool](x, `document.querySelector("#cancel") !== null`) {
		x.click("#cancel")
		x.until("the till is cleared", `document.querySelector("#new-charge")`)
		x.newCharge()
	}
}

// charge types an amount at an idle till and presses Charge; the QR shows.
func (x *tab) charge(amount string) {
	x.t.Helper()
	x.until("the till is idle", `document.querySelector("#amount")?.checkVisibility()`)
	x.do("the amount is typed", chromedp.Focus(chromedp.CSS("#amount")), chromedp.KeyEvent(amount))
	x.click("#charge")
	x.until("the QR shows", state("pending")+` && document.querySelector("#qr svg")`)
}

// payment is the id of the payment in sight.
func (x *tab) payment() string {
	x.t.Helper()
	return read[string](x, `document.querySelector("#state").dataset.payment`)
}

// sell charges at a till and pays with the phone, until the till shows Paid.
func (x *tab) sell(phone *tab, till int, amount string) (payment string) {
	x.t.Helper()
	x.openTill(till)
	x.charge(amount)
	phone.scan(till)
	phone.pay("APRO")
	x.until("the till shows Paid", state("paid"))
	return x.payment()
}

// newCharge goes back to the keypad.
func (x *tab) newCharge() {
	x.t.Helper()
	x.click("#new-charge")
	x.until("the keypad is back", `document.querySelector("#amount").checkVisibility() && !document.querySelector("#state")`)
}

// printed is what was sent to the printer on this tab.
func (x *tab) printed() []string {
	x.t.Helper()
	return strings.Fields(read[string](x, `sessionStorage.printed || ""`))
}

// scan points the buyer's phone at a till's QR.
func (x *tab) scan(till int) {
	x.t.Helper()
	x.open("http://" + x.demo.phone + "/sim/phone?pos=" + x.demo.pos(till))
	x.click("#tills button.primary")
	x.until("the order shows on the phone", `location.pathname === "/sim/phone/pay" && document.querySelector("[name=card]")`)
}

// card is the selector of a card in the phone's wallet.
func card(brand, kind, holder string) string {
	return fmt.Sprintf(`label:has(> input[name=card][value="%s|%s|%s"])`, brand, kind, holder)
}

// pay pays what was scanned, with a Visa card whose holder's name decides what
// comes of it.
func (x *tab) pay(holder string) {
	x.t.Helper()
	x.choose("visa", "credit_card", holder)
	x.press()
}

// choose picks a card; the rarer ones are folded away.
func (x *tab) choose(brand, kind, holder string) {
	x.t.Helper()
	pick := card(brand, kind, holder)
	x.is("the card is in the wallet", fmt.Sprintf(`document.querySelector(%q)`, pick))
	if read[bool](x, fmt.Sprintf(`!document.querySelector(%q).checkVisibility()`, pick)) {
		x.click(".cards details summary")
	}
	x.click(pick)
}

// press presses Pay and waits for the result. The moment of the press is kept.
func (x *tab) press() {
	x.t.Helper()
	x.do("the moment of the press is kept", chromedp.Evaluate[chromedp.Void](
		`document.querySelector("form[action='/sim/phone/pay']").addEventListener("submit", () => { sessionStorage.pressed = Date.now(); })`))
	x.click(`form[action="/sim/phone/pay"] button.primary`)
	x.until("the phone shows the result", `location.pathname === "/sim/phone/result"`)
}

// watch notes in the till's page the moment at which a state is on the screen.
func (x *tab) watch(name string) {
	x.t.Helper()
	x.do("watch for "+name, chromedp.Evaluate[chromedp.Void](`window.sameDocument = true;
new MutationObserver((_, o) => { if (`+state(name)+`) { o.disconnect(); requestAnimationFrame(() => setTimeout(() => { window.shownAt = Date.now(); })); } }).observe(document.body, { childList: true, subtree: true })`))
}

// giveBack presses the refund's button on a sale's page, and then the one of the
// question, which names the amount.
func (x *tab) giveBack(amount string) {
	x.t.Helper()
	x.click("#refund-button")
	x.until("it asks, naming the amount", fmt.Sprintf(`document.querySelector("dialog[open]")?.innerText.includes(%q)`, amount))
	x.click("dialog[open] .danger")
}
