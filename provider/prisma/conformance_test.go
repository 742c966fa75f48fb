package prisma_test

import (
	"testing"
	"time"

	"posta/provider"
	"posta/provider/providertest"
	"posta/sim/fault"
	sim "posta/sim/prisma"
)

// TestConformance runs the suite over the terminals. A declined card ends the
// charge there.
func TestConformance(t *testing.T) {
	providertest.Run(t, providertest.Suite{Start: func(t *testing.T) *providertest.Rail {
		c := newCounter(t)
		calls := map[providertest.Operation]string{providertest.Create: "payment_create", providertest.Cancel: "payment_cancel",
			providertest.Refund: "(refund|reversal)_create"}
		at := func(t *testing.T, charge provider.Charge, terminal string, card sim.Card) {
			_ = c.Take(terminal, charge.Order) // unless the customer had begun
			did(t, c.Present(terminal, card))
		}
		return &providertest.Rail{
			Connector:   c.open(t, nil),
			Refused:     c.open(t, provider.Config{"secret_key": "another"}),
			Charge:      c.charge,
			Pay:         func(t *testing.T, charge provider.Charge) { at(t, charge, one, sim.Card{}) },
			Decline:     func(t *testing.T, charge provider.Charge) { at(t, charge, one, sim.Card{Outcome: "decline"}) },
			DeclineEnds: true,
			Begin: func(t *testing.T, charge provider.Charge) {
				did(t, c.SetSwitches(sim.Switches{CancelRace: sim.RacePaymentWins}))
				did(t, c.Take(one, charge.Order))
			},
			Advance: func(d time.Duration) { c.clock.Move(d) },
			CutNext: func(op providertest.Operation) {
				c.break_(t, fault.Rule{Operation: calls[op], Action: fault.CutAfter, Times: 1})
			},
			FailNext: func(op providertest.Operation, status int) {
				c.break_(t, fault.Rule{Operation: calls[op], Action: fault.Status, Status: status, Times: 1})
			},
			Untied:        true,
			GiveBack:      func(t *testing.T, _ provider.Charge) { c.giveBack(t) },
			OtherTerminal: two,
			PayAt:         func(t *testing.T, charge provider.Charge, terminal string) { at(t, charge, terminal, sim.Card{}) },
			CloseBatch:    func(t *testing.T, _ string) { c.giveBack(t) },
		}
	}})
}
