package mercadopago

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

var reference = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// readLegacy reads the body that §3.1 describes. The keys are §3.1's; which
// one comes first when several are wrong is the simulator's choice.
func (c *call) readLegacy(p *pos) (*legacyOrder, *reply) {
	bad := func(key, message string) (*legacyOrder, *reply) {
		r := c.fail(http.StatusBadRequest, key, message)
		return nil, &r
	}
	f, err := parseObject(c.body)
	if err != nil {
		return bad("bad_request", "The body is not a JSON object.")
	}
	l := &legacyOrder{UUID: newUUID(), UserID: c.account.UserID, ExternalPOS: p.ExternalID, Created: c.now, Expires: c.now.Add(legacyLife)}
	var ok bool
	if l.Ref, ok = f.text("external_reference"); !ok || !reference.MatchString(l.Ref) {
		return bad("invalid_external_reference", "external_reference must have 1 to 64 letters, digits, hyphens or underscores.")
	}
	if l.Title, ok = f.text("title"); !ok || l.Title == "" {
		return bad("invalid_title", "title must be a string.")
	}
	if l.Description, ok = f.text("description"); !ok || l.Description == "" {
		return bad("invalid_description", "description must be a string.")
	}
	if l.NotificationURL, ok = f.text("notification_url"); !ok || !c.sim.goodURL(l.NotificationURL) {
		return bad("invalid_notification_url", "notification_url must be an http or https URL of 400 characters at most.")
	}
	if l.Expiration, ok = f.text("expiration_date"); !ok {
		return bad("invalid_expiration_date", "expiration_date must be a string.")
	} else if l.Expiration != "" {
		t, err := time.Parse("2006-01-02T15:04:05.000Z07:00", l.Expiration)
		if err != nil || !t.After(c.now) {
			return bad("invalid_expiration_date", "expiration_date must be valid (yyyy-MM-ddTHH:mm:ss.SSSZ) and in the future.")
		}
		l.Expires = t.UTC()
	}
	if f.has("sponsor") {
		o, ok := f.object("sponsor")
		if l.SponsorID, _ = o.number("id"); !ok || !digits(l.SponsorID) {
			return bad("invalid_sponsor.id", "sponsor.id must be a number.")
		}
	}
	t := c.account.site()
	if f.has("cash_out") {
		o, _ := f.object("cash_out")
		v, _ := o.number("amount")
		if l.CashOut, err = t.amount(v); err != nil || l.CashOut == 0 {
			return bad("invalid_cash_out.amount", "cash_out.amount must be a positive number.")
		}
	}
	items, ok := f.list("items")
	if !ok || (len(items) == 0 && l.CashOut == 0) {
		return bad("error_creating_seller_qr_order", "The cash out is required when order has no items.")
	}
	sum := l.CashOut
	for _, v := range items {
		m, ok := v.(map[string]any)
		if !ok {
			return bad("invalid_items.title", "An item must be an object.")
		}
		i, key, message := readItem(t, m)
		if key != "" {
			return bad(key, message)
		}
		sum += i.Total
		l.Items = append(l.Items, i)
	}
	v, ok := f.number("total_amount")
	if l.Total, err = t.amount(v); !ok || err != nil || l.Total <= 0 || l.Total != sum {
		return bad("invalid_total_amount", "total_amount must be a positive number, the sum of the items.")
	}
	return l, nil
}

func readItem(t site, f fields) (i item, key, message string) {
	for _, field := range []struct {
		name, key string
		into      *string
		required  bool
	}{
		{"title", "invalid_items.title", &i.Title, true}, {"sku_number", "invalid_items.sku_number", &i.SKU, false},
		{"category", "invalid_items.category", &i.Category, false}, {"description", "invalid_items.description", &i.Description, false},
		{"unit_measure", "invalid_items.unit_measure", &i.Measure, true}, {"currency_id", "invalid_items.currency_id", &i.Currency, false},
		{"picture_url", "invalid_items.picture_url", &i.Picture, false},
	} {
		v, ok := f.text(field.name)
		if !ok || (field.required && v == "") {
			return i, field.key, "items." + field.name + " must be a string."
		}
		*field.into = v
	}
	if i.Measure != "unit" && i.Measure != "pack" {
		return i, "invalid_items.unit_measure", "items.unit_measure must be unit or pack."
	}
	if i.Currency != "" && i.Currency != t.Currency {
		return i, "invalid_items.currency_id", "items.currency_id must be " + t.Currency + "."
	}
	q, ok := f.number("quantity")
	n, err := strconv.ParseInt(q, 10, 32)
	if !ok || err != nil || n <= 0 {
		return i, "invalid_items.quantity", "items.quantity must be a positive whole number."
	}
	i.Quantity = n
	v, ok := f.number("unit_price")
	if i.UnitPrice, err = t.amount(v); !ok || err != nil || i.UnitPrice <= 0 {
		return i, "invalid_items.unit_price", "items.unit_price must be a positive number with the decimals of the currency."
	}
	v, ok = f.number("total_amount")
	if i.Total, err = t.amount(v); !ok || err != nil || i.Total/n != i.UnitPrice || i.Total%n != 0 {
		return i, "invalid_items.total_amount", "items.total_amount must be unit_price times quantity."
	}
	return i, "", ""
}

// goodURL says whether notices may be sent there (§8.5: URL rules). None is
// good too.
func (s *Simulator) goodURL(v string) bool {
	if v == "" {
		return true
	}
	u, err := url.Parse(v)
	return err == nil && len(v) <= 400 && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
