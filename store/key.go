package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/account"
)

const keyColumns = "id, merchant_id, mode, name, prefix, hash, created_at, used_at, revoked_at"

func scanKey(rows *sql.Rows) (k account.Key, err error) {
	err = rows.Scan(&k.ID, &k.MerchantID, &k.Mode, &k.Name, &k.Prefix, &k.Hash, instant{&k.CreatedAt},
		instant{&k.UsedAt}, instant{&k.RevokedAt})
	return k, err
}

// InsertKey adds an API key. Errors: conflict.
func (db *DB) InsertKey(ctx context.Context, k account.Key) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"api_key", keyColumns, []any{k.ID, k.MerchantID, k.Mode, k.Name, k.Prefix, k.Hash,
			k.CreatedAt, k.UsedAt, k.RevokedAt}})
	})
}

// KeyByHash finds a key by its token's hash, also one that was revoked.
// Errors: not_found.
func (db *DB) KeyByHash(ctx context.Context, hash string) (account.Key, error) {
	return one(db.read(ctx), scanKey, "SELECT "+keyColumns+" FROM api_key WHERE hash = ?", hash)
}

// Keys lists a merchant's, oldest first, also those that were revoked.
func (db *DB) Keys(ctx context.Context, m posta.MerchantID) ([]account.Key, error) {
	return all(db.read(ctx), scanKey, "SELECT "+keyColumns+" FROM api_key WHERE merchant_id = ? ORDER BY id", m)
}

// RevokeKey ends a key; one that has ended keeps its time. Errors: not_found.
func (db *DB) RevokeKey(ctx context.Context, m posta.MerchantID, id posta.KeyID, at time.Time) error {
	return db.write(ctx, func(t *tx) error {
		return t.must("UPDATE api_key SET revoked_at = CASE WHEN revoked_at = 0 THEN CAST(? AS BIGINT) ELSE revoked_at END WHERE id = ? AND merchant_id = ?",
			at, id, m)
	})
}

// TouchKey notes when a key was used. Errors: not_found.
func (db *DB) TouchKey(ctx context.Context, id posta.KeyID, at time.Time) error {
	return db.write(ctx, func(t *tx) error {
		return t.must("UPDATE api_key SET used_at = ? WHERE id = ?", at, id)
	})
}
