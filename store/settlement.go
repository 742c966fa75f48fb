package store

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"posta"
	"posta/settlement"
)

const settlementColumns = "id, merchant_id, mode, connection_id, store_id, terminal_id, terminal_code, currency, state, attention, asked_by, " +
	"provider_id, progress, batch, detail, message, slip, ours, others, theirs, settled_by, note, from_at, to_at, created_at, updated_at, tries, due_at"

func settlementValues(s settlement.Settlement) []any {
	return []any{s.ID, s.MerchantID, s.Mode, s.ConnectionID, s.StoreID, s.TerminalID, s.TerminalCode, s.Currency, s.State, s.Attention, s.AskedBy,
		s.ProviderID, s.Progress, s.Batch, s.Detail, s.Message, s.Slip, asJSON{s.Ours}, asJSON{s.Others}, asJSON{s.Theirs}, s.SettledBy, s.Note,
		s.FromAt, s.ToAt, s.CreatedAt, s.UpdatedAt, s.Tries, s.DueAt}
}

func scanSettlement(rows *sql.Rows) (s settlement.Settlement, err error) {
	err = rows.Scan(&s.ID, &s.MerchantID, &s.Mode, &s.ConnectionID, &s.StoreID, &s.TerminalID, &s.TerminalCode, &s.Currency, &s.State,
		&s.Attention, &s.AskedBy, &s.ProviderID, &s.Progress, &s.Batch, &s.Detail, &s.Message, &s.Slip, object{&s.Ours}, object{&s.Others}, object{&s.Theirs},
		&s.SettledBy, &s.Note, instant{&s.FromAt}, instant{&s.ToAt}, instant{&s.CreatedAt}, instant{&s.UpdatedAt}, &s.Tries, instant{&s.DueAt})
	return s, err
}

// InsertSettlement commits a new one and its events. Errors: conflict when the
// id is taken; terminal_busy with Params["settlement"], ["payment"] or ["refund"]
// while one is under way on the terminal; not_found (its terminal).
func (db *DB) InsertSettlement(ctx context.Context, s settlement.Settlement, events []posta.Event) error {
	err := db.write(ctx, func(t *tx) error {
		// Two that close the same terminal wait for each other.
		if _, err := one(t, scalar[string], "SELECT id FROM terminal WHERE id = ? AND merchant_id = ?"+t.dialect.forUpdate(), s.TerminalID, s.MerchantID); err != nil {
			return err
		}
		there, err := all(t, scalar[string], "SELECT id FROM settlement WHERE merchant_id = ? AND id = ?", s.MerchantID, s.ID)
		if err == nil && len(there) > 0 {
			err = posta.Errorf(posta.CodeConflict, "settlement %s is there", s.ID)
		}
		if err != nil {
			return err
		}
		use, err := terminalUse(t, s.MerchantID, s.TerminalID)
		if err != nil {
			return err
		}
		for _, under := range []struct{ kind, id string }{{"settlement", string(use.Settlement)}, {"payment", string(use.Payment)}, {"refund", string(use.Refund)}} {
			if under.id != "" {
				return &posta.Error{Code: posta.CodeTerminalBusy, Params: map[string]string{under.kind: under.id}}
			}
		}
		if err := t.insert(row{"settlement", settlementColumns, settlementValues(s)}); err != nil {
			return err
		}
		return insertEvents(t, events)
	})
	if err == nil {
		db.notifier.tell(TopicEvent)
	}
	return err
}

// insertEvents adds events that are about no payment.
func insertEvents(t *tx, events []posta.Event) error {
	for _, e := range events {
		if err := t.insert(eventRow(e, "")); err != nil {
			return err
		}
	}
	return nil
}

// Settlement finds one. Errors: not_found.
func (db *DB) Settlement(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SettlementID) (settlement.Settlement, error) {
	return one(db.read(ctx), scanSettlement, "SELECT "+settlementColumns+" FROM settlement WHERE merchant_id = ? AND id = ? AND mode = ?", m, id, mode)
}

// ListSettlements lists newest first.
func (db *DB) ListSettlements(ctx context.Context, f settlement.Filter) ([]settlement.Settlement, error) {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "store_id", f.StoreID)
	is(w, "terminal_id", f.TerminalID)
	is(w, "state", f.State)
	if f.Attention {
		w.and("attention <> ''")
	}
	if f.After != "" {
		w.and("id < ?", f.After)
	}
	return all(db.read(ctx), scanSettlement, "SELECT "+settlementColumns+" FROM settlement"+w.text()+" ORDER BY id DESC LIMIT ?",
		append(w.args, f.Size())...)
}

// ClosedBefore finds the confirmed settlement of a terminal whose ToAt is the
// latest that is not after at. Errors: not_found.
func (db *DB) ClosedBefore(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, code string, at time.Time) (settlement.Settlement, error) {
	return one(db.read(ctx), scanSettlement, "SELECT "+settlementColumns+` FROM settlement WHERE connection_id = ? AND terminal_code = ? AND merchant_id = ?
		AND state = 'confirmed' AND to_at <= ? ORDER BY to_at DESC LIMIT 1`, c, code, m, at)
}

// ClosedAfter finds the confirmed settlement of a terminal whose ToAt is the
// earliest after at. Errors: not_found.
func (db *DB) ClosedAfter(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, code string, at time.Time) (settlement.Settlement, error) {
	return one(db.read(ctx), scanSettlement, "SELECT "+settlementColumns+` FROM settlement WHERE connection_id = ? AND terminal_code = ? AND merchant_id = ?
		AND state = 'confirmed' AND to_at > ? ORDER BY to_at LIMIT 1`, c, code, m, at)
}

// ChangeSettlement loads one, nobody else changing it meanwhile, and commits
// what change makes of it together with the events it returns. An error of
// change commits nothing. change may run more than once and must not call the
// store. Errors: not_found.
func (db *DB) ChangeSettlement(ctx context.Context, m posta.MerchantID, id posta.SettlementID, change func(*settlement.Settlement) ([]posta.Event, error)) (settlement.Settlement, error) {
	var out settlement.Settlement
	var told bool
	err := db.write(ctx, func(t *tx) error {
		s, err := one(t, scanSettlement, "SELECT "+settlementColumns+" FROM settlement WHERE merchant_id = ? AND id = ?"+t.dialect.forUpdate(), m, id)
		if err != nil {
			return err
		}
		before := plain(settlementValues(s))
		events, err := change(&s)
		if err != nil {
			return err
		}
		out, told = s, len(events) > 0
		if now := plain(settlementValues(s)); !reflect.DeepEqual(before, now) {
			columns, values := changed(settlementColumns, before, now)
			if err := t.must("UPDATE settlement SET "+assignments(columns)+" WHERE merchant_id = ? AND id = ?", append(values, m, id)...); err != nil {
				return err
			}
		}
		return insertEvents(t, events)
	})
	if err != nil {
		return settlement.Settlement{}, err
	}
	if told {
		db.notifier.tell(TopicEvent)
	}
	return out, nil
}

// ClaimSettlements takes settlements whose DueAt has come, the longest due
// first, and moves it to now+lease.
func (db *DB) ClaimSettlements(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]settlement.Settlement, error) {
	return claim(ctx, db, "settlement", settlementColumns, scanSettlement, now, lease, limit)
}

// SettlementEvents lists the events of a settlement, oldest first, positioned
// or not.
func (db *DB) SettlementEvents(ctx context.Context, m posta.MerchantID, id posta.SettlementID) ([]posta.Event, error) {
	return all(db.read(ctx), scanEvent, eventSelect+"WHERE payment_id = '' AND subject = ? AND merchant_id = ? ORDER BY seq", id, m)
}
