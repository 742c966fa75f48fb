package mercadopago_test

import (
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

const preferencesURL = "/checkout/preferences"

const preferenceBody = `{"items":[{"id":"sku1","title":"Yerba 1 kg","quantity":2,"unit_price":750.25,"category_id":"others","currency_id":"ARS"}],
	"external_reference":"pay1","back_urls":{"success":"https://shop.example/ok?s=1","pending":"https://shop.example/wait","failure":"https://shop.example/no"}}`

// preference creates one and gives its id.
func (b *stand) preference(body string) string {
	b.Helper()
	return id(b.want(b.call("POST", preferencesURL, body), 201))
}

// wantCause is a refused preference: its code stands as error and as cause.
func (b *stand) wantCause(a answer, code string) {
	b.Helper()
	if a.status != 400 || text(a.object["error"]) != code || text(at(a.object, "cause", 0, "code")) != code {
		b.Fatalf("want 400 %s, got %d %s", code, a.status, a.raw)
	}
}

func TestMPPRO01_PreferenceIsMadeAndRead(t *testing.T) {
	b := newStand(t)
	made := b.want(b.call("POST", preferencesURL, preferenceBody), 201)
	name := id(made)
	if !strings.HasPrefix(name, "446566691-") || len(name) != len("446566691-")+36 {
		t.Fatal(name)
	}
	got := b.want(b.call("GET", preferencesURL+"/"+name, ""), 200)
	for _, a := range []answer{made, got} {
		b.equal(a, "http://sim.example/checkout/v1/redirect?pref_id="+name, "init_point")
		b.equal(a, "http://sim.example/checkout/v1/redirect?pref_id="+name, "sandbox_init_point")
		b.equal(a, "446566691", "collector_id")
		b.equal(a, "MLA", "site_id")
		b.equal(a, "NONE", "marketplace")
		b.equal(a, "regular_payment", "operation_type")
		b.equal(a, "750.25", "items", 0, "unit_price")
		b.equal(a, "https://shop.example/wait", "back_urls", "pending")
		b.equal(a, "", "redirect_urls", "success")
		if a.object["total_amount"] != nil || a.object["last_updated"] != nil {
			t.Fatal(a.raw)
		}
	}
	b.want(b.call("GET", preferencesURL+"/446566691-nothing", ""), 404)
}

func TestMPPRO02_ItemsAreChecked(t *testing.T) {
	b := newStand(t)
	for _, change := range [][2]string{{"items", `[]`}, {"items", `null`}, {"items.title", `""`}, {"items.title", `"` + strings.Repeat("x", 257) + `"`},
		{"items.quantity", `0`}, {"items.quantity", `1.5`}, {"items.quantity", `"2"`}, {"items.unit_price", `null`}, {"items.unit_price", `"10"`},
		{"items.unit_price", `10.555`}, {"items.unit_price", `-1`}, {"items.unit_price", `0`}, {"items.currency_id", `"BRL"`}, {"items.picture_url", `"http://shop.example/a.png"`}} {
		b.wantCause(b.call("POST", preferencesURL, with(preferenceBody, change[0], change[1])), "invalid_items")
	}
}

func TestMPPRO03_EveryOtherLimit(t *testing.T) {
	b := newStand(t)
	long := func(n int) string { return `"` + strings.Repeat("a", n) + `"` }
	for _, c := range [][3]string{
		{"external_reference", long(65), "invalid_external_reference"}, {"external_reference", `"a b"`, "invalid_external_reference"},
		{"statement_descriptor", long(14), "invalid_statement_descriptor"}, {"additional_info", long(601), "invalid_additional_info"},
		{"notification_url", `"https://shop.example/` + strings.Repeat("a", 240) + `"`, "invalid_notification_url"}, {"notification_url", `"http://shop.example/n"`, "invalid_notification_url"},
		{"auto_return", `"sometimes"`, "invalid_auto_return"}, {"purpose", `"fun"`, "invalid_purpose"}, {"operation_type", `"gift"`, "invalid_operation_type"},
		{"back_urls", `"x"`, "invalid_back_urls"}, {"payer", `{"email":"nobody"}`, "invalid_payer"}, {"shipments", `{"mode":"owl"}`, "invalid_shipments"},
		{"shipments", `{"mode":"me2","cost":10}`, "invalid_shipments"}, {"expires", `"yes"`, "invalid_expires"}, {"binary_mode", `1`, "invalid_binary_mode"},
		{"expiration_date_to", `"tomorrow"`, "invalid_expiration_date_to"}, {"date_of_expiration", `"2020-01-01T00:00:00.000-04:00"`, "invalid_date_of_expiration"},
		{"metadata", `[]`, "invalid_metadata"}} {
		b.wantCause(b.call("POST", preferencesURL, with(preferenceBody, c[0], c[1])), c[2])
	}
	b.want(b.call("POST", preferencesURL, "{"), 400)
	if a := b.want(b.call("POST", preferencesURL, with(preferenceBody, "colour", `"red"`)), 201); a.object["colour"] != nil {
		t.Fatal("an unknown property came back")
	}
}

func TestMPPRO04_PlainHTTPBackURLsAreDroppedWithoutAWord(t *testing.T) {
	b := newStand(t, func(c *mercadopago.Config) { c.AllowLoopback = false })
	a := b.want(b.call("POST", preferencesURL, with(with(preferenceBody, "back_urls.pending", `"http://shop.example/wait"`), "back_urls.failure", `"http://localhost/no"`)), 201)
	b.equal(a, "https://shop.example/ok?s=1", "back_urls", "success")
	b.equal(a, "", "back_urls", "pending")
	b.equal(a, "", "back_urls", "failure")
	b.wantCause(b.call("POST", preferencesURL, with(with(preferenceBody, "back_urls.success", `"http://shop.example/ok"`), "auto_return", `"approved"`)), "invalid_auto_return")
	b.wantCause(b.call("POST", preferencesURL, with(with(preferenceBody, "back_urls", `null`), "auto_return", `"all"`)), "invalid_auto_return")
	b.want(b.call("POST", preferencesURL, with(preferenceBody, "auto_return", `"approved"`)), 201)
}

func TestMPPRO05_ExcludedMethodsMustExist(t *testing.T) {
	b := newStand(t)
	for _, m := range []string{`{"excluded_payment_methods":[{"id":"pix"}]}`, `{"excluded_payment_methods":[{"id":"account_money"}]}`, `{"excluded_payment_types":[{"id":"shells"}]}`,
		`{"excluded_payment_types":[{"id":"account_money"}]}`, `{"installments":37}`, `{"installments":0}`, `{"default_payment_method_id":"pix"}`, `{"excluded_payment_methods":["visa"]}`} {
		b.wantCause(b.call("POST", preferencesURL, with(preferenceBody, "payment_methods", m)), "invalid_payment_methods")
	}
	b.want(b.call("POST", preferencesURL, with(preferenceBody, "payment_methods", `{"excluded_payment_methods":[{"id":"amex"},{"id":""}],"excluded_payment_types":[{"id":"ticket"}],"installments":6}`)), 201)
}

func TestMPPRO06_UpdateMerges(t *testing.T) {
	b := newStand(t)
	name := b.preference(preferenceBody)
	b.move(time.Minute)
	a := b.want(b.call("PUT", preferencesURL+"/"+name, `{"external_reference":"pay2","back_urls":null}`), 200)
	b.equal(a, "pay2", "external_reference")
	b.equal(a, "Yerba 1 kg", "items", 0, "title")
	b.equal(a, "", "back_urls", "success")
	if a.object["last_updated"] == nil {
		t.Fatal(a.raw)
	}
	b.wantCause(b.call("PUT", preferencesURL+"/"+name, `{"items":[]}`), "invalid_items")
	b.equal(b.want(b.call("GET", preferencesURL+"/search?external_reference=pay1", ""), 200), "0", "total")
	b.equal(b.want(b.call("GET", preferencesURL+"/search?external_reference=pay2", ""), 200), name, "elements", 0, "id")
	b.account(mercadopago.Account{UserID: 7, AccessToken: "APP_USR-other", Site: "MLA"})
	b.want(b.call("PUT", preferencesURL+"/"+name, `{}`, "Authorization", "Bearer APP_USR-other"), 404)
}

func TestMPPRO07_SearchPagesWithNextOffset(t *testing.T) {
	b := newStand(t)
	for range 3 {
		b.move(time.Second)
		b.preference(preferenceBody)
	}
	b.move(time.Second)
	last := b.preference(with(preferenceBody, "external_reference", `"pay9"`))
	a := b.want(b.call("GET", preferencesURL+"/search?external_reference=pay1&limit=2", ""), 200)
	b.equal(a, "3", "total")
	b.equal(a, "2", "next_offset")
	b.equal(a, "Yerba 1 kg", "elements", 0, "items", 0)
	rest := b.want(b.call("GET", preferencesURL+"/search?external_reference=pay1&limit=2&offset=2", ""), 200)
	b.equal(rest, "3", "next_offset")
	if len(rest.object["elements"].([]any)) != 1 {
		t.Fatal(rest.raw)
	}
	b.equal(b.want(b.call("GET", preferencesURL+"/search", ""), 200), last, "elements", 0, "id")
	b.equal(b.want(b.call("GET", preferencesURL+"/search?marketplace=other", ""), 200), "0", "total")
	b.want(b.call("GET", preferencesURL+"/search?limit=x", ""), 400)
}

func TestMPPRO08_NoFractionsInChileAndColombia(t *testing.T) {
	b := newStand(t)
	for site, currency := range map[string]string{"MLC": "CLP", "MCO": "COP"} {
		b.account(mercadopago.Account{UserID: 8, AccessToken: "APP_USR-8", Site: site})
		body := with(preferenceBody, "items.currency_id", `"`+currency+`"`)
		b.wantCause(b.call("POST", preferencesURL, body, "Authorization", "Bearer APP_USR-8"), "invalid_items")
		b.want(b.call("POST", preferencesURL, with(body, "items.unit_price", `5000`), "Authorization", "Bearer APP_USR-8"), 201)
	}
	// without a currency it is the site's
	a := b.want(b.call("POST", preferencesURL, with(preferenceBody, "items.currency_id", `null`)), 201)
	b.equal(a, "ARS", "items", 0, "currency_id")
}
