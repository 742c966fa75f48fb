package account

import (
	"context"
	"strings"
	"time"
	_ "time/tzdata" // zones must be known on machines without a zone database

	"posta"
)

// MerchantInput asks for a merchant, or for what it should become.
type MerchantInput struct {
	ID       posta.MerchantID // "" when creating makes one up; given, it makes a repeat find the first
	Name     string           // ≤ 100 characters
	Country  string           // ISO 3166-1 alpha-2, one of posta.Countries
	TimeZone string           // IANA name; "" means the country's
}

func (in *MerchantInput) check() error {
	in.Name = strings.TrimSpace(in.Name)
	var p posta.Problems
	checkText(&p, "name", in.Name, maxName)
	country, err := posta.FindCountry(in.Country)
	p.Add(in.Country == "", "country", "required")
	p.Add(in.Country != "" && err != nil, "country", "unknown")
	if in.TimeZone == "" {
		in.TimeZone = country.TimeZone
	}
	_, err = time.LoadLocation(in.TimeZone)
	p.Add(err != nil || in.TimeZone == "Local", "time_zone", "unknown")
	return p.Err()
}

// CreateMerchant makes a merchant; with an ID that is there already it gives
// that one. Errors: invalid with fields name, country, time_zone.
func (s *Service) CreateMerchant(ctx context.Context, in MerchantInput) (Merchant, error) {
	if err := in.check(); err != nil {
		return Merchant{}, err
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.MerchantID](now)
	}
	m := Merchant{ID: in.ID, Name: in.Name, Country: in.Country, TimeZone: in.TimeZone, CreatedAt: now}
	err := s.Store.InsertMerchant(ctx, m)
	if posta.ErrorCode(err) == posta.CodeConflict {
		return s.Store.Merchant(ctx, in.ID)
	}
	return m, err
}

// UpdateMerchant changes name, country and time zone. The country is fixed once
// there is a connection, whose account belongs to it. Errors: invalid with
// fields, not_found.
func (s *Service) UpdateMerchant(ctx context.Context, in MerchantInput) (Merchant, error) {
	m, err := s.Store.Merchant(ctx, in.ID)
	if err != nil {
		return Merchant{}, err
	}
	if err := in.check(); err != nil {
		return Merchant{}, err
	}
	if in.Country != m.Country {
		connections, err := s.Store.Connections(ctx, m.ID)
		if err != nil {
			return Merchant{}, err
		}
		if len(connections) > 0 {
			return Merchant{}, posta.Invalid("country", "fixed")
		}
	}
	m.Name, m.Country, m.TimeZone = in.Name, in.Country, in.TimeZone
	return m, s.Store.UpdateMerchant(ctx, m)
}

// Currency is what the merchant charges in: its country's. Errors: not_found.
func (s *Service) Currency(ctx context.Context, id posta.MerchantID) (posta.Currency, error) {
	m, err := s.Store.Merchant(ctx, id)
	if err != nil {
		return "", err
	}
	country, err := posta.FindCountry(m.Country)
	return country.Currency, err
}

// Location is the merchant's time zone. Errors: not_found.
func (s *Service) Location(ctx context.Context, id posta.MerchantID) (*time.Location, error) {
	m, err := s.Store.Merchant(ctx, id)
	if err != nil {
		return nil, err
	}
	return time.LoadLocation(m.TimeZone)
}
