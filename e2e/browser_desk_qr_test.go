package e2e_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"posta"
	"posta/homologation"
	"posta/payment"
	"posta/project"
)

// From the backlog to handed off, as the people of a project of attended QR do
// it: no sheet and no pilot, but a quality that is measured with a real payment.
func TestP53_54_55_57_60_MercadoPagoQRFromBacklogToHandedOff(t *testing.T) {
	t.Parallel()
	j := newJourney(t)
	if j == nil {
		return
	}
	j.walk([]leg{
		{"created by the commercial", func() { j.create("mercadopago_qr", "Café del Faro", "30-00000000-7") }},
		{"design", func() { j.design("business_model_understood", "solution_chosen") }},
		{"kickoff refused, then held", j.kickoff},
		{"integration", j.integrate},
		{"homologation", j.proveQR},
		{"gate, window, quality, open", j.openQR},
		{"monitored, handed off", func() { j.handOff(90) }},
	})
}

// integrate has the client say by its own page that development is finished.
func (j *journey) integrate() {
	j.invite("clara@puerto.example")
	j.contact.submit("tick/integration_finished", nil)
	x := j.integrator
	x.at(j.id, "")
	x.submit("/edit", fields{"test": string(j.test("Mercado Pago QR"))})
	x.submit("/move", nil)
	j.stage(project.Homologation)
}

// proveQR has every outcome brought about, and says by name that all is proven.
func (j *journey) proveQR() {
	x, all := j.integrator, len(homologation.Set("mercadopago_qr"))
	x.at(j.id, "homologation")
	x.submit("homologation/run", nil)
	x.untilWithin(3*time.Minute, "the run ends, and the page shows it by itself", fmt.Sprintf(`document.querySelectorAll("#cases .state-paid").length >= %d - 1 && !document.querySelector("#run progress, #run [role=progressbar]")`, all))
	if o := j.overview(); len(o.Missing) > 0 || o.Standing.Met {
		x.fail("after the run: missing %v, %+v", o.Missing, o.Standing)
	}
	x.at(j.id, "homologation")
	x.shot("79-qr-cases")
	x.submit("homologation/confirm", nil)
	x.at(j.id, "")
	x.submit("/move", nil)
	j.stage(project.GoLive)
}

// sellLive sells at a till of live mode through its page, to a buyer with a phone.
func (j *journey) sellLive(p production, phone *tab, amount string) posta.PaymentID {
	j.t.Helper()
	x := j.integrator
	x.open(x.demo.page("/till/" + string(p.till.ID)))
	x.charge(amount)
	id := posta.PaymentID(x.payment())
	phone.open("http://" + x.demo.phone + "/sim/phone?pos=" + posta.Alphanumeric(p.till.ID))
	phone.click("#tills button.primary")
	phone.until("the order shows on the phone", `location.pathname === "/sim/phone/pay" && document.querySelector("[name=card]")`)
	phone.pay("APRO")
	x.until("the till shows Paid", state("paid"))
	return id
}

// openQR goes from a closed gate over a window, in which the first real payment
// is measured, to open production.
func (j *journey) openQR() {
	x, m := j.integrator, j.manager
	live := j.livePlace("Mercado Pago QR producción")
	phone := x.another(j.t)
	x.at(j.id, "")
	x.submit("/edit", fields{"live": string(live.connection)})
	j.date()
	body := map[string]any{"till_id": live.till.ID, "amount": 150000}
	j.refuse("behind a closed gate", 403, body)
	x.at(j.id, "golive")
	x.submit("golive/check", nil)
	x.submit("golive/tls", nil)
	for item, want := range map[string]string{"credentials": "met", "tls": "unmet", "notices": "met", "homologation": "met", "refund": "met", "quality": "unmet", "date": "met"} {
		x.is(item+" is "+want, fmt.Sprintf(`document.querySelector("#%s.item-%s")`, item, want))
	}
	x.is("what does not apply is absent", `!document.querySelector("#items #pilot")`)
	j.waive("tls", "Demostración en la propia máquina, sin dirección pública")
	m.at(j.id, "golive")
	m.is("not to be opened yet", `[...document.querySelectorAll("form[action$='/golive/open'] button")].every((b) => b.disabled)`)
	m.submit("golive/window", fields{"payments": "1", "amount": "2000", "hours": "24"})
	j.gate(live, payment.GateWindow)

	x.open(x.demo.page("/"))
	x.click(".mode-switch [value=live]")
	x.until("in live mode", `document.querySelector(".mode-switch [value=live]")?.ariaPressed === "true"`)
	x.open(x.demo.page("/quality?connection=" + string(live.connection)))
	x.is("not measurable without a real payment", `document.querySelector("#score .state-unknown") && !/\d/.test(document.querySelector("#score .huge").innerText)`)
	x.shot("80-quality-none")
	id := j.sellLive(live, phone, "1500")
	j.refuse("after the window's only payment", 403, body)
	x.open(x.demo.page("/quality?connection=" + string(live.connection)))
	x.submit("quality/measure", fields{"payment": string(id)})
	x.shot("81-quality")
	q, err := j.Quality.Standing(context.Background(), j.Seed.Merchant, live.connection)
	j.must(err)
	if q.Ours == nil || q.Ours.Score == nil || q.Ours.PaymentID != id {
		x.fail("measured: %+v", q.Ours)
	}
	j.t.Logf("our own score is %d of %d", *q.Ours.Score, q.Threshold)
	if *q.Ours.Score < q.Threshold { // each lost point names what to do
		x.is("each lost point names a field", `document.querySelectorAll(".findings code").length > 0`)
	}
	x.submit("quality/official", fields{"score": "88", "date": j.day(0), "provider_payment": "1234567890"})
	m.at(j.id, "golive")
	m.is("the gate says whose score it used", `document.querySelector("#quality.item-met").innerText.includes("88")`)
	m.shot("82-gate-ready")
	m.submit("golive/open", nil)
	m.shot("83-open-asked")
	m.sees(j.client)
	j.gate(live, payment.GateWindow)
	m.submit("golive/open", nil)
	j.gate(live, payment.GateOpen)
	m.shot("84-open")
	j.sellLive(live, phone, "3500")
	phone.cancel()
	x.do("a large screen again", chromedp.EmulateViewport(1280, 900))
}
