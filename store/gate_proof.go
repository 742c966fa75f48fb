package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"posta"
	"posta/golive"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/settlement"
)

// eventsOfGate is how many events of a gate are listed.
const eventsOfGate = 100

// GateEvents lists the events of kind golive.* about any of the subjects,
// newest first, 100 at most.
func (db *DB) GateEvents(ctx context.Context, m posta.MerchantID, subjects ...string) ([]posta.Event, error) {
	args := make([]any, 0, len(subjects)+2)
	for _, s := range subjects {
		args = append(args, s)
	}
	return all(db.read(ctx), scanEvent, eventSelect+"WHERE payment_id = '' AND subject <> '' AND subject IN (?"+strings.Repeat(", ?", len(subjects)-1)+
		") AND merchant_id = ? AND type LIKE 'golive.%' ORDER BY seq DESC LIMIT ?", append(args, m, eventsOfGate)...)
}

// noticesBack is how far back notices are looked through for proof.
const noticesBack = 90 * 24 * time.Hour

// BestNotice finds the connection's notice of the last 90 days that proves most:
// one that is handled and verified, or led to a payment, before others; then the
// newest. Errors: not_found.
func (db *DB) BestNotice(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (golive.Notice, error) {
	since := posta.IDFrom[posta.NotificationID](posta.NewULID(db.clock.Now().Add(-noticesBack)))
	var n golive.Notice
	var err error
	for _, proof := range []string{
		"state = 'handled' AND judgement = 'verified'",
		"state = 'handled' AND judgement = 'unverifiable' AND payment_id <> ''",
		"judgement = 'verified'",
		"state <> 'received'",
	} {
		n, err = one(db.read(ctx), func(rows *sql.Rows) (n golive.Notice, err error) {
			var state string
			err = rows.Scan(&n.ID, &n.Judgement, &n.Payment, &state, instant{&n.At})
			n.Handled = state == "handled"
			return n, err
		}, "SELECT id, judgement, payment_id, state, received_at FROM notification WHERE merchant_id = ? AND id >= ? AND connection_id = ? AND "+proof+
			" ORDER BY id DESC LIMIT 1", m, since, c)
		if posta.ErrorCode(err) != posta.CodeNotFound {
			break
		}
	}
	return n, err
}

// LastReturn finds the newest refund that succeeded on a connection. Errors: not_found.
func (db *DB) LastReturn(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (golive.Return, error) {
	return one(db.read(ctx), func(rows *sql.Rows) (r golive.Return, err error) {
		err = rows.Scan(&r.ID, instant{&r.At})
		return r, err
	}, `SELECT refund.id, refund.returned_at FROM refund JOIN payment ON payment.id = refund.payment_id
		WHERE refund.merchant_id = ? AND refund.state = 'succeeded' AND payment.connection_id = ? ORDER BY refund.id DESC LIMIT 1`, m, c)
}

// Traffic counts a live connection's charges and closes in a store since from,
// and before to unless that is zero.
func (db *DB) Traffic(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, in posta.StoreID, from, to time.Time) (golive.Traffic, error) {
	w := &where{}
	w.and("payment.connection_id = ? AND payment.mode = 'live' AND payment.merchant_id = ? AND payment.store_id = ?", c, m, in)
	w.between("payment.created_at", from, to)
	type kind struct {
		state    payment.State
		declined bool
		lost     bool
		n        int
	}
	kinds, err := all(db.read(ctx), func(rows *sql.Rows) (k kind, err error) {
		err = rows.Scan(&k.state, flag{&k.declined}, flag{&k.lost}, &k.n)
		return k, err
	}, `SELECT state, refused, lost, COUNT(*) FROM (SELECT state, CASE WHEN declined > 0 THEN 1 ELSE 0 END AS refused,
		CASE WHEN EXISTS (SELECT 1 FROM event WHERE event.payment_id = payment.id AND event.type = 'payment.unknown') THEN 1 ELSE 0 END AS lost
		FROM payment`+w.text()+`) AS counted GROUP BY state, refused, lost`, w.args...)
	if err != nil {
		return golive.Traffic{}, err
	}
	var out golive.Traffic
	for _, k := range kinds {
		out.Payments += k.n
		switch {
		case k.state.Moneyed():
			out.Approved += k.n
		case k.state == payment.Rejected, k.declined && !k.state.Open():
			out.Declined += k.n
		}
		if k.lost {
			out.Lost += k.n
		}
	}
	return out, db.closes(ctx, m, c, in, from, to, &out)
}

// closes counts batch closes, and those whose totals are not ours.
func (db *DB) closes(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, in posta.StoreID, from, to time.Time, out *golive.Traffic) error {
	w := &where{}
	w.and("merchant_id = ? AND connection_id = ? AND store_id = ? AND mode = 'live' AND state = 'confirmed'", m, c, in)
	w.between("to_at", from, to)
	closes, err := all(db.read(ctx), scanSettlement, "SELECT "+settlementColumns+" FROM settlement"+w.text(), w.args...)
	for _, s := range closes {
		out.Closes++
		if s.Attention == settlement.AttentionUnread || s.Others != (provider.Sum{}) || s.Theirs != nil && len(settlement.Differences(s.Ours, *s.Theirs)) > 0 {
			out.Unmatched++
		}
	}
	return err
}

// LiveProject finds the newest project that takes the connection to production.
// Errors: not_found.
func (db *DB) LiveProject(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (project.Project, error) {
	named, err := all(db.read(ctx), scanProject, projectSelect+"WHERE merchant_id = ? AND document LIKE ? ESCAPE '!' ORDER BY id DESC", m, like(string(c)))
	for _, p := range named {
		if err == nil && p.Live == c {
			return p, nil
		}
	}
	if err == nil {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	return project.Project{}, err
}
