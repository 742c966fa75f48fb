package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"posta"
	"posta/store"
	"posta/store/storetest"
)

func TestSchemaIsChecked(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, _ *store.DB) {
		kind := store.SQLite
		if strings.HasSuffix(t.Name(), "/postgres") {
			kind = store.Postgres
		}
		url, ctx := storetest.URL(t, kind), t.Context()
		db := storetest.OpenAt(t, url)
		wantCode(t, db.Check(ctx), posta.CodeState)
		second := storetest.OpenAt(t, url)
		both := []*store.DB{db, second}
		if err := errors.Join(parallel(2, func(i int) error { return both[i].Migrate(ctx) })...); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := errors.Join(db.Check(ctx), db.Migrate(ctx)); err != nil {
				t.Fatal(err)
			}
		}
		storetest.Seed(t, db)

		driver, address := "pgx", url
		if kind == store.SQLite {
			driver, address = "sqlite", "file:"+url
		}
		plain, err := sql.Open(driver, address)
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		exec := func(text string) {
			t.Helper()
			if _, err := plain.ExecContext(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
		wantCode(t, db.Check(ctx), posta.CodeConflict)
		wantCode(t, db.Migrate(ctx), posta.CodeConflict)
		exec("DELETE FROM goose_db_version WHERE version_id > 1")
		wantCode(t, db.Check(ctx), posta.CodeState)
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", ":memory:", "x.db?mode=memory", "postgres://u:secret@h:notaport/x"} {
		_, err := store.Open(t.Context(), url, posta.SystemClock{})
		wantCode(t, err, posta.CodeInvalid)
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	_, err := store.Open(t.Context(), "postgres://u:secret@127.0.0.1:1/x", posta.SystemClock{})
	wantCode(t, err, posta.CodeUnavailable)
	if err != nil && strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells the password: %v", err)
	}
	file := filepath.Join(t.TempDir(), "not a database")
	if err := os.WriteFile(file, bytes.Repeat([]byte("no database "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = store.Open(t.Context(), file, posta.SystemClock{}); err == nil {
		t.Error("a file that is no database was opened")
	}
}

// What is acknowledged is in the copy or was acknowledged after it began, in
// the order of time: the copy is one moment.
func TestP45_BackupWhileWriting(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t, store.SQLite)
	db, ctx := storetest.OpenAt(t, url), t.Context()
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w := storetest.Seed(t, db)
	copied := filepath.Join(t.TempDir(), "a copy.db")
	begun, ended := make(chan struct{}), make(chan struct{})
	var before []posta.PaymentID
	var once sync.Once
	errs := parallel(9, func(i int) (err error) {
		defer func() {
			if err != nil {
				once.Do(func() { close(begun) }) // the copy must not wait for what will not come
			}
		}()
		if i == 8 {
			defer close(ended)
			<-begun
			return db.Backup(ctx, copied)
		}
		for n := 0; ; n++ {
			p := newPayment(w, w.AddTill(t, db).ID)
			if err := db.InsertPayment(ctx, p, []posta.Event{event(p, "payment.created")}); err != nil {
				return err
			}
			if i == 0 && n < 10 {
				if before = append(before, p.ID); n == 9 {
					once.Do(func() { close(begun) })
				}
			}
			select {
			case <-ended:
				return nil
			default:
			}
		}
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	wantCode(t, db.Backup(ctx, copied), posta.CodeConflict)
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(copied), "*")); len(left) != 1 {
		t.Errorf("the back-up left %v", left)
	}
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, error %v", info.Mode(), err)
	}

	// Restore: the copy takes the place of the database.
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{url, url + "-wal", url + "-shm"} {
		if err := os.Remove(gone); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(url, content, 0o600); err != nil {
		t.Fatal(err)
	}
	restored := storetest.OpenAt(t, url)
	if err := restored.Check(ctx); err != nil {
		t.Fatal(err)
	}
	for _, id := range before {
		if _, err := restored.Payment(ctx, w.Merchant.ID, posta.Test, id); err != nil {
			t.Errorf("%s, written before the back-up: %v", id, err)
		}
		if events, err := restored.EventsAbout(ctx, w.Merchant.ID, id); err != nil || len(events) != 1 {
			t.Errorf("%s has %d events, error %v", id, len(events), err)
		}
	}
	insert(t, restored, newPayment(w, w.AddTill(t, restored).ID))
	plain, err := sql.Open("sqlite", "file:"+url)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	var verdict string
	if err := plain.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity %q, error %v", verdict, err)
	}
}

func TestPostgresIsBackedUpByItsOwnTool(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if db.Dialect() == store.Postgres {
			err := db.Backup(t.Context(), filepath.Join(t.TempDir(), "copy"))
			wantCode(t, err, posta.CodeInvalid)
			if err == nil || !strings.Contains(err.Error(), "pg_dump") {
				t.Errorf("error %v does not name pg_dump", err)
			}
		}
	})
}

// Only the owner may read what holds sealed secrets.
func TestDatabaseFileIsPrivate(t *testing.T) {
	t.Parallel()
	url := filepath.Join(storetest.URL(t, store.SQLite)+"-folder", "posta #1 %41.db")
	if _, err := store.Open(t.Context(), url, posta.SystemClock{}); posta.ErrorCode(err) != posta.CodeInvalid {
		t.Errorf("a name with # gives %v", err)
	}
	url = strings.Replace(url, "#", "no. ", 1)
	db := storetest.OpenAt(t, "file:"+url)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(url), "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, error %v", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(file, url) {
			t.Errorf("%s: %v, error %v", file, info.Mode(), err)
		}
	}
}
