package mercadopago

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// paymentFields are the parameters that POST /v1/payments knows; another one
// is refused by name (code 8).
var paymentFields = []string{"transaction_amount", "payment_method_id", "payment_type_id", "token", "installments", "issuer_id", "payer", "capture", "binary_mode",
	"description", "external_reference", "notification_url", "statement_descriptor", "callback_url", "metadata", "date_of_expiration", "additional_info",
	"transaction_details", "three_d_secure_mode", "point_of_interaction", "application_fee", "sponsor_id", "processing_mode", "merchant_account_id", "forward_data",
	"differential_pricing_id", "coupon_code", "coupon_amount", "campaign_id", "taxes", "net_amount", "order", "payment_method", "payment_method_option_id",
	"merchant_services", "counter_currency", "external_resource_url", "gateway_mode", "money_release_date", "operation_type", "currency_id", "platform_id"}

// createPayment is POST /v1/payments. A declined card is 201; only what is
// wrong with the request is an error (docs/providers/mercadopago-online.md §2.3, §2.5).
func createPayment(c *call) reply {
	key := c.request.Header.Get("X-Idempotency-Key")
	if key == "" {
		return c.cause(http.StatusBadRequest, 4292, "Header X-Idempotency-Key can't be null")
	}
	id, hash, old := c.lookup(key)
	if old != nil && (old.Hash == hash || c.sim.switches.PaymentKeyIgnoresBody) {
		return reply{status: old.Status, body: []byte(old.Body), code: "repeated"}
	}
	if old != nil {
		return c.fail(http.StatusConflict, "idempotency_key_already_used", "The idempotency key was already used with another request.")
	}
	if g := c.grant; g != nil && g.OAuth && !g.Test && c.account.Test && c.sim.switches.OAuthTestSellerRefused {
		return c.fail(http.StatusInternalServerError, "user_allowed_only_in_test", "User allowed only in test")
	}
	f, err := parseObject(c.body)
	if err != nil {
		return c.cause(http.StatusBadRequest, 1, "Invalid body")
	}
	r, bad := c.readPayment(f)
	if bad == nil {
		var p *payment
		if p, bad = c.sim.makePayment(r, c.now); bad == nil {
			out := reply{status: http.StatusCreated, body: c.sim.paymentView(p)}
			c.remember(id, hash, out, "")
			return out
		}
	}
	return c.cause(bad.Status, bad.Code, bad.Message)
}

func (c *call) readPayment(f fields) (r paymentRequest, bad *denial) {
	if wrong := f.unknown(paymentFields...); len(wrong) > 0 {
		return r, deny(8, "The name of the following parameters is wrong : ["+strings.Join(wrong, ", ")+"]")
	}
	t := c.account.site()
	r = paymentRequest{Seller: c.account, Test: c.test(), Via: c.via(), Token: f.loose("token"), Method: f.loose("payment_method_id"), Issuer: f.loose("issuer_id"),
		Description: f.loose("description"), Ref: f.loose("external_reference"), NotificationURL: f.loose("notification_url"), Descriptor: f.loose("statement_descriptor"),
		CallbackURL: f.loose("callback_url"), ThreeDS: f.loose("three_d_secure_mode"), Device: c.request.Header.Get("X-Meli-Session-Id")}
	if !f.has("transaction_amount") {
		return r, deny(4002, "transaction_amount attribute can't be null")
	}
	v, ok := f.number("transaction_amount")
	if !ok {
		return r, deny(4003, "transaction_amount must be numeric")
	}
	var err error
	if r.Amount, err = t.amount(v); err != nil {
		return r, deny(4037, "Invalid transaction_amount")
	}
	if r.Method == "" {
		return r, deny(3028, "Invalid payment_method_id")
	}
	m, _ := t.method(r.Method)
	if !f.has("installments") && m.isCard() {
		return r, deny(4004, "installments attribute can't be null")
	}
	if f.has("installments") {
		if r.Installments, ok = whole(f, "installments"); !ok {
			return r, deny(4005, "installments attribute must be numeric")
		}
	}
	if r.Issuer != "" && !digits(r.Issuer) {
		return r, deny(2009, "Invalid issuer_id")
	}
	if len(r.Ref) > 256 {
		return r, deny(2014, "external_reference is too long")
	}
	for _, name := range []string{"capture", "binary_mode"} {
		if _, ok := f[name].(bool); f.has(name) && !ok {
			return r, deny(1, "Invalid "+name)
		}
	}
	r.Hold, r.Binary = f["capture"] == false, f["binary_mode"] == true
	if r.NotificationURL != "" && !webAddress(r.NotificationURL) {
		return r, deny(4020, "notificaction_url attribute must be url valid")
	}
	if len(r.NotificationURL) > 500 {
		return r, deny(4021, "notification_url attribute is too long")
	}
	if v := f.loose("date_of_expiration"); v != "" {
		if r.Expires, err = time.Parse(time.RFC3339, v); err != nil {
			return r, deny(23, "The following parameters must be valid date and format (yyyy-MM-dd'T'HH:mm:ss.SSSZ): date_of_expiration")
		}
	}
	for name, into := range map[string]*object{"metadata": &r.Metadata, "additional_info": &r.Additional, "point_of_interaction": &r.Interaction} {
		v, ok := f.object(name)
		if !ok {
			return r, deny(1, "Invalid "+name)
		}
		*into = v
	}
	if r.Metadata != nil {
		r.Metadata = snake(r.Metadata).(object)
	}
	if f.has("application_fee") {
		v, ok := f.number("application_fee")
		if r.Fee, err = t.amount(v); !ok || err != nil {
			return r, deny(4038, "application_fee attribute must be numeric")
		}
		if c.grant == nil || !c.grant.OAuth {
			return r, deny(2059, "The application_fee needs the access token of a seller who allowed the application")
		}
	}
	if d, _ := f.object("transaction_details"); d != nil {
		r.Institution = d.loose("financial_institution")
	}
	if d, _ := f.object("order"); d != nil {
		r.OrderType, r.OrderNumber = d.loose("type"), d.loose("id")
	}
	r.Payer, bad = c.readPayer(f, m)
	return r, bad
}

func (c *call) readPayer(f fields, m method) (w payer, bad *denial) {
	v, ok := f.object("payer")
	if !ok {
		return w, deny(4006, "payer attribute is malformed")
	}
	w = payer{Type: v.loose("type"), Email: v.loose("email"), FirstName: v.loose("first_name"), LastName: v.loose("last_name"), EntityType: v.loose("entity_type"),
		Identification: readIdentification(v)}
	for name, into := range map[string]*object{"phone": &w.Phone, "address": &w.Address} {
		if *into, ok = v.object(name); !ok {
			return w, deny(4006, "payer attribute is malformed")
		}
	}
	id := v.loose("id")
	if id != "" {
		if known := c.sim.customers[id]; known != nil && known.UserID == c.account.UserID {
			w.CustomerID = id
			w.Email = firstText(w.Email, known.Email)
		} else if n, err := strconv.ParseInt(id, 10, 64); err == nil && w.Type != "customer" {
			w.ID = n
		} else {
			return w, deny(2002, "Customer not found")
		}
	}
	if m.Type == accountMoney || m.Type == standingMoney { // the buyer must be known: an account
		other := c.sim.accounts[w.ID]
		if other == nil {
			other = c.sim.accountOf(w.Email)
		}
		if other == nil {
			return w, deny(2002, "Customer not found")
		}
		w.ID = other.UserID
	}
	return w, nil
}

func webAddress(v string) bool {
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// updatePayment is PUT /v1/payments/{id}: captures, cancels, or changes the
// date of expiration or the metadata (§2.3).
func updatePayment(c *call) reply {
	p, missing := c.ownPayment()
	if missing != nil {
		return *missing
	}
	f, err := parseObject(c.body)
	if err != nil {
		return c.cause(http.StatusBadRequest, 1, "Invalid body")
	}
	if wrong := f.unknown("capture", "transaction_amount", "status", "date_of_expiration", "metadata"); len(wrong) > 0 {
		return c.cause(http.StatusBadRequest, 8, "The name of the following parameters is wrong : ["+strings.Join(wrong, ", ")+"]")
	}
	if p.Online == nil {
		return c.cause(http.StatusBadRequest, 2063, "The action requested is not valid for the current payment state")
	}
	var bad *denial
	switch {
	case f.has("status"):
		bad = c.sim.cancelPayment(p, f.loose("status"), c.now)
	case f.has("capture"):
		bad = c.capture(p, f)
	case f.has("date_of_expiration"):
		bad = c.sim.postpone(p, f.loose("date_of_expiration"), c.now)
	case f.has("metadata"):
		m, ok := f.object("metadata")
		if !ok {
			return c.cause(http.StatusBadRequest, 1, "Invalid metadata")
		}
		p.Online.Metadata = snake(object(m)).(object)
		c.sim.move(p, c.now)
	default:
		return c.cause(http.StatusBadRequest, 1, "Nothing to update")
	}
	if bad != nil {
		return c.cause(bad.Status, bad.Code, bad.Message)
	}
	return reply{status: http.StatusOK, body: c.sim.paymentView(p)}
}

// capture takes held money, whole or in part; what is left of it is released.
func (c *call) capture(p *payment, f fields) *denial {
	if f["capture"] != true {
		return deny(1, "Invalid capture")
	}
	if p.Status != authorized {
		return deny(2063, "The action requested is not valid for the current payment state")
	}
	amount := p.Amount
	if f.has("transaction_amount") {
		v, _ := f["transaction_amount"].(json.Number)
		n, err := c.account.site().amount(v.String())
		if err != nil || n <= 0 || n > p.Amount {
			return deny(2017, "Invalid transaction_amount for update")
		}
		amount = n
	}
	c.sim.captureHold(p, amount, c.now)
	return nil
}

// captureHold takes so much of the held money.
func (s *Simulator) captureHold(p *payment, amount int64, now time.Time) {
	p.Amount, p.Online.Captured = amount, true
	s.grant(p, now)
	s.move(p, now)
}

// cancelPayment is the seller's cancel of what is not yet paid.
func (s *Simulator) cancelPayment(p *payment, status string, now time.Time) *denial {
	if status != cancelled {
		return deny(2016, "Invalid payment status for update")
	}
	if p.Status != pending && p.Status != inProcess && p.Status != authorized {
		return deny(2018, "The action requested is not valid for the current payment state")
	}
	p.Status, p.Detail, p.Due, p.Online.Expires = cancelled, "by_collector", time.Time{}, time.Time{}
	s.move(p, now)
	return nil
}

// postpone moves the end of an open voucher.
func (s *Simulator) postpone(p *payment, when string, now time.Time) *denial {
	at, err := time.Parse(time.RFC3339, when)
	if err != nil || !at.After(now) || at.After(p.Created.Add(30*24*time.Hour)) {
		return deny(23, "The following parameters must be valid date and format (yyyy-MM-dd'T'HH:mm:ss.SSSZ): date_of_expiration")
	}
	if p.Status != pending || p.Online.Voucher == nil {
		return deny(2063, "The action requested is not valid for the current payment state")
	}
	p.Online.Expires, p.Online.Voucher.Until = at, at
	s.move(p, now)
	return nil
}
