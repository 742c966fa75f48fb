package payment_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
)

func (s *shop) kind(p payment.Payment, kind provider.RefundKind, amount int64) payment.RefundInput {
	in := s.refundOf(p, amount)
	in.Kind = kind
	return in
}

func (s *shop) refund(t testing.TB, p payment.Payment, amount int64) payment.Refund {
	t.Helper()
	return must[payment.Refund](t)(s.Refund(t.Context(), s.refundOf(p, amount)))
}

// closeBatch has the terminal's batch closed now.
func (s *shop) closeBatch(t testing.TB) {
	t.Helper()
	now := s.clock.Now()
	st := settlement.Settlement{ID: posta.NewID[posta.SettlementID](now), MerchantID: s.world.Merchant.ID, Mode: posta.Test, ConnectionID: s.terminal.ConnectionID,
		StoreID: s.world.Store.ID, TerminalID: s.terminal.ID, TerminalCode: code, Currency: "ARS", State: settlement.Confirmed, CreatedAt: now, ToAt: now}
	if err := s.db.InsertSettlement(t.Context(), st, nil); err != nil {
		t.Fatal(err)
	}
}

func TestARefundIsDoneByAPersonAtTheTerminal(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.paid(t, "VI")
		r := s.refund(t, p, 50000)
		if r.State != payment.RefundPending || r.Kind != provider.KindRefund || r.Progress() != provider.ProgressOffered || len(r.Terminals) != 1 || r.ExpiresAt.Sub(r.CreatedAt) != 2*time.Minute {
			t.Fatalf("%+v", r)
		}
		want(t, s.get(t, p.ID), payment.Paid)
		s.pos.finish(provider.StatusApproved)
		s.later(t, 3*time.Second)
		r = s.refundsOf(t, p.ID)[0]
		if r.State != payment.RefundSucceeded || r.Parts[0].Slip.Coupon != "42" || !r.DueAt.IsZero() {
			t.Errorf("%+v", r)
		}
		want(t, s.get(t, p.ID), payment.PartiallyRefunded)
		moved := must[[]settlement.Movement](t)(s.db.Movements(t.Context(), p.MerchantID, p.ConnectionID, code, time.Time{}, s.clock.Now().Add(time.Second)))
		if len(moved) != 2 || moved[0].Kind != settlement.Sale || moved[0].Amount != 150000 || moved[1].Kind != settlement.Refund || moved[1].Amount != 50000 || moved[1].Brand != "VI" || moved[1].Refund != r.ID {
			t.Errorf("%+v", moved)
		}
	})
}

// What is recorded of a refund asked for once says so: to look how it stands, or
// to take it off, is not to ask for it again.
func TestOneRefundIsRecordedAsAskedForOnce(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.paid(t, "VI")
		s.pos.made = nil
		r := s.refund(t, p, 50000)
		s.later(t, 3*time.Second)
		must[payment.Refund](t)(s.CancelRefund(t.Context(), r.MerchantID, r.Mode, r.ID, "user:test"))
		if want := []string{"refund", "enquiry", "enquiry", "cancel"}; !slices.Equal(s.pos.made, want) {
			t.Errorf("made for %v, not %v", s.pos.made, want)
		}
	})
}

func TestARefundThatIsNotDone(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(t *testing.T, s *shop, r payment.Refund)
		wait time.Duration
	}{
		"canceled at the till": {func(t *testing.T, s *shop, r payment.Refund) {
			got := must[payment.Refund](t)(s.CancelRefund(t.Context(), r.MerchantID, r.Mode, r.ID, "user:test"))
			if got.State != payment.RefundFailed {
				t.Errorf("%+v", got)
			}
			_, err := s.CancelRefund(t.Context(), r.MerchantID, r.Mode, r.ID, "user:test")
			wantCode(t, err, posta.CodeState)
		}, 0},
		"declined":          {func(_ *testing.T, s *shop, _ payment.Refund) { s.pos.finish(provider.StatusRejected) }, 3 * time.Second},
		"its time was over": {func(*testing.T, *shop, payment.Refund) {}, 121 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, func(t *testing.T, s *shop) {
				p := s.paid(t, "VI")
				r := s.refund(t, p, 0)
				if r.Kind != provider.KindReversal {
					t.Fatalf("%+v", r)
				}
				c.act(t, s, r)
				s.later(t, c.wait)
				if got := s.refundsOf(t, p.ID)[0]; got.State != payment.RefundFailed {
					t.Errorf("%+v", got)
				}
				want(t, s.get(t, p.ID), payment.Paid)
				s.refund(t, p, 0) // what it took is free again
			})
		})
	}
	t.Run("canceled too late", func(t *testing.T) {
		inShop(t, func(t *testing.T, s *shop) {
			p := s.paid(t, "VI")
			r := s.refund(t, p, 0)
			s.pos.finish(provider.StatusApproved)
			got := must[payment.Refund](t)(s.CancelRefund(t.Context(), r.MerchantID, r.Mode, r.ID, "user:test"))
			if got.State != payment.RefundSucceeded {
				t.Errorf("%+v", got)
			}
			want(t, s.get(t, p.ID), payment.Refunded)
		})
	})
}

// Promise 28. Sabotage that turns it red: prepare without its look at the reason.
func TestP28_AReversalIsWholeAndTheRestIsARefund(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		check := func(p payment.Payment, amount int64, kind provider.RefundKind, reason payment.ProposalReason, refused string) {
			t.Helper()
			got := must[payment.Proposal](t)(s.Propose(ctx, p.MerchantID, p.Mode, p.ID, amount))
			if got.Kind != kind || got.Reason != reason || len(got.Terminals) != 1 {
				t.Errorf("%s: proposed %+v", reason, got)
			}
			if refused == "" {
				return
			}
			before := len(s.pos.returns)
			_, err := s.Refund(ctx, s.kind(p, provider.KindReversal, amount))
			if e := wantCode(t, err, posta.CodeInvalid); e.Fields[0].Field+" "+e.Fields[0].Code != refused || len(s.pos.returns) != before || len(s.pos.asked) != before {
				t.Errorf("%s: %v, at the terminal %d", reason, err, len(s.pos.returns))
			}
		}
		p := s.paid(t, "VI")
		check(p, 0, provider.KindReversal, payment.ReasonWhole, "")
		check(p, 150000, provider.KindReversal, payment.ReasonWhole, "")
		check(p, 149999, provider.KindRefund, payment.ReasonPart, "amount reversal_is_whole")
		check(s.paid(t, "AM"), 0, provider.KindRefund, payment.ReasonBrand, "kind brand_by_refund")

		s.refund(t, p, 50000)
		s.pos.finish(provider.StatusApproved)
		s.later(t, 3*time.Second)
		check(s.get(t, p.ID), 0, provider.KindRefund, payment.ReasonBefore, "amount reversal_is_whole")

		closed := s.paid(t, "VI")
		s.clock.Move(time.Second)
		s.closeBatch(t)
		check(closed, 0, provider.KindRefund, payment.ReasonClosed, "")
		s.clock.Move(time.Second)
		check(s.paid(t, "VI"), 0, provider.KindReversal, payment.ReasonWhole, "") // of the next batch
		if r := must[payment.Refund](t)(s.Refund(ctx, s.kind(closed, provider.KindReversal, 0))); r.Kind != provider.KindReversal {
			t.Errorf("whoever insists may ask the terminal: %+v", r)
		}

		s.pos.drop = "create"
		lost := s.charge(t)
		lost = must[payment.Payment](t)(s.SettleBySlip(ctx, lost.ID, s.slip(true)))
		check(lost, 0, provider.KindRefund, payment.ReasonSlip, "kind by_slip")

		s.pos.can.Reversal = false
		check(s.paid(t, "VI"), 0, provider.KindRefund, payment.ReasonAlways, "kind not_offered")
	})
}

func TestAReversalGivesBackTheWhole(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.paid(t, "VI")
		r := s.refund(t, p, 0)
		if r.Kind != provider.KindReversal || s.pos.returns[0].ask.Attempt != p.Attempts()[0].ID || !s.pos.returns[0].ask.Whole {
			t.Errorf("%+v, asked %+v", r, s.pos.returns[0].ask)
		}
		s.pos.finish(provider.StatusApproved)
		s.later(t, 3*time.Second)
		want(t, s.get(t, p.ID), payment.Refunded)
		moved := must[[]settlement.Movement](t)(s.db.Movements(t.Context(), p.MerchantID, p.ConnectionID, code, time.Time{}, s.clock.Now().Add(time.Second)))
		if len(moved) != 2 || moved[0].Kind != settlement.Sale || moved[1].Kind != settlement.Reversal {
			t.Errorf("%+v", moved)
		}
	})
}

// Promise 7 for refunds: the call is made once, whatever repeats it. Sabotage
// that turns it red: give without once.
func TestALostRefundIsAskedForOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  provider.RefundKind
		lose  func(*pos)
		state payment.RefundState // in the end, nobody doing anything
	}{
		{"refund, done", provider.KindRefund, func(f *pos) { f.lose = "refund" }, payment.RefundUnknown},
		{"refund, never arrived", provider.KindRefund, func(f *pos) { f.drop = "refund" }, payment.RefundUnknown},
		{"reversal, done: found by the payment", provider.KindReversal, func(f *pos) { f.lose = "refund" }, payment.RefundFailed},
		{"reversal, never arrived", provider.KindReversal, func(f *pos) { f.drop = "refund" }, payment.RefundFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			inShop(t, func(t *testing.T, s *shop) {
				p := s.paid(t, "VI")
				c.lose(s.pos)
				in := s.kind(p, c.kind, 0)
				if r := must[payment.Refund](t)(s.Refund(t.Context(), in)); r.State != payment.RefundUnknown {
					t.Fatalf("%+v", r)
				}
				for range 20 {
					s.later(t, 5*time.Minute)
					must[payment.Refund](t)(s.Refund(t.Context(), in))
				}
				r := s.refundsOf(t, p.ID)[0]
				if n := s.pos.asked[r.Parts[0].Key]; n != 1 || r.State != c.state {
					t.Errorf("asked %d times, %s", n, r.State)
				}
				if r.State == payment.RefundUnknown {
					_, err := s.Refund(t.Context(), s.refundOf(p, 1))
					wantCode(t, err, posta.CodeRefundExceeds)
				}
			})
		})
	}
}

func TestManyEqualRefundsAtOnceAreAskedForOnce(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.paid(t, "VI")
		in := s.refundOf(p, 0)
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				if _, err := s.Refund(t.Context(), in); err != nil {
					t.Error(err)
				}
				if _, err := s.SweepRefunds(t.Context(), func(f func()) { f() }); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		s.pos.mu.Lock()
		defer s.pos.mu.Unlock()
		if len(s.pos.returns) != 1 {
			t.Errorf("%d at the terminal", len(s.pos.returns))
		}
	})
}

// Refunds never exceed what was paid, those counted of which nobody knows.
func TestP33_OnATerminalRefundsAtOnceNeverExceed(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.paid(t, "VI")
		s.pos.lose = "refund"
		if r := s.refund(t, p, 40000); r.State != payment.RefundUnknown {
			t.Fatalf("%+v", r)
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if _, err := s.Refund(t.Context(), s.refundOf(p, 40000)); err != nil && posta.ErrorCode(err) != posta.CodeRefundExceeds {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var sum int64
		for _, b := range s.pos.returns {
			sum += b.ask.Amount.Amount
		}
		if sum != 120000 {
			t.Errorf("%d asked of 150000", sum)
		}
	})
}
