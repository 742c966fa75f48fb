package mercadopago

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// order is one of the Orders API (docs/providers/mercadopago.md §4, §5).
type order struct {
	ID             string
	UserID         int64
	Type           string
	Ref            string
	Description    string
	Total          int64
	ExpirationTime string // as it was sent or given, ISO 8601
	ExternalPOS    string
	Mode           string // static, dynamic, hybrid
	UUID           string // of the dynamic QR
	Items          []any  // echoed
	Discounts      any
	Integration    map[string]any
	PaymentID      string // PAY…
	PaymentStatus  string
	PaymentDetail  string
	Attempts       []int64 // classic payments, the last one counts
	Status, Detail string
	Created        time.Time
	Updated        time.Time
	Expires        time.Time
	Version        int
	Point          *point       `json:",omitempty"` // of type point
	Via            via          // whose credentials made it
	Online         *onlineOrder `json:",omitempty"` // of type online
}

func (o *order) key() (string, string) { return "order", o.ID }

func (o *order) index(st *state) {
	st.orders[o.ID] = o
	under(st.orderByRef, o.Ref, o)
	delete(st.openOrder, o.ID)
	delete(st.openPoint, o.ID)
	if o.isOpenPoint() || o.Point != nil && o.Point.Event != nil {
		st.openPoint[o.ID] = o
	} else if o.Status == "created" {
		st.openOrder[o.ID] = o
	}
}

// newID gives ids as §1.3 has them: ORD, PAY, REF and a ULID, with TST
// between when the credentials are test ones and it is an order's.
func newID(prefix string, test bool, now time.Time) string {
	if test && prefix == "ORD" {
		prefix += "TST"
	}
	return prefix + ulid.MustNew(ulid.Timestamp(now), rand.Reader).String()
}

// paid is the attempt that was approved, nil before.
func (s *Simulator) paid(o *order) *payment {
	for _, id := range o.Attempts {
		if p := s.payments[id]; p.Status == approved || p.Status == refunded {
			return p
		}
	}
	return nil
}

// locked says whether a payment is under way.
func (s *Simulator) locked(o *order) bool {
	return slices.ContainsFunc(o.Attempts, func(id int64) bool { return s.payments[id].Status == inProcess })
}

// moveOrder sets the order's status, files it and tells the seller.
func (s *Simulator) moveOrder(o *order, status, detail, payStatus, payDetail, action string, now time.Time) {
	o.Status, o.Detail, o.PaymentStatus, o.PaymentDetail = status, detail, payStatus, payDetail
	o.Updated = now
	o.Version++
	s.put(o)
	if action != "" {
		s.announceOrder(o, action, now)
	}
}

func (s *Simulator) orderView(o *order) object {
	if o.Online != nil {
		return s.onlineOrderView(o)
	}
	a := s.accounts[o.UserID]
	t := a.site()
	country := t.Alpha3
	if s.switches.CountryCodeAlpha2 {
		country = t.Country
	}
	pay := object{"id": o.PaymentID, "amount": t.text(o.Total), "status": o.PaymentStatus, "status_detail": o.PaymentDetail}
	transactions := object{"payments": []object{pay}}
	integration := object{"application_id": text(o.Via.of(a))}
	for k, v := range o.Integration {
		integration[k] = v
	}
	v := object{"id": o.ID, "type": o.Type, "processing_mode": "automatic", "external_reference": o.Ref, "total_amount": t.text(o.Total),
		"expiration_time": o.ExpirationTime, "country_code": country, "user_id": text(o.UserID), "status": o.Status, "status_detail": o.Detail,
		"currency": t.Currency, "created_date": utcTime(o.Created), "last_updated_date": utcTime(o.Updated), "integration_data": integration,
		"transactions": transactions, "config": object{"qr": object{"external_pos_id": o.ExternalPOS, "mode": o.Mode}}}
	if o.Description != "" {
		v["description"] = o.Description
	}
	if len(o.Items) > 0 {
		v["items"] = o.Items
	}
	if o.Discounts != nil {
		v["discounts"] = o.Discounts
	}
	if o.Point != nil {
		s.pointView(o, v, pay)
	} else if o.Mode != "static" {
		v["type_response"] = object{"qr_data": s.dynamicQR(a, o.UUID)}
	}
	if p := s.paid(o); p != nil && (o.Status == "processed" || o.Status == "refunded") {
		if o.Point == nil {
			v["total_paid_amount"] = t.text(p.Amount)
		} else {
			pointPayView(p, t, pay)
		}
		pay["paid_amount"], pay["reference_id"] = t.text(p.Amount), text(p.ID)
		pay["payment_method"] = object{"id": p.Card.method(t), "type": p.Card.Type, "installments": p.Card.Installments}
		if len(p.Refunds) > 0 {
			pay["refunded_amount"] = t.text(p.refundedTotal())
			var list []object
			for _, r := range p.Refunds {
				list = append(list, orderRefundView(o, t, r))
			}
			transactions["refunds"] = list
		}
	}
	return v
}

func orderRefundView(o *order, t site, r refund) object {
	return object{"id": r.RefID, "transaction_id": o.PaymentID, "reference_id": text(r.ID), "amount": t.text(r.Amount), "status": r.Status}
}

// ownOrder finds the order of the path that belongs to the token.
func (c *call) ownOrder() (*order, *reply) {
	id := c.path("id")
	rest, ok := strings.CutPrefix(id, "ORD")
	if _, err := ulid.ParseStrict(strings.TrimPrefix(rest, "TST")); !ok || err != nil {
		r := c.fail(http.StatusBadRequest, "invalid_path_param", "path param order id is invalid")
		return nil, &r
	}
	o := c.sim.orders[id]
	if o == nil || o.UserID != c.account.UserID {
		r := c.fail(http.StatusNotFound, "order_not_found", "Order not found.")
		return nil, &r
	}
	return o, nil
}

// getOrder tells of orders younger than three months only (§4.2).
func getOrder(c *call) reply {
	o, bad := c.ownOrder()
	if bad != nil {
		return *bad
	}
	if c.now.Sub(o.Created) > 90*24*time.Hour {
		return c.fail(http.StatusNotFound, "order_not_found", "Order not found.")
	}
	return reply{status: http.StatusOK, body: c.sim.orderView(o)}
}

// resource is what an idempotency key stands for, as it is now.
func (c *call) resource(name string) any {
	kind, id, _ := strings.Cut(name, ":")
	switch kind {
	case "order":
		if o := c.sim.orders[id]; o != nil {
			return c.sim.orderView(o)
		}
	case "pos":
		for _, p := range c.sim.pos {
			if text(p.ID) == id {
				return c.posViewV2(p)
			}
		}
	}
	return nil
}

// cancelOrder is possible from created only, and not while a payment is under
// way (§4.2).
func cancelOrder(c *call) reply {
	o, bad := c.ownOrder()
	if bad != nil {
		return *bad
	}
	return c.idempotent(150, func() (reply, string) {
		switch {
		case o.Online != nil:
			return c.cancelOnline(o)
		case o.Point != nil:
			return c.cancelPoint(o)
		case c.sim.locked(o):
			return c.fail(http.StatusConflict, "instore_order_locked_error", "The order is locked by a payment in progress."), ""
		case o.Status != "created":
			return c.fail(http.StatusConflict, "order_already_canceled", "The order cannot be canceled in its status."), ""
		}
		c.sim.moveOrder(o, "canceled", "canceled", "canceled", "canceled_by_api", "order.canceled", c.now)
		return reply{status: http.StatusOK, body: c.sim.orderView(o)}, "order:" + o.ID
	})
}
