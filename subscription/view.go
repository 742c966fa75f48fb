package subscription

import (
	"encoding/json"
	"time"

	"posta"
	"posta/provider"
)

// PlanView is a plan as the API and events show it. Amounts are minor units.
type PlanView struct {
	ID           posta.PlanID       `json:"id"`
	Mode         posta.Mode         `json:"mode" enum:"test,live"`
	Connection   posta.ConnectionID `json:"connection_id"`
	Name         string             `json:"name"`
	Amount       int64              `json:"amount" doc:"of a period, in minor units"`
	Currency     posta.Currency     `json:"currency"`
	Period       provider.Period    `json:"period"`
	Trial        *provider.Period   `json:"trial,omitempty" doc:"nothing is charged before its end"`
	Repetitions  int                `json:"repetitions,omitempty" doc:"periods that are charged; none for endless"`
	BillingDay   int                `json:"billing_day,omitempty"`
	Proportional bool               `json:"proportional,omitempty" doc:"the days until the first billing day are charged in proportion"`
	Engine       Engine             `json:"engine" enum:"provider,hub" doc:"provider: cards and account money, charged and retried by the provider; hub: vouchers that Posta makes"`
	Methods      []string           `json:"methods,omitempty" doc:"vouchers that the buyer chooses from"`
	Attempts     Attempts           `json:"attempts" doc:"with engine provider it is what the provider is said to do: shown, not settable"`
	Dunning      Dunning            `json:"dunning"`
	ReturnURL    string             `json:"return_url,omitempty"`
	State        PlanState          `json:"state" enum:"active,archived"`
	Ref          string             `json:"provider_id,omitempty"`
	CreatedBy    string             `json:"created_by"`
	CreatedAt    time.Time          `json:"created_at"`
	UpdatedAt    time.Time          `json:"updated_at"`
}

// View shows the plan.
func (p Plan) View() PlanView {
	v := PlanView{ID: p.ID, Mode: p.Mode, Connection: p.ConnectionID, Name: p.Name, Amount: p.Amount.Amount, Currency: p.Amount.Currency,
		Period: p.Period, Repetitions: p.Repetitions, BillingDay: p.BillingDay, Proportional: p.Proportional, Engine: p.Engine, Methods: p.Methods,
		Attempts: p.Attempts, Dunning: p.Dunning, ReturnURL: p.ReturnURL, State: p.State, Ref: p.Ref, CreatedBy: p.CreatedBy, CreatedAt: p.CreatedAt,
		UpdatedAt: p.UpdatedAt}
	if p.Trial.Every > 0 {
		v.Trial = &p.Trial
	}
	return v
}

// View is a subscription as events show it: without the buyer's data.
type View struct {
	ID         posta.SubscriptionID `json:"id"`
	Mode       posta.Mode           `json:"mode" enum:"test,live"`
	Connection posta.ConnectionID   `json:"connection_id"`
	Plan       posta.PlanID         `json:"plan_id"`
	Engine     Engine               `json:"engine" enum:"provider,hub"`
	State      State                `json:"state" enum:"pending,active,past_due,paused,canceled,ended"`
	Reason     Reason               `json:"reason,omitempty" enum:"person,buyer,dunning,provider,refused,lapsed" doc:"why it is paused or canceled"`
	Detail     string               `json:"detail,omitempty" doc:"the provider's word on a refusal"`
	Amount     int64                `json:"amount" doc:"of a period, in minor units; may differ from the plan's after a change"`
	Currency   posta.Currency       `json:"currency"`
	Method     string               `json:"method,omitempty"`
	Reference  string               `json:"reference,omitempty"`
	Trial      bool                 `json:"trial,omitempty" doc:"its first period has not begun"`
	Strikes    int                  `json:"strikes,omitempty" doc:"periods that the provider gave up; it cancels after three"`
	Health     string               `json:"health,omitempty" doc:"as the provider sees it"`
	Ref        string               `json:"provider_id,omitempty"`
	URL        string               `json:"url,omitempty" doc:"where the buyer signs up or changes the card, at the provider"`
	Changing   *Change              `json:"changing,omitempty" doc:"a change that the provider has not confirmed yet"`
	StartAt    *time.Time           `json:"start_at,omitempty"`
	NextAt     *time.Time           `json:"next_at,omitempty" doc:"when the next period is charged"`
	CreatedBy  string               `json:"created_by"`
	CreatedAt  time.Time            `json:"created_at"`
	UpdatedAt  time.Time            `json:"updated_at"`
	EndedAt    *time.Time           `json:"ended_at,omitempty"`
}

// View shows the subscription as of now.
func (s Subscription) View(now time.Time) View {
	v := View{ID: s.ID, Mode: s.Mode, Connection: s.ConnectionID, Plan: s.PlanID, Engine: s.Engine, State: s.State, Reason: s.Reason, Detail: s.Detail,
		Amount: s.Amount.Amount, Currency: s.Amount.Currency, Method: s.Method, Reference: s.Reference, Trial: s.Trial(now), Strikes: s.Strikes,
		Health: s.Health, Ref: s.Ref, URL: s.URL, StartAt: unlessZero(s.StartAt), NextAt: unlessZero(s.NextAt), CreatedBy: s.CreatedBy,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, EndedAt: unlessZero(s.EndedAt)}
	if s.Change != nil {
		asked := *s.Change
		asked.Token, asked.Key = "", ""
		v.Changing = &asked
	}
	return v
}

// InvoiceView is an invoice as the API and events show it. Amounts are minor units.
type InvoiceView struct {
	ID           posta.InvoiceID      `json:"id"`
	Mode         posta.Mode           `json:"mode" enum:"test,live"`
	Subscription posta.SubscriptionID `json:"subscription_id"`
	Sequence     int                  `json:"sequence" doc:"1 for the first period"`
	State        InvoiceState         `json:"state" enum:"scheduled,open,retrying,paid,unpaid,void"`
	Attention    InvoiceAttention     `json:"attention,omitempty" enum:"paid_twice,paid_late" doc:"why a person should look at it"`
	Amount       int64                `json:"amount"`
	Currency     posta.Currency       `json:"currency"`
	PeriodFrom   time.Time            `json:"period_from"`
	PeriodTo     time.Time            `json:"period_to"`
	DueAt        *time.Time           `json:"due_at,omitempty"`
	Tried        int                  `json:"tried" doc:"attempts made"`
	NextTry      *time.Time           `json:"next_try,omitempty"`
	Attempts     []Attempt            `json:"attempts,omitempty"`
	Payment      posta.PaymentID      `json:"payment_id,omitempty" doc:"that paid it"`
	Detail       string               `json:"detail,omitempty" doc:"the provider's word on the last failure"`
	Ref          string               `json:"provider_id,omitempty"`
	PaidAt       *time.Time           `json:"paid_at,omitempty"`
	EndedAt      *time.Time           `json:"ended_at,omitempty"`
	CreatedAt    time.Time            `json:"created_at"`
	UpdatedAt    time.Time            `json:"updated_at"`
}

// View shows the invoice.
func (i Invoice) View() InvoiceView {
	return InvoiceView{ID: i.ID, Mode: i.Mode, Subscription: i.SubscriptionID, Sequence: i.Sequence, State: i.State, Attention: i.Attention,
		Amount: i.Amount.Amount, Currency: i.Amount.Currency, PeriodFrom: i.PeriodFrom, PeriodTo: i.PeriodTo, DueAt: unlessZero(i.DueAt), Tried: i.Tried,
		NextTry: unlessZero(i.NextTry), Attempts: i.Attempts, Payment: i.Payment, Detail: i.Detail, Ref: i.Ref, PaidAt: unlessZero(i.PaidAt),
		EndedAt: unlessZero(i.EndedAt), CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt}
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a type of ours that cannot be written is a defect
	}
	return b
}

// MessageView is a message to a buyer as the API shows it.
type MessageView struct {
	ID        posta.MessageID `json:"id"`
	Invoice   posta.InvoiceID `json:"invoice_id,omitempty"`
	Kind      Kind            `json:"kind" enum:"voucher,before,due,after,paused,canceled"`
	To        string          `json:"to"`
	Subject   string          `json:"subject"`
	Text      string          `json:"text"`
	State     MessageState    `json:"state" enum:"queued,sent,failed,kept" doc:"kept: there is no mail server, or no address"`
	Detail    string          `json:"detail,omitempty" doc:"the mail server's words on a failure"`
	CreatedAt time.Time       `json:"created_at"`
	SentAt    *time.Time      `json:"sent_at,omitempty"`
}

// View shows the message.
func (m Message) View() MessageView {
	return MessageView{ID: m.ID, Invoice: m.InvoiceID, Kind: m.Kind, To: m.To, Subject: m.Subject, Text: m.Text, State: m.State, Detail: m.Detail,
		CreatedAt: m.CreatedAt, SentAt: unlessZero(m.SentAt)}
}
