package subscription_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/mail"
	"posta/page"
	"posta/payment"
	"posta/provider"
	"posta/provider/mercadopago"
	"posta/sim/fault"
	sim "posta/sim/mercadopago"
	"posta/store"
	"posta/store/storetest"
	"posta/subscription"
	"posta/text"
	"posta/work"
)

const (
	seller = 446566691
	token  = "APP_USR-1234567890123456-112214-0123456789abcdef0123456789abcdef-446566691"
)

// start is when tests begin: a day that not every month has.
var start = time.Date(2027, 1, 31, 15, 0, 0, 0, time.UTC)

// hub is the service over real payments, the connector and the simulator.
type hub struct {
	*subscription.Service
	sim      *sim.Simulator
	payments *payment.Service
	db       *store.DB
	clock    *posta.MovableClock
	world    storetest.World
	post     *postman
	wire     *http.Transport
	link     provider.Connector
}

// postman takes mail, or refuses it.
type postman struct {
	mu   sync.Mutex
	sent []mail.Message
	fail error
	note func() // happens when a mail was taken, before that is noted
}

// Send takes one.
func (p *postman) Send(_ context.Context, m mail.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return p.fail
	}
	p.sent = append(p.sent, m)
	if p.note != nil {
		p.note()
	}
	return nil
}

func newHub(t testing.TB, db *store.DB, switches sim.Switches) *hub {
	t.Helper()
	clock := posta.NewFrozenClock(start)
	s, err := sim.New(sim.Config{Clock: clock, AllowLoopback: true, Switches: switches, Senders: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.SetPublicURL(server.URL)
	if err := s.AddAccount(sim.Account{UserID: seller, AccessToken: token, WebhookSecret: "secret", Site: "MLA", Test: true}); err != nil {
		t.Fatal(err)
	}
	connector, err := mercadopago.Description().Open(provider.Config{"access_token": token, "base_url": server.URL}, &http.Client{Timeout: 10 * time.Second, Transport: transport}, clock)
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{sim: s, db: db, clock: clock, world: storetest.Seed(t, db), post: &postman{}, wire: transport, link: connector}
	opener := func(context.Context, posta.ConnectionID) (provider.Connector, error) { return h.link, nil }
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	h.payments = &payment.Service{Store: db, Clock: clock, Log: log, Committed: func() {}, Open: opener, NotifyURL: func(posta.ConnectionID) string { return "" }}
	catalog := text.Must()
	h.Service = &subscription.Service{Store: db, Open: opener, Payments: h.payments, Clock: clock, Log: log, Committed: func() {},
		Say: func(language, key string, args ...any) string { return catalog.Localizer(language).T(key, args...) },
		Amount: func(language string, m posta.Money) string {
			return page.MoneyWithCode(m.Amount, string(m.Currency), language)
		},
		Mail: h.post, MailFrom: "cobros@posta.example", URL: func() string { return "https://posta.example" }}
	return h
}

// unplugged has the wire fail by rules, each call on a connection of its own: one
// that is cut is not asked again by the transport.
func (h *hub) unplugged(t testing.TB, rules ...fault.Rule) {
	t.Helper()
	h.wire.CloseIdleConnections()
	h.wire.DisableKeepAlives = true
	if err := h.sim.Fault().Set(rules...); err != nil {
		t.Fatal(err)
	}
}

// sqlite is a hub on a database of its own.
func sqlite(t testing.TB, switches sim.Switches) *hub {
	t.Helper()
	return newHub(t, storetest.Open(t, store.SQLite), switches)
}

// plan makes a monthly plan; change alters what is asked for.
func (h *hub) plan(t testing.TB, engine subscription.Engine, change func(*subscription.NewPlan)) subscription.Plan {
	t.Helper()
	in := subscription.NewPlan{ID: posta.NewID[posta.PlanID](h.clock.Now()), MerchantID: h.world.Merchant.ID, Mode: posta.Test, ConnectionID: h.world.Connection.ID,
		Name: "Club del vino", Amount: posta.Money{Amount: 150_000}, Period: provider.Period{Every: 1, Unit: "months"}, Engine: engine, By: "user:test"}
	if engine == subscription.EngineHub {
		in.Methods = []string{"rapipago"}
	}
	if change != nil {
		change(&in)
	}
	p, err := h.CreatePlan(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func buyer() provider.Buyer {
	return provider.Buyer{Email: "test_user_1851037@testuser.com", FirstName: "Ana", LastName: "Prueba", Identification: provider.Identification{Type: "DNI", Number: "12345678"}}
}

// signUp makes a subscription; with the provider's engine by a card in the name of holder.
func (h *hub) signUp(t testing.TB, p subscription.Plan, holder string) subscription.Subscription {
	t.Helper()
	in := subscription.SignUp{ID: posta.NewID[posta.SubscriptionID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PlanID: p.ID, Buyer: buyer(), By: "user:test"}
	if p.Engine == subscription.EngineProvider {
		in.Token = h.card(t, holder)
	}
	s, err := h.SignUp(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (h *hub) card(t testing.TB, holder string) string {
	t.Helper()
	card, err := h.sim.Tokenize(seller, sim.CardForm{Holder: holder})
	if err != nil {
		t.Fatal(err)
	}
	return card
}

// later moves the clock on, has the simulator do what is due, and sweeps until
// nothing is.
func (h *hub) later(t testing.TB, d time.Duration) {
	t.Helper()
	h.clock.Move(d)
	if err := h.sim.Expire(h.clock.Now()); err != nil {
		t.Fatal(err)
	}
	h.sweep(t)
}

func (h *hub) sweep(t testing.TB) {
	t.Helper()
	for worked := true; worked; {
		worked = false
		for _, run := range []func(context.Context, func(func())) (int, error){h.payments.SweepPayments, h.payments.SweepRefunds, h.SweepPlans, h.SweepSubscriptions,
			h.SweepMail, func(ctx context.Context, _ func(func())) (int, error) { return h.db.PositionEvents(ctx) }, h.SweepPaid} {
			counted := func(ctx context.Context, each func(func())) (int, error) {
				took, err := run(ctx, each)
				worked = worked || took > 0
				return took, err
			}
			if err := work.Once(t.Context(), work.Sweep{Run: counted}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (h *hub) get(t testing.TB, id posta.SubscriptionID) subscription.Subscription {
	t.Helper()
	s, err := h.Service.Get(t.Context(), h.world.Merchant.ID, posta.Test, id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (h *hub) invoices(t testing.TB, id posta.SubscriptionID) []subscription.Invoice {
	t.Helper()
	list, err := h.Invoices(t.Context(), h.world.Merchant.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// states writes an invoice's states and tries in short: "paid1 open1 scheduled0".
func states(list []subscription.Invoice) (out []string) {
	for _, i := range list {
		out = append(out, string(i.State)+posta.FormatDecimal(int64(i.Tried), 0))
	}
	return out
}
