package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/payment"
)

const refundColumns = "id, merchant_id, mode, payment_id, amount, currency, reason, kind, terminals, expires_at, cancel_at, state, parts, origin, tries, due_at, created_at, updated_at"

func refundValues(r payment.Refund) []any {
	return []any{r.ID, r.MerchantID, r.Mode, r.PaymentID, r.Amount.Amount, r.Amount.Currency, r.Reason, r.Kind, asJSON{r.Terminals}, r.ExpiresAt, r.CancelAt, r.State,
		asJSON{r.Parts}, r.Origin, r.Tries, r.DueAt, r.CreatedAt, r.UpdatedAt}
}

func scanRefund(rows *sql.Rows) (r payment.Refund, err error) {
	err = rows.Scan(refundTargets(&r)...)
	return r, err
}

func refundTargets(r *payment.Refund) []any {
	return []any{&r.ID, &r.MerchantID, &r.Mode, &r.PaymentID, &r.Amount.Amount, &r.Amount.Currency, &r.Reason, &r.Kind,
		object{&r.Terminals}, instant{&r.ExpiresAt}, instant{&r.CancelAt}, &r.State,
		object{&r.Parts}, &r.Origin, &r.Tries, instant{&r.DueAt}, instant{&r.CreatedAt}, instant{&r.UpdatedAt}}
}

// saveRefund keeps a refund of a payment at the till. returned_at is when it
// first succeeded: later news about it must not move it into another shift.
func saveRefund(t *tx, r payment.Refund, at posta.TillID, there bool) error {
	var returned time.Time
	if r.State == payment.RefundSucceeded {
		returned = r.UpdatedAt
	}
	if !there {
		return t.insert(row{"refund", refundColumns + ", till_id, returned_at, done_by", append(refundValues(r), at, returned, doneBy(r))})
	}
	return t.must("UPDATE refund SET "+assignments(refundColumns)+
		", done_by = ?, returned_at = CASE WHEN returned_at = 0 THEN CAST(? AS BIGINT) ELSE returned_at END WHERE merchant_id = ? AND id = ?",
		append(refundValues(r), doneBy(r), returned, r.MerchantID, r.ID)...)
}

// doneBy is the terminal that gave the money back, "" if none.
func doneBy(r payment.Refund) string {
	for _, part := range r.Parts {
		if part.State == payment.RefundSucceeded && part.Slip.Terminal != "" {
			return part.Slip.Terminal
		}
	}
	return ""
}

// Refund finds one. Errors: not_found.
func (db *DB) Refund(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.RefundID) (payment.Refund, error) {
	return one(db.read(ctx), scanRefund, "SELECT "+refundColumns+" FROM refund WHERE merchant_id = ? AND id = ? AND mode = ?", m, id, mode)
}

// ListRefunds lists the refunds of a payment, oldest first.
func (db *DB) ListRefunds(ctx context.Context, id posta.PaymentID) ([]payment.Refund, error) {
	return refundsOf(db.read(ctx), id)
}

func refundsOf(t *tx, id posta.PaymentID) ([]payment.Refund, error) {
	return all(t, scanRefund, "SELECT "+refundColumns+" FROM refund WHERE payment_id = ? ORDER BY created_at, id", id)
}

// ClaimRefunds does for refunds what ClaimPayments does for payments.
func (db *DB) ClaimRefunds(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]payment.Refund, error) {
	return claim(ctx, db, "refund", refundColumns, scanRefund, now, lease, limit)
}
