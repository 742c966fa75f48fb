// Package outbound is the one way out: HTTP clients with limits, and the
// record of what was said to providers and what they answered.
package outbound

import (
	"context"
	"net/http"
	"time"

	"posta"
)

// Call is one exchange with a provider, kept before its answer is understood.
// Secrets in headers are masked before it is made.
type Call struct {
	ID             posta.CallID
	Tag            Tag
	Method         string
	URL            string
	RequestHeader  http.Header
	RequestBody    []byte
	Status         int // 0 if there was no answer
	ResponseHeader http.Header
	ResponseBody   []byte
	Error          string // why there was no answer
	StartedAt      time.Time
	Duration       time.Duration
}

// Tag says what a call is made for.
type Tag struct {
	ConnectionID posta.ConnectionID
	Payment      posta.PaymentID
	Notification posta.NotificationID
	Operation    string // create, cancel, refund, enquiry, fetch, provision, check
}

// Store keeps calls.
type Store interface {
	// InsertCall commits one. Concurrent calls share a commit.
	InsertCall(ctx context.Context, c Call) error
	// CallsOf lists the calls made for a payment, or for notifications that led
	// to it, oldest first.
	CallsOf(ctx context.Context, id posta.PaymentID) ([]Call, error)
}

type tagKey struct{}

// WithTag marks ctx: calls made under it bear the tag. Empty fields keep what
// an outer tag said.
func WithTag(ctx context.Context, t Tag) context.Context {
	outer := TagOf(ctx)
	if t.ConnectionID == "" {
		t.ConnectionID = outer.ConnectionID
	}
	if t.Payment == "" {
		t.Payment = outer.Payment
	}
	if t.Notification == "" {
		t.Notification = outer.Notification
	}
	if t.Operation == "" {
		t.Operation = outer.Operation
	}
	return context.WithValue(ctx, tagKey{}, t)
}

// TagOf is the tag that ctx bears.
func TagOf(ctx context.Context) Tag {
	t, _ := ctx.Value(tagKey{}).(Tag)
	return t
}
