package payment

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/provider"
)

// Input asks for a payment, at a till or online.
type Input struct {
	ID           posta.PaymentID // made from the request's idempotency key: the same request names the same payment
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	TillID       posta.TillID
	Amount       posta.Money // Currency "" means the till's
	Reference    string      // ≤ 100 characters, the merchant's own
	Description  string      // ≤ 150 characters, shown to the buyer
	Items        []provider.Item
	ExpiresIn    time.Duration            // 30 s to 3 h, online 31 days; 0 means 10 min, on a terminal 2 min, online 3 days
	Rail         provider.Rail            // "" means RailQR
	Terminals    []posta.TerminalID       // those that may take it; none means the till's
	Options      provider.TerminalOptions // with RailTerminal
	ConnectionID posta.ConnectionID       // with RailOnline, in place of a till
	Online       *provider.Online         // with RailOnline
	Owner        string                   // the checkout session or invoice that it pays
	By           string
}

// MaxAmount is the highest amount of one payment, in minor units.
const MaxAmount = 1_000_000_000_00

func (in Input) check(currency posta.Currency) error {
	var p posta.Problems
	p.Add(in.Amount.Amount <= 0, "amount", "positive")
	p.Add(in.Amount.Amount > MaxAmount, "amount", "too_high")
	p.Add(in.Amount.Currency != currency, "currency", "not_of_till")
	p.Add(utf8.RuneCountInString(in.Reference) > 100, "reference", "too_long")
	p.Add(utf8.RuneCountInString(in.Description) > 150, "description", "too_long")
	p.Add(in.ExpiresIn < 30*time.Second || in.ExpiresIn > longest[in.Rail], "expires_in", "out_of_range")
	p.Add((in.Rail == provider.RailOnline) != (in.Online != nil), "online", "not_on_rail")
	p.Add(in.Rail == provider.RailOnline && in.TillID != "", "till_id", "not_on_rail")
	p.Add(len(in.Items) > 50, "items", "too_many")
	var sum int64
	for _, item := range in.Items {
		bad := item.Quantity <= 0 || item.Quantity > 10_000 || item.UnitPrice < 0 || item.UnitPrice > MaxAmount
		p.Add(bad, "items", "quantity_or_price")
		p.Add(strings.TrimSpace(item.Title) == "" || utf8.RuneCountInString(item.Title) > 150, "items", "title")
		if bad {
			return p.Err()
		}
		sum += item.Quantity * item.UnitPrice
	}
	p.Add(len(in.Items) > 0 && sum != in.Amount.Amount, "items", "sum")
	return p.Err()
}

// Create charges at a till: the payment is stored, then the provider asked,
// for at most 10 s. The payment comes back pending, unknown (the provider's
// answer was lost; Posta goes on asking) or failed (it refused). Called again
// with the same ID it resumes and never charges twice. Errors: invalid with
// fields (rail, terminals, options.NAME…), not_found (no such till), till_busy
// and terminal_busy with Params["payment"], gate_closed (see Gate.Admit): a new
// live payment is held to the gate of the connection that its rail goes through.
func (s *Service) Create(ctx context.Context, in Input) (Payment, error) {
	channel, err := s.channel(ctx, in.MerchantID, in.Mode, in.TillID, in.ConnectionID)
	if err != nil {
		return Payment{}, err
	}
	if channel.Removed {
		return Payment{}, &posta.Error{Code: posta.CodeNotFound}
	}
	if in.Amount.Currency == "" {
		in.Amount.Currency = channel.Currency
	}
	if in.Rail == "" {
		in.Rail = provider.RailQR
	}
	if in.ExpiresIn == 0 {
		in.ExpiresIn = defaultExpiry[in.Rail]
	}
	err = in.check(channel.Currency)
	if err == nil && in.Rail == provider.RailOnline {
		err = in.checkOnline(channel.Country, s.Clock.Now())
	}
	if err != nil {
		return Payment{}, err
	}
	route, err := s.route(ctx, in, channel)
	if err != nil {
		// What stands in the way of a new charge is nothing to a repeat.
		if there, missing := s.resume(ctx, in); posta.ErrorCode(missing) != posta.CodeNotFound {
			return there, missing
		}
		return Payment{}, err
	}
	now := s.Clock.Now()
	p := Payment{ID: in.ID, MerchantID: in.MerchantID, Mode: in.Mode, ConnectionID: route.connection,
		Rail: in.Rail, Terminals: route.terminals, Options: in.Options, Online: in.Online, Owner: in.Owner, StoreID: channel.StoreID, TillID: in.TillID, Amount: in.Amount, Reference: in.Reference,
		Description: in.Description, Items: in.Items, CreatedBy: in.By, QR: route.qr,
		CreateKey: posta.NewULID(now), ExpiresAt: now.Add(in.ExpiresIn), CreatedAt: now, UpdatedAt: now,
		Summary: Compute(in.Amount.Amount, nil)}
	p.DueAt = nextEnquiry(p, now)
	err = s.Store.InsertPayment(ctx, p, []posta.Event{s.eventBy(in.By, "payment.created", p, p.JSON())})
	if posta.ErrorCode(err) == posta.CodeConflict {
		return s.resume(ctx, in)
	}
	if err != nil {
		return Payment{}, err
	}
	s.Committed()
	return s.place(ctx, p)
}

// resume goes on with a payment that an earlier try of the same request stored.
func (s *Service) resume(ctx context.Context, in Input) (Payment, error) {
	p, err := s.Store.Payment(ctx, in.MerchantID, in.Mode, in.ID)
	if err != nil || (p.State != Created && p.State != Unknown) {
		return p, err
	}
	return s.enquire(ctx, p)
}

// placeLimit is how long after a payment's birth our first call for it can be
// under way: it begins at once, or not at all.
const (
	placeLimit = placeWait + callLimit
	placeWait  = 5 * time.Second
)

// place asks the provider for the charge; whatever comes of it goes through Apply.
func (s *Service) place(ctx context.Context, p Payment) (Payment, error) {
	if s.Clock.Now().After(p.CreatedAt.Add(placeWait)) {
		return p, nil // storing it took long: the enquiry goes on with it
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	connector, charge, err := s.reach(ctx, p)
	var seen provider.Observation
	recovery := provider.RecoverRepeat // nothing is lost before a connector is there
	if err == nil {
		recovery = connector.Capabilities(p.Rail).Recovery
		seen, err = connector.Create(tag(ctx, p, "create"), charge, p.CreateKey)
	}
	seen.ExternalReference = string(p.ID)
	if err != nil {
		seen.Facts = append(seen.Facts, s.createFailed(err, recovery))
	}
	outcome, err := s.Apply(context.WithoutCancel(ctx), p.ConnectionID, News{Source: FromCreate, Observation: seen})
	return outcome.Payment, err
}

// The ids of facts that are our own record: of a create that was refused or
// lost, and of enquiries that long find no answer.
const (
	ownRecord  = "create"
	ownEnquiry = "enquiry"
)

// createFailed is the fact that a create ended in err: refused, or lost.
func (s *Service) createFailed(err error, recovery provider.Recovery) provider.Fact {
	f := provider.Fact{Kind: provider.FactOrder, ID: ownRecord, At: s.Clock.Now(), Status: provider.StatusRefused, Detail: providerCode(err)}
	switch posta.ErrorCode(err) {
	case posta.CodeProviderUnavailable, posta.CodeInternal:
		f.Status = provider.StatusLost
		if recovery == provider.RecoverNone {
			f.Status = provider.StatusStranded
		}
	}
	return f
}
