package mercadopago_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/provider"
	"posta/provider/mercadopago"
)

// exchange is a call as it arrived.
type exchange struct {
	method, path, body string
	header             http.Header
}

// answering is a provider that answers every call by answer, and what it was asked.
func answering(t *testing.T, cfg provider.Config, answer http.HandlerFunc) (provider.Connector, *[]exchange) {
	t.Helper()
	var asked []exchange
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, exchange{r.Method, r.URL.Path, string(body), r.Header})
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	all := provider.Config{"access_token": token, "base_url": server.URL, "user_id": "446566691"}
	for name, v := range cfg {
		all[name] = v
	}
	connector, err := mercadopago.Description().Open(all, server.Client(), posta.NewFrozenClock(vectorTime))
	if err != nil {
		t.Fatal(err)
	}
	return connector, &asked
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func someCharge(currency posta.Currency, minor int64) provider.Charge {
	return provider.Charge{Payment: "pay_01JQ4S4KY8HWQ6NA5PXB65B3D3", Amount: posta.Money{Amount: minor, Currency: currency},
		Title: "Kiosco", Store: "sto1", Till: "til1", CreatedAt: vectorTime, ExpiresAt: vectorTime.Add(10 * time.Minute),
		NotificationURL: "http://127.0.0.1:8080/hooks/con_1"}
}

// The envelopes of docs/providers/mercadopago.md §1.1, and what is no envelope.
func TestErrorEnvelopes(t *testing.T) {
	for name, tc := range map[string]struct {
		status     int
		body       string
		code       posta.Code
		theirs     string
		retryAfter time.Duration
	}{
		"orders":                {400, `{"errors":[{"code":"property_value","message":"bad"}]}`, posta.CodeProviderRejected, "property_value", 0},
		"orders with details":   {400, `{"errors":[{"code":"property_type","message":"bad","details":["a"]}]}`, posta.CodeProviderRejected, "property_type", 0},
		"classic":               {400, `{"message":"no","error":"bad_request","status":400,"cause":[{"code":2001,"description":"d","data":null}]}`, posta.CodeProviderRejected, "2001", 0},
		"classic, null cause":   {400, `{"message":"no","error":"invalid_auto_return","status":400,"cause":null}`, posta.CodeProviderRejected, "invalid_auto_return", 0},
		"only a cause":          {400, `{"message":"no","status":400,"cause":[{"code":2063,"description":"d"}]}`, posta.CodeProviderRejected, "2063", 0},
		"flat":                  {401, `{"code":"unauthorized","message":"user not found"}`, posta.CodeUnauthorized, "unauthorized", 0},
		"policy":                {403, `{"message":"At least one policy returned UNAUTHORIZED.","code":"PA_UNAUTHORIZED_RESULT_FROM_POLICIES","status":403,"blocked_by":"PolicyAgent"}`, posta.CodeUnauthorized, "PA_UNAUTHORIZED_RESULT_FROM_POLICIES", 0},
		"legacy token":          {400, `{"message":"Access denied.","error":"invalid_access_token","status":400,"cause":[]}`, posta.CodeUnauthorized, "invalid_access_token", 0},
		"forbidden to all":      {403, `{"errors":[{"code":"partial_refund_forbidden_with_tips","message":"tips"}]}`, posta.CodeProviderRejected, "partial_refund_forbidden_with_tips", 0},
		"not found":             {404, `{"errors":[{"code":"pos_not_found","message":"POS"}]}`, posta.CodeNotFound, "pos_not_found", 0},
		"not found, empty":      {404, ``, posta.CodeNotFound, "", 0},
		"too many":              {429, `{"message":"slow down"}`, posta.CodeRateLimited, "", 7 * time.Second},
		"too many, page":        {429, `<html>`, posta.CodeRateLimited, "", 7 * time.Second},
		"busy till":             {409, `{"errors":[{"code":"already_queued_order_on_pos","message":"busy"}]}`, posta.CodeProviderRejected, "already_queued_order_on_pos", 0},
		"key used before":       {409, `{"errors":[{"code":"idempotency_key_already_used","message":"used"}]}`, posta.CodeProviderUnavailable, "idempotency_key_already_used", 0},
		"in flight":             {409, `{"errors":[{"code":"conflict","message":"wait"}]}`, posta.CodeProviderUnavailable, "conflict", 0},
		"locked":                {423, `{"errors":[{"code":"resource_locked","message":"wait"}]}`, posta.CodeProviderUnavailable, "resource_locked", 0},
		"request timeout":       {408, `{}`, posta.CodeProviderUnavailable, "", 0},
		"failed dependency":     {424, `{"errors":[{"code":"x","message":"x"}]}`, posta.CodeProviderUnavailable, "x", 0},
		"server":                {500, `{"message":"Failed to create order.","error":"in_store_order_creation_error","status":500}`, posta.CodeProviderUnavailable, "in_store_order_creation_error", 0},
		"gateway page":          {502, `<html>bad gateway</html>`, posta.CodeProviderUnavailable, "", 0},
		"page under a 400":      {400, `<html>who are you</html>`, posta.CodeProviderUnavailable, "", 0},
		"cut envelope":          {400, `{"errors":[{"code":"prop`, posta.CodeProviderUnavailable, "", 0},
		"envelope of odd types": {422, `{"errors":"no","cause":{"a":1},"error":{"b":2},"code":7,"message":["x"]}`, posta.CodeProviderRejected, "7", 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, flow := range []string{"legacy", "orders"} {
				connector, asked := answering(t, provider.Config{"flow": flow}, says(tc.status, tc.body))
				_, err := connector.Create(t.Context(), someCharge("ARS", 150_000), "k")
				var e *posta.Error
				if !errors.As(err, &e) {
					t.Fatalf("%s: %T %v", flow, err, err)
				}
				if e.Code != tc.code || e.Params["code"] != tc.theirs || e.RetryAfter != tc.retryAfter {
					t.Errorf("%s: %s, code %q, after %s", flow, e.Code, e.Params["code"], e.RetryAfter)
				}
				if len(*asked) != 1 {
					t.Errorf("%s: asked %d times: it may have had an effect", flow, len(*asked))
				}
			}
		})
	}
}

// "27b. Our own retry that meets 409, in progress, stays unknown; it is never
// shown as declined." Seen red with the codes in flight read as refusals.
func TestP27b_InProgressIsNotDeclined(t *testing.T) {
	for _, body := range []string{`{"errors":[{"code":"conflict"}]}`, `{"errors":[{"code":"refund_in_progress"}]}`,
		`{"errors":[{"code":"movement_operations_pending"}]}`, `{"errors":[{"code":"idempotency_key_already_used"}]}`} {
		connector, _ := answering(t, provider.Config{"flow": "orders"}, says(409, body))
		_, create := connector.Create(t.Context(), someCharge("ARS", 100), "k")
		charge := someCharge("ARS", 100)
		charge.Order = vectorOrder
		_, refund := connector.Refund(t.Context(), charge, provider.Refund{Attempt: "PAY1", Amount: charge.Amount, Whole: true, Key: "k"})
		for _, err := range []error{create, refund} {
			if posta.ErrorCode(err) != posta.CodeProviderUnavailable || !posta.Temporary(err) {
				t.Errorf("%s: %v", body, err)
			}
		}
	}
}

// Answers that say nothing usable leave the outcome unknown.
func TestUnusableAnswers(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"empty":     says(201, ""),
		"page":      says(200, "<html>"),
		"truncated": says(201, `{"id":"ORD01`),
		"no id":     says(201, `{}`),
		"too long":  says(201, `{"id":"`+strings.Repeat("x", 2<<20)+`"}`),
		"cut":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"id":"ORD01JQ4S4KY8HWQ6NA5PXB65B3D3"}`)
		},
		"another's":      says(201, `{"id":"ORD1","external_reference":"pay_other","status":"created"}`),
		"unknown amount": says(201, `{"id":"ORD1","status":"created","total_amount":"12,50","currency":"ARS"}`),
	} {
		t.Run(name, func(t *testing.T) {
			connector, _ := answering(t, provider.Config{"flow": "orders"}, answer)
			_, err := connector.Create(t.Context(), someCharge("ARS", 100), "k")
			if posta.ErrorCode(err) != posta.CodeProviderUnavailable {
				t.Error(err)
			}
			if strings.Contains(err.Error(), token) {
				t.Error("the error holds the token")
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	for _, flow := range []string{"legacy", "orders"} {
		release := make(chan struct{})
		connector, _ := answering(t, provider.Config{"flow": flow}, func(http.ResponseWriter, *http.Request) { <-release })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := connector.Create(ctx, someCharge("ARS", 100), "k")
		if posta.ErrorCode(err) != posta.CodeProviderUnavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", flow, err)
		}
		cancel()
		close(release)
	}
}

// "7. Each provider call carries our key, the same one on every retry." Seen
// red with the key left off the legacy calls.
func TestP07_TheKeyGoesWithEveryTry(t *testing.T) {
	for _, flow := range []string{"legacy", "orders"} {
		t.Run(flow, func(t *testing.T) {
			connector, asked := answering(t, provider.Config{"flow": flow}, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/instore/") {
					says(200, `{"external_reference":"pay_01JQ4S4KY8HWQ6NA5PXB65B3D3"}`)(w, r)
					return
				}
				says(503, "")(w, r)
			})
			charge := someCharge("ARS", 150_000)
			attempt := "123"
			if flow == "orders" {
				attempt = "PAY1"
			}
			for range 2 {
				_, _ = connector.Create(t.Context(), charge, "the-create")
				if flow == "orders" {
					charge.Order = vectorOrder
				}
				_, _ = connector.Cancel(t.Context(), charge, "the-cancel")
				_, _ = connector.Refund(t.Context(), charge, provider.Refund{Attempt: attempt, Amount: charge.Amount, Key: "the-refund"})
				charge.Order = ""
			}
			bodies := map[string][]string{}
			for _, call := range *asked {
				key := call.header.Get("X-Idempotency-Key")
				if (key == "") != (call.method == http.MethodGet) {
					t.Errorf("%s %s: key %q", call.method, call.path, key)
				}
				if call.method != http.MethodGet {
					bodies[key] = append(bodies[key], call.method+call.path+call.body)
				}
			}
			for _, key := range []string{"the-create", "the-cancel", "the-refund"} {
				if sent := bodies[key]; len(sent) != 2 || sent[0] != sent[1] {
					t.Errorf("%s: %q, want twice the same", key, sent)
				}
			}
		})
	}
}

// A repeat must be the same request, however late, or the provider refuses
// its key (docs/providers/mercadopago.md §1.2).
func TestRepeatIsTheSameRequest(t *testing.T) {
	clock := posta.NewFrozenClock(vectorTime)
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		says(503, "")(w, r)
	}))
	defer server.Close()
	connector, err := mercadopago.Description().Open(provider.Config{"access_token": token, "base_url": server.URL,
		"flow": "orders", "sponsor_id": "7", "integrator_id": "dev_1", "platform_id": "dev_2"}, server.Client(), clock)
	if err != nil {
		t.Fatal(err)
	}
	charge := someCharge("ARS", 150_000)
	charge.Items = []provider.Item{{Title: "Café", Quantity: 2, UnitPrice: 75_000, SKU: "c-1"}}
	_, _ = connector.Create(t.Context(), charge, "k")
	clock.Move(47 * time.Second)
	_, _ = connector.Create(t.Context(), charge, "k")
	const want = `{"type":"qr","total_amount":"1500.00","description":"Kiosco","external_reference":"pay_01JQ4S4KY8HWQ6NA5PXB65B3D3",` +
		`"expiration_time":"PT10M","config":{"qr":{"external_pos_id":"til1","mode":"static"}},"transactions":{"payments":[{"amount":"1500.00"}]},` +
		`"items":[{"title":"Café","unit_price":"750.00","quantity":2,"unit_measure":"unit","external_code":"c-1"}],` +
		`"integration_data":{"platform_id":"dev_2","integrator_id":"dev_1","sponsor":{"id":"7"}}}`
	if len(bodies) != 2 || bodies[0] != want || bodies[1] != want {
		t.Errorf("got  %s\nwant %s", strings.Join(bodies, "\n     "), want)
	}
}

// A charge without items, or with more than an order holds, is one item of its
// title: the buyer's app shows what is paid for.
func TestAnOrderHasItems(t *testing.T) {
	eleven := make([]provider.Item, 11)
	for i := range eleven {
		eleven[i] = provider.Item{Title: "Café", Quantity: 1, UnitPrice: 100}
	}
	for _, items := range [][]provider.Item{nil, eleven} {
		connector, asked := answering(t, provider.Config{"flow": "orders"}, says(503, ""))
		charge := someCharge("ARS", 1100)
		charge.Items = items
		_, _ = connector.Create(t.Context(), charge, "k")
		if want := `"items":[{"title":"Kiosco","unit_price":"11.00","quantity":1,"unit_measure":"unit"}]`; len(*asked) != 1 || !strings.Contains((*asked)[0].body, want) {
			t.Errorf("%d items: %+v, want %s", len(items), *asked, want)
		}
	}
}

// Legacy money is JSON numbers, orders' is strings; CLP and COP have no
// decimals, and what has some in them is refused before the call.
func TestMoneyOnTheWire(t *testing.T) {
	for _, tc := range []struct {
		currency posta.Currency
		minor    int64
		want     string // "" is refused
	}{
		{"ARS", 150_000, "1500.00"}, {"ARS", 5, "0.05"}, {"ARS", 1_000_000_000_00, "1000000000.00"}, {"MXN", 999, "9.99"},
		{"CLP", 1500, "1500"}, {"COP", 150_000, "1500"}, {"COP", 150_050, ""}, {"BRL", 101, "1.01"},
	} {
		for flow, want := range map[string]string{
			"legacy": `"total_amount":` + tc.want + `,"items":[{"title":"Kiosco","unit_price":` + tc.want + `,"quantity":1,"unit_measure":"unit","total_amount":` + tc.want + `}]`,
			"orders": `"total_amount":"` + tc.want + `"`,
		} {
			connector, asked := answering(t, provider.Config{"flow": flow}, says(503, ""))
			_, err := connector.Create(t.Context(), someCharge(tc.currency, tc.minor), "k")
			if tc.want == "" {
				if posta.ErrorCode(err) != posta.CodeProviderRejected || len(*asked) > 0 {
					t.Errorf("%s %d %s: %v, %d calls", tc.currency, tc.minor, flow, err, len(*asked))
				}
				continue
			}
			if len(*asked) != 1 || !strings.Contains((*asked)[0].body, want) || !json.Valid([]byte((*asked)[0].body)) {
				t.Errorf("%s %d %s: %+v, want %s", tc.currency, tc.minor, flow, *asked, want)
			}
		}
	}
}

// Amounts are read exactly, whatever the form.
func TestMoneyRead(t *testing.T) {
	for _, tc := range []struct {
		currency, text string
		want           int64 // -1 is refused
	}{
		{"ARS", `1500`, 150_000}, {"ARS", `1500.5`, 150_050}, {"ARS", `"1500.50"`, 150_050}, {"ARS", `0.1`, 10},
		{"ARS", `1.0E7`, 1_000_000_000}, {"ARS", `1.05e+2`, 10_500}, {"ARS", `15e-1`, 150}, {"ARS", `90071992547409.93`, 9_007_199_254_740_993},
		{"ARS", `1500.500`, 150_050}, {"ARS", `1500.505`, -1}, {"ARS", `"1.500,00"`, -1}, {"ARS", `1e400`, -1}, {"ARS", `"x"`, -1},
		{"CLP", `1500`, 1500}, {"CLP", `1500.0`, 1500}, {"CLP", `1500.5`, -1}, {"COP", `1500`, 150_000}, {"XXX", `1`, -1},
	} {
		body := `{"id":1,"status":"opened","external_reference":"pay_1","total_amount":` + tc.text + `,"items":[{"currency_id":"` + tc.currency + `"}]}`
		connector, _ := answering(t, nil, says(200, body))
		seen, err := connector.Fetch(t.Context(), provider.Notice{Topic: "merchant_order", Resource: "1"})
		switch {
		case tc.want < 0:
			if posta.ErrorCode(err) != posta.CodeProviderUnavailable {
				t.Errorf("%s %s: %+v, %v", tc.currency, tc.text, seen, err)
			}
		case err != nil || len(seen) != 1 || seen[0].Facts[0].Amount != tc.want:
			t.Errorf("%s %s: %+v, %v, want %d", tc.currency, tc.text, seen, err, tc.want)
		}
	}
}

func TestOpenChecksItsFields(t *testing.T) {
	for name, cfg := range map[string]provider.Config{
		"access_token":  {"access_token": ""},
		"base_url":      {"base_url": "http://api.mercadopago.com"},
		"flow":          {"flow": "newest"},
		"qr_mode":       {"qr_mode": "moving"},
		"user_id":       {"user_id": "../1"},
		"sponsor_id":    {"sponsor_id": "x"},
		"integrator_id": {"integrator_id": "a\r\nX: y"},
	} {
		all := provider.Config{"access_token": token}
		for k, v := range cfg {
			all[k] = v
		}
		_, err := mercadopago.Description().Open(all, http.DefaultClient, posta.SystemClock{})
		var e *posta.Error
		if !errors.As(err, &e) || e.Code != posta.CodeInvalid || len(e.Fields) != 1 || e.Fields[0].Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := mercadopago.Description().Open(provider.Config{"access_token": token}, http.DefaultClient, posta.SystemClock{}); err != nil {
		t.Error(err)
	}
}
