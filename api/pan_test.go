package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"posta"
	"posta/store"
	"posta/store/storetest"
)

// Well known test numbers of each brand; none is anybody's.
var cards = map[string]string{
	"visa": "4111111111111111", "visa of MP": "4509953566233704", "visa, 13": "4222222222222", "visa, 19": "4000000000000000006",
	"mastercard": "5555555555554444", "mastercard of MP": "5031755734530604", "mastercard 2": "2223003122003222",
	"amex": "378282246310005", "amex of MP": "371180303257522", "diners": "30569309025904", "discover": "6011111111111117",
	"jcb": "3530111333300000", "maestro": "6759649826438453", "cabal": "6042011000000004", "naranja": "5895620000000002",
	"elo": "6362970000457013", "unionpay": "6200000000000005",
}

// Red under: the body not looked through (and, beside it, luhn left out).
func TestP39_CardNumbersAreRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		for name, card := range cards {
			grouped := card[:4] + " " + card[4:8] + " " + card[8:12] + " " + card[12:]
			for _, text := range []string{card, grouped, strings.ReplaceAll(grouped, " ", "-"), "tarjeta " + card + " 12/27", grouped + " 123"} {
				body := n.charge(1500)
				body["reference"] = text
				p := n.post("/v1/payments", "k", body).refused(http.StatusUnprocessableEntity, posta.CodeCardNumber)
				if len(p.Errors) != 1 || p.Errors[0].Field != "reference" {
					t.Errorf("%s: errors %+v", name, p.Errors)
				}
			}
		}
		card := cards["visa"]
		for where, send := range map[string]func() answer{
			"items[1].title": func() answer {
				body := n.charge(2)
				body["items"] = []any{map[string]any{"title": "Pan", "quantity": 1, "unit_price": 1}, map[string]any{"title": card, "quantity": 1, "unit_price": 1}}
				return n.post("/v1/payments", "k", body)
			},
			"amount": func() answer { return n.post("/v1/payments", "k", `{"till_id":"x","amount":`+card+`}`) },
			"search": func() answer {
				return n.do("GET", "/v1/payments?search="+url.QueryEscape(card), n.test, nil)
			},
			"Idempotency-Key": func() answer { return n.post("/v1/payments", card, n.charge(1)) },
			"name":            func() answer { return n.post("/v1/payments", "k", `{"`+card+`":1}`) },
			"body":            func() answer { return n.post("/v1/payments", "k", `{"x":"`+card) },
			"reason": func() answer {
				return n.post("/v1/payments/pay_01JD9S3F2K8Q4ZV6W1X7Y5T0RB/refunds", "k", map[string]any{"reason": card})
			},
			"address.street": func() answer {
				return n.do("PATCH", "/v1/stores/"+string(n.store.ID), n.test, map[string]any{"address": map[string]any{"street": card}})
			},
		} {
			a := send()
			p := a.refused(http.StatusUnprocessableEntity, posta.CodeCardNumber)
			if len(p.Errors) != 1 || p.Errors[0].Field != where {
				t.Errorf("%s: errors %+v", where, p.Errors)
			}
			if strings.Contains(a.body, card) {
				t.Errorf("%s: the answer holds the number", where)
			}
		}
		for _, secret := range append([]string{"4111 1111"}, card, n.test) {
			if strings.Contains(n.log.String(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
		n.post("/v1/payments", "k", n.charge(1500)).want(http.StatusCreated) // the key stayed free
	})
}

// What looks alike is let through.
func TestP39_OtherNumbersPass(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	for _, text := range []string{
		"4111111111111112",                                // does not check
		"1763900000009", "1763900000000", "1763900000018", // milliseconds
		"+54 9 11 5555-4444", "0054 9 11 4111-1111", "+55 11 98765-4321", // telephones
		"20-12345678-6",                  // CUIT
		"2850590940090418135201",         // CBU, 22 digits
		"7790895000782", "4006381333931", // articles (EAN)
		"pay_01JD4111111111111111000000", "01JD4111111111111111000000", "41111111-1111-4111-8111-111111111111",
		"0001-00001234", "2026-03-02 15:04:05.123456",
		"446566691-8f3c-4111", "1234567890123456789012345",
	} {
		n.do("GET", "/v1/payments?search="+url.QueryEscape(text), n.test, nil).want(http.StatusOK)
	}
}
