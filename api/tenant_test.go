package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/inbox"
	"posta/project"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// document is the part of OpenAPI that tests look at.
type document struct {
	OpenAPI string                          `json:"openapi"`
	Paths   map[string]map[string]operation `json:"paths"`
	Parts   map[string]map[string]any       `json:"components"`
	Rules   []map[string][]string           `json:"security"`
}

type operation struct {
	ID         string   `json:"operationId"`
	Summary    string   `json:"summary"`
	Tags       []string `json:"tags"`
	Codes      []string `json:"x-error-codes"`
	Parameters []struct {
		Name, In string
		Required bool
	} `json:"parameters"`
	Request *struct {
		Content map[string]media `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Description string           `json:"description"`
		Content     map[string]media `json:"content"`
	} `json:"responses"`
}

type media struct {
	Schema  map[string]any `json:"schema"`
	Example any            `json:"example"`
}

func (h *hub) document() (d document) {
	h.t.Helper()
	h.do("GET", "/openapi.json", "", nil).want(http.StatusOK).into(&d)
	return d
}

// routes are all operations of the document, as "POST /v1/payments".
func (d document) routes() (out []string) {
	for path, item := range d.Paths {
		for method := range item {
			out = append(out, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(out)
	return out
}

// request is a valid one of the route, made of the document's example.
func (d document) request(route string) (method, path string, body any) {
	method, path, _ = strings.Cut(route, " ")
	op := d.Paths[path][strings.ToLower(method)]
	if op.Request != nil {
		body = op.Request.Content["application/json"].Example
	}
	return method, path, body
}

// TestP41 asks, on every route of the document that names an object, with
// another tenant's key and with the same tenant's key of the other mode, for
// one that is there: it is not found, and stays as it is. Red under: a query
// without the merchant; a handler that forgets the mode.
func TestP41_NobodySeesAnothersObjects(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := start(t, db)
		a, b := h.tenant(), h.tenant()
		ctx := t.Context()
		paid := b.paid("k1", 1500)
		var refund struct{ ID string }
		b.post("/v1/payments/"+string(paid)+"/refunds", "k2", map[string]any{"amount": 500}).want(http.StatusCreated).into(&refund)
		var open struct{ ID string }
		b.post("/v1/payments", "k3", b.charge(1500)).want(http.StatusCreated).into(&open)
		shift, err := h.services.Tills.OpenShift(ctx, till.ShiftInput{MerchantID: b.merchant.ID, Mode: posta.Test, TillID: b.till.ID, By: "Ana"})
		if err != nil {
			t.Fatal(err)
		}
		terminal := b.terminal("T-1")
		var settlement struct{ ID string }
		b.post("/v1/settlements", "k4", map[string]any{"terminal_id": terminal}).want(http.StatusCreated).into(&settlement)
		h.do("POST", "/hooks/"+string(b.connection.ID), "", `{"type":"order"}`).want(http.StatusOK)
		notices, err := h.services.Inbox.List(ctx, inbox.Filter{MerchantID: b.merchant.ID, Mode: posta.Test})
		if err != nil || len(notices) != 1 {
			t.Fatal(notices, err)
		}
		prj := b.project()
		file, err := h.services.Projects.Attach(ctx, project.Actor{Merchant: b.merchant.ID}, project.Upload{Project: prj, File: project.File{Name: "guia.txt", Data: []byte("x")}})
		if err != nil {
			t.Fatal(err)
		}
		var endpoint struct{ ID string }
		b.post("/v1/endpoints", "k5", map[string]any{"url": "https://shop.example/", "events": []string{"*"}}).want(http.StatusCreated).into(&endpoint)
		var delivery struct{ ID string }
		b.post("/v1/endpoints/"+endpoint.ID+"/test", "k6", nil).want(http.StatusAccepted).into(&delivery)
		var product, link, session struct{ ID string }
		sold := map[string]any{"connection_id": b.connection.ID, "title": "Taza", "amount": 1500}
		b.post("/v1/products", "k7", map[string]any{"connection_id": b.connection.ID, "name": "Taza", "price": 1500}).want(http.StatusCreated).into(&product)
		b.post("/v1/payment_links", "k8", sold).want(http.StatusCreated).into(&link)
		b.post("/v1/checkout_sessions", "k9", sold).want(http.StatusCreated).into(&session)
		var plan, subscribed struct{ ID string }
		b.post("/v1/plans", "k10", map[string]any{"connection_id": b.connection.ID, "name": "Club", "amount": 1500, "engine": "hub", "methods": []any{"rapipago"},
			"period": map[string]any{"every": 1, "unit": "months"}, "trial": map[string]any{"every": 1, "unit": "months"}}).want(http.StatusCreated).into(&plan)
		b.post("/v1/subscriptions", "k11", map[string]any{"plan_id": plan.ID, "buyer": subscriber}).want(http.StatusCreated).into(&subscribed)
		var billed struct{ Data []struct{ ID string } }
		b.do("GET", "/v1/subscriptions/"+subscribed.ID+"/invoices", b.test, nil).want(http.StatusOK).into(&billed)
		back := b.takenBack(paid)
		objects := map[string]string{"chargebacks": string(back), "plans": plan.ID, "subscriptions": subscribed.ID, "invoices": billed.Data[0].ID, "products": product.ID, "payment_links": link.ID, "checkout_sessions": session.ID, "endpoints": endpoint.ID, "deliveries": delivery.ID, "projects": string(prj), "payments": open.ID, "refunds": refund.ID, "stores": string(b.store.ID), "tills": string(b.till.ID),
			"shifts": string(shift.ID), "terminals": string(terminal), "settlements": settlement.ID, "connections": string(b.connection.ID), "notifications": string(notices[0].ID)}
		d, tested := h.document(), 0
		for _, route := range d.routes() {
			method, path, body := d.request(route)
			if !strings.Contains(path, "{id}") {
				continue
			}
			tested++
			id := objects[strings.Split(path, "/")[2]]
			if id == "" {
				t.Errorf("%s: no object to ask for", route)
				continue
			}
			for who, token := range map[string]string{"another tenant": a.test, "the other mode": b.live} {
				if who == "the other mode" && strings.HasPrefix(path, "/v1/projects/") {
					continue // projects have no mode
				}
				got := h.do(method, strings.NewReplacer("{id}", id, "{device}", "T-1", "{attachment}", string(file.ID), "{case}", "credit_1").Replace(path), token, body, "Idempotency-Key", "p41 "+route)
				if got.status != http.StatusNotFound {
					t.Errorf("%s, %s: status %d %s", route, who, got.status, got.body)
					continue
				}
				got.refused(http.StatusNotFound, posta.CodeNotFound)
				if strings.Contains(got.body, id) {
					t.Errorf("%s, %s: the answer names it", route, who)
				}
			}
		}
		if tested < 75 {
			t.Errorf("%d routes tested", tested)
		}

		// Lists hold nothing of others, and writes cannot name what is theirs.
		if body := h.do("GET", "/v1/projects", a.test, nil).want(http.StatusOK).body; strings.Contains(body, string(prj)) {
			t.Errorf("the list holds another's project: %s", body)
		}
		for _, path := range []string{"/v1/payments", "/v1/stores", "/v1/tills", "/v1/terminals", "/v1/settlements", "/v1/connections", "/v1/notifications", "/v1/events", "/v1/endpoints",
			"/v1/plans", "/v1/subscriptions", "/v1/subscriptions?plan_id=" + plan.ID, "/v1/invoices", "/v1/invoices?subscription_id=" + subscribed.ID,
			"/v1/products", "/v1/payment_links", "/v1/checkout_sessions", "/v1/checkout_sessions?link_id=" + link.ID, "/v1/payment_links?product_id=" + product.ID,
			"/v1/payments?till_id=" + string(b.till.ID), "/v1/payments?search=" + open.ID, "/v1/notifications?payment_id=" + open.ID,
			"/v1/settlements?terminal_id=" + string(terminal), "/v1/settlements?store_id=" + string(b.store.ID)} {
			for who, token := range map[string]string{"another tenant": a.test, "the other mode": b.live} {
				body := h.do("GET", path, token, nil).want(http.StatusOK).body
				for _, id := range objects {
					if strings.Contains(body, id) {
						t.Errorf("%s, %s: holds %s", path, who, id)
					}
				}
			}
		}
		a.post("/v1/payments", "w1", b.charge(1500)).refused(http.StatusNotFound, posta.CodeNotFound)
		a.post("/v1/tills", "w2", map[string]any{"store_id": b.store.ID, "name": "Caja 9"}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		a.post("/v1/stores", "w3", map[string]any{"connection_id": b.connection.ID, "name": "Ajena", "address": address}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		own := a.terminal("T-1")
		for field, body := range map[string]map[string]any{
			"store_id unknown":      {"store_id": b.store.ID, "connection_id": a.connection.ID, "code": "T-2", "name": "Ajena"},
			"connection_id unknown": {"store_id": a.store.ID, "connection_id": b.connection.ID, "code": "T-2", "name": "Ajena"},
			"tills unknown":         {"store_id": a.store.ID, "connection_id": a.connection.ID, "code": "T-2", "name": "Ajena", "tills": []any{b.till.ID}},
		} {
			p := a.post("/v1/terminals", "w6", body).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
			if got := wrongs(p); len(got) != 1 || got[0] != field {
				t.Errorf("%s: %v", field, got)
			}
		}
		for _, path := range []string{"/v1/products", "/v1/payment_links", "/v1/checkout_sessions"} {
			p := a.post(path, "w9"+path, map[string]any{"connection_id": b.connection.ID, "title": "Taza", "name": "Taza", "amount": 1500, "price": 1500})
			p.want(http.StatusUnprocessableEntity)
		}
		a.post("/v1/plans", "w11", map[string]any{"connection_id": b.connection.ID, "name": "Club", "amount": 1500, "engine": "hub", "methods": []any{"rapipago"},
			"period": map[string]any{"every": 1, "unit": "months"}}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		a.post("/v1/subscriptions", "w12", map[string]any{"plan_id": plan.ID, "buyer": subscriber}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		a.post("/v1/payment_links", "w10", map[string]any{"product_id": product.ID}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		h.do("PATCH", "/v1/terminals/"+string(own), a.test, map[string]any{"tills": []any{b.till.ID}}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		a.post("/v1/settlements", "w8", map[string]any{"terminal_id": terminal}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		charge := a.onTerminal(1500, nil)
		charge["terminals"] = []any{terminal}
		a.post("/v1/payments", "w7", charge).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		h.do("POST", "/v1/payments", b.live, b.charge(1500), "Idempotency-Key", "w4").refused(http.StatusConflict, posta.CodeModeMismatch)
		if got := b.do("GET", "/v1/payments/"+open.ID, b.test, nil).want(http.StatusOK); !strings.Contains(got.body, `"state":"pending"`) {
			t.Errorf("it was changed: %s", got.body)
		}
		var replayed struct{ Count int }
		all := map[string]any{"from": storetest.Now.Add(-time.Hour), "to": storetest.Now.Add(time.Hour)}
		if a.post("/v1/notifications/replay", "w5", all).want(http.StatusAccepted).into(&replayed); replayed.Count != 0 {
			t.Errorf("%d of another's notifications replayed", replayed.Count)
		}
		if b.post("/v1/notifications/replay", "w5", all).want(http.StatusAccepted).into(&replayed); replayed.Count != 1 {
			t.Errorf("%d of one's own replayed", replayed.Count)
		}
	})
}

// Every route of the document wants a key, and knows a bad one from a good one.
func TestEveryRouteWantsAKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		revoked, token, err := n.services.Accounts.CreateKey(t.Context(), "", n.merchant.ID, posta.Test, "vieja")
		if err != nil {
			t.Fatal(err)
		}
		if err := n.services.Accounts.RevokeKey(t.Context(), n.merchant.ID, revoked.ID); err != nil {
			t.Fatal(err)
		}
		d := n.document()
		for _, route := range d.routes() {
			method, path, body := d.request(route)
			path = strings.ReplaceAll(path, "{id}", "pay_01JD9S3F2K8Q4ZV6W1X7Y5T0RB")
			for who, header := range map[string]string{"nobody": "", "no scheme": n.test, "basic": "Basic " + n.test, "other": "Bearer psk_test_" + strings.Repeat("0", 43),
				"revoked": "Bearer " + token, "changed": "Bearer " + strings.Replace(n.test, "psk_test_", "psk_live_", 1), "long": "Bearer psk_" + strings.Repeat("x", 9000)} {
				a := n.do(method, path, "", body, "Authorization", header, "Idempotency-Key", "k")
				a.refused(http.StatusUnauthorized, posta.CodeUnauthorized)
				if a.header.Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%s, %s: no WWW-Authenticate", route, who)
				}
			}
		}
		n.do("GET", "/v1/none", n.test, nil).refused(http.StatusNotFound, posta.CodeNotFound)
		n.do("GET", "/v1//me", n.test, nil).want(http.StatusTemporaryRedirect)
		if a := n.do("PUT", "/v1/payments", n.test, nil); a.header.Get("Allow") == "" {
			t.Error("no Allow")
		} else {
			a.refused(http.StatusMethodNotAllowed, "method_not_allowed")
		}
		for _, path := range []string{"/healthz", "/v1/health", "/docs/api", "/openapi.json", "/openapi.yaml"} {
			n.do("GET", path, "", nil).want(http.StatusOK)
		}
	})
}

// The document is OpenAPI 3.1; every operation has its words, examples and
// error codes, and every reference leads somewhere.
func TestDocument(t *testing.T) {
	h := start(t, storetest.Open(t, store.SQLite))
	raw := h.do("GET", "/openapi.json", "", nil).want(http.StatusOK).body
	d := h.document()
	if !strings.HasPrefix(d.OpenAPI, "3.1.") || len(d.Rules) != 1 {
		t.Errorf("OpenAPI %s, security %v", d.OpenAPI, d.Rules)
	}
	ids := map[string]bool{}
	for _, route := range d.routes() {
		method, path, _ := d.request(route)
		op := d.Paths[path][strings.ToLower(method)]
		complain := func(format string, args ...any) { t.Errorf(route+": "+format, args...) }
		if op.ID == "" || ids[op.ID] || op.Summary == "" || len(op.Tags) != 1 {
			complain("id %q, summary %q, tags %v", op.ID, op.Summary, op.Tags)
		}
		ids[op.ID] = true
		named := map[string]bool{}
		for _, p := range op.Parameters {
			if named[p.Name] {
				complain("parameter %s twice", p.Name)
			}
			named[p.Name] = true
			if p.Name == "Idempotency-Key" && !p.Required {
				complain("the key is not required")
			}
		}
		if strings.Contains(path, "{id}") != named["id"] || (method == "POST") != named["Idempotency-Key"] {
			complain("parameters %v", named)
		}
		if op.Request != nil && op.Request.Content["application/json"].Example == nil {
			complain("no example of the request")
		}
		listed := []string{}
		for status, response := range op.Responses {
			if response.Description == "" {
				complain("%s: no description", status)
			}
			if status < "400" {
				for kind, content := range response.Content {
					if content.Example == nil && kind != "application/pdf" {
						complain("%s: no example", status)
					}
				}
				continue
			}
			if response.Content["application/problem+json"].Example == nil {
				complain("%s: no example of the error", status)
			}
			_, codes, _ := strings.Cut(response.Description, ": ")
			listed = append(listed, strings.Split(codes, ", ")...)
		}
		slices.Sort(listed)
		if listed = slices.Compact(listed); !slices.Equal(listed, op.Codes) {
			complain("codes %v, in answers %v", op.Codes, listed)
		}
	}
	if len(ids) < 54 {
		t.Errorf("%d operations", len(ids))
	}
	schemas := d.Parts["schemas"]
	for _, part := range strings.Split(raw, `"$ref":"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if schemas[name] == nil {
			t.Errorf("schema %s is not there", name)
		}
	}
	// The page names every operation and every code, and lets nothing in from outside.
	a := h.do("GET", "/docs/api", "", nil).want(http.StatusOK)
	for id := range ids {
		if !strings.Contains(a.body, `id="`+id+`"`) {
			t.Errorf("the page lacks %s", id)
		}
	}
	if strings.Contains(a.body, `src="http`) || strings.Contains(a.body, `rel="stylesheet" href="http`) || a.header.Get("Content-Security-Policy") == "" {
		t.Error("the page loads from outside, or has no policy")
	}
}

// What is answered is what the document says: fields that it does not know, or
// lacks, are a fault.
func TestAnswersFollowTheDocument(t *testing.T) {
	n := start(t, storetest.Open(t, store.SQLite)).tenant()
	d := n.document()
	terminal := n.terminal("T-1")
	paid := n.swiped("k1", 1500, "VI")
	base := "/v1/payments/" + string(paid)
	idle := n.terminal("T-2")
	n.do("POST", "/hooks/"+string(n.connection.ID), "", `{"type":"order"}`).want(http.StatusOK)
	var list struct{ Data []struct{ ID string } }
	n.do("GET", "/v1/notifications", n.test, nil).want(http.StatusOK).into(&list)
	if _, err := n.services.Events.PositionEvents(t.Context()); err != nil {
		t.Fatal(err)
	}
	for schema, a := range map[string]answer{
		"Payment":            n.do("GET", base, n.test, nil),
		"PaymentList":        n.do("GET", "/v1/payments", n.test, nil),
		"Refund":             n.post(base+"/refunds", "k2", map[string]any{"amount": 300, "reason": "<b>"}),
		"RefundList":         n.do("GET", base+"/refunds", n.test, nil),
		"Store":              n.do("GET", "/v1/stores/"+string(n.store.ID), n.test, nil),
		"StoreList":          n.do("GET", "/v1/stores", n.test, nil),
		"Till":               n.do("GET", "/v1/tills/"+string(n.till.ID), n.test, nil),
		"TillList":           n.do("GET", "/v1/tills", n.test, nil),
		"Terminal":           n.do("GET", "/v1/terminals/"+string(terminal), n.test, nil),
		"TerminalList":       n.do("GET", "/v1/terminals", n.test, nil),
		"Settlement":         n.post("/v1/settlements", "k7", map[string]any{"terminal_id": idle}),
		"SettlementList":     n.do("GET", "/v1/settlements", n.test, nil),
		"Batch":              n.do("GET", "/v1/terminals/"+string(terminal)+"/batch", n.test, nil),
		"Closes":             n.post("/v1/stores/"+string(n.store.ID)+"/close", "k8", nil),
		"DeviceList":         n.do("GET", "/v1/connections/"+string(n.connection.ID)+"/devices", n.test, nil),
		"Proposal":           n.do("GET", base+"/refund-proposal", n.test, nil),
		"Shift":              n.post("/v1/tills/"+string(n.till.ID)+"/shifts", "k3", map[string]any{"opened_by": "Ana"}),
		"ShiftList":          n.do("GET", "/v1/tills/"+string(n.till.ID)+"/shifts", n.test, nil),
		"Report":             n.do("GET", "/v1/tills/"+string(n.till.ID)+"/report", n.test, nil),
		"Connection":         n.do("GET", "/v1/connections/"+string(n.connection.ID), n.test, nil),
		"ConnectionList":     n.do("GET", "/v1/connections", n.test, nil),
		"Checked":            n.post("/v1/connections/"+string(n.connection.ID)+"/check", "k4", nil),
		"NotificationList":   n.do("GET", "/v1/notifications", n.test, nil),
		"NotificationDetail": n.do("GET", "/v1/notifications/"+list.Data[0].ID, n.test, nil),
		"Replayed":           n.post("/v1/notifications/"+list.Data[0].ID+"/replay", "k5", nil),
		"EventList":          n.do("GET", "/v1/events", n.test, nil),
		"Me":                 n.do("GET", "/v1/me", n.test, nil),
		"Problem":            n.post("/v1/payments", "k6", n.charge(-1)),
	} {
		if schema != "Problem" && a.status >= 300 {
			t.Errorf("%s: %d %s", schema, a.status, a.body)
			continue
		}
		var value any
		a.into(&value)
		for _, fault := range d.check(map[string]any{"$ref": "#/components/schemas/" + schema}, value, schema) {
			t.Error(fault)
		}
		if strings.Contains(a.body, "verysecret") || strings.Contains(a.body, "\\u003c") {
			t.Errorf("%s: a secret, or escaped HTML: %s", schema, a.body)
		}
	}
}

// check compares a value with a schema: types, required and unknown fields, options.
func (d document) check(schema map[string]any, value any, path string) (faults []string) {
	if ref, ok := schema["$ref"].(string); ok {
		target, _ := d.Parts["schemas"][ref[strings.LastIndexByte(ref, '/')+1:]].(map[string]any)
		return d.check(target, value, path)
	}
	kind := ""
	switch v := value.(type) {
	case map[string]any:
		kind = "object"
		properties, _ := schema["properties"].(map[string]any)
		for name, inner := range v {
			if known, ok := properties[name].(map[string]any); ok {
				faults = append(faults, d.check(known, inner, path+"."+name)...)
			} else if schema["additionalProperties"] == false {
				faults = append(faults, path+"."+name+" is not in the document")
			}
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, there := v[name.(string)]; !there {
				faults = append(faults, fmt.Sprintf("%s.%s is missing", path, name))
			}
		}
	case []any:
		kind = "array"
		items, _ := schema["items"].(map[string]any)
		for i, inner := range v {
			faults = append(faults, d.check(items, inner, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case string:
		kind = "string"
		if options, ok := schema["enum"].([]any); ok && !slices.Contains(options, value) {
			faults = append(faults, path+" is none of the options")
		}
	case float64:
		kind = "integer"
	case bool:
		kind = "boolean"
	case nil:
		kind = "null"
	}
	if want, ok := schema["type"].(string); ok && want != kind {
		faults = append(faults, fmt.Sprintf("%s is %s, the document says %s", path, kind, want))
	}
	return faults
}
