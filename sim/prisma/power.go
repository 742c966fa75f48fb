package prisma

import (
	"fmt"
	"time"
)

// Cut is the moment at which a terminal loses its power.
type Cut string

// The moments. After the authorization the acquirer has done the work and the
// backend never heard; at power-on the terminal tells of it (CONFIRMED), or
// takes it back (UNDONE).
const (
	CutNow                    Cut = "now"
	CutAfterAuthorization     Cut = "after_authorization"
	CutAfterAuthorizationUndo Cut = "after_authorization_undo"
)

// SetPower switches a terminal off or on. Off, its intents wait. What it was
// working on is resolved at power-on: what the acquirer never heard of ends
// with ERROR.
func (s *Simulator) SetPower(terminal string, on bool) error {
	return s.at(terminal, "power", func(d *device, now time.Time) error {
		if on {
			s.powerOn(d, now)
		} else {
			s.powerOff(d)
		}
		return nil
	})
}

// CutPower cuts the power now, or right after the acquirer's next answer at
// this terminal, before the backend hears of it.
func (s *Simulator) CutPower(terminal string, when Cut) error {
	return s.at(terminal, "cut_power", func(d *device, _ time.Time) error {
		switch when {
		case CutNow:
			s.powerOff(d)
		case CutAfterAuthorization, CutAfterAuthorizationUndo, "":
			d.Cut = when
			s.put(d)
		default:
			return fmt.Errorf("%w: no such moment %q", ErrState, when)
		}
		return nil
	})
}

// SetPaper takes the paper out or puts it in.
func (s *Simulator) SetPaper(terminal string, ok bool) error {
	return s.at(terminal, "paper", func(d *device, _ time.Time) error {
		d.NoPaper = !ok
		s.put(d)
		return nil
	})
}

func (s *Simulator) powerOff(d *device) {
	d.Off = true
	s.put(d)
	if i := s.intents[d.Current]; i != nil {
		i.Step, i.Due = stepLost, time.Time{}
		s.put(i)
	}
}

func (s *Simulator) powerOn(d *device, now time.Time) {
	d.Off = false
	s.put(d)
	i := s.intents[d.Current]
	if i == nil || i.Step != stepLost {
		return
	}
	asked := i.Stage == undoAsked || i.Stage == undoing
	switch {
	case i.Result == nil && asked:
		s.leave(i, undone, "CANCELADA POR LA CAJA", now)
	case i.Result == nil:
		i.Result = &result{Outcome: "failed", Code: "99", Message: "TRANSACCION INTERRUMPIDA", At: now}
		s.leave(i, failed, i.Result.Message, now)
	case i.Result.Outcome == "approved" && i.Kind != KindSettlement && i.Cut == CutAfterAuthorizationUndo:
		s.takeBack(i, "power", now)
		s.leave(i, undone, "REVERSADA AL ENCENDER", now)
	default:
		s.report(i, now)
	}
}
