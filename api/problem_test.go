package api_test

import (
	"net/http"
	"strings"
	"testing"

	"posta"
	"posta/store"
	"posta/store/storetest"
)

// What is wrong is named by field and code, in the reader's language, and
// nothing that was sent comes back.
func TestProblems(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	const secret = "hunter2-secret"
	till := string(n.till.ID)
	for _, tc := range []struct {
		name, body  string
		status      int
		field, code string
	}{
		{"missing", `{"till_id":"` + till + `"}`, 422, "amount", "required"},
		{"unknown", `{"till_id":"` + till + `","amount":1,"tip":"` + secret + `"}`, 422, "tip", "unknown"},
		{"another case", `{"till_id":"` + till + `","amount":1,"Reference":"` + secret + `"}`, 422, "Reference", "unknown"},
		{"text for a number", `{"till_id":"` + till + `","amount":"` + secret + `"}`, 422, "amount", "integer"},
		{"fraction", `{"till_id":"` + till + `","amount":1.5}`, 422, "amount", "integer"},
		{"exponent", `{"till_id":"` + till + `","amount":1e3}`, 422, "amount", "integer"},
		{"huge", `{"till_id":"` + till + `","amount":99999999999999999999}`, 422, "amount", "integer"},
		{"number for a text", `{"till_id":5,"amount":1}`, 422, "till_id", "string"},
		{"long", `{"till_id":"` + till + `","amount":1,"reference":"` + strings.Repeat(secret, 20) + `"}`, 422, "reference", "too_long"},
		{"inside", `{"till_id":"` + till + `","amount":1,"items":[{"title":"` + secret + `","quantity":1}]}`, 422, "items[0].unit_price", "required"},
		{"the service's", `{"till_id":"` + till + `","amount":-1,"reference":"` + secret + `"}`, 422, "amount", "positive"},
		{"not JSON", `{"till_id":"` + secret, 400, "body", "json"},
		{"two values", `{} {"x":"` + secret + `"}`, 400, "body", "json"},
		{"no object", `"` + secret + `"`, 400, "body", "object"},
		{"nothing", ``, 400, "body", "required"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := n.post("/v1/payments", "k", tc.body)
			a.t = t
			p := a.refused(tc.status, posta.CodeInvalid)
			if len(p.Errors) != 1 || p.Errors[0].Field != tc.field || p.Errors[0].Code != tc.code {
				t.Errorf("errors %+v, want %s %s", p.Errors, tc.field, tc.code)
			}
			if strings.Contains(a.body, secret) {
				t.Errorf("the answer holds what was sent: %s", a.body)
			}
		})
	}
	if strings.Contains(n.log.String(), secret) {
		t.Error("the log holds what was sent")
	}

	for query, want := range map[string][2]string{"limit=x": {"limit", "integer"}, "limit=0": {"limit", "too_low"}, "limit=101": {"limit", "too_high"}, "state=x": {"state", "one_of"},
		"from=x": {"from", "time"}, "after=pay_x": {"after", "format"}, "attention=x": {"attention", "boolean"}, "nonsense=1": {"nonsense", "unknown"}} {
		p := n.do("GET", "/v1/payments?"+query, n.test, nil).refused(422, posta.CodeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Field != want[0] || p.Errors[0].Code != want[1] {
			t.Errorf("%s: errors %+v", query, p.Errors)
		}
	}

	n.do("POST", "/v1/payments", n.test, "amount=1", "Idempotency-Key", "k", "Content-Type", "application/x-www-form-urlencoded").refused(415, posta.CodeUnsupportedMedia)
	n.do("POST", "/v1/payments", n.test, `{"x":"`+strings.Repeat("x", 1<<20)+`"}`, "Idempotency-Key", "k").refused(413, posta.CodeTooLarge)

	n.post("/v1/payments", "k1", n.charge(1500)).want(http.StatusCreated)
	busy := n.post("/v1/payments", "k2", n.charge(1500)).refused(http.StatusConflict, posta.CodeTillBusy)
	if !strings.HasPrefix(busy.Params["payment"], "pay_") {
		t.Errorf("params %v", busy.Params)
	}
	for lang, want := range map[string]string{"es-AR": "La caja", "pt-BR": "caixa", "en": "The till", "": "La caja"} {
		p := n.do("POST", "/v1/payments", n.test, n.charge(1500), "Idempotency-Key", "in "+lang, "Accept-Language", lang).problem()
		if !strings.Contains(p.Title, want) {
			t.Errorf("%s: %q", lang, p.Title)
		}
	}

	paid := string(n.tenantAt(n.store).paid("p", 1500))
	if left := n.post("/v1/payments/"+paid+"/refunds", "r1", map[string]any{"amount": 2000}).refused(http.StatusConflict, posta.CodeRefundExceeds); left.Params["left"] != "1500" {
		t.Errorf("params %v", left.Params)
	}
	n.post("/v1/payments/"+paid+"/cancel", "c1", nil).refused(http.StatusConflict, posta.CodeState)
	for key, amount := range map[string]int{"r3": 0, "r4": -1} { // never taken for all that is left
		if p := n.post("/v1/payments/"+paid+"/refunds", key, map[string]any{"amount": amount}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid); len(p.Errors) != 1 || p.Errors[0].Field != "amount" || p.Errors[0].Code != "positive" {
			t.Errorf("amount %d: %+v", amount, p.Errors)
		}
	}
	n.post("/v1/payments/"+paid+"/refunds", "r2", nil).want(http.StatusCreated) // no body: all of it
}

// One line for each request, with its route and id, and nothing of what it holds.
func TestLog(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	n.log.Reset()
	body := n.charge(1500)
	body["reference"] = "mesa secreta"
	a := n.post("/v1/payments", "llave secreta", body).want(http.StatusCreated)
	n.do("GET", "/v1/payments?search=secreta", n.test, nil).want(http.StatusOK)
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(n.log.String()), "\n") {
		if strings.Contains(line, "msg=request") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 2 {
		t.Fatalf("lines %q", lines)
	}
	for _, want := range []string{"method=POST", `route="POST /v1/payments"`, "status=201", "ms=", "request=" + a.header.Get("X-Request-Id"), "key=key_"} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("no %s in %s", want, lines[0])
		}
	}
	for _, secret := range []string{"secreta", n.test, "1500"} {
		if strings.Contains(n.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
