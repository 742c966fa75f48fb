package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/provider"
)

func TestTerminalsAreAddedBoundAndRemoved(t *testing.T) {
	t.Parallel()
	h := office(t).hub
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	has(t, b.page("/terminals"), "Mostrador", "10000001", "todas las del local", "Libre", "Aparatos de Prisma")
	form := b.page("/terminals/new?connection=" + string(c.connection.ID) + "&code=10000003")
	has(t, form, `value="10000003"`, "Centro", "Caja 1")
	hasNot(t, form, ">Mercado Pago</option>") // it charges on no terminals
	nonce := nonceOf(t, form)
	fields := []string{"nonce", nonce, "connection_id", string(c.connection.ID), "store_id", string(h.world.Store.ID), "tills", string(h.world.Till.ID)}
	got := b.post("/terminals/new", append(fields, "name", "", "code", "10000001")...)
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("no name: %d", got.status)
	}
	has(t, got.body, `id="f-name-error"`, `value="10000001"`, nonce, `value="`+string(h.world.Till.ID)+`" checked`)
	got = b.post("/terminals/new", append(fields, "name", "Vereda", "code", "10000001")...)
	has(t, got.body, "ya es de «Mostrador»")
	for range 2 { // a double click
		if got = b.post("/terminals/new", append(fields, "name", "Vereda", "code", "10000003")...); got.to != "/terminals" {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	body := b.page("/terminals")
	if strings.Count(body, "10000003") != 1 {
		t.Error("the terminal is not there once")
	}
	id := posta.IDFrom[posta.TerminalID](nonce)
	other := h.world.AddTill(t, h.db)
	has(t, b.page(h.till()), "Vereda")
	hasNot(t, b.page("/till/"+string(other.ID)), "Vereda")
	path := "/terminals/" + string(id)
	b.post(path, "name", "Patio")
	has(t, b.page("/terminals"), "Patio")
	has(t, b.page("/till/"+string(other.ID)), "Patio")
	p := c.charge(b, "1500", "terminal", string(id))
	busy := "/terminals/" + string(c.terminals[0].ID)
	has(t, b.page("/terminals"), "Cobrando", "/payments/"+string(p.ID))
	b.post(busy + "/remove")
	has(t, b.page("/terminals"), "La terminal tiene algo en curso", "Mostrador")
	has(t, b.page(path+"/remove"), "¿Quitar la terminal «Patio»?")
	b.post(path + "/remove")
	hasNot(t, b.page("/terminals"), path)
	if got := b.get(path); got.status != http.StatusNotFound {
		t.Errorf("a removed terminal: %d", got.status)
	}
}

func TestDevicesOfTheProvider(t *testing.T) {
	t.Parallel()
	h := office(t).hub
	c := terminals(t, h)
	c.pos.devices = []provider.Device{{ID: "10000001", Integrated: true}, {ID: "NEWLAND_N950__SBX0000001"}}
	b := h.login("ana@tienda.example")
	path := "/connections/" + string(c.connection.ID) + "/devices"
	has(t, b.page(path), "Mostrador", "Integrado", "Autónomo", "code=NEWLAND_N950__SBX0000001")
	got := b.post(path, "device", "NEWLAND_N950__SBX0000001", "integrated", "1")
	has(t, b.page(got.to), "queda integrado", "Reinicie la terminal")
	if !c.pos.devices[1].Integrated {
		t.Error("it was not switched")
	}
}

// The hour of the close is asked for where there is something to close, and a
// form without it leaves it alone.
func TestHourOfTheClose(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	path := "/stores/" + string(h.world.Store.ID)
	hasNot(t, b.page(path), `name="close_at"`)
	terminals(t, h)
	has(t, b.page(path), `name="close_at" type="time"`)
	a := h.world.Store.Address
	fields := []string{"name", "Centro", "street", a.Street, "number", a.Number, "city", a.City, "state", a.State, "latitude", a.Latitude, "longitude", a.Longitude}
	hour := func() string {
		st, err := h.tills.Store(t.Context(), h.world.Merchant.ID, posta.Test, h.world.Store.ID)
		if err != nil {
			t.Fatal(err)
		}
		return st.CloseAt
	}
	got := b.post(path, append(fields, "close_at", "25:00")...)
	has(t, got.body, `id="f-close_at-error"`, `value="25:00"`)
	if got = b.post(path, append(fields, "close_at", "23:30")...); got.to != "/stores" || hour() != "23:30" {
		t.Fatalf("%d %q", got.status, hour())
	}
	has(t, b.page("/stores"), "cierra lotes a las 23:30")
	if b.post(path, fields...); hour() != "23:30" {
		t.Errorf("left out: %q", hour())
	}
	if b.post(path, append(fields, "close_at", "")...); hour() != "" {
		t.Errorf("emptied: %q", hour())
	}
	b.post("/tills/" + string(h.world.Till.ID) + "/remove")
	b.post(path + "/remove")
	has(t, b.page("/stores"), "El local todavía tiene terminales")
}

// The form of a provider that sends no notices says so, in its own words.
func TestConnectionOfPrisma(t *testing.T) {
	t.Parallel()
	o := office(t)
	o.accounts.Providers = append(o.accounts.Providers, provider.Description{Name: "prisma", Title: "Prisma / Payway",
		Fields: []provider.Field{{Name: "public_key", Required: true}, {Name: "secret_key", Secret: true, Required: true}, {Name: "cuit", Required: true},
			{Name: "environment", Options: []string{"sandbox", "homologation", "production"}, Default: "homologation"}, {Name: "base_url", Required: true},
			{Name: "tips", Options: []string{"off", "on"}, Default: "off"}},
		Topics: func(provider.Config) []string { return nil }, Open: o.accounts.Providers[0].Open})
	b := o.login("ana@tienda.example")
	form := b.page("/connections/new?provider=prisma")
	has(t, form, "portal de desarrolladores de Payway", "API Key secreta", "CUIT del comercio", "30-00000000-7", "Homologación", "api-homo.prismamediosdepago.com", "Endpoint")
	hasNot(t, form, "APP_USR", "Access Token de «Credenciales»")
	got := b.post("/connections/new", "nonce", nonceOf(t, form), "provider", "prisma", "name", "Prisma", "config.public_key", "clave", "config.secret_key", "CANARY-SECRET-1234",
		"config.cuit", "30-00000000-7", "config.base_url", "https://prisma.example", "config.environment", "homologation")
	if !strings.HasPrefix(got.to, "/connections/con_") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	page := b.page(got.to)
	has(t, page, "no envía notificaciones", `href="/terminals"`)
	hasNot(t, page, "/hooks/", "CANARY")
}

func TestShiftReportCoversBothRails(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	sh, err := h.tills.OpenShift(t.Context(), shiftOf(h.world))
	if err != nil {
		t.Fatal(err)
	}
	b.paid("100")
	p := c.sold(b, "1500")
	c.give(b, p, "200")
	h.clock.Move(time.Minute)
	body := b.page(h.till() + "/shift")
	has(t, body, "QR (1)", "Terminal (1)", "1.600,00", "1.500,00", "1.400,00", "(1)</dt><dd>-$\u00a0200,00")
	if _, err := h.tills.CloseShift(t.Context(), h.world.Merchant.ID, posta.Test, sh.ID, "Ana Ruiz"); err != nil {
		t.Fatal(err)
	}
	has(t, b.page(h.till()+"/shift/"+string(sh.ID)), "QR (1)", "Terminal (1)")
}
