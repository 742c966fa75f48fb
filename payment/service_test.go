package payment_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

func each(t *testing.T, test func(t *testing.T, d *desk)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newDesk(t, db)) })
}

func want(t testing.TB, p payment.Payment, state payment.State) {
	t.Helper()
	if p.State != state {
		t.Fatalf("state %s (attention %q, reason %q), want %s", p.State, p.Attention, p.LastDetail, state)
	}
}

func TestASaleFromChargeToPaid(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.charge(t)
		want(t, p, payment.Pending)
		d.pay(p.ID, 150000)
		if _, err := d.TakeNotice(context.Background(), p.ConnectionID, provider.Notice{Resource: string(p.ID)}); err != nil {
			t.Fatal(err)
		}
		p = d.get(t, p.ID)
		want(t, p, payment.Paid)
		if a := p.Attempts(); len(a) != 1 || a[0].Brand != "visa" || a[0].LastFour != "0004" {
			t.Errorf("attempts %+v", a)
		}
		if e := d.events(t, p.ID); e["payment.paid"] != 1 || e["payment.pending"] != 1 || e["payment.created"] != 1 {
			t.Errorf("events %v", e)
		}
	})
}

// Promise 15.
func TestP15_WithAllNoticesDroppedEnquiriesReachTheSameEnd(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.charge(t)
		for range 12 {
			d.later(t, 30*time.Second)
		}
		want(t, d.get(t, p.ID), payment.Pending)
		d.pay(p.ID, 100000, 50000)
		d.later(t, 31*time.Second)
		want(t, d.get(t, p.ID), payment.Paid)
	})
}

func TestAskingOftenDoesNotMakeTheFactsGrow(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.charge(t)
		for range 19 {
			d.fake.mu.Lock()
			d.orders[p.ID].at = d.clock.Now() // a provider that stamps each answer
			d.fake.mu.Unlock()
			d.later(t, 30*time.Second)
		}
		if got := d.get(t, p.ID); len(got.Facts) != 1 {
			t.Errorf("%d facts after 19 enquiries that told nothing", len(got.Facts))
		}
	})
}

// Promise 25: no answer is unknown, never failed, and asked until it is known.
func TestP25_ALostAnswerIsUnknownAndThenFound(t *testing.T) {
	for _, recovery := range []provider.Recovery{provider.RecoverRepeat, provider.RecoverSearch} {
		t.Run(string(recovery), func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.recovery, d.lose = recovery, "create"
				p := d.charge(t)
				want(t, p, payment.Unknown)
				d.later(t, 3*time.Second)
				want(t, d.get(t, p.ID), payment.Pending)
				for key, calls := range d.creates {
					if key != p.CreateKey || (recovery == provider.RecoverSearch && calls != 1) {
						t.Errorf("create called %d times with key %s", calls, key)
					}
				}
			})
		})
	}
}

func TestACreateThatNeverArrivedFailsAndFreesTheTill(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.recovery, d.drop = provider.RecoverSearch, "create"
		p := d.charge(t)
		want(t, p, payment.Unknown)
		d.later(t, 3*time.Second)
		p = d.get(t, p.ID)
		want(t, p, payment.Failed)
		if p.LastDetail != "never_arrived" {
			t.Errorf("reason %q", p.LastDetail)
		}
		want(t, d.charge(t), payment.Pending)
	})
}

// Promise 27b: our own retry that meets an answer of "in progress" stays unknown.
func TestP27b_ARetryThatMeetsNoAnswerStaysUnknown(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.lose = "create"
		p := d.charge(t)
		for range 5 {
			d.drop = "create"
			d.later(t, time.Minute)
			want(t, d.get(t, p.ID), payment.Unknown)
		}
		d.later(t, time.Minute)
		want(t, d.get(t, p.ID), payment.Pending)
	})
}

func TestARefusedCreateFails(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.refuse = "create"
		p := d.charge(t)
		want(t, p, payment.Failed)
		if p.LastDetail != "scripted" {
			t.Errorf("reason %q", p.LastDetail)
		}
	})
}

// Promise 26: a terminal that finished, and a payment that was rejected, is
// not paid. Sabotage that turns it red: a closed order alone proves a payment.
func TestP26_FinishedAndRejectedIsNotPaid(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.charge(t)
		d.pay(p.ID, 150000)
		d.fake.mu.Lock()
		d.orders[p.ID].attempt[0].Status = provider.StatusRejected
		d.fake.mu.Unlock()
		if _, err := d.TakeNotice(context.Background(), p.ConnectionID, provider.Notice{Resource: string(p.ID)}); err != nil {
			t.Fatal(err)
		}
		if p = d.get(t, p.ID); p.State.Moneyed() || p.Attention != payment.AttentionShortfall {
			t.Errorf("%s %q", p.State, p.Attention)
		}
	})
}

// Promise 29.
func TestP29_ASecondChargeAtATillIsRefusedAndNamesTheFirst(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		first := d.charge(t)
		_, err := d.Create(context.Background(), d.input())
		if posta.ErrorCode(err) != posta.CodeTillBusy || err.(*posta.Error).Params["payment"] != string(first.ID) {
			t.Fatalf("got %v", err)
		}
		if open, err := d.OpenAt(context.Background(), d.world.Merchant.ID, d.world.Till.ID); err != nil || open.ID != first.ID {
			t.Errorf("open at the till: %s, %v", open.ID, err)
		}
	})
}

// Promise 6, within one process: the same request, many times at once, is one
// payment and one order. Sabotage that turns it red: a new id for each call.
func TestP06_EqualChargesAtOnceAreOne(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		in := d.input()
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if p, err := d.Create(context.Background(), in); err != nil || p.ID != in.ID {
					t.Errorf("%s, %v", p.ID, err)
				}
			})
		}
		group.Wait()
		if len(d.creates) != 1 || len(d.orders) != 1 {
			t.Errorf("%d keys, %d orders", len(d.creates), len(d.orders))
		}
		if e := d.events(t, in.ID); e["payment.created"] != 1 || e["payment.pending"] != 1 {
			t.Errorf("events %v", e)
		}
	})
}

func TestBadInputChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for field, spoil := range map[string]func(*payment.Input){
			"amount":      func(in *payment.Input) { in.Amount.Amount = 0 },
			"currency":    func(in *payment.Input) { in.Amount.Currency = "BRL" },
			"reference":   func(in *payment.Input) { in.Reference = string(make([]byte, 101)) },
			"expires_in":  func(in *payment.Input) { in.ExpiresIn = time.Second },
			"items":       func(in *payment.Input) { in.Items = []provider.Item{{Title: "x", Quantity: 1, UnitPrice: 1}} },
			"description": func(in *payment.Input) { in.Description = string(make([]byte, 151)) },
		} {
			in := d.input()
			spoil(&in)
			_, err := d.Create(context.Background(), in)
			e, ok := err.(*posta.Error)
			if !ok || e.Code != posta.CodeInvalid || e.Fields[0].Field != field {
				t.Errorf("%s: got %v", field, err)
			}
		}
		if list, _, err := d.List(context.Background(), payment.Filter{MerchantID: d.world.Merchant.ID, Mode: posta.Test}); err != nil || len(list) != 0 {
			t.Errorf("%d payments stored, %v", len(list), err)
		}
	})
}

func TestProofOfAnotherCurrencyOrTillIsNoProof(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.charge(t)
		d.pay(p.ID, 150000)
		seen := d.see(p.ID)
		seen.Facts[0].Currency = "BRL"
		out, err := d.Apply(context.Background(), p.ConnectionID, payment.News{Source: payment.FromNotice, Observation: seen})
		if err != nil || out.Payment.State != payment.Pending || out.Payment.Attention != payment.AttentionMismatch {
			t.Fatalf("%s %q, %v", out.Payment.State, out.Payment.Attention, err)
		}
		seen = d.see(p.ID)
		seen.Till = "another"
		if out, err = d.Apply(context.Background(), p.ConnectionID, payment.News{Source: payment.FromNotice, Observation: seen}); err != nil || out.Payment.State != payment.Pending {
			t.Fatalf("%s, %v", out.Payment.State, err)
		}
		_, err = d.Apply(context.Background(), posta.NewID[posta.ConnectionID](d.clock.Now()), payment.News{Observation: d.see(p.ID)})
		if posta.ErrorCode(err) != posta.CodeNotFound {
			t.Fatalf("news through another connection: %v", err)
		}
	})
}

// Promise 13, through Apply and the database.
func TestP13_NewsInAnyOrderEndsEqual(t *testing.T) {
	d := newDesk(t, storetest.Open(t, store.SQLite))
	rapid.Check(t, func(r *rapid.T) {
		facts := history(r)
		ends := [2]payment.Payment{}
		for i := range ends {
			told := facts
			if i == 1 {
				told = rapid.Permutation(facts).Draw(r, "arrival")
			}
			p := d.charge(t)
			for _, f := range told {
				if _, err := d.Apply(context.Background(), p.ConnectionID, payment.News{Source: payment.FromNotice,
					Observation: provider.Observation{ExternalReference: string(p.ID), Facts: []provider.Fact{f}}}); err != nil {
					r.Fatal(err)
				}
			}
			ends[i] = d.get(t, p.ID)
			d.free(t, p.ID)
		}
		if ends[0].Summary != ends[1].Summary {
			r.Fatalf("%+v\n%+v", ends[0].Summary, ends[1].Summary)
		}
	})
}

// free ends a payment so that the till can charge again.
func (d *desk) free(t testing.TB, id posta.PaymentID) {
	t.Helper()
	_, err := d.db.ChangePayment(context.Background(), id, func(r *payment.Record) error {
		r.Payment.State = payment.Failed
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestARemovedTillChargesNoMoreButIsLookedAfter(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.paid(t, 150000)
		place := d.world.Till
		place.RemovedAt = d.clock.Now()
		if err := d.db.UpdateTill(context.Background(), place); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Create(context.Background(), d.input()); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("charged at a removed till: %v", err)
		}
		if r, err := d.Refund(context.Background(), d.refundOf(p, 0)); err != nil || r.State != payment.RefundSucceeded {
			t.Errorf("refund %s, %v", r.State, err)
		}
	})
}

func TestANoticeOfASaleMadeElsewhereIsNotOurs(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fake.orders["PEDIDO-5"] = &fakeOrder{status: provider.StatusClosed, at: d.clock.Now()}
		out, err := d.TakeNotice(context.Background(), d.world.Connection.ID, provider.Notice{Resource: "PEDIDO-5"})
		if err != nil || out.Payment.ID != "" {
			t.Errorf("payment %q, %v", out.Payment.ID, err)
		}
	})
}

func TestAFilterThatNamesNothingIsToldByField(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for field, f := range map[string]payment.Filter{
			"state": {State: "zzz"}, "till_id": {TillID: "til_x"}, "store_id": {StoreID: "x"},
			"to": {From: d.clock.Now(), To: d.clock.Now().Add(-time.Hour)},
		} {
			f.MerchantID, f.Mode = d.world.Merchant.ID, posta.Test
			_, _, err := d.List(context.Background(), f)
			if e, ok := err.(*posta.Error); !ok || e.Code != posta.CodeInvalid || e.Fields[0].Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}
