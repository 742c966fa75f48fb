package mercadopago_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	sim "posta/sim/mercadopago"
	"posta/text"
)

// backs are the chargeback facts of a payment as it is stored, newest last.
func backs(p payment.Payment) (out []provider.Fact) {
	for _, f := range p.Facts {
		if f.Kind == provider.FactChargeback {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b provider.Fact) int {
		if b.Newer(a) {
			return -1
		}
		return 1
	})
	return out
}

func (h *hub) notice(t *testing.T, topic, resource string) payment.Payment {
	t.Helper()
	out, err := h.TakeNotice(t.Context(), h.world.Connection.ID, provider.Notice{Topic: topic, Resource: resource})
	if err != nil {
		t.Fatal(err)
	}
	return out.Payment
}

// A chargeback runs through its notices: open, with evidence, decided; in both of
// the provider's shapes.
func TestAChargebackIsFollowedToItsEnd(t *testing.T) {
	for _, newer := range []bool{false, true} {
		for _, won := range []bool{true, false} {
			t.Run(fmt.Sprintf("newer shape %t, won %t", newer, won), func(t *testing.T) {
				h := newOnlineHub(t)
				if err := h.SetSwitches(sim.Switches{ChargebackNewShape: newer}); err != nil {
					t.Fatal(err)
				}
				p := h.sell(t, "card", "APRO")
				h.advance(t, time.Hour)
				id, err := h.OpenChargeback(sim.ChargebackRequest{PaymentID: number(t, p.Order)})
				if err != nil {
					t.Fatal(err)
				}
				p = h.notice(t, "chargeback", id)
				open := backs(p)
				if p.State != payment.ChargedBack || len(open) != 1 {
					t.Fatalf("%s, %+v", p.State, open)
				}
				if f := open[0]; f.ID != id || f.Parent != p.Order || f.Status != provider.StatusPending || f.Amount != 150_000 || f.Currency != "ARS" ||
					f.Chargeback.Reason == "" || f.Chargeback.DeadlineAt.IsZero() != newer {
					t.Errorf("%+v", f)
				}
				charge := provider.Charge{Payment: p.ID, Amount: p.Amount, Rail: provider.RailOnline, Online: p.Online, Order: p.Order}
				h.advance(t, time.Hour)
				seen, err := h.link.(provider.Disputer).SendEvidence(t.Context(), charge, id, []provider.File{{Name: "invoice.pdf", Type: "application/pdf", Body: []byte("%PDF-1.4 x")}})
				if err != nil || len(seen.Facts) != 1 || seen.Facts[0].ID != id || !newer && seen.Facts[0].Status != provider.StatusReview {
					t.Fatalf("%+v, %v", seen, err)
				}
				h.advance(t, time.Hour)
				if err := h.DecideChargeback(id, won); err != nil {
					t.Fatal(err)
				}
				p = h.notice(t, "payment", p.Order)
				if again := h.notice(t, "chargeback", id); again.State != p.State {
					t.Errorf("%s by the payment, %s by the chargeback", p.State, again.State)
				}
				p = h.get(t, p.ID)
				want, end := payment.ChargedBack, provider.StatusLostCase
				if won {
					want, end = payment.Paid, provider.StatusWon
				}
				all := backs(p)
				if last := all[len(all)-1]; p.State != want || last.Status != end {
					t.Errorf("%s, %+v", p.State, last)
				}
			})
		}
	}
}

// What is no evidence does not reach the provider.
func TestEvidenceIsHeldToItsLimits(t *testing.T) {
	h := newOnlineHub(t)
	p := h.sell(t, "card", "APRO")
	id, err := h.OpenChargeback(sim.ChargebackRequest{PaymentID: number(t, p.Order)})
	if err != nil {
		t.Fatal(err)
	}
	charge := provider.Charge{Payment: p.ID, Amount: p.Amount, Rail: provider.RailOnline, Online: p.Online, Order: p.Order}
	for code, files := range map[string][]provider.File{
		"evidence_type":      {{Name: "a.exe", Type: "application/octet-stream", Body: []byte("MZ")}},
		"evidence_too_large": {{Name: "a.png", Type: "image/png", Body: bytes.Repeat([]byte("x"), 6<<20)}, {Name: "b.png", Type: "image/png", Body: bytes.Repeat([]byte("x"), 6<<20)}},
	} {
		_, err := h.link.(provider.Disputer).SendEvidence(t.Context(), charge, id, files)
		if e, ok := err.(*posta.Error); !ok || e.Code != posta.CodeProviderRejected || e.Params["code"] != code {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// Many refunds at once while the buyer's bank takes the money back: neither our
// books nor the provider's give back more than came. Seen red with shares that
// does not count what is pending.
func TestP33_RefundsAndChargebacksNeverExceedTheCharge(t *testing.T) {
	for round := range int32(6) {
		h := newOnlineHub(t)
		p := h.sell(t, "card", "APRO")
		h.advance(t, time.Hour)
		next := h.client.Transport
		var arrived, asked atomic.Int32
		together := make(chan struct{}) // three of eight fit: they are under way at once
		h.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				if arrived.Add(1) == 3 {
					close(together)
				}
				<-together
			}
			if r.Method == http.MethodPost && asked.Add(1) == round+1 {
				if _, err := h.OpenChargeback(sim.ChargebackRequest{PaymentID: number(t, p.Order)}); err == nil {
					defer func() {
						_, _ = h.TakeNotice(t.Context(), h.world.Connection.ID, provider.Notice{Topic: "payment", Resource: p.Order})
					}()
				}
			}
			return next.RoundTrip(r)
		})
		var hands sync.WaitGroup
		for range 8 {
			hands.Go(func() {
				_, _ = h.Service.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](h.clock.Now()), MerchantID: p.MerchantID,
					Mode: p.Mode, PaymentID: p.ID, Amount: 40_000, By: "user:test"})
			})
		}
		hands.Wait()
		h.notice(t, "payment", p.Order)
		for range 10 {
			h.later(t, time.Hour)
		}
		p = h.get(t, p.ID)
		book := h.Books(string(p.ID))
		refunds, err := h.db.ListRefunds(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range refunds {
			if r.Parts[0].Detail == "2017" {
				t.Error("the provider had to hold back a refund of more than was left")
			}
		}
		var taken, theirs int64
		for _, b := range h.counter.Chargebacks() {
			theirs += b.Amount
		}
		if all := backs(p); len(all) > 0 {
			taken = all[len(all)-1].Amount
		}
		if p.Refunded != book.Refunded || p.Refunded+taken > p.Captured || book.Refunded+theirs > book.Approved || taken != theirs {
			t.Errorf("we: %s, %d of %d back and %d taken; the provider: %d and %d of %d", p.State, p.Refunded, p.Captured, taken, book.Refunded, theirs, book.Approved)
		}
	}
}

// Whatever outcome the test cards have, the buyer reads what happened and what to do.
func TestEveryOutcomeHasWordsForTheBuyer(t *testing.T) {
	words := text.Must().Localizer("en")
	for _, o := range sim.Outcomes {
		if key := "decline." + o.Detail; !words.Has(key) || !words.Has(key+".help") || strings.Contains(words.T(key), "decline.") {
			t.Errorf("no words for %s", o.Detail)
		}
	}
}
