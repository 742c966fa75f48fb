package mercadopago

import (
	"net/http"
	"slices"
	"time"
)

// legacyOrder is what waits on a POS's QR, or behind a dynamic one, until it
// is paid, deleted or expires (docs/providers/mercadopago.md §3).
type legacyOrder struct {
	Key             string // user/POS code, or dynamic/UUID
	UUID            string // another one for each order
	UserID          int64
	ExternalPOS     string
	Ref             string
	Title           string
	Description     string
	NotificationURL string
	Total           int64
	Items           []item
	SponsorID       string
	CashOut         int64
	Expiration      string // as it was sent
	Created         time.Time
	Expires         time.Time
}

type item struct {
	SKU, Category, Title, Description, Measure, Currency, Picture string
	Quantity, UnitPrice, Total                                    int64
}

const legacyLife = 600 * time.Second

func (l *legacyOrder) key() (string, string) { return "legacy", l.Key }
func (l *legacyOrder) index(st *state)       { st.legacy[l.Key] = l }

func legacyKey(user int64, external string) string { return text(user) + "/" + external }

func (l *legacyOrder) view(t site) object {
	var items []object
	for _, i := range l.Items {
		o := object{"title": i.Title, "unit_price": t.number(i.UnitPrice), "quantity": i.Quantity, "unit_measure": i.Measure, "total_amount": t.number(i.Total)}
		for name, v := range map[string]string{"sku_number": i.SKU, "category": i.Category, "description": i.Description, "currency_id": i.Currency} {
			if v != "" {
				o[name] = v
			}
		}
		items = append(items, o)
	}
	o := object{"external_reference": l.Ref, "total_amount": t.number(l.Total), "items": items, "title": l.Title, "description": l.Description,
		"expiration_date": classicTime(l.Expires), "notification_url": l.NotificationURL, "user_id": l.UserID, "external_pos_id": l.ExternalPOS}
	if l.SponsorID != "" {
		o["sponsor"] = object{"id": number(l.SponsorID)}
	}
	return o
}

// legacyPOS checks the path of a legacy call: a numeric user that is the
// token's, and a POS of the account.
func (c *call) legacyPOS() (*pos, *reply) {
	bad := func(r reply) (*pos, *reply) { return nil, &r }
	if !digits(c.path("user")) {
		return bad(c.fail(http.StatusBadRequest, "invalid_collectorId", "user_id must be a number."))
	}
	if !c.own() {
		return bad(c.forbidden())
	}
	if !alphanumeric(c.path("pos")) {
		return bad(c.fail(http.StatusBadRequest, "invalid_externalPosId", "external_pos_id must be alphanumeric."))
	}
	p := c.sim.posByExternal(c.account.UserID, c.path("pos"))
	if p == nil || (c.path("store") != "" && p.ExternalStoreID != c.path("store")) {
		return bad(c.fail(http.StatusBadRequest, "invalid_externalPosId", "No point of sale has that external_pos_id in that store."))
	}
	return p, nil
}

// putLegacy puts an order on the POS's QR, in place of the one that waits
// there: 204, without body and without id (§3.1).
func putLegacy(c *call) reply {
	p, bad := c.legacyPOS()
	if bad != nil {
		return *bad
	}
	l, bad := c.readLegacy(p)
	if bad != nil {
		return *bad
	}
	l.Key = legacyKey(c.account.UserID, p.ExternalID)
	c.sim.put(l)
	return reply{status: http.StatusNoContent}
}

func getLegacy(c *call) reply {
	p, bad := c.legacyPOS()
	if bad != nil {
		return *bad
	}
	l := c.sim.pendingLegacy(legacyKey(c.account.UserID, p.ExternalID), c.now)
	if l == nil {
		return c.fail(http.StatusNotFound, "point_of_sale_in_store_order_not_found", "No associated order found.")
	}
	var body any = l.view(c.account.site())
	if c.sim.switches.LegacyGetArray {
		body = []any{body}
	}
	return reply{status: http.StatusOK, body: body}
}

// deleteLegacy takes the order off the QR. With nothing there it answers the
// 500 that §3.3 tells of.
func deleteLegacy(c *call) reply {
	p, bad := c.legacyPOS()
	if bad != nil {
		return *bad
	}
	l := c.sim.pendingLegacy(legacyKey(c.account.UserID, p.ExternalID), c.now)
	if l == nil {
		return c.fail(http.StatusInternalServerError, "in_store_order_creation_error", "Failed to delete order.")
	}
	c.sim.removeLegacy(l)
	for _, m := range sorted(c.sim.openMerchant) {
		if m.UUID == l.UUID && !c.sim.busy(m) {
			m.Cancelled = true
			c.sim.expireMerchant(m, c.now)
		}
	}
	return reply{status: http.StatusNoContent}
}

// pendingLegacy is the order that waits under the key and has not run out,
// also when no sweep has passed since.
func (s *Simulator) pendingLegacy(key string, now time.Time) *legacyOrder {
	if l := s.legacy[key]; l != nil && now.Before(l.Expires) {
		return l
	}
	return nil
}

func (s *Simulator) removeLegacy(l *legacyOrder) {
	if s.legacy[l.Key] == l {
		delete(s.legacy, l.Key)
		s.drop(l)
	}
}

// busy says whether the merchant order has money in it or under way.
func (s *Simulator) busy(m *merchantOrder) bool {
	return slices.ContainsFunc(m.Payments, func(id int64) bool {
		p := s.payments[id]
		return p.Status == approved || p.Status == inProcess
	})
}
