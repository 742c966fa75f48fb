package provider

import (
	"context"
	"net/http"
	"time"

	"posta"
)

// Grantor is how a merchant lets Posta into the account without handing out
// keys: OAuth with an authorization code and PKCE.
type Grantor struct {
	// Address is where the merchant allows it. challenge is the S256 one.
	Address func(app App, country, state, challenge string) string
	// Exchange turns the code into credentials, Refresh those into newer ones: an
	// old refresh token ends. Errors: unauthorized (the grant is gone),
	// provider_unavailable.
	Exchange func(ctx context.Context, transport *http.Client, clock posta.Clock, app App, code, verifier string) (Grant, error)
	Refresh  func(ctx context.Context, transport *http.Client, clock posta.Clock, app App, refreshToken string) (Grant, error)
}

// App is Posta's own application at the provider, which merchants let in.
type App struct {
	ID      string
	Secret  string
	Return  string // where the provider sends the merchant back
	BaseURL string // of the provider's API, "" for its own
	Pages   string // of the provider's authorization page, "" for its own
	// WebhookSecret signs what the provider tells the application about every
	// account that let it in; "" where it is not known.
	WebhookSecret string
}

// Grant is what a merchant allowed: fields of the connection, by name, and until when.
type Grant struct {
	Fields    map[string]string
	Refresh   string
	ExpiresAt time.Time
}
