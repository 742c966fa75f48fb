package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/checkout"
	"posta/provider"
)

// NewLink asks for a payment link.
type NewLink struct {
	Connection  string               `json:"connection_id,omitempty" doc:"the account that sells; left out with a product" example:"con_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Product     string               `json:"product_id,omitempty" doc:"says what is sold and for how much, in place of title and amount"`
	Title       string               `json:"title,omitempty" maxLength:"150" doc:"what is sold, without a product"`
	Description string               `json:"description,omitempty" maxLength:"256"`
	Category    string               `json:"category,omitempty" doc:"the provider's: art, fashion, phones, services, tickets, travels…"`
	PictureURL  string               `json:"picture_url,omitempty" doc:"https"`
	Amount      int64                `json:"amount,omitempty" doc:"of one, in minor units" example:"150000"`
	Open        *checkout.OpenAmount `json:"open_amount,omitempty" doc:"in place of amount: the buyer chooses between min and max"`
	MaxQuantity int64                `json:"max_quantity,omitempty" minimum:"0" maximum:"1000" doc:"how many one buyer may take; 1 if left out"`
	Reference   string               `json:"reference,omitempty" maxLength:"100" doc:"your own text, on each payment"`
	ExpiresAt   *time.Time           `json:"expires_at,omitempty" doc:"when it stops taking payments; never if left out"`
	MaxUses     int64                `json:"max_uses,omitempty" minimum:"0" doc:"how many buyers may pay; no limit if left out"`
	Stock       *int64               `json:"stock,omitempty" minimum:"0" doc:"how many units are sold in all; no limit if left out"`
	checkout.Terms
}

// LinkChange changes what it names; what is left out stays.
type LinkChange struct {
	Title           *string              `json:"title,omitempty" maxLength:"150"`
	Description     *string              `json:"description,omitempty" maxLength:"256"`
	Category        *string              `json:"category,omitempty"`
	PictureURL      *string              `json:"picture_url,omitempty"`
	Amount          *int64               `json:"amount,omitempty" doc:"visits that have begun keep the amount that they showed"`
	Open            *checkout.OpenAmount `json:"open_amount,omitempty" doc:"of a link with an open amount"`
	MaxQuantity     *int64               `json:"max_quantity,omitempty" minimum:"0" maximum:"1000"`
	Reference       *string              `json:"reference,omitempty" maxLength:"100"`
	State           *checkout.LinkState  `json:"state,omitempty" enum:"active,disabled"`
	ExpiresAt       *time.Time           `json:"expires_at,omitempty"`
	NoExpiry        bool                 `json:"no_expiry,omitempty" doc:"takes expires_at back"`
	MaxUses         *int64               `json:"max_uses,omitempty" minimum:"0" doc:"0 for no limit"`
	Stock           *int64               `json:"stock,omitempty" minimum:"-1" doc:"-1 for no limit; not less than what is sold or held"`
	Flow            *provider.Flow       `json:"flow,omitempty" enum:"redirect,direct,both"`
	Methods         *[]string            `json:"methods,omitempty" doc:"none for all of the account's"`
	MaxInstallments *int                 `json:"max_installments,omitempty" minimum:"0" maximum:"36"`
	SuccessURL      *string              `json:"success_url,omitempty"`
	SuccessText     *string              `json:"success_text,omitempty" maxLength:"500"`
}

// LinkList is a page of payment links.
type LinkList struct {
	Data []checkout.LinkView `json:"data"`
	Next string              `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

// LinkPath names a payment link.
type LinkPath struct {
	ID string `path:"id" doc:"lnk_…" example:"lnk_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type linkAnswer struct {
	Location string `header:"Location"`
	Body     checkout.LinkView
}

var exampleLink = checkout.LinkView{ID: posta.IDFrom[posta.LinkID](exampleULID), Mode: posta.Test, URL: "https://posta.example/l/6n4s7c2m5q3v6b4k7x2r5w3p6t",
	Connection: exampleConnection.ID, Title: "Taza", Amount: 150000, Currency: "ARS", MaxQuantity: 1, Terms: checkout.Terms{Flow: checkout.FlowBoth},
	State: checkout.LinkActive, CreatedAt: exampleAt, UpdatedAt: exampleAt}

func (a *server) links() {
	const tag = "Payment links"
	add(a, http.MethodPost, "/v1/payment_links", about{id: "create_payment_link", tag: tag, summary: "Make a payment link", status: http.StatusCreated,
		text: "Share its url: whoever opens it can pay. Each visit is a checkout session; what a payment takes of stock and uses is held from its beginning " +
			"until it is paid or ends, so that nothing is sold twice.",
		codes:   []posta.Code{posta.CodeModeMismatch},
		request: NewLink{Connection: string(exampleConnection.ID), Title: "Taza", Amount: 150000, MaxQuantity: 3, Stock: new(int64(40))}, answer: exampleLink},
		a.createLink)
	add(a, http.MethodGet, "/v1/payment_links", about{id: "list_payment_links", tag: tag, summary: "List payment links",
		answer: LinkList{Data: []checkout.LinkView{exampleLink}}}, a.listLinks)
	add(a, http.MethodGet, "/v1/payment_links/{id}", about{id: "get_payment_link", tag: tag, summary: "Get a payment link", answer: exampleLink},
		func(ctx context.Context, in *LinkPath) (*linkAnswer, error) {
			l, err := a.link(ctx, in.ID)
			return a.linkShown(l, "", err)
		})
	add(a, http.MethodPatch, "/v1/payment_links/{id}", about{id: "update_payment_link", tag: tag, summary: "Change, close or open a payment link",
		codes: []posta.Code{posta.CodeModeMismatch}, request: LinkChange{Stock: new(int64(60)), State: new(checkout.LinkDisabled)}, answer: exampleLink}, a.updateLink)
}

func (a *server) createLink(ctx context.Context, in *struct{ Body NewLink }) (*linkAnswer, error) {
	call, b := callOf(ctx), in.Body
	to := checkout.LinkInput{ID: posta.IDFrom[posta.LinkID](call.claim.ULID), MerchantID: call.key.MerchantID, Mode: call.key.Mode,
		ConnectionID: posta.ConnectionID(b.Connection), ProductID: posta.ProductID(b.Product), Title: b.Title, Description: b.Description,
		Category: b.Category, PictureURL: b.PictureURL, Amount: b.Amount, Open: b.Open, MaxQuantity: b.MaxQuantity, Reference: b.Reference,
		Terms: b.Terms, MaxUses: b.MaxUses, Stock: checkout.Unlimited, By: call.by()}
	put(&to.Stock, b.Stock)
	put(&to.ExpiresAt, b.ExpiresAt)
	l, err := a.Checkout.CreateLink(ctx, to)
	return a.linkShown(l, "/v1/payment_links/"+string(l.ID), err)
}

func (a *server) updateLink(ctx context.Context, in *struct {
	LinkPath
	Body LinkChange
}) (*linkAnswer, error) {
	l, err := a.link(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	to := checkout.LinkInput{ID: l.ID, MerchantID: l.MerchantID, Mode: l.Mode, Title: l.Title, Description: l.Description, Category: l.Category,
		PictureURL: l.PictureURL, Amount: l.Amount, Open: l.Open, MaxQuantity: l.MaxQuantity, Reference: l.Reference, Terms: l.Terms, State: l.State,
		ExpiresAt: l.ExpiresAt, MaxUses: l.MaxUses, Stock: l.Stock, By: callOf(ctx).by()}
	b := in.Body
	put(&to.Title, b.Title)
	put(&to.Description, b.Description)
	put(&to.Category, b.Category)
	put(&to.PictureURL, b.PictureURL)
	put(&to.Amount, b.Amount)
	if b.Open != nil {
		to.Open = b.Open
	}
	put(&to.MaxQuantity, b.MaxQuantity)
	put(&to.Reference, b.Reference)
	put(&to.State, b.State)
	put(&to.ExpiresAt, b.ExpiresAt)
	if b.NoExpiry {
		to.ExpiresAt = time.Time{}
	}
	put(&to.MaxUses, b.MaxUses)
	put(&to.Stock, b.Stock)
	put(&to.Terms.Flow, b.Flow)
	put(&to.Terms.Methods, b.Methods)
	put(&to.Terms.MaxInstallments, b.MaxInstallments)
	put(&to.Terms.SuccessURL, b.SuccessURL)
	put(&to.Terms.SuccessText, b.SuccessText)
	l, err = a.Checkout.UpdateLink(ctx, to)
	return a.linkShown(l, "", err)
}

func (a *server) listLinks(ctx context.Context, in *struct {
	Limit   int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After   string `query:"after" pattern:"^lnk_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	State   string `query:"state" enum:"active,disabled"`
	Product string `query:"product_id"`
}) (*struct{ Body LinkList }, error) {
	key := callOf(ctx).key
	filter := checkout.LinkFilter{MerchantID: key.MerchantID, Mode: key.Mode, State: checkout.LinkState(in.State), ProductID: posta.ProductID(in.Product),
		Page: posta.Page{Limit: in.Limit, After: in.After}}
	list, err := a.Checkout.Links(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := LinkList{Data: []checkout.LinkView{}}
	for _, l := range list {
		out.Data = append(out.Data, a.Checkout.LinkView(l))
	}
	if len(list) == filter.Size() {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body LinkList }{out}, nil
}

// link finds one of the caller's.
func (a *server) link(ctx context.Context, text string) (checkout.Link, error) {
	key := callOf(ctx).key
	id, err := found[posta.LinkID](text)
	if err != nil {
		return checkout.Link{}, err
	}
	return a.Checkout.Link(ctx, key.MerchantID, key.Mode, id)
}

func (a *server) linkShown(l checkout.Link, location string, err error) (*linkAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &linkAnswer{location, a.Checkout.LinkView(l)}, nil
}
