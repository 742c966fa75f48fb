package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/webhook"
)

const deliveryColumns = "id, merchant_id, mode, endpoint_id, event_id, type, test, body, state, reason, tries, refusals, attempts, claim, status, due_at, created_at, ended_at"

func deliveryValues(d webhook.Delivery) []any {
	return []any{d.ID, d.MerchantID, d.Mode, d.EndpointID, d.EventID, d.Type, d.Test, d.Body, d.State, d.Reason, d.Tries, d.Refusals, d.Attempts,
		d.Claim, d.Status, d.DueAt, d.CreatedAt, d.EndedAt}
}

func scanDelivery(rows *sql.Rows) (d webhook.Delivery, err error) {
	err = rows.Scan(&d.ID, &d.MerchantID, &d.Mode, &d.EndpointID, &d.EventID, &d.Type, flag{&d.Test}, octets{&d.Body}, &d.State, &d.Reason, &d.Tries,
		&d.Refusals, &d.Attempts, &d.Claim, &d.Status, instant{&d.DueAt}, instant{&d.CreatedAt}, instant{&d.EndedAt})
	return d, err
}

// PublishEvents makes, in one commit, the deliveries that plan asks for of the
// next events and notes how far it came. plan is told an event and its
// merchant's endpoints; it may run more than once and must not call the store.
// It gives how many events it took: 0 also when another replica is at it.
func (db *DB) PublishEvents(ctx context.Context, limit int, plan func(posta.Event, []webhook.Endpoint) []webhook.Delivery) (int, error) {
	behind, err := all(db.read(ctx), scalar[int64], `SELECT event_publisher.position FROM event_publisher
		JOIN event_counter ON event_counter.last > event_publisher.position WHERE event_publisher.id = 1`)
	if err != nil || len(behind) == 0 {
		return 0, err
	}
	var took int
	err = db.write(ctx, func(t *tx) error {
		took = 0
		last, err := all(t, scalar[int64], "SELECT position FROM event_publisher WHERE id = 1"+t.dialect.skipLocked())
		if err != nil || len(last) == 0 {
			return err
		}
		events, err := all(t, scanEvent, eventSelect+"WHERE position > ? ORDER BY position LIMIT ?", last[0], limit)
		if err != nil || len(events) == 0 {
			return err
		}
		endpoints := map[posta.MerchantID][]webhook.Endpoint{}
		for _, e := range events {
			mine, known := endpoints[e.MerchantID]
			if !known {
				// Locked: who disables one waits, and then finds these deliveries.
				if mine, err = all(t, scanEndpoint, endpointSelect+" ORDER BY id"+t.dialect.forUpdate(), e.MerchantID); err != nil {
					return err
				}
				endpoints[e.MerchantID] = mine
			}
			if len(mine) == 0 {
				continue
			}
			for _, d := range plan(e, mine) {
				r := row{"delivery", deliveryColumns, deliveryValues(d)}
				if _, err := t.exec(r.text()+" ON CONFLICT (merchant_id, endpoint_id, event_id) DO NOTHING", r.values...); err != nil {
					return err
				}
			}
		}
		took = len(events)
		return t.must("UPDATE event_publisher SET position = ? WHERE id = 1", events[took-1].Position)
	})
	if err != nil {
		return 0, err
	}
	return took, nil
}

// InsertDelivery adds one. Errors: conflict.
func (db *DB) InsertDelivery(ctx context.Context, d webhook.Delivery) error {
	return db.single(ctx, func(t *tx) error { return t.insert(row{"delivery", deliveryColumns, deliveryValues(d)}) })
}

// EndpointsDue lists enabled endpoints that something is due for, whoever's
// they are.
func (db *DB) EndpointsDue(ctx context.Context, now time.Time) ([]webhook.Target, error) {
	return all(db.read(ctx), func(rows *sql.Rows) (to webhook.Target, err error) {
		err = rows.Scan(&to.MerchantID, &to.ID, &to.URL, octets{&to.Sealed})
		return to, err
	}, `SELECT merchant_id, id, url, sealed FROM endpoint WHERE state = 'enabled' AND removed_at = 0 AND EXISTS (SELECT 1 FROM delivery
		WHERE delivery.merchant_id = endpoint.merchant_id AND delivery.endpoint_id = endpoint.id AND due_at > 0 AND due_at <= ?)`, now)
}

// ClaimDeliveries takes an endpoint's deliveries that are due, the longest due
// first, and moves their DueAt to now+lease.
func (db *DB) ClaimDeliveries(ctx context.Context, m posta.MerchantID, e posta.EndpointID, now time.Time, lease time.Duration, limit int) ([]webhook.Delivery, error) {
	var out []webhook.Delivery
	err := db.single(ctx, func(t *tx) (err error) {
		out, err = all(t, scanDelivery, `WITH due AS MATERIALIZED (SELECT id FROM delivery
			WHERE merchant_id = ? AND endpoint_id = ? AND due_at > 0 AND due_at <= ? ORDER BY due_at LIMIT ?`+t.dialect.skipLocked()+`)
			UPDATE delivery SET due_at = ?, claim = claim + 1 WHERE merchant_id = ? AND id IN (SELECT id FROM due) RETURNING `+deliveryColumns,
			m, e, now, limit, now.Add(lease), m)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// SaveAttempt records a try, whoever holds the delivery by now, and, while d's
// claim stands, what became of the delivery. What a person decided since then,
// such as disabling the endpoint, stands unless the endpoint took it.
func (db *DB) SaveAttempt(ctx context.Context, d webhook.Delivery, a webhook.Attempt) error {
	return db.write(ctx, func(t *tx) error {
		there, err := one(t, scanDelivery, "SELECT "+deliveryColumns+" FROM delivery WHERE merchant_id = ? AND id = ?"+t.dialect.forUpdate(), d.MerchantID, d.ID)
		if err != nil {
			return err
		}
		if err := t.insert(row{"delivery_attempt", "merchant_id, delivery_id, " + attemptColumns, []any{d.MerchantID, d.ID, there.Attempts + 1, a.At,
			a.Duration.Microseconds(), a.Status, a.Answer, a.Failure, a.Error}}); err != nil {
			return err
		}
		after := d
		if there.Claim != d.Claim || (there.State != webhook.Pending && d.State != webhook.Delivered) {
			after = there
		}
		after.Attempts = there.Attempts + 1
		return t.must("UPDATE delivery SET "+assignments(deliveryColumns)+" WHERE merchant_id = ? AND id = ?", append(deliveryValues(after), d.MerchantID, d.ID)...)
	})
}

// SendAgain makes a delivery pending and due, whatever it was, and takes it
// from whoever has claimed it. Errors: not_found; not_allowed_in_state where
// its endpoint is disabled or removed.
func (db *DB) SendAgain(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.DeliveryID, now time.Time) error {
	return db.write(ctx, func(t *tx) error {
		d, err := one(t, scanDelivery, deliveryOf, m, mode, id)
		if err != nil {
			return err
		}
		e, err := one(t, scanEndpoint, endpointSelect+" AND id = ?"+t.dialect.forUpdate(), m, d.EndpointID)
		if err != nil {
			return err
		}
		if e.State != webhook.Enabled {
			return &posta.Error{Code: posta.CodeState}
		}
		return t.must("UPDATE delivery SET state = 'pending', reason = '', tries = 0, refusals = 0, claim = claim + 1, due_at = ?, ended_at = 0 WHERE merchant_id = ? AND id = ?",
			now, m, id)
	})
}

const deliveryOf = "SELECT " + deliveryColumns + ` FROM delivery WHERE merchant_id = ? AND mode = ? AND id = ? AND EXISTS (SELECT 1 FROM endpoint
	WHERE endpoint.merchant_id = delivery.merchant_id AND endpoint.id = delivery.endpoint_id AND removed_at = 0)`

// Delivery finds one of an endpoint that was not removed. Errors: not_found.
func (db *DB) Delivery(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.DeliveryID) (webhook.Delivery, error) {
	return one(db.read(ctx), scanDelivery, deliveryOf, m, mode, id)
}

// Deliveries lists an endpoint's, newest first.
func (db *DB) Deliveries(ctx context.Context, f webhook.DeliveryFilter) ([]webhook.Delivery, error) {
	w := &where{}
	w.and("merchant_id = ? AND endpoint_id = ? AND mode = ?", f.MerchantID, f.EndpointID, f.Mode)
	is(w, "state", f.State)
	if f.After != "" {
		w.and("id < ?", f.After)
	}
	return all(db.read(ctx), scanDelivery, "SELECT "+deliveryColumns+" FROM delivery"+w.text()+" ORDER BY id DESC LIMIT ?", append(w.args, f.Size())...)
}

const attemptColumns = "number, at, duration, status, answer, failure, error"

// Attempts lists a delivery's, oldest first.
func (db *DB) Attempts(ctx context.Context, m posta.MerchantID, id posta.DeliveryID) ([]webhook.Attempt, error) {
	return all(db.read(ctx), func(rows *sql.Rows) (a webhook.Attempt, err error) {
		var duration int64
		err = rows.Scan(&a.Number, instant{&a.At}, &duration, &a.Status, octets{&a.Answer}, &a.Failure, &a.Error)
		a.Duration = time.Duration(duration) * time.Microsecond
		return a, err
	}, "SELECT "+attemptColumns+" FROM delivery_attempt WHERE merchant_id = ? AND delivery_id = ? ORDER BY number", m, id)
}

// CountDeliveries counts an endpoint's deliveries by state.
func (db *DB) CountDeliveries(ctx context.Context, m posta.MerchantID, e posta.EndpointID) (out webhook.Counts, err error) {
	_, err = all(db.read(ctx), func(rows *sql.Rows) (state webhook.DeliveryState, err error) {
		var n int
		err = rows.Scan(&state, &n)
		switch state {
		case webhook.Pending:
			out.Pending = n
		case webhook.Delivered:
			out.Delivered = n
		case webhook.Dead:
			out.Dead = n
		}
		return state, err
	}, "SELECT state, COUNT(*) FROM delivery WHERE merchant_id = ? AND endpoint_id = ? GROUP BY state", m, e)
	return out, err
}
