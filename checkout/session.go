package checkout

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/payment"
	"posta/provider"
)

// How long a session can be paid.
const (
	visitLife   = 24 * time.Hour      // by a link
	limitedLife = time.Hour           // by a link of which there is little: an idle buyer must not keep others out
	sessionLife = 24 * time.Hour      // by the API, if it does not say
	longestLife = 31 * 24 * time.Hour // by the API
)

// SessionInput asks for a session by the API.
type SessionInput struct {
	ID           posta.SessionID // "" makes one up; given, it makes a repeat find the first
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	Title        string          // what is sold in a few words; the first item's if left out
	Description  string          // ≤ 256 characters
	Amount       int64           // minor units; the sum of the items if left out
	Open         *OpenAmount     // the buyer chooses; without items and amount
	Items        []provider.Item // their sum must be the amount
	Reference    string          // ≤ 100 characters, the merchant's own
	Terms        Terms           // Flow "" means both
	CancelURL    string
	Buyer        provider.Buyer // what is known already; the page asks for the rest
	Shipment     *provider.Shipment
	ExpiresIn    time.Duration // 5 min to 31 days; 0 means 24 h
	By           string
}

// CreateSession makes a session. Errors: invalid with fields connection_id,
// title, amount, open_amount, items, reference, expires_in, cancel_url,
// buyer.NAME and those of Terms.
func (s *Service) CreateSession(ctx context.Context, in SessionInput) (Session, error) {
	channel, err := s.account(ctx, in.MerchantID, in.Mode, in.ConnectionID)
	if err != nil {
		return Session{}, err
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.SessionID](now)
	}
	if in.ExpiresIn == 0 {
		in.ExpiresIn = sessionLife
	}
	v := Session{ID: in.ID, MerchantID: in.MerchantID, Mode: in.Mode, Token: newToken(), ConnectionID: in.ConnectionID, Country: channel.Country,
		Title: strings.TrimSpace(in.Title), Description: strings.TrimSpace(in.Description), Items: in.Items, Amount: posta.Money{Amount: in.Amount, Currency: channel.Currency},
		Open: in.Open, Quantity: 1, MaxQuantity: 1, Reference: strings.TrimSpace(in.Reference), Terms: in.Terms, CancelURL: in.CancelURL,
		Buyer: in.Buyer, Shipment: in.Shipment, State: Open, Touched: true, CreatedBy: in.By, CreatedAt: now, UpdatedAt: now,
		ExpiresAt: now.Add(in.ExpiresIn), DueAt: now.Add(in.ExpiresIn)}
	var p posta.Problems
	v.checkItems(&p, channel)
	p.Add(in.ExpiresIn < 5*time.Minute || in.ExpiresIn > longestLife, "expires_in", "out_of_range")
	p.Add(utf8.RuneCountInString(v.Reference) > 100, "reference", "too_long")
	checkURL(&p, "cancel_url", v.CancelURL, in.Mode)
	v.Terms.check(&p, channel.Country, in.Mode)
	v.Buyer = checkBuyer(&p, v.Country, v.Buyer)
	if err := p.Err(); err != nil {
		return Session{}, err
	}
	err = s.Store.InsertCheckoutSession(ctx, v, []posta.Event{s.event(in.By, "checkout_session.created", v)})
	if posta.ErrorCode(err) == posta.CodeConflict {
		return s.Store.CheckoutSession(ctx, in.MerchantID, in.Mode, in.ID)
	}
	if err == nil {
		s.Committed()
	}
	return v, err
}

// checkItems holds what is sold to the rules, and puts what is left out.
func (v *Session) checkItems(p *posta.Problems, channel payment.Channel) {
	var sum int64
	for i := range v.Items {
		item := &v.Items[i]
		item.Title = strings.TrimSpace(item.Title)
		bad := item.Quantity <= 0 || item.Quantity > 10_000 || item.UnitPrice < 0 || item.UnitPrice > payment.MaxAmount
		p.Add(bad, "items", "quantity_or_price")
		p.Add(item.Title == "" || utf8.RuneCountInString(item.Title) > 150, "items", "title")
		p.Add(fraction(channel.Country, channel.Currency, item.UnitPrice), "items", "fraction")
		checkURL(p, "items", item.PictureURL, v.Mode)
		if bad {
			return
		}
		sum += item.Quantity * item.UnitPrice
	}
	p.Add(len(v.Items) > 50, "items", "too_many")
	p.Add(len(v.Items) > 0 && v.Open != nil, "items", "not_with_open_amount")
	if v.Amount.Amount == 0 && v.Open == nil {
		v.Amount.Amount = sum
	}
	if len(v.Items) > 0 {
		p.Add(sum != v.Amount.Amount, "items", "sum")
		if v.Title == "" {
			v.Title, v.PictureURL = v.Items[0].Title, v.Items[0].PictureURL
		}
	}
	checkPrice(p, channel, v.Amount.Amount, v.Open)
	p.Add(v.Title == "", "title", "required")
	p.Add(utf8.RuneCountInString(v.Title) > 150, "title", "too_long")
	p.Add(utf8.RuneCountInString(v.Description) > 256, "description", "too_long")
}

// Visit is a buyer opening a link: the session that the buyer's browser has
// already, by its token in have, as long as it is of this link and neither
// expired nor canceled; otherwise a new one. Errors: not_found, link_disabled,
// link_expired, sold_out with Params["left"].
func (s *Service) Visit(ctx context.Context, token, have string) (Session, error) {
	l, err := s.Store.PaymentLinkByToken(ctx, token)
	if err != nil {
		return Session{}, err
	}
	if have != "" {
		v, err := s.Store.CheckoutSessionByToken(ctx, have)
		if err == nil && v.LinkID == l.ID && v.MerchantID == l.MerchantID {
			v, err = s.Follow(ctx, v.ID)
		}
		switch {
		case err != nil && posta.ErrorCode(err) != posta.CodeNotFound:
			return Session{}, err
		case err == nil && v.LinkID == l.ID && (v.State == Open || v.State == Complete):
			return v, nil
		}
	}
	now := s.Clock.Now()
	if err := l.open(now); err != nil {
		return Session{}, err
	}
	if l.SoldOut() {
		return Session{}, soldOut(l)
	}
	v, err := s.visit(ctx, l, now)
	if err != nil {
		return Session{}, err
	}
	return v, s.Store.InsertCheckoutSession(ctx, v, nil)
}

// visit is a new session of a link, with what it sells as it stands now.
func (s *Service) visit(ctx context.Context, l Link, now time.Time) (Session, error) {
	channel, err := s.Store.Account(ctx, l.MerchantID, l.Mode, l.ConnectionID)
	if err != nil {
		return Session{}, err
	}
	life := visitLife
	if l.limited() {
		life = limitedLife
	}
	v := Session{ID: posta.NewID[posta.SessionID](now), MerchantID: l.MerchantID, Mode: l.Mode, Token: newToken(), ConnectionID: l.ConnectionID,
		Country: channel.Country, LinkID: l.ID, Title: l.Title, Description: l.Description, PictureURL: l.PictureURL, Open: l.Open, Quantity: 1,
		MaxQuantity: l.MaxQuantity, Reference: l.Reference, Terms: l.Terms, State: Open, CreatedAt: now, UpdatedAt: now,
		ExpiresAt: now.Add(life), DueAt: now.Add(life)}
	price, category := l.Amount, l.Category
	if l.ProductID != "" {
		product, err := s.Store.Product(ctx, l.MerchantID, l.Mode, l.ProductID)
		if err != nil {
			return Session{}, err
		}
		if product.State != ProductActive {
			return Session{}, &posta.Error{Code: posta.CodeLinkDisabled}
		}
		v.Title, v.Description, v.PictureURL = product.Name, product.Description, product.PictureURL
		price, category = product.Price.Amount, product.Category
	}
	item := provider.Item{Title: v.Title, Quantity: 1, UnitPrice: price, SKU: string(l.ProductID), PictureURL: v.PictureURL}
	if item.SKU == "" {
		item.SKU = string(l.ID)
	}
	item.Detail = &provider.ItemDetail{Description: v.Description, Category: category}
	v.Items = []provider.Item{item}
	v.Amount = posta.Money{Amount: price, Currency: channel.Currency}
	return v, nil
}

// Session finds one. Errors: not_found.
func (s *Service) Session(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SessionID) (Session, error) {
	return s.Store.CheckoutSession(ctx, m, mode, id)
}

// SessionAt finds the session of a page's token, as it stands. Errors: not_found.
func (s *Service) SessionAt(ctx context.Context, token string) (Session, error) {
	v, err := s.Store.CheckoutSessionByToken(ctx, token)
	if err != nil || v.PaymentID == "" && !ended(v.ExpiresAt, s.Clock.Now()) {
		return v, err // nothing can have changed it
	}
	return s.Follow(ctx, v.ID)
}

// Sessions lists newest first.
func (s *Service) Sessions(ctx context.Context, f SessionFilter) ([]Session, error) {
	return s.Store.CheckoutSessions(ctx, f)
}

// SessionPayments lists the payments of a session, oldest first.
func (s *Service) SessionPayments(ctx context.Context, id posta.SessionID) ([]payment.Payment, error) {
	return s.Store.SessionPayments(ctx, id)
}

// SetAmount is a buyer choosing an open amount, in minor units. Errors: invalid
// with field amount; those of a session that cannot be paid, as Pay.
func (s *Service) SetAmount(ctx context.Context, id posta.SessionID, amount int64) (Session, error) {
	return s.touch(ctx, id, func(r *Record, now time.Time) error {
		v := &r.Session
		if v.Open == nil {
			return posta.Invalid("amount", "fixed")
		}
		var p posta.Problems
		p.Add(amount < v.Open.Min, "amount", "too_low")
		p.Add(amount > v.Open.Max, "amount", "too_high")
		p.Add(fraction(v.Country, v.Amount.Currency, amount), "amount", "fraction")
		if err := p.Err(); err != nil {
			return err
		}
		v.Amount.Amount = amount
		if len(v.Items) > 0 {
			v.Items[0].UnitPrice = amount
		}
		return nil
	})
}

// SetQuantity is a buyer choosing how many to take of what a link sells.
// Errors: invalid with field quantity; sold_out with Params["left"]; those of a
// session that cannot be paid, as Pay.
func (s *Service) SetQuantity(ctx context.Context, id posta.SessionID, quantity int64) (Session, error) {
	return s.touch(ctx, id, func(r *Record, now time.Time) error {
		v := &r.Session
		if quantity < 1 || quantity > v.MaxQuantity || len(v.Items) != 1 {
			return posta.Invalid("quantity", "out_of_range")
		}
		if v.HeldUnits > 0 {
			if err := r.hold(quantity); err != nil {
				return err
			}
		} else if r.Link != nil && r.Link.Stock != Unlimited && r.Link.Left() < quantity {
			return soldOut(*r.Link)
		}
		v.Quantity, v.Items[0].Quantity = quantity, quantity
		v.Amount.Amount = quantity * v.Items[0].UnitPrice
		return nil
	})
}

// SetBuyer keeps what a buyer told; what is empty stays as it was. Errors:
// invalid with fields buyer.NAME; those of a session that cannot be paid, as Pay.
func (s *Service) SetBuyer(ctx context.Context, id posta.SessionID, b provider.Buyer, shipment *provider.Shipment) (Session, error) {
	return s.touch(ctx, id, func(r *Record, now time.Time) error {
		var p posta.Problems
		v := &r.Session
		v.Buyer = checkBuyer(&p, v.Country, merged(v.Buyer, b))
		if shipment != nil {
			v.Shipment = shipment
		}
		return p.Err()
	})
}

// touch lets a buyer change a session that is not being paid.
func (s *Service) touch(ctx context.Context, id posta.SessionID, change func(*Record, time.Time) error) (Session, error) {
	record, err := s.change(ctx, id, func(r *Record, now time.Time) error {
		if err := r.payable(now); err != nil {
			return err
		}
		if p := r.last(); p != nil && p.State.Open() {
			return underWay(*p)
		}
		if v := r.Session; v.PaymentID != "" && r.last() == nil && now.Before(v.BegunAt.Add(storeLimit)) {
			return &posta.Error{Code: posta.CodeInFlight, RetryAfter: time.Second} // its payment is for what the session says now
		}
		s.touched(r)
		r.Session.UpdatedAt = now
		return change(r, now)
	})
	return record.Session, err
}

// touched notes that a visit is more than a look: now it is told of.
func (s *Service) touched(r *Record) {
	if !r.Session.Touched {
		r.Session.Touched = true
		r.Events = append(r.Events, s.event("", "checkout_session.created", r.Session))
	}
}

// change commits what do does to a session after it was brought up to date with
// its payments.
func (s *Service) change(ctx context.Context, id posta.SessionID, do func(*Record, time.Time) error) (Record, error) {
	record, err := s.Store.ChangeCheckoutSession(ctx, id, func(r *Record) error {
		now := s.Clock.Now()
		s.follow(r, now)
		return do(r, now)
	})
	if err == nil && len(record.Events) > 0 {
		s.Committed()
	}
	return record, err
}
