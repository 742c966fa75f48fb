package subscription

import (
	"context"
	"time"

	"posta"
	"posta/payment"
)

// Store keeps plans, subscriptions, invoices and messages. Its errors are
// *posta.Error: not_found where the merchant has no such thing in that mode.
type Store interface {
	// Account finds a connection as what charges online. Errors: not_found, mode_mismatch.
	Account(ctx context.Context, m posta.MerchantID, mode posta.Mode, c posta.ConnectionID) (payment.Channel, error)

	// InsertPlan commits a new plan. Errors: conflict when the id is taken.
	InsertPlan(ctx context.Context, p Plan, events []posta.Event) error
	Plan(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PlanID) (Plan, error)
	// PlanByToken finds an active plan by its public token.
	PlanByToken(ctx context.Context, token string) (Plan, error)
	// PlanByRef finds a plan by the provider's own id.
	PlanByRef(ctx context.Context, c posta.ConnectionID, ref string) (Plan, error)
	ListPlans(ctx context.Context, f PlanFilter) ([]Plan, error)
	// ChangePlan loads one, nobody else changing it meanwhile, and commits what
	// change makes of it with the events that it returns. Where the amount changed,
	// subscriptions of EngineHub that had the old one get the new one.
	ChangePlan(ctx context.Context, m posta.MerchantID, id posta.PlanID, change func(*Plan) ([]posta.Event, error)) (Plan, error)
	// ClaimPlans takes plans whose DueAt has come and moves it to now+lease.
	ClaimPlans(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Plan, error)

	// InsertSubscription commits a new one with its first invoices, a live one only
	// if the gate of its connection admits a first payment. Errors: conflict when
	// the id is taken, or its provider's id; gate_closed, as payment.Gate.Admit says.
	InsertSubscription(ctx context.Context, r Record) error
	Subscription(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID) (Subscription, error)
	// SubscriptionByToken finds one by the token of its buyer's page.
	SubscriptionByToken(ctx context.Context, token string) (Subscription, error)
	// SubscriptionByName finds one of a connection by the provider's own id or by ours.
	SubscriptionByName(ctx context.Context, c posta.ConnectionID, name string) (Subscription, error)
	// SubscriptionRefs lists the provider's ids of a plan's subscriptions.
	SubscriptionRefs(ctx context.Context, m posta.MerchantID, plan posta.PlanID) ([]string, error)
	// ListSubscriptions lists newest first.
	ListSubscriptions(ctx context.Context, f Filter) ([]Subscription, error)
	// ChangeSubscription loads one with its plan and all its invoices, nobody else
	// changing it meanwhile, and commits what change makes of the subscription and
	// the invoices, with the messages and events. An error of change commits
	// nothing. change may run more than once and must not call the store.
	ChangeSubscription(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID, change func(*Record) error) (Record, error)
	// ClaimSubscriptions takes subscriptions whose DueAt has come and moves it to now+lease.
	ClaimSubscriptions(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Subscription, error)

	Invoice(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.InvoiceID) (Invoice, error)
	// InvoicesOf lists a subscription's, oldest first.
	InvoicesOf(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID) ([]Invoice, error)
	// ListInvoices lists newest first.
	ListInvoices(ctx context.Context, f InvoiceFilter) ([]Invoice, error)
	// OwnedPayments lists the payments of a subscription's invoices, oldest first.
	OwnedPayments(ctx context.Context, m posta.MerchantID, invoices []posta.InvoiceID) ([]payment.Payment, error)
	// TouchPaid makes due at once the subscriptions whose payments had events since
	// the last call, and gives how many events it read.
	TouchPaid(ctx context.Context, now time.Time, limit int) (int, error)

	// MessagesOf lists a subscription's messages, oldest first.
	MessagesOf(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID) ([]Message, error)
	// ClaimDunning takes messages whose DueAt has come and moves it to now+lease.
	ClaimDunning(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Message, error)
	// SaveDunning commits what came of a try, unless somebody else took the message
	// after due. Errors: conflict.
	SaveDunning(ctx context.Context, m Message, due time.Time, events []posta.Event) error
	// SubscriptionEvents lists the events of a subscription and its invoices, oldest first.
	SubscriptionEvents(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID) ([]posta.Event, error)
}

// Record is a subscription with all that changes together with it.
type Record struct {
	Subscription Subscription
	Plan         Plan
	Invoices     []Invoice     // oldest first: changed in place or appended
	Messages     []Message     // added
	Events       []posta.Event // to be committed with the change
}
