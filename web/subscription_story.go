package web

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/account"
	"posta/subscription"
)

// subscription is the one that the address names.
func (v *visit) subscription() (subscription.Subscription, error) {
	id, err := posta.ParseID[posta.SubscriptionID](v.r.PathValue("subscription"))
	if err != nil {
		return subscription.Subscription{}, err
	}
	return v.s.Subscriptions.Get(v.ctx(), v.Merchant.ID, v.Mode, id)
}

// happened is one line of a subscription's story.
type happened struct {
	moment
	Message *subscription.Message
}

// subscriptionData is what the page of a subscription shows.
type subscriptionData struct {
	sent
	subscription.Subscription
	Plan       subscription.Plan
	Connection account.Connection
	Shown      string
	Title      string
	Price      string
	Health     health
	Trial      bool
	Invoices   []invoiceRow // oldest first
	Life       life
	Open       *invoiceRow // the one that is being asked for, nil for none
	Look       []invoiceRow
	Moments    []happened
	Page       string // the buyer's own
	Typed      string // the amount for its form
	Methods    []option
	MethodName string // of the voucher
	CreatedBy  string
	Position   int64
}

// CanPause, CanResume, CanCancel and CanChange say what the page offers.
func (d subscriptionData) CanPause() bool  { return d.State.Running() && d.Change == nil }
func (d subscriptionData) CanResume() bool { return d.State == subscription.Paused && d.Change == nil }
func (d subscriptionData) CanCancel() bool { return !d.State.Final() }
func (d subscriptionData) CanChange() bool { return d.State.Running() && d.Change == nil }

// LanguageName is the name of the messages' language in itself.
func (d subscriptionData) LanguageName() string { return languageNames[d.Language] }

// ByProvider reports whether the provider charges.
func (d subscriptionData) ByProvider() bool { return d.Engine == subscription.EngineProvider }

// Strikes of how many the provider cancels.
func (d subscriptionData) StrikesMost() int { return subscription.Strikes }

func (s *server) subscriptionPage(v *visit, f sent) error {
	sub, err := v.subscription()
	if err != nil {
		return err
	}
	data := subscriptionData{sent: f, Subscription: sub, Position: v.livePosition(), Shown: subscriptionLook[sub.State], Title: buyerName(sub),
		Health: v.healthOf(sub), Trial: sub.Trial(s.Clock.Now()), Page: s.Subscriptions.BuyerPage(sub), Typed: decimalOf(sub.Amount)}
	if data.Plan, err = s.Subscriptions.Plan(v.ctx(), v.Merchant.ID, v.Mode, sub.PlanID); err != nil {
		return err
	}
	data.Price = v.price(sub.Amount, data.Plan.Period)
	if data.Connection, err = s.Accounts.Store.MerchantConnection(v.ctx(), v.Merchant.ID, sub.ConnectionID); err != nil {
		return err
	}
	if data.Invoices, err = v.invoiceRows(sub, data.Plan); err != nil {
		return err
	}
	for i := range data.Invoices {
		if row := &data.Invoices[i]; row.State.Asked() {
			data.Open = row
		}
		if data.Invoices[i].Attention != subscription.AttentionNone {
			data.Look = append(data.Look, data.Invoices[i])
		}
	}
	data.Life = v.lifeOf(sub, data.Invoices)
	if len(data.Plan.Methods) > 1 {
		for _, id := range data.Plan.Methods {
			data.Methods = append(data.Methods, option{id, v.methodName(data.Connection.Country, id), id == sub.Method})
		}
	}
	if sub.Method != "" {
		data.MethodName = v.methodName(data.Connection.Country, sub.Method)
	}
	people := v.people()
	data.CreatedBy = v.who(people, sub.CreatedBy)
	if data.Moments, err = v.subscriptionStory(sub, people); err != nil {
		return err
	}
	return v.renderAs(f.answered(), "subscription", data)
}

func (v *visit) invoiceRows(sub subscription.Subscription, p subscription.Plan) ([]invoiceRow, error) {
	list, err := v.s.Subscriptions.Invoices(v.ctx(), sub.MerchantID, sub.ID)
	if err != nil {
		return nil, err
	}
	var rows []invoiceRow
	for _, i := range list {
		row, err := v.invoiceRow(i, p)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// methodName is what people call a method; country "" is the merchant's.
func (v *visit) methodName(country, id string) string {
	if country == "" {
		country = v.Merchant.Country
	}
	if m, err := posta.FindMethod(country, id); err == nil {
		return m.Name
	}
	return brand(id)
}

// who names whoever did something with a subscription.
func (v *visit) who(people *people, by string) string {
	if key := "sub.who." + by; by != "" && v.words.Has(key) {
		return v.T(key)
	}
	return people.Name(by)
}

// happenedLook is the state whose colour and shape an event of a subscription has.
var happenedLook = map[string]string{
	"subscription.created": "created", "subscription.active": "paid", "subscription.past_due": "declined", "subscription.paused": "canceled",
	"subscription.canceled": "canceled", "subscription.ended": "expired", "subscription.changed": "notice changed", "subscription.change_requested": "pending",
	"subscription.change_refused": "rejected", "subscription.message_sent": "notice", "subscription.message_failed": "declined",
	"invoice.open": "pending", "invoice.retrying": "declined", "invoice.paid": "paid", "invoice.unpaid": "rejected", "invoice.void": "canceled", "invoice.attention": "disputed",
}

// subscriptionStory tells what happened, newest last: each message with its exact
// words stands where it was written.
func (v *visit) subscriptionStory(sub subscription.Subscription, people *people) ([]happened, error) {
	all, err := v.s.Subscriptions.Story(v.ctx(), sub.MerchantID, sub.ID)
	if err != nil {
		return nil, err
	}
	var out []happened
	for _, h := range all {
		switch {
		case h.Message != nil:
			out = append(out, happened{moment{At: h.At, Shown: "notice", Title: v.T("plan.message." + string(h.Message.Kind)), Lines: []string{h.Message.Subject}}, h.Message})
		case h.Event.Type != "subscription.message_sent": // the message itself says when it was sent
			out = append(out, happened{moment: v.happening(*h.Event, people)})
		}
	}
	date := ""
	for i := range out {
		m := &out[i].moment
		m.Clock = m.At.In(v.Zone).Format("15:04")
		if day := v.words.Date(m.At, v.Zone); day != date {
			m.Date, date = day, day
		}
		if i > 0 {
			if gap := m.At.Sub(out[i-1].At); gap >= time.Minute {
				m.Gap = gap
			}
		}
	}
	return out, nil
}

func (v *visit) happening(e posta.Event, people *people) moment {
	m := moment{At: e.CreatedAt, Shown: happenedLook[e.Type], Title: e.Type}
	if key := "event." + e.Type; v.words.Has(key) {
		m.Title = v.T(key)
	}
	if m.Shown == "" {
		m.Shown = "notice"
	}
	if e.Actor != "" {
		m.Who = v.who(people, e.Actor)
	}
	var data struct {
		Amount   int64
		Currency posta.Currency
		Sequence int
		Tried    int
		Reason   subscription.Reason
		Detail   string
		Payment  posta.PaymentID `json:"payment_id"`
	}
	_ = json.Unmarshal(e.Data, &data) // what cannot be read is not told
	if data.Sequence > 0 {
		m.Lines = append(m.Lines, v.T("invoice.number", "number", data.Sequence)+" · "+v.money(data.Amount, data.Currency))
	} else if data.Currency != "" && slices.Contains([]string{"subscription.created", "subscription.changed"}, e.Type) {
		m.Lines = append(m.Lines, v.money(data.Amount, data.Currency))
	}
	if key := "sub.reason." + string(data.Reason); data.Reason != "" && v.words.Has(key) {
		m.Lines = append(m.Lines, v.T(key))
	}
	if data.Detail != "" && e.Type != "invoice.paid" {
		m.Lines, m.Code = append(m.Lines, v.reason(data.Detail)), data.Detail
	}
	if data.Payment != "" && e.Type == "invoice.paid" {
		m.Link = storyAddress(data.Payment)
	}
	return m
}

// subscriptionEvents streams what happens to a subscription.
func (s *server) subscriptionEvents(v *visit) error {
	sub, err := v.subscription()
	if err != nil {
		return err
	}
	return v.stream(func(e posta.Event) bool { return e.Subject == string(sub.ID) || strings.HasPrefix(e.Type, "invoice.") }, nil)
}
