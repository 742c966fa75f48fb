package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"posta"
	"posta/golive"
	"posta/payment"
)

const gateColumns = "connection_id, merchant_id, state, window_payments, window_amount, window_from, window_to, pilot_store, pilot_terminals, " +
	"reason, changed_at, changed_by, evidence"

// gateEvidence is what a gate's column evidence holds.
type gateEvidence struct {
	Shop    []string           `json:"shop"`
	TLS     []golive.TLSReport `json:"tls"`
	Waivers []golive.Waiver    `json:"waivers"`
}

func gateValues(g golive.Gate) []any {
	return []any{g.ConnectionID, g.MerchantID, g.State, g.Window.Payments, g.Window.Amount, g.Window.From, g.Window.To, g.PilotStore,
		asJSON{g.PilotTerminals}, g.Reason, g.ChangedAt, g.ChangedBy, asJSON{gateEvidence{g.Shop, g.TLS, g.Waivers}}}
}

func scanGate(rows *sql.Rows) (g golive.Gate, err error) {
	var e gateEvidence
	err = rows.Scan(&g.ConnectionID, &g.MerchantID, &g.State, &g.Window.Payments, &g.Window.Amount, instant{&g.Window.From}, instant{&g.Window.To},
		&g.PilotStore, object{&g.PilotTerminals}, &g.Reason, instant{&g.ChangedAt}, &g.ChangedBy, object{&e})
	g.Shop, g.TLS, g.Waivers = e.Shop, e.TLS, e.Waivers
	return g, err
}

// gateOf loads the gate of a merchant's live connection, closed where it has no
// row. Errors: not_found.
func gateOf(t *tx, m posta.MerchantID, c posta.ConnectionID, lock string) (golive.Gate, error) {
	g, err := one(t, scanGate, "SELECT "+gateColumns+" FROM gate WHERE connection_id = ? AND merchant_id = ?"+lock, c, m)
	if posta.ErrorCode(err) != posta.CodeNotFound {
		return g, err
	}
	_, err = one(t, scalar[string], "SELECT id FROM connection WHERE id = ? AND merchant_id = ? AND mode = 'live'", c, m)
	return golive.Gate{Gate: payment.Gate{ConnectionID: c, State: payment.GateClosed}, MerchantID: m}, err
}

// Gate finds a live connection's gate. Errors: not_found.
func (db *DB) Gate(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (golive.Gate, error) {
	return gateOf(db.read(ctx), m, c, "")
}

// Gates lists a merchant's gates that somebody touched.
func (db *DB) Gates(ctx context.Context, m posta.MerchantID) ([]golive.Gate, error) {
	return all(db.read(ctx), scanGate, "SELECT "+gateColumns+" FROM gate WHERE merchant_id = ? ORDER BY connection_id", m)
}

// ChangeGate loads a gate, nobody else changing it and no payment passing it
// meanwhile, and commits what change makes of it together with the events it
// returns. An error of change commits nothing. change may run more than once
// and must not call the store. Errors: not_found.
func (db *DB) ChangeGate(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, change func(*golive.Gate) ([]posta.Event, error)) (golive.Gate, error) {
	var out golive.Gate
	var told bool
	err := db.write(ctx, func(t *tx) error {
		fresh, err := gateOf(t, m, c, "")
		if err != nil {
			return err
		}
		if _, err := t.exec("INSERT INTO gate ("+gateColumns+") VALUES (?"+strings.Repeat(", ?", 12)+") ON CONFLICT (connection_id) DO NOTHING", gateValues(fresh)...); err != nil {
			return err
		}
		g, err := gateOf(t, m, c, t.dialect.forUpdate())
		if err != nil {
			return err
		}
		events, err := change(&g)
		if err != nil {
			return err
		}
		out, told = g, len(events) > 0
		if err := t.must("UPDATE gate SET "+assignments(gateColumns)+" WHERE connection_id = ?", append(gateValues(g), c)...); err != nil {
			return err
		}
		return insertEvents(t, events)
	})
	if err != nil {
		return golive.Gate{}, err
	}
	if told {
		db.notifier.tell(TopicEvent)
	}
	return out, nil
}

// insertGated inserts a payment's rows, those of a live one only if the gate
// of its connection admits it. Where the gate is open they share a commit.
func (db *DB) insertGated(ctx context.Context, p payment.Payment, rows []row) error {
	if p.Mode != posta.Live {
		return db.insert(ctx, string(p.TillID), rows...)
	}
	return db.group.submit(ctx, &request{rows: rows, key: string(p.TillID), gate: string(p.ConnectionID), do: func(t *tx) error {
		if err := admit(t, p); err != nil {
			return err
		}
		return inserting(rows)(t)
	}})
}

// admit holds a new payment to its gate, which stays as it is until the
// commit. Errors: conflict when the payment is there already; gate_closed.
func admit(t *tx, p payment.Payment) error {
	g, err := gateOf(t, p.MerchantID, p.ConnectionID, t.dialect.forUpdate())
	if err != nil {
		return err
	}
	var used payment.GateUse
	if g.State == payment.GateWindow {
		if used, err = gateUse(t, p.MerchantID, p.ConnectionID, g.Window.From); err != nil {
			return err
		}
	}
	refused := g.Admit(p, used)
	if refused == nil {
		return nil
	}
	there, err := all(t, scalar[string], "SELECT id FROM payment WHERE id = ?", p.ID)
	switch {
	case err != nil:
		return err
	case len(there) > 0:
		return posta.Errorf(posta.CodeConflict, "payment %s is there", p.ID)
	}
	return refused
}

// GateUse is what passed a connection's gate since from: charges that are open
// or moved money.
func (db *DB) GateUse(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, from time.Time) (payment.GateUse, error) {
	return gateUse(db.read(ctx), m, c, from)
}

// moneyed are the states of a payment that brought money, as payment.Moneyed has them.
const moneyed = "state IN ('paid', 'partially_refunded', 'refunded', 'disputed', 'charged_back')"

func gateUse(t *tx, m posta.MerchantID, c posta.ConnectionID, from time.Time) (payment.GateUse, error) {
	passed, err := all(t, scanPayment, "SELECT "+paymentColumns+" FROM payment WHERE connection_id = ? AND mode = 'live' AND created_at >= ? AND merchant_id = ? AND ("+
		occupied+" OR "+moneyed+")", c, from, m)
	u := payment.GateUse{Payments: len(passed)}
	for _, p := range passed { // a window lets few pass
		u.Amount += p.Charged()
	}
	return u, err
}
