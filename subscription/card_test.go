package subscription_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/sim/fault"
	sim "posta/sim/mercadopago"
	"posta/subscription"
)

// The provider tries a period as often as it likes; we ask, and never charge, and
// never ask for a charge. What it gives up we give up, and its strikes are another
// count than its attempts.
//
// Seen red under: a call in mirror that sets the status to authorized when an
// invoice is retried; strikes counted by attempts.
func TestP38_TheProvidersRetriesAreItsOwn(t *testing.T) {
	t.Parallel()
	for _, attempts := range []int{3, 4} {
		h := sqlite(t, sim.Switches{SubscriptionAttempts: attempts, DropNotices: true})
		p := h.plan(t, subscription.EngineProvider, nil)
		s := h.signUp(t, p, "APRO")
		h.later(t, 2*time.Hour)
		if err := h.sim.FailCard(s.Ref); err != nil {
			t.Fatal(err)
		}
		before := writes(h)
		most := 0
		for range 140 {
			h.later(t, 24*time.Hour)
			for _, i := range h.invoices(t, s.ID) {
				most = max(most, i.Tried)
			}
		}
		if after := writes(h); after != before {
			t.Errorf("%d calls of ours that change something, while the provider retried", after-before)
		}
		got := h.get(t, s.ID)
		invoices := h.invoices(t, s.ID)
		count := map[subscription.InvoiceState]int{}
		for _, i := range invoices {
			count[i.State]++
		}
		if got.State != subscription.Canceled || got.Reason != subscription.ReasonProvider || got.Strikes != subscription.Strikes || most != attempts ||
			count[subscription.Unpaid] != 3 || count[subscription.Paid] != 1 {
			t.Errorf("%s %s, %d strikes, tried %d, %v", got.State, got.Reason, got.Strikes, most, states(invoices))
		}
	}
}

// writes counts the calls to the simulator's subscriptions that are no questions.
func writes(h *hub) (n int) {
	for _, e := range h.sim.Traffic(0) {
		if e.Direction == "in" && e.Method != "GET" && (strings.HasPrefix(e.Path, "/preapproval") || strings.HasPrefix(e.Path, "/v1/payments") || strings.HasPrefix(e.Path, "/authorized")) {
			n++
		}
	}
	return n
}

// A create whose answer was lost is looked up before it is repeated, so that
// however the wire fails there is one subscription at the provider.
//
// Seen red under: a repeat without looking; a refusal on a repeat taken for a refusal.
func TestALostAnswerNeverMakesTwoSubscriptions(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]fault.Rule{
		"arrived":       {Method: "POST", Path: "/preapproval", Action: fault.CutAfter, Times: 1},
		"never arrived": {Method: "POST", Path: "/preapproval", Action: fault.CutBefore, Times: 1},
		"twice":         {Method: "POST", Path: "/preapproval", Action: fault.CutAfter, Times: 2},
		"status":        {Method: "POST", Path: "/preapproval", Action: fault.Status, Status: 502, After: true, Times: 1},
	} {
		for _, lag := range []int64{0, 90_000} {
			h := sqlite(t, sim.Switches{DropNotices: true, SearchLagMillis: lag})
			p := h.plan(t, subscription.EngineProvider, nil)
			h.unplugged(t, rule, fault.Rule{Method: "GET", Path: "/preapproval/search", Action: fault.CutBefore, Times: 1})
			s := h.signUp(t, p, "APRO")
			if s.State != subscription.Pending || s.Ref != "" {
				t.Fatalf("%s: %+v", name, s)
			}
			for range 30 {
				h.later(t, time.Minute)
			}
			got, books := h.get(t, s.ID), h.sim.Subscriptions()
			if len(books) != 1 || got.State != subscription.Active || got.Ref != books[0].ID || got.Token != "" {
				t.Errorf("%s, lag %d: %s %q, at the provider %d", name, lag, got.State, got.Ref, len(books))
			}
		}
	}
}

// A card that the provider refuses ends the subscription at once, with its word.
func TestARefusedCardIsTold(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{})
	p := h.plan(t, subscription.EngineProvider, nil)
	_, err := h.SignUp(t.Context(), subscription.SignUp{ID: posta.NewID[posta.SubscriptionID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PlanID: p.ID,
		Buyer: buyer(), Token: h.card(t, "FUND"), By: "user:test"})
	if posta.ErrorCode(err) != posta.CodeProviderRejected {
		t.Errorf("%v", err)
	}
	list, err := h.List(t.Context(), subscription.Filter{MerchantID: p.MerchantID, Mode: p.Mode})
	if err != nil || len(list) != 1 || list[0].State != subscription.Canceled || list[0].Reason != subscription.ReasonRefused || list[0].Token != "" {
		t.Errorf("%+v, %v", list, err)
	}
	if n := len(h.sim.Subscriptions()); n != 0 {
		t.Errorf("%d at the provider", n)
	}
}

// Pause, resume, a new amount, a new card, cancel: what the provider then says is
// what we say.
func TestChangesAreTheProvidersTruth(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{DropNotices: true})
	p := h.plan(t, subscription.EngineProvider, nil)
	s := h.signUp(t, p, "APRO")
	h.later(t, 2*time.Hour)
	m, ctx := s.MerchantID, t.Context()
	book := func() sim.SubscriptionBook { b, _ := h.sim.Subscription(s.Ref); return b }
	check := func(what string, got subscription.Subscription, err error, state subscription.State, status string) {
		t.Helper()
		if err != nil || got.State != state || got.Change != nil || book().Status != status {
			t.Errorf("%s: %s %+v, %v, the provider says %s", what, got.State, got.Change, err, book().Status)
		}
	}
	got, err := h.ChangeAmount(ctx, m, posta.Test, s.ID, 200_000, "user:test")
	check("amount", got, err, subscription.Active, "authorized")
	if got.Amount.Amount != 200_000 || book().Amount != 200_000 {
		t.Errorf("%d, the provider says %d", got.Amount.Amount, book().Amount)
	}
	got, err = h.ChangeCard(ctx, m, posta.Test, s.ID, h.card(t, "APRO"), "user:test")
	check("card", got, err, subscription.Active, "authorized")
	if got.CardRef == s.CardRef {
		t.Errorf("the card is still %s", got.CardRef)
	}
	got, err = h.Pause(ctx, m, posta.Test, s.ID, "user:test")
	check("pause", got, err, subscription.Paused, "paused")
	if _, err := h.ChangeAmount(ctx, m, posta.Test, s.ID, 300_000, "user:test"); posta.ErrorCode(err) != posta.CodeState {
		t.Errorf("a paused one was changed: %v", err)
	}
	for range 40 {
		h.later(t, 24*time.Hour)
	}
	if n := len(book().Invoices); n != 1 {
		t.Errorf("%d charges while paused", n-1)
	}
	got, err = h.Resume(ctx, m, posta.Test, s.ID, "user:test")
	check("resume", got, err, subscription.Active, "authorized")
	for range 31 {
		h.later(t, 24*time.Hour)
	}
	invoices := h.invoices(t, s.ID)
	last := slices.IndexFunc(invoices, func(i subscription.Invoice) bool { return i.State == subscription.Paid && i.Sequence > 1 })
	if last < 0 || invoices[last].Amount.Amount != 200_000 {
		t.Errorf("%v", states(invoices))
	}
	got, err = h.Cancel(ctx, m, posta.Test, s.ID, "buyer")
	check("cancel", got, err, subscription.Canceled, "cancelled")
	if got.Reason != subscription.ReasonBuyer {
		t.Errorf("reason %s", got.Reason)
	}
	for _, i := range h.invoices(t, s.ID) {
		if i.State == subscription.Scheduled {
			t.Error("a period is still scheduled")
		}
	}
}

// deaf is a provider that answers well and does nothing.
type deaf struct{ provider.Connector }

func (d deaf) ChangeSubscription(ctx context.Context, ref string, _ provider.SubscriptionChange, _ string) (provider.SubscriptionFact, error) {
	return d.Connector.(provider.Subscriber).Subscription(ctx, provider.Subscription{Ref: ref})
}

func (d deaf) subscriber() provider.Subscriber { return d.Connector.(provider.Subscriber) }

// The rest is as it is.
func (d deaf) PutPlan(ctx context.Context, p provider.Plan, key string) (provider.PlanFact, error) {
	return d.subscriber().PutPlan(ctx, p, key)
}
func (d deaf) Subscribe(ctx context.Context, s provider.Subscription, key string) (provider.SubscriptionFact, error) {
	return d.subscriber().Subscribe(ctx, s, key)
}
func (d deaf) Subscription(ctx context.Context, s provider.Subscription) (provider.SubscriptionFact, error) {
	return d.subscriber().Subscription(ctx, s)
}
func (d deaf) Invoices(ctx context.Context, ref string) ([]provider.InvoiceFact, error) {
	return d.subscriber().Invoices(ctx, ref)
}
func (d deaf) FetchSubscription(ctx context.Context, n provider.Notice) (string, error) {
	return d.subscriber().FetchSubscription(ctx, n)
}
func (d deaf) Charged(ctx context.Context, id string) (provider.Observation, error) {
	return d.subscriber().Charged(ctx, id)
}

func TestWhatTheProviderIgnoresIsTold(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{DropNotices: true})
	s := h.signUp(t, h.plan(t, subscription.EngineProvider, nil), "APRO")
	h.link = deaf{h.link}
	got, err := h.ChangeAmount(t.Context(), s.MerchantID, s.Mode, s.ID, 200_000, "user:test")
	e, _ := err.(*posta.Error)
	if e == nil || e.Code != posta.CodeProviderRejected || e.Params["code"] != "ignored" {
		t.Fatalf("%v", err)
	}
	if got = h.get(t, s.ID); got.Amount.Amount != 150_000 || got.Change != nil || got.Detail != "ignored" {
		t.Errorf("%+v", got)
	}
}

// A change whose answer was lost is asked for again until it is decided.
func TestALostChangeIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, action := range []fault.Action{fault.CutAfter, fault.CutBefore} {
		h := sqlite(t, sim.Switches{DropNotices: true})
		s := h.signUp(t, h.plan(t, subscription.EngineProvider, nil), "APRO")
		h.unplugged(t, fault.Rule{Method: "PUT", Path: "/preapproval/.*", Action: action, Times: 2})
		got, err := h.Pause(t.Context(), s.MerchantID, s.Mode, s.ID, "user:test")
		if err != nil || got.State != subscription.Active || got.Change == nil {
			t.Fatalf("%s: %s %+v, %v", action, got.State, got.Change, err)
		}
		for range 5 {
			h.later(t, time.Minute)
		}
		if got = h.get(t, s.ID); got.State != subscription.Paused || got.Change != nil {
			t.Errorf("%s: %s %+v", action, got.State, got.Change)
		}
	}
}

// What the provider charged is a payment like any other: it can be refunded.
func TestAChargedPeriodIsRefundedLikeAnyPayment(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{DropNotices: true})
	s := h.signUp(t, h.plan(t, subscription.EngineProvider, nil), "APRO")
	h.later(t, 2*time.Hour)
	i := h.invoices(t, s.ID)[0]
	p, err := h.payments.Get(t.Context(), i.MerchantID, i.Mode, i.Payment)
	if err != nil || p.State != payment.Paid {
		t.Fatalf("%s, %v", p.State, err)
	}
	if _, err := h.payments.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PaymentID: p.ID,
		Amount: 50_000, By: "user:test"}); err != nil {
		t.Fatal(err)
	}
	h.later(t, time.Minute)
	book := h.sim.Books(string(s.ID))
	if p, err = h.payments.Refresh(t.Context(), p.MerchantID, p.Mode, p.ID); err != nil || p.State != payment.PartiallyRefunded || p.Refunded != 50_000 || book.Refunded < 50_000 {
		t.Errorf("%s %d, %v; the simulator gave %d back", p.State, p.Refunded, err, book.Refunded)
	}
	// A notice of it finds it, though it bears no reference of ours.
	out, err := h.payments.TakeNotice(t.Context(), p.ConnectionID, provider.Notice{Topic: "payment", Resource: p.Order})
	if err != nil || out.Payment.ID != p.ID {
		t.Errorf("%s, %v", out.Payment.ID, err)
	}
	if n, err := strconv.Atoi(p.Order); err != nil || n == 0 {
		t.Errorf("order %q", p.Order)
	}
}
