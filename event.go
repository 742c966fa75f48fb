package posta

import (
	"encoding/json"
	"time"
)

// Event is something that happened, told to whoever follows along: open
// pages, merchants' systems, the books. It commits with the change it tells of;
// Position is given after that commit by one relay, so that a reader with
// after= never skips a late commit.
type Event struct {
	ID         EventID         `json:"id"`
	Position   int64           `json:"position"` // 1, 2, 3… without gaps; 0 until the relay gave it
	MerchantID MerchantID      `json:"-"`
	Mode       Mode            `json:"mode"`
	Type       string          `json:"type"`    // "payment.paid"
	Subject    string          `json:"subject"` // id of what it is about
	TillID     TillID          `json:"till_id,omitempty"`
	Actor      string          `json:"actor,omitempty"` // "key:…" or "user:…" where somebody asked for it; "" where Posta or the provider did it
	Data       json.RawMessage `json:"data"`            // the object as the API shows it at that moment
	CreatedAt  time.Time       `json:"created_at"`
}

// Mode keeps test and live apart: every connection, key, payment and event has one.
type Mode string

// The two modes.
const (
	Test Mode = "test"
	Live Mode = "live"
)

// Valid reports whether m is a mode.
func (m Mode) Valid() bool { return m == Test || m == Live }
