package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"posta"
	"posta/provider"
	"posta/quality"
)

const (
	measurementColumns = "id, merchant_id, connection_id, kind, result, reason, product, rules, payment_id, asked, score, threshold, findings, " +
		"month, made_by, created_at, visible_at"
	officialColumns = "id, merchant_id, connection_id, score, measured_on, provider_payment, payment_id, made_by, created_at"
)

// measurementRow is a measurement, to be told of at due unless that is zero.
func measurementRow(m quality.Measurement, due time.Time) row {
	score := -1
	if m.Score != nil {
		score = *m.Score
	}
	return row{"quality_measurement", measurementColumns + ", due_at", []any{m.ID, m.MerchantID, m.ConnectionID, m.Kind, m.Result, m.Reason,
		m.Product, m.Rules, m.PaymentID, m.Asked, score, m.Threshold, asJSON{m.Findings}, m.Month, m.By, m.CreatedAt, m.VisibleAt, due}}
}

func scanMeasurement(rows *sql.Rows) (m quality.Measurement, err error) {
	var score int
	err = rows.Scan(&m.ID, &m.MerchantID, &m.ConnectionID, &m.Kind, &m.Result, &m.Reason, &m.Product, &m.Rules, &m.PaymentID, &m.Asked,
		&score, &m.Threshold, object{&m.Findings}, &m.Month, &m.By, instant{&m.CreatedAt}, instant{&m.VisibleAt})
	if score >= 0 {
		m.Score = &score
	}
	return m, err
}

// withEvents commits what do does together with events; they are left out if do
// gives false.
func (db *DB) withEvents(ctx context.Context, events []posta.Event, do func(*tx) (bool, error)) error {
	told := false
	err := db.write(ctx, func(t *tx) error {
		did, err := do(t)
		told = did && len(events) > 0
		if err != nil || !told {
			return err
		}
		return insertEvents(t, events)
	})
	if err == nil && told {
		db.notifier.tell(TopicEvent)
	}
	return err
}

// InsertMeasurement commits one and its events.
func (db *DB) InsertMeasurement(ctx context.Context, m quality.Measurement, events []posta.Event) error {
	return db.withEvents(ctx, events, func(t *tx) (bool, error) { return true, t.insert(measurementRow(m, time.Time{})) })
}

// Measurements lists those of a connection that are visible at now, newest
// first; scored, those that have a score.
func (db *DB) Measurements(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, now time.Time, scored bool, p posta.Page) ([]quality.Measurement, error) {
	w := &where{}
	w.and("merchant_id = ? AND connection_id = ? AND visible_at <= ?", m, c, now)
	if scored {
		w.and("result = 'measured'")
	}
	if p.After != "" {
		w.and("id < ?", p.After)
	}
	return all(db.read(ctx), scanMeasurement, "SELECT "+measurementColumns+" FROM quality_measurement"+w.text()+" ORDER BY id DESC LIMIT ?",
		append(w.args, p.Size())...)
}

// InsertOfficial commits a result of the provider's own and its events.
func (db *DB) InsertOfficial(ctx context.Context, o quality.Official, events []posta.Event) error {
	return db.withEvents(ctx, events, func(t *tx) (bool, error) {
		return true, t.insert(row{"quality_official", officialColumns, []any{o.ID, o.MerchantID, o.ConnectionID, o.Score, o.Date, o.Payment,
			o.PaymentID, o.By, o.CreatedAt}})
	})
}

// Officials lists the provider's own results for a connection, newest first by
// their date.
func (db *DB) Officials(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, limit int) ([]quality.Official, error) {
	return all(db.read(ctx), func(rows *sql.Rows) (o quality.Official, err error) {
		err = rows.Scan(&o.ID, &o.MerchantID, &o.ConnectionID, &o.Score, &o.Date, &o.Payment, &o.PaymentID, &o.By, instant{&o.CreatedAt})
		return o, err
	}, "SELECT "+officialColumns+` FROM quality_official WHERE merchant_id = ? AND connection_id = ?
		ORDER BY measured_on DESC, id DESC LIMIT ?`, m, c, limit)
}

// QualityConnection finds a connection. Errors: not_found.
func (db *DB) QualityConnection(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (quality.Connection, error) {
	return one(db.read(ctx), func(rows *sql.Rows) (c quality.Connection, err error) {
		err = rows.Scan(&c.ID, &c.MerchantID, &c.Mode, &c.Provider, &c.TimeZone, &c.Threshold)
		return c, err
	}, `SELECT connection.id, merchant_id, mode, provider, merchant.time_zone, COALESCE(quality_threshold.score, 0) FROM connection
		JOIN merchant ON merchant.id = merchant_id LEFT JOIN quality_threshold ON connection_id = connection.id
		WHERE connection.id = ? AND merchant_id = ?`, c, m)
}

// SetThreshold keeps what is enough for a connection; 0 takes it back. Errors:
// not_found.
func (db *DB) SetThreshold(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, threshold int) error {
	return db.write(ctx, func(t *tx) error {
		if _, err := one(t, scalar[string], "SELECT id FROM connection WHERE id = ? AND merchant_id = ?", c, m); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM quality_threshold WHERE connection_id = ?", c); err != nil || threshold == 0 {
			return err
		}
		return t.insert(row{"quality_threshold", "connection_id, score", []any{c, threshold}})
	})
}

// Operations lists what was done on the connection since then with success,
// other than charging and looking, as "METHOD operation".
func (db *DB) Operations(ctx context.Context, c posta.ConnectionID, since time.Time) ([]string, error) {
	return all(db.read(ctx), scalar[string], `SELECT DISTINCT method || ' ' || operation FROM provider_call
		WHERE connection_id = ? AND started_at >= ? AND operation NOT IN ('create', 'enquiry', 'fetch') AND status BETWEEN 200 AND 299`, c, since)
}

// NoticesOf lists the notifications that led to the payments, at most 100 of them.
func (db *DB) NoticesOf(ctx context.Context, ids []posta.PaymentID) ([]quality.Notice, error) {
	return all(db.read(ctx), func(rows *sql.Rows) (n quality.Notice, err error) {
		var judgement string
		err = rows.Scan(&n.Payment, &judgement)
		n.Judgement = provider.Judgement(judgement)
		return n, err
	}, "SELECT payment_id, judgement FROM notification WHERE payment_id <> '' AND payment_id IN ("+hundred+") ORDER BY id", padded(ids)...)
}

// hundred are as many placeholders; padded fills those that ids do not, so that
// a list of any length is one statement.
var hundred = "?" + strings.Repeat(", ?", 99)

func padded(ids []posta.PaymentID) []any {
	args := make([]any, 100)
	for i := range args {
		args[i] = ""
	}
	for i, id := range ids {
		args[i] = id
	}
	return args
}
