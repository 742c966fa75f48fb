package web

import (
	"slices"
	"strings"

	"posta"
	"posta/account"
	"posta/checkout"
	"posta/payment"
	"posta/provider"
)

// sellerAccount is an account that sells online.
type sellerAccount struct {
	ID       posta.ConnectionID
	Name     string
	Country  string // ISO 3166-1 alpha-2
	Currency posta.Currency
}

// sellers are the merchant's accounts that sell online. One whose credentials
// cannot be opened is left out.
func (v *visit) sellers() ([]sellerAccount, error) {
	all, err := v.connections()
	if err != nil {
		return nil, err
	}
	var out []sellerAccount
	for _, c := range all {
		if can, _ := v.can(c.ID, provider.RailOnline); can.Offered {
			out = append(out, v.seller(c))
		}
	}
	return out, nil
}

// seller is a connection as one that sells: its country gives the currency.
func (v *visit) seller(c account.Connection) sellerAccount {
	out := sellerAccount{ID: c.ID, Name: c.Name, Country: c.Country}
	if out.Country == "" {
		out.Country = v.Merchant.Country
	}
	if country, err := posta.FindCountry(out.Country); err == nil {
		out.Currency = country.Currency
	}
	return out
}

// sellerOf finds the account that something is sold by, also one that is no
// longer offered.
func (v *visit) sellerOf(id posta.ConnectionID) (sellerAccount, error) {
	c, err := v.s.Accounts.Store.MerchantConnection(v.ctx(), v.Merchant.ID, id)
	return v.seller(c), err
}

// chosenSeller is the account that the address or a form names, otherwise the one
// that something was sold by last, otherwise the first.
func (v *visit) chosenSeller(accounts []sellerAccount) sellerAccount {
	name := v.r.FormValue("connection_id")
	if name == "" {
		products, err := v.s.Checkout.Products(v.ctx(), checkout.ProductFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, Page: posta.Page{Limit: 1}})
		if err == nil && len(products) > 0 { // without it the first will do
			name = string(products[0].ConnectionID)
		}
		links, err := v.s.Checkout.Links(v.ctx(), checkout.LinkFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, Page: posta.Page{Limit: 1}})
		if err == nil && len(links) > 0 {
			name = string(links[0].ConnectionID)
		}
	}
	at := slices.IndexFunc(accounts, func(a sellerAccount) bool { return string(a.ID) == name })
	if at < 0 && len(accounts) > 0 {
		at = 0
	}
	if at < 0 {
		return sellerAccount{}
	}
	return accounts[at]
}

// price writes an amount as the account's country does: without decimals where
// its provider takes none.
func (a sellerAccount) price(v *visit, minor int64) string {
	words := v.money(minor, a.Currency)
	if country, err := posta.FindCountry(a.Country); err == nil && country.WireDecimals == 0 && a.Currency.Decimals() > 0 {
		words = strings.TrimSuffix(words, ",00")
	}
	return words
}

// maskedEmail hides most of an address: "a•••@correo.com".
func maskedEmail(email string) string {
	name, host, ok := strings.Cut(email, "@")
	if !ok || name == "" {
		return ""
	}
	return string([]rune(name)[:1]) + "•••@" + host
}

// onlineMeans says by what an online payment is to be paid, before anybody tried.
func (v *visit) onlineMeans(p payment.Payment) string {
	switch {
	case p.Online == nil:
		return ""
	case p.Online.Method != "":
		return brand(p.Online.Method)
	}
	return v.T("sell.at_provider")
}

// onlineStory is what the story of an online payment has besides.
type onlineStory struct {
	Session *checkout.Session // that it pays, nil where there is none
	Link    *checkout.Link
	What    string // name of the link
	Method  string
	Bank    bool // goes on at the buyer's bank
	Asked   provider.Online
	Next    provider.Next
	Page    string // the buyer's page, "" where there is none
	Reserve bool   // its money is reserved, to be taken
	Window  int    // days in which money can be given back, 0 if not known
}

// onlineStory finds what an online payment belongs to; nil for one of a till.
func (v *visit) onlineStory(p payment.Payment) (*onlineStory, error) {
	if p.Online == nil {
		return nil, nil
	}
	out := &onlineStory{Asked: *p.Online, Method: v.onlineMeans(p), Reserve: p.Capturable()}
	if p.State.Open() {
		out.Next = p.Next
	}
	if m, err := posta.FindMethod(v.countryOf(p.ConnectionID), p.Online.Method); err == nil {
		out.Bank = m.Next == posta.NextRedirect
	}
	can, _ := v.can(p.ConnectionID, provider.RailOnline)
	out.Window = int(can.RefundWindow.Hours() / 24)
	id, err := posta.ParseID[posta.SessionID](p.Owner)
	if err != nil || v.s.Checkout == nil {
		return out, nil
	}
	session, err := v.s.Checkout.Session(v.ctx(), v.Merchant.ID, v.Mode, id)
	switch {
	case posta.ErrorCode(err) == posta.CodeNotFound:
		return out, nil
	case err != nil:
		return nil, err
	}
	out.Session, out.Page = &session, v.s.Checkout.SessionURL(session)
	if session.LinkID == "" {
		return out, nil
	}
	link, err := v.s.Checkout.Link(v.ctx(), v.Merchant.ID, v.Mode, session.LinkID)
	if err != nil {
		return nil, err
	}
	out.Link, out.What = &link, session.Title
	return out, nil
}

func (v *visit) countryOf(id posta.ConnectionID) string {
	seller, err := v.sellerOf(id)
	if err != nil {
		return v.Merchant.Country
	}
	return seller.Country
}
