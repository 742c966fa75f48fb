package webhook

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
)

const (
	// MaxEndpoints is how many endpoints a merchant may have in a mode.
	MaxEndpoints = 20

	maxURL         = 2000 // characters
	maxDescription = 200
	secretMark     = "whsec_"
	secretBytes    = 24 // Standard Webhooks: 24 to 64
)

// Manages reports whether a person of the role may make and change endpoints.
func Manages(role posta.Role) bool {
	return role == posta.Owner || role == posta.Manager || role == posta.Integrator
}

// Input is what an endpoint is made of.
type Input struct {
	ID          posta.EndpointID // the same id again finds what it made
	MerchantID  posta.MerchantID
	Mode        posta.Mode
	URL         string
	Description string
	Events      []string
	By          string
}

// Change changes an endpoint; nil stays.
type Change struct {
	URL, Description *string
	Events           *[]string
	Enabled          *bool
	By               string
}

// Create makes an endpoint and its secret, which is told this once. With an ID
// that is there already it gives that endpoint and no secret. Errors: invalid
// with fields url, description, events.
func (s *Service) Create(ctx context.Context, in Input) (Endpoint, string, error) {
	if there, err := s.Store.Endpoint(ctx, in.MerchantID, in.Mode, in.ID); posta.ErrorCode(err) != posta.CodeNotFound {
		return there, "", err
	}
	now := s.Clock.Now()
	e := Endpoint{ID: in.ID, MerchantID: in.MerchantID, Mode: in.Mode, URL: strings.TrimSpace(in.URL), Description: strings.TrimSpace(in.Description),
		Events: in.Events, State: Enabled, CreatedAt: now, UpdatedAt: now}
	if err := s.check(&e); err != nil {
		return Endpoint{}, "", err
	}
	list, err := s.Store.Endpoints(ctx, in.MerchantID, in.Mode)
	if err != nil {
		return Endpoint{}, "", err
	}
	if len(list) >= MaxEndpoints {
		return Endpoint{}, "", posta.Invalid("url", "too_many")
	}
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // never fails
	secret := secretMark + base64.StdEncoding.EncodeToString(raw)
	if e.Sealed, err = s.Box.Seal([]byte(secret), string(e.ID)); err != nil {
		return Endpoint{}, "", err
	}
	e, err = s.Store.InsertEndpoint(ctx, e, []posta.Event{s.event(e, "created", in.By)})
	if err != nil {
		return Endpoint{}, "", err
	}
	s.Committed()
	return e, secret, nil
}

// Update changes an endpoint. Errors: not_found, invalid with fields.
func (s *Service) Update(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.EndpointID, c Change) (Endpoint, error) {
	return s.change(ctx, m, mode, id, func(e *Endpoint) ([]posta.Event, error) {
		before := *e
		if c.URL != nil {
			e.URL = strings.TrimSpace(*c.URL)
		}
		if c.Description != nil {
			e.Description = strings.TrimSpace(*c.Description)
		}
		if c.Events != nil {
			e.Events = *c.Events
		}
		if err := s.check(e); err != nil {
			return nil, err
		}
		var events []posta.Event
		if e.URL != before.URL || e.Description != before.Description || !slices.Equal(e.Events, before.Events) {
			events = append(events, s.event(*e, "updated", c.By))
		}
		switch {
		case c.Enabled == nil || *c.Enabled == (e.State == Enabled):
		case *c.Enabled:
			e.State, e.Reason = Enabled, NoReason
			events = append(events, s.event(*e, "enabled", c.By))
		default:
			e.State, e.Reason = Disabled, ReasonPerson
			events = append(events, s.event(*e, "disabled", c.By))
		}
		if len(events) > 0 {
			e.UpdatedAt = s.Clock.Now()
		}
		return events, nil
	})
}

// Remove takes an endpoint away for good, with its secret. What was to be sent
// to it is dead. Errors: not_found.
func (s *Service) Remove(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.EndpointID, by string) error {
	_, err := s.change(ctx, m, mode, id, func(e *Endpoint) ([]posta.Event, error) {
		e.RemovedAt, e.Sealed = s.Clock.Now(), nil
		return []posta.Event{s.event(*e, "removed", by)}, nil
	})
	return err
}

func (s *Service) change(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.EndpointID, change func(*Endpoint) ([]posta.Event, error)) (Endpoint, error) {
	e, err := s.Store.ChangeEndpoint(ctx, m, id, func(e *Endpoint) ([]posta.Event, error) {
		if e.Mode != mode {
			return nil, &posta.Error{Code: posta.CodeNotFound}
		}
		return change(e)
	})
	if err != nil {
		return Endpoint{}, err
	}
	s.Committed()
	return e, nil
}

// event tells what was done with an endpoint. Events of endpoints are sent to
// none: they would tell of themselves for ever.
func (s *Service) event(e Endpoint, what, by string) posta.Event {
	now := s.Clock.Now()
	data, err := json.Marshal(struct {
		ID          posta.EndpointID `json:"id"`
		URL         string           `json:"url"`
		Description string           `json:"description,omitempty"`
		Events      []string         `json:"events"`
		State       EndpointState    `json:"state"`
		Reason      Reason           `json:"reason,omitempty"`
		At          time.Time        `json:"at"`
	}{e.ID, e.URL, e.Description, e.Events, e.State, e.Reason, now})
	if err != nil {
		panic(err) // texts and times can be written
	}
	return posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: e.MerchantID, Mode: e.Mode, Type: "endpoint." + what,
		Subject: string(e.ID), Actor: by, Data: data, CreatedAt: now}
}

// check refuses what cannot be sent to, and tidies the filter.
func (s *Service) check(e *Endpoint) error {
	var p posta.Problems
	if wrong := s.wrongURL(e.URL); wrong != "" {
		p.Add(true, "url", wrong)
	}
	p.Add(utf8.RuneCountInString(e.Description) > maxDescription, "description", "too_long")
	p.Add(!utf8.ValidString(e.Description) || strings.ContainsFunc(e.Description, func(r rune) bool { return r < ' ' }), "description", "malformed")
	events, wrong := tidied(e.Events)
	p.Add(wrong != "", "events", wrong)
	e.Events = events
	return p.Err()
}

// wrongURL tells what is wrong with an address as it is written. Where its name
// leads is looked at each time it is dialed.
func (s *Service) wrongURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "required"
	case len(text) > maxURL:
		return "too_long"
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" ||
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "malformed"
	case u.Scheme != "https" && (u.Scheme != "http" || len(s.Networks) == 0):
		return "https"
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if s.control(u.Scheme)("tcp"+map[bool]string{true: "4", false: "6"}[ip.Is4()], netip.AddrPortFrom(ip, 443).String(), nil) != nil {
			return "private"
		}
	}
	return ""
}

// Get finds an endpoint. Errors: not_found.
func (s *Service) Get(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.EndpointID) (Endpoint, error) {
	return s.Store.Endpoint(ctx, m, mode, id)
}

// List lists a merchant's endpoints of a mode, oldest first.
func (s *Service) List(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]Endpoint, error) {
	return s.Store.Endpoints(ctx, m, mode)
}

// secret is what signs for an endpoint.
func (s *Service) secret(t Target) (string, error) {
	plain, err := s.Box.Unseal(t.Sealed, string(t.ID))
	if err == nil && !strings.HasPrefix(string(plain), secretMark) {
		err = errors.New("webhook: the secret is none")
	}
	return string(plain), err
}
