package store_test

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"posta"
	"posta/inbox"
	"posta/store"
	"posta/store/storetest"
)

// Connections that break under load fail what was on them clearly, lose
// nothing that was acknowledged, and are replaced without help.
func TestP47_PostgresConnectionsCut(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if db.Dialect() == store.SQLite {
			return
		}
		address := storetest.URL(t, store.Postgres)
		db, ctx := storetest.OpenAt(t, address), t.Context()
		if err := db.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		w := storetest.Seed(t, db)
		plain, err := sql.Open("pgx", os.Getenv("POSTA_TEST_POSTGRES"))
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		parsed, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		var acknowledged [12][]posta.NotificationID
		errs := parallel(len(acknowledged)+1, func(i int) error {
			if i == len(acknowledged) {
				for range 5 {
					if _, err := plain.ExecContext(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
						parsed.Query().Get("application_name")); err != nil {
						return err
					}
				}
				return nil
			}
			for range 60 {
				n := newNotification(w)
				switch err := db.InsertNotification(ctx, n); posta.ErrorCode(err) {
				case "":
					acknowledged[i] = append(acknowledged[i], n.ID)
				case posta.CodeUnavailable:
				default:
					return err
				}
			}
			return nil
		})
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		kept := 0
		for _, ids := range acknowledged {
			kept += len(ids)
			for _, id := range ids {
				if _, err := db.Notification(ctx, w.Merchant.ID, id); err != nil {
					t.Errorf("acknowledged, but %v", err)
				}
			}
		}
		if kept == 0 {
			t.Error("nothing was written at all")
		}
		if err := db.InsertNotification(ctx, newNotification(w)); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// A file that cannot grow refuses new work clearly, keeps what it has and
// serves again once there is room.
func TestP47_SQLiteFull(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.SQLite)
	w, ctx := storetest.Seed(t, db), t.Context()
	first := newNotification(w)
	if err := db.InsertNotification(ctx, first); err != nil {
		t.Fatal(err)
	}
	huge := newNotification(w)
	huge.Delivery.Body = make([]byte, 1<<20)
	lift := store.LimitPages(t, db, 1)
	errs := parallel(20, func(i int) error {
		if i%2 == 0 {
			n := huge
			n.ID = posta.NewID[posta.NotificationID](now)
			return db.InsertNotification(ctx, n)
		}
		return db.TouchKey(ctx, "key_none", now)
	})
	for i, err := range errs {
		want := posta.CodeNotFound // needs no room, and fails by itself
		if i%2 == 0 {
			want = posta.CodeUnavailable
		}
		wantCode(t, err, want)
	}
	same(t, "what was there", must[inbox.Notification](t)(db.Notification(ctx, w.Merchant.ID, first.ID)), first)
	wantCode(t, db.Backup(ctx, filepath.Join(t.TempDir(), "no such folder", "copy")), posta.CodeUnavailable)
	lift()
	if err := db.InsertNotification(ctx, huge); err != nil {
		t.Errorf("once there is room: %v", err)
	}
}
