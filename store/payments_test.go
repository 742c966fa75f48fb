package store_test

import (
	"fmt"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/store"
	"posta/store/storetest"
)

func TestListPayments(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		second := w.AddTill(t, db)
		var made []payment.Payment
		for i := range 7 {
			p := newPayment(w, w.Till.ID)
			p.CreatedAt = now.Add(time.Duration(i) * time.Minute)
			p.ID = posta.NewID[posta.PaymentID](p.CreatedAt)
			p.Amount.Amount = int64(1000_00 + i*100)
			p.Reference = fmt.Sprintf("Mesa_%d ñandú", i)
			switch i {
			case 6:
				p.TillID = second.ID
			default:
				paid(&p, p.CreatedAt)
				p.Facts[2].LastFour = fmt.Sprintf("510%d", i)
				p.Order = fmt.Sprintf("PPORD%d", i)
			}
			p.Attention = payment.AttentionNone
			if i == 2 {
				p.Attention = payment.AttentionOverpaid
			}
			made = append(made, insert(t, db, p))
		}
		// Of another merchant, and so never found.
		other := storetest.Seed(t, db)
		insert(t, db, newPayment(other, other.Till.ID))

		list := func(f payment.Filter) ([]posta.PaymentID, payment.Totals) {
			t.Helper()
			f.MerchantID = w.Merchant.ID
			page, totals, err := db.ListPayments(ctx, f)
			if err != nil {
				t.Fatalf("%+v: %v", f, err)
			}
			var ids []posta.PaymentID
			for _, p := range page {
				ids = append(ids, p.ID)
			}
			return ids, totals
		}
		for name, tc := range map[string]struct {
			filter payment.Filter
			want   []int
		}{
			"everything":       {payment.Filter{}, []int{6, 5, 4, 3, 2, 1, 0}},
			"test":             {payment.Filter{Mode: posta.Test, StoreID: w.Store.ID}, []int{6, 5, 4, 3, 2, 1, 0}},
			"live":             {payment.Filter{Mode: posta.Live}, nil},
			"till":             {payment.Filter{TillID: second.ID}, []int{6}},
			"state":            {payment.Filter{State: payment.Created}, []int{6}},
			"attention":        {payment.Filter{Attention: true}, []int{2}},
			"time":             {payment.Filter{From: made[2].CreatedAt, To: made[4].CreatedAt}, []int{3, 2}},
			"id":               {payment.Filter{Search: string(made[3].ID)}, []int{3}},
			"id, alphanumeric": {payment.Filter{Search: posta.Alphanumeric(made[3].ID)}, []int{3}},
			"end of id":        {payment.Filter{Search: string(made[3].ID)[20:]}, []int{3}},
			"reference":        {payment.Filter{Search: "MESA_4"}, []int{4}},
			"no pattern":       {payment.Filter{Search: "mesa%"}, nil},
			"not only ASCII":   {payment.Filter{Search: "3 ÑANDÚ"}, []int{3}},
			"order":            {payment.Filter{Search: "ppord5"}, []int{5}},
			"part of an order": {payment.Filter{Search: "ppord"}, nil},
			"attempt":          {payment.Filter{Search: "23014567891", TillID: w.Till.ID}, []int{5, 4, 3, 2, 1, 0}},
			"last four":        {payment.Filter{Search: "5103"}, []int{3}},
			"amount":           {payment.Filter{Search: "1.002,00"}, []int{2}},
			"whole amount":     {payment.Filter{Search: "1003"}, []int{3}},
			"quote":            {payment.Filter{Search: "' OR 1=1 --"}, nil},
		} {
			got, totals := list(tc.filter)
			var want []posta.PaymentID
			for _, i := range tc.want {
				want = append(want, made[i].ID)
			}
			same(t, name, got, want)
			if totals.Count != int64(len(want)) {
				t.Errorf("%s: %d counted, want %d", name, totals.Count, len(want))
			}
		}

		first, totals := list(payment.Filter{Page: posta.Page{Limit: 3}})
		rest, again := list(payment.Filter{Page: posta.Page{Limit: 100, After: string(first[2])}})
		if len(first) != 3 || len(rest) != 4 || rest[0] != made[3].ID {
			t.Errorf("pages %v and %v", first, rest)
		}
		same(t, "totals of each page", again, totals)
		same(t, "totals", totals, payment.Totals{Count: 7, Captured: map[posta.Currency]int64{"ARS": 6 * 1500_00},
			Refunded: map[posta.Currency]int64{"ARS": 0}})
	})
}
