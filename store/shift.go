package store

import (
	"context"
	"database/sql"

	"posta"
	"posta/till"
)

const shiftColumns = "id, merchant_id, till_id, opened_by, opened_at, closed_by, closed_at, report"

func shiftValues(s till.Shift) []any {
	return []any{s.ID, s.MerchantID, s.TillID, s.OpenedBy, s.OpenedAt, s.ClosedBy, s.ClosedAt, asJSON{s.Report}}
}

func scanShift(rows *sql.Rows) (s till.Shift, err error) {
	err = rows.Scan(&s.ID, &s.MerchantID, &s.TillID, &s.OpenedBy, instant{&s.OpenedAt}, &s.ClosedBy,
		instant{&s.ClosedAt}, object{&s.Report})
	return s, err
}

// InsertShift opens a shift. Errors: conflict when the till has an open one,
// not_found (its till).
func (db *DB) InsertShift(ctx context.Context, s till.Shift) error {
	return db.write(ctx, func(t *tx) error {
		return t.insert(row{"shift", shiftColumns, shiftValues(s)})
	})
}

// UpdateShift saves a shift of its merchant. Errors: not_found.
func (db *DB) UpdateShift(ctx context.Context, s till.Shift) error {
	return db.write(ctx, func(t *tx) error {
		return t.must("UPDATE shift SET "+assignments(shiftColumns)+" WHERE id = ? AND merchant_id = ?",
			append(shiftValues(s), s.ID, s.MerchantID)...)
	})
}

// OpenShift finds the till's open shift. Errors: not_found.
func (db *DB) OpenShift(ctx context.Context, m posta.MerchantID, id posta.TillID) (till.Shift, error) {
	return one(db.read(ctx), scanShift, "SELECT "+shiftColumns+" FROM shift WHERE till_id = ? AND merchant_id = ? AND closed_at = 0", id, m)
}

// Shift finds a merchant's shift. Errors: not_found.
func (db *DB) Shift(ctx context.Context, m posta.MerchantID, id posta.ShiftID) (till.Shift, error) {
	return one(db.read(ctx), scanShift, "SELECT "+shiftColumns+" FROM shift WHERE id = ? AND merchant_id = ?", id, m)
}

// Shifts lists a till's shifts, newest first.
func (db *DB) Shifts(ctx context.Context, m posta.MerchantID, id posta.TillID, limit int) ([]till.Shift, error) {
	return all(db.read(ctx), scanShift, "SELECT "+shiftColumns+" FROM shift WHERE merchant_id = ? AND till_id = ? ORDER BY id DESC LIMIT ?",
		m, id, limit)
}
