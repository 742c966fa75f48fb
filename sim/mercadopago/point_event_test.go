package mercadopago_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

var virtualBody = with(pointBody, "config.point.terminal_id", `"`+mercadopago.VirtualTerminal+`"`)

// virtual makes test credentials with the virtual terminal.
func (b *stand) virtual() {
	b.Helper()
	b.account(mercadopago.Account{UserID: user, AccessToken: token, Test: true, WebhookSecret: secret, PanelURL: b.hook.URL + "/hooks/c1", PanelTopics: []string{"order"},
		Terminals: []mercadopago.PointTerminal{{ID: mercadopago.VirtualTerminal}}})
}

func (b *stand) event(o, body string) answer {
	b.Helper()
	return b.call("POST", "/v1/orders/"+o+"/events", body)
}

func TestMPPNT23_SimulatedEvents(t *testing.T) {
	b := newStand(t)
	b.virtual()
	for i, tt := range []struct{ body, want string }{
		{`{"status":"processed"}`, "processed/processed processed/accredited"},
		{`{"status":"processed","payment_method_type":"debit_card","payment_method_id":"debmaster","status_detail":"accredited"}`, "processed/processed processed/accredited"},
		{`{"status":"failed","payment_method_id":"amex","status_detail":"amount_limit_exceeded"}`, "failed/failed failed/amount_limit_exceeded"},
		{`{"status":"failed","status_detail":"rejected_other_reason"}`, "failed/failed failed/rejected_other_reason"},
		{`{"status":"canceled"}`, "canceled/canceled canceled/canceled_on_terminal"},
		{`{"status":"expired"}`, "expired/expired expired/expired"},
	} {
		o := id(b.want(b.order(fmt.Sprint("k", i), virtualBody), 201))
		if a := b.want(b.event(o, tt.body), 204); a.raw != "" {
			t.Fatal(a.raw)
		}
		b.stands(o, "at_terminal/at_terminal at_terminal/at_terminal") // first
		b.wantError(b.event(o, tt.body), 400, "bad_request")           // one at a time
		b.move(5 * time.Second)
		b.stands(o, tt.want)
		b.deliver()
		if got := b.hook.take(); len(got) != 1 || !strings.HasSuffix(tt.want, text(at(got[0].object, "data", "status_detail"))) || text(at(got[0].object, "live_mode")) != "false" {
			t.Fatal(got)
		}
	}
	if book := b.sim.Books("pnt1"); book.Approved != 10000 || book.Attempts != 4 {
		t.Fatal(book)
	}
}

func TestMPPNT24_SimulatedRefundAndActionRequired(t *testing.T) {
	b := newStand(t)
	b.virtual()
	o := id(b.want(b.order("k1", virtualBody), 201))
	b.wantError(b.event(o, `{"status":"refunded"}`), 400, "bad_request") // needs processed
	b.want(b.event(o, `{"status":"processed","payment_method_type":"credit_card","installments":6}`), 204)
	b.move(5 * time.Second)
	b.equal(b.get(o), "6", "transactions", "payments", 0, "payment_method", "installments")
	b.want(b.event(o, `{"status":"refunded"}`), 204)
	b.stands(o, "processed/processed processed/accredited")
	b.want(b.order("k1b", virtualBody), 201) // the terminal is free meanwhile
	b.did(b.sim.CancelPoint(mercadopago.VirtualTerminal))
	b.move(5 * time.Second)
	b.stands(o, "refunded/refunded refunded/refunded")
	if book := b.sim.Books("pnt1"); book.Refunded != 5000 {
		t.Fatal(book)
	}
	o = id(b.want(b.order("k2", virtualBody), 201))
	b.want(b.event(o, `{"status":"action_required"}`), 204)
	b.move(39 * time.Second)
	b.stands(o, "at_terminal/at_terminal at_terminal/at_terminal")
	b.move(time.Second)
	b.stands(o, "action_required/action_required action_required/waiting_payment")
}

func TestMPPNT25_EventsThatAreRefused(t *testing.T) {
	b := newStand(t)
	b.virtual()
	o := id(b.want(b.order("k1", virtualBody), 201))
	for _, body := range []string{``, `{"status"`, `{}`, `{"status":"created"}`, `{"status":"processed","status_detail":"high_risk"}`, `{"status":"failed","status_detail":"unheard_of"}`,
		`{"status":"canceled","payment_method_id":"visa"}`, `{"status":"processed","payment_method_id":"naranja"}`, `{"status":"processed","payment_method_id":"visa","payment_method_type":"debit_card"}`,
		`{"status":"processed","installments":0}`, `{"status":"processed","other":1}`} {
		b.wantError(b.event(o, body), 400, "bad_request")
	}
	b.wantError(b.event("ORDTST01K372G4J4FXZ9HGHZMJMGGPKE", `{"status":"processed"}`), 404, "order_not_found")
	b.wantError(b.event("123", `{"status":"processed"}`), 400, "bad_request")
	b.stands(o, "created/created created/<nil>")
	b.till()
	qr := id(b.want(b.order("k2", orderBody), 201))
	b.wantError(b.event(qr, `{"status":"processed"}`), 400, "bad_request")
	b.want(b.cancel(o, "c1"), 200)
	b.wantError(b.event(o, `{"status":"processed"}`), 400, "bad_request")
	b.account(mercadopago.Account{UserID: user, AccessToken: token})
	live := id(b.want(b.order("k3", virtualBody), 201))
	b.wantError(b.event(live, `{"status":"processed"}`), 403, "forbidden")
}
