package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/outbound"
)

const callColumns = "id, connection_id, payment_id, notification_id, operation, method, url, request_header, request_body, status, response_header, response_body, error, started_at, duration"

func scanCall(rows *sql.Rows) (c outbound.Call, err error) {
	var duration int64
	err = rows.Scan(&c.ID, &c.Tag.ConnectionID, &c.Tag.Payment, &c.Tag.Notification, &c.Tag.Operation, &c.Method, &c.URL,
		object{&c.RequestHeader}, octets{&c.RequestBody}, &c.Status, object{&c.ResponseHeader}, octets{&c.ResponseBody},
		&c.Error, instant{&c.StartedAt}, &duration)
	c.Duration = time.Duration(duration) * time.Microsecond
	return c, err
}

// InsertCall commits one exchange with a provider. Concurrent calls share a commit.
func (db *DB) InsertCall(ctx context.Context, c outbound.Call) error {
	return db.insert(ctx, string(c.ID), row{"provider_call", callColumns, []any{c.ID, c.Tag.ConnectionID, c.Tag.Payment,
		c.Tag.Notification, c.Tag.Operation, c.Method, c.URL, asJSON{c.RequestHeader}, c.RequestBody, c.Status,
		asJSON{c.ResponseHeader}, c.ResponseBody, c.Error, c.StartedAt, c.Duration.Microseconds()}})
}

// CallsOf lists the calls made for a payment, or for notifications that led to
// it, oldest first.
func (db *DB) CallsOf(ctx context.Context, id posta.PaymentID) ([]outbound.Call, error) {
	return all(db.read(ctx), scanCall, "SELECT "+callColumns+` FROM provider_call WHERE id IN (
			SELECT id FROM provider_call WHERE payment_id = ? AND payment_id <> ''
			UNION
			SELECT provider_call.id FROM notification
			JOIN provider_call ON provider_call.notification_id = notification.id AND provider_call.notification_id <> ''
			WHERE notification.payment_id = ? AND notification.payment_id <> '')
		ORDER BY started_at, id`, id, id)
}
