package mercadopago

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// intent is what a payment intent, Point's former generation, has that an order
// of type point has not (docs/providers/mercadopago.md §6). Terminals treat both
// alike.
type intent struct {
	Description string
	Payment     object // as it was sent
	Print       bool
}

// intentLimits are the smallest and largest amounts, in cents, by site.
var intentLimits = map[string][2]int64{"MLA": {500, 400_000_000}, "MLB": {100, 7_000_000}, "MLM": {500, 35_000_000}}

// intentLife is when an intent that nobody took is abandoned: not stated.
const intentLife = 15 * time.Minute

// topicPoint tells of intents that have ended.
const topicPoint = "point_integration_wh"

func (o *order) isIntent() bool { return o.Point != nil && o.Point.Intent != nil }

// intentState is an order's status in the words of intents. FINISHED does not
// say that it was approved.
func intentState(o *order) string {
	if o.Status == "at_terminal" && !o.Point.Processing.IsZero() {
		return "PROCESSING"
	}
	return map[string]string{"created": "OPEN", "at_terminal": "ON_TERMINAL", "processed": "FINISHED", "failed": "FINISHED", "refunded": "FINISHED",
		"canceled": "CANCELED", "expired": "ABANDONED", "action_required": "CONFIRMATION_REQUIRED"}[o.Status]
}

func (s *Simulator) intentView(o *order) object {
	payment := object{"installments": 1, "installments_cost": "seller"}
	for k, v := range o.Point.Intent.Payment {
		payment[k] = v
	}
	if p := s.latest(o); p != nil {
		payment["id"], payment["type"], payment["installments"] = p.ID, p.Card.Type, p.Card.Installments
	}
	info := object{"external_reference": o.Ref, "print_on_terminal": o.Point.Intent.Print}
	if o.Point.Ticket != "" {
		info["ticket_number"] = o.Point.Ticket
	}
	return object{"id": o.ID, "device_id": o.Point.Terminal, "amount": o.Total, "description": o.Point.Intent.Description, "payment": payment, "additional_info": info,
		"state": intentState(o)}
}

// announceIntent tells the panel's address of an intent that has ended, in an
// envelope of its own. Nothing is told of one that was abandoned.
func (s *Simulator) announceIntent(o *order, now time.Time) {
	state := intentState(o)
	if !slices.Contains([]string{"FINISHED", "CANCELED", "CONFIRMATION_REQUIRED", "ERROR"}, state) {
		return
	}
	a := s.accounts[o.UserID]
	info := object{"external_reference": o.Ref}
	if o.Point.Ticket != "" {
		info["ticket_number"] = o.Point.Ticket
	}
	body := object{"id": o.ID, "amount": o.Total, "caller_id": a.UserID, "client_id": o.Via.of(a), "created_at": o.Created.In(zone).Format(time.DateTime), "state": state, "additional_info": info}
	if p := s.latest(o); state == "FINISHED" && p != nil {
		body["payment"] = object{"id": p.ID, "state": p.Status, "type": p.Card.Type}
	} else if state == "CONFIRMATION_REQUIRED" {
		body["payment"] = object{"id": nil, "state": "", "type": ""}
	}
	for _, to := range s.targets(a, o.Via, topicPoint, "") {
		if to.channel == "webhook" {
			s.enqueue(&notice{UserID: a.UserID, Topic: topicPoint, Action: "state_" + state, Resource: o.ID, Version: o.Version, Body: body}, to, now)
		}
	}
}

// createIntent is POST /point/integration-api/devices/{device}/payment-intents.
func createIntent(c *call) reply {
	d := c.sim.terminals[terminalKey(c.account.UserID, c.path("device"))]
	f, err := parseObject(c.body)
	limits, sold := intentLimits[c.account.Site]
	switch {
	case err != nil:
		return c.fail(http.StatusBadRequest, "bad_request", "The body is not a JSON object.")
	case d == nil || !sold:
		return c.fail(http.StatusForbidden, "forbidden", "The device does not belong to the user.")
	case c.sim.waiting(d) != nil:
		return c.fail(http.StatusConflict, "2205", "There is already a queued intent for the device")
	}
	number, _ := f.number("amount")
	amount, err := strconv.ParseInt(number, 10, 64)
	if err != nil || amount < limits[0] || amount > limits[1] {
		return c.fail(http.StatusBadRequest, "bad_request", fmt.Sprintf("amount must be a whole number of cents between %d and %d", limits[0], limits[1]))
	}
	info, ok := f.object("additional_info")
	payment, ok2 := f.object("payment")
	kind, ok3 := payment.text("type")
	if !ok || !ok2 || !ok3 || kind != "" && !slices.Contains([]string{"credit_card", "debit_card", "voucher_card"}, kind) {
		return c.fail(http.StatusBadRequest, "bad_request", "payment or additional_info is malformed")
	}
	print, _ := info["print_on_terminal"].(bool)
	o := &order{ID: newUUID(), UserID: c.account.UserID, Via: c.via(), Type: "point", UUID: newUUID(), Ref: info.loose("external_reference"), Description: f.loose("description"), Total: amount,
		PaymentID: newID("PAY", c.account.Test, c.now), Created: c.now, Expires: c.now.Add(intentLife),
		Point: &point{Terminal: d.ID, Ticket: info.loose("ticket_number"), Print: "no_ticket", Intent: &intent{Description: f.loose("description"), Payment: object(payment), Print: print}}}
	if print {
		o.Point.Print = "seller_ticket"
	}
	if kind == creditCard || kind == debitCard {
		o.Point.DefaultType = kind
	}
	c.sim.moveOrder(o, "created", "created", "created", "created", "", c.now)
	view := c.sim.intentView(o)
	delete(view, "state")
	return reply{status: http.StatusOK, body: view}
}

func (c *call) ownIntent() (*order, *reply) {
	o := c.sim.orders[c.path("intent")]
	if o == nil || !o.isIntent() || o.UserID != c.account.UserID {
		r := c.fail(http.StatusNotFound, "not_found", "Payment intent not found.")
		return nil, &r
	}
	return o, nil
}

func getIntent(c *call) reply {
	o, bad := c.ownIntent()
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.sim.intentView(o)}
}

// cancelIntent is possible while the terminal has not taken it.
func cancelIntent(c *call) reply {
	o, bad := c.ownIntent()
	switch {
	case bad != nil:
		return *bad
	case o.Point.Terminal != c.path("device"):
		return c.fail(http.StatusNotFound, "not_found", "Payment intent not found.")
	case o.Status != "created":
		return c.fail(http.StatusConflict, "conflict", "The payment intent is blocked by the terminal.")
	}
	c.sim.endPoint(o, "canceled", "canceled_by_api", c.now)
	return reply{status: http.StatusOK, body: object{"id": o.ID}}
}

func intentStatus(c *call) reply {
	o, bad := c.ownIntent()
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: object{"status": intentState(o), "created_on": utcTime(o.Updated)}}
}

// listIntents lists what has ended within at most 30 days.
func listIntents(c *call) reply {
	from, err := time.Parse(time.DateOnly, c.query("startDate"))
	until, err2 := time.Parse(time.DateOnly, c.query("endDate"))
	if err != nil || err2 != nil || until.Before(from) || until.Sub(from) > 30*24*time.Hour {
		return c.fail(http.StatusBadRequest, "bad_request", "startDate and endDate must be dates, 30 days apart at most.")
	}
	list := []object{}
	for _, o := range sorted(c.sim.orders) {
		if o.isIntent() && o.UserID == c.account.UserID && !o.isOpenPoint() && !o.Updated.Before(from) && o.Updated.Before(until.AddDate(0, 0, 1)) {
			list = append(list, object{"payment_intent_id": o.ID, "status": intentState(o), "created_on": utcTime(o.Updated)})
		}
	}
	return reply{status: http.StatusOK, body: object{"events": list}}
}

// listDevices is GET /point/integration-api/devices: the terminals under their
// former name.
func listDevices(c *call) reply {
	offset, limit, bad := c.paging(50, 50)
	if bad != nil {
		return *bad
	}
	found := c.terminalViews()
	return reply{status: http.StatusOK, body: object{"devices": window(found, offset, limit), "paging": object{"total": len(found), "offset": offset, "limit": limit}}}
}

// setDeviceMode is PATCH /point/integration-api/devices/{device}.
func setDeviceMode(c *call) reply {
	f, err := parseObject(c.body)
	mode, _ := f.text("operating_mode")
	if err != nil || mode != modePDV && mode != modeStandalone {
		return c.fail(http.StatusBadRequest, "bad_request", "operating_mode must be PDV or STANDALONE")
	}
	d := c.sim.terminals[terminalKey(c.account.UserID, c.path("device"))]
	switch {
	case d == nil:
		return c.fail(http.StatusBadRequest, "bad_request", "The device id is not valid.")
	case c.sim.posByExternal(d.UserID, d.ExternalPOS) == nil:
		return c.fail(http.StatusForbidden, "forbidden", "The user is not logged into the device.")
	}
	d.OperatingMode = mode
	c.sim.put(d)
	return reply{status: http.StatusOK, body: object{"operating_mode": mode}}
}
