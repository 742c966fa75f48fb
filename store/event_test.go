package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/store"
	"posta/store/storetest"
)

// Positions are 1, 2, 3… without gaps whatever is written, rolled back and
// positioned at once, and a reader that follows them misses nothing.
// Sabotage seen red: without SKIP LOCKED two relays give the same positions.
func TestEventsArePositionedWithoutGaps(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		const writers, each = 8, 12
		var payments []payment.Payment
		for range writers {
			payments = append(payments, insert(t, db, newPayment(w, w.AddTill(t, db).ID)))
		}
		var writing atomic.Int32
		writing.Store(writers)
		var seen []posta.Event
		errs := parallel(writers+3, func(i int) error {
			switch {
			case i < writers:
				defer writing.Add(-1)
				for n := range each {
					_, err := db.ChangePayment(ctx, payments[i].ID, func(r *payment.Record) error {
						r.Events = append(r.Events, event(r.Payment, "payment.pending"), event(r.Payment, "payment.attention"))
						if n%3 == 2 { // written and rolled back
							r.Events = append(r.Events, r.Events[0])
						}
						return nil
					})
					if err != nil && n%3 != 2 {
						return err
					}
				}
				return nil
			case i < writers+2: // two relays
				for done := false; ; {
					n, err := db.PositionEvents(ctx)
					if err != nil || done && n == 0 {
						return err
					}
					done = writing.Load() == 0
				}
			}
			for { // a reader that follows
				done := writing.Load() == 0
				var after int64
				if len(seen) > 0 {
					after = seen[len(seen)-1].Position
				}
				more, err := db.EventsAfter(ctx, after, 10)
				if err != nil || done && len(more) == 0 {
					return err
				}
				seen = append(seen, more...)
			}
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		for must[int](t)(db.PositionEvents(ctx)) > 0 {
		}
		want := writers + writers*each/3*2*2
		all := must[[]posta.Event](t)(db.EventsAfter(ctx, 0, 10*want))
		for i, e := range all {
			if e.Position != int64(i)+1 {
				t.Fatalf("event %d has position %d", i, e.Position)
			}
		}
		if last := must[int64](t)(db.LastPosition(ctx)); len(all) != want || last != int64(want) {
			t.Errorf("%d events, last position %d, want %d", len(all), last, want)
		}
		same(t, "what the reader saw", seen, all[:len(seen)])
		for i, p := range payments {
			last := int64(0)
			for n, e := range must[[]posta.Event](t)(db.EventsAbout(ctx, w.Merchant.ID, p.ID)) {
				if e.Position <= last || (n == 0) != (e.Type == "payment.created") {
					t.Errorf("payment %d: %s at %d after %d", i, e.Type, e.Position, last)
				}
				last = e.Position
			}
		}
	})
}

func TestEventsOfAMerchant(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		other := storetest.Seed(t, db)
		insert(t, db, newPayment(other, other.Till.ID))
		p := newPayment(w, w.Till.ID)
		e := event(p, "payment.created")
		if err := db.InsertPayment(ctx, p, []posta.Event{e}); err != nil {
			t.Fatal(err)
		}
		if found := must[[]posta.Event](t)(db.EventsAfter(ctx, 0, 10)); len(found) != 0 {
			t.Errorf("%d events before any has a position", len(found))
		}
		same(t, "events about, not positioned", must[[]posta.Event](t)(db.EventsAbout(ctx, w.Merchant.ID, p.ID)), []posta.Event{e})
		if n := must[int](t)(db.PositionEvents(ctx)); n != 2 {
			t.Errorf("%d positioned, want 2", n)
		}
		e.Position = 2
		same(t, "merchant's", must[[]posta.Event](t)(db.MerchantEvents(ctx, w.Merchant.ID, posta.Test, 0, 10)), []posta.Event{e})
		for name, found := range map[string][]posta.Event{
			"after its position": must[[]posta.Event](t)(db.MerchantEvents(ctx, w.Merchant.ID, posta.Test, 2, 10)),
			"live":               must[[]posta.Event](t)(db.MerchantEvents(ctx, w.Merchant.ID, posta.Live, 0, 10)),
			"about, by another":  must[[]posta.Event](t)(db.EventsAbout(ctx, other.Merchant.ID, p.ID)),
		} {
			if len(found) != 0 {
				t.Errorf("%s: %d events", name, len(found))
			}
		}
	})
}

func TestListenHearsOfWork(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := storetest.Seed(t, db)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if db.Dialect() == store.SQLite {
			cancel()
			db.Listen(ctx, func(topic string) { t.Errorf("heard %q", topic) })
			return
		}
		heard := make(chan string, 100)
		var listening sync.WaitGroup
		listening.Go(func() { db.Listen(ctx, func(topic string) { heard <- topic }) })
		wait := func(want string) {
			t.Helper()
			for {
				select {
				case topic := <-heard:
					if topic == want {
						return
					}
				case <-ctx.Done():
					t.Fatalf("never heard of %q", want)
				}
			}
		}
		wait(store.TopicNotification)
		wait(store.TopicEvent) // connected
		insert(t, db, newPayment(w, w.Till.ID))
		wait(store.TopicEvent)
		if err := db.InsertNotification(ctx, newNotification(w)); err != nil {
			t.Fatal(err)
		}
		wait(store.TopicNotification)
		cancel()
		listening.Wait()
	})
}
