package prisma

import (
	"cmp"
	"math/rand/v2"
	"time"
)

// settle does, one after the other and each at its time, what is due by now.
func (s *Simulator) settle(now time.Time) {
	for {
		at, event := s.nextEvent()
		if event == nil || at.After(now) {
			break
		}
		event(at)
	}
	if s.switches.SettlementUnattended {
		s.closeUnattended(now)
	}
}

// nextEvent is the first thing that time will do; what stands at a terminal
// that is off does not move.
func (s *Simulator) nextEvent() (at time.Time, event func(time.Time)) {
	first := func(t time.Time, f func(time.Time)) {
		if !t.IsZero() && (event == nil || t.Before(at)) {
			at, event = t, f
		}
	}
	for _, i := range sorted(s.open) {
		if i.Terminal != "" && s.devices[i.Terminal].Off {
			continue
		}
		first(i.Due, func(t time.Time) { s.conclude(i, t) })
		first(i.UndoDue, func(t time.Time) { s.undoStep(i, t) })
	}
	for _, d := range sorted(s.devices) {
		if !d.Off && d.Current == "" {
			first(d.NextClose, func(t time.Time) { s.autoClose(d, t) })
		}
	}
	return at, event
}

// untilNext is how long Run may rest.
func (s *Simulator) untilNext(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, event := s.nextEvent()
	if event == nil {
		return time.Hour
	}
	return max(time.Millisecond, min(time.Hour, at.Sub(now)))
}

// undoStep moves a cancellation on.
func (s *Simulator) undoStep(i *intent, at time.Time) {
	i.UndoDue = time.Time{}
	switch {
	case i.Race == RacePaymentWins: // a reversal, whose cancellation is refused
		s.move(i, undoRefused, at)
	case i.Stage == undoAsked:
		i.UndoDue = at.Add(s.cfg.Pace.Undo)
		s.move(i, undoing, at)
	default:
		s.takeBack(i, "undo", at)
		s.leave(i, undone, "CANCELADA POR LA CAJA", at)
	}
}

// ask sends what the terminal has to the acquirer.
func (s *Simulator) ask(i *intent, now time.Time) {
	p := s.cfg.Pace
	wait := p.AnswerMin
	if p.AnswerMax > p.AnswerMin {
		n := s.next(&s.count.Draw)
		wait += time.Duration(rand.New(rand.NewPCG(p.Seed, uint64(n))).Int64N(int64(p.AnswerMax - p.AnswerMin)))
	}
	if i.Kind == KindSettlement {
		wait = p.Close
	}
	i.Step, i.Due = StepAnswer, now.Add(wait+s.lateness())
	s.put(i)
}

// conclude is the acquirer's answer, which a terminal whose power is cut then
// does not pass on.
func (s *Simulator) conclude(i *intent, at time.Time) {
	i.Due = time.Time{}
	s.answer(i, at)
	d := s.devices[i.Terminal]
	if d.Cut != "" {
		i.Cut, i.Step = d.Cut, stepLost
		d.Cut, d.Off = "", true
		s.put(i)
		s.put(d)
		return
	}
	s.report(i, at)
}

// report passes the acquirer's answer on to the till.
func (s *Simulator) report(i *intent, at time.Time) {
	if i.Race == RaceUndoWins && (i.Stage == undoAsked || i.Stage == undoing) {
		i.Step = stepUndo // the steps of the cancellation take it back
		s.put(i)
		return
	}
	to := map[string]stage{"approved": done, "declined": declined, "failed": failed}[i.Result.Outcome]
	if to == done && i.Stage == undoRefused && s.switches.UndoDeclinedFinal {
		to = undoRefused
	}
	s.print(i)
	s.leave(i, to, cmp.Or(i.Result.Message, "APROBADA"), at)
}

// leave ends an intent and frees its terminal.
func (s *Simulator) leave(i *intent, to stage, message string, at time.Time) {
	i.Step, i.Due, i.UndoDue = "", time.Time{}, time.Time{}
	if to == undone && i.Result != nil {
		i.Result.Code, i.Result.Message = "", message
	}
	s.move(i, to, at)
	if d := s.devices[i.Terminal]; d != nil && d.Current == i.ID {
		d.Current, d.Last, d.Message = "", i.ID, message
		s.put(d)
	}
}
