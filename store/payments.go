package store

import (
	"context"
	"database/sql"
	"strings"

	"posta"
	"posta/payment"
)

// ListPayments lists newest first, with the totals of all that match.
func (db *DB) ListPayments(ctx context.Context, f payment.Filter) ([]payment.Payment, payment.Totals, error) {
	matching := paymentsMatching(f)
	totals := payment.Totals{Captured: map[posta.Currency]int64{}, Refunded: map[posta.Currency]int64{}}
	t := db.read(ctx)
	sums, err := all(t, scanSum, "SELECT currency, COUNT(*), CAST(SUM(captured) AS BIGINT), CAST(SUM(refunded) AS BIGINT) FROM payment"+
		matching.text()+" GROUP BY currency", matching.args...)
	if err != nil {
		return nil, payment.Totals{}, err
	}
	for _, s := range sums {
		totals.Count += s.count
		totals.Captured[s.currency] = s.captured
		totals.Refunded[s.currency] = s.refunded
	}
	if f.After != "" {
		matching.and("id < ?", f.After)
	}
	page, err := all(t, scanPayment, "SELECT "+paymentColumns+" FROM payment"+matching.text()+" ORDER BY id DESC LIMIT ?",
		append(matching.args, f.Size())...)
	return page, totals, err
}

type sum struct {
	currency                  posta.Currency
	count, captured, refunded int64
}

func scanSum(rows *sql.Rows) (s sum, err error) {
	err = rows.Scan(&s.currency, &s.count, &s.captured, &s.refunded)
	return s, err
}

func paymentsMatching(f payment.Filter) *where {
	w := &where{}
	w.and("merchant_id = ?", f.MerchantID)
	is(w, "mode", f.Mode)
	is(w, "till_id", f.TillID)
	is(w, "store_id", f.StoreID)
	is(w, "rail", f.Rail)
	if f.LinkID != "" {
		w.and("owner IN (SELECT id FROM checkout_session WHERE link_id = ?)", f.LinkID)
	}
	is(w, "state", f.State)
	if f.Attention {
		w.and("attention <> ''")
	}
	w.between("created_at", f.From, f.To)
	search(w, payment.ParseSearch(f.Search))
	return w
}

// search adds that a payment is one that the words may mean.
func search(w *where, q payment.Query) {
	if q.Empty() {
		return
	}
	var either []string
	var args []any
	or := func(condition string, values ...any) {
		either = append(either, condition)
		args = append(args, values...)
	}
	or("reference_text LIKE ? ESCAPE '!'", like(q.Text))
	if q.ID != "" {
		or("id LIKE ? ESCAPE '!'", like(q.ID))
	}
	if q.Word != "" {
		or("words LIKE ? ESCAPE '!'", like(" "+q.Word+" "))
	}
	for _, m := range q.Amounts {
		or("(currency = ? AND amount = ?)", m.Currency, m.Amount)
	}
	w.and("("+strings.Join(either, " OR ")+")", args...)
}
