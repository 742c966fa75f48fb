package posta_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"posta"
)

// The limits of docs/providers/mercadopago-online.md §4.3, as amounts just in and
// just out of them.
func TestPublishedLimits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		country, id      string
		minimum, maximum string
		minutes          int
	}{
		{"BR", "visa", "0.50", "60000", 2880}, {"BR", "master", "0.50", "60000", 2880}, {"BR", "amex", "0.50", "60000", 2880},
		{"BR", "elo", "0.50", "60000", 2880}, {"BR", "hipercard", "0.50", "60000", 2880},
		{"BR", "debvisa", "0.50", "50000", 1440}, {"BR", "debmaster", "0.50", "60000", 1440}, {"BR", "debelo", "0.50", "60000", 1440},
		{"BR", "pix", "0.01", "9999999", 0}, {"BR", "bolbradesco", "4", "100000", 1440}, {"BR", "pec", "4", "2000", 60},
		{"BR", "account_money", "0.01", "10000000", 2880},
		{"MX", "oxxo", "5", "10000", 2880}, {"MX", "paycash", "20", "60000", 0}, {"MX", "banamex", "5", "40000", 60},
		{"MX", "serfin", "5", "40000", 60}, {"MX", "bancomer", "10", "40000", 60}, {"MX", "mercadopagocard", "5", "300000", 1440},
		{"CO", "efecty", "5000", "4000000", 0}, {"CO", "baloto", "1500", "1000000", 0}, {"CO", "pse", "1600", "30000000", 30},
		{"UY", "abitab", "1", "150000", 0}, {"UY", "redpagos", "1", "150000", 0},
		{"CL", "servipag", "1", "500000", 0}, {"CL", "webpay", "50", "3000000", 20},
	} {
		m, err := posta.FindMethod(tc.country, tc.id)
		if err != nil {
			t.Fatalf("%s %s: %v", tc.country, tc.id, err)
		}
		country, _ := posta.FindCountry(tc.country)
		least, err1 := posta.ParseDecimal(tc.minimum, country.Currency)
		most, err2 := posta.ParseDecimal(tc.maximum, country.Currency)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		one := posta.Money{Amount: 1, Currency: country.Currency}
		for amount, want := range map[posta.Money]string{least: "", most: "", least.Sub(one): "below_minimum", most.Add(one): "above_maximum"} {
			if got := m.CheckAmount(amount); got != want {
				t.Errorf("%s %s of %s: %q, want %q", tc.country, tc.id, amount, got, want)
			}
		}
		if m.Accreditation != time.Duration(tc.minutes)*time.Minute || m.Source == "" {
			t.Errorf("%s %s: %v, source %q", tc.country, tc.id, m.Accreditation, m.Source)
		}
	}
}

func TestCheckAmount(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		country, id, problem string
		amount               posta.Money
	}{
		{"CO", "pse", "fraction", posta.Money{Amount: 1_600_50, Currency: "COP"}},
		{"CO", "visa", "fraction", posta.Money{Amount: 1_01, Currency: "COP"}},
		{"CO", "visa", "", posta.Money{Amount: 1_00, Currency: "COP"}},
		{"CL", "visa", "", posta.Money{Amount: 1, Currency: "CLP"}},
		{"CL", "visa", "below_minimum", posta.Money{Amount: 0, Currency: "CLP"}},
		{"AR", "visa", "", posta.Money{Amount: 1_234_567_89, Currency: "ARS"}},
		{"AR", "visa", "below_minimum", posta.Money{Amount: -1, Currency: "ARS"}},
		{"AR", "visa", "currency", posta.Money{Amount: 100, Currency: "BRL"}},
	} {
		m, err := posta.FindMethod(tc.country, tc.id)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.CheckAmount(tc.amount); got != tc.problem {
			t.Errorf("%s %s of %s: %q, want %q", tc.country, tc.id, tc.amount, got, tc.problem)
		}
	}
	if problem := (posta.Method{}).CheckAmount(posta.Money{Amount: 1, Currency: "ARS"}); problem != "currency" {
		t.Errorf("no method: %q", problem)
	}
}

func TestMethodsOf(t *testing.T) {
	t.Parallel()
	ids := func(country string) (ids []string) {
		for _, m := range posta.MethodsOf(country) {
			ids = append(ids, m.ID)
		}
		return ids
	}
	for country, want := range map[string][][]string{ // offered, not offered
		"AR": {{"visa", "naranja", "debcabal", "rapipago", "pagofacil", "account_money", "consumer_credits"}, {"redlink", "cobroexpress", "cargavirtual"}},
		"BR": {{"elo", "hipercard", "pix", "bolbradesco", "pec", "account_money"}, {"debelo", "debcabal"}},
		"CL": {{"visa", "redcompra"}, {"servipag", "webpay", "khipu"}},
		"CO": {{"codensa", "pse", "efecty"}, {"baloto"}},
		"MX": {{"mercadopagocard", "oxxo", "paycash", "banamex", "serfin", "bancomer", "clabe"}, nil},
		"PE": {{"diners", "pagoefectivo_atm"}, {"yape"}},
		"UY": {{"oca", "lider", "creditel", "abitab", "redpagos"}, nil},
		"XX": {nil, nil},
	} {
		offered := ids(country)
		for _, id := range want[0] {
			if !slices.Contains(offered, id) {
				t.Errorf("%s does not offer %s", country, id)
			}
		}
		for _, id := range want[1] {
			if _, err := posta.FindMethod(country, id); err != nil || slices.Contains(offered, id) {
				t.Errorf("%s offers %s or does not know it: %v", country, id, err)
			}
		}
	}
	seen := map[string]bool{}
	for _, m := range posta.Methods {
		key := m.Country + " " + m.ID
		if _, err := posta.FindCountry(m.Country); err != nil || seen[key] || m.Name == "" || m.Type == "" || m.Maximum < m.Minimum {
			t.Errorf("%s: %+v", key, m)
		}
		seen[key] = true
		if v := m.Validity; v.Shortest > v.Default || v.Default > v.Longest || (m.Type == posta.Ticket || m.Type == posta.ATM) && v.Default == 0 {
			t.Errorf("%s: %+v", key, v)
		}
		if m.Country == "MX" && slices.Contains(m.Needs, posta.BuyerIdentification) {
			t.Errorf("%s asks for an identification", key)
		}
	}
}

func TestWhatTheBuyerGivesAndDoes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		country, id string
		needs       []posta.BuyerField
		next        posta.NextStep
	}{
		{"BR", "bolbradesco", []posta.BuyerField{"email", "name", "identification", "address"}, posta.NextBarcode},
		{"BR", "pix", []posta.BuyerField{"email"}, posta.NextQR},
		{"CO", "pse", []posta.BuyerField{"email", "name", "identification", "entity_type", "bank", "address", "phone"}, posta.NextRedirect},
		{"CO", "efecty", []posta.BuyerField{"email", "identification"}, posta.NextReference},
		{"MX", "oxxo", []posta.BuyerField{"email"}, posta.NextReference},
		{"AR", "visa", []posta.BuyerField{"email", "identification"}, posta.NextNothing},
		{"AR", "account_money", nil, posta.NextRedirect},
	} {
		m, err := posta.FindMethod(tc.country, tc.id)
		if err != nil || !slices.Equal(m.Needs, tc.needs) || m.Next != tc.next {
			t.Errorf("%s %s: %v %q %v", tc.country, tc.id, m.Needs, m.Next, err)
		}
		if card := tc.id == "visa"; m.Type.Card() != card || m.DeferredCapture != card {
			t.Errorf("%s %s is a card: %t, captured later: %t", tc.country, tc.id, m.Type.Card(), m.DeferredCapture)
		}
	}
}

func TestWireDecimals(t *testing.T) {
	t.Parallel()
	for _, c := range posta.Countries {
		if without := c.Currency == "CLP" || c.Currency == "COP"; (c.WireDecimals == 0) != without {
			t.Errorf("%s: %d", c.Currency, c.WireDecimals)
		}
	}
}

func TestFindMethodKnowsNoOther(t *testing.T) {
	t.Parallel()
	var wrong *posta.Error
	if _, err := posta.FindMethod("AR", "pix"); !errors.As(err, &wrong) || wrong.Code != posta.CodeNotFound {
		t.Errorf("pix in Argentina: %v", err)
	}
}
