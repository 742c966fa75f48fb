package mercadopago_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

const onlineBody = `{"type":"online","processing_mode":"automatic","total_amount":"1500.50","external_reference":"ono1","payer":{"email":"ana@example.com"},
	"transactions":{"payments":[{"amount":"1500.50","payment_method":{"id":"visa","type":"credit_card","token":"TOKEN","installments":3}}]}}`

const manualBody = `{"type":"online","processing_mode":"manual","total_amount":"1500.50","external_reference":"ono1","payer":{"email":"ana@example.com"},
	"items":[{"title":"Yerba","quantity":2,"unit_price":"750.25"}],"config":{"online":{"success_url":"https://shop.example/ok","failure_url":"https://shop.example/no","pending_url":"https://shop.example/wait"}}}`

// carded is a body with a fresh token of that holder.
func (b *stand) carded(body, holder string) string {
	b.Helper()
	token, err := b.sim.Tokenize(user, mercadopago.CardForm{Holder: holder})
	if err != nil {
		b.Fatal(err)
	}
	return strings.ReplaceAll(body, "TOKEN", token)
}

func (b *stand) deed(method, path, body string) answer {
	b.Helper()
	return b.call(method, path, body, once()...)
}

func TestMPONO01_AutomaticOrderIsPaidAtOnce(t *testing.T) {
	b := newStand(t)
	a := b.want(b.deed("POST", "/v1/orders", b.carded(onlineBody, "APRO")), 201)
	for _, c := range [][]any{{"processed", "status"}, {"accredited", "status_detail"}, {"online", "type"}, {"1500.50", "total_amount"}, {"1500.50", "total_paid_amount"},
		{"processed", "transactions", "payments", 0, "status"}, {"visa", "transactions", "payments", 0, "payment_method", "id"}, {"3", "transactions", "payments", 0, "payment_method", "installments"}} {
		b.equal(a, c[0].(string), c[1:]...)
	}
	if !strings.HasPrefix(id(a), "ORD") {
		t.Fatal(a.raw)
	}
	number := text(at(a.object, "transactions", "payments", 0, "reference_id"))
	b.equal(b.want(b.call("GET", "/v1/payments/"+number, ""), 200), "ono1", "external_reference")
	b.equal(b.want(b.call("GET", "/v1/orders/"+id(a), ""), 200), "processed", "status")
	b.equal(b.want(b.call("GET", "/v1/orders?external_reference=ono1&type=online", ""), 200), id(a), "data", 0, "id")
}

func TestMPONO02_DeclineIs402WithTheOrder(t *testing.T) {
	b := newStand(t)
	body := b.carded(onlineBody, "FUND")
	a := b.call("POST", "/v1/orders", body, "X-Idempotency-Key", "k1")
	if a.status != 402 {
		t.Fatal(a.status, a.raw)
	}
	b.equal(a, "failed", "errors", 0, "code")
	b.equal(a, "failed", "data", "status")
	b.equal(a, "insufficient_amount", "data", "transactions", "payments", 0, "status_detail")
	again := b.call("POST", "/v1/orders", body, "X-Idempotency-Key", "k1")
	if again.status != 402 || again.raw != a.raw {
		t.Fatal("the same key tried the card again", again.raw)
	}
	b.equal(b.want(b.call("GET", "/v1/payments/search?external_reference=ono1", ""), 200), "1", "paging", "total")
}

func TestMPONO03_KeyIsNeededAndStandsForOneOrder(t *testing.T) {
	b := newStand(t)
	body := b.carded(onlineBody, "APRO")
	b.wantError(b.call("POST", "/v1/orders", body), 400, "empty_required_header")
	a := b.want(b.call("POST", "/v1/orders", body, "X-Idempotency-Key", "k1"), 201)
	b.equal(b.want(b.call("POST", "/v1/orders", body, "X-Idempotency-Key", "k1"), 201), id(a), "id")
	b.wantError(b.call("POST", "/v1/orders", with(body, "external_reference", `"ono2"`), "X-Idempotency-Key", "k1"), 409, "idempotency_key_already_used")
}

func TestMPONO04_WhatIsWrongHasItsCode(t *testing.T) {
	b := newStand(t)
	for _, c := range [][3]string{{"total_amount", `1500.5`, "property_type"}, {"total_amount", `"10.00"`, "property_value"}, {"total_amount", `"-1"`, "property_value"}, {"payer", ``, "required_properties"},
		{"payer.email", ``, "required_properties"}, {"processing_mode", `"later"`, "property_value"}, {"capture_mode", `"never"`, "property_value"}, {"external_reference", `"a b"`, "property_value"},
		{"notification_url", `"https://shop.example/n"`, "unsupported_properties"}, {"transactions", ``, "required_properties"}, {"transactions.payments.payment_method.id", `"pix"`, "property_value"},
		{"transactions.payments.payment_method.token", ``, "required_properties"}, {"transactions.payments.payment_method.installments", ``, "required_properties"}, {"currency", `"BRL"`, "property_value"},
		{"expiration_time", `"soon"`, "property_value"}, {"config", `{"online":{"success_url":"http://shop.example"}}`, "property_value"}} {
		b.wantError(b.deed("POST", "/v1/orders", with(onlineBody, c[0], c[1])), 400, c[2])
	}
	b.wantError(b.deed("POST", "/v1/orders", onlineBody), 400, "invalid_transaction") // no such token
	b.wantError(b.deed("POST", "/v1/orders", with(onlineBody, "marketplace_fee", `"10.00"`)), 404, "marketplace_fee_not_allowed")
}

func TestMPONO05_ManualOrderIsProcessedLater(t *testing.T) {
	b := newStand(t)
	a := b.want(b.deed("POST", "/v1/orders", manualBody), 201)
	b.equal(a, "created", "status")
	if text(a.object["client_token"]) == "" || !strings.Contains(text(a.object["checkout_url"]), "/checkout/v1/redirect?pref_id=") {
		t.Fatal(a.raw)
	}
	path := "/v1/orders/" + id(a)
	b.wantError(b.deed("POST", path+"/process", ""), 400, "required_properties")
	pay := `{"payments":[{"amount":"1500.50","payment_method":{"id":"visa","type":"credit_card","token":"TOKEN","installments":1}}]}`
	added := b.want(b.deed("POST", path+"/transactions", b.carded(pay, "FUND")), 201)
	transaction := text(at(added.object, "payments", 0, "id"))
	b.wantError(b.deed("POST", path+"/transactions", b.carded(pay, "APRO")), 409, "action_not_allowed_for_current_state")
	changed := b.want(b.deed("PUT", path+"/transactions/"+transaction, b.carded(`{"payment_method":{"id":"visa","type":"credit_card","token":"TOKEN","installments":6}}`, "APRO")), 200)
	b.equal(changed, "6", "payment_method", "installments")
	b.wantError(b.deed("PUT", path+"/transactions/PAYnothing", `{}`), 404, "transaction_not_found")
	b.want(b.call("DELETE", path+"/transactions/"+transaction, ""), 204)
	b.want(b.deed("POST", path+"/transactions", b.carded(pay, "APRO")), 201)
	b.equal(b.want(b.deed("POST", path+"/process", ""), 200), "processed", "status")
	b.wantError(b.deed("POST", path+"/process", ""), 409, "order_already_processed")
	b.wantError(b.deed("POST", path+"/transactions", b.carded(pay, "APRO")), 409, "action_not_allowed_for_current_state")
}

func TestMPONO06_HeldMoneyIsCapturedOrLetGo(t *testing.T) {
	b := newStand(t)
	held := with(onlineBody, "capture_mode", `"manual"`)
	a := b.want(b.deed("POST", "/v1/orders", b.carded(held, "APRO")), 201)
	b.equal(a, "action_required", "status")
	b.equal(a, "waiting_capture", "status_detail")
	b.equal(b.want(b.deed("POST", "/v1/orders/"+id(a)+"/capture", ""), 200), "processed", "status")
	b.wantError(b.deed("POST", "/v1/orders/"+id(a)+"/capture", ""), 409, "action_not_allowed_for_current_state")
	b.wantError(b.deed("POST", "/v1/orders/"+id(a)+"/cancel", ""), 409, "cannot_cancel_order")
	second := b.want(b.deed("POST", "/v1/orders", b.carded(held, "APRO")), 201)
	b.equal(b.want(b.deed("POST", "/v1/orders/"+id(second)+"/cancel", ""), 200), "canceled", "status")
	number := text(at(second.object, "transactions", "payments", 0, "reference_id"))
	b.equal(b.want(b.call("GET", "/v1/payments/"+number, ""), 200), "cancelled", "status")
	b.wantError(b.deed("POST", "/v1/orders/"+id(second)+"/cancel", ""), 409, "order_already_canceled")
}

func TestMPONO07_RefundsUntilEmpty(t *testing.T) {
	b := newStand(t)
	a := b.want(b.deed("POST", "/v1/orders", b.carded(onlineBody, "APRO")), 201)
	path, transaction := "/v1/orders/"+id(a)+"/refund", text(at(a.object, "transactions", "payments", 0, "id"))
	part := b.want(b.deed("POST", path, `{"transactions":[{"id":"`+transaction+`","amount":"500.50"}]}`), 201)
	b.equal(part, "partially_refunded", "status_detail")
	b.wantError(b.deed("POST", path, `{"transactions":[{"id":"`+transaction+`","amount":"1000.01"}]}`), 400, "refund_amount_exceeds")
	b.equal(b.want(b.deed("POST", path, ""), 201), "refunded", "status")
	b.wantError(b.deed("POST", path, ""), 409, "order_already_refunded")
	got := b.want(b.call("GET", "/v1/orders/"+id(a), ""), 200)
	b.equal(got, "1500.50", "transactions", "payments", 0, "refunded_amount")
	b.equal(got, "1000.00", "transactions", "refunds", 1, "amount")
}

func TestMPONO08_VouchersWaitAndAreToldWhenPaid(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, Site: "MLB", PanelURL: b.hook.URL, PanelTopics: []string{"order"}})
	body := with(onlineBody, "transactions.payments", `[{"amount":"1500.50","expiration_time":"P1D","payment_method":{"id":"pix","type":"bank_transfer"}}]`)
	a := b.want(b.deed("POST", "/v1/orders", body), 201)
	b.equal(a, "action_required", "status")
	b.equal(a, "waiting_transfer", "status_detail")
	if !strings.HasPrefix(text(at(a.object, "transactions", "payments", 0, "payment_method", "qr_code")), "000201") {
		t.Fatal(a.raw)
	}
	payments := b.call("GET", "/v1/payments/search?external_reference=ono1", "")
	if err := b.sim.PayVoucher(paymentNumber(t, payments)); err != nil {
		t.Fatal(err)
	}
	b.equal(b.want(b.call("GET", "/v1/orders/"+id(a), ""), 200), "processed", "status")
	var actions []string
	for _, d := range b.sim.Deliveries() {
		actions = append(actions, d.Action)
	}
	if strings.Join(actions, " ") != "order.action_required order.processed" {
		t.Fatal(actions)
	}
	slip := b.want(b.deed("POST", "/v1/orders", with(body, "external_reference", `"ono2"`)), 201)
	b.move(25 * time.Hour)
	b.equal(b.want(b.call("GET", "/v1/orders/"+id(slip), ""), 200), "expired", "status")
}

func TestMPONO09_CheckoutOfAnOrder(t *testing.T) {
	b := newStand(t)
	a := b.want(b.deed("POST", "/v1/orders", with(manualBody, "config.payment_method", `{"not_allowed_types":["ticket"],"max_installments":3}`)), 201)
	checkout, err := url.Parse(text(a.object["checkout_url"]))
	if err != nil {
		t.Fatal(err)
	}
	pref := checkout.Query().Get("pref_id")
	b.want(b.call("GET", preferencesURL+"/"+pref, ""), 404) // no preference of the API
	_, page := b.browser()(checkout.RequestURI()+"&lang=en", nil)
	wantText(t, page, "Yerba", "How do you want to pay?")
	if strings.Contains(page, "Rapipago") {
		t.Fatal("an excluded type is offered")
	}
	declined := b.choose(pref, mercadopago.Choice{Holder: "FUND"})
	if declined.Status != "rejected" || !strings.HasPrefix(declined.ReturnURL, "https://shop.example/no?") {
		t.Fatal(declined)
	}
	b.equal(b.want(b.call("GET", "/v1/orders/"+id(a), ""), 200), "created", "status")
	if out := b.choose(pref, mercadopago.Choice{}); out.Status != "approved" || out.MerchantOrderID != 0 {
		t.Fatal(out)
	}
	b.equal(b.want(b.call("GET", "/v1/orders/"+id(a), ""), 200), "processed", "status")
	b.wantRefusal(pref, mercadopago.Choice{}, mercadopago.ErrPaid)
	canceled := b.want(b.deed("POST", "/v1/orders", manualBody), 201)
	b.want(b.deed("POST", "/v1/orders/"+id(canceled)+"/cancel", ""), 200)
	link, _ := url.Parse(text(canceled.object["checkout_url"]))
	b.wantRefusal(link.Query().Get("pref_id"), mercadopago.Choice{}, mercadopago.ErrExpired)
}

func TestMPONO10_ReviewAndChallengeEndTheOrderLater(t *testing.T) {
	b := newStand(t)
	a := b.want(b.deed("POST", "/v1/orders", b.carded(onlineBody, "CONT")), 201)
	b.equal(a, "processing", "status")
	number := paymentNumber(t, b.call("GET", "/v1/payments/search?external_reference=ono1", ""))
	if err := b.sim.Settle(number, true); err != nil {
		t.Fatal(err)
	}
	b.equal(b.want(b.call("GET", "/v1/orders/"+id(a), ""), 200), "processed", "status")
	asked := b.want(b.deed("POST", "/v1/orders", b.carded(with(onlineBody, "external_reference", `"ono2"`, "config", `{"online":{"transaction_security":{"validation":"required","liability_shift":"required"}}}`), "APRO")), 201)
	b.equal(asked, "pending_challenge", "status_detail")
	if text(at(asked.object, "transactions", "payments", 0, "payment_method", "transaction_security", "url")) == "" {
		t.Fatal(asked.raw)
	}
	if err := b.sim.AnswerChallenge(paymentNumber(t, b.call("GET", "/v1/payments/search?external_reference=ono2", "")), false); err != nil {
		t.Fatal(err)
	}
	b.equal(b.want(b.call("GET", "/v1/orders/"+id(asked), ""), 200), "failed", "status")
}

func TestMPONO11_RestartedItAgreesWithItself(t *testing.T) {
	file := t.TempDir() + "/sim.db"
	change := func(c *mercadopago.Config) { c.File = file }
	b := newStand(t, change)
	a := b.want(b.deed("POST", "/v1/orders", manualBody), 201)
	before := b.want(b.call("GET", "/v1/orders/"+id(a), ""), 200).raw
	again := newStand(t, change)
	if after := again.want(again.call("GET", "/v1/orders/"+id(a), ""), 200).raw; after != before {
		t.Fatal(before, after)
	}
	link, _ := url.Parse(text(a.object["checkout_url"]))
	again.choose(link.Query().Get("pref_id"), mercadopago.Choice{})
	again.equal(again.want(again.call("GET", "/v1/orders/"+id(a), ""), 200), "processed", "status")
}

func TestMPONO12_WhatIsLeftOutIsUnknown(t *testing.T) {
	b := newStand(t)
	for _, path := range []string{"/v1/advanced_payments", "/v1/advanced_payments/1", "/v1/advanced_payments/1/disbursements/1/refunds", "/v2/wallet_connect/agreements", "/v2/wallet_connect/discounts"} {
		b.want(b.call("POST", path, `{}`), 404)
	}
}

// paymentNumber is the first payment that a search found.
func paymentNumber(t *testing.T, found answer) (n int64) {
	t.Helper()
	if _, err := fmt.Sscan(text(at(found.object, "results", 0, "id")), &n); err != nil {
		t.Fatal(found.raw)
	}
	return n
}
