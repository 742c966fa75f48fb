package payment_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

func (d *desk) paid(t testing.TB, amounts ...int64) payment.Payment {
	t.Helper()
	p := d.charge(t)
	d.pay(p.ID, amounts...)
	d.later(t, 5*time.Second)
	p = d.get(t, p.ID)
	want(t, p, payment.Paid)
	return p
}

func (d *desk) refundOf(p payment.Payment, amount int64) payment.RefundInput {
	return payment.RefundInput{ID: posta.NewID[posta.RefundID](d.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode,
		PaymentID: p.ID, Amount: amount, By: "user:test"}
}

func TestRefundsFullPartialAndSeveralNeverAboveWhatIsLeft(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.paid(t, 100000, 50000)
		ctx := context.Background()
		r, err := d.Refund(ctx, d.refundOf(p, 120000)) // spans both cards
		if err != nil || r.State != payment.RefundSucceeded || len(r.Parts) != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		want(t, d.get(t, p.ID), payment.PartiallyRefunded)
		_, err = d.Refund(ctx, d.refundOf(p, 30001))
		if posta.ErrorCode(err) != posta.CodeRefundExceeds || err.(*posta.Error).Params["left"] != "30000" {
			t.Fatalf("got %v", err)
		}
		if _, err = d.Refund(ctx, d.refundOf(p, 0)); err != nil { // all that is left
			t.Fatal(err)
		}
		p = d.get(t, p.ID)
		want(t, p, payment.Refunded)
		if p.Refunded != 150000 {
			t.Errorf("refunded %d", p.Refunded)
		}
		if _, err = d.Refund(ctx, d.refundOf(p, 1)); posta.ErrorCode(err) != posta.CodeState {
			t.Errorf("refund of a refunded payment: %v", err)
		}
	})
}

// Promise 33.
func TestP33_RefundsAtOnceNeverExceedTheCharge(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.paid(t, 150000)
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if _, err := d.Refund(context.Background(), d.refundOf(p, 40000)); err != nil && posta.ErrorCode(err) != posta.CodeRefundExceeds {
					t.Error(err)
				}
			})
		}
		group.Wait()
		var given int64
		for _, f := range d.refunds {
			given += f.Amount
		}
		if p = d.get(t, p.ID); given != 120000 || p.Refunded != given {
			t.Errorf("the provider gave %d, the hub counts %d", given, p.Refunded)
		}
	})
}

func TestARefundWhoseAnswerWasLostIsFound(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.paid(t, 150000)
		d.lose = "refund"
		r, err := d.Refund(context.Background(), d.refundOf(p, 50000))
		if err != nil || r.State != payment.RefundUnknown {
			t.Fatalf("%s, %v", r.State, err)
		}
		if _, err := d.Refund(context.Background(), d.refundOf(p, 100001)); posta.ErrorCode(err) != posta.CodeRefundExceeds {
			t.Fatalf("an unknown refund does not count: %v", err)
		}
		d.later(t, 10*time.Second)
		p = d.get(t, p.ID)
		if want(t, p, payment.PartiallyRefunded); len(d.refunds) != 1 || p.Refunded != 50000 {
			t.Errorf("%d refunds at the provider, %d here", len(d.refunds), p.Refunded)
		}
		list, err := d.db.ListRefunds(context.Background(), p.ID)
		if err != nil || len(list) != 1 || list[0].State != payment.RefundSucceeded {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestARefusedRefundGivesItsAmountFree(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.paid(t, 150000)
		d.refuse = "refund"
		r, err := d.Refund(context.Background(), d.refundOf(p, 0))
		if err != nil || r.State != payment.RefundFailed || r.Parts[0].Detail != "scripted" {
			t.Fatalf("%+v, %v", r, err)
		}
		d.refuse = ""
		if r, err = d.Refund(context.Background(), d.refundOf(p, 0)); err != nil || r.State != payment.RefundSucceeded {
			t.Fatalf("%s, %v", r.State, err)
		}
	})
}

func TestARefundMadeAtTheProviderAppears(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.paid(t, 150000)
		d.fake.mu.Lock()
		d.orders[p.ID].attempt = append(d.orders[p.ID].attempt, provider.Fact{Kind: provider.FactRefund, ID: "panel",
			Parent: p.Attempts()[0].ID, Status: provider.StatusApproved, Amount: 10000, At: d.clock.Now()})
		d.fake.mu.Unlock()
		if _, err := d.TakeNotice(context.Background(), p.ConnectionID, provider.Notice{Resource: string(p.ID)}); err != nil {
			t.Fatal(err)
		}
		want(t, d.get(t, p.ID), payment.PartiallyRefunded)
		list, err := d.db.ListRefunds(context.Background(), p.ID)
		if err != nil || len(list) != 1 || list[0].Origin != "provider" || list[0].State != payment.RefundSucceeded {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestTheSameRefundTwiceIsOne(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.paid(t, 150000)
		in := d.refundOf(p, 50000)
		for range 2 {
			if r, err := d.Refund(context.Background(), in); err != nil || r.State != payment.RefundSucceeded {
				t.Fatalf("%s, %v", r.State, err)
			}
		}
		if len(d.refunds) != 1 {
			t.Errorf("%d refunds", len(d.refunds))
		}
	})
}

// The provider may send the notice of a refund before it answers our call, and a
// call may end without its answer noted: the refund is found all the same, and
// what is left is counted once.
func TestTheNoticeOfARefundMayComeBeforeItsAnswer(t *testing.T) {
	for name, lose := range map[string]string{"answered": "", "answer lost": "refund"} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				p := d.paid(t, 150000)
				d.lose = lose
				d.after = func(string) { d.after = nil; d.notice(t, p) }
				if _, err := d.Refund(context.Background(), d.refundOf(p, 50000)); err != nil {
					t.Fatal(err)
				}
				d.later(t, time.Minute)
				list := d.refundsOf(t, p.ID)
				if len(list) != 1 || list[0].State != payment.RefundSucceeded || d.events(t, p.ID)["refund.succeeded"] != 1 {
					t.Errorf("%+v, events %v", list, d.events(t, p.ID))
				}
				if _, err := d.Refund(context.Background(), d.refundOf(p, 100000)); err != nil {
					t.Errorf("what is left cannot be given back: %v", err)
				}
			})
		})
	}
}

func TestARefundWhoseCallNeverArrivedIsAskedAgainWithTheSameKey(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.paid(t, 150000)
		d.drop = "refund"
		r, err := d.Refund(context.Background(), d.refundOf(p, 50000))
		if err != nil || r.State != payment.RefundUnknown {
			t.Fatalf("%s, %v", r.State, err)
		}
		d.later(t, 10*time.Second)
		if list := d.refundsOf(t, p.ID); list[0].State != payment.RefundSucceeded || len(d.refunds) != 1 || d.refunds[r.Parts[0].Key].Amount != 50000 {
			t.Errorf("%+v, at the provider %v", list, d.refunds)
		}
	})
}

// Sabotage that turns it red: give asks again without a look.
func TestALostRefundIsLookedForBeforeItsRepeatIsBelieved(t *testing.T) {
	for _, code := range []posta.Code{posta.CodeProviderRejected, posta.CodeUnauthorized} {
		t.Run(string(code), func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				p := d.paid(t, 150000)
				d.lose = "refund"
				if r, err := d.Refund(context.Background(), d.refundOf(p, 50000)); err != nil || r.State != payment.RefundUnknown {
					t.Fatalf("%s, %v", r.State, err)
				}
				d.refuse, d.code = "refund", code
				d.later(t, 10*time.Second)
				d.refuse = ""
				if r := d.refundsOf(t, p.ID)[0]; r.State == payment.RefundFailed {
					t.Errorf("failed, and the provider gave it back")
				}
			})
		})
	}
}

func TestALostRefundIsGivenOnceThoughTheKeyIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.paid(t, 150000)
		d.lose = "refund"
		if _, err := d.Refund(context.Background(), d.refundOf(p, 50000)); err != nil {
			t.Fatal(err)
		}
		d.refunds = map[string]provider.Fact{} // a day later the provider has forgotten the key
		d.clock.Move(25 * time.Hour)
		d.later(t, 0)
		n := 0
		for _, f := range d.orders[p.ID].attempt {
			if f.Kind == provider.FactRefund {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d refunds at the provider", n)
		}
	})
}

func TestARefundOfTwoPartsOfWhichOneFailsCountsWhatWasGiven(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.paid(t, 100000, 50000)
		d.stingy = p.Attempts()[1].ID
		r, err := d.Refund(context.Background(), d.refundOf(p, 120000))
		if err != nil {
			t.Fatal(err)
		}
		p = d.get(t, p.ID)
		if r.State == payment.RefundSucceeded && r.Amount.Amount != p.Refunded {
			t.Errorf("%s with %d, but %d was given back", r.State, r.Amount.Amount, p.Refunded)
		}
		returns, err := d.db.Returns(context.Background(), p.MerchantID, p.TillID, d.clock.Now().Add(-time.Hour), d.clock.Now().Add(time.Hour))
		if err != nil || len(returns) != 1 || returns[0].Amount != 100000 {
			t.Errorf("the report counts %+v, %v", returns, err)
		}
	})
}

// Two refunds of one amount: the first never arrived, and the notice of the
// second comes before its answer.
func TestEqualRefundsAreNotTakenForEachOther(t *testing.T) {
	for name, lose := range map[string]string{"answered": "", "both answers lost": "refund"} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				p := d.paid(t, 150000)
				d.drop = "refund"
				if _, err := d.Refund(context.Background(), d.refundOf(p, 60000)); err != nil {
					t.Fatal(err)
				}
				d.lose = lose
				d.after = func(string) { d.after = nil; d.notice(t, p) }
				if _, err := d.Refund(context.Background(), d.refundOf(p, 60000)); err != nil {
					t.Fatal(err)
				}
				for range 5 {
					d.later(t, time.Hour)
				}
				list, p := d.refundsOf(t, p.ID), d.get(t, p.ID)
				if len(list) != 2 || list[0].State != payment.RefundSucceeded || list[1].State != payment.RefundSucceeded ||
					p.Refunded != 120000 || len(d.refunds) != 2 || d.events(t, p.ID)["refund.succeeded"] != 2 {
					t.Errorf("%+v, %d given of %d refunds", list, p.Refunded, len(d.refunds))
				}
			})
		})
	}
}
