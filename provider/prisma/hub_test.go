package prisma_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/sim/fault"
	sim "posta/sim/prisma"
	"posta/store"
	"posta/store/storetest"
)

// hub is the payment service over the connector and the simulator, with a
// terminal in its store.
type hub struct {
	*payment.Service
	*counter
	db    *store.DB
	world storetest.World
}

func newHub(t *testing.T, change ...func(*sim.Config)) *hub {
	t.Helper()
	c := newCounter(t, change...)
	db := storetest.OpenAt(t, storetest.URL(t, store.SQLite))
	did(t, db.Migrate(t.Context()))
	h := &hub{counter: c, db: db, world: storetest.Seed(t, db)}
	h.world.AddTerminal(t, db, one)
	link := c.open(t, nil)
	h.Service = &payment.Service{Store: db, Clock: c.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Committed: func() {},
		Open:      func(context.Context, posta.ConnectionID) (provider.Connector, error) { return link, nil },
		NotifyURL: func(posta.ConnectionID) string { return "" }}
	return h
}

func (h *hub) charge(t *testing.T) payment.Payment {
	t.Helper()
	p, err := h.Create(t.Context(), payment.Input{ID: posta.NewID[posta.PaymentID](h.clock.Now()), MerchantID: h.world.Merchant.ID, Mode: posta.Test,
		TillID: h.world.Till.ID, Amount: posta.Money{Amount: 150_000}, Rail: provider.RailTerminal, By: "user:test"})
	did(t, err)
	return p
}

// later lets time pass in steps of a till that asks often.
func (h *hub) later(t *testing.T, d time.Duration) {
	t.Helper()
	for passed := time.Duration(0); passed < d; passed += 3 * time.Second {
		h.clock.Move(3 * time.Second)
		for _, sweep := range []func(context.Context, func(func())) (int, error){h.SweepPayments, h.SweepRefunds} {
			_, err := sweep(t.Context(), func(f func()) { f() })
			did(t, err)
		}
	}
}

func (h *hub) state(t *testing.T, id posta.PaymentID, state payment.State, attention payment.Attention) payment.Payment {
	t.Helper()
	p, err := h.Service.Get(t.Context(), h.world.Merchant.ID, posta.Test, id)
	did(t, err)
	if p.State != state || p.Attention != attention {
		t.Fatalf("%s %q, want %s %q: %+v", p.State, p.Attention, state, attention, p.Facts)
	}
	return p
}

func (h *hub) refund(t *testing.T, p payment.Payment, kind provider.RefundKind, minor int64) (payment.Refund, error) {
	t.Helper()
	return h.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode,
		PaymentID: p.ID, Kind: kind, Amount: minor, By: "user:test"})
}

// "25. No answer → unknown, never failed." One create, whatever time passes;
// nothing of the provider's is asked again, and a person with the slip settles
// it. Seen red with RecoverSearch declared.
func TestP25_ALostCreateWaitsForItsSlip(t *testing.T) {
	h := newHub(t)
	h.break_(t, fault.Rule{Operation: "payment_create", Action: fault.CutAfter, Times: 1})
	p := h.charge(t)
	h.pay(t, sim.Card{})
	h.later(t, 3*time.Minute)
	p = h.state(t, p.ID, payment.Unknown, payment.AttentionSlip)
	if n := h.calls(); n["payment_create"] != 1 || n["payment_get"] != 0 || n["payment_search"] != 0 {
		t.Errorf("%v", n)
	}
	booked := h.Books().Authorizations[0]
	p, err := h.SettleBySlip(t.Context(), p.ID, payment.SlipInput{MerchantID: p.MerchantID, Mode: p.Mode, Done: true, Batch: "1", Coupon: "1",
		Authorization: booked.Code, Brand: "VI", By: "user:test"})
	did(t, err)
	if h.state(t, p.ID, payment.Paid, ""); p.Captured != booked.Amount {
		t.Errorf("captured %d of %d", p.Captured, booked.Amount)
	}
}

// Nobody could be asked, so nobody charged: the till may simply try again.
func TestAProviderThatCannotBeReachedChargesNobody(t *testing.T) {
	h := newHub(t)
	h.break_(t, fault.Rule{Operation: "token", Action: fault.Status, Status: 503, Times: 1})
	p := h.charge(t)
	if p = h.state(t, p.ID, payment.Failed, ""); p.LastDetail != "unreachable" || h.calls()["payment_create"] != 0 {
		t.Errorf("%q, %v", p.LastDetail, h.calls())
	}
	h.state(t, h.charge(t).ID, payment.Pending, "")
}

// "27. Cancel and approval crossing → exactly one of: paid, or canceled." By
// the hub at its time-out: it cancels, and asks on to the end.
func TestP27_TheTimeOutCrossesApproval(t *testing.T) {
	for race, tc := range map[string]struct {
		do    func(*testing.T, *hub)
		state payment.State
	}{
		sim.RaceRefuse:      {func(t *testing.T, h *hub) { present(t, h.counter) }, payment.Paid},
		sim.RacePaymentWins: {func(t *testing.T, h *hub) { present(t, h.counter) }, payment.Paid},
		sim.RaceUndoWins:    {func(*testing.T, *hub) {}, payment.Canceled},
	} {
		h := newHub(t, func(cfg *sim.Config) { cfg.Pace, cfg.Switches.CancelRace = sim.RealisticPace, race })
		p := h.charge(t)
		h.later(t, 110*time.Second)
		h.take(t)
		h.clock.Move(8 * time.Second)
		tc.do(t, h)
		h.later(t, 4*time.Minute)
		p = h.state(t, p.ID, tc.state, "")
		var taken int64
		for _, a := range h.Books().Authorizations {
			if !a.Reversed {
				taken += a.Amount
			}
		}
		if p.Captured != taken || h.calls()["payment_create"] != 1 {
			t.Errorf("%s: captured %d, taken %d, %v", race, p.Captured, taken, h.calls())
		}
	}
	h := newHub(t)
	p := h.charge(t) // nobody comes
	h.later(t, 130*time.Second)
	h.state(t, p.ID, payment.Canceled, "")
	if list := h.Intents(one); len(list) > 0 {
		t.Errorf("still on the terminal: %+v", list)
	}
}

// "28. A reversal names a payment and takes its whole amount; a partial amount,
// or one the reversal cannot reach, goes as refund; a partial reversal is
// refused by the hub before it reaches the terminal." Seen red with no brand
// without reversal.
func TestP28_ReversalOrRefund(t *testing.T) {
	for name, tc := range map[string]struct {
		card  sim.Card
		ask   provider.RefundKind
		minor int64
		kind  provider.RefundKind
		field string // that is refused
	}{
		"whole":            {sim.Card{}, "", 0, provider.KindReversal, ""},
		"whole, as refund": {sim.Card{}, provider.KindRefund, 0, provider.KindRefund, ""},
		"part":             {sim.Card{}, "", 40_000, provider.KindRefund, ""},
		"amex":             {sim.Card{Brand: "AM"}, "", 0, provider.KindRefund, ""},
		"part, reversed":   {sim.Card{}, provider.KindReversal, 40_000, "", "amount"},
		"amex, reversed":   {sim.Card{Brand: "AM"}, provider.KindReversal, 0, "", "kind"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			p := h.charge(t)
			h.pay(t, tc.card)
			h.later(t, 3*time.Second)
			p = h.state(t, p.ID, payment.Paid, "")
			r, err := h.refund(t, p, tc.ask, tc.minor)
			if tc.field != "" {
				e, _ := err.(*posta.Error)
				if e == nil || len(e.Fields) != 1 || e.Fields[0].Field != tc.field || len(h.Intents(one)) > 0 {
					t.Errorf("%v, on the terminal %+v", err, h.Intents(one))
				}
				return
			}
			did(t, err)
			if r.Kind != tc.kind || r.State != payment.RefundPending || r.Progress() != provider.ProgressOffered {
				t.Fatalf("%+v", r)
			}
			h.giveBack(t)
			h.later(t, 6*time.Second)
			r, err = h.db.Refund(t.Context(), p.MerchantID, p.Mode, r.ID)
			did(t, err)
			want := map[bool]payment.State{true: payment.Refunded, false: payment.PartiallyRefunded}[tc.minor == 0]
			if h.state(t, p.ID, want, ""); r.State != payment.RefundSucceeded || r.Parts[0].Slip.Terminal != one {
				t.Errorf("%+v", r)
			}
		})
	}
}

// A refund or reversal whose answer was lost is asked for once: a reversal is
// found by its payment, a refund waits for its slip. Nobody's is taken off the
// terminal after its time, and can be asked for again. Seen red with
// RecoverRepeat declared.
func TestP7_ARefundIsAskedForOnce(t *testing.T) {
	for kind, want := range map[provider.RefundKind]payment.RefundState{provider.KindReversal: payment.RefundSucceeded, provider.KindRefund: payment.RefundUnknown} {
		h := newHub(t)
		p := h.charge(t)
		h.pay(t, sim.Card{})
		h.later(t, 3*time.Second)
		h.break_(t, fault.Rule{Operation: string(kind) + "_create", Action: fault.CutAfter, Times: 1})
		r, err := h.refund(t, p, kind, 0)
		did(t, err)
		if r.State != payment.RefundUnknown {
			t.Fatal(r.State)
		}
		h.giveBack(t)
		h.later(t, 3*time.Minute)
		r, err = h.db.Refund(t.Context(), p.MerchantID, p.Mode, r.ID)
		did(t, err)
		if n := h.calls()[string(kind)+"_create"]; r.State != want || n != 1 {
			t.Errorf("%s: %s after %d calls", kind, r.State, n)
		}
	}
	for _, kind := range []provider.RefundKind{provider.KindReversal, provider.KindRefund} {
		h := newHub(t)
		p := h.charge(t)
		h.pay(t, sim.Card{})
		h.later(t, 3*time.Second)
		for range 2 {
			r, err := h.refund(t, p, kind, 0)
			did(t, err)
			h.later(t, 4*time.Minute)
			r, err = h.db.Refund(t.Context(), p.MerchantID, p.Mode, r.ID)
			did(t, err)
			if r.State != payment.RefundFailed || len(h.Intents(one)) > 0 {
				t.Fatalf("%s: %+v, on the terminal %+v", kind, r, h.Intents(one))
			}
		}
		r, err := h.refund(t, p, kind, 0)
		did(t, err)
		h.giveBack(t)
		h.later(t, 6*time.Second)
		h.state(t, p.ID, payment.Refunded, "")
		if r, _ = h.db.Refund(t.Context(), p.MerchantID, p.Mode, r.ID); r.State != payment.RefundSucceeded {
			t.Errorf("%+v", r)
		}
	}
}

// A reversal whose cancel was refused may have been done: it is not said to have
// failed, it is asked about, and its slip can settle it.
func TestAReversalThatCouldNotBeCanceled(t *testing.T) {
	for stays, want := range map[bool]payment.RefundState{false: payment.RefundSucceeded, true: payment.RefundUnknown} {
		h := newHub(t, switched(func(w *sim.Switches) { w.CancelRace, w.UndoDeclinedFinal = sim.RacePaymentWins, stays }))
		p := h.charge(t)
		h.pay(t, sim.Card{})
		h.later(t, 3*time.Second)
		r, err := h.refund(t, p, provider.KindReversal, 0)
		did(t, err)
		h.take(t)
		_, err = h.CancelRefund(t.Context(), p.MerchantID, p.Mode, r.ID, "user:test")
		did(t, err)
		finish(t, h.counter)
		h.later(t, 2*time.Minute)
		r, err = h.db.Refund(t.Context(), p.MerchantID, p.Mode, r.ID)
		did(t, err)
		if r.State != want || !h.Books().Authorizations[0].Reversed {
			t.Fatalf("%s, want %s", r.State, want)
		}
		if stays {
			r, err = h.SettleRefundBySlip(t.Context(), r.ID, payment.SlipInput{MerchantID: p.MerchantID, Mode: p.Mode, Done: true, Batch: "1", Coupon: "2",
				Authorization: "123456", By: "user:test"})
			did(t, err)
		}
		if h.state(t, p.ID, payment.Refunded, ""); r.State != payment.RefundSucceeded {
			t.Errorf("%s", r.State)
		}
		if n := h.calls()["reversal_create"]; n != 1 {
			t.Errorf("asked for %d times", n)
		}
	}
}
