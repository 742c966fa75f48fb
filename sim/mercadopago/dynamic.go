package mercadopago

import "net/http"

// postDynamic makes a one-off QR that is not tied to the POS's own
// (docs/providers/mercadopago.md §3.5).
func postDynamic(c *call) reply {
	l, bad := c.readDynamic()
	if bad != nil {
		return *bad
	}
	l.Key = "dynamic/" + l.UUID
	c.sim.put(l)
	return reply{status: http.StatusOK, body: object{"qr_data": c.sim.dynamicQR(c.account, l.UUID), "in_store_order_id": l.UUID}}
}

// putHybrid puts the order on the POS's QR and makes a dynamic one for it too.
func putHybrid(c *call) reply {
	l, bad := c.readDynamic()
	if bad != nil {
		return *bad
	}
	l.Key = legacyKey(c.account.UserID, l.ExternalPOS)
	c.sim.put(l)
	if c.sim.switches.HybridEmptyBody {
		return reply{status: http.StatusCreated}
	}
	return reply{status: http.StatusCreated, body: object{"qr_data": c.sim.dynamicQR(c.account, l.UUID), "in_store_order_id": l.UUID}}
}

func (c *call) readDynamic() (*legacyOrder, *reply) {
	p, bad := c.legacyPOS()
	if bad != nil {
		return nil, bad
	}
	return c.readLegacy(p)
}
