package provider

import (
	"context"
	"time"

	"posta"
)

// Flow is where a buyer pays a charge on RailOnline.
type Flow string

// The flows.
const (
	FlowRedirect Flow = "redirect" // on the provider's own page
	FlowDirect   Flow = "direct"   // on ours, by one method
)

// Types of methods, as Fact.Method and Method.Type say them.
const (
	TypeCredit  = "credit_card"
	TypeDebit   = "debit_card"
	TypePrepaid = "prepaid_card"
	TypeTicket  = "ticket"        // boleto, cash at a counter
	TypeATM     = "atm"           // a reference paid at a bank
	TypeBank    = "bank_transfer" // Pix, PSE, SPEI
	TypeWallet  = "account_money"
)

// Online is what a charge asks on RailOnline. A repeat of a create sends the same.
type Online struct {
	Flow   Flow   `json:"flow"`
	Method string `json:"method,omitempty"` // the provider's id: "visa", "pix"; with FlowDirect
	// Token stands for a card, made in the buyer's browser; single use. It is
	// forgotten once the create was answered.
	Token        string `json:"token,omitempty"`
	Installments int    `json:"installments,omitempty"` // with a card: 0 is 1; with FlowRedirect the most that are offered, 0 for no limit
	Issuer       string `json:"issuer,omitempty"`       // the provider's id of the card's bank, where it matters
	Bank         string `json:"bank,omitempty"`         // the provider's id of the buyer's bank (PSE)
	// Authorize only reserves the money: Capturer.Capture takes it.
	Authorize  bool      `json:"authorize,omitempty"`
	Binary     bool      `json:"binary,omitempty"`     // approved or rejected at once, no review
	Challenge  bool      `json:"challenge,omitempty"`  // 3DS where the bank asks for it
	Descriptor string    `json:"descriptor,omitempty"` // ≤ 13 characters on the card's statement
	Exclude    []string  `json:"exclude,omitempty"`    // methods and types that FlowRedirect does not offer
	VoucherTo  time.Time `json:"voucher_to,omitzero"`  // until when a voucher can be paid; zero for the method's own
	Buyer      Buyer     `json:"buyer"`
	Shipment   *Shipment `json:"shipment,omitempty"`
	// Return is the page of ours that the provider sends the buyer back to.
	Return string `json:"return,omitempty"`
	// Subscription is the provider's or our id of the subscription that the charge is of.
	Subscription string `json:"subscription,omitempty"`
}

// Buyer is who pays online. It is personal data: no log and no error has it.
type Buyer struct {
	Email          string         `json:"email,omitempty"`
	FirstName      string         `json:"first_name,omitempty"`
	LastName       string         `json:"last_name,omitempty"`
	Identification Identification `json:"identification,omitzero"`
	Entity         Entity         `json:"entity,omitempty"` // PSE asks for it
	Phone          Phone          `json:"phone,omitzero"`
	Address        Address        `json:"address,omitzero"`
	IP             string         `json:"ip,omitempty"`
	Device         string         `json:"device,omitempty"` // the provider's fingerprint of the browser
	History        *BuyerHistory  `json:"history,omitempty"`
}

// Identification is a number that a country gives people or companies.
type Identification struct {
	Type   string `json:"type,omitempty"`   // as the provider calls it: "CPF"
	Number string `json:"number,omitempty"` // without dots and dashes
}

// Entity is whether the buyer is a person or a company.
type Entity string

// The entities.
const (
	EntityPerson  Entity = "individual"
	EntityCompany Entity = "association"
)

// Phone is a telephone number.
type Phone struct {
	Area   string `json:"area_code,omitempty"`
	Number string `json:"number,omitempty"`
}

// Address is where somebody lives, or something is sent.
type Address struct {
	ZipCode      string `json:"zip_code,omitempty"`
	Street       string `json:"street,omitempty"`
	Number       string `json:"number,omitempty"`
	Floor        string `json:"floor,omitempty"`
	Apartment    string `json:"apartment,omitempty"`
	Neighborhood string `json:"neighborhood,omitempty"`
	City         string `json:"city,omitempty"`
	State        string `json:"state,omitempty"` // of Brazil its two letters
	Country      string `json:"country,omitempty"`
}

// BuyerHistory is what a shop knows of a buyer, which raises approval
// (docs/providers/mercadopago-online.md §6.3).
type BuyerHistory struct {
	Login         string    `json:"login,omitempty" enum:"gmail,facebook,native,other"` // how the buyer logs in
	RegisteredAt  time.Time `json:"registered_at,omitzero"`
	LastPurchase  time.Time `json:"last_purchase,omitzero"`
	Prime         bool      `json:"prime,omitempty"`
	FirstPurchase bool      `json:"first_purchase,omitempty"`
}

// Shipment is how what is sold reaches the buyer.
type Shipment struct {
	Receiver Address `json:"receiver,omitzero"`
	Pickup   bool    `json:"pickup,omitempty"` // the buyer comes for it
	Express  bool    `json:"express,omitempty"`
}

// ItemDetail is what an industry's items tell besides (docs/providers/mercadopago-online.md §6.3).
type ItemDetail struct {
	Description string     `json:"description,omitempty"`
	Category    string     `json:"category,omitempty"` // the provider's: "fashion", "phones", "tickets", "travels"
	Type        string     `json:"type,omitempty"`
	Warranty    bool       `json:"warranty,omitempty"`
	EventAt     time.Time  `json:"event_at,omitzero"` // a ticket's
	Passenger   *Passenger `json:"passenger,omitempty"`
	Route       *Route     `json:"route,omitempty"`
}

// Passenger is who travels.
type Passenger struct {
	FirstName      string         `json:"first_name,omitempty"`
	LastName       string         `json:"last_name,omitempty"`
	Identification Identification `json:"identification,omitzero"`
}

// Route is a journey.
type Route struct {
	From     string    `json:"from,omitempty"`
	To       string    `json:"to,omitempty"`
	DepartAt time.Time `json:"depart_at,omitzero"`
	ArriveAt time.Time `json:"arrive_at,omitzero"`
	Company  string    `json:"company,omitempty"`
}

// Next is what the buyer is to do to pay on RailOnline; empty fields do not apply.
type Next struct {
	URL       string    `json:"url,omitempty"`       // open it: the provider's page, the bank's, the printable voucher
	QR        string    `json:"qr,omitempty"`        // scan it, or copy it into the bank's app (Pix)
	Barcode   string    `json:"barcode,omitempty"`   // digits of a boleto's or voucher's bar code
	Reference string    `json:"reference,omitempty"` // say it at the counter
	Verifier  string    `json:"verifier,omitempty"`  // a second number that the counter asks for
	Challenge string    `json:"challenge,omitempty"` // creq of a 3DS challenge, to be posted to URL
	ExpiresAt time.Time `json:"expires_at,omitzero"` // of a voucher
}

// ProgressAuthorized is an open order on RailOnline whose money is reserved, to be captured.
const ProgressAuthorized Progress = "authorized"

// Capturer is a Connector that takes money which a charge reserved.
type Capturer interface {
	// Capture takes amount, all of it or less; the rest is released.
	Capture(ctx context.Context, c Charge, amount posta.Money, key string) (Observation, error)
}

// Method is a way to pay that an account offers now.
type Method struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Type      string   `json:"type"`
	Min       int64    `json:"min,omitempty"` // minor units; 0 if not told
	Max       int64    `json:"max,omitempty"`
	Picture   string   `json:"picture,omitempty"` // the provider's address of its logo
	Banks     []Choice `json:"banks,omitempty"`   // of which the buyer chooses one (PSE)
	Authorize bool     `json:"authorize,omitempty"`
}

// Choice is one of several, by the provider's id.
type Choice struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// InstallmentOption is how a card's amount can be split.
type InstallmentOption struct {
	Installments int         `json:"installments"`
	Each         posta.Money `json:"each"`
	Total        posta.Money `json:"total"`
	Text         string      `json:"text,omitempty"` // the provider's own words
}

// OnlineSeller is a Connector that charges on RailOnline.
type OnlineSeller interface {
	// Methods lists what the account offers its buyers now.
	Methods(ctx context.Context) ([]Method, error)
	// Installments lists how an amount can be split on a card whose first six to
	// eight digits are bin.
	Installments(ctx context.Context, bin string, amount posta.Money) ([]InstallmentOption, error)
	// Tokens is what the buyer's browser needs to make card tokens.
	Tokens() BrowserTokens
}

// BrowserTokens is what a page needs to turn a card into a token with the
// provider's own script.
type BrowserTokens struct {
	Script    string   // address of the provider's script
	PublicKey string   // "" where the connection has none: no cards on our page
	Origins   []string // what the page's policy must let the script reach
}

// Chargeback is a buyer's bank taking money back, as a fact's addition.
type Chargeback struct {
	DeadlineAt time.Time `json:"deadline_at,omitzero"` // until when evidence is taken
	Evidence   string    `json:"evidence,omitempty"`   // the provider's word on it: "pending", "review_pending", "valid"…
	Reason     string    `json:"reason,omitempty"`
	Covered    string    `json:"covered,omitempty"` // "yes", "no", "" if not decided
}

// File is evidence against a chargeback.
type File struct {
	Name string
	Type string // image/jpeg, image/png or application/pdf
	Body []byte
}

// Disputer is a Connector whose chargebacks can be answered.
type Disputer interface {
	// SendEvidence hands files in. The Observation holds the chargeback's fact.
	SendEvidence(ctx context.Context, c Charge, chargeback string, files []File) (Observation, error)
}
