package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/inbox"
)

// A notification is what came, which never changes, and what was made of it.
const (
	arrivedColumns      = "id, merchant_id, mode, connection_id, query, header, body, received_at"
	madeColumns         = "state, notice, verdict, result, payment_id, tries, replayed, due_at, fetched_at, handled_at"
	toldColumns         = "topic, resource, dedupe_key, judgement" // of notice and verdict, to be found by
	notificationColumns = arrivedColumns + ", " + madeColumns
)

func madeValues(n inbox.Notification) []any {
	return []any{n.State, asJSON{n.Notice}, asJSON{n.Verdict}, n.Result, n.Payment, n.Tries, n.Replayed, n.DueAt, n.FetchedAt,
		n.HandledAt, n.Notice.Topic, n.Notice.Resource, n.Notice.DedupeKey(), n.Verdict.Judgement}
}

func scanNotification(rows *sql.Rows) (n inbox.Notification, err error) {
	var query []byte
	err = rows.Scan(&n.ID, &n.MerchantID, &n.Mode, &n.ConnectionID, octets{&query}, object{&n.Delivery.Header},
		octets{&n.Delivery.Body}, instant{&n.Delivery.ReceivedAt}, &n.State, object{&n.Notice}, object{&n.Verdict}, &n.Result,
		&n.Payment, &n.Tries, flag{&n.Replayed}, instant{&n.DueAt}, instant{&n.FetchedAt}, instant{&n.HandledAt})
	n.Delivery.Query = string(query)
	return n, err
}

// InsertNotification commits one, durably, before it returns. Concurrent calls
// share a commit. Errors: conflict.
func (db *DB) InsertNotification(ctx context.Context, n inbox.Notification) error {
	values := append([]any{n.ID, n.MerchantID, n.Mode, n.ConnectionID, []byte(n.Delivery.Query), asJSON{n.Delivery.Header},
		n.Delivery.Body, n.Delivery.ReceivedAt}, madeValues(n)...)
	err := db.insert(ctx, string(n.ID), row{"notification", notificationColumns + ", " + toldColumns, values})
	if err == nil {
		db.notifier.tell(TopicNotification)
	}
	return err
}

// ClaimNotifications takes those that are due, the longest due first, and
// moves their DueAt to now+lease.
func (db *DB) ClaimNotifications(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]inbox.Notification, error) {
	return claim(ctx, db, "notification", notificationColumns, scanNotification, now, lease, limit)
}

// SaveNotification commits what was made of one. Errors: conflict when it was
// replayed since it was claimed: the replay stands.
func (db *DB) SaveNotification(ctx context.Context, n inbox.Notification) error {
	return db.single(ctx, func(t *tx) error {
		saved, err := t.exec("UPDATE notification SET "+assignments(madeColumns+", "+toldColumns)+
			" WHERE merchant_id = ? AND id = ? AND replayed <= ?", append(madeValues(n), n.MerchantID, n.ID, n.Replayed)...)
		if err == nil && saved == 0 {
			return posta.Errorf(posta.CodeConflict, "notification %s is gone or was replayed", n.ID)
		}
		return err
	})
}

// Told finds the oldest handled notification of the connection, other than id,
// with the dedupe key. Errors: not_found.
func (db *DB) Told(ctx context.Context, c posta.ConnectionID, key string, id posta.NotificationID) (inbox.Notification, error) {
	return one(db.read(ctx), scanNotification, "SELECT "+notificationColumns+` FROM notification
		WHERE connection_id = ? AND dedupe_key = ? AND dedupe_key <> '' AND id <> ? AND state = 'handled' ORDER BY id LIMIT 1`, c, key, id)
}

// fetch is when a resource was asked for, and what came of it.
type fetch struct {
	at      time.Time
	payment posta.PaymentID
}

// Fetched is when the latest fetch of a resource began, and the payment that
// it led to; zero if none.
func (db *DB) Fetched(ctx context.Context, c posta.ConnectionID, topic, resource string) (time.Time, posta.PaymentID, error) {
	latest, err := all(db.read(ctx), func(rows *sql.Rows) (f fetch, err error) {
		err = rows.Scan(instant{&f.at}, &f.payment)
		return f, err
	}, `SELECT fetched_at, payment_id FROM notification
		WHERE connection_id = ? AND topic = ? AND resource = ? AND fetched_at > 0 ORDER BY fetched_at DESC, id DESC LIMIT 1`, c, topic, resource)
	if err != nil || len(latest) == 0 {
		return time.Time{}, "", err
	}
	return latest[0].at, latest[0].payment, nil
}

// Notification finds a merchant's. Errors: not_found.
func (db *DB) Notification(ctx context.Context, m posta.MerchantID, id posta.NotificationID) (inbox.Notification, error) {
	return one(db.read(ctx), scanNotification, "SELECT "+notificationColumns+" FROM notification WHERE merchant_id = ? AND id = ?", m, id)
}

// ListNotifications lists newest first.
func (db *DB) ListNotifications(ctx context.Context, f inbox.Filter) ([]inbox.Notification, error) {
	w := notificationsMatching(f)
	if f.After != "" {
		w.and("id < ?", f.After)
	}
	return all(db.read(ctx), scanNotification, "SELECT "+notificationColumns+" FROM notification"+w.text()+" ORDER BY id DESC LIMIT ?",
		append(w.args, f.Size())...)
}

// ReplayNotifications makes all that match due again, whatever page is asked
// for, and gives how many.
func (db *DB) ReplayNotifications(ctx context.Context, f inbox.Filter, now time.Time) (int, error) {
	w := notificationsMatching(f)
	var n int
	err := db.write(ctx, func(t *tx) (err error) {
		n, err = t.exec("UPDATE notification SET state = 'waiting', replayed = 1, tries = 0, due_at = ?"+w.text(),
			append([]any{now}, w.args...)...)
		return err
	})
	if err != nil {
		return 0, err
	}
	if n > 0 {
		db.notifier.tell(TopicNotification)
	}
	return n, nil
}

func notificationsMatching(f inbox.Filter) *where {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "connection_id", f.ConnectionID)
	if f.Payment != "" {
		w.and("payment_id = ? AND payment_id <> ''", f.Payment)
	}
	is(w, "state", f.State)
	is(w, "judgement", f.Judgement)
	is(w, "topic", f.Topic)
	is(w, "resource", f.Resource)
	w.between("received_at", f.From, f.To)
	return w
}
