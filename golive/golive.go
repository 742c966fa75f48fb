// Package golive keeps the gate between a finished integration and real money:
// the items that must be met, the measurement window and the pilot before it
// opens, and the checks of certificates.
package golive

import (
	"context"
	"slices"
	"time"

	"posta"
	"posta/payment"
	"posta/project"
	"posta/settlement"
)

// Item keys, as process templates list them.
const (
	ItemCredentials  = "credentials"  // production ones, checked, of the same application as the test ones
	ItemTLS          = "tls"          // certificates of the shop's pages, ours and the webhook address
	ItemNotices      = "notices"      // proven both ways
	ItemHomologation = "homologation" // passed, or pre-integrated
	ItemRefund       = "refund"       // one tried
	ItemQuality      = "quality"      // measured, at the threshold
	ItemDate         = "date"         // confirmed by both sides
	ItemPilot        = "pilot"        // ended well
)

// ItemKeys are all keys that a template may list, in the order of the page.
var ItemKeys = []string{ItemCredentials, ItemTLS, ItemNotices, ItemHomologation, ItemRefund, ItemQuality, ItemDate, ItemPilot}

// ItemProject stands alone for a connection that no project takes to
// production: nothing says what its gate asks for. No waiver replaces it.
const ItemProject = "project"

// Status is how a gate item stands.
type Status string

// The statuses.
const (
	Met    Status = "met"
	Unmet  Status = "unmet"
	Waived Status = "waived" // unmet, and a person said that it may be
)

// Item is one thing that the gate asks for.
type Item struct {
	Key      string
	Status   Status
	Reason   string            // code of why it is not met, words and what to do under golive.reason.KEY.CODE
	Params   map[string]string // fill the words
	Evidence string            // what proves it: an id, an address, "own 81", "provider 88"
	At       time.Time         // when the evidence is from; zero if not known
	Waiver   *Waiver           // nil if none, kept also while the item is met
}

// Waiver lets the gate open without an item.
type Waiver struct {
	Item   string    `json:"item"`
	Reason string    `json:"reason"`
	By     string    `json:"by"` // "user:…"
	At     time.Time `json:"at"`
}

// Gate is the gate of one live connection.
type Gate struct {
	payment.Gate
	MerchantID posta.MerchantID
	Shop       []string    // addresses of the shop's pages to be checked
	TLS        []TLSReport // the last check of each address
	Waivers    []Waiver
}

// waiver finds an item's.
func (g Gate) waiver(item string) *Waiver {
	if at := slices.IndexFunc(g.Waivers, func(w Waiver) bool { return w.Item == item }); at >= 0 {
		return &g.Waivers[at]
	}
	return nil
}

// Notice is the best proof that a provider's notices reach us.
type Notice struct {
	ID        posta.NotificationID
	Judgement string          // of its signature, provider.Judgement
	Payment   posta.PaymentID // that it led to, once fetched; "" if none
	Handled   bool            // read, and what it names fetched, or known to be nothing
	At        time.Time
}

// Return is a refund or reversal that succeeded.
type Return struct {
	ID posta.RefundID
	At time.Time
}

// Traffic is what a connection charged in a store since a moment.
type Traffic struct {
	Payments  int // all
	Approved  int // brought money
	Declined  int // ended without, by a decline
	Lost      int // whose answer was lost, also if it was found later
	Closes    int // batch closes
	Unmatched int // whose totals are not ours, or that nobody could hold against ours
}

// Store keeps gates. Its errors are *posta.Error: not_found where the merchant
// has no such live connection.
type Store interface {
	// Gate finds a live connection's; a closed one where nobody touched it yet.
	Gate(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (Gate, error)
	// ChangeGate loads one, nobody else changing it and no payment passing it
	// meanwhile, and commits what change makes of it with the events it returns.
	// An error of change commits nothing. change may run more than once and must
	// not call the store.
	ChangeGate(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, change func(*Gate) ([]posta.Event, error)) (Gate, error)
	// GateUse is what passed the gate since from: charges that are open or moved
	// money, and their sum in minor units.
	GateUse(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, from time.Time) (payment.GateUse, error)
	// Gates lists those of a merchant that somebody touched.
	Gates(ctx context.Context, m posta.MerchantID) ([]Gate, error)
	// GateEvents lists the events of kind golive.* about any of the subjects,
	// newest first, 100 at most.
	GateEvents(ctx context.Context, m posta.MerchantID, subjects ...string) ([]posta.Event, error)
	// BestNotice finds the connection's notice that proves most: one that is
	// verified and handled before others, then the newest. Errors: not_found.
	BestNotice(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (Notice, error)
	// LastReturn finds the newest refund that succeeded on a connection. Errors: not_found.
	LastReturn(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (Return, error)
	// Traffic counts a live connection's charges and closes in a store since from,
	// and before to unless that is zero.
	Traffic(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, store posta.StoreID, from, to time.Time) (Traffic, error)
	// StoreTerminals lists the terminals in use of a store. Errors: not_found where
	// there is no such store in use.
	StoreTerminals(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.StoreID) ([]settlement.Terminal, error)
	// LiveProject finds the newest project that takes the connection to
	// production. Errors: not_found.
	LiveProject(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (project.Project, error)
}
