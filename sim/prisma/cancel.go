package prisma

import "net/http"

// undo asks for an intent's cancellation (docs/providers/prisma.md §5.5). Not
// taken yet, it is undone in two steps; while a terminal works on it, the
// switch cancel_race decides; after its end it is 409. A second request finds
// the first one under way.
func (c *call) undo(i *intent, answer func() reply) reply {
	s := c.sim
	switch {
	case i.final():
		return c.conflict("La operación ya finalizó: " + i.status())
	case i.Stage == undoAsked || i.Stage == undoing || i.Stage == undoRefused:
		return answer()
	case i.Terminal != "":
		if race := s.switches.CancelRace; race == RaceUndoWins || race == RacePaymentWins {
			i.Race = race
		} else {
			return c.conflict("La operación está siendo procesada en la terminal")
		}
	}
	if i.Race != RacePaymentWins || i.Kind == KindReversal {
		i.UndoDue = c.now.Add(s.cfg.Pace.Undo)
	}
	s.move(i, undoAsked, c.now)
	return answer()
}

func cancelPayment(c *call) reply {
	i := c.find(KindPayment)
	if i == nil {
		return c.notFound("Pago")
	}
	return c.undo(i, func() reply { return reply{status: http.StatusOK, body: c.sim.paymentAnswer(i)} })
}

func cancelReversal(c *call) reply {
	i := c.find(KindReversal)
	if i == nil {
		return c.notFound("Anulación")
	}
	return c.undo(i, func() reply { return reply{status: http.StatusOK, body: c.sim.reversalAnswer(i)} })
}

func cancelRefund(c *call) reply {
	i := c.find(KindRefund)
	if i == nil {
		return c.notFound("Devolución")
	}
	return c.undo(i, func() reply { return reply{status: http.StatusOK, body: c.sim.refundAnswer(i, false)} })
}

// find gives the intent of the path that belongs to the caller. A reversal is
// found by its payment's id (§6).
func (c *call) find(kind string) *intent {
	i := c.sim.intents[c.path("id")]
	if kind == KindReversal {
		i = c.sim.reversalOf[c.path("id")]
	}
	if i == nil || i.Kind != kind || i.Account != c.account.PublicKey {
		return nil
	}
	return i
}
