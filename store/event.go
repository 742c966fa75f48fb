package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"posta"
)

const eventColumns = "id, merchant_id, mode, type, subject, till_id, actor, data, created_at"

// eventRow is an event about a payment or one of its refunds.
func eventRow(e posta.Event, about posta.PaymentID) row {
	return row{"event", eventColumns + ", payment_id", []any{e.ID, e.MerchantID, e.Mode, e.Type, e.Subject, e.TillID,
		e.Actor, e.Data, e.CreatedAt, about}}
}

func scanEvent(rows *sql.Rows) (e posta.Event, err error) {
	var data string
	err = rows.Scan(&e.ID, &e.MerchantID, &e.Mode, &e.Type, &e.Subject, &e.TillID, &e.Actor, &data, instant{&e.CreatedAt}, &e.Position)
	e.Data = json.RawMessage(data)
	return e, err
}

const eventSelect = "SELECT " + eventColumns + ", COALESCE(position, 0) FROM event "

// positionsAtOnce bounds what one PositionEvents gives.
const positionsAtOnce = 500

// PositionEvents gives positions to committed events that have none, in the
// order in which they were written, at most 500 at once, and reports how many
// it gave: 0 also when another replica is at it.
func (db *DB) PositionEvents(ctx context.Context) (int, error) {
	var given int
	err := db.write(ctx, func(t *tx) error {
		given = 0
		last, err := all(t, scalar[int64], "SELECT last FROM event_counter WHERE id = 1"+t.dialect.skipLocked())
		if err != nil || len(last) == 0 {
			return err
		}
		given, err = t.exec(`UPDATE event SET position = fresh.place
			FROM (SELECT seq, ROW_NUMBER() OVER (ORDER BY seq) + CAST(? AS BIGINT) AS place
				FROM event WHERE position IS NULL ORDER BY seq LIMIT ?) AS fresh
			WHERE event.seq = fresh.seq`, last[0], positionsAtOnce)
		if err != nil || given == 0 {
			return err
		}
		return t.must("UPDATE event_counter SET last = ? WHERE id = 1", last[0]+int64(given))
	})
	if err != nil {
		return 0, err
	}
	if given > 0 {
		db.notifier.tell(TopicEvent) // the other replicas hand them out too
	}
	return given, nil
}

// EventsAfter lists events of all merchants from after a position, oldest first.
func (db *DB) EventsAfter(ctx context.Context, position int64, limit int) ([]posta.Event, error) {
	return all(db.read(ctx), scanEvent, eventSelect+"WHERE position > ? ORDER BY position LIMIT ?", position, limit)
}

// MerchantEvents lists a merchant's events of a mode from after a position,
// oldest first.
func (db *DB) MerchantEvents(ctx context.Context, m posta.MerchantID, mode posta.Mode, position int64, limit int) ([]posta.Event, error) {
	return all(db.read(ctx), scanEvent, eventSelect+"WHERE merchant_id = ? AND mode = ? AND position > ? ORDER BY position LIMIT ?",
		m, mode, position, limit)
}

// EventsAbout lists the events of a payment and of its refunds, oldest first,
// positioned or not.
func (db *DB) EventsAbout(ctx context.Context, m posta.MerchantID, id posta.PaymentID) ([]posta.Event, error) {
	return all(db.read(ctx), scanEvent, eventSelect+"WHERE payment_id = ? AND merchant_id = ? ORDER BY seq", id, m)
}

// LastPosition is the highest position given.
func (db *DB) LastPosition(ctx context.Context) (int64, error) {
	return one(db.read(ctx), scalar[int64], "SELECT last FROM event_counter WHERE id = 1")
}
