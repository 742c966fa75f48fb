package subscription

import (
	"context"

	"posta"
)

// SweepSubscriptions takes subscriptions that are due as far as they can be taken:
// periods to be billed, tries, enquiries, dunning. It gives how many it took.
func (s *Service) SweepSubscriptions(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimSubscriptions(ctx, s.Clock.Now(), lease, 50)
	if err != nil {
		return 0, err
	}
	for _, sub := range due {
		each(func() {
			if _, err := s.advance(ctx, sub); err != nil {
				s.Log.WarnContext(ctx, "subscription", "subscription", sub.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

// SweepPaid makes due the subscriptions of whose payments there is news, and
// gives how many events it read.
func (s *Service) SweepPaid(ctx context.Context, _ func(func())) (int, error) {
	return s.Store.TouchPaid(ctx, s.Clock.Now(), 500)
}

func (s *Service) advance(ctx context.Context, sub Subscription) (Subscription, error) {
	if sub.Engine == EngineHub {
		return s.bill(ctx, sub)
	}
	return s.mirror(ctx, sub)
}

// Refresh asks the provider about a subscription and its payments now. The
// subscription comes back as it then stands, also with an error. Errors: not_found;
// as of provider.Subscriber.
func (s *Service) Refresh(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID) (Subscription, error) {
	sub, err := s.Store.Subscription(ctx, m, mode, id)
	if err != nil {
		return Subscription{}, err
	}
	invoices, err := s.Store.InvoicesOf(ctx, m, id)
	if err != nil {
		return sub, err
	}
	for _, i := range invoices {
		for _, a := range i.Attempts {
			if i.State.Asked() && a.Payment != "" {
				_, err := s.Payments.Refresh(ctx, m, mode, a.Payment)
				if err != nil && posta.ErrorCode(err) != posta.CodeNotFound { // it is being made
					return sub, err
				}
			}
		}
	}
	return s.advance(ctx, sub)
}
