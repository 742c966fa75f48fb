package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"posta"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/till"
)

// production is where a project charges real money: at the simulators, with
// production credentials.
type production struct {
	connection posta.ConnectionID
	store      till.Store
	till       till.Till
	terminals  []till.Terminal
}

// livePlace finds the demo's production at a connection.
func (b *bureau) livePlace(connection string) (p production) {
	b.t.Helper()
	ctx := context.Background()
	p.connection = b.test(connection)
	stores, err := b.Store.Stores(ctx, b.Seed.Merchant, posta.Live)
	b.must(err)
	tills, err := b.Store.Tills(ctx, b.Seed.Merchant, posta.Live)
	b.must(err)
	terminals, err := b.Tills.Terminals(ctx, b.Seed.Merchant, posta.Live)
	b.must(err)
	p.store, p.till = stores[0], tills[0]
	for _, t := range terminals {
		if t.ConnectionID == p.connection {
			p.terminals = append(p.terminals, t)
		}
	}
	return p
}

// refuse holds that the gate lets a charge not pass, by the API.
func (j *journey) refuse(what string, status int, body map[string]any) {
	j.t.Helper()
	got, err := call("POST", j.URL()+"/v1/payments", j.key(), posta.NewULID(j.now()), body, nil)
	if got != status || !strings.Contains(fmt.Sprint(err), string(posta.CodeGateClosed)) {
		j.t.Errorf("%s: answered %d %v", what, got, err)
	}
}

// key is a key of the API in live mode.
func (j *journey) key() string {
	if j.live == "" {
		_, secret, err := j.Accounts.CreateKey(context.Background(), posta.NewID[posta.KeyID](j.now()), j.Seed.Merchant, posta.Live, "e2e")
		j.must(err)
		j.live = secret
	}
	return j.live
}

// gate is the state of the gate that a page shows.
func (j *journey) gate(p production, want payment.GateState) {
	j.t.Helper()
	g, err := j.GoLive.Allowed(context.Background(), j.Seed.Merchant, p.connection)
	j.must(err)
	if g.State != want {
		j.t.Fatalf("the gate is %s, want %s", g.State, want)
	}
}

// date is proposed by the desk and confirmed by both sides.
func (j *journey) date() {
	x, c := j.integrator, j.contact
	x.at(j.id, "")
	x.submit("/date", fields{"at": j.day(3 * day)})
	x.submit("/date/confirm", nil)
	if j.project(j.id).Date.Confirmed() {
		x.fail("confirmed by one side alone")
	}
	c.open(c.demo.page("/client"))
	c.shot("60-client-date")
	c.submit("/date/confirm", nil)
	if !j.project(j.id).Date.Confirmed() {
		c.fail("not confirmed by both sides")
	}
}

// waive has the manager do without an item; the integrator cannot.
func (j *journey) waive(item, reason string) {
	j.t.Helper()
	form := fmt.Sprintf(`form[action$="/waive"]:has([value=%q])`, item)
	x := j.integrator
	x.at(j.id, "golive")
	x.is("the integrator waives nothing", fmt.Sprintf(`!document.querySelector(%q)`, form))
	if got := x.post("/projects/" + string(j.id) + "/golive/waive"); got != 403 {
		j.t.Errorf("the integrator's waiver is answered %d", got)
	}
	m := j.manager
	m.at(j.id, "golive")
	m.submitBy(form, fields{"reason": "corto"})
	m.is("a reason is asked for", fmt.Sprintf(`document.querySelector('#%s .error')`, item))
	m.submitBy(form, fields{"reason": reason})
	m.is("waived, for all to see", fmt.Sprintf(`document.querySelector("#%s.item-waived .waiver").innerText.includes(%q)`, item, reason))
	m.sees(j.people["gestion"].Name)
}

// openECR goes from a closed gate over a window and a pilot to open production.
func (j *journey) openECR() {
	x, m := j.integrator, j.manager
	live := j.livePlace("Prisma terminales producción")
	x.at(j.id, "")
	x.submit("/move", nil)
	j.stage(project.GoLive)
	x.submit("/edit", fields{"live": string(live.connection)})
	j.seller.at(j.id, "terminals")
	j.seller.submit("terminals/production", fields{"terminals": "20000001\n20000002\n20000003"})
	j.date()

	body := map[string]any{"till_id": live.till.ID, "amount": 120000, "rail": "terminal", "terminals": []posta.TerminalID{live.terminals[0].ID}}
	j.refuse("behind a closed gate", 403, body)
	x.at(j.id, "golive")
	x.shot("61-gate-closed")
	x.submit("golive/check", nil)
	x.submit("golive/tls", nil)
	x.is("a certificate is missing", `document.querySelector("#tls.item-unmet")`)
	j.waive("tls", "Demostración en la propia máquina, sin dirección pública")
	m.shot("62-gate-waived")
	x.open(x.demo.page("/"))
	x.click(".mode-switch [value=live]")
	x.until("in live mode", `document.querySelector(".mode-switch [value=live]")?.ariaPressed === "true"`)
	x.open(x.demo.page("/till/" + string(live.till.ID)))
	x.sees("roducción")
	x.shot("63-till-closed")
	x.do("an amount at the till's page", chromedp.Focus(chromedp.CSS("#amount")), chromedp.KeyEvent("1500"))
	x.click("#charge-terminal, #charge")
	x.until("the till's page refuses", `document.querySelector("#problem")?.innerText.trim()`)
	x.shot("64-till-refused")

	m.at(j.id, "golive")
	m.submit("golive/window", fields{"payments": "2", "amount": "2000", "hours": "24"})
	j.gate(live, payment.GateWindow)
	m.shot("65-window")
	first := j.swipe(j.at(live, 0, 120000), live.terminals[0].Code, "VI", "CREDIT")
	j.refuse("above the window's amount", 403, body)
	m.at(j.id, "golive")
	m.sees("1 / 2")
	j.pilot(live)
	if got, err := j.Payments.Get(context.Background(), j.Seed.Merchant, posta.Live, first.ID); err != nil || got.State != payment.Paid {
		j.t.Errorf("the window's payment: %s, %v", got.State, err)
	}
}

// at is a charge on one of production's terminals.
func (j *journey) at(p production, terminal int, amount int64) payment.Input {
	return payment.Input{ID: posta.NewID[posta.PaymentID](j.now()), MerchantID: j.Seed.Merchant, Mode: posta.Live, TillID: p.till.ID,
		Rail: provider.RailTerminal, Terminals: []posta.TerminalID{p.terminals[terminal].ID}, Amount: posta.Money{Amount: amount, Currency: "ARS"}, By: "user:test"}
}

// pilot is one store with two terminals, not three; it is widened to everything.
func (j *journey) pilot(live production) {
	m := j.manager
	var ids []string
	for _, t := range live.terminals {
		ids = append(ids, string(t.ID))
	}
	m.at(j.id, "golive")
	form := fields{"store_id": string(live.store.ID), "terminals": ids[:3], "approval": "80", "lost": "1", "unmatched": "0"}
	m.submit("golive/pilot", form)
	m.is("three terminals are too many", `document.querySelector("#pilot .error")`)
	m.shot("66-pilot-refused")
	form["terminals"] = ids[:2]
	m.submit("golive/pilot", form)
	j.gate(live, payment.GatePilot)
	for n := range 2 {
		j.swipe(j.at(live, n, 500000), live.terminals[n].Code, "VI", "CREDIT")
	}
	if _, err := j.Payments.Create(context.Background(), j.at(live, 2, 500000)); posta.ErrorCode(err) != posta.CodeGateClosed {
		j.t.Errorf("on the third terminal: %v", err)
	}
	m.at(j.id, "golive")
	m.is("the pilot is watched, and goes well", `document.querySelectorAll("#pilot .watch .good").length === 3 && document.querySelector("#pilot .watch").innerText.includes("2 / 2")`)
	m.shot("67-pilot")
	m.submit("golive/pilot-end", fields{"note": "Todo bien"})
	j.gate(live, payment.GateOpen)
	m.shot("68-open")
	j.swipe(j.at(live, 2, 500000), live.terminals[2].Code, "VI", "CREDIT")
}

// handOff is refused while production has not been watched long enough, and then
// tells the client by one mail who supports it from now on.
func (j *journey) handOff(days int) {
	const channel = "soporte@puerto-ayuda.example · 0800 000 0000"
	x, c := j.integrator, j.contact
	x.at(j.id, "")
	x.submit("/handoff", fields{"channel": channel})
	j.stage(project.GoLive)
	x.shot("70-handoff-refused")
	c.open(c.demo.page("/client"))
	c.submit("client/ask", fields{"text": "Gracias por todo, seguimos vendiendo.", "no_answer": true})
	j.move(time.Duration(days)*day + time.Hour)
	x.at(j.id, "")
	x.submit("/stable", fields{"note": "Aprobación estable, sin cierres con diferencia"})
	c.open(c.demo.page("/client"))
	c.submit("client/ask", fields{"text": "¿Quién nos atiende desde ahora?"})
	x.at(j.id, "")
	x.submit("/handoff", fields{"channel": channel})
	j.stage(project.HandedOff)
	x.shot("71-handed-off")
	j.mailed("clara@puerto.example", channel)
	j.eventually("all mail is out", j.allSent)
	x.post("/projects/" + string(j.id) + "/handoff") // once more
	j.move(time.Hour)
	count := 0
	for _, l := range j.mail("clara@puerto.example") {
		if strings.Contains(l.Text, channel) {
			count++
			if l.Repeat {
				j.t.Error("the hand-off mail came twice")
			}
		}
	}
	if count != 1 {
		j.t.Errorf("%d hand-off mails", count)
	}
	clocks, err := j.Store.Clocks(context.Background(), j.Seed.Merchant, j.id)
	j.must(err)
	for _, clock := range clocks {
		if clock.Open() {
			j.t.Errorf("a clock runs on: %+v", clock)
		}
	}
	if last := clocks[len(clocks)-1]; last.Reason != "handed_off" {
		j.t.Errorf("the last clock: %+v", last)
	}
	x.at(j.id, "history")
	x.shot("72-history")
	x.open(x.demo.page("/projects"))
	x.is("a card among those handed off", fmt.Sprintf(`document.querySelector("section:has(#col-handed_off) a[href='/projects/%s']")`, j.id))
}
