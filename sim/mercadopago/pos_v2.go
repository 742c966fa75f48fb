package mercadopago

import (
	"net/http"
	"regexp"
)

var posName = regexp.MustCompile(`^[A-Za-z0-9_-]+( +[A-Za-z0-9_-]+)*$`)

func (c *call) posViewV2(p *pos) object {
	q := c.sim.posImages(p)
	q["qr_code"] = c.sim.staticQR(p)
	o := object{"id": p.ID, "name": p.Name, "status": "active", "date_created": utcTime(p.Created), "date_last_updated": utcTime(p.Updated),
		"user_id": p.UserID, "external_id": p.ExternalID, "qr_response": q, "config": object{"qr": object{"operating_mode": "pdv"}}}
	if p.StoreID != 0 {
		o["store_id"], o["external_store_id"] = text(p.StoreID), p.ExternalStoreID
	}
	return o
}

func createPOSV2(c *call) reply {
	return c.idempotent(64, func() (reply, string) {
		p := &pos{UserID: c.account.UserID, FixedAmount: true, Created: c.now, Updated: c.now}
		if bad := c.readPOSV2(p, true); bad != nil {
			return *bad, ""
		}
		c.sim.newPOS(p)
		return reply{status: http.StatusCreated, body: c.posViewV2(p)}, "pos:" + text(p.ID)
	})
}

func searchPOSV2(c *call) reply {
	offset, limit, bad := c.paging(30, 50)
	if bad != nil {
		return *bad
	}
	var list []object
	for _, p := range c.sim.findPOS(c) {
		list = append(list, c.posViewV2(p))
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"total": len(list), "offset": offset, "limit": limit}, "results": window(list, offset, limit)}}
}

func getPOSV2(c *call) reply {
	p, bad := c.ownPOS("bad_request", "pos_not_found")
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.posViewV2(p)}
}

func updatePOSV2(c *call) reply {
	old, bad := c.ownPOS("bad_request", "pos_not_found")
	if bad != nil {
		return *bad
	}
	return c.idempotent(64, func() (reply, string) {
		p := *old
		if bad := c.readPOSV2(&p, false); bad != nil {
			return *bad, ""
		}
		p.Updated = c.now
		c.sim.put(&p)
		return reply{status: http.StatusOK, body: c.posViewV2(&p)}, "pos:" + text(p.ID)
	})
}

func deletePOSV2(c *call) reply {
	p, bad := c.ownPOS("bad_request", "pos_not_found")
	if bad != nil {
		return *bad
	}
	c.sim.removePOS(p)
	return reply{status: http.StatusNoContent}
}

// readPOSV2 reads a v2 body into p (docs/providers/mercadopago.md §2.3).
func (c *call) readPOSV2(p *pos, create bool) *reply {
	bad := func(status int, key, message string) *reply {
		r := c.fail(status, key, message)
		return &r
	}
	f, err := parseObject(c.body)
	if err != nil {
		return bad(http.StatusBadRequest, "bad_request", "The body is not a JSON object.")
	}
	if list := f.unknown("name", "store_id", "external_store_id", "external_id", "config"); len(list) > 0 {
		return bad(http.StatusBadRequest, "bad_request", "unknown property "+list[0])
	}
	if create || f.has("external_id") {
		id, ok := f.text("external_id")
		if !ok || !alphanumeric(id) || len(id) > 40 {
			return bad(http.StatusBadRequest, "bad_request", "external_id must be alphanumeric, of 40 characters at most")
		}
		if other := c.sim.posByExternal(p.UserID, id); other != nil && other.ID != p.ID {
			return bad(http.StatusConflict, "pos_already_exists", "a pos with that external_id exists")
		}
		p.ExternalID = id
	}
	if name, ok := f.text("name"); !ok || len(name) > 45 || (name != "" && !posName.MatchString(name)) {
		return bad(http.StatusBadRequest, "bad_request", "name must have 45 letters, digits, hyphens, underscores or inner spaces at most")
	} else if name != "" {
		p.Name = name
	} else if p.Name == "" {
		p.Name = p.ExternalID
	}
	var b *store
	if f.has("store_id") {
		id, ok := f.text("store_id")
		if !ok {
			return bad(http.StatusBadRequest, "bad_request", "store_id expected string, but got "+kindOf(f["store_id"]))
		}
		if !digits(id) || len(id) > 20 {
			return bad(http.StatusBadRequest, "bad_request", "store_id must have 20 digits at most")
		}
		for _, known := range c.sim.stores {
			if text(known.ID) == id && known.UserID == p.UserID {
				b = known
			}
		}
		if b == nil {
			return bad(http.StatusNotFound, "store_not_found", "store not found")
		}
	}
	if f.has("external_store_id") {
		id, ok := f.text("external_store_id")
		if !ok || !alphanumeric(id) || len(id) > 60 {
			return bad(http.StatusBadRequest, "invalid_external_store_id", "external_store_id must be alphanumeric, of 60 characters at most")
		}
		known := c.sim.storeByExternal(p.UserID, id)
		if known == nil {
			return bad(http.StatusNotFound, "store_not_found", "store not found")
		}
		if b != nil && b != known {
			return bad(http.StatusUnprocessableEntity, "unprocessable_entity", "store_id and external_store_id name different stores")
		}
		b = known
	}
	if b == nil && create {
		return bad(http.StatusBadRequest, "bad_request", "one of store_id and external_store_id is required")
	}
	if b != nil {
		p.StoreID, p.ExternalStoreID = b.ID, b.ExternalID
	}
	return nil
}
