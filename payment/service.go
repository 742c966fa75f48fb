package payment

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/singleflight"

	"posta"
	"posta/outbound"
	"posta/provider"
)

// Store keeps payments. Its errors are *posta.Error: not_found where the
// merchant has no such thing in that mode.
type Store interface {
	// Channel finds the till and what it charges through.
	Channel(ctx context.Context, m posta.MerchantID, mode posta.Mode, till posta.TillID) (Channel, error)
	// Account finds a connection as what charges online: of no till. Errors:
	// not_found, mode_mismatch.
	Account(ctx context.Context, m posta.MerchantID, mode posta.Mode, c posta.ConnectionID) (Channel, error)
	// InsertPayment commits a new payment and its events. Errors: till_busy
	// with Params["payment"] when the till has an open one, conflict when the
	// id is taken. A live one is committed only if the gate of its connection
	// admits it in that very commit: gate_closed, as Gate.Admit says.
	InsertPayment(ctx context.Context, p Payment, events []posta.Event) error
	// Payment finds one.
	Payment(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PaymentID) (Payment, error)
	// OpenPayment finds the till's open payment; not_found if it has none.
	OpenPayment(ctx context.Context, m posta.MerchantID, till posta.TillID) (Payment, error)
	// ListPayments lists newest first, with the totals of all that match.
	ListPayments(ctx context.Context, f Filter) ([]Payment, Totals, error)
	// ChangePayment loads the payment and its refunds, nobody else changing
	// them meanwhile, lets change alter them, and commits the changed payment,
	// changed and added refunds, and the events together. An error of change
	// commits nothing and is returned.
	ChangePayment(ctx context.Context, id posta.PaymentID, change func(*Record) error) (Record, error)
	// ClaimPayments takes payments whose DueAt has come and moves it to
	// now+lease, so that nobody else takes them before.
	ClaimPayments(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Payment, error)
	// Chargeback finds one.
	Chargeback(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ChargebackID) (Chargeback, error)
	// ListChargebacks lists those that match: the undecided by deadline, others newest first.
	ListChargebacks(ctx context.Context, f ChargebackFilter) ([]Chargeback, error)
	// ClaimChargebacks does for chargebacks what ClaimPayments does for payments.
	ClaimChargebacks(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Chargeback, error)
	// Refund finds one.
	Refund(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.RefundID) (Refund, error)
	// ListRefunds lists the refunds of a payment, oldest first.
	ListRefunds(ctx context.Context, id posta.PaymentID) ([]Refund, error)
	// TillTerminals lists the terminals in use on which a till of the store charges.
	TillTerminals(ctx context.Context, store posta.StoreID, id posta.TillID) ([]Terminal, error)
	// TerminalUse is what is under way on a merchant's terminal: a payment that
	// is created or pending, a refund that is pending, a settlement that is not final.
	TerminalUse(ctx context.Context, m posta.MerchantID, id posta.TerminalID) (TerminalUse, error)
	// BatchClosed reports whether the terminal, by the provider's id, is known
	// to have closed its batch after at.
	BatchClosed(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, terminal string, at time.Time) (bool, error)
	// AdoptPayment commits a payment that the provider charged by itself, as the
	// one of its attempt, with its events. Where the attempt has one already it
	// gives that one's id and commits nothing.
	AdoptPayment(ctx context.Context, p Payment, attempt string, events []posta.Event) (posta.PaymentID, error)
	// Adopted finds the payment of an attempt that the provider charged by itself.
	// Errors: not_found.
	Adopted(ctx context.Context, c posta.ConnectionID, attempt string) (posta.PaymentID, error)
	// ClaimRefunds does for refunds what ClaimPayments does for payments.
	ClaimRefunds(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Refund, error)
}

// Record is a payment with all that changes together with it.
type Record struct {
	Payment     Payment
	Refunds     []Refund      // changed in place or appended
	Chargebacks []Chargeback  // changed in place or appended
	Events      []posta.Event // to be committed with the change
	RefundLate  bool          // the connection's setting
	TillCode    string        // the till's code at the provider
}

// Filter chooses payments of a list. Zero fields do not choose.
type Filter struct {
	MerchantID posta.MerchantID
	Mode       posta.Mode
	TillID     posta.TillID
	StoreID    posta.StoreID
	Rail       provider.Rail
	LinkID     posta.LinkID // of the payment link that the buyer opened
	State      State
	Attention  bool // only those that a person should look at
	From, To   time.Time
	// Search finds by id, reference, provider's order or attempt id, amount
	// ("1500", "1.500,00") or the card's last four.
	Search string
	posta.Page
}

// Totals sums up all payments that a filter matches, by currency, in minor units.
type Totals struct {
	Count    int64
	Captured map[posta.Currency]int64
	Refunded map[posta.Currency]int64
}

// Service charges, cancels, refunds and finds out.
type Service struct {
	Store Store
	Open  provider.Opener
	Clock posta.Clock
	Log   *slog.Logger
	// NotifyURL is where a connection's provider sends its notices.
	NotifyURL func(posta.ConnectionID) string
	// Committed tells that events were committed, so that they go out at once.
	Committed func()

	taking singleflight.Group // by payment: who takes it off its till
}

// callLimit is how long a person waits for the provider (design: ≤ 10 s).
const callLimit = 10 * time.Second

// event makes an event of the payment that nobody asked for.
func (s *Service) event(kind string, p Payment, data []byte) posta.Event {
	return s.eventBy("", kind, p, data)
}

// eventBy makes an event of what somebody asked for.
func (s *Service) eventBy(actor, kind string, p Payment, data []byte) posta.Event {
	now := s.Clock.Now()
	return posta.Event{Actor: actor, ID: posta.NewID[posta.EventID](now), MerchantID: p.MerchantID, Mode: p.Mode,
		Type: kind, Subject: string(p.ID), TillID: p.TillID, Data: data, CreatedAt: now}
}

// Get finds a payment. Errors: not_found.
func (s *Service) Get(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PaymentID) (Payment, error) {
	return s.Store.Payment(ctx, m, mode, id)
}

// List lists payments, newest first, and sums up all that match. Errors:
// invalid with the fields state, till_id, store_id, to.
func (s *Service) List(ctx context.Context, f Filter) ([]Payment, Totals, error) {
	var problems posta.Problems
	problems.Add(f.State != "" && !slices.Contains(States, f.State), "state", "unknown")
	_, till := posta.ParseID[posta.TillID](string(f.TillID))
	problems.Add(f.TillID != "" && till != nil, "till_id", "malformed")
	_, store := posta.ParseID[posta.StoreID](string(f.StoreID))
	problems.Add(f.StoreID != "" && store != nil, "store_id", "malformed")
	problems.Add(!f.From.IsZero() && !f.To.IsZero() && f.To.Before(f.From), "to", "before_from")
	if err := problems.Err(); err != nil {
		return nil, Totals{}, err
	}
	return s.Store.ListPayments(ctx, f)
}

// OpenAt finds the payment that occupies a till. Errors: not_found.
func (s *Service) OpenAt(ctx context.Context, m posta.MerchantID, till posta.TillID) (Payment, error) {
	return s.Store.OpenPayment(ctx, m, till)
}

// charge is the payment as connectors know it.
func (s *Service) charge(p Payment, c Channel) provider.Charge {
	title := p.Description
	if title == "" {
		title = c.Title
	}
	terminals := make([]string, 0, len(p.Terminals))
	for _, t := range p.Terminals {
		terminals = append(terminals, t.Code)
	}
	return provider.Charge{Payment: p.ID, Amount: p.Amount, Title: title, Description: p.Description, TillName: c.TillName,
		Rail: p.Rail, Terminals: terminals, Options: p.Options, Online: p.Online, Items: p.Items, Store: c.StoreCode, Till: c.TillCode, Order: p.order(),
		CreatedAt: p.CreatedAt, ExpiresAt: p.ExpiresAt, NotificationURL: s.NotifyURL(p.ConnectionID)}
}

// order is what connectors know the payment's order by: the provider's own id,
// or the name that the connector itself gave to one that has none.
func (p Payment) order() string {
	if p.Order != "" {
		return p.Order
	}
	for _, f := range p.Facts {
		if f.Kind == provider.FactOrder && f.ID != ownRecord && f.ID != ownEnquiry {
			return f.ID
		}
	}
	return ""
}

// reach opens the payment's connector and describes the payment to it.
func (s *Service) reach(ctx context.Context, p Payment) (provider.Connector, provider.Charge, error) {
	channel, err := s.channel(ctx, p.MerchantID, p.Mode, p.TillID, p.ConnectionID)
	if err != nil {
		return nil, provider.Charge{}, err
	}
	connector, err := s.Open(ctx, p.ConnectionID)
	if err != nil {
		return nil, provider.Charge{}, err
	}
	return connector, s.charge(p, channel), nil
}

// channel is where a payment charges: its till, or online its connection.
func (s *Service) channel(ctx context.Context, m posta.MerchantID, mode posta.Mode, till posta.TillID, c posta.ConnectionID) (Channel, error) {
	if till == "" && c != "" {
		return s.Store.Account(ctx, m, mode, c)
	}
	return s.Store.Channel(ctx, m, mode, till)
}

// tag marks provider calls under ctx as made for the payment.
func tag(ctx context.Context, p Payment, operation string) context.Context {
	return outbound.WithTag(ctx, outbound.Tag{ConnectionID: p.ConnectionID, Payment: p.ID, Operation: operation})
}
