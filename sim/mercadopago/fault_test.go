package mercadopago_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"posta/sim/fault"
	"posta/sim/mercadopago"
)

func TestMPFLT01_CutBeforeDoesNothing(t *testing.T) {
	b := newStand(t)
	b.till()
	if err := b.sim.Fault().Set(fault.Rule{Operation: "legacy_create", Action: fault.CutBefore, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if a := b.call("PUT", legacyPath, legacyBody("pay1", "10")); a.status != 0 {
		t.Fatal(a)
	}
	b.want(b.call("GET", pendingURL, ""), 404)
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", "10")), 204)
}

func TestMPFLT02_CutAfterHasDoneTheWork(t *testing.T) {
	b := newStand(t)
	b.till()
	if err := b.sim.Fault().Set(fault.Rule{Method: "POST", Path: "/v1/orders", Action: fault.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if a := b.order("k1", orderBody); a.status != 0 {
		t.Fatal(a)
	}
	a := b.want(b.order("k1", orderBody), 201)
	b.equal(b.call("GET", "/v1/orders?external_reference=ord1", ""), "1", "paging", "total")
	b.equal(a, "ord1", "external_reference")
}

func TestMPFLT03_StatusBeforeAndAfterTheWork(t *testing.T) {
	b := newStand(t)
	_, path := b.paid("10")
	if err := b.sim.Fault().Set(fault.Rule{Operation: "refund_create", Nth: 1, Action: fault.Status, Status: 429, RetryAfter: fault.Duration(7 * time.Second)},
		fault.Rule{Operation: "refund_create", Nth: 2, Action: fault.Status, Status: 502, After: true}); err != nil {
		t.Fatal(err)
	}
	a := b.want(b.call("POST", path+"/refunds", "", "X-Idempotency-Key", "k1"), 429)
	if a.header.Get("Retry-After") != "7" || b.sim.Books("pay1").Refunded != 0 {
		t.Fatal(a)
	}
	b.want(b.call("POST", path+"/refunds", "", "X-Idempotency-Key", "k1"), 502)
	if b.sim.Books("pay1").Refunded != 1000 {
		t.Fatal("the work was not done")
	}
	b.want(b.call("POST", path+"/refunds", "", "X-Idempotency-Key", "k1"), 200)
}

func TestMPFLT04_PolicyBlocksAnAccount(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, Blocked: true})
	b.wantError(b.call("GET", "/users/me", ""), 403, "PA_UNAUTHORIZED_RESULT_FROM_POLICIES")
}

func TestMPSIM01_RestartedItAgreesWithItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.db")
	b := newStand(t, func(c *mercadopago.Config) { c.File = path })
	if err := b.sim.SetSwitches(mercadopago.Switches{NoDuplicate: true}); err != nil {
		t.Fatal(err)
	}
	b.hook.answer = func(received) int { return 500 }
	b.panel("payment")
	_, payment := b.paid("10.50")
	b.want(b.call("PUT", legacyPath, legacyBody("pay2", "20")), 204)
	b.want(b.order("k1", with(orderBody, "config.qr.mode", `"dynamic"`)), 201)
	b.want(b.call("POST", payment+"/refunds", `{"amount":1}`, "X-Idempotency-Key", "r1"), 201)
	b.deliver()
	before := b.call("GET", payment, "").raw
	b.server.Close()
	if err := b.sim.Close(); err != nil {
		t.Fatal(err)
	}

	c := newStand(t, func(c *mercadopago.Config) { c.File = path })
	c.panel("payment")
	if after := c.call("GET", payment, "").raw; after != before {
		t.Fatal(after)
	}
	c.equal(c.call("GET", pendingURL, ""), "pay2", "external_reference")
	c.equal(c.want(c.order("k1", with(orderBody, "config.qr.mode", `"dynamic"`)), 201), "ord1", "external_reference")
	c.equal(c.call("GET", "/v1/orders?external_reference=ord1", ""), "1", "paging", "total")
	if a := c.want(c.call("POST", payment+"/refunds", `{"amount":1}`, "X-Idempotency-Key", "r1"), 200); a.raw != "" {
		t.Fatal(a)
	}
	if !c.sim.Switches().NoDuplicate {
		t.Fatal("the switches were forgotten")
	}
	b.hook.answer, _ = nil, b.hook.take()
	c.move(16 * time.Minute)
	if c.deliver() == 0 || len(b.hook.take()) == 0 {
		t.Fatal("the notices were forgotten")
	}
	p, err := c.sim.Pay(mercadopago.PayRequest{ScanRequest: mercadopago.ScanRequest{ExternalPOS: "SUC001POS001"}})
	if err == nil {
		t.Fatal("an expired order was paid", p)
	}
}

func TestMPSIM02_RunSendsAndExpiresByItself(t *testing.T) {
	b := newStand(t)
	b.panel("payment", "order")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	done := make(chan error, 1)
	go func() { done <- b.sim.Run(ctx) }()
	b.till()
	o := id(b.want(b.order("k1", with(orderBody, "config.qr.mode", `"dynamic"`)), 201))
	b.pending2()
	b.pay()
	all := func(n int) func() bool {
		return func() bool {
			delivered := 0
			for _, d := range b.sim.Deliveries() {
				if d.Status == "delivered" {
					delivered++
				}
			}
			return delivered >= n
		}
	}
	if err := b.sim.Await(ctx, all(1)); err != nil {
		t.Fatal(err)
	}
	b.clock.Move(15 * time.Minute)
	if err := b.sim.Await(ctx, all(2)); err != nil {
		t.Fatal(err)
	}
	b.equal(b.call("GET", "/v1/orders/"+o, ""), "expired", "status")
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// pending2 puts a legacy order on the till that is there.
func (b *stand) pending2() {
	b.Helper()
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", "10")), 204)
}

func TestMPSIM03_ControlAPIDrivesIt(t *testing.T) {
	b := newStand(t)
	b.want(b.call("POST", "/sim/api/accounts", `{"user_id":9,"access_token":"APP_USR-nine","site":"MLB"}`), 200)
	b.equal(b.call("GET", "/sim/api/accounts", ""), "9", 0, "user_id")
	b.pending("10.50")
	b.equal(b.call("GET", "/sim/api/pos", ""), "10.50", 0, "amount_text")
	b.want(b.call("POST", "/sim/api/scan", `{"pos":"NOBODY"}`), 404)
	m := b.want(b.call("POST", "/sim/api/scan", `{"pos":"SUC001POS001","user_id":446566691}`), 200)
	b.equal(m, "1050", "amount")
	b.want(b.call("POST", "/sim/api/walk-away", `{"merchant_order_id":`+text(m.object["merchant_order_id"])+`}`), 200)
	p := b.want(b.call("POST", "/sim/api/pay", `{"merchant_order_id":`+text(m.object["merchant_order_id"])+`,"parts":[{"card":{"holder":"CONT"}}]}`), 200)
	b.equal(p, "in_process", "payments", 0, "status")
	b.equal(b.call("GET", "/sim/api/in-process", ""), "CONT", 0, "holder")
	b.want(b.call("POST", "/sim/api/settle", `{"payment_id":`+text(at(p.object, "payments", 0, "id"))+`,"approve":true}`), 200)
	b.want(b.call("POST", "/sim/api/pay", `{"pos":"SUC001POS001"}`), 404)
	b.equal(b.call("GET", "/sim/api/books?external_reference=pay1", ""), "10.50", "approved_text")
	b.equal(b.call("GET", "/sim/api/books", ""), "1050", 0, "approved")

	b.want(b.call("PUT", "/sim/api/faults", `[{"operation":"users_me","action":"status","status":503,"times":1}]`), 200)
	b.want(b.call("GET", "/users/me", ""), 503)
	b.want(b.call("GET", "/users/me", ""), 200)
	b.equal(b.call("GET", "/sim/api/faults", ""), "1", 0, "hit")
	b.want(b.call("POST", "/sim/api/faults", `{"action":"dance"}`), 400)
	b.want(b.call("POST", "/sim/api/faults", `{"id":"mine","action":"drop"}`), 200)
	b.want(b.call("DELETE", "/sim/api/fault/mine", ""), 200)
	b.want(b.call("DELETE", "/sim/api/faults", ""), 200)

	b.want(b.call("PUT", "/sim/api/switches", `{"ts_millis":true}`), 200)
	b.equal(b.call("GET", "/sim/api/switches", ""), "true", "ts_millis")
	b.want(b.call("PUT", "/sim/api/switches", `{"unheard_of":true}`), 400)
	b.want(b.call("POST", "/sim/api/clock", `{"forward":"10m"}`), 200)
	b.equal(b.call("GET", "/sim/api/clock", ""), "2026-11-20T15:10:00Z", "now")
	b.want(b.call("POST", "/sim/api/deliver", ``), 200)
	b.want(b.call("GET", "/sim/api/deliveries?status=pending", ""), 200)
	if a := b.want(b.call("GET", "/sim/api/traffic?after=0", ""), 200); len(a.list) == 0 {
		t.Fatal(a)
	}
}

func TestMPSIM04_WhatWasAnsweredIsInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.db")
	b := newStand(t, func(c *mercadopago.Config) { c.File = path })
	b.till()
	for _, ref := range []string{"pay1", "pay2", "pay3"} {
		b.want(b.call("PUT", legacyPath, legacyBody(ref, "10")), 204)
		p := b.pay()
		b.want(b.call("POST", "/v1/payments/"+text(p.Payments[0].ID)+"/refunds", `{"amount":3}`, "X-Idempotency-Key", ref), 201)
		// What a killed program would leave: the file as it is, never closed.
		after, err := mercadopago.New(mercadopago.Config{Clock: b.clock, File: path})
		if err != nil {
			t.Fatal(err)
		}
		if book := after.Books(ref); book.Approved != 1000 || book.Refunded != 300 {
			t.Fatal(book)
		}
		if err := after.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
