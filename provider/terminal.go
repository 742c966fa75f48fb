package provider

import (
	"context"
	"time"

	"posta"
)

// Operation is what the customer does at a terminal.
type Operation string

// The operations.
const (
	OperationCard Operation = "card" // insert, tap or swipe a card
	OperationQR   Operation = "qr"   // scan the QR that the terminal shows
)

// Copies says which slips the terminal prints.
type Copies string

// The copies.
const (
	CopiesBoth     Copies = "both"
	CopiesMerchant Copies = "merchant"
	CopiesCustomer Copies = "customer"
	CopiesNone     Copies = "none"
)

// TerminalOptions are what a charge may ask of a terminal. The zero value asks
// for nothing special: any card, one payment, both slips.
type TerminalOptions struct {
	Operation    Operation `json:"operation,omitempty"`    // "" is card
	Method       string    `json:"method,omitempty"`       // credit_card or debit_card; "" is either
	Installments int       `json:"installments,omitempty"` // 0 leaves it to the terminal, else 1 to 99
	Plan         string    `json:"plan,omitempty"`         // the acquirer's id of an installment plan
	Brand        string    `json:"brand,omitempty"`        // only cards of it, by the provider's code
	CashBack     int64     `json:"cash_back,omitempty"`    // minor units handed out with the purchase, on debit
	Copies       Copies    `json:"copies,omitempty"`       // "" is both
	Note         string    `json:"note,omitempty"`         // a line on the slip
	Benefit      bool      `json:"benefit,omitempty"`      // a QR may bring a benefit: the wallet pays less
	// Document is the customer's id number. It goes to the provider and is
	// never kept.
	Document string `json:"-"`
}

// Names of the options, as Capabilities and field errors say them.
const (
	OptionOperation    = "operation"
	OptionMethod       = "method"
	OptionInstallments = "installments"
	OptionPlan         = "plan"
	OptionBrand        = "brand"
	OptionCashBack     = "cash_back"
	OptionCopies       = "copies"
	OptionNote         = "note"
	OptionBenefit      = "benefit"
	OptionDocument     = "document"
)

// TerminalCapabilities are what RailTerminal adds.
type TerminalCapabilities struct {
	Options []string // of TerminalOptions, by their names
	Several bool     // one charge may be offered to several terminals: the first to take it charges
	Queue   bool     // several charges may wait on one terminal
	// RefundAtTerminal says that a refund is done on the terminal by a person,
	// and so can be canceled and left undone.
	RefundAtTerminal bool
	Reversal         bool     // knows KindReversal
	NoReversal       []string // brands, by Fact.Brand, that are given back by refund instead
	Settlement       bool     // the connector is a Settler
	Devices          bool     // the connector is a TerminalLister
}

// Progress is where an open order or a pending refund stands on its terminal.
type Progress string

// The progresses, in the order in which they come.
const (
	ProgressOffered    Progress = "offered"     // in the terminal's list
	ProgressAtTerminal Progress = "at_terminal" // the terminal took it: the customer is at it
	ProgressConfirming Progress = "confirming"  // authorized, not final
	ProgressCanceling  Progress = "canceling"   // asked to cancel, not final
)

// Slip is what a terminal prints of a payment or refund, to find it by later.
type Slip struct {
	Terminal string `json:"terminal,omitempty"` // the provider's id of the one that took it
	Batch    string `json:"batch,omitempty"`
	Coupon   string `json:"coupon,omitempty"`
	Acquirer string `json:"acquirer,omitempty"`
	Merchant string `json:"merchant,omitempty"`  // the acquirer's number of the merchant
	Entry    string `json:"entry,omitempty"`     // chip, contactless, stripe, manual, qr
	CashBack int64  `json:"cash_back,omitempty"` // minor units
	Original int64  `json:"original,omitempty"`  // minor units before a benefit; 0 if not told
	Text     string `json:"text,omitempty"`      // the customer's slip as the provider laid it out, "" if not told
}

// RefundCanceler is a Connector whose refunds wait on a terminal.
type RefundCanceler interface {
	// CancelRefund takes the refund off the terminal. The Observation holds its
	// fact: canceled, still pending, or approved because it was faster.
	CancelRefund(ctx context.Context, c Charge, r RefundRef) (Observation, error)
}

// Settler is a Connector that closes the batch of a terminal.
type Settler interface {
	// Settle asks the terminal to close its batch. It is called once: with
	// provider_unavailable nobody knows whether it closes.
	Settle(ctx context.Context, s Settlement) (SettlementFact, error)
	// Settlement asks what became of it. Errors: as Connector's.
	Settlement(ctx context.Context, s Settlement) (SettlementFact, error)
}

// Settlement is a batch close as a connector needs to know it.
type Settlement struct {
	ID       string // the provider's own, once known
	Terminal string // the provider's id
	Print    bool   // the terminal prints a slip of it
	Currency posta.Currency
}

// SettlementFact is what a provider said about a batch close.
type SettlementFact struct {
	ID     string
	Status Status // pending, approved, rejected (by the acquirer), refused (it did not close), doubtful (an error leaves open whether it did)
	// Progress of a pending one.
	Progress Progress
	Detail   string // the provider's own words
	Batch    string
	At       time.Time
	Message  string // the acquirer's
	Text     string // the slip
	// Totals are what the slip says, nil where it does not say them readably.
	Totals *BatchTotals
}

// BatchTotals are the sums of a batch, in minor units.
type BatchTotals struct {
	Brands    []BrandSum `json:"brands,omitempty"` // sales by brand, also those reversed later
	Sales     Sum        `json:"sales"`
	Reversals Sum        `json:"reversals"`
	Refunds   Sum        `json:"refunds"`
}

// Net is what the acquirer pays: sales less what was given back.
func (t BatchTotals) Net() int64 { return t.Sales.Amount - t.Reversals.Amount - t.Refunds.Amount }

// Sum is how many and how much, in minor units.
type Sum struct {
	Count  int64 `json:"count"`
	Amount int64 `json:"amount"`
}

// BrandSum is the sum of one brand.
type BrandSum struct {
	Brand string `json:"brand"`
	Sum
}

// TerminalLister is a Connector whose provider knows the merchant's terminals.
type TerminalLister interface {
	// Devices lists them.
	Devices(ctx context.Context) ([]Device, error)
	// SetIntegrated has the terminal take its charges from us, or work alone.
	SetIntegrated(ctx context.Context, terminal string, integrated bool) error
}

// Device is a terminal as the provider knows it.
type Device struct {
	ID         string
	Till       string // the provider's till code that it belongs to, "" if none
	Integrated bool   // it takes its charges from us
}
