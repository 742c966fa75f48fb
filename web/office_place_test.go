package web_test

import (
	"net/http"
	"strings"
	"testing"

	"posta"
	"posta/till"
)

func (o *back) onlyTill(name string) till.Till {
	o.t.Helper()
	tills, err := o.tills.Tills(o.t.Context(), o.world.Merchant.ID, posta.Test)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, t := range tills {
		if t.Name == name {
			return t
		}
	}
	o.t.Fatalf("no till %s", name)
	return till.Till{}
}

func TestStoresAndTills(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	form := b.page("/stores/new")
	has(t, form, "Capital Federal", "Av. Corrientes")
	nonce := nonceOf(t, form)
	fields := []string{"nonce", nonce, "connection_id", string(o.world.Connection.ID), "street", "Rivadavia", "number", "10", "city", "Palermo", "state", "Capital Federal", "longitude", "-58.4"}
	got := b.post("/stores/new", append(fields, "name", "Local 3", "latitude", "norte")...)
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("wrong store: %d", got.status)
	}
	has(t, got.body, "solo letras", "grados con punto decimal", `value="Rivadavia"`, `value="Local 3"`, `value="norte"`, nonce)
	for range 2 { // a double click
		if got = b.post("/stores/new", append(fields, "name", "Norte", "latitude", "-34.6")...); got.to != "/stores" {
			t.Fatalf("store: %d %s", got.status, got.body)
		}
	}
	tree := b.page("/stores")
	if strings.Count(tree, "<h2>Norte</h2>") != 1 {
		t.Error("the store is not there once")
	}
	stores, err := o.tills.Stores(t.Context(), o.world.Merchant.ID, posta.Test)
	if err != nil {
		t.Fatal(err)
	}
	north := "/stores/" + string(stores[0].ID)
	if stores[0].Name != "Norte" {
		north = "/stores/" + string(stores[1].ID)
	}
	o.branch.refuses.Store(true)
	got = b.post(north+"/tills/new", "nonce", nonceOf(t, b.page(north+"/tills/new")), "name", "Caja Norte")
	if got.to != "/stores" {
		t.Fatalf("till: %d %s", got.status, got.body)
	}
	made := o.onlyTill("Caja Norte")
	has(t, b.page("/stores"), "Quedó guardado aquí", "El proveedor dice: «Valid cities: La Plata» (INVALID_CITY_NAME)", "toque «Reintentar»", "Falta crearla", "/tills/"+string(made.ID)+"/provision")
	o.branch.refuses.Store(false)
	b.post("/tills/" + string(made.ID) + "/provision")
	if o.onlyTill("Caja Norte").ProviderRef == "" {
		t.Error("not provisioned")
	}
	has(t, b.page("/stores"), "ya está en el proveedor", `href="/till/`+string(made.ID)+`"`, "/tills/"+string(made.ID)+"/poster/provider")
	b.post("/tills/"+string(made.ID), "name", "Caja Nueva")
	o.onlyTill("Caja Nueva")
	b.post(north, append(fields, "name", "Norte Grande", "latitude", "-34.6")...)
	has(t, b.page("/stores"), "Norte Grande")
	b.post(north + "/remove")
	has(t, b.page("/stores"), "todavía tiene cajas", "Norte Grande")
	has(t, b.page("/tills/"+string(made.ID)+"/remove"), "¿Quitar la caja «Caja Nueva» de Norte Grande?")
	b.post("/tills/" + string(made.ID) + "/remove")
	b.post(north + "/remove")
	hasNot(t, b.page("/payments"), `value="x"`)
	page := b.page("/stores")
	hasNot(t, page, north+"/remove", "/tills/"+string(made.ID)+"/remove")
	if got := b.get(north); got.status != http.StatusNotFound {
		t.Errorf("a removed store: %d", got.status)
	}
}

func TestConnections(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	form := b.page("/connections/new")
	has(t, form, "Access Token", `name="config.access_token"`, "Modelo atendido", "API de Orders")
	nonce := nonceOf(t, form)
	got := b.post("/connections/new", "nonce", nonce, "provider", "mercadopago", "name", "Principal", "config.access_token", "CANARY con espacio", "config.user_id", "77")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("wrong token: %d", got.status)
	}
	has(t, got.body, "espacios", `value="Principal"`, `value="77"`, nonce)
	hasNot(t, got.body, "CANARY")
	got = b.post("/connections/new", "nonce", nonce, "provider", "mercadopago", "name", "Principal", "config.access_token", "APP_USR-CANARY-TOKEN-9876", "config.flow", "orders", "refund_late", "on")
	if !strings.HasPrefix(got.to, "/connections/con_") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	path := got.to
	page := b.page(path)
	has(t, page, "Funciona: la cuenta es TIENDA", "••••9876", "http://posta.test/hooks/con_", "<code>order</code>", "<code>payment</code>")
	hasNot(t, page, "CANARY")
	b.post(path, "name", "Otro nombre", "config.access_token", "", "config.flow", "legacy")
	page = b.page(path)
	has(t, page, "Otro nombre", "••••9876", "<code>merchant_order</code>")
	for code, want := range map[posta.Code]string{posta.CodeUnauthorized: "no acepta esas credenciales", posta.CodeProviderUnavailable: "no contesta"} {
		o.branch.refusal.Store(&posta.Error{Code: code})
		b.post(path + "/test")
		has(t, b.page(path), want)
	}
}

func TestKeysAreShownOnce(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	page := b.page("/keys")
	has(t, page, "http://posta.test/v1/payments", string(o.world.Till.ID))
	nonce := nonceOf(t, page)
	if got := b.post("/keys", "nonce", nonce, "name", ""); got.status != http.StatusUnprocessableEntity {
		t.Errorf("without a name: %d", got.status)
	}
	made := b.post("/keys", "nonce", nonce, "name", "Ventas").body
	_, rest, found := strings.Cut(made, `<code id="token">`)
	token, _, _ := strings.Cut(rest, "<")
	if !found || !strings.HasPrefix(token, "psk_test_") {
		t.Fatal("no token")
	}
	has(t, made, "no se volverá a mostrar")
	k, err := o.accounts.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	again := b.post("/keys", "nonce", nonce, "name", "Ventas").body
	hasNot(t, again+b.page("/keys"), token)
	has(t, again, "ya se mostró una vez")
	has(t, b.page("/keys/"+string(k.ID)+"/revoke"), "¿Revocar la clave «Ventas»?", k.Prefix)
	b.post("/keys/" + string(k.ID) + "/revoke")
	if _, err := o.accounts.Authenticate(t.Context(), token); posta.ErrorCode(err) != posta.CodeUnauthorized {
		t.Errorf("a revoked key: %v", err)
	}
	has(t, b.page("/keys"), "Revocada")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	other := o.login("ana@tienda.example")
	got := b.post("/settings/merchant", "name", "", "country", "AR", "time_zone", "UTC")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("no name: %d", got.status)
	}
	got = b.post("/settings/merchant", "name", "Nuevo nombre", "country", "BR", "time_zone", "UTC")
	has(t, got.body, "no se puede cambiar", `value="Nuevo nombre"`)
	b.post("/settings/merchant", "name", "Nuevo nombre", "country", "AR", "time_zone", "America/Argentina/Ushuaia")
	has(t, b.page("/settings"), "Guardado", `value="Nuevo nombre"`, `value="America/Argentina/Ushuaia" selected`)
	got = b.post("/settings/password", "current_password", password, "password", "otra frase larga", "repeat", "otra frase corta")
	has(t, got.body, "no coinciden")
	got = b.post("/settings/password", "current_password", "no es esta", "password", "otra frase larga", "repeat", "otra frase larga")
	has(t, got.body, "no es esa")
	hasNot(t, got.body, "otra frase larga")
	if got = b.post("/settings/password", "current_password", password, "password", "otra frase larga", "repeat", "otra frase larga"); got.to != "/settings" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, b.page("/settings"), "Contraseña cambiada")
	if got := other.get("/settings"); got.status != http.StatusSeeOther {
		t.Errorf("another device stays logged in: %d", got.status)
	}
	if got = b.post("/settings/language", "language", "pt"); got.to != "/settings" {
		t.Fatalf("%d", got.status)
	}
	has(t, b.page("/settings"), `<html lang="pt"`, "Salvo")
	users, err := o.accounts.Store.UserByEmail(t.Context(), "ana@tienda.example")
	if err != nil || users.Language != "pt" {
		t.Errorf("%v %v", users.Language, err)
	}
}
