package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"posta"
	"posta/outbound"
	"posta/payment"
	"posta/provider"
	"posta/quality"
)

// CreatesOf lists the calls that made the payments, at most 100 of them, oldest
// first.
func (db *DB) CreatesOf(ctx context.Context, ids []posta.PaymentID) ([]outbound.Call, error) {
	return all(db.read(ctx), scanCall, "SELECT "+callColumns+" FROM provider_call WHERE payment_id <> '' AND payment_id IN ("+hundred+
		") AND operation = 'create' ORDER BY started_at, id", padded(ids)...)
}

// QualityNamed finds a merchant's payments by our id, or by the provider's id of
// an order, sale or attempt, newest first.
func (db *DB) QualityNamed(ctx context.Context, m posta.MerchantID, name string) ([]quality.Payment, error) {
	if _, err := posta.ParseID[posta.PaymentID](name); err == nil {
		return db.qualityPayments(ctx, m, " WHERE merchant_id = ? AND id = ?", m, name)
	}
	word := strings.ToLower(strings.ReplaceAll(name, " ", ""))
	found, err := all(db.read(ctx), scanPayment, "SELECT "+paymentColumns+` FROM payment
		WHERE merchant_id = ? AND words LIKE ? ESCAPE '!' ORDER BY id DESC LIMIT 50`, m, like(" "+word+" "))
	if err != nil {
		return nil, err
	}
	// A card's last four and a coupon are words too, and name no payment.
	found = slices.DeleteFunc(found, func(p payment.Payment) bool { return !strings.EqualFold(p.Order, name) && !hasFact(p, name) })
	return db.forQuality(ctx, m, found)
}

func hasFact(p payment.Payment, id string) bool {
	return slices.ContainsFunc(p.Facts, func(f provider.Fact) bool {
		switch f.Kind {
		case provider.FactOrder, provider.FactSale, provider.FactAttempt:
			return strings.EqualFold(f.ID, id)
		}
		return false
	})
}

// QualityPayments lists payments, newest first.
func (db *DB) QualityPayments(ctx context.Context, f quality.Filter) ([]quality.Payment, error) {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "connection_id", f.ConnectionID)
	w.between("created_at", f.From, f.To)
	if f.Moneyed {
		w.and("state IN ('paid', 'partially_refunded', 'refunded', 'disputed', 'charged_back')")
	}
	return db.qualityPayments(ctx, f.MerchantID, w.text()+" ORDER BY id DESC LIMIT ?", append(w.args, f.Limit)...)
}

func (db *DB) qualityPayments(ctx context.Context, m posta.MerchantID, rest string, args ...any) ([]quality.Payment, error) {
	found, err := all(db.read(ctx), scanPayment, "SELECT "+paymentColumns+" FROM payment"+rest, args...)
	if err != nil {
		return nil, err
	}
	return db.forQuality(ctx, m, found)
}

// forQuality gives what quality needs to know of payments.
func (db *DB) forQuality(ctx context.Context, m posta.MerchantID, payments []payment.Payment) ([]quality.Payment, error) {
	tills, err := all(db.read(ctx), func(rows *sql.Rows) (t [2]string, err error) {
		err = rows.Scan(&t[0], &t[1])
		return t, err
	}, "SELECT id, name FROM till WHERE merchant_id = ?", m)
	if err != nil {
		return nil, err
	}
	names := map[posta.TillID]string{}
	for _, t := range tills {
		names[posta.TillID(t[0])] = t[1]
	}
	out := make([]quality.Payment, 0, len(payments))
	for _, p := range payments {
		q := quality.Payment{ID: p.ID, ConnectionID: p.ConnectionID, Mode: p.Mode, TillID: p.TillID, TillName: names[p.TillID],
			Moneyed: p.State.Moneyed(), CreatedAt: p.CreatedAt}
		for _, a := range p.Attempts() {
			q.Attempts = append(q.Attempts, quality.Attempt{Status: a.Status, Detail: a.Detail, Method: a.Method, Brand: a.Brand, At: a.At})
		}
		out = append(out, q)
	}
	return out, nil
}
