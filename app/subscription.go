package app

import (
	"context"
	"time"

	"posta"
	"posta/inbox"
	"posta/page"
	"posta/provider"
	"posta/subscription"
	"posta/text"
	"posta/work"
)

// Names of the sweeps of subscriptions.
const (
	sweepPlans         = "plans"
	sweepSubscriptions = "subscriptions"
	sweepPaid          = "subscriptions_paid"
	sweepDunning       = "dunning"
)

// newSubscriptions wires plans and subscriptions.
func (a *App) newSubscriptions(catalog *text.Catalog) *subscription.Service {
	s := &subscription.Service{Store: a.Store, Open: a.Accounts.Open, Payments: a.Payments, Clock: a.config.Clock, Log: a.config.Log, Committed: a.Hub.Wake,
		MailFrom: a.config.MailFrom, URL: a.URL,
		Say: func(language, key string, args ...any) string { return catalog.Localizer(language).T(key, args...) },
		Amount: func(language string, m posta.Money) string {
			return page.MoneyWithCode(m.Amount, string(m.Currency), language)
		}}
	if a.Mail != nil { // a nil *mail.Sender in the interface would not be nil
		s.Mail = a.Mail
	}
	return s
}

// recurring are the sweeps of plans and subscriptions.
func (a *App) recurring() []work.Sweep {
	return []work.Sweep{
		{Name: sweepPlans, Run: a.Subscriptions.SweepPlans, Every: 5 * time.Second, Limit: 4},
		{Name: sweepSubscriptions, Run: a.Subscriptions.SweepSubscriptions, Every: time.Second, Limit: 16},
		{Name: sweepPaid, Run: a.Subscriptions.SweepPaid, Every: time.Second, Limit: 1},
		{Name: sweepDunning, Run: a.Subscriptions.SweepMail, Every: time.Second, Limit: 4},
	}
}

// subscribed handles notices of what the provider runs by itself.
func (a *App) subscribed(ctx context.Context, c posta.ConnectionID, n provider.Notice) (inbox.Handling, error) {
	ours, err := a.Subscriptions.TakeNotice(ctx, c, n)
	return inbox.Handling{Ours: ours, New: ours}, err
}

// paying handles notices of payments: of ours, or of those that the provider
// charged for a subscription.
func (a *App) paying(ctx context.Context, c posta.ConnectionID, n provider.Notice) (inbox.Handling, error) {
	outcome, err := a.Payments.TakeNotice(ctx, c, n)
	if err == nil && outcome.Payment.ID == "" && n.Topic == "payment" {
		return a.subscribed(ctx, c, n)
	}
	return inbox.Handling{Payment: outcome.Payment.ID, Changed: outcome.Payment.ID != "" && outcome.Changed(),
		New: outcome.New, Open: outcome.Payment.State.Open()}, err
}
