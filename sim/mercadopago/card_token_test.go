package mercadopago_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

const cardData = `{"card_number":"4509953566233704","expiration_month":11,"expiration_year":2030,"security_code":"123","cardholder":{"name":"APRO","identification":{"type":"DNI","number":"12345678"}}}`

// anonymous calls without a token, as a browser does.
func (b *stand) anonymous(method, path, body string) answer {
	b.Helper()
	return b.call(method, path, body, "Authorization", "")
}

func TestMPONL20_ACardBecomesAToken(t *testing.T) {
	b := newStand(t)
	b.selling("MLA")
	a := b.want(b.anonymous("POST", "/v1/card_tokens?public_key="+publicKey, cardData), 201)
	b.equal(a, "450995", "first_six_digits")
	b.equal(a, "3704", "last_four_digits")
	b.equal(a, "APRO", "cardholder", "name")
	b.equal(a, "active", "status")
	b.equal(a, "true", "luhn_validation")
	b.equal(a, "16", "card_number_length")
	if strings.Contains(a.raw, "4509953566233704") || len(fmt.Sprint(at(a.object, "id"))) != 32 {
		t.Fatalf("a token of 32 hex digits without the number, not %s", a.raw)
	}
	b.want(b.call("POST", "/v1/card_tokens", cardData), 201) // with the access token too
	b.wantError(b.anonymous("POST", "/v1/card_tokens?public_key=nobody", cardData), 401, "unauthorized")
	b.wantError(b.anonymous("POST", "/v1/card_tokens", cardData), 401, "unauthorized")
	for _, e := range b.sim.Traffic(0) {
		if strings.Contains(e.Request, "4509953566233704") || strings.Contains(e.Request, `"123"`) {
			t.Fatal("the traffic list shows a card")
		}
	}
}

func TestMPONL21_WhatIsWrongWithACard(t *testing.T) {
	b := newStand(t)
	for _, tt := range []struct{ field, value, code string }{
		{"card_number", "", "205"}, {"card_number", `"4509953566233705"`, "E301"}, {"card_number", `"371180303257"`, "E301"}, {"expiration_month", "", "208"}, {"expiration_month", "13", "325"},
		{"expiration_year", "", "209"}, {"expiration_year", "2025", "326"}, {"security_code", "", "224"}, {"security_code", `"12"`, "E302"}, {"security_code", `"1234"`, "E302"},
		{"cardholder.name", "", "221"}, {"cardholder.name", `"4111"`, "316"}, {"cardholder.identification.type", "", "212"}, {"cardholder.identification.number", "", "214"},
		{"cardholder.identification.type", `"CPF"`, "322"}, {"cardholder.identification.number", `"12"`, "324"}, {"card_id", `"9"`, "2010"},
	} {
		a := b.call("POST", "/v1/card_tokens", with(cardData, tt.field, tt.value))
		if got := fmt.Sprint(at(a.object, "cause", 0, "code")); a.status != 400 || got != tt.code {
			t.Errorf("%s = %s: got %d %s, want 400 with %s", tt.field, tt.value, a.status, a.raw, tt.code)
		}
	}
}

func TestMPONL22_ATokenServesOnceAndForSevenDays(t *testing.T) {
	b := newStand(t)
	body := b.cardBody("FUND")
	b.want(b.charge(body), 201)
	b.wantError(b.charge(body), 400, "3003") // a declined payment uses it up too
	body = b.cardBody("APRO")
	b.wantError(b.charge(with(body, "transaction_amount", "0")), 400, "4037") // a refused one does not
	b.move(7*24*time.Hour - time.Second)
	b.want(b.charge(body), 201)
	body = b.cardBody("APRO")
	b.move(7 * 24 * time.Hour)
	b.wantError(b.charge(body), 400, "3003")
}

func TestMPONL23_AnotherSellersTokenIsNotThere(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: 5, AccessToken: "other"})
	b.wantError(b.call("POST", "/v1/payments", b.cardBody("APRO"), append(once(), "Authorization", "Bearer other")...), 400, "2006")
}

func TestMPONL28_TestAndLiveKeysDoNotMix(t *testing.T) {
	b := newStand(t)
	app, err := b.sim.CreateApplication(user, "Tienda")
	if err != nil {
		t.Fatal(err)
	}
	made := func(key string) string {
		return fmt.Sprint(at(b.want(b.anonymous("POST", "/v1/card_tokens?public_key="+key, cardData), 201).object, "id"))
	}
	b.selling("MLA")
	charge := func(token, bearer, email string) answer {
		return b.call("POST", "/v1/payments", b.cardBody("APRO", "token", `"`+token+`"`, "payer.email", `"`+email+`"`), append(once(), "Authorization", "Bearer "+bearer)...)
	}
	b.wantError(charge(made(publicKey), app.Test.AccessToken, "test@testuser.com"), 400, "3")
	b.wantError(charge(made(app.Test.PublicKey), token, "comprador@example.com"), 400, "2006")
	b.equal(b.want(charge(made(app.Test.PublicKey), app.Test.AccessToken, "test@testuser.com"), 201), "false", "live_mode")
}

func TestMPONL24_TestCardsOfAllSites(t *testing.T) {
	b := newStand(t)
	for _, card := range mercadopago.TestCards {
		b.selling(card.Site)
		a := b.want(b.anonymous("GET", "/v1/payment_methods/search?public_key="+publicKey+"&bin="+card.Number[:6], ""), 200)
		b.equal(a, card.Method, "results", 0, "id")
		b.token(mercadopago.CardForm{Number: card.Number})
	}
}

func TestMPONL25_MethodsOfASite(t *testing.T) {
	b := newStand(t)
	b.selling("MLB")
	a := b.want(b.call("GET", "/v1/payment_methods", ""), 200)
	found := map[string]map[string]any{}
	for _, m := range a.list {
		found[fmt.Sprint(at(m, "id"))] = m.(map[string]any)
	}
	for _, id := range []string{"visa", "master", "amex", "elo", "hipercard", "pix", "bolbradesco", "pec", "account_money"} {
		if found[id] == nil {
			t.Errorf("%s is missing", id)
		}
	}
	if got := fmt.Sprintf("%v %v %v", at(found["pix"], "min_allowed_amount"), at(found["pix"], "max_allowed_amount"), at(found["pix"], "payment_type_id")); got != "0.01 9999999 bank_transfer" {
		t.Errorf("pix: %s", got)
	}
	if got := fmt.Sprint(at(found["amex"], "settings", 0, "security_code", "length")); got != "4" {
		t.Errorf("amex has a code of %s digits", got)
	}
	b.selling("MLA")
	for _, m := range b.want(b.anonymous("GET", "/v1/payment_methods?public_key="+publicKey, ""), 200).list {
		if at(m, "id") == "redlink" && at(m, "status") != "deactive" {
			t.Error("a withdrawn method is active")
		}
	}
}

func TestMPONL26_InstallmentsAndIssuers(t *testing.T) {
	b := newStand(t)
	b.selling("MLB")
	a := b.want(b.anonymous("GET", "/v1/payment_methods/installments?public_key="+publicKey+"&bin=423564&amount=1200", ""), 200)
	b.equal(a, "visa", 0, "payment_method_id")
	b.equal(a, "1200", 0, "payer_costs", 0, "total_amount")
	b.equal(a, "8.14", 0, "payer_costs", 1, "installment_rate")
	b.equal(a, "648.84", 0, "payer_costs", 1, "installment_amount")
	b.equal(a, "1297.68", 0, "payer_costs", 1, "total_amount")
	debit := b.want(b.call("GET", "/v1/payment_methods/installments?payment_method_id=debelo&amount=10", ""), 200)
	if n := len(at(debit.list, 0, "payer_costs").([]any)); n != 1 {
		t.Errorf("a debit card has %d kinds of installments", n)
	}
	b.wantError(b.call("GET", "/v1/payment_methods/installments?payment_method_id=visa&amount=x", ""), 400, "1")
	b.wantError(b.call("GET", "/v1/payment_methods/card_issuers", ""), 400, "1")
	b.equal(b.want(b.call("GET", "/v1/payment_methods/card_issuers?payment_method_id=visa", ""), 200), "Visa", 0, "name")
	declined := b.want(b.charge(b.cardBody("APRO", "token", `"`+b.token(mercadopago.CardForm{Number: "5067766783888311"})+`"`, "payment_method_id", `"debelo"`, "installments", "3",
		"payer.identification", `{"type":"CPF","number":"19119119100"}`)), 201)
	b.equal(declined, "cc_rejected_invalid_installments", "status_detail")
}

func TestMPONL27_DocumentsAndTheirCheckDigits(t *testing.T) {
	b := newStand(t)
	b.equal(b.want(b.anonymous("GET", "/v1/identification_types?public_key="+publicKeyOf(b, "MLU"), ""), 200), "CI", 0, "id")
	b.selling("MLM")
	b.wantError(b.call("GET", "/v1/identification_types", ""), 404, "not_found")
	for _, tt := range []struct{ site, kind, right, wrong string }{
		{"MLA", "CUIT", "30500010912", "30500010913"}, {"MLA", "CUIL", "33693450239", "33693450238"}, {"MLA", "DNI", "12345678", "123456"}, {"MLB", "CPF", "12345678909", "11111111111"},
		{"MLB", "CNPJ", "00000000000191", "00000000000192"}, {"MCO", "NIT", "8999990633", "8999990634"}, {"MLC", "RUT", "123456785", "12345678K"}, {"MLU", "CI", "12345672", "12345673"},
		{"MPE", "RUC", "20131312955", "20131312956"}, {"MPE", "CE", "123456789", "12345"},
	} {
		b.selling(tt.site)
		body := b.cardBody("APRO", "transaction_amount", "20000")
		b.want(b.charge(with(body, "payer.identification", `{"type":"`+tt.kind+`","number":"`+tt.right+`"}`)), 201)
		b.wantError(b.charge(b.cardBody("APRO", "transaction_amount", "20000", "payer.identification", `{"type":"`+tt.kind+`","number":"`+tt.wrong+`"}`)), 400, "2067")
	}
}

func publicKeyOf(b *stand, site string) string {
	b.Helper()
	b.selling(site)
	return publicKey
}
