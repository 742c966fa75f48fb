package web

import (
	"net/http"

	"posta"
	"posta/payment"
)

// captureRoutes registers the page that takes money which a payment reserved.
func (s *server) captureRoutes(mux *http.ServeMux) {
	s.deed(mux, s.member, "/payments/{payment}/capture", s.capturePage, s.capturePayment)
}

// captureForm is what the page shows: how much, all of it at first.
type captureForm struct {
	sent
	payment.Payment
	Typed string
	Means string
}

func (s *server) capturePage(v *visit, f sent) error {
	p, err := v.payment()
	if err != nil {
		return err
	}
	if !p.Capturable() && f.Problem.Code == "" {
		return v.redirect(storyAddress(p.ID))
	}
	data := captureForm{sent: f, Payment: p, Typed: plainAmount(p.Amount.Amount, p.Amount.Currency), Means: meansOf(p).Words(v)}
	if f.Values != nil {
		data.Typed = f.Values.Get("amount")
	}
	return v.renderAs(f.answered(), "capture", data)
}

// capturePayment takes the amount of the form; the rest is released.
func (s *server) capturePayment(v *visit) (string, error) {
	p, err := v.payment()
	if err != nil {
		return "", err
	}
	amount, err := parseAmount(v.value("amount"), p.Amount.Currency)
	if err == nil && amount <= 0 { // to the service 0 means all: never what a person typed
		err = posta.Invalid("amount", "positive")
	}
	if err != nil {
		return "", err
	}
	p, err = s.Payments.Capture(v.ctx(), v.Merchant.ID, v.Mode, p.ID, amount, v.by())
	words := v.money(amount, p.Amount.Currency)
	switch {
	case err != nil:
		return "", err
	case p.State == payment.Pending:
		v.flash("info", v.T("capture.pending", "amount", words), v.T("capture.pending.text"))
	case p.State.Moneyed():
		v.flash("ok", v.T("capture.done", "amount", words), v.T("capture.done.text"))
	default:
		v.flash("info", v.T("settle.moved"), v.T("cancel.too_late.text"))
	}
	return storyAddress(p.ID), nil
}
