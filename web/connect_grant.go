package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"time"

	"posta"
	"posta/account"
	"posta/outbound"
	"posta/provider"
)

// sessionGrant is where a session keeps what a merchant is being asked to grant.
const sessionGrant = "grant"

// grantLife is how long a merchant may take to allow it: the provider's code
// lives ten minutes, the page before it a little longer.
const grantLife = 30 * time.Minute

// pendingGrant is what was asked for: the answer must bear its state, and the
// code is of use only with its verifier.
type pendingGrant struct {
	Provider   string
	State      string
	Verifier   string
	Connection posta.ConnectionID // "" makes a new one
	Mode       posta.Mode
	At         time.Time
}

// randomText is 256 bits of chance, as addresses bear them.
func randomText() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// startGrant leads to the provider's page where the merchant lets Posta in.
func (s *server) startGrant(v *visit) error {
	p := pendingGrant{Provider: v.r.FormValue("provider"), State: randomText(), Verifier: randomText(), Mode: v.Mode, At: s.Clock.Now()}
	if id := v.r.FormValue("connection"); id != "" {
		known, err := posta.ParseID[posta.ConnectionID](id)
		if err != nil {
			return err
		}
		c, err := s.Accounts.Store.MerchantConnection(v.ctx(), v.Merchant.ID, known)
		if err != nil {
			return err
		}
		p.Connection, p.Provider, p.Mode = c.ID, c.Provider, c.Mode
	}
	d, err := s.Accounts.Provider(p.Provider)
	if err != nil {
		return err
	}
	app, known := s.Accounts.Apps[d.Name]
	if d.Grant == nil || !known {
		return &posta.Error{Code: posta.CodeNotFound}
	}
	kept, err := json.Marshal(p)
	if err != nil {
		return err
	}
	s.sessions.Put(v.ctx(), sessionGrant, string(kept))
	sum := sha256.Sum256([]byte(p.Verifier))
	return v.redirect(d.Grant.Address(app, v.Merchant.Country, p.State, base64.RawURLEncoding.EncodeToString(sum[:])))
}

// takeGrant is where the provider sends the merchant back.
func (s *server) takeGrant(v *visit) error {
	var p pendingGrant
	kept := s.sessions.PopString(v.ctx(), sessionGrant)
	if kept != "" {
		if err := json.Unmarshal([]byte(kept), &p); err != nil {
			return err
		}
	}
	query := v.r.URL.Query()
	age := s.Clock.Now().Sub(p.At)
	if kept == "" || age > grantLife || age < 0 || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(p.State)) != 1 {
		return v.grantFailed(p, "state")
	}
	if query.Get("code") == "" {
		return v.grantFailed(p, "denied")
	}
	d, err := s.Accounts.Provider(p.Provider)
	if err != nil {
		return err
	}
	app, known := s.Accounts.Apps[d.Name]
	if d.Grant == nil || !known {
		return &posta.Error{Code: posta.CodeNotFound}
	}
	in := account.ConnectionInput{ID: p.Connection, MerchantID: v.Merchant.ID, Mode: p.Mode, Provider: p.Provider, Name: d.Title}
	if p.Connection != "" {
		c, err := s.Accounts.Store.MerchantConnection(v.ctx(), v.Merchant.ID, p.Connection)
		if err != nil {
			return err
		}
		in.Name, in.RefundLate = c.Name, c.RefundLate
	} else {
		in.ID = posta.NewID[posta.ConnectionID](s.Clock.Now())
	}
	ctx := outbound.WithTag(v.ctx(), outbound.Tag{ConnectionID: in.ID, Operation: "grant"})
	g, err := d.Grant.Exchange(ctx, s.Accounts.Client(in.ID), s.Clock, app, query.Get("code"), p.Verifier)
	switch posta.ErrorCode(err) {
	case "":
	case posta.CodeUnauthorized:
		return v.grantFailed(p, "code")
	case posta.CodeProviderRejected:
		s.Log.ErrorContext(v.ctx(), "the provider does not take Posta's application", "provider", p.Provider, "error", err)
		return v.grantFailed(p, "application")
	default:
		s.Log.WarnContext(v.ctx(), "grant not exchanged", "provider", p.Provider, "error", err)
		return v.grantFailed(p, "unavailable")
	}
	c, who, err := s.Accounts.TakeGrant(v.ctx(), in, g)
	if err != nil {
		return v.grantRefused(p, err, who, in)
	}
	s.connected(v, c, who)
	return v.redirect("/connections/" + string(c.ID) + "/webhook")
}

// grantBack is the page that a grant that came to nothing leads back to.
func grantBack(p pendingGrant) string {
	switch {
	case p.Connection != "":
		return "/connections/" + string(p.Connection)
	case p.Provider != "":
		return "/connections/new?provider=" + p.Provider
	}
	return "/connections"
}

func (v *visit) grantFailed(p pendingGrant, why string) error {
	v.flash("error", v.T("connect.grant."+why), v.T("connect.grant."+why+".text"))
	return v.redirect(grantBack(p))
}

// grantRefused says why an account that was granted does not fit; nothing is stored.
func (v *visit) grantRefused(p pendingGrant, err error, who provider.Account, in account.ConnectionInput) error {
	wrong, of := v.refusedKeys(err, who, in)
	for _, words := range wrong {
		v.flash("error", v.T("connect.grant.refused"), words)
		return v.redirect(grantBack(p))
	}
	v.flash("error", v.T("error."+string(of.Code)+".title"), v.T("error."+string(of.Code)+".help")+" "+of.Support)
	return v.redirect(grantBack(p))
}
