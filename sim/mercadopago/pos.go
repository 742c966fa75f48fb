package mercadopago

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// pos is a till's QR (docs/providers/mercadopago.md §2.2, §2.3).
type pos struct {
	ID              int64
	UserID          int64
	Name            string
	FixedAmount     bool
	StoreID         int64
	ExternalStoreID string
	ExternalID      string
	Category        int64
	URL             string
	UUID            string
	Created         time.Time
	Updated         time.Time
}

func (p *pos) key() (string, string) { return "pos", text(p.ID) }
func (p *pos) index(st *state)       { st.pos[p.ID] = p }

func (s *Simulator) newPOS(p *pos) {
	p.ID = s.next(&s.count.POS)
	sum := sha256.Sum256([]byte("pos " + text(p.ID) + text(p.UserID)))
	p.UUID = hex.EncodeToString(sum[:])
	s.put(p)
}

func (s *Simulator) posImages(p *pos) object {
	base := s.cfg.PublicURL + "/instore/merchant/qr/" + text(p.ID) + "/"
	return object{"image": base + p.UUID + ".png", "template_document": base + "template_" + p.UUID + ".pdf", "template_image": base + "template_" + p.UUID + ".png"}
}

// posByExternal finds a POS of an account by the seller's own code.
func (s *Simulator) posByExternal(user int64, external string) *pos {
	for _, p := range s.pos {
		if p.UserID == user && p.ExternalID == external {
			return p
		}
	}
	return nil
}

func (s *Simulator) storeByExternal(user int64, external string) *store {
	for _, b := range s.stores {
		if b.UserID == user && b.ExternalID == external && external != "" {
			return b
		}
	}
	return nil
}

func (c *call) posView(p *pos, full bool) object {
	o := object{"id": p.ID, "qr": c.sim.posImages(p), "status": "active", "date_created": utcTime(p.Created), "date_last_updated": utcTime(p.Updated),
		"uuid": p.UUID, "user_id": p.UserID, "name": p.Name, "fixed_amount": p.FixedAmount, "external_id": p.ExternalID}
	if p.StoreID != 0 {
		o["store_id"], o["external_store_id"] = text(p.StoreID), p.ExternalStoreID
	}
	if p.Category != 0 {
		o["category"] = p.Category
	}
	if p.URL != "" {
		o["url"] = p.URL
	}
	if full {
		o["site"], o["qr_code"] = c.account.Site, c.sim.staticQR(p)
	}
	return o
}

func createPOS(c *call) reply {
	p := &pos{UserID: c.account.UserID, Created: c.now, Updated: c.now}
	if bad := c.readPOS(p, true); bad != nil {
		return *bad
	}
	c.sim.newPOS(p)
	return reply{status: c.created(), body: c.posView(p, false)}
}

func searchPOS(c *call) reply {
	offset, limit, bad := c.paging(30, 50)
	if bad != nil {
		return *bad
	}
	var list []object
	for _, p := range c.sim.findPOS(c) {
		list = append(list, c.posView(p, false))
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"total": len(list), "offset": offset, "limit": limit}, "results": window(list, offset, limit)}}
}

// findPOS lists the account's POS that the query asks for.
func (s *Simulator) findPOS(c *call) []*pos {
	var list []*pos
	for _, p := range sorted(s.pos) {
		match := p.UserID == c.account.UserID
		for name, have := range map[string]string{"external_id": p.ExternalID, "external_store_id": p.ExternalStoreID, "store_id": text(p.StoreID), "category": text(p.Category)} {
			if want := c.query(name); want != "" && want != have {
				match = false
			}
		}
		if match {
			list = append(list, p)
		}
	}
	return list
}

// ownPOS finds the POS of the path that belongs to the token.
func (c *call) ownPOS(invalid, missing string) (*pos, *reply) {
	id, err := strconv.ParseInt(c.path("pos"), 10, 64)
	if err != nil {
		r := c.fail(http.StatusBadRequest, invalid, "The POS id is invalid.")
		return nil, &r
	}
	p := c.sim.pos[id]
	if p == nil || p.UserID != c.account.UserID {
		r := c.fail(http.StatusNotFound, missing, "POS not found.")
		return nil, &r
	}
	return p, nil
}

func getPOS(c *call) reply {
	p, bad := c.ownPOS("INVALID_POS_ID", "NOT_FOUND")
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.posView(p, true)}
}

func updatePOS(c *call) reply {
	old, bad := c.ownPOS("INVALID_POS_ID", "NOT_FOUND")
	if bad != nil {
		return *bad
	}
	p := *old
	if bad := c.readPOS(&p, false); bad != nil {
		return *bad
	}
	p.Updated = c.now
	c.sim.put(&p)
	return reply{status: http.StatusOK, body: c.posView(&p, false)}
}

func deletePOS(c *call) reply {
	p, bad := c.ownPOS("INVALID_POS_ID", "NOT_FOUND")
	if bad != nil {
		return *bad
	}
	c.sim.removePOS(p)
	return reply{status: http.StatusOK, body: object{"id": p.ID}}
}

func (s *Simulator) removePOS(p *pos) {
	delete(s.pos, p.ID)
	s.drop(p)
}
