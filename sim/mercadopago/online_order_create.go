package mercadopago

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// createOnlineOrder is POST /v1/orders with type online: paid at once
// (processing_mode automatic), or made first and processed later, by the
// seller or on the checkout's page (manual).
func (c *call) createOnlineOrder(f fields) (reply, string) {
	o, r := c.readOnlineOrder(f)
	if r.code != "" {
		return c.fail(http.StatusBadRequest, r.code, "The request has invalid properties.", r.message), ""
	}
	if f.has("marketplace_fee") && (c.grant == nil || !c.grant.OAuth) {
		return c.fail(http.StatusNotFound, "marketplace_fee_not_allowed", "The marketplace fee needs a token got through OAuth."), ""
	}
	if o.Online.Processing == "automatic" {
		return c.processOnline(o, http.StatusCreated)
	}
	p := c.sim.orderPreference(o, c.now)
	o.Online.PreferenceID, o.Online.ClientToken = p.ID, randomText(16)
	c.sim.moveOrder(o, "created", "created", "created", "ready_to_process", "", c.now)
	return reply{status: http.StatusCreated, body: c.sim.orderView(o)}, "order:" + o.ID
}

func (c *call) readOnlineOrder(f fields) (*order, refusal) {
	t := c.account.site()
	w := &onlineOrder{Test: c.test()}
	o := &order{UserID: c.account.UserID, Via: c.via(), Type: "online", Created: c.now, ID: newID("ORD", c.account.Test || w.Test, c.now),
		PaymentID: newID("PAY", c.account.Test, c.now), PaymentStatus: "created", PaymentDetail: "ready_to_process", Online: w}
	var r refusal
	r.known(f, "", "type", "total_amount", "external_reference", "capture_mode", "processing_mode", "description", "marketplace", "marketplace_fee", "expiration_time",
		"checkout_available_at", "currency", "transactions", "payer", "items", "config", "shipment", "additional_info", "integration_data")
	o.Total = r.amount(f, t, "", "total_amount")
	if o.Ref = r.str(f, "", "external_reference", true, 64); o.Ref != "" && !reference.MatchString(o.Ref) {
		r.say("property_value", "external_reference must have letters, digits, hyphens or underscores only")
	}
	w.Processing = r.word(f, "processing_mode", "automatic", "manual")
	w.Capture = r.word(f, "capture_mode", "automatic", "manual", "automatic_async")
	o.Description = r.str(f, "", "description", false, 150)
	if v := r.str(f, "", "currency", false, 3); v != "" && v != t.Currency {
		r.say("property_value", "currency is not the site's")
	}
	life, ok := isoLife(r.str(f, "", "expiration_time", false, 40), 3600*time.Hour)
	if !ok {
		r.say("property_value", "expiration_time must be an ISO 8601 duration between PT30S and PT3600H")
	}
	if o.ExpirationTime, _ = f.text("expiration_time"); o.ExpirationTime == "" {
		life = onlineOrderLife
	}
	o.Expires = c.now.Add(life)
	r.list(f, "", "items")
	o.Items, _ = f.list("items")
	w.Shipment, w.Additional = r.object(f, "", "shipment", false), r.object(f, "", "additional_info", false)
	c.readIntegration(f, o, &r)
	c.readOnlineConfig(o, f, &r)
	c.readOnlinePayer(w, r.object(f, "", "payer", true), &r)
	transactions := r.object(f, "", "transactions", false)
	r.known(transactions, "transactions.", "payments")
	payments := r.list(transactions, "transactions.", "payments")
	switch {
	case len(payments) > 1 || len(payments) == 0 && w.Processing == "automatic":
		r.say("required_properties", "transactions.payments must have one element")
	case len(payments) == 1:
		c.readOnlinePay(o, payments[0], "transactions.payments[0].", &r)
	}
	return o, r
}

// onlineOrderLife is how long a manual order waits by itself: nothing is stated.
const onlineOrderLife = 30 * 24 * time.Hour

// word reads one of a few words, the first by itself.
func (r *refusal) word(f fields, name string, of ...string) string {
	v := r.str(f, "", name, false, 40)
	if v == "" {
		return of[0]
	}
	if !slices.Contains(of, v) {
		r.say("property_value", name+" must be one of the documented ones")
	}
	return v
}

func (c *call) readOnlinePayer(w *onlineOrder, f fields, r *refusal) {
	w.Payer = payer{Email: r.str(f, "payer.", "email", f["customer_id"] == nil, 254), FirstName: r.str(f, "payer.", "first_name", false, 100), LastName: r.str(f, "payer.", "last_name", false, 100),
		EntityType: r.str(f, "payer.", "entity_type", false, 20), CustomerID: r.str(f, "payer.", "customer_id", false, 60), Identification: readIdentification(f)}
	w.Payer.Phone = r.object(f, "payer.", "phone", false)
	if address := r.object(f, "payer.", "address", false); address != nil {
		w.Payer.Address = object(address)
		if state := address.loose("state"); state != "" { // the payments API calls it federal_unit
			w.Payer.Address["federal_unit"] = state
		}
	}
}

func (c *call) readOnlineConfig(o *order, f fields, r *refusal) {
	config := r.object(f, "", "config", false)
	r.known(config, "config.", "online", "payment_method", "statement_descriptor", "default_payment_due_date")
	online := r.object(config, "config.", "online", false)
	r.known(online, "config.online.", "callback_url", "success_url", "pending_url", "failure_url", "auto_return_url", "available_from", "allowed_user_type", "auto_return", "tracks", "differential_pricing", "transaction_security", "retries")
	check := preferenceCheck{loopback: c.sim.cfg.AllowLoopback}
	for _, name := range []string{"callback_url", "success_url", "pending_url", "failure_url"} {
		if v := r.str(online, "config.online.", name, false, 600); v != "" && !check.safe(v) {
			r.say("property_value", "config.online."+name+" must be an https URL")
		}
	}
	o.Online.CallbackURL = online.loose("callback_url")
	if security := r.object(online, "config.online.", "transaction_security", false); security != nil {
		if o.Online.SecurityMode = threeDS(security.loose("validation")); o.Online.SecurityMode == "" {
			r.say("property_value", "config.online.transaction_security.validation must be supported, required or never")
		}
	}
	methods := r.object(config, "config.", "payment_method", false)
	r.known(methods, "config.payment_method.", "not_allowed_ids", "not_allowed_types", "default_id", "max_installments", "default_installments", "installments")
	if n, ok := whole(methods, "max_installments"); methods.has("max_installments") && (!ok || n > 36) {
		r.say("property_value", "config.payment_method.max_installments must be between 1 and 36")
	}
	o.Online.Config = config
}

// readOnlinePay reads the transaction: what is paid, and how.
func (c *call) readOnlinePay(o *order, f fields, where string, r *refusal) {
	r.known(f, where, "amount", "expiration_time", "date_of_expiration", "payment_method", "automatic_payments", "stored_credential", "subscription_data")
	if amount := r.amount(f, c.account.site(), where, "amount"); amount != o.Total {
		r.say("property_value", "total_amount must be the sum of the transactions")
	}
	sent := &orderPay{}
	if sent.ExpirationTime = r.str(f, where, "expiration_time", false, 40); sent.ExpirationTime != "" {
		life, ok := isoLife(sent.ExpirationTime, 30*24*time.Hour)
		if !ok {
			r.say("property_value", where+"expiration_time must be an ISO 8601 duration")
		}
		sent.Until = c.now.Add(life)
	}
	if v := r.str(f, where, "date_of_expiration", false, 40); v != "" {
		at, err := time.Parse(time.RFC3339, v)
		if err != nil {
			r.say("property_value", where+"date_of_expiration must be a date")
		}
		sent.Until = at
	}
	c.readOnlineMethod(sent, r.object(f, where, "payment_method", true), where+"payment_method.", r)
	o.Online.Pay = sent
}

func (c *call) readOnlineMethod(sent *orderPay, f fields, where string, r *refusal) {
	r.known(f, where, "id", "type", "token", "installments", "statement_descriptor", "financial_institution")
	sent.Method, sent.Type = r.str(f, where, "id", true, 40), r.str(f, where, "type", true, 40)
	m, known := c.account.site().method(sent.Method)
	if !known || m.Type != sent.Type && !(m.isCard() && (sent.Type == creditCard || sent.Type == debitCard)) {
		r.say("property_value", where+"id and type are not a method of the site")
	}
	sent.Token, sent.Descriptor, sent.Institution = r.str(f, where, "token", m.isCard(), 64), r.str(f, where, "statement_descriptor", false, 50), r.str(f, where, "financial_institution", false, 20)
	if f.has("installments") || m.isCard() {
		n, ok := whole(f, "installments")
		if !ok {
			r.say("required_properties", where+"installments is required")
		}
		sent.Installments = n
	}
}

// processOnline pays the order's transaction. A decline is 402 with the order,
// and the same under the same key.
func (c *call) processOnline(o *order, status int) (reply, string) {
	sent, w := o.Online.Pay, o.Online
	ip := fields(w.Additional).loose("payer.ip_address")
	if nested, _ := fields(w.Additional).object("payer"); ip == "" {
		ip = nested.loose("ip_address")
	}
	made, bad := c.sim.makePayment(paymentRequest{Seller: c.account, Test: w.Test, Via: o.Via, Amount: o.Total, Method: sent.Method, Token: sent.Token, Installments: sent.Installments,
		Payer: w.Payer, Description: o.Description, Ref: o.Ref, Descriptor: sent.Descriptor, CallbackURL: w.CallbackURL, Additional: object{"ip_address": ip, "items": o.Items},
		Hold: w.Capture == "manual", ThreeDS: w.SecurityMode, Expires: sent.Until, Institution: sent.Institution, OrderID: o.ID, Device: c.request.Header.Get("X-Meli-Session-Id")}, c.now)
	if bad != nil {
		return c.fail(http.StatusBadRequest, "invalid_transaction", bad.Message, fmt.Sprintf("transactions.payments[0]: %d %s", bad.Code, bad.Message)), ""
	}
	if o.Status == "" {
		o.Status, o.Detail = "created", "created"
		o.Updated = c.now
	}
	c.sim.put(o)
	c.sim.orderTook(o, made, false, c.now)
	if made.Status == rejected {
		return reply{status: http.StatusPaymentRequired, code: "failed", body: object{"errors": []object{{"code": "failed", "message": "The following transactions failed",
			"details": []string{o.PaymentID + ": " + o.PaymentDetail}}}, "data": c.sim.orderView(o)}}, ""
	}
	return reply{status: status, body: c.sim.orderView(o)}, "order:" + o.ID
}

// orderPreference stands behind checkout_url: it is no preference of the API.
func (s *Simulator) orderPreference(o *order, now time.Time) *preference {
	w, config := o.Online, fields(o.Online.Config)
	online, _ := config.object("online")
	methods, _ := config.object("payment_method")
	t := s.accounts[o.UserID].site()
	p := &preference{ID: text(o.UserID) + "-" + newUUID(), UserID: o.UserID, Via: o.Via, OrderID: o.ID, Total: o.Total, Ref: o.Ref, Created: now, Expires: true, To: o.Expires,
		Back: backURLs{Success: online.loose("success_url"), Pending: online.loose("pending_url"), Failure: online.loose("failure_url")}, AutoReturn: online.loose("auto_return")}
	p.Installments, _ = whole(methods, "max_installments")
	for name, into := range map[string]*[]string{"not_allowed_ids": &p.NoMethods, "not_allowed_types": &p.NoTypes} {
		list, _ := methods.list(name)
		for _, v := range list {
			if id, ok := v.(string); ok {
				*into = append(*into, id)
			}
		}
	}
	for _, v := range o.Items {
		m, _ := v.(map[string]any)
		it := fields(m)
		price, _ := t.amount(it.loose("unit_price"))
		quantity, _ := strconv.ParseInt(it.loose("quantity"), 10, 64)
		p.Items = append(p.Items, item{SKU: it.loose("id"), Title: it.loose("title"), Category: it.loose("category_id"), Quantity: max(1, quantity), UnitPrice: price, Total: price * max(1, quantity)})
	}
	if len(p.Items) == 0 {
		p.Items = []item{{Title: firstText(o.Description, o.Ref), Quantity: 1, UnitPrice: o.Total, Total: o.Total}}
	}
	body, err := json.Marshal(object{"payer": object{"name": w.Payer.FirstName, "surname": w.Payer.LastName, "email": w.Payer.Email,
		"identification": object{"type": w.Payer.Identification.Type, "number": w.Payer.Identification.Number}}})
	if err != nil {
		panic("sim/mercadopago: a checkout does not marshal: " + err.Error())
	}
	p.Body = body
	s.put(p)
	return p
}
