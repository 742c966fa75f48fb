package prisma_test

import (
	"net/url"
	"strings"
	"testing"
)

// shown asks for a QR payment and has the terminal show it.
func (w *browser) shown(changes ...any) (id, qr string) {
	w.Helper()
	id, body := w.taken(append([]any{"terminal_operation_method", "QR_CODE"}, changes...)...)
	qr = w.sim.Terminals()[0].Current.QR
	w.screen(body, "qr", "<svg class=\"qr\"", "Escanee con su billetera", `href="/sim/phone?qr=`+qr+`"`)
	return id, qr
}

func TestPRPHO01_ThePhonePaysTheTerminalsQR(t *testing.T) {
	b := newStand(t, paced)
	w := b.browser()
	w.sees(w.get("/sim/phone"), "Ninguna terminal muestra un QR")
	id, qr := w.shown("installments_number", nil, "terminal_menu_text", "Mostrador")
	w.sees(w.get("/sim/phone"), `data-qr="`+qr+`"`, "Comercio Demo", "Mostrador", "$\u00a01.500,00")
	body := w.sees(w.get("/sim/phone?qr="+qr), "$\u00a01.500,00", `data-card="visa-debit"`, `name="installments"`)
	if strings.Contains(body, `name="discount"`) || strings.Contains(body, `name="tip"`) {
		t.Fatal("offers what the till did not allow")
	}
	w.sees(w.get("/sim/phone/pay", "qr", qr, "card", "mastercard-credit", "installments", "3"), "Procesando el pago", `data-state="pending"`)
	if w.at != "/sim/phone/result?intent="+id {
		t.Fatal(w.at)
	}
	w.screen(w.answered(), "result", "APROBADA", "Mastercard ···· 5299 · 3 cuotas")
	w.sees(w.get("/sim/phone/result?intent="+id), `data-state="paid"`, "Pago aprobado", "$\u00a01.500,00", "Autorización")
	b.equal(b.status(id, "CONFIRMED"), "3", "payment_data", "installments_number")
	w.sees(w.get("/sim/phone?qr="+qr), "Ninguna terminal muestra ese QR")
	w.sees(w.get("/sim/phone/pay", "qr", qr, "card", "visa-credit"), "Ninguna terminal muestra ese QR")
}

func TestPRPHO02_ABenefitADeclineAndWalkingAway(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	id, qr := w.shown("qr_benefit_code", true, "is_tip", true)
	w.sees(w.get("/sim/phone?qr="+qr), "20 % (− $\u00a0300,00)", "Propina")
	w.sees(w.get("/sim/phone/leave", "qr", qr), "Se fue sin pagar")
	b.status(id, "PROCESSING_PAYMENT")
	w.sees(w.get("/sim/phone/pay", "qr", qr, "card", "visa-debit", "installments", "6", "discount", "20", "tip", "5"), `data-state="paid"`, "− $\u00a0300,00", "$\u00a01.275,00")
	b.equal(b.status(id, "CONFIRMED"), "127500", "payment_data", "authorized_payment_amount")

	id, qr = w.shown()
	w.sees(w.get("/sim/phone/pay", "qr", qr, "card", "visa-credit", "discount", "10"), "Ese beneficio no se puede usar")
	if !strings.HasPrefix(w.at, "/sim/phone?") || !strings.Contains(w.at, "qr="+url.QueryEscape(qr)) {
		t.Fatal(w.at)
	}
	w.sees(w.get("/sim/phone/pay", "qr", qr, "card", "nobody"), "Ahora no se puede")
	w.sees(w.get("/sim/phone/pay", "qr", qr, "card", "no-funds"), `data-state="rejected"`, "51 FONDOS INSUFICIENTES")
	b.status(id, "DECLINED")

	id, qr = w.shown()
	w.press("cancel")
	b.status(id, "UNDONE")
	w.sees(w.get("/sim/phone?qr="+qr), "Ninguna terminal muestra ese QR")
	w.sees(w.get("/sim/phone/result?intent="+id), "Ninguna terminal muestra ese QR")
}

func TestPRPHO03_ATerminalThatIsOffShowsNoQR(t *testing.T) {
	b := newStand(t)
	w := b.browser()
	_, qr := w.shown()
	b.do(b.sim.SetPower(one, false))
	w.sees(w.get("/sim/phone"), "Ninguna terminal muestra un QR")
	w.sees(w.get("/sim/phone/pay", "qr", qr, "card", "visa-credit"), "Ninguna terminal muestra ese QR")
	if len(b.sim.Books().Authorizations) != 0 {
		t.Fatal("paid on a terminal that is off")
	}
}
