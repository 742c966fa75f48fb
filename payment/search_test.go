package payment_test

import (
	"testing"

	"posta"
	"posta/payment"
)

func TestParseSearch(t *testing.T) {
	for _, tc := range []struct {
		typed    string
		text     string
		word     string
		id       string
		ars, clp int64 // minor units; 0 for no amount
	}{
		{typed: ""},
		{typed: "  "},
		{typed: "1500", text: "1500", word: "1500", ars: 150000, clp: 1500},
		{typed: " 1.500,00 ", text: "1.500,00", word: "1.500,00", ars: 150000, clp: 1500},
		{typed: "1500.00", text: "1500.00", word: "1500.00", ars: 150000, clp: 1500},
		{typed: "1,500.00", text: "1,500.00", word: "1,500.00", ars: 150000, clp: 1500},
		{typed: "1.500", text: "1.500", word: "1.500", ars: 150000, clp: 1500},
		{typed: "1500,5", text: "1500,5", word: "1500,5", ars: 150050},
		{typed: "$ 1.234.567,89", text: "$ 1.234.567,89", ars: 123456789},
		{typed: "0,01", text: "0,01", word: "0,01", ars: 1},
		{typed: "0", text: "0", word: "0"},
		{typed: "12.34.56", text: "12.34.56", word: "12.34.56"},
		{typed: "1.500,000", text: "1.500,000", word: "1.500,000"},
		{typed: "99999999999999999999", text: "99999999999999999999", word: "99999999999999999999", id: "99999999999999999999"},
		{typed: "pay_01JX5Z8K3M", text: "pay_01jx5z8k3m", word: "pay_01jx5z8k3m", id: "01JX5Z8K3M"},
		{typed: "pay01jx5z8k3m", text: "pay01jx5z8k3m", word: "pay01jx5z8k3m", id: "01JX5Z8K3M"},
		{typed: "5z8k3m", text: "5z8k3m", word: "5z8k3m", id: "5Z8K3M"},
		{typed: "PPORD01", text: "ppord01", word: "ppord01"},
		{typed: "Mesa 4", text: "mesa 4"},
	} {
		t.Run(tc.typed, func(t *testing.T) {
			q := payment.ParseSearch(tc.typed)
			if q.Text != tc.text || q.Word != tc.word || q.ID != tc.id || q.Empty() != (tc.text == "") {
				t.Errorf("read as %+v", q)
			}
			got := map[posta.Currency]int64{}
			for _, m := range q.Amounts {
				got[m.Currency] = m.Amount
			}
			if got["ARS"] != tc.ars || got["CLP"] != tc.clp {
				t.Errorf("amounts %v, want ARS %d and CLP %d", q.Amounts, tc.ars, tc.clp)
			}
		})
	}
}
