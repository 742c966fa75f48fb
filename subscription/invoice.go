package subscription

import (
	"time"

	"posta"
	"posta/payment"
)

// InvoiceState is where one period stands; docs/states.md draws the machine.
type InvoiceState string

// The states. Store guards the same list with a CHECK.
const (
	Scheduled InvoiceState = "scheduled" // its time has not come
	Open      InvoiceState = "open"      // asked for, the first try not decided
	Retrying  InvoiceState = "retrying"  // a try failed, there is another
	Paid      InvoiceState = "paid"
	Unpaid    InvoiceState = "unpaid" // given up; money that still comes makes it paid
	Void      InvoiceState = "void"   // never to be charged: paused or canceled before
)

// InvoiceStates lists them all.
var InvoiceStates = []InvoiceState{Scheduled, Open, Retrying, Paid, Unpaid, Void}

// Asked reports whether the buyer is being asked to pay.
func (s InvoiceState) Asked() bool { return s == Open || s == Retrying }

// InvoiceAttention is why a person should look at an invoice.
type InvoiceAttention string

// The reasons.
const (
	AttentionNone  InvoiceAttention = ""
	AttentionTwice InvoiceAttention = "paid_twice" // two of its vouchers were paid: one is to be refunded
	AttentionLate  InvoiceAttention = "paid_late"  // a voucher of a void invoice was paid all the same
)

// Invoice is one period of a subscription. Each period has one.
type Invoice struct {
	ID             posta.InvoiceID
	MerchantID     posta.MerchantID
	Mode           posta.Mode
	SubscriptionID posta.SubscriptionID
	ConnectionID   posta.ConnectionID
	Sequence       int    // 1, 2, 3… without gaps
	Ref            string // the provider's own id, with EngineProvider; "" before it has one
	State          InvoiceState
	Attention      InvoiceAttention
	Amount         posta.Money
	PeriodFrom     time.Time // the period that it pays
	PeriodTo       time.Time
	// DueAt is until when the buyer was first asked to pay (EngineHub), or when the
	// provider first charges (EngineProvider). Dunning counts from it.
	DueAt     time.Time
	Tried     int             // attempts made
	NextTry   time.Time       // when the next attempt comes, zero for none or not told
	Attempts  []Attempt       // oldest first
	Payment   posta.PaymentID // that paid it, "" if none
	Detail    string          // the provider's word on the last failure
	Stepped   int             // steps of dunning that were taken
	StepAt    time.Time       // when the next one comes, zero for none
	FinalAt   time.Time       // when the final rule comes, zero for none or done
	OpenedAt  time.Time
	PaidAt    time.Time
	EndedAt   time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Attempt is one try to be paid.
type Attempt struct {
	Number  int             `json:"number"`
	At      time.Time       `json:"at"`
	Payment posta.PaymentID `json:"payment,omitempty"` // EngineHub: the voucher's
	Ref     string          `json:"ref,omitempty"`     // EngineProvider: the provider's payment
	DueAt   time.Time       `json:"due_at,omitzero"`   // EngineHub: until when the voucher can be paid
	State   payment.State   `json:"state,omitempty"`   // as last seen
	Detail  string          `json:"detail,omitempty"`  // the provider's word on its failure
	Told    bool            `json:"told,omitempty"`    // the buyer was sent it
}

// InvoiceFilter chooses invoices of a list. Zero fields do not choose.
type InvoiceFilter struct {
	MerchantID     posta.MerchantID
	Mode           posta.Mode
	SubscriptionID posta.SubscriptionID
	State          InvoiceState
	Attention      bool
	posta.Page
}
