package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/account"
	"posta/inbox"
)

const connectionColumns = "id, merchant_id, mode, provider, name, config, sealed, refund_late, account, application, previous, swap_from, swap_to, swap_by, checked_at, created_at, updated_at, " +
	"country, grant_expires, grant_refused, due_at, lost_at"

func connectionValues(c account.Connection) []any {
	return []any{c.ID, c.MerchantID, c.Mode, c.Provider, c.Name, asJSON{c.Config}, c.Sealed, c.RefundLate, c.Account, c.Application,
		c.Swap.Sealed, c.Swap.From, c.Swap.To, c.Swap.By, c.CheckedAt, c.CreatedAt, c.UpdatedAt,
		c.Country, c.Grant.ExpiresAt, c.Grant.RefusedAt, c.DueAt, c.LostAt}
}

func scanConnection(rows *sql.Rows) (c account.Connection, err error) {
	err = rows.Scan(&c.ID, &c.MerchantID, &c.Mode, &c.Provider, &c.Name, object{&c.Config}, octets{&c.Sealed},
		flag{&c.RefundLate}, &c.Account, &c.Application, octets{&c.Swap.Sealed}, instant{&c.Swap.From}, instant{&c.Swap.To}, &c.Swap.By, instant{&c.CheckedAt}, instant{&c.CreatedAt}, instant{&c.UpdatedAt},
		&c.Country, instant{&c.Grant.ExpiresAt}, instant{&c.Grant.RefusedAt}, instant{&c.DueAt}, instant{&c.LostAt})
	return c, err
}

// InsertConnection adds a connection. Errors: conflict, not_found (its merchant).
func (db *DB) InsertConnection(ctx context.Context, c account.Connection) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"connection", connectionColumns, connectionValues(c)})
	})
}

// ReplaceConnection saves a connection of its merchant that was last changed at
// was. Errors: not_found; conflict when it was changed since.
func (db *DB) ReplaceConnection(ctx context.Context, c account.Connection, was time.Time) error {
	return db.write(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE connection SET "+assignments(connectionColumns)+" WHERE id = ? AND merchant_id = ? AND updated_at = ?",
			append(connectionValues(c), c.ID, c.MerchantID, was)...)
		if err != nil || n == 1 {
			return err
		}
		if _, err := one(t, scanConnection, "SELECT "+connectionColumns+" FROM connection WHERE id = ? AND merchant_id = ?", c.ID, c.MerchantID); err != nil {
			return err
		}
		return posta.Errorf(posta.CodeConflict, "connection %s was changed meanwhile", c.ID)
	})
}

// ClaimConnections takes connections whose credentials are due to be looked at.
// Their updated_at moves too: what was read before the claim can no longer be saved.
func (db *DB) ClaimConnections(ctx context.Context, now time.Time, lease time.Duration, limit int) (out []account.Connection, err error) {
	err = db.single(ctx, func(t *tx) (err error) {
		out, err = all(t, scanConnection, "WITH due AS MATERIALIZED (SELECT id FROM connection WHERE due_at > 0 AND due_at <= ? ORDER BY due_at LIMIT ?"+
			t.dialect.skipLocked()+") UPDATE connection SET due_at = ?, updated_at = updated_at + 1 WHERE id IN (SELECT id FROM due) RETURNING "+connectionColumns,
			now, limit, now.Add(lease))
		return err
	})
	return out, err
}

// DoubtConnection has a connection looked at, unless it is due by then or lost.
func (db *DB) DoubtConnection(ctx context.Context, id posta.ConnectionID, at time.Time) error {
	return db.single(ctx, func(t *tx) error {
		_, err := t.exec("UPDATE connection SET due_at = ?, updated_at = updated_at + 1 WHERE id = ? AND lost_at = 0 AND (due_at = 0 OR due_at > ?)", at, id, at)
		return err
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

// ConnectionsGranted lists the connections, whoever owns them, that an account
// at a provider granted.
func (db *DB) ConnectionsGranted(ctx context.Context, provider, account string) ([]posta.ConnectionID, error) {
	return all(db.read(ctx), func(rows *sql.Rows) (id posta.ConnectionID, err error) {
		return id, rows.Scan(&id)
	}, "SELECT id FROM connection WHERE provider = ? AND account = ? AND account <> '' AND grant_expires > 0 ORDER BY id", provider, account)
}

// SourceOf tells the inbox of a connection. Errors: not_found.
func (db *DB) SourceOf(ctx context.Context, id posta.ConnectionID) (inbox.Source, error) {
	return one(db.read(ctx), func(rows *sql.Rows) (s inbox.Source, err error) {
		err = rows.Scan(&s.MerchantID, &s.Mode, &s.Provider)
		return s, err
	}, "SELECT merchant_id, mode, provider FROM connection WHERE id = ?", id)
}
