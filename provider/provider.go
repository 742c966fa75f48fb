// Package provider says what a payment company must be able to do for Posta:
// the contract that every connector keeps and that provider/providertest holds
// it to. Nothing here knows HTTP or SQL.
package provider

import (
	"context"
	"net/http"
	"time"

	"posta"
)

// Connector speaks to one account at one provider. Its methods are safe for
// concurrent use, never retry what may have had an effect, and return a
// *posta.Error:
//
//   - provider_rejected: the provider said no, nothing happened; Params["code"]
//     is the provider's own code
//   - terminal_busy: a create for a terminal that has another charge, or, on a
//     repeat, perhaps this one
//   - not_found: the provider knows nothing of it
//   - rate_limited: with RetryAfter where told
//   - unauthorized: the credentials are refused
//   - provider_unavailable: no usable answer; whether anything happened is unknown
//
// With an error that is not nil the Observation may still hold facts worth
// keeping.
type Connector interface {
	// Capabilities tells what this connection can do on a rail; the zero value
	// where it does not offer the rail.
	Capabilities(rail Rail) Capabilities
	// Check asks who the credentials belong to. With Account it may give an error
	// about a field that does not go with the others: invalid.
	Check(ctx context.Context) (Account, error)
	// Create puts the charge where the buyer can pay it. key is the same for
	// every try of the same charge. With RecoverNone it is called once only.
	Create(ctx context.Context, c Charge, key string) (Observation, error)
	// Get asks for everything the provider knows of the charge, and of the
	// refunds that Charge.Refunds names. An order that it does not know gives no
	// facts and no error.
	Get(ctx context.Context, c Charge) (Observation, error)
	// Cancel takes the charge away from the buyer. Success is an Observation
	// with an order fact that is canceled; one that shows an open or closed
	// order means that it was not canceled, or, with ProgressCanceling, not yet.
	Cancel(ctx context.Context, c Charge, key string) (Observation, error)
	// Refund gives back an amount of one attempt. The Observation holds a
	// refund fact, whose ID is the provider's. On a terminal it is an intent,
	// pending until a person does it there.
	Refund(ctx context.Context, c Charge, r Refund) (Observation, error)
	// Fetch gets the resource that a notice speaks of: one Observation for each
	// charge that it tells about, none if it tells of no charge.
	Fetch(ctx context.Context, n Notice) ([]Observation, error)
}

// Provisioner is a Connector that keeps the merchant's stores and tills at the
// provider.
type Provisioner interface {
	// PutStore creates the store, or updates it when Ref is set or one with the
	// code exists.
	PutStore(ctx context.Context, s Store) (ref string, err error)
	// DeleteStore removes it; a store that is not there is no error.
	DeleteStore(ctx context.Context, s Store) error
	// PutTill creates the till, or updates it when Ref is set or one with the
	// code exists.
	PutTill(ctx context.Context, t Till) (TillPlace, error)
	// DeleteTill removes it; a till that is not there is no error.
	DeleteTill(ctx context.Context, t Till) error
	// Poster downloads the provider's own printable QR poster of the till.
	Poster(ctx context.Context, t Till) (contentType string, body []byte, err error)
}

// Opener gives an open connector for a connection. Errors: not_found, and
// invalid when its credentials cannot be used.
type Opener func(ctx context.Context, id posta.ConnectionID) (Connector, error)

// Rail is what a charge travels by.
type Rail string

// The rails.
const (
	RailQR       Rail = "qr"       // the buyer's phone scans a QR of the till
	RailTerminal Rail = "terminal" // a card terminal at the till
	RailOnline   Rail = "online"   // a web page: no till
)

// Rails lists them all.
var Rails = []Rail{RailQR, RailTerminal, RailOnline}

// Recovery is how to learn what became of a create whose answer was lost.
type Recovery string

// The recoveries.
const (
	RecoverRepeat Recovery = "repeat" // the same call with the same key answers what was made
	RecoverSearch Recovery = "search" // look it up by external reference
	RecoverNone   Recovery = "none"   // only a person can settle it
)

// Capabilities are what a connection can do on one rail, as data: pages,
// documents and tests read them.
type Capabilities struct {
	Offered       bool // this connection charges by the rail
	Recovery      Recovery
	PartialRefund bool          // less than the whole attempt
	Expires       bool          // the provider itself ends an order that nobody pays
	MaxExpiry     time.Duration // 0 if unlimited
	RefundWindow  time.Duration // how long after the payment a refund is possible; 0 if not known
	SplitTender   bool          // several attempts may together cover one charge
	Topics        []string      // what to enable in the provider's panel; none where it sends no notices
	Terminal      TerminalCapabilities
	Flows         []Flow // with RailOnline
}

// Account is who the credentials belong to.
type Account struct {
	ID       string // the provider's own
	Nickname string
	Country  string // ISO 3166-1 alpha-2
	Test     bool   // a test user
	// Application is the number of the application that the credentials are of; ""
	// where the provider has none, or does not tell.
	Application string
	Pair        Pair // how public key and access token go together
}

// Pair says whether a public key and an access token are of one application.
type Pair string

// The pairs; "" where there are not two keys to compare.
const (
	PairSame     Pair = "same"     // the provider says so
	PairUnproven Pair = "unproven" // both are valid; the provider does not tell more
)

// Charge is a payment as a connector needs to know it.
type Charge struct {
	Payment         posta.PaymentID // the external reference
	Amount          posta.Money
	Title           string
	Description     string
	Items           []Item
	Rail            Rail            // "" is RailQR
	Terminals       []string        // the provider's ids of the terminals that may take it, with RailTerminal
	Options         TerminalOptions // with RailTerminal
	Online          *Online         // with RailOnline
	TillName        string          // what people call the till: two may charge on one terminal
	Refunds         []RefundRef     // refunds whose end is not known, for Get
	Store           string          // its code at the provider
	Till            string          // its code at the provider
	Order           string          // the provider's own id of the order, or of the order's fact if it has none; once known
	CreatedAt       time.Time
	ExpiresAt       time.Time
	NotificationURL string
}

// Item is a line of what is sold.
type Item struct {
	Title      string      `json:"title"`
	Quantity   int64       `json:"quantity"`
	UnitPrice  int64       `json:"unit_price"` // minor units
	SKU        string      `json:"sku,omitempty"`
	PictureURL string      `json:"picture_url,omitempty"`
	Detail     *ItemDetail `json:"detail,omitempty"`
}

// RefundKind is how money is given back.
type RefundKind string

// The kinds.
const (
	KindRefund   RefundKind = "refund"   // any amount
	KindReversal RefundKind = "reversal" // the void of one whole payment, named to the provider
)

// Refund asks to give back an amount of one attempt of a charge.
type Refund struct {
	Attempt   string // the provider's id of the attempt
	Amount    posta.Money
	Whole     bool // everything that the attempt brought, and nothing was given back before
	Key       string
	Kind      RefundKind // "" is KindRefund; KindReversal only with Whole
	Terminals []string   // the provider's ids of the terminals that may do it, on RailTerminal
	Brand     string     // of the attempt's card, "" if not known
	Title     string     // what the terminal's list shows
}

// RefundRef names a refund that the provider has.
type RefundRef struct {
	ID      string // of its fact
	Attempt string
	Kind    RefundKind
	Key     string
	Amount  int64 // minor units
}

// Store is a merchant's store as the provider keeps it.
type Store struct {
	Ref    string // the provider's own id, once known
	Code   string // our id, alphanumeric
	Name   string
	Street string
	Number string
	City   string
	State  string
	// Latitude and Longitude are decimal degrees as text.
	Latitude  string
	Longitude string
	Reference string
}

// Till is a merchant's till as the provider keeps it.
type Till struct {
	Ref       string // the provider's own id, once known
	Code      string // our id, alphanumeric
	StoreRef  string
	StoreCode string
	Name      string
}

// TillPlace is what the provider answered about a till.
type TillPlace struct {
	Ref   string // the provider's own id
	QR    string // the text of its fixed QR, if told
	Image string // address of its fixed QR as a picture, if told
}

// Field is a credential or setting of a connection, as its form shows it.
type Field struct {
	Name     string
	Secret   bool
	Required bool
	Options  []string // what it can be; empty for free text
	Default  string
}

// Config is what a connector is opened with: the fields' values by name.
type Config map[string]string

// Description introduces a connector to the rest of Posta: provider/all lists them.
type Description struct {
	Name   string // "mercadopago"
	Title  string
	Fields []Field
	// Topics are the panel topics of a connection so configured.
	Topics func(Config) []string
	// Live reports whether a connection so configured charges real money for
	// certain; nil where only asking the provider tells.
	Live func(Config) bool
	// Open makes a connector on the transport handed in. Errors: invalid, with fields.
	Open func(Config, *http.Client, posta.Clock) (Connector, error)
	// ReadNotice understands a delivery and judges its signature; nil for a
	// provider that sends none: what comes for its connections is not found.
	ReadNotice func(Delivery, []Secret) (Notice, Verdict)
	// Grant is how a merchant connects without handing out keys; nil where there is no such way.
	Grant *Grantor
}
