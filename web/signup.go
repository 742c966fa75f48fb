package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/checkout"
	"posta/provider"
	"posta/subscription"
)

// Addresses of what buyers see, as subscription.Service writes them.
const (
	signUpPath = "/subscribe/"
	buyerPath  = "/subscription/"
)

// signUpRoutes registers the public page of a plan, and the buyer's own page of a
// subscription. Card fields live on a route of their own.
func (s *server) signUpRoutes(mux *http.ServeMux) {
	const mine = buyerPath + "{token}"
	mux.Handle("GET "+signUpPath+"{token}", s.offered(func(o *planOffer) error { return o.show(http.StatusOK, signUpData{}) }))
	mux.Handle("POST "+signUpPath+"{token}", s.offered((*planOffer).signUp))
	mux.Handle("GET "+mine, s.subscribed((*subscriber).page))
	mux.Handle("GET "+mine+"/events", s.subscribed((*subscriber).events))
	mux.Handle("GET "+mine+cardPart, s.subscribed(func(b *subscriber) error { return b.showCard(http.StatusOK, subscriberCard{}) }))
	mux.Handle("POST "+mine+cardPart, s.subscribed((*subscriber).takeCard))
	mux.Handle("GET "+mine+"/cancel", s.subscribed((*subscriber).askCancel))
	mux.Handle("POST "+mine+"/cancel", s.subscribed((*subscriber).cancel))
	mux.Handle("POST "+mine+"/again", s.subscribed((*subscriber).again))
}

// planOffer is a buyer's request at the public page of a plan.
type planOffer struct {
	*visit
	Plan    subscription.Plan
	Country string // of the account
}

// offered serves h to whoever holds the address of a plan that is open.
func (s *server) offered(h func(*planOffer) error) http.Handler {
	return s.anyone(func(v *visit) error {
		p, err := s.Subscriptions.PlanByToken(v.ctx(), v.r.PathValue("token"))
		if posta.ErrorCode(err) == posta.CodeNotFound {
			return v.renderAs(http.StatusNotFound, "signup-closed", nil)
		}
		if err != nil {
			return err
		}
		channel, err := s.Subscriptions.Store.Account(v.ctx(), p.MerchantID, p.Mode, p.ConnectionID)
		if err != nil {
			return err
		}
		if err := v.buying(p.MerchantID, p.Mode, channel.Country); err != nil {
			return err
		}
		return h(&planOffer{v, p, channel.Country})
	})
}

// signUpData is what the public page of a plan shows.
type signUpData struct {
	*planOffer
	Form    buyerForm
	Nonce   string
	Price   string // of a period: "$ 1.500,00 cada mes"
	Every   string // "cada mes"
	Trial   string // "" for none
	FirstAt time.Time
	First   string // what the first charge costs
	Part    bool   // the first charge is a part of a period
	Later   bool   // the first charge is not today
	Total   string // after how many charges it ends; "" for never
	Tiles   []tile
	Chosen  string
	Wrong   map[string]string
	Problem problem
}

// ByProvider reports whether the buyer gives a card.
func (d signUpData) ByProvider() bool { return d.Plan.Engine == subscription.EngineProvider }

// URL is the address of the page.
func (o *planOffer) URL() string { return signUpPath + o.Plan.Token }

// show says what the plan costs, when it is charged and how it ends, and asks who
// signs up.
func (o *planOffer) show(status int, data signUpData) error {
	p := o.Plan
	data.planOffer = o
	if data.Form.Country == "" {
		data.Form = newBuyerForm(o.Country, provider.Buyer{})
	}
	if data.Form.Wrong == nil {
		data.Form.Wrong = data.Wrong
	}
	if data.Nonce == "" {
		data.Nonce = o.s.newNonce()
	}
	data.Price, data.Every = o.price(p.Amount, p.Period), o.every(p.Period)
	if p.Trial.Every > 0 {
		data.Trial = o.long(p.Trial)
	}
	at, first := p.First(o.s.Clock.Now(), o.Country)
	data.FirstAt, data.First, data.Part = at, o.money(first.Amount, first.Currency), first != p.Amount
	data.Later = at.Sub(o.s.Clock.Now()) > time.Hour
	if p.Repetitions > 0 {
		data.Total = o.T("signup.total", "count", p.Repetitions)
	}
	for _, id := range p.Methods {
		data.Tiles = append(data.Tiles, o.voucherTile(id))
	}
	if len(p.Methods) == 1 {
		data.Chosen = p.Methods[0]
	}
	return o.renderAs(status, "signup", data)
}

// voucherTile is a voucher as the buyer chooses it.
func (o *planOffer) voucherTile(id string) tile {
	m, err := posta.FindMethod(o.Country, id)
	if err != nil {
		return tile{Value: id, Icon: "bank", Name: brand(id)}
	}
	out := tile{Value: id, Name: m.Name, Icon: methodIcon(checkout.Method{Method: provider.Method{ID: m.ID, Type: string(m.Type)}, Next: m.Next})}
	out.Text = o.T("signup.how." + out.Icon)
	var needs []string
	for _, field := range m.Needs {
		if field == posta.BuyerAddress || field == posta.BuyerPhone || field == posta.BuyerEntityType {
			needs = append(needs, strings.TrimSuffix(string(field), "_type"))
		}
	}
	out.Needs = strings.Join(needs, " ")
	return out
}

// signUp makes the subscription and leads to the buyer's own page: with the hub's
// engine to what is to be paid, with the provider's to where a card is given.
func (o *planOffer) signUp() error {
	who, err := o.readBuyer(o.Country)
	if err != nil { // nothing of such a form is shown again
		return o.show(http.StatusUnprocessableEntity, signUpData{Problem: o.problem(err)})
	}
	data := signUpData{Form: newBuyerForm(o.Country, who), Nonce: o.value("nonce"), Chosen: o.value("method")}
	id, err := idFromNonce[posta.SubscriptionID](o.visit)
	if err != nil {
		data.Nonce, data.Problem = "", o.problem(err)
		return o.show(http.StatusUnprocessableEntity, data)
	}
	sub, err := o.s.Subscriptions.SignUp(o.ctx(), subscription.SignUp{ID: id, MerchantID: o.Plan.MerchantID, Mode: o.Plan.Mode, PlanID: o.Plan.ID, Buyer: who,
		Language: o.words.Lang(), Method: o.value("method"), By: "buyer"})
	switch code := posta.ErrorCode(err); code {
	case "":
	case posta.CodeInvalid:
		data.Wrong = o.buyerWrong(err)
		return o.show(http.StatusUnprocessableEntity, data)
	case posta.CodeState:
		return o.renderAs(http.StatusGone, "signup-closed", nil)
	default:
		data.Problem = o.problem(err)
		return o.show(status(code), data)
	}
	to := buyerPath + sub.Public
	if sub.Engine == subscription.EngineProvider && sub.State == subscription.Pending && o.cardTokens(sub).PublicKey != "" {
		to += cardPart
	}
	return o.redirect(to)
}

// cardTokens is what a page needs to take a card for a subscription, nothing
// where that cannot be known now.
func (v *visit) cardTokens(sub subscription.Subscription) provider.BrowserTokens {
	if sub.Engine != subscription.EngineProvider {
		return provider.BrowserTokens{}
	}
	connector, err := v.s.Subscriptions.Open(v.ctx(), sub.ConnectionID)
	if err != nil {
		v.s.Log.WarnContext(v.ctx(), "card fields of a subscription", "subscription", sub.ID, "error", err)
		return provider.BrowserTokens{}
	}
	if seller, ok := connector.(provider.OnlineSeller); ok {
		return seller.Tokens()
	}
	return provider.BrowserTokens{}
}

// cardsOf are the cards that subscriptions of a country take.
func cardsOf(country string) (ids []string) {
	for _, m := range posta.MethodsOf(country) {
		if m.Type.Card() && !slices.Contains(ids, m.ID) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}
