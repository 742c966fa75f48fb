package prisma_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/provider/prisma"
	"posta/sim/fault"
	sim "posta/sim/prisma"
)

const (
	public, secret = "public-key-of-tests", "secret-key-of-tests"
	cuit           = "30-00000000-7"
	one, two       = "10000001", "10000002"
	api            = "/v1/paystore_terminals"
)

var start = time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)

// direct makes a connection a call, so that a cut one is not asked again by the
// transport.
func direct() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
}

// counter is a simulator with a merchant who has two terminals.
type counter struct {
	*sim.Simulator
	clock  *posta.MovableClock
	url    string
	client *http.Client
}

func newCounter(t *testing.T, change ...func(*sim.Config)) *counter {
	t.Helper()
	clock := posta.NewFrozenClock(start)
	cfg := sim.Config{Clock: clock}
	for _, f := range change {
		f(&cfg)
	}
	s, err := sim.New(cfg)
	did(t, err)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		did(t, s.Close())
	})
	did(t, s.AddAccount(sim.Account{PublicKey: public, SecretKey: secret, CUIT: cuit, Terminals: []sim.Terminal{{ID: one}, {ID: two}}}))
	return &counter{Simulator: s, clock: clock, url: server.URL, client: direct()}
}

func switched(f func(*sim.Switches)) func(*sim.Config) { return func(c *sim.Config) { f(&c.Switches) } }

func did(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens a connector at an address, with some fields changed.
func open(t *testing.T, url string, client *http.Client, clock posta.Clock, changes provider.Config) provider.Connector {
	t.Helper()
	cfg := provider.Config{"public_key": public, "secret_key": secret, "cuit": cuit, "base_url": url}
	for name, v := range changes {
		cfg[name] = v
	}
	connector, err := prisma.Description().Open(cfg, client, clock)
	did(t, err)
	return connector
}

func (c *counter) open(t *testing.T, changes provider.Config) provider.Connector {
	t.Helper()
	return open(t, c.url, c.client, c.clock, changes)
}

func (c *counter) charge(minor int64) provider.Charge {
	now := c.clock.Now()
	return provider.Charge{Payment: posta.NewID[posta.PaymentID](now), Amount: posta.Money{Amount: minor, Currency: "ARS"}, Title: "Sucursal Centro",
		Rail: provider.RailTerminal, Terminals: []string{one}, CreatedAt: now, ExpiresAt: now.Add(2 * time.Minute)}
}

// take has the terminal choose the first intent of its list, and gives it.
func (c *counter) take(t *testing.T) sim.Intent {
	t.Helper()
	list := c.Intents(one)
	if len(list) == 0 {
		t.Fatal("nothing waits on the terminal")
	}
	did(t, c.Take(one, list[0].ID))
	return list[0]
}

func (c *counter) pay(t *testing.T, card sim.Card) {
	t.Helper()
	c.take(t)
	did(t, c.Present(one, card))
}

// giveBack does the refund or reversal that waits on the terminal.
func (c *counter) giveBack(t *testing.T) {
	t.Helper()
	if i := c.take(t); i.Kind == sim.KindRefund {
		did(t, c.Present(one, sim.Card{Brand: i.Brand}))
	}
	did(t, c.Confirm(one))
}

func (c *counter) break_(t *testing.T, rules ...fault.Rule) {
	t.Helper()
	did(t, c.Fault().Add(rules...))
}

// calls counts what the simulator was asked, by operation.
func (c *counter) calls() map[string]int {
	count := map[string]int{}
	for _, x := range c.Traffic(0) {
		if x.Direction == "in" {
			count[x.Operation]++
		}
	}
	return count
}

func create(t *testing.T, connector provider.Connector, charge *provider.Charge) []provider.Fact {
	t.Helper()
	seen, err := connector.Create(t.Context(), *charge, "k")
	did(t, err)
	charge.Order = seen.Order
	return seen.Facts
}

func get(t *testing.T, connector provider.Connector, charge provider.Charge) []provider.Fact {
	t.Helper()
	seen, err := connector.Get(t.Context(), charge)
	did(t, err)
	return seen.Facts
}

func cancel(t *testing.T, connector provider.Connector, charge provider.Charge) []provider.Fact {
	t.Helper()
	seen, err := connector.Cancel(t.Context(), charge, "k")
	did(t, err)
	return seen.Facts
}

// wantState holds facts, in any order of arrival, to a state.
func wantState(t *testing.T, charge provider.Charge, facts []provider.Fact, state payment.State, attention payment.Attention) payment.Summary {
	t.Helper()
	sum := payment.Compute(charge.Amount.Amount, facts)
	if sum.State != state || sum.Attention != attention {
		t.Fatalf("%s %q, want %s %q of\n%+v", sum.State, sum.Attention, state, attention, facts)
	}
	backward := make([]provider.Fact, 0, len(facts))
	for i := range facts {
		backward = append(backward, facts[len(facts)-1-i])
	}
	if again := payment.Compute(charge.Amount.Amount, backward); again != sum {
		t.Fatalf("backward %+v, forward %+v", again, sum)
	}
	return sum
}
