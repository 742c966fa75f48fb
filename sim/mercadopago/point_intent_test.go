package mercadopago_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mercadopago/sdk-go/pkg/point"

	"posta/sim/mercadopago"
)

const intentsURL = "/point/integration-api/devices/" + device + "/payment-intents"

const intentBody = `{"amount":1500,"description":"Yerba","payment":{"installments":1,"type":"credit_card","installments_cost":"seller"},"additional_info":{"external_reference":"int1","print_on_terminal":true,"ticket_number":"T1"}}`

func (b *stand) intent() string {
	b.Helper()
	return id(b.want(b.call("POST", intentsURL, intentBody), 200))
}

func (b *stand) intentState(intent, want string) {
	b.Helper()
	b.equal(b.want(b.call("GET", "/point/integration-api/payment-intents/"+intent, ""), 200), want, "state")
	b.equal(b.want(b.call("GET", "/point/integration-api/payment-intents/"+intent+"/events", ""), 200), want, "status")
}

func TestMPINT01_IntentIsMadeTakenAndFinished(t *testing.T) {
	b := newStand(t)
	b.terminal()
	a := b.want(b.call("POST", intentsURL, intentBody), 200)
	b.equal(a, "1500", "amount")
	b.equal(a, "int1", "additional_info", "external_reference")
	b.intentState(id(a), "OPEN")
	if err := b.sim.TakePoint(device); err != nil {
		t.Fatal(err)
	}
	b.intentState(id(a), "ON_TERMINAL")
	b.payPoint(mercadopago.PointPayment{})
	b.intentState(id(a), "FINISHED")
	got := b.call("GET", "/point/integration-api/payment-intents/"+id(a), "")
	p := b.want(b.call("GET", "/v1/payments/"+text(at(got.object, "payment", "id")), ""), 200)
	b.equal(p, "approved", "status")
	b.equal(p, "15", "transaction_amount")
	b.want(b.call("GET", "/v1/orders/"+id(a), ""), 400) // it is no order
	if found := b.want(b.call("GET", "/v1/orders", ""), 200); strings.Contains(found.raw, id(a)) {
		t.Fatal("an intent is listed among the orders")
	}
}

func TestMPINT02_FinishedDoesNotSayApproved(t *testing.T) {
	b := newStand(t)
	b.terminal()
	i := b.intent()
	b.payPoint(mercadopago.PointPayment{Card: mercadopago.Card{Holder: "FUND"}})
	b.intentState(i, "FINISHED")
	got := b.call("GET", "/point/integration-api/payment-intents/"+i, "")
	b.equal(b.want(b.call("GET", "/v1/payments/"+text(at(got.object, "payment", "id")), ""), 200), "rejected", "status")
}

func TestMPINT03_WhatIsWrongIsRefused(t *testing.T) {
	b := newStand(t)
	b.terminal()
	for _, amount := range []string{"499", "400000001", "10.5", `"1500"`, "null"} {
		b.want(b.call("POST", intentsURL, with(intentBody, "amount", amount)), 400)
	}
	b.want(b.call("POST", intentsURL, with(intentBody, "payment.type", `"shells"`)), 400)
	b.want(b.call("POST", strings.Replace(intentsURL, "324", "999", 1), intentBody), 403)
	b.intent()
	b.want(b.call("POST", intentsURL, intentBody), 409)
	b.wantError(b.call("POST", "/v1/orders", pointBody, "X-Idempotency-Key", "k1"), 409, "already_queued_order_for_terminal")
}

func TestMPINT04_CancelWhileItIsOpenOnly(t *testing.T) {
	b := newStand(t)
	b.terminal()
	i := b.intent()
	b.equal(b.want(b.call("DELETE", intentsURL+"/"+i, ""), 200), i, "id")
	b.intentState(i, "CANCELED")
	i = b.intent()
	if err := b.sim.TakePoint(device); err != nil {
		t.Fatal(err)
	}
	b.want(b.call("DELETE", intentsURL+"/"+i, ""), 409)
	b.want(b.call("DELETE", intentsURL+"/nothing", ""), 404)
}

func TestMPINT05_AbandonedUnansweredAndListed(t *testing.T) {
	b := newStand(t)
	b.terminal()
	left := b.intent()
	b.move(16 * time.Minute)
	b.intentState(left, "ABANDONED")
	lost := b.intent()
	if err := b.sim.StallPoint(device); err != nil {
		t.Fatal(err)
	}
	b.intentState(lost, "PROCESSING")
	b.move(time.Minute)
	b.intentState(lost, "CONFIRMATION_REQUIRED")
	list := b.want(b.call("GET", "/point/integration-api/payment-intents/events?startDate=2026-11-20&endDate=2026-11-21", ""), 200)
	if len(list.object["events"].([]any)) != 2 {
		t.Fatal(list.raw)
	}
	b.want(b.call("GET", "/point/integration-api/payment-intents/events?startDate=2026-10-01&endDate=2026-11-21", ""), 400)
}

func TestMPINT06_NoticesHaveAnEnvelopeOfTheirOwn(t *testing.T) {
	b := newStand(t)
	b.terminal()
	b.panel("point_integration_wh")
	i := b.intent()
	b.payPoint(mercadopago.PointPayment{})
	b.deliver()
	n := b.hook.take()[0]
	if !verify(n, secret, false) || text(n.object["id"]) != i || n.object["state"] != "FINISHED" || text(at(n.object, "payment", "state")) != "approved" || text(n.object["amount"]) != "1500" {
		t.Fatal(n.body)
	}
}

func TestMPINT07_DevicesAndTheirMode(t *testing.T) {
	b := newStand(t)
	b.terminal()
	a := b.want(b.call("GET", "/point/integration-api/devices", ""), 200)
	b.equal(a, device, "devices", 0, "id")
	b.equal(a, "1", "paging", "total")
	path := "/point/integration-api/devices/" + device
	b.equal(b.want(b.call("PATCH", path, `{"operating_mode":"STANDALONE"}`), 200), "STANDALONE", "operating_mode")
	b.want(b.call("PATCH", path, `{"operating_mode":"PARTY"}`), 400)
	b.want(b.call("PATCH", path+"X", `{"operating_mode":"PDV"}`), 400)
}

func TestMPSDK11_OfficialSDKDrivesPointIntents(t *testing.T) {
	b := newStand(t)
	b.terminal()
	client, ctx := point.NewClient(b.sdkByName(token)), context.Background()
	devices, err := client.ListDevices(ctx)
	if err != nil || devices.Devices[0].ID != device {
		t.Fatal(devices, err)
	}
	request := point.Request{Amount: 1500, Description: "Yerba", AdditionalInfo: &point.AdditionalInfoRequest{ExternalReference: "int1", PrintOnTerminal: true}, Payment: &point.PaymentRequest{Installments: 1, Type: "credit_card"}}
	made, err := client.Create(ctx, device, request)
	if err != nil || made.Amount != 1500 {
		t.Fatal(made, err)
	}
	if gone, err := client.Cancel(ctx, device, made.ID); err != nil || gone.ID != made.ID {
		t.Fatal(gone, err)
	}
	if made, err = client.Create(ctx, device, request); err != nil {
		t.Fatal(err)
	}
	b.payPoint(mercadopago.PointPayment{})
	if made, err = client.Get(ctx, made.ID); err != nil || made.State != "FINISHED" || made.Payment.ID == 0 {
		t.Fatal(made, err)
	}
	status, err := client.GetPaymentIntentStatus(ctx, made.ID)
	if err != nil || status.Status != "FINISHED" {
		t.Fatal(status, err)
	}
	mode, err := client.UpdateOperatingMode(ctx, device, "STANDALONE")
	if err != nil || mode.OperatingMode != "STANDALONE" {
		t.Fatal(mode, err)
	}
}
