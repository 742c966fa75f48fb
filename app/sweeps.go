package app

import (
	"context"
	"time"

	"posta/idempotency"
	"posta/work"
)

// Names of the sweeps, by which they are woken.
const (
	sweepNotifications = "notifications"
	sweepPayments      = "payments"
	sweepRefunds       = "refunds"
	sweepSettlements   = "settlements"
	sweepCloses        = "closes"
	sweepAnswers       = "answers"
	sweepClocks        = "clocks"
	sweepFollowUps     = "follow_ups"
	sweepWaiting       = "waiting"
	sweepMail          = "mail"
	sweepRuns          = "runs"
	sweepQuality       = "quality"
	sweepSwaps         = "swaps"
	sweepChargebacks   = "chargebacks"
	sweepSessions      = "checkout_sessions"
	sweepSessionNews   = "checkout_news"
)

// sweeps are all the work that comes due by itself.
func (a *App) sweeps(answers *idempotency.Service) []work.Sweep {
	return []work.Sweep{
		{Name: sweepNotifications, Run: a.Inbox.Sweep, Every: time.Second, Limit: 256},
		{Name: sweepPayments, Run: a.Payments.SweepPayments, Every: 500 * time.Millisecond, Limit: 32},
		{Name: sweepRefunds, Run: a.Payments.SweepRefunds, Every: time.Second, Limit: 16},
		{Name: sweepSettlements, Run: a.Settlements.SweepSettlements, Every: time.Second, Limit: 16},
		{Name: sweepCloses, Run: a.Settlements.SweepCloses, Every: 10 * time.Second, Limit: 4},
		{Name: sweepClocks, Run: a.Projects.SweepClocks, Every: time.Second, Limit: 8},
		{Name: sweepFollowUps, Run: a.Projects.SweepFollowUps, Every: 10 * time.Second, Limit: 4},
		{Name: sweepWaiting, Run: a.Projects.SweepWaiting, Every: time.Minute, Limit: 1},
		{Name: sweepMail, Run: a.Projects.SweepMail, Every: time.Second, Limit: 4},
		{Name: sweepRuns, Run: a.Homologation.SweepRuns, Every: time.Second, Limit: 4},
		{Name: sweepQuality, Run: a.Quality.SweepQuality, Every: time.Minute, Limit: 4},
		{Name: sweepChargebacks, Run: a.Payments.SweepChargebacks, Every: time.Minute, Limit: 4},
		{Name: sweepSessions, Run: a.Checkout.SweepSessions, Every: 5 * time.Second, Limit: 8},
		{Name: sweepSessionNews, Run: a.Checkout.SweepPaymentNews, Every: time.Second, Limit: 1},
		{Name: sweepSwaps, Every: time.Minute, Run: func(ctx context.Context, _ func(func())) (int, error) { return a.Accounts.SweepSwaps(ctx) }},
		{Name: sweepAnswers, Every: 10 * time.Minute, Run: func(ctx context.Context, _ func(func())) (int, error) {
			return 0, answers.Sweep(ctx)
		}},
	}
}
