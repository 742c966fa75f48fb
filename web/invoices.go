package web

import (
	"net/http"
	"slices"
	"time"

	"posta"
	"posta/payment"
	"posta/subscription"
)

// invoiceRoutes registers the list of what subscriptions charge, period by period.
func (s *server) invoiceRoutes(mux *http.ServeMux) {
	mux.Handle("GET /invoices", s.member(s.invoicesPage))
}

// invoiceLook is the state whose colour and shape an invoice's state has.
var invoiceLook = map[subscription.InvoiceState]string{subscription.Scheduled: "created", subscription.Open: "pending", subscription.Retrying: "declined",
	subscription.Paid: "paid", subscription.Unpaid: "rejected", subscription.Void: "canceled"}

// tryRow is one try to be paid as the page shows it.
type tryRow struct {
	subscription.Attempt
	Shown, Words string
	Reason       string // why it failed, in words
}

// invoiceRow is one invoice as pages show it.
type invoiceRow struct {
	subscription.Invoice
	Shown      string
	Tries      []tryRow
	Most       int    // tries of a period
	Reason     string // why it is not paid, in words; "" for none
	Paid       *payment.Payment
	Refundable bool
	Buyer      string // where several subscriptions meet
	Plan       string
}

// Left is how many tries there can still be.
func (r invoiceRow) Left() int { return max(r.Most-r.Tried, 0) }

func (v *visit) invoiceRow(i subscription.Invoice, p subscription.Plan) (invoiceRow, error) {
	row := invoiceRow{Invoice: i, Shown: invoiceLook[i.State], Most: max(p.Attempts.Most, i.Tried)}
	for _, a := range i.Attempts {
		one := tryRow{Attempt: a, Shown: string(a.State), Words: v.T("invoice.try.asked")}
		switch {
		case a.State == "" && a.Detail != "":
			one.Shown, one.Words = "failed", v.T("state.failed")
		case a.State == "":
			one.Shown = "created"
		default:
			one.Words = v.T("state." + string(a.State))
		}
		if a.Detail != "" && !a.State.Moneyed() {
			one.Reason = v.reason(a.Detail)
		}
		row.Tries = append(row.Tries, one)
	}
	if i.Detail != "" && i.State != subscription.Paid {
		row.Reason = v.reason(i.Detail)
	}
	if i.Payment == "" {
		return row, nil
	}
	paid, err := v.s.Payments.Get(v.ctx(), i.MerchantID, i.Mode, i.Payment)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return row, nil // of a copy that lacks it
	}
	row.Paid, row.Refundable = &paid, paid.Refundable()
	return row, err
}

// invoiceList is what the page of invoices shows.
type invoiceList struct {
	Rows      []invoiceRow
	States    []option
	Attention bool
	State     string
	Next      string
	First     string
	Position  int64
}

func (s *server) invoicesPage(v *visit) error {
	query := v.r.URL.Query()
	data := invoiceList{State: query.Get("state"), Attention: query.Get("attention") != "", Position: v.livePosition()}
	if !slices.Contains(subscription.InvoiceStates, subscription.InvoiceState(data.State)) {
		data.State = ""
	}
	filter := subscription.InvoiceFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, State: subscription.InvoiceState(data.State), Attention: data.Attention, Page: posta.Page{Limit: 50}}
	if id, err := posta.ParseID[posta.InvoiceID](query.Get("after")); err == nil {
		filter.After = string(id)
	}
	list, err := s.Subscriptions.ListInvoices(v.ctx(), filter)
	if err != nil {
		return err
	}
	_, plans, err := v.plansByID()
	if err != nil {
		return err
	}
	for _, i := range list {
		sub, err := s.Subscriptions.Get(v.ctx(), i.MerchantID, i.Mode, i.SubscriptionID)
		if err != nil {
			return err
		}
		row, err := v.invoiceRow(i, plans[sub.PlanID])
		if err != nil {
			return err
		}
		row.Buyer, row.Plan = buyerName(sub), plans[sub.PlanID].Name
		data.Rows = append(data.Rows, row)
	}
	for _, state := range subscription.InvoiceStates {
		data.States = append(data.States, option{string(state), v.T("invoice.state." + string(state)), string(state) == data.State})
	}
	data.Next, data.First = v.pages("/invoices", filter.Page, len(list), func() string { return string(list[len(list)-1].ID) }, "state", "attention")
	return v.render("invoices", data)
}

// lifeBox is one period in the picture of a subscription's life.
type lifeBox struct {
	X, Width int
	Shown    string // "trial", or an invoice's look
	Sequence int
	Label    string // its first day
	Dots     []lifeDot
	Title    string // in words, for who points at it and for who cannot see it
}

// lifeDot is one try in the picture.
type lifeDot struct {
	X     int
	Shown string
}

// life is the picture of a subscription: its trial and its last periods, one box
// each, with a dot for each try and a mark for today.
type life struct {
	Width int
	Boxes []lifeBox
	Now   int // X of today, -1 for outside
	More  int // periods before those that are shown
	Words string
}

// Boxes of the picture: so many at most, so wide, with so much between them.
const (
	lifeMost  = 12
	lifeWidth = 64
	lifeGap   = 6
)

// lifeOf draws what happened in equal boxes, so that a day and a year look alike.
func (v *visit) lifeOf(sub subscription.Subscription, rows []invoiceRow) life {
	now := v.s.Clock.Now()
	out := life{Now: -1, More: max(len(rows)-lifeMost, 0)}
	x := 0
	add := func(box lifeBox, from, to time.Time) {
		box.X, box.Width = x, lifeWidth
		for i := range box.Dots {
			box.Dots[i].X = x + lifeWidth*(i+1)/(len(box.Dots)+1)
		}
		if !now.Before(from) && now.Before(to) {
			out.Now = x + int(int64(lifeWidth)*int64(now.Sub(from)/time.Minute)/max(int64(to.Sub(from)/time.Minute), 1))
		}
		out.Boxes, x = append(out.Boxes, box), x+lifeWidth+lifeGap
	}
	if out.More == 0 && sub.StartAt.Sub(sub.CreatedAt) > time.Hour {
		add(lifeBox{Shown: "trial", Label: v.dayMonth(sub.CreatedAt), Title: v.T("sub.life.trial", "until", v.words.Date(sub.StartAt, v.Zone))}, sub.CreatedAt, sub.StartAt)
	}
	for _, r := range rows[out.More:] {
		box := lifeBox{Shown: r.Shown, Sequence: r.Sequence, Label: v.dayMonth(r.PeriodFrom),
			Title: v.T("sub.life.period", "number", r.Sequence, "from", v.words.Date(r.PeriodFrom, v.Zone), "state", v.T("invoice.state."+string(r.State)), "tries", r.Tried)}
		for _, t := range r.Tries {
			box.Dots = append(box.Dots, lifeDot{Shown: t.Shown})
		}
		add(box, r.PeriodFrom, r.PeriodTo)
	}
	out.Width = max(x-lifeGap, 1)
	paid := 0
	for _, r := range rows {
		if r.State == subscription.Paid {
			paid++
		}
	}
	out.Words = v.T("sub.life.words", "count", len(rows), "paid", paid)
	return out
}

// dayMonth writes a day without its year: "3/2".
func (v *visit) dayMonth(at time.Time) string { return at.In(v.Zone).Format("2/1") }
