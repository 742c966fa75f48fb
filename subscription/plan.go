package subscription

import (
	"time"

	"posta"
	"posta/provider"
)

// Engine is who charges the periods of a plan.
type Engine string

// The engines.
const (
	EngineProvider Engine = "provider" // cards and account money: the provider charges and retries by itself
	EngineHub      Engine = "hub"      // boleto, cash slips, Pix: Posta makes a voucher for each period
)

// PlanState is whether a plan can be signed up to.
type PlanState string

// The states; docs/states.md draws the machine.
const (
	PlanActive   PlanState = "active"
	PlanArchived PlanState = "archived"
)

// Plan is what buyers subscribe to.
type Plan struct {
	ID           posta.PlanID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	Name         string // ≤ 150 characters, shown to the buyer
	Amount       posta.Money
	Period       provider.Period
	Trial        provider.Period // Every 0 for none: nothing is charged before its end
	Repetitions  int             // periods that are charged, 0 for endless
	BillingDay   int             // 1 to 28 with a period in months, 0 for the day of signing up
	Proportional bool            // with a billing day: the days until the first one are charged in proportion
	Engine       Engine
	Methods      []string // ids of the vouchers that the buyer chooses from, with EngineHub
	Attempts     Attempts
	Dunning      Dunning
	ReturnURL    string // where a buyer who signed up is led, https; "" for Posta's own page
	State        PlanState
	Token        string // of the public sign-up page
	Ref          string // the provider's own id, once known
	SignUpURL    string // the provider's own sign-up page, once known
	PutKey       string // the provider's idempotency key of making it
	CreatedBy    string
	CreatedAt    time.Time
	UpdatedAt    time.Time
	DueAt        time.Time // when the provider is to be told of it again; zero when it knows
	Tries        int
}

// Attempts says how often a period is tried.
type Attempts struct {
	// Most is how many tries a period has. With EngineProvider it is what the
	// provider is said to do, shown and never enforced: 3 or 4 by its Source.
	// With EngineHub it is how many vouchers are made, 1 to 4.
	Most int `json:"most"`
	// Days lie between two tries, with EngineHub; a voucher can be paid as long.
	// With EngineProvider 0: Mercado Pago sets the spacing and does not publish it.
	Days int `json:"days,omitempty"`
	// Source is where Most of EngineProvider comes from, a key of texts below
	// subscription.source: "integrator" (3) or "provider" (4).
	Source string `json:"source,omitempty"`
}

// The sources of how often Mercado Pago tries: docs/providers/mercadopago-online.md §3.4.
const (
	SourceIntegrator = "integrator" // an integrator's page: three attempts
	SourceProvider   = "provider"   // the provider's own page: up to four within ten days
)

// Strikes is after how many instalments with rejected payments Mercado Pago
// cancels a subscription, docs/providers/mercadopago-online.md §3.4. It is no
// count of attempts.
const Strikes = 3

// FinalRule is what becomes of a subscription whose invoice was given up.
type FinalRule string

// The rules.
const (
	FinalKeep   FinalRule = "keep"
	FinalPause  FinalRule = "pause"
	FinalCancel FinalRule = "cancel"
)

// Dunning is how a buyer is reminded, by e-mail.
type Dunning struct {
	// Days are the steps, counted from the day an invoice is due: -3 is three
	// days before, 0 on it, 5 five days after. Steps after it are sent while it
	// is not paid.
	Days []int `json:"days"`
	// GraceDays pass between giving an invoice up and the final rule.
	GraceDays int       `json:"grace_days"`
	Final     FinalRule `json:"final" enum:"keep,pause,cancel"`
}

// NewPlan asks for a plan.
type NewPlan struct {
	ID           posta.PlanID // made from the request's idempotency key
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	Name         string
	Amount       posta.Money // Currency "" means the account's
	Period       provider.Period
	Trial        provider.Period
	Repetitions  int
	BillingDay   int
	Proportional bool
	Engine       Engine
	Methods      []string
	Attempts     Attempts // zero fields mean the defaults: 3 of SourceIntegrator; 3 vouchers 7 days apart
	Dunning      Dunning  // nil Days mean -3, 0, 5; Final "" means keep
	ReturnURL    string
	By           string
}

// PlanChange changes what is not nil. Period, engine, trial and repetitions of a
// plan never change: a new plan does that.
type PlanChange struct {
	Name      *string
	Amount    *int64 // minor units; reaches those who have the plan's amount, from their next period on
	Methods   *[]string
	Attempts  *Attempts
	Dunning   *Dunning
	ReturnURL *string
	Archived  *bool // nobody can sign up any more; subscriptions go on
}

// PlanFilter chooses plans of a list. Zero fields do not choose.
type PlanFilter struct {
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	State        PlanState
	posta.Page
}
