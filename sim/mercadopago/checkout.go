package mercadopago

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// What stops a buyer at the checkout.
var (
	ErrPreference = errors.New("sim/mercadopago: there is no such preference")
	ErrNotYet     = errors.New("sim/mercadopago: the preference is not valid yet")
	ErrExpired    = errors.New("sim/mercadopago: the preference has expired")
	ErrPaid       = errors.New("sim/mercadopago: the preference is paid already")
	ErrMethod     = errors.New("sim/mercadopago: the preference does not offer that method")
	ErrLogin      = errors.New("sim/mercadopago: that needs a buyer who is logged in")
)

// Choice is how a buyer pays a preference. The zero choice is a Visa card that
// is approved, of a guest.
type Choice struct {
	// Method is a method's id (pix, oxxo, account_money), or "" or "card" for a
	// card, whose number says which it is.
	Method string `json:"method,omitempty"`
	// CardNumber is a test card of the site, its Visa if left out; Holder
	// decides the outcome, APRO if left out.
	CardNumber   string `json:"card_number,omitempty"`
	Month        int    `json:"month,omitempty"` // of the card's end; November 2030 if left out
	Year         int    `json:"year,omitempty"`
	SecurityCode string `json:"security_code,omitempty"`
	Holder       string `json:"holder,omitempty"`
	Installments int    `json:"installments,omitempty"`
	// Buyer is the address of the test account that is logged in; "" is a guest.
	Buyer string `json:"buyer,omitempty"`
	// Email and the rest are what the page asks a guest for; what is left out is
	// what the preference's payer says where it may pay the seller, and then
	// TestBuyer's or LiveBuyer's.
	Email                string `json:"email,omitempty"`
	FirstName            string `json:"first_name,omitempty"`
	LastName             string `json:"last_name,omitempty"`
	IdentificationType   string `json:"identification_type,omitempty"`
	IdentificationNumber string `json:"identification_number,omitempty"`
	EntityType           string `json:"entity_type,omitempty"`
	Institution          string `json:"institution,omitempty"` // of PSE
	Address              object `json:"address,omitempty"`
}

// TestBuyer is who pays test sellers, LiveBuyer who pays the others: the
// provider does not let them mix (§1.4).
const (
	TestBuyer = "test_user_1299000111@testuser.com"
	LiveBuyer = "buyer@example.com"
)

// buyer is whom the account can sell to.
func (a *Account) buyer() string {
	if a.Test || a.testKeys() {
		return TestBuyer
	}
	return LiveBuyer
}

// PaidPreference is how it ended.
type PaidPreference struct {
	PaidPart
	MerchantOrderID int64 `json:"merchant_order_id"`
	// ReturnURL is where the buyer's browser goes: the back URL of the outcome
	// with its parameters; "" where the preference has none.
	ReturnURL string `json:"return_url,omitempty"`
	// VoucherURL is the slip, the QR or the bank's page of a payment that waits.
	VoucherURL string `json:"voucher_url,omitempty"`
}

// PayPreference is a buyer at the checkout of a preference. A declined card is
// no error; what the checkout would not let happen is.
func (s *Simulator) PayPreference(preferenceID string, choice Choice) (out PaidPreference, err error) {
	e := s.do(func() {
		p, now := s.preferences[preferenceID], s.clock.Now()
		if p == nil {
			err = ErrPreference
			return
		}
		var made *payment
		if made, err = s.payPreference(p, choice, now); err == nil {
			out = PaidPreference{PaidPart: made.part(), MerchantOrderID: p.MerchantID, ReturnURL: s.returnURL(p, made), VoucherURL: s.voucherURL(made)}
		}
	})
	return out, cmp.Or(e, err)
}

// closed says why the preference cannot be paid now, nil if it can.
func (s *Simulator) closed(p *preference, now time.Time) error {
	m := s.merchant[p.MerchantID]
	if o := s.orders[p.OrderID]; o != nil && o.Status != "created" {
		if o.Status == "expired" || o.Status == "canceled" {
			return ErrExpired
		}
		return ErrPaid
	}
	switch {
	case m != nil && m.Status == "closed":
		return ErrPaid
	case p.Expires && !p.From.IsZero() && now.Before(p.From):
		return ErrNotYet
	case p.Expires && !p.To.IsZero() && !now.Before(p.To):
		return ErrExpired
	}
	return nil
}

// offered says whether the checkout shows the method: one of the site that is
// not excluded, takes the amount, and suits binary mode and purpose.
func (s *Simulator) offered(p *preference, m method, buyer string) bool {
	t := s.accounts[p.UserID].site()
	wallet := m.Type == accountMoney || m.Type == standingMoney
	switch {
	case m.Inactive || slices.Contains(p.NoMethods, m.ID) || slices.Contains(p.NoTypes, m.Type) || !m.within(t, p.Total+p.Shipping):
		return false
	case !m.isCard() && !wallet:
		return !p.Binary && p.Purpose == "" // only money that is there at once
	}
	return !wallet && p.Purpose == "" || buyer != ""
}

func (s *Simulator) payPreference(p *preference, choice Choice, now time.Time) (*payment, error) {
	if err := s.closed(p, now); err != nil {
		return nil, err
	}
	a := s.accounts[p.UserID]
	t := a.site()
	r := paymentRequest{Seller: a, Test: p.Via.Test || a.testKeys(), Via: p.Via, Amount: p.Total, Shipping: p.Shipping, Installments: choice.Installments, Ref: p.Ref, NotificationURL: p.Notification,
		Binary: p.Binary, PreferenceID: p.ID, Institution: choice.Institution, Payer: p.payer(choice, a),
		Additional: object{"items": p.additionalItems(t), "ip_address": "203.0.113.7"}}
	body := p.body()
	r.Metadata, _ = body.object("metadata")
	r.Descriptor, _ = body.text("statement_descriptor")
	r.Description = p.title()
	m, known := t.method(choice.Method)
	if choice.Method == "" || choice.Method == "card" {
		number := cmp.Or(choice.CardNumber, testCard(t.ID, "visa").Number)
		if m, known = t.methodOfCard(number); known && s.offered(p, m, choice.Buyer) {
			if p.Installments > 0 && choice.Installments > p.Installments {
				return nil, ErrMethod
			}
			token, faults := s.tokenise(a, r.Test, choice.card(number, r.Payer, t.ID), now)
			if len(faults) > 0 {
				return nil, CardError(faults)
			}
			r.Token = token.ID
		}
	}
	switch {
	case !known:
		return nil, ErrMethod
	case !s.offered(p, m, choice.Buyer):
		if p.Purpose != "" && choice.Buyer == "" {
			return nil, ErrLogin
		}
		return nil, ErrMethod
	}
	r.Method = m.ID
	if !m.isCard() {
		r.Expires = p.Due
		r.CallbackURL = cmp.Or(p.Back.Pending, p.Back.Success, s.checkoutURL(p))
	}
	o := s.orders[p.OrderID]
	if o != nil {
		r.OrderID, r.Hold, r.ThreeDS = o.ID, o.Online.Capture == "manual" && m.isCard(), o.Online.SecurityMode
	} else {
		r.MerchantID = s.merchantOf(p, now).ID
	}
	made, bad := s.makePayment(r, now)
	if bad != nil {
		return nil, bad
	}
	if o != nil {
		s.orderTook(o, made, true, now)
	}
	return made, nil
}

// CardError is all that is wrong with a card that was typed, by the provider's
// codes.
type CardError []cardFault

func (e CardError) Error() string {
	out := "sim/mercadopago: the card is refused:"
	for _, f := range e {
		out += " " + f.Code + " " + f.Description
	}
	return out
}

// card is what the form sends; what is left out is a test card's.
func (c Choice) card(number string, holder payer, siteID string) cardInput {
	return CardForm{Number: number, Code: c.SecurityCode, Holder: c.Holder, Month: c.Month, Year: c.Year,
		DocumentType: holder.Identification.Type, DocumentNumber: holder.Identification.Number}.filled(siteID)
}

// testCard is the site's test card of a method, the first where there is none.
func testCard(siteID, method string) TestCard {
	var first TestCard
	for _, d := range TestCards {
		if d.Site == siteID && d.Method == method {
			return d
		}
		if d.Site == siteID && first.Number == "" {
			first = d
		}
	}
	return first
}

// title is what the payment is called: the items' titles.
func (p *preference) title() string {
	out := p.Items[0].Title
	for _, i := range p.Items[1:] {
		out += ", " + i.Title
	}
	return out
}

// payer is who pays: what the page asked for, else what the seller said, else
// the test buyer.
func (p *preference) payer(choice Choice, a *Account) payer {
	said, _ := p.body().object("payer")
	word := func(f fields, name string) string { v, _ := f.text(name); return v }
	id, _ := said.object("identification")
	sample := TestDocuments[a.Site]
	email := word(said, "email")
	if isTestAddress(email) != isTestAddress(a.buyer()) {
		email = ""
	}
	out := payer{Email: cmp.Or(choice.Buyer, choice.Email, email, a.buyer()), EntityType: cmp.Or(choice.EntityType, "individual"),
		FirstName: cmp.Or(choice.FirstName, word(said, "name"), "Test"), LastName: cmp.Or(choice.LastName, word(said, "surname"), "Buyer"),
		Identification: identification{cmp.Or(choice.IdentificationType, word(id, "type"), sample[0]), cmp.Or(choice.IdentificationNumber, word(id, "number"), sample[1])}}
	if out.Address = choice.Address; out.Address == nil {
		out.Address = object{"zip_code": "01310100", "street_name": "Avenida Paulista", "street_number": "1000", "neighborhood": "Bela Vista", "city": "São Paulo", "federal_unit": "SP"}
	}
	out.Phone, _ = said.object("phone")
	return out
}

// additionalItems are the items as a payment's additional_info tells them:
// quantity and price are strings there (§2.3).
func (p *preference) additionalItems(t site) []object {
	list := []object{}
	for _, i := range p.Items {
		list = append(list, object{"id": orNull(i.SKU), "title": i.Title, "description": orNull(i.Description), "category_id": orNull(i.Category),
			"picture_url": orNull(i.Picture), "quantity": text(i.Quantity), "unit_price": t.text(i.UnitPrice)})
	}
	return list
}

// merchantOf gives the merchant order of a preference, opened by its first buyer.
func (s *Simulator) merchantOf(p *preference, now time.Time) *merchantOrder {
	if m := s.merchant[p.MerchantID]; m != nil {
		return m
	}
	body := p.body()
	sponsor, _ := body.number("sponsor_id")
	m := &merchantOrder{ID: s.next(&s.count.Merchant), UserID: p.UserID, Via: p.Via, PreferenceID: p.ID, Ref: p.Ref, NotificationURL: p.Notification,
		Total: p.Total, Shipping: p.Shipping, Items: p.Items, SponsorID: sponsor, Created: now}
	p.MerchantID = m.ID
	s.put(p)
	s.refresh(m, now)
	return m
}

// returnURL is where the browser goes after the payment, nil being none: with
// the parameters that nobody should book by (§2.1).
func (s *Simulator) returnURL(p *preference, made *payment) string {
	to := p.Back.Failure
	id, status, kind := "null", "null", "null"
	if made != nil {
		id, status, kind = text(made.ID), made.Status, made.Card.Type
		switch made.Status {
		case approved, authorized, refunded:
			to = p.Back.Success
		case pending, inProcess:
			to = p.Back.Pending
		}
	}
	u, err := url.Parse(to)
	if to == "" || err != nil {
		return ""
	}
	order := "null"
	if p.MerchantID != 0 {
		order = text(p.MerchantID)
	}
	add := ""
	for _, pair := range [][2]string{{"collection_id", id}, {"collection_status", status}, {"payment_id", id}, {"status", status},
		{"external_reference", cmp.Or(p.Ref, "null")}, {"payment_type", kind}, {"merchant_order_id", order}, {"preference_id", p.ID},
		{"site_id", s.accounts[p.UserID].Site}, {"processing_mode", "aggregator"}, {"merchant_account_id", "null"}} {
		add += fmt.Sprintf("&%s=%s", pair[0], url.QueryEscape(pair[1]))
	}
	if u.RawQuery == "" {
		add = add[1:]
	}
	u.RawQuery += add
	return u.String()
}
