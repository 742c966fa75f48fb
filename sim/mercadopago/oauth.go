package mercadopago

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authCode is what a seller's consent gives: the key of one exchange, for ten
// minutes (docs/providers/mercadopago-online.md §1.5).
type authCode struct {
	Code          string
	UserID        int64
	ApplicationID int64
	RedirectURI   string
	Challenge     string
	Method        string // S256, plain
	Until         time.Time
	Used          bool
}

func (k *authCode) key() (string, string) { return "auth_code", k.Code }
func (k *authCode) index(st *state)       { st.authCodes[k.Code] = k }

// Lives of what OAuth gives. That of client_credentials is not confirmed.
const (
	codeLife  = 10 * time.Minute
	tokenLife = 180 * 24 * time.Hour
	ownerLife = 6 * time.Hour
	topicLink = "mp-connect"
)

// AddApplication adds an application as it is given, or changes the one of that
// number: a client id and secret that a test or a demo knows beforehand.
func (s *Simulator) AddApplication(p Application) error {
	var err error
	e := s.do(func() {
		if s.accounts[p.UserID] == nil || p.ID <= 0 || p.Secret == "" {
			err = errors.New("sim/mercadopago: an application needs an account, a number and a secret")
			return
		}
		p.Created = s.clock.Now()
		s.put(&p)
	})
	return cmp.Or(e, err)
}

// clientApplication finds the application of a client id, whoever owns it.
func (s *Simulator) clientApplication(id string) *Application {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil
	}
	for _, p := range sorted(s.applications) {
		if p.ID == n && !p.Deleted {
			return p
		}
	}
	for _, a := range sorted(s.accounts) {
		if a.ApplicationID == n {
			return s.application(a.UserID, n)
		}
	}
	return nil
}

// consent is what a seller is asked.
type consent struct {
	app                       *Application
	redirect, state, codeHash string
	method                    string
}

// readConsent reads the query of the authorization page. A wrong client or
// address is shown and never redirected to.
func (s *Simulator) readConsent(q url.Values) (k consent, err error) {
	k = consent{app: s.clientApplication(q.Get("client_id")), redirect: q.Get("redirect_uri"), state: q.Get("state"), codeHash: q.Get("code_challenge"), method: cmp.Or(q.Get("code_challenge_method"), "plain")}
	switch {
	case k.app == nil:
		return k, errors.New("client_id")
	case !slices.Contains(k.app.RedirectURIs, k.redirect):
		return k, errors.New("redirect_uri")
	case q.Get("response_type") != "code":
		return k, errors.New("response_type")
	case k.app.PKCE && k.codeHash == "":
		return k, errors.New("code_challenge")
	case k.method != "S256" && k.method != "plain":
		return k, errors.New("code_challenge_method")
	}
	return k, nil
}

// Authorize is a seller letting an application act for it: the address to which
// the browser goes back, with the code. Query is that of the authorization
// page.
func (s *Simulator) Authorize(userID int64, query url.Values, allow bool) (back string, err error) {
	e := s.do(func() {
		var k consent
		if k, err = s.readConsent(query); err != nil {
			err = fmt.Errorf("sim/mercadopago: invalid %w", err)
			return
		}
		if s.accounts[userID] == nil {
			err = ErrNothing
			return
		}
		u, _ := url.Parse(k.redirect)
		values := u.Query()
		if allow {
			c := &authCode{Code: fmt.Sprintf("TG-%s-%d", randomText(12), userID), UserID: userID, ApplicationID: k.app.ID, RedirectURI: k.redirect, Challenge: k.codeHash,
				Method: k.method, Until: s.clock.Now().Add(codeLife)}
			s.put(c)
			values.Set("code", c.Code)
		} else {
			values.Set("error", "access_denied")
		}
		if k.state != "" {
			values.Set("state", k.state)
		}
		u.RawQuery = values.Encode()
		back = u.String()
	})
	return back, cmp.Or(e, err)
}

// createToken is POST /oauth/token, in JSON or as a form.
func createToken(c *call) reply {
	var f fields
	if strings.HasPrefix(c.request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return c.oauthError("invalid_request", "The body is no form")
		}
		f = fields{}
		for name := range form {
			f[name] = form.Get(name)
		}
	} else {
		var err error
		if f, err = parseObject(c.body); err != nil {
			return c.oauthError("invalid_request", "The body is no JSON object")
		}
	}
	app, secret := c.sim.clientApplication(f.loose("client_id")), f.loose("client_secret")
	if app == nil && f.loose("client_id") == "" { // the official Go SDK says who it is by its access token
		if app = c.sim.applicationOf(secret, c.now); app != nil {
			secret = app.Secret
		}
	}
	if app == nil || secret != app.Secret {
		return c.oauthError("invalid_client", "invalid client_id or client_secret")
	}
	switch f.loose("grant_type") {
	case "authorization_code":
		return c.exchangeCode(app, f)
	case "refresh_token":
		return c.refreshToken(app, f.loose("refresh_token"))
	case "client_credentials":
		g := c.sim.newGrant(app, app.UserID, false, c.now.Add(ownerLife))
		g.Refresh, g.OAuth, g.Scope = "", false, "read write"
		c.sim.put(g)
		return reply{status: http.StatusOK, body: g.view(c.now)}
	}
	return c.oauthError("unsupported_grant_type", "grant_type is not supported")
}

func (c *call) exchangeCode(app *Application, f fields) reply {
	k := c.sim.authCodes[f.loose("code")]
	switch {
	case k == nil || k.ApplicationID != app.ID || k.Used || !c.now.Before(k.Until) || k.RedirectURI != f.loose("redirect_uri"):
		return c.oauthError("invalid_grant", "Error validating grant. Your authorization code or refresh token may be expired or it was already used.")
	case k.Challenge != "" && !proves(k.Method, f.loose("code_verifier"), k.Challenge):
		return c.oauthError("invalid_grant", "code_verifier is invalid")
	}
	k.Used = true
	c.sim.put(k)
	g := c.sim.newGrant(app, k.UserID, f.loose("test_token") == "true" || f["test_token"] == true, c.now.Add(tokenLife))
	c.sim.put(g)
	c.sim.announceLink(app, k.UserID, "application.authorized", c.now)
	return reply{status: http.StatusOK, body: g.view(c.now)}
}

func proves(method, verifier, challenge string) bool {
	if method == "S256" {
		sum := sha256.Sum256([]byte(verifier))
		return base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
	}
	return verifier == challenge
}

// refreshToken gives a new pair and a new refresh token; the old refresh token
// ends, the old access token goes on until its time.
func (c *call) refreshToken(app *Application, refresh string) reply {
	for _, g := range sorted(c.sim.grants) {
		if refresh == "" || g.Refresh != refresh || g.ApplicationID != app.ID || g.Revoked {
			continue
		}
		g.Refresh = ""
		c.sim.put(g)
		next := c.sim.newGrant(app, g.UserID, g.Test, c.now.Add(tokenLife))
		c.sim.put(next)
		return reply{status: http.StatusOK, body: next.view(c.now)}
	}
	return c.oauthError("invalid_grant", "Error validating grant. Your authorization code or refresh token may be expired or it was already used.")
}

// newGrant is not filed yet.
func (s *Simulator) newGrant(app *Application, user int64, test bool, until time.Time) *grant {
	prefix := "APP_USR-"
	if test {
		prefix = "TEST-"
	}
	return &grant{Token: fmt.Sprintf("%s%d-%s-%s-%d", prefix, app.ID, s.clock.Now().Format("010215"), randomText(16), user), PublicKey: prefix + newUUID(),
		Refresh: fmt.Sprintf("TG-%s-%d", randomText(12), user), UserID: user, ApplicationID: app.ID, Scope: "offline_access read write", Test: test, OAuth: true, Expires: until}
}

func (g *grant) view(now time.Time) object {
	o := object{"access_token": g.Token, "token_type": "bearer", "expires_in": int64(g.Expires.Sub(now).Seconds()), "scope": g.Scope, "user_id": g.UserID,
		"public_key": g.PublicKey, "live_mode": !g.Test}
	if g.Refresh != "" {
		o["refresh_token"] = g.Refresh
	}
	return o
}

func (c *call) oauthError(code, message string) reply {
	return reply{status: http.StatusBadRequest, code: code, body: object{"message": message, "error": code, "status": 400, "cause": []any{}}}
}

// Unlink is a seller taking back what it allowed an application: its tokens
// end, and the application hears of it.
func (s *Simulator) Unlink(userID, clientID int64) error {
	var err error
	e := s.do(func() {
		app, found := s.clientApplication(text(clientID)), false
		for _, g := range sorted(s.grants) {
			if g.OAuth && g.UserID == userID && g.ApplicationID == clientID && !g.Revoked {
				g.Revoked, found = true, true
				s.put(g)
			}
		}
		if app == nil || !found {
			err = fmt.Errorf("%w: the account has allowed that application nothing", ErrNothing)
			return
		}
		s.announceLink(app, userID, "application.deauthorized", s.clock.Now())
	})
	return cmp.Or(e, err)
}

// announceLink tells the application that a seller came or went.
func (s *Simulator) announceLink(app *Application, user int64, action string, now time.Time) {
	for _, t := range s.targets(s.accounts[user], via{Application: app.ID}, topicLink, "") {
		if t.channel == "webhook" {
			s.enqueue(&notice{UserID: user, Topic: topicLink, Action: action, Resource: text(user), Version: int(s.next(&s.count.Event)), BodyID: true,
				Body: object{"action": action, "api_version": "v1", "application_id": text(app.ID), "data": object{"id": text(user)}, "date_created": classicTime(now),
					"live_mode": true, "type": topicLink, "user_id": user}}, t, now)
		}
	}
}
