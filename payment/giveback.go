package payment

import (
	"context"
	"time"

	"posta"
	"posta/provider"
)

// ask is a part of a refund as connectors know it.
func (s *Service) ask(p Payment, refund Refund, part Part) provider.Refund {
	out := provider.Refund{Attempt: part.Attempt, Amount: posta.Money{Amount: part.Amount, Currency: refund.Amount.Currency},
		Whole: part.Whole, Key: part.Key, Kind: refund.Kind, Brand: paidAttempt(p, part.Attempt).Brand, Title: p.Description}
	for _, t := range refund.Terminals {
		out.Terminals = append(out.Terminals, t.Code)
	}
	return out
}

// refs names the undecided parts that the provider may have: those whose id is
// known, and reversals, which it knows by the payment.
func (r Refund) refs() []provider.RefundRef {
	var out []provider.RefundRef
	for _, part := range r.Parts {
		if !part.decided() && (part.ProviderID != "" || part.Asked && r.Kind == provider.KindReversal) {
			out = append(out, part.ref(r.Kind))
		}
	}
	return out
}

func (p Part) ref(kind provider.RefundKind) provider.RefundRef {
	return provider.RefundRef{ID: p.ProviderID, Attempt: p.Attempt, Kind: kind, Key: p.Key, Amount: p.Amount}
}

// neverArrived is how long a reversal whose answer was lost is looked for.
const neverArrived = time.Minute

// once marks that the one call for a part begins now, and reports whether it
// may be made: where the provider keeps no keys a second one could give the
// money back twice. A reversal that it does not know a minute later never
// arrived; a refund can only be settled by its slip.
func (s *Service) once(ctx context.Context, refund *Refund, i int) (bool, error) {
	first := false
	record, err := s.Store.ChangePayment(ctx, refund.PaymentID, func(r *Record) error {
		for j := range r.Refunds {
			mine := &r.Refunds[j]
			if mine.ID != refund.ID || mine.Parts[i].decided() {
				continue
			}
			now := s.Clock.Now()
			switch part := &mine.Parts[i]; {
			case !part.Asked:
				part.Asked, first = true, true
			case mine.Kind == provider.KindReversal && now.After(mine.CreatedAt.Add(neverArrived)):
				part.State, part.Detail = RefundFailed, "never_arrived"
				s.settle(r, mine)
			default:
				part.State = RefundUnknown
				s.settle(r, mine)
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	s.Committed()
	*refund = find(record.Refunds, refund.ID)
	return first, nil
}

// overdue takes a refund off its terminal when somebody asked for that, or
// when its time is over.
func (s *Service) overdue(ctx context.Context, connector provider.Connector, charge provider.Charge, refund *Refund, i int) error {
	canceler, ok := connector.(provider.RefundCanceler)
	part := refund.Parts[i]
	if !ok || part.Progress == provider.ProgressCanceling || refund.CancelAt.IsZero() && s.Clock.Now().Before(refund.ExpiresAt) {
		return nil
	}
	seen, err := canceler.CancelRefund(ctx, charge, part.ref(refund.Kind))
	if err != nil && len(seen.Facts) == 0 {
		s.Log.InfoContext(ctx, "refund not taken off its terminal", "refund", refund.ID, "error", err)
		return nil // it is asked about again, and then canceled again
	}
	return s.gave(context.WithoutCancel(ctx), refund, i, FromEnquiry, seen, nil)
}

// next is when to go on with a refund: often while a person is at its
// terminal, never while only a slip can tell.
func (r Refund) next(now time.Time) time.Time {
	if !r.ExpiresAt.IsZero() && r.State == RefundPending {
		return nextAtTerminal(now, r.ExpiresAt)
	}
	return now.Add(backoff(r.Tries))
}

// CancelRefund takes a refund off its terminal before it is done there. It may
// come back succeeded: the terminal was faster. Errors: not_found,
// not_allowed_in_state (it is decided, or does not wait on a terminal).
func (s *Service) CancelRefund(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.RefundID, by string) (Refund, error) {
	refund, err := s.Store.Refund(ctx, m, mode, id)
	if err != nil {
		return Refund{}, err
	}
	record, err := s.Store.ChangePayment(ctx, refund.PaymentID, func(r *Record) error {
		for i := range r.Refunds {
			mine := &r.Refunds[i]
			if mine.ID != id {
				continue
			}
			if mine.State != RefundPending || mine.ExpiresAt.IsZero() {
				return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(mine.State)}}
			}
			if mine.CancelAt.IsZero() {
				mine.CancelAt = s.Clock.Now()
				r.Events = append(r.Events, s.eventBy(by, "refund.cancel_requested", r.Payment, mine.JSON()))
			}
		}
		return nil
	})
	if err != nil {
		return Refund{}, err
	}
	s.Committed()
	return s.give(ctx, record.Payment, find(record.Refunds, id), true)
}
