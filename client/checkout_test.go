package client_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"posta"
	"posta/client"
)

func TestWhatIsSoldOnlineIsAsked(t *testing.T) {
	var bodies []string
	c, h := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, strings.TrimSpace(string(b)))
		fmt.Fprint(w, `{"currency":"ARS","stock":3,"flow":"both","online":{"flow":"direct","next":{"qr":"0002"}}}`)
	})
	ctx := t.Context()
	var link client.Link
	var paid client.Payment
	for i, want := range []struct {
		ask  func() error
		line string
		body string
	}{
		{func() error {
			_, err := c.CreateProduct(ctx, "k", client.NewProduct{Connection: "con_1", Name: "Taza", Price: 100})
			return err
		}, "POST /v1/products", `{"connection_id":"con_1","name":"Taza","price":100}`},
		{func() error { _, err := c.Products(ctx, client.SalesFilter{State: "active", Limit: 5}); return err }, "GET /v1/products?limit=5&state=active", ""},
		{func() (err error) {
			link, err = c.CreateLink(ctx, "k", client.NewLink{Product: "prd_1", Stock: new(int64(0)), Terms: client.Terms{Flow: "direct"}})
			return err
		}, "POST /v1/payment_links", `{"product_id":"prd_1","stock":0,"flow":"direct"}`},
		{func() error { _, err := c.SetLinkState(ctx, "lnk_1", "disabled"); return err }, "PATCH /v1/payment_links/lnk_1", `{"state":"disabled"}`},
		{func() error { _, err := c.Links(ctx, client.SalesFilter{Product: "prd_1"}); return err }, "GET /v1/payment_links?product_id=prd_1", ""},
		{func() error {
			_, err := c.CreateSession(ctx, "k", client.NewSession{Connection: "con_1", Title: "Taza", Amount: 100})
			return err
		}, "POST /v1/checkout_sessions", `{"connection_id":"con_1","title":"Taza","amount":100}`},
		{func() error {
			_, err := c.Sessions(ctx, client.SalesFilter{Link: "lnk_1", Attention: true})
			return err
		}, "GET /v1/checkout_sessions?attention=true&link_id=lnk_1", ""},
		{func() error { _, err := c.SessionPayments(ctx, "chk_1"); return err }, "GET /v1/checkout_sessions/chk_1/payments", ""},
		{func() error { _, err := c.CancelSession(ctx, "k", "chk_1"); return err }, "POST /v1/checkout_sessions/chk_1/cancel", ""},
		{func() (err error) {
			paid, err = c.CreatePayment(ctx, "k", client.NewPayment{Connection: "con_1", Amount: 100, Online: &client.OnlineCharge{Flow: "direct", Method: "pix",
				Buyer: client.OnlineBuyer{Identification: &client.Identification{Type: "CPF", Number: "12345678909"}}}})
			return err
		}, "POST /v1/payments", `{"connection_id":"con_1","online":{"flow":"direct","method":"pix","buyer":{"identification":{"type":"CPF","number":"12345678909"}}},"amount":100}`},
		{func() error { _, err := c.CapturePayment(ctx, "k", "pay_1", 0); return err }, "POST /v1/payments/pay_1/capture", ""},
		{func() error { _, err := c.CapturePayment(ctx, "k", "pay_1", 50); return err }, "POST /v1/payments/pay_1/capture", `{"amount":50}`},
	} {
		if err := want.ask(); err != nil {
			t.Fatal(want.line, err)
		}
		r := h.requests[i]
		if got := r.Method + " " + r.URL.RequestURI(); got != want.line || bodies[i] != want.body {
			t.Errorf("%s %s, want %s %s", got, bodies[i], want.line, want.body)
		}
	}
	if link.Currency != posta.Currency("ARS") || link.Stock == nil || *link.Stock != 3 || link.Flow != "both" || paid.Online == nil || paid.Online.Next.QR != "0002" {
		t.Errorf("%+v, %+v", link, paid.Online)
	}
}
