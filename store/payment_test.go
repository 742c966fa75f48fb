package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

var now = storetest.Now

// newPayment is a payment at the world's till, with something in every field.
func newPayment(w storetest.World, till posta.TillID) payment.Payment {
	id := posta.NewID[posta.PaymentID](now)
	return payment.Payment{ID: id, MerchantID: w.Merchant.ID, Mode: posta.Test, ConnectionID: w.Connection.ID, Rail: provider.RailQR,
		StoreID: w.Store.ID, TillID: till, Amount: posta.Money{Amount: 1500_00, Currency: "ARS"}, Reference: "Mesa 4",
		Description: "Almuerzo", Items: []provider.Item{{Title: "Milanesa", Quantity: 2, UnitPrice: 750_00}},
		CreatedBy: "key:key_1", Summary: payment.Summary{State: payment.Created}, QR: "000201", CreateKey: posta.NewULID(now),
		ExpiresAt: now.Add(10 * time.Minute), CreatedAt: now, UpdatedAt: now, DueAt: now.Add(15 * time.Second)}
}

func event(p payment.Payment, kind string) posta.Event {
	return posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: p.MerchantID, Mode: p.Mode, Type: kind,
		Subject: string(p.ID), TillID: p.TillID, Data: p.JSON(), CreatedAt: now}
}

// insert puts a payment into the database.
func insert(t testing.TB, db *store.DB, p payment.Payment) payment.Payment {
	t.Helper()
	if err := db.InsertPayment(t.Context(), p, []posta.Event{event(p, "payment.created")}); err != nil {
		t.Fatal(err)
	}
	return p
}

// wantCode fails unless err has the code.
func wantCode(t testing.TB, err error, want posta.Code) {
	t.Helper()
	var e *posta.Error
	if want != "" && !errors.As(err, &e) || posta.ErrorCode(err) != want {
		t.Errorf("error %v, want code %q", err, want)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestPaymentComesBackAsItWas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		p := insert(t, db, newPayment(w, w.Till.ID))
		same(t, "Payment", must[payment.Payment](t)(db.Payment(ctx, w.Merchant.ID, posta.Test, p.ID)), p)
		same(t, "OpenPayment", must[payment.Payment](t)(db.OpenPayment(ctx, w.Merchant.ID, w.Till.ID)), p)

		_, err := db.Payment(ctx, w.Merchant.ID, posta.Live, p.ID)
		wantCode(t, err, posta.CodeNotFound)
		other := storetest.Seed(t, db)
		_, err = db.Payment(ctx, other.Merchant.ID, posta.Test, p.ID)
		wantCode(t, err, posta.CodeNotFound)
		_, err = db.OpenPayment(ctx, other.Merchant.ID, w.Till.ID)
		wantCode(t, err, posta.CodeNotFound)
	})
}

// One till, one open payment, however many ask at once. Sabotage seen red:
// without the index payment_open all of them are inserted.
func TestP6_P29_ParallelPaymentsAtOneTill(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		errs := parallel(32, func(int) error {
			p := newPayment(w, w.Till.ID)
			return db.InsertPayment(ctx, p, []posta.Event{event(p, "payment.created")})
		})
		open := must[payment.Payment](t)(db.OpenPayment(ctx, w.Merchant.ID, w.Till.ID))
		inserted := 0
		for _, err := range errs {
			var e *posta.Error
			switch {
			case err == nil:
				inserted++
			case !errors.As(err, &e) || e.Code != posta.CodeTillBusy || e.Params["payment"] != string(open.ID):
				t.Errorf("error %v, want till_busy naming %s", err, open.ID)
			}
		}
		all, totals, err := db.ListPayments(ctx, payment.Filter{MerchantID: w.Merchant.ID})
		if err != nil || inserted != 1 || len(all) != 1 || totals.Count != 1 {
			t.Errorf("%d inserted, %d listed, %d counted, error %v; want 1 of each", inserted, len(all), totals.Count, err)
		}
		if events := must[[]posta.Event](t)(db.EventsAbout(ctx, w.Merchant.ID, open.ID)); len(events) != 1 {
			t.Errorf("%d events, want the winner's one", len(events))
		}
	})
}

// parallel runs f n times at once and gives what each returned.
func parallel(n int, f func(i int) error) []error {
	errs := make([]error, n)
	ready := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-ready
			errs[i] = f(i)
		})
	}
	close(ready)
	wg.Wait()
	return errs
}

func TestInsertPaymentTellsTakenIDFromBusyTill(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		p := insert(t, db, newPayment(w, w.Till.ID))
		wantCode(t, db.InsertPayment(ctx, p, []posta.Event{event(p, "payment.created")}), posta.CodeConflict)

		elsewhere := p
		elsewhere.TillID = w.AddTill(t, db).ID
		wantCode(t, db.InsertPayment(ctx, elsewhere, nil), posta.CodeConflict)

		wantCode(t, db.InsertPayment(ctx, newPayment(w, w.Till.ID), nil), posta.CodeTillBusy)
		wantCode(t, db.InsertPayment(ctx, newPayment(w, "til_none"), nil), posta.CodeNotFound)

		must[payment.Record](t)(db.ChangePayment(ctx, p.ID, func(r *payment.Record) error {
			r.Payment.State = payment.Canceled
			return nil
		}))
		insert(t, db, newPayment(w, w.Till.ID))
		wantCode(t, db.InsertPayment(ctx, p, nil), posta.CodeConflict)
	})
}

func TestCheckGuardsTheStates(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := storetest.Seed(t, db)
		for _, state := range payment.States {
			p := newPayment(w, w.AddTill(t, db).ID)
			p.State = state
			insert(t, db, p)
		}
		p := newPayment(w, w.AddTill(t, db).ID)
		p.State = "paidish"
		wantCode(t, db.InsertPayment(t.Context(), p, nil), posta.CodeInternal)
	})
}

func TestChannel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		got := must[payment.Channel](t)(db.Channel(ctx, w.Merchant.ID, posta.Test, w.Till.ID))
		same(t, "Channel", got, payment.Channel{MerchantID: w.Merchant.ID, Mode: posta.Test, ConnectionID: w.Connection.ID,
			StoreID: w.Store.ID, TillID: w.Till.ID, StoreCode: posta.Alphanumeric(w.Store.ID), TillCode: posta.Alphanumeric(w.Till.ID),
			Country: "AR", Currency: "ARS", TillName: "Caja 1", Title: "Centro", QR: w.Till.QR})

		_, err := db.Channel(ctx, w.Merchant.ID, posta.Live, w.Till.ID)
		wantCode(t, err, posta.CodeModeMismatch)
		_, err = db.Channel(ctx, storetest.Seed(t, db).Merchant.ID, posta.Test, w.Till.ID)
		wantCode(t, err, posta.CodeNotFound)
		w.Till.RemovedAt = now
		if err := db.UpdateTill(ctx, w.Till); err != nil {
			t.Fatal(err)
		}
		if got := must[payment.Channel](t)(db.Channel(ctx, w.Merchant.ID, posta.Test, w.Till.ID)); !got.Removed {
			t.Error("the channel of a removed till does not say so")
		}
	})
}

func TestClaimsNeverHandARowTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		want := map[posta.PaymentID]bool{}
		for range 40 {
			p := newPayment(w, w.AddTill(t, db).ID)
			p.DueAt = now
			want[insert(t, db, p).ID] = true
		}
		future := newPayment(w, w.AddTill(t, db).ID)
		future.DueAt = now.Add(time.Microsecond)
		insert(t, db, future)
		never := newPayment(w, w.AddTill(t, db).ID)
		never.DueAt = time.Time{}
		insert(t, db, never)

		var mu sync.Mutex
		taken := map[posta.PaymentID]int{}
		errs := parallel(16, func(int) error {
			for {
				due, err := db.ClaimPayments(ctx, now, 30*time.Second, 3)
				if err != nil || len(due) == 0 {
					return err
				}
				mu.Lock()
				for _, p := range due {
					taken[p.ID]++
					if !p.DueAt.Equal(now.Add(30 * time.Second)) {
						t.Errorf("%s due at %v after the claim", p.ID, p.DueAt)
					}
				}
				mu.Unlock()
			}
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		for id := range want {
			if taken[id] != 1 {
				t.Errorf("%s taken %d times", id, taken[id])
			}
		}
		if len(taken) != len(want) {
			t.Errorf("%d taken, want %d", len(taken), len(want))
		}
		later := must[[]payment.Payment](t)(db.ClaimPayments(ctx, now.Add(31*time.Second), time.Second, 100))
		if len(later) != 41 {
			t.Errorf("%d taken after the lease, want 41", len(later))
		}
	})
}

func TestClaimTakesTheLongestDueFirst(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		var ids []posta.PaymentID
		for i := range 3 {
			p := newPayment(w, w.AddTill(t, db).ID)
			p.DueAt = now.Add(-time.Duration(i) * time.Second)
			ids = append(ids, insert(t, db, p).ID)
		}
		for _, want := range []posta.PaymentID{ids[2], ids[1], ids[0]} {
			due := must[[]payment.Payment](t)(db.ClaimPayments(ctx, now, time.Minute, 1))
			if len(due) != 1 || due[0].ID != want {
				t.Fatalf("claimed %v, want %s", due, want)
			}
		}
	})
}

func TestCanceledContextLeavesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := storetest.Seed(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p := newPayment(w, w.Till.ID)
		err := db.InsertPayment(ctx, p, nil)
		wantCode(t, err, posta.CodeUnavailable)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v does not say that the caller went away", err)
		}
		_, err = db.Payment(t.Context(), w.Merchant.ID, posta.Test, p.ID)
		wantCode(t, err, posta.CodeNotFound)
	})
}
