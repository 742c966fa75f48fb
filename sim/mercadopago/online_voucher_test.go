package mercadopago_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

// voucherBody is a payment by a method without card.
func voucherBody(method, amount string, pairs ...string) string {
	return with(`{"transaction_amount":`+amount+`,"payment_method_id":"`+method+`","external_reference":"v-1","payer":{"email":"comprador@example.com"}}`, pairs...)
}

const brazilPayer = `{"email":"comprador@example.com","first_name":"Ana","last_name":"Souza","identification":{"type":"CPF","number":"19119119100"},
	"address":{"zip_code":"01310-100","street_name":"Av. Paulista","street_number":"1000","neighborhood":"Bela Vista","city":"São Paulo","federal_unit":"SP"}}`

func TestMPONL10_Pix(t *testing.T) {
	b := newStand(t)
	b.selling("MLB")
	a := b.want(b.charge(voucherBody("pix", "12.5")), 201)
	b.equal(a, "pending", "status")
	b.equal(a, "pending_waiting_transfer", "status_detail")
	b.equal(a, "bank_transfer", "payment_type_id")
	code := fmt.Sprint(at(a.object, "point_of_interaction", "transaction_data", "qr_code"))
	if !regexp.MustCompile(`^000201.*br\.gov\.bcb\.pix.*540512\.50.*6304[0-9A-F]{4}$`).MatchString(code) {
		t.Fatalf("not a Pix code: %s", code)
	}
	if !strings.HasPrefix(fmt.Sprint(at(a.object, "point_of_interaction", "transaction_data", "qr_code_base64")), "iVBOR") {
		t.Fatal("no picture")
	}
	if err := b.sim.PayVoucher(paymentID(a)); err != nil {
		t.Fatal(err)
	}
	b.equal(b.call("GET", paymentPath(a), ""), "approved", "status")
	b.selling("MLB", func(a *mercadopago.Account) { a.NoPixKey = true })
	b.wantError(b.charge(voucherBody("pix", "12.5")), 400, "13253")
}

func TestMPONL11_BoletoAndLotteryNeedTheWholePayer(t *testing.T) {
	b := newStand(t)
	b.selling("MLB")
	for _, method := range []string{"bolbradesco", "pec"} {
		b.wantError(b.charge(voucherBody(method, "50")), 400, "1")
		b.wantError(b.charge(voucherBody(method, "50", "payer", with(brazilPayer, "identification", ""))), 400, "2067")
		b.wantError(b.charge(voucherBody(method, "50", "payer", with(brazilPayer, "address.zip_code", ""))), 400, "1")
		a := b.want(b.charge(voucherBody(method, "50", "payer", brazilPayer)), 201)
		b.equal(a, "pending_waiting_payment", "status_detail")
		b.equal(a, "ticket", "payment_type_id")
		if at(a.object, "transaction_details", "payment_method_reference_id") == nil || at(a.object, "transaction_details", "external_resource_url") == nil {
			t.Fatalf("nothing to pay by in %s", a.raw)
		}
		if code := fmt.Sprint(at(a.object, "barcode", "content")); method == "bolbradesco" && !regexp.MustCompile(`^2379\d{40}$`).MatchString(code) {
			t.Fatalf("a boleto has 44 digits: %s", code)
		}
	}
	b.wantError(b.charge(voucherBody("pec", "2000.01", "payer", brazilPayer)), 400, "4037")
	b.wantError(b.charge(voucherBody("bolbradesco", "3.99", "payer", brazilPayer)), 400, "4037")
}

func TestMPONL12_CashAndBankCounters(t *testing.T) {
	for _, tt := range []struct{ site, method, kind, amount, over string }{
		{"MLA", "rapipago", "ticket", "1500", "250001"}, {"MLA", "pagofacil", "ticket", "1500", "250001"}, {"MLM", "oxxo", "ticket", "200", "10001"}, {"MLM", "paycash", "ticket", "200", "19"},
		{"MLM", "banamex", "atm", "200", "40001"}, {"MLM", "clabe", "bank_transfer", "200", "4"}, {"MCO", "efecty", "ticket", "20000", "4000001"}, {"MLU", "abitab", "ticket", "200", "150001"},
		{"MPE", "pagoefectivo_atm", "atm", "20", "0.5"},
	} {
		b := newStand(t)
		b.selling(tt.site)
		a := b.want(b.charge(voucherBody(tt.method, tt.amount)), 201)
		b.equal(a, "pending", "status")
		b.equal(a, tt.kind, "payment_type_id")
		b.wantError(b.charge(voucherBody(tt.method, tt.over)), 400, "4037")
		b.wantError(b.charge(voucherBody("servipag", "200")), 400, "3028") // withdrawn, and of another site
	}
}

func TestMPONL13_PSE(t *testing.T) {
	b := newStand(t)
	b.selling("MCO")
	body := voucherBody("pse", "20000", "payer", `{"email":"comprador@example.com","entity_type":"individual","identification":{"type":"CC","number":"123456789"}}`,
		"transaction_details", `{"financial_institution":"1007"}`, "additional_info", `{"ip_address":"127.0.0.1"}`, "callback_url", `"https://shop.example/back"`)
	for _, missing := range []string{"payer.entity_type", "transaction_details", "additional_info", "callback_url"} {
		b.wantError(b.charge(with(body, missing, "")), 400, "1")
	}
	b.wantError(b.charge(with(body, "transaction_details.financial_institution", `"1"`)), 400, "1")
	a := b.want(b.charge(body), 201)
	b.equal(a, "pending_waiting_transfer", "status_detail")
	b.equal(a, "1007", "transaction_details", "financial_institution")
	if at(a.object, "transaction_details", "bank_transfer_id") == nil || at(a.object, "transaction_details", "external_resource_url") == nil {
		t.Fatalf("no bank to go to in %s", a.raw)
	}
	if err := b.sim.RefuseTransfer(paymentID(a)); err != nil {
		t.Fatal(err)
	}
	b.equal(b.call("GET", paymentPath(a), ""), "rejected_by_bank", "status_detail")
	address := path(b, at(a.object, "transaction_details", "external_resource_url"))
	if _, body := b.page(address, nil); !strings.Contains(body, `href="https://shop.example/back"`) || !strings.Contains(body, "Bancolombia") {
		t.Fatal("the bank's page does not lead back to the shop")
	}
}

func TestMPONL14_AVoucherRunsOutAndLateMoneyGoesBack(t *testing.T) {
	b := newStand(t)
	a := b.want(b.charge(voucherBody("rapipago", "1500")), 201)
	b.equal(a, "2026-11-23T11:00:00.000-04:00", "date_of_expiration")
	b.move(3*24*time.Hour - time.Second)
	b.equal(b.call("GET", paymentPath(a), ""), "pending", "status")
	b.move(time.Second)
	b.equal(b.call("GET", paymentPath(a), ""), "cancelled", "status")
	b.equal(b.call("GET", paymentPath(a), ""), "expired", "status_detail")
	if err := b.sim.PayVoucher(paymentID(a)); !errors.Is(err, mercadopago.ErrReturned) {
		t.Fatalf("got %v", err)
	}
	b.equal(b.call("GET", paymentPath(a), ""), "cancelled", "status")
	if book := b.sim.Books("v-1"); book.Approved != 0 || book.Returned != 150000 {
		t.Fatalf("the books say %+v", book)
	}
}

func TestMPONL15_WhenAVoucherMayEnd(t *testing.T) {
	b := newStand(t)
	at := func(d time.Duration) string { return `"` + start.Add(d).Format("2006-01-02T15:04:05.000-07:00") + `"` }
	b.wantError(b.charge(voucherBody("rapipago", "1500", "date_of_expiration", at(23*time.Hour))), 400, "23")
	b.wantError(b.charge(voucherBody("rapipago", "1500", "date_of_expiration", at(31*24*time.Hour))), 400, "23")
	a := b.want(b.charge(voucherBody("rapipago", "1500", "date_of_expiration", at(48*time.Hour))), 201)
	b.equal(a, "2026-11-22T11:00:00.000-04:00", "date_of_expiration")
	moved := b.want(b.call("PUT", paymentPath(a), `{"date_of_expiration":`+at(96*time.Hour)+`}`), 200)
	b.equal(moved, "2026-11-24T11:00:00.000-04:00", "date_of_expiration")
	b.want(b.call("PUT", paymentPath(a), `{"status":"cancelled"}`), 200)
	b.wantError(b.call("PUT", paymentPath(a), `{"date_of_expiration":`+at(96*time.Hour)+`}`), 400, "2063")
	b.selling("MLB")
	b.wantError(b.charge(voucherBody("pix", "5", "date_of_expiration", at(29*time.Minute))), 400, "23")
	b.want(b.charge(voucherBody("pix", "5", "date_of_expiration", at(31*time.Minute))), 201)
}

func TestMPONL16_MoneyOfAnAccount(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: 77, AccessToken: "buyer", Email: "comprador@example.com"})
	b.wantError(b.charge(voucherBody("account_money", "10", "payer.email", `"otra@example.com"`)), 400, "2002")
	a := b.want(b.charge(voucherBody("account_money", "10")), 201)
	b.equal(a, "approved", "status")
	b.equal(a, "77", "payer", "id")
	b.equal(a, "account_money", "payment_type_id")
	b.account(mercadopago.Account{UserID: 77, AccessToken: "buyer", Email: "comprador@example.com", NoMoney: true})
	b.equal(b.want(b.charge(voucherBody("account_money", "10")), 201), "insufficient_amount", "status_detail")
	b.account(mercadopago.Account{UserID: 77, AccessToken: "buyer", Email: "comprador@example.com", Site: "MLB"})
	b.wantError(b.charge(voucherBody("account_money", "10")), 400, "2034") // of another country
}

func TestMPONL17_RefundsOfOnlinePayments(t *testing.T) {
	b := newStand(t)
	a := b.want(b.charge(b.cardBody("APRO")), 201)
	refund := func(body string) answer { return b.call("POST", paymentPath(a)+"/refunds", body, once()...) }
	b.wantError(refund(`{"amount":101}`), 400, "2017")
	for range 20 {
		b.want(refund(`{"amount":1}`), 201)
	}
	b.wantError(refund(`{"amount":1}`), 400, "2022")
	b.equal(b.call("GET", paymentPath(a), ""), "partially_refunded", "status_detail")
	b.selling("MLA", func(a *mercadopago.Account) { a.NoMoney = true })
	b.wantError(refund(""), 400, "2030")
	b.selling("MLA")
	b.equal(b.want(refund(""), 201), "80", "amount")
	b.equal(b.call("GET", paymentPath(a), ""), "refunded", "status")
	b.equal(b.call("GET", paymentPath(a), ""), "100", "transaction_amount_refunded")
	b.wantError(refund(""), 400, "2063")
	w := b.sim.Switches()
	w.RefundTooOld15016, w.PeruWholeRefunds = true, true
	if err := b.sim.SetSwitches(w); err != nil {
		t.Fatal(err)
	}
	old := b.want(b.charge(b.cardBody("APRO")), 201)
	b.move(181 * 24 * time.Hour)
	b.wantError(b.call("POST", paymentPath(old)+"/refunds", "", once()...), 400, "15016")
	b.selling("MPE")
	a = b.want(b.charge(b.cardBody("APRO", "payer.identification.number", `"12345678"`)), 201)
	b.wantError(refund(`{"amount":1}`), 400, "3024")
	b.want(refund(""), 201)
}

func TestMPONL18_OnlinePaymentsAreFound(t *testing.T) {
	b := newStand(t)
	b.want(b.charge(b.cardBody("FUND")), 201)
	b.move(time.Hour)
	b.want(b.charge(b.cardBody("APRO")), 201)
	a := b.want(b.call("GET", "/v1/payments/search?external_reference=order-1&sort=date_created&criteria=asc", ""), 200)
	b.equal(a, "2", "paging", "total")
	b.equal(a, "rejected", "results", 0, "status")
	b.equal(b.want(b.call("GET", "/v1/payments/search?external_reference=order-1&status=approved", ""), 200), "1", "paging", "total")
	payer := fmt.Sprint(at(a.object, "results", 0, "payer", "id"))
	b.equal(b.want(b.call("GET", "/v1/payments/search?payer.id="+payer, ""), 200), "2", "paging", "total")
	b.equal(b.want(b.call("GET", "/v1/payments/search?payer.id=5", ""), 200), "0", "paging", "total")
	if _, number := at(a.object, "results", 0, "id").(json.Number); !number {
		t.Error("an id is a number")
	}
	b.want(b.call("PUT", "/sim/api/switches", `{"search_ids_text":true}`), 200)
	if _, asText := at(b.call("GET", "/v1/payments/search?external_reference=order-1", "").object, "results", 0, "id").(string); !asText {
		t.Error("by switch it is text")
	}
	b.equal(b.want(b.call("GET", "/v1/payments/search?range=date_created&begin_date=NOW-30MINUTES&end_date=NOW", ""), 200), "1", "paging", "total")
}

func TestMPONL19_NoticesOfOnlinePayments(t *testing.T) {
	b := newStand(t)
	b.charge(b.cardBody("APRO", "notification_url", `"`+b.hook.URL+`/hook"`))
	b.deliver()
	got := b.hook.take()
	if len(got) != 2 { // without source_news both forms go out
		t.Fatalf("%d notices", len(got))
	}
	b.account(mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, PanelURL: b.hook.URL + "/panel"})
	a := b.charge(voucherBody("rapipago", "1500", "notification_url", `"`+b.hook.URL+`/hook?source_news=webhooks"`))
	if err := b.sim.PayVoucher(paymentID(a)); err != nil {
		t.Fatal(err)
	}
	b.charge(voucherBody("rapipago", "1500"))
	b.deliver()
	var actions []string
	for _, n := range b.hook.take() {
		actions = append(actions, fmt.Sprint(n.object["action"]))
		if n.header.Get("X-Signature") == "" || !strings.Contains(n.query, "type=payment") {
			t.Errorf("an unsigned or odd notice: %v %v", n.query, n.header)
		}
	}
	if strings.Join(actions, " ") != "payment.created payment.updated payment.created" {
		t.Fatalf("got %v", actions)
	}
}

func TestMPONL34_TheControlAPIPlaysBuyerAndBank(t *testing.T) {
	b := newStand(t)
	control := func(path, body string) answer { return b.call("POST", "/sim/api/"+path, body) }
	a := b.want(b.charge(voucherBody("rapipago", "1500")), 201)
	b.equal(b.want(b.call("GET", "/sim/api/vouchers", ""), 200), fmt.Sprint(paymentID(a)), 0, "payment_id")
	b.equal(b.want(control("voucher/pay", fmt.Sprintf(`{"payment_id":%d}`, paymentID(a))), 200), "false", "returned")
	b.equal(b.want(control("voucher/pay", fmt.Sprintf(`{"payment_id":%d}`, paymentID(a))), 200), "true", "returned")
	b.want(control("voucher/refuse", fmt.Sprintf(`{"payment_id":%d}`, paymentID(a))), 409)
	b.want(control("voucher/pay", `{"payment_id":1}`), 404)
	asked := b.want(b.charge(b.cardBody("APRO", "three_d_secure_mode", `"mandatory"`)), 201)
	b.want(control("challenge", fmt.Sprintf(`{"payment_id":%d,"passed":true}`, paymentID(asked))), 200)
	b.want(control("challenge", fmt.Sprintf(`{"payment_id":%d,"passed":true}`, paymentID(asked))), 409)
	token := fmt.Sprint(at(b.want(control("token", `{"user_id":446566691,"card":{"holder":"FUND"}}`), 200).object, "token"))
	b.equal(b.want(b.charge(b.cardBody("APRO", "token", `"`+token+`"`)), 201), "cc_rejected_insufficient_amount", "status_detail")
}
