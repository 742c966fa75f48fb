package account

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"posta"
	"posta/provider"
)

// ConnectionInput asks for a connection, or for what it should become.
type ConnectionInput struct {
	ID         posta.ConnectionID // "" when creating makes one up; given, it makes a repeat find the first
	MerchantID posta.MerchantID
	Mode       posta.Mode // fixed once created
	Provider   string     // a description's name; fixed once created
	Name       string     // ≤ 100 characters
	Country    string     // of the account, ISO 3166-1 alpha-2; "" is the merchant's, and when updating what it is
	// Fields are values by provider.Field name, secret ones too. When updating,
	// a field that is not there stays; a secret that is empty stays; another
	// that is empty returns to its default.
	Fields     map[string]string
	RefundLate bool
}

// maxValue is the longest value of a field, in bytes.
const maxValue = 4096

// secretsField is the field whose words sign notices; several may be active.
const secretsField = "webhook_secret"

// CreateConnection makes a connection with its secrets sealed; with an ID that
// the merchant has already it gives that one. It calls no provider: Check does.
// Errors: invalid with fields name, mode, provider, country and config.NAME for the
// provider's own (required, unknown, not_an_option, too_long, malformed),
// not_found (no such merchant), mode_mismatch (it would charge real money in test
// mode, past any gate).
func (s *Service) CreateConnection(ctx context.Context, in ConnectionInput) (Connection, error) {
	if _, err := s.Store.Merchant(ctx, in.MerchantID); err != nil {
		return Connection{}, err
	}
	c := s.fresh(in)
	if err := s.fill(&c, in, map[string]string{}); err != nil {
		return Connection{}, err
	}
	return s.insert(ctx, c)
}

// fresh is a connection that in asks for, without its fields.
func (s *Service) fresh(in ConnectionInput) Connection {
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.ConnectionID](now)
	}
	return Connection{ID: in.ID, MerchantID: in.MerchantID, Mode: in.Mode, Provider: in.Provider, CreatedAt: now, UpdatedAt: now}
}

// insert adds a connection, or gives the one that the merchant has of that id.
func (s *Service) insert(ctx context.Context, c Connection) (Connection, error) {
	err := s.Store.InsertConnection(ctx, c)
	if posta.ErrorCode(err) == posta.CodeConflict {
		if there, found := s.Store.MerchantConnection(ctx, c.MerchantID, c.ID); found == nil {
			return there, nil
		}
	}
	return c, err
}

// UpdateConnection changes name, fields and RefundLate. When credentials or
// settings change, the connection counts as not checked. Errors: as
// CreateConnection, not_found.
func (s *Service) UpdateConnection(ctx context.Context, in ConnectionInput) (Connection, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	return s.retried(func() (Connection, error) {
		was, err := s.Store.MerchantConnection(ctx, in.MerchantID, in.ID)
		if err != nil {
			return Connection{}, err
		}
		next, _, err := s.changed(was, in)
		if err != nil {
			return Connection{}, err
		}
		return s.replace(ctx, was, next)
	})
}

// retried makes a change again that another replica came before.
func (s *Service) retried(change func() (Connection, error)) (c Connection, err error) {
	for range 5 {
		if c, err = change(); posta.ErrorCode(err) != posta.CodeConflict {
			break
		}
	}
	return c, err
}

// replace saves what was became, unless it was changed since: conflict.
func (s *Service) replace(ctx context.Context, was, next Connection) (Connection, error) {
	next.UpdatedAt = s.after(was.UpdatedAt)
	err := s.Store.ReplaceConnection(ctx, next, was.UpdatedAt)
	s.opened.forget(was.ID)
	return next, err
}

// changed is what in makes of a connection, with its secrets.
func (s *Service) changed(c Connection, in ConnectionInput) (Connection, map[string]string, error) {
	secrets, err := s.unseal(c)
	if err != nil {
		return Connection{}, nil, err
	}
	before, secretsBefore, country := maps.Clone(c.Config), maps.Clone(secrets), c.Country
	if err := s.fill(&c, in, secrets); err != nil {
		return Connection{}, nil, err
	}
	typed := retyped(secretsBefore, secrets)
	if typed || !maps.Equal(before, c.Config) || country != c.Country {
		c.CheckedAt = time.Time{}
	}
	if typed {
		return c, secrets, s.typed(&c, secrets)
	}
	return c, secrets, nil
}

// after is now, or just past t: UpdatedAt must move with every change, since
// open connectors are kept by it.
func (s *Service) after(t time.Time) time.Time {
	if now := s.Clock.Now(); now.After(t) {
		return now
	}
	return t.Add(time.Microsecond)
}

// fill validates in and puts it into c and its secrets.
func (s *Service) fill(c *Connection, in ConnectionInput, secrets map[string]string) error {
	var p posta.Problems
	c.Name, c.RefundLate = strings.TrimSpace(in.Name), in.RefundLate
	if in.Country != "" {
		_, unknown := posta.FindCountry(in.Country)
		p.Add(unknown != nil, "country", "unknown")
		c.Country = in.Country
	}
	checkText(&p, "name", c.Name, maxName)
	p.Add(!c.Mode.Valid() || (in.Mode != "" && in.Mode != c.Mode), "mode", "unknown")
	d, err := s.Provider(c.Provider)
	p.Add(err != nil || (in.Provider != "" && in.Provider != c.Provider), "provider", "unknown")
	if err != nil {
		return p.Err()
	}
	c.Config = maps.Clone(c.Config)
	if c.Config == nil {
		c.Config = map[string]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Fields)) {
		s.fillField(&p, d, c, secrets, name, strings.TrimSpace(in.Fields[name]))
	}
	effective := s.config(d, *c, secrets)
	for _, f := range d.Fields {
		p.Add(f.Required && effective[f.Name] == "", "config."+f.Name, "required")
	}
	if err := p.Err(); err != nil {
		return err
	}
	if d.Live != nil && c.Mode == posta.Test && d.Live(effective) {
		return &posta.Error{Code: posta.CodeModeMismatch, Params: map[string]string{"mode": string(c.Mode)}}
	}
	if _, err := d.Open(effective, s.client(c.ID), s.Clock); err != nil {
		return underConfig(err)
	}
	return s.seal(c, secrets)
}

// fillField validates one value and puts it where it belongs. A default is not
// stored, so that a better default later is taken.
func (s *Service) fillField(p *posta.Problems, d provider.Description, c *Connection, secrets map[string]string, name, value string) {
	path := "config." + name
	at := slices.IndexFunc(d.Fields, func(f provider.Field) bool { return f.Name == name })
	if at < 0 {
		p.Add(true, path, "unknown")
		return
	}
	f := d.Fields[at]
	p.Add(len(value) > maxValue, path, "too_long")
	p.Add(!utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool {
		return unicode.IsControl(r) && (name != secretsField || !unicode.IsSpace(r))
	}), path, "malformed")
	p.Add(value != "" && len(f.Options) > 0 && !slices.Contains(f.Options, value), path, "not_an_option")
	switch {
	case f.Secret && value != "":
		secrets[name] = value
	case f.Secret:
	case value == "" || value == s.fallback(d, f):
		delete(c.Config, name)
	default:
		c.Config[name] = value
	}
}

// fallback is what a field is where nothing is stored.
func (s *Service) fallback(d provider.Description, f provider.Field) string {
	if value, ok := s.Defaults[d.Name][f.Name]; ok {
		return value
	}
	return f.Default
}

// config is what a connector is opened with.
func (s *Service) config(d provider.Description, c Connection, secrets map[string]string) provider.Config {
	out := provider.Config{}
	for _, f := range d.Fields {
		value := c.Config[f.Name]
		if f.Secret {
			value = secrets[f.Name]
		}
		if value == "" {
			value = s.fallback(d, f)
		}
		if value != "" {
			out[f.Name] = value
		}
	}
	return out
}

// underConfig puts the field names of a connector's error below "config.".
func underConfig(err error) error {
	var e *posta.Error
	if !errors.As(err, &e) || e.Code != posta.CodeInvalid {
		return err
	}
	out := *e
	out.Fields = slices.Clone(e.Fields)
	for i, f := range out.Fields {
		if !strings.HasPrefix(f.Field, "config.") {
			out.Fields[i].Field = "config." + f.Field
		}
	}
	return &out
}

// ConnectionMode is the mode of a merchant's connection. Errors: not_found.
func (s *Service) ConnectionMode(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (posta.Mode, error) {
	c, err := s.Store.MerchantConnection(ctx, m, id)
	return c.Mode, err
}

// PlaceMode is ConnectionMode for a store, till or terminal, which sells in the
// merchant's own currency. Errors: not_found; invalid with field connection_id
// (other_country) for a connection of another country.
func (s *Service) PlaceMode(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (posta.Mode, error) {
	c, err := s.Store.MerchantConnection(ctx, m, id)
	if err != nil || c.Country == "" {
		return c.Mode, err
	}
	merchant, err := s.Store.Merchant(ctx, m)
	if err == nil && c.Country != merchant.Country {
		err = &posta.Error{Code: posta.CodeInvalid, Fields: []posta.FieldError{{Field: "connection_id", Code: "other_country",
			Params: map[string]string{"account": c.Country, "merchant": merchant.Country}}}}
	}
	return c.Mode, err
}
