package web

import (
	"slices"
	"strings"

	"posta"
	"posta/provider"
)

// buyerForm is what a buyer is asked about themselves: the template
// "buyer-fields" of _buy.html. A page that takes a buyer's data embeds it and
// reads it back with readBuyer.
type buyerForm struct {
	Country string // ISO 3166-1 alpha-2, of the account
	Buyer   provider.Buyer
	Types   []posta.IdentificationType
	Asks    bool              // an identification is required
	Phone   bool              // asked for, whatever the method
	Address bool              // likewise
	Wrong   map[string]string // words by field
}

func newBuyerForm(country string, b provider.Buyer) buyerForm {
	c, err := posta.FindCountry(country)
	return buyerForm{Country: country, Buyer: b, Types: posta.IdentificationTypes(country), Asks: err == nil && c.AsksIdentification}
}

// States are the two letters of Brazil's, nil elsewhere: there a state is free text.
func (f buyerForm) States() []string {
	if f.Country != "BR" {
		return nil
	}
	return strings.Fields("AC AL AP AM BA CE DF ES GO MA MT MS MG PA PB PR PE PI RJ RN RS RO RR SC SP SE TO")
}

// readBuyer reads a buyerForm. The error is card_number_refused with the field:
// card numbers never enter (reliability.md 39).
func (v *visit) readBuyer(country string) (provider.Buyer, error) {
	if err := v.refuseCardNumbers(country); err != nil {
		return provider.Buyer{}, err
	}
	b := provider.Buyer{Email: v.value("email"), FirstName: v.value("first_name"), LastName: v.value("last_name"),
		Identification: provider.Identification{Type: v.value("identification_type"), Number: v.value("identification")},
		Entity:         provider.Entity(v.value("entity")), IP: remoteAddress(v.r),
		Phone: provider.Phone{Area: v.value("area"), Number: v.value("phone")},
		Address: provider.Address{ZipCode: v.value("zip"), Street: v.value("street"), Number: v.value("street_number"), Neighborhood: v.value("neighborhood"),
			City: v.value("city"), State: v.value("state")}}
	if b.Identification.Number == "" {
		b.Identification = provider.Identification{}
	}
	return b, nil
}

// refuseCardNumbers refuses a form one of whose fields seems to hold a card
// number. A company's number may look like one: one that is right is taken.
func (v *visit) refuseCardNumbers(country string) error {
	if err := v.r.ParseForm(); err != nil {
		return posta.Invalid("form", "malformed")
	}
	for name, values := range v.r.Form {
		if name == "identification" {
			if _, wrong := posta.CheckIdentification(country, v.value("identification_type"), v.value(name)); wrong == "" && hasRule(country, v.value("identification_type")) {
				continue
			}
		}
		if slices.ContainsFunc(values, posta.HoldsCardNumber) || posta.HoldsCardNumber(name) {
			return &posta.Error{Code: posta.CodeCardNumber, Fields: []posta.FieldError{{Field: name, Code: "card_number"}}}
		}
	}
	return nil
}

// hasRule reports whether the numbers of a type have check digits.
func hasRule(country, id string) bool {
	return slices.ContainsFunc(posta.IdentificationTypes(country), func(t posta.IdentificationType) bool { return t.ID == id && t.Rule != nil })
}

// buyerWrong gives the words for what is wrong with a buyer's form, by field. An
// identification's words name the document.
func (v *visit) buyerWrong(err error) map[string]string {
	wrong := map[string]string{}
	for field, words := range v.fieldErrors(err) {
		name := strings.TrimPrefix(strings.TrimPrefix(field, "buyer."), "shipment.")
		name = strings.TrimPrefix(name, "address.")
		if wrong[name] == "" {
			wrong[name] = words
		}
	}
	return wrong
}
