package app

import (
	"context"
	"time"

	"posta/idempotency"
	"posta/inbox"
	"posta/payment"
	"posta/project"
	"posta/settlement"
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
)

// sweeps are all the work that comes due by itself.
func sweeps(box *inbox.Service, payments *payment.Service, settlements *settlement.Service, projects *project.Service, answers *idempotency.Service) []work.Sweep {
	return []work.Sweep{
		{Name: sweepNotifications, Run: box.Sweep, Every: time.Second, Limit: 256},
		{Name: sweepPayments, Run: payments.SweepPayments, Every: 500 * time.Millisecond, Limit: 32},
		{Name: sweepRefunds, Run: payments.SweepRefunds, Every: time.Second, Limit: 16},
		{Name: sweepSettlements, Run: settlements.SweepSettlements, Every: time.Second, Limit: 16},
		{Name: sweepCloses, Run: settlements.SweepCloses, Every: 10 * time.Second, Limit: 4},
		{Name: sweepClocks, Run: projects.SweepClocks, Every: time.Second, Limit: 8},
		{Name: sweepFollowUps, Run: projects.SweepFollowUps, Every: 10 * time.Second, Limit: 4},
		{Name: sweepWaiting, Run: projects.SweepWaiting, Every: time.Minute, Limit: 1},
		{Name: sweepMail, Run: projects.SweepMail, Every: time.Second, Limit: 4},
		{Name: sweepAnswers, Every: 10 * time.Minute, Run: func(ctx context.Context, _ func(func())) (int, error) {
			return 0, answers.Sweep(ctx)
		}},
	}
}
