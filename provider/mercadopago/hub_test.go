package mercadopago_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	sim "posta/sim/mercadopago"
	"posta/store"
	"posta/store/storetest"
)

// hub is the payment service over the connector and the simulator.
type hub struct {
	*payment.Service
	*counter
	db    *store.DB
	world storetest.World
	link  provider.Connector
}

func newHub(t *testing.T, cfg provider.Config) *hub {
	t.Helper()
	c := newCounter(t, sim.Account{}, sim.Switches{})
	db := storetest.OpenAt(t, storetest.URL(t, store.SQLite))
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := &hub{counter: c, db: db, world: storetest.Seed(t, db), link: c.open(t, cfg)}
	c.till.Code, c.store.Code = posta.Alphanumeric(h.world.Till.ID), posta.Alphanumeric(h.world.Store.ID)
	c.setUp(t, h.link)
	h.Service = &payment.Service{Store: db, Clock: c.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Committed: func() {},
		Open:      func(context.Context, posta.ConnectionID) (provider.Connector, error) { return h.link, nil },
		NotifyURL: func(posta.ConnectionID) string { return "" }}
	return h
}

func (h *hub) charge(t *testing.T) payment.Payment {
	t.Helper()
	p, err := h.Create(t.Context(), payment.Input{ID: posta.NewID[posta.PaymentID](h.clock.Now()), MerchantID: h.world.Merchant.ID,
		Mode: posta.Test, TillID: h.world.Till.ID, Amount: posta.Money{Amount: 150_000}, By: "user:test"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (h *hub) later(t *testing.T, d time.Duration) {
	t.Helper()
	h.advance(t, d)
	for _, sweep := range []func(context.Context, func(func())) (int, error){h.SweepPayments, h.SweepRefunds} {
		if _, err := sweep(t.Context(), func(f func()) { f() }); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *hub) get(t *testing.T, id posta.PaymentID) payment.Payment {
	t.Helper()
	p, err := h.Service.Get(t.Context(), h.world.Merchant.ID, posta.Test, id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (h *hub) cancel(t *testing.T, id posta.PaymentID) payment.Payment {
	t.Helper()
	p, err := h.Service.Cancel(t.Context(), h.world.Merchant.ID, posta.Test, id, "user:test")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAWholeRefundAfterAPanelRefundThatNobodyTold(t *testing.T) {
	for _, flow := range []string{"orders", "legacy"} {
		h := newHub(t, provider.Config{"flow": flow})
		p := h.charge(t)
		h.pay(t)
		h.later(t, 31*time.Second)
		p = h.get(t, p.ID)
		if p.State != payment.Paid {
			t.Fatal(p.State)
		}
		charge := provider.Charge{Payment: p.ID, Amount: p.Amount, Order: p.Order}
		if _, err := h.link.Refund(t.Context(), charge, provider.Refund{Attempt: p.Attempts()[0].ID,
			Amount: posta.Money{Amount: 10_000, Currency: "ARS"}, Key: "panel"}); err != nil {
			t.Fatal(err)
		}
		h.advance(t, time.Minute)
		r, err := h.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode,
			PaymentID: p.ID, By: "user:test"})
		for range 5 {
			h.later(t, time.Hour)
		}
		r, _ = h.db.Refund(t.Context(), p.MerchantID, p.Mode, r.ID)
		if err != nil || r.State != payment.RefundSucceeded || r.Amount.Amount != 140_000 {
			t.Errorf("%s: %s %d %v, %v", flow, r.State, r.Amount.Amount, r.Parts, err)
		}
	}
}

func TestAFlowChangedWhileAPaymentIsOpenLosesNothing(t *testing.T) {
	for _, paid := range []bool{true, false} {
		h := newHub(t, provider.Config{"flow": "legacy"})
		p := h.charge(t)
		h.link = h.open(t, provider.Config{"flow": "orders"})
		if paid {
			h.pay(t)
		}
		for range 40 {
			h.later(t, 31*time.Second)
		}
		want := payment.Expired
		if paid {
			want = payment.Paid
		}
		if p = h.get(t, p.ID); p.State != want {
			t.Errorf("paid %v: %s", paid, p.State)
		}
	}
}

func TestASplitTenderLeftHalfPaidEndsAsAShortfall(t *testing.T) {
	h := newHub(t, provider.Config{"flow": "legacy"})
	p := h.charge(t)
	h.pay(t, sim.Part{Amount: 100_000})
	for range 60 {
		h.later(t, 31*time.Second)
	}
	p = h.get(t, p.ID)
	if p.State.Open() || p.Attention != payment.AttentionShortfall {
		t.Errorf("%s %q half an hour later", p.State, p.Attention)
	}
	p, err := h.Settle(t.Context(), p.MerchantID, p.Mode, p.ID, true, "user:test")
	if err != nil || p.State != payment.Paid || p.Captured != 100_000 {
		t.Errorf("accepted: %s, %v", p.State, err)
	}
}

// It may stay in process for days: the till is free, and the money is seen late.
func TestAPaymentInProcessAfterTheOrdersEndCanBeCanceled(t *testing.T) {
	h := newHub(t, provider.Config{"flow": "legacy"})
	p := h.charge(t)
	paid := h.pay(t, sim.Part{Card: sim.Card{Holder: "CONT"}})
	for range 40 {
		h.later(t, 31*time.Second)
	}
	if p = h.cancel(t, p.ID); p.State.Open() {
		t.Errorf("%s after cancel", p.State)
	}
	if err := h.counter.Settle(paid.Payments[0].ID, true); err != nil {
		t.Fatal(err)
	}
	h.later(t, 31*time.Second)
	if p = h.get(t, p.ID); p.State != payment.Paid || p.Attention != payment.AttentionPaidLate {
		t.Errorf("%s %q", p.State, p.Attention)
	}
}

func TestACancelOfAnOrderWhoseAnswerWasLost(t *testing.T) {
	h := newHub(t, provider.Config{"flow": "orders"})
	lossy := before{method: http.MethodPost, next: h.client.Transport, then: func() {}}
	lost := true
	h.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if lost && r.Method == http.MethodPost {
			lost = false
			return nil, io.ErrUnexpectedEOF
		}
		return lossy.next.RoundTrip(r)
	})
	p := h.charge(t)
	if p.State != payment.Unknown {
		t.Fatal(p.State)
	}
	if p = h.cancel(t, p.ID); p.State != payment.Canceled {
		t.Errorf("%s", p.State)
	}
}

// Orders can be refunded for 180 days and looked at for three months (§4.2).
func TestARefundOfAnOrderThatCannotBeLookedAtAnyMore(t *testing.T) {
	h := newHub(t, provider.Config{"flow": "orders"})
	p := h.charge(t)
	h.pay(t)
	h.later(t, 31*time.Second)
	next := h.client.Transport
	h.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v1/orders/") {
			return &http.Response{StatusCode: 404, Header: http.Header{}, Request: r,
				Body: io.NopCloser(strings.NewReader(`{"errors":[{"code":"order_not_found","message":"Order not found."}]}`))}, nil
		}
		return next.RoundTrip(r)
	})
	r, err := h.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode,
		PaymentID: p.ID, Amount: 50_000, By: "user:test"})
	if err != nil || r.State != payment.RefundSucceeded {
		t.Errorf("%s %v, %v", r.State, r.Parts, err)
	}
}

func TestWhatOnlyTheOrderTellsOfWhatWasPaidCounts(t *testing.T) {
	h := newHub(t, provider.Config{"flow": "orders"})
	p := h.charge(t)
	h.pay(t)
	next := h.client.Transport
	h.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		a, err := next.RoundTrip(r)
		if err == nil && r.Method == http.MethodGet {
			b, _ := io.ReadAll(a.Body)
			s := strings.Replace(string(b), `"total_paid_amount":"1500.00"`, `"total_paid_amount":"100.00"`, 1)
			s = strings.Replace(s, `"paid_amount":"1500.00",`, ``, 1)
			a.Body, a.ContentLength = io.NopCloser(strings.NewReader(s)), int64(len(s))
		}
		return a, err
	})
	h.later(t, 31*time.Second)
	if p = h.get(t, p.ID); p.State == payment.Paid {
		t.Errorf("paid with %d, though the provider tells 100.00", p.Captured)
	}
}

func TestAnOrderNotKnownAnyMoreCanBeCanceledAfterItsEnd(t *testing.T) {
	h := newHub(t, provider.Config{"flow": "orders"})
	p := h.charge(t)
	next := h.client.Transport
	h.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Path, "/v1/orders/") {
			return &http.Response{StatusCode: 404, Header: http.Header{}, Request: r,
				Body: io.NopCloser(strings.NewReader(`{"errors":[{"code":"order_not_found","message":"Order not found."}]}`))}, nil
		}
		return next.RoundTrip(r)
	})
	for range 60 {
		h.later(t, 31*time.Second)
	}
	if p = h.cancel(t, p.ID); p.State.Open() {
		t.Errorf("%s, and nobody can free the till", p.State)
	}
}

// Two hands take one payment away, and a new one is charged as soon as the
// first has done it: the second must not delete the new one's order. Sabotage
// that turns it red: takeAway without its turn.
func TestACancelNeverTakesAnotherPaymentsOrder(t *testing.T) {
	h := newHub(t, provider.Config{"flow": "legacy"})
	a := h.charge(t)
	next := h.client.Transport
	var deletes atomic.Int32
	var hands sync.WaitGroup
	h.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodDelete && deletes.Add(1) == 1 { // this hand is slow: another cancels and charges anew, unless it waits
			done := make(chan struct{})
			hands.Go(func() {
				h.cancel(t, a.ID)
				h.charge(t)
				close(done)
			})
			select {
			case <-done:
			case <-time.After(200 * time.Millisecond):
			}
		}
		return next.RoundTrip(r)
	})
	h.cancel(t, a.ID)
	hands.Wait()
	if tills := h.Tills(); tills[0].Waiting == "" {
		t.Error("the new payment's order was deleted")
	}
}

// The key of a create lives a day: what is found out later is looked for first.
func TestALostCreateFoundOutAfterTheKeysLife(t *testing.T) {
	h := newHub(t, provider.Config{"flow": "orders"})
	next := h.client.Transport
	lost := true
	h.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		answer, err := next.RoundTrip(r)
		if lost && r.Method == http.MethodPost {
			lost = false
			answer.Body.Close()
			return nil, io.ErrUnexpectedEOF
		}
		return answer, err
	})
	p := h.charge(t)
	if p.State != payment.Unknown {
		t.Fatal(p.State)
	}
	h.pay(t)
	h.later(t, 25*time.Hour) // the hub was down
	for range 10 {
		h.later(t, time.Minute)
	}
	if p = h.get(t, p.ID); p.State != payment.Paid {
		t.Errorf("%s, and the buyer has paid", p.State)
	}
}

// The provider is silent for so long that somebody is to look, then answers:
// the money is found. Seen red with our own record of the silence taken for
// the provider's order.
func TestALongSilenceLosesNothing(t *testing.T) {
	for _, flow := range []string{"legacy", "orders"} {
		h := newHub(t, provider.Config{"flow": flow})
		next, silent := h.client.Transport, false
		h.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(r)
			if silent && err == nil {
				answer.Body.Close()
				return nil, io.ErrUnexpectedEOF
			}
			return answer, err
		})
		silent = true
		p := h.charge(t)
		h.pay(t)
		for range 30 {
			h.later(t, time.Minute)
		}
		if p = h.get(t, p.ID); p.State != payment.Unknown || p.Attention != payment.AttentionReview {
			t.Fatalf("%s: %s %q", flow, p.State, p.Attention)
		}
		silent = false
		for range 3 {
			h.later(t, 2*time.Minute)
		}
		if p = h.get(t, p.ID); p.State != payment.Paid {
			t.Errorf("%s: %s %q", flow, p.State, p.Attention)
		}
	}
}
