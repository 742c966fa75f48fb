package settlement_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/provider/prisma"
	"posta/settlement"
	sim "posta/sim/prisma"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// street is the payment and settlement services over the connector and the
// simulator of a provider, whose books are the truth.
type street struct {
	*settlement.Service
	payments *payment.Service
	sim      *sim.Simulator
	clock    *posta.MovableClock
	world    storetest.World
	terminal till.Terminal
}

func newStreet(t *testing.T, db *store.DB) *street {
	clock := posta.NewFrozenClock(storetest.Now)
	s, err := sim.New(sim.Config{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	err = s.AddAccount(sim.Account{PublicKey: "public-key-of-tests", SecretKey: "secret-key-of-tests", CUIT: "30-00000000-7", Terminals: []sim.Terminal{{ID: "12345678"}}})
	connector, opened := prisma.Description().Open(provider.Config{"public_key": "public-key-of-tests", "secret_key": "secret-key-of-tests", "cuit": "30-00000000-7", "base_url": server.URL},
		&http.Client{Timeout: 10 * time.Second}, clock)
	if err := errors.Join(err, opened); err != nil {
		t.Fatal(err)
	}
	open := func(context.Context, posta.ConnectionID) (provider.Connector, error) { return connector, nil }
	d := newDesk(t, db)
	d.Service.Open, d.Service.Clock = open, clock
	return &street{Service: d.Service, sim: s, clock: clock, world: d.world, terminal: d.terminal, payments: &payment.Service{Store: db, Open: open, Clock: clock,
		Log: d.Log, Committed: func() {}, NotifyURL: func(posta.ConnectionID) string { return "" }}}
}

func (s *street) later(t *testing.T, wait time.Duration) {
	t.Helper()
	s.clock.Move(wait)
	for _, sweep := range []func(context.Context, func(func())) (int, error){s.payments.SweepPayments, s.payments.SweepRefunds, s.SweepSettlements} {
		if _, err := sweep(t.Context(), func(f func()) { f() }); err != nil {
			t.Fatal(err)
		}
	}
}

// at does the first intent of the terminal's list.
func (s *street) at(t *testing.T, card *sim.Card) {
	t.Helper()
	err := s.sim.Take(s.terminal.Code, s.sim.Intents(s.terminal.Code)[0].ID)
	if card != nil && err == nil {
		err = s.sim.Present(s.terminal.Code, *card)
	} else if err == nil {
		err = s.sim.Confirm(s.terminal.Code)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.later(t, 10*time.Second)
}

func (s *street) sell(t *testing.T, amount int64, brand string) payment.Payment {
	t.Helper()
	p := must[payment.Payment](t)(s.payments.Create(t.Context(), payment.Input{ID: posta.NewID[posta.PaymentID](s.clock.Now()), MerchantID: s.world.Merchant.ID, Mode: posta.Test,
		TillID: s.world.Till.ID, Amount: posta.Money{Amount: amount}, Rail: provider.RailTerminal, By: "user:test"}))
	s.at(t, &sim.Card{Brand: brand})
	if p = must[payment.Payment](t)(s.payments.Get(t.Context(), p.MerchantID, p.Mode, p.ID)); p.State != payment.Paid {
		t.Fatalf("%s %q: %+v", p.State, p.Attention, p.Facts)
	}
	return p
}

func (s *street) giveBack(t *testing.T, p payment.Payment, amount int64, card *sim.Card) {
	t.Helper()
	r := must[payment.Refund](t)(s.payments.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](s.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode,
		PaymentID: p.ID, Amount: amount, By: "user:test"}))
	if card != nil {
		if err := errors.Join(s.sim.Take(s.terminal.Code, s.sim.Intents(s.terminal.Code)[0].ID), s.sim.Present(s.terminal.Code, *card), s.sim.Confirm(s.terminal.Code)); err != nil {
			t.Fatal(err)
		}
		s.later(t, 10*time.Second)
	} else {
		s.at(t, nil)
	}
	if got := must[payment.Refund](t)(s.payments.Store.Refund(t.Context(), r.MerchantID, r.Mode, r.ID)); got.State != payment.RefundSucceeded {
		t.Fatalf("%+v", got)
	}
}

func (s *street) close(t *testing.T) settlement.Settlement {
	t.Helper()
	st := must[settlement.Settlement](t)(s.Create(t.Context(), settlement.Input{MerchantID: s.world.Merchant.ID, Mode: posta.Test, TerminalID: s.terminal.ID, By: "user:test"}))
	want(t, st, settlement.Pending, settlement.AttentionNone)
	s.at(t, nil)
	s.later(t, 10*time.Second)
	return must[settlement.Settlement](t)(s.Get(t.Context(), st.MerchantID, st.Mode, st.ID))
}

// Promise 30, from the till's button to the slip's lines, against the
// simulator's own books.
func TestP30_AgainstTheProvidersOwnBooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStreet(t, db)
		void := s.sell(t, 150000, "VI")
		part := s.sell(t, 50000, "MC")
		s.sell(t, 20000, "AM")
		s.giveBack(t, void, 0, nil)
		s.giveBack(t, part, 10000, &sim.Card{Brand: "MC"})
		st := s.close(t)
		want(t, st, settlement.Confirmed, settlement.AttentionNone)
		books := s.sim.Books().Batches[0].Totals
		if st.Theirs == nil || st.Ours.Net() != books.Total.Amount || st.Ours.Sales.Count != int64(books.Sales.Count) || st.Ours.Net() != 60000 {
			t.Errorf("ours %+v, theirs %+v, the books %+v", st.Ours, st.Theirs, books)
		}
		if err := s.sim.Plant(s.terminal.Code, sim.Movement{Amount: 700}); err != nil {
			t.Fatal(err)
		}
		s.sell(t, 1000, "VI")
		want(t, s.close(t), settlement.Confirmed, settlement.AttentionDifference)
		s.sell(t, 2000, "VI")
		if err := s.sim.CloseBatch(s.terminal.Code); err != nil {
			t.Fatal(err)
		}
		s.sell(t, 3000, "VI")
		alone := s.close(t)
		if want(t, alone, settlement.Confirmed, settlement.AttentionDifference); alone.Others.Amount != 2000 || alone.Ours.Net() != 3000 {
			t.Errorf("%+v", alone)
		}
		s.sell(t, 4000, "VI")
		want(t, s.close(t), settlement.Confirmed, settlement.AttentionNone)
		want(t, s.close(t), settlement.Declined, settlement.AttentionNone) // nothing moved
	})
}
