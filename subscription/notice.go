package subscription

import (
	"context"

	"posta"
	"posta/provider"
)

// TakeNotice follows up a notice of a subscription, of an invoice, or of a payment
// that bears the reference of a subscription: one of the inbox's owners. The
// notice itself is never believed. It reports whether it is about one of ours.
// Errors: as of provider.Subscriber; not_found where the provider does not know it.
func (s *Service) TakeNotice(ctx context.Context, c posta.ConnectionID, n provider.Notice) (bool, error) {
	connector, err := s.subscriber(ctx, c)
	if posta.ErrorCode(err) == posta.CodeInvalid {
		return false, nil // its provider runs none
	}
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	ref, err := connector.FetchSubscription(ctx, n)
	if err != nil || ref == "" {
		return false, err
	}
	return s.heard(ctx, connector, c, ref)
}

// heard looks after the subscription of a name that the provider used: its own
// for it, or our reference.
func (s *Service) heard(ctx context.Context, connector provider.Subscriber, c posta.ConnectionID, name string) (bool, error) {
	sub, err := s.Store.SubscriptionByName(ctx, c, name)
	if err == nil {
		_, err = s.advance(ctx, sub)
		return true, err
	}
	if posta.ErrorCode(err) != posta.CodeNotFound {
		return false, err
	}
	fact, err := connector.Subscription(ctx, provider.Subscription{Ref: name})
	if err != nil {
		return false, err
	}
	if sub, err = s.Store.SubscriptionByName(ctx, c, fact.Reference); err == nil && fact.Reference != "" {
		if sub, err = s.answered(ctx, sub, fact, nil); err == nil {
			_, err = s.advance(ctx, sub)
		}
		return true, err
	}
	p, err := s.Store.PlanByRef(ctx, c, fact.Plan)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return false, nil // the account sells elsewhere too
	}
	if err != nil {
		return false, err
	}
	return true, s.signed(ctx, p, fact)
}

// signed takes in a subscription that somebody signed at the page of a plan: one
// of those that wait for their buyer, or else one that nobody here knew of.
func (s *Service) signed(ctx context.Context, p Plan, fact provider.SubscriptionFact) error {
	waiting, err := s.Store.ListSubscriptions(ctx, Filter{MerchantID: p.MerchantID, Mode: p.Mode, PlanID: p.ID, State: Pending, Page: posta.Page{Limit: 50}})
	if err != nil {
		return err
	}
	for _, sub := range waiting {
		if sub.Ref != "" || sub.URL == "" {
			continue
		}
		if sub, err = s.advance(ctx, sub); err != nil {
			return err
		}
		if sub.Ref == fact.Ref {
			return nil
		}
	}
	account, err := s.Store.Account(ctx, p.MerchantID, p.Mode, p.ConnectionID)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	r := s.begin(p, SignUp{ID: posta.NewID[posta.SubscriptionID](now), MerchantID: p.MerchantID, Mode: p.Mode, PlanID: p.ID, Language: languageOf(account.Country),
		By: "provider"}, account) // who the buyer is the provider does not tell
	r.Subscription.AskKey = ""
	s.learn(&r, fact)
	r.Subscription.DueAt = now
	err = s.Store.InsertSubscription(ctx, r)
	if posta.ErrorCode(err) == posta.CodeConflict {
		return nil // another notice of it was faster
	}
	if err == nil {
		s.Committed()
	}
	return err
}
