package account

import (
	"context"
	"sync"
	"time"

	"posta"
	"posta/outbound"
	"posta/provider"
)

// Grant is how long a merchant's leave by OAuth lasts. The tokens are among the
// connection's secrets.
type Grant struct {
	ExpiresAt time.Time `json:"expires_at,omitzero"` // end of the access token; zero where keys were typed
	// RefusedAt is when the provider refused to renew it; zero while it does not.
	// Until ExpiresAt the access token may still work.
	RefusedAt time.Time `json:"refused_at,omitzero"`
}

// refreshField is the secret that renews a grant. No description has a field of
// that name, so that no form shows or takes it.
const refreshField = "refresh_token"

const (
	// renewBefore is how long before its end an access token is renewed.
	renewBefore = 30 * 24 * time.Hour
	// lookLease is how long a look at one connection may take, lookAgain the wait
	// after one without an answer, and refusedAgain between looks at a grant that
	// cannot be renewed.
	lookLease    = time.Minute
	lookAgain    = 10 * time.Minute
	refusedAgain = 24 * time.Hour
	// doubtEvery is the least time between two looks for refused calls.
	doubtEvery = time.Minute
)

// renewAt is when it is to be renewed; zero for none.
func (g Grant) renewAt() time.Time {
	if g.ExpiresAt.IsZero() {
		return time.Time{}
	}
	return g.ExpiresAt.Add(-renewBefore)
}

// doubts are the connections that were lately looked at for refused calls.
type doubts struct {
	mu sync.Mutex
	at map[posta.ConnectionID]time.Time
}

// fresh reports whether a doubt is worth a look, and notes it.
func (d *doubts) fresh(id posta.ConnectionID, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if last, there := d.at[id]; there && now.Sub(last) < doubtEvery && !now.Before(last) {
		return false
	}
	if d.at == nil {
		d.at = map[posta.ConnectionID]time.Time{}
	}
	d.at[id] = now
	return true
}

// Doubt has a connection looked at whose credentials the provider refused to a
// call, or of which it told that the merchant took its leave back. Errors: of
// the store.
func (s *Service) Doubt(ctx context.Context, id posta.ConnectionID) error {
	now := s.Clock.Now()
	if !s.doubts.fresh(id, now) {
		return nil
	}
	return s.Store.DoubtConnection(ctx, id, now)
}

// SweepGrants looks at the credentials that are due: grants are renewed before
// their end, doubtful ones are tried, and those that the provider takes no more
// are noted as lost. It gives how many it looked at. Errors: of the store.
func (s *Service) SweepGrants(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimConnections(ctx, s.Clock.Now(), lookLease, 50)
	for _, c := range due {
		each(func() {
			if err := s.look(ctx, c); err != nil {
				s.log().ErrorContext(ctx, "credentials not looked at", "connection", c.ID, "error", err)
			}
		})
	}
	return len(due), err
}

// look sees whether a connection's credentials work, and renews a grant.
func (s *Service) look(ctx context.Context, c Connection) error {
	secrets, err := s.unseal(c)
	if err != nil {
		return err
	}
	granted := !c.Grant.ExpiresAt.IsZero()
	renew := granted && c.Grant.RefusedAt.IsZero()
	if renew && !s.Clock.Now().Before(c.Grant.renewAt()) {
		return s.renew(ctx, c, secrets)
	}
	switch _, err = s.ask(ctx, c, secrets); posta.ErrorCode(err) {
	case posta.CodeUnauthorized:
		if renew {
			return s.renew(ctx, c, secrets)
		}
		return s.noted(ctx, c, func(c *Connection) { c.LostAt, c.DueAt = s.Clock.Now(), time.Time{} })
	case "", posta.CodeInvalid:
		return s.noted(ctx, c, func(c *Connection) { c.DueAt = s.nextLook(c.Grant) })
	}
	return s.noted(ctx, c, func(c *Connection) { c.DueAt = s.Clock.Now().Add(lookAgain) })
}

// nextLook is when credentials that work are looked at again.
func (s *Service) nextLook(g Grant) time.Time {
	if g.RefusedAt.IsZero() {
		return g.renewAt()
	}
	now := s.Clock.Now()
	if next := now.Add(refusedAgain); !now.Before(g.ExpiresAt) || next.Before(g.ExpiresAt) {
		return next
	}
	return g.ExpiresAt
}

// renew asks for newer tokens. A refusal does not end the connection while its
// access token works: a crash after the provider's answer looks the same.
func (s *Service) renew(ctx context.Context, c Connection, secrets map[string]string) error {
	g, err := s.refresh(ctx, c, secrets[refreshField])
	switch posta.ErrorCode(err) {
	case "":
		return s.renewed(ctx, c, secrets[refreshField], g)
	case posta.CodeUnauthorized:
	default:
		s.log().WarnContext(ctx, "grant not renewed", "connection", c.ID, "error", err)
		return s.noted(ctx, c, func(c *Connection) { c.DueAt = s.Clock.Now().Add(lookAgain) })
	}
	now := s.Clock.Now()
	_, err = s.ask(ctx, c, secrets)
	return s.noted(ctx, c, func(c *Connection) {
		c.Grant.RefusedAt, c.DueAt = now, s.nextLook(Grant{ExpiresAt: c.Grant.ExpiresAt, RefusedAt: now})
		if posta.ErrorCode(err) == posta.CodeUnauthorized {
			c.LostAt, c.DueAt = now, time.Time{}
		}
	})
}

// refresh makes the call. Errors: of provider.Grantor; unauthorized where there
// is nothing to renew with.
func (s *Service) refresh(ctx context.Context, c Connection, token string) (provider.Grant, error) {
	if token == "" {
		return provider.Grant{}, &posta.Error{Code: posta.CodeUnauthorized}
	}
	d, err := s.Provider(c.Provider)
	if err != nil {
		return provider.Grant{}, err
	}
	app, known := s.Apps[c.Provider]
	if d.Grant == nil || !known {
		return provider.Grant{}, posta.Errorf(posta.CodeState, "no application of Posta's at %s is configured", c.Provider)
	}
	ctx, cancel := context.WithTimeout(outbound.WithTag(ctx, outbound.Tag{ConnectionID: c.ID, Operation: "grant"}), checkLimit)
	defer cancel()
	return d.Grant.Refresh(ctx, s.client(c.ID), s.Clock, app, token)
}

// renewed stores newer tokens, before anything uses them, whatever else was
// changed meanwhile; unless the connection was granted anew.
func (s *Service) renewed(ctx context.Context, c Connection, used string, g provider.Grant) error {
	ctx = context.WithoutCancel(ctx)
	s.changing.Lock()
	defer s.changing.Unlock()
	_, err := s.retried(func() (Connection, error) {
		was, err := s.Store.MerchantConnection(ctx, c.MerchantID, c.ID)
		if err != nil {
			return Connection{}, err
		}
		next := was
		secrets, err := s.unseal(next)
		if err != nil || secrets[refreshField] != used {
			return was, err
		}
		if err := s.fill(&next, ConnectionInput{Name: was.Name, RefundLate: was.RefundLate, Fields: g.Fields}, secrets); err != nil {
			return Connection{}, err
		}
		if err := s.granted(&next, secrets, g); err != nil {
			return Connection{}, err
		}
		return s.replace(ctx, was, next)
	})
	return err
}

// noted saves what a look told, unless the connection was changed since it was
// claimed: then that change stands, and the lease brings it back.
func (s *Service) noted(ctx context.Context, was Connection, note func(*Connection)) error {
	ctx = context.WithoutCancel(ctx)
	s.changing.Lock()
	defer s.changing.Unlock()
	next := was
	note(&next)
	_, err := s.replace(ctx, was, next)
	if posta.ErrorCode(err) == posta.CodeConflict {
		return nil
	}
	return err
}
