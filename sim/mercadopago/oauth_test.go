package mercadopago_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

const clientID, clientSecret, backURL = 6_000_000_000_000_001, "client secret", "https://hub.example/oauth/back"

// integrator makes an application of another account, and returns the query of
// its authorization page.
func (b *stand) integrator(pkce bool) url.Values {
	b.Helper()
	b.account(mercadopago.Account{UserID: 900, AccessToken: "integrator", BusinessName: "Integrador"})
	if err := b.sim.AddApplication(mercadopago.Application{ID: clientID, UserID: 900, Name: "Posta", Secret: clientSecret, RedirectURIs: []string{backURL}, PKCE: pkce,
		Live: mercadopago.Webhooks{URL: b.hook.URL + "/connect", Secret: "app secret"}}); err != nil {
		b.Fatal(err)
	}
	return url.Values{"client_id": {fmt.Sprint(clientID)}, "response_type": {"code"}, "platform_id": {"mp"}, "state": {"s1"}, "redirect_uri": {backURL}}
}

// consent presses a button of the authorization page and returns what the
// browser brings back.
func (b *stand) consent(q url.Values, answer string) url.Values {
	b.Helper()
	req, err := http.NewRequest("POST", b.server.URL+"/authorization?"+q.Encode(), strings.NewReader(url.Values{"user_id": {fmt.Sprint(user)}, "answer": {answer}}.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := plain.Transport.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	_ = res.Body.Close()
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.StatusCode != 302 || !strings.HasPrefix(back.String(), backURL) {
		b.Fatalf("%d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	return back.Query()
}

// exchange posts to /oauth/token; pairs are added to the client's.
func (b *stand) exchange(pairs ...string) answer {
	b.Helper()
	form := url.Values{"client_id": {fmt.Sprint(clientID)}, "client_secret": {clientSecret}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.call("POST", "/oauth/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
}

func TestMPONL40_ASellerLetsAnApplicationIn(t *testing.T) {
	b := newStand(t)
	q := b.integrator(false)
	if status, body := b.page("/authorization?lang=en&"+q.Encode(), nil); status != 200 || !strings.Contains(body, "Posta") {
		t.Fatalf("%d %s", status, body)
	}
	back := b.consent(q, "allow")
	if back.Get("state") != "s1" || !strings.HasPrefix(back.Get("code"), "TG-") {
		t.Fatalf("came back with %v", back)
	}
	a := b.want(b.exchange("grant_type", "authorization_code", "code", back.Get("code"), "redirect_uri", backURL), 200)
	b.equal(a, "15552000", "expires_in")
	b.equal(a, "446566691", "user_id")
	b.equal(a, "bearer", "token_type")
	b.equal(a, "true", "live_mode")
	token := fmt.Sprint(at(a.object, "access_token"))
	b.equal(b.want(b.call("GET", "/users/me", "", "Authorization", "Bearer "+token), 200), "446566691", "id")
	b.want(b.anonymous("GET", "/v1/payment_methods?public_key="+fmt.Sprint(at(a.object, "public_key")), ""), 200)
	b.wantError(b.exchange("grant_type", "authorization_code", "code", back.Get("code"), "redirect_uri", backURL), 400, "invalid_grant") // once
	b.move(180 * 24 * time.Hour)
	b.wantError(b.call("GET", "/users/me", "", "Authorization", "Bearer "+token), 401, "unauthorized")
}

func TestMPONL41_WhatIsWrongIsNotRedirected(t *testing.T) {
	b := newStand(t)
	q := b.integrator(true)
	q.Set("code_challenge", "x")
	for name, value := range map[string]string{"client_id": "1", "redirect_uri": "https://evil.example/", "response_type": "token", "code_challenge": "", "code_challenge_method": "md5"} {
		wrong := url.Values{}
		for k, v := range q {
			wrong[k] = v
		}
		wrong.Set(name, value)
		if status, body := b.page("/authorization?"+wrong.Encode(), nil); status != 400 || strings.Contains(body, `value="allow"`) {
			t.Errorf("%s: %d", name, status)
		}
		if _, err := b.sim.Authorize(user, wrong, true); err == nil {
			t.Errorf("%s: a code was given", name)
		}
	}
	if back := b.consent(q, "deny"); back.Get("error") != "access_denied" || back.Get("code") != "" || back.Get("state") != "s1" {
		t.Fatalf("came back with %v", back)
	}
}

func TestMPONL42_CodesLiveTenMinutesAndNeedTheirProof(t *testing.T) {
	b := newStand(t)
	q := b.integrator(true)
	sum := sha256.Sum256([]byte("the verifier"))
	for method, challenge := range map[string]string{"S256": base64.RawURLEncoding.EncodeToString(sum[:]), "plain": "the verifier"} {
		q.Set("code_challenge", challenge)
		q.Set("code_challenge_method", method)
		get := func(pairs ...string) answer {
			code := b.consent(q, "allow").Get("code")
			return b.exchange(append([]string{"grant_type", "authorization_code", "code", code, "redirect_uri", backURL, "code_verifier", "the verifier"}, pairs...)...)
		}
		b.want(get(), 200)
		b.wantError(get("code_verifier", "another"), 400, "invalid_grant")
		b.wantError(get("redirect_uri", "https://hub.example/"), 400, "invalid_grant")
		b.wantError(get("client_secret", "wrong"), 400, "invalid_client")
		b.wantError(get("grant_type", "password"), 400, "unsupported_grant_type")
		b.equal(b.want(get("test_token", "true"), 200), "false", "live_mode")
	}
	code := b.consent(q, "allow").Get("code")
	b.move(10 * time.Minute)
	b.wantError(b.exchange("grant_type", "authorization_code", "code", code, "redirect_uri", backURL, "code_verifier", "the verifier"), 400, "invalid_grant")
}

func TestMPONL43_RefreshTokensRotate(t *testing.T) {
	b := newStand(t)
	q := b.integrator(false)
	first := b.want(b.exchange("grant_type", "authorization_code", "code", b.consent(q, "allow").Get("code"), "redirect_uri", backURL), 200)
	refresh := fmt.Sprint(at(first.object, "refresh_token"))
	body := fmt.Sprintf(`{"client_id":"%d","client_secret":%q,"grant_type":"refresh_token","refresh_token":%q}`, clientID, clientSecret, refresh)
	second := b.want(b.call("POST", "/oauth/token", body, "Authorization", ""), 200) // JSON too
	if at(second.object, "refresh_token") == refresh || at(second.object, "access_token") == at(first.object, "access_token") {
		t.Fatal("nothing is new")
	}
	b.wantError(b.call("POST", "/oauth/token", body, "Authorization", ""), 400, "invalid_grant")
	b.want(b.exchange("grant_type", "refresh_token", "refresh_token", fmt.Sprint(at(second.object, "refresh_token"))), 200)
	own := b.want(b.exchange("grant_type", "client_credentials"), 200)
	b.equal(own, "900", "user_id")
	if at(own.object, "refresh_token") != nil {
		t.Fatal("client_credentials gives no refresh token")
	}
}

func TestMPONL44_AFeeForWhoWasLetIn(t *testing.T) {
	b := newStand(t)
	q := b.integrator(false)
	a := b.want(b.exchange("grant_type", "authorization_code", "code", b.consent(q, "allow").Get("code"), "redirect_uri", backURL), 200)
	bearer := append(once(), "Authorization", "Bearer "+fmt.Sprint(at(a.object, "access_token")))
	paid := b.want(b.call("POST", "/v1/payments", b.cardBody("APRO", "application_fee", "10"), bearer...), 201)
	b.equal(paid, "85", "transaction_details", "net_received_amount")
	b.equal(paid, "application_fee", "fee_details", 1, "type")
	b.deliver()
	b.account(mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, Test: true})
	w := b.sim.Switches()
	w.OAuthTestSellerRefused = true
	if err := b.sim.SetSwitches(w); err != nil {
		t.Fatal(err)
	}
	b.wantError(b.call("POST", "/v1/payments", b.cardBody("APRO"), append(once(), "Authorization", bearer[3])...), 500, "user_allowed_only_in_test")
}

func TestMPONL45_ASellerTakesItBack(t *testing.T) {
	b := newStand(t)
	q := b.integrator(false)
	a := b.want(b.exchange("grant_type", "authorization_code", "code", b.consent(q, "allow").Get("code"), "redirect_uri", backURL), 200)
	b.want(b.call("POST", "/sim/api/oauth/unlink", fmt.Sprintf(`{"user_id":%d,"client_id":%d}`, user, clientID)), 200)
	b.wantError(b.call("GET", "/users/me", "", "Authorization", "Bearer "+fmt.Sprint(at(a.object, "access_token"))), 401, "unauthorized")
	b.wantError(b.exchange("grant_type", "refresh_token", "refresh_token", fmt.Sprint(at(a.object, "refresh_token"))), 400, "invalid_grant")
	b.want(b.call("POST", "/sim/api/oauth/unlink", fmt.Sprintf(`{"user_id":%d,"client_id":%d}`, user, clientID)), 404)
	b.deliver()
	var actions []string
	for _, n := range b.hook.take() {
		if strings.Contains(n.query, "type=mp-connect") {
			actions = append(actions, fmt.Sprint(n.object["action"], " ", n.object["user_id"]))
		}
	}
	if strings.Join(actions, ", ") != "application.authorized 446566691, application.deauthorized 446566691" {
		t.Fatalf("the application heard %q", actions)
	}
}

func TestMPONL46_TheAccountAndItsTestAccounts(t *testing.T) {
	b := newStand(t)
	me := b.want(b.call("GET", "/users/me", ""), 200)
	b.equal(me, "active", "status", "site_status")
	b.equal(me, "true", "status", "billing", "allow")
	b.equal(me, "DNI", "identification", "type")
	b.equal(me, "normal", "tags", 0)
	b.wantError(b.call("POST", "/users/test", `{"site_id":"MLX"}`), 400, "1")
	a := b.want(b.call("POST", "/users/test", `{"site_id":"MLA","description":"vendedor"}`), 201)
	b.equal(a, "active", "site_status")
	if id := fmt.Sprint(at(a.object, "id")); fmt.Sprint(at(a.object, "email")) != "test_user_"+id+"@testuser.com" {
		t.Fatalf("the address is %v", at(a.object, "email"))
	}
	b.want(b.call("POST", "/users/test_user", `{"site_id":"MLA"}`), 201)
	b.equal(b.want(b.call("GET", "/test_user/search", ""), 200), "2", "paging", "total")
	for range 13 {
		b.want(b.call("POST", "/users/test_user", `{"site_id":"MLA"}`), 201)
	}
	b.wantError(b.call("POST", "/users/test_user", `{"site_id":"MLA"}`), 400, "1")
	w := b.sim.Switches()
	w.TestUsersClosed = true
	if err := b.sim.SetSwitches(w); err != nil {
		t.Fatal(err)
	}
	b.wantError(b.call("POST", "/users/test_user", `{"site_id":"MLA"}`), 403, "PA_UNAUTHORIZED_RESULT_FROM_POLICIES")
	b.account(mercadopago.Account{UserID: user, AccessToken: token, Test: true})
	b.equal(b.call("GET", "/users/me", ""), "test_user", "tags", 1)
	b.equal(b.want(b.call("GET", "/plugins-credentials-wrapper/credentials", ""), 200), "false", "is_test")
	b.equal(b.want(b.call("GET", "/applications/7910800073137785", ""), 200), "7910800073137785", "id")
}
