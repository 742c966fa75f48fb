package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"posta"
)

// OnlineCharge is how a buyer pays a charge online. A checkout session spares
// you all of it.
type OnlineCharge struct {
	Flow         string      `json:"flow"`             // redirect: on the provider's page; direct: by one method
	Method       string      `json:"method,omitempty"` // the provider's id, with direct
	Token        string      `json:"token,omitempty"`  // of a card, made in the buyer's browser
	Installments int         `json:"installments,omitempty"`
	Issuer       string      `json:"issuer,omitempty"`
	Bank         string      `json:"bank,omitempty"`
	Authorize    bool        `json:"authorize,omitempty"` // only reserve the money: CapturePayment takes it
	Challenge    bool        `json:"challenge,omitempty"`
	Descriptor   string      `json:"descriptor,omitempty"`
	Return       string      `json:"return_url,omitempty"`
	Buyer        OnlineBuyer `json:"buyer"`
}

// OnlineBuyer is who pays.
type OnlineBuyer struct {
	Email          string          `json:"email,omitempty"`
	FirstName      string          `json:"first_name,omitempty"`
	LastName       string          `json:"last_name,omitempty"`
	Identification *Identification `json:"identification,omitempty"`
}

// Identification is a number that a country gives people or companies.
type Identification struct {
	Type   string `json:"type"` // as the provider calls it: CPF, DNI
	Number string `json:"number"`
}

// Online is how a payment is paid online.
type Online struct {
	Flow         string `json:"flow"`
	Method       string `json:"method"`
	Installments int    `json:"installments"`
	Authorize    bool   `json:"authorize"`
	Next         *Next  `json:"next"` // while it can be paid
}

// Next is what the buyer does next; empty fields do not apply.
type Next struct {
	URL       string    `json:"url"`
	QR        string    `json:"qr"`
	Barcode   string    `json:"barcode"`
	Reference string    `json:"reference"`
	Verifier  string    `json:"verifier"`
	ExpiresAt time.Time `json:"expires_at"`
}

// CapturePayment takes reserved money: amount in minor units, 0 for all of it.
func (c *Client) CapturePayment(ctx context.Context, key string, id posta.PaymentID, amount int64) (p Payment, err error) {
	var in any
	if amount > 0 {
		in = map[string]int64{"amount": amount}
	}
	return p, c.Do(ctx, http.MethodPost, "/v1/payments/"+url.PathEscape(string(id))+"/capture", key, in, &p)
}
