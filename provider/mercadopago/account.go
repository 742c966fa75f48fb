package mercadopago

import (
	"context"
	"net/http"
	"slices"

	"posta"
	"posta/provider"
)

// Check asks who the access token belongs to. Whether that is a test user is
// told by its tags, never by the token's prefix.
func (c *connector) Check(ctx context.Context) (provider.Account, error) {
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
		Test: slices.Contains(me.Tags, "test_user")}, nil
}

// userID is the account that receives the money, as paths name it.
func (c *connector) userID(ctx context.Context) (string, error) {
	c.mu.Lock()
	user := c.user
	c.mu.Unlock()
	if user != "" {
		return user, nil
	}
	me, err := c.Check(ctx)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	c.user = me.ID
	c.mu.Unlock()
	return me.ID, nil
}
