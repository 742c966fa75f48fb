package web

import (
	"slices"
	"strings"
	"time"

	"posta"
	"posta/account"
	"posta/payment"
	"posta/provider"
	"posta/till"
)

// option is one choice of a select.
type option struct {
	Value, Label string
	Selected     bool
}

// places are the merchant's stores and tills of the visit's mode, the removed
// ones too: old payments still name them.
type places struct {
	Stores    []till.Store
	Tills     []till.Till
	Terminals known
	// Accounts are the names of connections, of both modes.
	Accounts map[posta.ConnectionID]string
}

func (v *visit) places() (places, error) {
	stores, err := v.s.Tills.Keeper.Stores(v.ctx(), v.Merchant.ID, v.Mode)
	if err != nil {
		return places{}, err
	}
	tills, err := v.s.Tills.Keeper.Tills(v.ctx(), v.Merchant.ID, v.Mode)
	if err != nil {
		return places{}, err
	}
	terminals, err := v.s.Tills.Keeper.Terminals(v.ctx(), v.Merchant.ID, v.Mode)
	if err != nil {
		return places{}, err
	}
	accounts, err := v.s.Accounts.Store.Connections(v.ctx(), v.Merchant.ID)
	names := map[posta.ConnectionID]string{}
	for _, c := range accounts {
		names[c.ID] = c.Name
	}
	return places{Stores: stores, Tills: tills, Terminals: terminals, Accounts: names}, err
}

// Store names a store, by its id if it is not known.
func (p places) Store(id posta.StoreID) string {
	for _, s := range p.Stores {
		if s.ID == id {
			return s.Name
		}
	}
	return string(id)
}

// Till names a till, by its id if it is not known.
func (p places) Till(id posta.TillID) string {
	for _, t := range p.Tills {
		if t.ID == id {
			return t.Name
		}
	}
	return string(id)
}

// connections are the merchant's in the visit's mode.
func (v *visit) connections() ([]account.Connection, error) {
	all, err := v.s.Accounts.Store.Connections(v.ctx(), v.Merchant.ID)
	return slices.DeleteFunc(all, func(c account.Connection) bool { return c.Mode != v.Mode }), err
}

// people names who did something: each is looked up once a page.
type people struct {
	v     *visit
	known map[string]string
	keys  []account.Key
}

func (v *visit) people() *people { return &people{v: v, known: map[string]string{}} }

// Name turns "user:usr_…", "key:key_…", "late" or "provider" into words.
func (p *people) Name(by string) string {
	if name, ok := p.known[by]; ok {
		return name
	}
	name := p.find(by)
	p.known[by] = name
	return name
}

func (p *people) find(by string) string {
	v := p.v
	if id, ok := strings.CutPrefix(by, "user:"); ok {
		u, err := v.s.Accounts.Store.User(v.ctx(), posta.UserID(id))
		if err != nil || u.MerchantID != v.Merchant.ID {
			return id
		}
		return u.Name
	}
	if id, ok := strings.CutPrefix(by, "key:"); ok {
		if p.keys == nil {
			p.keys, _ = v.s.Accounts.Store.Keys(v.ctx(), v.Merchant.ID) // without them ids are shown
		}
		for _, k := range p.keys {
			if string(k.ID) == id {
				return v.T("who.key", "name", k.Name)
			}
		}
		return id
	}
	switch prefix, _, _ := strings.Cut(by, "_"); prefix {
	case posta.SessionID("").Prefix(), "buyer":
		return v.T("who.buyer")
	case posta.InvoiceID("").Prefix(), posta.SubscriptionID("").Prefix():
		return v.T("who.subscription")
	}
	switch by {
	case "late", "provider", "timeout", "schedule":
		return v.T("who." + by)
	}
	return by
}

// means is how a payment was paid, as lists show it.
type means struct {
	Method, Brand, LastFour string
	Installments            int
}

// meansOf is the last approved attempt's means, else the last attempt's.
func meansOf(p payment.Payment) means {
	var m means
	approved := false
	for _, a := range p.Attempts() {
		good := a.Status == provider.StatusApproved || a.Status == provider.StatusInMediation || a.Status == provider.StatusChargedBack
		if approved && !good {
			continue
		}
		approved = approved || good
		m = means{a.Method, a.Brand, a.LastFour, a.Installments}
	}
	return m
}

// Words says the means: "Visa ···· 4242", "Dinero en cuenta", "" for none.
func (m means) Words(v *visit) string {
	words := brand(m.Brand)
	if words == "" || m.Brand == m.Method {
		words = ""
		if key := "method." + m.Method; v.words.Has(key) {
			words = v.T(key)
		} else {
			words = brand(strings.ReplaceAll(m.Method, "_", " "))
		}
	}
	if m.LastFour != "" {
		words = strings.TrimSpace(words + " ···· " + m.LastFour)
	}
	return words
}

// day reads a date of a form in the merchant's zone; zero if it is none.
func (v *visit) day(text string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, text, v.Zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// span reads the days from and to, both included, as moments.
func (v *visit) span(from, to string) (start, end time.Time) {
	start, end = v.day(from), v.day(to)
	if !end.IsZero() {
		end = end.AddDate(0, 0, 1)
	}
	return start, end
}

// today is midnight of the merchant's day.
func (v *visit) today() time.Time {
	y, m, d := v.s.Clock.Now().In(v.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, v.Zone)
}

// ask is a page that asks before something that cannot be undone, naming what
// and whom it is about.
type ask struct {
	Title, Text  string
	Action       string // where the yes is posted
	Button, Back string
	Calm         bool // the yes is not a danger
	Hidden       map[string]string
}

func (v *visit) ask(a ask) error { return v.render("ask", a) }

// pages are the addresses of a list's next page and of its first one, "" where
// they lead nowhere; the filters are those of the query that are named.
func (v *visit) pages(path string, page posta.Page, shown int, last func() string, filters ...string) (next, first string) {
	chosen := func() map[string][]string {
		values := map[string][]string{}
		for _, name := range filters {
			if value := v.r.URL.Query().Get(name); value != "" {
				values[name] = []string{value}
			}
		}
		return values
	}
	if shown > 0 && shown == page.Size() {
		next = address(path, chosen(), "after", last())
	}
	if page.After != "" {
		first = address(path, chosen())
	}
	return next, first
}
