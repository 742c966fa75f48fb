package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posta"
)

// Settlement is a batch close of one terminal. Amounts are minor units.
type Settlement struct {
	ID           posta.SettlementID `json:"id"`
	Mode         posta.Mode         `json:"mode"`
	State        string             `json:"state"`     // created, pending, unknown, confirmed, declined, failed
	Attention    string             `json:"attention"` // difference, unread, slip
	Terminal     posta.TerminalID   `json:"terminal_id"`
	TerminalCode string             `json:"terminal_code"`
	Store        posta.StoreID      `json:"store_id"`
	Connection   posta.ConnectionID `json:"connection_id"`
	Currency     posta.Currency     `json:"currency"`
	ProviderID   string             `json:"provider_settlement"`
	Progress     string             `json:"progress"`
	Batch        string             `json:"batch"`
	Detail       string             `json:"detail"`
	Message      string             `json:"message"`
	Slip         string             `json:"slip"`
	Ours         *Totals            `json:"ours"`
	Theirs       *Totals            `json:"theirs"`
	Differences  []Difference       `json:"differences"`
	AskedBy      string             `json:"asked_by"`
	SettledBy    string             `json:"settled_by"`
	Note         string             `json:"note"`
	From         *time.Time         `json:"from"`
	To           *time.Time         `json:"to"`
	CreatedAt    time.Time          `json:"created_at"`
	UpdatedAt    time.Time          `json:"updated_at"`
}

// Final reports whether nothing more is to come of it.
func (s Settlement) Final() bool {
	return s.State == "confirmed" || s.State == "declined" || s.State == "failed"
}

// Totals are the sums of a batch.
type Totals struct {
	Brands    []BrandSum `json:"brands,omitempty"`
	Sales     Sum        `json:"sales"`
	Reversals Sum        `json:"reversals"`
	Refunds   Sum        `json:"refunds"`
	Net       int64      `json:"net,omitempty"` // sales less reversals and refunds; never sent
}

// Sum is how many and how much.
type Sum struct {
	Count  int64 `json:"count"`
	Amount int64 `json:"amount"`
}

// BrandSum is the sum of one brand.
type BrandSum struct {
	Brand string `json:"brand"`
	Sum
}

// Difference is a line of totals that the provider has otherwise than the hub.
type Difference struct {
	Line   string `json:"line"` // total, sales, reversals, refunds, brand
	Brand  string `json:"brand"`
	Ours   Sum    `json:"ours"`
	Theirs Sum    `json:"theirs"`
}

// BatchSlip is what the slip of a batch close says.
type BatchSlip struct {
	Closed bool       `json:"closed"`
	At     *time.Time `json:"at,omitempty"` // nil means when it was asked for
	Batch  string     `json:"batch,omitempty"`
	Totals *Totals    `json:"totals,omitempty"` // required when closed; Net is left 0
	Note   string     `json:"note,omitempty"`
}

// Batch is the open batch of a terminal, as far as the hub knows it.
type Batch struct {
	Terminal   posta.TerminalID `json:"terminal_id"`
	Currency   posta.Currency   `json:"currency"`
	From       *time.Time       `json:"from"`
	To         time.Time        `json:"to"`
	Ours       Totals           `json:"ours"`
	Movements  []Movement       `json:"movements"`
	Settlement *Settlement      `json:"settlement"` // under way, or not known
}

// Movement is something that a payment or refund moved on a terminal.
type Movement struct {
	Payment posta.PaymentID `json:"payment_id"`
	Refund  posta.RefundID  `json:"refund_id"`
	Kind    string          `json:"kind"` // sale, reversal, refund
	Brand   string          `json:"brand"`
	Batch   string          `json:"batch"`
	Amount  int64           `json:"amount"`
	At      time.Time       `json:"at"`
	Other   bool            `json:"other_batch"`
}

// Close is what became of one terminal of a store: a settlement, or why there is none.
type Close struct {
	Terminal   posta.TerminalID `json:"terminal_id"`
	Settlement *Settlement      `json:"settlement"`
	Failure    *Failure         `json:"failure"`
}

// Failure is why something was not done.
type Failure struct {
	Code   posta.Code        `json:"code"`
	Params map[string]string `json:"params"`
}

// SettlementFilter chooses settlements of a list. Zero fields do not choose.
type SettlementFilter struct {
	Limit      int
	After      string // Next of the page before
	State      string
	TerminalID posta.TerminalID
	StoreID    posta.StoreID
	Attention  bool
}

// SettlementPage is a page of settlements.
type SettlementPage struct {
	Data []Settlement `json:"data"`
	Next string       `json:"next"`
}

func settlementPath(id posta.SettlementID) string {
	return "/v1/settlements/" + url.PathEscape(string(id))
}

// CreateSettlement asks a terminal to close its batch.
func (c *Client) CreateSettlement(ctx context.Context, key string, terminal posta.TerminalID) (s Settlement, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/settlements", key, map[string]posta.TerminalID{"terminal_id": terminal}, &s)
	return s, err
}

// CloseStore asks every terminal of a store to close its batch.
func (c *Client) CloseStore(ctx context.Context, key string, store posta.StoreID) ([]Close, error) {
	var out struct{ Data []Close }
	err := c.Do(ctx, http.MethodPost, "/v1/stores/"+url.PathEscape(string(store))+"/close", key, nil, &out)
	return out.Data, err
}

// Settlement gets a settlement.
func (c *Client) Settlement(ctx context.Context, id posta.SettlementID) (s Settlement, err error) {
	err = c.Do(ctx, http.MethodGet, settlementPath(id), "", nil, &s)
	return s, err
}

// Settlements lists settlements, newest first.
func (c *Client) Settlements(ctx context.Context, f SettlementFilter) (page SettlementPage, err error) {
	limit, attention := "", ""
	if f.Limit > 0 {
		limit = strconv.Itoa(f.Limit)
	}
	if f.Attention {
		attention = "true"
	}
	err = c.Do(ctx, http.MethodGet, query("/v1/settlements", "limit", limit, "after", f.After, "state", f.State, "terminal_id", string(f.TerminalID),
		"store_id", string(f.StoreID), "attention", attention), "", nil, &page)
	return page, err
}

// SettlementMovements lists what the terminal moved in the time of a settlement.
func (c *Client) SettlementMovements(ctx context.Context, id posta.SettlementID) ([]Movement, error) {
	var out struct{ Data []Movement }
	err := c.Do(ctx, http.MethodGet, settlementPath(id)+"/movements", "", nil, &out)
	return out.Data, err
}

// ExplainSettlement says why a difference is as it should be.
func (c *Client) ExplainSettlement(ctx context.Context, key string, id posta.SettlementID, note string) (s Settlement, err error) {
	err = c.Do(ctx, http.MethodPost, settlementPath(id)+"/settle", key, map[string]string{"note": note}, &s)
	return s, err
}

// SettleSettlementBySlip says what the slip of a batch close tells.
func (c *Client) SettleSettlementBySlip(ctx context.Context, key string, id posta.SettlementID, slip BatchSlip) (s Settlement, err error) {
	err = c.Do(ctx, http.MethodPost, settlementPath(id)+"/settle-by-slip", key, slip, &s)
	return s, err
}

// Batch tells what a terminal moved since its last close.
func (c *Client) Batch(ctx context.Context, id posta.TerminalID) (b Batch, err error) {
	err = c.Do(ctx, http.MethodGet, "/v1/terminals/"+url.PathEscape(string(id))+"/batch", "", nil, &b)
	return b, err
}
