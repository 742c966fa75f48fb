package subscription_test

import (
	"testing"
	"time"

	"posta"
	"posta/provider"
	sim "posta/sim/mercadopago"
	"posta/subscription"
)

// take follows up a notice as the inbox does.
func (h *hub) take(t testing.TB, topic, resource string) bool {
	t.Helper()
	ours, err := h.TakeNotice(t.Context(), h.world.Connection.ID, provider.Notice{Topic: topic, Resource: resource})
	if err != nil {
		t.Fatalf("%s %s: %v", topic, resource, err)
	}
	return ours
}

// pendingSignUp is a subscription whose buyer is sent to the provider's page.
func (h *hub) pendingSignUp(t testing.TB, p subscription.Plan) subscription.Subscription {
	t.Helper()
	s, err := h.SignUp(t.Context(), subscription.SignUp{ID: posta.NewID[posta.SubscriptionID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PlanID: p.ID, Buyer: buyer(), By: "user:test"})
	if err != nil || s.State != subscription.Pending || s.URL == "" {
		t.Fatalf("%+v, %v", s, err)
	}
	return s
}

// A buyer signs up at the page of a subscription of the buyer's own, or, where the
// plan has a day or an end, at the plan's: by a notice or without, there is one
// subscription, and it is the one that waited.
func TestASignUpAtTheProvidersPageIsFound(t *testing.T) {
	t.Parallel()
	for name, byPlan := range map[string]bool{"own page": false, "page of the plan": true} {
		for _, notified := range []bool{true, false} {
			h := sqlite(t, sim.Switches{DropNotices: true})
			p := h.plan(t, subscription.EngineProvider, func(p *subscription.NewPlan) {
				if byPlan {
					p.Repetitions = 6
				}
			})
			s := h.pendingSignUp(t, p)
			request := sim.SignUpRequest{SubscriptionID: s.Ref, Email: s.Buyer.Email, Card: sim.CardForm{Holder: "APRO"}}
			if byPlan {
				request.SubscriptionID, request.PlanID = "", p.Ref
			}
			signed, err := h.sim.SignUp(request)
			if err != nil {
				t.Fatal(name, err)
			}
			if notified {
				if !h.take(t, "subscription", signed.SubscriptionID) {
					t.Errorf("%s: not ours", name)
				}
			} else {
				h.later(t, 2*time.Hour)
			}
			got := h.get(t, s.ID)
			list, err := h.List(t.Context(), subscription.Filter{MerchantID: p.MerchantID, Mode: p.Mode})
			if err != nil || got.State != subscription.Active || got.Ref != signed.SubscriptionID || len(list) != 1 {
				t.Errorf("%s, notified %v: %s %q, %d subscriptions, %v", name, notified, got.State, got.Ref, len(list), err)
			}
		}
	}
}

// Somebody whom nobody here knew signs up at the page of a plan.
func TestAStrangerAtThePageOfAPlan(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{DropNotices: true})
	p := h.plan(t, subscription.EngineProvider, nil)
	signed, err := h.sim.SignUp(sim.SignUpRequest{PlanID: p.Ref, Card: sim.CardForm{Holder: "APRO"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if !h.take(t, "subscription", signed.SubscriptionID) {
			t.Error("not ours")
		}
	}
	h.later(t, 2*time.Hour)
	list, err := h.List(t.Context(), subscription.Filter{MerchantID: p.MerchantID, Mode: p.Mode})
	if err != nil || len(list) != 1 || list[0].State != subscription.Active || list[0].PlanID != p.ID {
		t.Fatalf("%+v, %v", list, err)
	}
	if invoices := h.invoices(t, list[0].ID); invoices[0].State != subscription.Paid || invoices[0].Payment == "" {
		t.Errorf("%+v", invoices[0])
	}
}

// Notices of an invoice and of its payment bring the news at once; those of what
// is not ours are nobody's.
func TestNoticesOfInvoicesAndPayments(t *testing.T) {
	t.Parallel()
	for _, topic := range []string{"invoice", "payment"} {
		h := sqlite(t, sim.Switches{DropNotices: true})
		s := h.signUp(t, h.plan(t, subscription.EngineProvider, nil), "APRO")
		h.clock.Move(2 * time.Hour)
		if err := h.sim.Expire(h.clock.Now()); err != nil {
			t.Fatal(err)
		}
		b, _ := h.sim.Subscription(s.Ref)
		resource := map[string]int64{"invoice": b.Invoices[0].ID, "payment": b.Invoices[0].Payment}[topic]
		if !h.take(t, topic, posta.FormatDecimal(resource, 0)) {
			t.Errorf("%s: not ours", topic)
		}
		if i := h.invoices(t, s.ID)[0]; i.State != subscription.Paid || i.Payment == "" {
			t.Errorf("%s: %+v", topic, i)
		}
		if h.take(t, "plan", "abc") {
			t.Error("a plan's notice is nobody's")
		}
	}
}

// A subscription that waits for its buyer is canceled here, or lapses.
func TestASubscriptionThatNobodySignsUpFor(t *testing.T) {
	t.Parallel()
	for _, canceled := range []bool{true, false} {
		for _, repetitions := range []int{0, 6} {
			h := sqlite(t, sim.Switches{DropNotices: true})
			s := h.pendingSignUp(t, h.plan(t, subscription.EngineProvider, func(p *subscription.NewPlan) { p.Repetitions = repetitions }))
			want := subscription.ReasonLapsed
			if canceled {
				want = subscription.ReasonPerson
				if _, err := h.Cancel(t.Context(), s.MerchantID, s.Mode, s.ID, "user:test"); err != nil {
					t.Error(err)
				}
			} else {
				h.days(t, 34)
			}
			if got := h.get(t, s.ID); got.State != subscription.Canceled || got.Reason != want {
				t.Errorf("canceled %v, %d: %s %s", canceled, repetitions, got.State, got.Reason)
			}
			for _, b := range h.sim.Subscriptions() {
				if b.Status != "cancelled" {
					t.Errorf("at the provider it is %s", b.Status)
				}
			}
		}
	}
}

// The first card of one that waits.
func TestAFirstCard(t *testing.T) {
	t.Parallel()
	for _, repetitions := range []int{0, 6} {
		h := sqlite(t, sim.Switches{DropNotices: true})
		s := h.pendingSignUp(t, h.plan(t, subscription.EngineProvider, func(p *subscription.NewPlan) { p.Repetitions = repetitions }))
		got, err := h.ChangeCard(t.Context(), s.MerchantID, s.Mode, s.ID, h.card(t, "APRO"), "buyer")
		if err != nil || got.State != subscription.Active {
			t.Errorf("%d: %s, %v", repetitions, got.State, err)
		}
		if books := h.sim.Subscriptions(); len(books) != 1 || books[0].Status != "authorized" {
			t.Errorf("%d: %+v", repetitions, books)
		}
	}
}
