package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"posta"
	"posta/checkout"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

func (a *acquirer) Methods(context.Context) ([]provider.Method, error) {
	return []provider.Method{{ID: "visa", Name: "Visa", Type: provider.TypeCredit, Max: 25_000_000}, {ID: "rapipago", Name: "Rapipago", Type: provider.TypeTicket},
		{ID: "unheard_of", Name: "?", Type: provider.TypeTicket}}, a.answer()
}

func (a *acquirer) Installments(_ context.Context, _ string, amount posta.Money) ([]provider.InstallmentOption, error) {
	return []provider.InstallmentOption{{Installments: 1, Each: amount, Total: amount}}, a.answer()
}

func (a *acquirer) Tokens() provider.BrowserTokens {
	return provider.BrowserTokens{PublicKey: "TEST-1"}
}

var buyer = map[string]any{"email": "juana@buyer.example", "first_name": "Juana", "last_name": "Pérez",
	"identification": map[string]any{"type": "DNI", "number": "12.345.678"}}

func TestALinkThroughTheAPI(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		var product checkout.ProductView
		n.post("/v1/products", "p1", map[string]any{"connection_id": n.connection.ID, "name": "Taza", "category": "home", "price": 2500}).want(http.StatusCreated).into(&product)
		var link checkout.LinkView
		made := n.post("/v1/payment_links", "l1", map[string]any{"product_id": product.ID, "stock": 5, "max_quantity": 2, "flow": "direct"}).want(http.StatusCreated)
		made.into(&link)
		if made.header.Get("Location") != "/v1/payment_links/"+string(link.ID) || !strings.HasPrefix(link.URL, "https://posta.test/l/") || link.Currency != "ARS" ||
			link.Stock == nil || *link.Stock != 5 || link.Flow != provider.FlowDirect || strings.Contains(link.URL, string(link.ID)) {
			t.Errorf("%s", made.body)
		}
		if again := n.post("/v1/payment_links", "l1", map[string]any{"product_id": product.ID, "stock": 5, "max_quantity": 2, "flow": "direct"}); again.body != made.body {
			t.Errorf("again: %s", again.body)
		}
		var changed checkout.LinkView
		n.do("PATCH", "/v1/payment_links/"+string(link.ID), n.test, map[string]any{"stock": -1, "state": "disabled", "expires_at": "2027-01-01T00:00:00Z"}).want(http.StatusOK).into(&changed)
		if changed.Stock != nil || changed.State != checkout.LinkDisabled || changed.ExpiresAt == nil || changed.MaxQuantity != 2 || changed.Product != product.ID {
			t.Errorf("%+v", changed)
		}
		n.do("PATCH", "/v1/payment_links/"+string(link.ID), n.test, map[string]any{"no_expiry": true}).want(http.StatusOK).into(&changed)
		if changed.State != checkout.LinkDisabled {
			t.Error("a change opened it")
		}
		for i := range 3 {
			n.post("/v1/payment_links", "m"+string(rune('a'+i)), map[string]any{"product_id": product.ID}).want(http.StatusCreated)
		}
		var page struct {
			Data []checkout.LinkView
			Next string
		}
		n.do("GET", "/v1/payment_links?limit=3", n.test, nil).want(http.StatusOK).into(&page)
		first := page.Data
		n.do("GET", "/v1/payment_links?limit=3&after="+page.Next, n.test, nil).want(http.StatusOK).into(&page)
		if len(first) != 3 || len(page.Data) != 1 {
			t.Errorf("pages of %d and %d", len(first), len(page.Data))
		}
		p := n.post("/v1/payment_links", "bad", map[string]any{"connection_id": n.connection.ID, "title": "Taza", "amount": -1, "success_url": "http://shop.example/"}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		if got := wrongs(p); !slices.Equal(got, []string{"amount positive", "success_url not_https"}) {
			t.Errorf("%v", got)
		}
		n.do("POST", "/v1/payment_links", n.live, map[string]any{"connection_id": n.connection.ID, "title": "Taza", "amount": 100}, "Idempotency-Key", "x").
			refused(http.StatusConflict, posta.CodeModeMismatch)
	})
}

func TestASessionThroughTheAPI(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		var v checkout.SessionView
		n.post("/v1/checkout_sessions", "s1", map[string]any{"connection_id": n.connection.ID, "reference": "pedido 7", "buyer": buyer,
			"items": []any{map[string]any{"title": "Vuelo", "quantity": 2, "unit_price": 5000, "detail": map[string]any{"category": "travels",
				"route": map[string]any{"from": "EZE", "to": "MDQ"}}}}}).want(http.StatusCreated).into(&v)
		if v.Amount != 10000 || v.State != checkout.Open || v.Buyer == nil || v.Buyer.Email != "juana@buyer.example" || v.Flow != checkout.FlowBoth {
			t.Errorf("%+v", v)
		}
		session, err := n.services.Checkout.Session(t.Context(), n.merchant.ID, posta.Test, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		paid, err := n.services.Checkout.Pay(t.Context(), checkout.PayInput{Session: session.ID, Flow: provider.FlowDirect, Method: "rapipago"})
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Data []struct{ ID, Owner string } }
		n.do("GET", "/v1/checkout_sessions/"+string(v.ID)+"/payments", n.test, nil).want(http.StatusOK).into(&list)
		if len(list.Data) != 1 || list.Data[0].ID != string(paid.ID) || list.Data[0].Owner != string(v.ID) {
			t.Errorf("%+v", list)
		}
		n.post("/v1/checkout_sessions/"+string(v.ID)+"/cancel", "c1", nil).want(http.StatusOK).into(&v)
		if v.State != checkout.Canceled {
			t.Errorf("%s", v.State)
		}
		p := n.post("/v1/checkout_sessions", "s2", map[string]any{"connection_id": n.connection.ID, "title": "Taza", "amount": 100,
			"buyer": map[string]any{"identification": map[string]any{"type": "CUIT", "number": "20-00000001-0"}}}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		if got := wrongs(p); !slices.Equal(got, []string{"buyer.identification check_digit"}) {
			t.Errorf("%v", got)
		}
		n.post("/v1/checkout_sessions", "s3", map[string]any{"connection_id": n.connection.ID, "title": "4509 9535 6623 3704", "amount": 100}).
			refused(http.StatusUnprocessableEntity, posta.CodeCardNumber)
	})
}

func TestAPaymentOnlineThroughTheAPI(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		charge := map[string]any{"connection_id": n.connection.ID, "amount": 150000, "online": map[string]any{"flow": "direct", "method": "rapipago", "buyer": buyer}}
		made := n.post("/v1/payments", "o1", charge).want(http.StatusCreated)
		if !strings.Contains(made.body, `"rail":"online"`) || !strings.Contains(made.body, `"method":"rapipago"`) || strings.Contains(made.body, "juana") || strings.Contains(made.body, "12345678") {
			t.Errorf("%s", made.body)
		}
		for problem, body := range map[string]map[string]any{
			"online required":       {"connection_id": n.connection.ID, "amount": 100},
			"till_id not_on_rail":   {"connection_id": n.connection.ID, "till_id": n.till.ID, "amount": 100, "online": charge["online"]},
			"connection_id unknown": {"rail": "online", "amount": 100, "online": charge["online"]},
			"till_id required":      {"amount": 100},
			"online not_on_rail":    {"till_id": n.till.ID, "amount": 100, "online": charge["online"]},
		} {
			p := n.post("/v1/payments", problem, body).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
			if got := wrongs(p); !slices.Contains(got, problem) {
				t.Errorf("%s: %v", problem, got)
			}
		}
		n.post("/v1/payments", "pan", map[string]any{"connection_id": n.connection.ID, "amount": 100, "online": map[string]any{"flow": "direct", "method": "visa",
			"token": "4509953566233704", "buyer": buyer}}).refused(http.StatusUnprocessableEntity, posta.CodeCardNumber)
		n.do("POST", "/v1/payments", n.live, charge, "Idempotency-Key", "x").refused(http.StatusConflict, posta.CodeModeMismatch)
		var open struct{ ID string }
		made.into(&open)
		n.post("/v1/payments/"+open.ID+"/capture", "cap", nil).refused(http.StatusConflict, posta.CodeState)
	})
}

func TestWhatAnAccountOffersThroughTheAPI(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	base := "/v1/connections/" + string(n.connection.ID)
	var list struct{ Data []provider.Method }
	n.do("GET", base+"/methods", n.test, nil).want(http.StatusOK).into(&list)
	if len(list.Data) != 2 || list.Data[0].ID != "visa" || list.Data[0].Max != 25_000_000 {
		t.Errorf("%+v", list)
	}
	var options struct{ Data []provider.InstallmentOption }
	n.do("GET", base+"/installments?bin=503175&amount=150000", n.test, nil).want(http.StatusOK).into(&options)
	if len(options.Data) != 1 || options.Data[0].Total.Amount != 150000 {
		t.Errorf("%+v", options)
	}
	n.do("GET", base+"/installments?bin=5031&amount=150000", n.test, nil).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
	n.do("GET", base+"/installments?bin=503175&amount=0", n.test, nil).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
}
