package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"posta"
	"posta/checkout"
	"posta/payment"
	"posta/webhook"
)

// linkRoutes registers the pages of payment links.
func (s *server) linkRoutes(mux *http.ServeMux) {
	mux.Handle("GET /links", s.member(s.linksPage))
	s.deed(mux, s.member, "/links/new", s.newLink, s.createLink)
	mux.Handle("GET /links/{link}", s.member(s.linkPage))
	mux.Handle("GET /links/{link}/poster", s.member(s.linkPoster))
	mux.Handle("POST /links/{link}/switch", s.member(s.switchLink))
	s.deed(mux, s.member, "/links/{link}/edit", s.editLink, s.changeLink)
}

// linkState is how a link stands: as stored, or as clock and counters say.
func linkState(l checkout.Link, now time.Time) string {
	switch {
	case l.State == checkout.LinkDisabled:
		return "disabled"
	case l.Stock != checkout.Unlimited && l.Sold >= l.Stock, l.MaxUses > 0 && l.Used >= l.MaxUses:
		return "finished"
	case !l.ExpiresAt.IsZero() && !now.Before(l.ExpiresAt):
		return "expired"
	case l.SoldOut():
		return "held"
	}
	return "active"
}

// linkLook is the state whose colour and shape a link's has.
var linkLook = map[string]string{"active": "paid", "disabled": "canceled", "expired": "expired", "finished": "canceled", "held": "pending"}

// linkRow is one link of a list.
type linkRow struct {
	checkout.Link
	Stands, Shown, Words string
	What                 string // what is sold
	Price                string // "$ 1.500,00", "from … to …"
	Account              string
	Sums                 []currencySum
	Payments             int64
}

// Limited reports whether units are counted.
func (r linkRow) Limited() bool { return r.Stock != checkout.Unlimited }

// linkRows adds to links what they sell and what they brought.
func (v *visit) linkRows(list []checkout.Link) ([]linkRow, error) {
	rows := make([]linkRow, 0, len(list))
	for _, l := range list {
		row, err := v.linkRow(l)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (v *visit) linkRow(l checkout.Link) (linkRow, error) {
	seller, err := v.sellerOf(l.ConnectionID)
	if err != nil {
		return linkRow{}, err
	}
	row := linkRow{Link: l, Stands: linkState(l, v.s.Clock.Now()), What: l.Title, Account: seller.Name}
	row.Shown, row.Words = linkLook[row.Stands], v.T("link.state."+row.Stands)
	switch {
	case l.ProductID != "":
		p, err := v.s.Checkout.Product(v.ctx(), l.MerchantID, l.Mode, l.ProductID)
		if err != nil {
			return row, err
		}
		row.What, row.Price = p.Name, seller.price(v, p.Price.Amount)
		if p.State == checkout.ProductArchived && row.Stands == "active" {
			row.Stands, row.Shown, row.Words = "archived", "canceled", v.T("link.state.archived")
		}
	case l.Open != nil:
		row.Price = v.T("link.between", "min", seller.price(v, l.Open.Min), "max", seller.price(v, l.Open.Max))
	default:
		row.Price = seller.price(v, l.Amount)
	}
	_, totals, err := v.s.Payments.List(v.ctx(), payment.Filter{MerchantID: l.MerchantID, Mode: l.Mode, LinkID: l.ID, Page: posta.Page{Limit: 1}})
	row.Sums, row.Payments = sums(totals), totals.Count
	return row, err
}

// linkList is what the list of links shows.
type linkList struct {
	Rows        []linkRow
	Sells       bool // there is an account that sells online
	Manage      bool
	State       string
	States      []option
	Next, First string
	Position    int64
}

func (s *server) linksPage(v *visit) error {
	query := v.r.URL.Query()
	data := linkList{Manage: webhook.Manages(v.User.Role), State: query.Get("state"), Position: v.livePosition()}
	filter := checkout.LinkFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, State: checkout.LinkState(data.State), Page: posta.Page{Limit: 25}}
	if id, err := posta.ParseID[posta.LinkID](query.Get("after")); err == nil {
		filter.After = string(id)
	}
	list, err := s.Checkout.Links(v.ctx(), filter)
	if err != nil {
		return err
	}
	if data.Rows, err = v.linkRows(list); err != nil {
		return err
	}
	accounts, err := v.sellers()
	if err != nil {
		return err
	}
	data.Sells = len(accounts) > 0
	for _, state := range []checkout.LinkState{checkout.LinkActive, checkout.LinkDisabled} {
		data.States = append(data.States, option{string(state), v.T("link.stored." + string(state)), data.State == string(state)})
	}
	data.Next, data.First = v.pages("/links", filter.Page, len(list), func() string { return string(list[len(list)-1].ID) }, "state")
	return v.render("links", data)
}

// sessionLook is the state whose colour and shape a checkout session's has.
var sessionLook = map[checkout.State]string{checkout.Open: "pending", checkout.Complete: "paid", checkout.Expired: "expired", checkout.Canceled: "canceled"}

// sessionRow is one buyer's visit as the page of a link shows it.
type sessionRow struct {
	checkout.Session
	Shown, Words, Buyer string
}

// linkData is what the page of one link shows.
type linkData struct {
	linkRow
	URL, Host      string
	WhatsApp, Mail string // addresses that share it
	Snippet        string
	CreatedBy      string
	Methods        []string
	Manage         bool
	Sessions       []sessionRow
	Next, First    string
	Position       int64
}

// link is the link that the address names.
func (v *visit) link() (checkout.Link, error) {
	id, err := posta.ParseID[posta.LinkID](v.r.PathValue("link"))
	if err != nil {
		return checkout.Link{}, err
	}
	return v.s.Checkout.Link(v.ctx(), v.Merchant.ID, v.Mode, id)
}

func linkAddress(id posta.LinkID) string { return "/links/" + string(id) }

func (s *server) linkPage(v *visit) error {
	l, err := v.link()
	if err != nil {
		return err
	}
	data := linkData{URL: s.Checkout.LinkURL(l), Manage: webhook.Manages(v.User.Role), CreatedBy: v.people().Name(l.CreatedBy), Position: v.livePosition()}
	if data.linkRow, err = v.linkRow(l); err != nil {
		return err
	}
	words := v.T("link.share.words", "what", data.What, "merchant", v.Merchant.Name, "url", data.URL)
	data.WhatsApp = "https://wa.me/?text=" + escaped(words)
	data.Mail = "mailto:?subject=" + escaped(data.What+" · "+v.Merchant.Name) + "&body=" + escaped(words)
	data.Snippet = `<script src="` + s.PublicURL() + `/button.js" data-link="` + l.Token + `"></script>`
	for _, m := range l.Terms.Methods {
		data.Methods = append(data.Methods, v.methodWords(m))
	}
	filter := checkout.SessionFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, LinkID: l.ID, Page: posta.Page{Limit: 25}}
	if id, err := posta.ParseID[posta.SessionID](v.r.URL.Query().Get("after")); err == nil {
		filter.After = string(id)
	}
	list, err := s.Checkout.Sessions(v.ctx(), filter)
	if err != nil {
		return err
	}
	for _, one := range list {
		data.Sessions = append(data.Sessions, sessionRow{one, sessionLook[one.State], v.T("session.state." + string(one.State)), maskedEmail(one.Buyer.Email)})
	}
	data.Next, data.First = v.pages(linkAddress(l.ID), filter.Page, len(list), func() string { return string(list[len(list)-1].ID) })
	return v.render("link", data)
}

// methodWords names a provider's method or a type of method.
func (v *visit) methodWords(id string) string {
	if key := "method." + id; v.words.Has(key) {
		return v.T(key)
	}
	return brand(id)
}

// escaped is text for the query of an address, blanks as %20: mail programs show
// a plus as it is.
func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// linkPosterData is the poster of a link's address.
type linkPosterData struct {
	linkRow
	URL, Plain, Size string
}

// linkPoster is the link to print and put up: buyers scan it with any camera.
func (s *server) linkPoster(v *visit) error {
	l, err := v.link()
	if err != nil {
		return err
	}
	data := linkPosterData{URL: s.Checkout.LinkURL(l)}
	data.Plain = strings.TrimPrefix(strings.TrimPrefix(data.URL, "https://"), "http://")
	if data.linkRow, err = v.linkRow(l); err != nil {
		return err
	}
	if v.r.URL.Query().Get("size") == "a4" {
		data.Size = "a4"
	}
	return v.render("link-poster", data)
}

// switchLink closes a link, or opens it again.
func (s *server) switchLink(v *visit) error {
	l, err := v.link()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return err
	}
	in := inputOf(l)
	in.By, in.State = v.by(), checkout.LinkDisabled
	if v.value("on") == "true" {
		in.State = checkout.LinkActive
	}
	if _, err := s.Checkout.UpdateLink(v.ctx(), in); err != nil {
		return err
	}
	v.flash("ok", v.T("link."+string(in.State)+".done"), v.T("link."+string(in.State)+".done.text"))
	return v.redirect(linkAddress(l.ID))
}

// inputOf is what a link would be made of as it stands.
func inputOf(l checkout.Link) checkout.LinkInput {
	return checkout.LinkInput{ID: l.ID, MerchantID: l.MerchantID, Mode: l.Mode, ConnectionID: l.ConnectionID, ProductID: l.ProductID, Title: l.Title,
		Description: l.Description, Category: l.Category, PictureURL: l.PictureURL, Amount: l.Amount, Open: l.Open, MaxQuantity: l.MaxQuantity,
		Reference: l.Reference, Terms: l.Terms, State: l.State, ExpiresAt: l.ExpiresAt, MaxUses: l.MaxUses, Stock: l.Stock}
}

// linkName is what a link sells, as a filter names it.
func (v *visit) linkName(id posta.LinkID) (string, error) {
	l, err := v.s.Checkout.Link(v.ctx(), v.Merchant.ID, v.Mode, id)
	if err != nil || l.ProductID == "" {
		return l.Title, err
	}
	p, err := v.s.Checkout.Product(v.ctx(), v.Merchant.ID, v.Mode, l.ProductID)
	return p.Name, err
}
