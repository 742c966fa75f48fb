package mercadopago_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"posta/sim/fault"
	"posta/sim/mercadopago"
)

// pending puts a legacy order of this total and returns its reference.
func (b *stand) pending(total string) {
	b.Helper()
	b.till()
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", total)), 204)
}

// merchant reads the merchant order back.
func (b *stand) merchant(id int64) answer {
	b.Helper()
	return b.want(b.call("GET", fmt.Sprintf("/merchant_orders/%d", id), ""), 200)
}

func TestMPMO01_ScanOpensMerchantOrderEachTime(t *testing.T) {
	b := newStand(t)
	b.pending("10")
	b.equal(b.call("GET", "/merchant_orders/search?external_reference=pay1", ""), "0", "total")
	b.scan()
	b.scan()
	a := b.want(b.call("GET", "/merchant_orders/search?external_reference=pay1", ""), 200)
	b.equal(a, "2", "total")
	b.equal(a, "opened", "elements", 0, "status")
	b.equal(a, "payment_required", "elements", 0, "order_status")
}

func TestMPMO02_FullAmountCloses(t *testing.T) {
	b := newStand(t)
	b.pending("1500.5")
	p := b.pay()
	a := b.merchant(p.MerchantOrderID)
	b.equal(a, "closed", "status")
	b.equal(a, "paid", "order_status")
	b.equal(a, "1500.5", "paid_amount")
	b.equal(a, "approved", "payments", 0, "status")
	b.equal(a, "2026-11-20T11:00:00.000-04:00", "date_created")
	b.want(b.call("GET", pendingURL, ""), 404)
	b.wantError(b.call("DELETE", pendingURL, ""), 500, "in_store_order_creation_error")
}

func TestMPMO03_TwoCardsCoverTheTotal(t *testing.T) {
	b := newStand(t)
	b.pending("100")
	m := b.scan()
	first, err := b.sim.Pay(mercadopago.PayRequest{MerchantOrderID: m.MerchantOrderID, Parts: []mercadopago.Part{{Amount: 4000}}})
	if err != nil || first.OrderStatus != "partially_paid" {
		t.Fatal(first, err)
	}
	b.equal(b.merchant(m.MerchantOrderID), "opened", "status")
	second, err := b.sim.Pay(mercadopago.PayRequest{MerchantOrderID: m.MerchantOrderID, Parts: []mercadopago.Part{{Card: mercadopago.Card{Brand: "master", Type: "debit_card"}}}})
	if err != nil || second.Status != "closed" || second.Payments[0].Amount != 6000 {
		t.Fatal(second, err)
	}
	b.equal(b.merchant(m.MerchantOrderID), "100", "paid_amount")
}

func TestMPMO04_RejectedPaymentKeepsItOpen(t *testing.T) {
	b := newStand(t)
	b.pending("100")
	p := b.pay(card("FUND"))
	a := b.merchant(p.MerchantOrderID)
	b.equal(a, "opened", "status")
	b.equal(a, "payment_required", "order_status")
	b.equal(a, "rejected", "payments", 0, "status")
	b.equal(a, "cc_rejected_insufficient_amount", "payments", 0, "status_detail")
	b.want(b.call("GET", pendingURL, ""), 200)
	if p, err := b.sim.Pay(mercadopago.PayRequest{MerchantOrderID: p.MerchantOrderID}); err != nil || p.Status != "closed" {
		t.Fatal(p, err)
	}
}

func TestMPMO05_NeverMoreThanTheTotal(t *testing.T) {
	b := newStand(t)
	b.pending("100")
	m := b.scan()
	_, err := b.sim.Pay(mercadopago.PayRequest{MerchantOrderID: m.MerchantOrderID, Parts: []mercadopago.Part{{Amount: 10001}}})
	if !errors.Is(err, mercadopago.ErrAmount) {
		t.Fatal(err)
	}
}

func TestMPMO06_InProcessIsDecidedLater(t *testing.T) {
	for approve, status := range map[bool]string{true: "paid", false: "payment_required"} {
		b := newStand(t)
		b.pending("100")
		p := b.pay(card("CONT"))
		b.equal(b.merchant(p.MerchantOrderID), "payment_in_process", "order_status")
		if err := b.sim.Settle(p.Payments[0].ID, approve); err != nil {
			t.Fatal(err)
		}
		b.equal(b.merchant(p.MerchantOrderID), status, "order_status")
	}
}

func TestMPMO07_MoneyUnderWayIsNotExpired(t *testing.T) {
	b := newStand(t)
	b.pending("100")
	if err := b.sim.Fault().Set(fault.Rule{Operation: "pay", Action: fault.LateApproval, Delay: fault.Duration(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	p := b.pay()
	b.move(11 * time.Minute)
	b.want(b.call("GET", pendingURL, ""), 404)
	b.equal(b.merchant(p.MerchantOrderID), "payment_in_process", "order_status")
	b.move(50 * time.Minute)
	a := b.merchant(p.MerchantOrderID)
	b.equal(a, "closed", "status")
	b.equal(a, "paid", "order_status")
}

func TestMPMO08_WrongAmountStillCloses(t *testing.T) {
	b := newStand(t)
	b.pending("100")
	if err := b.sim.Fault().Set(fault.Rule{Operation: "pay", Action: fault.WrongAmount, Amount: -100, Times: 1}); err != nil {
		t.Fatal(err)
	}
	p := b.pay()
	a := b.merchant(p.MerchantOrderID)
	b.equal(a, "closed", "status")
	b.equal(a, "99", "paid_amount")
	b.equal(a, "100", "total_amount")
	if got := b.sim.Books("pay1").Approved; got != 9900 {
		t.Fatal(got)
	}
}

func TestMPMO09_GetRefusesWhatIsNotThere(t *testing.T) {
	b := newStand(t)
	b.wantError(b.call("GET", "/merchant_orders/x", ""), 400, "invalid_format")
	b.want(b.call("GET", "/merchant_orders/1", ""), 404)
	b.wantError(b.call("GET", "/merchant_orders/1", "", "Authorization", "Bearer APP_USR-nobody"), 401, "invalid_token")
}

func TestMPMO10_SearchFiltersPagesAndLags(t *testing.T) {
	b := newStand(t)
	b.pending("10")
	for range 3 {
		b.scan()
	}
	a := b.want(b.call("GET", "/merchant_orders/search?external_reference=pay1&limit=2", ""), 200)
	b.equal(a, "3", "total")
	b.equal(a, "2", "next_offset")
	b.equal(b.call("GET", "/merchant_orders/search?external_reference=pay1&status=closed", ""), "0", "total")
	if err := b.sim.SetSwitches(mercadopago.Switches{SearchLagMillis: 5000}); err != nil {
		t.Fatal(err)
	}
	b.equal(b.call("GET", "/merchant_orders/search?external_reference=pay1", ""), "0", "total")
	b.move(5 * time.Second)
	b.equal(b.call("GET", "/merchant_orders/search?external_reference=pay1", ""), "3", "total")
}
