package provider

import (
	"context"
	"time"

	"posta"
)

// Subscriber is a Connector that charges subscriptions by itself, on cards and
// account money. Its keys may not be honoured: a create whose answer was lost is
// looked up by Reference before it is repeated.
type Subscriber interface {
	// PutPlan makes the plan, or changes what can be changed of the one with the ref.
	PutPlan(ctx context.Context, p Plan, key string) (PlanFact, error)
	// Subscribe makes a subscription: with a token it begins at once, without one
	// the buyer signs up at the fact's URL.
	Subscribe(ctx context.Context, s Subscription, key string) (SubscriptionFact, error)
	// Subscription asks what became of one; without a ref it is looked up by its
	// reference, plan and buyer. Errors: not_found.
	Subscription(ctx context.Context, s Subscription) (SubscriptionFact, error)
	// ChangeSubscription changes what is not zero, one thing a call, and reads back
	// what truly changed: the provider ignores some changes without saying so.
	ChangeSubscription(ctx context.Context, ref string, c SubscriptionChange, key string) (SubscriptionFact, error)
	// Invoices lists the periods that it has charged or is about to, oldest first.
	Invoices(ctx context.Context, ref string) ([]InvoiceFact, error)
	// FetchSubscription gets what a notice of a subscription, plan or invoice
	// speaks of: the provider's id of the subscription, "" if of none.
	FetchSubscription(ctx context.Context, n Notice) (ref string, err error)
	// Charged asks for the payment of an invoice: its facts, as of a charge on
	// RailOnline whose reference is the payment's.
	Charged(ctx context.Context, payment string) (Observation, error)
}

// Period is how often something recurs.
type Period struct {
	Every int    `json:"every"`
	Unit  string `json:"unit" enum:"days,months"`
}

// Plan is a plan as the provider keeps it.
type Plan struct {
	ID          posta.PlanID
	Ref         string // the provider's own id, once known
	Name        string
	Amount      posta.Money
	Period      Period
	Trial       Period // Every 0 for none
	Repetitions int    // 0 for endless
	BillingDay  int    // 1 to 28, 0 for the day of signing up
	// Proportional charges the days until the first billing day in proportion.
	Proportional bool
	Return       string // where the buyer comes back to
}

// PlanFact is what the provider says of a plan.
type PlanFact struct {
	Ref    string
	URL    string // where buyers sign up
	Active bool
	At     time.Time
}

// Subscription is a subscription as the provider keeps it.
type Subscription struct {
	ID     posta.SubscriptionID // the external reference
	Ref    string               // the provider's own id, once known
	Plan   Plan
	Buyer  Buyer
	Amount posta.Money
	Token  string // of the card, single use; "" has the buyer sign up at the provider's page
	Return string
	// Known are the provider's ids of the plan's other subscriptions: none of them
	// is the one that is looked up.
	Known []string
}

// SubscriptionStatus is where a subscription stands at its provider.
type SubscriptionStatus string

// The statuses.
const (
	SubscriptionPending  SubscriptionStatus = "pending"    // no means of payment yet
	SubscriptionActive   SubscriptionStatus = "authorized" // it is charged
	SubscriptionPaused   SubscriptionStatus = "paused"
	SubscriptionCanceled SubscriptionStatus = "canceled" // for good
)

// SubscriptionFact is what the provider says of a subscription.
type SubscriptionFact struct {
	Ref string // "" where there is none before the buyer signs up at URL
	// Reference is ours, as the provider gave it back.
	Reference string
	Plan      string // the provider's id of its plan
	Version   int64  // 0 if not told
	At        time.Time
	Status    SubscriptionStatus
	URL       string // where the buyer signs up or changes the card
	Amount    posta.Money
	NextAt    time.Time // next charge, zero if not told
	Method    string
	Card      string // the provider's id
	Health    string // green, yellow, red; "" if not told
}

// SubscriptionChange changes one thing of a subscription.
type SubscriptionChange struct {
	Status SubscriptionStatus
	Amount posta.Money
	Token  string // another card
}

// InvoiceFact is what the provider says of one period of a subscription.
type InvoiceFact struct {
	Ref      string // the provider's own id
	Status   InvoiceStatus
	Amount   posta.Money
	DueAt    time.Time
	Attempts int
	NextAt   time.Time // next attempt, zero if none
	Payment  string    // the provider's id, "" if none yet
	Paid     bool
	Detail   string // the provider's words on the payment
	At       time.Time
}

// InvoiceStatus is where a period's charge stands at the provider.
type InvoiceStatus string

// The statuses.
const (
	InvoiceScheduled InvoiceStatus = "scheduled"
	InvoiceRetrying  InvoiceStatus = "recycling" // declined, tried again by the provider
	InvoiceProcessed InvoiceStatus = "processed" // paid, or given up: Paid says which
	InvoiceCanceled  InvoiceStatus = "canceled"
)
