package payment

import (
	"context"

	"posta"
	"posta/provider"
)

// Cancel takes a payment off its till before it is paid. It may come back
// paid: the buyer was faster, and the provider's word counts. While the
// provider gives no answer it comes back still pending, and Posta goes on
// trying. What was only reserved is released. Errors: not_found,
// not_allowed_in_state (also while it is being captured).
func (s *Service) Cancel(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PaymentID, by string) (Payment, error) {
	p, err := s.Store.Payment(ctx, m, mode, id)
	if err != nil {
		return Payment{}, err
	}
	if p.State == Canceled {
		return p, nil
	}
	if p, err = s.cancelRequested(ctx, id, by); err != nil {
		return Payment{}, err
	}
	if p.State != Pending {
		return s.enquire(ctx, p)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer stop()
	connector, charge, err := s.reach(ctx, p)
	if err != nil {
		return p, err
	}
	return s.takeAway(ctx, connector, charge, p, p.CancelKey)
}

// cancelRequested notes that a payment is to be taken off its till, and who
// wants it. Errors: not_allowed_in_state.
func (s *Service) cancelRequested(ctx context.Context, id posta.PaymentID, by string) (Payment, error) {
	record, err := s.Store.ChangePayment(ctx, id, func(r *Record) error {
		if !r.Payment.State.Open() || !r.Payment.CaptureAt.IsZero() {
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(r.Payment.State)}}
		}
		if r.Payment.CancelAt.IsZero() {
			r.Payment.CancelAt = s.Clock.Now()
			r.Payment.CancelKey = posta.NewULID(r.Payment.CancelAt)
			r.Events = append(r.Events, s.eventBy(by, "payment.cancel_requested", r.Payment, r.Payment.JSON()))
		}
		return nil
	})
	if err != nil {
		return Payment{}, err
	}
	s.Committed()
	return record.Payment, nil
}

// takeAway asks the provider to cancel and applies what it says. A refusal or
// a lost answer leaves the payment as it was, to be asked about soon. One hand
// at a time takes a payment away: a second one that saw its order on the till
// could delete the one that is charged there next.
func (s *Service) takeAway(ctx context.Context, connector provider.Connector, charge provider.Charge, p Payment, key string) (Payment, error) {
	taken, err, _ := s.taking.Do(string(p.ID), func() (any, error) { return s.takeOnce(ctx, connector, charge, p, key) })
	if taken, ok := taken.(Payment); ok {
		p = taken
	}
	return p, err
}

func (s *Service) takeOnce(ctx context.Context, connector provider.Connector, charge provider.Charge, p Payment, key string) (Payment, error) {
	seen, err := connector.Cancel(tag(ctx, p, "cancel"), charge, key)
	if len(seen.Facts) == 0 {
		return s.asked(ctx, p, err)
	}
	seen.ExternalReference = string(p.ID)
	outcome, applyErr := s.Apply(context.WithoutCancel(ctx), p.ConnectionID, News{Source: FromCancel, Observation: seen})
	if applyErr != nil {
		return p, applyErr
	}
	if err != nil {
		return s.asked(ctx, outcome.Payment, err)
	}
	return outcome.Payment, nil
}

// Settle notes that a named person has dealt with what a payment drew
// attention to. For a shortfall, accept takes what came as full payment. A
// payment that is still open and not accepted is given up: it is canceled, so
// that its till is free, and what came of it can be refunded. Errors:
// not_found, not_allowed_in_state (nothing to settle).
func (s *Service) Settle(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PaymentID, accept bool, by string) (Payment, error) {
	if _, err := s.Store.Payment(ctx, m, mode, id); err != nil {
		return Payment{}, err
	}
	record, err := s.Store.ChangePayment(ctx, id, func(r *Record) error {
		p := &r.Payment
		if p.Attention == AttentionNone {
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(p.State)}}
		}
		said := provider.StatusCanceled
		if accept && p.Attention == AttentionShortfall && p.Captured > 0 {
			said = provider.StatusAccepted
		} else {
			p.Settled = append(p.Settled, p.Attention)
		}
		if said == provider.StatusAccepted || p.State.Open() {
			if p.State.Open() && said == provider.StatusCanceled {
				p.Settled = append(p.Settled, AttentionShortfall) // an end makes of what came a shortfall, which was seen
			}
			s.apply(r, News{Source: FromOperator, Observation: provider.Observation{Facts: []provider.Fact{{
				Kind: provider.FactOperator, ID: by, Status: said, At: s.Clock.Now()}}}})
		}
		s.recompute(p)
		p.UpdatedAt = s.Clock.Now()
		r.Events = append(r.Events, s.eventBy(by, "payment.settled", *p, p.JSON()))
		return nil
	})
	if err == nil {
		s.Committed()
	}
	return record.Payment, err
}
