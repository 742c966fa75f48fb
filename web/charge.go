package web

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"posta"
	"posta/payment"
	"posta/provider"
)

// chargeRoutes registers the till's actions on its payment.
func (s *server) chargeRoutes(mux *http.ServeMux) {
	mux.Handle("POST /till/{till}/charge", s.member(s.charge))
	mux.Handle("GET /till/{till}/payments/{payment}", s.member(s.lookAt))
	mux.Handle("POST /till/{till}/payments/{payment}/cancel", s.member(s.cancel))
}

// chargeForm is the keypad's form as it was filled in.
type chargeForm struct {
	Amount    string
	Reference string
	Items     []itemForm
	Options   optionForm // of the charge on a terminal
}

// itemForm is one line of what is sold, as it was typed.
type itemForm struct{ Title, Quantity, Price string }

func (i itemForm) empty() bool { return i.Title == "" && i.Price == "" }

// readCharge reads the form. The amount may be left out where items give it.
func (v *visit) readCharge(c counter) (chargeForm, payment.Input, error) {
	_ = v.r.ParseForm() // what cannot be read is missing, and said so below
	form := chargeForm{Amount: strings.TrimSpace(v.r.PostFormValue("amount")), Reference: strings.TrimSpace(v.r.PostFormValue("reference"))}
	in := payment.Input{MerchantID: v.Merchant.ID, Mode: v.Mode, TillID: c.Till.ID, Reference: form.Reference, By: v.by()}
	id, err := idFromNonce[posta.PaymentID](v)
	if err != nil {
		return form, in, err
	}
	in.ID = id
	var optional error
	if in.Rail = provider.Rail(v.r.PostFormValue("rail")); in.Rail == provider.RailTerminal {
		form.Options, optional = v.readOptions(c, &in)
	}
	titles, quantities, prices := v.r.PostForm["item_title"], v.r.PostForm["item_quantity"], v.r.PostForm["item_price"]
	var problems posta.Problems
	var sum int64
	for i, title := range titles {
		line := itemForm{Title: strings.TrimSpace(title)}
		if i < len(quantities) {
			line.Quantity = strings.TrimSpace(quantities[i])
		}
		if i < len(prices) {
			line.Price = strings.TrimSpace(prices[i])
		}
		if line.empty() {
			continue
		}
		form.Items = append(form.Items, line)
		quantity := int64(1)
		if line.Quantity != "" {
			quantity, err = strconv.ParseInt(line.Quantity, 10, 64)
		}
		price, priceErr := parseAmount(line.Price, c.Currency)
		problems.Add(err != nil || priceErr != nil || quantity < 1 || quantity > 10_000, "items", "quantity_or_price")
		if problems.Err() != nil {
			break
		}
		in.Items = append(in.Items, provider.Item{Title: line.Title, Quantity: quantity, UnitPrice: price})
		sum += quantity * price
	}
	if form.Amount == "" && len(form.Items) > 0 {
		in.Amount.Amount = sum
	} else {
		in.Amount.Amount, err = parseAmount(form.Amount, c.Currency)
		problems.Add(form.Amount == "" && len(form.Items) == 0, "amount", "positive")
		problems.Add(form.Amount != "" && err != nil, "amount", "amount")
	}
	if err := problems.Err(); err != nil {
		return form, in, err
	}
	return form, in, optional
}

// charge puts an amount before the buyer. The payment's id is made from the
// form's nonce: a second press, or a repeat after a lost answer, charges nothing
// more.
func (s *server) charge(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	form, in, err := v.readCharge(c)
	if err != nil {
		return s.refuseCharge(v, c, form, err)
	}
	p, err := s.Payments.Create(v.ctx(), in)
	if err != nil {
		return s.refuseCharge(v, c, form, err)
	}
	if p.Amount.Amount != in.Amount.Amount || p.TillID != c.Till.ID {
		// An old page was sent again with something else: the payment that it
		// named must not pass for this one.
		return s.refuseCharge(v, c, form, &posta.Error{Code: posta.CodeIdempotencyReused})
	}
	return s.answer(v, c, p)
}

// refuseCharge says why there is no payment, and loses nothing of the form. A
// busy till shows what it is busy with.
func (s *server) refuseCharge(v *visit, c counter, form chargeForm, err error) error {
	var e *posta.Error
	if errors.As(err, &e) && e.Code == posta.CodeTillBusy {
		if p, err := v.paymentAt(c, e.Params["payment"]); err == nil {
			if !v.script() {
				v.flash("warn", v.T("till.busy"), v.T("till.busy.help"))
			}
			return s.answerWith(v, c, p, problem{Code: posta.CodeTillBusy}, v.T("till.busy")+". "+v.T("till.busy.help"))
		}
	}
	wrong := v.fieldErrors(err)
	busy := v.busyTerminal(c, err)
	if v.script() {
		p := v.problem(err)
		m := message{Type: "answer", Wrong: string(p.Code), Problem: v.T("error." + string(p.Code))}
		if busy != "" {
			m.Problem = busy
		}
		if wrong != nil {
			m.Problem = ""
			for _, field := range slices.Sorted(maps.Keys(wrong)) {
				m.Problem += v.fieldName(field) + ": " + wrong[field] + ". "
			}
		}
		if p.Support != "" {
			m.Problem += " " + v.T("page.support") + ": " + p.Support
		}
		return v.json(status(p.Code), m)
	}
	data, dataErr := s.tillData(v, c)
	if dataErr != nil {
		return dataErr
	}
	if form.Options == (optionForm{}) {
		form.Options = data.Form.Options
	}
	data.Form, data.Errors = form, wrong
	for field := range wrong {
		if strings.HasPrefix(field, "options.") || field == "rail" || field == "terminals" {
			wrong[field] = v.fieldName(field) + ": " + wrong[field]
		}
	}
	switch {
	case busy != "":
		data.Errors = map[string]string{"terminals": busy}
	case wrong == nil:
		data.Wrong = v.problem(err)
	}
	if len(data.Form.Items) == 0 {
		data.Form.Items = make([]itemForm, 1)
	}
	return v.renderAs(status(posta.ErrorCode(err)), "till", data)
}

// busyTerminal says what a terminal is busy with; "" if err is something else.
func (v *visit) busyTerminal(c counter, err error) string {
	var e *posta.Error
	if !errors.As(err, &e) || e.Code != posta.CodeTerminalBusy {
		return ""
	}
	if e.Params["settlement"] != "" {
		return v.T("terminal.busy.closing")
	}
	p, err := v.s.Payments.Get(v.ctx(), v.Merchant.ID, v.Mode, posta.PaymentID(e.Params["payment"]))
	if err != nil {
		return v.T("terminal.busy")
	}
	where := c.Till.Name
	if p.TillID != c.Till.ID {
		if t, err := v.s.Tills.Till(v.ctx(), v.Merchant.ID, v.Mode, p.TillID); err == nil {
			where = t.Name
		}
	}
	return v.T("terminal.busy.payment", "amount", v.money(p.Amount.Amount, p.Amount.Currency), "till", where)
}

// fieldName is a field's label.
func (v *visit) fieldName(field string) string {
	if key := "till.field." + field; v.words.Has(key) {
		return v.T(key)
	}
	return field
}

// cancel takes the payment off the till. If the buyer paid first, it shows paid.
func (s *server) cancel(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	p, err := v.paymentAt(c, v.r.PathValue("payment"))
	if err != nil {
		return err
	}
	canceled, err := s.Payments.Cancel(v.ctx(), v.Merchant.ID, v.Mode, p.ID, v.by())
	if err != nil && posta.ErrorCode(err) != posta.CodeState {
		if p, again := v.paymentAt(c, string(p.ID)); again == nil {
			wrong := v.problem(err)
			return s.answerWith(v, c, p, wrong, v.T("till.cancel.failed"))
		}
		return err
	}
	if err != nil { // it ended meanwhile: show how
		if canceled, err = v.paymentAt(c, string(p.ID)); err != nil {
			return err
		}
	}
	return s.answer(v, c, canceled)
}

// lookAt tells the script how a payment stands.
func (s *server) lookAt(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	p, err := v.paymentAt(c, v.r.PathValue("payment"))
	if err != nil {
		return err
	}
	return s.answer(v, c, p)
}

// answer shows the payment: as a message to the script, otherwise as a page.
func (s *server) answer(v *visit, c counter, p payment.Payment) error {
	return s.answerWith(v, c, p, problem{}, "")
}

func (s *server) answerWith(v *visit, c counter, p payment.Payment, wrong problem, words string) error {
	if !v.script() {
		return v.redirect(c.URL() + "?payment=" + string(p.ID))
	}
	m, err := s.message(v, "answer", s.stage(v, c, p))
	if err != nil {
		return err
	}
	code := http.StatusOK
	if wrong.Code != "" {
		code, m.Wrong, m.Problem = status(wrong.Code), string(wrong.Code), words
	}
	return v.json(code, m)
}

// script reports whether our own script asks, which wants JSON.
func (v *visit) script() bool { return v.r.Header.Get("Accept") == "application/json" }

func (v *visit) json(code int, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	v.w.WriteHeader(code)
	_, _ = v.w.Write(raw) // a reader that left is no error of ours
	return nil
}
