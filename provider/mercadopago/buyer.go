package mercadopago

import (
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"posta"
	"posta/provider"
)

// item is what is sold, as preferences and payments take it
// (docs/providers/mercadopago-online.md §2.1, §6.3).
type item struct {
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	PictureURL  string      `json:"picture_url,omitempty"`
	Category    string      `json:"category_id"`
	Quantity    int64       `json:"quantity"`
	Currency    string      `json:"currency_id,omitempty"`
	UnitPrice   json.Number `json:"unit_price"`
	Type        string      `json:"type,omitempty"`
	Warranty    bool        `json:"warranty,omitempty"`
	Descriptor  *descriptor `json:"category_descriptor,omitempty"`
}

type descriptor struct {
	EventDate string     `json:"event_date,omitempty"`
	Passenger *passenger `json:"passenger,omitempty"`
	Route     *route     `json:"route,omitempty"`
}

type passenger struct {
	FirstName            string `json:"first_name,omitempty"`
	LastName             string `json:"last_name,omitempty"`
	IdentificationType   string `json:"identification_type,omitempty"`
	IdentificationNumber string `json:"identification_number,omitempty"`
}

type route struct {
	Departure   string `json:"departure,omitempty"`
	Destination string `json:"destination,omitempty"`
	DepartureAt string `json:"departure_date_time,omitempty"`
	ArrivalAt   string `json:"arrival_date_time,omitempty"`
	Company     string `json:"company,omitempty"`
}

// anyCategory is the provider's for what has none of its own.
const anyCategory = "others"

// longestText of an item's fields, docs/providers/mercadopago-online.md §2.1.
const longestText = 256

// itemsOf are the lines of a charge; one without any is a line of its title.
func itemsOf(charge provider.Charge) ([]item, error) {
	lines := charge.Items
	if len(lines) == 0 {
		lines = []provider.Item{{Title: first(charge.Title, charge.Description), Quantity: 1, UnitPrice: charge.Amount.Amount}}
	}
	out := make([]item, 0, len(lines))
	for i, line := range lines {
		unit, err := price(line.UnitPrice, charge.Amount.Currency)
		if err != nil {
			return nil, err
		}
		d := provider.ItemDetail{}
		if line.Detail != nil {
			d = *line.Detail
		}
		out = append(out, item{ID: short(cmp.Or(line.SKU, strconv.Itoa(i+1)), longestText), Title: short(line.Title, longestText),
			Description: short(first(d.Description, charge.Description, line.Title), longestText), PictureURL: line.PictureURL,
			Category: cmp.Or(d.Category, anyCategory), Quantity: line.Quantity, Currency: string(charge.Amount.Currency),
			UnitPrice: unit, Type: d.Type, Warranty: d.Warranty, Descriptor: descriptorOf(d)})
	}
	return out, nil
}

func descriptorOf(d provider.ItemDetail) *descriptor {
	out := descriptor{EventDate: stampUnlessZero(d.EventAt)}
	if p := d.Passenger; p != nil {
		out.Passenger = &passenger{p.FirstName, p.LastName, p.Identification.Type, p.Identification.Number}
	}
	if r := d.Route; r != nil {
		out.Route = &route{r.From, r.To, stampUnlessZero(r.DepartAt), stampUnlessZero(r.ArriveAt), r.Company}
	}
	if out == (descriptor{}) {
		return nil
	}
	return &out
}

// buyerBody is who pays. The three places that a buyer is told in take
// different parts of it, under different names.
type buyerBody struct {
	Email          string              `json:"email,omitempty"`
	Name           string              `json:"name,omitempty"`    // of a preference
	Surname        string              `json:"surname,omitempty"` // of a preference
	FirstName      string              `json:"first_name,omitempty"`
	LastName       string              `json:"last_name,omitempty"`
	EntityType     string              `json:"entity_type,omitempty"`
	Identification *identificationBody `json:"identification,omitempty"`
	Phone          *phoneBody          `json:"phone,omitempty"`
	Address        *addressBody        `json:"address,omitempty"`
	Login          string              `json:"authentication_type,omitempty"`
	RegisteredAt   string              `json:"registration_date,omitempty"`
	LastPurchase   string              `json:"last_purchase,omitempty"`
	Prime          *bool               `json:"is_prime_user,omitempty"`
	FirstPurchase  *bool               `json:"is_first_purchase_online,omitempty"`
}

type identificationBody struct {
	Type   string `json:"type"`
	Number string `json:"number"`
}

type phoneBody struct {
	Area   string `json:"area_code,omitempty"`
	Number string `json:"number,omitempty"`
}

type addressBody struct {
	ZipCode      string `json:"zip_code,omitempty"`
	Street       string `json:"street_name,omitempty"`
	Number       string `json:"street_number,omitempty"`
	Neighborhood string `json:"neighborhood,omitempty"`
	City         string `json:"city,omitempty"`
	State        string `json:"federal_unit,omitempty"`
}

type receiverBody struct {
	ZipCode   string `json:"zip_code,omitempty"`
	Street    string `json:"street_name,omitempty"`
	Number    string `json:"street_number,omitempty"`
	Floor     string `json:"floor,omitempty"`
	Apartment string `json:"apartment,omitempty"`
	City      string `json:"city_name,omitempty"`
	State     string `json:"state_name,omitempty"`
	Country   string `json:"country_name,omitempty"`
}

type shipmentBody struct {
	Receiver *receiverBody `json:"receiver_address,omitempty"`
	Pickup   bool          `json:"local_pickup,omitempty"`
	Express  bool          `json:"express_shipment,omitempty"`
}

// logins are the provider's words for how a buyer logs in (§6.3).
var logins = map[string]string{"gmail": "Gmail", "facebook": "Facebook", "native": "Native web", "other": "Other"}

// payerOfPreference is who pays, as a preference takes it.
func payerOfPreference(b provider.Buyer) *buyerBody {
	out := buyerBody{Email: b.Email, Name: b.FirstName, Surname: b.LastName, Identification: identificationOf(b.Identification),
		Phone: phoneOf(b.Phone), Address: addressOf(b.Address, false)}
	out.remember(b.History)
	return unlessEmpty(out)
}

// payerOf is who pays, as a payment takes it.
func payerOf(b provider.Buyer) *buyerBody {
	return unlessEmpty(buyerBody{Email: b.Email, FirstName: b.FirstName, LastName: b.LastName, EntityType: string(b.Entity),
		Identification: identificationOf(b.Identification), Phone: phoneOf(b.Phone), Address: addressOf(b.Address, true)})
}

// payerInfo is what raises a payment's approval, as its additional_info takes it.
func payerInfo(b provider.Buyer) *buyerBody {
	out := buyerBody{FirstName: b.FirstName, LastName: b.LastName, Phone: phoneOf(b.Phone), Address: addressOf(b.Address, false)}
	out.remember(b.History)
	return unlessEmpty(out)
}

func (b *buyerBody) remember(h *provider.BuyerHistory) {
	if h == nil {
		return
	}
	b.Login, b.RegisteredAt, b.LastPurchase = logins[h.Login], stampUnlessZero(h.RegisteredAt), stampUnlessZero(h.LastPurchase)
	b.Prime, b.FirstPurchase = &h.Prime, &h.FirstPurchase
}

func identificationOf(i provider.Identification) *identificationBody {
	return unlessEmpty(identificationBody{i.Type, i.Number})
}

func phoneOf(p provider.Phone) *phoneBody { return unlessEmpty(phoneBody{p.Area, p.Number}) }

// addressOf is where the buyer lives; whole with what only boletos ask for.
func addressOf(a provider.Address, whole bool) *addressBody {
	out := addressBody{ZipCode: a.ZipCode, Street: a.Street, Number: a.Number}
	if whole {
		out.Neighborhood, out.City, out.State = a.Neighborhood, a.City, a.State
	}
	return unlessEmpty(out)
}

func shipmentOf(s *provider.Shipment) *shipmentBody {
	if s == nil {
		return nil
	}
	return unlessEmpty(shipmentBody{Pickup: s.Pickup, Express: s.Express, Receiver: unlessEmpty(receiverBody{s.Receiver.ZipCode, s.Receiver.Street,
		s.Receiver.Number, s.Receiver.Floor, s.Receiver.Apartment, s.Receiver.City, s.Receiver.State, s.Receiver.Country})})
}

// unlessEmpty is nil for a value that says nothing.
func unlessEmpty[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func stampUnlessZero(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return stamp(at)
}

// voucherEnd is until when a voucher of the method can be paid: as asked, or with
// the charge, within what the method allows (§2.3); zero where it cannot be chosen.
func voucherEnd(charge provider.Charge, method posta.Method) time.Time {
	if !charge.Online.VoucherTo.IsZero() {
		return charge.Online.VoucherTo
	}
	if method.Validity.Longest == 0 || charge.ExpiresAt.IsZero() {
		return time.Time{}
	}
	life := charge.ExpiresAt.Sub(charge.CreatedAt)
	const way = time.Minute // the provider counts from when it is asked
	return charge.CreatedAt.Add(min(max(life, method.Validity.Shortest+way), method.Validity.Longest))
}
