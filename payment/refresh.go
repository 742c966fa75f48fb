package payment

import (
	"context"

	"posta"
	"posta/provider"
)

// Refresh asks the provider about a payment and about those of its refunds that
// the provider has a name for, whatever their state, and takes in what it says:
// for whoever wants proof that is fresh. The payment comes back as it then
// stands, also with an error. Errors: not_found; as of provider.Connector.Get.
func (s *Service) Refresh(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PaymentID) (Payment, error) {
	p, err := s.Store.Payment(ctx, m, mode, id)
	if err != nil {
		return Payment{}, err
	}
	refunds, err := s.Store.ListRefunds(ctx, id)
	if err != nil {
		return p, err
	}
	connector, charge, err := s.reach(ctx, p)
	if err != nil {
		return p, err
	}
	for _, r := range refunds {
		for _, part := range r.Parts {
			if part.ProviderID != "" {
				charge.Refunds = append(charge.Refunds, provider.RefundRef{ID: part.ProviderID, Attempt: part.Attempt, Kind: r.Kind, Key: part.Key, Amount: part.Amount})
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	seen, err := connector.Get(tag(ctx, p, "enquiry"), charge)
	if len(seen.Facts) == 0 {
		return p, err
	}
	seen.ExternalReference = string(p.ID)
	outcome, applyErr := s.Apply(context.WithoutCancel(ctx), p.ConnectionID, News{Source: FromEnquiry, Observation: seen})
	if applyErr != nil {
		return p, applyErr
	}
	return outcome.Payment, err
}
