package operators_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
	sim "posta/sim/prisma"
	"posta/store"
	"posta/store/storetest"
)

// shop is two tills and two terminals, the hub that they charge through, and
// the people who press their keys: all of it on one clock that a seed moves.
type shop struct {
	t     *testing.T
	ctx   context.Context
	rnd   *rand.Rand
	clock *posta.MovableClock
	db    *store.DB
	world storetest.World

	terminals []posta.TerminalID
	codes     []string
	tills     []posta.TillID

	sim     *sim.Simulator
	simFile string
	config  provider.Config

	hubs        []*hub
	hub         *hub // that answers now
	payments    *payment.Service
	settlements *settlement.Service
	wrist       *wrist
	atOnce      bool // the hubs sweep at the same time: the seed does not replay
	deserted    bool // hardly anybody is at the terminals
	lying       bool // a person may say what is not on the slip

	lies     map[posta.PaymentID]lie
	stained  map[string]bool               // batches about which a person said something, or more was sold
	onDevice map[string]bool               // terminals that closed a batch by themselves, or may have
	slipOf   map[posta.SettlementID]string // the provider's id of what a closing slip was of
	askedAt  map[posta.SettlementID]time.Time

	charged []posta.PaymentID
	refunds []posta.RefundID
	closes  []posta.SettlementID
	did     map[string]int
	log     []string
}

const cuit = "30-00000000-7"

func newShop(t *testing.T, seed uint64) *shop {
	t.Helper()
	clock := posta.NewFrozenClock(time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC))
	s := &shop{t: t, ctx: t.Context(), rnd: rand.New(rand.NewPCG(seed, 1)), clock: clock, codes: []string{"10000001", "10000002"},
		did: map[string]int{}, wrist: &wrist{Clock: clock}, atOnce: seed%4 == 1, deserted: seed%4 == 3, lying: seed%2 == 0,
		lies: map[posta.PaymentID]lie{}, stained: map[string]bool{}, onDevice: map[string]bool{}, slipOf: map[posta.SettlementID]string{},
		askedAt: map[posta.SettlementID]time.Time{}, simFile: filepath.Join(t.TempDir(), "terminals.db")}
	var err error
	s.sim, err = sim.New(sim.Config{Clock: clock, File: s.simFile, Pace: sim.RealisticPace})
	must(t, err)
	server := httptest.NewServer(s.sim.Handler())
	t.Cleanup(func() { server.Close(); must(t, s.sim.Close()) })
	account := sim.Account{PublicKey: "public-key-of-a-test", SecretKey: "secret-key-of-a-test", CUIT: cuit, Environment: sim.Homologation}
	for _, code := range s.codes {
		account.Terminals = append(account.Terminals, sim.Terminal{ID: code, Name: code})
	}
	must(t, s.sim.AddAccount(account))

	s.db = storetest.OpenAt(t, storetest.URL(t, store.SQLite))
	must(t, s.db.Migrate(s.ctx))
	s.world = storetest.Seed(t, s.db)
	s.tills = []posta.TillID{s.world.Till.ID, s.world.AddTill(t, s.db).ID}
	first := s.world.AddTerminal(t, s.db, s.codes[0])
	second := first
	second.ID, second.Code = posta.NewID[posta.TerminalID](clock.Now()), s.codes[1]
	must(t, s.db.InsertTerminal(s.ctx, second))
	s.terminals = []posta.TerminalID{first.ID, second.ID}
	s.config = provider.Config{"public_key": account.PublicKey, "secret_key": account.SecretKey,
		"cuit": cuit, "environment": "homologation", "base_url": server.URL}
	s.hubs = []*hub{s.start(), s.start()}
	s.turn()
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *shop) chance(percent int) bool { return s.rnd.IntN(100) < percent }

func pick[T any](s *shop, list []T) T { return list[s.rnd.IntN(len(list))] }

func (s *shop) note(format string, args ...any) {
	s.log = append(s.log, s.clock.Now().Format("15:04:05.0 ")+fmt.Sprintf(format, args...))
	if len(s.log) > 200 {
		s.log = s.log[1:]
	}
}

// wrong ends the test with what led to it.
func (s *shop) wrong(format string, args ...any) {
	s.t.Helper()
	for _, line := range s.log {
		s.t.Log(line)
	}
	s.t.Fatalf(format, args...)
}

// later moves the clock and does what became due, as the hub's loop would.
func (s *shop) later(d time.Duration) {
	s.clock.Move(d)
	must(s.t, s.sim.Settle(s.clock.Now()))
	s.sweep()
}

func (s *shop) payment(id posta.PaymentID) payment.Payment {
	p, err := s.payments.Get(s.ctx, s.world.Merchant.ID, posta.Test, id)
	must(s.t, err)
	return p
}

func (s *shop) refund(id posta.RefundID) payment.Refund {
	r, err := s.db.Refund(s.ctx, s.world.Merchant.ID, posta.Test, id)
	must(s.t, err)
	return r
}

// expected are refusals that a person at a till may be told.
func (s *shop) expected(err error, codes ...posta.Code) bool {
	s.t.Helper()
	if err == nil {
		return false
	}
	if s.hub.gone() {
		return true
	}
	for _, code := range codes {
		if posta.ErrorCode(err) == code {
			return true
		}
	}
	s.wrong("refused: %v", err)
	return true
}
