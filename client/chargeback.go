package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"posta"
)

// Chargeback is a buyer's bank taking a payment back.
type Chargeback struct {
	ID         posta.ChargebackID `json:"id"`
	Payment    posta.PaymentID    `json:"payment_id"`
	State      string             `json:"state"`  // open, evidence_sent, won, lost, covered
	Amount     int64              `json:"amount"` // minor units
	Currency   posta.Currency     `json:"currency"`
	Reason     string             `json:"reason,omitempty"`
	Provider   string             `json:"provider_chargeback"`
	DeadlineAt *time.Time         `json:"deadline_at,omitempty"`
	Evidence   []Evidence         `json:"evidence,omitempty"`
	CreatedAt  time.Time          `json:"created_at"`
}

// Evidence is a file that was handed in.
type Evidence struct {
	Name     string    `json:"name"`
	Type     string    `json:"type"`
	Size     int64     `json:"size"`
	SHA256   string    `json:"sha256"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Received bool      `json:"received"`
}

// EvidenceFile is a jpg, png or pdf to be handed in.
type EvidenceFile struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

// Chargebacks lists the newest, or with undecided those that can still be lost
// or won, the nearest deadline first.
func (c *Client) Chargebacks(ctx context.Context, undecided bool) ([]Chargeback, error) {
	query := ""
	if undecided {
		query = "&undecided=true"
	}
	var out struct{ Data []Chargeback }
	err := c.Do(ctx, http.MethodGet, "/v1/chargebacks?limit=100"+query, "", nil, &out)
	return out.Data, err
}

// Chargeback gets one.
func (c *Client) Chargeback(ctx context.Context, id posta.ChargebackID) (b Chargeback, err error) {
	err = c.Do(ctx, http.MethodGet, "/v1/chargebacks/"+url.PathEscape(string(id)), "", nil, &b)
	return b, err
}

// SendEvidence hands files in against a chargeback.
func (c *Client) SendEvidence(ctx context.Context, key string, id posta.ChargebackID, files []EvidenceFile) (b Chargeback, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/chargebacks/"+url.PathEscape(string(id))+"/evidence", key, map[string]any{"files": files}, &b)
	return b, err
}
