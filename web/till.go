package web

import (
	"net/http"
	"strings"

	"posta"
	"posta/page"
	"posta/payment"
	"posta/till"
)

// tillRoutes registers the pages of the choice of a till and of the till itself.
func (s *server) tillRoutes(mux *http.ServeMux) {
	mux.Handle("GET /till", s.member(s.chooseTill))
	mux.Handle("GET /till/{till}", s.member(s.tillPage))
}

// counter is the till that a page at the counter belongs to.
type counter struct {
	Till      till.Till
	Store     till.Store
	Currency  posta.Currency
	Style     style
	Terminals known
}

// URL is the till's page.
func (c counter) URL() string { return "/till/" + string(c.Till.ID) }

// counter finds the till of the request's path, with its store.
func (v *visit) counter() (counter, error) {
	id, err := posta.ParseID[posta.TillID](v.r.PathValue("till"))
	if err != nil {
		return counter{}, err
	}
	t, err := v.s.Tills.Till(v.ctx(), v.Merchant.ID, v.Mode, id)
	if err != nil {
		return counter{}, err
	}
	store, err := v.s.Tills.Store(v.ctx(), v.Merchant.ID, v.Mode, t.StoreID)
	if err != nil {
		return counter{}, err
	}
	terminals, err := v.s.Tills.Keeper.Terminals(v.ctx(), v.Merchant.ID, v.Mode)
	if err != nil {
		return counter{}, err
	}
	currency := v.Country.Currency
	return counter{Till: t, Store: store, Currency: currency, Style: styleOf(currency), Terminals: terminals}, nil
}

// paymentAt finds the payment of the request's path; it must be of the till.
func (v *visit) paymentAt(c counter, id string) (payment.Payment, error) {
	parsed, err := posta.ParseID[posta.PaymentID](id)
	if err != nil {
		return payment.Payment{}, err
	}
	p, err := v.s.Payments.Get(v.ctx(), v.Merchant.ID, v.Mode, parsed)
	if err == nil && p.TillID != c.Till.ID {
		return payment.Payment{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return p, err
}

// tillCookie remembers the device's till.
const tillCookie = "till"

// choice is one till to choose, with its store.
type choice struct {
	Till  till.Till
	Store string
	Busy  bool
	Last  bool // this device's
}

// chooseTill shows the tills, or goes to the one that this device used last.
func (s *server) chooseTill(v *visit) error {
	tills, err := s.Tills.Tills(v.ctx(), v.Merchant.ID, v.Mode)
	if err != nil {
		return err
	}
	stores, err := s.Tills.Stores(v.ctx(), v.Merchant.ID, v.Mode)
	if err != nil {
		return err
	}
	names := map[posta.StoreID]string{}
	for _, st := range stores {
		names[st.ID] = st.Name
	}
	last := ""
	if cookie, err := v.r.Cookie(tillCookie); err == nil {
		last = cookie.Value
	}
	choices := []choice{}
	for _, t := range tills {
		if string(t.ID) == last && !v.r.URL.Query().Has("choose") {
			return v.redirect("/till/" + last)
		}
		_, err := s.Payments.OpenAt(v.ctx(), v.Merchant.ID, t.ID)
		if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
			return err
		}
		choices = append(choices, choice{Till: t, Store: names[t.StoreID], Busy: err == nil, Last: string(t.ID) == last})
	}
	return v.render("tills", choices)
}

// tillData is what the till's page shows: the keypad, and over it the stage
// while there is a payment to look at.
type tillData struct {
	counter
	Nonce  string
	Form   chargeForm
	Quick  []quickAmount
	Rails  rails
	Stage  *stage // nil: only the keypad
	Last   *stage // what was charged here last, nil if nothing
	Errors map[string]string
	Wrong  problem
	Gate   gateNote // in live mode: that it may not charge, or not everything
}

// tillPage shows the till: its open payment, or the one that the address names,
// or the keypad.
func (s *server) tillPage(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	if !c.Till.RemovedAt.IsZero() {
		return &posta.Error{Code: posta.CodeNotFound}
	}
	http.SetCookie(v.w, &http.Cookie{Name: tillCookie, Value: string(c.Till.ID), Path: "/till", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, SameSite: http.SameSiteLaxMode})
	data, err := s.tillData(v, c)
	if err != nil {
		return err
	}
	return v.render("till", data)
}

// tillData gathers the till as it stands.
func (s *server) tillData(v *visit, c counter) (tillData, error) {
	data := tillData{counter: c, Nonce: s.newNonce(), Quick: c.quick(), Rails: v.rails(c), Form: chargeForm{Items: make([]itemForm, 1)}}
	if len(data.Rails.Devices) > 0 {
		data.Form.Options.Terminal = string(data.Rails.Devices[0].ID)
	}
	if v.Mode == posta.Live {
		var err error
		if data.Gate, err = v.gateNote(c, data.Rails); err != nil {
			return data, err
		}
	}
	open, last, err := s.now(v, c)
	if err != nil {
		return data, err
	}
	if named := v.r.URL.Query().Get("payment"); named != "" {
		p, err := v.paymentAt(c, named)
		if err != nil {
			return data, err
		}
		data.Stage = s.stage(v, c, p)
	} else if open != nil {
		data.Stage = s.stage(v, c, *open)
	}
	if last != nil {
		data.Last = s.stage(v, c, *last)
	}
	return data, nil
}

// now finds the till's open payment and the latest that is not open.
func (s *server) now(v *visit, c counter) (open, last *payment.Payment, err error) {
	p, err := s.Payments.OpenAt(v.ctx(), v.Merchant.ID, c.Till.ID)
	switch posta.ErrorCode(err) {
	case "":
		open = &p
	case posta.CodeNotFound:
	default:
		return nil, nil, err
	}
	list, _, err := s.Payments.List(v.ctx(), payment.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, TillID: c.Till.ID, Page: posta.Page{Limit: 2}})
	if err != nil {
		return nil, nil, err
	}
	for i := range list {
		if !list[i].State.Open() {
			return open, &list[i], nil
		}
	}
	return open, nil, nil
}

// quickAmount is an amount for one touch.
type quickAmount struct {
	Minor int64
	Words string // without decimals that are zero
}

// quick gives the amounts that are one touch away.
func (c counter) quick() []quickAmount {
	var out []quickAmount
	for _, minor := range quickAmounts[c.Currency] {
		words := page.Money(minor, string(c.Currency), "")
		if c.Style.Point != "" {
			words = strings.TrimSuffix(words, c.Style.Point+strings.Repeat("0", c.Style.Decimals))
		}
		out = append(out, quickAmount{minor, words})
	}
	return out
}

// quickAmounts are one touch away, in minor units: what notes there are.
var quickAmounts = map[posta.Currency][]int64{
	"ARS": {1000_00, 2000_00, 5000_00, 10000_00, 20000_00},
	"BRL": {10_00, 20_00, 50_00, 100_00, 200_00},
	"CLP": {1000, 2000, 5000, 10000, 20000},
	"COP": {5000_00, 10000_00, 20000_00, 50000_00, 100000_00},
	"MXN": {50_00, 100_00, 200_00, 500_00, 1000_00},
	"PEN": {10_00, 20_00, 50_00, 100_00, 200_00},
	"UYU": {100_00, 200_00, 500_00, 1000_00, 2000_00},
}
