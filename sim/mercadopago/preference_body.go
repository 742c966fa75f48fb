package mercadopago

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// preferenceFields are the properties that the API knows; it drops others
// without a word.
var preferenceFields = strings.Fields(`additional_info amounts auto_return back_urls binary_mode collector_id counter_currency date_of_expiration
	device_id differential_pricing expiration_date_from expiration_date_to expires external_reference items marketplace marketplace_fee metadata
	notification_url operation_type payer payment_methods processing_modes purpose shipments sponsor_id statement_descriptor taxes tracks`)

// readPreference checks a whole body and fills the preference with it. The
// limits are §2.1's; which error comes first is the simulator's choice.
func (c *call) readPreference(p *preference, f fields) *reply {
	for _, name := range f.unknown(preferenceFields...) {
		delete(f, name)
	}
	for name, v := range f {
		if v == nil {
			delete(f, name)
		}
	}
	r := &preferenceCheck{t: c.account.site(), loopback: c.sim.cfg.AllowLoopback}
	r.items(p, f)
	r.payer(f)
	r.texts(p, f)
	r.back(p, f)
	r.methods(p, f)
	r.shipping(p, f)
	r.times(p, f, c.now)
	if p.Total+p.Shipping <= 0 {
		r.say("invalid_items", "the total must be above zero")
	}
	if r.code != "" {
		return &reply{status: http.StatusBadRequest, code: r.code, body: object{"message": r.message, "error": r.code, "status": http.StatusBadRequest,
			"cause": []object{{"code": r.code, "description": r.message}}}}
	}
	var err error
	if p.Body, err = json.Marshal(f); err != nil {
		panic("sim/mercadopago: a preference does not marshal: " + err.Error())
	}
	return nil
}

// preferenceCheck keeps the first thing that is wrong with a preference.
type preferenceCheck struct {
	refusal
	t        site
	loopback bool
}

// text reads a string of at most so many characters.
func (r *preferenceCheck) text(f fields, code, name string, longest int) string {
	v, ok := f.text(name)
	if !ok {
		r.say(code, name+" must be a string")
	} else if len([]rune(v)) > longest {
		r.say(code, fmt.Sprintf("%s must have %d characters at most", name, longest))
	}
	return v
}

// flag reads a boolean.
func (r *preferenceCheck) flag(f fields, code, name string) bool {
	v, ok := f[name].(bool)
	if f.has(name) && !ok {
		r.say(code, name+" must be true or false")
	}
	return v
}

// money reads an amount as JSON number; whole where the currency has no cents.
func (r *preferenceCheck) money(f fields, code, name string) int64 {
	v, ok := f.number(name)
	n, err := r.t.amount(v)
	if !ok || err != nil {
		r.say(code, name+" invalid")
	}
	return n
}

func (r *preferenceCheck) items(p *preference, f fields) {
	const code = "invalid_items"
	list, ok := f.list("items")
	if !ok || len(list) == 0 {
		r.say(code, "items needed")
		return
	}
	for _, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			r.say(code, "items must be objects")
			return
		}
		it := fields(m)
		i := item{Title: r.text(it, code, "title", 256), SKU: r.text(it, code, "id", 256), Description: r.text(it, code, "description", 256),
			Category: r.text(it, code, "category_id", 256), Picture: r.text(it, code, "picture_url", 600), Currency: r.text(it, code, "currency_id", 3)}
		if i.Title == "" {
			r.say(code, "title needed")
		}
		if i.Picture != "" && !strings.HasPrefix(i.Picture, "https://") {
			r.say(code, "picture_url must be an https URL")
		}
		if i.Currency != "" && i.Currency != r.t.Currency {
			r.say(code, "currency_id invalid")
		}
		quantity, fine := whole(it, "quantity")
		if !fine || quantity > 1_000_000 {
			r.say(code, "quantity must be a whole number above zero")
			return
		}
		if !it.has("unit_price") {
			r.say(code, "unit_price needed")
		}
		i.Quantity, i.UnitPrice = int64(quantity), r.money(it, code, "unit_price")
		if i.UnitPrice > math.MaxInt64/i.Quantity/1000 {
			r.say(code, "unit_price invalid")
			return
		}
		i.Total = i.Quantity * i.UnitPrice
		p.Items, p.Total = append(p.Items, i), p.Total+i.Total
	}
}

func (r *preferenceCheck) payer(f fields) {
	payer, ok := f.object("payer")
	if !ok {
		r.say("invalid_payer", "payer must be an object")
	}
	for _, name := range []string{"name", "surname"} {
		r.text(payer, "invalid_payer", name, 256)
	}
	if v := r.text(payer, "invalid_payer", "email", 256); v != "" {
		if a, err := mail.ParseAddress(v); err != nil || a.Address != v {
			r.say("invalid_payer", "payer.email must be a valid email")
		}
	}
	for _, name := range []string{"phone", "identification", "address"} {
		if _, ok := payer.object(name); !ok {
			r.say("invalid_payer", "payer."+name+" must be an object")
		}
	}
}

func (r *preferenceCheck) texts(p *preference, f fields) {
	if p.Ref = r.text(f, "invalid_external_reference", "external_reference", 64); p.Ref != "" && !reference.MatchString(p.Ref) {
		r.say("invalid_external_reference", "external_reference must have letters, digits, hyphens or underscores only")
	}
	if p.Notification = r.text(f, "invalid_notification_url", "notification_url", 248); p.Notification != "" && !r.safe(p.Notification) {
		r.say("invalid_notification_url", "notification_url must be an https URL")
	}
	r.text(f, "invalid_statement_descriptor", "statement_descriptor", 13)
	r.text(f, "invalid_additional_info", "additional_info", 600)
	r.text(f, "invalid_marketplace", "marketplace", 256)
	p.Binary = r.flag(f, "invalid_binary_mode", "binary_mode")
	p.Purpose = r.word(f, "purpose", "wallet_purchase", "onboarding_credits")
	r.word(f, "operation_type", "regular_payment", "money_transfer")
	if f.has("marketplace_fee") {
		r.money(f, "invalid_marketplace_fee", "marketplace_fee")
	}
	if _, ok := f.object("metadata"); !ok {
		r.say("invalid_metadata", "metadata must be an object")
	}
}

// word reads one of a few words.
func (r *preferenceCheck) word(f fields, name string, of ...string) string {
	v, ok := f.text(name)
	if !ok || v != "" && !slices.Contains(of, v) {
		r.say("invalid_"+name, name+" must be one of "+strings.Join(of, ", "))
	}
	return v
}

// safe says whether an address is one that the provider takes: https, and of a
// public host; plain http to this machine where the simulator allows loopback.
func (r *preferenceCheck) safe(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	local := u.Hostname() == "localhost"
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		local = ip.IsLoopback()
	}
	if local {
		return r.loopback && (u.Scheme == "http" || u.Scheme == "https")
	}
	return u.Scheme == "https"
}

// back drops the addresses that the provider does not take without a word, and
// only then looks whether auto_return has one.
func (r *preferenceCheck) back(p *preference, f fields) {
	urls, ok := f.object("back_urls")
	if !ok {
		r.say("invalid_back_urls", "back_urls must be an object")
	}
	for name, to := range map[string]*string{"success": &p.Back.Success, "pending": &p.Back.Pending, "failure": &p.Back.Failure} {
		if v := r.text(urls, "invalid_back_urls", name, 600); r.safe(v) {
			*to = v
		}
	}
	if p.AutoReturn = r.word(f, "auto_return", "approved", "all"); p.AutoReturn != "" && p.Back.Success == "" {
		r.say("invalid_auto_return", "auto_return invalid. back_url.success must be defined")
	}
}

func (r *preferenceCheck) methods(p *preference, f fields) {
	const code = "invalid_payment_methods"
	m, ok := f.object("payment_methods")
	if !ok {
		r.say(code, "payment_methods must be an object")
	}
	p.NoMethods = r.ids(m, "excluded_payment_methods")
	p.NoTypes = r.ids(m, "excluded_payment_types")
	for _, id := range p.NoMethods {
		if !r.t.hasMethod(id) || id == "account_money" {
			r.say(code, "excluded_payment_methods invalid: "+id)
		}
	}
	for _, id := range p.NoTypes {
		if !slices.Contains(paymentTypes, id) || id == "account_money" {
			r.say(code, "excluded_payment_types invalid: "+id)
		}
	}
	if p.DefaultMethod = r.text(m, code, "default_payment_method_id", 64); p.DefaultMethod != "" && !r.t.hasMethod(p.DefaultMethod) {
		r.say(code, "default_payment_method_id invalid")
	}
	for _, name := range []string{"installments", "default_installments"} {
		if n, ok := whole(m, name); m.has(name) && (!ok || n > 36) {
			r.say(code, name+" must be between 1 and 36")
		} else if name == "installments" {
			p.Installments = n
		}
	}
}

// paymentTypes are the kinds of methods (§2.3).
var paymentTypes = []string{"account_money", "ticket", "bank_transfer", "atm", "credit_card", "debit_card", "prepaid_card", "digital_currency",
	"digital_wallet", "voucher_card", "crypto_transfer"}

// hasMethod says whether the site knows the method, paid with today or not.
func (t site) hasMethod(id string) bool {
	return slices.ContainsFunc(methods[t.ID], func(m method) bool { return m.ID == id })
}

// ids reads a list of {id}; an empty id, as answers write it, is none.
func (r *preferenceCheck) ids(m fields, name string) (list []string) {
	all, ok := m.list(name)
	if !ok {
		r.say("invalid_payment_methods", name+" must be a list")
	}
	for _, v := range all {
		o, _ := v.(map[string]any)
		id, ok := fields(o).text("id")
		if o == nil || !ok {
			r.say("invalid_payment_methods", name+" must hold objects with an id")
		} else if id != "" {
			list = append(list, id)
		}
	}
	return list
}

func (r *preferenceCheck) shipping(p *preference, f fields) {
	const code = "invalid_shipments"
	m, ok := f.object("shipments")
	if !ok {
		r.say(code, "shipments must be an object")
	}
	mode, _ := m.text("mode")
	if m.has("mode") && !slices.Contains([]string{"custom", "me2", "not_specified"}, mode) {
		r.say(code, "shipments.mode must be custom, me2 or not_specified")
	}
	if m.has("cost") {
		if p.Shipping = r.money(m, code, "cost"); mode == "me2" {
			r.say(code, "shipments.cost goes with mode custom")
		}
	}
	if r.flag(m, code, "free_shipping") {
		p.Shipping = 0
	}
	r.flag(m, code, "local_pickup")
	r.flag(m, code, "express_shipment")
	if _, ok := m.object("receiver_address"); !ok {
		r.say(code, "shipments.receiver_address must be an object")
	}
}

func (r *preferenceCheck) times(p *preference, f fields, now time.Time) {
	p.Expires = r.flag(f, "invalid_expires", "expires")
	for name, to := range map[string]*time.Time{"expiration_date_from": &p.From, "expiration_date_to": &p.To, "date_of_expiration": &p.Due} {
		v := r.text(f, "invalid_"+name, name, 40)
		if v == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, v)
		if err != nil {
			r.say("invalid_"+name, name+" must be yyyy-MM-ddTHH:mm:ss.SSSZ")
		}
		*to = at.UTC()
		f[name] = classicTime(at)
	}
	if !p.To.IsZero() && p.To.Before(p.From) {
		r.say("invalid_expiration_date_to", "expiration_date_to must be after expiration_date_from")
	}
	if !p.Due.IsZero() && !p.Due.After(now) {
		r.say("invalid_date_of_expiration", "date_of_expiration must be in the future")
	}
}
