package checkout

import (
	"context"
	"time"

	"posta"
	"posta/payment"
)

const (
	sessionLease = 30 * time.Second
	newsAtOnce   = 500
	// waitStep is how often to look after a session whose time is over while its
	// payment is not: a voucher can be paid for days. News of it come by event.
	waitStep = time.Hour
)

// last is the payment that was begun last, nil where none was, or where what
// begun it has not stored it.
func (r *Record) last() *payment.Payment {
	for i := range r.Payments {
		if r.Payments[i].ID == r.Session.PaymentID {
			return &r.Payments[i]
		}
	}
	return nil
}

// payable reports why a session cannot be paid any more. Errors: already_paid,
// session_expired, not_allowed_in_state.
func (r *Record) payable(now time.Time) error {
	v := r.Session
	switch {
	case v.State == Complete:
		return &posta.Error{Code: posta.CodeAlreadyPaid, Params: map[string]string{"payment": string(v.PaymentID)}}
	case v.State == Expired, v.State == Open && ended(v.ExpiresAt, now):
		return &posta.Error{Code: posta.CodeSessionExpired}
	case v.State != Open:
		return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(v.State)}}
	}
	return nil
}

func underWay(p payment.Payment) error {
	return &posta.Error{Code: posta.CodeUnderWay, Params: map[string]string{"payment": string(p.ID)}}
}

// Follow brings a session up to date with its payments and the clock. It is
// safe to repeat. Errors: not_found.
func (s *Service) Follow(ctx context.Context, id posta.SessionID) (Session, error) {
	record, err := s.change(ctx, id, func(*Record, time.Time) error { return nil })
	if err != nil || record.Session.State == Open {
		return record.Session, err
	}
	for _, p := range record.Payments {
		if !p.State.Open() || !p.CancelAt.IsZero() {
			continue
		}
		// Nobody is to pay what is paid already, or ended.
		if _, err := s.Payments.Cancel(ctx, p.MerchantID, p.Mode, p.ID, ""); err != nil && posta.ErrorCode(err) != posta.CodeState {
			s.Log.WarnContext(ctx, "payment of an ended checkout not canceled", "session", id, "payment", p.ID, "error", err)
		}
	}
	return record.Session, nil
}

// follow reads off its payments how a session stands. It depends on nothing
// but what is stored, so that repetition and order cannot matter.
func (s *Service) follow(r *Record, now time.Time) {
	v := &r.Session
	var first *payment.Payment
	var holding, open int
	for i := range r.Payments {
		p := &r.Payments[i]
		if p.State.Moneyed() && (first == nil || p.PaidAt.Before(first.PaidAt)) {
			first = p
		}
		if p.State.Moneyed() && p.State != payment.Refunded && p.State != payment.ChargedBack {
			holding++
		}
		if p.State.Open() {
			open++
		}
	}
	attention := AttentionNone
	if holding > 1 {
		attention = AttentionPaidTwice
	}
	if attention != v.Attention {
		v.Attention, v.UpdatedAt = attention, now
		if attention != AttentionNone {
			r.Events = append(r.Events, s.event("", "checkout_session.attention", *v))
		}
	}
	switch {
	case v.State == Complete:
	case first != nil:
		s.complete(r, *first, now)
	case v.State != Open:
	case open > 0 && ended(v.ExpiresAt, now):
		if !v.DueAt.After(now) {
			v.DueAt = now.Add(waitStep)
		}
	case open > 0:
		v.DueAt = v.ExpiresAt
	default:
		if r.last() != nil {
			r.release() // it ended without money
		}
		v.DueAt = v.ExpiresAt
		if ended(v.ExpiresAt, now) {
			s.end(r, Expired, "", now)
		}
	}
}

// complete notes that the first of its payments brought money.
func (s *Service) complete(r *Record, p payment.Payment, now time.Time) {
	v := &r.Session
	s.touched(r)
	sold := v.HeldUnits
	r.release()
	if sold == 0 {
		sold = v.Quantity
	}
	v.State, v.PaymentID, v.CompletedAt, v.UpdatedAt, v.DueAt = Complete, p.ID, p.PaidAt, now, time.Time{}
	if v.CompletedAt.IsZero() {
		v.CompletedAt = now
	}
	r.Events = append(r.Events, s.event("", "checkout_session.completed", *v))
	if r.Link == nil {
		return
	}
	before := r.Link.finished()
	r.Link.Used++
	r.Link.Sold += sold
	if r.Link.finished() && !before {
		r.Events = append(r.Events, s.linkEvent("", "payment_link.sold_out", *r.Link))
	}
}

// end ends a session without money. A visit that did nothing leaves nothing.
func (s *Service) end(r *Record, state State, by string, now time.Time) {
	v := &r.Session
	r.release()
	v.State, v.UpdatedAt, v.DueAt = state, now, time.Time{}
	if !v.Touched {
		r.Forget = true
		return
	}
	r.Events = append(r.Events, s.event(by, "checkout_session."+string(state), *v))
}

// hold takes units of the link for a payment that begins, in place of those
// held already. Errors: sold_out with Params["left"].
func (r *Record) hold(units int64) error {
	l, v := r.Link, &r.Session
	if l == nil {
		return nil
	}
	freed := *l
	if v.HeldUnits > 0 {
		freed.HeldUses--
		freed.HeldUnits -= v.HeldUnits
	}
	if freed.SoldOut() || freed.Stock != Unlimited && freed.Left() < units {
		return soldOut(freed)
	}
	l.HeldUses, l.HeldUnits, v.HeldUnits = freed.HeldUses+1, freed.HeldUnits+units, units
	return nil
}

// release gives back what is held.
func (r *Record) release() {
	if r.Link != nil && r.Session.HeldUnits > 0 {
		r.Link.HeldUses--
		r.Link.HeldUnits -= r.Session.HeldUnits
	}
	r.Session.HeldUnits = 0
}

// Cancel is a merchant taking a session back: a payment under way is canceled
// first. It may come back complete: the buyer was faster. Errors: not_found,
// not_allowed_in_state, payment_under_way (its payment cannot be canceled now).
func (s *Service) Cancel(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SessionID, by string) (Session, error) {
	if _, err := s.Store.CheckoutSession(ctx, m, mode, id); err != nil {
		return Session{}, err
	}
	v, err := s.Abandon(ctx, id, by)
	if err != nil || v.State == Complete || v.State == Canceled {
		return v, err
	}
	record, err := s.change(ctx, id, func(r *Record, now time.Time) error {
		if r.Session.State == Complete || r.Session.State == Canceled {
			return nil
		}
		if r.Session.State != Open {
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(r.Session.State)}}
		}
		if p := r.last(); p != nil && p.State.Open() {
			return underWay(*p)
		}
		s.end(r, Canceled, by, now)
		return nil
	})
	return record.Session, err
}

// Abandon cancels the payment under way, so that the buyer can choose another
// way; without one it does nothing. The session may come back complete: the
// payment was paid meanwhile. Errors: not_found; payment_under_way with
// Params["payment"] where it could not be canceled (yet).
func (s *Service) Abandon(ctx context.Context, id posta.SessionID, by string) (Session, error) {
	v, err := s.Follow(ctx, id)
	if err != nil || v.PaymentID == "" || v.State == Complete {
		return v, err
	}
	p, err := s.Payments.Get(ctx, v.MerchantID, v.Mode, v.PaymentID)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return v, nil
	}
	if err == nil && p.State.Open() {
		p, err = s.Payments.Cancel(ctx, v.MerchantID, v.Mode, v.PaymentID, by)
		if posta.ErrorCode(err) == posta.CodeState { // it ended meanwhile
			p, err = s.Payments.Get(ctx, v.MerchantID, v.Mode, v.PaymentID)
		}
	}
	if err != nil {
		return v, err
	}
	if p.State.Open() {
		return v, underWay(p)
	}
	return s.Follow(ctx, id)
}

// Refresh asks the provider what became of a session's payment, for the page
// that the buyer comes back to: the payment as it is, whatever the address says.
// A page that only waits reads SessionAt: the provider is asked by the hub itself.
// While the provider gives no answer both come back as they are known. The
// payment is zero where none was begun. Errors: not_found.
func (s *Service) Refresh(ctx context.Context, id posta.SessionID) (Session, payment.Payment, error) {
	v, err := s.Follow(ctx, id)
	if err != nil || v.PaymentID == "" {
		return v, payment.Payment{}, err
	}
	p, err := s.Payments.Get(ctx, v.MerchantID, v.Mode, v.PaymentID)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return v, payment.Payment{}, nil
	}
	if err != nil || !p.State.Open() {
		return v, p, err
	}
	p, err = s.Payments.Refresh(ctx, v.MerchantID, v.Mode, v.PaymentID)
	if err != nil {
		if p.ID == "" {
			return v, p, err
		}
		s.Log.InfoContext(ctx, "provider gave no answer about a checkout's payment", "session", id, "payment", p.ID, "error", err)
	}
	v, err = s.Follow(ctx, id)
	return v, p, err
}

// SweepSessions looks after sessions whose time is over, and gives how many it
// took.
func (s *Service) SweepSessions(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimCheckoutSessions(ctx, s.Clock.Now(), sessionLease, 50)
	if err != nil {
		return 0, err
	}
	for _, v := range due {
		each(func() {
			if _, err := s.Follow(ctx, v.ID); err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
				s.Log.WarnContext(ctx, "checkout session", "session", v.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

// SweepPaymentNews brings the sessions up to date of whose payments something
// was told since the last time, and gives how many events it took. It may run in
// several replicas: what one does twice is done once.
func (s *Service) SweepPaymentNews(ctx context.Context, _ func(func())) (int, error) {
	news, err := s.Store.PaymentNews(ctx, newsAtOnce)
	if err != nil || news.To == news.From {
		return 0, err
	}
	for _, id := range news.Sessions {
		if _, err := s.Follow(ctx, id); err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
			return 0, err // it stays to be done
		}
	}
	return int(news.To - news.From), s.Store.SavePaymentNews(ctx, news.To)
}
