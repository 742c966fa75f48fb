package payment

import (
	"cmp"

	"posta"
	"posta/provider"
)

// refundOf maps what the provider says of a refund to our word for it.
var refundOf = map[provider.Status]RefundState{
	provider.StatusApproved: RefundSucceeded,
	provider.StatusPending:  RefundPending,
	provider.StatusRejected: RefundFailed,
	provider.StatusCanceled: RefundFailed,
	provider.StatusDoubtful: RefundUnknown,
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
		if f.Status == provider.StatusDoubtful && part.decided() {
			continue // a person has settled it
		}
		state, ok := refundOf[f.Status]
		moved := part.Progress != f.Progress && f.Status == provider.StatusPending
		part.Progress, part.Slip = f.Progress, f.Slip
		if moved && part.State == RefundPending {
			r.Events = append(r.Events, s.event("refund.progressed", r.Payment, refund.JSON()))
		}
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
	s.exchange(r, n, answered)
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
	wanted := func(claims func(part Part, sought bool) bool) (*Refund, *Part) {
		for i := range r.Refunds {
			for j := range r.Refunds[i].Parts {
				part := &r.Refunds[i].Parts[j]
				if part.ProviderID == "" && claims(*part, r.Refunds[i].ID == n.Refund && j == n.Part) {
					return &r.Refunds[i], part
				}
			}
		}
		return nil, nil
	}
	fits := func(part Part) bool { return part.Attempt == f.Parent && part.Amount == f.Amount }
	if refund, part := wanted(func(_ Part, sought bool) bool { return answered && sought }); part != nil {
		return refund, part
	}
	if n.Source != FromRefund {
		// One of our own calls, still under way, may have made it: its answer will tell.
		if _, part := wanted(func(p Part, sought bool) bool { return !sought && p.State == RefundPending && fits(p) }); part != nil {
			return nil, nil
		}
		if refund, part := wanted(func(p Part, sought bool) bool { return sought && fits(p) }); part != nil {
			return refund, part
		}
	}
	if refund, part := wanted(func(p Part, _ bool) bool { return p.State == RefundUnknown && fits(p) }); part != nil {
		return refund, part
	}
	if f.Status != provider.StatusApproved {
		return nil, nil
	}
	p, now := r.Payment, s.Clock.Now()
	made := Refund{ID: posta.NewID[posta.RefundID](now), PaymentID: p.ID, MerchantID: p.MerchantID, Mode: p.Mode,
		Kind:   cmp.Or(f.Refund, provider.KindRefund),
		Amount: posta.Money{Amount: f.Amount, Currency: p.Amount.Currency}, State: RefundPending, Origin: "provider",
		Parts:     []Part{{Attempt: f.Parent, Amount: f.Amount, ProviderID: f.ID, State: RefundPending}},
		CreatedAt: now, UpdatedAt: now}
	r.Refunds = append(r.Refunds, made)
	last := &r.Refunds[len(r.Refunds)-1]
	return last, &last.Parts[0]
}

// exchange mends what a guess by amount has tied to the wrong one of two equal
// parts: the answer to the part's own call names a refund that another has. The
// two change keys, so that the part asks for the other's, which is yet to come.
func (s *Service) exchange(r *Record, n News, answered map[string]bool) {
	var mine, other *Part
	for i := range r.Refunds {
		for j := range r.Refunds[i].Parts {
			part := &r.Refunds[i].Parts[j]
			switch {
			case r.Refunds[i].ID == n.Refund && j == n.Part:
				mine = part
			case answered[part.ProviderID]:
				other = part
			}
		}
	}
	if mine == nil || other == nil || mine.ProviderID != "" || other.Key == "" || mine.Attempt != other.Attempt || mine.Amount != other.Amount {
		return
	}
	mine.Key, other.Key = other.Key, mine.Key
	mine.State = RefundUnknown
	for i := range r.Refunds {
		if r.Refunds[i].ID == n.Refund {
			s.settle(r, &r.Refunds[i])
		}
	}
}
