package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posta"
)

// Terms are how a link or a session is paid. Empty fields leave it to the hub.
type Terms struct {
	Flow            string   `json:"flow,omitempty"` // redirect, direct, both
	Methods         []string `json:"methods,omitempty"`
	MaxInstallments int      `json:"max_installments,omitempty"`
	Authorize       bool     `json:"authorize,omitempty"`
	Challenge       bool     `json:"challenge,omitempty"`
	Descriptor      string   `json:"descriptor,omitempty"`
	CollectPhone    bool     `json:"collect_phone,omitempty"`
	CollectAddress  bool     `json:"collect_address,omitempty"`
	SuccessURL      string   `json:"success_url,omitempty"`
	SuccessText     string   `json:"success_text,omitempty"`
}

// OpenAmount bounds an amount that the buyer chooses, in minor units.
type OpenAmount struct {
	Min       int64 `json:"min"`
	Max       int64 `json:"max"`
	Suggested int64 `json:"suggested,omitempty"`
}

// Product is something that is sold again and again.
type Product struct {
	ID          posta.ProductID    `json:"id,omitempty"`
	Mode        posta.Mode         `json:"mode,omitempty"`
	Connection  posta.ConnectionID `json:"connection_id"`
	Name        string             `json:"name"`
	Description string             `json:"description,omitempty"`
	Category    string             `json:"category,omitempty"`
	PictureURL  string             `json:"picture_url,omitempty"`
	Price       int64              `json:"price"` // minor units
	Currency    posta.Currency     `json:"currency,omitempty"`
	State       string             `json:"state,omitempty"` // active, archived
}

// NewProduct asks for a product.
type NewProduct struct {
	Connection  posta.ConnectionID `json:"connection_id"`
	Name        string             `json:"name"`
	Description string             `json:"description,omitempty"`
	Category    string             `json:"category,omitempty"`
	PictureURL  string             `json:"picture_url,omitempty"`
	Price       int64              `json:"price"` // minor units
}

// NewLink asks for a payment link.
type NewLink struct {
	Connection  posta.ConnectionID `json:"connection_id,omitempty"`
	Product     posta.ProductID    `json:"product_id,omitempty"` // in place of Title and Amount
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Category    string             `json:"category,omitempty"`
	PictureURL  string             `json:"picture_url,omitempty"`
	Amount      int64              `json:"amount,omitempty"` // minor units
	Open        *OpenAmount        `json:"open_amount,omitempty"`
	MaxQuantity int64              `json:"max_quantity,omitempty"`
	Reference   string             `json:"reference,omitempty"`
	ExpiresAt   *time.Time         `json:"expires_at,omitempty"`
	MaxUses     int64              `json:"max_uses,omitempty"`
	Stock       *int64             `json:"stock,omitempty"` // nil for no limit
	Terms
}

// Link is a payment link.
type Link struct {
	ID        posta.LinkID   `json:"id"`
	Mode      posta.Mode     `json:"mode"`
	URL       string         `json:"url"`   // what buyers open
	State     string         `json:"state"` // active, disabled
	SoldOut   bool           `json:"sold_out"`
	Used      int64          `json:"used"`
	Sold      int64          `json:"sold"`
	Held      int64          `json:"held"`
	CreatedAt time.Time      `json:"created_at"`
	Currency  posta.Currency `json:"currency"`
	NewLink
}

// NewSession asks for a checkout session.
type NewSession struct {
	Connection posta.ConnectionID `json:"connection_id"`
	Title      string             `json:"title,omitempty"`
	Amount     int64              `json:"amount,omitempty"` // minor units; the items' sum if left out
	Items      []Item             `json:"items,omitempty"`
	Reference  string             `json:"reference,omitempty"`
	CancelURL  string             `json:"cancel_url,omitempty"`
	ExpiresIn  int64              `json:"expires_in,omitempty"` // seconds
	Terms
}

// Session is one buyer's visit to pay.
type Session struct {
	ID          posta.SessionID `json:"id"`
	Mode        posta.Mode      `json:"mode"`
	State       string          `json:"state"`     // open, complete, expired, canceled
	Attention   string          `json:"attention"` // paid_twice
	URL         string          `json:"url"`       // send the buyer there
	Link        posta.LinkID    `json:"link_id"`
	Title       string          `json:"title"`
	Amount      int64           `json:"amount"`
	Currency    posta.Currency  `json:"currency"`
	Quantity    int64           `json:"quantity"`
	Reference   string          `json:"reference"`
	Payment     posta.PaymentID `json:"payment_id"`
	CreatedAt   time.Time       `json:"created_at"`
	ExpiresAt   time.Time       `json:"expires_at"`
	CompletedAt *time.Time      `json:"completed_at"`
}

// SalesFilter chooses products, links or sessions of a list. Zero fields do not
// choose.
type SalesFilter struct {
	Limit     int
	After     string // Next of the page before
	State     string
	Product   posta.ProductID // of links
	Link      posta.LinkID    // of sessions
	Attention bool            // of sessions
}

func (f SalesFilter) path(base string) string {
	limit, attention := "", ""
	if f.Limit > 0 {
		limit = strconv.Itoa(f.Limit)
	}
	if f.Attention {
		attention = "true"
	}
	return query(base, "limit", limit, "after", f.After, "state", f.State, "product_id", string(f.Product), "link_id", string(f.Link), "attention", attention)
}

// ProductPage is a page of products.
type ProductPage struct {
	Data []Product `json:"data"`
	Next string    `json:"next"`
}

// LinkPage is a page of payment links.
type LinkPage struct {
	Data []Link `json:"data"`
	Next string `json:"next"`
}

// SessionPage is a page of checkout sessions.
type SessionPage struct {
	Data []Session `json:"data"`
	Next string    `json:"next"`
}

// CreateProduct adds a product.
func (c *Client) CreateProduct(ctx context.Context, key string, in NewProduct) (p Product, err error) {
	return p, c.Do(ctx, http.MethodPost, "/v1/products", key, in, &p)
}

// Products lists products, newest first.
func (c *Client) Products(ctx context.Context, f SalesFilter) (page ProductPage, err error) {
	return page, c.Do(ctx, http.MethodGet, f.path("/v1/products"), "", nil, &page)
}

// CreateLink makes a payment link.
func (c *Client) CreateLink(ctx context.Context, key string, in NewLink) (l Link, err error) {
	return l, c.Do(ctx, http.MethodPost, "/v1/payment_links", key, in, &l)
}

// Link gets a payment link.
func (c *Client) Link(ctx context.Context, id posta.LinkID) (l Link, err error) {
	return l, c.Do(ctx, http.MethodGet, "/v1/payment_links/"+url.PathEscape(string(id)), "", nil, &l)
}

// Links lists payment links, newest first.
func (c *Client) Links(ctx context.Context, f SalesFilter) (page LinkPage, err error) {
	return page, c.Do(ctx, http.MethodGet, f.path("/v1/payment_links"), "", nil, &page)
}

// SetLinkState closes a payment link ("disabled") or opens it again ("active").
func (c *Client) SetLinkState(ctx context.Context, id posta.LinkID, state string) (l Link, err error) {
	return l, c.Do(ctx, http.MethodPatch, "/v1/payment_links/"+url.PathEscape(string(id)), "", map[string]string{"state": state}, &l)
}

// CreateSession makes a checkout session: send the buyer to its URL.
func (c *Client) CreateSession(ctx context.Context, key string, in NewSession) (s Session, err error) {
	return s, c.Do(ctx, http.MethodPost, "/v1/checkout_sessions", key, in, &s)
}

// Session gets a checkout session.
func (c *Client) Session(ctx context.Context, id posta.SessionID) (s Session, err error) {
	return s, c.Do(ctx, http.MethodGet, "/v1/checkout_sessions/"+url.PathEscape(string(id)), "", nil, &s)
}

// Sessions lists checkout sessions, newest first.
func (c *Client) Sessions(ctx context.Context, f SalesFilter) (page SessionPage, err error) {
	return page, c.Do(ctx, http.MethodGet, f.path("/v1/checkout_sessions"), "", nil, &page)
}

// SessionPayments lists the payments of a checkout session, oldest first.
func (c *Client) SessionPayments(ctx context.Context, id posta.SessionID) ([]Payment, error) {
	var out struct{ Data []Payment }
	err := c.Do(ctx, http.MethodGet, "/v1/checkout_sessions/"+url.PathEscape(string(id))+"/payments", "", nil, &out)
	return out.Data, err
}

// CancelSession takes a checkout session back. It may come back complete.
func (c *Client) CancelSession(ctx context.Context, key string, id posta.SessionID) (s Session, err error) {
	return s, c.Do(ctx, http.MethodPost, "/v1/checkout_sessions/"+url.PathEscape(string(id))+"/cancel", key, nil, &s)
}
