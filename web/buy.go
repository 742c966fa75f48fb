package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"posta"
	"posta/account"
	"posta/checkout"
	"posta/payment"
	"posta/text"
)

// buyRoutes registers what buyers see: a payment link leads to a checkout
// session of one's own, whose page lives at an address that nobody can guess.
func (s *server) buyRoutes(mux *http.ServeMux) {
	const session = checkout.SessionPath + "{session}"
	mux.Handle("GET "+checkout.LinkPath+"{link}", s.anyone(s.openPaymentLink))
	mux.Handle("GET "+session, s.buyer(s.buyPage))
	mux.Handle("POST "+session, s.buyer(s.buyPay))
	mux.Handle("POST "+session+"/amount", s.buyer(s.buyAmount))
	mux.Handle("POST "+session+"/quantity", s.buyer(s.buyQuantity))
	mux.Handle("POST "+session+"/other", s.buyer(s.buyOther))
	mux.Handle("GET "+session+checkout.ReturnPart, s.buyer(s.buyReturn))
	mux.Handle("GET "+session+"/events", s.buyer(s.buyEvents))
}

// purchase is a buyer's request at a checkout session.
type purchase struct {
	*visit
	Session checkout.Session
	Payment *payment.Payment // the one that was begun last, nil before
}

// URL is the address of the session's page.
func (p *purchase) URL() string { return checkout.SessionPath + p.Session.Token }

// Price writes an amount of the session as its country does: without decimals
// where the provider takes none.
func (p *purchase) Price(minor int64) string {
	words := p.money(minor, p.Session.Amount.Currency)
	if country, err := posta.FindCountry(p.Session.Country); err == nil && country.WireDecimals == 0 && p.Session.Amount.Currency.Decimals() > 0 {
		words = strings.TrimSuffix(words, ",00")
	}
	return words
}

// buyer serves h to whoever holds the address of a checkout session. Nobody is
// logged in there, whoever the browser belongs to.
func (s *server) buyer(h func(*purchase) error) http.Handler {
	return s.anyone(func(v *visit) error {
		session, err := s.Checkout.SessionAt(v.ctx(), v.r.PathValue("session"))
		if posta.ErrorCode(err) == posta.CodeNotFound {
			return v.buyUnknown()
		}
		if err != nil {
			return err
		}
		p, err := v.purchase(session)
		if err != nil {
			return err
		}
		return h(p)
	})
}

// purchase makes it a buyer's visit at a session.
func (v *visit) purchase(session checkout.Session) (*purchase, error) {
	if err := v.buying(session.MerchantID, session.Mode, session.Country); err != nil {
		return nil, err
	}
	p := &purchase{visit: v, Session: session}
	return p, p.look()
}

// look reads the payment that the session began last.
func (p *purchase) look() error {
	p.Payment = nil
	if p.Session.PaymentID == "" {
		return nil
	}
	last, err := p.s.Payments.Get(p.ctx(), p.Session.MerchantID, p.Session.Mode, p.Session.PaymentID)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return nil // whoever began it has not stored it yet
	}
	p.Payment = &last
	return err
}

// again reads the session anew, after something was done to it.
func (p *purchase) again() error {
	session, err := p.s.Checkout.SessionAt(p.ctx(), p.Session.Token)
	if err != nil {
		return err
	}
	p.Session = session
	return p.look()
}

// buying makes it a visit of somebody who buys from a merchant: the account's
// country gives the language until the buyer chooses another.
func (v *visit) buying(m posta.MerchantID, mode posta.Mode, country string) error {
	merchant, err := v.s.Accounts.Store.Merchant(v.ctx(), m)
	if err != nil {
		return err
	}
	v.User = account.User{} // whoever is logged in here does not count
	v.at(merchant)
	v.Mode = mode
	if cookie, err := v.r.Cookie(text.Cookie); err != nil || !slices.Contains(text.Languages, cookie.Value) {
		if c, err := posta.FindCountry(country); err == nil {
			v.words = v.s.Catalog.Localizer(c.Locale)
		}
	}
	v.w.Header().Set("X-Robots-Tag", "noindex")
	return nil
}

// linkCookie remembers the session that a browser began by a link.
const linkCookie = "buy"

// openPaymentLink leads a buyer to a session of a link: the one that the browser
// has, or a new one.
func (s *server) openPaymentLink(v *visit) error {
	token := v.r.PathValue("link")
	have := ""
	if cookie, err := v.r.Cookie(linkCookie); err == nil {
		have = cookie.Value
	}
	session, err := s.Checkout.Visit(v.ctx(), token, have)
	switch code := posta.ErrorCode(err); code {
	case "":
	case posta.CodeNotFound:
		return v.buyUnknown()
	case posta.CodeLinkDisabled, posta.CodeLinkExpired, posta.CodeSoldOut:
		l, lookErr := s.Checkout.Store.PaymentLinkByToken(v.ctx(), token)
		if lookErr != nil {
			return lookErr
		}
		country := ""
		if channel, accountErr := s.Checkout.Store.Account(v.ctx(), l.MerchantID, l.Mode, l.ConnectionID); accountErr == nil {
			country = channel.Country
		}
		if err := v.buying(l.MerchantID, l.Mode, country); err != nil {
			return err
		}
		return v.buyClosed(code, l.Title)
	default:
		return err
	}
	http.SetCookie(v.w, &http.Cookie{Name: linkCookie, Value: session.Token, Path: checkout.LinkPath + url.PathEscape(token), MaxAge: 24 * 3600,
		HttpOnly: true, Secure: strings.HasPrefix(s.PublicURL(), "https:"), SameSite: http.SameSiteLaxMode})
	v.w.Header().Set("Cache-Control", "no-store")
	return v.redirect(checkout.SessionPath + session.Token)
}

// closedData is what a page says that cannot sell.
type closedData struct {
	Code  posta.Code
	Title string // of what was sold, "" if not known
	Back  string // the shop's page, "" if it named none
}

// buyClosed answers that nothing can be bought here, why, and how to go on.
func (v *visit) buyClosed(code posta.Code, title string) error {
	return v.renderAs(closedStatus(code), "buy-closed", closedData{Code: code, Title: title})
}

// buyUnknown answers that there is nothing at an address: whose it could be, and
// of which mode, is not known.
func (v *visit) buyUnknown() error {
	v.Mode = posta.Live
	return v.buyClosed(posta.CodeNotFound, "")
}

func closedStatus(code posta.Code) int {
	if code == posta.CodeNotFound {
		return http.StatusNotFound
	}
	return http.StatusGone
}
