package web

import (
	"slices"
	"strings"
	"time"

	"posta"
	"posta/checkout"
	"posta/provider"
)

// What a buyer chooses besides the id of a method.
const (
	payByCard     = "card"     // on the route of the provider's card fields
	payByRedirect = "redirect" // on the provider's page
)

// tile is a way to pay as the buyer chooses it.
type tile struct {
	Value string
	Icon  string // a drawing of "buy-icon"
	Name  string
	Text  string
	Off   string // why it cannot be chosen, "" if it can
	Needs string // what it asks besides, for the style sheet: "address phone bank entity"
	Banks []provider.Choice
}

// tiles are the ways to pay that a session offers, the ones that its amount does
// not allow last, with the reason. The error is of the provider; what is known
// without it comes all the same.
func (p *purchase) tiles() ([]tile, error) {
	offer, err := p.s.Checkout.Methods(p.ctx(), p.Session)
	var out, off []tile
	var brands []string
	for _, m := range offer.Methods {
		if m.Card {
			if name := cardBrand(m.Name); !slices.Contains(brands, name) {
				brands = append(brands, name)
			}
			continue
		}
		out = append(out, p.tile(m, ""))
	}
	if len(brands) > 0 {
		out = append([]tile{{Value: payByCard, Icon: "card", Name: p.T("buy.card"), Text: strings.Join(brands, ", ")}}, out...)
	}
	for _, m := range offer.Refused {
		if m.Card {
			continue // a card's limits differ from brand to brand
		}
		off = append(off, p.tile(m, p.limit(m)))
	}
	if offer.Redirect {
		key := "buy.redirect.text"
		if len(brands) == 0 {
			key = "buy.redirect.cards"
		}
		out = append(out, tile{Value: payByRedirect, Icon: "away", Name: p.T("buy.redirect"), Text: p.T(key)})
	}
	return append(out, off...), err
}

// cardBrand leaves out what kind of card of a brand it is: one field takes all.
func cardBrand(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, " Débito"), " Debito")
}

// limit says why an amount is not one for a method.
func (p *purchase) limit(m checkout.Method) string {
	if m.Min > p.Session.Amount.Amount {
		return p.T("buy.from", "amount", p.Price(m.Min))
	}
	return p.T("buy.up_to", "amount", p.Price(m.Max))
}

func (p *purchase) tile(m checkout.Method, off string) tile {
	out := tile{Value: m.ID, Name: m.Name, Icon: methodIcon(m), Banks: m.Banks, Off: off}
	known, err := posta.FindMethod(p.Session.Country, m.ID)
	if err == nil {
		out.Name = known.Name
	}
	out.Text = p.T("buy.how." + out.Icon)
	if takes := p.accreditation(known); takes != "" && err == nil {
		out.Text += " " + takes
	}
	var needs []string
	for _, field := range m.Needs {
		switch field {
		case posta.BuyerAddress, posta.BuyerPhone, posta.BuyerBank, posta.BuyerEntityType:
			needs = append(needs, strings.TrimSuffix(string(field), "_type"))
		}
	}
	out.Needs = strings.Join(needs, " ")
	return out
}

// accreditation says how long a method takes, where that is published.
func (p *purchase) accreditation(m posta.Method) string {
	const day = 24 * time.Hour
	switch {
	case m.Accreditation < 0 || m.Source == "":
		return ""
	case m.Accreditation < time.Hour:
		return p.T("buy.takes.now")
	case m.Accreditation < day:
		return p.T("buy.takes.hour")
	}
	return p.T("buy.takes", "count", int(m.Accreditation/day))
}

// methodIcon is the drawing of a method: of its kind, not of its brand.
func methodIcon(m checkout.Method) string {
	switch {
	case m.Next == posta.NextQR:
		return "qr"
	case m.Next == posta.NextBarcode:
		return "barcode"
	case m.Type == string(posta.Ticket):
		return "cash"
	case m.Type == string(posta.ATM):
		return "atm"
	}
	return "bank"
}

// missing names what a session still has to know of its buyer before the page
// of cards, nil for nothing. Paying checks all of it again.
func (p *purchase) missing() error {
	var wrong posta.Problems
	b := p.Session.Buyer
	country, err := posta.FindCountry(p.Session.Country)
	wrong.Add(b.Email == "", "buyer.email", "required")
	wrong.Add(b.FirstName == "", "buyer.first_name", "required")
	wrong.Add(b.LastName == "", "buyer.last_name", "required")
	wrong.Add(err == nil && country.AsksIdentification && b.Identification.Number == "", "buyer.identification", "required")
	wrong.Add(p.Session.Terms.CollectPhone && b.Phone.Number == "", "buyer.phone", "required")
	if p.Session.Terms.CollectAddress && (p.Session.Shipment == nil || !p.Session.Shipment.Pickup) {
		to := provider.Address{}
		if p.Session.Shipment != nil {
			to = p.Session.Shipment.Receiver
		}
		for field, text := range map[string]string{"zip_code": to.ZipCode, "street": to.Street, "number": to.Number, "city": to.City, "state": to.State} {
			wrong.Add(text == "", "shipment."+field, "required")
		}
	}
	return wrong.Err()
}
