package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posta"
	"posta/store"
	"posta/store/storetest"
)

// Durable inserts of notifications by 64 at once: the hub's hottest path.
func BenchmarkInsertNotification(b *testing.B) {
	for _, kind := range []store.Dialect{store.SQLite, store.Postgres} {
		b.Run(string(kind), func(b *testing.B) {
			db := storetest.Open(b, kind)
			w := storetest.Seed(b, db)
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			begun := time.Now()
			var wg sync.WaitGroup
			for range 64 {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						n := newNotification(w)
						n.ID = posta.NewID[posta.NotificationID](now)
						n.Delivery.Body = body
						if err := db.InsertNotification(b.Context(), n); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "inserts/s")
		})
	}
}

var body = []byte(`{"action":"update","api_version":"v1","data":{"id":"23014567891"},"date_created":"2026-11-23T15:04:05Z","id":104815713,"live_mode":false,"type":"payment","user_id":"446566691"}`)
