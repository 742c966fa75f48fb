package web

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"posta"
	"posta/account"
	"posta/inbox"
	"posta/outbound"
	"posta/payment"
	"posta/provider"
)

// storyRoutes registers the pages of the story of one payment.
func (s *server) storyRoutes(mux *http.ServeMux) {
	mux.Handle("GET /payments/{payment}", s.member(s.storyPage))
	mux.Handle("GET /payments/{payment}/events", s.member(s.storyEvents))
	mux.Handle("GET /payments/{payment}/cancel", s.member(s.askCancel))
	mux.Handle("POST /payments/{payment}/cancel", s.member(s.cancelPayment))
	mux.Handle("GET /payments/{payment}/settle", s.member(s.askSettle))
	mux.Handle("POST /payments/{payment}/settle", s.member(s.settlePayment))
	mux.Handle("GET /payments/{payment}/refund", s.member(s.refundPage))
	mux.Handle("POST /payments/{payment}/refund", s.member(s.refundPayment))
}

// chronicle is everything that is known of one payment.
type chronicle struct {
	payment.Payment
	Refunds []payment.Refund
	Events  []posta.Event
	Calls   []outbound.Call
	Notices []inbox.Notification
}

// payment is the payment that the address names. Errors: not_found, also for
// another merchant's or mode's.
func (v *visit) payment() (payment.Payment, error) {
	id, err := posta.ParseID[posta.PaymentID](v.r.PathValue("payment"))
	if err != nil {
		return payment.Payment{}, err
	}
	return v.s.Payments.Get(v.ctx(), v.Merchant.ID, v.Mode, id)
}

func (v *visit) chronicle() (chronicle, error) {
	p, err := v.payment()
	c := chronicle{Payment: p}
	if err != nil {
		return c, err
	}
	if c.Refunds, err = v.s.Payments.Store.ListRefunds(v.ctx(), p.ID); err != nil {
		return c, err
	}
	if c.Events, err = v.s.Events.EventsAbout(v.ctx(), v.Merchant.ID, p.ID); err != nil {
		return c, err
	}
	if c.Calls, err = v.s.Calls.CallsOf(v.ctx(), p.ID); err != nil {
		return c, err
	}
	c.Notices, err = v.s.Inbox.List(v.ctx(), inbox.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, Payment: p.ID, Page: posta.Page{Limit: 100}})
	return c, err
}

// Seen changes with anything that the page shows.
func (c chronicle) Seen() string {
	h := fnv.New64a()
	fmt.Fprint(h, c.State, c.UpdatedAt, len(c.Events), len(c.Calls), len(c.Notices), len(c.Refunds))
	for _, n := range c.Notices {
		fmt.Fprint(h, n.State, n.Result, n.Tries)
	}
	for _, r := range c.Refunds {
		fmt.Fprint(h, r.State, r.UpdatedAt)
	}
	return fmt.Sprintf("%x", h.Sum64())
}

// Left is what can still be given back, in minor units, as far as the page
// knows: the service decides.
func (c chronicle) Left() int64 {
	left := c.Captured - c.Refunded
	for _, r := range c.Refunds {
		if r.State == payment.RefundPending || r.State == payment.RefundUnknown {
			left -= r.Amount.Amount
		}
	}
	return max(left, 0)
}

// Refundable reports whether the page offers to give money back.
func (c chronicle) Refundable() bool { return c.Payment.Refundable() && c.Left() > 0 }

// attemptRow is one try to pay as the page shows it.
type attemptRow struct {
	payment.Attempt
	Means  string
	Shown  string // the state whose look its status has
	Words  string
	Reason string // in words, "" if there is nothing to explain
}

// refundRow is one refund as the page shows it.
type refundRow struct {
	payment.Refund
	Shown, Words, Who, Failure, Detail string
}

// storyData is what the page of a payment shows.
type storyData struct {
	chronicle
	Where      places
	Connection account.Connection
	Means      string
	CreatedBy  string
	Online     *onlineStory // nil for a payment of a till
	Names      string       // of the terminals that may take it
	Sum        string       // why what was charged is not what was asked, "" if it is
	BySlip     bool         // a person with the terminal's slip settles it
	Attempts   []attemptRow
	Refunds    []refundRow
	Moments    []moment
	Next       time.Time // when Posta asks the provider again; zero if it does not
	Excess     int64     // what came beyond what was asked
	Missing    int64     // what was asked and did not come
	Position   int64
}

func (s *server) storyPage(v *visit) error {
	position := v.livePosition()
	c, err := v.chronicle()
	if err != nil {
		return err
	}
	data := storyData{chronicle: c, Position: position, Means: meansOf(c.Payment).Words(v),
		Excess: max(c.Captured-c.Refunded-c.Amount.Amount, 0), Missing: max(c.Amount.Amount-c.Captured, 0)}
	if data.Where, err = v.places(); err != nil {
		return err
	}
	if data.Connection, err = s.Accounts.Store.MerchantConnection(v.ctx(), v.Merchant.ID, c.ConnectionID); err != nil {
		return err
	}
	if data.Online, err = v.onlineStory(c.Payment); err != nil {
		return err
	}
	if data.Online != nil && data.Means == "" {
		data.Means = data.Online.Method
	}
	data.Names, data.BySlip = v.namesOf(data.Where.Terminals, c.Terminals), bySlip(c.Payment)
	if view := c.View(); c.Rail == provider.RailTerminal && c.State.Moneyed() && len(view.Attempts) > 0 {
		data.Sum = v.sum(c.Amount.Amount, &view.Attempts[len(view.Attempts)-1], c.Amount.Currency)
	}
	people := v.people()
	data.CreatedBy = people.Name(c.CreatedBy)
	if c.State.Open() && c.DueAt.After(s.Clock.Now()) {
		data.Next = c.DueAt
	}
	for _, a := range c.Payment.Attempts() {
		data.Attempts = append(data.Attempts, v.attemptRow(a))
	}
	for _, r := range c.Refunds {
		data.Refunds = append(data.Refunds, v.refundRow(r, people))
	}
	title := data.Connection.Provider
	if d, err := s.Accounts.Provider(data.Connection.Provider); err == nil {
		title = d.Title
	}
	data.Moments = (&teller{visit: v, chronicle: c, people: people, provider: title}).tell()
	return v.render("story", data)
}

// attemptLook is the state whose colour and shape a status of an attempt has.
var attemptLook = map[provider.Status]string{
	provider.StatusApproved: "paid", provider.StatusRejected: "declined", provider.StatusPending: "pending",
	provider.StatusCanceled: "canceled", provider.StatusExpired: "expired",
	provider.StatusInMediation: "disputed", provider.StatusChargedBack: "charged_back",
}

func (v *visit) attemptRow(a payment.Attempt) attemptRow {
	row := attemptRow{Attempt: a, Shown: attemptLook[a.Status], Words: v.T("attempt." + string(a.Status)),
		Means: means{a.Method, a.Brand, a.LastFour, a.Installments}.Words(v)}
	if row.Shown == "" {
		row.Shown, row.Words = "unknown", string(a.Status)
	}
	if a.Status == provider.StatusRejected || a.Status == provider.StatusPending && a.Detail != "" {
		row.Reason = v.reason(a.Detail)
	}
	return row
}

// reason puts the provider's word for a decline into the reader's.
func (v *visit) reason(code string) string {
	if key := "detail." + code; v.words.Has(key) {
		return v.T(key)
	}
	if key := "decline." + code; v.words.Has(key) {
		return v.T(key)
	}
	if key := "error." + code + ".title"; v.words.Has(key) {
		return v.T(key)
	}
	return v.T("detail.other")
}

// refundLook is the state whose colour and shape a refund's state has.
var refundLook = map[payment.RefundState]string{payment.RefundPending: "pending", payment.RefundUnknown: "unknown",
	payment.RefundSucceeded: "refunded", payment.RefundFailed: "failed"}

func (v *visit) refundRow(r payment.Refund, people *people) refundRow {
	row := refundRow{Refund: r, Shown: refundLook[r.State], Words: v.T("refund." + string(r.State)), Who: people.Name(r.Origin)}
	for _, part := range r.Parts {
		if part.State == payment.RefundFailed && part.Detail != "" {
			row.Detail, row.Failure = part.Detail, v.reason(part.Detail)
		}
	}
	return row
}

// storyEvents streams what happens to the payment.
func (s *server) storyEvents(v *visit) error {
	p, err := v.payment()
	if err != nil {
		return err
	}
	return v.stream(func(e posta.Event) bool { return e.Subject == string(p.ID) }, func() (string, error) {
		c, err := v.chronicle()
		return c.Seen(), err
	})
}
