package checkout

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"posta"
	"posta/outbound"
	"posta/provider"
)

// methodsLife is how long what an account offers is believed: limits and
// methods change rarely, and each page asks.
const methodsLife = 5 * time.Minute

// methodsCache keeps what accounts offer.
type methodsCache struct {
	mu    sync.Mutex
	known map[posta.ConnectionID]offered
}

type offered struct {
	at      time.Time
	methods []provider.Method
}

// callLimit is how long a buyer waits for what the provider offers.
const callLimit = 10 * time.Second

// AccountMethods lists what an account offers its buyers now, by the country's
// table. Errors: invalid with field connection_id, and as provider.Connector.
func (s *Service) AccountMethods(ctx context.Context, m posta.MerchantID, mode posta.Mode, c posta.ConnectionID) ([]provider.Method, error) {
	channel, err := s.account(ctx, m, mode, c)
	if err != nil {
		return nil, err
	}
	all, err := s.methods(ctx, c)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(m provider.Method) bool {
		_, err := posta.FindMethod(channel.Country, m.ID)
		return err != nil
	}), nil
}

func (s *Service) methods(ctx context.Context, c posta.ConnectionID) ([]provider.Method, error) {
	now := s.Clock.Now()
	s.offered.mu.Lock()
	there, ok := s.offered.known[c]
	s.offered.mu.Unlock()
	if ok && now.Sub(there.at).Abs() < methodsLife {
		return there.methods, nil
	}
	seller, err := s.seller(ctx, c)
	if err != nil {
		return nil, err
	}
	call, cancel := context.WithTimeout(outbound.WithTag(ctx, outbound.Tag{ConnectionID: c, Operation: "methods"}), callLimit)
	defer cancel()
	methods, err := seller.Methods(call)
	if err != nil {
		if ok { // what was told before serves better than nothing
			s.Log.InfoContext(ctx, "methods not told anew", "connection", c, "error", err)
			return there.methods, nil
		}
		return nil, err
	}
	s.offered.mu.Lock()
	defer s.offered.mu.Unlock()
	if s.offered.known == nil {
		s.offered.known = map[posta.ConnectionID]offered{}
	}
	s.offered.known[c] = offered{now, methods}
	return methods, nil
}

func (s *Service) seller(ctx context.Context, c posta.ConnectionID) (provider.OnlineSeller, error) {
	connector, err := s.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	seller, ok := connector.(provider.OnlineSeller)
	if !ok {
		return nil, posta.Invalid("connection_id", "not_offered")
	}
	return seller, nil
}

// Methods is what a session offers its buyer now: of the account's methods those
// that the country's table knows, the session's terms name and the amount allows.
// Errors: as provider.Connector.
func (s *Service) Methods(ctx context.Context, v Session) (Offer, error) {
	offer := Offer{Redirect: v.offers(provider.FlowRedirect)}
	if !v.offers(provider.FlowDirect) {
		return offer, nil
	}
	all, err := s.methods(ctx, v.ConnectionID)
	if err != nil {
		return offer, err
	}
	tokens, err := s.Tokens(ctx, v)
	if err != nil {
		return offer, err
	}
	// In the order of the country's table, which is a page's.
	for _, known := range posta.MethodsOf(v.Country) {
		at := slices.IndexFunc(all, func(m provider.Method) bool { return m.ID == known.ID })
		if at < 0 || !v.takes(known) || known.Type.Card() && tokens.PublicKey == "" {
			continue
		}
		m, amount := all[at], v.Amount.Amount
		m.Min, m.Max = max(m.Min, known.Minimum), cmp.Or(m.Max, known.Maximum)
		method := Method{Method: m, Card: known.Type.Card(), Needs: known.Needs, Next: known.Next}
		if amount > 0 && (known.CheckAmount(v.Amount) != "" || m.Min > amount || m.Max > 0 && m.Max < amount) {
			offer.Refused = append(offer.Refused, method)
			continue
		}
		offer.Methods = append(offer.Methods, method)
	}
	return offer, nil
}

// Tokens is what a session's page needs to take cards.
func (s *Service) Tokens(ctx context.Context, v Session) (provider.BrowserTokens, error) {
	seller, err := s.seller(ctx, v.ConnectionID)
	if err != nil {
		return provider.BrowserTokens{}, err
	}
	return seller.Tokens(), nil
}

// Installments lists how a session's amount can be split on a card whose first
// six to eight digits are bin. Errors: invalid with field bin; as
// provider.Connector.
func (s *Service) Installments(ctx context.Context, v Session, bin string) ([]provider.InstallmentOption, error) {
	options, err := s.installments(ctx, v.ConnectionID, bin, v.Amount)
	if most := v.Terms.MaxInstallments; most > 0 {
		options = slices.DeleteFunc(options, func(o provider.InstallmentOption) bool { return o.Installments > most })
	}
	return options, err
}

// AccountInstallments lists how an amount can be split on a card of an account's
// buyer. Errors: invalid with fields connection_id, amount, bin; as provider.Connector.
func (s *Service) AccountInstallments(ctx context.Context, m posta.MerchantID, mode posta.Mode, c posta.ConnectionID, bin string, amount int64) ([]provider.InstallmentOption, error) {
	channel, err := s.account(ctx, m, mode, c)
	if err != nil {
		return nil, err
	}
	var p posta.Problems
	checkAmount(&p, "amount", channel, amount)
	if err := p.Err(); err != nil {
		return nil, err
	}
	return s.installments(ctx, c, bin, posta.Money{Amount: amount, Currency: channel.Currency})
}

func (s *Service) installments(ctx context.Context, c posta.ConnectionID, bin string, amount posta.Money) ([]provider.InstallmentOption, error) {
	if len(bin) < 6 || len(bin) > 8 || slices.ContainsFunc([]byte(bin), func(b byte) bool { return b < '0' || b > '9' }) {
		return nil, posta.Invalid("bin", "malformed")
	}
	seller, err := s.seller(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(outbound.WithTag(ctx, outbound.Tag{ConnectionID: c, Operation: "installments"}), callLimit)
	defer cancel()
	return seller.Installments(ctx, bin, amount)
}

// offers reports whether the session is paid by a flow.
func (v Session) offers(flow provider.Flow) bool {
	switch flow {
	case provider.FlowRedirect:
		return v.Terms.Flow != provider.FlowDirect && !v.Terms.Authorize
	case provider.FlowDirect:
		return v.Terms.Flow != provider.FlowRedirect
	}
	return false
}

// takes reports whether the session is paid on our page by a method. What needs
// the buyer to log in at the provider is paid there only.
func (v Session) takes(m posta.Method) bool {
	switch {
	case m.Status != posta.MethodActive, m.Type == posta.AccountMoney, m.Type == posta.DigitalCurrency:
		return false
	case v.Terms.Authorize && !m.DeferredCapture:
		return false
	}
	return v.Terms.name(m)
}

// name reports whether terms let a method in.
func (t Terms) name(m posta.Method) bool {
	return len(t.Methods) == 0 || slices.Contains(t.Methods, m.ID) || slices.Contains(t.Methods, string(m.Type))
}

// excluded are the methods and types that the provider's page must not offer.
// The buyer's balance there cannot be excluded (docs/providers/mercadopago-online.md §2.1).
func (v Session) excluded() (out []string) {
	if len(v.Terms.Methods) == 0 {
		return nil
	}
	methods := posta.MethodsOf(v.Country)
	for _, m := range methods {
		if m.Type == posta.AccountMoney || v.Terms.name(m) {
			continue
		}
		id := m.ID
		if !slices.ContainsFunc(methods, func(other posta.Method) bool { return other.Type == m.Type && v.Terms.name(other) }) {
			id = string(m.Type)
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
