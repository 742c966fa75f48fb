package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/client"
)

// hub answers with each of its handlers in turn, and notes what was asked.
type hub struct {
	mu       sync.Mutex
	requests []*http.Request
	answers  []http.HandlerFunc
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.requests = append(h.requests, r)
	answer := h.answers[min(len(h.requests), len(h.answers))-1]
	h.mu.Unlock()
	answer(w, r)
}

func serve(t *testing.T, answers ...http.HandlerFunc) (*client.Client, *hub) {
	t.Helper()
	h := &hub{answers: answers}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return client.New(server.URL+"/", "psk_test_x", nil), h
}

func problem(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"status":%d,"code":%q,"title":"No","request_id":"R1","params":{"payment":"pay_1"},"errors":[{"field":"amount","code":"positive","message":"must be more"}]}`, status, code)
	}
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func made(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, `{"id":"pay_1","state":"pending","new_field":1}`)
}

func TestWriteWithoutAnswerIsRepeatedWithItsKey(t *testing.T) {
	c, h := serve(t, cut, problem(503, "unavailable"), made)
	p, err := c.CreatePayment(t.Context(), "order-1", client.NewPayment{TillID: "til_1", Amount: 1})
	if err != nil || p.ID != "pay_1" || len(h.requests) != 3 {
		t.Fatal(p, err, len(h.requests))
	}
	for _, r := range h.requests {
		if r.Header.Get("Idempotency-Key") != "order-1" || r.Header.Get("Authorization") != "Bearer psk_test_x" || r.URL.Path != "/v1/payments" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
	}
}

func TestRefusalIsNotRepeated(t *testing.T) {
	c, h := serve(t, problem(422, "invalid"))
	_, err := c.CreatePayment(t.Context(), "order-1", client.NewPayment{})
	var e *posta.Error
	var p *client.Problem
	if !errors.As(err, &e) || !errors.As(err, &p) || len(h.requests) != 1 {
		t.Fatal(err, len(h.requests))
	}
	if e.Code != posta.CodeInvalid || len(e.Fields) != 1 || e.Fields[0].Field != "amount" || e.Params["payment"] != "pay_1" || p.RequestID != "R1" {
		t.Errorf("%+v", e)
	}
	if p.Error() != "No; amount must be more (R1)" {
		t.Error(p)
	}
}

func TestAnswerOfSomethingElseIsAnError(t *testing.T) {
	for status, code := range map[int]posta.Code{404: posta.CodeInternal, 502: posta.CodeUnavailable} {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, "<html>") })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := c.Payment(ctx, "pay_1")
		cancel()
		if posta.ErrorCode(err) != code {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestWatchGoesOnWhereTheLineBroke(t *testing.T) {
	say := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, text)
		}
	}
	c, h := serve(t,
		say("retry: 1000\n\n: beat\n\nid: 7\nevent: state\ndata: {\"payment\":{\"id\":\"pay_1\",\"state\":\"pending\"}}\n\n"),
		cut,
		say("id: 8\nevent: payment.paid\ndata: {\"type\":\"payment.paid\",\"subject\":\"pay_1\",\"data\":{\"id\":\"pay_1\",\"state\":\"paid\"}}\n\nid: 9\nevent: x\ndata: {\"bro"),
	)
	var seen []string
	err := c.Watch(t.Context(), "pay_1", func(e client.Event) error {
		seen = append(seen, fmt.Sprint(e.Position, e.Type, e.Payment.State))
		if e.Type == "payment.paid" {
			return client.Done
		}
		return nil
	})
	if err != nil || fmt.Sprint(seen) != "[7statepending 8payment.paidpaid]" {
		t.Error(seen, err)
	}
	for i, want := range []string{"", "7", "7"} {
		if got := h.requests[i].Header.Get("Last-Event-ID"); got != want {
			t.Errorf("request %d: Last-Event-ID %q, want %q", i, got, want)
		}
	}

	c, _ = serve(t, say("id: 7\nevent: state\ndata: {\"payment\":null}\n\n"))
	stop := errors.New("enough")
	if err := c.Watch(t.Context(), "til_1", func(client.Event) error { return stop }); err != stop {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := c.Watch(ctx, "til_1", func(client.Event) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := c.Watch(t.Context(), "con_1", nil); posta.ErrorCode(err) != posta.CodeNotFound {
		t.Error(err)
	}
}

// What goes to the hub is what its API has: the path, the method, and what is
// left out where nothing is asked.
func TestTerminalsAndSettlementsAreAsked(t *testing.T) {
	var bodies []string
	c, h := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, strings.TrimSpace(string(b)))
		fmt.Fprint(w, `{}`)
	})
	ctx := t.Context()
	for i, want := range []struct {
		ask  func() error
		line string
		body string
	}{
		{func() error { _, err := c.ProposeRefund(ctx, "pay_1", 500); return err }, "GET /v1/payments/pay_1/refund-proposal?amount=500", ""},
		{func() error { _, err := c.Refund(ctx, "k", "pay_1", client.NewRefund{Kind: "reversal"}); return err }, "POST /v1/payments/pay_1/refunds", `{"kind":"reversal"}`},
		{func() error { _, err := c.CancelRefund(ctx, "k", "ref_1"); return err }, "POST /v1/refunds/ref_1/cancel", ""},
		{func() error { _, err := c.SettleBySlip(ctx, "k", "pay_1", client.SlipSays{}); return err }, "POST /v1/payments/pay_1/settle-by-slip", `{"done":false}`},
		{func() error {
			_, err := c.SettleRefundBySlip(ctx, "k", "ref_1", client.SlipSays{Done: true, Batch: "1"})
			return err
		}, "POST /v1/refunds/ref_1/settle-by-slip", `{"done":true,"batch":"1"}`},
		{func() error { return c.SetIntegrated(ctx, "k", "con_1", "N950/1", true) }, "POST /v1/connections/con_1/devices/N950%2F1/integrated", `{"integrated":true}`},
		{func() error {
			_, err := c.UpdateTerminal(ctx, "trm_1", client.TerminalChange{Tills: &[]posta.TillID{}})
			return err
		}, "PATCH /v1/terminals/trm_1", `{"tills":[]}`},
		{func() error { return c.RemoveTerminal(ctx, "trm_1") }, "DELETE /v1/terminals/trm_1", ""},
		{func() error { _, err := c.CreateSettlement(ctx, "k", "trm_1"); return err }, "POST /v1/settlements", `{"terminal_id":"trm_1"}`},
		{func() error { _, err := c.CloseStore(ctx, "k", "sto_1"); return err }, "POST /v1/stores/sto_1/close", ""},
		{func() error {
			_, err := c.Settlements(ctx, client.SettlementFilter{Attention: true, TerminalID: "trm_1"})
			return err
		}, "GET /v1/settlements?attention=true&terminal_id=trm_1", ""},
		{func() error { _, err := c.ExplainSettlement(ctx, "k", "stl_1", "why"); return err }, "POST /v1/settlements/stl_1/settle", `{"note":"why"}`},
		{func() error { _, err := c.Batch(ctx, "trm_1"); return err }, "GET /v1/terminals/trm_1/batch", ""},
	} {
		if err := want.ask(); err != nil {
			t.Fatal(want.line, err)
		}
		r := h.requests[i]
		if got := r.Method + " " + r.URL.RequestURI(); got != want.line || bodies[i] != want.body {
			t.Errorf("%s %s, want %s %s", got, bodies[i], want.line, want.body)
		}
	}
}

func TestWatchFollowsASettlement(t *testing.T) {
	c, h := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "id: 7\nevent: state\ndata: {\"settlement\":{\"id\":\"stl_1\",\"state\":\"pending\"}}\n\n"+
			"id: 8\nevent: settlement.confirmed\ndata: {\"type\":\"settlement.confirmed\",\"subject\":\"stl_1\",\"data\":{\"id\":\"stl_1\",\"state\":\"confirmed\",\"attention\":\"difference\"}}\n\n")
	})
	var seen []string
	err := c.Watch(t.Context(), "stl_1", func(e client.Event) error {
		seen = append(seen, e.Subject+" "+e.Settlement.State+e.Settlement.Attention)
		if e.Settlement.Final() {
			return client.Done
		}
		return nil
	})
	if err != nil || fmt.Sprint(seen) != "[stl_1 pending stl_1 confirmeddifference]" || h.requests[0].URL.Path != "/v1/settlements/stl_1/events" {
		t.Error(seen, err, h.requests[0].URL)
	}
}
