package store

import (
	"context"
	"database/sql"
	"reflect"
	"slices"
	"strings"

	"posta"
	"posta/payment"
	"posta/provider"
)

// ChangePayment loads the payment and its refunds, nobody else changing them
// meanwhile, lets change alter them, and commits what has changed together
// with the events: nothing, if nothing has. An error of change commits nothing
// and is returned as it is. change may run more than once, each time with a
// fresh Record, and must not call the store. Errors: not_found.
func (db *DB) ChangePayment(ctx context.Context, id posta.PaymentID, change func(*payment.Record) error) (payment.Record, error) {
	var out payment.Record
	err := db.write(ctx, func(t *tx) error {
		r, err := loadRecord(t, id)
		if err != nil {
			return err
		}
		// What is there is noted as it is kept, since change may alter slices in place.
		before := plain(paymentValues(r.Payment))
		refunds := map[posta.RefundID][]any{}
		for _, refund := range r.Refunds {
			refunds[refund.ID] = plain(refundValues(refund))
		}
		chargebacks := map[posta.ChargebackID][]any{}
		for _, c := range r.Chargebacks {
			chargebacks[c.ID] = plain(chargebackValues(c))
		}
		if err := change(&r); err != nil {
			return err
		}
		out = r
		if err := saveRecord(t, id, r, before, refunds); err != nil {
			return err
		}
		return saveChargebacks(t, r.Chargebacks, chargebacks)
	})
	if err != nil {
		return payment.Record{}, err
	}
	if len(out.Events) > 0 {
		db.notifier.tell(TopicEvent)
	}
	return out, nil
}

func loadRecord(t *tx, id posta.PaymentID) (r payment.Record, err error) {
	r, err = one(t, func(rows *sql.Rows) (r payment.Record, err error) {
		err = rows.Scan(append(paymentTargets(&r.Payment), flag{&r.RefundLate})...)
		return r, err
	}, "SELECT "+paymentColumns+", (SELECT refund_late FROM connection WHERE connection.id = payment.connection_id) FROM payment WHERE id = ?"+t.dialect.forUpdate(), id)
	if err != nil {
		return r, err
	}
	if r.Payment.TillID != "" {
		r.TillCode = posta.Alphanumeric(r.Payment.TillID)
	}
	if r.Refunds, err = refundsOf(t, id); err != nil {
		return r, err
	}
	if slices.ContainsFunc(r.Payment.Facts, func(f provider.Fact) bool { return f.Kind == provider.FactChargeback }) {
		r.Chargebacks, err = chargebacksOf(t, id)
	}
	return r, err
}

func saveRecord(t *tx, id posta.PaymentID, r payment.Record, before []any, refunds map[posta.RefundID][]any) error {
	if r.Payment.ID != id {
		return posta.Errorf(posta.CodeInternal, "a change gave %s another id", id)
	}
	if columns, values := changed(paymentColumns+", "+derivedColumns, before, plain(paymentValues(r.Payment))); columns != "" {
		if err := t.must("UPDATE payment SET "+assignments(columns)+" WHERE id = ?", append(values, id)...); err != nil {
			return err
		}
	}
	for _, refund := range r.Refunds {
		known, there := refunds[refund.ID]
		if there && reflect.DeepEqual(plain(refundValues(refund)), known) {
			continue
		}
		if err := saveRefund(t, refund, r.Payment.TillID, there); err != nil {
			return err
		}
	}
	for _, e := range r.Events {
		if err := t.insert(eventRow(e, id)); err != nil {
			return err
		}
	}
	return nil
}

// changed picks the columns whose values are not what they were. SQLite writes
// every index anew that has a column among those that are set.
func changed(columns string, before, now []any) (string, []any) {
	var names []string
	var values []any
	for i, name := range strings.Split(columns, ", ") {
		if !reflect.DeepEqual(before[i], now[i]) {
			names, values = append(names, name), append(values, now[i])
		}
	}
	return strings.Join(names, ", "), values
}
