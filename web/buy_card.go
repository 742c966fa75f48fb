package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"posta"
	"posta/checkout"
	"posta/page"
	"posta/payment"
	"posta/provider"
)

// cardPart follows a session's address: the page that takes a card, the only one
// that lets a provider's script in.
const cardPart = "/card"

// longestDevice is how long a fingerprint of a browser is believed to be one.
const longestDevice = 512

// buyCardRoutes registers the card's page and the bank's question after it.
func (s *server) buyCardRoutes(mux *http.ServeMux) {
	const session = checkout.SessionPath + "{session}"
	mux.Handle("GET "+session+cardPart, s.buyer(s.buyCardPage))
	mux.Handle("POST "+session+cardPart, s.buyer(s.buyCardPay))
	mux.Handle("GET "+session+cardPart+"/installments", s.buyer(s.buyInstallments))
	mux.Handle("GET "+session+challengePart, s.buyer(s.buyChallenge))
}

// cardForm is the form that takes a card with the provider's own secure fields:
// html/_card.html and assets/card.js. The card, its holder's name and document
// go from the browser to the provider; what is posted to Action is token,
// method, issuer, installments and device.
type cardForm struct {
	Action  string
	Script  string                     // the provider's
	Holder  string                     // as far as it is known
	Types   []posta.IdentificationType // documents that the holder is asked for, nil for none
	Known   provider.Identification
	Hidden  map[string]string // posted along
	Button  string            // its words
	Setting cardSetting       // for the script
}

// cardSetting is what assets/card.js is told.
type cardSetting struct {
	Key          string            `json:"key"`                    // the account's public key
	Locale       string            `json:"locale"`                 // "es-AR"
	Methods      []string          `json:"methods"`                // the cards that are taken
	Installments string            `json:"installments,omitempty"` // address that lists them by ?bin=; "" where it is paid at once
	Words        map[string]string `json:"words"`
}

// cardWords are the keys of the script's words, below buy_card.
var cardWords = []string{"number", "expiry", "code", "holder", "document", "card_number", "refused", "failed", "once", "choose"}

// cardForm makes the form for an account of a country, and sets the page's
// policy to let its script in. methods are the cards that it takes.
func (v *visit) cardForm(country string, tokens provider.BrowserTokens, methods []string, buyer provider.Buyer) cardForm {
	page.CardPolicy(v.w.Header(), append(slices.Clone(tokens.Origins), tokens.Script))
	f := cardForm{Script: tokens.Script, Known: buyer.Identification, Holder: strings.TrimSpace(buyer.FirstName + " " + buyer.LastName),
		Setting: cardSetting{Key: tokens.PublicKey, Locale: v.words.Lang(), Methods: methods, Words: map[string]string{}}}
	if c, err := posta.FindCountry(country); err == nil {
		if strings.HasPrefix(c.Locale, v.words.Lang()) {
			f.Setting.Locale = c.Locale
		}
		if c.AsksIdentification {
			f.Types = posta.IdentificationTypes(country)
		}
	}
	for _, key := range cardWords {
		f.Setting.Words[key] = v.T("buy_card.js." + key)
	}
	return f
}

// buyCardData is what the card's page shows.
type buyCardData struct {
	*purchase
	Card     *cardForm // nil where no card can be taken: Why says the reason
	Why      string    // key of its words
	Redirect bool      // the provider's own page is offered
	Declined string    // key of the words on the card before this one, "" for none
	Notice   string    // what was wrong with what was sent
	Problem  problem
}

func (s *server) buyCardPage(p *purchase) error { return p.showCard(http.StatusOK, buyCardData{}) }

// showCard shows the form, unless the buyer has something else to do first.
func (p *purchase) showCard(status int, data buyCardData) error {
	if p.closed() || p.stage() != atForm || p.Session.Amount.Amount <= 0 || p.missing() != nil {
		return p.redirect(p.URL())
	}
	data.purchase = p
	if p.cardDeclined() {
		data.Declined = p.reason()
	}
	offer, err := p.s.Checkout.Methods(p.ctx(), p.Session)
	if err != nil {
		return err
	}
	tokens, err := p.s.Checkout.Tokens(p.ctx(), p.Session)
	if err != nil {
		return err
	}
	var methods []string
	for _, m := range offer.Methods {
		if m.Card {
			methods = append(methods, m.ID)
		}
	}
	data.Redirect = offer.Redirect
	switch {
	case tokens.PublicKey == "":
		data.Why = "buy_card.no_key"
	case len(methods) == 0:
		data.Why = "buy_card.no_cards"
	default:
		f := p.cardForm(p.Session.Country, tokens, methods, p.Session.Buyer)
		f.Action, f.Button = p.URL()+cardPart, p.T("buy_card.pay", "amount", p.Price(p.Session.Amount.Amount))
		f.Setting.Installments = f.Action + "/installments"
		f.Hidden = map[string]string{"tries": strconv.Itoa(p.Session.Tries), "amount": strconv.FormatInt(p.Session.Amount.Amount, 10)}
		data.Card = &f
	}
	return p.renderAs(status, "buy-card", data)
}

// cardDeclined reports whether the last payment was by a card on our page, and
// ended without money.
func (p *purchase) cardDeclined() bool {
	last := p.Payment
	if last == nil || last.Online == nil || last.State != payment.Rejected && last.State != payment.Failed {
		return false
	}
	m, err := posta.FindMethod(p.Session.Country, last.Online.Method)
	return err == nil && m.Type.Card()
}

// buyCardPay charges a card by the token that its browser got for it.
func (s *server) buyCardPay(p *purchase) error {
	if err := p.refuseCardNumbers(p.Session.Country); err != nil {
		return p.showCard(http.StatusUnprocessableEntity, buyCardData{Problem: p.problem(err)})
	}
	in := checkout.PayInput{Session: p.Session.ID, Tries: wholeNumber(p.value("tries")), Amount: int64(wholeNumber(p.value("amount"))),
		Flow: provider.FlowDirect, Method: p.value("method"), Token: p.value("token"), Installments: wholeNumber(p.value("installments")),
		Issuer: p.value("issuer"), Buyer: provider.Buyer{IP: remoteAddress(p.r)}}
	if device := p.value("device"); len(device) <= longestDevice {
		in.Buyer.Device = device
	}
	_, err := s.Checkout.Pay(p.ctx(), in)
	if lookErr := p.again(); lookErr != nil {
		return lookErr
	}
	switch code := posta.ErrorCode(err); code {
	case "":
		if p.cardDeclined() {
			return p.redirect(p.URL() + cardPart)
		}
		return p.redirect(p.URL())
	case posta.CodeAlreadyPaid, posta.CodeUnderWay, posta.CodeSessionExpired, posta.CodeState:
		return p.redirect(p.URL())
	case posta.CodeLinkDisabled, posta.CodeLinkExpired:
		return p.payRefused(payData{}, err)
	case posta.CodeInvalid:
		notice := p.T("buy_card.again")
		if wrong := p.fieldErrors(err); wrong["amount"] != "" {
			notice = p.T("buy_card.amount_changed", "amount", p.Price(p.Session.Amount.Amount))
		}
		return p.showCard(http.StatusUnprocessableEntity, buyCardData{Notice: notice})
	default:
		return p.showCard(status(code), buyCardData{Problem: p.problem(err)})
	}
}

// buyInstallments tells the card's page how the amount can be split on a card
// of ?bin=.
func (s *server) buyInstallments(p *purchase) error {
	type option struct {
		Installments int    `json:"installments"`
		Words        string `json:"words"`
	}
	options, err := s.Checkout.Installments(p.ctx(), p.Session, p.r.URL.Query().Get("bin"))
	if err != nil {
		told := p.problem(err)
		p.w.WriteHeader(status(told.Code))
		return nil
	}
	out := []option{}
	for _, o := range options {
		words := p.T("buy_card.installments.one", "amount", p.Price(o.Total.Amount))
		if o.Installments > 1 {
			words = p.T("buy_card.installments.many", "count", o.Installments, "each", p.Price(o.Each.Amount), "total", p.Price(o.Total.Amount))
		}
		if o.Installments > 1 && o.Total == p.Session.Amount {
			words += " " + p.T("buy_card.installments.free") // what the buyer pays is the price
		}
		out = append(out, option{o.Installments, words})
	}
	h := p.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	return json.NewEncoder(p.w).Encode(map[string]any{"options": out})
}
