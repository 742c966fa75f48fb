package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"posta"
	"posta/quality"
)

// EnrolConnections gives the live connections of the providers a slot to be
// planned, where they have none.
func (db *DB) EnrolConnections(ctx context.Context, providers []string, now time.Time) error {
	var args []any
	for _, p := range providers {
		args = append(args, p)
	}
	from := ` FROM connection WHERE mode = 'live' AND provider IN (?` + strings.Repeat(", ?", len(providers)-1) + `)
		AND NOT EXISTS (SELECT 1 FROM quality_slot WHERE quality_slot.merchant_id = connection.merchant_id AND quality_slot.id = connection.id)`
	without, err := one(db.read(ctx), scalar[int64], "SELECT COUNT(*)"+from, args...)
	if err != nil || without == 0 {
		return err
	}
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec("INSERT INTO quality_slot (id, merchant_id, slot_at, due_at) SELECT id, merchant_id, 0, CAST(? AS BIGINT)"+from+
			" ON CONFLICT DO NOTHING", append([]any{now}, args...)...)
		return err
	})
}

// ClaimSlots takes slots that are due, the longest due first, and puts that off
// until now+lease.
func (db *DB) ClaimSlots(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]quality.Slot, error) {
	return claim(ctx, db, "quality_slot", "merchant_id, id, slot_at, (SELECT time_zone FROM merchant WHERE merchant.id = quality_slot.merchant_id)",
		func(rows *sql.Rows) (s quality.Slot, err error) {
			err = rows.Scan(&s.MerchantID, &s.ConnectionID, instant{&s.At}, &s.TimeZone)
			return s, err
		}, now, lease, limit)
}

// PlanSlot moves a slot to at, unless it was moved meanwhile.
func (db *DB) PlanSlot(ctx context.Context, s quality.Slot, at time.Time) error {
	return db.write(ctx, func(t *tx) error {
		_, err := moveSlot(t, s, at)
		return err
	})
}

func moveSlot(t *tx, s quality.Slot, at time.Time) (moved bool, err error) {
	n, err := t.exec("UPDATE quality_slot SET slot_at = ?, due_at = ? WHERE merchant_id = ? AND id = ? AND slot_at = ?",
		at, at, s.MerchantID, s.ConnectionID, s.At)
	return n == 1, err
}

// FinishSlot commits the measurement of a slot and its events and moves the slot
// to next, together, unless it was moved meanwhile: then nothing. One without
// events is to be published when it becomes visible; of a month that has one
// already there is no second.
func (db *DB) FinishSlot(ctx context.Context, s quality.Slot, next time.Time, m quality.Measurement, events []posta.Event) error {
	due := m.VisibleAt
	if len(events) > 0 {
		due = time.Time{}
	}
	r := measurementRow(m, due)
	return db.withEvents(ctx, events, func(t *tx) (bool, error) {
		moved, err := moveSlot(t, s, next)
		if err != nil || !moved {
			return false, err
		}
		n, err := t.exec(r.text()+" ON CONFLICT DO NOTHING", r.values...)
		return n == 1, err
	})
}

// ClaimUnpublished takes measurements that became visible, the longest due
// first, and puts that off until now+lease.
func (db *DB) ClaimUnpublished(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]quality.Measurement, error) {
	return claim(ctx, db, "quality_measurement", measurementColumns, scanMeasurement, now, lease, limit)
}

// Publish commits the events of a measurement that became visible, once.
func (db *DB) Publish(ctx context.Context, m quality.Measurement, events []posta.Event) error {
	return db.withEvents(ctx, events, func(t *tx) (bool, error) {
		n, err := t.exec("UPDATE quality_measurement SET due_at = 0 WHERE merchant_id = ? AND id = ? AND due_at > 0", m.MerchantID, m.ID)
		return n == 1, err
	})
}
