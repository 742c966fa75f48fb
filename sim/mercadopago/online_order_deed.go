package mercadopago

import "net/http"

// onlineDeed does a call on an order of type online, once per key.
func onlineDeed(do func(*call, *order) (reply, string)) func(*call) reply {
	return func(c *call) reply {
		o, bad := c.ownOrder()
		if bad != nil {
			return *bad
		}
		return c.idempotent(150, func() (reply, string) {
			if o.Online == nil {
				return c.wrongState("The order is not of type online."), ""
			}
			return do(c, o)
		})
	}
}

func (c *call) wrongState(message string) reply {
	return c.fail(http.StatusConflict, "action_not_allowed_for_current_state", message)
}

// processOrder pays a manual order's transaction.
func processOrder(c *call, o *order) (reply, string) {
	switch {
	case o.Status != "created" || len(o.Attempts) > 0:
		return c.fail(http.StatusConflict, "order_already_processed", "The order was processed already."), ""
	case o.Online.Pay == nil:
		return c.fail(http.StatusBadRequest, "required_properties", "The order has no transaction."), ""
	}
	return c.processOnline(o, http.StatusOK)
}

// captureOrder takes what the order holds, whole.
func captureOrder(c *call, o *order) (reply, string) {
	p := c.sim.latest(o)
	if p == nil || p.Status != authorized {
		return c.wrongState("The order has nothing to capture."), ""
	}
	c.sim.captureHold(p, p.Amount, c.now)
	return reply{status: http.StatusOK, body: c.sim.orderView(o)}, "order:" + o.ID
}

// cancelOnline ends an order that brought no money: nothing was tried, or what
// was tried waits.
func (c *call) cancelOnline(o *order) (reply, string) {
	p := c.sim.latest(o)
	switch {
	case o.Status == "canceled":
		return c.fail(http.StatusConflict, "order_already_canceled", "The order is canceled already."), ""
	case o.Status == "created" && (p == nil || p.Status == rejected):
		c.sim.moveOrder(o, "canceled", "canceled", "canceled", "canceled_by_api", "order.canceled", c.now)
	case p == nil || o.Status != "action_required" && o.Status != "processing":
		return c.fail(http.StatusConflict, "cannot_cancel_order", "The order cannot be canceled in its status."), ""
	default:
		if bad := c.sim.cancelPayment(p, cancelled, c.now); bad != nil {
			return c.fail(http.StatusConflict, "cannot_cancel_order", bad.Message), ""
		}
	}
	return reply{status: http.StatusOK, body: c.sim.orderView(o)}, "order:" + o.ID
}

// open says whether transactions can be added or changed: in manual orders
// before anything was tried.
func (o *order) open() bool {
	return o.Online.Processing == "manual" && o.Status == "created" && len(o.Attempts) == 0
}

// addTransaction is POST /v1/orders/{id}/transactions.
func addTransaction(c *call, o *order) (reply, string) {
	f, err := parseObject(c.body)
	if err != nil {
		return c.fail(http.StatusBadRequest, "json_syntax_error", "The body is not a JSON object."), ""
	}
	if !o.open() || o.Online.Pay != nil {
		return c.wrongState("A transaction cannot be added."), ""
	}
	var r refusal
	r.known(f, "", "payments")
	list := r.list(f, "", "payments")
	if len(list) != 1 {
		r.say("required_properties", "payments must have one element")
	} else {
		changed := *o
		changed.Online = new(onlineOrder)
		*changed.Online = *o.Online
		if c.readOnlinePay(&changed, list[0], "payments[0].", &r); r.code == "" {
			o.Online.Pay = changed.Online.Pay
		}
	}
	if r.code != "" {
		return c.fail(http.StatusBadRequest, r.code, "The request has invalid properties.", r.message), ""
	}
	o.PaymentID = newID("PAY", c.account.Test, c.now)
	c.sim.moveOrder(o, "created", "created", "created", "ready_to_process", "", c.now)
	return reply{status: http.StatusCreated, body: object{"payments": []object{c.sim.onlinePayView(o)}}}, ""
}

// ownTransaction finds the transaction of the path in an order that is open.
func (c *call) ownTransaction(o *order) *reply {
	var r reply
	switch {
	case o.Online.Pay == nil || c.path("transaction") != o.PaymentID:
		r = c.fail(http.StatusNotFound, "transaction_not_found", "Transaction not found.")
	case !o.open():
		r = c.wrongState("The transaction cannot be changed.")
	default:
		return nil
	}
	return &r
}

// updateTransaction is PUT /v1/orders/{id}/transactions/{transaction}: another
// way to pay.
func updateTransaction(c *call, o *order) (reply, string) {
	if bad := c.ownTransaction(o); bad != nil {
		return *bad, ""
	}
	f, err := parseObject(c.body)
	if err != nil {
		return c.fail(http.StatusBadRequest, "json_syntax_error", "The body is not a JSON object."), ""
	}
	var r refusal
	r.known(f, "", "payment_method", "amount", "expiration_time", "date_of_expiration")
	if f.has("amount") && r.amount(f, c.account.site(), "", "amount") != o.Total {
		r.say("property_value", "total_amount must be the sum of the transactions")
	}
	sent := *o.Online.Pay
	if c.readOnlineMethod(&sent, r.object(f, "", "payment_method", true), "payment_method.", &r); r.code != "" {
		return c.fail(http.StatusBadRequest, r.code, "The request has invalid properties.", r.message), ""
	}
	o.Online.Pay = &sent
	c.sim.moveOrder(o, "created", "created", "created", "ready_to_process", "", c.now)
	return reply{status: http.StatusOK, body: c.sim.onlinePayView(o)}, ""
}

// deleteTransaction is DELETE /v1/orders/{id}/transactions/{transaction}.
func deleteTransaction(c *call) reply {
	o, bad := c.ownOrder()
	if bad != nil {
		return *bad
	}
	if o.Online == nil {
		return c.wrongState("The order is not of type online.")
	}
	if bad := c.ownTransaction(o); bad != nil {
		return *bad
	}
	o.Online.Pay = nil
	c.sim.moveOrder(o, "created", "created", "created", "ready_to_process", "", c.now)
	return reply{status: http.StatusNoContent}
}
