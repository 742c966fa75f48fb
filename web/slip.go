package web

import (
	"net/http"
	"strconv"
	"strings"

	"posta"
	"posta/payment"
	"posta/provider"
)

// slipRoutes registers the pages on which a person says, with the terminal's
// slip in the hand, what became of a charge or refund that nobody answers about.
func (s *server) slipRoutes(mux *http.ServeMux) {
	mux.Handle("GET /till/{till}/payments/{payment}/slip", s.member(s.chargeSlip))
	mux.Handle("POST /till/{till}/payments/{payment}/slip", s.member(s.settleCharge))
	mux.Handle("GET /till/{till}/sales/{payment}/refunds/{refund}/slip", s.member(s.refundSlip))
	mux.Handle("POST /till/{till}/sales/{payment}/refunds/{refund}/slip", s.member(s.settleRefund))
}

// bySlip reports whether only the terminal's slip can tell what became of p.
func bySlip(p payment.Payment) bool {
	return p.Rail == provider.RailTerminal && (p.Attention == payment.AttentionSlip || p.Attention == payment.AttentionReview && p.State.Open())
}

// slipForm is the page, with what was typed.
type slipForm struct {
	counter
	Payment   payment.Payment
	Refund    *payment.Refund // nil for the charge itself
	On        *at
	Asked     int64 // minor units
	Action    string
	Back      string
	Devices   []option // where several could have done it
	Done      string   // yes, no or not chosen
	Batch     string
	Coupon    string
	Authorize string
	Brand     string
	Brands    []option
	LastFour  string
	Count     string // installments
	Amount    string
	Errors    map[string]string
	Wrong     problem
}

func (s *server) slipForm(v *visit) (slipForm, error) {
	c, err := v.counter()
	if err != nil {
		return slipForm{}, err
	}
	p, err := v.paymentAt(c, v.r.PathValue("payment"))
	form := slipForm{counter: c, Payment: p, On: v.onTerminal(c, p), Asked: p.Amount.Amount + p.Options.CashBack,
		Back: c.URL() + "?payment=" + string(p.ID)}
	if err != nil {
		return form, err
	}
	form.Action = c.URL() + "/payments/" + string(p.ID) + "/slip"
	terminals := p.Terminals
	if id := v.r.PathValue("refund"); id != "" {
		refund, err := s.refundOf(v, p, id)
		if err != nil {
			return form, err
		}
		form.Refund, form.Asked, terminals = &refund, refund.Amount.Amount, refund.Terminals
		form.Back = c.URL() + "/sales/" + string(p.ID)
		form.Action = form.Back + "/refunds/" + id + "/slip"
	}
	form.Amount = plainAmount(form.Asked, c.Currency)
	form.Devices = nil
	if len(terminals) > 1 {
		for _, t := range terminals {
			form.Devices = append(form.Devices, option{Value: t.Code, Label: c.Terminals.Known(t.ID)})
		}
	}
	for _, code := range (rails{}).BrandChoices() {
		form.Brands = append(form.Brands, option{Value: code, Label: brand(code)})
	}
	return form, nil
}

// refundOf finds a refund of the payment.
func (s *server) refundOf(v *visit, p payment.Payment, text string) (payment.Refund, error) {
	id, err := posta.ParseID[posta.RefundID](text)
	if err != nil {
		return payment.Refund{}, err
	}
	refund, err := s.Payments.Store.Refund(v.ctx(), v.Merchant.ID, v.Mode, id)
	if err == nil && refund.PaymentID != p.ID {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	return refund, err
}

func (s *server) chargeSlip(v *visit) error {
	form, err := s.slipForm(v)
	if err != nil {
		return err
	}
	if !bySlip(form.Payment) && !form.Payment.DeniedBySlip() {
		return v.redirect(form.Back)
	}
	return v.render("slip", form)
}

func (s *server) refundSlip(v *visit) error {
	form, err := s.slipForm(v)
	if err != nil {
		return err
	}
	if form.Refund.State != payment.RefundUnknown {
		return v.redirect(form.Back)
	}
	return v.render("slip", form)
}

// readSlip reads what was typed. Errors: invalid with fields done, amount, installments.
func (v *visit) readSlip(form *slipForm) (payment.SlipInput, error) {
	get := func(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }
	form.Done, form.Batch, form.Coupon, form.Authorize = get("done"), get("batch"), get("coupon"), get("authorization")
	form.Brand, form.LastFour, form.Count, form.Amount = get("brand"), get("last_four"), get("installments"), get("amount")
	for i := range form.Devices {
		form.Devices[i].Selected = form.Devices[i].Value == get("terminal")
	}
	for i := range form.Brands {
		form.Brands[i].Selected = form.Brands[i].Value == form.Brand
	}
	in := payment.SlipInput{MerchantID: v.Merchant.ID, Mode: v.Mode, Done: form.Done == "yes", Terminal: get("terminal"), Batch: form.Batch,
		Coupon: form.Coupon, Authorization: form.Authorize, Brand: form.Brand, LastFour: form.LastFour, By: v.by()}
	var problems posta.Problems
	problems.Add(form.Done != "yes" && form.Done != "no", "done", "required")
	var err error
	if in.Done && form.Amount != "" {
		in.Amount, err = parseAmount(form.Amount, form.Currency)
		problems.Add(err != nil, "amount", "amount")
		problems.Add(err == nil && in.Amount <= 0, "amount", "positive")
	}
	if in.Done && form.Count != "" {
		in.Installments, err = strconv.Atoi(form.Count)
		problems.Add(err != nil, "installments", "out_of_range")
	}
	return in, problems.Err()
}

func (s *server) settleCharge(v *visit) error {
	form, err := s.slipForm(v)
	if err != nil {
		return err
	}
	in, err := v.readSlip(&form)
	if err == nil {
		_, err = s.Payments.SettleBySlip(v.ctx(), form.Payment.ID, in)
	}
	return s.slipSettled(v, form, err)
}

func (s *server) settleRefund(v *visit) error {
	form, err := s.slipForm(v)
	if err != nil {
		return err
	}
	in, err := v.readSlip(&form)
	if err == nil {
		_, err = s.Payments.SettleRefundBySlip(v.ctx(), form.Refund.ID, in)
	}
	return s.slipSettled(v, form, err)
}

// slipSettled goes back to what was settled, or shows what is to be mended.
func (s *server) slipSettled(v *visit, form slipForm, err error) error {
	switch {
	case err == nil:
		v.flash("ok", v.T("slip.done"), v.T("slip.done.text"))
		return v.redirect(form.Back)
	case posta.ErrorCode(err) == posta.CodeState: // the answer came after all, or somebody was faster
		v.flash("info", v.T("settle.moved"), v.T("slip.moved.text"))
		return v.redirect(form.Back)
	}
	if form.Errors = v.fieldErrors(err); form.Errors == nil {
		form.Wrong = v.problem(err)
	}
	return v.renderAs(status(posta.ErrorCode(err)), "slip", form)
}
