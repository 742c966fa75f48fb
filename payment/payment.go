// Package payment is the heart: a payment, its refunds, and the only door
// through which news about them comes in, Apply. It knows nothing of HTTP, SQL
// or any provider.
package payment

import (
	"time"

	"posta"
	"posta/provider"
)

// State is where a payment stands; docs/states.md draws the machine.
type State string

// The states. Store guards the same list with a CHECK.
const (
	Created           State = "created"            // stored, the provider not yet asked
	Pending           State = "pending"            // the buyer can pay
	Unknown           State = "unknown"            // asked, the answer was lost
	Paid              State = "paid"               // proven, see docs/states.md
	PartiallyRefunded State = "partially_refunded" // some was given back
	Refunded          State = "refunded"           // all was given back
	Disputed          State = "disputed"           // the buyer disputes it
	ChargedBack       State = "charged_back"       // the bank took it back
	Rejected          State = "rejected"           // a terminal's payment was declined
	Canceled          State = "canceled"           // taken away before it was paid
	Expired           State = "expired"            // ended by time
	Failed            State = "failed"             // the provider refused the charge
)

// States lists them all.
var States = []State{Created, Pending, Unknown, Paid, PartiallyRefunded, Refunded, Disputed, ChargedBack, Rejected, Canceled, Expired, Failed}

// Open reports whether the payment occupies its till.
func (s State) Open() bool { return s == Created || s == Pending || s == Unknown }

// Moneyed reports whether the provider proved that money came.
func (s State) Moneyed() bool {
	switch s {
	case Paid, PartiallyRefunded, Refunded, Disputed, ChargedBack:
		return true
	}
	return false
}

// Attention is why a person should look at a payment: it then shows as a task.
type Attention string

// The reasons.
const (
	AttentionNone      Attention = ""
	AttentionPaidLate  Attention = "paid_late" // money came after cancel or expiry
	AttentionShortfall Attention = "shortfall" // closed, but less came than was asked
	AttentionOverpaid  Attention = "overpaid"  // more came than was asked: two scans both paid
	AttentionMismatch  Attention = "mismatch"  // proof that names another till or currency, or is not what a slip said
	AttentionReview    Attention = "review"    // the provider wants somebody to look
	AttentionSlip      Attention = "slip"      // the answer was lost, and only the terminal's slip can tell what became of it
)

// Payment is one charge: at a till, or online.
type Payment struct {
	ID           posta.PaymentID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	StoreID      posta.StoreID
	TillID       posta.TillID
	Amount       posta.Money // what we asked
	Reference    string      // the merchant's own text
	Description  string
	Items        []provider.Item
	Rail         provider.Rail
	Terminals    []Terminal               // those that may take it, with RailTerminal
	Options      provider.TerminalOptions // with RailTerminal
	Online       *provider.Online         // with RailOnline
	Owner        string                   // the checkout session or invoice that it pays, "" if none
	CreatedBy    string                   // "key:key_01…" or "user:usr_01…"

	Summary // computed from Facts
	Facts   []provider.Fact
	Settled []Attention // attentions that a person has dealt with

	Order         string        // the provider's own id of the order, "" if none
	Next          provider.Next // what the buyer does next, with RailOnline
	QR            string        // text of the QR to show, "" if the till's fixed one serves
	CreateKey     string        // the provider's idempotency key of create, the same on every try
	CancelKey     string        // of cancel, "" until asked
	CaptureKey    string        // of capture, "" until asked
	CaptureAt     time.Time     // when capture was asked for; zero if never
	CaptureAmount int64         // minor units to be captured
	CancelAt      time.Time     // when cancel was asked for; zero if never
	ExpiresAt     time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
	EndedAt       time.Time // when it first left the open states; zero until then

	Enquiries int       // how often the provider was asked since the last change
	DueAt     time.Time // next enquiry; zero when none is due
}

// Terminal is a card terminal as a payment or refund remembers it.
type Terminal struct {
	ID           posta.TerminalID   `json:"id"`
	Code         string             `json:"code"` // the provider's own
	ConnectionID posta.ConnectionID `json:"connection_id"`
}

// Attempt is one try to pay, as people look at it.
type Attempt struct {
	ID           string
	Status       provider.Status
	Detail       string
	Amount       int64 // minor units
	Refunded     int64 // minor units
	At           time.Time
	Method       string
	Brand        string
	LastFour     string
	Installments int
	Authorizes   string
	Slip         provider.Slip
}

// Channel is where a till charges: what payment needs to know of its
// connection and store, and no more.
type Channel struct {
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	StoreID      posta.StoreID
	TillID       posta.TillID
	StoreCode    string // at the provider
	TillCode     string // at the provider
	Country      string // of the account, ISO 3166-1 alpha-2
	Currency     posta.Currency
	TillName     string // what people call it
	Title        string // what the buyer reads when the charge says nothing: the store's name
	QR           string // text of the till's fixed QR, "" if the provider told none
	RefundLate   bool   // give late money back by itself
	Removed      bool   // the till charges no more; what it charged is still looked after
}
