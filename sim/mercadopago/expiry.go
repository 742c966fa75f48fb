package mercadopago

import "time"

// Expire does what is due by now: late approvals come, asynchronous refunds
// are done, legacy orders leave their QR, and orders and merchant orders
// expire (docs/providers/mercadopago.md §3.7, §4.3).
func (s *Simulator) Expire(now time.Time) error {
	return s.do(func() {
		for _, p := range sorted(s.late) {
			if !now.Before(p.Due) {
				_ = s.settle(p.ID, true, now)
			}
		}
		s.expireOnline(now)
		s.expireChargebacks(now)
		for _, p := range sorted(s.refunding) {
			s.settleRefunds(p, now)
		}
		for _, l := range sorted(s.legacy) {
			if !now.Before(l.Expires) {
				s.removeLegacy(l)
			}
		}
		for _, m := range sorted(s.openMerchant) {
			if !m.Expires.IsZero() && !now.Before(m.Expires) && !s.busy(m) {
				s.expireMerchant(m, now)
			}
		}
		for _, o := range sorted(s.openOrder) {
			if !now.Before(o.Expires) && !s.locked(o) {
				s.moveOrder(o, "expired", "expired", "expired", "expired", "order.expired", now)
			}
		}
		s.expirePoint(now)
		s.advanceSubscriptions(now)
	})
}

// untilNext is how long Run may rest.
func (s *Simulator) untilNext(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := now.Add(time.Hour)
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	for _, p := range s.late {
		sooner(p.Due)
	}
	for _, k := range s.openChargebacks {
		sooner(k.Deadline)
	}
	for _, p := range s.awaiting {
		sooner(p.Online.Expires)
	}
	for _, p := range s.refunding {
		sooner(p.Refunds[len(p.Refunds)-1].Created.Add(asyncRefund))
	}
	for _, l := range s.legacy {
		sooner(l.Expires)
	}
	for _, m := range s.openMerchant {
		if !m.Expires.IsZero() && !s.busy(m) {
			sooner(m.Expires)
		}
	}
	for _, o := range s.openOrder {
		if !s.locked(o) {
			sooner(o.Expires)
		}
	}
	for _, o := range s.openPoint {
		sooner(s.pointDue(o))
	}
	if d, ok := s.dues.first(); ok {
		sooner(d.at)
	}
	flying := 0
	for _, n := range s.pending {
		if n.flying {
			flying++
		} else {
			sooner(n.NextAt)
		}
	}
	if flying >= s.cfg.Senders { // a sender that comes back wakes Run
		return time.Minute
	}
	return max(time.Millisecond, next.Sub(now))
}
