package mercadopago_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

// contested charges a card and opens a chargeback on it.
func (b *stand) contested(change ...func(*mercadopago.ChargebackRequest)) (answer, string) {
	b.Helper()
	a := b.want(b.charge(b.cardBody("APRO")), 201)
	r := mercadopago.ChargebackRequest{PaymentID: paymentID(a)}
	for _, f := range change {
		f(&r)
	}
	id, err := b.sim.OpenChargeback(r)
	if err != nil {
		b.Fatal(err)
	}
	return a, id
}

// evidence sends files: pairs of a name and its bytes.
func (b *stand) evidence(id string, files ...string) answer {
	b.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i+1 < len(files); i += 2 {
		w, err := form.CreateFormFile("files[]", files[i])
		if err != nil {
			b.Fatal(err)
		}
		_, _ = w.Write([]byte(files[i+1]))
	}
	_ = form.Close()
	return b.call("POST", "/v1/chargebacks/"+id+"/documentation", body.String(), "Content-Type", form.FormDataContentType())
}

const pdf = "%PDF-1.4 receipt"

func TestMPONL50_AChargebackTakesTheMoney(t *testing.T) {
	b := newStand(t)
	a, id := b.contested()
	p := b.call("GET", paymentPath(a), "")
	b.equal(p, "charged_back", "status")
	b.equal(p, "in_process", "status_detail")
	k := b.want(b.call("GET", "/v1/chargebacks/"+id, ""), 200)
	b.equal(k, "in_review", "status")
	b.equal(k, "100", "amount")
	b.equal(k, fmt.Sprint(paymentID(a)), "payments", 0)
	b.equal(k, fmt.Sprint(paymentID(a)), "payment_id")
	b.equal(k, "pending", "documentation_status")
	b.equal(k, "<nil>", "coverage_applied")
	b.equal(k, "2026-11-30T11:00:00.000-04:00", "date_documentation_deadline")
	b.equal(b.want(b.call("GET", "/v1/chargebacks/search?payment_id="+fmt.Sprint(paymentID(a)), ""), 200), id, "results", 0, "id")
	b.equal(b.want(b.call("GET", "/v1/chargebacks/search?payment_id=1", ""), 200), "0", "paging", "total")
	b.wantError(b.call("GET", "/v1/chargebacks/1", ""), 404, "not_found")
	b.wantError(b.call("POST", paymentPath(a)+"/refunds", "", once()...), 400, "2063")
	if book := b.sim.Books("order-1"); book.ChargedBack != 10000 {
		t.Fatalf("the books say %+v", book)
	}
	w := b.sim.Switches()
	w.ChargebackNewShape = true
	if err := b.sim.SetSwitches(w); err != nil {
		t.Fatal(err)
	}
	if k := b.want(b.call("GET", "/v1/chargebacks/"+id, ""), 200); k.object["documentation_status"] != nil || k.object["payment_id"] == nil {
		t.Fatalf("not the newer shape: %s", k.raw)
	}
}

func TestMPONL51_EvidenceHasItsLimits(t *testing.T) {
	b := newStand(t)
	_, id := b.contested()
	b.wantError(b.evidence(id), 400, "bad_request")
	b.wantError(b.evidence(id, "notes.txt", "hello"), 400, "bad_request")
	b.wantError(b.evidence(id, "fake.pdf", "hello"), 400, "bad_request")
	b.wantError(b.evidence(id, "big.pdf", pdf+strings.Repeat("x", 10<<20)), 400, "bad_request")
	b.wantError(b.call("POST", "/v1/chargebacks/"+id+"/documentation", `{}`), 400, "bad_request")
	a := b.want(b.evidence(id, "receipt.pdf", pdf, "photo.png", "\x89PNG\r\n\x1a\n"), 200)
	b.equal(a, "review_pending", "documentation_status")
	b.equal(a, "receipt.pdf", "documentation", 0, "description")
	b.equal(a, "image/png", "documentation", 1, "type")
	if file := b.want(b.call("GET", "/v1/chargebacks/"+id+"/documentation/0", ""), 200); file.raw != pdf || file.header.Get("Content-Type") != "application/pdf" {
		t.Fatalf("got %q back", file.raw)
	}
	b.wantError(b.evidence(id, "big.pdf", pdf+strings.Repeat("x", 10<<20-30)), 400, "bad_request") // ten megabytes in all
	_, never := b.contested(func(r *mercadopago.ChargebackRequest) { r.NotEligible = true })
	b.wantError(b.evidence(never, "receipt.pdf", pdf), 400, "bad_request")
	b.wantError(b.evidence("1", "receipt.pdf", pdf), 404, "not_found")
}

func TestMPONL52_HowItEnds(t *testing.T) {
	for _, tt := range []struct {
		send, won      bool
		detail, papers string
	}{{true, true, "reimbursed", "valid"}, {true, false, "settled", "invalid"}, {false, false, "settled", "not_supplied"}} {
		b := newStand(t)
		a, id := b.contested()
		if tt.send {
			b.want(b.evidence(id, "receipt.pdf", pdf), 200)
		}
		b.want(b.call("POST", "/sim/api/chargeback/decide", fmt.Sprintf(`{"id":%q,"won":%t}`, id, tt.won)), 200)
		k := b.call("GET", "/v1/chargebacks/"+id, "")
		b.equal(k, tt.detail, "status")
		b.equal(k, tt.papers, "documentation_status")
		b.equal(k, fmt.Sprint(tt.won), "coverage_applied")
		p := b.call("GET", paymentPath(a), "")
		b.equal(p, "charged_back", "status")
		b.equal(p, tt.detail, "status_detail")
		b.want(b.call("POST", "/sim/api/chargeback/decide", fmt.Sprintf(`{"id":%q,"won":true}`, id)), 409)
		b.wantError(b.evidence(id, "receipt.pdf", pdf), 400, "bad_request")
	}
}

func TestMPONL53_TenDaysForEvidence(t *testing.T) {
	b := newStand(t)
	a, id := b.contested()
	_, other := b.contested()
	b.want(b.evidence(other, "receipt.pdf", pdf), 200)
	b.move(10*24*time.Hour - time.Second)
	b.equal(b.call("GET", "/v1/chargebacks/"+id, ""), "in_review", "status")
	b.move(time.Second)
	b.equal(b.call("GET", "/v1/chargebacks/"+id, ""), "not_supplied", "documentation_status")
	b.equal(b.call("GET", paymentPath(a), ""), "settled", "status_detail")
	b.wantError(b.evidence(id, "receipt.pdf", pdf), 400, "bad_request")
	b.equal(b.call("GET", "/v1/chargebacks/"+other, ""), "in_review", "status") // the bank takes its time
}

func TestMPONL54_ChargebacksAreTold(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, PanelURL: b.hook.URL + "/panel", PanelTopics: []string{"topic_chargebacks_wh"}})
	a, id := b.contested()
	b.deliver()
	if err := b.sim.DecideChargeback(id, true); err != nil {
		t.Fatal(err)
	}
	b.deliver()
	got := b.hook.take()
	if len(got) != 2 {
		t.Fatalf("%d notices", len(got))
	}
	for _, n := range got {
		if n.query != "data.id="+id+"&type=topic_chargebacks_wh" || fmt.Sprint(at(n.object, "data", "payment_id")) != fmt.Sprint(paymentID(a)) || n.header.Get("X-Signature") == "" {
			t.Fatalf("%s %s", n.query, n.body)
		}
	}
}

func TestMPONL55_ABuyerComplains(t *testing.T) {
	b := newStand(t)
	for _, refund := range []bool{true, false} {
		a := b.want(b.charge(b.cardBody("APRO")), 201)
		b.want(b.call("POST", "/sim/api/dispute", fmt.Sprintf(`{"payment_id":%d}`, paymentID(a))), 200)
		b.equal(b.call("GET", paymentPath(a), ""), "in_mediation", "status")
		b.want(b.call("POST", "/sim/api/dispute/close", fmt.Sprintf(`{"payment_id":%d,"refund":%t}`, paymentID(a), refund)), 200)
		b.equal(b.call("GET", paymentPath(a), ""), map[bool]string{true: "refunded", false: "approved"}[refund], "status")
		b.want(b.call("POST", "/sim/api/dispute/close", fmt.Sprintf(`{"payment_id":%d}`, paymentID(a))), 409)
	}
}

func TestMPONL56_ThePanelOfChargebacks(t *testing.T) {
	b := newStand(t)
	a := b.want(b.charge(b.cardBody("APRO")), 201)
	number := fmt.Sprint(paymentID(a))
	for _, lang := range []string{"es", "pt", "en"} {
		if status, body := b.page("/sim/chargebacks?lang="+lang, nil); status != 200 || !strings.Contains(body, number) || strings.Contains(body, "sim.chargeback.") {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, _ := b.page("/sim/chargebacks/open", url.Values{"payment": {number}}); status != 200 {
		t.Fatalf("opened: %d", status)
	}
	list := b.sim.Chargebacks()
	if status, body := b.page("/sim/chargebacks/decide", url.Values{"id": {list[0].ID}, "won": {"on"}}); status != 200 || !strings.Contains(body, list[0].ID) {
		t.Fatalf("decided: %d", status)
	}
	b.equal(b.call("GET", paymentPath(a), ""), "reimbursed", "status_detail")
	if status, _ := b.page("/sim/chargebacks/open", url.Values{"payment": {number}}); status != 409 {
		t.Fatalf("opened twice: %d", status)
	}
}
