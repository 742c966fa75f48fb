package mercadopago_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

const orderBody = `{"type":"qr","external_reference":"ord1","total_amount":"50.00","description":"Smartphone","config":{"qr":{"external_pos_id":"SUC001POS001","mode":"static"}},
	"transactions":{"payments":[{"amount":"50.00"}]},"items":[{"title":"Smartphone","unit_price":"50.00","quantity":1,"unit_measure":"kg"}]}`

func (b *stand) order(key, body string) answer {
	b.Helper()
	return b.call("POST", "/v1/orders", body, "X-Idempotency-Key", key)
}

func text(v any) string { return fmt.Sprint(v) }

func id(a answer) string { return text(a.object["id"]) }

// paidOrder makes an order and pays it.
func (b *stand) paidOrder() string {
	b.Helper()
	b.till()
	o := id(b.want(b.order("k0", orderBody), 201))
	b.pay()
	return o
}

func TestMPORD01_CreateAnswers201WithBody(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.order("k1", orderBody), 201)
	if !regexp.MustCompile(`^ORD[0-9A-HJKMNP-TV-Z]{26}$`).MatchString(id(a)) {
		t.Fatal(a.raw)
	}
	for _, w := range [][]any{{"created", "status"}, {"created", "status_detail"}, {"50.00", "total_amount"}, {"446566691", "user_id"}, {"automatic", "processing_mode"},
		{"ARS", "currency"}, {"ARG", "country_code"}, {"PT15M", "expiration_time"}, {"ready_to_process", "transactions", "payments", 0, "status_detail"},
		{"SUC001POS001", "config", "qr", "external_pos_id"}, {"<nil>", "type_response"}} {
		b.equal(a, w[0].(string), w[1:]...)
	}
	b.equal(b.want(b.call("GET", "/v1/orders/"+id(a), ""), 200), "ord1", "external_reference")
}

func TestMPORD02_TestCredentialsMakeORDTST(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, Test: true})
	b.till()
	a := b.want(b.order("k1", orderBody), 201)
	if !strings.HasPrefix(id(a), "ORDTST") || len(id(a)) != 32 {
		t.Fatal(id(a))
	}
	b.want(b.call("GET", "/v1/orders/"+id(a), ""), 200)
}

func TestMPORD03_RefusesWhatIsWrong(t *testing.T) {
	b := newStand(t)
	b.till()
	for _, tt := range []struct{ path, value, code string }{
		{"notification_url", `"https://hub.example/x"`, "unsupported_properties"},
		{"config.qr.notification_url", `"https://hub.example/x"`, "unsupported_properties"},
		{"transactions.payments.payment_method", `{}`, "unsupported_properties"},
		{"type", `"phone"`, "property_value"},
		{"external_reference", ``, "required_properties"},
		{"external_reference", `"no spaces"`, "property_value"},
		{"total_amount", `50.00`, "property_type"},
		{"total_amount", `"51.00"`, "property_value"},
		{"transactions.payments", `[]`, "property_value"},
		{"transactions.payments.amount", `"50.0"`, "property_value"},
		{"transactions.payments.amount", `50`, "property_type"},
		{"config", ``, "required_properties"},
		{"config.qr.mode", `"other"`, "property_value"},
		{"expiration_time", `"PT29S"`, "property_value"},
		{"expiration_time", `"PT3601H"`, "property_value"},
		{"expiration_time", `"15 minutes"`, "property_value"},
		{"items.unit_price", `50`, "property_type"},
		{"discounts", `{"payment_methods":[{"type":"cheque","new_total_amount":"47.28"}]}`, "property_value"},
		{"integration_data", `{"sponsor":{"id":"x"}}`, "sponsor_id_not_valid"},
	} {
		b.wantError(b.order("k1", with(orderBody, tt.path, tt.value)), 400, tt.code)
	}
	b.wantError(b.order("k1", with(orderBody, "config.qr.external_pos_id", `"NOBODY"`)), 404, "pos_not_found")
	b.wantError(b.order("k1", with(orderBody, "marketplace_fee", `"1.00"`)), 404, "marketplace_fee_not_allowed")
	b.wantError(b.order("k1", `{"type"`), 400, "json_syntax_error")
	b.want(b.order("k1", orderBody), 201) // a refused request leaves its key free
}

func TestMPORD04_KeyIsRequiredAndOnce(t *testing.T) {
	b := newStand(t)
	b.till()
	b.wantError(b.call("POST", "/v1/orders", orderBody), 400, "empty_required_header")
	first := b.want(b.order("k1", orderBody), 201)
	again := b.want(b.order("k1", orderBody), 201)
	if id(first) != id(again) {
		t.Fatal(first.raw, again.raw)
	}
	b.wantError(b.order("k1", with(orderBody, "external_reference", `"other"`)), 409, "idempotency_key_already_used")
	b.equal(b.call("GET", "/v1/orders?external_reference=ord1", ""), "1", "paging", "total")
	b.pay()
	b.equal(b.want(b.order("k1", orderBody), 201), "processed", "status") // the resource as it stands
	b.move(24 * time.Hour)
	if id(b.want(b.order("k1", orderBody), 201)) == id(first) {
		t.Fatal("the key outlived 24 hours")
	}
}

func TestMPORD05_OneOrderPerPOS(t *testing.T) {
	b := newStand(t)
	b.till()
	b.want(b.order("k1", orderBody), 201)
	b.wantError(b.order("k2", orderBody), 409, "already_queued_order_on_pos")
	b.wantError(b.order("k2", with(orderBody, "config.qr.mode", `"hybrid"`)), 409, "already_queued_order_on_pos")
	b.want(b.order("k2", with(orderBody, "config.qr.mode", `"dynamic"`)), 201)
	if err := b.sim.SetSwitches(mercadopago.Switches{AllowPosQueue: true}); err != nil {
		t.Fatal(err)
	}
	b.want(b.order("k3", orderBody), 201)
}

func TestMPORD06_PayProcesses(t *testing.T) {
	b := newStand(t)
	o := b.paidOrder()
	a := b.want(b.call("GET", "/v1/orders/"+o, ""), 200)
	for _, w := range [][]any{{"processed", "status"}, {"processed", "status_detail"}, {"50.00", "total_paid_amount"}, {"accredited", "transactions", "payments", 0, "status_detail"},
		{"50.00", "transactions", "payments", 0, "paid_amount"}, {"visa", "transactions", "payments", 0, "payment_method", "id"}} {
		b.equal(a, w[0].(string), w[1:]...)
	}
	reference := fmt.Sprint(at(a.object, "transactions", "payments", 0, "reference_id"))
	b.equal(b.want(b.call("GET", "/v1/payments/"+reference, ""), 200), "ord1", "external_reference")
}

func TestMPORD07_DeclineLeavesItCreated(t *testing.T) {
	b := newStand(t)
	b.till()
	o := id(b.want(b.order("k1", orderBody), 201))
	b.pay(card("OTHE"))
	b.equal(b.call("GET", "/v1/orders/"+o, ""), "created", "status")
	b.pay()
	b.equal(b.call("GET", "/v1/orders/"+o, ""), "processed", "status")
}

func TestMPORD08_CancelFromCreatedOnly(t *testing.T) {
	b := newStand(t)
	b.till()
	o := id(b.want(b.order("k1", orderBody), 201))
	cancel := "/v1/orders/" + o + "/cancel"
	b.wantError(b.call("POST", cancel, ""), 400, "empty_required_header")
	a := b.want(b.call("POST", cancel, "", "X-Idempotency-Key", "c1"), 200)
	b.equal(a, "canceled", "status")
	b.equal(a, "canceled_by_api", "transactions", "payments", 0, "status_detail")
	b.want(b.call("POST", cancel, "", "X-Idempotency-Key", "c1"), 200)
	b.wantError(b.call("POST", cancel, "", "X-Idempotency-Key", "c2"), 409, "order_already_canceled")
	if _, err := b.sim.Scan(mercadopago.ScanRequest{ExternalPOS: "SUC001POS001"}); err == nil {
		t.Fatal("a canceled order can be scanned")
	}
}

func TestMPORD09_PaymentInProcessLocks(t *testing.T) {
	b := newStand(t)
	b.till()
	o := id(b.want(b.order("k1", orderBody), 201))
	p := b.pay(card("CONT"))
	b.wantError(b.call("POST", "/v1/orders/"+o+"/cancel", "", "X-Idempotency-Key", "c1"), 409, "instore_order_locked_error")
	if err := b.sim.Settle(p.Payments[0].ID, true); err != nil {
		t.Fatal(err)
	}
	b.equal(b.call("GET", "/v1/orders/"+o, ""), "processed", "status")
	b.wantError(b.call("POST", "/v1/orders/"+o+"/cancel", "", "X-Idempotency-Key", "c2"), 409, "order_already_canceled")
}

func TestMPORD10_Expires(t *testing.T) {
	b := newStand(t)
	b.till()
	usual := id(b.want(b.order("k1", orderBody), 201))
	short := id(b.want(b.order("k2", with(orderBody, "config.qr.mode", `"dynamic"`, "expiration_time", `"PT30S"`)), 201))
	b.move(30 * time.Second)
	b.equal(b.call("GET", "/v1/orders/"+short, ""), "expired", "status")
	b.move(15*time.Minute - 31*time.Second)
	b.equal(b.call("GET", "/v1/orders/"+usual, ""), "created", "status")
	b.move(time.Second)
	a := b.call("GET", "/v1/orders/"+usual, "")
	b.equal(a, "expired", "status")
	b.equal(a, "expired", "transactions", "payments", 0, "status_detail")
}

func TestMPORD11_StaticIsCappedBySwitch(t *testing.T) {
	b := newStand(t, func(c *mercadopago.Config) { c.Switches.CapStaticExpiry = true })
	b.till()
	a := b.want(b.order("k1", with(orderBody, "expiration_time", `"PT16M"`)), 201)
	b.equal(a, "PT10M", "expiration_time")
	b.move(10 * time.Minute)
	b.equal(b.call("GET", "/v1/orders/"+id(a), ""), "expired", "status")
}

func TestMPORD12_GetRefusesWhatIsNotThere(t *testing.T) {
	b := newStand(t)
	b.wantError(b.call("GET", "/v1/orders/123", ""), 400, "invalid_path_param")
	b.wantError(b.call("GET", "/v1/orders/ORD01K372G4J4FXZ9HGHZMJMGGPKE", ""), 404, "order_not_found")
	o := b.paidOrder()
	b.move(91 * 24 * time.Hour)
	b.wantError(b.call("GET", "/v1/orders/"+o, ""), 404, "order_not_found")
}

func TestMPORD13_RefundWholeAndInParts(t *testing.T) {
	b := newStand(t)
	o := b.paidOrder()
	payment := fmt.Sprint(at(b.call("GET", "/v1/orders/"+o, "").object, "transactions", "payments", 0, "id"))
	refund := func(key, body string) answer {
		return b.call("POST", "/v1/orders/"+o+"/refund", body, "X-Idempotency-Key", key)
	}
	part := func(id, amount string) string {
		return `{"transactions":[{"id":"` + id + `","amount":"` + amount + `"}]}`
	}
	a := b.want(refund("r1", part(payment, "24.90")), 201)
	b.equal(a, "processed", "status")
	b.equal(a, "partially_refunded", "status_detail")
	b.equal(a, "24.90", "transactions", "refunds", 0, "amount")
	b.equal(a, payment, "transactions", "refunds", 0, "transaction_id")
	b.equal(a, "processed", "transactions", "refunds", 0, "status")
	b.wantError(refund("r2", part(payment, "25.11")), 400, "refund_amount_exceeds")
	b.wantError(refund("r2", part("PAY01K372G4J4FXZ9HGHZMKWSQS20", "1.00")), 404, "transaction_not_found")
	b.want(refund("r1", part(payment, "24.90")), 201)
	b.want(refund("r3", ""), 201)
	got := b.call("GET", "/v1/orders/"+o, "")
	b.equal(got, "refunded", "status")
	b.equal(got, "50.00", "transactions", "payments", 0, "refunded_amount")
	b.equal(got, "25.10", "transactions", "refunds", 1, "amount")
	b.wantError(refund("r4", ""), 409, "order_already_refunded")
	if book := b.sim.Books("ord1"); book.Refunded != 5000 {
		t.Fatal(book)
	}
}

func TestMPORD14_RefundNeedsProcessed(t *testing.T) {
	b := newStand(t)
	b.till()
	o := id(b.want(b.order("k1", orderBody), 201))
	b.wantError(b.call("POST", "/v1/orders/"+o+"/refund", "", "X-Idempotency-Key", "r1"), 409, "cannot_refund_order")
	b.pay()
	part := `{"transactions":[{"id":"` + text(at(b.call("GET", "/v1/orders/"+o, "").object, "transactions", "payments", 0, "id")) + `","amount":"1.00"}]}`
	b.move(180 * 24 * time.Hour)
	b.want(b.call("POST", "/v1/orders/"+o+"/refund", part, "X-Idempotency-Key", "r1"), 201) // also when it can no longer be read
	b.move(time.Minute)
	b.wantError(b.call("POST", "/v1/orders/"+o+"/refund", part, "X-Idempotency-Key", "r2"), 400, "in_store_payment_refund_order")
}

func TestMPORD15_AsyncRefundBySwitch(t *testing.T) {
	b := newStand(t, func(c *mercadopago.Config) { c.Switches.AsyncRefund = true })
	o := b.paidOrder()
	a := b.want(b.call("POST", "/v1/orders/"+o+"/refund", "", "X-Idempotency-Key", "r1"), 201)
	b.equal(a, "processing", "transactions", "refunds", 0, "status")
	b.move(2 * time.Second)
	b.equal(b.call("GET", "/v1/orders/"+o, ""), "processed", "transactions", "refunds", 0, "status")
}

func TestMPORD16_SearchPagesInStrings(t *testing.T) {
	b := newStand(t)
	b.paidOrder()
	a := b.want(b.call("GET", "/v1/orders?external_reference=ord1&begin_date=NOW-1DAYS", ""), 200)
	b.equal(a, "processed", "data", 0, "status")
	if _, ok := at(a.object, "paging", "total").(string); !ok {
		t.Fatal(a.raw)
	}
}

func TestMPORD17_RefundThroughPaymentsReachesTheOrder(t *testing.T) {
	b := newStand(t)
	o := b.paidOrder()
	reference := fmt.Sprint(at(b.call("GET", "/v1/orders/"+o, "").object, "transactions", "payments", 0, "reference_id"))
	b.want(b.call("POST", "/v1/payments/"+reference+"/refunds", "", "X-Idempotency-Key", "k1"), 201)
	b.equal(b.call("GET", "/v1/orders/"+o, ""), "refunded", "status")
}
