package web

import (
	"context"

	"github.com/alexedwards/scs/v2"

	"posta"
	"posta/account"
)

type accountService interface {
	LogIn(ctx context.Context, email, password, from string) (account.User, error)
	User(ctx context.Context, id posta.UserID) (account.User, error)
	Merchant(ctx context.Context, id posta.MerchantID) (account.Merchant, error)
	Connections(ctx context.Context, m posta.MerchantID) ([]account.Connection, error)
	SessionStore() scs.Store
}

type tillService interface{}
