// Package golive keeps the gate between a finished integration and real money:
// the items that must be met, the measurement window and the pilot before it
// opens, and the checks of certificates.
package golive

import (
	"context"
	"time"

	"posta"
	"posta/payment"
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

// Status is how a gate item stands.
type Status string

// The statuses.
const (
	Met    Status = "met"
	Unmet  Status = "unmet"
	Waived Status = "waived"
)

// Item is one thing that the gate asks for.
type Item struct {
	Key      string
	Status   Status
	Reason   string            // code of why it is unmet, words under golive.reason.CODE
	Params   map[string]string // fill the words
	Evidence string            // what proves it: an id, an address, "own 81", "provider 88"
	At       time.Time         // when the evidence is from
	Waiver   *Waiver
}

// Waiver lets the gate open without an item.
type Waiver struct {
	Item   string
	Reason string
	By     string
	At     time.Time
}

// Gate is the gate of one live connection.
type Gate struct {
	payment.Gate
	MerchantID posta.MerchantID
	ProjectID  posta.ProjectID // whose template says what it asks for; "" without a project
	Shop       []string        // addresses of the shop's pages to be checked
	TLS        []TLSReport     // the last check of each address
	Waivers    []Waiver
	Swap       Swap
	UpdatedAt  time.Time
}

// Swap is the change from one set of production credentials to another: both
// are accepted until it ends.
type Swap struct {
	StartedAt time.Time
	EndsAt    time.Time
	By        string
}

// Store keeps gates.
type Store interface {
	// Gate finds a connection's; a closed one where there is none yet.
	Gate(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (Gate, error)
	// ChangeGate loads one, nobody else changing it and no payment passing it
	// meanwhile, and commits what change makes of it with the events it returns.
	ChangeGate(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, change func(*Gate) ([]posta.Event, error)) (Gate, error)
	// GateUse is what passed the gate since from: charges that are open or moved
	// money, and their sum in minor units.
	GateUse(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, from time.Time) (payment.GateUse, error)
	Gates(ctx context.Context, m posta.MerchantID) ([]Gate, error)
}
