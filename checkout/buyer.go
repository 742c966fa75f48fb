package checkout

import (
	"cmp"
	"net/mail"
	"strings"
	"unicode/utf8"

	"posta"
	"posta/provider"
)

// merged is a buyer as told before, with what is told now in its place.
func merged(before, now provider.Buyer) provider.Buyer {
	b := before
	b.Email = cmp.Or(now.Email, b.Email)
	b.FirstName = cmp.Or(now.FirstName, b.FirstName)
	b.LastName = cmp.Or(now.LastName, b.LastName)
	b.Identification = cmp.Or(now.Identification, b.Identification)
	b.Entity = cmp.Or(now.Entity, b.Entity)
	b.Phone = cmp.Or(now.Phone, b.Phone)
	b.Address = cmp.Or(now.Address, b.Address)
	b.IP = cmp.Or(now.IP, b.IP)
	b.Device = cmp.Or(now.Device, b.Device)
	b.History = cmp.Or(now.History, b.History)
	return b
}

// checkBuyer holds what is known of a buyer to the rules of a country, and gives
// it tidied: without blanks around, the identification without dots and dashes.
func checkBuyer(p *posta.Problems, country string, b provider.Buyer) provider.Buyer {
	for _, text := range []*string{&b.Email, &b.FirstName, &b.LastName, &b.Phone.Area, &b.Phone.Number, &b.Address.ZipCode, &b.Address.Street,
		&b.Address.Number, &b.Address.Neighborhood, &b.Address.City, &b.Address.State} {
		*text = strings.TrimSpace(*text)
	}
	address, err := mail.ParseAddress(b.Email)
	p.Add(b.Email != "" && (err != nil || address.Address != b.Email || len(b.Email) > 254 || !strings.Contains(b.Email[strings.LastIndex(b.Email, "@")+1:], ".")),
		"buyer.email", "malformed")
	p.Add(utf8.RuneCountInString(b.FirstName) > 100, "buyer.first_name", "too_long")
	p.Add(utf8.RuneCountInString(b.LastName) > 100, "buyer.last_name", "too_long")
	if b.Identification.Number != "" || b.Identification.Type != "" {
		number, wrong := posta.CheckIdentification(country, b.Identification.Type, b.Identification.Number)
		p.Add(wrong != "", "buyer.identification", wrong)
		if wrong == "" {
			b.Identification.Number = number
			if number == "" {
				b.Identification.Type = ""
			}
		}
	}
	p.Add(b.Entity != "" && b.Entity != provider.EntityPerson && b.Entity != provider.EntityCompany, "buyer.entity", "unknown")
	p.Add(!telephone(b.Phone.Area, 5) || !telephone(b.Phone.Number, 15), "buyer.phone", "malformed")
	for _, text := range []string{b.Address.ZipCode, b.Address.Street, b.Address.Number, b.Address.Floor, b.Address.Apartment,
		b.Address.Neighborhood, b.Address.City, b.Address.State} {
		p.Add(utf8.RuneCountInString(text) > 150, "buyer.address", "too_long")
	}
	return b
}

// telephone reports whether text is a part of a telephone number of at most so
// many digits.
func telephone(text string, most int) bool {
	digits := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" +-()", r):
			return false
		}
	}
	return digits <= most
}

// needs asks a buyer for what a session and its method have to know:
// docs/providers/mercadopago-online.md §2.3.
func (v Session) needs(p *posta.Problems, needed []posta.BuyerField) {
	b := v.Buyer
	p.Add(b.Email == "", "buyer.email", "required")
	p.Add(b.FirstName == "", "buyer.first_name", "required")
	p.Add(b.LastName == "", "buyer.last_name", "required")
	country, err := posta.FindCountry(v.Country)
	asks := err == nil && country.AsksIdentification
	phone, place, entity := v.Terms.CollectPhone, false, false
	for _, field := range needed {
		switch field {
		case posta.BuyerPhone:
			phone = true
		case posta.BuyerAddress:
			place = true
		case posta.BuyerEntityType:
			entity = true
		}
	}
	p.Add(asks && b.Identification.Number == "", "buyer.identification", "required")
	p.Add(phone && b.Phone.Number == "", "buyer.phone", "required")
	p.Add(entity && b.Entity == "", "buyer.entity", "required")
	if place {
		needAddress(p, "buyer.address", b.Address)
	}
	if v.Terms.CollectAddress && (v.Shipment == nil || !v.Shipment.Pickup) {
		var to provider.Address
		if v.Shipment != nil {
			to = v.Shipment.Receiver
		}
		needAddress(p, "shipment", to)
	}
}

func needAddress(p *posta.Problems, field string, a provider.Address) {
	p.Add(a.ZipCode == "", field+".zip_code", "required")
	p.Add(a.Street == "", field+".street", "required")
	p.Add(a.Number == "", field+".number", "required")
	p.Add(a.City == "", field+".city", "required")
	p.Add(a.State == "", field+".state", "required")
}
