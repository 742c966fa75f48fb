package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store/storetest"
)

func cutPayment(to string) (before, id string, found bool) { return strings.Cut(to, "?payment=") }

// A till with both has two buttons, one with one has one; only what the
// connection offers is asked for.
func TestTillOffersItsRails(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	body := b.page(h.till())
	has(t, body, `id="charge" name="rail" value="qr"`)
	hasNot(t, body, `value="terminal"`, `id="devices"`)
	c := terminals(t, h)
	body = b.page(h.till())
	has(t, body, `id="charge" name="rail" value="qr"`, `id="charge-terminal" name="rail" value="terminal"`, "Mostrador", "Salón", "La que lo tome primero",
		`name="installments" value="6"`, `name="cash_back"`, `name="brand"`, `name="document"`, `name="benefit"`)
	c.pos.options = []string{provider.OptionMethod}
	body = b.page(h.till())
	has(t, body, `value="credit"`)
	hasNot(t, body, `name="cash_back"`, `name="installments"`, `value="qr" `, `name="document"`)
}

func TestTerminalChargeCarriesItsOptions(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	p := c.charge(b, "1500", "way", "debit", "cash_back", "500", "copies", "none", "note", "Mesa 4", "document", "20111222")
	if p.Rail != provider.RailTerminal || p.Options.Method != "debit_card" || p.Options.CashBack != 50000 || p.Options.Copies != provider.CopiesNone || p.Options.Note != "Mesa 4" {
		t.Errorf("%s %+v", p.Rail, p.Options)
	}
	if got := c.pos.asked[0]; got.Options.Document != "20111222" || len(got.Terminals) != 1 || got.Terminals[0] != "10000001" {
		t.Errorf("asked %+v", got)
	}
	has(t, b.page(h.till()), "Enviado a Mostrador", "Elíjalo en la lista", "Centro", "Tarjeta de débito", "data-countdown", "2:00", "última palabra")
	c.hear(ended(p.ID, provider.StatusCanceled, "UNDONE"))

	got := b.post(h.till()+"/charge", "nonce", posta.NewULID(storetest.Now), "amount", "1500", "rail", "terminal", "terminal", string(c.terminals[0].ID), "way", "credit", "cash_back", "500")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("cash on credit: %d", got.status)
	}
	has(t, got.body, "Efectivo para el cliente: ", `name="cash_back" type="text" value="500"`, `value="credit" checked`)
	if len(c.pos.asked) != 1 {
		t.Error("it was asked for all the same")
	}
	p = c.charge(b, "900", "terminal", "")
	if len(p.Terminals) != 1 { // the first value counts
		t.Errorf("%d terminals", len(p.Terminals))
	}
}

// The stage follows each state in words.
func TestStageFollowsTheTerminal(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	p := c.charge(b, "1500")
	page := h.till() + "?payment=" + string(p.ID)
	for i, tc := range []struct {
		progress provider.Progress
		words    string
	}{{provider.ProgressOffered, "Elíjalo en la lista"}, {provider.ProgressAtTerminal, "Acerque o inserte la tarjeta"}, {provider.ProgressConfirming, "Confirmando"}} {
		c.hear(standing(p.ID, tc.progress, int64(i+1)))
		has(t, b.page(page), tc.words, "device-"+string(tc.progress), `data-state="pending"`, `id="cancel"`)
	}
	b.post(h.till() + "/payments/" + string(p.ID) + "/cancel")
	has(t, b.page(page), "Cancelando", "Esperamos a la terminal", "device-canceling")
	paid := visa(170000)
	paid.Slip.CashBack, paid.Explained = 0, 20000
	c.hear(taken(p.ID, paid))
	body := b.page(page)
	has(t, body, `data-state="paid"`, "1.700,00", "Visa", "1234", "6 cuotas", "778899", "Lote <strong>3</strong>", "Cupón <strong>165</strong>", "1.500,00 de la venta", "200,00 de propina", "pagó antes")

	for _, tc := range []struct {
		seen func(posta.PaymentID) provider.Observation
		late time.Duration
		want string
	}{
		{func(id posta.PaymentID) provider.Observation { return ended(id, provider.StatusRejected, "DECLINED") }, 0, "El banco no aprobó la tarjeta"},
		{func(id posta.PaymentID) provider.Observation { return ended(id, provider.StatusCanceled, "UNDONE") }, 0, "Se canceló en la terminal"},
		{func(id posta.PaymentID) provider.Observation { return ended(id, provider.StatusCanceled, "UNDONE") }, 3 * time.Minute, "Se acabó el tiempo"},
	} {
		p := c.charge(b, "20")
		if h.clock.Move(tc.late); tc.late > 0 {
			if _, err := h.payments.SweepPayments(t.Context(), func(f func()) { f() }); err != nil {
				t.Fatal(err)
			}
		}
		c.hear(tc.seen(p.ID))
		has(t, b.page(h.till()+"?payment="+string(p.ID)), tc.want, `id="new-charge"`)
	}
}

// A charge whose answer was lost says what to do, and is settled by its slip in
// a person's name.
func TestP25_TheCashierKnowsWhatToDoAndTheSlipSettles(t *testing.T) {
	t.Parallel()
	h := office(t).hub
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	c.pos.lost = true
	p := c.charge(b, "1500", "way", "debit", "cash_back", "500")
	has(t, b.page(h.till()), `class="panel state-unknown"`, "No sabemos si la terminal cobró", "Mire la terminal (Mostrador)", "<ol class=\"numbered\"><li>", `id="slip"`)
	slip := h.till() + "/payments/" + string(p.ID) + "/slip"
	has(t, b.page(slip), "¿La terminal cobró", "2.000,00", "Lo afirma Ana Ruiz", `value="2000,00"`)
	has(t, b.page("/payments/"+string(p.ID)), "No se sabe si la terminal cobró", slip)
	got := b.post(slip, "batch", "3")
	has(t, got.body, "Elija una de las dos", `value="3"`)
	got = b.post(slip, "done", "yes", "batch", "3", "last_four", "12")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("half a slip: %d", got.status)
	}
	has(t, got.body, `id="f-coupon-error"`, `id="f-authorization-error"`, `id="f-last_four-error"`)
	got = b.post(slip, "done", "yes", "batch", "3", "coupon", "165", "authorization", "778899", "brand", "EL", "last_four", "1234", "amount", "2.000,00")
	if got.to != h.till()+"?payment="+string(p.ID) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, b.page(got.to), `data-state="paid"`, "Visa Débito", "500,00 al cliente")
	if p = h.payment(p.ID); p.State != payment.Paid || p.Captured != 200000 {
		t.Errorf("%s %d", p.State, p.Captured)
	}
	has(t, b.page("/payments/"+string(p.ID)), "Ana Ruiz", "Lote", "165", "Se anotó lo que dice el comprobante: la terminal cobró")

	c.pos.lost = true
	p = c.charge(b, "30")
	b.post(h.till()+"/payments/"+string(p.ID)+"/slip", "done", "no")
	if p = h.payment(p.ID); p.State != payment.Canceled {
		t.Errorf("not charged: %s", p.State)
	}
	has(t, b.page("/payments/"+string(p.ID)), "Se dio por no cobrado")
	if page := b.page(h.till() + "?payment=" + string(p.ID)); !strings.Contains(page, "No se cobró nada") || strings.Contains(page, "Se canceló en la terminal") {
		t.Errorf("the terminal said nothing, the cashier did: %s", page)
	}
	slip = h.till() + "/payments/" + string(p.ID) + "/slip"
	has(t, b.page("/payments/"+string(p.ID)), "Apareció el comprobante", slip)
	b.post(slip, "done", "yes", "batch", "3", "coupon", "166", "authorization", "778900", "amount", "30,00")
	if p = h.payment(p.ID); p.State != payment.Paid || p.Captured != 3000 {
		t.Errorf("the slip turned up: %s %d", p.State, p.Captured)
	}
	hasNot(t, b.page("/payments/"+string(p.ID)), "Apareció el comprobante")
	if got := b.get(slip); got.status != http.StatusSeeOther {
		t.Errorf("settled already: %d", got.status)
	}
}

func TestBusyTerminalNamesWhatItIsBusyWith(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := terminals(t, h)
	c.pos.single = true
	b := h.login("ana@tienda.example")
	other := h.world.AddTill(t, h.db)
	c.charge(b, "1500")
	fields := []string{"nonce", posta.NewULID(storetest.Now), "amount", "20", "rail", "terminal", "terminal", string(c.terminals[0].ID)}
	got := b.post("/till/"+string(other.ID)+"/charge", fields...)
	if got.status != http.StatusConflict {
		t.Errorf("busy: %d", got.status)
	}
	has(t, got.body, "La terminal tiene abierto un cobro de", "1.500,00 de Caja 1", `name="amount" value="20"`)
	said := b.script("/till/"+string(other.ID)+"/charge", fields...)
	has(t, said.body, `"wrong":"terminal_busy"`, "1.500,00 de Caja 1")
	if len(c.pos.asked) != 1 {
		t.Error("it was asked for all the same")
	}
}

// What Posta proposes is explained, the other kind can be reached where it is
// allowed, and the form names the amount.
func TestP28_VoidOrRefundIsProposedAndExplained(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	p := c.sold(b, "1500")
	sale := h.till() + "/sales/" + string(p.ID)
	body := b.page(sale)
	has(t, body, "Anular la venta", "es la venta entera y su lote sigue abierto", `id="void-form"`, `id="refund-instead"`, "Se hace en la terminal Mostrador",
		"Autorización", "778899", "Lote · Cupón", "3 · 165")
	got := b.post(sale+"/refund", "nonce", posta.NewULID(storetest.Now), "kind", "reversal", "amount", "500")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("void of a part: %d", got.status)
	}
	if len(c.pos.refunded) != 0 {
		t.Fatal("it reached the terminal")
	}
	got = b.post(sale+"/refund", "nonce", nonceOf(t, body), "kind", "reversal", "amount", "1.500,00")
	if got.to != sale || len(c.pos.refunded) != 1 || c.pos.refunded[0].Kind != provider.KindReversal {
		t.Fatalf("%d %s %+v", got.status, got.to, c.pos.refunded)
	}
	body = b.page(sale)
	has(t, body, "Anulación de", "Siga en la terminal Mostrador", "Enviado a Mostrador", "Quitar de la terminal", `class="tag">Anulación`)
	hasNot(t, body, `id="void-form"`)
	refunds, err := h.db.ListRefunds(t.Context(), p.ID)
	if err != nil || len(refunds) != 1 {
		t.Fatalf("%d refunds, %v", len(refunds), err)
	}
	got = b.post(sale + "/refunds/" + string(refunds[0].ID) + "/cancel")
	has(t, b.page(got.to), "Se quitó de la terminal", `id="void-form"`)

	p = c.sold(b, "800")
	sale = h.till() + "/sales/" + string(p.ID)
	b.post(sale+"/refund", "nonce", posta.NewULID(storetest.Now), "kind", "refund", "amount", "300", "terminal", string(c.terminals[1].ID))
	if last := c.pos.refunded[len(c.pos.refunded)-1]; last.Kind != provider.KindRefund || last.Amount.Amount != 30000 || last.Terminals[0] != "10000002" {
		t.Errorf("asked %+v", last)
	}
	has(t, b.page(sale), "la anulación toma la venta entera", "Como máximo $\u00a0500,00")

	amex := visa(70000)
	amex.Brand = "AM"
	p = c.charge(b, "700")
	c.hear(taken(p.ID, amex))
	body = b.page(h.till() + "/sales/" + string(p.ID))
	has(t, body, "tarjetas de esta marca no se anulan", `id="refund-form"`)
	hasNot(t, body, `id="void-form"`)
	has(t, b.page(h.till()+"/sales"), "American Express")
}

func TestLostRefundIsSettledByItsSlip(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	p := c.sold(b, "1500")
	sale := h.till() + "/sales/" + string(p.ID)
	c.pos.lost = true
	b.post(sale+"/refund", "nonce", posta.NewULID(storetest.Now), "kind", "refund", "amount", "500")
	refunds, err := h.db.ListRefunds(t.Context(), p.ID)
	if err != nil || len(refunds) != 1 || refunds[0].State != payment.RefundUnknown {
		t.Fatalf("%+v, %v", refunds, err)
	}
	slip := sale + "/refunds/" + string(refunds[0].ID) + "/slip"
	has(t, b.page(sale), "No sabemos si la terminal lo hizo", slip)
	has(t, b.page(slip), "¿La terminal devolvió", "500,00", "Sí, se devolvió")
	got := b.post(slip, "done", "yes", "batch", "3", "coupon", "166", "authorization", "778900")
	if got.to != sale {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, b.page(sale), "Hecho", "Anotado")
	if p = h.payment(p.ID); p.Refunded != 50000 {
		t.Errorf("refunded %d", p.Refunded)
	}
}

func TestTicketOfATerminal(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	p := c.charge(b, "1500", "way", "debit", "cash_back", "500", "copies", "none")
	paid := visa(200000)
	paid.Brand, paid.Explained, paid.Slip.CashBack, paid.Slip.Text = "EL", 50000, 50000, "COMERCIO DEMO\nCUPON: 165"
	c.hear(taken(p.ID, paid))
	has(t, b.page(h.till()+"/ticket/"+string(p.ID)), "Visa Débito", "1234", "778899", "165", "Mostrador", "500,00 de efectivo entregado", "COMERCIO DEMO\nCUPON: 165")
	p = c.sold(b, "20")
	hasNot(t, b.page(h.till()+"/ticket/"+string(p.ID)), `class="slip"`)
	has(t, b.page(h.till()+"/shift"), "No hay un turno")
	csv := b.page("/payments.csv")
	has(t, csv, ",terminal,Mostrador,3,165,778899,500.00")
}

// Providers have codes of their own for one brand; the shop owner sees it once.
func TestHomeCountsABrandOnceOnBothRails(t *testing.T) {
	t.Parallel()
	h := office(t).hub
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	b.paid("300")
	c.sold(b, "1500")
	body := b.page("/")
	has(t, body, "1.800,00")
	if shown := strings.Count(body, "<span>Visa</span>"); shown != 1 {
		t.Errorf("Visa is shown %d times", shown)
	}
}
