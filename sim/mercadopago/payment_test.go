package mercadopago_test

import (
	"fmt"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

// paid pays a legacy order and returns the payment's path.
func (b *stand) paid(total string) (mercadopago.Paid, string) {
	b.Helper()
	b.pending(total)
	p := b.pay()
	return p, fmt.Sprintf("/v1/payments/%d", p.Payments[0].ID)
}

func TestMPPAY01_GetPayment(t *testing.T) {
	b := newStand(t)
	p, path := b.paid("1250.55")
	a := b.want(b.call("GET", path, ""), 200)
	b.equal(a, "1250.55", "transaction_amount")
	b.equal(a, "approved", "status")
	b.equal(a, "accredited", "status_detail")
	b.equal(a, "ARS", "currency_id")
	b.equal(a, "pay1", "external_reference")
	b.equal(a, "3704", "card", "last_four_digits")
	b.equal(a, fmt.Sprint(p.MerchantOrderID), "order", "id")
	b.wantError(b.call("GET", "/v1/payments/1", ""), 404, "2000")
}

func TestMPPAY02_HolderNameDecides(t *testing.T) {
	b := newStand(t)
	b.pending("10")
	m := b.scan()
	for _, o := range mercadopago.Outcomes {
		if o.Status != "rejected" {
			continue
		}
		p, err := b.sim.Pay(mercadopago.PayRequest{MerchantOrderID: m.MerchantOrderID, Parts: []mercadopago.Part{card(o.Holder)}})
		if err != nil {
			t.Fatal(err)
		}
		a := b.call("GET", fmt.Sprintf("/v1/payments/%d", p.Payments[0].ID), "")
		b.equal(a, "rejected", "status")
		b.equal(a, o.Detail, "status_detail")
		b.equal(a, o.Holder, "card", "cardholder", "name")
	}
}

func TestMPPAY03_KindsOfMoney(t *testing.T) {
	for _, tt := range []struct {
		card         mercadopago.Card
		method, kind string
	}{
		{mercadopago.Card{}, "visa", "credit_card"},
		{mercadopago.Card{Brand: "master", Installments: 6}, "master", "credit_card"},
		{mercadopago.Card{Brand: "amex"}, "amex", "credit_card"},
		{mercadopago.Card{Brand: "visa", Type: "debit_card"}, "debvisa", "debit_card"},
		{mercadopago.Card{Brand: "account_money"}, "account_money", "account_money"},
	} {
		b := newStand(t)
		b.pending("600")
		p := b.pay(mercadopago.Part{Card: tt.card})
		a := b.call("GET", fmt.Sprintf("/v1/payments/%d", p.Payments[0].ID), "")
		b.equal(a, tt.method, "payment_method_id")
		b.equal(a, tt.kind, "payment_type_id")
		b.equal(a, fmt.Sprint(max(1, tt.card.Installments)), "installments")
	}
}

func TestMPPAY04_Search(t *testing.T) {
	b := newStand(t)
	b.paid("10")
	a := b.want(b.call("GET", "/v1/payments/search?external_reference=pay1&status=approved&range=date_created&begin_date=NOW-1DAYS&end_date=NOW", ""), 200)
	b.equal(a, "1", "paging", "total")
	b.equal(a, "pay1", "results", 0, "external_reference")
	b.equal(b.call("GET", "/v1/payments/search?external_reference=other", ""), "0", "paging", "total")
	b.wantError(b.call("GET", "/v1/payments/search?begin_date=yesterday", ""), 400, "1001")
}

func TestMPREF01_RefundNeedsKey(t *testing.T) {
	b := newStand(t)
	_, path := b.paid("10")
	b.wantError(b.call("POST", path+"/refunds", ""), 400, "4292")
}

func TestMPREF02_FullRefund(t *testing.T) {
	b := newStand(t)
	p, path := b.paid("10.5")
	a := b.want(b.call("POST", path+"/refunds", "", "X-Idempotency-Key", "k1"), 201)
	b.equal(a, "10.5", "amount")
	b.equal(a, "approved", "status")
	got := b.call("GET", path, "")
	b.equal(got, "refunded", "status")
	b.equal(got, "refunded", "status_detail")
	b.equal(got, "10.5", "transaction_amount_refunded")
	b.equal(got, "10.5", "refunds", 0, "amount")
	m := b.merchant(p.MerchantOrderID)
	b.equal(m, "reverted", "order_status")
	b.equal(m, "closed", "status")
	b.equal(m, "10.5", "refunded_amount")
	b.wantError(b.call("POST", path+"/refunds", "", "X-Idempotency-Key", "k2"), 400, "2063")
}

func TestMPREF03_SeveralPartsNeverAbove(t *testing.T) {
	b := newStand(t)
	p, path := b.paid("100")
	b.want(b.call("POST", path+"/refunds", `{"amount":30}`, "X-Idempotency-Key", "k1"), 201)
	got := b.call("GET", path, "")
	b.equal(got, "approved", "status")
	b.equal(got, "partially_refunded", "status_detail")
	b.equal(b.merchant(p.MerchantOrderID), "partially_reverted", "order_status")
	b.wantError(b.call("POST", path+"/refunds", `{"amount":70.01}`, "X-Idempotency-Key", "k2"), 400, "2017")
	b.want(b.call("POST", path+"/refunds", `{"amount":20.50}`, "X-Idempotency-Key", "k3"), 201)
	b.want(b.call("POST", path+"/refunds", ``, "X-Idempotency-Key", "k4"), 201)
	b.equal(b.call("GET", path, ""), "refunded", "status")
	list := b.want(b.call("GET", path+"/refunds", ""), 200)
	b.equal(list, "49.5", 2, "amount")
	if book := b.sim.Books("pay1"); book.Approved != 10000 || book.Refunded != 10000 {
		t.Fatal(book)
	}
	b.equal(b.want(b.call("GET", fmt.Sprintf("%s/refunds/%v", path, at(list.list, 0, "id")), ""), 200), "30", "amount")
}

func TestMPREF04_RepeatedKeyIsOneRefund(t *testing.T) {
	b := newStand(t)
	_, path := b.paid("100")
	b.want(b.call("POST", path+"/refunds", `{"amount":30}`, "X-Idempotency-Key", "k1"), 201)
	if a := b.want(b.call("POST", path+"/refunds", `{"amount":30}`, "X-Idempotency-Key", "k1"), 200); a.raw != "" {
		t.Fatal(a.raw)
	}
	b.wantError(b.call("POST", path+"/refunds", `{"amount":31}`, "X-Idempotency-Key", "k1"), 409, "idempotency_key_already_used")
	if got := b.sim.Books("pay1").Refunded; got != 3000 {
		t.Fatal(got)
	}
	if err := b.sim.SetSwitches(mercadopago.Switches{RefundReplayBody: true}); err != nil {
		t.Fatal(err)
	}
	b.equal(b.want(b.call("POST", path+"/refunds", `{"amount":30}`, "X-Idempotency-Key", "k1"), 200), "30", "amount")
}

func TestMPREF05_KeyLives24Hours(t *testing.T) {
	b := newStand(t)
	_, path := b.paid("100")
	b.want(b.call("POST", path+"/refunds", `{"amount":30}`, "X-Idempotency-Key", "k1"), 201)
	b.move(24*time.Hour - time.Second)
	b.want(b.call("POST", path+"/refunds", `{"amount":30}`, "X-Idempotency-Key", "k1"), 200)
	b.move(time.Second)
	b.want(b.call("POST", path+"/refunds", `{"amount":30}`, "X-Idempotency-Key", "k1"), 201)
}

func TestMPREF06_WindowIs180Days(t *testing.T) {
	b := newStand(t)
	_, path := b.paid("100")
	b.move(180*24*time.Hour + time.Second)
	b.wantError(b.call("POST", path+"/refunds", "", "X-Idempotency-Key", "k1"), 400, "2024")
}

func TestMPREF07_RejectedAmounts(t *testing.T) {
	b := newStand(t)
	_, path := b.paid("100")
	for _, body := range []string{`{"amount":"30"}`, `{"amount":-1}`, `{"amount":0}`, `{"amount":1.005}`} {
		b.wantError(b.call("POST", path+"/refunds", body, "X-Idempotency-Key", "k1"), 400, "4037")
	}
}

func TestMPMON01_WholeNumbersInChileAndColombia(t *testing.T) {
	for site, place := range map[string][4]string{
		"MLC": {`"Santiago"`, `"RM (Metropolitana)"`, "-33.4", "-70.6"}, "MCO": {`"Chapinero"`, `"Bogotá D.C."`, "4.6", "-74.1"},
	} {
		b := newStand(t)
		b.account(mercadopago.Account{UserID: user, AccessToken: token, Site: site})
		b.want(b.call("POST", "/users/446566691/stores", with(storeBody, "location.city_name", place[0], "location.state_name", place[1],
			"location.latitude", place[2], "location.longitude", place[3])), 201)
		b.want(b.call("POST", "/pos", with(posBody, "category", "")), 201)
		b.wantError(b.call("PUT", legacyPath, legacyBody("pay1", "1500.50")), 400, "invalid_items.unit_price")
		b.want(b.call("PUT", legacyPath, legacyBody("pay1", "1500")), 204)
		p := b.pay()
		a := b.merchant(p.MerchantOrderID)
		b.equal(a, "1500", "total_amount")
		want := map[string]int64{"MLC": 1500, "MCO": 150000}[site]
		if book := b.sim.Books("pay1"); book.Approved != want || book.ApprovedText != "1500" {
			t.Fatal(book)
		}
	}
}
