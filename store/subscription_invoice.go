package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"posta"
	"posta/payment"
	"posta/subscription"
)

const (
	invoiceColumns = "id, merchant_id, mode, subscription_id, connection_id, sequence, ref, state, attention, amount, currency, period_from, period_to, " +
		"payable_to, tried, next_try, attempts, payment_id, detail, stepped, step_at, final_at, opened_at, paid_at, ended_at, created_at, updated_at"
	invoiceSelect = "SELECT " + invoiceColumns + " FROM invoice "

	dunningColumns = "id, merchant_id, mode, subscription_id, invoice_id, kind, step, addressed, to_name, subject, body, mail_id, state, detail, tries, " +
		"created_at, sent_at, due_at"
)

func invoiceValues(i subscription.Invoice) []any {
	return []any{i.ID, i.MerchantID, i.Mode, i.SubscriptionID, i.ConnectionID, i.Sequence, i.Ref, i.State, i.Attention, i.Amount.Amount, i.Amount.Currency,
		i.PeriodFrom, i.PeriodTo, i.DueAt, i.Tried, i.NextTry, asJSON{i.Attempts}, i.Payment, i.Detail, i.Stepped, i.StepAt, i.FinalAt, i.OpenedAt,
		i.PaidAt, i.EndedAt, i.CreatedAt, i.UpdatedAt}
}

func scanInvoice(rows *sql.Rows) (i subscription.Invoice, err error) {
	err = rows.Scan(&i.ID, &i.MerchantID, &i.Mode, &i.SubscriptionID, &i.ConnectionID, &i.Sequence, &i.Ref, &i.State, &i.Attention, &i.Amount.Amount,
		&i.Amount.Currency, instant{&i.PeriodFrom}, instant{&i.PeriodTo}, instant{&i.DueAt}, &i.Tried, instant{&i.NextTry}, object{&i.Attempts},
		&i.Payment, &i.Detail, &i.Stepped, instant{&i.StepAt}, instant{&i.FinalAt}, instant{&i.OpenedAt}, instant{&i.PaidAt}, instant{&i.EndedAt},
		instant{&i.CreatedAt}, instant{&i.UpdatedAt})
	return i, err
}

// Invoice finds one. Errors: not_found.
func (db *DB) Invoice(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.InvoiceID) (subscription.Invoice, error) {
	return one(db.read(ctx), scanInvoice, invoiceSelect+"WHERE merchant_id = ? AND id = ? AND mode = ?", m, id, mode)
}

// InvoicesOf lists a subscription's invoices, oldest first.
func (db *DB) InvoicesOf(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID) ([]subscription.Invoice, error) {
	return all(db.read(ctx), scanInvoice, invoiceSelect+"WHERE merchant_id = ? AND subscription_id = ? ORDER BY sequence", m, id)
}

// ListInvoices lists newest first.
func (db *DB) ListInvoices(ctx context.Context, f subscription.InvoiceFilter) ([]subscription.Invoice, error) {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "subscription_id", f.SubscriptionID)
	is(w, "state", f.State)
	if f.Attention {
		w.and("attention <> ''")
	}
	if f.After != "" {
		w.and("id < ?", f.After)
	}
	return all(db.read(ctx), scanInvoice, invoiceSelect+w.text()+" ORDER BY id DESC LIMIT ?", append(w.args, f.Size())...)
}

// OwnedPayments lists the payments of invoices, oldest first.
func (db *DB) OwnedPayments(ctx context.Context, m posta.MerchantID, invoices []posta.InvoiceID) ([]payment.Payment, error) {
	if len(invoices) == 0 {
		return nil, nil
	}
	var args []any
	for _, id := range invoices {
		args = append(args, id)
	}
	// The owner finds them; a database that took the merchant's index would read all of its payments.
	return all(db.read(ctx), scanPayment, "SELECT "+paymentColumns+" FROM payment WHERE owner <> '' AND owner IN (?"+
		strings.Repeat(", ?", len(invoices)-1)+") AND merchant_id || '' = ? ORDER BY id", append(args, m)...)
}

func insertDunning(t *tx, messages []subscription.Message) error {
	for _, m := range messages {
		if err := t.insert(row{"dunning_message", dunningColumns, dunningValues(m)}); err != nil {
			return err
		}
	}
	return nil
}

func dunningValues(m subscription.Message) []any {
	return []any{m.ID, m.MerchantID, m.Mode, m.SubscriptionID, m.InvoiceID, m.Kind, m.Step, m.To, m.ToName, m.Subject, m.Text, m.MailID, m.State,
		m.Detail, m.Tries, m.CreatedAt, m.SentAt, m.DueAt}
}

func scanDunning(rows *sql.Rows) (m subscription.Message, err error) {
	err = rows.Scan(&m.ID, &m.MerchantID, &m.Mode, &m.SubscriptionID, &m.InvoiceID, &m.Kind, &m.Step, &m.To, &m.ToName, &m.Subject, &m.Text, &m.MailID,
		&m.State, &m.Detail, &m.Tries, instant{&m.CreatedAt}, instant{&m.SentAt}, instant{&m.DueAt})
	return m, err
}

// MessagesOf lists a subscription's messages, oldest first.
func (db *DB) MessagesOf(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID) ([]subscription.Message, error) {
	return all(db.read(ctx), scanDunning, "SELECT "+dunningColumns+" FROM dunning_message WHERE merchant_id = ? AND subscription_id = ? ORDER BY created_at, id", m, id)
}

// ClaimDunning takes messages whose DueAt has come, the longest due first, and
// moves it to now+lease.
func (db *DB) ClaimDunning(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]subscription.Message, error) {
	return claim(ctx, db, "dunning_message", dunningColumns, scanDunning, now, lease, limit)
}

// SaveDunning commits what came of a try to send a message that was due at due,
// and the events. Errors: conflict where somebody else took it meanwhile.
func (db *DB) SaveDunning(ctx context.Context, m subscription.Message, due time.Time, events []posta.Event) error {
	return db.withEvents(ctx, events, func(t *tx) (bool, error) {
		n, err := t.exec("UPDATE dunning_message SET "+assignments(dunningColumns)+" WHERE merchant_id = ? AND id = ? AND due_at = ?",
			append(dunningValues(m), m.MerchantID, m.ID, due)...)
		if err == nil && n == 0 {
			err = posta.Errorf(posta.CodeConflict, "message %s was taken by another", m.ID)
		}
		return true, err
	})
}

// SubscriptionEvents lists the events of a subscription and of its invoices,
// oldest first, positioned or not.
func (db *DB) SubscriptionEvents(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID) ([]posta.Event, error) {
	return all(db.read(ctx), scanEvent, eventSelect+`WHERE payment_id = '' AND merchant_id = ? AND
		(subject = ? OR subject IN (SELECT id FROM invoice WHERE merchant_id = ? AND subscription_id = ?)) ORDER BY seq`, m, id, m, id)
}

// AdoptPayment commits a payment that the provider charged by itself, as the one
// of its attempt, with its events. Where the attempt has one already it gives that
// one's id and commits nothing.
func (db *DB) AdoptPayment(ctx context.Context, p payment.Payment, attempt string, events []posta.Event) (posta.PaymentID, error) {
	id := p.ID
	err := db.withEvents(ctx, nil, func(t *tx) (bool, error) {
		there, err := all(t, scalar[posta.PaymentID], "SELECT payment_id FROM adopted_payment WHERE connection_id = ? AND attempt = ?", p.ConnectionID, attempt)
		if err != nil || len(there) > 0 {
			if len(there) > 0 {
				id = there[0]
			}
			return false, err
		}
		id = p.ID
		if err := t.insert(paymentRow(p)); err != nil {
			return false, err
		}
		for _, e := range events {
			if err := t.insert(eventRow(e, p.ID)); err != nil {
				return false, err
			}
		}
		return true, t.insert(row{"adopted_payment", "connection_id, attempt, payment_id", []any{p.ConnectionID, attempt, p.ID}})
	})
	if posta.ErrorCode(err) == posta.CodeConflict { // two at once
		return db.Adopted(ctx, p.ConnectionID, attempt)
	}
	if err == nil {
		db.notifier.tell(TopicEvent)
	}
	return id, err
}

// Adopted finds the payment of an attempt that the provider charged by itself.
// Errors: not_found.
func (db *DB) Adopted(ctx context.Context, c posta.ConnectionID, attempt string) (posta.PaymentID, error) {
	return one(db.read(ctx), scalar[posta.PaymentID], "SELECT payment_id FROM adopted_payment WHERE connection_id = ? AND attempt = ?", c, attempt)
}
