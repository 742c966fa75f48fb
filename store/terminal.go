package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/payment"
	"posta/till"
)

const terminalColumns = "id, merchant_id, mode, store_id, connection_id, code, name, tills, created_at, updated_at, removed_at"

func terminalValues(t till.Terminal) []any {
	return []any{t.ID, t.MerchantID, t.Mode, t.StoreID, t.ConnectionID, t.Code, t.Name, asJSON{t.Tills}, t.CreatedAt, t.UpdatedAt, t.RemovedAt}
}

func scanTerminal(rows *sql.Rows) (t till.Terminal, err error) {
	err = rows.Scan(&t.ID, &t.MerchantID, &t.Mode, &t.StoreID, &t.ConnectionID, &t.Code, &t.Name, object{&t.Tills},
		instant{&t.CreatedAt}, instant{&t.UpdatedAt}, instant{&t.RemovedAt})
	return t, err
}

// InsertTerminal adds a terminal. Errors: conflict (its id, or its code on the
// connection, is in use), not_found (its store or connection).
func (db *DB) InsertTerminal(ctx context.Context, terminal till.Terminal) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"terminal", terminalColumns, terminalValues(terminal)})
	})
}

// UpdateTerminal saves a terminal of its merchant. Errors: not_found, conflict.
func (db *DB) UpdateTerminal(ctx context.Context, terminal till.Terminal) error {
	return db.write(ctx, func(t *tx) error {
		return t.must("UPDATE terminal SET "+assignments(terminalColumns)+" WHERE id = ? AND merchant_id = ?",
			append(terminalValues(terminal), terminal.ID, terminal.MerchantID)...)
	})
}

// Terminal finds a merchant's terminal, also one that was removed. Errors: not_found.
func (db *DB) Terminal(ctx context.Context, m posta.MerchantID, id posta.TerminalID) (till.Terminal, error) {
	return one(db.read(ctx), scanTerminal, "SELECT "+terminalColumns+" FROM terminal WHERE id = ? AND merchant_id = ?", id, m)
}

// Terminals lists a merchant's terminals, oldest first, also those that were removed.
func (db *DB) Terminals(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]till.Terminal, error) {
	return all(db.read(ctx), scanTerminal, "SELECT "+terminalColumns+" FROM terminal WHERE merchant_id = ? AND mode = ? ORDER BY created_at, id", m, mode)
}

// TillTerminals lists the terminals in use on which a till of the store
// charges, oldest first.
func (db *DB) TillTerminals(ctx context.Context, store posta.StoreID, id posta.TillID) ([]payment.Terminal, error) {
	found, err := all(db.read(ctx), scanTerminal, "SELECT "+terminalColumns+" FROM terminal WHERE store_id = ? AND removed_at = 0 ORDER BY created_at, id", store)
	var out []payment.Terminal
	for _, t := range found {
		if t.Serves(id) {
			out = append(out, payment.Terminal{ID: t.ID, Code: t.Code, ConnectionID: t.ConnectionID})
		}
	}
	return out, err
}

// TerminalUse is what is under way on a merchant's terminal: a payment that is
// created or pending, a refund that is pending, a settlement that is not final
// and not unknown.
func (db *DB) TerminalUse(ctx context.Context, m posta.MerchantID, id posta.TerminalID) (use payment.TerminalUse, err error) {
	return terminalUse(db.read(ctx), m, id)
}

func terminalUse(t *tx, m posta.MerchantID, id posta.TerminalID) (payment.TerminalUse, error) {
	named := "%\"" + string(id) + "\"%"
	// The first two conditions on state are those of an index.
	payments, err := all(t, scalar[posta.PaymentID], "SELECT id FROM payment WHERE merchant_id = ? AND rail = 'terminal' AND "+occupied+
		" AND state <> 'unknown' AND terminals LIKE ? ORDER BY id LIMIT 1", m, named)
	if err != nil {
		return payment.TerminalUse{}, err
	}
	refunds, err := all(t, scalar[posta.RefundID], `SELECT id FROM refund WHERE merchant_id = ? AND expires_at > 0 AND state IN ('pending', 'unknown')
		AND state <> 'unknown' AND terminals LIKE ? ORDER BY id LIMIT 1`, m, named)
	if err != nil {
		return payment.TerminalUse{}, err
	}
	settlements, err := all(t, scalar[posta.SettlementID], `SELECT id FROM settlement WHERE terminal_id = ? AND merchant_id = ?
		AND state IN ('created', 'pending')`, id, m)
	return payment.TerminalUse{Payment: first(payments), Refund: first(refunds), Settlement: first(settlements)}, err
}

func first[T ~string](found []T) T {
	if len(found) == 0 {
		return ""
	}
	return found[0]
}

// BatchClosed reports whether the terminal, by the provider's id, is known to
// have closed its batch after at.
func (db *DB) BatchClosed(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, terminal string, at time.Time) (bool, error) {
	found, err := all(db.read(ctx), scalar[string], `SELECT id FROM settlement WHERE connection_id = ? AND terminal_code = ? AND merchant_id = ?
		AND state = 'confirmed' AND to_at > ? LIMIT 1`, c, terminal, m, at)
	return len(found) > 0, err
}
