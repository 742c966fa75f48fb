package mercadopago_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"posta/payment"
	"posta/provider"
)

// Each status of a terminal's order to the state that it proves,
// docs/providers/mercadopago.md §5.5. Its total is told by its transaction only.
func TestPointOrderStatuses(t *testing.T) {
	const paid = `"status":"processed","status_detail":"accredited","amount":"1500","paid_amount":"1500","reference_id":"7","payment_method":{"id":"debvisa","type":"debit_card","installments":1},"card":{"first_digits":"450799","last_digits":"3704"}`
	tipped := strings.Replace(paid, `"paid_amount":"1500"`, `"paid_amount":"1650","tip_amount":"150.00"`, 1)
	for name, tc := range map[string]struct {
		status, transaction string
		state               payment.State
		attention           payment.Attention
		captured            int64
		progress            provider.Progress
		attempts            int
	}{
		"created":         {"created", `"amount":"1500.0","status":"created"`, payment.Pending, "", 0, provider.ProgressOffered, 0},
		"at terminal":     {"at_terminal", `"amount":"1500.00","status":"at_terminal","status_detail":"at_terminal"`, payment.Pending, "", 0, provider.ProgressAtTerminal, 0},
		"to be canceled":  {"at_terminal", `"amount":"1500.00","status":"at_terminal","status_detail":"cancellation_requested"`, payment.Pending, "", 0, provider.ProgressCanceling, 0},
		"processed":       {"processed", paid, payment.Paid, "", 150_000, "", 1},
		"tip":             {"processed", tipped, payment.Paid, "", 165_000, "", 1},
		"more, no tip":    {"processed", strings.Replace(paid, `"paid_amount":"1500"`, `"paid_amount":"1650"`, 1), payment.Paid, payment.AttentionOverpaid, 165_000, "", 1},
		"less":            {"processed", strings.Replace(paid, `"paid_amount":"1500"`, `"paid_amount":"1400"`, 1), payment.Pending, payment.AttentionShortfall, 140_000, "", 1},
		"no amount paid":  {"processed", `"amount":"1500.00","status":"processed"`, payment.Created, "", 0, "", 1},
		"failed":          {"failed", `"amount":"1500.00","status":"failed","status_detail":"rejected_by_issuer"`, payment.Rejected, "", 0, "", 1},
		"failed, no word": {"failed", `"amount":"1500.00","status":"failed"`, payment.Rejected, "", 0, "", 1},
		"canceled there":  {"canceled", `"amount":"1500.00","status":"canceled","status_detail":"canceled_on_terminal"`, payment.Canceled, "", 0, "", 0},
		"expired":         {"expired", `"amount":"1500.00","status":"expired","status_detail":"expired"`, payment.Expired, "", 0, "", 0},
		"action required": {"action_required", `"amount":"1500.00","status":"action_required","status_detail":"check_on_terminal"`, payment.Pending, payment.AttentionReview, 0, "", 1},
		"a new word":      {"teleported", `"amount":"1500.00","status":"teleported"`, payment.Pending, payment.AttentionReview, 0, "", 1},
		"dispute":         {"processed", strings.Replace(paid, "processed", "charged_back", 1), payment.ChargedBack, "", 150_000, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			seen := fetch(t, nil, routes{"GET /v1/orders/ORD1": pointOrder(tc.status, tc.transaction)}, "order", "ORD1")
			if len(seen) != 1 {
				t.Fatalf("%+v", seen)
			}
			got, attempts := payment.Compute(150_000, seen[0].Facts), 0
			if got.State != tc.state || got.Attention != tc.attention || got.Captured != tc.captured || got.Progress != tc.progress {
				t.Errorf("%+v of %+v", got, seen[0].Facts)
			}
			if seen[0].Till != "" || seen[0].Terminal != device || seen[0].Order != "ORD1" || seen[0].Display != "" {
				t.Errorf("%+v", seen[0])
			}
			for _, f := range seen[0].Facts {
				if f.Kind == provider.FactAttempt {
					attempts++
					if f.Slip.Terminal != device {
						t.Errorf("%+v", f)
					}
				} else if f.Amount != 150_000 {
					t.Errorf("asked for %d", f.Amount)
				}
				if f.At != time.Date(2024, 9, 10, 14, 26, 42, 109320000, time.UTC) {
					t.Errorf("at %s", f.At)
				}
			}
			if attempts != tc.attempts {
				t.Errorf("%d attempts in %+v", attempts, seen[0].Facts)
			}
		})
	}
}

func pointOrder(status, transaction string) string {
	return `{"id":"ORD1","type":"point","user_id":"446566691","external_reference":"pay_1","expiration_time":"PT16M","country_code":"ARG","currency":"ARS",
		"status":"` + status + `","status_detail":"` + status + `","created_date":"2024-09-10T14:26:42.109320977Z","last_updated_date":"2024-09-10T14:26:42.109320977Z",
		"config":{"point":{"terminal_id":"` + device + `","print_on_terminal":"no_ticket"}},"transactions":{"payments":[{"id":"PAY1",` + transaction + `}]}}`
}

// What only the classic payment tells of a terminal's charge arrives whatever
// the flow of the QR: authorization, dispute, what was given back.
func TestPointPaymentTellsMore(t *testing.T) {
	for _, flow := range []string{"legacy", "orders"} {
		for status, want := range map[string]payment.State{"approved": payment.Paid, "in_mediation": payment.Disputed, "charged_back": payment.ChargedBack, "rejected": payment.Paid} {
			id := "7"
			if status == "rejected" {
				id = "6" // a first card
			}
			seen := fetch(t, provider.Config{"flow": flow}, routes{
				"GET /v1/payments/" + id: `{"id":` + id + `,"status":"` + status + `","external_reference":"pay_1","transaction_amount":1500,"currency_id":"ARS","date_last_updated":"2024-09-11T10:00:00Z","authorization_code":"301299","order":{}}`,
				"GET /v1/orders":         `{"data":[{"id":"ORD1","external_reference":"pay_1"}]}`,
				"GET /v1/orders/ORD1":    pointOrder("processed", `"status":"processed","amount":"1500.00","paid_amount":"1500.00","reference_id":"7"`),
			}, "payment", id)
			if len(seen) != 1 {
				t.Fatalf("%s %s: %+v", flow, status, seen)
			}
			if got := payment.Compute(150_000, seen[0].Facts); got.State != want || got.Captured != 150_000 || got.Declined > 0 {
				t.Errorf("%s %s: %+v", flow, status, got)
			}
			if a := attemptOf(t, seen[0].Facts); status != "rejected" && a.Authorizes != "301299" {
				t.Errorf("%s: %+v", flow, a)
			}
		}
	}
}

// An order that asks for action, whose payment brought money and gave some back.
func TestPointActionRequiredGivenBack(t *testing.T) {
	const body = `{"id":7,"status":"approved","external_reference":"pay_1","transaction_amount":1500,"transaction_amount_refunded":500,"currency_id":"ARS","date_last_updated":"2024-09-11T10:00:00Z"`
	r := routes{
		"GET /v1/orders/ORD1":     pointOrder("action_required", `"status":"action_required","amount":"1500.00"`),
		"GET /v1/payments/search": `{"results":[{"id":6,"status":"rejected","external_reference":"pay_1"},` + body + `}]}`,
		"GET /v1/payments/7":      body + `,"refunds":[{"id":1,"payment_id":7,"amount":500,"status":"approved"},{"id":2,"payment_id":7,"amount":500,"status":"rejected"}]}`,
	}
	seen := fetch(t, nil, r, "order", "ORD1")
	if got := payment.Compute(150_000, seen[0].Facts); got.State != payment.PartiallyRefunded || got.Refunded != 50_000 || got.Captured != 150_000 {
		t.Errorf("%+v of %+v", got, seen[0].Facts)
	}
	// A search that is refused leaves it to a person; one without an answer is
	// asked again.
	delete(r, "GET /v1/payments/search")
	if got := payment.Compute(150_000, fetch(t, nil, r, "order", "ORD1")[0].Facts); got.Attention != payment.AttentionReview {
		t.Errorf("%+v", got)
	}
	connector, _ := answering(t, nil, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/v1/payments/search" {
			says(503, "")(w, q)
			return
		}
		r.ServeHTTP(w, q)
	})
	if seen, err := connector.Fetch(t.Context(), provider.Notice{Topic: "order", Resource: "ORD1"}); err == nil || len(seen) > 0 {
		t.Errorf("%+v, %v", seen, err)
	}
}

// A repeat sends the same bytes, whenever it is made, or the provider refuses it.
func TestPointRepeatIsTheSameRequest(t *testing.T) {
	connector, asked := answering(t, nil, says(503, ""))
	charge := someCharge("ARS", 150_000)
	charge.Rail, charge.Terminals = provider.RailTerminal, []string{device}
	charge.Options.Method = "credit_card"
	for range 2 {
		_, _ = connector.Create(t.Context(), charge, "k")
	}
	const want = `{"type":"point","description":"Kiosco","external_reference":"pay_01JQ4S4KY8HWQ6NA5PXB65B3D3","expiration_time":"PT10M","config":{"point":{"terminal_id":"` + device + `"},"payment_method":{"default_type":"credit_card"}},"transactions":{"payments":[{"amount":"1500.00"}]}}`
	for _, call := range *asked {
		if call.body != want || call.header.Get("X-Idempotency-Key") != "k" || call.path != "/v1/orders" {
			t.Errorf("%s %s %s", call.path, call.header.Get("X-Idempotency-Key"), call.body)
		}
	}
	if len(*asked) != 2 {
		t.Errorf("%d calls", len(*asked))
	}
}
