package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"posta"
	"posta/homologation"
	"posta/outbound"
	"posta/payment"
	"posta/settlement"
)

// NamedByProvider finds the connection's payment or batch close that the
// provider calls so: by the id of its order or of one of its attempts. Errors:
// not_found.
func (db *DB) NamedByProvider(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, name string) (posta.PaymentID, posta.SettlementID, error) {
	t, word := db.read(ctx), strings.ToLower(strings.TrimSpace(name))
	found, err := all(t, scanPayment, "SELECT "+paymentColumns+" FROM payment WHERE merchant_id = ? AND connection_id = ? AND words LIKE ? ESCAPE '!' ORDER BY id DESC LIMIT 20",
		m, c, like(" "+word+" "))
	if err != nil {
		return "", "", err
	}
	for _, p := range found {
		named := strings.EqualFold(p.Order, word)
		for _, a := range p.Attempts() {
			named = named || strings.EqualFold(a.ID, word)
		}
		if named {
			return p.ID, "", nil
		}
	}
	closed, err := one(t, scalar[posta.SettlementID], "SELECT id FROM settlement WHERE merchant_id = ? AND connection_id = ? AND LOWER(provider_id) = ? AND provider_id <> ''", m, c, word)
	return "", closed, err
}

// RecentPayments lists what a connection charged in test mode, newest first.
func (db *DB) RecentPayments(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, limit int) ([]payment.Payment, error) {
	return all(db.read(ctx), scanPayment, "SELECT "+paymentColumns+" FROM payment WHERE merchant_id = ? AND mode = 'test' AND connection_id = ? ORDER BY id DESC LIMIT ?", m, c, limit)
}

// RecentSettlements lists a connection's batch closes in test mode, newest first.
func (db *DB) RecentSettlements(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, limit int) ([]settlement.Settlement, error) {
	return all(db.read(ctx), scanSettlement, "SELECT "+settlementColumns+" FROM settlement WHERE merchant_id = ? AND mode = 'test' AND connection_id = ? ORDER BY id DESC LIMIT ?", m, c, limit)
}

// aboutNoPayment are a connection's calls about no payment; the index is partial
// on the same words.
const aboutNoPayment = "SELECT " + callColumns + " FROM provider_call WHERE payment_id = '' AND notification_id = '' AND connection_id = ? "

// RecentProbes lists a connection's probes, newest first.
func (db *DB) RecentProbes(ctx context.Context, c posta.ConnectionID, limit int) ([]homologation.Call, error) {
	return db.proofs(ctx, aboutNoPayment+"AND operation = 'probe' ORDER BY started_at DESC LIMIT ?", c, limit)
}

// ProbeCall finds one of a connection's calls about no payment. Errors: not_found.
func (db *DB) ProbeCall(ctx context.Context, c posta.ConnectionID, id posta.CallID) (homologation.Call, error) {
	found, err := db.proofs(ctx, aboutNoPayment+"AND id = ?", c, id)
	if err == nil && len(found) == 0 {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	if err != nil {
		return homologation.Call{}, err
	}
	return found[0], nil
}

// SettlementCalls lists a connection's calls about no payment from from until
// to, oldest first.
func (db *DB) SettlementCalls(ctx context.Context, c posta.ConnectionID, from, to time.Time) ([]homologation.Call, error) {
	return db.proofs(ctx, aboutNoPayment+"AND started_at >= ? AND started_at <= ? ORDER BY started_at, id", c, from, to)
}

// PaymentCalls lists the calls made for a payment, or for notices that led to
// it, oldest first.
func (db *DB) PaymentCalls(ctx context.Context, id posta.PaymentID) ([]homologation.Call, error) {
	calls, err := db.CallsOf(ctx, id)
	return proofs(calls), err
}

func (db *DB) proofs(ctx context.Context, query string, args ...any) ([]homologation.Call, error) {
	calls, err := all(db.read(ctx), scanCall, query, args...)
	return proofs(calls), err
}

func proofs(calls []outbound.Call) (out []homologation.Call) {
	for _, c := range calls {
		operation := c.Tag.Operation
		if strings.Contains(c.URL, "/oauth/") {
			operation = "token"
		}
		out = append(out, homologation.Call{ID: c.ID, Operation: operation, Method: c.Method, URL: c.URL, Status: c.Status, Error: c.Error,
			Request: c.RequestBody, Response: c.ResponseBody, At: c.StartedAt})
	}
	return out
}

// ProofNotices lists the notices that led to a payment, oldest first.
func (db *DB) ProofNotices(ctx context.Context, id posta.PaymentID) ([]homologation.Notice, error) {
	return all(db.read(ctx), func(rows *sql.Rows) (n homologation.Notice, err error) {
		err = rows.Scan(&n.Topic, &n.Verdict, &n.Result, instant{&n.At})
		return n, err
	}, "SELECT topic, judgement, result, received_at FROM notification WHERE payment_id = ? AND payment_id <> '' ORDER BY received_at, id", id)
}
