package mercadopago

import (
	"context"
	"net/http"
	"net/url"

	"posta"
	"posta/provider"
)

// wrapping is what the provider says of credentials to its own shop plugin,
// before that stores them. It is not documented: where it does not answer, the
// zero value (docs/providers/mercadopago-online.md §1.2, [S]).
type wrapping struct {
	ClientID text `json:"client_id"`
	Test     bool `json:"is_test"`
}

// wrapped asks about a public key, or with none about the access token.
func (c *connector) wrapped(ctx context.Context, publicKey string) (told wrapping) {
	ask := call{method: http.MethodGet, path: "/plugins-credentials-wrapper/credentials"}
	if publicKey != "" {
		ask.query, ask.anonymous = url.Values{"public_key": {publicKey}}, true
	}
	if _, err := c.do(ctx, ask, &told); err != nil {
		return wrapping{}
	}
	return told
}

// pair asks whether the public key is of the application that the access token
// is of. Where the provider does not tell, the key is shown to a documented call,
// which says only that there is such a key.
func (c *connector) pair(ctx context.Context, of string) (provider.Pair, error) {
	key := c.wrapped(ctx, c.browser.PublicKey)
	switch {
	case key.ClientID == "":
		return provider.PairUnproven, c.known(ctx, url.Values{"public_key": {c.browser.PublicKey}})
	case of == "":
		return provider.PairUnproven, nil
	case string(key.ClientID) == of:
		return provider.PairSame, nil
	}
	return "", posta.Invalid("public_key", "mixed_pair")
}

// known asks whether there is such a public key, by the call that a page makes
// with it. Errors: invalid with field public_key (unknown_key); none where the
// provider gives no usable answer, which says nothing about the key.
func (c *connector) known(ctx context.Context, query url.Values) error {
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/v1/payment_methods", query: query, anonymous: true}, nil)
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return posta.Invalid("public_key", "unknown_key")
	}
	return nil
}
