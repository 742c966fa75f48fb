package quality

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"posta"
)

// operationsFor is how far back a connection's refunds, cancels and the like count.
const operationsFor = 90 * 24 * time.Hour

// Service measures, and keeps what came of it.
type Service struct {
	Store Store
	Clock posta.Clock
	Log   *slog.Logger
	// Committed tells that events were committed, so that they go out at once.
	Committed func()
	// Threshold is what is enough where a connection has none of its own; 0
	// leaves it to the product's rules.
	Threshold int
	// TLS gives what the last check of the addresses of a connection's shop
	// found, nil if there was none. May be nil.
	TLS func(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (*TLS, error)
	// Page gives what is known of the page on which a payment was made, by the
	// names that rules have. May be nil.
	Page func(ctx context.Context, id posta.PaymentID) (map[string]bool, error)
}

// Measure measures one payment by our id or by the provider's of the payment or
// order, and keeps the result. Only a payment of this connection, in live mode,
// that brought money has a score; anything else of the merchant is kept as not
// measurable, with the reason. Errors: not_found (the connection, or no such
// payment of the merchant), invalid with field payment (required).
func (s *Service) Measure(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, payment, by string) (Measurement, error) {
	conn, p, err := s.find(ctx, m, c, payment)
	if err != nil {
		return Measurement{}, err
	}
	out, err := s.live(ctx, conn, p)
	if err != nil {
		return Measurement{}, err
	}
	now := s.Clock.Now()
	out.Kind, out.Asked, out.By = Manual, strings.TrimSpace(payment), by
	out.ID, out.CreatedAt, out.VisibleAt = posta.NewID[MeasurementID](now), now, now
	if err := s.Store.InsertMeasurement(ctx, out, []posta.Event{s.measured(out, conn.Mode)}); err != nil {
		return Measurement{}, err
	}
	s.Committed()
	return out, nil
}

// Preview says what a test payment would score, money or not, and keeps
// nothing: a score needs production credentials. Errors: as Measure's, and
// mode_mismatch for a live connection.
func (s *Service) Preview(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, payment string) (Measurement, error) {
	conn, p, err := s.find(ctx, m, c, payment)
	if err != nil {
		return Measurement{}, err
	}
	if conn.Mode != posta.Test {
		return Measurement{}, &posta.Error{Code: posta.CodeModeMismatch, Params: map[string]string{"mode": string(conn.Mode)}}
	}
	out := Measurement{Result: NotMeasurable, Reason: ReasonOtherConnection}
	if p.ConnectionID == c {
		if out, err = s.evaluate(ctx, conn, p); err != nil {
			return Measurement{}, err
		}
	}
	out.MerchantID, out.ConnectionID, out.Kind, out.PaymentID, out.Asked = m, c, Previewed, p.ID, strings.TrimSpace(payment)
	out.CreatedAt = s.Clock.Now()
	out.VisibleAt = out.CreatedAt
	return out, nil
}

// find finds the connection and the payment; of several that the provider gives
// one name the connection's own, newest first.
func (s *Service) find(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, name string) (Connection, Payment, error) {
	conn, err := s.Store.QualityConnection(ctx, m, c)
	if err != nil {
		return conn, Payment{}, err
	}
	if name = strings.TrimSpace(name); name == "" {
		return conn, Payment{}, posta.Invalid("payment", "required")
	}
	if id, err := posta.FromAlphanumeric[posta.PaymentID](name); err == nil {
		name = string(id)
	}
	found, err := s.Store.QualityNamed(ctx, m, name)
	if err != nil {
		return conn, Payment{}, err
	}
	if len(found) == 0 {
		return conn, Payment{}, &posta.Error{Code: posta.CodeNotFound}
	}
	own := slices.IndexFunc(found, func(p Payment) bool { return p.ConnectionID == c })
	return conn, found[max(own, 0)], nil
}

// live measures a payment if it may have a score.
func (s *Service) live(ctx context.Context, c Connection, p Payment) (Measurement, error) {
	out := Measurement{Result: NotMeasurable}
	switch {
	case p.ConnectionID != c.ID:
		out.Reason = ReasonOtherConnection
	case c.Mode != posta.Live || p.Mode != posta.Live:
		out.Reason = ReasonTestCredentials
	case !p.Moneyed:
		out.Reason = ReasonNoMoney
	default:
		var err error
		if out, err = s.evaluate(ctx, c, p); err != nil {
			return out, err
		}
	}
	out.MerchantID, out.ConnectionID, out.PaymentID, out.Threshold = c.MerchantID, c.ID, p.ID, s.enough(c, out.Threshold)
	return out, nil
}

// evaluate gathers the evidence and applies the rules.
func (s *Service) evaluate(ctx context.Context, c Connection, p Payment) (Measurement, error) {
	e := Evidence{Payment: p.ID, Card: byCard(p)}
	var err error
	if e.Calls, err = s.Store.CallsOf(ctx, p.ID); err != nil {
		return Measurement{}, err
	}
	if e.Notices, err = s.Store.NoticesOf(ctx, []posta.PaymentID{p.ID}); err != nil {
		return Measurement{}, err
	}
	if e.Operations, err = s.Store.Operations(ctx, c.ID, s.Clock.Now().Add(-operationsFor)); err != nil {
		return Measurement{}, err
	}
	if s.TLS != nil {
		if e.TLS, err = s.TLS(ctx, c.MerchantID, c.ID); err != nil {
			return Measurement{}, err
		}
	}
	if s.Page != nil {
		if e.Page, err = s.Page(ctx, p.ID); err != nil {
			return Measurement{}, err
		}
	}
	out := Evaluate(e)
	out.Threshold = s.enough(c, out.Threshold)
	return out, nil
}

// byCard reports whether what brought the money was a card.
func byCard(p Payment) bool {
	return slices.ContainsFunc(p.Attempts, func(a Attempt) bool { return brought(a.Status) && strings.HasSuffix(a.Method, "_card") })
}

// enough is the threshold of a connection: its own, the hub's or the rules'.
func (s *Service) enough(c Connection, rules int) int {
	for _, t := range []int{c.Threshold, s.Threshold, rules} {
		if t > 0 {
			return t
		}
	}
	return defaultThreshold
}

// defaultThreshold is what the provider's panel asks for now; 75 is what its
// page said before (docs/providers/mercadopago-online.md §5.1).
const defaultThreshold = 73

// SetThreshold sets what is enough for a connection from now on: 1 to 100, or 0
// for the usual. Measurements made before keep theirs. Errors: not_found,
// invalid with field threshold (out_of_range).
func (s *Service) SetThreshold(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, threshold int) error {
	if threshold < 0 || threshold > 100 {
		return posta.Invalid("threshold", "out_of_range")
	}
	return s.Store.SetThreshold(ctx, m, c, threshold)
}

// Standing is how a connection stands now.
type Standing struct {
	Threshold int
	Ours      *Measurement // the newest that was measured and is visible; nil if none
	Official  *Official    // the newest of the provider's own; nil if none
}

// Standing tells a connection's newest score beside the provider's. Errors: not_found.
func (s *Service) Standing(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (Standing, error) {
	conn, err := s.Store.QualityConnection(ctx, m, c)
	if err != nil {
		return Standing{}, err
	}
	out := Standing{Threshold: s.enough(conn, 0)}
	history, err := s.Store.Measurements(ctx, m, c, s.Clock.Now(), true, posta.Page{Limit: 1})
	if err != nil {
		return out, err
	}
	if len(history) > 0 {
		out.Ours = &history[0]
	}
	theirs, err := s.Store.Officials(ctx, m, c, 1)
	if len(theirs) > 0 {
		out.Official = &theirs[0]
	}
	return out, err
}

// History lists a connection's measurements that are visible, newest first.
// Errors: not_found.
func (s *Service) History(ctx context.Context, m posta.MerchantID, c posta.ConnectionID, p posta.Page) ([]Measurement, error) {
	if _, err := s.Store.QualityConnection(ctx, m, c); err != nil {
		return nil, err
	}
	return s.Store.Measurements(ctx, m, c, s.Clock.Now(), false, p)
}

func (s *Service) measured(m Measurement, mode posta.Mode) posta.Event {
	return s.event("quality.measured", m.MerchantID, mode, m.ConnectionID, m.By, m.JSON())
}

// event is about a connection, in its mode.
func (s *Service) event(kind string, m posta.MerchantID, mode posta.Mode, c posta.ConnectionID, by string, data []byte) posta.Event {
	now := s.Clock.Now()
	return posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: m, Mode: mode, Type: kind,
		Subject: string(c), Actor: by, Data: data, CreatedAt: now}
}
