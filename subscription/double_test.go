package subscription_test

import (
	"testing"
	"time"

	"posta"
	"posta/sim/fault"
	sim "posta/sim/mercadopago"
	"posta/subscription"
)

// A buyer signs at the page of the plan and, before the notice of it came, gives a
// card on ours as well: one is charged.
//
// Seen red under: a first card that is asked for without looking.
func TestTwoTabsThatSignUpMakeOneSubscription(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{DropNotices: true})
	p := h.plan(t, subscription.EngineProvider, func(p *subscription.NewPlan) { p.Repetitions = 6 })
	s := h.pendingSignUp(t, p)
	signed, err := h.sim.SignUp(sim.SignUpRequest{PlanID: p.Ref, Email: s.Buyer.Email, Card: sim.CardForm{Holder: "APRO"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.ChangeCard(t.Context(), s.MerchantID, s.Mode, s.ID, h.card(t, "APRO"), "buyer"); posta.ErrorCode(err) != posta.CodeState {
		t.Errorf("a second card: %v", err)
	}
	h.later(t, 2*time.Hour)
	got := h.get(t, s.ID)
	if books := h.sim.Subscriptions(); len(books) != 1 || got.State != subscription.Active || got.Ref != signed.SubscriptionID || got.Token != "" {
		t.Errorf("%d at the provider, %s %q", len(books), got.State, got.Ref)
	}
}

// Who canceled is not charged any more, whatever else is asked for while the
// provider gives no answer.
//
// Seen red under: a later change that takes the place of a cancellation.
func TestACancellationIsNotLostToALaterChange(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{DropNotices: true})
	s := h.signUp(t, h.plan(t, subscription.EngineProvider, nil), "APRO")
	h.later(t, 2*time.Hour)
	h.unplugged(t, fault.Rule{Method: "PUT", Path: "/preapproval/.*", Action: fault.CutBefore, Times: 1})
	got, err := h.Cancel(t.Context(), s.MerchantID, s.Mode, s.ID, "buyer")
	if err != nil || got.Change == nil || got.Change.State != subscription.Canceled {
		t.Fatalf("%+v, %v", got.Change, err)
	}
	if _, err := h.ChangeAmount(t.Context(), s.MerchantID, s.Mode, s.ID, 200_000, "user:test"); posta.ErrorCode(err) != posta.CodeState {
		t.Errorf("a change while it is being canceled: %v", err)
	}
	if _, err := h.Cancel(t.Context(), s.MerchantID, s.Mode, s.ID, "buyer"); err != nil {
		t.Errorf("canceled again: %v", err)
	}
	h.later(t, 2*time.Hour)
	book, _ := h.sim.Subscription(s.Ref)
	if got = h.get(t, s.ID); got.State != subscription.Canceled || book.Status != "cancelled" {
		t.Errorf("%s, the provider says %s", got.State, book.Status)
	}
}
