package payment

import (
	"posta"
	"posta/provider"
)

// refundOf maps what the provider says of a refund to our word for it.
var refundOf = map[provider.Status]RefundState{
	provider.StatusApproved: RefundSucceeded,
	provider.StatusPending:  RefundPending,
	provider.StatusRejected: RefundFailed,
	provider.StatusCanceled: RefundFailed,
}

// bindRefunds ties the provider's refunds to ours, by the provider's id; by
// being the answer to our own call; or, where that answer was lost, by attempt
// and amount. What is left over was made elsewhere, such as in the provider's
// own panel, and is added.
func (s *Service) bindRefunds(r *Record, n News) {
	answered := map[string]bool{}
	if n.Source == FromRefund {
		for _, f := range n.Observation.Facts {
			if f.Kind == provider.FactRefund {
				answered[f.ID] = true
			}
		}
	}
	for _, f := range newest(r.Payment.Facts) {
		if f.Kind != provider.FactRefund {
			continue
		}
		refund, part := s.partFor(r, n, f, answered[f.ID])
		if part == nil {
			continue
		}
		state, ok := refundOf[f.Status]
		if part.ProviderID == f.ID && (!ok || part.State == state) {
			continue
		}
		part.ProviderID = f.ID
		if ok && part.State != state {
			part.State, part.Detail = state, f.Detail
		}
		if part.State == RefundSucceeded {
			part.Amount = f.Amount // of a whole attempt it is what was left
		}
		s.settle(r, refund)
	}
}

// partFor finds or makes the part of ours that the provider's refund f is.
func (s *Service) partFor(r *Record, n News, f provider.Fact, answered bool) (*Refund, *Part) {
	for i := range r.Refunds {
		for j := range r.Refunds[i].Parts {
			if r.Refunds[i].Parts[j].ProviderID == f.ID {
				return &r.Refunds[i], &r.Refunds[i].Parts[j]
			}
		}
	}
	for i := range r.Refunds {
		refund := &r.Refunds[i]
		for j := range refund.Parts {
			part := &refund.Parts[j]
			if part.ProviderID != "" {
				continue
			}
			sought := refund.ID == n.Refund && j == n.Part
			fits := part.Attempt == f.Parent && part.Amount == f.Amount
			if sought && (answered || n.Source != FromRefund && fits) || part.State == RefundUnknown && fits {
				return refund, part
			}
		}
	}
	if n.Source != FromRefund && s.awaited(r, f) {
		return nil, nil
	}
	if f.Status != provider.StatusApproved {
		return nil, nil
	}
	p, now := r.Payment, s.Clock.Now()
	made := Refund{ID: posta.NewID[posta.RefundID](now), PaymentID: p.ID, MerchantID: p.MerchantID, Mode: p.Mode,
		Amount: posta.Money{Amount: f.Amount, Currency: p.Amount.Currency}, State: RefundPending, Origin: "provider",
		Parts:     []Part{{Attempt: f.Parent, Amount: f.Amount, ProviderID: f.ID, State: RefundPending}},
		CreatedAt: now, UpdatedAt: now}
	r.Refunds = append(r.Refunds, made)
	last := &r.Refunds[len(r.Refunds)-1]
	return last, &last.Parts[0]
}

// awaited reports whether one of our own calls, still under way, may be the
// one that made f: its answer will tell.
func (s *Service) awaited(r *Record, f provider.Fact) bool {
	for _, refund := range r.Refunds {
		for _, part := range refund.Parts {
			if part.State == RefundPending && part.ProviderID == "" && part.Attempt == f.Parent && part.Amount == f.Amount {
				return true
			}
		}
	}
	return false
}
