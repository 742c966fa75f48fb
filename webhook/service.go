package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"posta"
	"posta/seal"
)

// Service keeps endpoints and sends to them. It must not be copied after first
// use.
type Service struct {
	Store Store
	Box   *seal.Box
	Clock posta.Clock
	Log   *slog.Logger
	// Networks are those besides the public internet that endpoints may be in; an
	// address of theirs may begin with http. None by default.
	Networks  []netip.Prefix
	Committed func() // tells that events were committed
	Wake      func() // tells the sweep that deliveries are due

	ways    sync.Map // scheme → *http.Client
	mu      sync.Mutex
	sending map[posta.EndpointID]int // how many tries are under way
}

// eventsAtOnce is how many events one commit makes deliveries of.
const eventsAtOnce = 200

// SweepEvents makes deliveries of the events that came since the last time, and
// gives how many events it took. It may run in several replicas.
func (s *Service) SweepEvents(ctx context.Context, _ func(func())) (int, error) {
	due := false
	took, err := s.Store.PublishEvents(ctx, eventsAtOnce, func(e posta.Event, endpoints []Endpoint) []Delivery {
		planned := s.plan(e, endpoints)
		due = due || len(planned) > 0
		return planned
	})
	if due && err == nil {
		s.Wake()
	}
	return took, err
}

// plan is what is to be sent of an event. A disabled endpoint's are dead, to be
// sent by hand when it is enabled again.
func (s *Service) plan(e posta.Event, endpoints []Endpoint) (out []Delivery) {
	now := s.Clock.Now()
	for _, to := range endpoints {
		if to.MerchantID != e.MerchantID || to.Mode != e.Mode || e.Position <= to.After || !to.Takes(e.Type) {
			continue
		}
		d := Delivery{ID: posta.NewID[posta.DeliveryID](now), MerchantID: to.MerchantID, Mode: to.Mode, EndpointID: to.ID, EventID: e.ID,
			Type: e.Type, Body: body(e.Type, e.CreatedAt, e.Data), State: Pending, DueAt: now, CreatedAt: now}
		if to.State != Enabled {
			d.end(Dead, ReasonDisabled, now)
		}
		out = append(out, d)
	}
	return out
}

// body is a payload as Standard Webhooks recommends it.
func body(eventType string, at time.Time, data json.RawMessage) []byte {
	if len(data) == 0 {
		data = json.RawMessage("{}")
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(struct {
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}{eventType, at, data}); err != nil {
		panic(err) // what an event holds is JSON
	}
	return bytes.TrimSpace(out.Bytes())
}

// Test sends an endpoint an event of type TestType that tells of nothing. The
// same id again gives the same delivery. Errors: not_found;
// not_allowed_in_state while the endpoint is disabled.
func (s *Service) Test(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.EndpointID, delivery posta.DeliveryID) (Delivery, error) {
	e, err := s.Store.Endpoint(ctx, m, mode, id)
	if err != nil {
		return Delivery{}, err
	}
	there, err := s.Store.Delivery(ctx, m, mode, delivery)
	switch {
	case err == nil && there.EndpointID == id:
		return there, nil
	case err == nil:
		return Delivery{}, &posta.Error{Code: posta.CodeConflict}
	case posta.ErrorCode(err) != posta.CodeNotFound:
		return Delivery{}, err
	}
	if e.State != Enabled {
		return Delivery{}, &posta.Error{Code: posta.CodeState}
	}
	now := s.Clock.Now()
	data, err := json.Marshal(map[string]any{"id": id, "mode": mode})
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{ID: delivery, MerchantID: m, Mode: mode, EndpointID: id, EventID: posta.NewID[posta.EventID](now), Type: TestType, Test: true,
		Body: body(TestType, now, data), State: Pending, DueAt: now, CreatedAt: now}
	if err := s.Store.InsertDelivery(ctx, d); err != nil {
		return Delivery{}, err
	}
	s.Wake()
	return d, nil
}

// SendAgain has a delivery sent anew, whatever became of it. It bears the same
// webhook-id, so that an endpoint that took it already does nothing. Errors:
// not_found; not_allowed_in_state while its endpoint is disabled.
func (s *Service) SendAgain(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.DeliveryID) error {
	if err := s.Store.SendAgain(ctx, m, mode, id, s.Clock.Now()); err != nil {
		return err
	}
	s.Wake()
	return nil
}

// Deliveries lists an endpoint's, newest first. Errors: not_found.
func (s *Service) Deliveries(ctx context.Context, f DeliveryFilter) ([]Delivery, error) {
	if _, err := s.Store.Endpoint(ctx, f.MerchantID, f.Mode, f.EndpointID); err != nil {
		return nil, err
	}
	return s.Store.Deliveries(ctx, f)
}

// Delivery finds one with its tries, oldest first. Errors: not_found.
func (s *Service) Delivery(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.DeliveryID) (Delivery, []Attempt, error) {
	d, err := s.Store.Delivery(ctx, m, mode, id)
	if err != nil {
		return Delivery{}, nil, err
	}
	attempts, err := s.Store.Attempts(ctx, m, id)
	return d, attempts, err
}
