package web

import (
	"errors"
	"net/http"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// storyAddress is the page of a payment.
func storyAddress(id posta.PaymentID) string { return "/payments/" + string(id) }

func (s *server) askCancel(v *visit) error {
	p, err := v.payment()
	if err != nil {
		return err
	}
	if !p.State.Open() {
		return v.redirect(storyAddress(p.ID))
	}
	amount := v.money(p.Amount.Amount, p.Amount.Currency)
	return v.ask(ask{Title: v.T("cancel.title", "amount", amount), Text: v.T("cancel.text", "person", v.User.Name),
		Action: storyAddress(p.ID) + "/cancel", Button: v.T("cancel.button", "amount", amount), Back: storyAddress(p.ID)})
}

func (s *server) cancelPayment(v *visit) error {
	p, err := v.payment()
	if err != nil {
		return err
	}
	p, err = s.Payments.Cancel(v.ctx(), v.Merchant.ID, v.Mode, p.ID, v.by())
	switch {
	case posta.ErrorCode(err) == posta.CodeState:
		v.flash("info", v.T("cancel.too_late"), v.T("cancel.too_late.text"))
	case err != nil:
		return err
	case p.State == payment.Canceled:
		v.flash("ok", v.T("cancel.done"), v.T("cancel.done.text"))
	case p.State.Moneyed():
		v.flash("warn", v.T("cancel.paid"), v.T("cancel.paid.text"))
	default:
		v.flash("info", v.T("cancel.pending"), v.T("cancel.pending.text"))
	}
	return v.redirect(storyAddress(p.ID))
}

// askSettle asks whether the person has dealt with what the payment draws
// attention to, naming amount and person.
func (s *server) askSettle(v *visit) error {
	p, err := v.payment()
	if err != nil {
		return err
	}
	if p.Attention == payment.AttentionNone {
		return v.redirect(storyAddress(p.ID))
	}
	kind, accept := "settle", v.r.URL.Query().Get("accept") != "" && p.Attention == payment.AttentionShortfall
	if p.State.Open() {
		kind = "settle.open"
	}
	hidden := map[string]string{"attention": string(p.Attention)}
	if accept {
		kind, hidden["accept"] = "accept", "1"
	}
	words := []any{"amount", v.money(p.Captured, p.Amount.Currency), "asked", v.money(p.Amount.Amount, p.Amount.Currency),
		"person", v.User.Name, "why", v.T("attention." + string(p.Attention) + ".title")}
	return v.ask(ask{Title: v.T(kind+".title", words...), Text: v.T(kind+".text", words...), Action: storyAddress(p.ID) + "/settle",
		Button: v.T(kind+".button", words...), Back: storyAddress(p.ID), Hidden: hidden, Calm: !accept})
}

func (s *server) settlePayment(v *visit) error {
	p, err := v.payment()
	if err != nil {
		return err
	}
	if string(p.Attention) != v.r.PostFormValue("attention") { // something else came up while the person thought
		v.flash("info", v.T("settle.moved"), v.T("settle.moved.text"))
		return v.redirect(storyAddress(p.ID))
	}
	accept := v.r.PostFormValue("accept") != ""
	_, err = s.Payments.Settle(v.ctx(), v.Merchant.ID, v.Mode, p.ID, accept, v.by())
	switch {
	case posta.ErrorCode(err) == posta.CodeState:
		v.flash("info", v.T("settle.moved"), v.T("settle.moved.text"))
	case err != nil:
		return err
	case accept:
		v.flash("ok", v.T("accept.done"), v.T("accept.done.text"))
	default:
		v.flash("ok", v.T("settle.done"), v.T("settle.done.text"))
	}
	return v.redirect(storyAddress(p.ID))
}

// refundForm is the page that gives money back: first how much, then whether.
type refundForm struct {
	chronicle
	Nonce, Typed, Reason string
	Wrong                map[string]string
	Means                string
	Sure                 bool // the amount is right: ask
	Giving               giving
	Kind                 provider.RefundKind
	Terminal             string
	Minor                int64
	Problem              problem
	Limits               refundLimits
}

// refundLimits are what the provider allows of giving back, as the page says it.
type refundLimits struct {
	Until time.Time // the last moment for it, zero where it is not known
	Over  bool
	Whole bool // only all of it
}

func (v *visit) refundLimits(p payment.Payment) (out refundLimits) {
	can, open := v.can(p.ConnectionID, p.Rail)
	if open && can.RefundWindow > 0 && !p.PaidAt.IsZero() {
		out.Until = p.PaidAt.Add(can.RefundWindow)
		out.Over = v.s.Clock.Now().After(out.Until)
	}
	out.Whole = open && !can.PartialRefund
	return out
}

func (s *server) refundPage(v *visit) error {
	c, err := v.chronicle()
	if err != nil {
		return err
	}
	if !c.Refundable() {
		return v.redirect(storyAddress(c.ID))
	}
	left := c.Left()
	if excess := c.Captured - c.Refunded - c.Amount.Amount; c.Attention == payment.AttentionOverpaid && excess > 0 {
		left = min(left, excess)
	}
	form := refundForm{chronicle: c, Nonce: s.newNonce(), Typed: plainAmount(left, c.Amount.Currency), Means: meansOf(c.Payment).Words(v), Limits: v.refundLimits(c.Payment)}
	if form.Giving, err = v.givingOf(c.Payment, 0); err != nil {
		return err
	}
	return v.render("refund", form)
}

// plainAmount writes an amount as people of its country type it.
func plainAmount(minor int64, currency posta.Currency) string {
	text := posta.FormatDecimal(minor, currency.Decimals())
	if point := styleOf(currency).Point; point != "" && currency.Decimals() > 0 {
		at := len(text) - currency.Decimals() - 1
		text = text[:at] + point + text[at+1:]
	}
	return text
}

func (s *server) refundPayment(v *visit) error {
	c, err := v.chronicle()
	if err != nil {
		return err
	}
	form := refundForm{chronicle: c, Nonce: v.r.PostFormValue("nonce"), Typed: v.r.PostFormValue("amount"),
		Reason: v.r.PostFormValue("reason"), Means: meansOf(c.Payment).Words(v), Kind: provider.RefundKind(v.r.PostFormValue("kind")), Limits: v.refundLimits(c.Payment)}
	id, err := idFromNonce[posta.RefundID](v)
	if err != nil {
		return err
	}
	form.Minor, err = parseAmount(form.Typed, c.Amount.Currency)
	if err == nil && form.Minor <= 0 {
		err = posta.Invalid("amount", "positive")
	}
	if err == nil && v.r.PostFormValue("sure") == "" {
		if form.Minor <= c.Left() {
			form.Sure = true
			if form.Giving, err = v.givingOf(c.Payment, form.Minor); err != nil {
				return err
			}
			return v.render("refund", form)
		}
		err = &posta.Error{Code: posta.CodeRefundExceeds}
	}
	if err == nil {
		var made payment.Refund
		made, err = s.Payments.Refund(v.ctx(), payment.RefundInput{ID: id, MerchantID: v.Merchant.ID, Mode: v.Mode, PaymentID: c.ID,
			Amount: form.Minor, Reason: form.Reason, By: v.by(), Kind: form.Kind, Terminals: v.chosenTerminal()})
		if err == nil {
			v.flashRefund(made)
			return v.redirect(storyAddress(c.ID))
		}
	}
	if busy := v.busyTerminal(counter{}, err); busy != "" {
		form.Wrong = map[string]string{"amount": busy}
		return v.renderAs(http.StatusConflict, "refund", form)
	}
	var e *posta.Error
	if posta.ErrorCode(err) == posta.CodeRefundExceeds && errors.As(err, &e) {
		form.Wrong = map[string]string{"amount": v.T("refund.exceeds", "left", v.money(c.Left(), c.Amount.Currency))}
	} else if form.Wrong = v.fieldErrors(err); form.Wrong == nil {
		form.Problem = v.problem(err)
		return v.renderAs(status(form.Problem.Code), "refund", form)
	}
	return v.renderAs(http.StatusUnprocessableEntity, "refund", form)
}

// flashRefund says how a refund that was asked for stands.
func (v *visit) flashRefund(r payment.Refund) {
	kinds := map[payment.RefundState]string{payment.RefundSucceeded: "ok", payment.RefundPending: "info", payment.RefundUnknown: "warn", payment.RefundFailed: "error"}
	amount := v.money(r.Amount.Amount, r.Amount.Currency)
	if r.State == payment.RefundPending && len(r.Terminals) > 0 {
		names := ""
		if where, err := v.places(); err == nil {
			names = v.namesOf(where.Terminals, r.Terminals)
		}
		v.flash("info", v.T("refund.flash.pending", "amount", amount), v.T("terminal.refund.go", "terminals", names))
		return
	}
	v.flash(kinds[r.State], v.T("refund.flash."+string(r.State), "amount", amount), v.T("refund.flash."+string(r.State)+".text"))
}
