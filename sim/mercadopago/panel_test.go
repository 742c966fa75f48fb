package mercadopago_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"posta/sim/mercadopago"
)

const panelURL = "/sim/panel/446566691"

var creation = url.Values{"name": {"Mi tienda"}, "product": {"online"}, "platform": {"none"}, "consent": {"on"}, "robot": {"on"}}

// without is a form that lacks a field.
func without(form url.Values, name string) url.Values {
	out := url.Values{}
	for k, v := range form {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func TestMPPAN01_ApplicationIsMadeStepByStep(t *testing.T) {
	b := newStand(t)
	get := b.browser()
	_, page := get("/sim/panel?lang=en", nil)
	wantText(t, page, panelURL)
	_, page = get(panelURL, nil)
	wantText(t, page, "Settings › Integrations › Your integrations", "Create application")
	_, page = get(panelURL+"/new", nil)
	wantText(t, page, "Online payments", "Other platforms", "reCAPTCHA", "personal data")
	for field, words := range map[string]string{"name": "Write a name", "product": "Choose a kind", "platform": "Choose a platform", "consent": "You have to accept", "robot": "Tick the reCAPTCHA"} {
		status, page := get(panelURL+"/new", without(creation, field))
		if status != 422 || !strings.Contains(page, words) {
			t.Errorf("%s left out: %d, want %q", field, status, words)
		}
	}
	if _, page = get(panelURL, nil); strings.Contains(page, "Mi tienda") {
		t.Fatal("an application was made of half a form")
	}
	_, page = get(panelURL+"/new", creation)
	wantText(t, page, "Mi tienda", "Activate the production credentials")
}

func TestMPPAN02_ActivationNeedsIndustryAndWebsite(t *testing.T) {
	b := newStand(t)
	app, err := b.sim.CreateApplication(user, "Mi tienda")
	if err != nil {
		t.Fatal(err)
	}
	get, self := b.browser(), panelURL+"/"+text(app.ID)
	form := url.Values{"industry": {"retail"}, "website": {"https://shop.example"}, "consent": {"on"}, "robot": {"on"}}
	for field, words := range map[string]string{"industry": "Choose an industry", "website": "Write the website", "consent": "You have to accept", "robot": "Tick the reCAPTCHA"} {
		status, page := get(self+"/activate?lang=en", without(form, field))
		if status != 422 || !strings.Contains(page, words) {
			t.Errorf("%s left out: %d, want %q", field, status, words)
		}
	}
	_, page := get(self+"/activate", form)
	token := regexp.MustCompile(`APP_USR-\d{16}-\d{6}-[0-9a-f]{32}-446566691`).FindString(page)
	public := regexp.MustCompile(`APP_USR-[0-9a-f]{8}-[0-9a-f-]{27}`).FindString(page)
	if token == "" || public == "" {
		t.Fatal(page)
	}
	b.equal(b.want(b.call("GET", "/users/me", "", "Authorization", "Bearer "+token), 200), "446566691", "id")
	b.want(b.call("GET", "/v1/identification_types?public_key="+public, "", "Authorization", ""), 200)
	made := b.want(b.call("POST", preferencesURL, preferenceBody, "Authorization", "Bearer "+token), 201)
	b.equal(made, text(app.ID), "client_id")
}

func TestMPPAN03_RenewedAndRevokedCredentialsOpenNothing(t *testing.T) {
	b := newStand(t)
	app, _ := b.sim.CreateApplication(user, "Mi tienda")
	app, err := b.sim.ActivateApplication(user, app.ID, "retail", "https://shop.example")
	if err != nil {
		t.Fatal(err)
	}
	me := func(token string) int { return b.call("GET", "/users/me", "", "Authorization", "Bearer "+token).status }
	get, self := b.browser(), panelURL+"/"+text(app.ID)
	old := app.Production.AccessToken
	if get(self+"/renew", url.Values{}); me(old) != 401 {
		t.Fatal("a renewed token opens still")
	}
	_, page := get(self, nil)
	fresh := regexp.MustCompile(`APP_USR-\d{16}-\d{6}-[0-9a-f]{32}-446566691`).FindString(page)
	if me(fresh) != 200 {
		t.Fatal(page)
	}
	_, page = get(self+"/revoke?lang=en", url.Values{})
	if me(fresh) != 401 || !strings.Contains(page, "Activate the production credentials") {
		t.Fatal(page)
	}
	// the account's own pair too
	own, err := b.sim.RenewCredentials(user, 7910800073137785, false)
	if err != nil || me(token) != 401 || me(own.Production.AccessToken) != 200 {
		t.Fatal(own, err)
	}
	if own, err = b.sim.RevokeCredentials(user, own.ID); err != nil || own.Production.AccessToken != "" || me(own.Production.AccessToken) != 401 {
		t.Fatal(own, err)
	}
}

func TestMPPAN04_TestCredentialsNeedNoActivation(t *testing.T) {
	b := newStand(t)
	app, _ := b.sim.CreateApplication(user, "Mi tienda")
	_, page := b.browser()(panelURL+"/"+text(app.ID)+"?tab=test", nil)
	wantText(t, page, app.Test.AccessToken, app.Test.PublicKey)
	auth := "Bearer " + app.Test.AccessToken
	a := b.want(b.call("POST", preferencesURL, preferenceBody, "Authorization", auth), 201)
	b.equal(a, "false", "live_mode")
	out := b.choose(id(a), mercadopago.Choice{Email: "test_user_1@testuser.com"})
	b.equal(b.want(b.call("GET", "/v1/payments/"+text(out.ID), "", "Authorization", auth), 200), "false", "live_mode")
}

func TestMPPAN05_WebhooksOfEachModeAreSavedWithTheirEvents(t *testing.T) {
	b := newStand(t)
	app, _ := b.sim.CreateApplication(user, "Mi tienda")
	get, self := b.browser(), panelURL+"/"+text(app.ID)
	_, page := get(self+"?tab=webhooks&lang=en", nil)
	wantText(t, page, "Production URL", "Recommended events for integrations with Checkout Pro", "Plans and subscriptions", "Chargebacks", "Application linking", app.Live.Secret)
	for _, bad := range []url.Values{{"url": {"http://shop.example/h"}, "event": {"payments"}}, {"url": {"https://shop.example/h"}}, {"event": {"payments"}}} {
		if status, _ := get(self+"/webhooks", bad); status != 422 {
			t.Fatal(bad, status)
		}
	}
	_, page = get(self+"/webhooks", url.Values{"url": {b.hook.URL + "/live"}, "event": {"payments", "subscriptions"}})
	wantText(t, page, "Saved.", b.hook.URL+"/live", `value="payments" checked`, `value="subscriptions" checked`)
	if strings.Contains(page, `value="orders" checked`) {
		t.Fatal("an event is ticked that was not")
	}
	_, page = get(self+"?tab=webhooks&mode=test", nil)
	wantText(t, page, "Test URL", app.Probe.Secret)
	if strings.Contains(page, "/live") || strings.Contains(page, "checked") {
		t.Fatal("the modes are mixed")
	}
}

func TestMPPAN06_EachApplicationHearsOfItsOwn(t *testing.T) {
	b := newStand(t)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, PanelURL: b.hook.URL + "/own"})
	app, _ := b.sim.CreateApplication(user, "Mi tienda")
	app, _ = b.sim.ActivateApplication(user, app.ID, "retail", "https://shop.example")
	app, err := b.sim.SetWebhooks(user, app.ID, false, b.hook.URL+"/app", []string{"payment"})
	if err != nil {
		t.Fatal(err)
	}
	a := b.want(b.call("POST", preferencesURL, preferenceBody, "Authorization", "Bearer "+app.Production.AccessToken), 201)
	out := b.choose(id(a), mercadopago.Choice{})
	var heard []mercadopago.Delivery
	for _, d := range b.sim.Deliveries() {
		if strings.HasSuffix(d.URL, "/own") {
			t.Fatal("another application heard of it", d)
		}
		heard = append(heard, d)
	}
	if len(heard) != 1 || heard[0].Topic != "payment" || heard[0].Resource != text(out.ID) || !strings.HasSuffix(heard[0].URL, "/app") {
		t.Fatal(heard)
	}
	b.deliver()
	if n := b.hook.take()[0]; !verify(n, app.Live.Secret, false) {
		t.Fatal(n)
	}
	b.choose(b.preference(preferenceBody), mercadopago.Choice{})
	if list := b.sim.Deliveries(); !strings.HasSuffix(list[len(list)-1].URL, "/own") {
		t.Fatal(list)
	}
}

func TestMPPAN07_SimulatedNoticeIsTrulySigned(t *testing.T) {
	b := newStand(t)
	app, _ := b.sim.CreateApplication(user, "Mi tienda")
	get, self := b.browser(), panelURL+"/"+text(app.ID)
	status, page := get(self+"/simulate?lang=en", url.Values{"mode": {"test"}, "topic": {"payments"}, "id": {"123456"}})
	if status != 422 || !strings.Contains(page, "Save an address") {
		t.Fatal(status, page)
	}
	app, _ = b.sim.SetWebhooks(user, app.ID, true, b.hook.URL+"/probe", nil)
	get(self+"/simulate", url.Values{"mode": {"test"}, "topic": {"payments"}, "id": {"123456"}})
	b.deliver()
	n := b.hook.take()[0]
	if !verify(n, app.Probe.Secret, false) || n.object["action"] != "payment.updated" || n.object["type"] != "payment" || text(at(n.object, "data", "id")) != "123456" || n.object["live_mode"] != false {
		t.Fatal(n.body)
	}
	_, page = get(self+"?tab=webhooks&mode=test", nil)
	wantText(t, page, "<code>payment</code> 123456", "200")
	old := app.Probe.Secret
	get(self+"/secret", url.Values{"mode": {"test"}})
	if _, page = get(self+"?tab=webhooks&mode=test", nil); strings.Contains(page, old) {
		t.Fatal("the secret was not reset")
	}
}

func TestMPPAN08_SettingsAndDeletion(t *testing.T) {
	b := newStand(t)
	app, _ := b.sim.CreateApplication(user, "Mi tienda")
	get, self := b.browser(), panelURL+"/"+text(app.ID)
	if status, _ := get(self+"/settings", url.Values{"redirect_uris": {"http://shop.example/cb"}}); status != 422 {
		t.Fatal(status)
	}
	_, page := get(self+"/settings?lang=en", url.Values{"redirect_uris": {"https://shop.example/cb\nhttps://shop.example/cb2"}, "pkce": {"on"}})
	wantText(t, page, "https://shop.example/cb2", "Delete the application")
	_, page = get(self+"/delete", url.Values{})
	wantText(t, page, "The application was deleted.")
	if strings.Contains(page, "Mi tienda") || b.call("GET", "/users/me", "", "Authorization", "Bearer "+app.Test.AccessToken).status != 401 {
		t.Fatal(page)
	}
	if status, _ := get(self, nil); status != 404 {
		t.Fatal(status)
	}
	if status, _ := get(panelURL+"/7910800073137785/delete", url.Values{}); status != 404 {
		t.Fatal("the account's own application was deleted")
	}
}

func TestMPPAN09_PanelInThreeLanguagesUnder120KB(t *testing.T) {
	b := newStand(t)
	app, _ := b.sim.CreateApplication(user, "Mi tienda")
	get, self := b.browser(), panelURL+"/"+text(app.ID)
	for _, lang := range []string{"es", "pt", "en"} {
		for _, path := range []string{"/sim/panel?", panelURL + "?", panelURL + "/new?", self + "?tab=production&", self + "?tab=test&", self + "?tab=webhooks&", self + "?tab=settings&", panelURL + "/7910800073137785?"} {
			_, page := get(path+"lang="+lang, nil)
			if len(page) > 120<<10 || strings.Contains(page, "sim.panel.") || !strings.Contains(page, `<html lang="`+lang) {
				t.Fatal(path, lang, len(page), regexp.MustCompile(`sim\.panel\.[a-z_.]+`).FindString(page))
			}
		}
	}
}

func TestMPPAN10_RestartedItAgreesWithItself(t *testing.T) {
	file := t.TempDir() + "/sim.db"
	change := func(c *mercadopago.Config) { c.File = file }
	b := newStand(t, change)
	app, _ := b.sim.CreateApplication(user, "Mi tienda")
	app, _ = b.sim.ActivateApplication(user, app.ID, "retail", "https://shop.example")
	again := newStand(t, change)
	again.want(again.call("GET", "/users/me", "", "Authorization", "Bearer "+app.Production.AccessToken), 200)
	again.want(again.call("GET", "/v1/identification_types?public_key="+app.Production.PublicKey, "", "Authorization", ""), 200)
	_, page := again.browser()(panelURL, nil)
	wantText(t, page, "Mi tienda")
}

func TestMPPAN11_PublicKeyAndTokenTellTheirApplication(t *testing.T) {
	b := newStand(t)
	app, _ := b.sim.CreateApplication(user, "Mi tienda")
	app, _ = b.sim.ActivateApplication(user, app.ID, "retail", "https://shop.example")
	const check = "/plugins-credentials-wrapper/credentials"
	b.equal(b.want(b.call("GET", check, "", "Authorization", "Bearer "+app.Production.AccessToken), 200), text(app.ID), "client_id")
	b.equal(b.want(b.call("GET", check+"?public_key="+app.Production.PublicKey, "", "Authorization", ""), 200), text(app.ID), "client_id")
	b.equal(b.want(b.call("GET", check, ""), 200), "7910800073137785", "client_id")
	own, err := b.sim.RenewCredentials(user, 7910800073137785, false)
	if err != nil {
		t.Fatal(err)
	}
	b.equal(b.want(b.call("GET", check+"?public_key="+own.Production.PublicKey, "", "Authorization", ""), 200), "7910800073137785", "client_id")
}
