package till

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"posta"
	"posta/outbound"
	"posta/provider"
)

// Service keeps stores and tills, here and at the provider, their terminals and
// their shifts.
//
// Its methods take the mode of whoever asks: what is of the other mode is not
// found. Mode "" finds both; lists need a mode.
type Service struct {
	Keeper Keeper
	Clock  posta.Clock
	Open   provider.Opener
	// ConnectionMode gives the mode of a merchant's connection; not_found if the
	// merchant has none of that id.
	ConnectionMode func(context.Context, posta.MerchantID, posta.ConnectionID) (posta.Mode, error)
	// Currency is what the merchant charges in.
	Currency func(context.Context, posta.MerchantID) (posta.Currency, error)
	// Busy reports whether a payment is open at the till.
	Busy func(context.Context, posta.MerchantID, posta.TillID) (bool, error)
	// TerminalUse names what is under way on a terminal, by "payment", "refund"
	// or "settlement"; it is empty if nothing is.
	TerminalUse func(context.Context, posta.MerchantID, posta.TerminalID) (map[string]string, error)
	// Location is the merchant's time zone.
	Location func(context.Context, posta.MerchantID) (*time.Location, error)
}

// callLimit is how long a person waits for the provider to take a store, or a
// till; a till may need its store put first.
const callLimit = 10 * time.Second

// Longest names and texts, in characters. The till's is Mercado Pago's.
const (
	maxStoreName    = 100
	maxTillName     = 44
	maxTerminalCode = 60
	maxText         = 100
)

func notFound() error { return &posta.Error{Code: posta.CodeNotFound} }

// line notes what is wrong with a line of text.
func line(p *posta.Problems, field, text string, required bool, most int) {
	p.Add(required && text == "", field, "required")
	p.Add(utf8.RuneCountInString(text) > most, field, "too_long")
	p.Add(!utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl), field, "malformed")
}

// degrees reports whether text is decimal degrees of at most limit either way:
// digits, a point, at most twelve decimals.
func degrees(text string, limit int) bool {
	text = strings.TrimPrefix(text, "-")
	whole, fraction, pointed := strings.Cut(text, ".")
	if whole == "" || len(whole) > 3 || (pointed && fraction == "") || len(fraction) > 12 {
		return false
	}
	value := 0
	for _, r := range whole + fraction {
		if r < '0' || r > '9' {
			return false
		}
	}
	for _, r := range whole {
		value = value*10 + int(r-'0')
	}
	return value < limit || (value == limit && strings.Trim(fraction, "0") == "")
}

// reach opens the connection and, if it keeps stores and tills, gives it with a
// context for the calls. It is nil where there is nothing to tell the provider.
func (s *Service) reach(ctx context.Context, id posta.ConnectionID) (provider.Provisioner, context.Context, context.CancelFunc, error) {
	connector, err := s.Open(ctx, id)
	if err != nil {
		return nil, nil, nil, err
	}
	p, _ := connector.(provider.Provisioner)
	// A person who leaves the page does not stop half of it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	return p, outbound.WithTag(ctx, outbound.Tag{ConnectionID: id, Operation: "provision"}), cancel, nil
}
