package checkout

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/payment"
	"posta/provider"
)

// Categories are what the provider calls kinds of things that are sold
// (docs/providers/mercadopago-online.md §2.1). One that it does not know counts
// as none.
var Categories = []string{"others", "art", "baby", "coupons", "donations", "computing", "cameras", "video_games", "television",
	"car_electronics", "electronics", "automotive", "entertainment", "fashion", "games", "home", "musical", "phones", "services",
	"learnings", "tickets", "travels", "virtual_goods"}

// ProductInput asks for a product, or for what it should become.
type ProductInput struct {
	ID           posta.ProductID // "" when creating makes one up; given, it makes a repeat find the first
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID // fixed once created
	Name         string
	Description  string
	Category     string
	PictureURL   string
	Price        int64        // minor units of the account's currency
	State        ProductState // "" means active
	By           string
}

// CreateProduct makes a product. Errors: invalid with fields connection_id,
// name, description, category, picture_url, price, state.
func (s *Service) CreateProduct(ctx context.Context, in ProductInput) (Product, error) {
	channel, err := s.account(ctx, in.MerchantID, in.Mode, in.ConnectionID)
	if err != nil {
		return Product{}, err
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.ProductID](now)
	}
	p := Product{ID: in.ID, MerchantID: in.MerchantID, Mode: in.Mode, ConnectionID: in.ConnectionID, CreatedBy: in.By, CreatedAt: now, UpdatedAt: now}
	if err := p.fill(in, channel); err != nil {
		return Product{}, err
	}
	err = s.Store.InsertProduct(ctx, p)
	if posta.ErrorCode(err) == posta.CodeConflict {
		return s.Store.Product(ctx, in.MerchantID, in.Mode, in.ID)
	}
	return p, err
}

// UpdateProduct changes all that an input can. Visits that have begun keep the
// price that they showed. Errors: as CreateProduct, not_found.
func (s *Service) UpdateProduct(ctx context.Context, in ProductInput) (Product, error) {
	there, err := s.Store.Product(ctx, in.MerchantID, in.Mode, in.ID)
	if err != nil {
		return Product{}, err
	}
	channel, err := s.account(ctx, in.MerchantID, in.Mode, there.ConnectionID)
	if err != nil {
		return Product{}, err
	}
	return s.Store.ChangeProduct(ctx, in.MerchantID, in.Mode, in.ID, func(p *Product) error {
		p.UpdatedAt = s.Clock.Now()
		return p.fill(in, channel)
	})
}

// Product finds one. Errors: not_found.
func (s *Service) Product(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.ProductID) (Product, error) {
	return s.Store.Product(ctx, m, mode, id)
}

// Products lists newest first.
func (s *Service) Products(ctx context.Context, f ProductFilter) ([]Product, error) {
	return s.Store.Products(ctx, f)
}

func (p *Product) fill(in ProductInput, channel payment.Channel) error {
	p.Name, p.Description, p.Category = strings.TrimSpace(in.Name), strings.TrimSpace(in.Description), in.Category
	p.PictureURL, p.State = strings.TrimSpace(in.PictureURL), in.State
	p.Price = posta.Money{Amount: in.Price, Currency: channel.Currency}
	if p.State == "" {
		p.State = ProductActive
	}
	var problems posta.Problems
	checkThing(&problems, "name", p.Name, p.Description, p.Category, p.PictureURL, in.Mode)
	checkAmount(&problems, "price", channel, in.Price)
	problems.Add(p.State != ProductActive && p.State != ProductArchived, "state", "unknown")
	return problems.Err()
}

// account finds what charges. Errors: invalid with field connection_id.
func (s *Service) account(ctx context.Context, m posta.MerchantID, mode posta.Mode, c posta.ConnectionID) (payment.Channel, error) {
	channel, err := s.Store.Account(ctx, m, mode, c)
	switch posta.ErrorCode(err) {
	case posta.CodeNotFound:
		return payment.Channel{}, posta.Invalid("connection_id", "unknown")
	case "":
	default:
		return payment.Channel{}, err
	}
	connector, err := s.Open(ctx, c)
	if err != nil {
		return payment.Channel{}, err
	}
	if _, sells := connector.(provider.OnlineSeller); !sells || !connector.Capabilities(provider.RailOnline).Offered {
		return payment.Channel{}, posta.Invalid("connection_id", "not_offered")
	}
	return channel, nil
}

// checkThing holds what is sold to its limits; field is its name's.
func checkThing(p *posta.Problems, field, name, description, category, picture string, mode posta.Mode) {
	p.Add(name == "", field, "required")
	p.Add(utf8.RuneCountInString(name) > 150, field, "too_long")
	p.Add(utf8.RuneCountInString(description) > 256, "description", "too_long")
	p.Add(category != "" && !slices.Contains(Categories, category), "category", "unknown")
	checkURL(p, "picture_url", picture, mode)
}

// checkAmount holds an amount to the country's currency: no fractions where its
// provider takes none (docs/providers/mercadopago-online.md §4.1).
func checkAmount(p *posta.Problems, field string, channel payment.Channel, amount int64) {
	p.Add(amount <= 0, field, "positive")
	p.Add(amount > payment.MaxAmount, field, "too_high")
	p.Add(amount > 0 && fraction(channel.Country, channel.Currency, amount), field, "fraction")
}

func fraction(code string, currency posta.Currency, amount int64) bool {
	country, err := posta.FindCountry(code)
	unit := int64(1)
	for d := country.WireDecimals; d < currency.Decimals(); d++ {
		unit *= 10
	}
	return err == nil && amount%unit != 0
}

// checkURL holds an address that buyers are sent to, or a picture's, to https; in
// test mode also a plain one of this machine.
func checkURL(p *posta.Problems, field, text string, mode posta.Mode) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Opaque != "" || len(text) > 500 {
		p.Add(true, field, "malformed")
		return
	}
	address, _ := netip.ParseAddr(u.Hostname())
	here := mode == posta.Test && u.Scheme == "http" && (u.Hostname() == "localhost" || address.IsLoopback())
	p.Add(u.Scheme != "https" && !here, field, "not_https")
}

// ended reports whether a time that may be zero for never has come.
func ended(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }
