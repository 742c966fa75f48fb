package account

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"posta"
	"posta/outbound"
	"posta/provider"
)

// openFor is how long an open connection is used without looking at its row:
// the longest that another replica's change goes unnoticed.
const openFor = 2 * time.Second

// opening is one connection with its secrets unsealed and its connector made.
type opening struct {
	updatedAt time.Time
	seenAt    time.Time
	secrets   []provider.Secret
	previous  []provider.Secret // of the credentials that a swap replaces
	until     time.Time         // when those end
	connector provider.Connector
	err       error // why there is no connector
}

// opened keeps openings, so that the hot path neither reads nor unseals, and so
// that what a connector learned (an OAuth token) lives on.
type opened struct {
	mu sync.Mutex
	by map[posta.ConnectionID]opening
}

func (o *opened) get(id posta.ConnectionID) (opening, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	got, ok := o.by[id]
	return got, ok
}

func (o *opened) put(id posta.ConnectionID, x opening) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.by == nil {
		o.by = map[posta.ConnectionID]opening{}
	}
	if there, ok := o.by[id]; !ok || !x.updatedAt.Before(there.updatedAt) {
		o.by[id] = x
	}
}

func (o *opened) forget(id posta.ConnectionID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.by, id)
}

// Open gives the connection's connector; it is a provider.Opener. Errors:
// not_found, invalid with fields when its settings cannot be used.
func (s *Service) Open(ctx context.Context, id posta.ConnectionID) (provider.Connector, error) {
	o, err := s.load(ctx, id, openFor)
	if err != nil {
		return nil, err
	}
	return o.connector, o.err
}

// load gives the connection's opening, its row looked at no longer than atMost ago.
func (s *Service) load(ctx context.Context, id posta.ConnectionID, atMost time.Duration) (opening, error) {
	now := s.Clock.Now()
	o, kept := s.opened.get(id)
	if age := now.Sub(o.seenAt); kept && age >= 0 && age < atMost {
		return o, nil
	}
	c, err := s.Store.Connection(ctx, id)
	if err != nil {
		return opening{}, err
	}
	if !kept || !o.updatedAt.Equal(c.UpdatedAt) {
		secrets, err := s.unseal(c)
		if err != nil {
			return opening{}, err
		}
		previous, err := s.unsealPrevious(c)
		if err != nil {
			return opening{}, err
		}
		o = opening{updatedAt: c.UpdatedAt, secrets: splitSecrets(secrets[secretsField]),
			previous: splitSecrets(previous.Secrets[secretsField]), until: c.Swap.To}
		if !c.Grant.ExpiresAt.IsZero() {
			o.secrets = append(o.secrets, splitSecrets(s.Apps[c.Provider].WebhookSecret)...)
		}
		d, err := s.Provider(c.Provider)
		if err == nil {
			o.connector, err = d.Open(s.config(d, c, secrets), s.client(c.ID), s.Clock)
		}
		o.err = underConfig(err)
	}
	o.seenAt = now
	s.opened.put(id, o)
	return o, nil
}

// checkLimit is how long a person waits for a check.
const checkLimit = 10 * time.Second

// Check asks the provider who the credentials belong to and notes it with the
// time. Errors: not_found; the connector's (unauthorized, provider_unavailable…);
// invalid about "country" (other_country) when the account is of another
// country than the connection; mode_mismatch when a test user's credentials are in a live connection
// or the reverse; conflict with Params["account"] when they belong to another
// account than before, whose stores and payments this connection has, or when
// the connection was changed meanwhile.
func (s *Service) Check(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (provider.Account, error) {
	c, err := s.Store.MerchantConnection(ctx, m, id)
	if err != nil {
		return provider.Account{}, err
	}
	merchant, err := s.Store.Merchant(ctx, m)
	if err != nil {
		return provider.Account{}, err
	}
	o, err := s.load(ctx, id, 0)
	if err == nil {
		err = o.err
	}
	if err != nil {
		return provider.Account{}, err
	}
	c.UpdatedAt = o.updatedAt // what is checked is what was opened
	ctx, cancel := context.WithTimeout(outbound.WithTag(ctx, outbound.Tag{ConnectionID: id, Operation: "check"}), checkLimit)
	defer cancel()
	who, err := o.connector.Check(ctx)
	if err = c.judged(err); err != nil {
		return who, err
	}
	if err := fits(c, merchant, who); err != nil {
		return who, err
	}
	return who, s.checked(ctx, c, who)
}

// judged is what a check's error means for the connection. The keys of a grant
// came in one answer: the provider need not say that they are a pair.
func (c Connection) judged(err error) error {
	err = underConfig(err)
	var e *posta.Error
	if !c.Grant.ExpiresAt.IsZero() && errors.As(err, &e) && e.Code == posta.CodeInvalid &&
		!slices.ContainsFunc(e.Fields, func(f posta.FieldError) bool { return f.Field != "config.public_key" }) {
		return nil
	}
	return err
}

// fits refuses credentials of somebody whose connection this is not. Errors: as Check.
func fits(c Connection, merchant Merchant, who provider.Account) error {
	switch {
	case who.Country != "" && who.Country != c.countryOf(merchant):
		return &posta.Error{Code: posta.CodeInvalid, Fields: []posta.FieldError{{Field: "country", Code: "other_country",
			Params: map[string]string{"account": who.Country, "merchant": c.countryOf(merchant)}}}}
	case who.Test != (c.Mode == posta.Test):
		return &posta.Error{Code: posta.CodeModeMismatch, Params: map[string]string{"mode": string(c.Mode)}}
	case c.Account != "" && c.Account != who.ID:
		return &posta.Error{Code: posta.CodeConflict, Params: map[string]string{"account": c.Account}}
	}
	return nil
}

// countryOf is the country that the connection sells in.
func (c Connection) countryOf(merchant Merchant) string {
	if c.Country != "" {
		return c.Country
	}
	return merchant.Country
}

// checked notes a successful check, unless the connection was changed since.
func (s *Service) checked(ctx context.Context, was Connection, who provider.Account) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	c, err := s.Store.MerchantConnection(ctx, was.MerchantID, was.ID)
	if err != nil {
		return err
	}
	if !c.UpdatedAt.Equal(was.UpdatedAt) {
		return posta.Errorf(posta.CodeConflict, "connection %s was changed while it was checked", c.ID)
	}
	c.found(who, s.Clock.Now())
	return s.Store.ReplaceConnection(ctx, c, c.UpdatedAt)
}

// Reopen has the next use of a connection open it anew: a new token is asked for.
func (s *Service) Reopen(id posta.ConnectionID) { s.opened.forget(id) }
