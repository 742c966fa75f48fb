package mercadopago

import (
	"context"
	"net/http"
	"net/url"

	"posta"
	"posta/provider"
)

// pair asks whether the public key and the access token are of one application.
// The surest way is not documented: it is what the provider's own shop plugin
// asks before it stores keys (docs/providers/mercadopago-online.md §1.2, [S]).
// Where that does not answer, the key is shown to a documented call, which tells
// only that there is such a key. of is the token's application as it bears it.
func (c *connector) pair(ctx context.Context, of string) (provider.Pair, error) {
	key := url.Values{"public_key": {c.browser.PublicKey}}
	mine, err := c.wrapped(ctx, key)
	if err != nil {
		return "", err
	}
	if mine == "" {
		return provider.PairUnproven, c.known(ctx, key)
	}
	theirs, err := c.wrapped(ctx, nil)
	if err != nil {
		return "", err
	}
	if theirs == "" {
		theirs = of
	}
	switch theirs {
	case "":
		return provider.PairUnproven, nil
	case mine:
		return provider.PairSame, nil
	}
	return "", posta.Invalid("public_key", "mixed_pair")
}

// wrapped asks for the application of a public key, or with no query of the
// access token; "" where the provider does not tell. Errors: when no answer came.
func (c *connector) wrapped(ctx context.Context, query url.Values) (string, error) {
	var told struct {
		ClientID text `json:"client_id"`
	}
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/plugins-credentials-wrapper/credentials", query: query, anonymous: query != nil}, &told)
	if err != nil && statusOf(err) == 0 && ctx.Err() != nil {
		return "", err
	}
	return string(told.ClientID), nil
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
