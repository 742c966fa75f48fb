package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/client"
	"posta/store"
	"posta/store/storetest"
)

// lines reads a stream's messages, as "event id".
type lines struct {
	t    *testing.T
	in   *bufio.Scanner
	stop context.CancelFunc
	data map[string]json.RawMessage // of the last message
}

func (n *tenant) listen(server, path, token, last string) *lines {
	n.t.Helper()
	ctx, stop := context.WithTimeout(n.t.Context(), 20*time.Second)
	n.t.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, "GET", server+path, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
		n.t.Fatalf("status %d, %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	return &lines{t: n.t, in: bufio.NewScanner(answer.Body), stop: stop}
}

// next is the next message's event and id.
func (l *lines) next() (event, id string) {
	l.t.Helper()
	for l.in.Scan() {
		name, value, _ := strings.Cut(l.in.Text(), ": ")
		switch {
		case name == "id":
			id = value
		case name == "event":
			event = value
		case name == "data":
			l.data = nil
			if err := json.Unmarshal([]byte(value), &l.data); err != nil {
				l.t.Fatal(err)
			}
		case name == "" && event != "":
			return event, id
		}
	}
	return "end", ""
}

// want reads one message of the event and gives its id.
func (l *lines) want(event string) string {
	l.t.Helper()
	got, id := l.next()
	if got != event {
		l.t.Fatalf("event %s, want %s", got, event)
	}
	return id
}

func (n *tenant) serve() (url string, stop context.CancelFunc) {
	n.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); n.services.Hub.Run(ctx) }()
	server := httptest.NewServer(n.handler)
	n.t.Cleanup(func() { stop(); <-done; server.Close() })
	return server.URL, stop
}

// A page is told how things stand, then what happens, and after a lost line
// what it missed: nothing twice, nothing left out, nobody else's.
func TestStreams(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := start(t, db)
		n, stranger := h.tenant(), h.tenant()
		url, stop := n.serve()
		atTill := n.listen(url, "/v1/tills/"+string(n.till.ID)+"/events", n.test, "")
		everything := n.listen(url, "/v1/events/stream", n.test, "")
		foreign := n.listen(url, "/v1/events/stream", stranger.test, "")
		otherMode := n.listen(url, "/v1/events/stream", n.live, "")
		if atTill.want("state"); string(atTill.data["payment"]) != "null" {
			t.Errorf("the till is not free: %s", atTill.data["payment"])
		}
		var p struct{ ID posta.PaymentID }
		n.post("/v1/payments", "k1", n.charge(1500)).want(http.StatusCreated).into(&p)
		first := atTill.want("payment.created")
		everything.want("payment.created")
		atTill.want("payment.pending")
		if everything.want("payment.pending"); string(everything.data["subject"]) != `"`+string(p.ID)+`"` {
			t.Errorf("subject %s", everything.data["subject"])
		}
		atTill.stop() // the line is lost
		n.pay(p.ID, 1500)
		everything.want("payment.paid")
		back := n.listen(url, "/v1/tills/"+string(n.till.ID)+"/events", n.test, first)
		back.want("payment.pending")
		paid := back.want("payment.paid")

		ofPayment := n.listen(url, "/v1/payments/"+string(p.ID)+"/events", n.test, "")
		if ofPayment.want("state") != paid || !strings.Contains(string(ofPayment.data["payment"]), `"state":"paid"`) {
			t.Errorf("state %s", ofPayment.data["payment"])
		}
		n.post("/v1/payments/"+string(p.ID)+"/refunds", "k2", map[string]any{"amount": 500}).want(http.StatusCreated)
		ofPayment.want("refund.created")

		// Nobody else heard of it: the first thing told to them is the end.
		stop()
		for who, l := range map[string]*lines{"another tenant": foreign, "the other mode": otherMode} {
			if event, _ := l.next(); event != "end" {
				t.Errorf("%s heard %s", who, event)
			}
		}
		n.do("GET", "/v1/events/stream", n.test, nil, "Last-Event-ID", "x").refused(422, posta.CodeInvalid)

		var list struct {
			Data []posta.Event
			Next int64
		}
		n.do("GET", "/v1/events?limit=2", n.test, nil).want(200).into(&list)
		if len(list.Data) != 2 || list.Data[0].Position != 1 || list.Next != 2 {
			t.Errorf("%d events, next %d", len(list.Data), list.Next)
		}
		n.do("GET", "/v1/events?after=2", n.test, nil).want(200).into(&list)
		if len(list.Data) == 0 || list.Data[0].Position != 3 {
			t.Errorf("after 2: %+v", list.Data)
		}
	})
}

// The client charges, follows, cancels and refunds through the real API.
func TestClient(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		url, _ := n.serve()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		c := client.New(url, n.test, nil)
		if me, err := c.Me(ctx); err != nil || me.MerchantID != n.merchant.ID || me.Mode != posta.Test {
			t.Fatal(me, err)
		}
		p, err := c.CreatePayment(ctx, "k1", client.NewPayment{TillID: n.till.ID, Amount: 1500, Reference: "mesa <4>"})
		if err != nil || !p.Open() || p.Reference != "mesa <4>" {
			t.Fatal(p, err)
		}
		again, err := c.CreatePayment(ctx, "k1", client.NewPayment{TillID: n.till.ID, Amount: 1500, Reference: "mesa <4>"})
		if err != nil || again.ID != p.ID {
			t.Fatal(again, err)
		}
		var seen []string
		err = c.Watch(ctx, string(p.ID), func(e client.Event) error {
			seen = append(seen, e.Type)
			if e.Type == "state" {
				n.pay(p.ID, 1500)
			}
			if e.Payment != nil && e.Payment.State == "paid" {
				return client.Done
			}
			return nil
		})
		if err != nil || seen[len(seen)-1] != "payment.paid" {
			t.Errorf("seen %v: %v", seen, err)
		}
		if r, err := c.Refund(ctx, "k2", p.ID, client.NewRefund{Amount: 500, Reason: "vuelve"}); err != nil || r.State != "succeeded" || r.Amount != 500 {
			t.Error(r, err)
		}
		if list, err := c.Refunds(ctx, p.ID); err != nil || len(list) != 1 {
			t.Error(list, err)
		}
		_, err = c.CancelPayment(ctx, "k3", p.ID)
		if posta.ErrorCode(err) != posta.CodeState {
			t.Error(err)
		}
		_, err = c.CreatePayment(ctx, "k4", client.NewPayment{TillID: n.till.ID})
		var e *posta.Error
		if !errors.As(err, &e) || e.Code != posta.CodeInvalid || len(e.Fields) != 1 || e.Fields[0].Field != "amount" {
			t.Error(err)
		}
		page, err := c.Payments(ctx, client.Filter{State: "partially_refunded", Search: "mesa <4>"})
		if err != nil || len(page.Data) != 1 || page.Totals.Captured["ARS"] != 1500 || page.Totals.Refunded["ARS"] != 500 {
			t.Error(page, err)
		}
		if tills, err := c.Tills(ctx); err != nil || len(tills) != 1 || !tills[0].Ready {
			t.Error(tills, err)
		}
		if err := c.Watch(ctx, "pay_01JD9S3F2K8Q4ZV6W1X7Y5T0RB", nil); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Error(err)
		}
	})
}
