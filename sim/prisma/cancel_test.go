package prisma_test

import (
	"testing"

	"posta/sim/prisma"
)

// steps wants a payment's status after each of the two steps of a cancellation.
func (b *stand) steps(id string, want ...string) {
	b.Helper()
	for _, w := range want {
		b.clock.Move(prisma.RealisticPace.Undo)
		b.status(id, w)
	}
}

func TestPRPAY12_CanceledBeforeATerminalTookIt(t *testing.T) {
	b := newStand(t, paced)
	id := b.asked()
	b.equal(b.want(b.cancel(id), 200), "UNDO_REQUEST", "payment_data", "payment_status")
	if len(b.sim.Intents(one)) != 0 || b.sim.Take(one, id) == nil {
		t.Fatal("a terminal can still take it")
	}
	b.equal(b.want(b.cancel(id), 200), "UNDO_REQUEST", "payment_data", "payment_status") // said twice
	b.status(id, "UNDO_REQUEST")
	b.steps(id, "PROCESSING_UNDO")
	b.equal(b.want(b.cancel(id), 200), "PROCESSING_UNDO", "payment_data", "payment_status")
	b.steps(id, "UNDONE")
	if len(b.sim.Books().Authorizations) != 0 {
		t.Fatal("money moved")
	}
}

func TestPRPAY13_CancelWhileProcessingIsRefused(t *testing.T) {
	b := newStand(t, paced)
	id := b.asked()
	b.do(b.sim.Take(one, id))
	b.refused(b.cancel(id), 409, "procesada en la terminal")
	b.do(b.sim.Present(one, prisma.Card{}))
	b.refused(b.cancel(id), 409, "procesada en la terminal")
	b.clock.Move(prisma.RealisticPace.AnswerMax)
	b.status(id, "CONFIRMED")
}

func TestPRPAY14_TheCancellationWins(t *testing.T) {
	b := newStand(t, paced, switched(func(w *prisma.Switches) { w.CancelRace = prisma.RaceUndoWins }))
	before := b.asked() // no card yet
	b.do(b.sim.Take(one, before))
	b.equal(b.want(b.cancel(before), 200), "UNDO_REQUEST", "payment_data", "payment_status")
	b.steps(before, "PROCESSING_UNDO", "UNDONE")
	if b.sim.Terminals()[0].Current != nil {
		t.Fatal("the terminal is still busy")
	}

	after := b.asked() // a card, but the acquirer's answer would come too late
	b.do(b.sim.Take(one, after))
	b.want(b.cancel(after), 200)
	b.do(b.sim.SetSwitches(prisma.Switches{}))
	b.do(b.sim.Present(one, prisma.Card{}))
	b.steps(after, "PROCESSING_UNDO", "UNDONE")
	if len(b.sim.Books().Authorizations) != 0 {
		t.Fatal("the acquirer was asked for a payment that was undone before")
	}
}

func TestPRPAY15_WhatWasGrantedMeanwhileIsTakenBack(t *testing.T) {
	b := newStand(t, func(c *prisma.Config) {
		c.Pace = prisma.Pace{Undo: prisma.RealisticPace.Undo}
		c.Switches.CancelRace = prisma.RaceUndoWins
	})
	id := b.asked()
	b.do(b.sim.Take(one, id))
	b.want(b.cancel(id), 200)
	b.do(b.sim.Present(one, prisma.Card{}))
	a := b.status(id, "UNDO_REQUEST")
	b.equal(a, "<nil>", "payment_data", "authorization_code")
	b.steps(id, "PROCESSING_UNDO", "UNDONE")
	a = b.payment(id)
	b.equal(a, "<nil>", "payment_data", "acquirer_response_code")
	b.equal(a, "CANCELADA POR LA CAJA", "payment_data", "acquirer_additional_message")
	x := b.sim.Books().Authorizations
	if len(x) != 1 || !x[0].Reversed || x[0].VoidedBy != "undo" || b.sim.Terminals()[0].Totals.Total.Count != 0 {
		t.Fatal(x)
	}
}

func TestPRPAY16_ThePaymentWins(t *testing.T) {
	b := newStand(t, paced, switched(func(w *prisma.Switches) { w.CancelRace = prisma.RacePaymentWins }))
	for _, outcome := range []string{"approve", "decline"} {
		id := b.asked()
		b.do(b.sim.Take(one, id))
		b.do(b.sim.Present(one, prisma.Card{Outcome: outcome}))
		b.equal(b.want(b.cancel(id), 200), "UNDO_REQUEST", "payment_data", "payment_status")
		b.steps(id, "UNDO_REQUEST", "UNDO_REQUEST")
		b.clock.Move(prisma.RealisticPace.AnswerMax)
		b.status(id, map[string]string{"approve": "CONFIRMED", "decline": "DECLINED"}[outcome])
	}
	if x := b.sim.Books().Authorizations; len(x) != 1 || x[0].Reversed {
		t.Fatal(x)
	}
}

func TestPRPAY17_AfterTheEndItIsTooLate(t *testing.T) {
	b := newStand(t)
	b.refused(b.cancel(b.paid(prisma.Card{})), 409, "finalizó")
	id := b.asked()
	b.want(b.cancel(id), 200)
	b.status(id, "UNDONE")
	b.refused(b.cancel(id), 409, "finalizó")
}
