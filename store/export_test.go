package store

import (
	"strconv"
	"testing"
)

// LimitPages makes a SQLite database full: it may not grow beyond n pages, or
// what it has. The function that it returns gives it room again.
func LimitPages(t *testing.T, db *DB, n int) (lift func()) {
	t.Helper()
	limit := func(n int) {
		t.Helper()
		if err := db.write(t.Context(), func(x *tx) error {
			rows, err := x.run.QueryContext(x.ctx, "PRAGMA max_page_count = "+strconv.Itoa(n))
			if err == nil {
				err = rows.Close()
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit(n)
	return func() { limit(1 << 30) }
}
