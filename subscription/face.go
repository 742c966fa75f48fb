package subscription

import (
	"context"

	"posta"
)

// CreatePlan makes a plan; with EngineProvider the provider is told of it, now or
// as soon as it answers (Plan.Ref is "" until then). Called again with the same
// ID it gives the plan that is there. Errors: invalid with fields name, amount,
// currency, period, trial, repetitions, billing_day, proportional, engine,
// methods, attempts, dunning, return_url; not_found (no such connection).
func (s *Service) CreatePlan(ctx context.Context, in NewPlan) (Plan, error) {
	return Plan{}, &posta.Error{Code: posta.CodeUnavailable}
}

// ChangePlan changes a plan. Errors: not_found; invalid as of CreatePlan.
func (s *Service) ChangePlan(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PlanID, c PlanChange, by string) (Plan, error) {
	return Plan{}, &posta.Error{Code: posta.CodeUnavailable}
}

// SignUp makes a subscription. With EngineHub it is active at once; its first
// voucher is made when its first period begins. With EngineProvider and a
// token the card is tried within the request: the subscription comes back active,
// or pending while the provider's answer is lost (Posta finds it and never makes a
// second), and provider_rejected with Params["code"] where the card is refused.
// Without a token it comes back pending with the URL to send the buyer to. Called
// again with the same ID it gives the subscription that is there. Errors: invalid
// with fields buyer.NAME, method, token, reference; not_found;
// not_allowed_in_state (the plan is archived).
func (s *Service) SignUp(ctx context.Context, in SignUp) (Subscription, error) {
	return Subscription{}, &posta.Error{Code: posta.CodeUnavailable}
}

// Pause stops charging: an open voucher is taken back, and periods that begin
// while it is paused are not charged. Errors: not_found, not_allowed_in_state;
// provider_rejected with Params["code"] "ignored" where the provider answered well
// and did nothing; provider_unavailable where the answer is lost: Posta goes on
// asking, Subscription.Change says what for.
func (s *Service) Pause(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, by string) (Subscription, error) {
	return Subscription{}, &posta.Error{Code: posta.CodeUnavailable}
}

// Resume charges again, from the next period on. Errors: as of Pause.
func (s *Service) Resume(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, by string) (Subscription, error) {
	return Subscription{}, &posta.Error{Code: posta.CodeUnavailable}
}

// Cancel ends a subscription for good. Errors: as of Pause.
func (s *Service) Cancel(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, by string) (Subscription, error) {
	return Subscription{}, &posta.Error{Code: posta.CodeUnavailable}
}

// ChangeAmount changes what a period costs, from the next one on. amount is in
// minor units. Errors: as of Pause, and invalid with the field amount.
func (s *Service) ChangeAmount(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, amount int64, by string) (Subscription, error) {
	return Subscription{}, &posta.Error{Code: posta.CodeUnavailable}
}

// ChangeCard has the provider charge another card, or gives the first one to a
// subscription that is pending. Errors: as of Pause, and invalid with the field
// token; not_allowed_in_state with EngineHub.
func (s *Service) ChangeCard(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, token, by string) (Subscription, error) {
	return Subscription{}, &posta.Error{Code: posta.CodeUnavailable}
}

// ChangeMethod has a subscription of EngineHub make another kind of voucher, from
// the next one on. Errors: not_found; invalid with the field method;
// not_allowed_in_state.
func (s *Service) ChangeMethod(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, method, by string) (Subscription, error) {
	return Subscription{}, &posta.Error{Code: posta.CodeUnavailable}
}

// Refresh asks the provider about a subscription and its payments now. The
// subscription comes back as it then stands, also with an error. Errors: not_found;
// as of provider.Subscriber.
func (s *Service) Refresh(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID) (Subscription, error) {
	return Subscription{}, &posta.Error{Code: posta.CodeUnavailable}
}
