package mercadopago_test

import (
	"testing"
	"time"

	"posta/sim/mercadopago"
)

func TestMPLEG01_PutAnswers204Empty(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.call("PUT", legacyPath, legacyBody("pay1", "1500.50")), 204)
	if a.raw != "" {
		t.Fatalf("the body is %q", a.raw)
	}
}

func TestMPLEG02_GetAnswersPendingOrder(t *testing.T) {
	b := newStand(t)
	b.till()
	b.wantError(b.call("GET", pendingURL, ""), 404, "point_of_sale_in_store_order_not_found")
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", "1500.50")), 204)
	a := b.want(b.call("GET", pendingURL, ""), 200)
	b.equal(a, "1500.5", "total_amount")
	b.equal(a, "pay1", "external_reference")
	b.equal(a, "SUC001POS001", "external_pos_id")
}

func TestMPLEG03_GetAnswersArrayBySwitch(t *testing.T) {
	b := newStand(t, func(c *mercadopago.Config) { c.Switches.LegacyGetArray = true })
	b.till()
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", "10")), 204)
	b.equal(b.want(b.call("GET", pendingURL, ""), 200), "pay1", 0, "external_reference")
}

func TestMPLEG04_DeleteAnswers204ThenStrange500(t *testing.T) {
	b := newStand(t)
	b.till()
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", "10")), 204)
	b.want(b.call("DELETE", pendingURL, ""), 204)
	b.wantError(b.call("DELETE", pendingURL, ""), 500, "in_store_order_creation_error")
}

func TestMPLEG05_PutReplacesPendingOrder(t *testing.T) {
	b := newStand(t)
	b.till()
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", "10")), 204)
	first := b.scan()
	b.want(b.call("PUT", legacyPath, legacyBody("pay2", "20")), 204)
	b.equal(b.call("GET", pendingURL, ""), "pay2", "external_reference")
	if _, err := b.sim.Pay(mercadopago.PayRequest{MerchantOrderID: first.MerchantOrderID}); err == nil {
		t.Fatal("an order that was replaced could be paid")
	}
}

func TestMPLEG06_ExpiresAfter600Seconds(t *testing.T) {
	b := newStand(t)
	b.till()
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", "10")), 204)
	b.scan()
	b.move(599 * time.Second)
	b.want(b.call("GET", pendingURL, ""), 200)
	b.move(time.Second)
	b.want(b.call("GET", pendingURL, ""), 404)
	a := b.want(b.call("GET", "/merchant_orders/search?external_reference=pay1", ""), 200)
	b.equal(a, "expired", "elements", 0, "status")
	b.equal(a, "expired", "elements", 0, "order_status")
	b.wantError(b.call("DELETE", pendingURL, ""), 500, "in_store_order_creation_error")
}

func TestMPLEG07_ExpirationDateDecides(t *testing.T) {
	b := newStand(t)
	b.till()
	body := with(legacyBody("pay1", "10"), "expiration_date", `"2026-11-20T13:00:00.000-04:00"`)
	b.want(b.call("PUT", legacyPath, body), 204)
	b.move(2*time.Hour - time.Second)
	b.want(b.call("GET", pendingURL, ""), 200)
	b.move(time.Second)
	b.want(b.call("GET", pendingURL, ""), 404)
	b.wantError(b.call("PUT", legacyPath, body), 400, "invalid_expiration_date")
}

func TestMPLEG08_RefusesWhatIsWrong(t *testing.T) {
	b := newStand(t)
	b.till()
	good := legacyBody("pay1", "10.50")
	for _, tt := range []struct{ path, value, code string }{
		{"external_reference", ``, "invalid_external_reference"},
		{"external_reference", `"with space"`, "invalid_external_reference"},
		{"external_reference", `"12345678901234567890123456789012345678901234567890123456789012345"`, "invalid_external_reference"},
		{"title", `""`, "invalid_title"},
		{"description", ``, "invalid_description"},
		{"total_amount", `"10.50"`, "invalid_total_amount"},
		{"total_amount", `10.51`, "invalid_total_amount"},
		{"total_amount", `-1`, "invalid_total_amount"},
		{"notification_url", `"ftp://x/y"`, "invalid_notification_url"},
		{"expiration_date", `"tomorrow"`, "invalid_expiration_date"},
		{"sponsor", `{"id":"x"}`, "invalid_sponsor.id"},
		{"cash_out", `{"amount":"x"}`, "invalid_cash_out.amount"},
		{"items", `[]`, "error_creating_seller_qr_order"},
		{"items.title", `7`, "invalid_items.title"},
		{"items.unit_price", `10.505`, "invalid_items.unit_price"},
		{"items.unit_price", `"10.50"`, "invalid_items.unit_price"},
		{"items.quantity", `0`, "invalid_items.quantity"},
		{"items.unit_measure", `"kg"`, "invalid_items.unit_measure"},
		{"items.total_amount", `10`, "invalid_items.total_amount"},
		{"items.currency_id", `"BRL"`, "invalid_items.currency_id"},
	} {
		b.wantError(b.call("PUT", legacyPath, with(good, tt.path, tt.value)), 400, tt.code)
	}
	b.want(b.call("GET", pendingURL, ""), 404)
	b.want(b.call("PUT", legacyPath, good), 204)
}

func TestMPLEG09_PathsAreChecked(t *testing.T) {
	b := newStand(t)
	b.till()
	body := legacyBody("pay1", "10")
	b.wantError(b.call("PUT", "/instore/qr/seller/collectors/me/stores/SUC001/pos/SUC001POS001/orders", body), 400, "invalid_collectorId")
	b.want(b.call("PUT", "/instore/qr/seller/collectors/1/stores/SUC001/pos/SUC001POS001/orders", body), 403)
	b.wantError(b.call("PUT", "/instore/qr/seller/collectors/446566691/stores/SUC001/pos/POS-1/orders", body), 400, "invalid_externalPosId")
	b.wantError(b.call("PUT", "/instore/qr/seller/collectors/446566691/stores/OTHER/pos/SUC001POS001/orders", body), 400, "invalid_externalPosId")
}

func TestMPLEG10_DeleteCancelsScannedOrder(t *testing.T) {
	b := newStand(t)
	b.till()
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", "10")), 204)
	m := b.scan()
	b.want(b.call("DELETE", pendingURL, ""), 204)
	a := b.call("GET", "/merchant_orders/search?external_reference=pay1", "")
	b.equal(a, "expired", "elements", 0, "status")
	b.equal(a, "true", "elements", 0, "cancelled")
	if _, err := b.sim.Pay(mercadopago.PayRequest{MerchantOrderID: m.MerchantOrderID}); err == nil {
		t.Fatal("a deleted order could be paid")
	}
}
