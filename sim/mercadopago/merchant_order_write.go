package mercadopago

import (
	"net/http"
	"strconv"
)

// createMerchantOrder is POST /merchant_orders: an order without a payment so
// far, of a preference or of items of its own
// (docs/providers/mercadopago-online.md §2.2).
func createMerchantOrder(c *call) reply {
	m := &merchantOrder{UserID: c.account.UserID, Via: c.via(), Created: c.now}
	if bad := c.readMerchantOrder(m); bad != nil {
		return *bad
	}
	m.ID = c.sim.next(&c.sim.count.Merchant)
	if p := c.sim.preferences[m.PreferenceID]; p != nil && p.MerchantID == 0 {
		p.MerchantID = m.ID
		c.sim.put(p)
	}
	c.sim.refresh(m, c.now)
	return reply{status: http.StatusCreated, body: c.sim.merchantView(m)}
}

// updateMerchantOrder is PUT /merchant_orders/{id}: what is sent replaces what
// was there, while nothing was paid.
func updateMerchantOrder(c *call) reply {
	id, err := strconv.ParseInt(c.path("id"), 10, 64)
	m := c.sim.merchant[id]
	if err != nil || m == nil || m.UserID != c.account.UserID {
		return c.fail(http.StatusNotFound, "not_found", "merchant order not found.")
	}
	if m.Status != "opened" || c.sim.busy(m) {
		return c.fail(http.StatusBadRequest, "invalid_status", "the merchant order cannot be changed any more.")
	}
	changed := *m
	if bad := c.readMerchantOrder(&changed); bad != nil {
		return *bad
	}
	under := c.sim.merchantByRef
	for i, old := range under[m.Ref] {
		if old == m && changed.Ref != m.Ref {
			under[m.Ref] = append(under[m.Ref][:i:i], under[m.Ref][i+1:]...)
			break
		}
	}
	*m = changed
	c.sim.refresh(m, c.now)
	return reply{status: http.StatusOK, body: c.sim.merchantView(m)}
}

// readMerchantOrder reads what a seller may say of a merchant order.
func (c *call) readMerchantOrder(m *merchantOrder) *reply {
	bad := func(code, message string) *reply {
		r := c.fail(http.StatusBadRequest, code, message)
		return &r
	}
	f, err := parseObject(c.body)
	if err != nil {
		return bad("invalid_json", "The body is not a JSON object.")
	}
	r := &preferenceCheck{t: c.account.site(), loopback: c.sim.cfg.AllowLoopback}
	if v := r.text(f, "invalid_preference_id", "preference_id", 100); v != "" {
		p := c.sim.preferences[v]
		if p == nil || p.UserID != c.account.UserID {
			return bad("invalid_preference_id", "preference_id not found")
		}
		m.PreferenceID, m.Items, m.Total, m.Shipping, m.Ref, m.NotificationURL = p.ID, p.Items, p.Total, p.Shipping, p.Ref, p.Notification
	}
	if f.has("items") {
		var p preference
		r.items(&p, f)
		m.Items, m.Total = p.Items, p.Total
	}
	if f.has("external_reference") {
		m.Ref = r.text(f, "invalid_external_reference", "external_reference", 256)
	}
	if f.has("notification_url") {
		if m.NotificationURL = r.text(f, "invalid_notification_url", "notification_url", 248); !r.safe(m.NotificationURL) {
			r.say("invalid_notification_url", "notification_url must be an https URL")
		}
	}
	if v, _ := f.text("site_id"); v != "" && v != c.account.Site {
		r.say("invalid_site_id", "site_id is not the collector's")
	}
	if f.has("sponsor_id") {
		m.SponsorID = f.loose("sponsor_id")
	}
	switch {
	case r.code != "":
		return bad(r.code, r.message)
	case len(m.Items) == 0:
		return bad("invalid_items", "items needed")
	}
	return nil
}
