package subscription

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"posta"
)

// derive makes the identifier that a moment and texts always give, so that a
// repeat finds what the first one made.
func derive[T posta.ID](at time.Time, texts ...string) T {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return posta.IDFrom[T](ulid.MustNew(ulid.Timestamp(at), bytes.NewReader(sum[:])).String())
}

// tell adds an event of the subscription as it is now.
func (r *Record) tell(s *Service, by, kind string) {
	now, sub := s.Clock.Now(), r.Subscription
	r.Events = append(r.Events, posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: sub.MerchantID, Mode: sub.Mode, Type: kind,
		Subject: string(sub.ID), Actor: by, Data: mustJSON(sub.View(now)), CreatedAt: now})
}

// tellInvoice adds an event of an invoice as it is now.
func (r *Record) tellInvoice(s *Service, i Invoice, kind string) {
	now := s.Clock.Now()
	r.Events = append(r.Events, posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: i.MerchantID, Mode: i.Mode, Type: "invoice." + kind,
		Subject: string(i.ID), Data: mustJSON(i.View()), CreatedAt: now})
}

// add appends an invoice of the next sequence.
func (r *Record) add(s *Service, state InvoiceState, amount posta.Money, from, to time.Time) *Invoice {
	sub, now, n := r.Subscription, s.Clock.Now(), len(r.Invoices)+1
	r.Invoices = append(r.Invoices, Invoice{ID: derive[posta.InvoiceID](from, string(sub.ID), "period", posta.FormatDecimal(int64(n), 0)), MerchantID: sub.MerchantID,
		Mode: sub.Mode, SubscriptionID: sub.ID, ConnectionID: sub.ConnectionID, Sequence: n, State: state, Amount: amount, PeriodFrom: from, PeriodTo: to,
		DueAt: from, CreatedAt: now, UpdatedAt: now})
	return &r.Invoices[n-1]
}

// find gives the last invoice of which a thing is true, nil if there is none.
func (r *Record) find(is func(Invoice) bool) *Invoice {
	for i := range slices.Backward(r.Invoices) {
		if is(r.Invoices[i]) {
			return &r.Invoices[i]
		}
	}
	return nil
}

// move brings an invoice into a state and tells of it.
func (s *Service) move(r *Record, i *Invoice, to InvoiceState) {
	if i.State == to {
		return
	}
	now := s.Clock.Now()
	i.State, i.UpdatedAt, i.NextTry = to, now, time.Time{}
	switch to {
	case Paid:
		i.FinalAt, i.StepAt = time.Time{}, time.Time{}
		if i.EndedAt.IsZero() {
			i.EndedAt = now
		}
	case Unpaid:
		i.EndedAt, i.FinalAt = now, now.AddDate(0, 0, r.Plan.Dunning.GraceDays)
	case Void:
		i.EndedAt, i.FinalAt, i.StepAt = now, time.Time{}, time.Time{}
	}
	r.tellInvoice(s, *i, string(to))
}

// end takes a subscription out of charging: paused, or for good. What is open is
// void, what is scheduled too unless it goes on later.
func (s *Service) end(r *Record, to State, why Reason, by string) {
	for i := range r.Invoices {
		if invoice := &r.Invoices[i]; invoice.State.Asked() && r.Subscription.Engine == EngineHub || invoice.State == Scheduled && to.Final() {
			s.move(r, invoice, Void)
		}
	}
	sub := &r.Subscription
	sub.Reason = why
	if to.Final() {
		sub.EndedAt = s.Clock.Now()
	}
	if to.Final() || sub.Engine == EngineHub {
		sub.NextAt = time.Time{}
	}
	s.stand(r, to, by)
}

// stand brings a subscription into a state and tells of it.
func (s *Service) stand(r *Record, to State, by string) {
	sub := &r.Subscription
	if sub.State == to {
		return
	}
	sub.State, sub.UpdatedAt = to, s.Clock.Now()
	if to.Running() {
		sub.Reason = ReasonNone
	}
	r.tell(s, by, "subscription."+string(to))
}

// standing is the state of a subscription that is charged: by its newest period
// that was decided, or failed once.
func (r *Record) standing() State {
	newest := r.find(func(i Invoice) bool { return i.State == Retrying || i.State == Unpaid || i.State == Paid })
	if newest != nil && newest.State != Paid {
		return PastDue
	}
	return Active
}

// billed counts the periods that are charged, or will be.
func (r *Record) billed() int {
	n := 0
	for _, i := range r.Invoices {
		if i.State != Void {
			n++
		}
	}
	return n
}

// soonest gives the earliest of times, zero ones left out.
func soonest(times ...time.Time) (first time.Time) {
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
