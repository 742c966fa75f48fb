package api_test

import (
	"net/http"
	"testing"

	"posta"
	"posta/payment"
	"posta/store"
	"posta/store/storetest"
	"posta/subscription"
)

// subscriber is a buyer as requests name one.
var subscriber = map[string]any{"email": "ana@cliente.example", "first_name": "Ana", "last_name": "Prueba",
	"identification": map[string]any{"type": "DNI", "number": "12.345.678"}}

// A plan, a subscription to it with its first voucher, what is done with it, and
// its parts.
func TestSubscriptionsByTheAPI(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		monthly := map[string]any{"connection_id": n.connection.ID, "name": "Club", "amount": 150000, "engine": "hub", "methods": []any{"rapipago", "pagofacil"},
			"period": map[string]any{"every": 1, "unit": "months"}, "dunning": map[string]any{"days": []int{0}, "grace_days": 2, "final": "pause"}}
		var plan struct {
			ID, State string
			URL       string `json:"sign_up_url"`
			Attempts  subscription.Attempts
		}
		n.post("/v1/plans", "k1", monthly).want(http.StatusCreated).into(&plan)
		if plan.State != "active" || plan.Attempts != (subscription.Attempts{Most: 3, Days: 7}) || plan.URL == "" {
			t.Errorf("%+v", plan)
		}
		weekly := map[string]any{"connection_id": n.connection.ID, "name": "Club", "amount": 150000, "engine": "hub", "methods": []any{"visa"},
			"period": map[string]any{"every": 1, "unit": "weeks"}}
		if got := wrongs(n.post("/v1/plans", "k2", weekly).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)); len(got) == 0 {
			t.Error("weeks and cards were taken")
		}
		var sub struct {
			ID, State string
			Page      string `json:"buyer_url"`
			Amount    int64
			Buyer     struct{ Identification struct{ Number string } }
		}
		asked := map[string]any{"plan_id": plan.ID, "buyer": subscriber, "method": "rapipago", "reference": "socia 12"}
		n.post("/v1/subscriptions", "k3", asked).want(http.StatusCreated).into(&sub)
		if sub.State != "active" || sub.Buyer.Identification.Number != "12345678" || sub.Page == "" {
			t.Errorf("%+v", sub)
		}
		path := "/v1/subscriptions/" + sub.ID
		var invoices struct{ Data []subscription.InvoiceView }
		n.do("GET", path+"/invoices", n.test, nil).want(http.StatusOK).into(&invoices)
		if len(invoices.Data) != 2 || invoices.Data[0].State != subscription.Open || invoices.Data[0].Attempts[0].State != payment.Pending {
			t.Fatalf("%+v", invoices)
		}
		var messages struct{ Data []subscription.MessageView }
		n.do("GET", path+"/messages", n.test, nil).want(http.StatusOK).into(&messages)
		if len(messages.Data) != 1 || messages.Data[0].Kind != subscription.KindVoucher || messages.Data[0].State != subscription.MessageKept {
			t.Errorf("%+v", messages)
		}
		n.do("PATCH", path, n.test, map[string]any{"amount": 180000}).want(http.StatusOK).into(&sub)
		if sub.Amount != 180000 {
			t.Errorf("%+v", sub)
		}
		n.do("PATCH", path, n.test, map[string]any{"amount": 180000, "method": "pagofacil"}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		n.do("PATCH", path, n.test, map[string]any{"method": "oxxo"}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		n.do("PATCH", path, n.test, map[string]any{"method": "pagofacil"}).want(http.StatusOK)
		for i, deed := range []struct{ name, state string }{{"pause", "paused"}, {"resume", "active"}, {"cancel", "canceled"}} {
			n.post(path+"/"+deed.name, "d"+deed.name, nil).want(http.StatusOK).into(&sub)
			if sub.State != deed.state {
				t.Errorf("%d: %+v", i, sub)
			}
		}
		n.post(path+"/resume", "k9", nil).refused(http.StatusConflict, posta.CodeState)
		n.post(path+"/card", "k10", map[string]any{"token": "x"}).refused(http.StatusConflict, posta.CodeState)
		n.do("GET", path+"/invoices", n.test, nil).want(http.StatusOK).into(&invoices)
		for _, i := range invoices.Data {
			if i.State != subscription.Void {
				t.Errorf("invoice %d is %s", i.Sequence, i.State)
			}
			n.do("GET", "/v1/invoices/"+string(i.ID), n.test, nil).want(http.StatusOK)
		}
		n.do("PATCH", "/v1/plans/"+plan.ID, n.test, map[string]any{"state": "archived"}).want(http.StatusOK)
		n.post("/v1/subscriptions", "k11", asked).refused(http.StatusConflict, posta.CodeState)
	})
}
