package mercadopago

import (
	"net/http"
	"strconv"
	"time"
)

// merchantOrder is born when a buyer scans a legacy QR and gathers the
// payments made there (docs/providers/mercadopago.md §7).
type merchantOrder struct {
	ID              int64
	UserID          int64
	UUID            string // of the legacy order that was scanned
	LegacyKey       string
	PreferenceID    string
	Ref             string
	NotificationURL string
	Total           int64
	Shipping        int64 `json:",omitempty"` // of a preference, beside the total
	Items           []item
	SponsorID       string
	Payments        []int64
	Status          string // opened, closed, expired
	OrderStatus     string
	Cancelled       bool
	Created         time.Time
	Updated         time.Time
	Expires         time.Time
	Version         int
	Via             via // whose credentials opened it
}

func (m *merchantOrder) key() (string, string) { return "merchant_order", text(m.ID) }

func (m *merchantOrder) index(st *state) {
	st.merchant[m.ID] = m
	under(st.merchantByRef, m.Ref, m)
	if m.Status == "opened" {
		st.openMerchant[m.ID] = m
	} else {
		delete(st.openMerchant, m.ID)
	}
}

// refresh works out status and order status from the payments (§7) and tells
// the seller.
func (s *Simulator) refresh(m *merchantOrder, now time.Time) {
	var covered, waiting, gross, back int64
	for _, id := range m.Payments {
		switch p := s.payments[id]; p.Status {
		case approved, refunded, inMediation:
			covered += p.Asked
			gross += p.Amount
			back += p.refundedTotal()
		case chargedBack:
			covered += p.Asked
			gross += p.Amount
			back += p.Amount
		case inProcess, pending, authorized:
			waiting += p.Asked
		}
	}
	switch {
	case covered >= m.Total:
		m.Status, m.OrderStatus = "closed", "paid"
	case m.Status == "expired":
		m.OrderStatus = "expired"
	case covered > 0:
		m.Status, m.OrderStatus = "opened", "partially_paid"
	case waiting > 0:
		m.Status, m.OrderStatus = "opened", "payment_in_process"
	default:
		m.Status, m.OrderStatus = "opened", "payment_required"
	}
	if back > 0 && back >= gross {
		m.OrderStatus = "reverted"
	} else if back > 0 {
		m.OrderStatus = "partially_reverted"
	}
	if m.Status == "closed" {
		if l := s.legacy[m.LegacyKey]; l != nil && l.UUID == m.UUID {
			s.removeLegacy(l)
		}
	}
	action := "update"
	if m.Version == 0 {
		action = "create"
	}
	m.Version++
	m.Updated = now
	s.put(m)
	s.announceMerchant(m, action, now)
}

func (s *Simulator) expireMerchant(m *merchantOrder, now time.Time) {
	m.Status = "expired"
	s.refresh(m, now)
}

func (s *Simulator) merchantView(m *merchantOrder) object {
	a := s.accounts[m.UserID]
	t := a.site()
	var paid, back int64
	payments := []object{}
	for _, id := range m.Payments {
		p := s.payments[id]
		ship, operation := int64(0), "pos_payment"
		if p.Online != nil {
			ship, operation = p.Online.Shipping, p.Online.Operation
		}
		if p.Status == approved || p.Status == refunded {
			paid += p.Amount + ship
		}
		back += p.refundedTotal()
		payments = append(payments, object{"id": p.ID, "transaction_amount": t.number(p.Amount), "total_paid_amount": t.number(p.Amount + ship), "shipping_cost": t.number(ship),
			"currency_id": t.Currency, "status": p.Status, "status_detail": p.Detail, "operation_type": operation,
			"date_approved": classicOrNull(p.Approved), "date_created": classicTime(p.Created), "last_modified": classicTime(p.Updated),
			"amount_refunded": t.number(p.refundedTotal())})
	}
	items := []object{}
	for _, i := range m.Items {
		items = append(items, object{"id": i.SKU, "category_id": i.Category, "currency_id": t.Currency, "description": i.Description,
			"picture_url": orNull(i.Picture), "title": i.Title, "quantity": i.Quantity, "unit_price": t.number(i.UnitPrice)})
	}
	var payer any
	if n := len(m.Payments); n > 0 {
		payer = object{"id": buyerID, "nickname": "TESTUSERBUYER", "email": ""}
		if last := s.payments[m.Payments[n-1]].Online; last != nil {
			payer = object{"id": last.Payer.ID, "nickname": nil, "email": last.Payer.Email}
		}
	}
	return object{"id": m.ID, "status": m.Status, "external_reference": m.Ref, "preference_id": m.PreferenceID, "payments": payments,
		"shipments": []any{}, "payouts": []any{}, "collector": object{"id": a.UserID, "email": "", "nickname": a.Nickname}, "marketplace": "NONE",
		"notification_url": orNull(m.NotificationURL), "date_created": classicTime(m.Created), "last_updated": classicTime(m.Updated),
		"sponsor_id": orNull(m.SponsorID), "shipping_cost": t.number(m.Shipping), "total_amount": t.number(m.Total), "site_id": t.ID, "paid_amount": t.number(paid),
		"refunded_amount": t.number(back), "payer": payer, "items": items, "cancelled": m.Cancelled, "additional_info": nil,
		"application_id": text(m.Via.of(a)), "is_test": a.Test, "order_status": m.OrderStatus}
}

const buyerID = 1_299_000_111

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func classicOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return classicTime(t)
}

func getMerchantOrder(c *call) reply {
	id, err := strconv.ParseInt(c.path("id"), 10, 64)
	if err != nil {
		return c.fail(http.StatusBadRequest, "invalid_format", "invalid merchant order id.")
	}
	m := c.sim.merchant[id]
	if m == nil || m.UserID != c.account.UserID {
		return c.fail(http.StatusNotFound, "not_found", "merchant order not found.")
	}
	return reply{status: http.StatusOK, body: c.sim.merchantView(m)}
}
