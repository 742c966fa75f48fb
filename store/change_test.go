package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

func paid(p *payment.Payment, at time.Time) {
	p.Order = "PPORD01KC"
	p.Facts = []provider.Fact{
		{Kind: provider.FactOrder, ID: "PPORD01KC", Status: provider.StatusClosed, At: at, Amount: 1500_00, Currency: "ARS", Version: 3},
		{Kind: provider.FactAttempt, ID: "23014567891", Parent: "PPORD01KC", Status: provider.StatusRejected, At: at, Amount: 1500_00,
			Method: "credit_card", Brand: "visa", LastFour: "4242", Detail: "cc_rejected_other_reason"},
		{Kind: provider.FactAttempt, ID: "23014567892", Parent: "PPORD01KC", Status: provider.StatusApproved, At: at, Amount: 1500_00,
			Method: "debit_card", Brand: "maestro", LastFour: "5100", Installments: 1, Authorizes: "301299"},
	}
	p.Summary = payment.Compute(p.Amount.Amount, p.Facts)
	p.EndedAt, p.UpdatedAt, p.DueAt = at, at, time.Time{}
	p.CancelKey, p.CancelAt, p.Enquiries = "K", at, 4
	p.Settled = []payment.Attention{payment.AttentionShortfall}
}

func newRefund(p payment.Payment, amount int64) payment.Refund {
	return payment.Refund{ID: posta.NewID[posta.RefundID](now), PaymentID: p.ID, MerchantID: p.MerchantID, Mode: p.Mode, Kind: provider.KindRefund,
		Amount: posta.Money{Amount: amount, Currency: "ARS"}, Reason: "vino frío", State: payment.RefundPending, Origin: "user:usr_1",
		Parts: []payment.Part{{Attempt: "23014567892", Amount: amount, Key: posta.NewULID(now), State: payment.RefundPending}},
		DueAt: now.Add(time.Minute), CreatedAt: now, UpdatedAt: now}
}

func TestChangePaymentKeepsEverything(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		w.Connection.RefundLate = true
		if err := db.UpdateConnection(ctx, w.Connection); err != nil {
			t.Fatal(err)
		}
		p := insert(t, db, newPayment(w, w.Till.ID))
		var refund payment.Refund
		got := must[payment.Record](t)(db.ChangePayment(ctx, p.ID, func(r *payment.Record) error {
			same(t, "loaded payment", r.Payment, p)
			if !r.RefundLate || r.TillCode != posta.Alphanumeric(w.Till.ID) || len(r.Refunds) != 0 || len(r.Events) != 0 {
				t.Errorf("loaded %+v", r)
			}
			paid(&r.Payment, now.Add(time.Minute))
			refund = newRefund(r.Payment, 500_00)
			r.Refunds = append(r.Refunds, refund)
			r.Events = append(r.Events, event(r.Payment, "payment.paid"), event(r.Payment, "refund.created"))
			return nil
		}))
		same(t, "payment", must[payment.Payment](t)(db.Payment(ctx, w.Merchant.ID, posta.Test, p.ID)), got.Payment)
		same(t, "refunds", must[[]payment.Refund](t)(db.ListRefunds(ctx, p.ID)), []payment.Refund{refund})
		same(t, "refund", must[payment.Refund](t)(db.Refund(ctx, w.Merchant.ID, posta.Test, refund.ID)), refund)
		_, err := db.Refund(ctx, w.Merchant.ID, posta.Live, refund.ID)
		wantCode(t, err, posta.CodeNotFound)
		var kinds []string
		for _, e := range must[[]posta.Event](t)(db.EventsAbout(ctx, w.Merchant.ID, p.ID)) {
			kinds = append(kinds, e.Type)
		}
		same(t, "events, in the order written", kinds, []string{"payment.created", "payment.paid", "refund.created"})

		// A part altered in place is seen as a change.
		must[payment.Record](t)(db.ChangePayment(ctx, p.ID, func(r *payment.Record) error {
			r.Refunds[0].Parts[0].ProviderID = "1009"
			r.Refunds[0].State, r.Refunds[0].DueAt, r.Refunds[0].Tries = payment.RefundSucceeded, time.Time{}, 2
			return nil
		}))
		refund.Parts[0].ProviderID = "1009"
		refund.State, refund.DueAt, refund.Tries = payment.RefundSucceeded, time.Time{}, 2
		same(t, "refund", must[payment.Refund](t)(db.Refund(ctx, w.Merchant.ID, posta.Test, refund.ID)), refund)

		_, err = db.ChangePayment(ctx, "pay_none", func(*payment.Record) error { return nil })
		wantCode(t, err, posta.CodeNotFound)
	})
}

func TestChangePaymentErrorCommitsNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		p := insert(t, db, newPayment(w, w.Till.ID))
		mine := errors.New("mine")
		for name, change := range map[string]func(r *payment.Record) error{
			"error": func(*payment.Record) error { return mine },
			"panic": func(*payment.Record) error { panic("oh") },
			"events clash": func(r *payment.Record) error {
				e := event(r.Payment, "payment.paid")
				r.Events = append(r.Events, e, e)
				return nil
			},
			"another id": func(r *payment.Record) error {
				r.Payment.ID = "pay_other"
				return nil
			},
		} {
			_, err := db.ChangePayment(ctx, p.ID, func(r *payment.Record) error {
				paid(&r.Payment, now)
				r.Refunds = append(r.Refunds, newRefund(r.Payment, 1))
				return change(r)
			})
			if err == nil || name == "error" && err != mine || name == "panic" && posta.ErrorCode(err) != posta.CodeInternal {
				t.Errorf("%s gives %v", name, err)
			}
			same(t, "payment after "+name, must[payment.Payment](t)(db.Payment(ctx, w.Merchant.ID, posta.Test, p.ID)), p)
			if refunds := must[[]payment.Refund](t)(db.ListRefunds(ctx, p.ID)); len(refunds) != 0 {
				t.Errorf("%d refunds after %s", len(refunds), name)
			}
			if events := must[[]posta.Event](t)(db.EventsAbout(ctx, w.Merchant.ID, p.ID)); len(events) != 1 {
				t.Errorf("%d events after %s", len(events), name)
			}
		}
	})
}

// Whatever runs at once, each change sees the one before. Sabotage seen red:
// without FOR UPDATE PostgreSQL loses changes.
func TestChangesOfOnePaymentFollowEachOther(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		p := insert(t, db, newPayment(w, w.Till.ID))
		var want int64
		for i := range 48 {
			want += int64(i)
		}
		errs := parallel(48, func(i int) error {
			_, err := db.ChangePayment(ctx, p.ID, func(r *payment.Record) error {
				if i%5 == 4 {
					return context.Canceled
				}
				r.Payment.Captured += int64(i)
				r.Payment.Enquiries++
				r.Events = append(r.Events, event(r.Payment, "payment.pending"))
				return nil
			})
			return err
		})
		failed := 0
		for i, err := range errs {
			switch {
			case i%5 == 4 && errors.Is(err, context.Canceled):
				want -= int64(i)
				failed++
			case err != nil:
				t.Errorf("change %d: %v", i, err)
			}
		}
		got := must[payment.Payment](t)(db.Payment(ctx, w.Merchant.ID, posta.Test, p.ID))
		if got.Captured != want || got.Enquiries != 48-failed {
			t.Errorf("sum %d after %d changes, want %d after %d", got.Captured, got.Enquiries, want, 48-failed)
		}
		if events := must[[]posta.Event](t)(db.EventsAbout(ctx, w.Merchant.ID, p.ID)); len(events) != 1+48-failed {
			t.Errorf("%d events, want %d", len(events), 1+48-failed)
		}
	})
}

func TestClaimRefunds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		p := insert(t, db, newPayment(w, w.Till.ID))
		must[payment.Record](t)(db.ChangePayment(ctx, p.ID, func(r *payment.Record) error {
			r.Refunds = append(r.Refunds, newRefund(r.Payment, 100), newRefund(r.Payment, 200))
			r.Refunds[1].DueAt = time.Time{}
			return nil
		}))
		if due := must[[]payment.Refund](t)(db.ClaimRefunds(ctx, now, time.Minute, 10)); len(due) != 0 {
			t.Errorf("%d claimed too early", len(due))
		}
		due := must[[]payment.Refund](t)(db.ClaimRefunds(ctx, now.Add(time.Minute), time.Minute, 10))
		if len(due) != 1 || due[0].Amount.Amount != 100 || !due[0].DueAt.Equal(now.Add(2*time.Minute)) {
			t.Errorf("claimed %+v", due)
		}
	})
}

func TestSalesAndReturns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		hour := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }
		end := func(at time.Time, change func(*payment.Payment)) payment.Payment {
			p := insert(t, db, newPayment(w, w.Till.ID))
			return must[payment.Record](t)(db.ChangePayment(ctx, p.ID, func(r *payment.Record) error {
				paid(&r.Payment, at)
				change(&r.Payment)
				return nil
			})).Payment
		}
		keep := func(*payment.Payment) {}
		end(hour(0), keep)
		second := end(hour(1), keep)
		end(hour(1), func(p *payment.Payment) { p.Summary, p.Facts = payment.Summary{State: payment.Expired}, nil })
		end(hour(3), func(p *payment.Payment) { p.EndedAt = hour(1) }) // paid after its end
		insert(t, db, newPayment(w, w.Till.ID))

		sales, err := db.Sales(ctx, w.Merchant.ID, w.Till.ID, hour(1), hour(2))
		if err != nil || len(sales) != 2 {
			t.Fatalf("%d sales, error %v; want 2", len(sales), err)
		}
		for _, s := range sales {
			if s.State == string(payment.Expired) {
				if s.Captured != 0 || s.Methods != nil || s.Declined != 0 {
					t.Errorf("expired one: %+v", s)
				}
				continue
			}
			if s.State != "paid" || s.Captured != 1500_00 || s.Declined != 1 || !s.At.Equal(hour(1)) || len(s.Methods) != 1 ||
				s.Methods[0].Method != "debit_card" || s.Methods[0].Brand != "maestro" || s.Methods[0].Count != 1 || s.Methods[0].Captured != 1500_00 {
				t.Errorf("paid one: %+v", s)
			}
		}
		if late := must[int](t)(countSales(db.Sales(ctx, w.Merchant.ID, w.Till.ID, hour(3), hour(4)))); late != 1 {
			t.Errorf("%d sales when the late one was paid, want 1", late)
		}
		if other := must[int](t)(countSales(db.Sales(ctx, w.Merchant.ID, w.AddTill(t, db).ID, hour(0), hour(9)))); other != 0 {
			t.Errorf("%d sales at another till", other)
		}

		change := func(f func(*payment.Record)) {
			must[payment.Record](t)(db.ChangePayment(ctx, second.ID, func(r *payment.Record) error { f(r); return nil }))
		}
		change(func(r *payment.Record) {
			r.Refunds = append(r.Refunds, newRefund(r.Payment, 300), newRefund(r.Payment, 400))
		})
		change(func(r *payment.Record) {
			r.Refunds[0].State, r.Refunds[0].UpdatedAt = payment.RefundSucceeded, hour(1)
		})
		change(func(r *payment.Record) { r.Refunds[0].UpdatedAt = hour(5) }) // later news does not move it
		returns, err := db.Returns(ctx, w.Merchant.ID, w.Till.ID, hour(1), hour(2))
		amount := must[[]payment.Refund](t)(db.ListRefunds(ctx, second.ID))
		succeeded := int64(0)
		for _, r := range amount {
			if r.State == payment.RefundSucceeded {
				succeeded = r.Amount.Amount
			}
		}
		if err != nil || len(returns) != 1 || returns[0].Amount != succeeded || !returns[0].At.Equal(hour(1)) {
			t.Errorf("returns %+v, error %v; want one of %d", returns, err, succeeded)
		}
	})
}

func countSales[T any](list []T, err error) (int, error) { return len(list), err }
