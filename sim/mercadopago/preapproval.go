package mercadopago

import (
	"net/http"
	"time"
)

// subscription is a preapproval (docs/providers/mercadopago-online.md §3.2).
type subscription struct {
	ID      string
	Seq     int64
	UserID  int64
	PlanID  string
	Status  string // pending, authorized, paused, cancelled
	Reason  string
	Ref     string
	BackURL string
	Payer   payer
	Test    bool // of test credentials
	Via     via  // whose credentials made it
	Terms   terms

	// What is charged: a card, or the buyer's account money.
	Method string
	CardID string
	Card   *heldCard `json:",omitempty"`
	// Acts is a holder's name that the card acts as for now, "" its own.
	Acts string

	// Lead is a first instalment in proportion to what is left of the month;
	// Anchor is the first whole one, from which the others are counted.
	Lead       time.Time
	LeadAmount int64
	Anchor     time.Time
	Period     int       // of the next instalment, from 0
	Next       time.Time // when it is charged; zero when none follows
	Scheduled  int64     // its invoice, once there is one
	Open       []openInvoice
	Billed     int // instalments that were charged or tried to the end

	Charged       int
	ChargedAmount int64
	LastCharged   time.Time
	LastAmount    int64
	Strikes       int // instalments that failed (§3.4)

	Version int
	Created time.Time
	Updated time.Time

	queued time.Time // under which it stands in the queue
}

// openInvoice is one whose end is not known: it is tried again at At, or waits
// for a payment in process when At is zero.
type openInvoice struct {
	ID int64
	At time.Time
}

const paused = "paused"

func (v *subscription) key() (string, string) { return "subscription", v.ID }

func (v *subscription) index(st *state) {
	if st.subscriptions[v.ID] == nil && v.PlanID != "" {
		st.subscribers[v.PlanID] = append(st.subscribers[v.PlanID], v)
	}
	st.subscriptions[v.ID] = v
	if at := v.due(); !at.IsZero() && !at.Equal(v.queued) {
		v.queued = at
		st.dues.add(at, v.Seq, v.ID)
	}
}

var subscriptionOperations = []operation{
	{"subscription_create", "POST /preapproval", classic, createSubscription},
	{"subscription_search", "GET /preapproval/search", classic, searchSubscriptions},
	{"subscription_export", "GET /preapproval/export", classic, exportSubscriptions},
	{"subscription_get", "GET /preapproval/{id}", classic, getSubscription},
	{"subscription_update", "PUT /preapproval/{id}", classic, updateSubscription},
	{"invoice_search", "GET /authorized_payments/search", classic, searchInvoices},
	{"invoice_list", "GET /authorized_payments", classic, searchInvoices},
	{"invoice_get", "GET /authorized_payments/{id}", classic, getInvoice},
}

// changeSubscription files a subscription that was changed, and tells the
// seller.
func (s *Simulator) changeSubscription(v *subscription, now time.Time) {
	s.touchSubscription(v, now)
	s.announceSubscription(topicSubscription, "preapproval", v.ID, v.UserID, v.Via, v.Version, now)
}

// touchSubscription files a change that nobody is told of.
func (s *Simulator) touchSubscription(v *subscription, now time.Time) {
	v.Version++
	v.Updated = now
	s.put(v)
}

// ownSubscription finds the subscription of the path. Another seller's is not
// valid for the caller (§3.2).
func (c *call) ownSubscription() (*subscription, *reply) {
	v := c.sim.subscriptions[c.path("id")]
	if v == nil {
		r := c.refuse(http.StatusNotFound, "The preapproval with id %s does not exist", c.path("id"))
		return nil, &r
	}
	if v.UserID != c.account.UserID {
		r := c.refuse(http.StatusBadRequest, "The preapproval_id %s is not valid for callerId: %d", v.ID, c.account.UserID)
		return nil, &r
	}
	return v, nil
}

func getSubscription(c *call) reply {
	v, bad := c.ownSubscription()
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.sim.subscriptionView(v)}
}

func (s *Simulator) subscriptionView(v *subscription) object {
	o := s.subscriptionRow(v)
	o["next_payment_date"] = classicOrNull(v.Next)
	if v.Status == pending { // what it would be if somebody signed up now
		o["next_payment_date"] = classicTime(v.Created)
	}
	o["summarized"] = s.summarized(v)
	return o
}

// subscriptionRow is what a search tells of a subscription: without the next
// payment, with an empty summary (§3.2).
func (s *Simulator) subscriptionRow(v *subscription) object {
	a := s.accounts[v.UserID]
	o := object{"id": v.ID, "version": v.Version, "application_id": v.Via.of(a), "collector_id": a.UserID, "preapproval_plan_id": orNull(v.PlanID),
		"payer_id": orZero(v.Payer.ID), "payer_email": "", "payer_first_name": v.Payer.FirstName, "payer_last_name": v.Payer.LastName,
		"card_id": orNull(v.CardID), "payment_method_id": orNull(v.Method), "init_point": s.signUpURL(a, "preapproval_id", v.ID),
		"back_url": v.BackURL, "reason": v.Reason, "external_reference": orNull(v.Ref), "status": v.Status, "auto_recurring": v.Terms.view(a.site()),
		"first_invoice_offset": nil, "summarized": object{}, "date_created": classicTime(v.Created), "last_modified": classicTime(v.Updated)}
	if days := v.Terms.trialDays(); days > 0 {
		o["first_invoice_offset"] = days
	}
	return o
}

func orZero(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// summarized is what was charged and what is to come; a subscription that was
// never charged has nothing to tell.
func (s *Simulator) summarized(v *subscription) object {
	t := s.accounts[v.UserID].site()
	o := object{"quotas": nil, "charged_quantity": nil, "pending_charge_quantity": nil, "charged_amount": nil, "pending_charge_amount": nil,
		"semaphore": nil, "last_charged_date": classicOrNull(v.LastCharged), "last_charged_amount": nil}
	if v.Status == pending {
		return o
	}
	o["charged_quantity"], o["charged_amount"], o["semaphore"] = v.Charged, t.number(v.ChargedAmount), orNull(v.semaphore())
	if !v.LastCharged.IsZero() {
		o["last_charged_amount"] = t.number(v.LastAmount)
	}
	if all := v.quotas(); all > 0 {
		left := max(0, all-v.Billed)
		o["quotas"], o["pending_charge_quantity"], o["pending_charge_amount"] = all, left, t.number(int64(left)*v.Terms.Amount)
	}
	return o
}

// semaphore is the health of the payments: blank before the first one, yellow
// after a failure, red when the next ones may end the subscription.
func (v *subscription) semaphore() string {
	recycling := false
	for _, o := range v.Open {
		recycling = recycling || !o.At.IsZero()
	}
	switch {
	case v.Strikes >= 2:
		return "red"
	case v.Strikes == 1 || recycling:
		return "yellow"
	case v.Billed > 0 || v.Charged > 0:
		return "green"
	}
	return ""
}

// quotas is how many instalments there are in all, 0 without end.
func (v *subscription) quotas() int {
	if v.Terms.Repetitions > 0 || v.Terms.End.IsZero() || v.Anchor.IsZero() {
		return v.Terms.Repetitions
	}
	n := 0
	for n < 10_000 && v.dueAt(n).Before(v.Terms.End) {
		n++
	}
	return n
}
