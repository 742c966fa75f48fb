package store

import (
	"context"
	"database/sql"
	"reflect"
	"strings"
	"time"

	"posta"
	"posta/payment"
	"posta/subscription"
)

const subscriptionColumns = "id, merchant_id, mode, connection_id, plan_id, engine, buyer, words, language, amount, currency, method, reference, state, " +
	"reason, detail, strikes, health, start_at, next_at, ref, url, version, fact_at, card_ref, token, ask_key, sought, asked_change, " +
	"public_token, created_by, created_at, updated_at, ended_at, tries, due_at"

func subscriptionValues(s subscription.Subscription) []any {
	words := strings.ToLower(strings.Join([]string{string(s.ID), s.Reference, s.Ref, s.Buyer.Email, s.Buyer.FirstName, s.Buyer.LastName}, " "))
	return []any{s.ID, s.MerchantID, s.Mode, s.ConnectionID, s.PlanID, s.Engine, asJSON{s.Buyer}, words, s.Language, s.Amount.Amount, s.Amount.Currency,
		s.Method, s.Reference, s.State, s.Reason, s.Detail, s.Strikes, s.Health, s.StartAt, s.NextAt, s.Ref, s.URL, s.Version, s.FactAt, s.CardRef,
		s.Token, s.AskKey, s.Sought, asJSON{s.Change}, s.Public, s.CreatedBy, s.CreatedAt, s.UpdatedAt, s.EndedAt, s.Tries, s.DueAt}
}

func scanSubscription(rows *sql.Rows) (s subscription.Subscription, err error) {
	var words string
	err = rows.Scan(&s.ID, &s.MerchantID, &s.Mode, &s.ConnectionID, &s.PlanID, &s.Engine, object{&s.Buyer}, &words, &s.Language, &s.Amount.Amount,
		&s.Amount.Currency, &s.Method, &s.Reference, &s.State, &s.Reason, &s.Detail, &s.Strikes, &s.Health, instant{&s.StartAt}, instant{&s.NextAt},
		&s.Ref, &s.URL, &s.Version, instant{&s.FactAt}, &s.CardRef, &s.Token, &s.AskKey, &s.Sought, object{&s.Change}, &s.Public, &s.CreatedBy,
		instant{&s.CreatedAt}, instant{&s.UpdatedAt}, instant{&s.EndedAt}, &s.Tries, instant{&s.DueAt})
	return s, err
}

const subscriptionSelect = "SELECT " + subscriptionColumns + " FROM subscription "

// InsertSubscription commits a new one with its invoices, messages and events, a
// live one only if the gate of its connection admits a first payment in that
// commit; one that the provider has already is taken in whatever the gate says.
// Errors: conflict when the id is taken, or its provider's id; gate_closed.
func (db *DB) InsertSubscription(ctx context.Context, r subscription.Record) error {
	return db.withEvents(ctx, r.Events, func(t *tx) (bool, error) {
		if s := r.Subscription; s.Mode == posta.Live && s.Ref == "" {
			first := payment.Payment{MerchantID: s.MerchantID, ConnectionID: s.ConnectionID, Mode: s.Mode, Amount: s.Amount, CreatedAt: s.CreatedAt}
			if err := admit(t, first); err != nil {
				return false, err
			}
		}
		if err := t.insert(row{"subscription", subscriptionColumns, subscriptionValues(r.Subscription)}); err != nil {
			return false, err
		}
		for _, i := range r.Invoices {
			if err := t.insert(row{"invoice", invoiceColumns, invoiceValues(i)}); err != nil {
				return false, err
			}
		}
		return true, insertDunning(t, r.Messages)
	})
}

// Subscription finds one. Errors: not_found.
func (db *DB) Subscription(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID) (subscription.Subscription, error) {
	return one(db.read(ctx), scanSubscription, subscriptionSelect+"WHERE merchant_id = ? AND id = ? AND mode = ?", m, id, mode)
}

// SubscriptionByToken finds one by the token of its buyer's page. Errors: not_found.
func (db *DB) SubscriptionByToken(ctx context.Context, token string) (subscription.Subscription, error) {
	return one(db.read(ctx), scanSubscription, subscriptionSelect+"WHERE public_token = ?", token)
}

// SubscriptionByName finds one of a connection by the provider's own id or by
// ours. Errors: not_found.
func (db *DB) SubscriptionByName(ctx context.Context, c posta.ConnectionID, name string) (subscription.Subscription, error) {
	column := "ref"
	if _, err := posta.ParseID[posta.SubscriptionID](name); err == nil {
		column = "id"
	}
	return one(db.read(ctx), scanSubscription, subscriptionSelect+"WHERE connection_id = ? AND "+column+" = ? AND "+column+" <> ''", c, name)
}

// SubscriptionRefs lists the provider's ids of a plan's subscriptions.
func (db *DB) SubscriptionRefs(ctx context.Context, m posta.MerchantID, plan posta.PlanID) ([]string, error) {
	return all(db.read(ctx), scalar[string], "SELECT ref FROM subscription WHERE merchant_id = ? AND plan_id = ? AND ref <> ''", m, plan)
}

// ListSubscriptions lists newest first.
func (db *DB) ListSubscriptions(ctx context.Context, f subscription.Filter) ([]subscription.Subscription, error) {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "connection_id", f.ConnectionID)
	is(w, "plan_id", f.PlanID)
	is(w, "state", f.State)
	for _, word := range strings.Fields(strings.ToLower(f.Search)) {
		w.and("words LIKE ? ESCAPE '!'", like(word))
	}
	if f.After != "" {
		w.and("id < ?", f.After)
	}
	return all(db.read(ctx), scanSubscription, subscriptionSelect+w.text()+" ORDER BY id DESC LIMIT ?", append(w.args, f.Size())...)
}

// ChangeSubscription loads one with its plan and invoices, nobody else changing
// it meanwhile, and commits what change makes of the subscription and the
// invoices, with its messages and events. An error of change commits nothing and
// is returned as it is. change may run more than once, each time with a fresh
// Record, and must not call the store. Errors: not_found; conflict where a period
// or the provider's id has another row.
func (db *DB) ChangeSubscription(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID, change func(*subscription.Record) error) (subscription.Record, error) {
	var out subscription.Record
	err := db.write(ctx, func(t *tx) error {
		var r subscription.Record
		var err error
		if r.Subscription, err = one(t, scanSubscription, subscriptionSelect+"WHERE merchant_id = ? AND id = ?"+t.dialect.forUpdate(), m, id); err != nil {
			return err
		}
		if r.Plan, err = one(t, scanPlan, planSelect+"WHERE merchant_id = ? AND id = ?", m, r.Subscription.PlanID); err != nil {
			return err
		}
		if r.Invoices, err = all(t, scanInvoice, invoiceSelect+"WHERE merchant_id = ? AND subscription_id = ? ORDER BY sequence", m, id); err != nil {
			return err
		}
		before := plain(subscriptionValues(r.Subscription))
		kept := make([][]any, len(r.Invoices))
		for i, invoice := range r.Invoices {
			kept[i] = plain(invoiceValues(invoice))
		}
		if err := change(&r); err != nil {
			return err
		}
		out = r
		return saveSubscription(t, r, before, kept)
	})
	if err != nil {
		return subscription.Record{}, err
	}
	if len(out.Events) > 0 {
		db.notifier.tell(TopicEvent)
	}
	return out, nil
}

func saveSubscription(t *tx, r subscription.Record, before []any, kept [][]any) error {
	m := r.Subscription.MerchantID
	if columns, values := changed(subscriptionColumns, before, plain(subscriptionValues(r.Subscription))); columns != "" {
		if err := t.must("UPDATE subscription SET "+assignments(columns)+" WHERE merchant_id = ? AND id = ?", append(values, m, r.Subscription.ID)...); err != nil {
			return err
		}
	}
	for i, invoice := range r.Invoices {
		if i >= len(kept) {
			if err := t.insert(row{"invoice", invoiceColumns, invoiceValues(invoice)}); err != nil {
				return err
			}
			continue
		}
		now := plain(invoiceValues(invoice))
		if reflect.DeepEqual(kept[i], now) {
			continue
		}
		columns, values := changed(invoiceColumns, kept[i], now)
		if err := t.must("UPDATE invoice SET "+assignments(columns)+" WHERE merchant_id = ? AND id = ?", append(values, m, invoice.ID)...); err != nil {
			return err
		}
	}
	if err := insertDunning(t, r.Messages); err != nil {
		return err
	}
	return insertEvents(t, r.Events)
}

// ClaimSubscriptions takes subscriptions whose DueAt has come, the longest due
// first, and moves it to now+lease.
func (db *DB) ClaimSubscriptions(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]subscription.Subscription, error) {
	return claim(ctx, db, "subscription", subscriptionColumns, scanSubscription, now, lease, limit)
}

// TouchPaid makes due the subscriptions of whose invoices' payments something was
// told since the last call but that they began, and gives how many events were read. One reader at a
// time; another finds nothing to do.
func (db *DB) TouchPaid(ctx context.Context, now time.Time, limit int) (int, error) {
	read := 0
	err := db.write(ctx, func(t *tx) error {
		read = 0
		from, err := all(t, scalar[int64], "SELECT position FROM subscription_reader WHERE id = 1"+t.dialect.skipLocked())
		if err != nil || len(from) == 0 {
			return err
		}
		last, err := one(t, scalar[int64], "SELECT last FROM event_counter WHERE id = 1")
		if err != nil || last <= from[0] {
			return err
		}
		to := min(last, from[0]+int64(limit))
		read = int(to - from[0])
		if _, err := t.exec(`UPDATE subscription SET due_at = ? WHERE (merchant_id, id) IN (SELECT invoice.merchant_id, invoice.subscription_id
			FROM event JOIN payment ON payment.id = event.payment_id AND payment.owner <> '' JOIN invoice ON invoice.id = payment.owner
			WHERE event.position > ? AND event.position <= ? AND event.type <> 'payment.created' AND event.type <> 'payment.pending')
			AND (due_at = 0 OR due_at > ?)`, now, from[0], to, now); err != nil {
			return err
		}
		return t.must("UPDATE subscription_reader SET position = ? WHERE id = 1", to)
	})
	return read, err
}
