package quality_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/inbox"
	"posta/outbound"
	"posta/payment"
	"posta/provider"
	"posta/quality"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// desk is the service on a real database, for a merchant with a live
// connection and one of test mode, each with a till.
type desk struct {
	*quality.Service
	t        *testing.T
	db       *store.DB
	clock    *posta.MovableClock
	merchant account.Merchant
	live     shop
	test     shop
}

type shop struct {
	connection account.Connection
	till       till.Till
}

func newDesk(t *testing.T, db *store.DB) *desk {
	t.Helper()
	w := storetest.Seed(t, db)
	d := &desk{t: t, db: db, clock: posta.NewFrozenClock(storetest.Now), merchant: w.Merchant, test: shop{w.Connection, w.Till}}
	d.live = d.shop("mercadopago")
	d.Service = d.replica()
	return d
}

func (d *desk) replica() *quality.Service {
	return &quality.Service{Store: d.db, Clock: d.clock, Log: quiet, Committed: func() {}}
}

// shop adds a live connection with a store and a till.
func (d *desk) shop(name string) shop {
	d.t.Helper()
	c := account.Connection{ID: posta.NewID[posta.ConnectionID](d.clock.Now()), MerchantID: d.merchant.ID, Mode: posta.Live, Provider: name, Name: "Real",
		Config: map[string]string{}, Sealed: []byte("sealed"), CreatedAt: d.clock.Now(), UpdatedAt: d.clock.Now()}
	s := till.Store{ID: posta.NewID[posta.StoreID](d.clock.Now()), MerchantID: d.merchant.ID, Mode: posta.Live, ConnectionID: c.ID, Name: "Centro",
		CreatedAt: d.clock.Now(), UpdatedAt: d.clock.Now()}
	added := till.Till{ID: posta.NewID[posta.TillID](d.clock.Now()), MerchantID: d.merchant.ID, Mode: posta.Live, StoreID: s.ID, ConnectionID: c.ID,
		Name: "Caja 1", CreatedAt: d.clock.Now(), UpdatedAt: d.clock.Now()}
	ctx := d.t.Context()
	d.must(errors.Join(d.db.InsertConnection(ctx, c), d.db.InsertStore(ctx, s), d.db.InsertTill(ctx, added)))
	storetest.World{Merchant: d.merchant, Connection: c}.SetGate(d.t, d.db, payment.Gate{State: payment.GateOpen})
	return shop{c, added}
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// charge keeps a payment of a shop with these facts, created at the clock's time.
func (d *desk) charge(s shop, facts ...provider.Fact) payment.Payment {
	d.t.Helper()
	now := d.clock.Now()
	p := payment.Payment{ID: posta.NewID[posta.PaymentID](now), MerchantID: d.merchant.ID, Mode: s.connection.Mode, ConnectionID: s.connection.ID,
		StoreID: s.till.StoreID, TillID: s.till.ID, Amount: posta.Money{Amount: 30_000, Currency: "ARS"}, Rail: provider.RailQR, CreatedBy: "user:test",
		CreateKey: "k", Facts: facts, CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(10 * time.Minute)}
	p.Summary = payment.Compute(p.Amount.Amount, facts)
	if !p.State.Open() {
		p.EndedAt = now
	}
	d.must(d.db.InsertPayment(d.t.Context(), p, nil))
	return p
}

// paid are the facts of an order that was paid by credit card.
func (d *desk) paid(order, attempt string) []provider.Fact {
	return []provider.Fact{
		{Kind: provider.FactOrder, ID: order, Status: provider.StatusClosed, At: d.clock.Now(), Amount: 30_000},
		{Kind: provider.FactAttempt, ID: attempt, Parent: order, Status: provider.StatusApproved, Detail: "accredited", At: d.clock.Now(),
			Amount: 30_000, Method: "credit_card", Brand: "visa", LastFour: "4321"}}
}

// asked keeps the create of a payment as sent.
func (d *desk) asked(p payment.Payment, body map[string]any) {
	d.t.Helper()
	raw, err := json.Marshal(body)
	d.must(err)
	d.must(d.db.InsertCall(d.t.Context(), outbound.Call{ID: posta.NewID[posta.CallID](d.clock.Now()),
		Tag: outbound.Tag{ConnectionID: p.ConnectionID, Payment: p.ID, Operation: "create"}, Method: "POST",
		URL: "https://api.mercadopago.com/v1/orders", RequestHeader: http.Header{"X-Idempotency-Key": {"k"}}, RequestBody: raw, Status: 201,
		ResponseHeader: http.Header{}, StartedAt: d.clock.Now()}))
}

func (d *desk) called(p payment.Payment, method, operation string, status int) {
	d.t.Helper()
	d.must(d.db.InsertCall(d.t.Context(), outbound.Call{ID: posta.NewID[posta.CallID](d.clock.Now()),
		Tag: outbound.Tag{ConnectionID: p.ConnectionID, Payment: p.ID, Operation: operation}, Method: method,
		URL: "https://api.mercadopago.com/v1/orders/ORD1", RequestHeader: http.Header{}, Status: status, ResponseHeader: http.Header{}, StartedAt: d.clock.Now()}))
}

func (d *desk) told(p payment.Payment, judgement provider.Judgement) {
	d.t.Helper()
	now := d.clock.Now()
	d.must(d.db.InsertNotification(d.t.Context(), inbox.Notification{ID: posta.NewID[posta.NotificationID](now), MerchantID: p.MerchantID, Mode: p.Mode,
		ConnectionID: p.ConnectionID, Delivery: provider.Delivery{Header: http.Header{}, Body: []byte("{}"), ReceivedAt: now}, State: inbox.Handled,
		Verdict: provider.Verdict{Judgement: judgement}, Payment: p.ID, HandledAt: now}))
}

// order is the body of a QR order that lacks nothing but what it is not given.
func order(without ...string) map[string]any {
	body := map[string]any{"type": "qr", "external_reference": "x", "description": "Compra", "expiration_time": "PT10M",
		"items": []any{map[string]any{"title": "Mate", "quantity": 1, "unit_price": "300.00", "external_code": "A1"}}}
	for _, name := range without {
		delete(body, name)
	}
	return body
}

// good keeps a live payment of which nothing is lost.
func (d *desk) good(s shop) payment.Payment {
	d.t.Helper()
	p := d.charge(s, d.paid("ORD"+posta.NewULID(d.clock.Now()), "PAY"+posta.NewULID(d.clock.Now()))...)
	d.asked(p, order())
	d.called(p, "GET", "enquiry", 200)
	d.told(p, provider.Verified)
	return p
}

// measure measures by hand, a second later than anything before.
func (d *desk) measure(payment string) quality.Measurement {
	d.t.Helper()
	d.clock.Move(time.Second)
	m, err := d.Measure(d.t.Context(), d.merchant.ID, d.live.connection.ID, payment, "user:test")
	d.must(err)
	return m
}

func (d *desk) sweep(s *quality.Service) {
	d.t.Helper()
	for {
		took, err := s.SweepQuality(d.t.Context(), func(f func()) { f() })
		d.must(err)
		if took == 0 {
			return
		}
	}
}

func (d *desk) history() []quality.Measurement {
	d.t.Helper()
	list, err := d.History(d.t.Context(), d.merchant.ID, d.live.connection.ID, posta.Page{Limit: 100})
	d.must(err)
	return list
}

// events are those of a kind, in their order.
func (d *desk) events(kind string) []posta.Event {
	d.t.Helper()
	ctx := d.t.Context()
	for {
		n, err := d.db.PositionEvents(ctx)
		d.must(err)
		if n == 0 {
			break
		}
	}
	all, err := d.db.EventsAfter(ctx, 0, 1000)
	d.must(err)
	var out []posta.Event
	for _, e := range all {
		if e.Type == kind {
			out = append(out, e)
		}
	}
	return out
}

func wantCode(t *testing.T, err error, code posta.Code, fields ...string) {
	t.Helper()
	var e *posta.Error
	if posta.ErrorCode(err) != code {
		t.Fatalf("%v, want %s", err, code)
	}
	if errors.As(err, &e) {
		for i, f := range fields {
			if i >= len(e.Fields) || e.Fields[i].Field+":"+e.Fields[i].Code != f {
				t.Errorf("%+v, want %v", e.Fields, fields)
				return
			}
		}
	}
}

func each(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newDesk(t, db)) })
}

var _ quality.Store = (*store.DB)(nil)
