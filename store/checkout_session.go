package store

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"posta"
	"posta/checkout"
	"posta/payment"
)

const checkoutColumns = "id, merchant_id, mode, token, connection_id, country, link_id, title, description, picture_url, items, amount, currency, " +
	"open_amount, quantity, max_quantity, reference, terms, cancel_url, buyer, shipment, state, attention, tries, payment_id, begun_at, held_units, " +
	"touched, created_by, created_at, updated_at, expires_at, completed_at, due_at"

func checkoutValues(v checkout.Session) []any {
	return []any{v.ID, v.MerchantID, v.Mode, v.Token, v.ConnectionID, v.Country, v.LinkID, v.Title, v.Description, v.PictureURL, asJSON{v.Items},
		v.Amount.Amount, v.Amount.Currency, asJSON{v.Open}, v.Quantity, v.MaxQuantity, v.Reference, asJSON{v.Terms}, v.CancelURL, asJSON{v.Buyer},
		asJSON{v.Shipment}, v.State, v.Attention, v.Tries, v.PaymentID, v.BegunAt, v.HeldUnits, v.Touched, v.CreatedBy, v.CreatedAt, v.UpdatedAt,
		v.ExpiresAt, v.CompletedAt, v.DueAt}
}

func scanCheckout(rows *sql.Rows) (v checkout.Session, err error) {
	err = rows.Scan(&v.ID, &v.MerchantID, &v.Mode, &v.Token, &v.ConnectionID, &v.Country, &v.LinkID, &v.Title, &v.Description, &v.PictureURL,
		object{&v.Items}, &v.Amount.Amount, &v.Amount.Currency, object{&v.Open}, &v.Quantity, &v.MaxQuantity, &v.Reference, object{&v.Terms},
		&v.CancelURL, object{&v.Buyer}, object{&v.Shipment}, &v.State, &v.Attention, &v.Tries, &v.PaymentID, instant{&v.BegunAt}, &v.HeldUnits,
		flag{&v.Touched}, &v.CreatedBy, instant{&v.CreatedAt}, instant{&v.UpdatedAt}, instant{&v.ExpiresAt}, instant{&v.CompletedAt}, instant{&v.DueAt})
	return v, err
}

const checkoutSelect = "SELECT " + checkoutColumns + " FROM checkout_session WHERE "

// InsertCheckoutSession adds one and its events. Errors: conflict, not_found (its connection).
func (db *DB) InsertCheckoutSession(ctx context.Context, v checkout.Session, events []posta.Event) error {
	return db.withEvents(ctx, events, func(t *tx) (bool, error) {
		return true, t.insert(row{"checkout_session", checkoutColumns, checkoutValues(v)})
	})
}

// CheckoutSession finds one. Errors: not_found.
func (db *DB) CheckoutSession(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SessionID) (checkout.Session, error) {
	return one(db.read(ctx), scanCheckout, checkoutSelect+"merchant_id = ? AND id = ? AND mode = ?", m, id, mode)
}

// CheckoutSessionByToken finds one by its page's address. Errors: not_found.
func (db *DB) CheckoutSessionByToken(ctx context.Context, token string) (checkout.Session, error) {
	return one(db.read(ctx), scanCheckout, checkoutSelect+"token = ?", token)
}

// CheckoutSessions lists newest first.
func (db *DB) CheckoutSessions(ctx context.Context, f checkout.SessionFilter) ([]checkout.Session, error) {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "state", f.State)
	is(w, "link_id", f.LinkID)
	if f.Attention {
		w.and("attention <> ''")
	}
	if f.After != "" {
		w.and("id < ?", f.After)
	}
	return all(db.read(ctx), scanCheckout, "SELECT "+checkoutColumns+" FROM checkout_session"+w.text()+" ORDER BY id DESC LIMIT ?", append(w.args, f.Size())...)
}

// SessionPayments lists the payments that a session owns, oldest first.
func (db *DB) SessionPayments(ctx context.Context, id posta.SessionID) ([]payment.Payment, error) {
	return ownedPayments(db.read(ctx), string(id))
}

func ownedPayments(t *tx, owner string) ([]payment.Payment, error) {
	return all(t, scanPayment, "SELECT "+paymentColumns+" FROM payment WHERE owner = ? AND owner <> '' ORDER BY id", owner)
}

// ChangeCheckoutSession loads a session and its link, nobody else changing either
// meanwhile, and after that its payments, and commits what change makes of the
// first two with its events, or forgets the session. An error of change commits
// nothing. change may run more than once and must not call the store. Errors:
// not_found.
func (db *DB) ChangeCheckoutSession(ctx context.Context, id posta.SessionID, change func(*checkout.Record) error) (checkout.Record, error) {
	var out checkout.Record
	err := db.write(ctx, func(t *tx) error {
		r, err := loadCheckout(t, id)
		if err != nil {
			return err
		}
		before := plain(checkoutValues(r.Session))
		var linkBefore []any
		if r.Link != nil {
			linkBefore = plain(linkValues(*r.Link))
		}
		if err := change(&r); err != nil {
			return err
		}
		out = r
		if err := saveCheckout(t, r, before); err != nil {
			return err
		}
		if r.Link != nil && !reflect.DeepEqual(linkBefore, plain(linkValues(*r.Link))) {
			if err := saveLink(t, *r.Link); err != nil {
				return err
			}
		}
		return insertEvents(t, r.Events)
	})
	if err != nil {
		return checkout.Record{}, err
	}
	if len(out.Events) > 0 {
		db.notifier.tell(TopicEvent)
	}
	return out, nil
}

func loadCheckout(t *tx, id posta.SessionID) (r checkout.Record, err error) {
	if r.Session, err = one(t, scanCheckout, checkoutSelect+"id = ?"+t.dialect.forUpdate(), id); err != nil {
		return r, err
	}
	if r.Session.LinkID != "" {
		l, err := one(t, scanLink, linkSelect+" AND id = ?"+t.dialect.forUpdate(), r.Session.MerchantID, r.Session.LinkID)
		if err != nil {
			return r, err
		}
		r.Link = &l
	}
	r.Payments, err = ownedPayments(t, string(id))
	return r, err
}

func saveCheckout(t *tx, r checkout.Record, before []any) error {
	v := r.Session
	if r.Forget {
		return t.must("DELETE FROM checkout_session WHERE merchant_id = ? AND id = ?", v.MerchantID, v.ID)
	}
	columns, values := changed(checkoutColumns, before, plain(checkoutValues(v)))
	if columns == "" {
		return nil
	}
	return t.must("UPDATE checkout_session SET "+assignments(columns)+" WHERE merchant_id = ? AND id = ?", append(values, v.MerchantID, v.ID)...)
}

// ClaimCheckoutSessions takes sessions whose DueAt has come, the longest due first, and
// moves it to now+lease.
func (db *DB) ClaimCheckoutSessions(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]checkout.Session, error) {
	return claim(ctx, db, "checkout_session", checkoutColumns, scanCheckout, now, lease, limit)
}

// PaymentNews looks at the events after what SavePaymentNews noted, at most limit.
func (db *DB) PaymentNews(ctx context.Context, limit int) (n checkout.News, err error) {
	t := db.read(ctx)
	if n.From, err = one(t, scalar[int64], "SELECT position FROM checkout_reader WHERE id = 1"); err != nil {
		return n, err
	}
	last, err := one(t, scalar[int64], "SELECT last FROM event_counter WHERE id = 1")
	if err != nil {
		return n, err
	}
	n.To = max(n.From, min(last, n.From+int64(limit))) // positions have no gaps
	if n.To == n.From {
		return n, nil
	}
	n.Sessions, err = all(t, scalar[posta.SessionID], `SELECT DISTINCT payment.owner FROM event JOIN payment ON payment.id = event.payment_id
		WHERE event.position > ? AND event.position <= ? AND payment.owner LIKE 'chk%'`, n.From, n.To)
	return n, err
}

// SavePaymentNews notes that all is done up to a position.
func (db *DB) SavePaymentNews(ctx context.Context, position int64) error {
	return db.single(ctx, func(t *tx) error {
		_, err := t.exec("UPDATE checkout_reader SET position = ? WHERE id = 1 AND position < ?", position, position)
		return err
	})
}
