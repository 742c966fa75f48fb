package store

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"posta"
	"posta/payment"
)

const chargebackColumns = "id, merchant_id, mode, payment_id, connection_id, provider_id, attempt, amount, currency, state, reason, detail, " +
	"deadline_at, evidence, sent_at, sent_by, created_at, updated_at, warned_at, due_at"

func chargebackValues(c payment.Chargeback) []any {
	return []any{c.ID, c.MerchantID, c.Mode, c.PaymentID, c.ConnectionID, c.ProviderID, c.Attempt, c.Amount.Amount, c.Amount.Currency, c.State, c.Reason, c.Detail,
		c.DeadlineAt, asJSON{c.Evidence}, c.SentAt, c.SentBy, c.CreatedAt, c.UpdatedAt, c.WarnedAt, c.DueAt}
}

func scanChargeback(rows *sql.Rows) (c payment.Chargeback, err error) {
	err = rows.Scan(&c.ID, &c.MerchantID, &c.Mode, &c.PaymentID, &c.ConnectionID, &c.ProviderID, &c.Attempt, &c.Amount.Amount, &c.Amount.Currency,
		&c.State, &c.Reason, &c.Detail, instant{&c.DeadlineAt}, object{&c.Evidence}, instant{&c.SentAt}, &c.SentBy, instant{&c.CreatedAt},
		instant{&c.UpdatedAt}, instant{&c.WarnedAt}, instant{&c.DueAt})
	return c, err
}

func chargebacksOf(t *tx, id posta.PaymentID) ([]payment.Chargeback, error) {
	return all(t, scanChargeback, "SELECT "+chargebackColumns+" FROM chargeback WHERE payment_id = ? ORDER BY id", id)
}

// saveChargebacks keeps those of a payment that have changed since before.
func saveChargebacks(t *tx, now []payment.Chargeback, before map[posta.ChargebackID][]any) error {
	for _, c := range now {
		known, there := before[c.ID]
		var err error
		switch {
		case !there:
			err = t.insert(row{"chargeback", chargebackColumns, chargebackValues(c)})
		case !reflect.DeepEqual(plain(chargebackValues(c)), known):
			err = t.must("UPDATE chargeback SET "+assignments(chargebackColumns)+" WHERE merchant_id = ? AND id = ?", append(chargebackValues(c), c.MerchantID, c.ID)...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Chargeback finds one. Errors: not_found.
func (db *DB) Chargeback(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ChargebackID) (payment.Chargeback, error) {
	return one(db.read(ctx), scanChargeback, "SELECT "+chargebackColumns+" FROM chargeback WHERE merchant_id = ? AND id = ? AND mode = ?", m, id, mode)
}

// ListChargebacks lists those that match: the undecided by deadline, others newest first.
func (db *DB) ListChargebacks(ctx context.Context, f payment.ChargebackFilter) ([]payment.Chargeback, error) {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "payment_id", f.PaymentID)
	is(w, "state", f.State)
	order := " ORDER BY id DESC"
	if f.Undecided {
		w.and("state IN ('open', 'evidence_sent')")
		order = " ORDER BY CASE WHEN state = 'open' THEN 0 ELSE 1 END, deadline_at, id"
	} else if f.After != "" {
		w.and("id < ?", f.After)
	}
	return all(db.read(ctx), scanChargeback, "SELECT "+chargebackColumns+" FROM chargeback"+w.text()+order+" LIMIT ?", append(w.args, f.Size())...)
}

// ClaimChargebacks takes those whose DueAt has come, the longest due first, and
// moves it to now+lease.
func (db *DB) ClaimChargebacks(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]payment.Chargeback, error) {
	return claim(ctx, db, "chargeback", chargebackColumns, scanChargeback, now, lease, limit)
}
