package posta

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// IDs are a prefix, an underscore and a ULID: sortable by time of birth, and a
// double click copies them whole.
type (
	// PaymentID names a payment; without its underscore it is the provider's external reference.
	PaymentID string
	// RefundID names a refund of a payment.
	RefundID string
	// NotificationID names what a provider sent to /hooks/.
	NotificationID string
	// EventID names something that happened in Posta.
	EventID string
	// MerchantID names a merchant: the tenant.
	MerchantID string
	// ConnectionID names a merchant's account at a provider.
	ConnectionID string
	// StoreID names a merchant's store.
	StoreID string
	// TillID names a till in a store.
	TillID string
	// TerminalID names a card terminal in a store.
	TerminalID string
	// SettlementID names a batch close of a terminal.
	SettlementID string
	// ShiftID names the time between a till's opening and closing.
	ShiftID string
	// KeyID names an API key.
	KeyID string
	// UserID names a person who logs in.
	UserID string
	// CallID names one recorded exchange with a provider.
	CallID string
	// ProjectID names an integration project.
	ProjectID string
	// ContactID names a client's person in a project.
	ContactID string
	// MessageID names a message of a project's thread.
	MessageID string
	// AttachmentID names a file of a project.
	AttachmentID string
	// ClockID names a response clock.
	ClockID string
	// EvidenceID names what a homologation case was judged by.
	EvidenceID string
	// LinkID names a payment link.
	LinkID string
	// ProductID names what a merchant sells, with its price.
	ProductID string
	// SessionID names a checkout session: one buyer's visit to pay.
	SessionID string
	// PlanID names a plan of subscriptions.
	PlanID string
	// SubscriptionID names a subscription.
	SubscriptionID string
	// InvoiceID names one period of a subscription.
	InvoiceID string
	// ChargebackID names a chargeback.
	ChargebackID string
	// SubmissionID names a filled sheet that went out.
	SubmissionID string
	// EndpointID names a merchant's system that is told of events.
	EndpointID string
	// DeliveryID names one event on its way to an endpoint.
	DeliveryID string
)

// ID is any of the identifiers above.
type ID interface {
	~string
	// Prefix is what the identifier starts with, without the underscore.
	Prefix() string
}

// Prefix is "pay".
func (PaymentID) Prefix() string { return "pay" }

// Prefix is "ref".
func (RefundID) Prefix() string { return "ref" }

// Prefix is "ntf".
func (NotificationID) Prefix() string { return "ntf" }

// Prefix is "evt".
func (EventID) Prefix() string { return "evt" }

// Prefix is "mer".
func (MerchantID) Prefix() string { return "mer" }

// Prefix is "con".
func (ConnectionID) Prefix() string { return "con" }

// Prefix is "sto".
func (StoreID) Prefix() string { return "sto" }

// Prefix is "til".
func (TillID) Prefix() string { return "til" }

// Prefix is "trm".
func (TerminalID) Prefix() string { return "trm" }

// Prefix is "stl".
func (SettlementID) Prefix() string { return "stl" }

// Prefix is "shf".
func (ShiftID) Prefix() string { return "shf" }

// Prefix is "key".
func (KeyID) Prefix() string { return "key" }

// Prefix is "usr".
func (UserID) Prefix() string { return "usr" }

// Prefix is "cal".
func (CallID) Prefix() string { return "cal" }

// Prefix is "prj".
func (ProjectID) Prefix() string { return "prj" }

// Prefix is "ctc".
func (ContactID) Prefix() string { return "ctc" }

// Prefix is "msg".
func (MessageID) Prefix() string { return "msg" }

// Prefix is "att".
func (AttachmentID) Prefix() string { return "att" }

// Prefix is "clk".
func (ClockID) Prefix() string { return "clk" }

// Prefix is "evd".
func (EvidenceID) Prefix() string { return "evd" }

// Prefix is "sbm".
func (SubmissionID) Prefix() string { return "sbm" }

// Prefix is "end".
func (EndpointID) Prefix() string { return "end" }

// Prefix is "dlv".
func (DeliveryID) Prefix() string { return "dlv" }

// Prefix is "lnk".
func (LinkID) Prefix() string { return "lnk" }

// Prefix is "prd".
func (ProductID) Prefix() string { return "prd" }

// Prefix is "chk".
func (SessionID) Prefix() string { return "chk" }

// Prefix is "pln".
func (PlanID) Prefix() string { return "pln" }

// Prefix is "sub".
func (SubscriptionID) Prefix() string { return "sub" }

// Prefix is "inv".
func (InvoiceID) Prefix() string { return "inv" }

// Prefix is "cbk".
func (ChargebackID) Prefix() string { return "cbk" }

// NewID makes an identifier born at now.
func NewID[T ID](now time.Time) T { return IDFrom[T](NewULID(now)) }

// NewULID makes the part of an identifier that follows the prefix.
func NewULID(now time.Time) string {
	return ulid.MustNew(ulid.Timestamp(now), rand.Reader).String()
}

// IDFrom puts T's prefix before a ULID. The same ULID gives the same
// identifier, which is how a repeated request finds what the first one made.
func IDFrom[T ID](u string) T {
	var zero T
	return T(zero.Prefix() + "_" + u)
}

// ParseID checks that text is an identifier of T's kind. The error has code
// "not_found": a malformed name names nothing.
func ParseID[T ID](text string) (T, error) {
	var zero T
	rest, ok := strings.CutPrefix(text, zero.Prefix()+"_")
	if ok {
		if _, err := ulid.ParseStrict(rest); err == nil {
			return T(text), nil
		}
	}
	return zero, &Error{Code: CodeNotFound}
}

// Alphanumeric is the identifier without its underscore: the only form that
// every provider accepts as a reference or code.
func Alphanumeric[T ID](id T) string { return strings.Replace(string(id), "_", "", 1) }

// FromAlphanumeric undoes Alphanumeric. The error has code "not_found".
func FromAlphanumeric[T ID](text string) (T, error) {
	var zero T
	rest, ok := strings.CutPrefix(text, zero.Prefix())
	if !ok {
		return zero, &Error{Code: CodeNotFound}
	}
	return ParseID[T](zero.Prefix() + "_" + rest)
}
