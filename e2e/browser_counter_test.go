package e2e_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
)

// What people do at a card terminal: the cashier at the till, and whoever
// stands before the terminal's page.

// terminal is the number of a Prisma terminal of the first store: 0 or 1.
func (d *demo) terminal(n int) string { return fmt.Sprintf("1000000%d", n+1) }

// control does something with Prisma's simulator that no person at a terminal does.
func (d *demo) control(t *testing.T, method, path string, in any) {
	t.Helper()
	if status, err := call(method, "http://"+d.prisma+"/sim/api/"+path, "", "", in, nil); err != nil {
		t.Fatalf("%s: %d %v", path, status, err)
	}
}

// forward moves the clock of the hub and of both simulators.
func (d *demo) forward(t *testing.T, by string) {
	t.Helper()
	d.control(t, "POST", "clock", map[string]string{"forward": by})
}

// race decides what becomes of a cancellation while the terminal works.
func (d *demo) race(t *testing.T, who string) {
	t.Helper()
	d.control(t, "PUT", "switches", map[string]string{"cancel_race": who})
}

// chip is the selector of one of a group of choices at the till.
func chip(name, value string) string {
	return fmt.Sprintf(`label:has(> input[name=%s][value="%s"])`, name, value)
}

// chargeOn types an amount at an idle till, chooses one of its terminals and
// presses Terminal; the charge is on the terminal. options choose what else.
func (x *tab) chargeOn(terminal int, amount string, options ...func()) {
	x.t.Helper()
	x.send(terminal, amount, options...)
	x.until("it is on the terminal", state("pending")+` && document.querySelector("#state .in-list strong")?.innerText`)
}

// send is chargeOn without waiting for what comes of it.
func (x *tab) send(terminal int, amount string, options ...func()) {
	x.t.Helper()
	x.until("the till is idle", `document.querySelector("#amount")?.checkVisibility()`)
	x.do("the amount is typed", chromedp.Focus(chromedp.CSS("#amount")), chromedp.KeyEvent(amount))
	x.click(chip("terminal", string(x.demo.seed.Terminals[terminal])))
	if len(options) > 0 && read[bool](x, `!document.querySelector("#terminal-more").open`) {
		x.click("#terminal-more > summary")
	}
	for _, choose := range options {
		choose()
	}
	x.click("#charge-terminal")
}

// step is true while the till shows that step of a charge on a terminal.
func step(n int) string {
	return fmt.Sprintf(`document.querySelector("#state .steps li:nth-child(%d)")?.ariaCurrent === "step"`, n)
}

// The steps of a charge on a terminal.
const (
	offered    = 1
	atTerminal = 2
)

// goTo opens a terminal's page, and clears it of what an earlier test left.
func (x *tab) goTo(terminal int) {
	x.t.Helper()
	x.open("http://" + x.demo.prisma + "/sim/terminal/" + x.demo.terminal(terminal))
	if read[bool](x, `document.querySelector("#device").dataset.screen === "result"`) {
		x.click("#device [data-deed=enter]")
	}
	x.screen("list")
}

// screen waits until the terminal's display shows that.
func (x *tab) screen(kind string) {
	x.t.Helper()
	x.until("the terminal shows "+kind, fmt.Sprintf(`document.readyState === "complete" && document.querySelector("#device")?.dataset.screen === %q`, kind))
}

// outcome waits for the terminal's last word, and says that it was read.
func (x *tab) outcome(word string) {
	x.t.Helper()
	x.until("the terminal says "+word, fmt.Sprintf(`document.readyState === "complete" && document.querySelector("#device")?.dataset.outcome === %q`, word))
}

// take chooses what stands last in the terminal's list.
func (x *tab) take(kind string) {
	x.t.Helper()
	waits := fmt.Sprintf(`.pos-menu li:last-child [data-intent][data-kind=%s]`, kind)
	x.until("a "+kind+" waits on the terminal", fmt.Sprintf(`document.querySelector(%q)`, waits))
	x.click(waits)
}

// present holds a card to the terminal, as a customer does.
func (x *tab) present(card, entry string) {
	x.t.Helper()
	x.screen("card")
	x.click(`label:has(> [data-entry="` + entry + `"])`)
	x.click(`[data-card="` + card + `"]`)
}

// pin types the PIN that opens every card of the simulator.
func (x *tab) pin() {
	x.t.Helper()
	x.screen("pin")
	for _, digit := range "1234" {
		x.click(fmt.Sprintf(`#device [data-key="%c"]`, digit))
	}
	x.click("#device [data-deed=enter]")
}

// tear takes the slip off the printer and gives its text.
func (x *tab) tear() (slip string) {
	x.t.Helper()
	x.until("a slip is in the printer", `document.querySelector("[data-slip]")`)
	slip = read[string](x, `document.querySelector("[data-slip]").textContent`)
	x.click("a[data-deed=tear]")
	x.screen("list")
	return slip
}

// ok says that the terminal's result was read.
func (x *tab) ok() {
	x.t.Helper()
	x.screen("result")
	x.click("#device [data-deed=enter]")
	x.screen("list")
}

// approve takes the charge at the terminal and pays it with a contactless Visa
// credit card at once.
func (x *tab) approve(t *testing.T) {
	x.t.Helper()
	x.take("payment")
	x.present("visa-credit", "CHIP_CONTACTLESS")
	x.until("it asks for installments or the acquirer", `document.readyState === "complete" && ["installments", "processing"].includes(document.querySelector("#device")?.dataset.screen)`)
	if read[bool](x, `document.querySelector("#device").dataset.screen === "installments"`) {
		x.click(`[data-installments="1"]`)
	}
	x.screen("processing")
	x.demo.forward(t, "4s")
	x.outcome("approved")
}

// paysOn charges on a terminal and has it approved, until the till shows Paid.
func (x *tab) paysOn(t *testing.T, device *tab, terminal int, amount string) (payment string) {
	x.t.Helper()
	x.chargeOn(terminal, amount)
	device.approve(t)
	x.until("the till shows Paid", state("paid"))
	device.tear()
	return x.payment()
}

// shows waits until the page's words hold all of these.
func (x *tab) shows(words ...string) {
	x.t.Helper()
	for _, one := range words {
		x.until("it shows "+one, fmt.Sprintf(`document.querySelector("main").innerText.replace(/\s/g, " ").includes(%q)`, one))
	}
}

// slipFact reads a number off a terminal's slip.
func slipFact(t *testing.T, slip, name string) string {
	t.Helper()
	found := regexp.MustCompile(name + `\s+(\w+)`).FindStringSubmatch(slip)
	if found == nil {
		t.Fatalf("the slip has no %s: %s", name, slip)
	}
	return found[1]
}
