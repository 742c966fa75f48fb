package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"posta"
	"posta/payment"
)

// paymentColumns are what a payment is read from; derivedColumns are found by.
const (
	paymentColumns = "id, merchant_id, mode, connection_id, store_id, till_id, amount, currency, reference, description, " +
		"items, rail, terminals, options, created_by, state, attention, captured, refunded, paid_at, declined, last_detail, progress, facts, settled, " +
		"provider_order, qr, online, next_step, owner, capture_key, capture_at, capture_amount, create_key, cancel_key, cancel_at, expires_at, created_at, updated_at, ended_at, enquiries, due_at"
	derivedColumns = "counted_at, taken_by, taken_at, words, reference_text"
	// occupied are the states of a payment that occupies its till, as the
	// unique index has them.
	occupied = "state IN ('created', 'pending', 'unknown')"
)

func paymentValues(p payment.Payment) []any {
	by, at := taken(p)
	return []any{p.ID, p.MerchantID, p.Mode, p.ConnectionID, p.StoreID, orNull(p.TillID), p.Amount.Amount, p.Amount.Currency,
		p.Reference, p.Description, asJSON{p.Items}, p.Rail, asJSON{p.Terminals}, asJSON{p.Options}, p.CreatedBy, p.State, p.Attention, p.Captured, p.Refunded, p.PaidAt,
		p.Declined, p.LastDetail, p.Progress, asJSON{p.Facts}, asJSON{p.Settled}, p.Order, p.QR, asJSON{p.Online}, asJSON{p.Next}, p.Owner, p.CaptureKey, p.CaptureAt, p.CaptureAmount, p.CreateKey, p.CancelKey, p.CancelAt,
		p.ExpiresAt, p.CreatedAt, p.UpdatedAt, p.EndedAt, p.Enquiries, p.DueAt,
		countedAt(p), by.Slip.Terminal, at, words(p), strings.ToLower(p.Reference)}
}

func paymentRow(p payment.Payment) row {
	return row{"payment", paymentColumns + ", " + derivedColumns, paymentValues(p)}
}

func scanPayment(rows *sql.Rows) (p payment.Payment, err error) {
	err = rows.Scan(paymentTargets(&p)...)
	return p, err
}

func paymentTargets(p *payment.Payment) []any {
	return []any{&p.ID, &p.MerchantID, &p.Mode, &p.ConnectionID, &p.StoreID, unnamed[posta.TillID]{&p.TillID}, &p.Amount.Amount, &p.Amount.Currency,
		&p.Reference, &p.Description, object{&p.Items}, &p.Rail, object{&p.Terminals}, object{&p.Options}, &p.CreatedBy, &p.State, &p.Attention, &p.Captured, &p.Refunded,
		instant{&p.PaidAt}, &p.Declined, &p.LastDetail, &p.Progress, object{&p.Facts}, object{&p.Settled}, &p.Order, &p.QR, object{&p.Online}, object{&p.Next}, &p.Owner, &p.CaptureKey, instant{&p.CaptureAt}, &p.CaptureAmount, &p.CreateKey,
		&p.CancelKey, instant{&p.CancelAt}, instant{&p.ExpiresAt}, instant{&p.CreatedAt}, instant{&p.UpdatedAt},
		instant{&p.EndedAt}, &p.Enquiries, instant{&p.DueAt}}
}

// countedAt is when a till's report counts the payment: at its end, or when it
// was paid after that.
func countedAt(p payment.Payment) time.Time {
	if !p.EndedAt.IsZero() && p.PaidAt.After(p.EndedAt) {
		return p.PaidAt
	}
	return p.EndedAt
}

// words are what the provider calls the payment and its parts, and the cards'
// last fours, each between spaces.
func words(p payment.Payment) string {
	found := []string{p.Order}
	for _, f := range p.Facts {
		found = append(found, f.ID, f.LastFour, f.Authorizes, f.Slip.Coupon)
	}
	seen, out := map[string]bool{"": true}, " "
	for _, word := range found {
		word = strings.ToLower(strings.ReplaceAll(word, " ", ""))
		if !seen[word] {
			seen[word] = true
			out += word + " "
		}
	}
	return out
}

// insertTries is how often an insert is tried against open payments that end
// before they can be named.
const insertTries = 5

// InsertPayment commits a new payment and its events, a live one only if the
// gate of its connection admits it in that commit. Concurrent calls share a
// commit. Errors: conflict when the id is taken, whatever the gate says;
// gate_closed; till_busy with Params["payment"] when the till has an open one;
// not_found (its till).
func (db *DB) InsertPayment(ctx context.Context, p payment.Payment, events []posta.Event) error {
	rows := []row{paymentRow(p)}
	for _, e := range events {
		rows = append(rows, eventRow(e, p.ID))
	}
	for try := 1; ; try++ {
		err := db.insertGated(ctx, p, rows)
		if err == nil {
			db.notifier.tell(TopicEvent)
			return nil
		}
		if posta.ErrorCode(err) != posta.CodeConflict {
			return err
		}
		if _, found := one(db.read(ctx), scalar[string], "SELECT id FROM payment WHERE id = ?", p.ID); posta.ErrorCode(found) != posta.CodeNotFound {
			return err
		}
		open, found := one(db.read(ctx), scalar[string], "SELECT id FROM payment WHERE till_id = ? AND "+occupied, p.TillID)
		if found == nil {
			return &posta.Error{Code: posta.CodeTillBusy, Params: map[string]string{"payment": open}}
		}
		if posta.ErrorCode(found) != posta.CodeNotFound || try == insertTries {
			return err
		}
	}
}

// Payment finds one. Errors: not_found.
func (db *DB) Payment(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PaymentID) (payment.Payment, error) {
	return one(db.read(ctx), scanPayment, "SELECT "+paymentColumns+" FROM payment WHERE merchant_id = ? AND id = ? AND mode = ?", m, id, mode)
}

// OpenPayment finds the till's open payment. Errors: not_found.
func (db *DB) OpenPayment(ctx context.Context, m posta.MerchantID, till posta.TillID) (payment.Payment, error) {
	return one(db.read(ctx), scanPayment, "SELECT "+paymentColumns+" FROM payment WHERE till_id = ? AND merchant_id = ? AND "+occupied, till, m)
}

// ClaimPayments takes payments whose DueAt has come, the longest due first,
// and moves it to now+lease. It gives them oldest first.
func (db *DB) ClaimPayments(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]payment.Payment, error) {
	return claim(ctx, db, "payment", paymentColumns, scanPayment, now, lease, limit)
}

// claim takes due rows of a table.
func claim[T any](ctx context.Context, db *DB, table, columns string, scan func(*sql.Rows) (T, error), now time.Time, lease time.Duration, limit int) ([]T, error) {
	var out []T
	err := db.single(ctx, func(t *tx) (err error) {
		out, err = all(t, scan, "WITH due AS MATERIALIZED (SELECT merchant_id, id FROM "+table+
			" WHERE due_at > 0 AND due_at <= ? ORDER BY due_at LIMIT ?"+t.dialect.skipLocked()+
			") UPDATE "+table+" SET due_at = ? WHERE (merchant_id, id) IN (SELECT merchant_id, id FROM due) RETURNING "+columns,
			now, limit, now.Add(lease))
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
