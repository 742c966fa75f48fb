package web

import (
	"context"

	"posta"
	"posta/subscription"
)

// deeds are what is done with a subscription after asking.
func (s *server) deedOf(name string) func(context.Context, posta.MerchantID, posta.Mode, posta.SubscriptionID, string) (subscription.Subscription, error) {
	switch name {
	case "pause":
		return s.Subscriptions.Pause
	case "resume":
		return s.Subscriptions.Resume
	}
	return s.Subscriptions.Cancel
}

// askSubscription asks before a deed, naming the amount and the buyer.
func (s *server) askSubscription(v *visit, deed string) error {
	sub, err := v.subscription()
	if err != nil {
		return err
	}
	p, err := s.Subscriptions.Plan(v.ctx(), v.Merchant.ID, v.Mode, sub.PlanID)
	if err != nil {
		return err
	}
	if sub.State.Final() {
		return v.redirect(subscriptionAddress(sub.ID))
	}
	key := "sub." + deed
	words := []any{"buyer", buyerName(sub), "plan", p.Name, "price", v.price(sub.Amount, p.Period), "person", v.User.Name}
	return v.ask(ask{Title: v.T(key+".title", words...), Text: v.T(key+".text", words...), Action: subscriptionAddress(sub.ID) + "/" + deed,
		Button: v.T(key + ".button"), Back: subscriptionAddress(sub.ID), Calm: deed == "resume"})
}

func (s *server) doSubscription(v *visit, deed string) error {
	sub, err := v.subscription()
	if err != nil {
		return err
	}
	sub, err = s.deedOf(deed)(v.ctx(), v.Merchant.ID, v.Mode, sub.ID, v.by())
	if err := v.tellChange(sub, err, v.T("sub."+deed+".done")); err != nil {
		return err
	}
	return v.redirect("/subscriptions/" + v.r.PathValue("subscription"))
}

// tellChange keeps words about a change for the next page: done, still to be
// confirmed by the provider, or refused.
func (v *visit) tellChange(sub subscription.Subscription, err error, done string) error {
	switch code := posta.ErrorCode(err); {
	case err == nil && sub.Change != nil:
		v.flash("info", v.T("sub.changing"), v.T("sub.changing.text"))
	case err == nil:
		v.flash("ok", done, "")
	case code == posta.CodeState:
		v.flash("warn", v.T("sub.too_late"), v.T("sub.too_late.text"))
	case code == posta.CodeProviderRejected:
		v.flash("error", v.T("sub.refused"), v.T("sub.refused.text"))
	default:
		return err
	}
	return nil
}

// changeSubscriptionAmount changes what a period costs from the next one on.
func (s *server) changeSubscriptionAmount(v *visit) (string, error) {
	sub, err := v.subscription()
	if err != nil {
		return "", err
	}
	amount, err := parseAmount(v.value("amount"), sub.Amount.Currency)
	if err != nil {
		return "", err
	}
	sub, err = s.Subscriptions.ChangeAmount(v.ctx(), v.Merchant.ID, v.Mode, sub.ID, amount, v.by())
	if posta.ErrorCode(err) == posta.CodeInvalid {
		return "", err
	}
	done := v.T("sub.amount.done", "amount", v.money(amount, sub.Amount.Currency))
	return "/subscriptions/" + v.r.PathValue("subscription"), v.tellChange(sub, err, done)
}

// changeSubscriptionMethod has another kind of voucher made from the next one on.
func (s *server) changeSubscriptionMethod(v *visit) (string, error) {
	sub, err := v.subscription()
	if err != nil {
		return "", err
	}
	sub, err = s.Subscriptions.ChangeMethod(v.ctx(), v.Merchant.ID, v.Mode, sub.ID, v.value("method"), v.by())
	if posta.ErrorCode(err) == posta.CodeInvalid {
		return "", err
	}
	return "/subscriptions/" + v.r.PathValue("subscription"), v.tellChange(sub, err, v.T("settings.saved"))
}

// refreshSubscription asks the provider how the subscription stands now.
func (s *server) refreshSubscription(v *visit) error {
	sub, err := v.subscription()
	if err != nil {
		return err
	}
	_, err = s.Subscriptions.Refresh(v.ctx(), v.Merchant.ID, v.Mode, sub.ID)
	switch {
	case posta.Temporary(err):
		v.flash("warn", v.T("sub.refresh.lost"), v.T("sub.refresh.lost.text"))
	case err != nil:
		return err
	default:
		v.flash("ok", v.T("sub.refresh.done"), "")
	}
	return v.redirect(subscriptionAddress(sub.ID))
}
