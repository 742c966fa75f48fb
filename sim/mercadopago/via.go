package mercadopago

import (
	"strconv"
	"strings"
)

// via says through whose credentials something was made: the application (0 is
// the account's own) and whether with its test pair. It decides whose webhooks
// hear of it.
type via struct {
	Application int64 `json:",omitempty"`
	Test        bool  `json:",omitempty"`
}

func (c *call) via() via {
	if c.grant != nil {
		return via{c.grant.ApplicationID, c.grant.Test}
	}
	return via{}
}

// of is the number of the application.
func (v via) of(a *Account) int64 {
	if v.Application == 0 {
		return a.ApplicationID
	}
	return v.Application
}

func (p *payment) via() via {
	if p.Online == nil {
		return via{}
	}
	return p.Online.Via
}

// hooks are the webhooks that hear of what an account's sale through an
// application, and the key that signs for them. An application may be another
// account's: it was let in by OAuth.
func (s *Simulator) hooks(a *Account, v via) (Webhooks, string) {
	if v.Application == 0 || v.Application == a.ApplicationID && !v.Test {
		return s.hooksOf(a, "panel"), "panel"
	}
	key := "live:" + text(v.Application)
	if v.Test {
		key = "probe:" + text(v.Application)
	}
	if s.applicationByID(v.Application, a.UserID) != nil {
		return s.hooksOf(a, key), key
	}
	for _, other := range sorted(s.accounts) {
		if other.ApplicationID == v.Application {
			key = "panel:" + text(other.UserID)
			return s.hooksOf(a, key), key
		}
	}
	return Webhooks{}, ""
}

// hooksOf are the webhooks behind a key of hooks.
func (s *Simulator) hooksOf(a *Account, key string) Webhooks {
	kind, rest, _ := strings.Cut(key, ":")
	id, _ := strconv.ParseInt(rest, 10, 64)
	switch kind {
	case "panel":
		if other := s.accounts[id]; other != nil {
			a = other
		}
		return Webhooks{URL: a.PanelURL, Topics: a.PanelTopics, Secret: a.WebhookSecret}
	case "live", "probe":
		p := s.applicationByID(id, a.UserID)
		switch {
		case p == nil:
		case kind == "probe":
			return p.Probe
		case p.own(s.accounts[p.UserID]):
			return s.hooksOf(s.accounts[p.UserID], "panel")
		default:
			return p.Live
		}
	}
	return Webhooks{}
}

// applicationByID finds an application of the panel, the account's before
// another's.
func (s *Simulator) applicationByID(id, user int64) *Application {
	if p := s.applications[applicationKey(user, id)]; p != nil && !p.Deleted {
		return p
	}
	for _, p := range sorted(s.applications) {
		if p.ID == id && !p.Deleted {
			return p
		}
	}
	return nil
}
