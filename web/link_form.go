package web

import (
	"slices"
	"strconv"

	"posta"
	"posta/checkout"
	"posta/provider"
)

// What a link sells, as its form says.
const (
	sellsProduct = "product" // one of the list, at its price
	sellsFixed   = "fixed"   // a thing of its own, at a fixed amount
	sellsOpen    = "open"    // the buyer chooses the amount
)

// linkForm is what the form of a link shows.
type linkForm struct {
	sent
	Link       checkout.Link // the zero one is new
	Nonce      string
	Accounts   []sellerAccount
	Account    sellerAccount
	Sells      string
	Products   []option
	Categories []option
	Types      []option // kinds of methods
	Methods    []option // one by one
	Typed      linkTyped
}

// linkTyped is a link's numbers and moments as a form shows them.
type linkTyped struct {
	Amount, Min, Max, Suggested, Quantity, Uses, Stock, Installments, Expires string
}

// Old is what is known of the link, or what was typed.
func (d linkForm) Old(name string, known any) any { return d.Get(d.Form, name, known) }

// Ticked reports whether a box is ticked, or was.
func (d linkForm) Ticked(name, value string, known bool) bool {
	return d.Has(d.Form, name, value, known)
}

// Bad says what is wrong with a field.
func (d linkForm) Bad(name string) string { return d.Err(d.Form, name) }

// Single reports whether one method is ticked by itself, so that they are shown.
func (d linkForm) Single() bool {
	return slices.ContainsFunc(d.Methods, func(o option) bool { return o.Selected })
}

func (s *server) newLink(v *visit, f sent) error {
	if err := v.mayManage(); err != nil {
		return err
	}
	data := linkForm{sent: f, Nonce: s.newNonce(), Link: checkout.Link{Stock: checkout.Unlimited, MaxQuantity: 1, Terms: checkout.Terms{Flow: checkout.FlowBoth}}}
	if f.Values != nil {
		data.Nonce = f.Values.Get("nonce")
	}
	var err error
	if data.Accounts, err = v.sellers(); err != nil {
		return err
	}
	data.Account = v.chosenSeller(data.Accounts)
	data.Link.ProductID = posta.ProductID(v.r.URL.Query().Get("product"))
	if err := v.fillLink(&data); err != nil {
		return err
	}
	return v.renderAs(f.answered(), "link-form", data)
}

func (s *server) editLink(v *visit, f sent) error {
	l, err := v.link()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return err
	}
	data := linkForm{sent: f, Link: l}
	if data.Account, err = v.sellerOf(l.ConnectionID); err != nil {
		return err
	}
	data.Accounts = []sellerAccount{data.Account}
	if err := v.fillLink(&data); err != nil {
		return err
	}
	return v.renderAs(f.answered(), "link-form", data)
}

// fillLink adds what a link's form offers.
func (v *visit) fillLink(d *linkForm) error {
	products, err := v.s.Checkout.Products(v.ctx(), checkout.ProductFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, State: checkout.ProductActive, Page: posta.Page{Limit: 100}})
	if err != nil {
		return err
	}
	chosen, _ := d.Old("product_id", string(d.Link.ProductID)).(string)
	for _, p := range products {
		if p.ConnectionID == d.Account.ID {
			d.Products = append(d.Products, option{string(p.ID), p.Name + " · " + d.Account.price(v, p.Price.Amount), string(p.ID) == chosen})
		}
	}
	known := sellsFixed
	switch {
	case d.Link.ProductID != "":
		known = sellsProduct
	case d.Link.Open != nil:
		known = sellsOpen
	}
	d.Sells, _ = d.Old("sells", known).(string)
	category, _ := d.Old("category", d.Link.Category).(string)
	d.Categories = v.categories(category)
	for _, m := range posta.MethodsOf(d.Account.Country) {
		kind := string(m.Type)
		if !slices.ContainsFunc(d.Types, func(o option) bool { return o.Value == kind }) {
			d.Types = append(d.Types, option{kind, v.methodWords(kind), d.Ticked("methods", kind, slices.Contains(d.Link.Terms.Methods, kind))})
		}
		if m.ID != kind {
			d.Methods = append(d.Methods, option{m.ID, m.Name, d.Ticked("methods", m.ID, slices.Contains(d.Link.Terms.Methods, m.ID))})
		}
	}
	d.Typed = v.typedLink(d.Link, d.Account)
	return nil
}

// typedLink writes a link's numbers as a form shows them: nothing for no limit.
func (v *visit) typedLink(l checkout.Link, a sellerAccount) linkTyped {
	amount := func(minor int64) string {
		if minor == 0 {
			return ""
		}
		return plainAmount(minor, a.Currency)
	}
	out := linkTyped{Amount: amount(l.Amount), Quantity: strconv.FormatInt(max(l.MaxQuantity, 1), 10), Uses: unlessNought(int(l.MaxUses)),
		Installments: unlessNought(l.Terms.MaxInstallments)}
	if l.Open != nil {
		out.Min, out.Max, out.Suggested = amount(l.Open.Min), amount(l.Open.Max), amount(l.Open.Suggested)
	}
	if l.Stock != checkout.Unlimited {
		out.Stock = strconv.FormatInt(l.Stock, 10)
	}
	if !l.ExpiresAt.IsZero() {
		out.Expires = l.ExpiresAt.In(v.Zone).Format("2006-01-02T15:04")
	}
	return out
}

// readLink reads the form of a link of an account.
func (v *visit) readLink(a sellerAccount, there checkout.Link) (checkout.LinkInput, error) {
	read := reader{v: v}
	money := func(name string) int64 {
		typed := v.value(name)
		if typed == "" {
			return 0
		}
		minor, err := parseAmount(typed, a.Currency)
		read.wrong.Add(err != nil, name, "amount")
		return minor
	}
	in := checkout.LinkInput{MerchantID: v.Merchant.ID, Mode: v.Mode, ConnectionID: a.ID, Reference: v.value("reference"), State: there.State, By: v.by(),
		MaxQuantity: int64(read.number("max_quantity")), MaxUses: int64(read.number("max_uses")), ExpiresAt: read.when("expires_at"), Stock: checkout.Unlimited}
	if v.value("stock") != "" {
		in.Stock = int64(read.number("stock"))
	}
	if !there.ExpiresAt.IsZero() && v.value("expires_at") == there.ExpiresAt.In(v.Zone).Format("2006-01-02T15:04") {
		in.ExpiresAt = there.ExpiresAt // the form shows no seconds
	}
	sells := v.value("sells")
	if there.ProductID != "" {
		sells, in.ProductID = sellsProduct, there.ProductID
	} else if sells == sellsProduct {
		in.ProductID = posta.ProductID(v.value("product_id"))
		read.wrong.Add(in.ProductID == "", "product_id", "required")
	}
	if sells != sellsProduct {
		in.Title, in.Description, in.Category, in.PictureURL = v.value("title"), v.value("description"), v.value("category"), v.value("picture_url")
	}
	switch sells {
	case sellsFixed:
		in.Amount = money("amount")
	case sellsOpen:
		in.Open = &checkout.OpenAmount{Min: money("open_amount.min"), Max: money("open_amount.max"), Suggested: money("open_amount.suggested")}
		in.MaxQuantity = 1
	}
	in.Terms = checkout.Terms{Flow: provider.Flow(v.value("flow")), Methods: v.r.PostForm["methods"], MaxInstallments: read.number("max_installments"),
		Authorize: v.ticked("authorize"), Challenge: v.ticked("challenge"), Descriptor: v.value("descriptor"), CollectPhone: v.ticked("collect_phone"),
		CollectAddress: v.ticked("collect_address"), SuccessURL: v.value("success_url"), SuccessText: v.value("success_text")}
	return in, read.wrong.Err()
}

// createLink makes a link of the form.
func (s *server) createLink(v *visit) (string, error) {
	if err := v.mayManage(); err != nil {
		return "", err
	}
	accounts, err := v.sellers()
	if err != nil {
		return "", err
	}
	in, err := v.readLink(v.chosenSeller(accounts), checkout.Link{})
	if err != nil {
		return "", err
	}
	if in.ID, err = idFromNonce[posta.LinkID](v); err != nil {
		return "", err
	}
	l, err := s.Checkout.CreateLink(v.ctx(), in)
	if err != nil {
		return "", err
	}
	v.flash("ok", v.T("link.created"), v.T("link.created.text"))
	return linkAddress(l.ID), nil
}

// changeLink changes what of a link can be changed.
func (s *server) changeLink(v *visit) (string, error) {
	l, err := v.link()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return "", err
	}
	seller, err := v.sellerOf(l.ConnectionID)
	if err != nil {
		return "", err
	}
	in, err := v.readLink(seller, l)
	if err != nil {
		return "", err
	}
	in.ID = l.ID
	if _, err := s.Checkout.UpdateLink(v.ctx(), in); err != nil {
		return "", err
	}
	v.flash("ok", v.T("settings.saved"), v.T("link.saved.text"))
	return linkAddress(l.ID), nil
}
