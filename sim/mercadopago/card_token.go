package mercadopago

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// cardToken stands for a card once (docs/providers/mercadopago-online.md §2.6).
type cardToken struct {
	ID      string
	UserID  int64 // whose public key made it
	Card    heldCard
	Code    int // digits of the security code, 0 without
	Test    bool
	Created time.Time
	Due     time.Time
	Used    time.Time
}

func (k *cardToken) key() (string, string) { return "card_token", k.ID }
func (k *cardToken) index(st *state)       { st.cardTokens[k.ID] = k }

const cardTokenLife = 7 * 24 * time.Hour

// cardInput is a card as somebody types it.
type cardInput struct {
	Number, Code, Holder string
	Month, Year          int
	Identification       identification
	// CardID is a customer's card instead.
	CardID string
}

// cardFault is one thing that is wrong with a card.
type cardFault struct{ Code, Description string }

// tokenise makes a token of a card, or says all that is wrong with it. It must
// be called under the lock.
func (s *Simulator) tokenise(a *Account, test bool, in cardInput, now time.Time) (*cardToken, []cardFault) {
	k := &cardToken{UserID: a.UserID, Test: test, Created: now, Due: now.Add(cardTokenLife), Code: len(in.Code)}
	if in.CardID != "" {
		stored := s.customerCards[in.CardID]
		if stored == nil || stored.UserID != a.UserID {
			return nil, []cardFault{{"2010", "Card not found"}}
		}
		if in.Code != "" && (!digits(in.Code) || len(in.Code) != stored.Code) {
			return nil, []cardFault{{"E302", "Invalid parameter security_code"}}
		}
		k.Card = stored.Card
	} else {
		in.Number = strings.NewReplacer(" ", "", "-", "").Replace(in.Number)
		if faults := in.faults(a.Site, now); len(faults) > 0 {
			return nil, faults
		}
		k.Card = heldCard{First: in.Number[:6], Last: in.Number[len(in.Number)-4:], Length: len(in.Number), Month: in.Month, Year: fullYear(in.Year),
			Holder: in.Holder, Identification: in.Identification}
	}
	var b [16]byte
	_, _ = rand.Read(b[:])
	k.ID = hex.EncodeToString(b[:])
	s.put(k)
	return k, nil
}

func (in cardInput) faults(siteID string, now time.Time) (list []cardFault) {
	add := func(code, what string) { list = append(list, cardFault{code, what}) }
	m, _ := sites[siteID].methodOfCard(in.Number)
	switch {
	case in.Number == "":
		add("205", "parameter cardNumber can not be null/empty")
	case !luhn(in.Number) || len(in.Number) < 13 || len(in.Number) > 19 || m.Length != 0 && len(in.Number) != m.Length:
		add("E301", "Invalid parameter card_number")
	}
	switch {
	case in.Month == 0:
		add("208", "parameter cardExpirationMonth can not be null/empty")
	case in.Month < 1 || in.Month > 12:
		add("325", "Invalid parameter cardExpirationMonth")
	}
	switch {
	case in.Year == 0:
		add("209", "parameter cardExpirationYear can not be null/empty")
	case fullYear(in.Year) < now.Year() || fullYear(in.Year) > now.Year()+50 || fullYear(in.Year) == now.Year() && in.Month < int(now.Month()):
		add("326", "Invalid parameter cardExpirationYear")
	}
	switch {
	case in.Code == "":
		add("224", "parameter securityCode can not be null/empty")
	case !digits(in.Code) || len(in.Code) < 3 || len(in.Code) > 4 || m.ID != "" && len(in.Code) != m.code():
		add("E302", "Invalid parameter security_code")
	}
	switch {
	case strings.TrimSpace(in.Holder) == "":
		add("221", "parameter cardholderName can not be null/empty")
	case len(in.Holder) > 100 || strings.ContainsAny(in.Holder, "0123456789<>"):
		add("316", "Invalid parameter cardholderName")
	}
	switch i := in.Identification; {
	case len(identificationTypes[siteID]) == 0 || !i.given():
	case i.Type == "":
		add("212", "parameter docType can not be null/empty")
	case i.Number == "":
		add("214", "parameter docNumber can not be null/empty")
	case !knownIdentification(siteID, i.Type):
		add("322", "Invalid parameter docType")
	case !i.valid(siteID):
		add("324", "Invalid parameter docNumber")
	}
	return list
}

func fullYear(y int) int {
	if y > 0 && y < 100 {
		return 2000 + y
	}
	return y
}

func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return number != "" && sum%10 == 0
}

// cardOf finds the card that a request pays with: one that the caller holds,
// or a token that is the seller's, in time and unused (§2.6, §8).
func (s *Simulator) cardOf(r *paymentRequest, now time.Time) (*heldCard, *cardToken, *denial) {
	if r.Card != nil || r.Token == "" {
		return r.Card, nil, nil
	}
	k := s.cardTokens[r.Token]
	switch {
	case k == nil || k.UserID != r.Seller.UserID:
		return nil, nil, deny(2006, "Card Token not found")
	case r.Test && !k.Test:
		return nil, nil, deny(3, "Token must be for test")
	case !r.Test && k.Test:
		return nil, nil, deny(2006, "Card Token not found")
	case !k.Used.IsZero() || !now.Before(k.Due):
		return nil, nil, deny(3003, "Invalid card_token_id")
	}
	held := k.Card
	return &held, k, nil
}

// createCardToken is POST /v1/card_tokens, by public key or token.
func createCardToken(c *call) reply {
	f, err := parseObject(c.body)
	if err != nil {
		return c.cause(http.StatusBadRequest, 1, "Invalid body")
	}
	in := cardInput{Number: f.loose("card_number"), Code: f.loose("security_code"), CardID: f.loose("card_id")}
	in.Month, _ = strconv.Atoi(f.loose("expiration_month"))
	in.Year, _ = strconv.Atoi(f.loose("expiration_year"))
	if holder, _ := f.object("cardholder"); holder != nil {
		in.Holder = holder.loose("name")
		in.Identification = readIdentification(holder)
	}
	k, faults := c.sim.tokenise(c.account, c.test(), in, c.now)
	if len(faults) > 0 {
		causes := []object{}
		for _, one := range faults {
			causes = append(causes, object{"code": one.Code, "description": one.Description})
		}
		return reply{status: http.StatusBadRequest, code: faults[0].Code, body: object{"message": faults[0].Description, "error": "bad_request", "status": 400, "cause": causes}}
	}
	return reply{status: http.StatusCreated, body: k.view()}
}

// getCardToken is GET /v1/card_tokens/{id}.
func getCardToken(c *call) reply {
	k := c.sim.cardTokens[c.path("id")]
	if k == nil || k.UserID != c.account.UserID {
		return c.cause(http.StatusNotFound, 2006, "Card Token not found")
	}
	return reply{status: http.StatusOK, body: k.view()}
}

func (k *cardToken) view() object {
	status := "active"
	if !k.Used.IsZero() {
		status = "used"
	}
	d := k.Card
	return object{"id": k.ID, "card_id": orNull(d.CardID), "first_six_digits": d.First, "last_four_digits": d.Last, "expiration_month": d.Month,
		"expiration_year": d.Year, "cardholder": d.holderView(), "status": status, "date_created": classicTime(k.Created), "date_last_updated": classicTime(k.Created),
		"date_due": classicTime(k.Due), "luhn_validation": true, "live_mode": !k.Test, "require_esc": false, "card_number_length": d.Length, "security_code_length": k.Code}
}

func (d heldCard) holderView() object {
	return object{"name": d.Holder, "identification": object{"type": orNull(d.Identification.Type), "number": orNull(d.Identification.Number)}}
}

func readIdentification(f fields) (i identification) {
	if doc, _ := f.object("identification"); doc != nil {
		i.Type, i.Number = doc.loose("type"), doc.loose("number")
	}
	return i
}

// loose gives a string or a number as text, as many of the provider's fields
// take both; "" is anything else.
func (f fields) loose(name string) string {
	if v, ok := f.text(name); ok {
		return v
	}
	v, _ := f.number(name)
	return v
}
