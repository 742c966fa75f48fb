package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/store"
	"posta/store/storetest"
	"posta/webhook"
	"posta/work"
)

// An endpoint's life through the API. The secret is in the first answer and in
// none that is given again. Red under: the saved answer as it was.
func TestEndpoints(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := start(t, db)
		h.services.Webhooks.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		n := h.tenant()
		fine := false
		shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !fine {
				http.Error(w, "busy\xff", http.StatusServiceUnavailable)
			}
		}))
		defer shop.Close()
		asked := map[string]any{"url": shop.URL, "description": "Pedidos", "events": []string{"payment.paid", "payment.*", "refund.succeeded"}}
		type endpoint struct {
			ID, Secret, State, URL, Reason string
			Events                         []string
		}
		var e, again endpoint
		first := n.post("/v1/endpoints", "k", asked).want(http.StatusCreated)
		first.into(&e)
		if len(e.Secret) < 30 || !strings.HasPrefix(e.Secret, "whsec_") || first.header.Get("Location") != "/v1/endpoints/"+e.ID || len(e.Events) != 2 {
			t.Fatalf("%+v", e)
		}
		n.post("/v1/endpoints", "k", asked).want(http.StatusCreated).into(&again)
		if again.ID != e.ID || again.Secret != e.Secret[:10]+"…" {
			t.Errorf("given again: %+v", again)
		}
		for _, path := range []string{"/v1/endpoints", "/v1/endpoints/" + e.ID} {
			if body := h.do("GET", path, n.test, nil).want(http.StatusOK).body; strings.Contains(body, "whsec_") || !strings.Contains(body, e.ID) {
				t.Errorf("%s: %s", path, body)
			}
		}
		for _, wrong := range []map[string]any{{"url": "http://shop.example/", "events": []string{}}, {"url": "https://10.0.0.1/", "events": []string{"project.*"}},
			{"url": "ftp://x", "events": []string{"pay*"}}, {"url": "https://x.example", "events": []string{"payment.paid.*.x"}}, {"url": "https://x.example", "events": []string{"PAYMENT.*"}}} {
			n.post("/v1/endpoints", "wrong", wrong).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		}
		var d struct{ ID, State, Type string }
		n.post("/v1/endpoints/"+e.ID+"/test", "t", nil).want(http.StatusAccepted).into(&d)
		send := func() {
			t.Helper()
			if err := work.Once(t.Context(), work.Sweep{Run: h.services.Webhooks.SweepDeliveries}); err != nil {
				t.Fatal(err)
			}
		}
		send()
		fine = true
		n.post("/v1/deliveries/"+d.ID+"/send", "s", nil).want(http.StatusAccepted).into(&d)
		if d.State != "pending" || d.Type != webhook.TestType {
			t.Errorf("%+v", d)
		}
		send()
		detail := h.do("GET", "/v1/deliveries/"+d.ID, n.test, nil).want(http.StatusOK).body
		for _, part := range []string{`"state":"delivered"`, `"status":503`, `"status":200`, `"answer":"busy`, `"body":{"type":"endpoint.test"`} {
			if !strings.Contains(detail, part) {
				t.Errorf("no %s in %s", part, detail)
			}
		}
		var list struct {
			Data []struct{ ID string }
			Next string
		}
		h.clock.Move(time.Second) // ids of one instant are in no order
		n.post("/v1/endpoints/"+e.ID+"/test", "t2", nil).want(http.StatusAccepted)
		h.do("GET", "/v1/endpoints/"+e.ID+"/deliveries?limit=1", n.test, nil).want(http.StatusOK).into(&list)
		if len(list.Data) != 1 || list.Next == "" {
			t.Fatalf("%+v", list)
		}
		h.do("GET", "/v1/endpoints/"+e.ID+"/deliveries?state=delivered&limit=1&after="+list.Next, n.test, nil).want(http.StatusOK).into(&list)
		if len(list.Data) != 1 || list.Data[0].ID != d.ID {
			t.Errorf("%+v", list)
		}
		h.do("PATCH", "/v1/endpoints/"+e.ID, n.test, map[string]any{"enabled": false}).want(http.StatusOK).into(&e)
		if e.State != "disabled" || e.Reason != "person" || e.URL != shop.URL {
			t.Errorf("%+v", e)
		}
		n.post("/v1/deliveries/"+d.ID+"/send", "s2", nil).refused(http.StatusConflict, posta.CodeState)
		n.post("/v1/endpoints/"+e.ID+"/test", "t3", nil).refused(http.StatusConflict, posta.CodeState)
		h.do("DELETE", "/v1/endpoints/"+e.ID, n.test, nil).want(http.StatusNoContent)
		for _, path := range []string{"/v1/endpoints/" + e.ID, "/v1/endpoints/" + e.ID + "/deliveries", "/v1/deliveries/" + d.ID} {
			h.do("GET", path, n.test, nil).refused(http.StatusNotFound, posta.CodeNotFound)
		}
		// What was done is told, with who did it and without the secret.
		if _, err := db.PositionEvents(t.Context()); err != nil {
			t.Fatal(err)
		}
		told := h.do("GET", "/v1/events", n.test, nil).want(http.StatusOK).body
		for _, part := range []string{"endpoint.created", "endpoint.disabled", "endpoint.removed", `"actor":"key:key_`} {
			if !strings.Contains(told, part) {
				t.Errorf("no %s in %s", part, told)
			}
		}
		if strings.Contains(told, "whsec_") || strings.Contains(h.log.String(), "whsec_") {
			t.Error("the secret is told")
		}
	})
}
