package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPicturesOfTerminals takes those of charges on card terminals, like
// TestPictures.
func TestPicturesOfTerminals(t *testing.T) {
	folder := os.Getenv("POSTA_PICTURES")
	if folder == "" {
		t.Log("takes pictures only where POSTA_PICTURES names a folder")
		return
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join("..", folder)
	}
	file, found := chromium(t)
	if !found {
		return
	}
	d := openDemo(t)
	b := openDesk(t, d, file)
	cashier := b.member(t)
	till, device := counterOnPages(t, b, cashier)
	office := cashier.another(t)
	album := &album{t, folder}

	till.do("an amount", chromedp.Focus(chromedp.CSS("#amount")), chromedp.KeyEvent("60000"))
	till.click(chip("terminal", string(d.seed.Terminals[0])))
	till.do("the top", chromedp.Evaluate[chromedp.Void](`scrollTo(0, 0)`))
	album.take(till, "till-choosing", 1024, 900)
	till.click("#terminal-more > summary")
	till.click(chip("installments", "6"))
	till.click("#charge-terminal")
	till.until("it is on the terminal", state("pending")+" && "+step(offered))
	album.take(till, "till-offered", 1024, 768)
	device.until("it is in the list", `document.querySelector("[data-intent]")`)
	album.take(device, "terminal", 1280, 900)
	device.take("payment")
	device.screen("card")
	album.take(device, "terminal-card", 1280, 900)
	till.until("the till follows", step(atTerminal))
	album.take(till, "till-at-terminal", 1024, 768)
	device.present("visa-credit", "CHIP_CONTACTLESS")
	device.screen("processing")
	d.forward(t, "4s")
	device.outcome("approved")
	album.take(device, "terminal-slip", 1280, 900)
	till.until("the till shows Paid", state("paid"))
	album.take(till, "till-paid-card", 1024, 768)
	payment := till.payment()
	device.tear()
	till.open(d.till(0) + "/ticket/" + payment)
	album.take(till, "ticket-card", 390, 900)

	till.openTill(0)
	d.control(t, "POST", "faults", map[string]any{"id": "lost", "operation": "payment_create", "action": "cut_after", "times": 1})
	till.send(0, "31000")
	till.until("the till does not know", state("unknown"))
	album.take(till, "till-unknown", 1024, 768)
	device.approve(t)
	slip := device.tear()
	till.click("#slip")
	till.until("it asks what happened", `document.querySelector("#slip-form")`)
	till.click(`label:has(> [name=done][value=yes])`)
	till.fill("#f-batch", slipFact(t, slip, "LOTE"))
	till.fill("#f-coupon", slipFact(t, slip, "CUPON"))
	till.fill("#f-authorization", slipFact(t, slip, "AUTORIZACION"))
	album.take(till, "slip", 1024, 1100)
	till.fill("#f-last_four", "4509")
	till.do("the brand", chromedp.Evaluate[chromedp.Void](`document.querySelector("#f-brand").value = "VI"`))
	till.click("#slip-confirm")
	till.until("the till shows Paid", state("paid"))
	till.newCharge()
	till.paysOn(t, device, 0, "12500")
	till.toSale(till.payment())
	till.click("#void-button")
	till.until("it asks", `document.querySelector("dialog[open]")`)
	till.click("dialog[open] .danger")
	till.until("it waits on the terminal", `document.querySelector(".refund[data-state=pending] .waits")`)
	album.take(till, "void", 1024, 900)
	device.take("reversal")
	device.screen("confirm")
	device.click("#device [data-deed=enter]")
	d.forward(t, "5s")
	device.tear()
	till.until("voided", `document.querySelector("#sale").dataset.state === "refunded"`)

	d.control(t, "POST", "plant", map[string]any{"terminal": d.terminal(0), "movement": map[string]any{"amount": 700000}})
	till.open(d.till(0) + "/close")
	album.take(till, "close", 1024, 900)
	till.askToClose()
	device.finishClose(t)
	office.open(d.page("/settlements"))
	office.until("the close is told", `document.querySelector("[data-rows]")?.innerText.includes("No coincide")`)
	office.click("[data-rows] a")
	office.until("what to do is said", `document.querySelector("#task")`)
	album.take(office, "settlement", 1280, 1000)
	office.open(d.page("/terminals"))
	album.take(office, "terminals", 1280, 900)

	point, smart := pointCounter(t, b, cashier)
	point.sendPoint("1750")
	smart.takePoint()
	album.take(smart, "point", 1280, 900)
}
