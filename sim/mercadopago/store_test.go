package mercadopago_test

import (
	"strings"
	"testing"

	"posta/sim/mercadopago"
)

const storesPath = "/users/446566691/stores"

func TestMPSTO01_CreateAnswersTheStore(t *testing.T) {
	b := newStand(t)
	a := b.want(b.call("POST", storesPath, storeBody), 201)
	b.equal(a, "SUC001", "external_id")
	b.equal(a, "2026-11-20T15:00:00.000Z", "date_created")
	b.equal(a, "Caseros, 3039, Belgrano, Capital Federal.", "location", "address_line")
	b.equal(a, "-34.56", "location", "latitude")
	b.equal(a, "08:00", "business_hours", "monday", 0, "open")
	if _, ok := a.object["id"].(string); !ok {
		t.Fatal("the id is no string")
	}
	got := b.want(b.call("GET", "/stores/"+id(a), ""), 200)
	b.equal(got, "2026-11-20T15:00:00.000Z", "date_creation") // another spelling
}

func TestMPSTO02_RefusesWhatIsWrong(t *testing.T) {
	b := newStand(t)
	b.want(b.call("POST", storesPath, with(storeBody, "external_id", `"TAKEN"`)), 201)
	for _, tt := range []struct{ path, value, code string }{
		{"extra", `1`, "UNKNOWN_FIELD"},
		{"location.extra", `1`, "UNKNOWN_FIELD"},
		{"name", ``, "INVALID_NAME"},
		{"name", `"Sucursal 1"`, "INVALID_NAME"},
		{"external_id", `"SUC-001"`, "INVALID_EXTERNAL_ID"},
		{"external_id", `"` + strings.Repeat("A", 61) + `"`, "INVALID_EXTERNAL_ID"},
		{"external_id", `"TAKEN"`, "VALIDATION_ERROR"},
		{"business_hours", `{"holiday":[]}`, "INVALID_DAY"},
		{"business_hours", `{"monday":[{"open":"8:00","close":"12:00"}]}`, "INVALID_BUSINESS_HOURS"},
		{"business_hours", `{"monday":[{"open":"12:00","close":"08:00"}]}`, "INVALID_BUSINESS_HOURS"},
		{"location", ``, "INVALID_LOCATION"},
		{"location.street_number", `3039`, "INVALID_STREET_NUMBER"},
		{"location.street_name", ``, "INVALID_STREET_NAME"},
		{"location.city_name", `"Belgrano R"`, "INVALID_CITY_NAME"},
		{"location.state_name", `"Cordoba"`, "INVALID_STATE_NAME"},
		{"location.latitude", `"-34.5"`, "INVALID_LOCATION"},
		{"location.longitude", `2.35`, "BAD_REQUEST"},
		{"location.reference", `7`, "INVALID_REFERENCE"},
	} {
		b.wantError(b.call("POST", storesPath, with(storeBody, tt.path, tt.value)), 400, tt.code)
	}
	a := b.call("POST", storesPath, with(storeBody, "location.city_name", `"Cordoba"`, "location.state_name", `"Córdoba"`))
	b.wantError(a, 400, "INVALID_CITY_NAME")
	if !strings.Contains(a.raw, "Villa María") {
		t.Fatal("the message does not list the valid cities")
	}
	b.want(b.call("POST", storesPath, storeBody), 201)
}

func TestMPSTO03_PathUserMustBeTheTokens(t *testing.T) {
	b := newStand(t)
	b.want(b.call("POST", "/users/1/stores", storeBody), 403)
	b.want(b.call("GET", "/users/1/stores/search", ""), 403)
}

func TestMPSTO04_SearchUpdateDelete(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.call("GET", storesPath+"/search?external_id=SUC001", ""), 200)
	b.equal(a, "1", "paging", "total")
	store := text(at(a.object, "results", 0, "id"))
	b.equal(b.want(b.call("PUT", storesPath+"/"+store, `{"name":"Otra"}`), 200), "Otra", "name")
	b.equal(b.want(b.call("GET", storesPath+"/search?external_id=NADA", ""), 200), "0", "paging", "total")
	b.wantError(b.call("GET", storesPath+"/search?limit=x", ""), 400, "INVALID_LIMIT")
	b.wantError(b.call("GET", storesPath+"/search?offset=-1", ""), 400, "INVALID_OFFSET")
	b.wantError(b.call("GET", "/stores/x", ""), 400, "INVALID_STORE_ID")
	b.want(b.call("GET", "/stores/1", ""), 404)
	b.want(b.call("DELETE", storesPath+"/"+store, ""), 200)
	b.equal(b.call("GET", "/pos?external_id=SUC001POS001", ""), "<nil>", "results", 0, "store_id")
}

func TestMPSTO05_CreatedWith200BySwitch(t *testing.T) {
	b := newStand(t, func(c *mercadopago.Config) { c.Switches.StoreCreated200 = true })
	b.want(b.call("POST", storesPath, storeBody), 200)
	b.want(b.call("POST", "/pos", posBody), 200)
}

func TestMPPOS01_CreateAnswersThePOS(t *testing.T) {
	b := newStand(t)
	b.want(b.call("POST", storesPath, storeBody), 201)
	a := b.want(b.call("POST", "/pos", posBody), 201)
	b.equal(a, "active", "status")
	b.equal(a, "SUC001", "external_store_id")
	b.equal(a, "446566691", "user_id")
	if len(text(a.object["uuid"])) != 64 || !strings.HasSuffix(text(at(a.object, "qr", "template_document")), ".pdf") {
		t.Fatal(a.raw)
	}
	got := b.want(b.call("GET", "/pos/"+id(a), ""), 200)
	b.equal(got, "MLA", "site")
	if !strings.Contains(text(got.object["qr_code"]), "https://mpago.la/pos/"+id(a)) {
		t.Fatal(got.raw)
	}
}

func TestMPPOS02_RefusesWhatIsWrong(t *testing.T) {
	b := newStand(t)
	b.want(b.call("POST", storesPath, storeBody), 201)
	b.want(b.call("POST", storesPath, with(storeBody, "external_id", `"SUC002"`)), 201)
	b.wantError(b.call("POST", "/pos", ""), 400, "MISSING_BODY")
	for _, tt := range []struct{ path, value, code string }{
		{"extra", `1`, "UNKNOWN_FIELD_EXCEPTION"},
		{"name", ``, "INVALID_NAME"},
		{"name", `"` + strings.Repeat("x", 45) + `"`, "NAME_TOO_LONG"},
		{"fixed_amount", `"true"`, "INVALID_FIXED_AMOUNT"},
		{"category", `"x"`, "INVALID_CATEGORY"},
		{"category", `1`, "UNKNOWN_MCC"},
		{"store_id", `"x"`, "INVALID_STORE_ID"},
		{"store_id", `1`, "INVALID_STORE_ID"},
		{"store_id", `1234568`, "EXTERNAL_STORE_ID_NOT_MATCH"},
		{"external_store_id", ``, "INVALID_STORE_ID"},
		{"external_store_id", `"SUC-1"`, "INVALID_EXTERNAL_STORE_ID"},
		{"external_store_id", `"NADA"`, "INEXISTENT_EXTERNAL_STORE_ID"},
		{"external_id", `"SUC001_POS"`, "INVALID_EXTERNAL_ID"},
		{"external_id", `"` + strings.Repeat("A", 40) + `"`, "EXTERNAL_ID_TOO_LONG"},
		{"url", `"x"`, "INVALID_URL"},
		{"url", `"https://a.example/` + strings.Repeat("x", 300) + `"`, "URL_TOO_LONG"},
	} {
		b.wantError(b.call("POST", "/pos", with(posBody, tt.path, tt.value)), 400, tt.code)
	}
	b.wantError(b.call("POST", "/pos", with(posBody, "url", `"https://a.example/x"`, "fixed_amount", `false`)), 400, "FIXED_AMOUNT_FALSE")
	b.want(b.call("POST", "/pos", with(posBody, "url", `"https://a.example/x"`)), 403)
	b.want(b.call("POST", "/pos", posBody), 201)
	b.want(b.call("POST", "/pos", posBody), 409)
}

func TestMPPOS03_SearchUpdateDelete(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.call("GET", "/pos?external_store_id=SUC001&category=621102", ""), 200)
	b.equal(a, "1", "paging", "total")
	path := "/pos/" + text(at(a.object, "results", 0, "id"))
	b.equal(b.want(b.call("PUT", path, `{"name":"Caja Dos"}`), 200), "Caja Dos", "name")
	b.wantError(b.call("GET", "/pos/x", ""), 400, "INVALID_POS_ID")
	b.want(b.call("DELETE", path, ""), 200)
	b.want(b.call("GET", path, ""), 404)
}

func TestMPPO201_CreateNeedsAKeyAndStrings(t *testing.T) {
	b := newStand(t)
	store := id(b.want(b.call("POST", storesPath, storeBody), 201))
	body := `{"external_id":"POS2","store_id":"` + store + `"}`
	post := func(key, body string) answer { return b.call("POST", "/v2/pos", body, "X-Idempotency-Key", key) }
	b.wantError(b.call("POST", "/v2/pos", body), 400, "empty_required_header")
	b.wantError(post(strings.Repeat("k", 65), body), 400, "bad_request")
	number := post("k1", `{"external_id":"POS2","store_id":`+store+`}`)
	b.wantError(number, 400, "bad_request")
	if !strings.Contains(number.raw, "store_id expected string, but got number") {
		t.Fatal(number.raw)
	}
	a := b.want(post("k1", body), 201)
	b.equal(a, "POS2", "name")
	b.equal(a, "pdv", "config", "qr", "operating_mode")
	if again := b.want(post("k1", body), 201); id(again) != id(a) {
		t.Fatal(again.raw)
	}
	b.wantError(post("k1", `{"external_id":"POS3","store_id":"`+store+`"}`), 400, "idempotency_key_already_used")
	b.wantError(post("k2", body), 409, "pos_already_exists")
	b.wantError(post("k2", `{"external_id":"POS3","store_id":"1"}`), 404, "store_not_found")
	b.wantError(post("k2", `{"external_id":"POS3","external_store_id":"NO-1"}`), 400, "invalid_external_store_id")
	b.wantError(post("k2", `{"external_id":"POS-3","store_id":"`+store+`"}`), 400, "bad_request")
	b.wantError(post("k2", `{"external_id":"POS3","name":" Caja","store_id":"`+store+`"}`), 400, "bad_request")
}

func TestMPPO202_GetUpdateDelete(t *testing.T) {
	b := newStand(t)
	b.till()
	a := b.want(b.call("GET", "/v2/pos?external_id=SUC001POS001", ""), 200)
	path := "/v2/pos/" + text(at(a.object, "results", 0, "id"))
	b.equal(b.want(b.call("GET", path, ""), 200), "SUC001POS001", "external_id")
	b.equal(b.want(b.call("PATCH", path, `{"name":"Caja_2"}`, "X-Idempotency-Key", "u1"), 200), "Caja_2", "name")
	b.want(b.call("DELETE", path, ""), 204)
	b.wantError(b.call("GET", path, ""), 404, "pos_not_found")
}

func TestMPAUT01_EnvelopesByFamily(t *testing.T) {
	b := newStand(t)
	b.till()
	nobody := []string{"Authorization", "Bearer APP_USR-nobody"}
	for _, tt := range []struct {
		path   string
		status int
		code   string
	}{
		{"/v1/orders/ORD01K372G4J4FXZ9HGHZMJMGGPKE", 401, "unauthorized"},
		{"/users/me", 401, "unauthorized"},
		{"/v1/payments/1", 401, "unauthorized"},
		{"/merchant_orders/1", 401, "invalid_token"},
		{pendingURL, 400, "invalid_access_token"},
	} {
		b.wantError(b.call("GET", tt.path, "", nobody...), tt.status, tt.code)
	}
	a := b.call("GET", "/v1/orders/ORD01K372G4J4FXZ9HGHZMJMGGPKE", "", nobody...)
	b.equal(a, "user not found", "message")
	b.equal(a, "<nil>", "errors")
	b.equal(b.call("GET", "/v1/orders/ORD01K372G4J4FXZ9HGHZMJMGGPKE", "", "Authorization", "nonsense"), "authorization value not present", "message")
	if err := b.sim.SetSwitches(mercadopago.Switches{LegacyAuth401: true}); err != nil {
		t.Fatal(err)
	}
	b.wantError(b.call("GET", pendingURL, "", nobody...), 401, "invalid_access_token")
	b.wantError(b.call("GET", "/nowhere", ""), 404, "resource not found")
}

func TestMPAUT02_UsersMe(t *testing.T) {
	b := newStand(t)
	a := b.want(b.call("GET", "/users/me", ""), 200)
	b.equal(a, "446566691", "id")
	b.equal(a, "MLA", "site_id")
	b.equal(a, "AR", "country_id")
}

func TestMPAUT03_AnotherAccountsThingsAreNotThere(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: 2, AccessToken: "APP_USR-two"})
	_, payment := b.paid("10")
	other := []string{"Authorization", "Bearer APP_USR-two"}
	b.want(b.call("GET", payment, "", other...), 404)
	b.equal(b.call("GET", "/merchant_orders/search?external_reference=pay1", "", other...), "0", "total")
	b.want(b.call("POST", payment+"/refunds", "", append(other, "X-Idempotency-Key", "k")...), 404)
	b.want(b.call("DELETE", pendingURL, "", other...), 403)
}

func TestMPAUT04_BodiesAreJSON(t *testing.T) {
	b := newStand(t)
	b.till()
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", "10"), "Content-Type", "text/plain"), 415)
	b.want(b.call("PUT", legacyPath, `{"external_reference"`), 400)
	b.want(b.call("PUT", legacyPath, `[]`), 400)
	b.want(b.call("PUT", legacyPath, legacyBody("pay1", "10")+"{}"), 400)
}
