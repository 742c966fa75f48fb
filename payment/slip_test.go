package payment_test

import (
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
	"posta/till"
)

func (s *shop) moved(t testing.TB) []settlement.Movement {
	t.Helper()
	return must[[]settlement.Movement](t)(s.db.Movements(t.Context(), s.world.Merchant.ID, s.terminal.ConnectionID, code, time.Time{}, s.clock.Now().Add(time.Second)))
}

func TestALostPaymentIsSettledByItsSlip(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.pos.lose = "create"
		in := s.input()
		in.Options.CashBack = 5000
		p := must[payment.Payment](t)(s.Create(t.Context(), in))
		for field, change := range map[string]func(*payment.SlipInput){
			"batch": func(in *payment.SlipInput) { in.Batch = "" }, "coupon": func(in *payment.SlipInput) { in.Coupon = "" },
			"authorization": func(in *payment.SlipInput) { in.Authorization = "" }, "last_four": func(in *payment.SlipInput) { in.LastFour = "12a4" },
			"terminal": func(in *payment.SlipInput) { in.Terminal = "87654321" }, "amount": func(in *payment.SlipInput) { in.Amount = -1 },
		} {
			slip := s.slip(true)
			change(&slip)
			_, err := s.SettleBySlip(t.Context(), p.ID, slip)
			if e := wantCode(t, err, posta.CodeInvalid); len(e.Fields) != 1 || e.Fields[0].Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		other := s.slip(true)
		other.MerchantID = posta.NewID[posta.MerchantID](s.clock.Now())
		_, err := s.SettleBySlip(t.Context(), p.ID, other)
		wantCode(t, err, posta.CodeNotFound)
		s.clock.Move(time.Minute)
		p = must[payment.Payment](t)(s.SettleBySlip(t.Context(), p.ID, s.slip(true)))
		if want(t, p, payment.Paid); p.Attention != "" || p.Captured != 155000 || p.Attempts()[0].Slip.Terminal != code {
			t.Errorf("%q captured %d: %+v", p.Attention, p.Captured, p.Attempts())
		}
		if e := s.events(t, p.ID); e["payment.settled"] != 1 || e["payment.paid"] != 1 {
			t.Errorf("events %v", e)
		}
		// The next batch close holds it to the provider's totals.
		if m := s.moved(t); len(m) != 1 || m[0].Payment != p.ID || m[0].Batch != "7" || m[0].Amount != 155000 || m[0].Brand != "VI" {
			t.Errorf("%+v", m)
		}
		_, err = s.SettleBySlip(t.Context(), p.ID, s.slip(true))
		wantCode(t, err, posta.CodeState)
		want(t, s.charge(t), payment.Pending) // the till is free
	})
}

func TestALostPaymentThatWasNotCharged(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.pos.drop = "create"
		p := s.charge(t)
		p = must[payment.Payment](t)(s.SettleBySlip(t.Context(), p.ID, s.slip(false)))
		if want(t, p, payment.Canceled); p.Attention != "" || len(s.moved(t)) != 0 {
			t.Errorf("%q, %+v", p.Attention, s.moved(t))
		}
		for range 10 {
			s.later(t, time.Hour)
		}
		if want(t, s.get(t, p.ID), payment.Canceled); s.intentsOf(p.ID) != 1 {
			t.Errorf("created %d times", s.intentsOf(p.ID))
		}
	})
}

// Nobody answers about a payment whose name is known: a person settles it, and
// when the provider answers after all its word is heard once.
func TestAPaymentUnderReviewIsSettledByItsSlip(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.charge(t)
		_, err := s.SettleBySlip(t.Context(), p.ID, s.slip(true))
		wantCode(t, err, posta.CodeState)
		s.pos.refuse = posta.CodeProviderUnavailable
		for range 15 {
			s.later(t, time.Minute)
		}
		p = must[payment.Payment](t)(s.SettleBySlip(t.Context(), p.ID, s.slip(true)))
		want(t, p, payment.Paid)
		s.pos.refuse = ""
		s.pos.approve(p.ID, 150000, 0, "VI")
		s.pos.lose = "refund"
		s.refund(t, p, 20000)
		s.later(t, time.Minute) // looks for it, and so hears of the payment
		if p = s.get(t, p.ID); p.Captured != 150000 || p.Attention != "" || len(p.Attempts()) != 1 || p.Attempts()[0].ID == "slip" || len(s.moved(t)) != 1 {
			t.Errorf("captured %d %q, %+v, %+v", p.Captured, p.Attention, p.Attempts(), s.moved(t))
		}
		_, err = s.Refund(t.Context(), s.refundOf(p, 130001))
		if e := wantCode(t, err, posta.CodeRefundExceeds); e.Params["left"] != "130000" {
			t.Errorf("%v", e.Params)
		}
	})
}

func TestALostRefundIsSettledByItsSlip(t *testing.T) {
	for name, done := range map[string]bool{"given back": true, "not": false} {
		t.Run(name, func(t *testing.T) {
			inShop(t, func(t *testing.T, s *shop) {
				p := s.paid(t, "VI")
				s.pos.lose = "refund"
				r := s.refund(t, p, 50000)
				slip := s.slip(done)
				slip.Coupon = "42"
				s.clock.Move(time.Minute)
				r = must[payment.Refund](t)(s.SettleRefundBySlip(t.Context(), r.ID, slip))
				_, err := s.SettleRefundBySlip(t.Context(), r.ID, slip)
				wantCode(t, err, posta.CodeState)
				if e := s.events(t, p.ID); e["refund.settled"] != 1 {
					t.Errorf("events %v", e)
				}
				m := s.moved(t)
				if !done {
					if r.State != payment.RefundFailed || len(m) != 1 {
						t.Errorf("%+v, %+v", r, m)
					}
					want(t, s.get(t, p.ID), payment.Paid)
					s.refund(t, p, 0)
					return
				}
				if r.State != payment.RefundSucceeded || len(m) != 2 || m[1].Kind != settlement.Refund || m[1].Amount != 50000 || m[1].Batch != "7" {
					t.Errorf("%+v, %+v", r, m)
				}
				want(t, s.get(t, p.ID), payment.PartiallyRefunded)
			})
		})
	}
}

func TestADoubtfulRefundIsSettledByItsSlip(t *testing.T) {
	for name, done := range map[string]bool{"given back": true, "not": false} {
		t.Run(name, func(t *testing.T) {
			inShop(t, func(t *testing.T, s *shop) {
				p := s.paid(t, "VI")
				s.refund(t, p, 0)
				s.pos.finish(provider.StatusDoubtful)
				s.later(t, 3*time.Second)
				r := s.refundsOf(t, p.ID)[0]
				if r.State != payment.RefundUnknown {
					t.Fatalf("%+v", r)
				}
				_, err := s.Refund(t.Context(), s.refundOf(p, 1))
				wantCode(t, err, posta.CodeRefundExceeds)
				must[payment.Refund](t)(s.SettleRefundBySlip(t.Context(), r.ID, s.slip(done)))
				s.later(t, time.Hour) // the provider says the same again
				r, p = s.refundsOf(t, p.ID)[0], s.get(t, p.ID)
				if (r.State == payment.RefundSucceeded) != done || (r.State == payment.RefundFailed) == done || (p.State == payment.Refunded) != done {
					t.Errorf("%s, payment %s", r.State, p.State)
				}
			})
		})
	}
}

// Of several terminals only the slip can say which one it was.
func TestASlipOfSeveralTerminalsNamesOne(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		second := s.terminal
		second.ID, second.Code = posta.NewID[posta.TerminalID](s.clock.Now()), "87654321"
		if err := s.db.InsertTerminal(t.Context(), till.Terminal(second)); err != nil {
			t.Fatal(err)
		}
		s.pos.drop = "create"
		p := s.charge(t)
		if len(p.Terminals) != 2 {
			t.Fatalf("%+v", p.Terminals)
		}
		_, err := s.SettleBySlip(t.Context(), p.ID, s.slip(true))
		if e := wantCode(t, err, posta.CodeInvalid); e.Fields[0].Field != "terminal" || e.Fields[0].Code != "required" {
			t.Errorf("%v", err)
		}
		slip := s.slip(true)
		slip.Terminal = second.Code
		p = must[payment.Payment](t)(s.SettleBySlip(t.Context(), p.ID, slip))
		if want(t, p, payment.Paid); len(s.moved(t)) != 0 || p.Attempts()[0].Slip.Terminal != second.Code {
			t.Errorf("%+v", p.Attempts())
		}
	})
}

// An error at the terminal leaves open whether money moved.
func TestADoubtfulEndIsSettledByItsSlip(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		for name, done := range map[string]bool{"charged": true, "not": false} {
			p := s.charge(t)
			s.pos.at(p.ID, func(i *intent) { s.pos.move(&i.order, provider.StatusDoubtful, "") })
			s.later(t, 3*time.Second)
			p = s.get(t, p.ID)
			if want(t, p, payment.Rejected); p.Attention != payment.AttentionSlip {
				t.Fatalf("%s: attention %q", name, p.Attention)
			}
			before := len(s.moved(t))
			s.clock.Move(time.Second)
			p = must[payment.Payment](t)(s.SettleBySlip(t.Context(), p.ID, s.slip(done)))
			if p.Attention != "" || (p.State == payment.Paid) != done || (len(s.moved(t)) == before+1) != done {
				t.Errorf("%s: %s %q, %+v", name, p.State, p.Attention, s.moved(t))
			}
		}
	})
}

// The provider's word on what a slip said comes later: it is heard by itself,
// the money counts once, and where the two differ a person is told. Sabotages
// that turn it red: nextEnquiry without its look at the slip; Compute that does
// not compare.
func TestTheProvidersLaterWordOnASlip(t *testing.T) {
	for name, c := range map[string]struct {
		said      bool
		then      func(s *shop, id posta.PaymentID)
		state     payment.State
		captured  int64
		attention payment.Attention
	}{
		"charged, so it is":            {true, func(s *shop, id posta.PaymentID) { s.pos.approve(id, 150000, 0, "VI") }, payment.Paid, 150000, ""},
		"charged, with less":           {true, func(s *shop, id posta.PaymentID) { s.pos.approve(id, 100000, 0, "VI") }, payment.Paid, 100000, payment.AttentionMismatch},
		"charged, and it was declined": {true, func(s *shop, id posta.PaymentID) { s.pos.decline(id) }, payment.Paid, 150000, payment.AttentionMismatch},
		"charged, and it was canceled": {true, func(s *shop, id posta.PaymentID) { s.pos.cancel(id) }, payment.Paid, 150000, payment.AttentionMismatch},
		"charged, and nothing is told": {true, func(*shop, posta.PaymentID) {}, payment.Paid, 150000, ""},
		"not charged, and it was":      {false, func(s *shop, id posta.PaymentID) { s.pos.approve(id, 150000, 0, "VI") }, payment.Paid, 150000, payment.AttentionPaidLate},
		"not charged, so it is":        {false, func(s *shop, id posta.PaymentID) { s.pos.cancel(id) }, payment.Canceled, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, func(t *testing.T, s *shop) {
				p := s.charge(t)
				s.pos.refuse = posta.CodeProviderUnavailable
				for range 15 {
					s.later(t, time.Minute)
				}
				p = must[payment.Payment](t)(s.SettleBySlip(t.Context(), p.ID, s.slip(c.said)))
				s.pos.refuse = ""
				s.later(t, 30*time.Second)
				c.then(s, p.ID)
				for range 20 {
					s.later(t, 2*time.Hour)
				}
				p = s.get(t, p.ID)
				if p.State != c.state || p.Captured != c.captured || p.Attention != c.attention || !p.DueAt.IsZero() {
					t.Errorf("%s captured %d %q, asked again at %s: %+v", p.State, p.Captured, p.Attention, p.DueAt, p.Attempts())
				}
				if n := len(s.moved(t)); n > 1 || (n == 1) != (c.captured > 0) {
					t.Errorf("%d movements", n)
				}
			})
		})
	}
}

// A person who said "not charged" may have been wrong: the slip that turns up
// later makes it a sale, which can be given back.
func TestASlipFoundLaterCorrectsWhatAPersonDenied(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.pos.lose = "create"
		p := s.charge(t)
		p = must[payment.Payment](t)(s.SettleBySlip(t.Context(), p.ID, s.slip(false)))
		want(t, p, payment.Canceled)
		if !p.DeniedBySlip() {
			t.Fatal("nothing is left to correct")
		}
		_, err := s.SettleBySlip(t.Context(), p.ID, s.slip(false))
		wantCode(t, err, posta.CodeState)
		p = must[payment.Payment](t)(s.SettleBySlip(t.Context(), p.ID, s.slip(true)))
		want(t, p, payment.Paid)
		if p.Captured != p.Amount.Amount || p.Attention != payment.AttentionNone || p.DeniedBySlip() || !p.Refundable() {
			t.Errorf("%d %q %v", p.Captured, p.Attention, p.Refundable())
		}
		if moved := s.moved(t); len(moved) != 1 || moved[0].Amount != p.Amount.Amount {
			t.Errorf("the close counts %+v", moved)
		}
		_, err = s.SettleBySlip(t.Context(), p.ID, s.slip(true))
		wantCode(t, err, posta.CodeState)
	})
}

// A void that the acquirer declined is not proposed again.
func TestADeclinedReversalIsProposedAsRefund(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.paid(t, "VI")
		if r := s.refund(t, p, 0); r.Kind != provider.KindReversal {
			t.Fatalf("%+v", r)
		}
		s.pos.finish(provider.StatusRejected)
		s.later(t, 3*time.Second)
		got := must[payment.Proposal](t)(s.Propose(t.Context(), p.MerchantID, p.Mode, p.ID, 0))
		if got.Kind != provider.KindRefund || got.Reason != payment.ReasonDeclined {
			t.Errorf("%+v", got)
		}
	})
}
