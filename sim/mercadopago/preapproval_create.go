package mercadopago

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// createSubscription is POST /preapproval. X-Idempotency-Key is not honoured:
// the same request again makes another one (§2.7).
func createSubscription(c *call) reply {
	f, bad := c.subscriptionBody()
	if bad != nil {
		return *bad
	}
	v := &subscription{ID: newSubscriptionID(), UserID: c.account.UserID, Status: pending, Test: c.test(), Via: c.via(), Created: c.now}
	status, _ := f.text("status")
	if wrong := c.fillSubscription(v, f, &status); wrong != "" {
		return c.refuse(http.StatusBadRequest, "%s", wrong)
	}
	token, _ := f.text("card_token_id")
	if status == authorized {
		if token == "" {
			return c.refuse(http.StatusBadRequest, "card_token_id is required")
		}
		if bad := c.useCard(v, token); bad != nil {
			return *bad
		}
	}
	v.Seq = c.sim.next(&c.sim.count.Subscription)
	if status == authorized {
		c.sim.authorize(v, c.now)
	}
	c.sim.changeSubscription(v, c.now)
	c.sim.advance(v, c.now)
	return reply{status: c.createdSubscription(), body: c.sim.subscriptionView(v)}
}

// fillSubscription reads what the subscription is; the status may be left out.
func (c *call) fillSubscription(v *subscription, f fields, status *string) (wrong string) {
	if v.PlanID, _ = f.text("preapproval_plan_id"); v.PlanID != "" {
		if *status = cmp.Or(*status, authorized); *status != authorized {
			return "A subscription with a plan can only be created authorized"
		}
		if wrong = c.ofPlan(v, f); wrong != "" {
			return wrong
		}
	} else if wrong = c.withoutPlan(v, f); wrong != "" {
		return wrong
	}
	if *status = cmp.Or(*status, pending); *status != pending && *status != authorized {
		return "Invalid status: pending or authorized"
	}
	for name, to := range map[string]*string{"reason": &v.Reason, "external_reference": &v.Ref} {
		text, ok := f.text(name)
		if !ok || len(text) > 255 {
			return name + " must be a text of up to 255 characters"
		}
		*to = cmp.Or(text, *to)
	}
	if f.has("back_url") {
		if v.BackURL, _ = f.text("back_url"); !c.sim.backURL(v.BackURL) {
			return "back_url must be a valid https url"
		}
	}
	email, _ := f.text("payer_email")
	return c.sim.setPayer(v, email)
}

func (c *call) ofPlan(v *subscription, f fields) (wrong string) {
	p := c.sim.plans[v.PlanID]
	if p == nil || p.UserID != c.account.UserID {
		return "The template with id " + v.PlanID + " does not exist"
	}
	if p.Status == cancelled {
		return "The template with id " + v.PlanID + " is cancelled"
	}
	v.Reason, v.BackURL, v.Terms = p.Reason, p.BackURL, p.Terms
	recurring, ok := f.object("auto_recurring")
	if !ok {
		return "Invalid auto_recurring"
	}
	if recurring.has("currency_id") && recurring["currency_id"] != c.account.site().Currency {
		return "Invalid currency_id: the site's is " + c.account.site().Currency
	}
	if recurring.has("transaction_amount") {
		if amount, bad := c.amountOf(recurring); bad != "" || amount != p.Terms.Amount {
			return cmp.Or(bad, "The transaction_amount differs from the template's")
		}
	}
	return c.readDates(v, recurring)
}

func (c *call) withoutPlan(v *subscription, f fields) (wrong string) {
	recurring, ok := f.object("auto_recurring")
	if !ok || recurring == nil {
		return "auto_recurring is required"
	}
	if v.Terms, wrong = c.readTerms(recurring); wrong != "" {
		return wrong
	}
	for _, name := range []string{"reason", "external_reference", "back_url"} {
		if text, ok := f.text(name); !ok || text == "" {
			return name + " is required"
		}
	}
	return c.readDates(v, recurring)
}

// readDates reads start_date and end_date.
func (c *call) readDates(v *subscription, recurring fields) (wrong string) {
	for name, to := range map[string]*time.Time{"start_date": &v.Terms.Start, "end_date": &v.Terms.End} {
		text, ok := recurring.text(name)
		if !ok {
			return "Invalid " + name
		}
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return "Invalid " + name
		}
		*to = at.UTC().Truncate(time.Millisecond)
	}
	start, end := v.Terms.Start, v.Terms.End
	switch {
	case !start.IsZero() && end.IsZero():
		return "start_date needs end_date"
	case !start.IsZero() && start.Before(c.now.Truncate(time.Millisecond)):
		return "start_date cannot be a past date"
	case !end.IsZero() && (!end.After(c.now) || !end.After(start)):
		return "end_date must be after start_date"
	}
	return ""
}

// setPayer says who pays: a real person or a test user as the seller is one,
// and not the seller (§1.4, §3.5).
func (s *Simulator) setPayer(v *subscription, email string) (wrong string) {
	seller := s.accounts[v.UserID]
	if email == "" {
		return "payer_email is required"
	}
	if !goodAddress(email) {
		return "Invalid payer_email"
	}
	if email == seller.email() {
		return "Payer and collector cannot be the same user"
	}
	other := s.accountOf(email)
	if toy := isTestAddress(email) || other != nil && other.Test; toy != (seller.Test || v.Test) {
		return "Both payer and collector must be real or test users"
	}
	v.Payer = payer{ID: s.payerID(email), Email: email}
	return ""
}

// useCard puts the token's card on the subscription after a charge that proves
// it (§3.4). Cards whose payments fail are refused with CC_VAL_433 (§3.5).
func (c *call) useCard(v *subscription, id string) *reply {
	say := func(status int, text string) *reply {
		r := c.refuse(status, "%s", text)
		return &r
	}
	held, token, bad := c.sim.cardOf(&paymentRequest{Seller: c.account, Test: c.test(), Token: id}, c.now)
	switch {
	case bad != nil && bad.Code == 2006:
		return say(http.StatusBadRequest, "Card token service not found")
	case bad != nil:
		return say(http.StatusBadRequest, "Card token was used or has expired")
	case token.Code == 0:
		return say(http.StatusBadRequest, "Card token without security code")
	}
	m, known := c.account.site().methodOfCard(held.First)
	if !known || !c.sim.allowed(v, m) {
		return say(http.StatusBadRequest, "The payment method is not allowed")
	}
	token.Used = c.now
	c.sim.put(token)
	if !c.sim.prove(v, held, m, c.now) {
		status := http.StatusBadRequest
		if c.sim.switches.CardValidation401 {
			status = http.StatusUnauthorized
		}
		return say(status, "CC_VAL_433 Credit card validation has failed")
	}
	return nil
}

// allowed says whether the plan takes the method (payment_methods_allowed).
func (s *Simulator) allowed(v *subscription, m method) bool {
	p := s.plans[v.PlanID]
	if p == nil || p.Allowed == nil {
		return true
	}
	f, err := parseObject(p.Allowed)
	if err != nil {
		return true
	}
	in := func(list, want string) bool {
		entries, _ := f.list(list)
		return len(entries) == 0 || slices.ContainsFunc(entries, func(e any) bool {
			one, _ := e.(map[string]any)
			return one["id"] == want
		})
	}
	return in("payment_types", m.Type) && (!m.isCard() || in("payment_methods", m.ID))
}

// cardValidation is the operation of the charge that proves a card.
const cardValidation = "card_validation"

// prove makes the validation charge, which is given back once it is approved
// (invoicePaid); the card then is the subscription's.
func (s *Simulator) prove(v *subscription, held *heldCard, m method, now time.Time) bool {
	if declined(cmp.Or(s.switches.HolderOnly, held.Holder)) {
		return false
	}
	seller := s.accounts[v.UserID]
	t := seller.site()
	if !s.switches.NoValidationCharge {
		_, bad := s.makePayment(paymentRequest{Seller: seller, Test: v.Test, Via: v.Via, Operation: cardValidation, Amount: max(t.minor(1_00), t.minor(m.Min)), Method: m.ID,
			Card: held, Payer: v.Payer, Description: "Card validation"}, now)
		if bad != nil {
			return false
		}
	}
	v.Card, v.Method, v.Acts = held, m.ID, ""
	v.CardID = cmp.Or(held.CardID, text(9_000_000_000+s.next(&s.count.SubscriptionCard)))
	return true
}

// declined says whether cards of that holder's name are declined.
func declined(holder string) bool {
	return slices.ContainsFunc(Outcomes, func(o Outcome) bool { return o.Holder == holder && o.Status == rejected })
}
