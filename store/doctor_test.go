package store_test

import (
	"context"
	"testing"
	"time"

	"posta"
	"posta/inbox"
	"posta/outbound"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

func TestWhatADoctorAsksADatabase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		at := storetest.Now
		if got, err := db.Overdue(ctx, at); err != nil || len(got) > 0 {
			t.Errorf("overdue in an empty database: %+v %v", got, err)
		}
		for i, due := range []time.Duration{-time.Hour, -time.Minute, time.Minute, 0} {
			n := inbox.Notification{ID: posta.NewID[posta.NotificationID](at), MerchantID: "mer_1", Mode: posta.Test, ConnectionID: "con_1",
				State: "received", DueAt: at.Add(due), Delivery: provider.Delivery{ReceivedAt: at}}
			if i == 3 {
				n.DueAt = time.Time{} // handled
			}
			if err := db.InsertNotification(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		got, err := db.Overdue(ctx, at)
		if err != nil || len(got) != 1 || got[0].Table != "notification" || got[0].Rows != 2 || !got[0].Oldest.Equal(at.Add(-time.Hour).Truncate(time.Microsecond)) {
			t.Errorf("overdue: %+v %v", got, err)
		}
		var last posta.CallID
		for i := range 3 {
			c := outbound.Call{ID: posta.NewID[posta.CallID](at.Add(time.Duration(i) * time.Second)), Method: "GET", URL: "https://provider.example", StartedAt: at}
			if err := db.InsertCall(ctx, c); err != nil {
				t.Fatal(err)
			}
			last = c.ID
		}
		if calls, err := db.LastCalls(ctx, 2); err != nil || len(calls) != 2 || calls[0].ID != last {
			t.Errorf("%+v %v", calls, err)
		}
		rows, err := db.Rows(ctx)
		if err != nil || rows["notification"] != 4 || rows["provider_call"] != 3 || len(rows) < 15 {
			t.Errorf("%v %v", rows, err)
		}
		if n, ok := rows["payment"]; !ok || n != 0 {
			t.Errorf("%d payments, %v", n, ok)
		}
		if size, err := db.Size(ctx); err != nil || size < 50_000 {
			t.Errorf("%d bytes, %v", size, err)
		}
		if has, needs, err := db.Schema(ctx); err != nil || has != needs || has == 0 {
			t.Errorf("schema %d of %d, %v", has, needs, err)
		}
	})
}

func TestCertificatesAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if _, err := db.Certificate(ctx, "pagos.example"); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Error(err)
		}
		for _, data := range []string{"first", "second"} {
			if err := db.SaveCertificate(ctx, "pagos.example", []byte(data)); err != nil {
				t.Fatal(err)
			}
			if got, err := db.Certificate(ctx, "pagos.example"); err != nil || string(got) != data {
				t.Errorf("%q %v", got, err)
			}
		}
		if names, err := db.Certificates(ctx); err != nil || len(names) != 1 {
			t.Errorf("%v %v", names, err)
		}
		for range 2 {
			if err := db.DropCertificate(ctx, "pagos.example"); err != nil {
				t.Error(err)
			}
		}
		if _, err := db.Certificate(ctx, "pagos.example"); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Error(err)
		}
	})
}
