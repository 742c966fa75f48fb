package api

import (
	"net/http"
	"strings"

	"posta"
	"posta/account"
)

// authenticate finds the key that a request bears. What it may see and touch
// is its merchant's, in its mode, and nothing else.
func (a *server) authenticate(r *http.Request) (account.Key, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(token, "psk_") || len(token) > 200 {
		return account.Key{}, &posta.Error{Code: posta.CodeUnauthorized}
	}
	return a.Accounts.Authenticate(r.Context(), token)
}
