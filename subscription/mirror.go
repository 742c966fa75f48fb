package subscription

import (
	"context"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// How long to wait before the provider is asked again.
var (
	// lostSteps follow a lost answer.
	lostSteps = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 12 * time.Hour}
	// pendingSteps wait for the buyer to sign up.
	pendingSteps = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 3 * time.Hour, 24 * time.Hour}
	// lateSteps wait for what should have happened by now.
	lateSteps = []time.Duration{15 * time.Minute, time.Hour, 3 * time.Hour, 12 * time.Hour, 24 * time.Hour}
)

const (
	// patience is how long after its time the provider is asked for a charge: it
	// takes up to an hour (docs/providers/mercadopago-online.md §3.4).
	patience = 15 * time.Minute
	// longestLook is how long the provider is not asked at all: notices may be lost.
	longestLook = 31 * 24 * time.Hour
	// lapse is how long a subscription waits for its buyer.
	lapse = 30 * 24 * time.Hour
)

func step(steps []time.Duration, n int) time.Duration { return steps[min(max(n, 0), len(steps)-1)] }

// mirror asks the provider what became of a subscription that it runs, and takes
// in what it says. It never charges, and never asks for a charge: the provider
// retries by itself, and a retry of ours would come on top.
func (s *Service) mirror(ctx context.Context, sub Subscription) (Subscription, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	connector, err := s.subscriber(ctx, sub.ConnectionID)
	if err != nil {
		return s.unanswered(ctx, sub, err)
	}
	p, err := s.Store.Plan(ctx, sub.MerchantID, sub.Mode, sub.PlanID)
	if err != nil {
		return sub, err
	}
	if sub.Ref == "" && !sub.State.Final() {
		if sub, err = s.seek(ctx, connector, p, sub); err != nil || sub.Ref == "" {
			return sub, err
		}
	}
	if sub.Ref == "" {
		return s.unanswered(ctx, sub, nil)
	}
	if sub.Change != nil {
		if sub, err = s.push(ctx, connector, sub); err != nil {
			return sub, err
		}
	}
	fact, err := connector.Subscription(tag(ctx, sub, "enquiry"), s.wanted(p, sub, nil))
	if err != nil {
		return s.unanswered(ctx, sub, err)
	}
	invoices, err := connector.Invoices(tag(ctx, sub, "enquiry"), sub.Ref)
	if err != nil {
		return s.unanswered(ctx, sub, err)
	}
	w, err := s.around(ctx, sub)
	if err != nil {
		return sub, err
	}
	r, err := s.Store.ChangeSubscription(context.WithoutCancel(ctx), sub.MerchantID, sub.ID, func(r *Record) error {
		touched := !r.Subscription.DueAt.IsZero() && r.Subscription.DueAt.Before(sub.DueAt)
		r.Subscription.Tries++
		s.learn(r, fact)
		s.learnInvoices(r, invoices, w.zone)
		s.finalRule(r, w)
		s.stands(r)
		s.expect(r, w.zone)
		s.dun(r, w)
		if len(r.Events) > 0 {
			r.Subscription.Tries = 0
		}
		if r.Subscription.State == Pending && r.Subscription.Change == nil && s.Clock.Now().Sub(sub.CreatedAt) > lapse {
			s.want(r, Change{State: Canceled, Reason: ReasonLapsed})
		}
		if r.Subscription.DueAt = s.nextLook(*r); touched {
			r.Subscription.DueAt = s.Clock.Now()
		}
		return nil
	})
	if err != nil {
		return sub, err
	}
	if len(r.Events) > 0 {
		s.Committed()
	}
	return s.adopt(ctx, connector, p, r)
}

// learn takes in what the provider says of a subscription, unless it is older
// than what is known.
func (s *Service) learn(r *Record, f provider.SubscriptionFact) {
	sub := &r.Subscription
	older := f.At.Before(sub.FactAt)
	if f.Version > 0 && sub.Version > 0 {
		older = f.Version < sub.Version || f.Version == sub.Version && older
	}
	if older {
		return
	}
	before := *sub
	sub.Version, sub.FactAt, sub.NextAt = max(f.Version, sub.Version), f.At, f.NextAt
	for _, told := range []struct {
		to   *string
		text string
	}{{&sub.Ref, f.Ref}, {&sub.URL, f.URL}, {&sub.Method, f.Method}, {&sub.CardRef, f.Card}, {&sub.Health, f.Health}} {
		if told.text != "" {
			*told.to = told.text
		}
	}
	if f.Amount.Amount > 0 && f.Amount.Currency == sub.Amount.Currency {
		sub.Amount = f.Amount
	}
	switch f.Status {
	case provider.SubscriptionActive:
		if !sub.State.Running() {
			s.stand(r, r.standing(), "")
		}
	case provider.SubscriptionPaused:
		if sub.State != Paused {
			s.end(r, Paused, ReasonProvider, "")
		}
	case provider.SubscriptionCanceled:
		sub.NextAt = time.Time{}
		if !sub.State.Final() {
			s.end(r, Canceled, ReasonProvider, "")
		}
	}
	if sub.State == before.State && (sub.Amount != before.Amount || sub.CardRef != before.CardRef && before.CardRef != "") {
		sub.UpdatedAt = s.Clock.Now()
		r.tell(s, "", "subscription.changed")
	}
}

// learnInvoices takes in the periods that the provider charges. One that we
// expected is the one it then tells of.
func (s *Service) learnInvoices(r *Record, facts []provider.InvoiceFact, zone *time.Location) {
	for _, f := range facts {
		i := r.find(func(i Invoice) bool { return i.Ref == f.Ref })
		if i == nil {
			if i = r.find(func(i Invoice) bool { return i.Ref == "" && i.State == Scheduled }); i == nil {
				i = r.add(s, Scheduled, r.Subscription.Amount, f.DueAt, after(f.DueAt, r.Plan.Period, 1, zone))
			}
			i.Ref, i.OpenedAt = f.Ref, s.Clock.Now()
			i.DueAt, i.PeriodFrom, i.PeriodTo = f.DueAt, f.DueAt, after(f.DueAt, r.Plan.Period, 1, zone)
			s.plan(r, i)
		}
		s.learnInvoice(r, i, f)
	}
	r.Subscription.Strikes = 0
	for _, i := range r.Invoices {
		if i.State == Unpaid {
			r.Subscription.Strikes++
		}
	}
}

func (s *Service) learnInvoice(r *Record, i *Invoice, f provider.InvoiceFact) {
	if f.Amount.Amount > 0 && f.Amount.Currency == i.Amount.Currency {
		i.Amount = f.Amount
	}
	if i.Tried = max(i.Tried, f.Attempts); f.Payment != "" && (len(i.Attempts) == 0 || i.Attempts[len(i.Attempts)-1].Ref != f.Payment) {
		i.Attempts, i.UpdatedAt = append(i.Attempts, Attempt{Number: max(f.Attempts, len(i.Attempts)+1), At: f.At, Ref: f.Payment}), s.Clock.Now()
	}
	if n := len(i.Attempts); n > 0 && i.Attempts[n-1].Ref == f.Payment {
		last := &i.Attempts[n-1]
		switch {
		case f.Paid:
			last.State, last.Detail = payment.Paid, ""
		case f.Status == provider.InvoiceRetrying || f.Status == provider.InvoiceProcessed:
			last.State, last.Detail = payment.Rejected, f.Detail
		default:
			last.State, last.Detail = payment.Pending, f.Detail
		}
	}
	if !f.Paid {
		i.Detail = f.Detail
	}
	switch {
	case f.Status == provider.InvoiceProcessed && f.Paid:
		if i.State != Paid {
			i.PaidAt, i.Detail = f.At, ""
		}
		s.move(r, i, Paid)
	case i.State == Paid: // money came; what became of it the payment tells
	case f.Status == provider.InvoiceProcessed && f.Payment != "":
		s.move(r, i, Unpaid)
	case f.Status == provider.InvoiceRetrying:
		s.move(r, i, Retrying)
	case f.Status == provider.InvoiceCanceled:
		s.move(r, i, Void)
	case i.State == Scheduled && !f.DueAt.After(s.Clock.Now()):
		s.move(r, i, Open)
	}
	i.NextTry = f.NextAt
	if i.State.Asked() && i.State == Open {
		i.NextTry = time.Time{}
	}
}

// stands brings the state of a subscription in line with its periods, and ends
// one that has had them all.
func (s *Service) stands(r *Record) {
	sub := &r.Subscription
	waits := r.find(func(i Invoice) bool { return i.State.Asked() || i.State == Scheduled && i.Ref != "" })
	full := r.Plan.Repetitions > 0 && r.billed() >= r.Plan.Repetitions && waits == nil &&
		r.find(func(i Invoice) bool { return i.State == Scheduled }) == nil
	switch {
	case full && (sub.State.Running() || sub.State == Canceled && sub.Reason == ReasonProvider):
		sub.NextAt, sub.Reason, sub.EndedAt = time.Time{}, ReasonNone, s.Clock.Now()
		s.stand(r, Ended, "")
	case sub.State.Running():
		s.stand(r, r.standing(), "")
	}
}

// expect keeps one period ahead as scheduled, so that it can be announced, at the
// time that the provider tells.
func (s *Service) expect(r *Record, zone *time.Location) {
	sub := r.Subscription
	ahead := r.find(func(i Invoice) bool { return i.Ref == "" && i.State == Scheduled })
	wanted := sub.State.Running() && !sub.NextAt.IsZero() && r.find(func(i Invoice) bool { return i.Ref != "" && !i.DueAt.Before(sub.NextAt) }) == nil
	switch {
	case !wanted && ahead != nil:
		s.move(r, ahead, Void)
	case wanted && ahead == nil && (r.Plan.Repetitions == 0 || r.billed() < r.Plan.Repetitions):
		s.plan(r, r.add(s, Scheduled, sub.Amount, sub.NextAt, after(sub.NextAt, r.Plan.Period, 1, zone)))
	case wanted && ahead != nil && !ahead.DueAt.Equal(sub.NextAt):
		far := ahead.DueAt.Sub(sub.NextAt).Abs() > 24*time.Hour
		ahead.DueAt, ahead.PeriodFrom, ahead.PeriodTo = sub.NextAt, sub.NextAt, after(sub.NextAt, r.Plan.Period, 1, zone)
		if far {
			ahead.Stepped = 0
		}
		s.plan(r, ahead)
	}
	if ahead != nil && ahead.State == Scheduled {
		ahead.Amount = sub.Amount
	}
	// A period ends where the next begins: the provider alone knows its anchor.
	for n := range len(r.Invoices) - 1 {
		if next := r.Invoices[n+1].PeriodFrom; next.After(r.Invoices[n].PeriodFrom) {
			r.Invoices[n].PeriodTo = next
		}
	}
}

// nextLook is when to ask the provider again, zero for never.
func (s *Service) nextLook(r Record) time.Time {
	sub, now := r.Subscription, s.Clock.Now()
	var steps time.Time
	for _, i := range r.Invoices {
		steps = soonest(steps, i.StepAt, i.FinalAt)
	}
	expected := sub.NextAt
	if !sub.State.Running() {
		expected = time.Time{}
	}
	for _, i := range r.Invoices {
		if i.State == Open {
			expected = soonest(expected, i.DueAt)
		}
		if i.State == Retrying {
			expected = soonest(expected, i.NextTry)
		}
	}
	switch {
	case sub.State.Final() && sub.Tries >= 2:
		return time.Time{}
	case sub.State.Final():
		return now.Add(24 * time.Hour)
	case sub.Change != nil:
		return now.Add(step(lostSteps, sub.Tries))
	case sub.State == Pending:
		return now.Add(step(pendingSteps, sub.Tries))
	case expected.IsZero():
		return soonest(steps, now.Add(longestLook))
	case expected.Add(patience).After(now):
		return soonest(steps, expected.Add(patience), now.Add(longestLook))
	}
	return soonest(steps, now.Add(step(lateSteps, sub.Tries)))
}

// unanswered counts a look that brought nothing, and plans the next. A
// subscription that nobody signed up for lapses.
func (s *Service) unanswered(ctx context.Context, sub Subscription, cause error) (Subscription, error) {
	r, err := s.Store.ChangeSubscription(context.WithoutCancel(ctx), sub.MerchantID, sub.ID, func(r *Record) error {
		now := s.Clock.Now()
		r.Subscription.Tries++
		if r.Subscription.State == Pending && r.Subscription.Ref == "" && cause == nil && now.Sub(sub.CreatedAt) > lapse {
			s.end(r, Canceled, ReasonLapsed, "")
		}
		r.Subscription.DueAt = s.nextLook(*r)
		if cause != nil && !r.Subscription.State.Final() {
			r.Subscription.DueAt = now.Add(step(lostSteps, r.Subscription.Tries))
		}
		return nil
	})
	if err != nil {
		return sub, err
	}
	if len(r.Events) > 0 {
		s.Committed()
	}
	return r.Subscription, cause
}

// adopt makes payments of ours of what the provider charged: the same payments,
// the same states, the same story. It is safe to repeat, and what could not be
// done now is due again soon.
func (s *Service) adopt(ctx context.Context, connector provider.Subscriber, p Plan, r Record) (Subscription, error) {
	made := map[posta.InvoiceID]posta.PaymentID{}
	var failed error
	for _, i := range r.Invoices {
		if i.State != Paid || i.Payment != "" || len(i.Attempts) == 0 {
			continue
		}
		attempt := i.Attempts[len(i.Attempts)-1].Ref
		paid, err := s.charged(ctx, connector, p, r.Subscription, i, attempt)
		if err != nil {
			failed = err
			continue
		}
		made[i.ID] = paid.ID
	}
	if len(made) == 0 && failed == nil {
		return r.Subscription, nil
	}
	r, err := s.Store.ChangeSubscription(context.WithoutCancel(ctx), r.Subscription.MerchantID, r.Subscription.ID, func(r *Record) error {
		for i := range r.Invoices {
			if id := made[r.Invoices[i].ID]; id != "" && r.Invoices[i].Payment == "" {
				invoice := &r.Invoices[i]
				invoice.Payment, invoice.Attempts[len(invoice.Attempts)-1].Payment = id, id
			}
		}
		if failed != nil {
			r.Subscription.Tries++
			r.Subscription.DueAt = s.Clock.Now().Add(step(lostSteps, r.Subscription.Tries))
		}
		return nil
	})
	if err != nil {
		return r.Subscription, err
	}
	return r.Subscription, failed
}

// charged is the payment of ours that stands for one of the provider's.
func (s *Service) charged(ctx context.Context, connector provider.Subscriber, p Plan, sub Subscription, i Invoice, attempt string) (payment.Payment, error) {
	seen, err := connector.Charged(tag(ctx, sub, "enquiry"), attempt)
	if err != nil {
		return payment.Payment{}, err
	}
	return s.Payments.Adopt(ctx, payment.Adoption{MerchantID: i.MerchantID, Mode: i.Mode, ConnectionID: i.ConnectionID, Attempt: attempt, Owner: string(i.ID),
		Amount: i.Amount, Description: p.Name, Reference: sub.Reference, Buyer: sub.Buyer, Subscription: sub.Ref, At: i.DueAt, Observation: seen})
}
