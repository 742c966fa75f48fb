package mercadopago_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/sim/fault"
	"posta/sim/mercadopago"
)

const (
	device    = "NEWLAND_N950__N950NCB801293324"
	pointBody = `{"type":"point","external_reference":"pnt1","description":"Smartphone","config":{"point":{"terminal_id":"` + device + `","print_on_terminal":"no_ticket","ticket_number":"S0392JED"},
	"payment_method":{"default_type":"credit_card"}},"transactions":{"payments":[{"amount":"50.00"}]},"integration_data":{"platform_id":"dev_1234567890"}}`
)

// terminal makes the usual till and a device that is signed in to it.
func (b *stand) terminal() {
	b.Helper()
	b.till()
	b.add(mercadopago.PointTerminal{UserID: user, ID: device, ExternalPOS: "SUC001POS001"})
}

func (b *stand) add(p mercadopago.PointTerminal) {
	b.Helper()
	if err := b.sim.AddTerminal(p); err != nil {
		b.Fatal(err)
	}
}

func (b *stand) did(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// point makes terminal and order, and gives the order's id.
func (b *stand) point() string {
	b.Helper()
	b.terminal()
	return id(b.want(b.order("k1", pointBody), 201))
}

func (b *stand) payPoint(p mercadopago.PointPayment) { b.Helper(); b.did(b.sim.PayPoint(device, p)) }

func (b *stand) get(o string) answer {
	b.Helper()
	return b.want(b.call("GET", "/v1/orders/"+o, ""), 200)
}

// stands checks status, detail and the payment's status and detail.
func (b *stand) stands(o, want string) {
	b.Helper()
	a := b.get(o)
	if got := fmt.Sprintf("%v/%v %v/%v", a.object["status"], a.object["status_detail"], at(a.object, "transactions", "payments", 0, "status"),
		at(a.object, "transactions", "payments", 0, "status_detail")); got != want {
		b.Fatalf("the order stands at %s, want %s", got, want)
	}
}

func (b *stand) cancel(o, key string, header ...string) answer {
	b.Helper()
	return b.call("POST", "/v1/orders/"+o+"/cancel", "", append([]string{"X-Idempotency-Key", key}, header...)...)
}

func TestMPPNT01_CreateAnswers201WithBody(t *testing.T) {
	b := newStand(t)
	b.terminal()
	a := b.want(b.order("k1", pointBody), 201)
	for _, w := range [][]any{{"point", "type"}, {"created", "status"}, {"created", "status_detail"}, {"446566691", "user_id"}, {"automatic", "processing_mode"}, {"ARS", "currency"},
		{"ARG", "country_code"}, {"PT15M", "expiration_time"}, {device, "config", "point", "terminal_id"}, {"no_ticket", "config", "point", "print_on_terminal"},
		{"S0392JED", "config", "point", "ticket_number"}, {"credit_card", "config", "payment_method", "default_type"}, {"50.00", "transactions", "payments", 0, "amount"},
		{"created", "transactions", "payments", 0, "status"}, {"<nil>", "total_amount"}, {"<nil>", "config", "qr"}, {"dev_1234567890", "integration_data", "platform_id"}} {
		b.equal(a, w[0].(string), w[1:]...)
	}
	b.equal(b.get(id(a)), "pnt1", "external_reference")
	orders, err := b.sim.PointOrders(device)
	if err != nil || len(orders) != 1 || orders[0].Amount != 5000 || orders[0].Status != "created" || orders[0].ExternalReference != "pnt1" {
		t.Fatal(orders, err)
	}
	b.move(15 * time.Minute)
	a = b.want(b.order("k2", with(pointBody, "config.payment_method", "", "config.point.print_on_terminal", "", "expiration_time", `"PT3H"`)), 201)
	b.equal(a, "seller_ticket", "config", "point", "print_on_terminal")
	b.equal(a, "PT3H", "expiration_time")
}

func TestMPPNT02_RefusesWhatIsWrong(t *testing.T) {
	b := newStand(t)
	b.terminal()
	for _, tt := range []struct{ path, value, code string }{
		{"external_reference", ``, "required_properties"},
		{"external_reference", `"no spaces"`, "property_value"},
		{"total_amount", `"50.00"`, "unsupported_properties"},
		{"notification_url", `"https://hub.example/x"`, "unsupported_properties"},
		{"config.qr", `{}`, "unsupported_properties"},
		{"config", ``, "required_properties"},
		{"config", `{}`, "minimum_properties"},
		{"config.point", `{}`, "minimum_properties"},
		{"config.point.terminal_id", ``, "required_properties"},
		{"config.point.terminal_id", `7`, "property_type"},
		{"config.point.print_on_terminal", `"both"`, "property_value"},
		{"config.payment_method.default_type", `"voucher_card"`, "property_value"},
		{"transactions", `{}`, "minimum_properties"},
		{"transactions.payments", `[]`, "minimum_items"},
		{"transactions.payments", `[{"amount":"1.00"},{"amount":"1.00"}]`, "maximum_items"},
		{"transactions.payments.amount", `50`, "property_type"},
		{"transactions.payments.amount", `"50.001"`, "property_value"},
		{"transactions.payments.amount", `"0"`, "property_value"},
		{"expiration_time", `"PT29S"`, "property_value"},
		{"expiration_time", `"PT3H1S"`, "property_value"},
		{"description", `"` + strings.Repeat("x", 151) + `"`, "property_value"},
	} {
		b.wantError(b.order("k1", with(pointBody, tt.path, tt.value)), 400, tt.code)
	}
	b.wantError(b.order("k1", pointBody[:40]), 400, "json_syntax_error")
	a := b.want(b.order("k1", with(pointBody, "transactions.payments.amount", `"10.5"`)), 201) // a refused request leaves its key free
	b.equal(a, "10.50", "transactions", "payments", 0, "amount")
}

func TestMPPNT03_OneOpenOrderPerTerminal(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.wantError(b.order("k2", pointBody), 409, "already_queued_order_for_terminal")
	b.did(b.sim.TakePoint(device))
	b.wantError(b.order("k2", pointBody), 409, "already_queued_order_for_terminal")
	b.add(mercadopago.PointTerminal{UserID: user, ID: "PAX_A910__SMARTPOS1234345545"})
	b.want(b.order("k2", with(pointBody, "config.point.terminal_id", `"PAX_A910__SMARTPOS1234345545"`)), 201)
	b.payPoint(mercadopago.PointPayment{})
	b.stands(o, "processed/processed processed/accredited")
	b.want(b.order("k3", pointBody), 201)
}

func TestMPPNT04_TheTerminalMustBeTheAccounts(t *testing.T) {
	b := newStand(t)
	b.terminal()
	b.account(mercadopago.Account{UserID: 7, AccessToken: "APP_USR-other", Terminals: []mercadopago.PointTerminal{{ID: mercadopago.VirtualTerminal}}})
	for _, terminal := range []string{"NEWLAND_N950__NOBODY", mercadopago.VirtualTerminal} {
		b.wantError(b.order("k1", with(pointBody, "config.point.terminal_id", `"`+terminal+`"`)), 403, "forbidden_checking_terminal_owner")
	}
	b.account(mercadopago.Account{UserID: user, AccessToken: token, Test: true})
	b.wantError(b.order("k1", pointBody), 403, "forbidden_checking_terminal_owner") // test credentials reach the virtual terminal only
	b.did(b.sim.SetSwitches(mercadopago.Switches{TestAnyTerminal: true}))
	b.want(b.order("k1", pointBody), 201)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, Site: "MLU"})
	b.wantError(b.order("k2", pointBody), 400, "unsupported_site")
}

func TestMPPNT05_KeyIsRequiredAndOnce(t *testing.T) {
	b := newStand(t)
	b.terminal()
	b.wantError(b.call("POST", "/v1/orders", pointBody), 400, "empty_required_header")
	first := b.want(b.order("k1", pointBody), 201)
	if again := b.want(b.order("k1", pointBody), 201); id(first) != id(again) {
		t.Fatal(first.raw, again.raw)
	}
	b.wantError(b.order("k1", with(pointBody, "external_reference", `"other"`)), 409, "idempotency_key_already_used")
}

func TestMPPNT06_ExpiresWaitingAndOnTheTerminal(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.move(15*time.Minute - time.Second)
	b.stands(o, "created/created created/<nil>")
	b.did(b.sim.TakePoint(device))
	b.stands(o, "at_terminal/at_terminal at_terminal/at_terminal")
	b.move(time.Second)
	b.stands(o, "expired/expired expired/expired")
	if err := b.sim.PayPoint(device, mercadopago.PointPayment{}); !errors.Is(err, mercadopago.ErrNothing) {
		t.Fatal(err)
	}
	o = id(b.want(b.order("k2", with(pointBody, "expiration_time", `"PT30S"`)), 201))
	b.move(30 * time.Second)
	b.stands(o, "expired/expired expired/expired")
}

func TestMPPNT07_ApprovedOnTheTerminal(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.payPoint(mercadopago.PointPayment{Card: mercadopago.Card{Brand: "master", Installments: 6}})
	b.stands(o, "processed/processed processed/accredited")
	a := b.get(o)
	for _, w := range [][]any{{"50.00", "paid_amount"}, {"master", "payment_method", "id"}, {"credit_card", "payment_method", "type"}, {"6", "payment_method", "installments"},
		{"503175", "card", "first_digits"}, {"0604", "card", "last_digits"}, {"<nil>", "tip_amount"}, {"<nil>", "provider"}} {
		b.equal(a, w[0].(string), append([]any{"transactions", "payments", 0}, w[1:]...)...)
	}
	reference := text(at(a.object, "transactions", "payments", 0, "reference_id"))
	b.equal(b.want(b.call("GET", "/v1/payments/"+reference, ""), 200), "pnt1", "external_reference")
	if book := b.sim.Books("pnt1"); book.Approved != 5000 || len(book.Payments) != 1 {
		t.Fatal(book)
	}
	o = id(b.want(b.order("k2", with(pointBody, "config.payment_method.default_type", `"debit_card"`)), 201))
	b.payPoint(mercadopago.PointPayment{})
	b.equal(b.get(o), "debvisa", "transactions", "payments", 0, "payment_method", "id")
}

func TestMPPNT08_TipIsPaidOnTop(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.payPoint(mercadopago.PointPayment{Tip: 750})
	a := b.get(o)
	b.equal(a, "50.00", "transactions", "payments", 0, "amount")
	b.equal(a, "57.50", "transactions", "payments", 0, "paid_amount")
	b.equal(a, "7.50", "transactions", "payments", 0, "tip_amount")
	if book := b.sim.Books("pnt1"); book.Approved != 5750 {
		t.Fatal(book)
	}
}

func TestMPPNT09_QROnTheTerminal(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.payPoint(mercadopago.PointPayment{Card: mercadopago.Card{Brand: "account_money"}, Provider: "mercadopago"})
	a := b.get(o)
	b.equal(a, "mercadopago", "transactions", "payments", 0, "provider")
	b.equal(a, "account_money", "transactions", "payments", 0, "payment_method", "type")
	b.equal(a, "<nil>", "transactions", "payments", 0, "card")
	o = id(b.want(b.order("k2", pointBody), 201))
	b.payPoint(mercadopago.PointPayment{Provider: "external"})
	b.equal(b.get(o), "external", "transactions", "payments", 0, "provider")
	b.want(b.order("k3", pointBody), 201)
	if b.sim.PayPoint(device, mercadopago.PointPayment{Card: mercadopago.Card{Brand: "account_money"}}) == nil ||
		b.sim.PayPoint(device, mercadopago.PointPayment{Provider: "nobody"}) == nil {
		t.Fatal("account money without a QR, a wallet that there is not")
	}
}

func TestMPPNT10_DeclineFailsTheOrder(t *testing.T) {
	b := newStand(t)
	b.terminal()
	for i, tt := range []struct{ holder, detail string }{{"FUND", "insufficient_amount"}, {"CALL", "required_call_for_authorize"}, {"SECU", "bad_filled_card_data"},
		{"OTHE", "rejected_by_issuer"}, {"INST", "invalid_installments"}, {"LOCK", "card_disabled"}, {"ATTE", "max_attempts_exceeded"}, {"BLAC", "high_risk"}, {"DUPL", "processing_error"}} {
		o := id(b.want(b.order(fmt.Sprint("k", i), pointBody), 201))
		b.payPoint(mercadopago.PointPayment{Card: mercadopago.Card{Holder: tt.holder}})
		b.stands(o, "failed/failed failed/"+tt.detail)
	}
	if book := b.sim.Books("pnt1"); book.Approved != 0 || book.Attempts != 9 {
		t.Fatal(book)
	}
}

func TestMPPNT11_CancelBeforeTheTerminalTookIt(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.wantError(b.call("POST", "/v1/orders/"+o+"/cancel", ""), 400, "empty_required_header")
	a := b.want(b.cancel(o, "c1"), 200)
	b.equal(a, "canceled", "status")
	b.equal(a, "canceled_by_api", "transactions", "payments", 0, "status_detail")
	b.want(b.cancel(o, "c1"), 200)
	b.wantError(b.cancel(o, "c2"), 409, "order_already_canceled")
	b.want(b.order("k2", pointBody), 201)
}

func TestMPPNT12_CancelAtTheTerminalNeedsHeaderAndFirmware(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.did(b.sim.TakePoint(device))
	b.wantError(b.cancel(o, "c1"), 409, "cannot_cancel_order")
	b.wantError(b.cancel(o, "c1", "x-allow-cancelable-status", "created"), 409, "cannot_cancel_order")
	b.add(mercadopago.PointTerminal{UserID: user, ID: device, OldFirmware: true})
	b.wantError(b.cancel(o, "c1", "x-allow-cancelable-status", "at_terminal"), 409, "cannot_cancel_order")
	b.stands(o, "at_terminal/at_terminal at_terminal/at_terminal")
	b.payPoint(mercadopago.PointPayment{})
	b.wantError(b.cancel(o, "c1", "x-allow-cancelable-status", "at_terminal"), 409, "cannot_cancel_order")
}

func TestMPPNT13_TheTerminalDecidesACancelation(t *testing.T) {
	b := newStand(t)
	b.panel("order")
	b.terminal()
	ask := func(key string) string {
		o := id(b.want(b.order("k"+key, pointBody), 201))
		b.did(b.sim.TakePoint(device))
		a := b.want(b.cancel(o, key, "x-allow-cancelable-status", "at_terminal"), 202)
		b.equal(a, "at_terminal", "status")
		b.stands(o, "at_terminal/at_terminal at_terminal/cancellation_requested")
		return o
	}
	o := ask("c1")
	b.deliver()
	if got := b.hook.take(); len(got) != 0 {
		t.Fatal("told before the terminal confirmed", got)
	}
	b.want(b.cancel(o, "c1", "x-allow-cancelable-status", "at_terminal"), 202)
	b.move(3 * time.Second)
	b.stands(o, "canceled/canceled canceled/canceled_by_api")
	b.deliver()
	if got := b.hook.take(); len(got) != 1 || text(got[0].object["action"]) != "order.canceled" {
		t.Fatal(got)
	}
	o = ask("c2")
	b.payPoint(mercadopago.PointPayment{}) // the buyer was faster
	b.stands(o, "processed/processed processed/accredited")
	o = ask("c3")
	b.did(b.sim.SetPointPower(device, false)) // nobody there to confirm
	b.move(3 * time.Second)
	b.stands(o, "at_terminal/at_terminal at_terminal/cancellation_requested")
	b.move(15 * time.Minute)
	b.stands(o, "expired/expired expired/expired")
}

func TestMPPNT14_CanceledOnTheTerminal(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.did(b.sim.CancelPoint(device))
	b.stands(o, "canceled/canceled canceled/canceled_on_terminal")
	if book := b.sim.Books("pnt1"); book.Attempts != 0 {
		t.Fatal(book)
	}
}

func TestMPPNT15_ActionRequiredAfter40SecondsAndForGood(t *testing.T) {
	b := newStand(t)
	b.terminal()
	stalled := func(key string) (string, int64) {
		o := id(b.want(b.order(key, with(pointBody, "external_reference", `"`+key+`"`)), 201))
		b.payPoint(mercadopago.PointPayment{Card: mercadopago.Card{Holder: "CONT"}})
		if err := b.sim.PayPoint(device, mercadopago.PointPayment{}); !errors.Is(err, mercadopago.ErrBusy) {
			t.Fatal(err)
		}
		b.move(40*time.Second - time.Millisecond)
		b.stands(o, "at_terminal/at_terminal at_terminal/at_terminal")
		a := b.call("GET", "/v1/payments/search?external_reference="+key, "")
		n := int64(0)
		_, _ = fmt.Sscan(text(at(a.object, "results", 0, "id")), &n)
		return o, n
	}
	o, n := stalled("k1")
	b.did(b.sim.Settle(n, true))
	b.stands(o, "processed/processed processed/accredited") // in time
	o, n = stalled("k2")
	b.move(time.Millisecond)
	b.stands(o, "action_required/action_required action_required/waiting_payment")
	b.want(b.order("k2b", pointBody), 201) // the terminal is free
	b.did(b.sim.Settle(n, true))
	b.stands(o, "action_required/action_required action_required/waiting_payment")
	if book := b.sim.Books("k2"); book.Approved != 5000 {
		t.Fatal(book)
	}
	b.did(b.sim.CancelPoint(device))
	b.did(b.sim.SetSwitches(mercadopago.Switches{ActionRequiredMoves: true}))
	o, n = stalled("k3")
	b.move(time.Second)
	b.did(b.sim.Settle(n, true))
	b.stands(o, "processed/processed processed/accredited")
}

func TestMPPNT16_StalledWithOrWithoutTheMoney(t *testing.T) {
	b := newStand(t)
	b.terminal()
	for _, pay := range [][]mercadopago.PointPayment{nil, {{}}} {
		key := fmt.Sprint("pnt", len(pay))
		o := id(b.want(b.order(key, with(pointBody, "external_reference", `"`+key+`"`)), 201))
		b.did(b.sim.StallPoint(device, pay...))
		b.wantError(b.cancel(o, "c"+key), 409, "cannot_cancel_order")
		b.move(40 * time.Second)
		b.stands(o, "action_required/action_required action_required/check_on_terminal")
		b.equal(b.get(o), "<nil>", "transactions", "payments", 0, "paid_amount")
		if book := b.sim.Books(key); book.Approved != int64(len(pay))*5000 {
			t.Fatal(book)
		}
		found := b.call("GET", "/v1/payments/search?external_reference="+key, "")
		b.equal(found, fmt.Sprint(len(pay)), "paging", "total")
		if len(pay) > 0 { // given back there, and the order does not learn of that either
			b.want(b.call("POST", "/v1/payments/"+text(at(found.object, "results", 0, "id"))+"/refunds", "", "X-Idempotency-Key", "r"), 201)
			b.stands(o, "action_required/action_required action_required/check_on_terminal")
			if book := b.sim.Books(key); book.Refunded != 5000 {
				t.Fatal(book)
			}
		}
	}
}

func TestMPPNT17_RefundWholeAndInParts(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.payPoint(mercadopago.PointPayment{})
	payment := text(at(b.get(o).object, "transactions", "payments", 0, "id"))
	refund := func(key, body string) answer {
		return b.call("POST", "/v1/orders/"+o+"/refund", body, "X-Idempotency-Key", key)
	}
	a := b.want(refund("r1", `{"transactions":[{"id":"`+payment+`","amount":"24.90"}]}`), 201)
	b.equal(a, "partially_refunded", "status_detail")
	b.equal(a, payment, "transactions", "refunds", 0, "transaction_id")
	b.stands(o, "processed/partially_refunded processed/accredited")
	b.wantError(refund("r2", `{"transactions":[{"id":"`+payment+`","amount":"25.11"}]}`), 400, "refund_amount_exceeds")
	b.wantError(refund("r2", `{"transactions":[{"id":"PAY01K372G4J4FXZ9HGHZMKWSQS20","amount":"1.00"}]}`), 404, "transaction_not_found")
	b.want(refund("r2", ""), 201)
	b.stands(o, "refunded/refunded refunded/refunded")
	b.equal(b.get(o), "50.00", "transactions", "payments", 0, "refunded_amount")
	b.wantError(refund("r3", ""), 409, "order_already_refunded")
	if book := b.sim.Books("pnt1"); book.Refunded != 5000 {
		t.Fatal(book)
	}
}

func TestMPPNT18_RefundsThatAreRefused(t *testing.T) {
	b := newStand(t)
	b.terminal()
	refund := func(o, key, amount string) answer {
		body := ""
		if amount != "" {
			body = `{"transactions":[{"id":"` + text(at(b.call("GET", "/v1/orders/"+o, "").object, "transactions", "payments", 0, "id")) + `","amount":"` + amount + `"}]}`
		}
		return b.call("POST", "/v1/orders/"+o+"/refund", body, "X-Idempotency-Key", key)
	}
	o := id(b.want(b.order("k1", pointBody), 201))
	b.wantError(refund(o, "r1", ""), 409, "action_not_allowed_for_current_state")
	b.payPoint(mercadopago.PointPayment{Card: mercadopago.Card{Holder: "FUND"}})
	b.wantError(refund(o, "r1", ""), 409, "cannot_refund_order")

	o = id(b.want(b.order("k2", pointBody), 201))
	b.payPoint(mercadopago.PointPayment{Tip: 500})
	b.wantError(refund(o, "r2", "50.00"), 403, "partial_refund_forbidden_with_tips")
	b.want(refund(o, "r2", "55.00"), 201)

	o = id(b.want(b.order("k3", pointBody), 201))
	b.payPoint(mercadopago.PointPayment{})
	b.did(b.sim.SetSwitches(mercadopago.Switches{AsyncRefund: true}))
	b.want(refund(o, "r3", "10.00"), 201)
	b.wantError(refund(o, "r4", "10.00"), 409, "refund_in_progress")
	b.move(90 * 24 * time.Hour)
	b.want(refund(o, "r4", "10.00"), 201)
	b.move(time.Minute)
	b.wantError(refund(o, "r5", ""), 409, "refund_period_exceeded")
}

func TestMPPNT19_MexicoRefundsQRWholeAndTestsFromFive(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, Site: "MLM", Test: true, Terminals: []mercadopago.PointTerminal{{ID: mercadopago.VirtualTerminal}}})
	body := with(pointBody, "config.point.terminal_id", `"`+mercadopago.VirtualTerminal+`"`)
	b.wantError(b.order("k1", with(body, "transactions.payments.amount", `"4.99"`)), 400, "property_value")
	o := id(b.want(b.order("k1", body), 201))
	b.did(b.sim.PayPoint(mercadopago.VirtualTerminal, mercadopago.PointPayment{Provider: "external"}))
	payment := text(at(b.get(o).object, "transactions", "payments", 0, "id"))
	b.wantError(b.call("POST", "/v1/orders/"+o+"/refund", `{"transactions":[{"id":"`+payment+`","amount":"1.00"}]}`, "X-Idempotency-Key", "r1"), 400, "unsupported_partially_refunds")
	b.want(b.call("POST", "/v1/orders/"+o+"/refund", "", "X-Idempotency-Key", "r1"), 201)
}

func TestMPPNT20_Notices(t *testing.T) {
	b := newStand(t)
	b.panel("order")
	o := b.point()
	b.did(b.sim.TakePoint(device))
	b.payPoint(mercadopago.PointPayment{Tip: 500})
	b.want(b.call("POST", "/v1/orders/"+o+"/refund", "", "X-Idempotency-Key", "r"), 201)
	b.want(b.order("k2", pointBody), 201)
	b.payPoint(mercadopago.PointPayment{Card: mercadopago.Card{Holder: "FUND"}})
	b.want(b.order("k3", pointBody), 201)
	b.did(b.sim.CancelPoint(device))
	b.want(b.order("k4", pointBody), 201)
	b.did(b.sim.StallPoint(device, mercadopago.PointPayment{}))
	b.move(40 * time.Second)
	b.want(b.order("k5", pointBody), 201)
	b.move(15 * time.Minute)
	b.deliver()
	var actions []string
	got := b.hook.take()
	for _, n := range got {
		actions = append(actions, text(n.object["action"]))
		if !verify(n, secret, false) || !strings.HasSuffix(n.query, "&type=order") || text(at(n.object, "data", "type")) != "point" {
			t.Fatal(n)
		}
	}
	if s := strings.Join(actions, " "); s != "order.processed order.refunded order.failed order.canceled order.action_required order.expired" { // none says at_terminal
		t.Fatal(s)
	}
	for i, want := range []string{"accredited", "refunded", "insufficient_amount", "canceled_on_terminal", "check_on_terminal", "expired"} {
		if d := text(at(got[i].object, "data", "status_detail")); d != want {
			t.Fatal(i, d)
		}
	}
	if text(at(got[0].object, "data", "total_paid_amount")) != "55.00" || text(at(got[2].object, "data", "transactions", "payments", 0, "status")) != "failed" ||
		at(got[3].object, "data", "transactions") != nil || at(got[4].object, "data", "transactions") != nil {
		t.Fatal(got)
	}
}

func TestMPPNT21_ATerminalThatIsOffWaits(t *testing.T) {
	b := newStand(t)
	o := b.point()
	b.did(b.sim.SetPointPower(device, false))
	if err := b.sim.TakePoint(device); !errors.Is(err, mercadopago.ErrPower) {
		t.Fatal(err)
	}
	b.stands(o, "created/created created/<nil>")
	b.did(b.sim.SetPointPower(device, true))
	b.payPoint(mercadopago.PointPayment{})
	b.stands(o, "processed/processed processed/accredited")
}

func TestMPPNT22_RestartedItAgreesWithItself(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mp.db")
	b := newStand(t, func(c *mercadopago.Config) { c.File = file })
	o := b.point()
	b.did(b.sim.StallPoint(device, mercadopago.PointPayment{Tip: 100}))
	b.did(b.sim.Close())
	again, err := mercadopago.New(mercadopago.Config{Clock: b.clock, File: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	b.clock.Move(40 * time.Second)
	b.did(again.Expire(b.clock.Now()))
	orders, err := again.PointOrders(device)
	if err != nil || len(orders) != 1 || orders[0].ID != o || orders[0].Status != "action_required" || again.Books("pnt1").Approved != 5100 {
		t.Fatal(orders, err, again.Books("pnt1"))
	}
}

func TestMPPNT33_FaultsBefallTerminals(t *testing.T) {
	b := newStand(t)
	b.terminal()
	for i, tt := range []struct {
		rule fault.Rule
		want string
		paid int64
	}{
		{fault.Rule{Action: fault.WrongAmount, Amount: -100}, "processed/processed processed/accredited", 4900},
		{fault.Rule{Action: fault.LateApproval, Delay: fault.Duration(39 * time.Second)}, "processed/processed processed/accredited", 5000},
		{fault.Rule{Action: fault.LateApproval, Delay: fault.Duration(41 * time.Second)}, "action_required/action_required action_required/waiting_payment", 5000},
	} {
		key := fmt.Sprint("late", i)
		tt.rule.Operation = "pay"
		b.did(b.sim.Fault().Set(tt.rule))
		o := id(b.want(b.order(key, with(pointBody, "external_reference", `"`+key+`"`)), 201))
		b.payPoint(mercadopago.PointPayment{})
		for range 60 {
			b.move(time.Second)
		}
		b.stands(o, tt.want)
		if book := b.sim.Books(key); book.Approved != tt.paid || book.InProcess != 0 {
			t.Fatal(book)
		}
	}
}

func TestMPPNT34_RunDoesItInTimeByItself(t *testing.T) {
	clock := posta.NewMovableClock()
	b := newStand(t, func(c *mercadopago.Config) { c.Clock = clock })
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	o := b.point()
	b.did(b.sim.StallPoint(device))
	clock.Move(40*time.Second - 300*time.Millisecond)
	done := make(chan error, 1)
	go func() { done <- b.sim.Run(ctx) }()
	b.did(b.sim.Await(ctx, func() bool {
		orders, err := b.sim.PointOrders(device)
		return err == nil && orders[0].ID == o && orders[0].Status == "action_required"
	}))
	cancel()
	b.did(<-done)
}
