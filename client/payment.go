package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posta"
)

// Payment is one charge at a till. Amounts are minor units.
type Payment struct {
	ID          posta.PaymentID    `json:"id"`
	Mode        posta.Mode         `json:"mode"`
	State       string             `json:"state"`
	Attention   string             `json:"attention"`
	Amount      int64              `json:"amount"`
	Captured    int64              `json:"captured"`
	Refunded    int64              `json:"refunded"`
	Currency    posta.Currency     `json:"currency"`
	Reference   string             `json:"reference"`
	Description string             `json:"description"`
	Items       []Item             `json:"items"`
	Till        posta.TillID       `json:"till_id"`
	Store       posta.StoreID      `json:"store_id"`
	Connection  posta.ConnectionID `json:"connection_id"`
	Rail        string             `json:"rail"`      // qr, terminal or online
	Terminals   []posta.TerminalID `json:"terminals"` // those that may take it
	Options     *Options           `json:"options"`   // what was asked of the terminal
	Online      *Online            `json:"online"`    // on rail online
	Owner       string             `json:"owner"`     // the checkout session or invoice that it pays
	Progress    string             `json:"progress"`  // where a pending one stands on its terminal
	Order       string             `json:"provider_order"`
	QR          string             `json:"qr"`
	Attempts    []Attempt          `json:"attempts"`
	Reason      string             `json:"reason"`
	CreatedBy   string             `json:"created_by"`
	CreatedAt   time.Time          `json:"created_at"`
	UpdatedAt   time.Time          `json:"updated_at"`
	ExpiresAt   time.Time          `json:"expires_at"`
	PaidAt      *time.Time         `json:"paid_at"`
	CancelAt    *time.Time         `json:"cancel_requested_at"`
}

// Open reports whether the payment still occupies its till.
func (p Payment) Open() bool {
	return p.State == "created" || p.State == "pending" || p.State == "unknown"
}

// Attempt is one try to pay.
type Attempt struct {
	ID           string    `json:"id"`
	Status       string    `json:"status"`
	Detail       string    `json:"detail"`
	Amount       int64     `json:"amount"`
	Refunded     int64     `json:"refunded"`
	At           time.Time `json:"at"`
	Method       string    `json:"method"`
	Brand        string    `json:"brand"`
	LastFour     string    `json:"last_four"`
	Installments int       `json:"installments"`
	Authorizes   string    `json:"authorization"`
	Slip         *Slip     `json:"slip"`
}

// Item is a line of what is sold.
type Item struct {
	Title      string `json:"title"`
	Quantity   int64  `json:"quantity"`
	UnitPrice  int64  `json:"unit_price"`
	SKU        string `json:"sku,omitempty"`
	PictureURL string `json:"picture_url,omitempty"`
}

// NewPayment asks for a payment.
type NewPayment struct {
	TillID      posta.TillID       `json:"till_id,omitempty"`
	Connection  posta.ConnectionID `json:"connection_id,omitempty"` // in place of a till: online
	Online      *OnlineCharge      `json:"online,omitempty"`        // with Connection
	Amount      int64              `json:"amount"`
	Currency    posta.Currency     `json:"currency,omitempty"`
	Reference   string             `json:"reference,omitempty"`
	Description string             `json:"description,omitempty"`
	Items       []Item             `json:"items,omitempty"`
	ExpiresIn   int64              `json:"expires_in,omitempty"` // seconds
	Rail        string             `json:"rail,omitempty"`       // "" is qr; terminal
	Terminals   []posta.TerminalID `json:"terminals,omitempty"`  // none means those of the till
	Options     *Options           `json:"options,omitempty"`    // on rail terminal
}

// Filter chooses payments of a list. Zero fields do not choose.
type Filter struct {
	Limit     int
	After     string // Next of the page before
	State     string
	TillID    posta.TillID
	StoreID   posta.StoreID
	Attention bool
	From, To  time.Time
	Search    string
}

// Page is a page of payments.
type Page struct {
	Data   []Payment `json:"data"`
	Next   string    `json:"next"`
	Totals struct {
		Count    int64                    `json:"count"`
		Captured map[posta.Currency]int64 `json:"captured"`
		Refunded map[posta.Currency]int64 `json:"refunded"`
	} `json:"totals"`
}

// Me is whose the client's key is.
type Me struct {
	KeyID        posta.KeyID      `json:"key_id"`
	KeyName      string           `json:"key_name"`
	KeyPrefix    string           `json:"key_prefix"`
	Mode         posta.Mode       `json:"mode"`
	MerchantID   posta.MerchantID `json:"merchant_id"`
	MerchantName string           `json:"merchant_name"`
	Country      string           `json:"country"`
	TimeZone     string           `json:"time_zone"`
}

// Me tells whose the client's key is.
func (c *Client) Me(ctx context.Context) (me Me, err error) {
	err = c.Do(ctx, http.MethodGet, "/v1/me", "", nil, &me)
	return me, err
}

// CreatePayment charges at a till. Called again with the same key and the same
// payment it gives the same one.
func (c *Client) CreatePayment(ctx context.Context, key string, in NewPayment) (p Payment, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/payments", key, in, &p)
	return p, err
}

// Payment gets a payment.
func (c *Client) Payment(ctx context.Context, id posta.PaymentID) (p Payment, err error) {
	err = c.Do(ctx, http.MethodGet, "/v1/payments/"+url.PathEscape(string(id)), "", nil, &p)
	return p, err
}

// Payments lists payments, newest first.
func (c *Client) Payments(ctx context.Context, f Filter) (page Page, err error) {
	limit, attention := "", ""
	if f.Limit > 0 {
		limit = strconv.Itoa(f.Limit)
	}
	if f.Attention {
		attention = "true"
	}
	err = c.Do(ctx, http.MethodGet, query("/v1/payments", "limit", limit, "after", f.After, "state", f.State, "till_id", string(f.TillID),
		"store_id", string(f.StoreID), "attention", attention, "from", moment(f.From), "to", moment(f.To), "search", f.Search), "", nil, &page)
	return page, err
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// CancelPayment takes a payment off its till. It may come back paid: the buyer
// was faster.
func (c *Client) CancelPayment(ctx context.Context, key string, id posta.PaymentID) (p Payment, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/payments/"+url.PathEscape(string(id))+"/cancel", key, nil, &p)
	return p, err
}
