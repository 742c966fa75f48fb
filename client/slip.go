package client

import (
	"context"
	"net/http"
	"net/url"

	"posta"
)

// Slip is what a terminal prints of a payment, to find it by later.
type Slip struct {
	Terminal string `json:"terminal"` // the provider's id
	Batch    string `json:"batch"`
	Coupon   string `json:"coupon"`
	Acquirer string `json:"acquirer"`
	Merchant string `json:"merchant"`
	Entry    string `json:"entry"`
	CashBack int64  `json:"cash_back"`
	Original int64  `json:"original"` // before a benefit; 0 if not told
	Text     string `json:"text"`
}

// Options is what a charge may ask of a terminal.
type Options struct {
	Operation    string `json:"operation,omitempty"` // "" is card; qr
	Method       string `json:"method,omitempty"`    // credit_card or debit_card; "" is either
	Installments int    `json:"installments,omitempty"`
	Plan         string `json:"plan,omitempty"`
	Brand        string `json:"brand,omitempty"`
	CashBack     int64  `json:"cash_back,omitempty"`
	Copies       string `json:"copies,omitempty"` // both, merchant, customer, none
	Note         string `json:"note,omitempty"`
	Benefit      bool   `json:"benefit,omitempty"`
	Document     string `json:"document,omitempty"` // the customer's; never told back
}

// SlipSays is what the terminal's slip says of a charge or refund whose answer
// was lost.
type SlipSays struct {
	Done          bool   `json:"done"`               // false: the terminal did not do it
	Terminal      string `json:"terminal,omitempty"` // the provider's id
	Batch         string `json:"batch,omitempty"`
	Coupon        string `json:"coupon,omitempty"`
	Authorization string `json:"authorization,omitempty"`
	Brand         string `json:"brand,omitempty"`
	LastFour      string `json:"last_four,omitempty"`
	Installments  int    `json:"installments,omitempty"`
	Amount        int64  `json:"amount,omitempty"` // 0 means what was asked
}

// SettleBySlip says what the slip tells of a payment with attention slip or review.
func (c *Client) SettleBySlip(ctx context.Context, key string, id posta.PaymentID, says SlipSays) (p Payment, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/payments/"+url.PathEscape(string(id))+"/settle-by-slip", key, says, &p)
	return p, err
}

// SettleRefundBySlip says what the slip tells of a refund that is unknown.
func (c *Client) SettleRefundBySlip(ctx context.Context, key string, id posta.RefundID, says SlipSays) (r Refund, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/refunds/"+url.PathEscape(string(id))+"/settle-by-slip", key, says, &r)
	return r, err
}
