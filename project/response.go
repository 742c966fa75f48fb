package project

import (
	"context"
	"time"

	"posta"
)

// Phases are all phases, in the order of the channel tables.
var Phases = []Phase{Presales, KickoffPhase, IntegrationPhase, GoLivePhase}

// Responses tells how soon the desk answered the questions that were asked from
// one moment until before another, by phase; phases without any are left out.
// Errors: forbidden.
func (s *Service) Responses(ctx context.Context, a Actor, from, to time.Time) ([]Response, error) {
	if err := a.team(See, ""); err != nil {
		return nil, err
	}
	clocks, err := s.Store.DeskClocks(ctx, a.Merchant, from, to)
	return Measure(clocks, from, to, s.Clock.Now()), err
}

// Measure adds up the clocks that started from one moment until before another,
// as they stand now. The mean is over what was answered; a question that was
// closed as needing no answer counts nowhere but among the late, if it was.
func Measure(clocks []Clock, from, to, now time.Time) (out []Response) {
	for _, phase := range Phases {
		r := Response{Phase: phase}
		var took time.Duration
		seen := false
		for _, c := range clocks {
			if c.Phase != phase || c.StartedAt.Before(from) || !c.StartedAt.Before(to) {
				continue
			}
			seen = true
			if c.Open() {
				r.Open++
			} else if c.Answer != "" {
				r.Answered++
				took += c.Took
			}
			if c.Late(now) {
				r.Breached++
			}
		}
		if r.Answered > 0 {
			r.Mean = took / time.Duration(r.Answered)
		}
		if seen {
			out = append(out, r)
		}
	}
	return out
}

// Late reports whether a clock breached, by now.
func (c Clock) Late(now time.Time) bool {
	return !c.BreachedAt.IsZero() || c.Open() && !now.Before(c.LimitAt)
}

// Week is how soon the desk answered what was asked in one week.
type Week struct {
	From      time.Time // Monday 00:00 by the merchant's clocks
	Responses []Response
}

// Weeks tells Responses of each of the last weeks, the present one last. Errors:
// forbidden.
func (s *Service) Weeks(ctx context.Context, a Actor, weeks int) ([]Week, error) {
	if err := a.team(See, ""); err != nil {
		return nil, err
	}
	location, err := s.Location(ctx, a.Merchant)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	first := monday0(now.In(location)).AddDate(0, 0, -7*(weeks-1))
	clocks, err := s.Store.DeskClocks(ctx, a.Merchant, first, now.Add(time.Microsecond))
	var out []Week
	for i := range weeks {
		from := first.AddDate(0, 0, 7*i)
		out = append(out, Week{From: from.UTC(), Responses: Measure(clocks, from, from.AddDate(0, 0, 7), now)})
	}
	return out, err
}

// monday0 is the beginning of a moment's week in its own time zone.
func monday0(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day-(int(t.Weekday())+6)%7, 0, 0, 0, 0, t.Location())
}

// breaches lists the clocks of a desk that have breached: those that are open, and
// those that breached in the last 30 days.
func (s *Service) breaches(ctx context.Context, m posta.MerchantID) (open, recent []Clock, err error) {
	now := s.Clock.Now()
	clocks, err := s.Store.DeskClocks(ctx, m, now.Add(-90*24*time.Hour), now.Add(time.Microsecond))
	for _, c := range clocks {
		if !c.Late(now) {
			continue
		}
		if c.Open() {
			open = append(open, c)
		}
		if now.Sub(c.LimitAt) <= 30*24*time.Hour {
			recent = append(recent, c)
		}
	}
	return open, recent, err
}
