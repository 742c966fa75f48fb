package store_test

import (
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/store"
	"posta/store/storetest"
)

// Promise 57: a window's amount is what buyers pay: the cash that is handed out
// with a purchase counts before it is charged, and a tip once it came.
func TestP57_AWindowCountsWhatBuyersPay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.SeedLive(t, db), t.Context()
		w.SetGate(t, db, payment.Gate{State: payment.GateWindow, Window: payment.Window{Payments: 9, Amount: 10_000, From: now.Add(-time.Hour), To: now.Add(time.Hour)}})
		charge := func(amount, cash int64) (payment.Payment, error) {
			p := newPayment(w, w.AddTill(t, db).ID)
			p.Mode, p.ConnectionID, p.CreatedAt = posta.Live, w.Connection.ID, now
			p.Amount.Amount, p.Options.CashBack = amount, cash
			return p, db.InsertPayment(ctx, p, nil)
		}
		_, err := charge(1000, 9001)
		wantCode(t, err, posta.CodeGateClosed)
		tipped, err := charge(1000, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = db.ChangePayment(ctx, tipped.ID, func(r *payment.Record) error {
			r.Payment.State, r.Payment.Captured = payment.Paid, 1500
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err = charge(1000, 4000); err != nil {
			t.Fatal(err)
		}
		use, err := db.GateUse(ctx, w.Merchant.ID, w.Connection.ID, now.Add(-time.Hour))
		if err != nil || use != (payment.GateUse{Payments: 2, Amount: 6500}) {
			t.Errorf("%+v, %v", use, err)
		}
		_, err = charge(3501, 0)
		wantCode(t, err, posta.CodeGateClosed)
		if _, err = charge(3500, 0); err != nil {
			t.Error(err)
		}
	})
}
