package store

import (
	"context"
	"database/sql"

	"posta"
	"posta/account"
)

const merchantColumns = "id, name, country, time_zone, created_at"

func merchantValues(m account.Merchant) []any {
	return []any{m.ID, m.Name, m.Country, m.TimeZone, m.CreatedAt}
}

func scanMerchant(rows *sql.Rows) (m account.Merchant, err error) {
	err = rows.Scan(&m.ID, &m.Name, &m.Country, &m.TimeZone, instant{&m.CreatedAt})
	return m, err
}

// InsertMerchant adds a merchant. Errors: conflict.
func (db *DB) InsertMerchant(ctx context.Context, m account.Merchant) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"merchant", merchantColumns, merchantValues(m)})
	})
}

// UpdateMerchant saves a merchant. Errors: not_found.
func (db *DB) UpdateMerchant(ctx context.Context, m account.Merchant) error {
	return db.write(ctx, func(t *tx) error {
		return t.must("UPDATE merchant SET "+assignments(merchantColumns)+" WHERE id = ?", append(merchantValues(m), m.ID)...)
	})
}

// Merchant finds one. Errors: not_found.
func (db *DB) Merchant(ctx context.Context, id posta.MerchantID) (account.Merchant, error) {
	return one(db.read(ctx), scanMerchant, "SELECT "+merchantColumns+" FROM merchant WHERE id = ?", id)
}

// Merchants lists all, oldest first.
func (db *DB) Merchants(ctx context.Context) ([]account.Merchant, error) {
	return all(db.read(ctx), scanMerchant, "SELECT "+merchantColumns+" FROM merchant ORDER BY id")
}
