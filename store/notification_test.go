package store_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/inbox"
	"posta/outbound"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

func newNotification(w storetest.World) inbox.Notification {
	return inbox.Notification{ID: posta.NewID[posta.NotificationID](now), MerchantID: w.Merchant.ID, Mode: posta.Test,
		ConnectionID: w.Connection.ID, State: inbox.Received, DueAt: now,
		Delivery: provider.Delivery{Query: "id=1&topic=merchant_order\xff", Header: http.Header{"X-Signature": {"ts=1,v1=a"}},
			Body: []byte("{\"a\":\"\x00\xfe\"}"), ReceivedAt: now}}
}

func read(n inbox.Notification, resource, version string) inbox.Notification {
	n.State, n.Result, n.DueAt, n.HandledAt, n.FetchedAt = inbox.Handled, inbox.ResultChanged, time.Time{}, now, now
	n.Notice = provider.Notice{Topic: "merchant_order", Resource: resource, Action: "update", Status: "closed", Version: version, Channel: "webhook"}
	n.Verdict = provider.Verdict{Judgement: provider.Verified, Secret: "s1", Form: "raw id, seconds"}
	n.Payment, n.Tries = "pay_1", 1
	return n
}

func TestNotificationComesBackAsItWas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		n := newNotification(w)
		empty := newNotification(w)
		empty.Delivery = provider.Delivery{ReceivedAt: now}
		for _, n := range []inbox.Notification{n, empty} {
			if err := db.InsertNotification(ctx, n); err != nil {
				t.Fatal(err)
			}
			same(t, "notification", must[inbox.Notification](t)(db.Notification(ctx, w.Merchant.ID, n.ID)), n)
			wantCode(t, db.InsertNotification(ctx, n), posta.CodeConflict)
		}
		_, err := db.Notification(ctx, storetest.Seed(t, db).Merchant.ID, n.ID)
		wantCode(t, err, posta.CodeNotFound)

		n = read(n, "77", "3")
		n.Replayed = true
		if err := db.SaveNotification(ctx, n); err != nil {
			t.Fatal(err)
		}
		same(t, "saved notification", must[inbox.Notification](t)(db.Notification(ctx, w.Merchant.ID, n.ID)), n)
		wantCode(t, db.SaveNotification(ctx, newNotification(w)), posta.CodeConflict)
		same(t, "source", must[inbox.Source](t)(db.SourceOf(ctx, w.Connection.ID)),
			inbox.Source{MerchantID: w.Merchant.ID, Mode: posta.Test, Provider: "mercadopago"})
		_, err = db.SourceOf(ctx, "con_none")
		wantCode(t, err, posta.CodeNotFound)
	})
}

func TestToldAndFetched(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		add := func(change func(*inbox.Notification)) inbox.Notification {
			n := newNotification(w)
			n.ID = posta.NewID[posta.NotificationID](now)
			n = read(n, "77", "3")
			change(&n)
			if err := db.InsertNotification(ctx, n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		waiting := add(func(n *inbox.Notification) {
			n.State = inbox.Waiting
			n.ID = posta.NewID[posta.NotificationID](now.Add(-time.Hour))
		})
		key := waiting.Notice.DedupeKey()
		_, err := db.Told(ctx, w.Connection.ID, key, "")
		wantCode(t, err, posta.CodeNotFound)
		first := add(func(n *inbox.Notification) { n.ID = posta.NewID[posta.NotificationID](now.Add(-time.Minute)) })
		second := add(func(n *inbox.Notification) { n.FetchedAt, n.Payment = now.Add(time.Second), "pay_2" })
		add(func(n *inbox.Notification) { n.Notice.Version, n.Notice.Action = "", "" }) // says not enough
		same(t, "told", must[inbox.Notification](t)(db.Told(ctx, w.Connection.ID, key, second.ID)), first)
		same(t, "told, but for itself", must[inbox.Notification](t)(db.Told(ctx, w.Connection.ID, key, first.ID)), second)
		for _, no := range []struct {
			c   posta.ConnectionID
			key string
		}{{"con_other", key}, {w.Connection.ID, "other"}, {w.Connection.ID, ""}} {
			_, err := db.Told(ctx, no.c, no.key, "")
			wantCode(t, err, posta.CodeNotFound)
		}
		at, p, err := db.Fetched(ctx, w.Connection.ID, "merchant_order", "77")
		if err != nil || !at.Equal(now.Add(time.Second)) || p != "pay_2" {
			t.Errorf("fetched %v for %q, error %v", at, p, err)
		}
		at, p, err = db.Fetched(ctx, w.Connection.ID, "payment", "77")
		if err != nil || !at.IsZero() || p != "" {
			t.Errorf("never fetched, but %v for %q, error %v", at, p, err)
		}
	})
}

func TestNotificationsListedClaimedReplayed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		var made []inbox.Notification
		for i := range 30 {
			at := now.Add(time.Duration(i) * time.Second)
			n := newNotification(w)
			n.ID, n.Delivery.ReceivedAt = posta.NewID[posta.NotificationID](at), at
			if i%2 == 1 {
				n = read(n, "77", "3")
			}
			made = append(made, n)
		}
		if err := errors.Join(parallel(len(made), func(i int) error { return db.InsertNotification(ctx, made[i]) })...); err != nil {
			t.Fatal(err)
		}
		for name, tc := range map[string]struct {
			filter inbox.Filter
			want   int
		}{
			"everything": {inbox.Filter{Page: posta.Page{Limit: 100}}, 30},
			"page":       {inbox.Filter{Page: posta.Page{Limit: 7}}, 7},
			"next page":  {inbox.Filter{Page: posta.Page{Limit: 100, After: string(made[10].ID)}}, 10},
			"payment":    {inbox.Filter{Payment: "pay_1"}, 15},
			"state":      {inbox.Filter{State: inbox.Received}, 15},
			"judgement":  {inbox.Filter{Judgement: provider.Verified}, 15},
			"topic":      {inbox.Filter{Topic: "merchant_order", Resource: "77", Mode: posta.Test, ConnectionID: w.Connection.ID}, 15},
			"other":      {inbox.Filter{Resource: "78"}, 0},
			"time":       {inbox.Filter{From: made[3].Delivery.ReceivedAt, To: made[9].Delivery.ReceivedAt}, 6},
		} {
			tc.filter.MerchantID = w.Merchant.ID
			list := must[[]inbox.Notification](t)(db.ListNotifications(ctx, tc.filter))
			if len(list) != tc.want {
				t.Errorf("%s: %d listed, want %d", name, len(list), tc.want)
			}
			for i := 1; i < len(list); i++ {
				if list[i].ID >= list[i-1].ID {
					t.Errorf("%s: not newest first", name)
				}
			}
		}

		claim := func(at time.Time) int {
			var mu sync.Mutex
			taken := map[posta.NotificationID]bool{}
			errs := parallel(8, func(int) error {
				for {
					due, err := db.ClaimNotifications(ctx, at, time.Minute, 4)
					if err != nil || len(due) == 0 {
						return err
					}
					mu.Lock()
					for _, n := range due {
						if taken[n.ID] {
							t.Errorf("%s taken twice", n.ID)
						}
						taken[n.ID] = true
					}
					mu.Unlock()
				}
			})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			return len(taken)
		}
		if n := claim(now); n != 15 {
			t.Errorf("%d claimed, want 15", n)
		}
		later := now.Add(time.Hour)
		if n := must[int](t)(db.ReplayNotifications(ctx, inbox.Filter{MerchantID: w.Merchant.ID, State: inbox.Handled}, later)); n != 15 {
			t.Errorf("%d replayed, want 15", n)
		}
		again := must[inbox.Notification](t)(db.Notification(ctx, w.Merchant.ID, made[1].ID))
		if again.State != inbox.Waiting || !again.Replayed || !again.DueAt.Equal(later) {
			t.Errorf("replayed one: %+v", again)
		}
		other := storetest.Seed(t, db)
		if n := must[int](t)(db.ReplayNotifications(ctx, inbox.Filter{MerchantID: other.Merchant.ID}, later)); n != 0 {
			t.Errorf("%d of another merchant replayed", n)
		}
		if n := claim(later); n != 30 {
			t.Errorf("%d claimed after the lease and the replay, want 30", n)
		}
	})
}

func TestCallsOfAPayment(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		n := read(newNotification(w), "77", "3")
		if err := db.InsertNotification(ctx, n); err != nil {
			t.Fatal(err)
		}
		call := func(at time.Duration, tag outbound.Tag) outbound.Call {
			c := outbound.Call{ID: posta.NewID[posta.CallID](now), Tag: tag, Method: "PUT", URL: "https://api.mercadopago.com/x",
				RequestHeader: http.Header{"Accept": {"*/*"}}, RequestBody: []byte("{}"), Status: 201,
				ResponseHeader: http.Header{"X-Request-Id": {"1"}}, ResponseBody: []byte{0, 255}, StartedAt: now.Add(at),
				Duration: 1234 * time.Microsecond}
			if err := db.InsertCall(ctx, c); err != nil {
				t.Fatal(err)
			}
			return c
		}
		second := call(time.Second, outbound.Tag{ConnectionID: w.Connection.ID, Notification: n.ID, Operation: "fetch"})
		first := call(0, outbound.Tag{ConnectionID: w.Connection.ID, Payment: "pay_1", Operation: "create"})
		call(0, outbound.Tag{Payment: "pay_2"})
		call(0, outbound.Tag{Notification: "ntf_other"})
		call(0, outbound.Tag{})
		lost := outbound.Call{ID: posta.NewID[posta.CallID](now), Tag: outbound.Tag{Payment: "pay_1", Notification: n.ID}, Error: "timeout",
			StartedAt: now.Add(time.Minute)}
		if err := db.InsertCall(ctx, lost); err != nil {
			t.Fatal(err)
		}
		same(t, "calls", must[[]outbound.Call](t)(db.CallsOf(ctx, "pay_1")), []outbound.Call{first, second, lost})
	})
}

func TestASaveDoesNotUndoAReplay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		n := newNotification(w)
		if err := db.InsertNotification(ctx, n); err != nil {
			t.Fatal(err)
		}
		replayed := n
		replayed.Replayed = true
		if err := db.SaveNotification(ctx, replayed); err != nil {
			t.Fatal(err)
		}
		n.State = inbox.Handled // by whoever had claimed it before the replay
		wantCode(t, db.SaveNotification(ctx, n), posta.CodeConflict)
		if got := must[inbox.Notification](t)(db.Notification(ctx, w.Merchant.ID, n.ID)); !got.Replayed || got.State == inbox.Handled {
			t.Errorf("the replay was undone: %+v", got)
		}
	})
}
