package mercadopago

import (
	"net/http"
	"regexp"
	"slices"
	"time"
)

// point is what an order of type point has besides (§5).
type point struct {
	Terminal    string
	Print       string // seller_ticket, no_ticket
	Ticket      string
	DefaultType string
	// Processing is when a payment that has not ended yet was begun; Trouble is
	// the payment's detail if it does not end in time (§5.5).
	Processing time.Time
	Trouble    string
	// CancelAsked is when the API asked the terminal to let go (§5.3).
	CancelAsked time.Time
	// Intent is there for a payment intent of the generation before (§6).
	Intent *intent `json:",omitempty"`
	// Event is what was ordered to happen (§5.6).
	Event *pointEvent `json:",omitempty"`
}

// createPoint is POST /v1/orders with type point (§5.1).
func (c *call) createPoint(f fields) (reply, string) {
	o, bad := c.readPoint(f)
	if bad != nil {
		return *bad, ""
	}
	d := c.sim.terminals[terminalKey(o.UserID, o.Point.Terminal)]
	switch {
	case d == nil, c.account.Test && d.ID != VirtualTerminal && !c.sim.switches.TestAnyTerminal:
		return c.fail(http.StatusForbidden, "forbidden_checking_terminal_owner", "The terminal does not belong to the user."), ""
	case c.sim.waiting(d) != nil:
		return c.fail(http.StatusConflict, "already_queued_order_for_terminal", "There is already a queued order for the terminal."), ""
	}
	c.sim.moveOrder(o, "created", "created", "created", "created", "", c.now)
	return reply{status: http.StatusCreated, body: c.sim.orderView(o)}, "order:" + o.ID
}

var pointAmount = regexp.MustCompile(`^\d+(\.\d{1,2})?$`)

// filled reads an object that must be there and hold something.
func (r *refusal) filled(f fields, where, name string, names ...string) fields {
	v := r.object(f, where, name, true)
	if v != nil && len(v) == 0 {
		r.say("minimum_properties", where+name+" must have a property")
	}
	r.known(v, where+name+".", names...)
	return v
}

// one of the values, the first one if the property is left out.
func (r *refusal) oneOf(f fields, where, name string, values ...string) string {
	v := r.str(f, where, name, false, 40)
	if !f.has(name) {
		return values[0]
	}
	if !slices.Contains(values, v) {
		r.say("property_value", where+name+" is not one of the known values")
	}
	return v
}

func (c *call) readPoint(f fields) (*order, *reply) {
	o := &order{UserID: c.account.UserID, Via: c.via(), Type: "point", UUID: newUUID(), Created: c.now, Point: &point{},
		ID: newID("ORD", c.account.Test, c.now), PaymentID: newID("PAY", c.account.Test, c.now)}
	t := c.account.site()
	var r refusal
	r.known(f, "", "type", "external_reference", "description", "expiration_time", "config", "transactions", "integration_data")
	o.Description = r.str(f, "", "description", false, 150)
	if o.Ref = r.str(f, "", "external_reference", true, 64); !reference.MatchString(o.Ref) {
		r.say("property_value", "external_reference must have letters, digits, hyphens or underscores only")
	}
	config := r.filled(f, "", "config", "point", "payment_method")
	p := r.filled(config, "config.", "point", "terminal_id", "print_on_terminal", "ticket_number")
	o.Point.Terminal = r.str(p, "config.point.", "terminal_id", true, 100)
	o.Point.Print = r.oneOf(p, "config.point.", "print_on_terminal", "seller_ticket", "no_ticket")
	o.Point.Ticket = r.str(p, "config.point.", "ticket_number", false, 50)
	if config.has("payment_method") {
		m := r.filled(config, "config.", "payment_method", "default_type")
		o.Point.DefaultType = r.oneOf(m, "config.payment_method.", "default_type", "", "credit_card", "debit_card")
	}
	transactions := r.filled(f, "", "transactions", "payments")
	if transactions != nil && !transactions.has("payments") {
		r.say("required_properties", "transactions.payments is required")
	}
	switch payments := r.list(transactions, "transactions.", "payments"); len(payments) {
	case 0:
		r.say("minimum_items", "transactions.payments must have one element")
	case 1:
		r.known(payments[0], "transactions.payments[0].", "amount")
		o.Total = c.readPointAmount(&r, payments[0], t)
	default:
		r.say("maximum_items", "transactions.payments must have one element")
	}
	c.readIntegration(f, o, &r)
	life, ok := isoLife(r.str(f, "", "expiration_time", false, 40), 3*time.Hour)
	if !ok {
		r.say("property_value", "expiration_time must be an ISO 8601 duration between PT30S and PT3H")
	}
	if o.ExpirationTime, _ = f.text("expiration_time"); o.ExpirationTime == "" {
		o.ExpirationTime = "PT15M"
	}
	o.Expires = c.now.Add(life)
	var out reply
	switch {
	case r.code != "":
		out = c.fail(http.StatusBadRequest, r.code, "The request has invalid properties.", r.message)
	case !slices.Contains(pointSites, c.account.Site):
		out = c.fail(http.StatusBadRequest, "unsupported_site", "The site is not supported.")
	default:
		return o, nil
	}
	return nil, &out
}

// readPointAmount takes up to two decimals, where an order of type qr takes
// none or two. Test accounts in Mexico were seen to be refused below 5.00.
func (c *call) readPointAmount(r *refusal, f fields, t site) int64 {
	v := r.str(f, "transactions.payments[0].", "amount", true, 20)
	n, err := t.amount(v)
	if err != nil || n <= 0 || !pointAmount.MatchString(v) {
		r.say("property_value", "transactions.payments[0].amount must be a positive amount with two decimals at most")
	} else if c.account.Test && t.ID == "MLM" && n < 500 {
		r.say("property_value", "transactions.payments[0].amount must be 5.00 at least")
	}
	return n
}
