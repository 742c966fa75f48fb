package quality

import (
	"context"
	"regexp"
	"strings"
	"time"

	"posta"
)

// OfficialInput is what a person read in the provider's panel.
type OfficialInput struct {
	MerchantID   posta.MerchantID
	ConnectionID posta.ConnectionID
	Score        int    // 0 to 100
	Date         string // day of the provider's measurement, 2026-11-20
	Payment      string // the provider's id of the payment or order, or ours
	By           string // "user:…"
}

var providerID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// RecordOfficial keeps the provider's own result beside ours; ours is no
// certificate. Errors: not_found (the connection); mode_mismatch (it is of test
// mode); invalid with fields score (out_of_range), date (required, malformed, future),
// payment (required, malformed, unknown, other_connection,
// test_credentials).
func (s *Service) RecordOfficial(ctx context.Context, in OfficialInput) (Official, error) {
	conn, err := s.Store.QualityConnection(ctx, in.MerchantID, in.ConnectionID)
	if err != nil {
		return Official{}, err
	}
	if conn.Mode != posta.Live {
		return Official{}, &posta.Error{Code: posta.CodeModeMismatch, Params: map[string]string{"mode": string(conn.Mode)}}
	}
	now := s.Clock.Now()
	out := Official{ID: posta.NewID[OfficialID](now), MerchantID: in.MerchantID, ConnectionID: in.ConnectionID, Score: in.Score,
		Date: strings.TrimSpace(in.Date), Payment: strings.TrimSpace(in.Payment), By: in.By, CreatedAt: now}
	var p posta.Problems
	p.Add(in.Score < 0 || in.Score > 100, "score", "out_of_range")
	_, malformed := time.Parse(time.DateOnly, out.Date)
	switch {
	case out.Date == "":
		p.Add(true, "date", "required")
	case malformed != nil:
		p.Add(true, "date", "malformed")
	default:
		p.Add(out.Date > now.In(location(conn.TimeZone)).Format(time.DateOnly), "date", "future")
	}
	switch {
	case out.Payment == "":
		p.Add(true, "payment", "required")
	case !providerID.MatchString(out.Payment):
		p.Add(true, "payment", "malformed")
	default:
		// One that Posta does not know may have been made elsewhere with the same
		// credentials.
		_, known, err := s.find(ctx, in.MerchantID, in.ConnectionID, out.Payment)
		switch {
		case posta.ErrorCode(err) == posta.CodeNotFound:
			_, ours := posta.ParseID[posta.PaymentID](out.Payment)
			p.Add(ours == nil, "payment", "unknown")
		case err != nil:
			return Official{}, err
		default:
			p.Add(known.ConnectionID != in.ConnectionID, "payment", string(ReasonOtherConnection))
			p.Add(known.ConnectionID == in.ConnectionID && known.Mode != posta.Live, "payment", string(ReasonTestCredentials))
			out.PaymentID = known.ID
		}
	}
	if err := p.Err(); err != nil {
		return Official{}, err
	}
	event := s.event("quality.official", in.MerchantID, conn.Mode, in.ConnectionID, in.By, mustJSON(out))
	if err := s.Store.InsertOfficial(ctx, out, []posta.Event{event}); err != nil {
		return Official{}, err
	}
	s.Committed()
	return out, nil
}

// Officials lists the provider's own results that were recorded, newest first
// by their date, at most 100. Errors: not_found.
func (s *Service) Officials(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) ([]Official, error) {
	if _, err := s.Store.QualityConnection(ctx, m, c); err != nil {
		return nil, err
	}
	return s.Store.Officials(ctx, m, c, 100)
}

// location is a merchant's time zone; UTC where the machine does not know it.
func location(name string) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	return time.UTC
}
