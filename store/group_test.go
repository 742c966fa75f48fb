package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"posta"
	"posta/inbox"
	"posta/payment"
	"posta/store"
	"posta/store/storetest"
)

// Whatever shares a commit with a bad request is none the worse for it, and
// nothing of the bad one stays. Sabotages seen red: no ROLLBACK TO on SQLite
// leaves half of the bad ones; no halving on PostgreSQL fails the good ones.
func TestOneBadRequestInABatchFailsAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		p := insert(t, db, newPayment(w, w.Till.ID))
		taken := newNotification(w)
		if err := db.InsertNotification(ctx, taken); err != nil {
			t.Fatal(err)
		}
		const n = 60
		made := make([]inbox.Notification, n)
		tills := make([]posta.TillID, n)
		for i := range made {
			made[i] = newNotification(w)
			tills[i] = w.AddTill(t, db).ID
		}
		errs := parallel(3*n, func(i int) error {
			switch kind, i := i%3, i/3; {
			case kind == 0 && i%6 == 5: // a name that is taken
				return db.InsertNotification(ctx, taken)
			case kind == 0:
				return db.InsertNotification(ctx, made[i])
			case kind == 1 && i%6 == 5: // a busy till
				return db.InsertPayment(ctx, newPayment(w, w.Till.ID), nil)
			case kind == 1:
				q := newPayment(w, tills[i])
				return db.InsertPayment(ctx, q, []posta.Event{event(q, "payment.created")})
			default:
				_, err := db.ChangePayment(ctx, p.ID, func(r *payment.Record) error {
					r.Payment.Enquiries++
					if i%6 == 5 { // fails after it has written
						e := event(r.Payment, "payment.pending")
						r.Events = append(r.Events, e, e)
					}
					if i%12 == 5 {
						panic("oh")
					}
					return nil
				})
				return err
			}
		})
		for i, err := range errs {
			want := posta.Code("")
			if i/3%6 == 5 {
				want = []posta.Code{posta.CodeConflict, posta.CodeTillBusy, posta.CodeConflict}[i%3]
				if i%3 == 2 && i/3%12 == 5 {
					want = posta.CodeInternal
				}
			}
			wantCode(t, err, want)
		}
		stored := must[[]inbox.Notification](t)(db.ListNotifications(ctx, inbox.Filter{MerchantID: w.Merchant.ID, Page: posta.Page{Limit: 100}}))
		_, totals, err := db.ListPayments(ctx, payment.Filter{MerchantID: w.Merchant.ID})
		got := must[payment.Payment](t)(db.Payment(ctx, w.Merchant.ID, posta.Test, p.ID))
		if err != nil || len(stored) != 1+n-n/6 || totals.Count != 1+n-n/6 || got.Enquiries != n-n/6 {
			t.Errorf("%d notifications, %d payments, %d changes, error %v; want %d, %d, %d",
				len(stored), totals.Count, got.Enquiries, err, 1+n-n/6, 1+n-n/6, n-n/6)
		}
	})
}

// Callers that go away while they wait either wrote or did not, and the writer
// goes on.
func TestCallersThatGoAway(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := storetest.Seed(t, db)
		const n = 200
		made := make([]inbox.Notification, n)
		for i := range made {
			made[i] = newNotification(w)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		done := 0
		errs := parallel(n, func(i int) error {
			err := db.InsertNotification(ctx, made[i])
			mu.Lock()
			defer mu.Unlock()
			if done++; done == n/4 {
				cancel()
			}
			return err
		})
		cancel()
		for i, err := range errs {
			_, found := db.Notification(t.Context(), w.Merchant.ID, made[i].ID)
			switch {
			case err == nil && found != nil:
				t.Errorf("acknowledged but lost: %v", found)
			case err != nil && !errors.Is(err, context.Canceled):
				t.Errorf("failed with %v", err)
			case err != nil && posta.ErrorCode(found) != posta.CodeNotFound:
				t.Errorf("given up but there, error %v", found)
			}
		}
		if err := db.InsertNotification(t.Context(), newNotification(w)); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestClosedDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		for range 2 {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, db.InsertNotification(ctx, newNotification(w)), posta.CodeUnavailable)
		wantCode(t, db.UpdateTill(ctx, w.Till), posta.CodeUnavailable)
		_, err := db.Till(ctx, w.Merchant.ID, w.Till.ID)
		wantCode(t, err, posta.CodeUnavailable)
	})
}
