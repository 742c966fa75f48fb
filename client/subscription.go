package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posta"
)

// Period is how often something recurs.
type Period struct {
	Every int    `json:"every"`
	Unit  string `json:"unit"` // days, months
}

// Plan is what buyers subscribe to. Amounts are minor units.
type Plan struct {
	ID           posta.PlanID       `json:"id"`
	Mode         posta.Mode         `json:"mode"`
	Connection   posta.ConnectionID `json:"connection_id"`
	Name         string             `json:"name"`
	Amount       int64              `json:"amount"`
	Currency     posta.Currency     `json:"currency"`
	Period       Period             `json:"period"`
	Trial        *Period            `json:"trial"`
	Repetitions  int                `json:"repetitions"`
	BillingDay   int                `json:"billing_day"`
	Proportional bool               `json:"proportional"`
	Engine       string             `json:"engine"` // provider, hub
	Methods      []string           `json:"methods"`
	Attempts     PlanAttempts       `json:"attempts"`
	Dunning      Dunning            `json:"dunning"`
	ReturnURL    string             `json:"return_url"`
	State        string             `json:"state"` // active, archived
	Ref          string             `json:"provider_id"`
	SignUpURL    string             `json:"sign_up_url"`
	CreatedBy    string             `json:"created_by"`
	CreatedAt    time.Time          `json:"created_at"`
	UpdatedAt    time.Time          `json:"updated_at"`
}

// PlanAttempts is how often a period is tried: with the provider's engine only shown.
type PlanAttempts struct {
	Most   int    `json:"most"`
	Days   int    `json:"days,omitempty"`
	Source string `json:"source,omitempty"` // integrator (3), provider (4)
}

// Dunning is how a buyer is reminded.
type Dunning struct {
	Days      []int  `json:"days"` // from when an invoice is due: -3 is three days before
	GraceDays int    `json:"grace_days"`
	Final     string `json:"final"` // keep, pause, cancel
}

// NewPlan asks for a plan.
type NewPlan struct {
	Connection   posta.ConnectionID `json:"connection_id"`
	Name         string             `json:"name"`
	Amount       int64              `json:"amount"`
	Period       Period             `json:"period"`
	Trial        *Period            `json:"trial,omitempty"`
	Repetitions  int                `json:"repetitions,omitempty"`
	BillingDay   int                `json:"billing_day,omitempty"`
	Proportional bool               `json:"proportional,omitempty"`
	Engine       string             `json:"engine"`
	Methods      []string           `json:"methods,omitempty"`
	Attempts     *PlanAttempts      `json:"attempts,omitempty"`
	Dunning      *Dunning           `json:"dunning,omitempty"`
	ReturnURL    string             `json:"return_url,omitempty"`
}

// PlanChange changes what it names; nil stays.
type PlanChange struct {
	Name      *string       `json:"name,omitempty"`
	Amount    *int64        `json:"amount,omitempty"`
	Methods   *[]string     `json:"methods,omitempty"`
	Attempts  *PlanAttempts `json:"attempts,omitempty"`
	Dunning   *Dunning      `json:"dunning,omitempty"`
	ReturnURL *string       `json:"return_url,omitempty"`
	State     *string       `json:"state,omitempty"`
}

// Subscription is one buyer's subscription to a plan.
type Subscription struct {
	ID         posta.SubscriptionID `json:"id"`
	Mode       posta.Mode           `json:"mode"`
	Connection posta.ConnectionID   `json:"connection_id"`
	Plan       posta.PlanID         `json:"plan_id"`
	Engine     string               `json:"engine"`
	State      string               `json:"state"`  // pending, active, past_due, paused, canceled, ended
	Reason     string               `json:"reason"` // person, buyer, dunning, provider, refused, lapsed
	Detail     string               `json:"detail"`
	Amount     int64                `json:"amount"`
	Currency   posta.Currency       `json:"currency"`
	Method     string               `json:"method"`
	Reference  string               `json:"reference"`
	Trial      bool                 `json:"trial"`
	Strikes    int                  `json:"strikes"`
	Ref        string               `json:"provider_id"`
	URL        string               `json:"url"`       // where the buyer signs up at the provider
	Page       string               `json:"buyer_url"` // the buyer's own page
	NextAt     *time.Time           `json:"next_at"`
	CreatedAt  time.Time            `json:"created_at"`
	UpdatedAt  time.Time            `json:"updated_at"`
	EndedAt    *time.Time           `json:"ended_at"`
}

// NewSubscription asks for a subscription. Buyer is as the API has it:
// email, first_name, last_name, identification.
type NewSubscription struct {
	Plan      posta.PlanID   `json:"plan_id"`
	Buyer     map[string]any `json:"buyer"`
	Method    string         `json:"method,omitempty"`
	Token     string         `json:"token,omitempty"`
	Language  string         `json:"language,omitempty"`
	Reference string         `json:"reference,omitempty"`
}

// Invoice is one period of a subscription.
type Invoice struct {
	ID           posta.InvoiceID      `json:"id"`
	Subscription posta.SubscriptionID `json:"subscription_id"`
	Sequence     int                  `json:"sequence"`
	State        string               `json:"state"`     // scheduled, open, retrying, paid, unpaid, void
	Attention    string               `json:"attention"` // paid_twice, paid_late
	Amount       int64                `json:"amount"`
	Currency     posta.Currency       `json:"currency"`
	PeriodFrom   time.Time            `json:"period_from"`
	PeriodTo     time.Time            `json:"period_to"`
	DueAt        *time.Time           `json:"due_at"`
	Tried        int                  `json:"tried"`
	NextTry      *time.Time           `json:"next_try"`
	Payment      posta.PaymentID      `json:"payment_id"`
	Detail       string               `json:"detail"`
	PaidAt       *time.Time           `json:"paid_at"`
}

// SubscriptionFilter chooses subscriptions of a list. Zero fields do not choose.
type SubscriptionFilter struct {
	Limit  int
	After  string // Next of the page before
	State  string
	Plan   posta.PlanID
	Search string
}

// SubscriptionPage is a page of subscriptions.
type SubscriptionPage struct {
	Data []Subscription `json:"data"`
	Next string         `json:"next"`
}

// CreatePlan makes a plan.
func (c *Client) CreatePlan(ctx context.Context, key string, in NewPlan) (p Plan, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/plans", key, in, &p)
	return p, err
}

// Plans lists the newest plans, at most 100.
func (c *Client) Plans(ctx context.Context) ([]Plan, error) {
	var out struct{ Data []Plan }
	err := c.Do(ctx, http.MethodGet, "/v1/plans?limit=100", "", nil, &out)
	return out.Data, err
}

// ChangePlan changes a plan.
func (c *Client) ChangePlan(ctx context.Context, id posta.PlanID, change PlanChange) (p Plan, err error) {
	err = c.Do(ctx, http.MethodPatch, "/v1/plans/"+url.PathEscape(string(id)), "", change, &p)
	return p, err
}

// CreateSubscription subscribes a buyer.
func (c *Client) CreateSubscription(ctx context.Context, key string, in NewSubscription) (s Subscription, err error) {
	err = c.Do(ctx, http.MethodPost, "/v1/subscriptions", key, in, &s)
	return s, err
}

func subscriptionPath(id posta.SubscriptionID) string {
	return "/v1/subscriptions/" + url.PathEscape(string(id))
}

// Subscription gets a subscription.
func (c *Client) Subscription(ctx context.Context, id posta.SubscriptionID) (s Subscription, err error) {
	err = c.Do(ctx, http.MethodGet, subscriptionPath(id), "", nil, &s)
	return s, err
}

// Subscriptions lists subscriptions, newest first.
func (c *Client) Subscriptions(ctx context.Context, f SubscriptionFilter) (page SubscriptionPage, err error) {
	limit := ""
	if f.Limit > 0 {
		limit = strconv.Itoa(f.Limit)
	}
	err = c.Do(ctx, http.MethodGet, query("/v1/subscriptions", "limit", limit, "after", f.After, "state", f.State, "plan_id", string(f.Plan), "search", f.Search), "", nil, &page)
	return page, err
}

// Deeds of DoSubscription.
const (
	PauseSubscription   = "pause"
	ResumeSubscription  = "resume"
	CancelSubscription  = "cancel"
	RefreshSubscription = "refresh"
)

// DoSubscription pauses, resumes or cancels a subscription, or has the provider asked about it.
func (c *Client) DoSubscription(ctx context.Context, key string, id posta.SubscriptionID, deed string) (s Subscription, err error) {
	err = c.Do(ctx, http.MethodPost, subscriptionPath(id)+"/"+deed, key, nil, &s)
	return s, err
}

// ChangeAmount changes what a period costs from the next one on, in minor units.
func (c *Client) ChangeAmount(ctx context.Context, id posta.SubscriptionID, amount int64) (s Subscription, err error) {
	err = c.Do(ctx, http.MethodPatch, subscriptionPath(id), "", map[string]int64{"amount": amount}, &s)
	return s, err
}

// SubscriptionInvoices lists a subscription's invoices, oldest first.
func (c *Client) SubscriptionInvoices(ctx context.Context, id posta.SubscriptionID) ([]Invoice, error) {
	var out struct{ Data []Invoice }
	err := c.Do(ctx, http.MethodGet, subscriptionPath(id)+"/invoices", "", nil, &out)
	return out.Data, err
}
