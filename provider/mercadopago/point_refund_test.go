package mercadopago_test

import (
	"testing"
	"time"

	"posta"
	"posta/payment"
	sim "posta/sim/mercadopago"
)

// An order that asks for action and was charged all the same is given back,
// though the order itself cannot be (docs/providers/mercadopago.md §5.4, §5.5):
// by the payment behind it. Sabotage that turns it red: refundOrder that leaves
// it at the refusal.
func TestPointActionRequiredIsGivenBack(t *testing.T) {
	for name, parts := range map[string][]struct {
		amount int64 // 0 is what is left
		want   payment.State
	}{
		"whole":    {{0, payment.Refunded}},
		"in parts": {{50_000, payment.PartiallyRefunded}, {0, payment.Refunded}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newPointHub(t)
			p := h.onTerminal(t)
			did(t, h.StallPoint(device, sim.PointPayment{}))
			h.later(t, 41*time.Second)
			h.state(t, p.ID, payment.Paid)
			for _, part := range parts {
				h.later(t, time.Second)
				r, err := h.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode,
					PaymentID: p.ID, Amount: part.amount, By: "user:test"})
				if err != nil || r.State != payment.RefundSucceeded {
					t.Fatalf("%s %+v, %v", r.State, r.Parts, err)
				}
				h.state(t, p.ID, part.want)
			}
			h.later(t, 24*time.Hour)
			if p = h.state(t, p.ID, payment.Refunded); p.Refunded != 150_000 {
				t.Errorf("gave back %d", p.Refunded)
			}
		})
	}
}
