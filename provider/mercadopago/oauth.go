package mercadopago

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"posta"
	"posta/provider"
)

// DefaultPages is where merchants let an application into their account, of
// whatever country (docs/providers/mercadopago-online.md §1.5).
const DefaultPages = "https://auth.mercadopago.com"

// grantor is OAuth at Mercado Pago (docs/providers/mercadopago-online.md §1.5).
func grantor() *provider.Grantor {
	return &provider.Grantor{Address: grantAddress,
		Exchange: func(ctx context.Context, transport *http.Client, clock posta.Clock, app provider.App, code, verifier string) (provider.Grant, error) {
			return askGrant(ctx, transport, clock, app, map[string]string{"grant_type": "authorization_code", "code": code,
				"redirect_uri": app.Return, "code_verifier": verifier})
		},
		Refresh: func(ctx context.Context, transport *http.Client, clock posta.Clock, app provider.App, refreshToken string) (provider.Grant, error) {
			return askGrant(ctx, transport, clock, app, map[string]string{"grant_type": "refresh_token", "refresh_token": refreshToken})
		}}
}

func grantAddress(app provider.App, _, state, challenge string) string {
	pages := strings.TrimRight(app.Pages, "/")
	if pages == "" {
		pages = DefaultPages
	}
	return pages + "/authorization?" + url.Values{"client_id": {app.ID}, "response_type": {"code"}, "platform_id": {"mp"}, "state": {state},
		"redirect_uri": {app.Return}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}}.Encode()
}

// goneGrants are refusals that are about what the merchant allowed, and not
// about our application.
var goneGrants = map[string]bool{"invalid_grant": true, "invalid_token": true, "expired_token": true}

// askGrant asks for a token. Its errors hold a code and no words of the
// provider's: those may repeat what was sent.
func askGrant(ctx context.Context, transport *http.Client, clock posta.Clock, app provider.App, ask map[string]string) (provider.Grant, error) {
	base := strings.TrimRight(app.BaseURL, "/")
	if base == "" {
		base = DefaultBaseURL
	}
	if !usable(base) {
		return provider.Grant{}, posta.Invalid("base_url", "malformed")
	}
	ask["client_id"], ask["client_secret"] = app.ID, app.Secret
	var told struct {
		AccessToken  string `json:"access_token"`
		PublicKey    string `json:"public_key"`
		RefreshToken string `json:"refresh_token"`
		UserID       text   `json:"user_id"`
		ExpiresIn    int64  `json:"expires_in"`
	}
	c := &client{http: transport, clock: clock, base: base}
	now := clock.Now()
	if err := c.must(ctx, call{method: http.MethodPost, path: "/oauth/token", body: ask, anonymous: true}, &told); err != nil {
		return provider.Grant{}, grantRefusal(err)
	}
	if told.AccessToken == "" || told.ExpiresIn <= 0 {
		return provider.Grant{}, posta.Errorf(posta.CodeProviderUnavailable, "POST /oauth/token: no token in the answer")
	}
	g := provider.Grant{Fields: map[string]string{"access_token": told.AccessToken}, Refresh: told.RefreshToken,
		ExpiresAt: now.Add(time.Duration(told.ExpiresIn) * time.Second)}
	if told.PublicKey != "" {
		g.Fields["public_key"] = told.PublicKey
	}
	if digits(string(told.UserID)) {
		g.Fields["user_id"] = string(told.UserID)
	}
	return g, nil
}

// grantRefusal tells a grant that is gone (unauthorized) from an application
// that the provider does not take (provider_rejected).
func grantRefusal(err error) error {
	var r *refusal
	var e *posta.Error
	if !errors.As(err, &e) || !errors.As(err, &r) {
		return err
	}
	out := &posta.Error{Code: e.Code, RetryAfter: e.RetryAfter, Params: map[string]string{"code": short(r.code, 80)},
		Cause: &refusal{call: r.call, status: r.status, code: short(r.code, 80)}}
	switch {
	case goneGrants[r.code]:
		out.Code = posta.CodeUnauthorized
	case e.Code == posta.CodeUnauthorized, e.Code == posta.CodeNotFound:
		out.Code = posta.CodeProviderRejected
	}
	return out
}
