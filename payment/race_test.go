package payment_test

import (
	"context"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// Promise 27. Sabotage that turns it red: takeAway takes a canceled state
// without reading what the provider answered.
func TestP27_CancelAndApprovalCrossing(t *testing.T) {
	t.Run("the buyer was faster", func(t *testing.T) {
		each(t, func(t *testing.T, d *desk) {
			p := d.charge(t)
			d.pay(p.ID, 150000)
			p, err := d.Cancel(context.Background(), p.MerchantID, p.Mode, p.ID, "user:test")
			if err != nil {
				t.Fatal(err)
			}
			want(t, p, payment.Paid)
		})
	})
	t.Run("money after the cancel becomes paid, late, and a task", func(t *testing.T) {
		each(t, func(t *testing.T, d *desk) {
			p := d.charge(t)
			p, err := d.Cancel(context.Background(), p.MerchantID, p.Mode, p.ID, "user:test")
			if err != nil {
				t.Fatal(err)
			}
			want(t, p, payment.Canceled)
			d.clock.Move(time.Second)
			d.pay(p.ID, 150000)
			d.later(t, 20*time.Second)
			p = d.get(t, p.ID)
			want(t, p, payment.Paid)
			if e := d.events(t, p.ID); p.Attention != payment.AttentionPaidLate || e["payment.paid_late"] != 1 || e["payment.paid"] != 0 {
				t.Errorf("attention %q, events %v", p.Attention, e)
			}
			p, err = d.Settle(context.Background(), p.MerchantID, p.Mode, p.ID, false, "user:test")
			if err != nil || p.Attention != payment.AttentionNone {
				t.Errorf("settled: %q, %v", p.Attention, err)
			}
		})
	})
	t.Run("late money goes back by itself where the connection says so", func(t *testing.T) {
		each(t, func(t *testing.T, d *desk) {
			c := d.world.Connection
			c.RefundLate = true
			if err := d.db.UpdateConnection(context.Background(), c); err != nil {
				t.Fatal(err)
			}
			p := d.charge(t)
			if _, err := d.Cancel(context.Background(), p.MerchantID, p.Mode, p.ID, "user:test"); err != nil {
				t.Fatal(err)
			}
			d.clock.Move(time.Second)
			d.pay(p.ID, 150000)
			d.later(t, 20*time.Second)
			d.later(t, time.Second)
			p = d.get(t, p.ID)
			want(t, p, payment.Refunded)
			if len(d.refunds) != 1 {
				t.Errorf("%d refunds", len(d.refunds))
			}
			if e := d.events(t, p.ID); p.Attention != payment.AttentionNone || e["payment.paid_late"] != 1 {
				t.Errorf("a task without anything to do: %q, events %v", p.Attention, e)
			}
		})
	})
	t.Run("a lost answer to cancel is tried again", func(t *testing.T) {
		each(t, func(t *testing.T, d *desk) {
			p := d.charge(t)
			d.drop = "cancel"
			p, err := d.Cancel(context.Background(), p.MerchantID, p.Mode, p.ID, "user:test")
			if err != nil {
				t.Fatal(err)
			}
			want(t, p, payment.Pending)
			d.later(t, 5*time.Second)
			want(t, d.get(t, p.ID), payment.Canceled)
		})
	})
}

// The second press of a button, while the first waits for the provider. Sabotage
// that turns it red: look takes the till to be empty for good.
func TestARepeatWhileTheCreateIsUnderWayConcludesNothing(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.recovery = provider.RecoverSearch
		in := d.input()
		d.before = func(op string) {
			if op == "create" {
				d.before = nil
				if p, err := d.Create(context.Background(), in); err != nil || !p.State.Open() {
					t.Errorf("the repeat: %s %s, %v", p.State, p.LastDetail, err)
				}
				d.clock.Move(time.Millisecond)
			}
		}
		p, err := d.Create(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		want(t, p, payment.Pending)
	})
}

func TestACancelWhileTheCreateIsUnderWayLeavesNothingOnTheTill(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.recovery = provider.RecoverSearch
		in := d.input()
		d.before = func(op string) {
			if op == "create" {
				d.before = nil
				p, err := d.Cancel(context.Background(), in.MerchantID, in.Mode, in.ID, "user:test")
				if err != nil || !p.State.Open() {
					t.Errorf("canceled while the order may yet come: %s, %v", p.State, err)
				}
			}
		}
		if _, err := d.Create(context.Background(), in); err != nil {
			t.Fatal(err)
		}
		d.later(t, 5*time.Second)
		want(t, d.get(t, in.ID), payment.Canceled)
		if d.orders[in.ID].status != provider.StatusCanceled {
			t.Error("canceled, and still on the till")
		}
	})
}

// The create arrives after it was given up, and the till charges the next.
func TestTheOrderOfAnEndedPaymentIsTakenAwayWhenItShowsAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.recovery, d.drop = provider.RecoverSearch, "create"
		a := d.charge(t)
		d.later(t, 3*time.Second)
		want(t, d.get(t, a.ID), payment.Failed)
		b := d.charge(t)
		want(t, b, payment.Pending)
		d.clock.Move(time.Second)
		d.fake.mu.Lock() // the first create arrives after all
		d.orders[a.ID] = &fakeOrder{status: provider.StatusOpen, at: d.clock.Now(), amount: a.Amount}
		d.fake.mu.Unlock()
		if _, err := d.TakeNotice(context.Background(), a.ConnectionID, provider.Notice{Resource: string(a.ID)}); err != nil {
			t.Errorf("notice: %v", err)
		}
		for range 4 {
			d.later(t, 30*time.Second)
		}
		if got := d.orders[a.ID].status; got != provider.StatusCanceled {
			t.Errorf("the failed payment's order is %s", got)
		}
		want(t, d.get(t, b.ID), payment.Pending)
		if d.get(t, a.ID).State.Open() {
			t.Error("occupies the till")
		}
	})
}

func TestLateMoneyOfAnEndedPaymentIsSeenThoughTheTillIsBusy(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		a := d.charge(t)
		if _, err := d.Cancel(context.Background(), a.MerchantID, a.Mode, a.ID, "user:test"); err != nil {
			t.Fatal(err)
		}
		d.charge(t)
		d.clock.Move(time.Second)
		d.pay(a.ID, 100000)
		d.notice(t, a)
		if a = d.get(t, a.ID); a.Attention != payment.AttentionShortfall || a.Captured != 100000 {
			t.Errorf("%s %q captured %d: money that nobody sees", a.State, a.Attention, a.Captured)
		}
	})
}

func TestAClockSetBackDoesNotKeepACanceledPaymentOpen(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.charge(t)
		d.clock.Move(-time.Hour)
		p, err := d.Cancel(context.Background(), p.MerchantID, p.Mode, p.ID, "user:test")
		if err != nil {
			t.Fatal(err)
		}
		want(t, p, payment.Canceled)
	})
}

// Proof that names another till pays nothing, and nothing that the provider
// says ends such a payment: a person does.
func TestASettledMismatchFreesTheTill(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.charge(t)
		d.foreign = "another"
		d.pay(p.ID, 150000)
		d.later(t, 5*time.Second)
		p = d.get(t, p.ID)
		if want(t, p, payment.Pending); p.Attention != payment.AttentionMismatch {
			t.Fatalf("attention %q", p.Attention)
		}
		p, err := d.Settle(context.Background(), p.MerchantID, p.Mode, p.ID, false, "user:test")
		if err != nil || p.State != payment.Canceled || p.Attention != payment.AttentionNone {
			t.Fatalf("%s %q, %v", p.State, p.Attention, err)
		}
		d.charge(t)
	})
}

func TestASettledShortfallFreesTheTillAndCanBeGivenBack(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, amounts := range [][]int64{{100000}, nil} {
			p := d.charge(t)
			d.pay(p.ID, amounts...)
			d.later(t, 5*time.Second)
			p = d.get(t, p.ID)
			if p.Attention != payment.AttentionShortfall {
				t.Fatalf("%s %q", p.State, p.Attention)
			}
			if _, err := d.Settle(context.Background(), p.MerchantID, p.Mode, p.ID, false, "user:test"); err != nil {
				t.Fatal(err)
			}
			for range 30 {
				d.later(t, 30*time.Second)
			}
			if p = d.get(t, p.ID); p.State != payment.Canceled || p.Attention != payment.AttentionNone {
				t.Fatalf("%v: %s %q for ever", amounts, p.State, p.Attention)
			}
			if len(amounts) == 0 {
				continue
			}
			if r, err := d.Refund(context.Background(), d.refundOf(p, 0)); err != nil || r.State != payment.RefundSucceeded || r.Amount.Amount != 100000 {
				t.Errorf("given back: %+v, %v", r, err)
			}
			if _, err := d.Refund(context.Background(), d.refundOf(p, 0)); posta.ErrorCode(err) != posta.CodeState {
				t.Errorf("given back twice: %v", err)
			}
			want(t, d.get(t, p.ID), payment.Canceled)
		}
	})
}

// A repeat that is answered with "no such till" made nothing, and nothing was made before.
func TestALostCreateAtATillThatIsNotThereFails(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.drop = "create"
		p := d.charge(t)
		want(t, p, payment.Unknown)
		d.refuse, d.code = "create", posta.CodeNotFound
		for range 30 {
			d.later(t, time.Minute)
		}
		want(t, d.get(t, p.ID), payment.Failed)
	})
}

func TestAProviderThatRefusesUsDoesNotBlockATillForEver(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.charge(t)
		d.refuse, d.code = "get", posta.CodeUnauthorized
		d.later(t, 5*time.Minute)
		if p = d.get(t, p.ID); p.State != payment.Pending || p.Attention != payment.AttentionNone {
			t.Fatalf("before its end: %s %q", p.State, p.Attention)
		}
		for range 3 {
			d.later(t, 4*time.Minute)
		}
		p = d.get(t, p.ID)
		if want(t, p, payment.Pending); p.Attention != payment.AttentionReview {
			t.Fatalf("attention %q, want review", p.Attention)
		}
		p, err := d.Settle(context.Background(), p.MerchantID, p.Mode, p.ID, false, "user:test")
		if err != nil {
			t.Fatal(err)
		}
		want(t, p, payment.Canceled)
		d.refuse = ""
		want(t, d.charge(t), payment.Pending)
	})
}
