package prisma_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"posta/sim/prisma"
)

// answered lets the acquirer answer and looks at the terminal.
func (w *browser) answered() string {
	w.Helper()
	w.clock.Move(prisma.RealisticPace.AnswerMax)
	return w.get(device)
}

// taken asks for a payment and chooses it on the display.
func (w *browser) taken(changes ...any) (id, body string) {
	w.Helper()
	id = w.asked(changes...)
	return id, w.press("take", "intent", id)
}

func TestPRPAG05_ASaleInInstallmentsByChip(t *testing.T) {
	b := newStand(t, paced)
	w := b.browser()
	w.sees(w.get("/sim/terminals"), "Comercio Demo", `data-terminal="`+one+`"`, `data-terminal="`+two+`"`, "Lista para cobrar")
	w.screen(w.get(device), "list", "Lista para cobrar")
	first, second := b.asked("terminal_menu_text", "Mesa 4", "installments_number", nil), b.asked("terminal_menu_text", "Mesa 5", "payment_type", "DEBIT")
	body := w.screen(w.get(device), "list", "2 operaciones pendientes", `data-intent="`+second+`" data-kind="payment" data-reference="pay1"`, "Débito", "$\u00a01.500,00")
	if strings.Index(body, "Mesa 4") > strings.Index(body, "Mesa 5") {
		t.Fatal("not the oldest first")
	}
	body = w.screen(w.press("take", "intent", first), "card", "Inserte, acerque o deslice", `data-card="visa-credit"`, `data-card="amex"`, `data-card="no-funds"`, `data-entry="MANUAL"`)
	if w.at != device || strings.Contains(body, "Mesa 5") {
		t.Fatal(w.at, body)
	}
	h := []string{"intent", first, "entry", "CHIP", "card", "visa-credit"}
	body = w.screen(w.press("present", h...), "installments", `data-installments="1"`, `data-installments="3"`, `data-installments="6"`, `data-installments="12"`, "$\u00a0125,00")
	w.screen(w.press("present", append(h, "installments", "6")...), "pin", "PIN de prueba: 1234")
	if !strings.Contains(w.at, "installments=6") || strings.Contains(body, "Inserte") {
		t.Fatal(w.at)
	}
	body = w.screen(w.press("present", append(h, "installments", "6", "pin", "1234")...), "processing", "Visa ···· 4509 · 6 cuotas")
	if w.at != device || strings.Contains(body, "1234\"") {
		t.Fatal("the PIN is in the page", w.at)
	}
	body = w.screen(w.answered(), "result", `data-outcome="approved"`, "APROBADA", "Autorización", "Cupón 1", "data-slip", "COPIA COMERCIO", "CUOTAS", "1 operación pendiente")
	a := b.status(first, "CONFIRMED")
	b.equal(a, "6", "payment_data", "installments_number")
	b.equal(a, "CHIP", "payment_data", "card_type")
	b.equal(a, "4509", "payment_data", "last_four_digits")
	tear := regexp.MustCompile(`href="([^"]+)" data-deed="tear"`).FindStringSubmatch(body)
	body = w.screen(w.get(tear[1]), "list", "Mesa 5", `id="last-slip"`, "COPIA CLIENTE")
	if strings.Contains(body, "data-slip") {
		t.Fatal("the slip is still in the printer")
	}
	b.clock.Move(10 * time.Minute)
	w.screen(w.get(device), "list", "Mesa 5")
}

func TestPRPAG06_WhatIsAskedDependsOnCardAndTill(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	for _, tt := range []struct {
		changes           []any
		entry, card, want string
	}{
		{nil, "CHIP_CONTACTLESS", "visa-credit", "result"},
		{nil, "MAGNETIC_STRIPE", "mastercard-credit", "result"},
		{nil, "MANUAL", "amex", "result"},
		{nil, "CHIP", "naranja", "pin"},
		{nil, "CHIP_CONTACTLESS", "visa-debit", "pin"},
		{[]any{"installments_number", nil}, "CHIP_CONTACTLESS", "visa-debit", "pin"},
		{[]any{"installments_number", nil}, "CHIP_CONTACTLESS", "cabal", "installments"},
		{[]any{"is_tip", true}, "CHIP_CONTACTLESS", "cabal", "tip"},
	} {
		id, _ := w.taken(tt.changes...)
		w.screen(w.press("present", "intent", id, "entry", tt.entry, "card", tt.card), tt.want)
		if tt.want != "result" {
			w.screen(w.press("cancel"), "result", `data-outcome="undone"`, "CANCELADA")
			b.status(id, "UNDONE")
		}
	}
	id, _ := w.taken("is_tip", true)
	w.press("present", "intent", id, "entry", "CHIP_CONTACTLESS", "card", "mastercard-credit", "tip", "10")
	b.equal(b.status(id, "CONFIRMED"), "165000", "payment_data", "authorized_payment_amount")
	id, _ = w.taken("installments_number", 3)
	w.press("present", "intent", id, "entry", "CHIP_CONTACTLESS", "card", "visa-credit")
	b.equal(b.status(id, "CONFIRMED"), "3", "payment_data", "installments_number")
	id, _ = w.taken("change_amount", "50000")
	w.screen(w.press("present", "intent", id, "entry", "CHIP", "card", "visa-credit"), "card", "data-problem", "solo con débito")
	w.press("present", "intent", id, "entry", "CHIP", "card", "visa-debit", "pin", "1234")
	b.equal(b.status(id, "CONFIRMED"), "200000", "payment_data", "authorized_payment_amount")
}

func TestPRPAG07_CardsThatFail(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	for card, want := range map[string][]string{"no-funds": {"DECLINED", "declined", "51 FONDOS INSUFICIENTES"}, "expired": {"DECLINED", "declined", "54 TARJETA VENCIDA"},
		"wrong-pin": {"DECLINED", "declined", "55 PIN INCORRECTO"}, "bank-offline": {"ERROR", "failed", "91 EMISOR"}, "charged-unanswered": {"ERROR", "failed", "96 ERROR"}} {
		id, _ := w.taken()
		w.screen(w.press("present", "intent", id, "entry", "CHIP", "card", card, "pin", "1234"), "result", `data-outcome="`+want[1]+`"`, want[2])
		b.status(id, want[0])
	}
	if n := len(b.sim.Books().Authorizations); n != 1 {
		t.Fatal(n, "authorizations: the card that charges without an answer makes one")
	}
	id, _ := w.taken()
	w.screen(w.press("present", "intent", id, "entry", "CHIP", "card", "visa-credit", "pin", "9999"), "result", "PIN INCORRECTO")
	id, _ = w.taken()
	w.screen(w.press("present", "intent", "other", "entry", "CHIP", "card", "visa-credit", "pin", "1234"), "card", "ya no espera eso")
	w.screen(w.press("present", "intent", id, "entry", "CHIP", "card", "nobody", "pin", "1234"), "card", "Elija una tarjeta")
	b.status(id, "PROCESSING_PAYMENT")
}

func TestPRPAG08_VoidRefundAndBatchClose(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	id := b.paid(prisma.Card{})
	b.want(b.reverse(id), 200)
	w.screen(w.get(device), "list", `data-kind="reversal"`, `data-payment="`+id+`"`, "Anulación")
	w.screen(w.press("take", "intent", id), "confirm", "¿Anular esta venta?", "$\u00a01.500,00")
	w.screen(w.press("confirm"), "result", "APROBADA", "ANULACION")

	b.want(b.giveBack(), 200)
	refund := b.sim.Intents(one)[0].ID
	w.screen(w.press("take", "intent", refund), "card", "Devolución")
	w.screen(w.press("present", "intent", refund, "entry", "CHIP_CONTACTLESS", "card", "mastercard-credit"), "confirm", "¿Devolver este importe?", "Mastercard ···· 5299")
	w.screen(w.press("confirm"), "result", "APROBADA", "DEVOLUCION")

	b.want(b.call("POST", closing, "{}"), 200)
	settling := b.sim.Intents(one)[0].ID
	w.screen(w.press("take", "intent", settling), "confirm", "¿Cerrar el lote?", "3 movimientos")
	w.screen(w.press("cancel"), "result", "CANCELADA")
	b.want(b.call("POST", closing, "{}"), 200)
	w.press("take", "intent", b.sim.Intents(one)[0].ID)
	w.screen(w.press("confirm"), "result", "APROBADA", "CIERRE DE LOTE", "DEVOLUCIONES", "Lote 2")
}

func TestPRPAG09_PowerPaperAndThePlug(t *testing.T) {
	b := newStand(t, paced)
	w := b.browser()
	id := b.asked()
	w.screen(w.press("power"), "off", `data-deed="power-on"`)
	w.screen(w.press("take", "intent", id), "off")
	if !strings.Contains(w.at, "e=the_terminal_is_off") {
		t.Fatal(w.at)
	}
	w.screen(w.press("power", "on", "1"), "list", `data-deed="power-off"`, id)
	w.sees(w.press("paper"), "Sin papel", `data-deed="paper-in"`)
	w.sees(w.press("paper", "on", "1"), `data-deed="paper-out"`)

	w.sees(w.press("cut", "when", "after_authorization"), `data-deed="cut-after_authorization" aria-pressed="true"`)
	w.sees(w.press("cut", "when", ""), `data-deed="cut-after_authorization" aria-pressed="false"`)
	w.press("cut", "when", "after_authorization")
	w.press("take", "intent", id)
	w.screen(w.press("present", "intent", id, "entry", "CHIP_CONTACTLESS", "card", "visa-credit"), "processing")
	w.screen(w.answered(), "off")
	b.status(id, "PROCESSING_PAYMENT")
	w.screen(w.press("power", "on", "1"), "result", "APROBADA", "COPIA COMERCIO")
	b.status(id, "CONFIRMED")

	id, _ = w.taken()
	w.screen(w.press("cut", "when", "now"), "off")
	w.screen(w.press("power", "on", "1"), "result", `data-outcome="failed"`, "TRANSACCION INTERRUMPIDA")
	b.status(id, "ERROR")
}

func TestPRPAG10_ArmedAnswerAndBatchOnTheDevice(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	w.sees(w.press("close-batch"), "El lote no tiene movimientos")
	w.sees(w.press("outcome", "outcome", "decline"), `<option value="decline" selected>`)
	id, _ := w.taken()
	w.screen(w.press("present", "intent", id, "entry", "CHIP_CONTACTLESS", "card", "visa-credit"), "result", "RECHAZADA")
	b.paid(prisma.Card{})
	b.clock.Move(time.Second)
	w.screen(w.press("close-batch"), "result", "CIERRE DE LOTE", "Lote 2", "CIERRE ACEPTADO")
	w.sees(w.press("dance"), "Ahora no se puede")
}

func TestPRPAG11_TheTillsCancellationIsSaid(t *testing.T) {
	b := newStand(t, paced, switched(func(v *prisma.Switches) { v.CancelRace = prisma.RaceUndoWins }))
	w := b.browser()
	id, _ := w.taken()
	b.want(b.cancel(id), 200)
	w.screen(w.get(device), "card", "La caja pidió cancelar")
	b.steps(id, "PROCESSING_UNDO", "UNDONE")
	w.screen(w.get(device), "result", "CANCELADA POR LA CAJA")
	b.clock.Move(time.Second)
	b.asked("terminal_menu_text", "Mesa 9")
	w.screen(w.get(device), "list", "Mesa 9", "CANCELADA") // what comes after a result takes its place
}
