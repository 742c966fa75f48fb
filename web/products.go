package web

import (
	"net/http"

	"posta"
	"posta/checkout"
	"posta/webhook"
)

// productRoutes registers the pages of what a merchant sells online.
func (s *server) productRoutes(mux *http.ServeMux) {
	mux.Handle("GET /products", s.member(s.productsPage))
	s.deed(mux, s.member, "/products/new", s.newProduct, s.createProduct)
	s.deed(mux, s.member, "/products/{product}", s.productPage, s.changeProduct)
	mux.Handle("GET /products/{product}/archive", s.member(s.askArchiveProduct))
	mux.Handle("POST /products/{product}/archive", s.member(s.archiveProduct))
}

// productLook is the state whose colour and shape a product's state has.
var productLook = map[checkout.ProductState]string{checkout.ProductActive: "paid", checkout.ProductArchived: "canceled"}

// productRow is one product of the list.
type productRow struct {
	checkout.Product
	Shown, Words, Price string
	Account             string
}

// productList is what the list of products shows.
type productList struct {
	Rows        []productRow
	Accounts    []sellerAccount
	Manage      bool
	State       string
	States      []option
	Next, First string
}

func (s *server) productsPage(v *visit) error {
	query := v.r.URL.Query()
	data := productList{Manage: webhook.Manages(v.User.Role), State: query.Get("state")}
	filter := checkout.ProductFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, State: checkout.ProductState(data.State), Page: posta.Page{Limit: 50}}
	if id, err := posta.ParseID[posta.ProductID](query.Get("after")); err == nil {
		filter.After = string(id)
	}
	list, err := s.Checkout.Products(v.ctx(), filter)
	if err != nil {
		return err
	}
	if data.Accounts, err = v.sellers(); err != nil {
		return err
	}
	for _, p := range list {
		seller, err := v.sellerOf(p.ConnectionID)
		if err != nil {
			return err
		}
		data.Rows = append(data.Rows, productRow{Product: p, Shown: productLook[p.State], Words: v.T("product.state." + string(p.State)),
			Price: seller.price(v, p.Price.Amount), Account: seller.Name})
	}
	for _, state := range []checkout.ProductState{checkout.ProductActive, checkout.ProductArchived} {
		data.States = append(data.States, option{string(state), v.T("product.state." + string(state)), data.State == string(state)})
	}
	data.Next, data.First = v.pages("/products", filter.Page, len(list), func() string { return string(list[len(list)-1].ID) }, "state")
	return v.render("products", data)
}

// productData is what the page of one product shows, or of a new one.
type productData struct {
	sent
	Product    checkout.Product // the zero one is new
	Shown      string
	Nonce      string
	Accounts   []sellerAccount
	Account    sellerAccount
	Typed      string // the price as a form shows it
	Categories []option
	Manage     bool
	Links      []linkRow
}

// Old is what is known of the product, or what was typed.
func (d productData) Old(name string, known any) any { return d.Get(d.Form, name, known) }

// Bad says what is wrong with a field.
func (d productData) Bad(name string) string { return d.Err(d.Form, name) }

// Picture reports whether there is one that the page may show.
func (d productData) Picture() bool { return d.Product.PictureURL != "" }

func (v *visit) categories(chosen string) []option {
	var out []option
	for _, c := range checkout.Categories {
		out = append(out, option{c, v.T("product.category." + c), c == chosen})
	}
	return out
}

func (s *server) newProduct(v *visit, f sent) error {
	if err := v.mayManage(); err != nil {
		return err
	}
	data := productData{sent: f, Manage: true, Nonce: s.newNonce()}
	if f.Values != nil {
		data.Nonce = f.Values.Get("nonce")
	}
	var err error
	if data.Accounts, err = v.sellers(); err != nil {
		return err
	}
	data.Account = v.chosenSeller(data.Accounts)
	category, _ := data.Old("category", "").(string)
	data.Categories = v.categories(category)
	return v.renderAs(f.answered(), "product-new", data)
}

// readProduct reads the form of a product that an account sells.
func (v *visit) readProduct(seller sellerAccount) (checkout.ProductInput, error) {
	in := checkout.ProductInput{MerchantID: v.Merchant.ID, Mode: v.Mode, ConnectionID: seller.ID, Name: v.value("name"), Description: v.value("description"),
		Category: v.value("category"), PictureURL: v.value("picture_url"), By: v.by()}
	var wrong posta.Problems
	var err error
	in.Price, err = parseAmount(v.value("price"), seller.Currency)
	wrong.Add(err != nil, "price", "amount")
	return in, wrong.Err()
}

// createProduct makes a product of the form.
func (s *server) createProduct(v *visit) (string, error) {
	if err := v.mayManage(); err != nil {
		return "", err
	}
	accounts, err := v.sellers()
	if err != nil {
		return "", err
	}
	in, err := v.readProduct(v.chosenSeller(accounts))
	if err != nil {
		return "", err
	}
	if in.ID, err = idFromNonce[posta.ProductID](v); err != nil {
		return "", err
	}
	p, err := s.Checkout.CreateProduct(v.ctx(), in)
	if err != nil {
		return "", err
	}
	v.flash("ok", v.T("product.created", "name", p.Name), v.T("product.created.text"))
	return productAddress(p.ID), nil
}

func productAddress(id posta.ProductID) string { return "/products/" + string(id) }

// product is the product that the address names.
func (v *visit) product() (checkout.Product, error) {
	id, err := posta.ParseID[posta.ProductID](v.r.PathValue("product"))
	if err != nil {
		return checkout.Product{}, err
	}
	return v.s.Checkout.Product(v.ctx(), v.Merchant.ID, v.Mode, id)
}

func (s *server) productPage(v *visit, f sent) error {
	p, err := v.product()
	if err != nil {
		return err
	}
	data := productData{sent: f, Product: p, Shown: productLook[p.State], Manage: webhook.Manages(v.User.Role), Typed: plainAmount(p.Price.Amount, p.Price.Currency), Nonce: s.newNonce()}
	if data.Account, err = v.sellerOf(p.ConnectionID); err != nil {
		return err
	}
	category, _ := data.Old("category", p.Category).(string)
	data.Categories = v.categories(category)
	list, err := s.Checkout.Links(v.ctx(), checkout.LinkFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, ProductID: p.ID, Page: posta.Page{Limit: 20}})
	if err != nil {
		return err
	}
	if data.Links, err = v.linkRows(list); err != nil {
		return err
	}
	v.allowPicture(p.PictureURL)
	return v.renderAs(f.answered(), "product", data)
}

// changeProduct changes what of a product can be changed.
func (s *server) changeProduct(v *visit) (string, error) {
	p, err := v.product()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return "", err
	}
	seller, err := v.sellerOf(p.ConnectionID)
	if err != nil {
		return "", err
	}
	in, err := v.readProduct(seller)
	if err != nil {
		return "", err
	}
	in.ID, in.State = p.ID, p.State
	if _, err := s.Checkout.UpdateProduct(v.ctx(), in); err != nil {
		return "", err
	}
	v.flash("ok", v.T("settings.saved"), v.T("product.saved.text"))
	return productAddress(p.ID), nil
}

// askArchiveProduct asks before nobody can buy it any more.
func (s *server) askArchiveProduct(v *visit) error {
	p, err := v.product()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return err
	}
	if p.State == checkout.ProductArchived {
		return v.redirect(productAddress(p.ID))
	}
	return v.ask(ask{Title: v.T("product.archive.title", "name", p.Name), Text: v.T("product.archive.text"), Action: productAddress(p.ID) + "/archive",
		Button: v.T("product.archive"), Back: productAddress(p.ID), Hidden: map[string]string{"state": string(checkout.ProductArchived)}})
}

// archiveProduct takes a product out of sale, or back into it.
func (s *server) archiveProduct(v *visit) error {
	p, err := v.product()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return err
	}
	state := checkout.ProductActive
	if v.value("state") == string(checkout.ProductArchived) {
		state = checkout.ProductArchived
	}
	if _, err := s.Checkout.UpdateProduct(v.ctx(), checkout.ProductInput{ID: p.ID, MerchantID: p.MerchantID, Mode: p.Mode, Name: p.Name, Description: p.Description,
		Category: p.Category, PictureURL: p.PictureURL, Price: p.Price.Amount, State: state, By: v.by()}); err != nil {
		return err
	}
	v.flash("ok", v.T("product."+string(state)+".done"), v.T("product."+string(state)+".done.text"))
	return v.redirect(productAddress(p.ID))
}
