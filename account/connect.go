package account

import (
	"context"
	"time"

	"posta"
	"posta/provider"
)

// Connect is CreateConnection that first asks the provider who the credentials
// belong to: nothing is stored of what does not fit. Errors: as CreateConnection
// and Check.
func (s *Service) Connect(ctx context.Context, in ConnectionInput) (Connection, provider.Account, error) {
	if there, err := s.Store.MerchantConnection(ctx, in.MerchantID, in.ID); err == nil {
		return there, provider.Account{ID: there.Account}, nil
	}
	return s.connect(ctx, in, nil)
}

// Reconnect is UpdateConnection that first asks the provider who the credentials
// belong to. Errors: as UpdateConnection and Check.
func (s *Service) Reconnect(ctx context.Context, in ConnectionInput) (Connection, provider.Account, error) {
	if _, err := s.Store.MerchantConnection(ctx, in.MerchantID, in.ID); err != nil {
		return Connection{}, provider.Account{}, err
	}
	return s.connect(ctx, in, nil)
}

// TakeGrant makes a connection of what a merchant granted, or renews that of
// in.ID; the fields are the grant's. Errors: as Connect.
func (s *Service) TakeGrant(ctx context.Context, in ConnectionInput, g provider.Grant) (Connection, provider.Account, error) {
	in.Fields = g.Fields
	return s.connect(ctx, in, &g)
}

// connect asks about what in makes of its connection, and stores it if it fits.
func (s *Service) connect(ctx context.Context, in ConnectionInput, g *provider.Grant) (Connection, provider.Account, error) {
	var who provider.Account
	merchant, err := s.Store.Merchant(ctx, in.MerchantID)
	if err != nil {
		return Connection{}, who, err
	}
	c, err := s.retried(func() (Connection, error) {
		was, err := s.Store.MerchantConnection(ctx, in.MerchantID, in.ID)
		added := posta.ErrorCode(err) == posta.CodeNotFound
		if err != nil && !added {
			return Connection{}, err
		}
		next, secrets, err := s.proposed(was, in, g, added)
		if err != nil {
			return Connection{}, err
		}
		if who, err = s.ask(ctx, next, secrets); err == nil {
			err = fits(next, merchant, who)
		}
		if err != nil {
			return Connection{}, asked{err}
		}
		next.found(who, s.Clock.Now())
		if added {
			return s.insert(ctx, next)
		}
		s.changing.Lock()
		defer s.changing.Unlock()
		return s.replace(ctx, was, next)
	})
	if refusal, ok := err.(asked); ok {
		err = refusal.error
	}
	return c, who, err
}

// asked is what came of asking the provider: no reason to ask again.
type asked struct{ error }

// proposed is the connection that in asks for, with its secrets.
func (s *Service) proposed(was Connection, in ConnectionInput, g *provider.Grant, added bool) (next Connection, secrets map[string]string, err error) {
	if added {
		next, secrets = s.fresh(in), map[string]string{}
		err = s.fill(&next, in, secrets)
	} else {
		next, secrets, err = s.changed(was, in)
	}
	if err != nil || g == nil {
		return next, secrets, err
	}
	return next, secrets, s.granted(&next, secrets, *g)
}

// granted puts what was granted beside the fields.
func (s *Service) granted(c *Connection, secrets map[string]string, g provider.Grant) error {
	if g.Refresh != "" {
		secrets[refreshField] = g.Refresh
	}
	c.Grant = Grant{ExpiresAt: g.ExpiresAt.UTC().Truncate(time.Microsecond)}
	c.DueAt, c.LostAt = c.Grant.renewAt(), time.Time{}
	return s.seal(c, secrets)
}

// typed forgets a grant in whose place keys were typed.
func (s *Service) typed(c *Connection, secrets map[string]string) error {
	delete(secrets, refreshField)
	c.Grant, c.DueAt, c.LostAt = Grant{}, time.Time{}, time.Time{}
	return s.seal(c, secrets)
}

// retyped reports whether what calls are made with is another than before.
func retyped(before, after map[string]string) bool {
	for name := range after {
		if name != secretsField && name != refreshField && after[name] != before[name] {
			return true
		}
	}
	return false
}

// found notes a check that succeeded.
func (c *Connection) found(who provider.Account, now time.Time) {
	c.Account, c.Application, c.CheckedAt, c.LostAt = who.ID, who.Application, now, time.Time{}
}
