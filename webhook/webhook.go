// Package webhook tells a merchant's systems what happened: endpoints that
// events are sent to, one delivery for each event and endpoint, tried until the
// endpoint took it or the tries are used up. Wire form: Standard Webhooks.
package webhook

import (
	"context"
	"time"

	"posta"
)

// Endpoint is a merchant's address of one mode that events are sent to.
type Endpoint struct {
	ID          posta.EndpointID
	MerchantID  posta.MerchantID
	Mode        posta.Mode
	URL         string
	Description string
	Events      []string // which are sent: types, "payment.*" for a family, "*" for all
	Sealed      []byte   // the secret that signs, "whsec_…", sealed with the endpoint's id
	State       EndpointState
	Reason      Reason // why it is disabled
	// After is the position of the last event that had happened when it was made:
	// later ones are sent.
	After     int64
	CreatedAt time.Time
	UpdatedAt time.Time
	RemovedAt time.Time // zero while it is there
}

// EndpointState is whether an endpoint is sent to.
type EndpointState string

// The states of an endpoint.
const (
	Enabled  EndpointState = "enabled"
	Disabled EndpointState = "disabled"
)

// Reason says in a word why an endpoint is disabled or a delivery is dead; the
// catalogs have its words under "endpoint.reason.REASON".
type Reason string

// The reasons.
const (
	NoReason        Reason = ""
	ReasonPerson    Reason = "person"    // somebody switched the endpoint off
	ReasonGone      Reason = "gone"      // it answered 410: it wants no more
	ReasonDisabled  Reason = "disabled"  // the endpoint was off
	ReasonRemoved   Reason = "removed"   // the endpoint was removed
	ReasonRefused   Reason = "refused"   // it refused the delivery each time
	ReasonExhausted Reason = "exhausted" // the tries are used up
)

// Delivery is an event on its way to an endpoint.
type Delivery struct {
	ID         posta.DeliveryID
	MerchantID posta.MerchantID
	Mode       posta.Mode
	EndpointID posta.EndpointID
	EventID    posta.EventID // webhook-id, the same on every try
	Type       string
	Test       bool   // somebody asked for it, nothing happened
	Body       []byte // as it is sent, the same on every try
	State      DeliveryState
	Reason     Reason // why it is dead
	Tries      int    // since it was last asked for
	Refusals   int    // of these, answers that another try is unlikely to change
	Attempts   int    // all that were recorded
	Claim      int    // grows with each claim, so that who lost one cannot save over the next
	Status     int    // of the last answer; 0 for none
	DueAt      time.Time
	CreatedAt  time.Time
	EndedAt    time.Time // zero while it is pending
}

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states of a delivery.
const (
	Pending   DeliveryState = "pending"
	Delivered DeliveryState = "delivered" // the endpoint answered 2xx
	Dead      DeliveryState = "dead"      // not tried any more; may be sent again by hand
)

// Attempt is one try.
type Attempt struct {
	Number   int // 1, 2, 3… of its delivery
	At       time.Time
	Duration time.Duration
	Status   int     // 0 if there was no answer
	Answer   []byte  // its first bytes
	Failure  Failure // why there was no answer
	Error    string  // the same for the operator
}

// Failure says in a word why an endpoint gave no answer; the catalogs have its
// words under "endpoint.failure.FAILURE".
type Failure string

// The failures.
const (
	NoFailure          Failure = ""
	FailureTimeout     Failure = "timeout"
	FailureAddress     Failure = "address"     // it is not in a network that may be sent to
	FailureUnreachable Failure = "unreachable" // no connection, or it broke
)

// DeliveryFilter chooses deliveries of a list. Zero fields do not choose, but
// MerchantID, Mode and EndpointID must be told.
type DeliveryFilter struct {
	MerchantID posta.MerchantID
	Mode       posta.Mode
	EndpointID posta.EndpointID
	State      DeliveryState
	posta.Page
}

// Counts is how many deliveries an endpoint has, by state, tests included.
type Counts struct{ Pending, Delivered, Dead int }

// Target is an endpoint that something is due for.
type Target struct {
	MerchantID posta.MerchantID
	ID         posta.EndpointID
	URL        string
	Sealed     []byte
}

// Store keeps endpoints and deliveries.
type Store interface {
	// InsertEndpoint adds one and sets its After, no event being published
	// meanwhile. Errors: conflict.
	InsertEndpoint(ctx context.Context, e Endpoint, events []posta.Event) (Endpoint, error)
	// ChangeEndpoint loads one that was not removed, nobody else changing it
	// meanwhile, and commits what change makes of it with the events it returns.
	// Where it is disabled or removed afterwards, all that is pending is dead.
	ChangeEndpoint(ctx context.Context, m posta.MerchantID, id posta.EndpointID, change func(*Endpoint) ([]posta.Event, error)) (Endpoint, error)
	// Endpoint finds one that was not removed. Errors: not_found.
	Endpoint(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.EndpointID) (Endpoint, error)
	// Endpoints lists those that were not removed, oldest first.
	Endpoints(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]Endpoint, error)

	// PublishEvents makes, in one commit, the deliveries that plan asks for of the
	// next events and notes how far it came. plan is told an event and its
	// merchant's endpoints, and must not call the store. It gives how many events
	// it took: 0 also when another replica is at it.
	PublishEvents(ctx context.Context, limit int, plan func(posta.Event, []Endpoint) []Delivery) (int, error)
	// InsertDelivery adds one. Errors: conflict.
	InsertDelivery(ctx context.Context, d Delivery) error
	// EndpointsDue lists enabled endpoints that something is due for.
	EndpointsDue(ctx context.Context, now time.Time) ([]Target, error)
	// ClaimDeliveries takes an endpoint's that are due, the longest due first, and
	// moves their DueAt to now+lease.
	ClaimDeliveries(ctx context.Context, m posta.MerchantID, e posta.EndpointID, now time.Time, lease time.Duration, limit int) ([]Delivery, error)
	// SaveAttempt records a try, whoever holds the delivery by now, and, while d's
	// claim stands, what became of the delivery.
	SaveAttempt(ctx context.Context, d Delivery, a Attempt) error
	// SendAgain makes a delivery pending and due, whatever it was. Errors:
	// not_found; not_allowed_in_state where its endpoint is disabled or removed.
	SendAgain(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.DeliveryID, now time.Time) error

	// Delivery finds one of an endpoint that was not removed. Errors: not_found.
	Delivery(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.DeliveryID) (Delivery, error)
	// Deliveries lists newest first.
	Deliveries(ctx context.Context, f DeliveryFilter) ([]Delivery, error)
	// Attempts lists a delivery's, oldest first.
	Attempts(ctx context.Context, m posta.MerchantID, id posta.DeliveryID) ([]Attempt, error)
	CountDeliveries(ctx context.Context, m posta.MerchantID, e posta.EndpointID) (Counts, error)
}
