package subscription

import (
	"context"
	"log/slog"

	"posta"
	"posta/mail"
	"posta/payment"
	"posta/provider"
)

// Service keeps plans and subscriptions and charges them.
type Service struct {
	Store    Store
	Open     provider.Opener
	Payments *payment.Service
	Clock    posta.Clock
	Log      *slog.Logger
	// Committed tells that events were committed, so that they go out at once.
	Committed func()
	// Say writes a text of Posta's own in a language: a key of the catalogs with
	// its arguments.
	Say func(language, key string, args ...any) string
	// Amount writes money in a language, with its currency.
	Amount func(language string, m posta.Money) string
	// Mail sends; nil when no mail server is set, and messages are kept only.
	Mail interface {
		Send(ctx context.Context, m mail.Message) error
	}
	MailFrom string // the address that mail comes from; needed with Mail
	// URL is how pages are reached, without a slash at the end.
	URL func() string
}
