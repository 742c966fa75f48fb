package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
)

// Movements are what our intents moved on a terminal, by its code on the
// connection, from from until before to, oldest first.
func (db *DB) Movements(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, code string, from, to time.Time) ([]settlement.Movement, error) {
	sold, err := all(db.read(ctx), scanPayment, "SELECT "+paymentColumns+` FROM payment
		WHERE merchant_id = ? AND taken_by = ? AND taken_by <> '' AND connection_id = ? AND taken_at >= ? AND taken_at < ?`, m, code, c, from, to)
	if err != nil {
		return nil, err
	}
	given, err := all(db.read(ctx), scanGiven, "SELECT refund."+strings.ReplaceAll(refundColumns, ", ", ", refund.")+`, refund.returned_at, payment.facts FROM refund
		JOIN payment ON payment.id = refund.payment_id
		WHERE refund.merchant_id = ? AND refund.done_by = ? AND refund.done_by <> '' AND payment.connection_id = ?
			AND refund.returned_at >= ? AND refund.returned_at < ?`, m, code, c, from, to)
	if err != nil {
		return nil, err
	}
	var out []settlement.Movement
	for _, p := range sold {
		a, at := taken(p)
		out = append(out, settlement.Movement{Payment: p.ID, Kind: settlement.Sale, Brand: a.Brand, Batch: a.Slip.Batch, Amount: a.Amount, At: at})
	}
	for _, g := range given {
		kind := settlement.Refund
		if g.Kind == provider.KindReversal {
			kind = settlement.Reversal
		}
		for _, part := range g.Parts {
			if part.State == payment.RefundSucceeded && part.Slip.Terminal == code {
				out = append(out, settlement.Movement{Payment: g.PaymentID, Refund: g.ID, Kind: kind, Brand: g.brand(part.Attempt),
					Batch: part.Slip.Batch, Amount: part.Amount, At: g.at})
			}
		}
	}
	slices.SortFunc(out, func(a, b settlement.Movement) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Payment, b.Payment), cmp.Compare(a.Refund, b.Refund))
	})
	return out, nil
}

// taken is the attempt that moved a payment's money on a terminal, and when it
// is first known to have done so. It is the terminal's, whatever became of the
// payment or the money since.
func taken(p payment.Payment) (payment.Attempt, time.Time) {
	if p.Rail != provider.RailTerminal {
		return payment.Attempt{}, time.Time{}
	}
	for _, a := range p.Attempts() {
		switch a.Status {
		case provider.StatusApproved, provider.StatusInMediation, provider.StatusChargedBack:
		default:
			continue
		}
		if a.Slip.Terminal == "" {
			continue
		}
		at := a.At
		for _, f := range p.Facts {
			if f.Kind == provider.FactAttempt && f.ID == a.ID && f.Status == provider.StatusApproved && f.At.Before(at) {
				at = f.At
			}
		}
		return a, at.UTC().Truncate(time.Microsecond)
	}
	return payment.Attempt{}, time.Time{}
}

// given is a refund with what it was given back of.
type given struct {
	payment.Refund
	at    time.Time
	facts []provider.Fact
}

func scanGiven(rows *sql.Rows) (g given, err error) {
	r := &g.Refund
	err = rows.Scan(append(refundTargets(r), instant{&g.at}, object{&g.facts})...)
	return g, err
}

// brand is of the card of an attempt, "" if not known.
func (g given) brand(attempt string) string {
	for _, a := range (payment.Payment{Facts: g.facts}).Attempts() {
		if a.ID == attempt {
			return a.Brand
		}
	}
	return ""
}

// scanPost scans a terminal with its merchant's country.
func scanPost(rows *sql.Rows) (t settlement.Terminal, err error) {
	var removed time.Time
	var country string
	err = rows.Scan(&t.ID, &t.MerchantID, &t.Mode, &t.StoreID, &t.ConnectionID, &t.Code, &t.Name, instant{&removed}, &country)
	if err != nil {
		return t, err
	}
	t.Removed = !removed.IsZero()
	found, err := posta.FindCountry(country)
	t.Currency = found.Currency
	return t, err
}

const postSelect = `SELECT terminal.id, terminal.merchant_id, terminal.mode, terminal.store_id, terminal.connection_id, terminal.code, terminal.name,
	terminal.removed_at, merchant.country FROM terminal JOIN merchant ON merchant.id = terminal.merchant_id `

// SettlementTerminal finds a terminal, also one that was removed. Errors: not_found.
func (db *DB) SettlementTerminal(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TerminalID) (settlement.Terminal, error) {
	return one(db.read(ctx), scanPost, postSelect+"WHERE terminal.id = ? AND terminal.merchant_id = ? AND terminal.mode = ?", id, m, mode)
}

// StoreTerminals lists the terminals in use of a store, oldest first. Errors:
// not_found when the merchant has no such store in use.
func (db *DB) StoreTerminals(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.StoreID) ([]settlement.Terminal, error) {
	if _, err := one(db.read(ctx), scalar[string], "SELECT id FROM store WHERE id = ? AND merchant_id = ? AND mode = ? AND removed_at = 0", id, m, mode); err != nil {
		return nil, err
	}
	return all(db.read(ctx), scanPost, postSelect+"WHERE terminal.store_id = ? AND terminal.removed_at = 0 ORDER BY terminal.created_at, terminal.id", id)
}

// ClaimCloses takes stores whose close is due and moves that to now+lease.
func (db *DB) ClaimCloses(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]settlement.Close, error) {
	var out []settlement.Close
	err := db.single(ctx, func(t *tx) (err error) {
		out, err = all(t, func(rows *sql.Rows) (c settlement.Close, err error) {
			err = rows.Scan(&c.MerchantID, &c.Mode, &c.StoreID, &c.At, &c.TimeZone)
			return c, err
		}, `WITH due AS MATERIALIZED (SELECT id FROM store WHERE close_due_at > 0 AND close_due_at <= ? AND removed_at = 0 AND close_at <> ''
				ORDER BY close_due_at LIMIT ?`+t.dialect.skipLocked()+`)
			UPDATE store SET close_due_at = ? WHERE id IN (SELECT id FROM due)
			RETURNING merchant_id, mode, id, close_at, (SELECT time_zone FROM merchant WHERE merchant.id = store.merchant_id)`,
			now, limit, now.Add(lease))
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// PlanClose notes when the store's next scheduled close is due, unless its hour
// is another one meanwhile.
func (db *DB) PlanClose(ctx context.Context, c settlement.Close, due time.Time) error {
	return db.single(ctx, func(t *tx) error {
		_, err := t.exec("UPDATE store SET close_due_at = ? WHERE id = ? AND merchant_id = ? AND close_at = ? AND removed_at = 0",
			due, c.StoreID, c.MerchantID, c.At)
		return err
	})
}
