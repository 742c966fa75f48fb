// Package till keeps the places where a merchant charges: stores, their tills
// and card terminals, and the shifts worked at them.
package till

import (
	"context"
	"slices"
	"time"

	"posta"
)

// Store is a merchant's shop. It is kept at the provider of its connection too.
type Store struct {
	ID           posta.StoreID
	MerchantID   posta.MerchantID
	Mode         posta.Mode // its connection's
	ConnectionID posta.ConnectionID
	Name         string
	Address      Address
	ProviderRef  string // the provider's own id, "" until it is there
	// CloseAt is the hour, in the merchant's time zone, at which its terminals
	// close their batches: "23:30"; "" for never. CloseDueAt is the next time.
	CloseAt    string
	CloseDueAt time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
	RemovedAt  time.Time // zero while it is in use
}

// Address is where a store is, as Mercado Pago asks for it
// (docs/providers/mercadopago.md §2.1).
type Address struct {
	Street    string `json:"street"`
	Number    string `json:"number"`
	City      string `json:"city"`
	State     string `json:"state"`
	Latitude  string `json:"latitude"`  // decimal degrees
	Longitude string `json:"longitude"` // decimal degrees
	Reference string `json:"reference,omitempty"`
}

// Till is a place in a store where one payment at a time is charged.
type Till struct {
	ID           posta.TillID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	StoreID      posta.StoreID
	ConnectionID posta.ConnectionID
	Name         string
	ProviderRef  string // the provider's own id, "" until it is there
	QR           string // text of its fixed QR, "" if the provider told none
	Image        string // address of its fixed QR as a picture, "" if none
	CreatedAt    time.Time
	UpdatedAt    time.Time
	RemovedAt    time.Time // zero while it is in use
}

// Terminal is a card terminal of a store. Its connection need not be the store's:
// a shop may show Mercado Pago's QR and take cards through Prisma.
type Terminal struct {
	ID           posta.TerminalID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	StoreID      posta.StoreID
	ConnectionID posta.ConnectionID
	Code         string         // the provider's own id
	Name         string         // what people call it
	Tills        []posta.TillID // those that charge on it; none means every till of the store
	CreatedAt    time.Time
	UpdatedAt    time.Time
	RemovedAt    time.Time // zero while it is in use
}

// Serves reports whether a till of its store may charge on it.
func (t Terminal) Serves(id posta.TillID) bool {
	return len(t.Tills) == 0 || slices.Contains(t.Tills, id)
}

// Shift is the time between a till's opening and closing by a cashier.
type Shift struct {
	ID         posta.ShiftID
	MerchantID posta.MerchantID
	TillID     posta.TillID
	OpenedBy   string // the person's name
	OpenedAt   time.Time
	ClosedBy   string
	ClosedAt   time.Time // zero while open
	Report     Report    // as it was at closing
}

// Report sums up what a till took in a time, in minor units.
type Report struct {
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to"`
	Currency posta.Currency `json:"currency"`
	Sales    int64          `json:"sales"` // payments that brought money
	Captured int64          `json:"captured"`
	Refunds  int64          `json:"refunds"` // refunds given
	Refunded int64          `json:"refunded"`
	Declined int64          `json:"declined"` // attempts
	Canceled int64          `json:"canceled"` // payments canceled, expired or failed
	Methods  []MethodSum    `json:"methods"`
	Rails    []RailSum      `json:"rails,omitempty"` // those that brought money or gave it back
}

// MethodSum is a Report's line for one way to pay.
type MethodSum struct {
	Rail     string `json:"rail,omitempty"` // qr, terminal
	Method   string `json:"method"`         // credit_card, account_money…
	Brand    string `json:"brand,omitempty"`
	Count    int64  `json:"count"`
	Captured int64  `json:"captured"`
}

// RailSum is a Report's line for one rail.
type RailSum struct {
	Rail     string `json:"rail"` // qr, terminal
	Sales    int64  `json:"sales"`
	Captured int64  `json:"captured"`
	Refunds  int64  `json:"refunds"`
	Refunded int64  `json:"refunded"`
}

// Sale is what the report needs to know of one payment at the till.
type Sale struct {
	State    string
	Rail     string      // qr, terminal
	Captured int64       // minor units
	At       time.Time   // when it counts: when it ended, or was paid after that
	Methods  []MethodSum // of its approved attempts
	Declined int64
}

// Returned is one succeeded refund of a payment of the till.
type Returned struct {
	Rail   string // of the payment
	Amount int64  // minor units
	At     time.Time
}

// Keeper keeps stores, tills, terminals and shifts. Its errors are *posta.Error: not_found,
// and conflict where an id is taken or a till has an open shift.
type Keeper interface {
	InsertStore(ctx context.Context, s Store) error
	UpdateStore(ctx context.Context, s Store) error
	Store(ctx context.Context, m posta.MerchantID, id posta.StoreID) (Store, error)
	Stores(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]Store, error)

	InsertTill(ctx context.Context, t Till) error
	UpdateTill(ctx context.Context, t Till) error
	Till(ctx context.Context, m posta.MerchantID, id posta.TillID) (Till, error)
	Tills(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]Till, error)

	// InsertTerminal adds one; conflict where its code is in use on its connection.
	InsertTerminal(ctx context.Context, t Terminal) error
	UpdateTerminal(ctx context.Context, t Terminal) error
	Terminal(ctx context.Context, m posta.MerchantID, id posta.TerminalID) (Terminal, error)
	Terminals(ctx context.Context, m posta.MerchantID, mode posta.Mode) ([]Terminal, error)

	InsertShift(ctx context.Context, s Shift) error
	UpdateShift(ctx context.Context, s Shift) error
	OpenShift(ctx context.Context, m posta.MerchantID, id posta.TillID) (Shift, error)
	Shift(ctx context.Context, m posta.MerchantID, id posta.ShiftID) (Shift, error)
	Shifts(ctx context.Context, m posta.MerchantID, id posta.TillID, limit int) ([]Shift, error)

	// Sales are the till's payments that ended, and Returns the refunds of its
	// payments that succeeded, from from until before to.
	Sales(ctx context.Context, m posta.MerchantID, id posta.TillID, from, to time.Time) ([]Sale, error)
	Returns(ctx context.Context, m posta.MerchantID, id posta.TillID, from, to time.Time) ([]Returned, error)
}
