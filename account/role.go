package account

import (
	"context"
	"encoding/json"
	"slices"

	"posta"
)

// Users lists a merchant's people by name, without their passwords.
func (s *Service) Users(ctx context.Context, m posta.MerchantID) ([]User, error) {
	users, err := s.Store.Users(ctx, m)
	for i := range users {
		users[i].Password = ""
	}
	return users, err
}

// SetRole gives one of the merchant's people another role. Owners give every
// role, managers all but owner's, and none of an owner's; nobody else may. The
// one who asks is by. Errors: not_found; forbidden; invalid with field role
// (unknown); conflict with Params["reason"] "last_owner".
func (s *Service) SetRole(ctx context.Context, m posta.MerchantID, by, id posta.UserID, role posta.Role) (User, error) {
	if !slices.Contains(posta.Roles, role) {
		return User{}, posta.Invalid("role", "unknown")
	}
	asks, err := s.Store.User(ctx, by)
	if err != nil {
		return User{}, err
	}
	u, err := s.Store.User(ctx, id)
	if err == nil && (u.MerchantID != m || asks.MerchantID != m) {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	if err != nil {
		return User{}, err
	}
	if asks.Role != posta.Owner && (asks.Role != posta.Manager || role == posta.Owner || u.Role == posta.Owner) {
		return User{}, &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": "manage"}}
	}
	if u.Role == role {
		u.Password = ""
		return u, nil
	}
	now := s.Clock.Now()
	data, err := json.Marshal(map[string]posta.Role{"old": u.Role, "new": role})
	if err != nil {
		return User{}, err
	}
	u, err = s.Store.ChangeRole(ctx, m, id, role, []posta.Event{{ID: posta.NewID[posta.EventID](now), MerchantID: m, Mode: posta.Live,
		Type: "user.role", Subject: string(id), Actor: "user:" + string(by), Data: data, CreatedAt: now}})
	u.Password = ""
	return u, err
}
