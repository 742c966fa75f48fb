package mercadopago_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posta/sim/fault"
	"posta/sim/mercadopago"
)

func TestMPONL35_ALostAnswerIsFoundAgainByItsKey(t *testing.T) {
	b := newStand(t)
	if err := b.sim.Fault().Add(fault.Rule{ID: "cut", Operation: "payment_create", Action: fault.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	body := b.cardBody("APRO")
	if a := b.call("POST", "/v1/payments", body, "X-Idempotency-Key", "lost"); a.status != 0 {
		t.Fatalf("the answer was not lost: %d", a.status)
	}
	b.equal(b.want(b.call("POST", "/v1/payments", body, "X-Idempotency-Key", "lost"), 201), "approved", "status")
	if book := b.sim.Books("order-1"); book.Attempts != 1 || book.Approved != 10000 {
		t.Fatalf("the books say %+v", book)
	}
}

func TestMPONL36_RestartedItKnowsTheOnlinePayments(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.db")
	b := newStand(t, func(c *mercadopago.Config) { c.File = path })
	b.selling("MLA")
	q := b.integrator(false)
	linked := b.want(b.exchange("grant_type", "authorization_code", "code", b.consent(q, "allow").Get("code"), "redirect_uri", backURL), 200)
	card := b.want(b.charge(b.cardBody("APRO", "metadata", `{"a":{"b":1.5}}`)), 201)
	slip := b.want(b.charge(voucherBody("rapipago", "1500")), 201)
	held := b.want(b.charge(b.cardBody("APRO", "capture", "false")), 201)
	_, contested := b.contested()
	b.want(b.evidence(contested, "receipt.pdf", pdf), 200)
	customer := b.customer("ana@example.com")
	b.want(b.call("POST", customer+"/cards", `{"token":"`+b.token(mercadopago.CardForm{})+`"}`), 201)
	unused := b.cardBody("APRO")
	paths := []string{paymentPath(card), paymentPath(slip), paymentPath(held), "/v1/chargebacks/" + contested, customer, "/v1/payments/search?external_reference=order-1"}
	var before []string
	for _, p := range paths {
		before = append(before, b.want(b.call("GET", p, ""), 200).raw)
	}
	b.server.Close()
	if err := b.sim.Close(); err != nil {
		t.Fatal(err)
	}
	c := newStand(t, func(c *mercadopago.Config) { c.File = path })
	for i, p := range paths {
		if after := c.want(c.call("GET", p, ""), 200).raw; after != before[i] {
			t.Errorf("%s was\n%s\nand is\n%s", p, before[i], after)
		}
	}
	c.want(c.charge(unused), 201)
	c.wantError(c.charge(unused), 400, "3003")
	c.want(c.call("GET", "/users/me", "", "Authorization", "Bearer "+fmt.Sprint(at(linked.object, "access_token"))), 200)
	c.want(c.anonymous("GET", "/v1/payment_methods?public_key="+fmt.Sprint(at(linked.object, "public_key")), ""), 200)
	c.move(8 * 24 * time.Hour)
	c.equal(c.call("GET", paymentPath(slip), ""), "expired", "status_detail")
	c.equal(c.call("GET", paymentPath(held), ""), "cancelled", "status")
}

func TestMPONL37_AnotherSumAndALateApproval(t *testing.T) {
	b := newStand(t)
	if err := b.sim.Fault().Set(fault.Rule{ID: "wrong", Operation: "pay", Action: fault.WrongAmount, Amount: -100, Times: 1}); err != nil {
		t.Fatal(err)
	}
	b.equal(b.want(b.charge(b.cardBody("APRO")), 201), "99", "transaction_amount")
	if err := b.sim.Fault().Set(fault.Rule{ID: "late", Operation: "pay", Action: fault.LateApproval, Delay: fault.Duration(20 * time.Minute), Times: 1}); err != nil {
		t.Fatal(err)
	}
	late := b.want(b.charge(b.cardBody("APRO")), 201)
	b.equal(late, "in_process", "status")
	b.move(20 * time.Minute)
	b.equal(b.call("GET", paymentPath(late), ""), "approved", "status")
	slow := b.want(b.charge(b.cardBody("CONT", "capture", "false")), 201)
	b.equal(slow, "in_process", "status")
	if err := b.sim.Settle(paymentID(slow), true); err != nil {
		t.Fatal(err)
	}
	b.equal(b.call("GET", paymentPath(slow), ""), "pending_capture", "status_detail") // approved, it is held as was asked
}

func TestMPONL38_BuyersPayForInstallments(t *testing.T) {
	b := newStand(t)
	b.selling("MLB")
	document := `{"type":"CPF","number":"19119119100"}`
	a := b.want(b.charge(b.cardBody("APRO", "transaction_amount", "1200", "installments", "2", "payer.identification", document)), 201)
	b.equal(a, "1200", "transaction_amount")
	b.equal(a, "1297.68", "transaction_details", "total_paid_amount")
	b.equal(a, "648.84", "transaction_details", "installment_amount")
	b.equal(a, "payer", "fee_details", 1, "fee_payer")
	b.equal(a, "1140", "transaction_details", "net_received_amount")
	debit := b.cardBody("APRO", "token", `"`+b.token(mercadopago.CardForm{Number: "5067766783888311"})+`"`, "payment_method_id", `"debelo"`, "payer.identification", document, "capture", "false")
	b.wantError(b.charge(debit), 400, "2029")
	b.want(b.charge(with(debit, "capture", "true")), 201)
}

func TestMPONL39_OnlinePagesInEveryLanguage(t *testing.T) {
	b := newStand(t)
	b.selling("MCO")
	slip := b.want(b.charge(voucherBody("efecty", "20000")), 201)
	asked := b.want(b.charge(b.cardBody("APRO", "transaction_amount", "20000", "payer.identification", `{"type":"CC","number":"123456789"}`, "three_d_secure_mode", `"mandatory"`)), 201)
	q := b.integrator(false)
	get := b.browser()
	for _, address := range []string{"/sim/vouchers?", "/sim/chargebacks?", path(b, at(slip.object, "transaction_details", "external_resource_url")) + "&",
		path(b, at(asked.object, "three_ds_info", "external_resource_url")) + "?", "/authorization?" + q.Encode() + "&", "/v2/fields/cardNumber?"} {
		for _, lang := range []string{"es", "pt", "en"} {
			status, body := get(address+"lang="+lang, nil)
			if status != 200 || !strings.Contains(body, `lang="`+lang+`"`) || len(body) > 120<<10 {
				t.Fatal(address, lang, status, len(body))
			}
			for _, bad := range []string{"sim.voucher.", "sim.challenge.", "sim.chargeback.", "sim.oauth.", "sim.field."} {
				if strings.Contains(body, bad) {
					t.Errorf("%s in %s holds %q", address, lang, bad)
				}
			}
		}
	}
}
