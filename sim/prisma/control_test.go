package prisma_test

import (
	"strings"
	"testing"
	"time"

	"posta/sim/fault"
	"posta/sim/prisma"
)

const panel = "/sim/control"

func TestPRCTL01_ClockAndTokens(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	w.sees(w.get(panel), "Panel del simulador", "1 credencial vigente", "+10 minutos", "30-00000000-7", "homologación")
	w.get(panel+"/clock", "forward", "10m")
	if now := b.clock.Now(); w.at != panel || !now.Equal(start.Add(10*time.Minute)) {
		t.Fatal(now)
	}
	w.sees(w.get(panel+"/clock", "forward", "-1h"), "no se puede mover")
	if w.status != 400 {
		t.Fatal(w.status)
	}
	w.sees(w.get(panel+"/tokens", "", ""), "0 credenciales vigentes")
	b.want(b.create(), 401)
	b.login()
	b.want(b.create(), 200)

	still := newStand(t, func(c *prisma.Config) { c.Clock = frozen{start} }).browser()
	still.sees(still.get(panel), "no se mueve")
	still.sees(still.get(panel+"/clock", "forward", "1m"), "no se puede mover")
}

type frozen struct{ at time.Time }

func (f frozen) Now() time.Time { return f.at }

func TestPRCTL02_FaultsAndRules(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	w.sees(w.get(panel+"/preset", "key", "cut"), `aria-pressed="true" data-deed="fault-cut"`)
	if a := b.create(); a.status != 0 {
		t.Fatal("the connection was not cut", a.status)
	}
	if len(b.sim.Intents(one)) != 1 {
		t.Fatal("the operation was not taken")
	}
	w.sees(w.get(panel), "1 de 1")
	w.sees(w.get(panel+"/preset", "key", "cut"), `aria-pressed="false" data-deed="fault-cut"`)
	b.want(b.create(), 200)
	for _, p := range []string{"latency", "slow", "down", "crowded", "cut", "broken", "wrong", "late"} {
		w.sees(w.get(panel+"/preset", "key", p), `aria-pressed="true" data-deed="fault-`+p+`"`)
	}
	w.get(panel+"/clear", "", "")
	if len(b.sim.Fault().Rules()) != 0 {
		t.Fatal("not cleared")
	}
	w.get(panel+"/preset", "key", "broken")
	b.want(b.create(), 500)
	b.want(b.create(), 200)
	if n := len(b.sim.Intents(one)); n != 4 {
		t.Fatal(n)
	}
	w.get(panel+"/rule", "rule", `{"id":"mine","operation":"payment_get","action":"status","status":503}`)
	if r := b.sim.Fault().Rules(); len(r) != 2 || r[1].Action != fault.Status {
		t.Fatal(r)
	}
	w.get(panel+"/remove", "id", "mine")
	w.sees(w.get(panel+"/rule", "rule", `{"action":"dance"}`), "Esa regla no sirve", "dance", `{"action":"dance"}`)
	if len(b.sim.Fault().Rules()) != 1 {
		t.Fatal(b.sim.Fault().Rules())
	}
	w.sees(w.get(panel+"/preset", "key", "x"), "no existe en el panel")
	w.sees(w.get(panel+"/dance", "", ""), "no existe en el panel")
}

func TestPRCTL03_SwitchesAndTheRace(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	for _, name := range prisma.SwitchNames() {
		if prisma.SwitchChoices()[name] == nil {
			w.sees(w.get(panel), `name="`+name+`"`)
		}
	}
	w.sees(w.get(panel+"/race", "cancel_race", "undo_wins"), `data-race="undo_wins" checked`)
	w.sees(w.get(panel+"/switches", "refunds_disabled", "on", "error_shape", "array"), `name="refunds_disabled" value="on" checked`, `<option value="array" selected>`)
	if v := b.sim.Switches(); !v.RefundsDisabled || v.ErrorShape != "array" || v.CancelRace != "undo_wins" || v.OAuthPost {
		t.Fatal(v)
	}
	w.get(panel+"/switches", "error_shape", "envelope")
	if v := b.sim.Switches(); v.RefundsDisabled || v.CancelRace != "undo_wins" {
		t.Fatal("what is not ticked is off, and the race is another form", v)
	}
	w.get(panel+"/race", "cancel_race", "dice")
	if w.status != 400 || b.sim.Switches().CancelRace != "undo_wins" {
		t.Fatal(w.status)
	}
}

func TestPRCTL04_PlantedMovementsAndTheBooks(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	id := b.paid(prisma.Card{Brand: "MC"})
	w.sees(w.get(panel), "pay1", "Mastercard", "$\u00a01.500,00", `data-deed="void"`)
	for text, want := range map[string]int64{"1500": 150000, "1.500": 150000, "1.500,50": 150050, "0,01": 1} {
		w.get(panel+"/plant", "terminal", one, "type", "sale", "brand", "EL", "amount", text)
		x := b.sim.Books().Authorizations
		if got := x[len(x)-1]; w.status != 200 || got.Amount != want || got.PaymentID != "" || got.Brand != "EL" || got.Kind != "DEBIT" {
			t.Fatal(text, got)
		}
	}
	for _, text := range []string{"", "0", "-5", "1,5", "1.50", "mil", "1.500.00"} {
		w.sees(w.get(panel+"/plant", "terminal", one, "type", "sale", "brand", "VI", "amount", text), "Escriba el importe así", `value="`+text+`"`)
	}
	w.get(panel+"/plant", "terminal", one, "type", "refund", "brand", "VI", "amount", "10")
	if r := b.sim.Books().Refunds; len(r) != 1 || r[0].Amount != 1000 {
		t.Fatal(r)
	}
	w.sees(w.get(panel+"/plant", "terminal", one, "type", "void", "payment", id), "Anulada en la terminal")
	if w.get(panel+"/plant", "terminal", one, "type", "void", "payment", id); w.status != 400 {
		t.Fatal("voided twice")
	}
	w.sees(w.get(panel+"/close-batch", "terminal", one), "Lotes cerrados", "la terminal")
	w.sees(w.get(panel+"/close-batch", "terminal", one), "El lote no tiene movimientos")
	w.sees(w.get(panel+"/plant", "terminal", "99999999", "type", "sale", "amount", "1"), "No conocemos esa terminal")
}

func TestPRCTL05_TrafficIsMaskedAndLight(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	long := strings.Repeat(`"`, 3000)
	for range 60 {
		b.want(b.create("terminal_menu_text", long, "card_holder_id", "20111111112"), 200)
	}
	body := w.sees(w.get(panel), "payment_create", "terminal_menu_text") // get holds the page's weight
	if strings.Contains(body, b.bearer) || strings.Contains(body, secret) || strings.Contains(body, "20111111112") {
		t.Fatal("a secret shows")
	}
	if n := strings.Count(body, "<code>payment_create</code>"); n != 40 {
		t.Fatal(n)
	}
}
