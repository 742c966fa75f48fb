// Package settlement closes the batches of card terminals, and holds what the
// provider says of each against our own ledger of that terminal.
package settlement

import (
	"context"
	"time"

	"posta"
	"posta/provider"
)

// State is where a settlement stands; docs/states.md draws the machine.
type State string

// The states. Store guards the same list with a CHECK.
const (
	Created   State = "created"   // stored, the provider not yet asked
	Pending   State = "pending"   // waits on the terminal, or closes
	Unknown   State = "unknown"   // asked, and nobody can tell what became of it: a person settles it by the slip
	Confirmed State = "confirmed" // the batch is closed
	Declined  State = "declined"  // the acquirer refused
	Failed    State = "failed"    // the provider refused, or an error ended it
)

// Final reports whether nothing more is to be asked.
func (s State) Final() bool { return s == Confirmed || s == Declined || s == Failed }

// Attention is why a person should look at a settlement.
type Attention string

// The reasons.
const (
	AttentionNone       Attention = ""
	AttentionDifference Attention = "difference" // the provider's totals are not ours
	AttentionUnread     Attention = "unread"     // the provider told no totals: a person types them off the slip
	AttentionSlip       Attention = "slip"       // the answer was lost: a person says what the terminal did
)

// Settlement is a batch close of one terminal.
type Settlement struct {
	ID           posta.SettlementID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	StoreID      posta.StoreID
	TerminalID   posta.TerminalID
	TerminalCode string // the provider's id of the terminal
	Currency     posta.Currency
	State        State
	Attention    Attention
	AskedBy      string // "user:…", "key:…" or "schedule"

	ProviderID string
	Progress   provider.Progress // on the terminal, while pending
	Batch      string
	Detail     string // the provider's own words
	Message    string // the acquirer's
	Slip       string // the slip's text

	Ours   provider.BatchTotals  // of the terminal from FromAt until before ToAt
	Others provider.Sum          // of what names a batch in that time that neither this nor the close before has; not in Ours
	Theirs *provider.BatchTotals // as the provider or a person with the slip says; nil if nobody did

	SettledBy string // who dealt with the attention
	Note      string
	FromAt    time.Time // when the batch before was closed; zero for the first
	ToAt      time.Time // when this one was, zero unless confirmed
	CreatedAt time.Time
	UpdatedAt time.Time
	Tries     int       // times asked since the last news
	DueAt     time.Time // next time to ask; zero when none is due
}

// Movement is something that one of our intents moved on a terminal.
type Movement struct {
	Payment posta.PaymentID
	Refund  posta.RefundID // "" for the sale itself
	Kind    MovementKind
	Brand   string
	Batch   string // "" if not told
	Amount  int64  // minor units, always positive
	At      time.Time
}

// MovementKind says what moved.
type MovementKind string

// The kinds.
const (
	Sale     MovementKind = "sale"
	Reversal MovementKind = "reversal"
	Refund   MovementKind = "refund"
)

// Terminal is what settlement needs to know of a terminal.
type Terminal struct {
	ID           posta.TerminalID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	StoreID      posta.StoreID
	ConnectionID posta.ConnectionID
	Code         string // the provider's id
	Name         string
	Currency     posta.Currency
	Removed      bool
}

// Store keeps settlements. Its errors are *posta.Error: not_found where the
// merchant has no such thing in that mode.
type Store interface {
	// SettlementTerminal finds a terminal, also one that was removed.
	SettlementTerminal(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TerminalID) (Terminal, error)
	// StoreTerminals lists the terminals in use of a store; not_found if there is
	// no such store in use.
	StoreTerminals(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.StoreID) ([]Terminal, error)
	// InsertSettlement commits a new one and its events. Errors: conflict when the
	// id is taken; terminal_busy with Params["settlement"] when the terminal is
	// closing already, or with Params["payment"] or Params["refund"] when one is
	// under way there (created or pending, not unknown).
	InsertSettlement(ctx context.Context, s Settlement, events []posta.Event) error
	// Settlement finds one.
	Settlement(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SettlementID) (Settlement, error)
	// ListSettlements lists newest first.
	ListSettlements(ctx context.Context, f Filter) ([]Settlement, error)
	// ClosedBefore finds the confirmed one of a terminal, by its code on the
	// connection, whose ToAt is the latest that is not after at; ClosedAfter the
	// one whose ToAt is the earliest after it. Errors: not_found if there is none.
	ClosedBefore(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, code string, at time.Time) (Settlement, error)
	ClosedAfter(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, code string, at time.Time) (Settlement, error)
	// Movements are what our intents moved on the terminal (by its code on the
	// connection) from from until before to, oldest first.
	Movements(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, code string, from, to time.Time) ([]Movement, error)
	// ChangeSettlement loads one, nobody else changing it meanwhile, and commits
	// what change makes of it together with the events it returns.
	ChangeSettlement(ctx context.Context, m posta.MerchantID, id posta.SettlementID, change func(*Settlement) ([]posta.Event, error)) (Settlement, error)
	// ClaimSettlements takes those whose DueAt has come and moves it to now+lease.
	ClaimSettlements(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Settlement, error)
	// ClaimCloses takes stores whose close is due and moves that to now+lease.
	ClaimCloses(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Close, error)
	// PlanClose notes when the store's next scheduled close is due, unless its
	// hour is another one meanwhile.
	PlanClose(ctx context.Context, c Close, due time.Time) error
}

// Close is a store whose terminals are to be closed by the hour.
type Close struct {
	MerchantID posta.MerchantID
	Mode       posta.Mode
	StoreID    posta.StoreID
	At         string // "23:30"
	TimeZone   string
}

// Filter chooses settlements of a list. Zero fields do not choose.
type Filter struct {
	MerchantID posta.MerchantID
	Mode       posta.Mode
	StoreID    posta.StoreID
	TerminalID posta.TerminalID
	State      State
	Attention  bool // only those that a person should look at
	posta.Page
}
