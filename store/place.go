package store

import (
	"context"
	"database/sql"

	"posta"
	"posta/till"
)

const storeColumns = "id, merchant_id, mode, connection_id, name, address, provider_ref, close_at, close_due_at, created_at, updated_at, removed_at"

func storeValues(s till.Store) []any {
	return []any{s.ID, s.MerchantID, s.Mode, s.ConnectionID, s.Name, asJSON{s.Address}, s.ProviderRef, s.CloseAt, s.CloseDueAt, s.CreatedAt,
		s.UpdatedAt, s.RemovedAt}
}

func scanStore(rows *sql.Rows) (s till.Store, err error) {
	err = rows.Scan(&s.ID, &s.MerchantID, &s.Mode, &s.ConnectionID, &s.Name, object{&s.Address}, &s.ProviderRef,
		&s.CloseAt, instant{&s.CloseDueAt}, instant{&s.CreatedAt}, instant{&s.UpdatedAt}, instant{&s.RemovedAt})
	return s, err
}

// InsertStore adds a merchant's store. Errors: conflict, not_found (its merchant or connection).
func (db *DB) InsertStore(ctx context.Context, s till.Store) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"store", storeColumns, storeValues(s)})
	})
}

// UpdateStore saves a store of its merchant. Errors: not_found.
func (db *DB) UpdateStore(ctx context.Context, s till.Store) error {
	return db.write(ctx, func(t *tx) error {
		return t.must("UPDATE store SET "+assignments(storeColumns)+" WHERE id = ? AND merchant_id = ?",
			append(storeValues(s), s.ID, s.MerchantID)...)
	})
}

// Store finds a merchant's store, also one that was removed. Errors: not_found.
func (db *DB) Store(ctx context.Context, m posta.MerchantID, id posta.StoreID) (till.Store, error) {
	return one(db.read(ctx), scanStore, "SELECT "+storeColumns+" FROM store WHERE id = ? AND merchant_id = ?", id, m)
}

// Stores lists a merchant's stores, oldest first, also those that were removed.
func (db *DB) Stores(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]till.Store, error) {
	return all(db.read(ctx), scanStore, "SELECT "+storeColumns+" FROM store WHERE merchant_id = ? AND mode = ? ORDER BY id", m, mode)
}
