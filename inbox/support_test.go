package inbox_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posta"
	"posta/inbox"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
	"posta/work"
)

// told is a notification in these tests: its body says what it is to be read as.
type told struct {
	ID       string // of the body, other on each delivery
	Topic    string
	Resource string
	Action   string
	Status   string
	Version  string
	Verdict  provider.Judgement
}

func (n told) body() []byte {
	if n.Topic == "" {
		n.Topic = "order"
	}
	if n.Verdict == "" {
		n.Verdict = provider.Verified
	}
	b, _ := json.Marshal(n)
	return b
}

// read is the provider's reader: nothing verifies without a secret.
func read(d provider.Delivery, secrets []provider.Secret) (provider.Notice, provider.Verdict) {
	var n told
	if json.Unmarshal(d.Body, &n) != nil || n.Topic == "" || n.Resource == "" {
		return provider.Notice{}, provider.Verdict{Judgement: provider.Unreadable}
	}
	if n.Verdict == provider.Verified && len(secrets) == 0 {
		n.Verdict = provider.BadSignature
	}
	return provider.Notice{Topic: n.Topic, Resource: n.Resource, Action: n.Action, Status: n.Status, Version: n.Version},
		provider.Verdict{Judgement: n.Verdict}
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// desk is an inbox on a real database, with a clock that stands and an owner
// that answers what the test says and counts what it was asked.
type desk struct {
	*inbox.Service
	t     testing.TB
	db    *store.DB
	world storetest.World
	clock *posta.MovableClock
	woken atomic.Int32

	mu     sync.Mutex
	newest posta.NotificationID
	asked  []provider.Notice
	at     []time.Time
	answer func(provider.Notice) (inbox.Handling, error)
}

const somePayment = posta.PaymentID("pay_1")

func newDesk(t testing.TB, db *store.DB) *desk {
	d := &desk{t: t, db: db, world: storetest.Seed(t, db), clock: posta.NewFrozenClock(storetest.Now),
		answer: func(provider.Notice) (inbox.Handling, error) {
			return inbox.Handling{Payment: somePayment, Changed: true}, nil
		}}
	d.Service = d.replica(notes{db, d})
	return d
}

// replica is another inbox over the same database, with the same owner.
func (d *desk) replica(s inbox.Store) *inbox.Service {
	return &inbox.Service{Store: s, Clock: d.clock, Log: quiet, Wake: func() { d.woken.Add(1) },
		Read: map[string]func(provider.Delivery, []provider.Secret) (provider.Notice, provider.Verdict){"mercadopago": read},
		Secret: func(context.Context, posta.ConnectionID) ([]provider.Secret, error) {
			return []provider.Secret{{ID: "s1", Value: "v"}}, nil
		},
		Owners: map[string]inbox.Owner{"order": d.own, "payment": d.own}}
}

func (d *desk) own(_ context.Context, _ posta.ConnectionID, n provider.Notice) (inbox.Handling, error) {
	d.mu.Lock()
	d.asked = append(d.asked, n)
	d.at = append(d.at, d.clock.Now())
	answer := d.answer
	d.mu.Unlock()
	return answer(n)
}

func (d *desk) fetches() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.asked)
}

func (d *desk) wantFetches(want int) {
	d.t.Helper()
	if got := d.fetches(); got != want {
		d.t.Fatalf("%d fetches, want %d", got, want)
	}
}

// accept takes in a delivery, each time with other headers, and gives its id.
func (d *desk) accept(n told) posta.NotificationID {
	d.t.Helper()
	header := http.Header{"X-Request-Id": {posta.NewULID(d.clock.Now())}, "X-Signature": {"ts=" + posta.NewULID(d.clock.Now()) + ",v1=0"}}
	n.ID = posta.NewULID(d.clock.Now())
	if err := d.Accept(d.t.Context(), d.world.Connection.ID, "", header, n.body()); err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.newest
}

// notes is the store, and notes what comes in last.
type notes struct {
	inbox.Store
	*desk
}

func (s notes) InsertNotification(ctx context.Context, n inbox.Notification) error {
	s.mu.Lock()
	s.newest = n.ID
	s.mu.Unlock()
	return s.Store.InsertNotification(ctx, n)
}

func (d *desk) list() []inbox.Notification {
	d.t.Helper()
	list, err := d.List(d.t.Context(), inbox.Filter{MerchantID: d.world.Merchant.ID, Page: posta.Page{Limit: 100}})
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func (d *desk) get(id posta.NotificationID) inbox.Notification {
	d.t.Helper()
	n, err := d.Get(d.t.Context(), d.world.Merchant.ID, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

func (d *desk) want(id posta.NotificationID, state inbox.State, result inbox.Result) inbox.Notification {
	d.t.Helper()
	n := d.get(id)
	if n.State != state || n.Result != result {
		d.t.Fatalf("%s %q, want %s %q", n.State, n.Result, state, result)
	}
	if due := !n.DueAt.IsZero(); due != (state == inbox.Received || state == inbox.Waiting) {
		d.t.Fatalf("%s, due %v", n.State, n.DueAt)
	}
	return n
}

// sweep works off what is due, until nothing is.
func (d *desk) sweep() {
	d.t.Helper()
	if err := work.Once(d.t.Context(), work.Sweep{Name: "notifications", Run: d.Sweep}); err != nil {
		d.t.Fatal(err)
	}
}

// claim takes what is due without handling it.
func (d *desk) claim() (handlings []func()) {
	d.t.Helper()
	if _, err := d.Sweep(d.t.Context(), func(f func()) { handlings = append(handlings, f) }); err != nil {
		d.t.Fatal(err)
	}
	return handlings
}

func (d *desk) later(wait time.Duration) {
	d.t.Helper()
	d.clock.Move(wait)
	d.sweep()
}

func each(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newDesk(t, db)) })
}

var lost = posta.Errorf(posta.CodeProviderUnavailable, "scripted")

func refuses(err error) func(provider.Notice) (inbox.Handling, error) {
	return func(provider.Notice) (inbox.Handling, error) { return inbox.Handling{}, err }
}

func finds(h inbox.Handling) func(provider.Notice) (inbox.Handling, error) {
	return func(provider.Notice) (inbox.Handling, error) { return h, nil }
}

func (d *desk) answers(f func(provider.Notice) (inbox.Handling, error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = f
}
