package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/account"
	"posta/inbox"
)

const connectionColumns = "id, merchant_id, mode, provider, name, config, sealed, refund_late, account, application, previous, swap_from, swap_to, swap_by, checked_at, created_at, updated_at"

func connectionValues(c account.Connection) []any {
	return []any{c.ID, c.MerchantID, c.Mode, c.Provider, c.Name, asJSON{c.Config}, c.Sealed, c.RefundLate, c.Account, c.Application,
		c.Swap.Sealed, c.Swap.From, c.Swap.To, c.Swap.By, c.CheckedAt, c.CreatedAt, c.UpdatedAt}
}

func scanConnection(rows *sql.Rows) (c account.Connection, err error) {
	err = rows.Scan(&c.ID, &c.MerchantID, &c.Mode, &c.Provider, &c.Name, object{&c.Config}, octets{&c.Sealed},
		flag{&c.RefundLate}, &c.Account, &c.Application, octets{&c.Swap.Sealed}, instant{&c.Swap.From}, instant{&c.Swap.To}, &c.Swap.By, instant{&c.CheckedAt}, instant{&c.CreatedAt}, instant{&c.UpdatedAt})
	return c, err
}

// InsertConnection adds a connection. Errors: conflict, not_found (its merchant).
func (db *DB) InsertConnection(ctx context.Context, c account.Connection) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"connection", connectionColumns, connectionValues(c)})
	})
}

// UpdateConnection saves a connection of its merchant. Errors: not_found.
func (db *DB) UpdateConnection(ctx context.Context, c account.Connection) error {
	return db.write(ctx, func(t *tx) error {
		return t.must("UPDATE connection SET "+assignments(connectionColumns)+" WHERE id = ? AND merchant_id = ?",
			append(connectionValues(c), c.ID, c.MerchantID)...)
	})
}

// Connection finds one whoever owns it. Errors: not_found.
func (db *DB) Connection(ctx context.Context, id posta.ConnectionID) (account.Connection, error) {
	return one(db.read(ctx), scanConnection, "SELECT "+connectionColumns+" FROM connection WHERE id = ?", id)
}

// MerchantConnection finds one of a merchant. Errors: not_found.
func (db *DB) MerchantConnection(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (account.Connection, error) {
	return one(db.read(ctx), scanConnection, "SELECT "+connectionColumns+" FROM connection WHERE id = ? AND merchant_id = ?", id, m)
}

// Connections lists a merchant's, oldest first.
func (db *DB) Connections(ctx context.Context, m posta.MerchantID) ([]account.Connection, error) {
	return all(db.read(ctx), scanConnection, "SELECT "+connectionColumns+" FROM connection WHERE merchant_id = ? ORDER BY id", m)
}

// ConnectionsSwapped lists connections whose swap has ended and whose earlier
// credentials are still kept.
func (db *DB) ConnectionsSwapped(ctx context.Context, now time.Time) ([]account.Connection, error) {
	return all(db.read(ctx), scanConnection, "SELECT "+connectionColumns+" FROM connection WHERE swap_to > 0 AND swap_to <= ? ORDER BY id", now)
}

// SourceOf tells the inbox of a connection. Errors: not_found.
func (db *DB) SourceOf(ctx context.Context, id posta.ConnectionID) (inbox.Source, error) {
	return one(db.read(ctx), func(rows *sql.Rows) (s inbox.Source, err error) {
		err = rows.Scan(&s.MerchantID, &s.Mode, &s.Provider)
		return s, err
	}, "SELECT merchant_id, mode, provider FROM connection WHERE id = ?", id)
}
