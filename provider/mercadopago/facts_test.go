package mercadopago_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	sim "posta/sim/mercadopago"
)

// routes answers by path; what is not in it is not found.
type routes map[string]string

func (r routes) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, ok := r[q.Method+" "+q.URL.Path]
	if !ok {
		says(404, `{"message":"not found","error":"not_found","status":404,"cause":[]}`)(w, q)
		return
	}
	says(200, body)(w, q)
}

func fetch(t *testing.T, cfg provider.Config, r routes, topic, resource string) []provider.Observation {
	t.Helper()
	connector, _ := answering(t, cfg, r.ServeHTTP)
	seen, err := connector.Fetch(t.Context(), provider.Notice{Topic: topic, Resource: resource})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// Each status of a payment that a closed merchant order can hold, to the state
// that it proves: docs/providers/mercadopago.md §7, §10.
func TestPaymentStatuses(t *testing.T) {
	for name, tc := range map[string]struct {
		order, status, detail string
		refunds               string
		state                 payment.State
	}{
		"approved":          {"closed", "approved", "accredited", "", payment.Paid},
		"refunded":          {"closed", "refunded", "refunded", `[{"id":5,"payment_id":7,"amount":1500,"status":"approved","date_created":"2026-01-02T10:00:00.000-04:00"}]`, payment.Refunded},
		"part refunded":     {"closed", "approved", "partially_refunded", `[{"id":5,"payment_id":7,"amount":"500.00","status":"approved"},{"id":6,"payment_id":7,"amount":9,"status":"rejected"}]`, payment.PartiallyRefunded},
		"refund in process": {"closed", "approved", "accredited", `[{"id":5,"payment_id":7,"amount":1500,"status":"in_process"}]`, payment.Paid},
		"disputed":          {"closed", "in_mediation", "pending", "", payment.Disputed},
		"charged back":      {"closed", "charged_back", "settled", "", payment.ChargedBack},
		"won back":          {"closed", "charged_back", "reimbursed", "", payment.Paid},
		"authorized":        {"opened", "authorized", "pending_capture", "", payment.Created},
		"in process":        {"opened", "in_process", "pending_contingency", "", payment.Created},
		"rejected":          {"opened", "rejected", "cc_rejected_high_risk", "", payment.Created},
		"cancelled":         {"expired", "cancelled", "expired", "", payment.Created},
		// Approved is not enough: the provider must say that all is paid.
		"approved, not closed": {"opened", "approved", "accredited", "", payment.Created},
		"a new word":           {"opened", "teleported", "", "", payment.Created},
	} {
		t.Run(name, func(t *testing.T) {
			common := `"id":7,"status":"` + tc.status + `","status_detail":"` + tc.detail + `","transaction_amount":1500,"currency_id":"ARS","date_created":"2026-01-01T10:00:00.000-04:00",`
			r := routes{
				"GET /merchant_orders/99": `{"id":99,"status":"` + tc.order + `","external_reference":"pay_1","total_amount":1500.0,"site_id":"MLA","last_updated":"2026-01-01T10:00:01.000-04:00","payments":[{` + common + `"last_modified":"2026-01-01T10:00:00.000-04:00"}]}`,
				"GET /v1/payments/7":      `{` + common + `"transaction_amount_refunded":0,"external_reference":"pay_1","operation_type":"pos_payment","order":{"id":"99","type":"mercadopago"},"external_pos_id":"til1","refunds":[]}`,
			}
			if tc.refunds != "" {
				r["GET /v1/payments/7"] = strings.Replace(r["GET /v1/payments/7"], `"transaction_amount_refunded":0`, `"transaction_amount_refunded":500.00`, 1)
				r["GET /v1/payments/7/refunds"] = tc.refunds
			}
			for topic, resource := range map[string]string{"merchant_order": "99", "payment": "7"} {
				seen := fetch(t, nil, r, topic, resource)
				if len(seen) != 1 || seen[0].ExternalReference != "pay_1" {
					t.Fatalf("%+v", seen)
				}
				if got := payment.Compute(150_000, seen[0].Facts); got.State != tc.state {
					t.Errorf("%s: %s, want %s of %+v", topic, got.State, tc.state, seen[0].Facts)
				}
				if topic == "payment" && tc.order == "closed" && seen[0].Till != "til1" {
					t.Errorf("till %q", seen[0].Till)
				}
			}
		})
	}
}

// Payments that tell of no charge of ours.
func TestPaymentsThatAreNone(t *testing.T) {
	const order = `,"order":{"id":99,"type":"mercadopago"}}`
	for name, tc := range map[string]struct {
		flow, body string
	}{
		"no reference":       {"legacy", `{"id":7,"status":"approved","transaction_amount":1,"currency_id":"ARS"` + order},
		"card validation":    {"legacy", `{"id":7,"status":"approved","external_reference":"pay_1","operation_type":"card_validation","transaction_amount":0,"currency_id":"ARS"` + order},
		"no merchant order":  {"legacy", `{"id":7,"status":"approved","external_reference":"pay_1","transaction_amount":1,"currency_id":"ARS","order":{}}`},
		"of an order we own": {"orders", `{"id":7,"status":"approved","external_reference":"pay_1","transaction_amount":1,"currency_id":"ARS"` + order},
	} {
		if seen := fetch(t, provider.Config{"flow": tc.flow}, routes{"GET /v1/payments/7": tc.body}, "payment", "7"); len(seen) > 0 {
			t.Errorf("%s: %+v", name, seen)
		}
	}
}

// A payment whose merchant order cannot be read now is worth a second try, and
// one that its merchant order does not list yet is told all the same.
func TestPaymentBesideItsMerchantOrder(t *testing.T) {
	const body = `{"id":7,"status":"approved","external_reference":"pay_1","transaction_amount":1500,"currency_id":"ARS","order":{"id":99,"type":"mercadopago"},"pos_id":"til1"}`
	connector, _ := answering(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/payments/7" {
			says(200, body)(w, r)
			return
		}
		says(503, "")(w, r)
	})
	if _, err := connector.Fetch(t.Context(), provider.Notice{Topic: "payment", Resource: "7"}); !posta.Temporary(err) {
		t.Errorf("%v, want a second try", err)
	}
	seen := fetch(t, nil, routes{"GET /v1/payments/7": body,
		"GET /merchant_orders/99": `{"id":99,"status":"opened","external_reference":"pay_1","total_amount":1500,"site_id":"MLA","payments":[]}`}, "payment", "7")
	if len(seen) != 1 || len(seen[0].Facts) != 2 || seen[0].Facts[1].Parent != "99" {
		t.Errorf("%+v", seen)
	}
	seen = fetch(t, nil, routes{"GET /v1/payments/7": body}, "payment", "7")
	if len(seen) != 1 || len(seen[0].Facts) != 1 || seen[0].Till != "til1" {
		t.Errorf("%+v", seen)
	}
}

// Each status of an order to the state that it proves, docs/providers/mercadopago.md §4.3, §5.5.
func TestOrderStatuses(t *testing.T) {
	paid := `"transactions":{"payments":[{"id":"PAY1","amount":"1500.00","paid_amount":"1500.00","status":"processed","status_detail":"accredited","reference_id":"7","payment_method":{"id":"debvisa","type":"debit_card","installments":1},"card":{"last_digits":"1234"}}]}`
	for name, tc := range map[string]struct {
		status, rest string
		state        payment.State
		attention    payment.Attention
		captured     int64
	}{
		"created":            {"created", `"transactions":{"payments":[{"id":"PAY1","amount":"1500.00","status":"created"}]}`, payment.Pending, "", 0},
		"at terminal":        {"at_terminal", `"transactions":{"payments":[{"id":"PAY1","amount":"1500.00","status":"at_terminal"}]}`, payment.Pending, "", 0},
		"processed":          {"processed", paid, payment.Paid, "", 150_000},
		"action required":    {"action_required", `"transactions":{}`, payment.Pending, payment.AttentionReview, 0},
		"failed":             {"failed", `"transactions":{"payments":[{"id":"PAY1","amount":"1500.00","status":"failed","status_detail":"rejected_by_issuer"}]}`, payment.Rejected, "", 0},
		"canceled":           {"canceled", `"transactions":{"payments":[{"id":"PAY1","amount":"1500.00","status":"canceled","status_detail":"canceled_by_api"}]}`, payment.Canceled, "", 0},
		"expired":            {"expired", `"transactions":{"payments":[{"id":"PAY1","amount":"1500.00","status":"expired"}]}`, payment.Expired, "", 0},
		"a new word":         {"teleported", `"transactions":{}`, payment.Pending, payment.AttentionReview, 0},
		"refunded":           {"refunded", strings.Replace(paid, `]}`, `],"refunds":[{"id":"REF1","transaction_id":"PAY1","amount":"1500.00","status":"processed"}]}`, 1), payment.Refunded, "", 150_000},
		"part refunded":      {"processed", strings.Replace(paid, `]}`, `],"refunds":[{"id":"REF1","transaction_id":"PAY1","amount":"24.90","status":"processed"}]}`, 1), payment.PartiallyRefunded, "", 150_000},
		"no amounts":         {"processed", `"transactions":{"payments":[{"id":"PAY1","amount":"1500.00","status":"processed"}]}`, payment.Created, "", 0},
		"tip":                {"processed", strings.Replace(paid, `"paid_amount":"1500.00"`, `"paid_amount":"1650.00","tip_amount":"150.00"`, 1), payment.Paid, "", 165_000},
		"more, unexplained":  {"processed", strings.Replace(paid, `"paid_amount":"1500.00"`, `"paid_amount":"1650.00"`, 1), payment.Paid, payment.AttentionOverpaid, 165_000},
		"discount":           {"processed", strings.Replace(paid, `"paid_amount":"1500.00"`, `"paid_amount":"1400.00","discounts":{"type":"account_money"}`, 1) + `,"discounts":{"payment_methods":[{"type":"debit_card","new_total_amount":"1.00"},{"type":"account_money","new_total_amount":"1400.00"}]}`, payment.Paid, "", 140_000},
		"discount, not used": {"processed", strings.Replace(paid, `"paid_amount":"1500.00"`, `"paid_amount":"1400.00"`, 1) + `,"discounts":{"payment_methods":[{"type":"account_money","new_total_amount":"1400.00"}]}`, payment.Pending, payment.AttentionShortfall, 140_000},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"id":"ORD1","type":"qr","external_reference":"pay_1","total_amount":"1500.00","status":"` + tc.status + `","status_detail":"x","currency":"ARS",` +
				`"created_date":"2025-08-21T19:43:10.13Z","last_updated_date":"2025-08-07T18:54:40.851374414Z","config":{"qr":{"external_pos_id":"til1","mode":"hybrid"}},"type_response":{"qr_data":"000201"},` + tc.rest + `}`
			seen := fetch(t, provider.Config{"flow": "orders"}, routes{"GET /v1/orders/ORD1": body}, "order", "ORD1")
			if len(seen) == 0 {
				t.Fatal("nothing told")
			}
			got := payment.Compute(150_000, seen[0].Facts)
			if got.State != tc.state || got.Attention != tc.attention || got.Captured != tc.captured {
				t.Errorf("%+v, want %s %s %d of %+v", got, tc.state, tc.attention, tc.captured, seen[0].Facts)
			}
			if seen[0].Till != "til1" || seen[0].Order != "ORD1" || seen[0].Display != "000201" {
				t.Errorf("%+v", seen[0])
			}
			for _, f := range seen[0].Facts {
				if f.At != time.Date(2025, 8, 7, 18, 54, 40, 851374000, time.UTC) {
					t.Errorf("at %s", f.At)
				}
			}
		})
	}
}

// A search that lags behind is helped by the payments' own.
func TestSearchThatLags(t *testing.T) {
	charge := someCharge("ARS", 150_000)
	reference := string(charge.Payment)
	connector, _ := answering(t, nil, routes{
		"GET /merchant_orders/search": `{"elements":null,"next_offset":0,"total":0}`,
		"GET /v1/payments/search":     `{"paging":{},"results":[{"id":"7","external_reference":"` + reference + `","order":{"id":"99","type":"mercadopago"}},{"id":8,"external_reference":"another"},{"id":9,"external_reference":"` + reference + `"}]}`,
		"GET /merchant_orders/99":     `{"id":99,"status":"closed","external_reference":"` + reference + `","total_amount":1500,"site_id":"MLA","payments":[{"id":7,"status":"approved","transaction_amount":1500,"currency_id":"ARS"}]}`,
	}.ServeHTTP)
	seen, err := connector.Get(t.Context(), charge)
	if err != nil {
		t.Fatal(err)
	}
	if got := payment.Compute(150_000, seen.Facts); got.State != payment.Paid {
		t.Errorf("%+v of %+v", got, seen.Facts)
	}
}

// A merchant order is known by its reference, never by the search's word.
func TestSearchThatAnswersTooMuch(t *testing.T) {
	connector, _ := answering(t, nil, routes{
		"GET /merchant_orders/search": `{"elements":[{"id":99,"status":"closed","external_reference":"pay_other","total_amount":1500,"site_id":"MLA"},{"id":98,"status":"closed","total_amount":1500,"site_id":"MLA"}]}`,
	}.ServeHTTP)
	seen, _ := connector.Get(t.Context(), someCharge("ARS", 150_000))
	if len(seen.Facts) > 0 {
		t.Errorf("%+v", seen)
	}
}

// A refund repeated with its key may be answered with nothing; the list of
// refunds then tells, and only what fits counts.
func TestRefundAnsweredWithNothing(t *testing.T) {
	charge := someCharge("ARS", 150_000)
	r := provider.Refund{Attempt: "7", Amount: posta.Money{Amount: 50_000, Currency: "ARS"}, Key: "k"}
	connector, _ := answering(t, nil, routes{"POST /v1/payments/7/refunds": "",
		"GET /v1/payments/7/refunds": `[{"id":1,"payment_id":7,"amount":10,"status":"approved"},{"id":2,"payment_id":7,"amount":500,"status":"approved"}]`}.ServeHTTP)
	seen, err := connector.Refund(t.Context(), charge, r)
	if err != nil || len(seen.Facts) != 1 || seen.Facts[0].ID != "2" {
		t.Errorf("%+v, %v", seen, err)
	}
	connector, _ = answering(t, nil, routes{"POST /v1/payments/7/refunds": "", "GET /v1/payments/7/refunds": `[]`}.ServeHTTP)
	if _, err := connector.Refund(t.Context(), charge, r); posta.ErrorCode(err) != posta.CodeProviderUnavailable {
		t.Errorf("%v", err)
	}
}

// An account without the older interface of tills is served by the newer.
func TestTillsOfTheNewerInterface(t *testing.T) {
	connector, asked := answering(t, nil, routes{
		"GET /v2/pos": `{"results":[]}`, "POST /v2/pos": `{"id":5,"external_id":"til1"}`, "GET /v2/pos/5": `{"id":5,"external_id":"til1","qr_response":{"qr_code":"000201","image":"https://x/y.png"}}`,
	}.ServeHTTP)
	place, err := connector.(provider.Provisioner).PutTill(t.Context(), provider.Till{Code: "til1", Name: "Peluquería «Ñandú»", StoreRef: "9", StoreCode: "sto1"})
	if err != nil || place != (provider.TillPlace{Ref: "5", QR: "000201", Image: "https://x/y.png"}) {
		t.Errorf("%+v, %v", place, err)
	}
	for _, call := range *asked {
		if call.method == http.MethodPost && call.body != `{"external_id":"til1","external_store_id":"sto1","name":"Peluqueria Nandu","store_id":"9"}` {
			t.Errorf("%s", call.body)
		}
		if call.method == http.MethodPost && call.header.Get("X-Idempotency-Key") == "" {
			t.Error("no key")
		}
	}
}

// The account of the token is asked for once, and its kind is told by its tags;
// its application by the token.
func TestCheck(t *testing.T) {
	connector, asked := answering(t, provider.Config{"user_id": ""}, routes{
		"GET /users/me": `{"id":539675046,"nickname":"TETE7689213","site_id":"MLB","tags":["normal","test_user"]}`}.ServeHTTP)
	account, err := connector.Check(t.Context())
	if err != nil || account != (provider.Account{ID: "539675046", Nickname: "TETE7689213", Country: "BR", Test: true, Application: "1234567890"}) {
		t.Errorf("%+v, %v", account, err)
	}
	for range 2 {
		_, _ = connector.Create(t.Context(), someCharge("BRL", 100), "k")
	}
	paths := ""
	for _, call := range *asked {
		paths += call.path + " "
		if call.header.Get("Authorization") != "Bearer "+token {
			t.Errorf("%s: %q", call.path, call.header.Get("Authorization"))
		}
	}
	const put = "/instore/qr/seller/collectors/539675046/stores/sto1/pos/til1/orders "
	if paths != "/users/me /plugins-credentials-wrapper/credentials /users/me "+put+put {
		t.Error(paths)
	}
}

// The search of the simulator may lag: nothing is lost by it.
func TestLaggingSearchEndsPaid(t *testing.T) {
	c := newCounter(t, sim.Account{}, sim.Switches{SearchLagMillis: 60_000})
	connector := c.open(t, nil)
	c.setUp(t, connector)
	charge := c.charge(posta.Money{Amount: 150_000, Currency: "ARS"})
	facts := create(t, connector, &charge)
	c.pay(t)
	facts = append(facts, get(t, connector, charge)...)
	wantState(t, charge, facts, payment.Pending, payment.AttentionNone)
	c.advance(t, 2*time.Minute)
	facts = append(facts, get(t, connector, charge)...)
	wantState(t, charge, facts, payment.Paid, payment.AttentionNone)
}

// Of a payment in a connection that uses orders only what the order does not
// say is told, and the money counts once.
func TestPaymentOfAnOrder(t *testing.T) {
	const order = `{"id":"ORD1","type":"qr","external_reference":"pay_1","total_amount":"1500.00","total_paid_amount":"1500.00","status":"processed","currency":"ARS","last_updated_date":"2026-01-01T10:00:00Z",` +
		`"transactions":{"payments":[{"id":"PAY1","amount":"1500.00","paid_amount":"1500.00","status":"processed","reference_id":"7"}]}}`
	for name, tc := range map[string]struct {
		id, status string
		state      payment.State
		attempts   int
	}{
		"paid": {"7", "approved", payment.Paid, 1}, "disputed": {"7", "in_mediation", payment.Disputed, 1},
		"charged back": {"7", "charged_back", payment.ChargedBack, 1}, "declined": {"8", "rejected", payment.Paid, 2},
		"another approved": {"9", "approved", payment.Paid, 1},
	} {
		body := `{"id":` + tc.id + `,"status":"` + tc.status + `","external_reference":"pay_1","transaction_amount":1500,"currency_id":"ARS","date_last_updated":"2026-01-02T10:00:00Z","authorization_code":"301299","card":{"last_four_digits":"3704"},"order":{}}`
		r := routes{"GET /v1/payments/" + tc.id: body, "GET /v1/orders": `{"data":[{"id":"ORD1","external_reference":"pay_1"}]}`, "GET /v1/orders/ORD1": order}
		seen := fetch(t, provider.Config{"flow": "orders"}, r, "payment", tc.id)
		if len(seen) != 1 {
			t.Fatalf("%s: %+v", name, seen)
		}
		got, attempts := payment.Compute(150_000, seen[0].Facts), 0
		for _, f := range seen[0].Facts {
			if f.Kind == provider.FactAttempt {
				attempts++
				if f.ID == "PAY1" && tc.id == "7" && (f.LastFour != "3704" || f.Authorizes != "301299") {
					t.Errorf("%s: %+v", name, f)
				}
			}
		}
		if got.State != tc.state || got.Captured != 150_000 || attempts != tc.attempts {
			t.Errorf("%s: %+v with %d attempts", name, got, attempts)
		}
		// Without the search only a declined try is told.
		delete(r, "GET /v1/orders")
		if alone := fetch(t, provider.Config{"flow": "orders"}, r, "payment", tc.id); (len(alone) == 1) != (tc.status == "rejected") {
			t.Errorf("%s: %+v", name, alone)
		}
	}
}
