package store

import (
	"context"
	"database/sql"
	"time"

	"posta"
	"posta/idempotency"
)

const claimColumns = "merchant_id, mode, name, fingerprint, ulid, status, answer, lease_to, created_at"

func claimValues(c idempotency.Claim) []any {
	return []any{c.MerchantID, c.Mode, c.Key, c.Fingerprint, c.ULID, c.Status, c.Answer, c.LeaseTo, c.CreatedAt}
}

func scanClaim(rows *sql.Rows) (c idempotency.Claim, err error) {
	err = rows.Scan(&c.MerchantID, &c.Mode, &c.Key, &c.Fingerprint, &c.ULID, &c.Status, octets{&c.Answer},
		instant{&c.LeaseTo}, instant{&c.CreatedAt})
	return c, err
}

// ClaimKey gives the claim of the request's key: inserted if the key is free
// or older than idempotency.Lifetime, taken over if it has no answer and its
// lease ended before now and its fingerprint is the same; otherwise as it is.
func (db *DB) ClaimKey(ctx context.Context, r idempotency.Request, ulid string, now time.Time) (idempotency.Claim, error) {
	fresh := idempotency.Claim{Request: r, ULID: ulid, LeaseTo: now.Add(idempotency.Lease), CreatedAt: now, Taken: true}
	insert := row{"idempotency_claim", claimColumns, claimValues(fresh)}
	var free int
	err := db.single(ctx, func(t *tx) (err error) {
		free, err = t.exec(insert.text()+" ON CONFLICT (merchant_id, mode, name) DO NOTHING", insert.values...)
		return err
	})
	if err != nil || free == 1 {
		return fresh, err
	}
	var out idempotency.Claim
	err = db.write(ctx, func(t *tx) error {
		for {
			n, err := t.exec(insert.text()+" ON CONFLICT (merchant_id, mode, name) DO NOTHING", insert.values...)
			if err != nil || n == 1 {
				out = fresh
				return err
			}
			out, err = one(t, scanClaim, "SELECT "+claimColumns+" FROM idempotency_claim WHERE merchant_id = ? AND mode = ? AND name = ?"+
				t.dialect.forUpdate(), r.MerchantID, r.Mode, r.Key)
			if posta.ErrorCode(err) == posta.CodeNotFound {
				continue // forgotten in between
			}
			if err != nil {
				return err
			}
			switch {
			case out.ULID == ulid: // our own insert, whose answer was lost
				out.Taken = true
				return nil
			case now.Sub(out.CreatedAt) > idempotency.Lifetime:
				out = fresh
			case out.Status == 0 && out.LeaseTo.Before(now) && out.Fingerprint == r.Fingerprint:
				out.LeaseTo, out.Taken = fresh.LeaseTo, true
			default:
				return nil
			}
			return t.must("UPDATE idempotency_claim SET "+assignments(claimColumns)+" WHERE merchant_id = ? AND mode = ? AND name = ?",
				append(claimValues(out), r.MerchantID, r.Mode, r.Key)...)
		}
	})
	if err != nil {
		return idempotency.Claim{}, err
	}
	return out, nil
}

// SaveAnswer keeps the answer of a claim that is held. Errors: conflict when
// another call has taken it over.
func (db *DB) SaveAnswer(ctx context.Context, c idempotency.Claim) error {
	return db.single(ctx, func(t *tx) error {
		n, err := t.exec(`UPDATE idempotency_claim SET status = ?, answer = ?
			WHERE merchant_id = ? AND mode = ? AND name = ? AND ulid = ? AND lease_to = ?`,
			c.Status, c.Answer, c.MerchantID, c.Mode, c.Key, c.ULID, c.LeaseTo)
		if err == nil && n == 0 {
			return posta.Errorf(posta.CodeConflict, "the idempotency key is held by another call")
		}
		return err
	})
}

// ReleaseKey forgets a claim that had no effect; one that has an answer stays.
func (db *DB) ReleaseKey(ctx context.Context, r idempotency.Request) error {
	return db.single(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM idempotency_claim WHERE merchant_id = ? AND mode = ? AND name = ? AND fingerprint = ? AND status = 0",
			r.MerchantID, r.Mode, r.Key, r.Fingerprint)
		return err
	})
}

// DropAnswers forgets what was claimed before the time.
func (db *DB) DropAnswers(ctx context.Context, before time.Time) error {
	return db.single(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM idempotency_claim WHERE created_at < ?", before)
		return err
	})
}
