package mercadopago

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// pointSites are the countries where Point is sold through the API (§5.7).
var pointSites = []string{"MLA", "MLB", "MLC", "MLM"}

// listTerminals is GET /terminals/v1/list (§5.7). A limit above 50 is clamped.
func listTerminals(c *call) reply {
	offset, err := strconv.Atoi(cmp.Or(c.query("offset"), "0"))
	limit, err2 := strconv.Atoi(cmp.Or(c.query("limit"), "50"))
	if err != nil || err2 != nil || offset < 0 || limit < 1 {
		return c.fail(http.StatusBadRequest, "property_value", "limit or offset is invalid")
	}
	limit = min(limit, 50)
	found := c.terminalViews()
	return reply{status: http.StatusOK, body: object{"data": object{"terminals": window(found, offset, limit)},
		"paging": object{"total": len(found), "offset": offset, "limit": limit}}}
}

// terminalViews are the account's terminals that the query asks for.
func (c *call) terminalViews() []object {
	found := []object{}
	for _, d := range sorted(c.sim.terminals) {
		if d.UserID != c.account.UserID {
			continue
		}
		v, place := object{"id": d.ID, "operating_mode": d.OperatingMode}, map[string]string{"pos_id": "", "store_id": ""}
		if p := c.sim.posByExternal(d.UserID, d.ExternalPOS); p != nil {
			v["pos_id"], v["store_id"], v["external_pos_id"] = p.ID, idText(p.StoreID), p.ExternalID
			if c.sim.switches.TerminalPosIDText {
				v["pos_id"] = text(p.ID)
			}
			place = map[string]string{"pos_id": text(p.ID), "store_id": idText(p.StoreID)}
		} else {
			v["operating_mode"] = modeUndefined // signed in to no POS that there is
		}
		if (c.query("pos_id") == "" || c.query("pos_id") == place["pos_id"]) && (c.query("store_id") == "" || c.query("store_id") == place["store_id"]) {
			found = append(found, v)
		}
	}
	return found
}

// setupTerminals is PATCH /terminals/v1/setup (§5.7): all of them or none. The
// devices run in the new mode once they were restarted.
func setupTerminals(c *call) reply {
	f, err := parseObject(c.body)
	if err != nil {
		return c.fail(http.StatusBadRequest, "invalid_payload", "The body is not a JSON object.")
	}
	var r refusal
	r.known(f, "", "terminals")
	if !f.has("terminals") {
		r.say("required_properties", "terminals is required")
	}
	list := r.list(f, "", "terminals")
	if len(list) == 0 {
		r.say("property_value", "terminals must have an element")
	}
	for i, t := range list {
		where := fmt.Sprintf("terminals[%d].", i)
		r.known(t, where, "id", "operating_mode")
		r.str(t, where, "id", true, 100)
		if mode := r.str(t, where, "operating_mode", true, 20); mode != modePDV && mode != modeStandalone {
			r.say("property_value", where+"operating_mode must be PDV or STANDALONE")
		}
	}
	switch {
	case r.code != "":
		return c.fail(http.StatusBadRequest, r.code, "The request has invalid properties.", r.message)
	case !slices.Contains(pointSites, c.account.Site):
		return c.fail(http.StatusBadRequest, "unsupported_site", "The site is not supported.")
	}
	modes := map[*terminal]string{}
	for _, t := range list {
		id, _ := t.text("id")
		mode, _ := t.text("operating_mode")
		d, refused := c.setup(id)
		if refused != nil {
			return *refused
		}
		modes[d] = mode
	}
	for d, mode := range modes {
		for _, other := range c.sim.terminals {
			now := cmp.Or(modes[other], other.OperatingMode)
			if mode == modePDV && other != d && other.UserID == d.UserID && other.ExternalPOS == d.ExternalPOS && now == modePDV {
				return c.fail(http.StatusPreconditionFailed, "precondition_failed", "Only one pos-store with PDV mode ON or SUSPENDED is allowed")
			}
		}
	}
	out := []object{}
	for _, t := range list {
		id, _ := t.text("id")
		d := c.sim.terminals[terminalKey(c.account.UserID, id)]
		d.OperatingMode = modes[d]
		c.sim.put(d)
		out = append(out, object{"id": id, "operating_mode": d.OperatingMode})
	}
	return reply{status: http.StatusOK, body: object{"terminals": out}}
}

// setup finds a terminal whose mode may be set: the token's, signed in to a POS.
func (c *call) setup(id string) (*terminal, *reply) {
	d := c.sim.terminals[terminalKey(c.account.UserID, id)]
	foreign := slices.ContainsFunc(sorted(c.sim.terminals), func(o *terminal) bool { return o.ID == id })
	var r reply
	switch {
	case d == nil && foreign:
		r = c.fail(http.StatusForbidden, "terminal_not_allowed_action", "The terminal does not allow the action.")
	case d == nil:
		r = c.fail(http.StatusNotFound, "not_found", "Terminal not found.")
	case c.sim.posByExternal(d.UserID, d.ExternalPOS) == nil:
		r = c.fail(http.StatusForbidden, "store_pos_not_found", "The terminal is signed in to no store and POS.")
	default:
		return d, nil
	}
	return nil, &r
}
