// Package subscription charges again and again: plans, the subscriptions to
// them, an invoice for each period, and the messages that ask for what is due.
// Two engines run behind one face: the provider's own (cards, account money),
// which is mirrored and never helped along, and the hub's (boleto, cash slips,
// Pix), where each period is a voucher. It knows nothing of HTTP, SQL or any
// provider.
package subscription

import (
	"time"

	"posta"
	"posta/provider"
)

// State is where a subscription stands; docs/states.md draws the machine.
type State string

// The states. Store guards the same list with a CHECK.
const (
	Pending  State = "pending"  // no means of payment yet, or the provider's answer is awaited
	Active   State = "active"   // charged, or in its trial
	PastDue  State = "past_due" // the newest period that was tried is not paid
	Paused   State = "paused"   // periods that begin meanwhile are not charged
	Canceled State = "canceled" // for good
	Ended    State = "ended"    // all its periods were charged
)

// States lists them all.
var States = []State{Pending, Active, PastDue, Paused, Canceled, Ended}

// Final reports whether nothing will be charged any more.
func (s State) Final() bool { return s == Canceled || s == Ended }

// Running reports whether periods are charged.
func (s State) Running() bool { return s == Active || s == PastDue }

// Reason is why a subscription is paused or canceled.
type Reason string

// The reasons.
const (
	ReasonNone     Reason = ""
	ReasonPerson   Reason = "person"   // the merchant asked
	ReasonBuyer    Reason = "buyer"    // the buyer asked, on Posta's page
	ReasonDunning  Reason = "dunning"  // the final rule of its plan
	ReasonProvider Reason = "provider" // the provider did it: after Strikes, or in its own panel
	ReasonRefused  Reason = "refused"  // the provider refused it
	ReasonLapsed   Reason = "lapsed"   // nobody gave a means of payment in 30 days
)

// Subscription is one buyer's subscription to a plan.
type Subscription struct {
	ID           posta.SubscriptionID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	PlanID       posta.PlanID
	Engine       Engine
	Buyer        provider.Buyer
	Language     string      // of its messages: "es", "pt", "en"
	Amount       posta.Money // of a period; may differ from the plan's after a change
	Method       string      // EngineHub: the voucher's; EngineProvider: told by the provider
	Reference    string      // ≤ 100 characters, the merchant's own
	State        State
	Reason       Reason
	Detail       string // the provider's word on a refusal
	Strikes      int    // EngineProvider: invoices that were given up; the provider cancels at Strikes
	Health       string // EngineProvider: "green", "yellow", "red", "" if not told

	StartAt time.Time // when the first period begins: the end of the trial, or the first billing day
	// NextAt is when the next period is charged, zero for none.
	NextAt time.Time

	// Of EngineProvider.
	Ref     string // the provider's own id, once known
	URL     string // where the buyer signs up or changes the card
	Version int64  // of the newest fact that was applied
	FactAt  time.Time
	CardRef string
	Token   string // of a card, until the provider answered
	AskKey  string // the provider's idempotency key of making it
	Sought  int    // how often it was looked up since the answer was lost
	Change  *Change

	Public    string // token of the buyer's page
	CreatedBy string
	CreatedAt time.Time
	UpdatedAt time.Time
	EndedAt   time.Time
	Tries     int       // enquiries that brought nothing new
	DueAt     time.Time // next enquiry or step of its engine; zero when none is due
}

// Change is a change that was asked for and that the provider has not confirmed.
type Change struct {
	State  State     `json:"state,omitempty"`  // Active, Paused or Canceled
	Amount int64     `json:"amount,omitempty"` // minor units
	Token  string    `json:"token,omitempty"`  // of another card, single use
	Key    string    `json:"key"`
	By     string    `json:"by"`
	Reason Reason    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// Trial reports whether the subscription's trial is running at now.
func (s Subscription) Trial(now time.Time) bool {
	return s.State.Running() && now.Before(s.StartAt)
}

// SignUp asks for a subscription.
type SignUp struct {
	ID         posta.SubscriptionID // made from the request's idempotency key: the same request names the same subscription
	MerchantID posta.MerchantID
	Mode       posta.Mode
	PlanID     posta.PlanID
	Buyer      provider.Buyer
	Language   string // "" for the country's
	Method     string // EngineHub: one of the plan's vouchers; "" where it has only one
	Token      string // EngineProvider: of a card; "" has the buyer sign up at the provider's page, Subscription.URL
	Reference  string
	By         string
}

// Filter chooses subscriptions of a list. Zero fields do not choose.
type Filter struct {
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	PlanID       posta.PlanID
	State        State
	Search       string // by id, reference, the provider's id, the buyer's e-mail or name
	posta.Page
}
