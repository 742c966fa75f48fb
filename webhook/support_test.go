package webhook_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/seal"
	"posta/store"
	"posta/store/storetest"
	"posta/webhook"
	"posta/work"
)

var quiet = slog.New(slog.DiscardHandler)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// hub is a webhook service on a database, with a merchant and a clock.
type hub struct {
	*webhook.Service
	t       *testing.T
	db      *store.DB
	clock   *posta.MovableClock
	world   storetest.World
	emitter webhook.Endpoint // of the merchant, takes nothing: events are committed by changing it
}

func each(t *testing.T, test func(t *testing.T, h *hub)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newHub(t, db)) })
}

func newHub(t *testing.T, db *store.DB) *hub {
	t.Helper()
	box, err := seal.Open(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{t: t, db: db, clock: posta.NewFrozenClock(storetest.Now), world: storetest.Seed(t, db)}
	h.Service = h.replica(db, box)
	h.emitter, _ = h.endpoint("https://emitter.example/", "chargeback.*")
	return h
}

// replica is another service on the same database.
func (h *hub) replica(s webhook.Store, box *seal.Box) *webhook.Service {
	service := &webhook.Service{Store: s, Box: box, Clock: h.clock, Log: quiet, Networks: loopback, Committed: func() {}, Wake: func() {}}
	h.t.Cleanup(service.Close)
	return service
}

func (h *hub) input(url string, events ...string) webhook.Input {
	return webhook.Input{ID: posta.NewID[posta.EndpointID](h.clock.Now()), MerchantID: h.world.Merchant.ID, Mode: posta.Test, URL: url, Events: events, By: "key:1"}
}

func (h *hub) endpoint(url string, events ...string) (webhook.Endpoint, string) {
	h.t.Helper()
	e, secret, err := h.Create(h.t.Context(), h.input(url, events...))
	if err != nil {
		h.t.Fatal(err)
	}
	return e, secret
}

// emit commits events of the merchant, and gives them positions.
func (h *hub) emit(types ...string) (ids []posta.EventID) {
	h.t.Helper()
	return h.emitFor(h.world.Merchant.ID, posta.Test, h.emitter, types...)
}

func (h *hub) emitFor(m posta.MerchantID, mode posta.Mode, by webhook.Endpoint, types ...string) (ids []posta.EventID) {
	h.t.Helper()
	var events []posta.Event
	for i, eventType := range types {
		id := posta.NewID[posta.EventID](h.clock.Now())
		ids = append(ids, id)
		events = append(events, posta.Event{ID: id, MerchantID: m, Mode: mode, Type: eventType, Subject: "pay_1",
			Data: json.RawMessage(fmt.Sprintf(`{"id":"pay_%d","reference":"1042 & más","amount":150000}`, i)), CreatedAt: h.clock.Now()})
	}
	_, err := h.db.ChangeEndpoint(h.t.Context(), by.MerchantID, by.ID, func(*webhook.Endpoint) ([]posta.Event, error) { return events, nil })
	if err == nil {
		_, err = h.db.PositionEvents(h.t.Context())
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return ids
}

// sweep publishes what happened and sends what is due.
func (h *hub) sweep() {
	h.t.Helper()
	run(h.t, h.Service)
}

func run(t *testing.T, s *webhook.Service) {
	t.Helper()
	for _, sweep := range []work.Sweep{{Run: s.SweepEvents}, {Run: s.SweepDeliveries}} {
		if err := work.Once(t.Context(), sweep); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *hub) deliveries(e webhook.Endpoint) (out []webhook.Delivery) {
	h.t.Helper()
	for after := ""; ; {
		list, err := h.Deliveries(h.t.Context(), webhook.DeliveryFilter{MerchantID: e.MerchantID, Mode: e.Mode, EndpointID: e.ID, Page: posta.Page{Limit: 100, After: after}})
		if err != nil {
			h.t.Fatal(err)
		}
		out = append(out, list...)
		if len(list) < 100 {
			return out
		}
		after = string(list[len(list)-1].ID)
	}
}

// one is the endpoint's only delivery, with its tries.
func (h *hub) one(e webhook.Endpoint) (webhook.Delivery, []webhook.Attempt) {
	h.t.Helper()
	list := h.deliveries(e)
	if len(list) != 1 {
		h.t.Fatalf("%d deliveries", len(list))
	}
	d, attempts, err := h.Delivery(h.t.Context(), e.MerchantID, e.Mode, list[0].ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return d, attempts
}

func (h *hub) get(e webhook.Endpoint) webhook.Endpoint {
	h.t.Helper()
	e, err := h.Get(h.t.Context(), e.MerchantID, e.Mode, e.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

func wantCode(t testing.TB, err error, want posta.Code) {
	t.Helper()
	if posta.ErrorCode(err) != want {
		t.Fatalf("error %v, want %q", err, want)
	}
}

// got is a request as a shop received it.
type got struct {
	header http.Header
	body   []byte
}

// shop is a merchant's system.
type shop struct {
	*httptest.Server
	mu     sync.Mutex
	got    []got
	answer http.HandlerFunc // nil answers 200
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.got = append(s.got, got{r.Header.Clone(), body})
		answer := s.answer
		s.mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) answers(f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// taken are the requests so far.
func (s *shop) taken() []got {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]got{}, s.got...)
}

// ids counts the requests by webhook-id.
func (s *shop) ids() map[posta.EventID]int {
	out := map[posta.EventID]int{}
	for _, g := range s.taken() {
		out[posta.EventID(g.header.Get("webhook-id"))]++
	}
	return out
}

// within reports whether a moment is between two spans after another.
func within(at, from time.Time, least, most time.Duration) bool {
	return !at.Before(from.Add(least)) && !at.After(from.Add(most))
}
