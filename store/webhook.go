package store

import (
	"context"
	"database/sql"

	"posta"
	"posta/webhook"
)

var _ webhook.Store = (*DB)(nil)

const endpointColumns = "id, merchant_id, mode, url, description, events, sealed, state, reason, after_position, created_at, updated_at, removed_at"

func endpointValues(e webhook.Endpoint) []any {
	return []any{e.ID, e.MerchantID, e.Mode, e.URL, e.Description, asJSON{e.Events}, e.Sealed, e.State, e.Reason, e.After, e.CreatedAt, e.UpdatedAt, e.RemovedAt}
}

func scanEndpoint(rows *sql.Rows) (e webhook.Endpoint, err error) {
	err = rows.Scan(&e.ID, &e.MerchantID, &e.Mode, &e.URL, &e.Description, object{&e.Events}, octets{&e.Sealed}, &e.State, &e.Reason, &e.After,
		instant{&e.CreatedAt}, instant{&e.UpdatedAt}, instant{&e.RemovedAt})
	return e, err
}

const endpointSelect = "SELECT " + endpointColumns + " FROM endpoint WHERE removed_at = 0 AND merchant_id = ?"

// InsertEndpoint adds one whose After is the last position given, no event
// being published meanwhile: each is either before it or sent. Errors: conflict.
func (db *DB) InsertEndpoint(ctx context.Context, e webhook.Endpoint, events []posta.Event) (webhook.Endpoint, error) {
	err := db.write(ctx, func(t *tx) error {
		_, err := one(t, scalar[int64], "SELECT position FROM event_publisher WHERE id = 1"+t.dialect.forUpdate())
		if err != nil {
			return err
		}
		if e.After, err = one(t, scalar[int64], "SELECT last FROM event_counter WHERE id = 1"); err != nil {
			return err
		}
		if err := t.insert(row{"endpoint", endpointColumns, endpointValues(e)}); err != nil {
			return err
		}
		return insertEvents(t, events)
	})
	if err != nil {
		return webhook.Endpoint{}, err
	}
	db.notifier.tell(TopicEvent)
	return e, nil
}

// ChangeEndpoint loads an endpoint that was not removed, nobody else changing
// it and nothing being published to it meanwhile, and commits what change makes
// of it with the events it returns. Where it is disabled or removed afterwards,
// all that is pending is dead. change may run more than once and must not call
// the store. Errors: not_found.
func (db *DB) ChangeEndpoint(ctx context.Context, m posta.MerchantID, id posta.EndpointID, change func(*webhook.Endpoint) ([]posta.Event, error)) (webhook.Endpoint, error) {
	var out webhook.Endpoint
	err := db.write(ctx, func(t *tx) error {
		e, err := one(t, scanEndpoint, endpointSelect+" AND id = ?"+t.dialect.forUpdate(), m, id)
		if err != nil {
			return err
		}
		events, err := change(&e)
		if err != nil {
			return err
		}
		out = e
		if err := t.must("UPDATE endpoint SET "+assignments(endpointColumns)+" WHERE merchant_id = ? AND id = ?", append(endpointValues(e), m, id)...); err != nil {
			return err
		}
		reason := webhook.ReasonDisabled
		if !e.RemovedAt.IsZero() {
			reason = webhook.ReasonRemoved
		}
		if e.State == webhook.Disabled || reason == webhook.ReasonRemoved {
			if _, err := t.exec("UPDATE delivery SET state = 'dead', reason = ?, due_at = 0, ended_at = ? WHERE merchant_id = ? AND endpoint_id = ? AND state = 'pending'",
				reason, db.clock.Now(), m, id); err != nil {
				return err
			}
		}
		return insertEvents(t, events)
	})
	if err != nil {
		return webhook.Endpoint{}, err
	}
	db.notifier.tell(TopicEvent)
	return out, nil
}

// Endpoint finds one that was not removed. Errors: not_found.
func (db *DB) Endpoint(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.EndpointID) (webhook.Endpoint, error) {
	return one(db.read(ctx), scanEndpoint, endpointSelect+" AND mode = ? AND id = ?", m, mode, id)
}

// Endpoints lists a merchant's of a mode that were not removed, oldest first.
func (db *DB) Endpoints(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]webhook.Endpoint, error) {
	return all(db.read(ctx), scanEndpoint, endpointSelect+" AND mode = ? ORDER BY id", m, mode)
}
