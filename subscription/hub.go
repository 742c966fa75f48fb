package subscription

import (
	"context"
	"slices"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// accreditation is how long after its end a voucher that is still open may have
// been paid: cash takes one or two working days (docs/providers/mercadopago-online.md §2.3).
// Only then is it taken back.
const accreditation = 3 * 24 * time.Hour

// chore is what is to be done outside of a commit.
type chore struct {
	invoice Invoice
	attempt Attempt
	cancel  bool // take its voucher back; else make it
}

// maxRounds is how often one handling looks again at what it did itself.
const maxRounds = 6

// bill takes a subscription that the hub charges as far as it can be taken now:
// what its vouchers became, the next try, the next period. Each step is committed
// before anybody is asked, so that it is taken once however often this is repeated.
func (s *Service) bill(ctx context.Context, sub Subscription) (Subscription, error) {
	w, err := s.around(ctx, sub)
	if err != nil {
		return sub, err
	}
	for round := range maxRounds {
		invoices, err := s.Store.InvoicesOf(ctx, sub.MerchantID, sub.ID)
		if err != nil {
			return sub, err
		}
		payments, err := s.vouchers(ctx, sub, invoices)
		if err != nil {
			return sub, err
		}
		var chores []chore
		r, err := s.Store.ChangeSubscription(ctx, sub.MerchantID, sub.ID, func(r *Record) error {
			touched := !r.Subscription.DueAt.IsZero() && r.Subscription.DueAt.Before(sub.DueAt)
			chores = s.settle(r, payments, w)
			s.forgive(r, w.zone)
			s.openNext(r, w.zone)
			s.finalRule(r, w)
			s.stands(r)
			s.dun(r, w)
			chores = append(chores, s.unmade(r, payments)...)
			if r.Subscription.DueAt = s.nextStep(*r, len(chores) > 0); touched {
				r.Subscription.DueAt = s.Clock.Now()
			}
			return nil
		})
		if err != nil {
			return sub, err
		}
		if sub = r.Subscription; len(r.Events) > 0 {
			s.Committed()
		}
		if len(chores) == 0 {
			return sub, nil
		}
		if round > 0 { // what could not be taken back at once is tried again later
			chores = slices.DeleteFunc(chores, func(c chore) bool { return c.cancel })
		}
		for _, c := range chores {
			err := s.do(ctx, r, c, w)
			if posta.ErrorCode(err) == posta.CodeGateClosed {
				return s.held(ctx, sub)
			}
			if err != nil {
				return sub, err
			}
		}
	}
	return sub, nil
}

// held waits with a voucher while the gate of a live connection is closed.
func (s *Service) held(ctx context.Context, sub Subscription) (Subscription, error) {
	r, err := s.Store.ChangeSubscription(ctx, sub.MerchantID, sub.ID, func(r *Record) error {
		r.Subscription.DueAt = s.Clock.Now().Add(time.Hour)
		return nil
	})
	return r.Subscription, err
}

// vouchers are the payments of the invoices that still matter: those that are not
// paid, and the last few that are, of which a second voucher may be paid.
func (s *Service) vouchers(ctx context.Context, sub Subscription, invoices []Invoice) ([]payment.Payment, error) {
	var ids []posta.InvoiceID
	for n, i := range invoices {
		if len(i.Attempts) > 0 && (i.State != Paid || n >= len(invoices)-4 || i.Attention != AttentionNone) {
			ids = append(ids, i.ID)
		}
	}
	return s.Store.OwnedPayments(ctx, sub.MerchantID, ids)
}

// settle takes in what the vouchers became, and decides invoices and next tries.
// It gives the vouchers that are to be taken back.
func (s *Service) settle(r *Record, payments []payment.Payment, w around) (chores []chore) {
	for n := range r.Invoices {
		i := &r.Invoices[n]
		var paid []payment.Payment
		for a := range i.Attempts {
			at := slices.IndexFunc(payments, func(p payment.Payment) bool { return p.ID == i.Attempts[a].Payment })
			if at < 0 {
				continue
			}
			p := payments[at]
			if i.Attempts[a].State != p.State || i.Attempts[a].Detail != p.LastDetail {
				i.Attempts[a].State, i.Attempts[a].Detail = p.State, p.LastDetail
			}
			if p.State.Moneyed() {
				paid = append(paid, p)
			}
			if p.State == payment.Pending && !i.Attempts[a].Told && i.State.Asked() {
				i.Attempts[a].Told = true
				s.write(r, *i, KindVoucher, i.Attempts[a].Number, w)
			}
		}
		s.settlePaid(r, i, paid)
		if len(paid) == 0 && i.State.Asked() {
			s.settleTry(r, i)
		}
		for _, a := range i.Attempts {
			late := i.State.Asked() && s.Clock.Now().After(a.DueAt.Add(accreditation))
			if a.State.Open() && (late || !i.State.Asked()) {
				chores = append(chores, chore{*i, a, true})
			}
		}
	}
	return chores
}

// settlePaid makes an invoice paid by the first of its vouchers that was, and has
// somebody look where there are two.
func (s *Service) settlePaid(r *Record, i *Invoice, paid []payment.Payment) {
	if len(paid) == 0 {
		return
	}
	kept := 0
	for _, p := range paid {
		if p.State != payment.Refunded && p.State != payment.ChargedBack {
			kept++
		}
	}
	was := i.State
	if was != Paid {
		first := paid[0]
		i.Payment, i.PaidAt, i.Detail = first.ID, first.PaidAt, ""
		if i.PaidAt.IsZero() {
			i.PaidAt = s.Clock.Now()
		}
		s.move(r, i, Paid)
	}
	before := i.Attention
	switch {
	case kept > 1:
		i.Attention = AttentionTwice
	case was == Void && kept > 0:
		i.Attention = AttentionLate
	case before == AttentionTwice, kept == 0:
		i.Attention = AttentionNone
	}
	if i.Attention != before && i.Attention != AttentionNone {
		r.tellInvoice(s, *i, "attention")
	}
}

// settleTry decides what follows a try that brought nothing: the next one at its
// end, or none. A voucher that the provider refused is refused again: it is not retried.
func (s *Service) settleTry(r *Record, i *Invoice) {
	last, now := i.Attempts[len(i.Attempts)-1], s.Clock.Now()
	refused := last.State == payment.Failed || last.State == payment.Rejected
	switch {
	case last.State == "" && last.Detail == "" || last.State.Open():
		return
	case last.State == "": // our own rules refused it, see do
		refused = true
	}
	i.Detail = last.Detail
	if refused || i.Tried >= r.Plan.Attempts.Most {
		if !refused && now.Before(last.DueAt) {
			return // taken back before its time: it is given up then
		}
		s.move(r, i, Unpaid)
		return
	}
	if now.Before(last.DueAt) {
		i.NextTry = last.DueAt
		return
	}
	s.move(r, i, Retrying)
	s.try(r, i)
}

// try adds a try to an invoice: a voucher that can be paid for the plan's days.
func (s *Service) try(r *Record, i *Invoice) {
	now := s.Clock.Now()
	i.Tried++
	i.Attempts = append(i.Attempts, Attempt{Number: i.Tried, At: now, DueAt: now.AddDate(0, 0, r.Plan.Attempts.Days),
		Payment: derive[posta.PaymentID](now, string(i.ID), "try", posta.FormatDecimal(int64(i.Tried), 0))})
	i.NextTry, i.UpdatedAt = time.Time{}, now
	if i.Tried < r.Plan.Attempts.Most {
		i.NextTry = i.Attempts[len(i.Attempts)-1].DueAt
	}
}

// schedule adds the period that follows, unless there are no more.
func (s *Service) schedule(r *Record, zone *time.Location) {
	sub, n := &r.Subscription, len(r.Invoices)+1
	sub.NextAt = time.Time{}
	if r.Plan.Repetitions > 0 && r.billed() >= r.Plan.Repetitions {
		return
	}
	from, to := r.Plan.period(sub.StartAt, n, zone)
	r.add(s, Scheduled, r.Plan.price(sub.Amount, sub.StartAt, n, zone), from, to)
	sub.NextAt = from
}

// openNext opens the period whose time has come. There is one voucher of a
// subscription at a time: after an outage the periods that were missed are opened
// one after another, each when the one before is decided.
func (s *Service) openNext(r *Record, zone *time.Location) {
	sub, now := &r.Subscription, s.Clock.Now()
	next := r.find(func(i Invoice) bool { return i.State == Scheduled })
	if !sub.State.Running() || next == nil || next.PeriodFrom.After(now) || r.find(func(i Invoice) bool { return i.State.Asked() }) != nil {
		return
	}
	next.Amount = r.Plan.price(sub.Amount, sub.StartAt, next.Sequence, zone)
	next.OpenedAt = now
	s.try(r, next)
	next.DueAt = next.Attempts[0].DueAt
	s.plan(r, next)
	s.move(r, next, Open)
	next.NextTry = time.Time{}
	s.schedule(r, zone)
}

// skip makes void the periods that began while nothing was charged.
func (s *Service) skip(r *Record, zone *time.Location) {
	for {
		next := r.find(func(i Invoice) bool { return i.State == Scheduled })
		if next == nil {
			return
		}
		if next.PeriodFrom.After(s.Clock.Now()) {
			r.Subscription.NextAt = next.PeriodFrom
			return
		}
		s.move(r, next, Void)
		s.schedule(r, zone)
	}
}

// finalRule does what the plan says of an invoice that stayed unpaid.
func (s *Service) finalRule(r *Record, w around) {
	for n := range r.Invoices {
		i := &r.Invoices[n]
		if i.FinalAt.IsZero() || i.FinalAt.After(s.Clock.Now()) {
			continue
		}
		i.FinalAt = time.Time{}
		to := map[FinalRule]State{FinalPause: Paused, FinalCancel: Canceled}[r.Plan.Dunning.Final]
		if i.State != Unpaid || to == "" || !r.Subscription.State.Running() {
			continue
		}
		kind := map[State]Kind{Paused: KindPaused, Canceled: KindCanceled}[to]
		s.write(r, *i, kind, 0, w)
		if r.Subscription.Engine == EngineProvider {
			if r.Subscription.Change == nil {
				s.want(r, Change{State: to, Reason: ReasonDunning})
			}
			continue
		}
		s.end(r, to, ReasonDunning, "")
	}
}

// forgive goes on with a subscription that was paused for an invoice which was
// paid after all.
func (s *Service) forgive(r *Record, zone *time.Location) {
	sub := r.Subscription
	if sub.State == Paused && sub.Reason == ReasonDunning && r.standing() == Active {
		s.skip(r, zone)
		s.stand(r, Active, "")
	}
}

// unmade are the tries whose voucher is not made yet.
func (s *Service) unmade(r *Record, payments []payment.Payment) (chores []chore) {
	for _, i := range r.Invoices {
		if !i.State.Asked() {
			continue
		}
		last := i.Attempts[len(i.Attempts)-1]
		known := slices.ContainsFunc(payments, func(p payment.Payment) bool { return p.ID == last.Payment })
		if last.State == "" && last.Detail == "" && !known {
			chores = append(chores, chore{i, last, false})
		}
	}
	return chores
}

// do makes a voucher or takes it back. What is refused by our own rules is noted
// as the try's end; anything else is tried again.
func (s *Service) do(ctx context.Context, r Record, c chore, w around) error {
	sub := r.Subscription
	if c.cancel {
		_, err := s.Payments.Cancel(ctx, sub.MerchantID, sub.Mode, c.attempt.Payment, "")
		if posta.ErrorCode(err) == posta.CodeState {
			return nil // it has ended meanwhile
		}
		return err
	}
	_, err := s.Payments.Create(ctx, s.voucher(r, c, w))
	if posta.ErrorCode(err) != posta.CodeInvalid && posta.ErrorCode(err) != posta.CodeProviderRejected {
		return err
	}
	_, saveErr := s.Store.ChangeSubscription(ctx, sub.MerchantID, sub.ID, func(r *Record) error {
		i := r.find(func(i Invoice) bool { return i.ID == c.invoice.ID })
		if at := &i.Attempts[len(i.Attempts)-1]; at.Payment == c.attempt.Payment && at.State == "" {
			at.Detail = codeOf(err)
		}
		return nil
	})
	return saveErr
}

// voucher is what the payment of a try asks for.
func (s *Service) voucher(r Record, c chore, w around) payment.Input {
	sub, now := r.Subscription, s.Clock.Now()
	in := payment.Input{ID: c.attempt.Payment, MerchantID: sub.MerchantID, Mode: sub.Mode, ConnectionID: sub.ConnectionID, Amount: c.invoice.Amount,
		Rail: provider.RailOnline, Reference: sub.Reference, Description: r.Plan.Name, Owner: string(c.invoice.ID), By: "subscription",
		ExpiresIn: max(c.attempt.DueAt.Sub(now), time.Hour),
		Online:    &provider.Online{Flow: provider.FlowDirect, Method: sub.Method, Buyer: sub.Buyer, Subscription: string(sub.ID), Return: s.BuyerPage(sub)}}
	method, _ := posta.FindMethod(w.country, sub.Method)
	if v := method.Validity; v.Longest > 0 {
		in.ExpiresIn = min(max(in.ExpiresIn, v.Shortest+time.Minute), v.Longest)
		in.Online.VoucherTo = now.Add(in.ExpiresIn)
	}
	return in
}

// nextStep is when a subscription of the hub's is looked at again without an
// event; zero for never.
func (s *Service) nextStep(r Record, busy bool) time.Time {
	sub, now := r.Subscription, s.Clock.Now()
	var next time.Time
	if busy {
		next = now.Add(lease)
	}
	for _, i := range r.Invoices {
		next = soonest(next, i.StepAt, i.FinalAt)
		for _, a := range i.Attempts {
			// Another replica may be making it, or it could not be taken back yet.
			young := a.State == "" && a.Detail == "" && now.Sub(a.At) < 24*time.Hour
			if !i.State.Asked() && (young || a.State.Open()) {
				next = soonest(next, now.Add(lease))
			}
		}
		if i.State.Asked() {
			switch last := i.Attempts[len(i.Attempts)-1]; {
			case !last.Told:
				next = soonest(next, now.Add(lease)) // the provider's answer is awaited
			case last.DueAt.After(now):
				next = soonest(next, last.DueAt.Add(time.Minute))
			default:
				next = soonest(next, now.Add(time.Hour)) // its end is the provider's word, and comes as an event
			}
		}
	}
	if sub.State.Running() && r.find(func(i Invoice) bool { return i.State.Asked() }) == nil {
		next = soonest(next, sub.NextAt)
	}
	return next
}
