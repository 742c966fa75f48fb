package payment

import (
	"encoding/json"
	"slices"
	"time"

	"posta"
	"posta/provider"
)

// View is a payment as the API and events show it. Amounts are minor units.
type View struct {
	ID          posta.PaymentID           `json:"id"`
	Mode        posta.Mode                `json:"mode" enum:"test,live"`
	State       State                     `json:"state" enum:"created,pending,unknown,paid,partially_refunded,refunded,disputed,charged_back,rejected,canceled,expired,failed"`
	Attention   Attention                 `json:"attention,omitempty" doc:"why a person should look at it"`
	Amount      int64                     `json:"amount" doc:"what was asked, in minor units"`
	Captured    int64                     `json:"captured" doc:"what the buyer's attempts brought, in minor units"`
	Refunded    int64                     `json:"refunded" doc:"what was given back, in minor units"`
	Currency    posta.Currency            `json:"currency"`
	Reference   string                    `json:"reference,omitempty"`
	Description string                    `json:"description,omitempty"`
	Items       []provider.Item           `json:"items,omitempty"`
	Till        posta.TillID              `json:"till_id,omitempty" doc:"empty for a payment online"`
	Store       posta.StoreID             `json:"store_id,omitempty"`
	Connection  posta.ConnectionID        `json:"connection_id"`
	Rail        provider.Rail             `json:"rail" enum:"qr,terminal,online"`
	Terminals   []posta.TerminalID        `json:"terminals,omitempty" doc:"the terminals that may take it"`
	Options     *provider.TerminalOptions `json:"options,omitempty" doc:"what was asked of the terminal"`
	Online      *OnlineView               `json:"online,omitempty"`
	Owner       string                    `json:"owner,omitempty" doc:"the checkout session or invoice that it pays"`
	Progress    provider.Progress         `json:"progress,omitempty" enum:"offered,at_terminal,confirming,canceling,authorized" doc:"where a pending payment stands on its terminal; authorized: its money is reserved, to be captured"`
	Order       string                    `json:"provider_order,omitempty" doc:"the provider's own id of the order"`
	QR          string                    `json:"qr,omitempty" doc:"text of the QR to show, while it can be paid"`
	Attempts    []AttemptView             `json:"attempts,omitempty"`
	Reason      string                    `json:"reason,omitempty" doc:"the provider's word on the last decline or refusal"`
	CreatedBy   string                    `json:"created_by"`
	CreatedAt   time.Time                 `json:"created_at"`
	UpdatedAt   time.Time                 `json:"updated_at"`
	ExpiresAt   time.Time                 `json:"expires_at"`
	PaidAt      *time.Time                `json:"paid_at,omitempty"`
	CancelAt    *time.Time                `json:"cancel_requested_at,omitempty"`
}

// AttemptView is one try to pay.
type AttemptView struct {
	ID           string          `json:"id" doc:"the provider's id"`
	Status       provider.Status `json:"status"`
	Detail       string          `json:"detail,omitempty"`
	Amount       int64           `json:"amount"`
	Refunded     int64           `json:"refunded"`
	At           time.Time       `json:"at"`
	Method       string          `json:"method,omitempty"`
	Brand        string          `json:"brand,omitempty"`
	LastFour     string          `json:"last_four,omitempty"`
	Installments int             `json:"installments,omitempty"`
	Authorizes   string          `json:"authorization,omitempty"`
	Slip         *provider.Slip  `json:"slip,omitempty" doc:"what the terminal printed"`
}

// View shows the payment.
func (p Payment) View() View {
	v := View{ID: p.ID, Mode: p.Mode, State: p.State, Attention: p.Attention, Amount: p.Amount.Amount,
		Captured: p.Captured, Refunded: p.Refunded, Currency: p.Amount.Currency, Reference: p.Reference,
		Description: p.Description, Items: withoutPersons(p.Items), Till: p.TillID, Store: p.StoreID, Connection: p.ConnectionID,
		Rail: p.Rail, Online: p.onlineView(), Owner: p.Owner, Progress: p.Progress, Order: p.Order, Reason: p.LastDetail, CreatedBy: p.CreatedBy, CreatedAt: p.CreatedAt,
		UpdatedAt: p.UpdatedAt, ExpiresAt: p.ExpiresAt, PaidAt: unlessZero(p.PaidAt), CancelAt: unlessZero(p.CancelAt)}
	if p.State.Open() {
		v.QR = p.QR
	}
	for _, t := range p.Terminals {
		v.Terminals = append(v.Terminals, t.ID)
	}
	if p.Options != (provider.TerminalOptions{}) {
		v.Options = &p.Options
	}
	for _, a := range p.Attempts() {
		view := AttemptView{ID: a.ID, Status: a.Status, Detail: a.Detail, Amount: a.Amount, Refunded: a.Refunded, At: a.At,
			Method: a.Method, Brand: a.Brand, LastFour: a.LastFour, Installments: a.Installments, Authorizes: a.Authorizes}
		if a.Slip != (provider.Slip{}) {
			view.Slip = &a.Slip
		}
		v.Attempts = append(v.Attempts, view)
	}
	return v
}

// withoutPersons are items without who travels: events stay for ever.
func withoutPersons(items []provider.Item) []provider.Item {
	out := slices.Clone(items)
	for i, item := range out {
		if item.Detail != nil && item.Detail.Passenger != nil {
			detail := *item.Detail
			detail.Passenger = nil
			out[i].Detail = &detail
		}
	}
	return out
}

// JSON is the View as it goes into events.
func (p Payment) JSON() []byte { return mustJSON(p.View()) }

// RefundView is a refund as the API and events show it.
type RefundView struct {
	ID        posta.RefundID      `json:"id"`
	PaymentID posta.PaymentID     `json:"payment_id"`
	Mode      posta.Mode          `json:"mode" enum:"test,live"`
	Kind      provider.RefundKind `json:"kind" enum:"refund,reversal" doc:"a reversal voids the whole payment by name; a refund gives back any amount"`
	State     RefundState         `json:"state" enum:"pending,unknown,succeeded,failed"`
	Progress  provider.Progress   `json:"progress,omitempty" enum:"offered,at_terminal,confirming,canceling" doc:"where a pending refund stands on its terminal"`
	Terminals []posta.TerminalID  `json:"terminals,omitempty" doc:"the terminals that may do it"`
	Amount    int64               `json:"amount" doc:"minor units; once it succeeded, what was truly given back"`
	Currency  posta.Currency      `json:"currency"`
	Reason    string              `json:"reason,omitempty"`
	Failure   string              `json:"failure,omitempty" doc:"the provider's word on a failure"`
	Provider  []string            `json:"provider_refunds,omitempty" doc:"the provider's own ids"`
	Origin    string              `json:"origin" doc:"who asked: a key, a user, late (by itself) or provider (made elsewhere)"`
	CreatedAt time.Time           `json:"created_at"`
	UpdatedAt time.Time           `json:"updated_at"`
}

// View shows the refund.
func (r Refund) View() RefundView {
	v := RefundView{ID: r.ID, PaymentID: r.PaymentID, Mode: r.Mode, Kind: r.Kind, State: r.State, Progress: r.Progress(), Amount: r.Amount.Amount,
		Currency: r.Amount.Currency, Reason: r.Reason, Origin: r.Origin, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	for _, t := range r.Terminals {
		v.Terminals = append(v.Terminals, t.ID)
	}
	for _, part := range r.Parts {
		if part.ProviderID != "" {
			v.Provider = append(v.Provider, part.ProviderID)
		}
		if part.Detail != "" && (part.State == RefundFailed || part.State == RefundUnknown) {
			v.Failure = part.Detail
		}
	}
	return v
}

// JSON is the View as it goes into events.
func (r Refund) JSON() []byte { return mustJSON(r.View()) }

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
