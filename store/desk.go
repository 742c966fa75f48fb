package store

import (
	"context"
	"database/sql"

	"posta"
	"posta/project"
)

// Desk finds the merchant's desk. Errors: not_found before it was first saved.
func (db *DB) Desk(ctx context.Context, m posta.MerchantID) (project.Desk, error) {
	return one(db.read(ctx), func(rows *sql.Rows) (d project.Desk, err error) {
		err = rows.Scan(object{&d})
		return d, err
	}, "SELECT document FROM desk WHERE merchant_id = ?", m)
}

// SaveDesk keeps a merchant's desk. Errors: not_found (the merchant).
func (db *DB) SaveDesk(ctx context.Context, d project.Desk) error {
	return db.single(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO desk (merchant_id, document, updated_at) VALUES (?, ?, ?)
			ON CONFLICT (merchant_id) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at`, d.MerchantID, asJSON{d}, d.UpdatedAt)
		return err
	})
}
