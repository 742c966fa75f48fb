// Package quality measures how well an integration uses its provider: the
// provider's rules, as data, over what Posta sent and received for a payment.
// Its score is Posta's own reading (docs/providers/mercadopago-online.md §5);
// the provider's own result is recorded beside it.
package quality

import (
	"context"
	"encoding/json"
	"time"

	"posta"
	"posta/outbound"
	"posta/provider"
)

// Kind says how a measurement came about.
type Kind string

// The kinds. A preview is never stored.
const (
	Manual    Kind = "manual"    // a person named the payment
	Automatic Kind = "automatic" // the month's own
	Previewed Kind = "preview"   // of a test payment: what it would be, not a score
)

// Result says whether there is a score.
type Result string

// The results.
const (
	Measured      Result = "measured"
	NotMeasurable Result = "not_measurable"
)

// Reason is why something was not measurable; its words are under "quality.reason.REASON".
type Reason string

// The reasons.
const (
	ReasonNone            Reason = ""
	ReasonTestCredentials Reason = "test_credentials" // the payment or the connection is of test mode
	ReasonOtherConnection Reason = "other_connection" // the payment was made through another connection
	ReasonNoMoney         Reason = "no_money"         // the payment brought no money
	ReasonNoPayment       Reason = "no_payment"       // the connection has no live payment that brought money
	ReasonNoRequest       Reason = "no_request"       // its create is not recorded, or is of a product without rules
	ReasonUnreadable      Reason = "unreadable"       // what was recorded of its create cannot be read
	ReasonMissed          Reason = "missed"           // Posta did not run in the days of that month
)

// MeasurementID names a measurement.
type MeasurementID string

// Prefix is "qms".
func (MeasurementID) Prefix() string { return "qms" }

// OfficialID names a result of the provider's own.
type OfficialID string

// Prefix is "qof".
func (OfficialID) Prefix() string { return "qof" }

// Measurement is the outcome of the rules over one payment.
type Measurement struct {
	ID           MeasurementID      `json:"id,omitempty"`
	MerchantID   posta.MerchantID   `json:"-"`
	ConnectionID posta.ConnectionID `json:"connection_id"`
	Kind         Kind               `json:"kind" enum:"manual,automatic,preview"`
	Result       Result             `json:"result" enum:"measured,not_measurable"`
	Reason       Reason             `json:"reason,omitempty" doc:"why it is not measurable"`
	Product      string             `json:"product,omitempty" doc:"whose rules: mercadopago_qr…"`
	Rules        string             `json:"rules,omitempty" doc:"version of the product's rules"`
	PaymentID    posta.PaymentID    `json:"payment_id,omitempty"`
	Asked        string             `json:"asked,omitempty" doc:"what a person typed to name the payment"`
	Score        *int               `json:"score,omitempty" doc:"0 to 100; absent unless measured"`
	Threshold    int                `json:"threshold" doc:"the score that was enough at that time"`
	Findings     []Finding          `json:"findings,omitempty"`
	Month        string             `json:"month,omitempty" doc:"of an automatic one: 2026-11"`
	By           string             `json:"by,omitempty" doc:"who asked; empty for an automatic one"`
	CreatedAt    time.Time          `json:"created_at"`
	VisibleAt    time.Time          `json:"visible_at" doc:"an automatic one shows on the 10th"`
}

// Enough reports whether it was measured and reaches its threshold.
func (m Measurement) Enough() bool { return m.Score != nil && *m.Score >= m.Threshold }

// Lost are the findings that cost points, in the order of the rules.
func (m Measurement) Lost() []Finding {
	var out []Finding
	for _, f := range m.Findings {
		if !f.Met && f.Points > 0 {
			out = append(out, f)
		}
	}
	return out
}

// JSON is the measurement as it goes into events.
func (m Measurement) JSON() []byte { return mustJSON(m) }

// Finding is one rule over one payment.
type Finding struct {
	Payment posta.PaymentID `json:"payment_id"`
	Item    string          `json:"item"`
	Class   Class           `json:"class" enum:"mandatory,recommended,good_practice"`
	Points  int             `json:"points" doc:"what it is worth; 0 for a good practice"`
	Met     bool            `json:"met"`
	Field   string          `json:"field" doc:"where it is read"`
	Detail  Detail          `json:"detail,omitempty" doc:"why it is not met"`
	Source  Source          `json:"source" enum:"docs,third_party,invented" doc:"where the rule and its points come from"`
}

// Title is the key of the item's words, Fix of what to do about it.
func (f Finding) Title() string { return "quality.item." + f.Item }

// Fix is the key of the words that say what to do.
func (f Finding) Fix() string { return "quality.item." + f.Item + ".fix" }

// Detail is why a rule is not met; its words are under "quality.detail.DETAIL".
type Detail string

// The details.
const (
	DetailAbsent    Detail = "absent"      // not sent, not called, not answered
	DetailValue     Detail = "value"       // sent, with a value that the provider does not know
	DetailCard      Detail = "needs_card"  // only a payment by card can prove it
	DetailUnchecked Detail = "not_checked" // nobody checked it yet
	DetailFailed    Detail = "failed"      // checked, and it failed
)

// Official is a result of the provider's own, as a person read it in its panel.
type Official struct {
	ID           OfficialID         `json:"id"`
	MerchantID   posta.MerchantID   `json:"-"`
	ConnectionID posta.ConnectionID `json:"connection_id"`
	Score        int                `json:"score"`
	Date         string             `json:"date" doc:"of the provider's measurement: 2026-11-20"`
	Payment      string             `json:"provider_payment" doc:"the provider's id of the payment or order"`
	PaymentID    posta.PaymentID    `json:"payment_id,omitempty" doc:"ours, where it is known"`
	By           string             `json:"by"`
	CreatedAt    time.Time          `json:"created_at"`
}

// Connection is what quality needs to know of a connection.
type Connection struct {
	ID         posta.ConnectionID
	MerchantID posta.MerchantID
	Mode       posta.Mode
	Provider   string
	TimeZone   string // of its merchant
	Threshold  int    // set for it; 0 if not
}

// Payment is what quality needs to know of a payment.
type Payment struct {
	ID           posta.PaymentID
	ConnectionID posta.ConnectionID
	Mode         posta.Mode
	TillID       posta.TillID
	TillName     string
	Moneyed      bool // money came, wherever it is now
	CreatedAt    time.Time
	Attempts     []Attempt // oldest first
}

// Attempt is one try to pay.
type Attempt struct {
	Status provider.Status
	Detail string
	Method string
	Brand  string
	At     time.Time
}

// Notice is a notification that led to a payment. It was stored, and so answered
// with 200.
type Notice struct {
	Payment   posta.PaymentID
	Judgement provider.Judgement
}

// Counts reports whether the notice may be the provider's: a forged or
// unreadable one proves nothing.
func (n Notice) Counts() bool {
	switch n.Judgement {
	case provider.Verified, provider.Unverifiable, provider.Stale:
		return true
	}
	return false
}

// Slot is when a connection's automatic measurement of a month is due.
type Slot struct {
	MerchantID   posta.MerchantID
	ConnectionID posta.ConnectionID
	TimeZone     string
	At           time.Time // zero: not planned yet
}

// Filter chooses payments. Zero fields do not choose.
type Filter struct {
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	From, To     time.Time // of creation
	Moneyed      bool
	Limit        int
}

// Store keeps measurements, and reads what they are made of. Its errors are
// *posta.Error: not_found where the merchant has no such thing.
type Store interface {
	// QualityConnection finds a connection.
	QualityConnection(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (Connection, error)
	// QualityNamed finds a merchant's payments by our id, or by the provider's id
	// of an order, sale or attempt, newest first.
	QualityNamed(ctx context.Context, m posta.MerchantID, name string) ([]Payment, error)
	// QualityPayments lists payments, newest first.
	QualityPayments(ctx context.Context, f Filter) ([]Payment, error)
	// CallsOf lists the calls made for a payment, or for notifications that led
	// to it, oldest first.
	CallsOf(ctx context.Context, id posta.PaymentID) ([]outbound.Call, error)
	// CreatesOf lists the calls that made the payments, at most 100 of them,
	// oldest first.
	CreatesOf(ctx context.Context, ids []posta.PaymentID) ([]outbound.Call, error)
	// NoticesOf lists the notifications that led to the payments, at most 100.
	NoticesOf(ctx context.Context, ids []posta.PaymentID) ([]Notice, error)
	// Operations lists what was done on the connection since then with success,
	// other than making payments and looking for them, as "METHOD operation".
	Operations(ctx context.Context, c posta.ConnectionID, since time.Time) ([]string, error)

	// InsertMeasurement commits one and its events.
	InsertMeasurement(ctx context.Context, m Measurement, events []posta.Event) error
	// Measurements lists those of a connection that are visible at now, newest
	// first; scored, those that have a score.
	Measurements(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, now time.Time, scored bool, p posta.Page) ([]Measurement, error)
	// InsertOfficial commits one and its events.
	InsertOfficial(ctx context.Context, o Official, events []posta.Event) error
	// Officials lists those of a connection, newest first by their date.
	Officials(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, limit int) ([]Official, error)
	// SetThreshold keeps what is enough for a connection; 0 takes it back.
	SetThreshold(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, threshold int) error

	// EnrolConnections gives the live connections of the providers a slot to be
	// planned, where they have none.
	EnrolConnections(ctx context.Context, providers []string, now time.Time) error
	// ClaimSlots takes slots that are due and puts that off until now+lease.
	ClaimSlots(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Slot, error)
	// PlanSlot moves a slot to at, unless it was moved meanwhile.
	PlanSlot(ctx context.Context, s Slot, at time.Time) error
	// FinishSlot commits the measurement of a slot and its events and moves the
	// slot to next, together, unless it was moved meanwhile: then nothing. One
	// without events is to be published when it becomes visible.
	FinishSlot(ctx context.Context, s Slot, next time.Time, m Measurement, events []posta.Event) error
	// ClaimUnpublished takes measurements that became visible and puts that off
	// until now+lease.
	ClaimUnpublished(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Measurement, error)
	// Publish commits the events of one that became visible, once.
	Publish(ctx context.Context, m Measurement, events []posta.Event) error
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
