package api

import (
	"context"
	"net/http"

	"posta"
	"posta/checkout"
)

// NewProduct asks for a product.
type NewProduct struct {
	Connection  string `json:"connection_id" doc:"the account that sells it: its country gives the currency" example:"con_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Name        string `json:"name" maxLength:"150"`
	Description string `json:"description,omitempty" maxLength:"256"`
	Category    string `json:"category,omitempty" doc:"the provider's: art, fashion, phones, services, tickets, travels…; raises approval" example:"home"`
	PictureURL  string `json:"picture_url,omitempty" doc:"https"`
	Price       int64  `json:"price" doc:"of one, in minor units" example:"250000"`
}

// ProductChange changes what it names; what is left out stays.
type ProductChange struct {
	Name        *string                `json:"name,omitempty" maxLength:"150"`
	Description *string                `json:"description,omitempty" maxLength:"256"`
	Category    *string                `json:"category,omitempty"`
	PictureURL  *string                `json:"picture_url,omitempty"`
	Price       *int64                 `json:"price,omitempty" doc:"visits that have begun keep the price that they showed"`
	State       *checkout.ProductState `json:"state,omitempty" enum:"active,archived" doc:"links of an archived product are closed"`
}

// ProductList is a page of products.
type ProductList struct {
	Data []checkout.ProductView `json:"data"`
	Next string                 `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

// ProductPath names a product.
type ProductPath struct {
	ID string `path:"id" doc:"prd_…" example:"prd_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type productAnswer struct {
	Location string `header:"Location"`
	Body     checkout.ProductView
}

var exampleProduct = checkout.ProductView{ID: posta.IDFrom[posta.ProductID](exampleULID), Mode: posta.Test, Connection: exampleConnection.ID, Name: "Taza",
	Category: "home", Price: 250000, Currency: "ARS", State: checkout.ProductActive, CreatedAt: exampleAt, UpdatedAt: exampleAt}

func (a *server) products() {
	const tag = "Products"
	add(a, http.MethodPost, "/v1/products", about{id: "create_product", tag: tag, summary: "Add a product", status: http.StatusCreated,
		codes:   []posta.Code{posta.CodeModeMismatch},
		request: NewProduct{Connection: string(exampleConnection.ID), Name: "Taza", Category: "home", Price: 250000}, answer: exampleProduct},
		func(ctx context.Context, in *struct{ Body NewProduct }) (*productAnswer, error) {
			call, b := callOf(ctx), in.Body
			p, err := a.Checkout.CreateProduct(ctx, checkout.ProductInput{ID: posta.IDFrom[posta.ProductID](call.claim.ULID), MerchantID: call.key.MerchantID,
				Mode: call.key.Mode, ConnectionID: posta.ConnectionID(b.Connection), Name: b.Name, Description: b.Description, Category: b.Category,
				PictureURL: b.PictureURL, Price: b.Price, By: call.by()})
			return productShown(p, "/v1/products/"+string(p.ID), err)
		})
	add(a, http.MethodGet, "/v1/products", about{id: "list_products", tag: tag, summary: "List products",
		answer: ProductList{Data: []checkout.ProductView{exampleProduct}}}, a.listProducts)
	add(a, http.MethodGet, "/v1/products/{id}", about{id: "get_product", tag: tag, summary: "Get a product", answer: exampleProduct},
		func(ctx context.Context, in *ProductPath) (*productAnswer, error) {
			p, err := a.product(ctx, in.ID)
			return productShown(p, "", err)
		})
	add(a, http.MethodPatch, "/v1/products/{id}", about{id: "update_product", tag: tag, summary: "Change or archive a product",
		codes: []posta.Code{posta.CodeModeMismatch}, request: ProductChange{Price: new(int64(270000))}, answer: exampleProduct},
		func(ctx context.Context, in *struct {
			ProductPath
			Body ProductChange
		}) (*productAnswer, error) {
			p, err := a.product(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			to := checkout.ProductInput{ID: p.ID, MerchantID: p.MerchantID, Mode: p.Mode, Name: p.Name, Description: p.Description, Category: p.Category,
				PictureURL: p.PictureURL, Price: p.Price.Amount, State: p.State, By: callOf(ctx).by()}
			b := in.Body
			put(&to.Name, b.Name)
			put(&to.Description, b.Description)
			put(&to.Category, b.Category)
			put(&to.PictureURL, b.PictureURL)
			put(&to.Price, b.Price)
			put(&to.State, b.State)
			p, err = a.Checkout.UpdateProduct(ctx, to)
			return productShown(p, "", err)
		})
}

// put puts what a change names in the place of what is there.
func put[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (a *server) listProducts(ctx context.Context, in *struct {
	Limit int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After string `query:"after" pattern:"^prd_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	State string `query:"state" enum:"active,archived"`
}) (*struct{ Body ProductList }, error) {
	key := callOf(ctx).key
	filter := checkout.ProductFilter{MerchantID: key.MerchantID, Mode: key.Mode, State: checkout.ProductState(in.State), Page: posta.Page{Limit: in.Limit, After: in.After}}
	list, err := a.Checkout.Products(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := ProductList{Data: []checkout.ProductView{}}
	for _, p := range list {
		out.Data = append(out.Data, p.View())
	}
	if len(list) == filter.Size() {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body ProductList }{out}, nil
}

// product finds one of the caller's.
func (a *server) product(ctx context.Context, text string) (checkout.Product, error) {
	key := callOf(ctx).key
	id, err := found[posta.ProductID](text)
	if err != nil {
		return checkout.Product{}, err
	}
	return a.Checkout.Product(ctx, key.MerchantID, key.Mode, id)
}

func productShown(p checkout.Product, location string, err error) (*productAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &productAnswer{location, p.View()}, nil
}
