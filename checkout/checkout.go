// Package checkout sells online: products, payment links, and checkout
// sessions, each one buyer's visit to pay. A session charges through payments
// that it owns, never two that are unfinished. It knows nothing of HTTP or SQL.
package checkout

import (
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// Product is something that a merchant sells again and again.
type Product struct {
	ID           posta.ProductID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID // the account that sells it: its country gives the currency
	Name         string             // ≤ 150 characters
	Description  string             // ≤ 256 characters
	Category     string             // one of Categories, "" if none
	PictureURL   string             // https, "" if none
	Price        posta.Money
	State        ProductState
	CreatedBy    string // "key:…" or "user:…"
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// ProductState is whether a product is sold.
type ProductState string

// The states of a product. An archived one stays in what was sold; its links
// are closed.
const (
	ProductActive   ProductState = "active"
	ProductArchived ProductState = "archived"
)

// FlowBoth lets the buyer choose between our page and the provider's. A link or
// session offers it, or one of provider.FlowRedirect and provider.FlowDirect.
const FlowBoth provider.Flow = "both"

// OpenAmount bounds an amount that the buyer chooses, in minor units.
type OpenAmount struct {
	Min       int64 `json:"min"`
	Max       int64 `json:"max"`
	Suggested int64 `json:"suggested,omitempty"` // 0 for none
}

// Terms are how a link or a session is paid.
type Terms struct {
	Flow            provider.Flow `json:"flow,omitempty" enum:"redirect,direct,both" doc:"where the buyer pays: on the provider's page, on ours, or as the buyer likes; both if left out"`
	Methods         []string      `json:"methods,omitempty" doc:"the provider's methods and types of methods that are offered; all of the account's if left out"`
	MaxInstallments int           `json:"max_installments,omitempty" doc:"with a card; 0 for no limit"`
	Authorize       bool          `json:"authorize,omitempty" doc:"cards only reserve the money, to be captured"`
	Challenge       bool          `json:"challenge,omitempty" doc:"3DS where the card's bank asks for it"`
	Descriptor      string        `json:"descriptor,omitempty" maxLength:"13" doc:"on the card's statement"`
	CollectPhone    bool          `json:"collect_phone,omitempty" doc:"the buyer is asked for a telephone number"`
	CollectAddress  bool          `json:"collect_address,omitempty" doc:"the buyer is asked where to send it"`
	SuccessURL      string        `json:"success_url,omitempty" doc:"https: where the paid buyer goes on to"`
	SuccessText     string        `json:"success_text,omitempty" maxLength:"500" doc:"what the paid buyer reads"`
}

// Link is a payment link: an address that buyers open to pay.
type Link struct {
	ID           posta.LinkID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	Token        string // of its public address, cannot be guessed; the id says nothing to a buyer
	ConnectionID posta.ConnectionID
	ProductID    posta.ProductID // "" where Title and Amount say what is sold
	Title        string          // ≤ 150 characters
	Description  string          // ≤ 256 characters
	Category     string
	PictureURL   string
	Currency     posta.Currency
	Amount       int64       // of one, minor units; 0 with a product or an open amount
	Open         *OpenAmount // the buyer chooses the amount; nil where it is fixed
	MaxQuantity  int64       // how many one buyer may take: 1 where that cannot be chosen
	Reference    string      // ≤ 100 characters, given to each session
	Terms        Terms
	State        LinkState
	ExpiresAt    time.Time // zero for never
	MaxUses      int64     // buyers that may pay; 0 for no limit
	Stock        int64     // units there were to sell; Unlimited for no limit
	CreatedBy    string
	CreatedAt    time.Time
	UpdatedAt    time.Time

	// Used and Sold count buyers that paid and units that they took; HeldUses and
	// HeldUnits those of payments under way.
	Used, Sold          int64
	HeldUses, HeldUnits int64
}

// Unlimited is the Stock of a link that does not count units.
const Unlimited = -1

// LinkState is whether a link is open. Expired and sold out are read off the
// clock and the counters.
type LinkState string

// The states of a link.
const (
	LinkActive   LinkState = "active"
	LinkDisabled LinkState = "disabled" // somebody closed it
)

// State is where a session stands; docs/states.md draws the machine.
type State string

// The states. Store guards the same list with a CHECK.
const (
	Open     State = "open"     // can be paid, or is being paid
	Complete State = "complete" // the provider proved that money came
	Expired  State = "expired"  // its time was over and nothing was under way
	Canceled State = "canceled" // the merchant took it back
)

// States lists them all.
var States = []State{Open, Complete, Expired, Canceled}

// Attention is why a person should look at a session.
type Attention string

// The reasons.
const (
	AttentionNone      Attention = ""
	AttentionPaidTwice Attention = "paid_twice" // two of its payments hold money: a voucher was paid after another way
)

// Session is one buyer's visit to pay. What it sells and for how much it took
// down when it began.
type Session struct {
	ID           posta.SessionID
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	Token        string // of its page's address, cannot be guessed
	ConnectionID posta.ConnectionID
	Country      string       // of the account, ISO 3166-1 alpha-2
	LinkID       posta.LinkID // "" where the API began it
	Title        string
	Description  string
	PictureURL   string
	Items        []provider.Item // one of the title for a link; their sum is Amount
	Amount       posta.Money     // 0 until the buyer chose an open one
	Open         *OpenAmount     // nil where the amount is fixed
	Quantity     int64           // of a link's only item; 1 elsewhere
	MaxQuantity  int64
	Reference    string
	Terms        Terms
	CancelURL    string // https: where a buyer that gives up goes
	Buyer        provider.Buyer
	Shipment     *provider.Shipment
	State        State
	Attention    Attention
	Tries        int             // payments that were begun
	PaymentID    posta.PaymentID // the last that was begun, "" before; the one that was paid once complete
	BegunAt      time.Time       // when that was
	HeldUnits    int64           // of the link, for the payment under way
	Touched      bool            // the buyer did more than look; a visit of which nothing came is forgotten
	CreatedBy    string          // "" for a link's visitor
	CreatedAt    time.Time
	UpdatedAt    time.Time
	ExpiresAt    time.Time
	CompletedAt  time.Time // zero until complete
	DueAt        time.Time // when to look at it again; zero for never
}

// Record is a session with all that changes together with it.
type Record struct {
	Session  Session
	Link     *Link             // nil without one; its counters may be changed
	Payments []payment.Payment // those that it owns as they stand, oldest first; not to be changed
	Events   []posta.Event     // to be committed with the change
	Forget   bool              // the session is to be deleted
}

// Method is a way to pay that a session offers now.
type Method struct {
	provider.Method
	Card  bool               // a card token pays it, with installments where it is credit
	Needs []posta.BuyerField // what the buyer has to tell besides e-mail and name
	Next  posta.NextStep     // what the buyer does after
}

// Offer is what a session's page offers.
type Offer struct {
	Redirect bool     // the provider's own page
	Methods  []Method // on ours, none where that is not offered
	Refused  []Method // those that Min and Max do not allow for the amount
}
