package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/till"
)

const tillColumns = "id, merchant_id, mode, store_id, connection_id, name, provider_ref, qr, image, created_at, updated_at, removed_at"

func tillValues(p till.Till) []any {
	return []any{p.ID, p.MerchantID, p.Mode, p.StoreID, p.ConnectionID, p.Name, p.ProviderRef, p.QR, p.Image,
		p.CreatedAt, p.UpdatedAt, p.RemovedAt}
}

func scanTill(rows *sql.Rows) (p till.Till, err error) {
	err = rows.Scan(&p.ID, &p.MerchantID, &p.Mode, &p.StoreID, &p.ConnectionID, &p.Name, &p.ProviderRef, &p.QR, &p.Image,
		instant{&p.CreatedAt}, instant{&p.UpdatedAt}, instant{&p.RemovedAt})
	return p, err
}

// InsertTill adds a till. Errors: conflict, not_found (its store or connection).
func (db *DB) InsertTill(ctx context.Context, p till.Till) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"till", tillColumns, tillValues(p)})
	})
}

// UpdateTill saves a till of its merchant. Errors: not_found.
func (db *DB) UpdateTill(ctx context.Context, p till.Till) error {
	return db.write(ctx, func(t *tx) error {
		return t.must("UPDATE till SET "+assignments(tillColumns)+" WHERE id = ? AND merchant_id = ?",
			append(tillValues(p), p.ID, p.MerchantID)...)
	})
}

// Till finds a merchant's till, also one that was removed. Errors: not_found.
func (db *DB) Till(ctx context.Context, m posta.MerchantID, id posta.TillID) (till.Till, error) {
	return one(db.read(ctx), scanTill, "SELECT "+tillColumns+" FROM till WHERE id = ? AND merchant_id = ?", id, m)
}

// Tills lists a merchant's tills, oldest first, also those that were removed.
func (db *DB) Tills(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]till.Till, error) {
	return all(db.read(ctx), scanTill, "SELECT "+tillColumns+" FROM till WHERE merchant_id = ? AND mode = ? ORDER BY id", m, mode)
}

// place is a till with what payment must know around it.
type place struct {
	payment.Channel
	country string
	removed time.Time
}

func scanPlace(rows *sql.Rows) (p place, err error) {
	err = rows.Scan(&p.MerchantID, &p.Mode, &p.ConnectionID, &p.StoreID, &p.TillID, &p.QR, instant{&p.removed},
		&p.TillName, &p.Title, flag{&p.RefundLate}, &p.country)
	return p, err
}

// Channel finds the till and what it charges through. Errors: not_found when
// the merchant has no such till in use, mode_mismatch when it is of the other mode.
func (db *DB) Channel(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TillID) (payment.Channel, error) {
	p, err := one(db.read(ctx), scanPlace, `
		SELECT till.merchant_id, till.mode, till.connection_id, till.store_id, till.id, till.qr, till.removed_at,
			till.name, store.name, connection.refund_late, merchant.country
		FROM till
		JOIN store ON store.id = till.store_id
		JOIN connection ON connection.id = till.connection_id
		JOIN merchant ON merchant.id = till.merchant_id
		WHERE till.id = ? AND till.merchant_id = ?`, id, m)
	if err != nil {
		return payment.Channel{}, err
	}
	p.Removed = !p.removed.IsZero()
	if p.Mode != mode {
		return payment.Channel{}, &posta.Error{Code: posta.CodeModeMismatch}
	}
	country, err := posta.FindCountry(p.country)
	if err != nil {
		return payment.Channel{}, posta.Errorf(posta.CodeInternal, "merchant %s is of no known country", m)
	}
	p.StoreCode = posta.Alphanumeric(p.StoreID)
	p.TillCode = posta.Alphanumeric(p.TillID)
	p.Country, p.Currency = country.Code, country.Currency
	return p.Channel, nil
}

// Account finds a connection as what charges online. Errors: not_found,
// mode_mismatch.
func (db *DB) Account(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ConnectionID) (payment.Channel, error) {
	p, err := one(db.read(ctx), func(rows *sql.Rows) (p place, err error) {
		err = rows.Scan(&p.MerchantID, &p.Mode, &p.ConnectionID, &p.Title, flag{&p.RefundLate}, &p.country)
		return p, err
	}, `SELECT connection.merchant_id, connection.mode, connection.id, merchant.name, connection.refund_late,
			CASE WHEN connection.country = '' THEN merchant.country ELSE connection.country END
		FROM connection JOIN merchant ON merchant.id = connection.merchant_id
		WHERE connection.id = ? AND connection.merchant_id = ?`, id, m)
	if err != nil {
		return payment.Channel{}, err
	}
	if p.Mode != mode {
		return payment.Channel{}, &posta.Error{Code: posta.CodeModeMismatch}
	}
	country, err := posta.FindCountry(p.country)
	if err != nil {
		return payment.Channel{}, posta.Errorf(posta.CodeInternal, "connection %s is of no known country", id)
	}
	p.Country, p.Currency = country.Code, country.Currency
	return p.Channel, nil
}

// Sales are the till's payments that ended from from until before to. One that
// was paid after its end counts when it was paid.
func (db *DB) Sales(ctx context.Context, m posta.MerchantID, id posta.TillID, from, to time.Time) ([]till.Sale, error) {
	ended, err := all(db.read(ctx), scanPayment, "SELECT "+paymentColumns+` FROM payment
		WHERE till_id = ? AND merchant_id = ? AND counted_at > 0 AND counted_at >= ? AND counted_at < ?
		ORDER BY counted_at, id`, id, m, from, to)
	if err != nil {
		return nil, err
	}
	var out []till.Sale
	for _, p := range ended {
		out = append(out, till.Sale{State: string(p.State), Rail: string(p.Rail), Captured: p.Captured, At: countedAt(p),
			Declined: int64(p.Declined), Methods: methods(p)})
	}
	return out, nil
}

// methods sums up the attempts that brought money by how they were paid.
func methods(p payment.Payment) []till.MethodSum {
	if p.Captured == 0 {
		return nil
	}
	var out []till.MethodSum
attempts:
	for _, a := range p.Attempts() {
		switch a.Status {
		case provider.StatusApproved, provider.StatusInMediation, provider.StatusChargedBack:
		default:
			continue
		}
		for i := range out {
			if out[i].Method == a.Method && out[i].Brand == a.Brand {
				out[i].Count++
				out[i].Captured += a.Amount
				continue attempts
			}
		}
		out = append(out, till.MethodSum{Rail: string(p.Rail), Method: a.Method, Brand: a.Brand, Count: 1, Captured: a.Amount})
	}
	return out
}

// Returns are the refunds of the till's payments that succeeded from from
// until before to.
func (db *DB) Returns(ctx context.Context, m posta.MerchantID, id posta.TillID, from, to time.Time) ([]till.Returned, error) {
	return all(db.read(ctx), func(rows *sql.Rows) (r till.Returned, err error) {
		err = rows.Scan(&r.Rail, &r.Amount, instant{&r.At})
		return r, err
	}, `SELECT (SELECT rail FROM payment WHERE payment.id = refund.payment_id), amount, returned_at FROM refund
		WHERE till_id = ? AND merchant_id = ? AND returned_at > 0 AND returned_at >= ? AND returned_at < ?
		ORDER BY returned_at, id`, id, m, from, to)
}
