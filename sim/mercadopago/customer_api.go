package mercadopago

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// customerFields are what a customer may be made of.
var customerFields = []string{"email", "first_name", "last_name", "phone", "identification", "default_address", "address", "date_registered", "description", "default_card", "metadata"}

// createCustomer is POST /v1/customers: one for each address.
func createCustomer(c *call) reply {
	f, err := parseObject(c.body)
	if err != nil {
		return c.cause(http.StatusBadRequest, 1, "Invalid body")
	}
	email := f.loose("email")
	if !goodAddress(email) {
		return c.cause(http.StatusBadRequest, 106, "the email has an invalid format")
	}
	for _, k := range c.sim.customers {
		if k.UserID == c.account.UserID && strings.EqualFold(k.Email, email) {
			return c.cause(http.StatusBadRequest, 101, "the customer already exist")
		}
	}
	k := &customer{ID: fmt.Sprintf("%d-%s", c.account.UserID, randomText(7)), UserID: c.account.UserID, Email: email, Test: c.test(), Created: c.now}
	return c.saveCustomer(k, f, http.StatusCreated)
}

func (c *call) saveCustomer(k *customer, f fields, status int) reply {
	if wrong := f.unknown(customerFields...); len(wrong) > 0 {
		return c.cause(http.StatusBadRequest, 8, "The name of the following parameters is wrong : ["+strings.Join(wrong, ", ")+"]")
	}
	for name, into := range map[string]*string{"first_name": &k.FirstName, "last_name": &k.LastName, "description": &k.Description, "default_card": &k.DefaultCard,
		"default_address": &k.DefaultAddress, "date_registered": &k.Registered} {
		if f.has(name) {
			*into = f.loose(name)
		}
	}
	for name, into := range map[string]*object{"phone": &k.Phone, "address": &k.Address, "metadata": &k.Metadata} {
		v, ok := f.object(name)
		if !ok {
			return c.cause(http.StatusBadRequest, 1, "Invalid "+name)
		}
		if v != nil {
			*into = v
		}
	}
	if f.has("identification") {
		k.Identification = readIdentification(f)
		if k.Identification.given() && len(identificationTypes[c.account.Site]) > 0 && !k.Identification.valid(c.account.Site) {
			return c.cause(http.StatusBadRequest, 2067, "Invalid user identification number")
		}
	}
	if card := c.sim.customerCards[k.DefaultCard]; k.DefaultCard != "" && (card == nil || card.CustomerID != k.ID) {
		return c.cause(http.StatusBadRequest, 1, "Invalid default_card")
	}
	k.Updated = c.now
	c.sim.put(k)
	return reply{status: status, body: k.view(c.sim)}
}

func (c *call) ownCustomer() (*customer, *reply) {
	k := c.sim.customers[c.path("customer")]
	if k == nil || k.UserID != c.account.UserID {
		r := c.cause(http.StatusNotFound, 2002, "Customer not found")
		return nil, &r
	}
	return k, nil
}

func getCustomer(c *call) reply {
	k, bad := c.ownCustomer()
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: k.view(c.sim)}
}

// updateCustomer is PUT: the address cannot be changed.
func updateCustomer(c *call) reply {
	k, bad := c.ownCustomer()
	if bad != nil {
		return *bad
	}
	f, err := parseObject(c.body)
	if err != nil || f.has("email") && f.loose("email") != k.Email {
		return c.cause(http.StatusBadRequest, 1, "Invalid parameters")
	}
	changed := *k
	return c.saveCustomer(&changed, f, http.StatusOK)
}

func deleteCustomer(c *call) reply {
	k, bad := c.ownCustomer()
	if bad != nil {
		return *bad
	}
	view := k.view(c.sim)
	for _, card := range c.sim.cardsOf(k.ID) {
		c.sim.forgetCard(card)
	}
	delete(c.sim.customers, k.ID)
	c.sim.drop(k)
	return reply{status: http.StatusOK, body: view}
}

// searchCustomers is GET /v1/customers/search, by e-mail above all.
func searchCustomers(c *call) reply {
	offset, limit, bad := c.paging(10, 100)
	if bad != nil {
		return *bad
	}
	found := []object{}
	for _, k := range sorted(c.sim.customers) {
		if k.UserID == c.account.UserID && (c.query("email") == "" || strings.EqualFold(c.query("email"), k.Email)) && matches(c, map[string]string{"id": k.ID, "first_name": k.FirstName, "last_name": k.LastName}) {
			found = append(found, k.view(c.sim))
		}
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"total": len(found), "limit": limit, "offset": offset}, "results": window(found, offset, limit)}}
}

func (k *customer) view(s *Simulator) object {
	cards := []object{}
	for _, card := range s.cardsOf(k.ID) {
		cards = append(cards, card.view(s))
	}
	phone := object{"area_code": orNull(fields(k.Phone).loose("area_code")), "number": orNull(fields(k.Phone).loose("number"))}
	return object{"id": k.ID, "email": k.Email, "first_name": orNull(k.FirstName), "last_name": orNull(k.LastName), "phone": phone, "description": orNull(k.Description),
		"identification": object{"type": orNull(k.Identification.Type), "number": orNull(k.Identification.Number)}, "address": orEmpty(k.Address), "date_registered": orNull(k.Registered),
		"date_created": classicTime(k.Created), "date_last_updated": classicTime(k.Updated), "metadata": orEmpty(k.Metadata), "default_card": orNull(k.DefaultCard),
		"default_address": orNull(k.DefaultAddress), "cards": cards, "addresses": []any{}, "user_id": k.UserID, "merchant_id": k.UserID, "live_mode": !k.Test}
}

// cardsOf lists a customer's cards, the oldest first.
func (s *Simulator) cardsOf(customerID string) []*customerCard {
	var list []*customerCard
	for _, card := range sorted(s.customerCards) {
		if card.CustomerID == customerID {
			list = append(list, card)
		}
	}
	slices.SortStableFunc(list, func(a, b *customerCard) int { return a.Created.Compare(b.Created) })
	return list
}

func (s *Simulator) forgetCard(card *customerCard) {
	delete(s.customerCards, card.ID)
	s.drop(card)
	if k := s.customers[card.CustomerID]; k != nil && k.DefaultCard == card.ID {
		k.DefaultCard = ""
		s.put(k)
	}
}

// saveCard is POST /v1/customers/{id}/cards: a token becomes a card, and is
// used up.
func saveCard(c *call) reply {
	k, bad := c.ownCustomer()
	if bad != nil {
		return *bad
	}
	f, err := parseObject(c.body)
	if err != nil {
		return c.cause(http.StatusBadRequest, 1, "Invalid body")
	}
	r := paymentRequest{Seller: c.account, Token: f.loose("token")}
	held, tok, denied := c.sim.cardOf(&r, c.now)
	if denied == nil && tok == nil {
		denied = deny(2006, "Card Token not found")
	}
	if denied != nil {
		return c.cause(denied.Status, denied.Code, denied.Message)
	}
	m, _ := c.account.site().methodOfCard(held.First)
	card := &customerCard{ID: text(1_490_000_000_000 + c.sim.next(&c.sim.count.Event)%1_000_000_000), UserID: c.account.UserID, CustomerID: k.ID, Method: m.ID, Card: *held, Code: m.code(), Created: c.now, Updated: c.now}
	card.Card.CardID = card.ID
	tok.Used = c.now
	c.sim.put(tok)
	c.sim.put(card)
	if k.DefaultCard == "" {
		k.DefaultCard = card.ID
		c.sim.put(k)
	}
	return reply{status: http.StatusCreated, body: card.view(c.sim)}
}

func (c *call) ownCard() (*customerCard, *reply) {
	k, bad := c.ownCustomer()
	if bad != nil {
		return nil, bad
	}
	card := c.sim.customerCards[c.path("card")]
	if card == nil || card.CustomerID != k.ID {
		r := c.cause(http.StatusNotFound, 2010, "Card not found")
		return nil, &r
	}
	return card, nil
}

func getCard(c *call) reply {
	card, bad := c.ownCard()
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: card.view(c.sim)}
}

func listCards(c *call) reply {
	k, bad := c.ownCustomer()
	if bad != nil {
		return *bad
	}
	list := []object{}
	for _, card := range c.sim.cardsOf(k.ID) {
		list = append(list, card.view(c.sim))
	}
	return reply{status: http.StatusOK, body: list}
}

// updateCard is PUT: date and holder of a card that its bank has renewed.
func updateCard(c *call) reply {
	card, bad := c.ownCard()
	if bad != nil {
		return *bad
	}
	f, err := parseObject(c.body)
	if err != nil {
		return c.cause(http.StatusBadRequest, 1, "Invalid body")
	}
	changed := *card
	for name, into := range map[string]*int{"expiration_month": &changed.Card.Month, "expiration_year": &changed.Card.Year} {
		if f.has(name) {
			n, ok := whole(f, name)
			if !ok || name == "expiration_month" && n > 12 || name == "expiration_year" && n < c.now.Year() {
				return c.cause(http.StatusBadRequest, 1, "Invalid "+name)
			}
			*into = n
		}
	}
	if holder, _ := f.object("cardholder"); holder != nil {
		changed.Card.Holder = firstText(holder.loose("name"), changed.Card.Holder)
	}
	changed.Updated = c.now
	c.sim.put(&changed)
	return reply{status: http.StatusOK, body: changed.view(c.sim)}
}

func deleteCard(c *call) reply {
	card, bad := c.ownCard()
	if bad != nil {
		return *bad
	}
	c.sim.forgetCard(card)
	return reply{status: http.StatusOK, body: card.view(c.sim)}
}

func (k *customerCard) view(s *Simulator) object {
	t := s.accounts[k.UserID].site()
	m, _ := t.method(k.Method)
	full := m.view(s, t)
	location := "back"
	if k.Code == 4 {
		location = "front"
	}
	i := issuersOf(t, m)[0]
	return object{"id": k.ID, "customer_id": k.CustomerID, "expiration_month": k.Card.Month, "expiration_year": k.Card.Year, "first_six_digits": k.Card.First, "last_four_digits": k.Card.Last,
		"payment_method": object{"id": m.ID, "name": m.Name, "payment_type_id": m.Type, "thumbnail": full["thumbnail"], "secure_thumbnail": full["secure_thumbnail"]},
		"security_code":  object{"length": k.Code, "card_location": location}, "issuer": object{"id": json.Number(i.ID), "name": i.Name}, "cardholder": k.Card.holderView(),
		"date_created": classicTime(k.Created), "date_last_updated": classicTime(k.Updated), "user_id": text(k.UserID), "live_mode": true}
}
