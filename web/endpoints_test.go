package web_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"posta"
	"posta/account"
	"posta/webhook"
	"posta/work"
)

// send sends what is due.
func (o *back) send() {
	o.t.Helper()
	if err := work.Once(o.t.Context(), work.Sweep{Run: o.webhooks.SweepDeliveries}); err != nil {
		o.t.Fatal(err)
	}
}

// endpoint makes one with a delivery that failed, and gives their pages.
func (o *back) endpoint(url string) (endpoint, delivery string) {
	o.t.Helper()
	now := o.clock.Now()
	e, _, err := o.webhooks.Create(o.t.Context(), webhook.Input{ID: posta.NewID[posta.EndpointID](now), MerchantID: o.world.Merchant.ID, Mode: posta.Test, URL: url,
		Events: []string{"payment.paid", "payment.progressed", "refund.*"}})
	if err != nil {
		o.t.Fatal(err)
	}
	d, err := o.webhooks.Test(o.t.Context(), e.MerchantID, e.Mode, e.ID, posta.NewID[posta.DeliveryID](now))
	if err != nil {
		o.t.Fatal(err)
	}
	o.send()
	return "/endpoints/" + string(e.ID), "/deliveries/" + string(d.ID)
}

// An endpoint from the empty page to the removed one: its secret is shown once,
// a test is sent, fails, is sent again and arrives, 410 switches off.
func TestEndpointsInTheOffice(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	var answer atomic.Int64
	answer.Store(http.StatusInternalServerError)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(int(answer.Load()))
		_, _ = w.Write([]byte("<b>dice la tienda</b>"))
	}))
	defer shop.Close()
	has(t, b.page("/"), `href="/endpoints"`)
	has(t, b.page("/endpoints"), "Todavía no se avisa a ningún sistema", `href="/endpoints/new"`)
	form := b.page("/endpoints/new")
	has(t, form, "Todo sobre los cobros", `value="payment.*" checked`, `value="payment.paid"`, "Pagado", "Todo sobre las suscripciones")
	nonce := nonceOf(t, form)
	got := b.post("/endpoints/new", "nonce", nonce, "url", "http://8.8.8.8/", "description", "Pedidos")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("wrong: %d", got.status)
	}
	has(t, got.body, "elija al menos una cosa", "red privada", `value="Pedidos"`, nonce)
	fields := []string{"nonce", nonce, "url", shop.URL + "/posta", "description", "Pedidos", "events", "payment.*", "events", "payment.paid", "events", "refund.succeeded"}
	made := b.post("/endpoints/new", fields...)
	secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`).FindString(strings.ReplaceAll(made.body, "&#43;", "+"))
	if made.status != http.StatusOK || len(secret) < 30 {
		t.Fatalf("%d, secret %q", made.status, secret)
	}
	has(t, made.body, "no se muestra otra vez", shop.URL+"/posta", `value="payment.*" checked`, `value="refund.succeeded" checked`)
	hasNot(t, made.body, `value="payment.paid" checked`)
	again := b.post("/endpoints/new", fields...) // a double click
	has(t, again.body, "ya estaba agregado")
	list := b.page("/endpoints")
	hasNot(t, again.body+list, "whsec_")
	if strings.Count(list, `href="/endpoints/end_`) != 1 {
		t.Error("not there once")
	}
	path := regexp.MustCompile(`/endpoints/end_[0-9A-Z]{26}`).FindString(list)
	page := b.page(path)
	hasNot(t, page, "whsec_")
	has(t, page, "Todavía no se envió nada")

	test := nonceOf(t, page)
	sent := b.post(path+"/test", "nonce", test)
	if !strings.HasPrefix(sent.to, "/deliveries/dlv_") || b.post(path+"/test", "nonce", test).to != sent.to {
		t.Fatalf("test: %d %s", sent.status, sent.to)
	}
	has(t, b.page(sent.to), "La prueba está en camino", "Todavía no se intentó")
	o.send()
	has(t, b.page(sent.to), "endpoint.test", "<code>500</code>", "&lt;b&gt;dice la tienda", "En camino", "Se intenta de nuevo", "webhook-id")
	answer.Store(http.StatusNoContent)
	b.post(sent.to + "/send")
	o.send()
	has(t, b.page(sent.to), "<code>204</code>", "Recibido")
	has(t, b.page(path), "Recibidos: 1", "Prueba: no pasó nada", "Intentos: 2")
	has(t, b.page(path+"?state=dead"), "No hay envíos en ese estado")

	got = b.post(path, "url", shop.URL+"/otra", "description", "", "events", "project.*")
	has(t, got.body, "tiene un tipo que no se envía", shop.URL+"/otra")
	if got := b.post(path, "url", shop.URL+"/otra", "description", "Contabilidad", "events", "*"); got.to != path {
		t.Errorf("change: %d", got.status)
	}
	has(t, b.page(path), "Contabilidad", `value="*" checked`)
	answer.Store(http.StatusGone)
	b.post(sent.to + "/send")
	o.send()
	has(t, b.page(path), "no quiere más (410)", "Detenido", "Activar")
	if got := b.post(sent.to + "/send"); got.status != http.StatusConflict {
		t.Errorf("sent to one that is off: %d", got.status)
	}
	b.post(path+"/switch", "on", "true")
	has(t, b.page(path), "El destino está activo", "Enviar una prueba")
	b.post(path+"/switch", "on", "false")
	has(t, b.page("/endpoints"), "Lo detuvo una persona", "Prueba", "Detenido")
	has(t, b.page(path+"/remove"), "¿Quitar este destino?", shop.URL+"/otra")
	b.post(path + "/remove")
	has(t, b.page("/endpoints"), "El destino se quitó", "Todavía no se avisa")
	if got := b.get(sent.to); got.status != http.StatusNotFound {
		t.Errorf("a delivery of a removed endpoint: %d", got.status)
	}
}

// Owners, managers and integrators manage endpoints; a commercial looks. Red
// under: a handler without mayManage.
func TestWhoManagesEndpoints(t *testing.T) {
	t.Parallel()
	o := office(t)
	endpoint, delivery := o.endpoint("https://127.0.0.1:9/")
	for role, may := range map[posta.Role]bool{posta.Owner: true, posta.Manager: true, posta.Integrator: true, posta.Commercial: false} {
		email := string(role) + "@tienda.example"
		if _, err := o.accounts.CreateUser(t.Context(), account.UserInput{MerchantID: o.world.Merchant.ID, Email: email, Name: "Ana Ruiz", Password: password, Role: role}); err != nil {
			t.Fatal(err)
		}
		b := o.login(email)
		page := b.page(endpoint) + b.page(delivery) + b.page("/endpoints")
		if strings.Contains(page, `method="post" action="/endpoints`) != may || strings.Contains(page, "/endpoints/new") != may || strings.Contains(page, "/send") != may {
			t.Errorf("%s: what is offered", role)
		}
		for _, try := range []struct{ method, path string }{{"GET", "/endpoints/new"}, {"GET", endpoint + "/remove"}, {"POST", "/endpoints/new"}, {"POST", endpoint},
			{"POST", endpoint + "/test"}, {"POST", endpoint + "/switch"}, {"POST", delivery + "/send"}} {
			got := b.do(try.method, try.path, strings.NewReader("on=true"))
			if (got.status == http.StatusForbidden) == may {
				t.Errorf("%s: %s %s: %d", role, try.method, try.path, got.status)
			}
		}
		if got := b.post(endpoint + "/remove"); !may && got.status != http.StatusForbidden {
			t.Errorf("%s removes: %d", role, got.status)
		}
		if may {
			endpoint, delivery = o.endpoint("https://127.0.0.1:9/")
		}
	}
}
