package mercadopago_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

// selling makes the usual account one of that site, real or test.
func (b *stand) selling(site string, change ...func(*mercadopago.Account)) {
	b.Helper()
	a := mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, Site: site, PublicKey: publicKey}
	for _, f := range change {
		f(&a)
	}
	b.account(a)
}

const publicKey = "APP_USR-7b1f0a52-0000-4000-8000-000000000001"

func (b *stand) token(form mercadopago.CardForm) string {
	b.Helper()
	k, err := b.sim.Tokenize(user, form)
	if err != nil {
		b.Fatal(err)
	}
	return k
}

var keys int

// once gives a fresh idempotency key as a header.
func once() []string {
	keys++
	return []string{"X-Idempotency-Key", fmt.Sprintf("key-%d", keys)}
}

// cardBody is a payment of 100 by the holder's card.
func (b *stand) cardBody(holder string, pairs ...string) string {
	b.Helper()
	body := `{"transaction_amount":100,"payment_method_id":"visa","installments":1,"description":"Taza","external_reference":"order-1",
		"payer":{"email":"comprador@example.com","identification":{"type":"DNI","number":"12345678"}},"token":"` + b.token(mercadopago.CardForm{Holder: holder}) + `"}`
	return with(body, pairs...)
}

func (b *stand) charge(body string) answer {
	b.Helper()
	return b.call("POST", "/v1/payments", body, once()...)
}

// path of a payment that was answered.
func paymentPath(a answer) string { return "/v1/payments/" + fmt.Sprint(at(a.object, "id")) }

func paymentID(a answer) int64 {
	var id int64
	_, _ = fmt.Sscan(fmt.Sprint(at(a.object, "id")), &id)
	return id
}

func TestMPONL01_ACardIsCharged(t *testing.T) {
	b := newStand(t)
	a := b.want(b.charge(b.cardBody("APRO", "metadata", `{"orderNumber":"7"}`)), 201)
	b.equal(a, "approved", "status")
	b.equal(a, "accredited", "status_detail")
	b.equal(a, "100", "transaction_amount")
	b.equal(a, "credit_card", "payment_type_id")
	b.equal(a, "regular_payment", "operation_type")
	b.equal(a, "450995", "card", "first_six_digits")
	b.equal(a, "3704", "card", "last_four_digits")
	b.equal(a, "7", "metadata", "order_number")
	b.equal(a, "95", "transaction_details", "net_received_amount")
	b.equal(a, "true", "captured")
	b.equal(b.want(b.call("GET", paymentPath(a), ""), 200), "order-1", "external_reference")
	sent := b.want(b.call("POST", "/v1/payments", b.cardBody("APRO"), append(once(), "X-meli-session-id", "armor.1")...), 201)
	if device, err := b.sim.Device(paymentID(sent)); device != "armor.1" || err != nil {
		t.Errorf("the device is %q, %v", device, err)
	}
	if strings.Contains(a.raw, "4509953566233704") {
		t.Error("the card's number was given back")
	}
}

func TestMPONL02_TheHoldersNameDecides(t *testing.T) {
	b := newStand(t)
	for _, o := range mercadopago.Outcomes {
		a := b.want(b.charge(b.cardBody(o.Holder)), 201) // a decline is no error
		b.equal(a, o.Status, "status")
		b.equal(a, o.Detail, "status_detail")
	}
	a := b.want(b.charge(b.cardBody("CONT", "binary_mode", "true")), 201)
	b.equal(a, "rejected", "status") // nobody reviews by hand
}

func TestMPONL03_KeyIsNeededAndRepeats(t *testing.T) {
	b := newStand(t)
	body := b.cardBody("APRO")
	b.wantError(b.call("POST", "/v1/payments", body), 400, "4292")
	first := b.want(b.call("POST", "/v1/payments", body, "X-Idempotency-Key", "k1"), 201)
	again := b.want(b.call("POST", "/v1/payments", body, "X-Idempotency-Key", "k1"), 201)
	if first.raw != again.raw {
		t.Fatal("the same key and body gave another result")
	}
	b.wantError(b.call("POST", "/v1/payments", b.cardBody("FUND"), "X-Idempotency-Key", "k1"), 409, "idempotency_key_already_used")
	w := b.sim.Switches()
	w.PaymentKeyIgnoresBody = true
	if err := b.sim.SetSwitches(w); err != nil {
		t.Fatal(err)
	}
	b.equal(b.want(b.call("POST", "/v1/payments", b.cardBody("FUND"), "X-Idempotency-Key", "k1"), 201), "approved", "status")
	if n := b.sim.Books("order-1").Attempts; n != 1 {
		t.Fatalf("%d payments came of one key", n)
	}
}

func TestMPONL04_WhatIsWrongHasItsNumber(t *testing.T) {
	b := newStand(t)
	for _, tt := range []struct{ field, value, code string }{
		{"transaction_amount", "", "4002"}, {"transaction_amount", `"100"`, "4003"}, {"transaction_amount", "0", "4037"}, {"transaction_amount", "1.005", "4037"},
		{"transaction_amount", "900000000", "4037"}, {"payment_method_id", "", "3028"}, {"payment_method_id", `"pix"`, "3028"}, {"payment_method_id", `"master"`, "3028"},
		{"installments", "", "4004"}, {"installments", `"x"`, "4005"}, {"token", "", "2006"}, {"token", `"ffff"`, "2006"}, {"payer", "", "4050"}, {"payer", `[]`, "4006"},
		{"payer.email", `"nobody"`, "4050"}, {"payer.email", `"a@shop.test"`, "4050"}, {"payer.email", `"a@shop.local"`, "4050"}, {"payer.email", `"test_user_446566691@testuser.com"`, "2060"},
		{"payer.email", `"test_user_1@testuser.com"`, "2034"}, {"payer.identification.number", `"1"`, "2067"}, {"notification_url", `"nowhere"`, "4020"},
		{"date_of_expiration", `"tomorrow"`, "23"}, {"application_fee", "5", "2059"}, {"unheard_of", "1", "8"}, {"issuer_id", `"bank"`, "2009"}, {"capture", `"no"`, "1"},
	} {
		a := b.charge(b.cardBody("APRO", tt.field, tt.value))
		if got := fmt.Sprint(at(a.object, "cause", 0, "code")); a.status != 400 || got != tt.code {
			t.Errorf("%s = %s: got %d %s, want 400 with %s", tt.field, tt.value, a.status, a.raw, tt.code)
		}
	}
	b.wantError(b.call("GET", "/v1/payments/1", ""), 404, "2000")
	if len(b.sim.AllBooks()) != 0 {
		t.Fatal("a refused request made a payment")
	}
}

func TestMPONL05_WholeAmountsInChileAndColombia(t *testing.T) {
	for site, document := range map[string]string{"MLC": `{"type":"RUT","number":"123456785"}`, "MCO": `{"type":"CC","number":"123456789"}`} {
		b := newStand(t)
		b.selling(site)
		b.wantError(b.charge(b.cardBody("APRO", "payer.identification", document, "transaction_amount", "15000.5")), 400, "4037")
		b.equal(b.want(b.charge(b.cardBody("APRO", "payer.identification", document, "transaction_amount", "15000")), 201), "15000", "transaction_amount")
	}
}

func TestMPONL06_TestAndRealPartiesDoNotMix(t *testing.T) {
	b := newStand(t)
	b.selling("MLA", func(a *mercadopago.Account) { a.Test = true })
	b.wantError(b.charge(b.cardBody("APRO")), 400, "2034")
	b.want(b.charge(b.cardBody("APRO", "payer.email", `"test_user_7@testuser.com"`)), 201)
	b.selling("MLA", func(a *mercadopago.Account) { a.AccessToken = "TEST-1"; a.PublicKey = "TEST-2" })
	b.wantError(b.call("POST", "/v1/payments", b.cardBody("APRO"), append(once(), "Authorization", "Bearer TEST-1")...), 400, "2198")
	a := b.want(b.call("POST", "/v1/payments", b.cardBody("APRO", "payer.email", `"test@testuser.com"`), append(once(), "Authorization", "Bearer TEST-1")...), 201)
	b.equal(a, "false", "live_mode")
}

func TestMPONL07_HeldMoneyIsCapturedWholeOrInPart(t *testing.T) {
	b := newStand(t)
	held := b.want(b.charge(b.cardBody("APRO", "capture", "false")), 201)
	b.equal(held, "authorized", "status")
	b.equal(held, "pending_capture", "status_detail")
	b.equal(held, "false", "captured")
	b.wantError(b.call("PUT", paymentPath(held), `{"capture":true,"transaction_amount":101}`), 400, "2017")
	part := b.want(b.call("PUT", paymentPath(held), `{"capture":true,"transaction_amount":75}`), 200)
	b.equal(part, "approved", "status")
	b.equal(part, "75", "transaction_amount")
	b.equal(part, "true", "captured")
	b.wantError(b.call("PUT", paymentPath(held), `{"capture":true}`), 400, "2063")
	whole := b.want(b.charge(b.cardBody("APRO", "capture", "false")), 201)
	b.equal(b.want(b.call("PUT", paymentPath(whole), `{"capture":true}`), 200), "100", "transaction_amount")
}

func TestMPONL08_AHoldIsCanceledOrRunsOut(t *testing.T) {
	b := newStand(t)
	held := b.want(b.charge(b.cardBody("APRO", "capture", "false")), 201)
	gone := b.want(b.call("PUT", paymentPath(held), `{"status":"cancelled"}`), 200)
	b.equal(gone, "cancelled", "status")
	b.equal(gone, "by_collector", "status_detail")
	b.wantError(b.call("PUT", paymentPath(held), `{"status":"cancelled"}`), 400, "2018")
	b.wantError(b.call("PUT", paymentPath(held), `{"status":"refunded"}`), 400, "2016")
	other := b.want(b.charge(b.cardBody("APRO", "capture", "false")), 201)
	b.move(7*24*time.Hour - time.Second)
	b.equal(b.call("GET", paymentPath(other), ""), "authorized", "status")
	b.move(time.Second)
	b.equal(b.call("GET", paymentPath(other), ""), "cancelled", "status")
	w := b.sim.Switches()
	w.HoldFiveDays = true
	if err := b.sim.SetSwitches(w); err != nil {
		t.Fatal(err)
	}
	third := b.want(b.charge(b.cardBody("APRO", "capture", "false")), 201)
	b.move(5 * 24 * time.Hour)
	b.equal(b.call("GET", paymentPath(third), ""), "cancelled", "status")
	paid := b.want(b.charge(b.cardBody("APRO")), 201)
	b.wantError(b.call("PUT", paymentPath(paid), `{"status":"cancelled"}`), 400, "2018")
}

func TestMPONL09_TheBankAsksTheBuyer(t *testing.T) {
	b := newStand(t)
	b.wantError(b.charge(b.cardBody("APRO", "three_d_secure_mode", `"mandatory"`, "binary_mode", "true")), 400, "1")
	b.equal(b.want(b.charge(b.cardBody("APRO", "three_d_secure_mode", `"optional"`)), 201), "approved", "status")
	ask := func() answer {
		a := b.want(b.charge(b.cardBody("APRO", "three_d_secure_mode", `"mandatory"`)), 201)
		b.equal(a, "pending", "status")
		b.equal(a, "pending_challenge", "status_detail")
		if !strings.Contains(fmt.Sprint(at(a.object, "three_ds_info", "external_resource_url")), "/3ds/") || at(a.object, "three_ds_info", "creq") == "" {
			t.Fatalf("no challenge in %s", a.raw)
		}
		return a
	}
	for _, passed := range []bool{true, false} {
		a := ask()
		if err := b.sim.AnswerChallenge(paymentID(a), passed); err != nil {
			t.Fatal(err)
		}
		b.equal(b.call("GET", paymentPath(a), ""), map[bool]string{true: "accredited", false: "cc_rejected_3ds_challenge"}[passed], "status_detail")
	}
	held := b.want(b.charge(b.cardBody("APRO", "three_d_secure_mode", `"mandatory"`, "capture", "false")), 201)
	if err := b.sim.AnswerChallenge(paymentID(held), true); err != nil {
		t.Fatal(err)
	}
	b.equal(b.call("GET", paymentPath(held), ""), "authorized", "status")
	late := ask()
	b.move(5 * time.Minute)
	b.equal(b.call("GET", paymentPath(late), ""), "cc_rejected_3ds_challenge", "status_detail")
	for _, card := range []struct{ number, end string }{{"5483928164574623", "approved"}, {"5361956806117557", "rejected"}} {
		a := b.want(b.charge(with(b.cardBody("APRO", "three_d_secure_mode", `"optional"`, "payment_method_id", `"master"`),
			"token", `"`+b.token(mercadopago.CardForm{Number: card.number})+`"`)), 201)
		b.equal(a, "pending_challenge", "status_detail")
		if err := b.sim.AnswerChallenge(paymentID(a), true); err != nil {
			t.Fatal(err)
		}
		b.equal(b.call("GET", paymentPath(a), ""), card.end, "status")
	}
}
