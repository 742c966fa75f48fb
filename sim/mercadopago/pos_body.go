package mercadopago

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// categories are the merchant category codes that a POS may name, by site.
var categories = map[string][]int64{
	"MLA": {621102, 473000}, "MLM": {5812, 468419}, "MLB": {5611203, 4731300}, "MLC": {561000, 473001},
	"MCO": {5611, 4731}, "MPE": {5520, 5050}, "MLU": {56101, 47300},
}

// readPOS reads a v1 body into p with the error keys of §2.2.
func (c *call) readPOS(p *pos, create bool) *reply {
	bad := func(key, message string) *reply {
		r := c.fail(http.StatusBadRequest, key, message)
		return &r
	}
	if len(c.body) == 0 {
		return bad("MISSING_BODY", "The body is missing.")
	}
	f, err := parseObject(c.body)
	if err != nil {
		return bad("BAD_REQUEST", "The body is not a JSON object.")
	}
	if list := f.unknown("name", "fixed_amount", "store_id", "external_store_id", "external_id", "category", "url"); len(list) > 0 {
		return bad("UNKNOWN_FIELD_EXCEPTION", "Unknown field: "+list[0])
	}
	if create || f.has("name") {
		name, ok := f.text("name")
		if !ok || name == "" {
			return bad("INVALID_NAME", "The name must be a string.")
		}
		if len([]rune(name)) >= 45 {
			return bad("NAME_TOO_LONG", "The name must have less than 45 characters.")
		}
		p.Name = name
	}
	if f.has("fixed_amount") {
		v, ok := f["fixed_amount"].(bool)
		if !ok {
			return bad("INVALID_FIXED_AMOUNT", "fixed_amount must be a boolean.")
		}
		p.FixedAmount = v
	}
	if f.has("category") {
		text, ok := f.number("category")
		n, err := strconv.ParseInt(text, 10, 64)
		if !ok || err != nil {
			return bad("INVALID_CATEGORY", "The category must be a whole number.")
		}
		if !slices.Contains(categories[c.account.Site], n) {
			return bad("UNKNOWN_MCC", "The category is not known in this site.")
		}
		p.Category = n
	}
	if key, message := c.readPOSStore(f, p, create); key != "" {
		return bad(key, message)
	}
	if create || f.has("external_id") {
		id, ok := f.text("external_id")
		if !ok || !alphanumeric(id) {
			return bad("INVALID_EXTERNAL_ID", "The external_id must be alphanumeric.")
		}
		if len(id) >= 40 {
			return bad("EXTERNAL_ID_TOO_LONG", "The external_id must have less than 40 characters.")
		}
		if other := c.sim.posByExternal(p.UserID, id); other != nil && other.ID != p.ID {
			r := c.fail(http.StatusConflict, "POS_ALREADY_EXISTS", "Point of sale with corresponding user and id exists.")
			return &r
		}
		p.ExternalID = id
	}
	if f.has("url") {
		return c.readPOSURL(f, p)
	}
	return nil
}

func (c *call) readPOSStore(f fields, p *pos, create bool) (key, message string) {
	var byID, byExternal *store
	if f.has("store_id") {
		var v string
		switch n := f["store_id"].(type) {
		case string:
			v = n
		case json.Number:
			v = n.String()
		}
		id, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return "INVALID_STORE_ID", "The store_id must be numeric."
		}
		if byID = c.sim.stores[id]; byID == nil || byID.UserID != p.UserID {
			return "INVALID_STORE_ID", "The store does not exist."
		}
	}
	if f.has("external_store_id") {
		v, ok := f.text("external_store_id")
		if !ok || !alphanumeric(v) {
			return "INVALID_EXTERNAL_STORE_ID", "The external_store_id must be alphanumeric."
		}
		if byExternal = c.sim.storeByExternal(p.UserID, v); byExternal == nil {
			return "INEXISTENT_EXTERNAL_STORE_ID", "No store has that external_store_id."
		}
	}
	switch {
	case byID != nil && byExternal != nil && byID != byExternal:
		return "EXTERNAL_STORE_ID_NOT_MATCH", "The external_store_id is not the one of the store_id."
	case byID != nil:
		p.StoreID, p.ExternalStoreID = byID.ID, byID.ExternalID
	case byExternal != nil:
		p.StoreID, p.ExternalStoreID = byExternal.ID, byExternal.ExternalID
	case create:
		return "INVALID_STORE_ID", "One of store_id and external_store_id is required."
	}
	return "", ""
}

func (c *call) readPOSURL(f fields, p *pos) *reply {
	fail := func(status int, key, message string) *reply {
		r := c.fail(status, key, message)
		return &r
	}
	v, ok := f.text("url")
	u, err := url.Parse(v)
	switch {
	case len(v) >= 300:
		return fail(http.StatusBadRequest, "URL_TOO_LONG", "The url must have less than 300 characters.")
	case !ok || err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return fail(http.StatusBadRequest, "INVALID_URL", "The url is invalid.")
	case !p.FixedAmount:
		return fail(http.StatusBadRequest, "FIXED_AMOUNT_FALSE", "With url, fixed_amount must be true.")
	}
	return fail(http.StatusForbidden, "FORBIDDEN_URL", "The host of the url is not on the list of allowed hosts.")
}
