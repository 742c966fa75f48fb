package mercadopago

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Application is one integration of an account, with its own credentials and
// webhooks (docs/providers/mercadopago-online.md §1.1). Each account has one
// for its own access token; the panel makes others.
type Application struct {
	ID     int64 `json:"id"` // the client_id
	UserID int64 `json:"user_id"`
	// Name has 50 characters at most.
	Name string `json:"name"`
	// Secret is the client_secret of OAuth.
	Secret       string   `json:"client_secret"`
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	PKCE         bool     `json:"pkce,omitempty"`
	// Industry and Website are what the activation of the production
	// credentials asked for.
	Industry string `json:"industry,omitempty"`
	Website  string `json:"website,omitempty"`
	// Production is empty until it is activated; Test is there from the start.
	Production Keys `json:"production"`
	Test       Keys `json:"test"`
	// Live and Probe are the webhooks of the production and of the test mode.
	Live    Webhooks  `json:"live"`
	Probe   Webhooks  `json:"probe"`
	Created time.Time `json:"created"`
	Deleted bool      `json:"deleted,omitempty"`
}

// Keys are a pair of credentials.
type Keys struct {
	PublicKey   string `json:"public_key"`
	AccessToken string `json:"access_token"`
}

// Webhooks are where an application's notices go and which.
type Webhooks struct {
	URL    string   `json:"url,omitempty"`
	Topics []string `json:"topics,omitempty"` // none is all
	Secret string   `json:"secret"`
}

// ErrApplication is an application that is not there, or not so.
var ErrApplication = errors.New("sim/mercadopago: there is no such application")

func applicationKey(user, id int64) string { return text(user) + "/" + text(id) }

func (p *Application) key() (string, string) { return "application", applicationKey(p.UserID, p.ID) }

func (p *Application) index(st *state) { st.applications[applicationKey(p.UserID, p.ID)] = p }

// own says whether the application is the one of the account's own token.
func (p *Application) own(a *Account) bool { return p.ID == a.ApplicationID }

// application finds one that was not deleted. That of the account's own token
// is made when it is first looked for; its production keys and webhooks are
// the account's. It must be called under the lock.
func (s *Simulator) application(user, id int64) *Application {
	a := s.accounts[user]
	if a == nil {
		return nil
	}
	p := s.applications[applicationKey(user, id)]
	if p == nil && id == a.ApplicationID {
		p = s.newApplication(a, cmp.Or(a.BusinessName, a.Nickname), s.clock.Now())
		p.ID = id
		p.Test = s.newKeys(p, true)
		s.put(p)
	}
	if p == nil || p.Deleted {
		return nil
	}
	if p.own(a) {
		if p.Production = (Keys{PublicKey: a.PublicKey, AccessToken: a.AccessToken}); strings.HasPrefix(a.AccessToken, revoked) {
			p.Production = Keys{}
		}
		p.Live = Webhooks{URL: a.PanelURL, Topics: a.PanelTopics, Secret: a.WebhookSecret}
	}
	return p
}

// applicationOf finds the application whose own access token that is.
func (s *Simulator) applicationOf(token string, now time.Time) *Application {
	if a := s.tokens[token]; a != nil {
		return s.application(a.UserID, a.ApplicationID)
	}
	if g := s.grants[token]; g.lives(now) && !g.OAuth {
		return s.application(g.UserID, g.ApplicationID)
	}
	return nil
}

// applicationsOf lists an account's applications, its own first.
func (s *Simulator) applicationsOf(user int64) []*Application {
	a := s.accounts[user]
	if a == nil {
		return nil
	}
	list := []*Application{s.application(user, a.ApplicationID)}
	for _, p := range sorted(s.applications) {
		if p.UserID == user && p.ID != a.ApplicationID && !p.Deleted {
			list = append(list, p)
		}
	}
	return slices.DeleteFunc(list, func(p *Application) bool { return p == nil })
}

// newApplication is not filed yet, and has no keys.
func (s *Simulator) newApplication(a *Account, name string, now time.Time) *Application {
	return &Application{ID: 6_100_000_000_000_000 + s.next(&s.count.Application), UserID: a.UserID, Name: name, Secret: randomText(16), PKCE: true,
		Live: Webhooks{Secret: randomText(32)}, Probe: Webhooks{Secret: randomText(32)}, Created: now}
}

func randomText(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// newKeys makes a pair and opens the doors with it.
func (s *Simulator) newKeys(p *Application, test bool) Keys {
	prefix := "APP_USR-"
	if test {
		prefix = "TEST-"
	}
	k := Keys{PublicKey: prefix + newUUID(), AccessToken: p.token(prefix, s.clock.Now())}
	s.put(&grant{Token: k.AccessToken, PublicKey: k.PublicKey, UserID: p.UserID, ApplicationID: p.ID, Test: test, Scope: "read write"})
	return k
}

// close shuts the doors that a pair opens.
func (s *Simulator) close(k Keys) {
	if g := s.grants[k.AccessToken]; g != nil {
		g.Revoked = true
		s.put(g)
	}
}

// CreateApplication makes an application of an account, as the panel does after
// its questions. Its test credentials are there, the production ones not yet.
func (s *Simulator) CreateApplication(userID int64, name string) (out Application, err error) {
	e := s.do(func() {
		a := s.accounts[userID]
		if a == nil || strings.TrimSpace(name) == "" || len([]rune(name)) > 50 {
			err = ErrApplication
			return
		}
		p := s.newApplication(a, strings.TrimSpace(name), s.clock.Now())
		p.Test = s.newKeys(p, true)
		s.put(p)
		out = *p
	})
	return out, cmp.Or(e, err)
}

// changeApplication does something to an application, alone.
func (s *Simulator) changeApplication(user, id int64, f func(*Account, *Application) error) (out Application, err error) {
	e := s.do(func() {
		p := s.application(user, id)
		if p == nil {
			err = ErrApplication
			return
		}
		if err = f(s.accounts[user], p); err == nil {
			s.put(p)
		}
		out = *p
	})
	return out, cmp.Or(e, err)
}

// ActivateApplication makes the production credentials: industry and website
// are required (§1.2).
func (s *Simulator) ActivateApplication(userID, id int64, industry, website string) (Application, error) {
	return s.changeApplication(userID, id, func(a *Account, p *Application) error {
		if industry == "" || website == "" {
			return errors.New("sim/mercadopago: the activation asks for industry and website")
		}
		if p.Industry, p.Website = industry, website; p.Production.AccessToken == "" {
			s.replaceKeys(a, p, false)
		}
		return nil
	})
}

// RenewCredentials gives a new pair; the old one opens nothing any more (§1.1).
func (s *Simulator) RenewCredentials(userID, id int64, test bool) (Application, error) {
	return s.changeApplication(userID, id, func(a *Account, p *Application) error {
		if test {
			s.close(p.Test)
			p.Test = s.newKeys(p, true)
			return nil
		}
		if p.Production.AccessToken == "" && p.Website == "" {
			return ErrApplication
		}
		s.replaceKeys(a, p, false)
		return nil
	})
}

// RevokeCredentials leaves the application without production credentials until
// they are activated again.
func (s *Simulator) RevokeCredentials(userID, id int64) (Application, error) {
	return s.changeApplication(userID, id, func(a *Account, p *Application) error {
		if p.Production.AccessToken == "" {
			return ErrApplication
		}
		s.replaceKeys(a, p, true)
		return nil
	})
}

// replaceKeys shuts the doors of the production pair and opens new ones, or
// none. The pair of the account's own application is the account's.
func (s *Simulator) replaceKeys(a *Account, p *Application, none bool) {
	s.close(p.Production)
	p.Production = Keys{}
	if !p.own(a) {
		if !none {
			p.Production = s.newKeys(p, false)
		}
		return
	}
	changed := *a
	changed.AccessToken, changed.PublicKey = revoked+randomText(16), revoked+newUUID()
	if !none {
		changed.AccessToken, changed.PublicKey = p.token("APP_USR-", s.clock.Now()), "APP_USR-"+newUUID()
		p.Production = Keys{PublicKey: changed.PublicKey, AccessToken: changed.AccessToken}
	}
	s.put(&changed)
}

// revoked marks what an account has instead of credentials.
const revoked = "revoked "

// token has client id, month, day and hour, 32 hex digits, user id (§1.1).
func (p *Application) token(prefix string, now time.Time) string {
	return fmt.Sprintf("%s%d-%s-%s-%d", prefix, p.ID, now.Format("010215"), randomText(16), p.UserID)
}

// SetWebhooks saves where the notices of a mode go; none of the topics is all.
// The secret stays.
func (s *Simulator) SetWebhooks(userID, id int64, test bool, url string, topics []string) (Application, error) {
	return s.changeApplication(userID, id, func(a *Account, p *Application) error {
		hooks := &p.Live
		if test {
			hooks = &p.Probe
		}
		hooks.URL, hooks.Topics = url, topics
		if !test && p.own(a) {
			a.PanelURL, a.PanelTopics = url, topics
			s.put(a)
		}
		return nil
	})
}

// ResetWebhookSecret makes another secret for a mode's signatures.
func (s *Simulator) ResetWebhookSecret(userID, id int64, test bool) (Application, error) {
	return s.changeApplication(userID, id, func(a *Account, p *Application) error {
		secret := randomText(32)
		if test {
			p.Probe.Secret = secret
			return nil
		}
		if p.Live.Secret = secret; p.own(a) {
			a.WebhookSecret = secret
			s.put(a)
		}
		return nil
	})
}
