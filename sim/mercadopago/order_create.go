package mercadopago

import (
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// createOrder is POST /v1/orders with type qr, point (§4.1, §5.1) or online.
func createOrder(c *call) reply {
	return c.idempotent(150, func() (reply, string) {
		f, err := parseObject(c.body)
		if err != nil {
			return c.fail(http.StatusBadRequest, "json_syntax_error", "The body is not a JSON object."), ""
		}
		switch f["type"] {
		case "point":
			return c.createPoint(f)
		case "online":
			return c.createOnlineOrder(f)
		}
		o, bad := c.readOrder(f)
		if bad != nil {
			return *bad, ""
		}
		if o.Mode != "dynamic" && !c.sim.switches.AllowPosQueue {
			if c.sim.onPOS(o.UserID, o.ExternalPOS, c.now) != nil {
				return c.fail(http.StatusConflict, "already_queued_order_on_pos", "There is an order queued on the POS already."), ""
			}
		}
		c.sim.moveOrder(o, "created", "created", "created", "ready_to_process", "", c.now)
		return reply{status: http.StatusCreated, body: c.sim.orderView(o)}, "order:" + o.ID
	})
}

// onPOS is the newest order that waits on the POS's own QR.
func (s *Simulator) onPOS(user int64, external string, now time.Time) *order {
	var newest *order
	for _, o := range s.openOrder {
		if o.UserID == user && o.ExternalPOS == external && o.Mode != "dynamic" && now.Before(o.Expires) && (newest == nil || o.Created.After(newest.Created)) {
			newest = o
		}
	}
	return newest
}

// refusal gathers the first thing that is wrong with an order's body.
type refusal struct{ code, message string }

func (r *refusal) say(code, message string) {
	if r.code == "" {
		r.code, r.message = code, message
	}
}

// known refuses properties that the API does not have at that place.
func (r *refusal) known(f fields, where string, names ...string) {
	for _, name := range f.unknown(names...) {
		r.say("unsupported_properties", "unsupported property: "+where+name)
	}
}

// str reads a string property within its limit.
func (r *refusal) str(f fields, where, name string, required bool, longest int) string {
	v, ok := f.text(name)
	switch {
	case !ok:
		r.say("property_type", where+name+" expected string, but got "+kindOf(f[name]))
	case required && v == "":
		r.say("required_properties", where+name+" is required")
	case len([]rune(v)) > longest:
		r.say("property_value", where+name+" is too long")
	}
	return v
}

func (r *refusal) object(f fields, where, name string, required bool) fields {
	v, ok := f.object(name)
	switch {
	case !ok:
		r.say("property_type", where+name+" expected object, but got "+kindOf(f[name]))
	case required && v == nil:
		r.say("required_properties", where+name+" is required")
	}
	return v
}

func (r *refusal) list(f fields, where, name string) []fields {
	v, ok := f.list(name)
	if !ok {
		r.say("property_type", where+name+" expected array, but got "+kindOf(f[name]))
	}
	var list []fields
	for _, e := range v {
		m, ok := e.(map[string]any)
		if !ok {
			r.say("property_type", where+name+" expected array of objects")
		}
		list = append(list, m)
	}
	return list
}

var orderAmount = regexp.MustCompile(`^\d+(\.\d\d)?$`)

func (r *refusal) amount(f fields, t site, where, name string) int64 {
	v := r.str(f, where, name, true, 20)
	n, err := t.amount(v)
	if err != nil || n <= 0 || !orderAmount.MatchString(v) {
		r.say("property_value", where+name+" must be a positive amount with none or two decimals")
	}
	return n
}

func (c *call) readOrder(f fields) (*order, *reply) {
	o := &order{UserID: c.account.UserID, Via: c.via(), Mode: "static", UUID: newUUID(), Created: c.now,
		ID: newID("ORD", c.account.Test, c.now), PaymentID: newID("PAY", c.account.Test, c.now)}
	t := c.account.site()
	var r refusal
	r.known(f, "", "type", "total_amount", "description", "external_reference", "expiration_time", "marketplace_fee", "config", "transactions", "items", "discounts", "integration_data")
	if o.Type = r.str(f, "", "type", true, 20); o.Type != "qr" {
		r.say("property_value", "type must be qr, point or online")
	}
	o.Description = r.str(f, "", "description", false, 150)
	if o.Ref = r.str(f, "", "external_reference", true, 64); !reference.MatchString(o.Ref) {
		r.say("property_value", "external_reference must have letters, digits, hyphens or underscores only")
	}
	config := r.object(f, "", "config", true)
	r.known(config, "config.", "qr")
	qr := r.object(config, "config.", "qr", true)
	r.known(qr, "config.qr.", "external_pos_id", "mode")
	o.ExternalPOS = r.str(qr, "config.qr.", "external_pos_id", true, 40)
	switch mode := r.str(qr, "config.qr.", "mode", false, 20); mode {
	case "":
	case "static", "dynamic", "hybrid":
		o.Mode = mode
	default:
		r.say("property_value", "config.qr.mode must be static, dynamic or hybrid")
	}
	transactions := r.object(f, "", "transactions", true)
	r.known(transactions, "transactions.", "payments")
	payments := r.list(transactions, "transactions.", "payments")
	if len(payments) != 1 {
		r.say("property_value", "transactions.payments must have one element")
	} else {
		r.known(payments[0], "transactions.payments[0].", "amount")
		o.Total = r.amount(payments[0], t, "transactions.payments[0].", "amount")
	}
	if f.has("total_amount") && r.amount(f, t, "", "total_amount") != o.Total {
		r.say("property_value", "total_amount must be the sum of the transactions")
	}
	c.readOrderExtras(f, t, o, &r)
	life, ok := orderLife(r.str(f, "", "expiration_time", false, 40), o, c.sim.switches.CapStaticExpiry)
	if !ok {
		r.say("property_value", "expiration_time must be an ISO 8601 duration between PT30S and PT3600H")
	}
	o.Expires = c.now.Add(life)
	switch {
	case r.code != "":
		out := c.fail(http.StatusBadRequest, r.code, "The request has invalid properties.", r.message)
		return nil, &out
	case f.has("marketplace_fee"):
		out := c.fail(http.StatusNotFound, "marketplace_fee_not_allowed", "The marketplace fee needs a token got through OAuth.")
		return nil, &out
	case c.sim.posByExternal(o.UserID, o.ExternalPOS) == nil:
		out := c.fail(http.StatusNotFound, "pos_not_found", "POS not found.")
		return nil, &out
	}
	return o, nil
}

var isoDuration = regexp.MustCompile(`^P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$`)

// isoLife reads an ISO 8601 duration of 30 seconds at least; "" is 15 minutes.
func isoLife(v string, longest time.Duration) (time.Duration, bool) {
	if v == "" {
		return 15 * time.Minute, true
	}
	m := isoDuration.FindStringSubmatch(v)
	if m == nil {
		return 0, false
	}
	life := time.Duration(0)
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(m[i+1])
		life += time.Duration(n) * unit
	}
	return life, life >= 30*time.Second && life <= longest
}

// orderLife reads expiration_time: 15 minutes unless told, and at most 10 for
// the static mode where the provider caps it (an open question of §11).
func orderLife(v string, o *order, capped bool) (time.Duration, bool) {
	life, ok := isoLife(v, 3600*time.Hour)
	if !ok {
		return 0, false
	}
	o.ExpirationTime = v
	if capped && o.Mode == "static" && (v == "" || life > 10*time.Minute) {
		life, o.ExpirationTime = 10*time.Minute, "PT10M"
	}
	if o.ExpirationTime == "" {
		o.ExpirationTime = "PT15M"
	}
	return life, true
}
