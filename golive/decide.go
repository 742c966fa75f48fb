package golive

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"posta"
	"posta/payment"
	"posta/project"
)

// The bounds of a measurement window: it is for measuring, not for selling.
const (
	MaxWindowPayments = 20
	MaxWindowHours    = 7 * 24
)

const (
	leastReason = 10 // characters of why
	mostReason  = 500
)

// WindowInput asks for a measurement window.
type WindowInput struct {
	Payments int   // 1 to 20
	Amount   int64 // in all, minor units
	Hours    int   // 1 to 168
}

// OpenWindow lets a few payments pass, so that a first one made with production
// credentials can be measured; it ends by itself. One that runs is replaced, and
// its use begins anew. Errors: not_found; forbidden, also for whoever is no
// person; invalid with fields payments, amount, hours (out_of_range);
// not_allowed_in_state with Params["missing"] (credentials, tls, homologation,
// project) or with Params["gate"] when the gate is open or a pilot runs.
func (s *Service) OpenWindow(ctx context.Context, a project.Actor, c posta.ConnectionID, in WindowInput) (Gate, error) {
	v, err := s.decide(ctx, a, c)
	if err != nil {
		return Gate{}, err
	}
	var p posta.Problems
	p.Add(in.Payments < 1 || in.Payments > MaxWindowPayments, "payments", "out_of_range")
	p.Add(in.Amount < 1 || in.Amount > payment.MaxAmount, "amount", "out_of_range")
	p.Add(in.Hours < 1 || in.Hours > MaxWindowHours, "hours", "out_of_range")
	if err := p.Err(); err != nil {
		return Gate{}, err
	}
	if v, err = s.judged(ctx, v); err == nil {
		err = lacking(v.ForWindow)
	}
	if err != nil {
		return Gate{}, err
	}
	return s.change(ctx, a, v, func(g *Gate) (string, told, error) {
		if g.State == payment.GateOpen || g.State == payment.GatePilot {
			return "", nil, standing(g.Gate)
		}
		now := s.Clock.Now()
		g.turn(payment.GateWindow, a, now)
		g.Window = payment.Window{Payments: in.Payments, Amount: in.Amount, From: now, To: now.Add(time.Duration(in.Hours) * time.Hour)}
		return "window_opened", told{"payments": in.Payments, "amount": in.Amount, "from": g.Window.From, "to": g.Window.To}, nil
	})
}

// Open lets every payment pass. A repeat finishes what was begun. Errors:
// not_found; forbidden, also for whoever is no person; not_allowed_in_state with
// Params["missing"].
func (s *Service) Open(ctx context.Context, a project.Actor, c posta.ConnectionID) (Gate, error) {
	v, err := s.decide(ctx, a, c)
	if err != nil {
		return Gate{}, err
	}
	if v.Gate.State != payment.GateOpen {
		if v, err = s.judged(ctx, v); err == nil {
			err = lacking(v.ForOpen)
		}
		if err != nil {
			return Gate{}, err
		}
	}
	return s.open(ctx, a, v, "opened")
}

// open opens the gate and notes it with the project.
func (s *Service) open(ctx context.Context, a project.Actor, v View, kind string) (Gate, error) {
	g, err := s.change(ctx, a, v, func(g *Gate) (string, told, error) {
		if g.State == payment.GateOpen {
			return "", nil, nil
		}
		g.turn(payment.GateOpen, a, s.Clock.Now())
		return kind, told{"items": summaryOf(v.Items), "waivers": g.Waivers}, nil
	})
	if err == nil && v.Project != nil && s.Opened != nil {
		_, err = s.Opened(ctx, a, v.Project.ID)
	}
	return g, err
}

// summaryOf is how the items stood when somebody decided.
func summaryOf(items []Item) map[string]string {
	out := map[string]string{}
	for _, i := range items {
		out[i.Key] = strings.TrimSpace(string(i.Status) + " " + i.Evidence)
	}
	return out
}

// Close lets nothing more pass, at once and also while a pilot runs, which its
// project stops or starts again; what was charged is looked after as ever.
// Errors: not_found; forbidden, also for whoever is no person; invalid with field
// reason (too_short, too_long, malformed).
func (s *Service) Close(ctx context.Context, a project.Actor, c posta.ConnectionID, reason string) (Gate, error) {
	v, err := s.decide(ctx, a, c)
	if err == nil {
		reason, err = checkReason(reason)
	}
	if err != nil {
		return Gate{}, err
	}
	return s.change(ctx, a, v, func(g *Gate) (string, told, error) {
		if g.State == payment.GateClosed {
			return "", nil, nil
		}
		was := g.State
		g.turn(payment.GateClosed, a, s.Clock.Now())
		g.Reason = reason
		return "closed", told{"was": was, "reason": reason}, nil
	})
}

// Waive lets the gate do without an item; who does so answers for it by name.
// Errors: not_found; forbidden, also for whoever is no person; invalid with
// fields item (unknown), reason (too_short: under 10 characters, too_long, malformed).
func (s *Service) Waive(ctx context.Context, a project.Actor, c posta.ConnectionID, item, reason string) (Gate, error) {
	v, err := s.decide(ctx, a, c)
	if err == nil {
		err = s.asksFor(ctx, v, item)
	}
	if err == nil {
		reason, err = checkReason(reason)
	}
	if err != nil {
		return Gate{}, err
	}
	return s.change(ctx, a, v, func(g *Gate) (string, told, error) {
		w := Waiver{Item: item, Reason: reason, By: a.By(), At: s.Clock.Now()}
		if old := g.waiver(item); old != nil {
			if old.Reason == w.Reason && old.By == w.By {
				return "", nil, nil
			}
			*old = w
		} else {
			g.Waivers = append(g.Waivers, w)
		}
		return "waived", told{"item": item, "reason": reason}, nil
	})
}

// Unwaive takes a waiver back; a gate that opened by it stays open. Errors:
// not_found, also where the item has no waiver; forbidden, also for whoever is
// no person.
func (s *Service) Unwaive(ctx context.Context, a project.Actor, c posta.ConnectionID, item string) (Gate, error) {
	v, err := s.decide(ctx, a, c)
	if err != nil {
		return Gate{}, err
	}
	return s.change(ctx, a, v, func(g *Gate) (string, told, error) {
		if g.waiver(item) == nil {
			return "", nil, &posta.Error{Code: posta.CodeNotFound}
		}
		g.Waivers = slices.DeleteFunc(g.Waivers, func(w Waiver) bool { return w.Item == item })
		return "unwaived", told{"item": item}, nil
	})
}

// asksFor refuses an item that the gate does not ask for.
func (s *Service) asksFor(ctx context.Context, v View, item string) error {
	keys, err := s.keys(ctx, v.Project)
	if err == nil && (!slices.Contains(keys, item) || item == ItemProject) {
		err = posta.Invalid("item", "unknown")
	}
	return err
}

func checkReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	var p posta.Problems
	p.Add(utf8.RuneCountInString(reason) < leastReason, "reason", "too_short")
	p.Add(utf8.RuneCountInString(reason) > mostReason, "reason", "too_long")
	p.Add(!utf8.ValidString(reason) || strings.ContainsFunc(reason, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' }), "reason", "malformed")
	return reason, p.Err()
}
