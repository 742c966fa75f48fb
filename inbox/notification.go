// Package inbox takes in what providers send: store raw, answer, read, dedupe,
// fetch, hand to the owner. A notification never changes a state by itself.
package inbox

import (
	"context"
	"time"

	"posta"
	"posta/provider"
)

// State is where a notification stands.
type State string

// The states.
const (
	Received State = "received" // stored, not yet read
	Waiting  State = "waiting"  // to be tried again: the provider gave no answer, or we do not know the payment yet
	Handled  State = "handled"  // its news was fetched and applied, or there was none
	Ignored  State = "ignored"  // not to be acted upon
)

// Result says in a word what a notification led to; the catalogs have its words
// under "notice.RESULT".
type Result string

// The results.
const (
	ResultNone       Result = ""
	ResultChanged    Result = "changed"     // the payment's state moved
	ResultNoted      Result = "noted"       // something new, the state stays
	ResultNothingNew Result = "nothing_new" // all was known already
	ResultOpened     Result = "opened"      // speaks of an order that is still open: never a payment
	ResultDuplicate  Result = "duplicate"   // told before
	ResultFetched    Result = "fetched"     // what it speaks of was fetched after it came in
	ResultUnreadable Result = "unreadable"  // not a notice
	ResultNotOurs    Result = "not_ours"    // speaks of something Posta did not charge
	ResultNoTopic    Result = "no_topic"    // a topic that nothing here owns
	ResultUnanswered Result = "unanswered"  // the provider gives no answer yet
	ResultUnknown    Result = "unknown"     // of a payment that is not known yet
)

// Notification is what a provider sent, and what was made of it.
type Notification struct {
	ID           posta.NotificationID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	Delivery     provider.Delivery

	State   State
	Notice  provider.Notice
	Verdict provider.Verdict
	Result  Result
	Payment posta.PaymentID // "" if it led to none

	Tries     int
	Replayed  bool // a person asked to handle it again
	DueAt     time.Time
	FetchedAt time.Time // when its fetch began; zero if none
	HandledAt time.Time
}

// Source is what the inbox needs to know of a connection.
type Source struct {
	MerchantID posta.MerchantID
	Mode       posta.Mode
	Provider   string
}

// Filter chooses notifications of a list. Zero fields do not choose.
type Filter struct {
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	Payment      posta.PaymentID
	State        State
	Judgement    provider.Judgement
	Topic        string
	Resource     string
	From, To     time.Time
	posta.Page
}

// Store keeps notifications.
type Store interface {
	// InsertNotification commits one, durably, before it returns. Concurrent
	// calls share a commit.
	InsertNotification(ctx context.Context, n Notification) error
	// ClaimNotifications takes those that are due and moves their DueAt to
	// now+lease.
	ClaimNotifications(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Notification, error)
	// SaveNotification commits what was made of one. Errors: conflict when it was
	// replayed since it was claimed, and the replay stands.
	SaveNotification(ctx context.Context, n Notification) error
	// Told finds the oldest handled notification of the connection, other than
	// id, with the dedupe key; not_found if there is none.
	Told(ctx context.Context, c posta.ConnectionID, key string, id posta.NotificationID) (Notification, error)
	// Fetched is when the latest fetch of a resource began, and the payment that
	// it led to; zero if none.
	Fetched(ctx context.Context, c posta.ConnectionID, topic, resource string) (time.Time, posta.PaymentID, error)
	Notification(ctx context.Context, m posta.MerchantID, id posta.NotificationID) (Notification, error)
	// ListNotifications lists newest first.
	ListNotifications(ctx context.Context, f Filter) ([]Notification, error)
	// ReplayNotifications makes all that match due again and gives how many.
	ReplayNotifications(ctx context.Context, f Filter, now time.Time) (int, error)
	// SourceOf finds a connection; not_found if there is none.
	SourceOf(ctx context.Context, id posta.ConnectionID) (Source, error)
}
