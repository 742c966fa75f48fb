package settlement_test

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
	"posta/store/storetest"
)

// Promise 30. Sabotage that turns it red: Movements without refunds; told that
// does not judge.
func TestP30_TotalsThatAgreeAskForNobody(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.move(t, settlement.Sale, "VI", 150000)
		d.move(t, settlement.Sale, "VI", 50000)
		d.move(t, settlement.Sale, "MC", 20000)
		d.move(t, settlement.Reversal, "VI", 50000)
		d.move(t, settlement.Refund, "AM", 7000)
		current := must[settlement.Batch](t)(d.Current(t.Context(), d.world.Merchant.ID, posta.Test, d.terminal.ID))
		st := d.closed(t, provider.StatusApproved)
		want(t, st, settlement.Confirmed, settlement.AttentionNone)
		ours := provider.BatchTotals{Sales: provider.Sum{Count: 3, Amount: 220000}, Reversals: provider.Sum{Count: 1, Amount: 50000}, Refunds: provider.Sum{Count: 1, Amount: 7000},
			Brands: []provider.BrandSum{{Brand: "MC", Sum: provider.Sum{Count: 1, Amount: 20000}}, {Brand: "VI", Sum: provider.Sum{Count: 2, Amount: 200000}}}}
		if !reflect.DeepEqual(st.Ours, ours) || st.Ours.Net() != 163000 || !reflect.DeepEqual(current.Ours, ours) || current.Open != nil || current.Last != nil {
			t.Errorf("ours %+v, before the close %+v, want %+v", st.Ours, current, ours)
		}
		if st.Batch != "007" || st.Slip == "" || st.ToAt.IsZero() || !st.FromAt.IsZero() || st.AskedBy != "user:test" {
			t.Errorf("%+v", st)
		}
		if e := d.events(t, st.ID); e["settlement.created"] != 1 || e["settlement.pending"] != 1 || e["settlement.confirmed"] != 1 || e["settlement.attention"] != 0 {
			t.Errorf("events %v", e)
		}
		current = must[settlement.Batch](t)(d.Current(t.Context(), d.world.Merchant.ID, posta.Test, d.terminal.ID))
		if current.Ours.Sales.Count != 0 || current.Last == nil || current.Last.ID != st.ID || !current.FromAt.Equal(st.ToAt) {
			t.Errorf("after the close: %+v", current)
		}
		if next := d.closed(t, provider.StatusApproved); next.Attention != "" || next.Ours.Sales.Count != 0 || !next.FromAt.Equal(st.ToAt) {
			t.Errorf("an empty batch: %+v", next)
		}
	})
}

func TestP30_ADifferenceIsAnExceptionUntilSomebodyExplainsIt(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.move(t, settlement.Sale, "VI", 150000)
		d.planted = -100
		st := d.closed(t, provider.StatusApproved)
		want(t, st, settlement.Confirmed, settlement.AttentionDifference)
		sum := func(amount int64) provider.Sum { return provider.Sum{Count: 1, Amount: amount} }
		if got := settlement.Differences(st.Ours, *st.Theirs); !reflect.DeepEqual(got, []settlement.Difference{
			{Line: settlement.LineTotal, Ours: sum(150000), Theirs: sum(149900)}, {Line: settlement.LineSales, Ours: sum(150000), Theirs: sum(149900)}}) {
			t.Errorf("%+v", got)
		}
		if e := d.events(t, st.ID); e["settlement.attention"] != 1 {
			t.Errorf("events %v", e)
		}
		listed := must[[]settlement.Settlement](t)(d.List(t.Context(), settlement.Filter{MerchantID: st.MerchantID, Mode: posta.Test, Attention: true}))
		if len(listed) != 1 || listed[0].ID != st.ID {
			t.Errorf("tasks: %+v", listed)
		}
		_, err := d.Settle(t.Context(), st.MerchantID, posta.Test, st.ID, "  ", "user:ana")
		wantCode(t, err, posta.CodeInvalid)
		st = must[settlement.Settlement](t)(d.Settle(t.Context(), st.MerchantID, posta.Test, st.ID, "Redondeo del adquirente", "user:ana"))
		want(t, st, settlement.Confirmed, settlement.AttentionNone)
		if st.SettledBy != "user:ana" || st.Note != "Redondeo del adquirente" || d.events(t, st.ID)["settlement.settled"] != 1 {
			t.Errorf("%+v", st)
		}
		_, err = d.Settle(t.Context(), st.MerchantID, posta.Test, st.ID, "otra vez", "user:ana")
		wantCode(t, err, posta.CodeState)
	})
}

// What only one of both knows of is a difference too, whichever.
func TestP30_WhatOnlyOneOfBothKnows(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.note(t, settlement.Sale, "VI", 150000, "7")
		want(t, d.closed(t, provider.StatusApproved), settlement.Confirmed, settlement.AttentionDifference)
		d.host.books = append(d.host.books, settlement.Movement{Kind: settlement.Sale, Amount: 5000, Batch: "8"})
		want(t, d.closed(t, provider.StatusApproved), settlement.Confirmed, settlement.AttentionDifference)
		// The same net by another way.
		d.note(t, settlement.Sale, "VI", 3000, "9")
		d.host.books = append(d.host.books, settlement.Movement{Kind: settlement.Sale, Amount: 4000, Batch: "9"}, settlement.Movement{Kind: settlement.Refund, Amount: 1000, Batch: "9"})
		want(t, d.closed(t, provider.StatusApproved), settlement.Confirmed, settlement.AttentionDifference)
	})
}

// Noted off a slip after its batch was closed by us, a movement is that one's;
// one of a batch that the terminal closed by itself is nobody's, and a task.
func TestAMovementThatNamesAnotherBatchIsOfAnotherClose(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.move(t, settlement.Sale, "VI", 1000)
		d.host.books = append(d.host.books, settlement.Movement{Kind: settlement.Sale, Amount: 9900, Batch: "7"})
		want(t, d.closed(t, provider.StatusApproved), settlement.Confirmed, settlement.AttentionDifference)
		d.move(t, settlement.Sale, "VI", 150000)
		late := d.note(t, settlement.Sale, "VI", 9900, "7")
		st := d.closed(t, provider.StatusApproved)
		want(t, st, settlement.Confirmed, settlement.AttentionNone)
		d.move(t, settlement.Sale, "VI", 2000)
		d.batch++ // by itself
		d.move(t, settlement.Sale, "VI", 4000)
		alone := d.closed(t, provider.StatusApproved)
		if want(t, alone, settlement.Confirmed, settlement.AttentionDifference); alone.Others != (provider.Sum{Count: 1, Amount: 2000}) || alone.Ours.Sales.Count != 1 {
			t.Errorf("%+v", alone)
		}
		counted := must[[]settlement.Counted](t)(d.Movements(t.Context(), st.MerchantID, posta.Test, st.ID))
		if len(counted) != 2 || counted[0].Other || !counted[1].Other || counted[1].Payment != late.ID {
			t.Errorf("%+v", counted)
		}
	})
}

func TestTotalsThatNobodyToldAreTypedOffTheSlip(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.mute, d.nameless = true, true
		want(t, d.closed(t, provider.StatusApproved), settlement.Confirmed, settlement.AttentionNone) // empty: nothing to tell
		d.move(t, settlement.Sale, "VI", 150000)
		st := d.closed(t, provider.StatusApproved)
		want(t, st, settlement.Confirmed, settlement.AttentionUnread)
		in := settlement.SlipInput{MerchantID: st.MerchantID, Mode: posta.Test, Closed: true, By: "user:ana"}
		_, err := d.SettleBySlip(t.Context(), st.ID, in)
		if e := wantCode(t, err, posta.CodeInvalid); len(e.Fields) != 2 || e.Fields[0].Field != "batch" || e.Fields[1].Field != "totals" {
			t.Errorf("%v", e)
		}
		in.Batch, in.Totals = "7", &provider.BatchTotals{Sales: provider.Sum{Count: -1, Amount: 2}}
		_, err = d.SettleBySlip(t.Context(), st.ID, in)
		wantCode(t, err, posta.CodeInvalid)
		in.Totals = &provider.BatchTotals{Sales: provider.Sum{Count: 1, Amount: 150000}}
		for _, other := range []settlement.SlipInput{{MerchantID: posta.NewID[posta.MerchantID](d.clock.Now()), Mode: posta.Test, Closed: true}, {MerchantID: st.MerchantID, Mode: posta.Live, Closed: true}} {
			_, err = d.SettleBySlip(t.Context(), st.ID, other)
			wantCode(t, err, posta.CodeNotFound)
		}
		not := in
		not.Closed = false
		_, err = d.SettleBySlip(t.Context(), st.ID, not) // the provider says that it is closed
		wantCode(t, err, posta.CodeState)
		before := st
		st = must[settlement.Settlement](t)(d.SettleBySlip(t.Context(), st.ID, in))
		want(t, st, settlement.Confirmed, settlement.AttentionNone)
		if st.SettledBy != "user:ana" || !st.FromAt.Equal(before.FromAt) || !st.ToAt.Equal(before.ToAt) || !reflect.DeepEqual(st.Ours, before.Ours) {
			t.Errorf("%+v, before %+v", st, before)
		}
		d.move(t, settlement.Sale, "VI", 150000)
		st = d.closed(t, provider.StatusApproved)
		in.Totals.Sales.Amount--
		st = must[settlement.Settlement](t)(d.SettleBySlip(t.Context(), st.ID, in))
		if want(t, st, settlement.Confirmed, settlement.AttentionDifference); st.SettledBy != "" {
			t.Errorf("settled by %s, and not explained", st.SettledBy)
		}
	})
}

// The create is called once, whatever becomes of its answer. Sabotage that turns
// it red: enquire that asks again for one without an answer.
func TestALostCloseIsAskedForOnceAndSettledByItsSlip(t *testing.T) {
	for name, lose := range map[string]func(*desk){"done": func(d *desk) { d.lose = true }, "never arrived": func(d *desk) { d.drop = true }} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.move(t, settlement.Sale, "VI", 150000)
				lose(d)
				d.clock.Move(time.Second)
				in := d.input()
				st := must[settlement.Settlement](t)(d.Create(t.Context(), in))
				want(t, st, settlement.Unknown, settlement.AttentionSlip)
				for range 10 {
					d.later(t, time.Hour)
					want(t, must[settlement.Settlement](t)(d.Create(t.Context(), in)), settlement.Unknown, settlement.AttentionSlip)
				}
				if d.settles != 1 {
					t.Fatalf("asked %d times", d.settles)
				}
				d.note(t, settlement.Sale, "VI", 1000, "8") // an unknown close does not block
				slip := settlement.SlipInput{MerchantID: st.MerchantID, Mode: posta.Test, Closed: name == "done", Batch: "7", By: "user:ana",
					At: st.CreatedAt.Truncate(time.Minute), Totals: &provider.BatchTotals{Sales: provider.Sum{Count: 1, Amount: 150000}}}
				_, err := d.Settle(t.Context(), st.MerchantID, posta.Test, st.ID, "no sé", "user:ana")
				wantCode(t, err, posta.CodeState)
				early := slip
				early.At = st.CreatedAt.Add(-time.Hour)
				if _, err := d.SettleBySlip(t.Context(), st.ID, early); slip.Closed {
					wantCode(t, err, posta.CodeInvalid)
					st = must[settlement.Settlement](t)(d.SettleBySlip(t.Context(), st.ID, slip))
					if want(t, st, settlement.Confirmed, settlement.AttentionNone); !st.ToAt.Equal(st.CreatedAt) || st.Ours.Sales.Count != 1 {
						t.Errorf("%+v", st)
					}
					return
				}
				if st = d.get(t, st.ID); st.State != settlement.Failed || st.Attention != "" || !st.ToAt.IsZero() {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}

// A close that turns out to be one takes its movements from the next, which had
// counted them.
func TestAMovementIsOfOneCloseAlsoWhenAnEarlierOneIsSettledLate(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.nameless = true
		d.move(t, settlement.Sale, "VI", 150000)
		d.lose = true
		lost := d.ask(t)
		d.batch++ // it closed all the same
		d.move(t, settlement.Sale, "VI", 2000)
		next := d.closed(t, provider.StatusApproved)
		if want(t, next, settlement.Confirmed, settlement.AttentionDifference); next.Ours.Sales.Count != 2 {
			t.Fatalf("%+v", next)
		}
		must[settlement.Settlement](t)(d.SettleBySlip(t.Context(), lost.ID, settlement.SlipInput{MerchantID: lost.MerchantID, Mode: posta.Test, Closed: true,
			Batch: "7", By: "user:ana", Totals: &provider.BatchTotals{Sales: provider.Sum{Count: 1, Amount: 150000}}}))
		lost, next = d.get(t, lost.ID), d.get(t, next.ID)
		want(t, lost, settlement.Confirmed, settlement.AttentionNone)
		want(t, next, settlement.Confirmed, settlement.AttentionNone)
		if next.Ours.Sales.Count != 1 || !next.FromAt.Equal(lost.ToAt) {
			t.Errorf("%+v", next)
		}
	})
}

func TestACloseThatEndsOtherwise(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.move(t, settlement.Sale, "VI", 150000)
		st := d.closed(t, provider.StatusRejected)
		if want(t, st, settlement.Declined, settlement.AttentionNone); st.Message == "" || !st.ToAt.IsZero() || !st.DueAt.IsZero() {
			t.Errorf("%+v", st)
		}
		want(t, d.closed(t, provider.StatusRefused), settlement.Failed, settlement.AttentionNone)
		want(t, d.closed(t, provider.StatusDoubtful), settlement.Unknown, settlement.AttentionSlip)
		d.refuse = posta.CodeProviderRejected
		refused := d.ask(t)
		if want(t, refused, settlement.Failed, settlement.AttentionNone); refused.Detail != "409" {
			t.Errorf("%+v", refused)
		}
		d.refuse = ""
		if st = d.closed(t, provider.StatusApproved); st.Attention != "" || st.Ours.Sales.Count != 1 {
			t.Errorf("what the others did not close is in this one: %+v", st)
		}
	})
}

func TestACloseThatNobodyAnswersAboutWantsAPerson(t *testing.T) {
	for code, limit := range map[posta.Code]time.Duration{posta.CodeNotFound: time.Minute, posta.CodeProviderUnavailable: 30 * time.Minute, "": 30 * time.Minute} {
		t.Run("answer "+string(code), func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				st := d.ask(t)
				d.refuse = code
				d.later(t, limit-10*time.Second)
				want(t, d.get(t, st.ID), settlement.Pending, settlement.AttentionNone)
				d.later(t, time.Minute)
				want(t, d.get(t, st.ID), settlement.Pending, settlement.AttentionSlip)
				d.refuse = ""
				d.finish(provider.StatusApproved)
				d.later(t, 10*time.Minute) // it is asked about all the same
				want(t, d.get(t, st.ID), settlement.Confirmed, settlement.AttentionNone)
			})
		})
	}
	each(t, func(t *testing.T, d *desk) { // and a person frees the terminal
		st := d.ask(t)
		d.later(t, time.Hour)
		st = must[settlement.Settlement](t)(d.SettleBySlip(t.Context(), st.ID, settlement.SlipInput{MerchantID: st.MerchantID, Mode: posta.Test, By: "user:ana"}))
		want(t, st, settlement.Failed, settlement.AttentionNone)
		want(t, d.ask(t), settlement.Pending, settlement.AttentionNone)
	})
}

func TestItIsAskedAboutOftenAndSlowerAfter(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		st := d.ask(t)
		for age, step := range map[time.Duration]time.Duration{time.Minute: 2500 * time.Millisecond, 5 * time.Minute: 10 * time.Second,
			30 * time.Minute: 30 * time.Second, 3 * time.Hour: 5 * time.Minute} {
			d.clock.Move(st.CreatedAt.Add(age).Sub(d.clock.Now()))
			d.later(t, 0)
			if got := d.get(t, st.ID); got.DueAt.Sub(d.clock.Now()) != step && got.DueAt.Before(d.clock.Now().Add(step)) {
				t.Errorf("at %s: again in %s, want %s", age, got.DueAt.Sub(d.clock.Now()), step)
			}
		}
		d.clock.Move(st.CreatedAt.Add(4 * time.Hour).Sub(d.clock.Now()))
		d.later(t, 0)
		if got := d.get(t, st.ID); got.DueAt.Sub(d.clock.Now()) != 5*time.Minute || d.settles != 1 {
			t.Errorf("again in %s", got.DueAt.Sub(d.clock.Now()))
		}
	})
}

func TestATerminalInUseIsNotClosed(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p := d.note(t, settlement.Sale, "VI", 150000, "7")
		open := func(state payment.State) {
			must[payment.Record](t)(d.db.ChangePayment(t.Context(), p.ID, func(r *payment.Record) error { r.Payment.State = state; return nil }))
		}
		for _, state := range []payment.State{payment.Created, payment.Pending} {
			open(state)
			_, err := d.Create(t.Context(), d.input())
			if e := wantCode(t, err, posta.CodeTerminalBusy); e.Params["payment"] != string(p.ID) {
				t.Errorf("%v", e.Params)
			}
		}
		open(payment.Unknown)
		st := must[settlement.Settlement](t)(d.Create(t.Context(), d.input()))
		_, err := d.Create(t.Context(), d.input())
		if e := wantCode(t, err, posta.CodeTerminalBusy); e.Params["settlement"] != string(st.ID) {
			t.Errorf("%v", e.Params)
		}
		d.finish(provider.StatusApproved)
		d.later(t, 3*time.Second)
		open(payment.Paid)
		r := must[payment.Record](t)(d.db.ChangePayment(t.Context(), p.ID, func(r *payment.Record) error {
			r.Refunds = append(r.Refunds, payment.Refund{ID: posta.NewID[posta.RefundID](d.clock.Now()), PaymentID: p.ID, MerchantID: p.MerchantID, Mode: p.Mode,
				Amount: p.Amount, Kind: provider.KindRefund, State: payment.RefundPending, Terminals: p.Terminals, ExpiresAt: d.clock.Now().Add(time.Minute), CreatedAt: d.clock.Now()})
			return nil
		}))
		_, err = d.Create(t.Context(), d.input())
		if e := wantCode(t, err, posta.CodeTerminalBusy); e.Params["refund"] != string(r.Refunds[0].ID) {
			t.Errorf("%v", e.Params)
		}
	})
}

func TestWhoMayClose(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for name, change := range map[string]func(*settlement.Input){
			"P41 another merchant": func(in *settlement.Input) { in.MerchantID = storetest.Seed(t, d.db).Merchant.ID },
			"P40 another mode":     func(in *settlement.Input) { in.Mode = posta.Live },
			"no such":              func(in *settlement.Input) { in.TerminalID = posta.NewID[posta.TerminalID](d.clock.Now()) },
		} {
			in := d.input()
			change(&in)
			_, err := d.Create(t.Context(), in)
			if e := wantCode(t, err, posta.CodeInvalid); e.Fields[0].Field != "terminal_id" || e.Fields[0].Code != "unknown" {
				t.Errorf("%s: %v", name, err)
			}
		}
		d.offers = false
		_, err := d.Create(t.Context(), d.input())
		if e := wantCode(t, err, posta.CodeInvalid); e.Fields[0].Code != "not_offered" {
			t.Errorf("%v", err)
		}
		if all := must[[]settlement.Outcome](t)(d.CreateAll(t.Context(), settlement.AllInput{MerchantID: d.world.Merchant.ID, Mode: posta.Test, StoreID: d.world.Store.ID})); len(all) != 0 {
			t.Errorf("%+v", all)
		}
	})
}

func TestTheSameCloseManyTimesAtOnceIsOne(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		in := d.input()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if st, err := d.Create(t.Context(), in); err != nil || st.ID != in.ID {
					t.Errorf("%+v, %v", st, err)
				}
			})
		}
		all.Wait()
		for range 8 {
			all.Go(func() {
				_, err := d.Create(t.Context(), d.input())
				if posta.ErrorCode(err) != posta.CodeTerminalBusy {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if d.settles != 1 {
			t.Errorf("asked %d times", d.settles)
		}
	})
}

func TestAllTerminalsOfAStore(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		second := d.world.AddTerminal(t, d.db, "87654321")
		busy := d.ask(t)
		in := settlement.AllInput{Key: posta.NewULID(d.clock.Now()), MerchantID: d.world.Merchant.ID, Mode: posta.Test, StoreID: d.world.Store.ID, By: "user:test"}
		var ids []posta.SettlementID
		for range 2 {
			all := must[[]settlement.Outcome](t)(d.CreateAll(t.Context(), in))
			if len(all) == 2 && all[0].Terminal.ID == second.ID { // both of one moment
				all[0], all[1] = all[1], all[0]
			}
			if len(all) != 2 || all[0].Terminal.ID != d.terminal.ID || all[1].Terminal.ID != second.ID || all[1].Err != nil || all[1].Settlement.State != settlement.Pending {
				t.Fatalf("%+v", all)
			}
			if e := wantCode(t, all[0].Err, posta.CodeTerminalBusy); e.Params["settlement"] != string(busy.ID) {
				t.Errorf("%v", e)
			}
			ids = append(ids, all[1].Settlement.ID)
		}
		if ids[0] != ids[1] || d.settles != 2 {
			t.Errorf("%v, asked %d times", ids, d.settles)
		}
		in.StoreID = posta.NewID[posta.StoreID](d.clock.Now())
		_, err := d.CreateAll(t.Context(), in)
		wantCode(t, err, posta.CodeNotFound)
	})
}

// What names its batch is in that batch's close, wherever a clock that was set
// back, or a close that was heard of late, puts its moment. Sabotage that turns
// it red: a window that goes by time only.
func TestP48_AMovementIsOfTheBatchThatItNames(t *testing.T) {
	for name, between := range map[string]func(t *testing.T, d *desk){
		"clock set back": func(t *testing.T, d *desk) {
			d.clock.Move(-time.Hour)
			d.move(t, settlement.Sale, "VI", 700)
		},
		"clock set back and forth": func(t *testing.T, d *desk) {
			d.clock.Move(-time.Hour)
			d.move(t, settlement.Sale, "VI", 700)
			d.clock.Move(2 * time.Hour)
		},
		"clock set on for a close": func(t *testing.T, d *desk) {
			d.move(t, settlement.Sale, "VI", 200)
			d.clock.Move(time.Hour)
			want(t, d.closed(t, provider.StatusApproved), settlement.Confirmed, "")
			d.clock.Move(-time.Hour)
		},
		"clock set on and back": func(t *testing.T, d *desk) {
			d.clock.Move(time.Hour)
			d.move(t, settlement.Sale, "VI", 700)
			d.clock.Move(-time.Hour)
			d.move(t, settlement.Refund, "VI", 100)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.move(t, settlement.Sale, "VI", 500)
				want(t, d.closed(t, provider.StatusApproved), settlement.Confirmed, "")
				between(t, d)
				d.move(t, settlement.Sale, "MC", 900)
				want(t, d.closed(t, provider.StatusApproved), settlement.Confirmed, "")
				d.clock.Move(time.Hour)
				d.move(t, settlement.Sale, "VI", 300)
				last := d.closed(t, provider.StatusApproved)
				if want(t, last, settlement.Confirmed, ""); last.Ours.Sales != (provider.Sum{Count: 1, Amount: 300}) {
					t.Errorf("%+v", last.Ours)
				}
			})
		})
	}
	t.Run("sold before the close was heard of", func(t *testing.T) {
		each(t, func(t *testing.T, d *desk) {
			d.move(t, settlement.Sale, "VI", 500)
			st := d.ask(t)
			d.finish(provider.StatusApproved)
			d.move(t, settlement.Sale, "VI", 700) // offered by a charge that crossed the close
			d.later(t, 3*time.Second)
			want(t, d.get(t, st.ID), settlement.Confirmed, "")
			if b := must[settlement.Batch](t)(d.Current(t.Context(), d.world.Merchant.ID, posta.Test, d.terminal.ID)); b.Ours.Sales.Amount != 700 || len(b.Movements) != 1 {
				t.Errorf("open batch %+v", b)
			}
			d.clock.Move(time.Minute)
			next := d.closed(t, provider.StatusApproved)
			if want(t, next, settlement.Confirmed, ""); next.Ours.Sales.Amount != 700 {
				t.Errorf("%+v", next.Ours)
			}
			listed := must[[]settlement.Counted](t)(d.Movements(t.Context(), d.world.Merchant.ID, posta.Test, next.ID))
			if len(listed) != 1 || listed[0].Other || listed[0].Amount != 700 {
				t.Errorf("%+v", listed)
			}
		})
	})
}

// A provider that gives one number to several batches: each is counted by its time.
func TestBatchesOfOneNumberAreCountedByTheirTime(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, amount := range []int64{500, 700, 900} {
			d.move(t, settlement.Sale, "VI", amount)
			st := d.closed(t, provider.StatusApproved)
			if want(t, st, settlement.Confirmed, ""); st.Ours.Sales != (provider.Sum{Count: 1, Amount: amount}) {
				t.Errorf("%+v", st.Ours)
			}
			d.batch, d.host.books = 7, nil
			d.clock.Move(time.Minute)
		}
	})
}
