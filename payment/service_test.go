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
		for range 20 {
			d.fake.mu.Lock()
			d.orders[p.ID].at = d.clock.Now() // a provider that stamps each answer
			d.fake.mu.Unlock()
			d.later(t, 30*time.Second)
		}
		if got := d.get(t, p.ID); len(got.Facts) != 1 {
			t.Errorf("%d facts after 20 enquiries that told nothing", len(got.Facts))
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
