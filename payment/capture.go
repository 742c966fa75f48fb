package payment

import (
	"context"
	"time"

	"posta"
	"posta/provider"
)

// FromCapture is the answer to our call for a capture.
const FromCapture Source = "capture"

// due is what the buyer is to pay, in minor units: what was asked, or the part of
// an authorization that was to be captured.
func (p Payment) due() int64 {
	if !p.CaptureAt.IsZero() && p.CaptureAmount < p.Amount.Amount {
		return p.CaptureAmount
	}
	return p.Amount.Amount
}

// Capturable reports whether the payment's money is reserved and nobody has said
// yet what becomes of it.
func (p Payment) Capturable() bool {
	return p.State == Pending && p.Progress == provider.ProgressAuthorized && p.CaptureAt.IsZero() && p.CancelAt.IsZero()
}

// Capture takes money that a payment reserved: amount in minor units, 0 for all of
// it; the rest is released. It comes back paid, or still pending while the
// provider gives no answer: Posta goes on asking, with the same key. Called again
// with the same amount it goes on with the same capture. Errors: not_found,
// invalid with the field amount, not_allowed_in_state (nothing is reserved, it is
// being canceled, or another amount is being captured), provider_rejected (it
// stays reserved, and can be asked for anew).
func (s *Service) Capture(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PaymentID, amount int64, by string) (Payment, error) {
	p, err := s.Store.Payment(ctx, m, mode, id)
	if err != nil {
		return Payment{}, err
	}
	if amount == 0 {
		amount = p.Amount.Amount
	}
	var problems posta.Problems
	problems.Add(amount < 0, "amount", "positive")
	problems.Add(amount > p.Amount.Amount, "amount", "too_high")
	if err := problems.Err(); err != nil {
		return Payment{}, err
	}
	record, err := s.Store.ChangePayment(ctx, id, func(r *Record) error {
		p := &r.Payment
		repeated := !p.CaptureAt.IsZero() && p.CaptureAmount == amount && (p.State == Pending || p.State.Moneyed())
		switch {
		case repeated:
			return nil
		case !p.Capturable():
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(p.State)}}
		}
		now := s.Clock.Now()
		p.CaptureAt, p.CaptureKey, p.CaptureAmount = now, posta.NewULID(now), amount
		p.UpdatedAt, p.DueAt = now, now.Add(enquiryLease)
		s.recompute(p)
		r.Events = append(r.Events, s.eventBy(by, "payment.capture_requested", *p, p.JSON()))
		return nil
	})
	if err != nil {
		return Payment{}, err
	}
	s.Committed()
	if p = record.Payment; p.State != Pending {
		return p, nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer stop()
	connector, charge, err := s.reach(ctx, p)
	if err != nil {
		return p, err
	}
	return s.takeReserved(ctx, connector, charge, p)
}

// takeReserved asks the provider for the capture that is stored and applies what
// it says. A refusal while the money stays reserved ends the capture, so that
// another can be asked for; a lost answer leaves it to be asked again.
func (s *Service) takeReserved(ctx context.Context, connector provider.Connector, charge provider.Charge, p Payment) (Payment, error) {
	capturer, ok := connector.(provider.Capturer)
	if !ok {
		return p, &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(p.State)}}
	}
	amount := posta.Money{Amount: p.CaptureAmount, Currency: p.Amount.Currency}
	seen, err := capturer.Capture(tag(ctx, p, "capture"), charge, amount, p.CaptureKey)
	ctx = context.WithoutCancel(ctx)
	if len(seen.Facts) > 0 {
		seen.ExternalReference = string(p.ID)
		outcome, applyErr := s.Apply(ctx, p.ConnectionID, News{Source: FromCapture, Observation: seen})
		if applyErr != nil {
			return p, applyErr
		}
		p = outcome.Payment
	}
	switch {
	case err == nil && p.State != Pending:
		return p, nil
	case err != nil && !posta.Temporary(err) && posta.ErrorCode(err) != posta.CodeInternal && posta.ErrorCode(err) != posta.CodeUnauthorized:
		return s.captureRefused(ctx, p, err)
	}
	return s.asked(ctx, p, err)
}

// captureRefused takes the request back.
func (s *Service) captureRefused(ctx context.Context, p Payment, refused error) (Payment, error) {
	key := p.CaptureKey
	record, err := s.Store.ChangePayment(ctx, p.ID, func(r *Record) error {
		p := &r.Payment
		if p.State != Pending || p.CaptureKey != key {
			return nil
		}
		p.CaptureAt, p.CaptureKey, p.CaptureAmount = time.Time{}, "", 0
		p.UpdatedAt = s.Clock.Now()
		s.recompute(p)
		r.Events = append(r.Events, s.event("payment.capture_failed", *p, p.JSON()))
		return nil
	})
	if err != nil {
		return p, err
	}
	s.Committed()
	if record.Payment.State != Pending {
		return record.Payment, nil
	}
	return record.Payment, refused
}
