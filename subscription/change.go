package subscription

import (
	"context"
	"slices"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// Pause stops charging: an open voucher is taken back, and periods that begin
// while it is paused are not charged. Errors: not_found, not_allowed_in_state;
// provider_rejected with Params["code"] "ignored" where the provider answered well
// and did nothing. Where its answer is lost the subscription comes back with what
// was asked for in Change, and Posta goes on asking.
func (s *Service) Pause(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, by string) (Subscription, error) {
	return s.change(ctx, m, mode, id, Change{State: Paused, Reason: reasonOf(by), By: by}, Active, PastDue)
}

// Resume charges again, from the next period on. Errors: as of Pause.
func (s *Service) Resume(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, by string) (Subscription, error) {
	return s.change(ctx, m, mode, id, Change{State: Active, By: by}, Paused)
}

// Cancel ends a subscription for good. Errors: as of Pause.
func (s *Service) Cancel(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, by string) (Subscription, error) {
	return s.change(ctx, m, mode, id, Change{State: Canceled, Reason: reasonOf(by), By: by}, Pending, Active, PastDue, Paused)
}

// ChangeAmount changes what a period costs, from the next one on. amount is in
// minor units. Errors: as of Pause, and invalid with the field amount.
func (s *Service) ChangeAmount(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, amount int64, by string) (Subscription, error) {
	sub, err := s.Store.Subscription(ctx, m, mode, id)
	if err != nil {
		return Subscription{}, err
	}
	account, err := s.Store.Account(ctx, m, mode, sub.ConnectionID)
	if err != nil {
		return Subscription{}, err
	}
	var bad posta.Problems
	bad.Add(amount <= 0, "amount", "positive")
	bad.Add(amount > payment.MaxAmount, "amount", "too_high")
	bad.Add(amount%smallest(account.Currency) != 0, "amount", posta.AmountFraction)
	if sub.Engine == EngineHub {
		method, _ := posta.FindMethod(account.Country, sub.Method)
		wrong := method.CheckAmount(posta.Money{Amount: amount, Currency: account.Currency})
		bad.Add(wrong == posta.AmountBelowMinimum || wrong == posta.AmountAboveMaximum, "amount", wrong)
	}
	if err := bad.Err(); err != nil {
		return Subscription{}, err
	}
	return s.change(ctx, m, mode, id, Change{Amount: amount, By: by}, Active, PastDue)
}

// ChangeCard has the provider charge another card, or gives the first one to a
// subscription that is pending. Errors: as of Pause, and invalid with the field
// token; not_allowed_in_state with EngineHub.
func (s *Service) ChangeCard(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, token, by string) (Subscription, error) {
	sub, err := s.Store.Subscription(ctx, m, mode, id)
	switch {
	case err != nil:
		return Subscription{}, err
	case token == "" || len(token) > 100:
		return Subscription{}, posta.Invalid("token", "malformed")
	case sub.Engine != EngineProvider:
		return Subscription{}, &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(sub.Engine)}}
	}
	if sub.Ref == "" && sub.State == Pending {
		return s.firstCard(ctx, sub, token)
	}
	if sub.State == Pending {
		return s.change(ctx, m, mode, id, Change{Token: token, State: Active, By: by}, Pending)
	}
	return s.change(ctx, m, mode, id, Change{Token: token, By: by}, Active, PastDue)
}

// firstCard makes at the provider what waited for its buyer to sign up there. It
// looks first: the buyer may have signed there in another tab. One whose making got
// no answer must be found first.
func (s *Service) firstCard(ctx context.Context, sub Subscription, token string) (Subscription, error) {
	p, err := s.Store.Plan(ctx, sub.MerchantID, sub.Mode, sub.PlanID)
	if err != nil {
		return Subscription{}, err
	}
	if sub, err = s.signedMeanwhile(ctx, p, sub); err != nil {
		return sub, err
	}
	r, err := s.Store.ChangeSubscription(ctx, sub.MerchantID, sub.ID, func(r *Record) error {
		now := &r.Subscription
		if now.Ref != "" || now.State != Pending || now.URL == "" || now.Token != "" {
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(now.State)}}
		}
		now.Token, now.URL, now.AskKey, now.DueAt = token, "", posta.NewULID(s.Clock.Now()), s.Clock.Now().Add(lease)
		return nil
	})
	if err != nil {
		return Subscription{}, err
	}
	return s.ask(ctx, p, r.Subscription)
}

// signedMeanwhile looks whether a subscription that waits for its buyer was signed
// at the page of its plan, and takes that in. Errors: not_allowed_in_state if it
// was; as of provider.Subscriber.
func (s *Service) signedMeanwhile(ctx context.Context, p Plan, sub Subscription) (Subscription, error) {
	known, err := s.Store.SubscriptionRefs(ctx, sub.MerchantID, p.ID)
	if err != nil {
		return sub, err
	}
	look, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	connector, err := s.subscriber(look, sub.ConnectionID)
	if err != nil {
		return sub, err
	}
	fact, err := connector.Subscription(tag(look, sub, "seek"), s.wanted(p, sub, known))
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return sub, nil
	}
	if err != nil {
		return sub, err
	}
	if sub, err = s.answered(context.WithoutCancel(ctx), sub, fact, nil); err != nil {
		return sub, err
	}
	return sub, &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(sub.State)}}
}

// ChangeMethod has a subscription of EngineHub make another kind of voucher, from
// the next one on. Errors: not_found; invalid with the field method and what the
// method asks of the buyer; not_allowed_in_state.
func (s *Service) ChangeMethod(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, method, by string) (Subscription, error) {
	sub, err := s.Store.Subscription(ctx, m, mode, id)
	if err != nil {
		return Subscription{}, err
	}
	account, err := s.Store.Account(ctx, m, mode, sub.ConnectionID)
	if err != nil {
		return Subscription{}, err
	}
	r, err := s.Store.ChangeSubscription(ctx, m, id, func(r *Record) error {
		now := &r.Subscription
		if now.Engine != EngineHub || now.State.Final() {
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(now.State)}}
		}
		asked := SignUp{Buyer: now.Buyer, Language: now.Language, Method: method}
		if err := asked.check(r.Plan, account.Country); err != nil {
			return err
		}
		now.Method, now.UpdatedAt = asked.Method, s.Clock.Now()
		r.tell(s, by, "subscription.changed")
		return nil
	})
	if err == nil {
		s.Committed()
	}
	return r.Subscription, err
}

// byBuyer is how a buyer who changes the own subscription is named.
const byBuyer = "buyer"

func reasonOf(by string) Reason {
	if by == byBuyer {
		return ReasonBuyer
	}
	return ReasonPerson
}

// change makes a change in one of the states from: the hub's own at once, the
// provider's by asking it.
func (s *Service) change(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, want Change, from ...State) (Subscription, error) {
	sub, err := s.Store.Subscription(ctx, m, mode, id)
	if err != nil {
		return Subscription{}, err
	}
	if want.State != "" && sub.State == want.State {
		return sub, nil // done already
	}
	account, err := s.Store.Account(ctx, m, mode, sub.ConnectionID)
	if err != nil {
		return Subscription{}, err
	}
	r, err := s.Store.ChangeSubscription(ctx, m, id, func(r *Record) error {
		if !slices.Contains(from, r.Subscription.State) {
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(r.Subscription.State)}}
		}
		if r.Subscription.Engine == EngineProvider {
			if now := r.Subscription.Change; now != nil && now.State == Canceled && want.State != Canceled {
				return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(Canceled)}} // or the cancellation were lost
			}
			s.want(r, want)
			return nil
		}
		s.apply(r, want, zoneOf(account.Country))
		return nil
	})
	if err != nil {
		return Subscription{}, err
	}
	s.Committed()
	if sub = r.Subscription; sub.Engine == EngineHub {
		return s.bill(ctx, sub)
	}
	if sub, err = s.mirror(ctx, sub); posta.Temporary(err) {
		return sub, nil // it goes on by itself
	}
	return sub, err
}

// want notes what the provider is to be asked for, before it is.
func (s *Service) want(r *Record, c Change) {
	now := s.Clock.Now()
	c.Key, c.At = posta.NewULID(now), now
	r.Subscription.Change, r.Subscription.Tries, r.Subscription.DueAt = &c, 0, now.Add(lease)
	r.tell(s, c.By, "subscription.change_requested")
}

// apply makes a change of what the hub charges itself.
func (s *Service) apply(r *Record, c Change, zone *time.Location) {
	sub := &r.Subscription
	switch {
	case c.State == Active:
		s.skip(r, zone)
		s.stand(r, r.standing(), c.By)
	case c.State != "":
		s.end(r, c.State, c.Reason, c.By)
	default:
		sub.Amount.Amount, sub.UpdatedAt = c.Amount, s.Clock.Now()
		r.tell(s, c.By, "subscription.changed")
	}
	sub.DueAt = s.Clock.Now()
}

// statuses are the provider's words for what a change asks for.
var statuses = map[State]provider.SubscriptionStatus{
	Active: provider.SubscriptionActive, Paused: provider.SubscriptionPaused, Canceled: provider.SubscriptionCanceled,
}

// push asks the provider for the change that is wanted and holds its answer to
// what it then says of itself: it ignores some changes without saying so. A lost
// answer is asked for again with the same key; every change is one that can be
// repeated. The subscription comes back as it was before with an error.
func (s *Service) push(ctx context.Context, connector provider.Subscriber, sub Subscription) (Subscription, error) {
	c := *sub.Change
	asked := provider.SubscriptionChange{Status: statuses[c.State]}
	if c.Amount > 0 {
		asked.Amount = posta.Money{Amount: c.Amount, Currency: sub.Amount.Currency}
	}
	fact, err := s.pushCard(ctx, connector, sub)
	if err == nil && (c.Token == "" || asked.Status != "" && asked.Status != fact.Status) {
		fact, err = connector.ChangeSubscription(tag(ctx, sub, "change"), sub.Ref, asked, c.Key)
	}
	if posta.Temporary(err) || posta.ErrorCode(err) == posta.CodeUnauthorized {
		return s.unanswered(ctx, sub, err)
	}
	if err == nil && (asked.Status != "" && fact.Status != asked.Status || c.Amount > 0 && fact.Amount != asked.Amount) {
		err = &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": "ignored"}}
	}
	r, saveErr := s.Store.ChangeSubscription(context.WithoutCancel(ctx), sub.MerchantID, sub.ID, func(r *Record) error {
		if r.Subscription.Change == nil || r.Subscription.Change.Key != c.Key {
			return nil // another is wanted by now
		}
		r.Subscription.Change = nil
		if err != nil {
			r.Subscription.Detail = codeOf(err)
			r.tell(s, c.By, "subscription.change_refused")
			return nil
		}
		r.Subscription.Detail = ""
		s.confirm(r, c, fact)
		return nil
	})
	if saveErr != nil {
		return sub, saveErr
	}
	s.Committed()
	return r.Subscription, err
}

// pushCard asks for another card, where that is wanted. A token pays once: one that
// is refused on a repeat did its work where the card is another by now.
func (s *Service) pushCard(ctx context.Context, connector provider.Subscriber, sub Subscription) (provider.SubscriptionFact, error) {
	if sub.Change.Token == "" {
		return provider.SubscriptionFact{}, nil
	}
	fact, err := connector.ChangeSubscription(tag(ctx, sub, "change"), sub.Ref, provider.SubscriptionChange{Token: sub.Change.Token}, sub.Change.Key+"-card")
	if posta.ErrorCode(err) != posta.CodeProviderRejected {
		return fact, err
	}
	now, lookErr := connector.Subscription(tag(ctx, sub, "change"), provider.Subscription{Ref: sub.Ref})
	if lookErr == nil && now.Card != "" && now.Card != sub.CardRef {
		return now, nil
	}
	return fact, err
}

// confirm takes in a change that the provider made, as what was asked for.
func (s *Service) confirm(r *Record, c Change, fact provider.SubscriptionFact) {
	sub := &r.Subscription
	if c.Token != "" && fact.Card != sub.CardRef {
		sub.CardRef, sub.UpdatedAt = fact.Card, s.Clock.Now()
		r.tell(s, c.By, "subscription.changed")
	}
	switch {
	case c.State == Active:
		s.stand(r, r.standing(), c.By)
	case c.State != "":
		s.end(r, c.State, c.Reason, c.By)
	case c.Amount > 0:
		sub.Amount.Amount, sub.UpdatedAt = c.Amount, s.Clock.Now()
		r.tell(s, c.By, "subscription.changed")
	}
	s.learn(r, fact)
}
