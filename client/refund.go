package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posta"
)

// Refund gives back all or a part of a payment.
type Refund struct {
	ID        posta.RefundID     `json:"id"`
	PaymentID posta.PaymentID    `json:"payment_id"`
	Mode      posta.Mode         `json:"mode"`
	Kind      string             `json:"kind"` // refund or reversal
	State     string             `json:"state"`
	Progress  string             `json:"progress"` // where a pending one stands on its terminal
	Terminals []posta.TerminalID `json:"terminals"`
	Amount    int64              `json:"amount"`
	Currency  posta.Currency     `json:"currency"`
	Reason    string             `json:"reason"`
	Failure   string             `json:"failure"`
	Provider  []string           `json:"provider_refunds"`
	Origin    string             `json:"origin"`
	CreatedAt time.Time          `json:"created_at"`
	UpdatedAt time.Time          `json:"updated_at"`
}

// NewRefund asks to give back money of a payment. The zero value gives back
// all that is left, the way that the proposal says.
type NewRefund struct {
	Amount    int64              `json:"amount,omitempty"` // 0 is all that is left
	Reason    string             `json:"reason,omitempty"`
	Kind      string             `json:"kind,omitempty"`      // refund or reversal; "" takes what the proposal says
	Terminals []posta.TerminalID `json:"terminals,omitempty"` // where it is done on a terminal; none means that of the sale
}

// Proposal is how money of a payment is best given back, and why.
type Proposal struct {
	Kind      string             `json:"kind"`
	Reason    string             `json:"reason"` // whole_open_batch, part, brand…
	Amount    int64              `json:"amount"`
	Left      int64              `json:"left"`
	Terminals []posta.TerminalID `json:"terminals"` // none where the provider does it by itself
}

// Refund gives back money of a payment. Where it is done on a terminal it comes
// back pending, until somebody does it there.
func (c *Client) Refund(ctx context.Context, key string, id posta.PaymentID, in NewRefund) (r Refund, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/payments/"+url.PathEscape(string(id))+"/refunds", key, in, &r)
	return r, err
}

// ProposeRefund tells how an amount of a payment, 0 for all that is left, is
// best given back.
func (c *Client) ProposeRefund(ctx context.Context, id posta.PaymentID, amount int64) (p Proposal, err error) {
	text := ""
	if amount != 0 {
		text = strconv.FormatInt(amount, 10)
	}
	err = c.Do(ctx, http.MethodGet, query("/v1/payments/"+url.PathEscape(string(id))+"/refund-proposal", "amount", text), "", nil, &p)
	return p, err
}

// CancelRefund takes a refund off its terminal. It may come back succeeded: the
// terminal was faster.
func (c *Client) CancelRefund(ctx context.Context, key string, id posta.RefundID) (r Refund, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/refunds/"+url.PathEscape(string(id))+"/cancel", key, nil, &r)
	return r, err
}

// Refunds lists the refunds of a payment, oldest first.
func (c *Client) Refunds(ctx context.Context, id posta.PaymentID) ([]Refund, error) {
	var out struct{ Data []Refund }
	err := c.Do(ctx, http.MethodGet, "/v1/payments/"+url.PathEscape(string(id))+"/refunds", "", nil, &out)
	return out.Data, err
}

// GetRefund gets a refund.
func (c *Client) GetRefund(ctx context.Context, id posta.RefundID) (r Refund, err error) {
	err = c.Do(ctx, http.MethodGet, "/v1/refunds/"+url.PathEscape(string(id)), "", nil, &r)
	return r, err
}
