package mercadopago

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"
)

// What the charging engine keeps to (docs/providers/mercadopago-online.md §3.4).
const (
	// firstChargeDelay is from the sign-up to the first instalment, and how long
	// before its charge an invoice is there.
	firstChargeDelay = time.Hour
	// recyclingWindow is how long a declined instalment is tried again.
	recyclingWindow = 10 * 24 * time.Hour
	usualAttempts   = 4
	usualStrikes    = 3
)

// authorize begins a subscription that has its means of payment: from its
// start or from now, after the trial, on its billing day.
func (s *Simulator) authorize(v *subscription, now time.Time) {
	v.Status = authorized
	begin := now
	if v.Terms.Start.After(now) {
		begin = v.Terms.Start
	}
	switch free := v.Terms.Trial; {
	case free != nil:
		begin = later(begin, free.Frequency, free.FrequencyType)
	case begin.Equal(now) && !s.switches.FirstChargeAtOnce:
		begin = begin.Add(firstChargeDelay)
	}
	v.Anchor = begin
	if v.Terms.BillingDay != 0 {
		v.Anchor = billingDate(begin, v.Terms.BillingDay)
		if v.Terms.Proportional && !v.Anchor.Equal(begin) {
			v.Lead, v.LeadAmount = begin, proportion(s.accounts[v.UserID].site(), v.Terms.Amount, begin, v.Anchor)
		}
	}
	v.Period = 0
	v.Next = v.dueAt(0)
}

// proportion is what the days until the billing day cost, of a month of 30.
func proportion(t site, amount int64, from, to time.Time) int64 {
	days := min(30, int64((to.Sub(from)+12*time.Hour)/(24*time.Hour)))
	part := (amount*days*2 + 30) / 60
	if t.Exponent > t.Decimals { // whole units only
		part = (part + 50) / 100 * 100
	}
	return max(1, part)
}

// dueAt is when the n-th instalment is charged, from 0.
func (v *subscription) dueAt(n int) time.Time {
	if !v.Lead.IsZero() {
		if n == 0 {
			return v.Lead
		}
		n--
	}
	return later(v.Anchor, n*v.Terms.Frequency, v.Terms.FrequencyType)
}

// due is when something happens to the subscription next, zero is never.
func (v *subscription) due() (at time.Time) {
	if v.Status != authorized && v.Status != paused {
		return at
	}
	sooner := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if v.Status == authorized && v.Scheduled == 0 && !v.Next.IsZero() {
		sooner(v.Next.Add(-firstChargeDelay))
	}
	sooner(v.Next)
	sooner(v.Terms.End)
	for _, o := range v.Open {
		sooner(o.At)
	}
	return at
}

// advanceSubscriptions does all that is due by now, each thing at its time, in
// the order of time.
func (s *Simulator) advanceSubscriptions(now time.Time) {
	for {
		d, ok := s.dues.first()
		if !ok || d.at.After(now) {
			return
		}
		s.dues.take()
		if v := s.subscriptions[d.id]; v.due().Equal(d.at) {
			s.advance(v, d.at)
		}
	}
}

// advance does what is due to one subscription at now, and files it.
func (s *Simulator) advance(v *subscription, now time.Time) {
	defer func() { s.put(v) }()
	if v.Status != authorized && v.Status != paused {
		return
	}
	if !v.Terms.End.IsZero() && !now.Before(v.Terms.End) {
		s.endSubscription(v, now)
		return
	}
	for _, o := range slices.Clone(v.Open) {
		if i := s.invoices[o.ID]; !o.At.IsZero() && !now.Before(o.At) && v.Status != cancelled {
			if v.Status == paused {
				s.closeInvoice(v, i, cancelled, now)
				continue
			}
			s.try(v, i, now)
		}
	}
	if v.Status == authorized && v.Scheduled == 0 && !v.Next.IsZero() && !now.Before(v.Next.Add(-firstChargeDelay)) {
		s.schedule(v, now)
	}
	if v.Status != cancelled && !v.Next.IsZero() && !now.Before(v.Next) {
		s.instalment(v, now)
	}
}

// schedule makes the invoice of the next instalment.
func (s *Simulator) schedule(v *subscription, now time.Time) {
	i := &invoice{ID: s.next(&s.count.Invoice), SubscriptionID: v.ID, UserID: v.UserID, Number: v.Period + 1, Status: scheduled, Amount: v.amount(), Due: v.Next,
		Until: v.Next.Add(recyclingWindow), Created: now}
	if following := v.dueAt(v.Period + 1); following.Before(i.Until) {
		i.Until = following
	}
	v.Scheduled = i.ID
	s.changeInvoice(i, now)
}

// amount is what the next instalment costs.
func (v *subscription) amount() int64 {
	if !v.Lead.IsZero() && v.Period == 0 {
		return v.LeadAmount
	}
	return v.Terms.Amount
}

// instalment charges what is due; while paused it passes, and the date moves on.
func (s *Simulator) instalment(v *subscription, now time.Time) {
	i := s.invoices[v.Scheduled]
	amount, due := v.amount(), v.Next
	v.Scheduled = 0
	v.Period++
	v.Next = v.dueAt(v.Period)
	if v.Status == paused {
		if i != nil {
			s.closeInvoice(v, i, cancelled, now)
		}
		return
	}
	v.Billed++
	if v.Terms.Repetitions > 0 && v.Billed >= v.Terms.Repetitions || !v.Terms.End.IsZero() && !v.Next.Before(v.Terms.End) {
		v.Next = time.Time{}
	}
	i.Amount, i.Due = amount, due
	s.try(v, i, now)
}

// try charges an invoice once.
func (s *Simulator) try(v *subscription, i *invoice, now time.Time) {
	i.Attempt++
	i.NextRetry = time.Time{}
	status := rejected
	if p := s.charge(v, i, now); p != nil {
		i.Payment = p.ID
		i.Payments = append(i.Payments, p.ID)
		status = p.Status
	}
	s.decideInvoice(v, i, status, now)
}

// charge makes the payment of an invoice; nil when no payment comes to be.
func (s *Simulator) charge(v *subscription, i *invoice, now time.Time) *payment {
	r := paymentRequest{Seller: s.accounts[v.UserID], Test: v.Test, Via: v.Via, Operation: "recurring_payment", Amount: i.Amount, Method: v.Method, Payer: v.Payer,
		Description: v.Reason, Ref: v.Ref, PreapprovalID: v.ID, Interaction: object{"type": "SUBSCRIPTIONS", "transaction_data": object{
			"first_time_use": v.Charged == 0, "subscription_id": v.ID, "subscription_sequence": object{"number": i.Number, "total": orZero(int64(v.quotas()))},
			"invoice_period": object{"period": v.Terms.Frequency, "type": v.Terms.FrequencyType}, "invoice_id": text(i.ID),
			"billing_date": i.Due.In(zone).Format(time.DateOnly), "user_present": false}}}
	if v.Card != nil {
		card := *v.Card
		card.Holder = cmp.Or(v.Acts, card.Holder)
		if s.unlucky(v, i) {
			card.Holder = "FUND"
		}
		r.Card = &card
	}
	p, bad := s.makePayment(r, now)
	if bad != nil {
		s.log.Warn("an instalment could not be charged", "subscription", v.ID, "error", bad)
		return nil
	}
	return p
}

// unlucky draws whether this attempt is declined: by the seed, the
// subscription, the instalment and the attempt, in whatever order they come.
func (s *Simulator) unlucky(v *subscription, i *invoice) bool {
	if s.switches.CardFailRate <= 0 {
		return false
	}
	h := fnv.New64a()
	var b [32]byte
	for n, part := range []int64{s.switches.CardFailSeed, v.Seq, int64(i.Number), int64(i.Attempt)} {
		binary.LittleEndian.PutUint64(b[8*n:], uint64(part))
	}
	_, _ = h.Write(b[:])
	mixed := h.Sum64()
	mixed = (mixed ^ mixed>>31) * 0x9e3779b97f4a7c15
	return float64(mixed>>11)/(1<<53) < s.switches.CardFailRate
}

// decideInvoice carries a payment's status to its invoice and its subscription.
func (s *Simulator) decideInvoice(v *subscription, i *invoice, status string, now time.Time) {
	switch status {
	case approved:
		v.Charged++
		v.ChargedAmount += i.Amount
		v.LastCharged, v.LastAmount = now, i.Amount
		if !s.switches.StrikesInAll {
			v.Strikes = 0
		}
		s.closeInvoice(v, i, processed, now)
	case rejected, cancelled:
		again := now.Add(s.spacing(i))
		if i.Attempt < cmp.Or(s.switches.SubscriptionAttempts, usualAttempts) && again.Before(i.Until) && v.Status == authorized {
			i.Status, i.NextRetry = recycling, again
			v.leave(i.ID)
			v.Open = append(v.Open, openInvoice{i.ID, again})
			s.changeInvoice(i, now)
			s.put(v)
			return
		}
		v.Strikes++
		s.closeInvoice(v, i, processed, now)
		if v.Strikes >= cmp.Or(s.switches.SubscriptionStrikes, usualStrikes) {
			s.endSubscription(v, now)
			return
		}
	default: // it waits for the gateway
		i.Status = waiting
		v.leave(i.ID)
		v.Open = append(v.Open, openInvoice{ID: i.ID})
		s.changeInvoice(i, now)
		s.put(v)
		return
	}
	if v.Next.IsZero() && len(v.Open) == 0 && (v.Terms.End.IsZero() || !now.Before(v.Terms.End)) { // that was the last one
		s.endSubscription(v, now)
	}
}

// spacing is how long after a declined attempt the next one comes: the window
// in equal parts, unless a number of hours is set.
func (s *Simulator) spacing(i *invoice) time.Duration {
	if h := s.switches.SubscriptionRetryHours; h > 0 {
		return time.Duration(h * float64(time.Hour))
	}
	return i.Until.Sub(i.Due) / time.Duration(cmp.Or(s.switches.SubscriptionAttempts, usualAttempts))
}

// closeInvoice ends an invoice.
func (s *Simulator) closeInvoice(v *subscription, i *invoice, status string, now time.Time) {
	i.Status, i.NextRetry = status, time.Time{}
	v.leave(i.ID)
	s.changeInvoice(i, now)
	s.put(v)
}

func (v *subscription) leave(id int64) {
	v.Open = slices.DeleteFunc(v.Open, func(o openInvoice) bool { return o.ID == id })
}

// endSubscription cancels for good, with the invoices that were not settled.
func (s *Simulator) endSubscription(v *subscription, now time.Time) {
	if v.Status == cancelled {
		return
	}
	for _, o := range slices.Clone(v.Open) {
		if !o.At.IsZero() {
			s.closeInvoice(v, s.invoices[o.ID], cancelled, now)
		}
	}
	if i := s.invoices[v.Scheduled]; i != nil {
		v.Scheduled = 0
		s.closeInvoice(v, i, cancelled, now)
	}
	v.Status, v.Next = cancelled, time.Time{}
	s.changeSubscription(v, now)
}

// invoicePaid follows a payment that was in process when its instalment was
// charged, and gives back what proved a card.
func (s *Simulator) invoicePaid(p *payment, now time.Time) {
	if p.Online != nil && p.Online.Operation == cardValidation && p.Status == approved && len(p.Refunds) == 0 {
		s.giveBack(p, p.Amount, "", now)
		return
	}
	i := s.invoiceOf[p.ID]
	if i == nil || i.Payment != p.ID || i.Status != waiting || p.Status == inProcess || p.Status == pending {
		return
	}
	s.decideInvoice(s.subscriptions[i.SubscriptionID], i, p.Status, now)
}
