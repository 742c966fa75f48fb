package web

import (
	"net/http"
	"strings"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/till"
)

// saleRoutes registers the pages of the sales of the day at a till.
func (s *server) saleRoutes(mux *http.ServeMux) {
	mux.Handle("GET /till/{till}/sales", s.member(s.salesPage))
	mux.Handle("GET /till/{till}/sales/{payment}", s.member(s.salePage))
	mux.Handle("POST /till/{till}/sales/{payment}/refund", s.member(s.refundSale))
	mux.Handle("GET /till/{till}/sales/{payment}/refund", s.member(s.salePage)) // a refused refund stands at this address, and is refreshed there
	mux.Handle("POST /till/{till}/sales/{payment}/refunds/{refund}/cancel", s.member(s.cancelRefund))
}

// salesData is the list of a day's payments at a till.
type salesData struct {
	counter
	Day    time.Time
	Today  bool
	Before string // the day before, as the address has it
	After  string // the day after, "" for today
	Sales  []*stage
	More   bool // there are more than are shown
	Report till.Report
}

const dayForm = "2006-01-02"

func (s *server) salesPage(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	now := s.Clock.Now().In(v.Zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, v.Zone)
	day := today
	if asked, err := time.ParseInLocation(dayForm, v.r.URL.Query().Get("day"), v.Zone); err == nil && !asked.After(today) {
		day = asked
	}
	next := day.AddDate(0, 0, 1)
	data := salesData{counter: c, Day: day, Today: day.Equal(today), Before: day.AddDate(0, 0, -1).Format(dayForm)}
	if !data.Today {
		data.After = next.Format(dayForm)
	}
	filter := payment.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, TillID: c.Till.ID, From: day.UTC(), To: next.UTC()}
	filter.Limit = 100
	list, totals, err := s.Payments.List(v.ctx(), filter)
	if err != nil {
		return err
	}
	data.More = totals.Count > int64(len(list))
	for _, p := range list {
		data.Sales = append(data.Sales, s.stage(v, c, p))
	}
	if data.Report, err = s.Tills.Report(v.ctx(), v.Merchant.ID, v.Mode, c.Till.ID, day, next); err != nil {
		return err
	}
	return v.render("sales", data)
}

// saleData is one sale with its refunds and the form for another one.
type saleData struct {
	*stage
	Refunds []refundShown
	Left    int64 // what can still be given back, minor units
	Giving  giving
	Nonce   string
	Whole   string // what is left, as people type it
	Amount  string // as typed
	Errors  map[string]string
	Wrong   problem
}

// sale gathers what the page of one sale shows.
func (s *server) sale(v *visit) (saleData, error) {
	c, err := v.counter()
	if err != nil {
		return saleData{}, err
	}
	p, err := v.paymentAt(c, v.r.PathValue("payment"))
	if err != nil {
		return saleData{}, err
	}
	refunds, err := s.Payments.Store.ListRefunds(v.ctx(), p.ID)
	if err != nil {
		return saleData{}, err
	}
	data := saleData{stage: s.stage(v, c, p), Left: left(p, refunds), Nonce: s.newNonce()}
	if data.Giving, err = v.giving(c, p, 0); err != nil {
		return data, err
	}
	for _, r := range refunds {
		data.Refunds = append(data.Refunds, v.refundShown(c, data.Sale(), r))
	}
	data.Whole = strings.TrimPrefix(v.money(data.Left, c.Currency), c.Style.Symbol)
	data.Amount = data.Whole
	return data, nil
}

// left is what can still be given back, as payment counts it: the page must not
// offer more. The service has the last word.
func left(p payment.Payment, refunds []payment.Refund) int64 {
	if !p.Refundable() {
		return 0
	}
	var left int64
	for _, a := range p.Attempts() {
		if a.Status == provider.StatusApproved || a.Status == provider.StatusInMediation {
			left += max(a.Amount-a.Refunded, 0)
		}
	}
	for _, r := range refunds {
		for _, part := range r.Parts {
			if part.State == payment.RefundPending || part.State == payment.RefundUnknown {
				left -= part.Amount
			}
		}
	}
	return max(left, 0)
}

func (s *server) salePage(v *visit) error {
	data, err := s.sale(v)
	if err != nil {
		return err
	}
	return v.render("sale", data)
}

// refundSale gives back what the form says. A person names the amount; the form
// sent twice gives back once.
func (s *server) refundSale(v *visit) error {
	data, err := s.sale(v)
	if err != nil {
		return err
	}
	refund, err := s.refundFrom(v, data)
	if err != nil {
		data.Errors, data.Amount = v.fieldErrors(err), v.r.PostFormValue("amount")
		if busy := v.busyTerminal(data.counter, err); busy != "" {
			data.Errors = map[string]string{"terminals": busy}
		}
		if posta.ErrorCode(err) == posta.CodeRefundExceeds {
			data.Errors = map[string]string{"amount": v.T("till.refund.exceeds", "left", v.money(data.Left, data.Currency))}
		}
		if data.Errors == nil {
			data.Wrong = v.problem(err)
		}
		return v.renderAs(status(posta.ErrorCode(err)), "sale", data)
	}
	v.flashGiven(data.counter, refund)
	return v.redirect(data.Sale())
}

// flashGiven says at the till how a refund that was asked for stands.
func (v *visit) flashGiven(c counter, refund payment.Refund) {
	kind, key := "info", "till.refund."+string(refund.State)
	if refund.Kind == provider.KindReversal {
		key = "terminal.void." + string(refund.State)
	}
	switch refund.State {
	case payment.RefundSucceeded:
		kind = "ok"
	case payment.RefundFailed:
		kind = "error"
	case payment.RefundUnknown:
		kind = "warn"
	}
	help := v.T(key + ".help")
	if refund.State == payment.RefundPending && len(refund.Terminals) > 0 {
		help = v.T("terminal.refund.go", "terminals", v.namesOf(c.Terminals, refund.Terminals))
	}
	v.flash(kind, v.T(key, "amount", v.money(refund.Amount.Amount, refund.Amount.Currency)), help)
}

func (s *server) refundFrom(v *visit, data saleData) (payment.Refund, error) {
	id, err := idFromNonce[posta.RefundID](v)
	if err != nil {
		return payment.Refund{}, err
	}
	amount, err := parseAmount(v.r.PostFormValue("amount"), data.Currency)
	if err != nil {
		return payment.Refund{}, err
	}
	if amount <= 0 { // to the service 0 means all: never what a person typed
		return payment.Refund{}, posta.Invalid("amount", "positive")
	}
	return s.Payments.Refund(v.ctx(), payment.RefundInput{ID: id, MerchantID: v.Merchant.ID, Mode: v.Mode,
		PaymentID: data.Payment.ID, Amount: amount, Reason: v.r.PostFormValue("reason"), By: v.by(),
		Kind: provider.RefundKind(v.r.PostFormValue("kind")), Terminals: v.chosenTerminal()})
}
