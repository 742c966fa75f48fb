package mercadopago

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"posta"
	"posta/provider"
)

// Check asks who the access token belongs to, and whether the public key goes
// with it. Whether the money is pretended is told by the account's tags, or of a
// real account's test credentials by what the provider says of them; never by
// the token's prefix. Errors besides the usual ones: invalid with field public_key
// (unknown_key, mixed_pair).
func (c *connector) Check(ctx context.Context) (provider.Account, error) {
	me, err := c.me(ctx)
	if err != nil {
		return me, err
	}
	token := c.wrapped(ctx, "")
	me.Test = me.Test || token.Test
	if token.ClientID == "" {
		token.ClientID = text(me.Application)
	}
	if c.browser.PublicKey != "" {
		me.Pair, err = c.pair(ctx, string(token.ClientID))
	}
	return me, err
}

// me asks who the access token belongs to (docs/providers/mercadopago-online.md §1.3).
func (c *connector) me(ctx context.Context) (provider.Account, error) {
	var me struct {
		ID       text     `json:"id"`
		Nickname string   `json:"nickname"`
		Country  string   `json:"country_id"`
		Site     string   `json:"site_id"`
		Tags     []string `json:"tags"`
	}
	if err := c.must(ctx, call{method: http.MethodGet, path: path("users", "me")}, &me); err != nil {
		return provider.Account{}, err
	}
	if !digits(string(me.ID)) {
		return provider.Account{}, posta.Errorf(posta.CodeProviderUnavailable, "GET /users/me: no account id")
	}
	for _, known := range posta.Countries {
		if me.Country == "" && known.Site == me.Site {
			me.Country = known.Code
		}
	}
	return provider.Account{ID: string(me.ID), Nickname: me.Nickname, Country: me.Country,
		Test: slices.Contains(me.Tags, "test_user"), Application: application(c.token)}, nil
}

// application is the number of the application that an access token is of, as
// the token itself bears it (docs/providers/mercadopago-online.md §1); "" for one
// of another form.
func application(token string) string {
	parts := strings.Split(token, "-")
	if len(parts) < 5 || (parts[0] != "APP_USR" && parts[0] != "TEST") || !digits(parts[1]) || len(parts[1]) > 16 {
		return ""
	}
	return parts[1]
}

// userID is the account that receives the money, as paths name it.
func (c *connector) userID(ctx context.Context) (string, error) {
	c.mu.Lock()
	user := c.user
	c.mu.Unlock()
	if user != "" {
		return user, nil
	}
	me, err := c.me(ctx)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	c.user = me.ID
	c.mu.Unlock()
	return me.ID, nil
}
