package payment_test

import (
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/settlement"
)

// A charge that names no terminal goes to those that can take it.
func TestAChargeLeavesOutTerminalsThatCloseTheirBatch(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		other := s.terminal
		other.ID, other.Code = posta.NewID[posta.TerminalID](s.clock.Now()), "10000009"
		if err := s.db.InsertTerminal(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		closing := func(terminal posta.TerminalID, code string) {
			now := s.clock.Now()
			err := s.db.InsertSettlement(t.Context(), settlement.Settlement{ID: posta.NewID[posta.SettlementID](now), MerchantID: s.world.Merchant.ID,
				Mode: posta.Test, ConnectionID: s.terminal.ConnectionID, StoreID: s.world.Store.ID, TerminalID: terminal, TerminalCode: code,
				Currency: "ARS", State: settlement.Pending, CreatedAt: now}, nil)
			if err != nil {
				t.Fatal(err)
			}
		}
		closing(s.terminal.ID, s.terminal.Code)
		in := s.input()
		in.Terminals = []posta.TerminalID{s.terminal.ID}
		_, err := s.Create(t.Context(), in)
		wantCode(t, err, posta.CodeTerminalBusy)
		p := must[payment.Payment](t)(s.Create(t.Context(), s.input()))
		if len(p.Terminals) != 1 || p.Terminals[0].ID != other.ID {
			t.Errorf("offered to %+v", p.Terminals)
		}
		must[payment.Payment](t)(s.Cancel(t.Context(), p.MerchantID, p.Mode, p.ID, "user:test"))
		closing(other.ID, other.Code)
		in = s.input()
		in.TillID = s.world.AddTill(t, s.db).ID
		_, err = s.Create(t.Context(), in)
		wantCode(t, err, posta.CodeTerminalBusy)
	})
}

// Promise 1: a repeat whose first answer was lost finds its payment, whatever
// the terminal does meanwhile.
func TestP1_ARepeatFindsItsPaymentWhileTheTerminalClosesItsBatch(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		in := s.input()
		p := must[payment.Payment](t)(s.Create(t.Context(), in))
		s.pos.take(p.ID)
		s.pos.approve(p.ID, p.Amount.Amount, 0, "VI")
		s.later(t, 3*time.Second)
		now := s.clock.Now()
		err := s.db.InsertSettlement(t.Context(), settlement.Settlement{ID: posta.NewID[posta.SettlementID](now), MerchantID: s.world.Merchant.ID,
			Mode: posta.Test, ConnectionID: s.terminal.ConnectionID, StoreID: s.world.Store.ID, TerminalID: s.terminal.ID, TerminalCode: s.terminal.Code,
			Currency: "ARS", State: settlement.Pending, CreatedAt: now}, nil)
		if err != nil {
			t.Fatal(err)
		}
		again := must[payment.Payment](t)(s.Create(t.Context(), in))
		if want(t, again, payment.Paid); again.ID != p.ID || s.intentsOf(p.ID) != 1 {
			t.Errorf("%s, then %s, in %d intents", p.ID, again.ID, s.intentsOf(p.ID))
		}
	})
}
