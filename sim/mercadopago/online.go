package mercadopago

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"

	"posta/sim/fault"
)

// More payment statuses, of online payments.
const (
	pending     = "pending"
	authorized  = "authorized"
	inMediation = "in_mediation"
	chargedBack = "charged_back"
)

// online is what a payment has beyond one that was made at a till
// (docs/providers/mercadopago-online.md §2.3).
type online struct {
	Operation   string // regular_payment, recurring_payment
	Method      string
	Type        string
	Issuer      string
	Payer       payer
	Card        *heldCard `json:",omitempty"`
	Binary      bool
	Descriptor  string
	CallbackURL string
	Metadata    object
	Additional  object
	Interaction object // point_of_interaction that the seller sent
	OrderType   string
	OrderNumber string // order{type, id} that the seller sent
	Fee         int64  // application_fee
	Shipping    int64  // beside the amount
	Test        bool   // made with test credentials
	Via         via    // whose credentials made it
	Device      string // X-meli-session-id

	Authorized int64     // the sum that was held, where it was not captured at once
	Captured   bool      // false while the money is only held
	Expires    time.Time // of a voucher, a hold, a challenge
	Voucher    *voucher  `json:",omitempty"`
	Challenge  *challenge
	Returned   int64 // came after the voucher's end and went back to the payer

	PreferenceID  string
	PreapprovalID string
	ChargebackID  string
}

// payer is who pays online.
type payer struct {
	ID             int64          `json:"id,omitempty"`
	Type           string         `json:"type,omitempty"` // customer, registered, guest
	CustomerID     string         `json:"customer_id,omitempty"`
	Email          string         `json:"email,omitempty"`
	FirstName      string         `json:"first_name,omitempty"`
	LastName       string         `json:"last_name,omitempty"`
	EntityType     string         `json:"entity_type,omitempty"` // individual, association
	Identification identification `json:"identification"`
	Phone          object         `json:"phone,omitempty"`
	Address        object         `json:"address,omitempty"`
}

// heldCard is what is kept of a card: never its number or code.
type heldCard struct {
	First, Last    string // six and four digits
	Length         int
	Month, Year    int
	Holder         string
	Identification identification
	CardID         string // of a customer's card
}

// paymentRequest asks for an online payment.
type paymentRequest struct {
	Seller    *Account
	Test      bool   // with test credentials
	Via       via    // whose credentials ask
	Operation string // "" is regular_payment
	Amount    int64
	Method    string // visa, pix, account_money…; "" is what the card's number says
	Type      string
	// Token is a card token, used up by the payment; Card is one that the
	// caller holds (a subscription's). One of them, for cards.
	Token        string
	Card         *heldCard
	Installments int
	Issuer       string
	Payer        payer

	Description, Ref, NotificationURL, Descriptor, CallbackURL string
	Metadata, Additional, Interaction                          object
	OrderType, OrderNumber                                     string

	Hold        bool // capture: false
	Binary      bool
	ThreeDS     string    // not_supported, optional, mandatory
	Expires     time.Time // date_of_expiration; zero is the method's own
	Institution string    // financial_institution
	Fee         int64
	Shipping    int64 // beside Amount
	Device      string

	// What the payment belongs to: an order of the Orders API, a merchant
	// order, a preference, a subscription.
	OrderID       string
	MerchantID    int64
	PreferenceID  string
	PreapprovalID string
}

// denial is a request that makes no payment: status, number and text of the
// classic envelope.
type denial struct {
	Status, Code int
	Message      string
}

func (r *denial) Error() string { return fmt.Sprintf("%d %s", r.Code, r.Message) }

func deny(code int, message string) *denial {
	return &denial{http.StatusBadRequest, code, message}
}

// makePayment is the one door through which online payments come to be: the
// payments API, Checkout Pro, online orders and subscriptions all go through
// it. It keeps the rules of the method, the site and the payer, decides the
// outcome by the card holder's name, announces the payment and carries it to
// what it belongs to. A declined card is a payment; a denial makes none. It
// must be called under the lock.
func (s *Simulator) makePayment(r paymentRequest, now time.Time) (*payment, *denial) {
	t := r.Seller.site()
	held, tok, bad := s.cardOf(&r, now)
	if bad != nil {
		return nil, bad
	}
	m, ok := t.method(r.Method)
	if r.Method == "" && held != nil {
		m, ok = t.methodOfCard(held.First)
	}
	if !ok {
		return nil, deny(3028, "Invalid payment_method_id")
	}
	if bad := s.checkPayment(&r, m, held, now); bad != nil {
		return nil, bad
	}
	if r.Payer.ID == 0 {
		r.Payer.ID = s.payerID(r.Payer.Email)
	}
	r.Installments = cmp.Or(r.Installments, 1)
	o := &online{Operation: cmp.Or(r.Operation, "regular_payment"), Method: m.ID, Type: m.Type, Issuer: r.Issuer, Payer: r.Payer, Card: held, Binary: r.Binary,
		Descriptor: plain(r.Descriptor, 22), CallbackURL: r.CallbackURL, Metadata: r.Metadata, Additional: r.Additional, Interaction: r.Interaction,
		OrderType: r.OrderType, OrderNumber: r.OrderNumber, Fee: r.Fee, Shipping: r.Shipping, Test: r.Test, Via: r.Via, Device: r.Device, Captured: true,
		PreferenceID: r.PreferenceID, PreapprovalID: r.PreapprovalID}
	d := s.fault.Decide(fault.Call{Operation: "pay"})
	p := &payment{UserID: r.Seller.UserID, MerchantID: r.MerchantID, OrderID: r.OrderID, Ref: r.Ref, Description: r.Description, NotificationURL: r.NotificationURL,
		Asked: r.Amount, Amount: max(1, r.Amount+d.WrongAmount), Created: now, Online: o,
		Card: Card{Brand: m.brand(), Type: m.Type, Installments: r.Installments}}
	if held != nil {
		p.Card.Holder, p.Card.LastFour = held.Holder, held.Last
	}
	p.ID = s.next(&s.count.Payment)
	switch {
	case m.isCard():
		s.decide(p, &r, now)
	case m.Type == accountMoney || m.Type == standingMoney:
		p.Status, p.Detail = approved, "accredited"
		if other := s.accounts[r.Payer.ID]; other != nil && other.NoMoney {
			p.Status, p.Detail = rejected, "insufficient_amount"
		}
	default:
		s.issueVoucher(p, &r, m, now)
	}
	if p.Status == approved && d.LateApproval > 0 {
		p.Status, p.Detail, p.Due = inProcess, "pending_contingency", now.Add(d.LateApproval)
	}
	if p.Status == approved {
		p.Approved = now
	}
	if tok != nil {
		tok.Used = now
		s.put(tok)
	}
	s.attach(p)
	s.move(p, now)
	return p, nil
}

// decide gives a card's payment its outcome: by the holder's name, by the
// challenge of 3DS, by the number of installments (§2.11).
func (s *Simulator) decide(p *payment, r *paymentRequest, now time.Time) {
	o := p.Online
	holder := cmp.Or(s.switches.HolderOnly, o.Card.Holder)
	p.Status, p.Detail = approved, "accredited"
	for _, out := range Outcomes {
		if out.Holder == holder {
			p.Status, p.Detail = out.Status, out.Detail
		}
	}
	switch {
	case p.Status == inProcess && r.Binary: // nobody reviews by hand
		p.Status, p.Detail = rejected, "cc_rejected_other_reason"
	case p.Status == approved && p.Card.Installments > 1 && o.Type != creditCard:
		p.Status, p.Detail = rejected, "cc_rejected_invalid_installments"
	case p.Status == approved && r.challenged(o.Card):
		s.openChallenge(p, now)
	}
	if r.Hold {
		o.Authorized, o.Captured = p.Amount, false
		if p.Status == approved {
			s.hold(p, now)
		}
	}
}

// hold leaves the money on the card until it is captured.
func (s *Simulator) hold(p *payment, now time.Time) {
	p.Status, p.Detail = authorized, "pending_capture"
	p.Online.Expires = now.Add(holdLife)
	if s.switches.HoldFiveDays {
		p.Online.Expires = now.Add(5 * 24 * time.Hour)
	}
}

// grant approves what was pending: money that was only to be held is held.
func (s *Simulator) grant(p *payment, now time.Time) {
	if p.Online != nil {
		p.Online.Expires = time.Time{}
		if !p.Online.Captured {
			s.hold(p, now)
			return
		}
	}
	p.Status, p.Detail, p.Approved = approved, "accredited", now
}

// attach lists a new payment where it belongs.
func (s *Simulator) attach(p *payment) {
	if m := s.merchant[p.MerchantID]; m != nil {
		m.Payments = append(m.Payments, p.ID)
	}
}

// move files a payment that was changed, tells the seller, and carries it to
// what it belongs to: its merchant order, its order, its subscription.
func (s *Simulator) move(p *payment, now time.Time) {
	s.change(p, now)
	if m := s.merchant[p.MerchantID]; m != nil {
		s.refresh(m, now)
	}
	s.orderMoved(p, now)
}

// payerID is the number of who has that address.
func (s *Simulator) payerID(email string) int64 {
	if a := s.accountOf(email); a != nil {
		return a.UserID
	}
	sum := sha256.Sum256([]byte(email))
	return 1_300_000_000 + int64(binary.BigEndian.Uint32(sum[:])%699_999_999)
}

// accountOf finds the account with that address.
func (s *Simulator) accountOf(email string) *Account {
	for _, a := range s.accounts {
		if a.email() == email {
			return a
		}
	}
	return nil
}

// brand is the method without the mark of a debit card.
func (m method) brand() string {
	if m.Type == debitCard && len(m.ID) > 3 && m.ID[:3] == "deb" {
		return m.ID[3:]
	}
	return m.ID
}

// What time ends: a hold (five or seven days by the source, §2.3), an
// unanswered challenge.
const (
	holdLife      = 7 * 24 * time.Hour
	challengeLife = 5 * time.Minute
)
