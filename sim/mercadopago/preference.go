package mercadopago

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// preference is what Checkout Pro sells: the items, and how they may be paid
// (docs/providers/mercadopago-online.md §2.1).
type preference struct {
	ID            string
	UserID        int64
	Via           via             // whose credentials made it
	Body          json.RawMessage // what the seller sent, checked; PUT merges into it
	Items         []item
	Total         int64 // of the items, minor units
	Shipping      int64
	Ref           string
	Notification  string
	Back          backURLs
	AutoReturn    string // approved, all or ""
	NoMethods     []string
	NoTypes       []string
	DefaultMethod string
	Installments  int // at most; 0 is no limit
	Expires       bool
	From, To      time.Time // of the preference's own life
	Due           time.Time // of the vouchers born from it
	Binary        bool
	Purpose       string
	Created       time.Time
	Updated       time.Time
	MerchantID    int64  // opened by the first payment
	OrderID       string // of the order whose checkout this is; no preference of the API
}

// backURLs are where the buyer's browser goes afterwards.
type backURLs struct{ Success, Pending, Failure string }

func (p *preference) key() (string, string) { return "preference", p.ID }

func (p *preference) index(st *state) {
	st.preferences[p.ID] = p
	under(st.preferenceByRef, p.Ref, p)
}

func (p *preference) body() fields {
	f, err := parseObject(p.Body)
	if err != nil {
		panic("sim/mercadopago: a stored preference does not parse: " + err.Error())
	}
	return f
}

// checkoutURL is where the buyer goes: on the simulator's own address, or on the
// provider's when it has none.
func (s *Simulator) checkoutURL(p *preference) string {
	host := s.cfg.PublicURL
	if host == "" {
		host = "https://" + s.accounts[p.UserID].site().Host
	}
	return host + "/checkout/v1/redirect?pref_id=" + p.ID
}

func createPreference(c *call) reply {
	f, err := parseObject(c.body)
	if err != nil {
		return c.fail(http.StatusBadRequest, "invalid_json", "The body is not a JSON object.")
	}
	p := &preference{ID: text(c.account.UserID) + "-" + newUUID(), UserID: c.account.UserID, Via: c.via(), Created: c.now}
	if bad := c.readPreference(p, f); bad != nil {
		return *bad
	}
	c.sim.put(p)
	return reply{status: http.StatusCreated, body: c.sim.preferenceView(p)}
}

// updatePreference replaces the fields that are sent and leaves the others as
// they are; null takes one away.
func updatePreference(c *call) reply {
	old, bad := c.ownPreference()
	if bad != nil {
		return *bad
	}
	f, err := parseObject(c.body)
	if err != nil {
		return c.fail(http.StatusBadRequest, "invalid_json", "The body is not a JSON object.")
	}
	merged := old.body()
	for name, v := range f {
		merged[name] = v
	}
	p := &preference{ID: old.ID, UserID: old.UserID, Via: old.Via, Created: old.Created, Updated: c.now, MerchantID: old.MerchantID}
	if bad := c.readPreference(p, merged); bad != nil {
		return *bad
	}
	under := c.sim.preferenceByRef
	under[old.Ref] = slices.DeleteFunc(under[old.Ref], func(q *preference) bool { return q == old })
	*old = *p
	c.sim.put(old)
	return reply{status: http.StatusOK, body: c.sim.preferenceView(old)}
}

func getPreference(c *call) reply {
	p, bad := c.ownPreference()
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.sim.preferenceView(p)}
}

func (c *call) ownPreference() (*preference, *reply) {
	p := c.sim.preferences[c.path("id")]
	if p == nil || p.UserID != c.account.UserID || p.OrderID != "" {
		r := c.fail(http.StatusNotFound, "not_found", "preference_id not found")
		return nil, &r
	}
	return p, nil
}

// preferenceView is what the seller sent, with what was left out beside it.
func (s *Simulator) preferenceView(p *preference) object {
	a := s.accounts[p.UserID]
	t := a.site()
	out := object{"additional_info": "", "auto_return": "", "binary_mode": false, "date_of_expiration": nil, "expiration_date_from": nil,
		"expiration_date_to": nil, "expires": false, "external_reference": "", "marketplace": "NONE", "marketplace_fee": 0, "metadata": object{},
		"notification_url": nil, "operation_type": "regular_payment", "processing_modes": nil, "sponsor_id": nil, "statement_descriptor": nil,
		"purpose": nil, "taxes": nil, "tracks": []any{}, "differential_pricing": nil, "coupon_code": nil, "coupon_labels": nil, "product_id": nil,
		"internal_metadata": nil, "total_amount": nil}
	body := p.body()
	for name, v := range body {
		out[name] = v
	}
	items := []object{}
	sent, _ := body.list("items")
	for i, it := range p.Items {
		v := object{"id": "", "category_id": "", "description": "", "picture_url": ""}
		for name, field := range sent[i].(map[string]any) {
			v[name] = field
		}
		v["currency_id"], v["quantity"], v["unit_price"] = t.Currency, it.Quantity, t.number(it.UnitPrice)
		items = append(items, v)
	}
	back := object{"success": p.Back.Success, "pending": p.Back.Pending, "failure": p.Back.Failure}
	out["items"], out["back_urls"] = items, back
	out["redirect_urls"] = object{"success": "", "pending": "", "failure": ""}
	out["payer"] = over(object{"name": "", "surname": "", "email": "", "date_created": nil, "last_purchase": nil,
		"phone": object{"area_code": "", "number": ""}, "identification": object{"type": "", "number": ""},
		"address": object{"zip_code": "", "street_name": "", "street_number": nil}}, body, "payer")
	out["payment_methods"] = over(object{"default_card_id": nil, "default_payment_method_id": nil, "excluded_payment_methods": []object{{"id": ""}},
		"excluded_payment_types": []object{{"id": ""}}, "installments": nil, "default_installments": nil}, body, "payment_methods")
	out["shipments"] = over(object{"default_shipping_method": nil, "receiver_address": object{"zip_code": "", "street_name": "", "street_number": nil,
		"floor": "", "apartment": "", "city_name": nil, "state_name": nil, "country_name": nil}}, body, "shipments")
	address := s.checkoutURL(p)
	out["id"], out["client_id"], out["collector_id"], out["site_id"] = p.ID, text(p.Via.of(a)), p.UserID, t.ID
	out["init_point"], out["sandbox_init_point"], out["live_mode"] = address, address, !a.Test && !p.Via.Test
	out["date_created"], out["last_updated"] = classicTime(p.Created), classicOrNull(p.Updated)
	return out
}

// over lays the object that was sent over the one with what was left out.
func over(base object, body fields, name string) object {
	sent, _ := body.object(name)
	for k, v := range sent {
		base[k] = v
	}
	return base
}

// searchPreferences answers one line a preference, newest first; its items are
// titles only.
func searchPreferences(c *call) reply {
	offset, limit, bad := c.paging(30, 100)
	if bad != nil {
		return *bad
	}
	list := sorted(c.sim.preferences)
	if ref := c.query("external_reference"); ref != "" {
		list = slices.Clone(c.sim.preferenceByRef[ref])
	}
	slices.SortStableFunc(list, func(a, b *preference) int { return b.Created.Compare(a.Created) })
	found := []object{}
	for _, p := range list {
		v := c.sim.preferenceView(p)
		payer, _ := v["payer"].(object)
		sponsor, _ := v["sponsor_id"].(json.Number)
		if p.UserID != c.account.UserID || p.OrderID != "" || !c.sim.settled(p.Created, c.now) ||
			!matches(c, map[string]string{"site_id": c.account.Site, "marketplace": v["marketplace"].(string), "sponsor_id": sponsor.String()}) {
			continue
		}
		line := object{"payer_email": payer["email"], "payer_id": nil, "shipping_mode": v["shipments"].(object)["mode"]}
		for _, name := range strings.Fields("id client_id collector_id date_created expiration_date_from expiration_date_to expires external_reference last_updated live_mode marketplace operation_type purpose site_id sponsor_id processing_modes") {
			line[name] = v[name]
		}
		titles := []string{}
		for _, it := range p.Items {
			titles = append(titles, it.Title)
		}
		line["items"] = titles
		found = append(found, line)
	}
	part := window(found, offset, limit)
	return reply{status: http.StatusOK, body: object{"elements": part, "next_offset": offset + len(part), "total": len(found)}}
}
