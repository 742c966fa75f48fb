package posta

import "time"

// MethodType is what kind of payment a method is, in the provider's words.
type MethodType string

// The provider's types of methods, docs/providers/mercadopago-online.md §4.3.
const (
	CreditCard      MethodType = "credit_card"
	DebitCard       MethodType = "debit_card"
	PrepaidCard     MethodType = "prepaid_card"
	Ticket          MethodType = "ticket"        // a slip paid in cash at a counter
	BankTransfer    MethodType = "bank_transfer" // Pix, PSE, SPEI
	ATM             MethodType = "atm"           // at a bank's machine or window
	AccountMoney    MethodType = "account_money" // the buyer's balance at the provider
	DigitalCurrency MethodType = "digital_currency"
	DigitalWallet   MethodType = "digital_wallet"
)

// Card reports whether the buyer types a card.
func (t MethodType) Card() bool { return t == CreditCard || t == DebitCard || t == PrepaidCard }

// MethodStatus tells whether a method can be offered to a buyer.
type MethodStatus string

// Only an active method is offered; the others are known so that old payments
// have a name.
const (
	MethodActive      MethodStatus = "active"
	MethodLegacy      MethodStatus = "legacy"      // withdrawn, or replaced
	MethodTesting     MethodStatus = "testing"     // so said by the provider
	MethodUnconfirmed MethodStatus = "unconfirmed" // named somewhere, with too little known to offer it
)

// BuyerField is something that a buyer has to give so as to pay by a method.
type BuyerField string

// What methods ask of the buyer, docs/providers/mercadopago-online.md §2.3.
const (
	BuyerEmail          BuyerField = "email"
	BuyerName           BuyerField = "name"           // first and last
	BuyerIdentification BuyerField = "identification" // one of IdentificationTypes
	BuyerAddress        BuyerField = "address"
	BuyerPhone          BuyerField = "phone"
	BuyerEntityType     BuyerField = "entity_type" // individual or association
	BuyerBank           BuyerField = "bank"        // one of the method's financial institutions
)

// NextStep is what the buyer does after the payment was created.
type NextStep string

// The next steps of methods. A card may still ask for a 3DS challenge.
const (
	NextNothing   NextStep = ""
	NextRedirect  NextStep = "redirect"  // go to the provider's or the bank's page
	NextQR        NextStep = "qr"        // scan the QR code or paste its text
	NextBarcode   NextStep = "barcode"   // pay the slip by its bar code
	NextReference NextStep = "reference" // name the reference at the counter or in the bank
)

// Validity is how long a voucher can be paid. All zero: it cannot be chosen.
type Validity struct {
	Default, Shortest, Longest time.Duration
}

// Method is a way of paying in one country. Limits are the published examples;
// the account's own, from the provider's API, come first where they are known.
type Method struct {
	Country string // ISO 3166-1 alpha-2
	ID      string // the provider's: "visa", "pix", "oxxo"
	Name    string // for people
	Type    MethodType

	Minimum, Maximum int64         // minor units (ISO 4217) of the country's currency; 0 is not published
	Accreditation    time.Duration // from payment to the seller's account; below 0 is not published
	DeferredCapture  bool          // can be authorized first and captured later
	Status           MethodStatus
	Needs            []BuyerField
	Next             NextStep
	Validity         Validity
	Source           string // mark of the limits as in docs/providers/mercadopago-online.md, "" where none are published
}

// What CheckAmount finds wrong.
const (
	AmountCurrency     = "currency"      // not the country's
	AmountBelowMinimum = "below_minimum" // below the method's, or not positive
	AmountAboveMaximum = "above_maximum"
	AmountFraction     = "fraction" // centavos where the provider takes none (COP)
)

// CheckAmount gives what is wrong with an amount for the method as one of the
// constants above, "" for nothing.
func (m Method) CheckAmount(amount Money) (problem string) {
	country, err := FindCountry(m.Country)
	unit := int64(1)
	for d := country.WireDecimals; d < amount.Currency.Decimals(); d++ {
		unit *= 10
	}
	switch {
	case err != nil || amount.Currency != country.Currency:
		return AmountCurrency
	case amount.Amount < max(m.Minimum, 1):
		return AmountBelowMinimum
	case m.Maximum > 0 && amount.Amount > m.Maximum:
		return AmountAboveMaximum
	case amount.Amount%unit != 0:
		return AmountFraction
	}
	return ""
}

// MethodsOf are the methods that can be offered in a country, in the order of a
// page: cards, the balance at the provider, transfers, slips. None for an unknown
// country.
func MethodsOf(country string) (offered []Method) {
	for _, m := range Methods {
		if m.Country == country && m.Status == MethodActive {
			offered = append(offered, m)
		}
	}
	return offered
}

// FindMethod finds a method whatever its status, so that an old payment has a
// name. The error has code "not_found".
func FindMethod(country, id string) (Method, error) {
	for _, m := range Methods {
		if m.Country == country && m.ID == id {
			return m, nil
		}
	}
	return Method{}, &Error{Code: CodeNotFound}
}
