package subscription_test

import (
	"testing"
	"time"

	"posta"

	sim "posta/sim/mercadopago"
	"posta/subscription"
)

func TestTryProvider(t *testing.T) {
	h := sqlite(t, sim.Switches{})
	p := h.plan(t, subscription.EngineProvider, nil)
	t.Logf("%+v", p)
	s := h.signUp(t, p, "APRO")
	t.Logf("%+v", s)
	for range 40 {
		h.later(t, 24*time.Hour)
	}
	s = h.get(t, s.ID)
	t.Logf("%+v", s)
	for _, i := range h.invoices(t, s.ID) {
		t.Logf("%+v", i)
		if i.Payment != "" {
			pay, err := h.payments.Get(t.Context(), i.MerchantID, i.Mode, i.Payment)
			t.Logf("%+v %v", pay.View(), err)
		}
	}
	t.Logf("%+v", h.sim.Subscriptions())
	for _, m := range h.post.sent {
		t.Log(m.Subject, "\n", m.Text)
	}
}

func TestTryHub(t *testing.T) {
	h := sqlite(t, sim.Switches{})
	p := h.plan(t, subscription.EngineHub, nil)
	t.Logf("%+v", p)
	s := h.signUp(t, p, "")
	t.Logf("%+v", s)
	for range 40 {
		h.later(t, 24*time.Hour)
	}
	s = h.get(t, s.ID)
	t.Logf("%+v", s)
	for _, i := range h.invoices(t, s.ID) {
		t.Logf("%+v", i)
		pays, err := h.db.OwnedPayments(t.Context(), i.MerchantID, []posta.InvoiceID{i.ID})
		for _, pay := range pays {
			t.Logf("%+v %v", pay.View(), err)
		}
	}
	for _, m := range h.post.sent {
		t.Log(m.Subject, "\n", m.Text)
	}
}
