package checkout

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/payment"
	"posta/provider"
)

// LinkInput asks for a link, or for what it should become.
type LinkInput struct {
	ID           posta.LinkID // "" when creating makes one up; given, it makes a repeat find the first
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID // fixed once created; a product's own if left out with one
	ProductID    posta.ProductID    // fixed once created; it says what is sold and for how much
	Title        string             // without a product
	Description  string
	Category     string
	PictureURL   string
	Amount       int64       // of one, minor units; without a product and Open
	Open         *OpenAmount // the buyer chooses; without a product
	MaxQuantity  int64       // 1 to 1000; 0 means 1
	Reference    string
	Terms        Terms // Flow "" means both
	State        LinkState
	ExpiresAt    time.Time
	MaxUses      int64
	Stock        int64 // units to sell, those sold already included; Unlimited for no limit
	By           string
}

// CreateLink makes a link. Errors: invalid with fields connection_id,
// product_id, title, amount, open_amount, max_quantity, reference, expires_at,
// max_uses, stock, and those of Terms and of CreateProduct.
func (s *Service) CreateLink(ctx context.Context, in LinkInput) (Link, error) {
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.LinkID](now)
	}
	if in.ProductID != "" {
		product, err := s.Store.Product(ctx, in.MerchantID, in.Mode, in.ProductID)
		switch {
		case posta.ErrorCode(err) == posta.CodeNotFound:
			return Link{}, posta.Invalid("product_id", "unknown")
		case err != nil:
			return Link{}, err
		case product.State != ProductActive:
			return Link{}, posta.Invalid("product_id", "archived")
		case in.ConnectionID != "" && in.ConnectionID != product.ConnectionID:
			return Link{}, posta.Invalid("connection_id", "not_of_product")
		}
		in.ConnectionID = product.ConnectionID
	}
	channel, err := s.account(ctx, in.MerchantID, in.Mode, in.ConnectionID)
	if err != nil {
		return Link{}, err
	}
	l := Link{ID: in.ID, MerchantID: in.MerchantID, Mode: in.Mode, Token: newToken(), ConnectionID: in.ConnectionID, ProductID: in.ProductID,
		Currency: channel.Currency, CreatedBy: in.By, CreatedAt: now, UpdatedAt: now}
	if err := l.fill(in, channel, now); err != nil {
		return Link{}, err
	}
	err = s.Store.InsertPaymentLink(ctx, l, []posta.Event{s.linkEvent(in.By, "payment_link.created", l)})
	if posta.ErrorCode(err) == posta.CodeConflict {
		return s.Store.PaymentLink(ctx, in.MerchantID, in.Mode, in.ID)
	}
	if err == nil {
		s.Committed()
	}
	return l, err
}

// UpdateLink changes all that an input can. Visits that have begun keep the
// price that they showed; one that begins to pay is held to the link as it is
// then. Errors: as CreateLink, not_found.
func (s *Service) UpdateLink(ctx context.Context, in LinkInput) (Link, error) {
	there, err := s.Store.PaymentLink(ctx, in.MerchantID, in.Mode, in.ID)
	if err != nil {
		return Link{}, err
	}
	channel, err := s.account(ctx, in.MerchantID, in.Mode, there.ConnectionID)
	if err != nil {
		return Link{}, err
	}
	in.ProductID = there.ProductID
	l, err := s.Store.ChangePaymentLink(ctx, in.MerchantID, in.Mode, in.ID, func(l *Link) ([]posta.Event, error) {
		l.UpdatedAt = s.Clock.Now()
		if err := l.fill(in, channel, l.UpdatedAt); err != nil {
			return nil, err
		}
		return []posta.Event{s.linkEvent(in.By, "payment_link.updated", *l)}, nil
	})
	if err == nil {
		s.Committed()
	}
	return l, err
}

// Link finds one. Errors: not_found.
func (s *Service) Link(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.LinkID) (Link, error) {
	return s.Store.PaymentLink(ctx, m, mode, id)
}

// Links lists newest first.
func (s *Service) Links(ctx context.Context, f LinkFilter) ([]Link, error) {
	return s.Store.PaymentLinks(ctx, f)
}

func (l *Link) fill(in LinkInput, channel payment.Channel, now time.Time) error {
	var p posta.Problems
	l.Title, l.Description = strings.TrimSpace(in.Title), strings.TrimSpace(in.Description)
	l.Category, l.PictureURL = in.Category, strings.TrimSpace(in.PictureURL)
	l.Amount, l.Open, l.MaxQuantity = in.Amount, in.Open, max(in.MaxQuantity, 1)
	l.Reference, l.Terms, l.State = strings.TrimSpace(in.Reference), in.Terms, in.State
	if l.State == "" {
		l.State = LinkActive
	}
	if l.ProductID != "" {
		p.Add(l.Title != "" || l.Description != "" || l.Category != "" || l.PictureURL != "", "title", "not_with_product")
		p.Add(l.Amount != 0, "amount", "not_with_product")
		p.Add(l.Open != nil, "open_amount", "not_with_product")
	} else {
		checkThing(&p, "title", l.Title, l.Description, l.Category, l.PictureURL, l.Mode)
		checkPrice(&p, channel, l.Amount, l.Open)
	}
	p.Add(in.MaxQuantity < 0 || in.MaxQuantity > 1000, "max_quantity", "out_of_range")
	p.Add(l.Open != nil && l.MaxQuantity > 1, "max_quantity", "not_with_open_amount")
	p.Add(utf8.RuneCountInString(l.Reference) > 100, "reference", "too_long")
	p.Add(l.State != LinkActive && l.State != LinkDisabled, "state", "unknown")
	p.Add(!in.ExpiresAt.IsZero() && !in.ExpiresAt.Equal(l.ExpiresAt) && !in.ExpiresAt.After(now), "expires_at", "past")
	p.Add(in.MaxUses < 0, "max_uses", "out_of_range")
	p.Add(in.Stock < Unlimited, "stock", "out_of_range")
	p.Add(in.Stock >= 0 && in.Stock < l.Sold+l.HeldUnits, "stock", "below_sold")
	l.ExpiresAt, l.MaxUses, l.Stock = in.ExpiresAt, in.MaxUses, in.Stock
	l.Terms.check(&p, channel.Country, l.Mode)
	return p.Err()
}

// checkPrice holds a fixed or an open amount to its rules.
func checkPrice(p *posta.Problems, channel payment.Channel, amount int64, open *OpenAmount) {
	if open == nil {
		checkAmount(p, "amount", channel, amount)
		return
	}
	p.Add(amount != 0, "amount", "not_with_open_amount")
	checkAmount(p, "open_amount.min", channel, open.Min)
	checkAmount(p, "open_amount.max", channel, open.Max)
	p.Add(open.Max < open.Min, "open_amount.max", "too_low")
	if open.Suggested != 0 {
		p.Add(open.Suggested < open.Min || open.Suggested > open.Max, "open_amount.suggested", "out_of_range")
		p.Add(fraction(channel.Country, channel.Currency, open.Suggested), "open_amount.suggested", "fraction")
	}
}

// check holds terms to the rules, and puts what is left out.
func (t *Terms) check(p *posta.Problems, country string, mode posta.Mode) {
	if t.Flow == "" {
		t.Flow = FlowBoth
	}
	p.Add(t.Flow != FlowBoth && t.Flow != provider.FlowRedirect && t.Flow != provider.FlowDirect, "flow", "unknown")
	for _, name := range t.Methods {
		p.Add(!known(country, name), "methods", "not_of_country")
	}
	p.Add(t.MaxInstallments < 0 || t.MaxInstallments > 36, "max_installments", "out_of_range")
	p.Add(t.Authorize && t.Flow == provider.FlowRedirect, "authorize", "not_with_flow")
	t.Descriptor, t.SuccessText = strings.TrimSpace(t.Descriptor), strings.TrimSpace(t.SuccessText)
	p.Add(utf8.RuneCountInString(t.Descriptor) > 13, "descriptor", "too_long")
	p.Add(utf8.RuneCountInString(t.SuccessText) > 500, "success_text", "too_long")
	checkURL(p, "success_url", t.SuccessURL, mode)
}

// known reports whether a country has the method, or a method of the type.
func known(country, name string) bool {
	return slices.ContainsFunc(posta.MethodsOf(country), func(m posta.Method) bool { return m.ID == name || string(m.Type) == name })
}

// Left is how many units can still be taken, Unlimited where they are not counted.
func (l Link) Left() int64 {
	if l.Stock == Unlimited {
		return Unlimited
	}
	return max(l.Stock-l.Sold-l.HeldUnits, 0)
}

// SoldOut reports whether nothing can be taken now; what is held for payments
// under way may come free.
func (l Link) SoldOut() bool {
	return l.Left() == 0 || l.MaxUses > 0 && l.Used+l.HeldUses >= l.MaxUses
}

// finished reports whether all was sold for good.
func (l Link) finished() bool {
	return l.Stock != Unlimited && l.Sold >= l.Stock || l.MaxUses > 0 && l.Used >= l.MaxUses
}

// limited reports whether buyers take something from each other.
func (l Link) limited() bool { return l.Stock != Unlimited || l.MaxUses > 0 }

// open reports why nobody can pay by the link, other than that it is sold out.
// Errors: link_disabled, link_expired.
func (l Link) open(now time.Time) error {
	switch {
	case l.State != LinkActive:
		return &posta.Error{Code: posta.CodeLinkDisabled}
	case ended(l.ExpiresAt, now):
		return &posta.Error{Code: posta.CodeLinkExpired}
	}
	return nil
}

// newToken makes a public address of 130 random bits.
func newToken() string { return strings.ToLower(rand.Text()) }
