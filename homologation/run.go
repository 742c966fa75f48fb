package homologation

import (
	"context"
	"slices"
	"time"

	"posta"
	"posta/project"
)

// StartRun drives cases one after the other against the simulator of the
// project's test connection, all that have a script, or those that are named.
// SweepRuns does it; the file tells how far it is. Errors: not_found (also an
// unknown case), forbidden, not_allowed_in_state with Params["script"] (a real
// provider: see Guide), ["reason"], or ["run"] while one is under way.
func (s *Service) StartRun(ctx context.Context, actor project.Actor, id posta.ProjectID, keys []string) (File, error) {
	p, err := s.connected(ctx, actor, id)
	if err != nil {
		return File{}, err
	}
	if s.Driver == nil {
		return File{}, refused("script", "no_simulator")
	}
	if _, err := s.Driver.Place(ctx, p.MerchantID, p.Test); err != nil {
		return File{}, err
	}
	if len(keys) == 0 {
		for _, c := range Set(p.Product) {
			if c.Script != "" {
				keys = append(keys, c.Key)
			}
		}
	}
	for _, key := range keys {
		if c, err := find(p.Product, key); err != nil || c.Script == "" {
			return File{}, &posta.Error{Code: posta.CodeNotFound, Params: map[string]string{"case": key}}
		}
	}
	return s.change(ctx, p.MerchantID, id, func(f *File) ([]posta.Event, error) {
		if f.Run.State == Running {
			return nil, refused("run", string(Running))
		}
		now := s.Clock.Now()
		f.Run = Run{State: Running, Cases: slices.Clone(keys), Doing: keys[0], StartedAt: now, By: actor.By()}
		f.DueAt = now
		return []posta.Event{s.event(actor.By(), "run_started", p.MerchantID, id, map[string]any{"cases": len(keys)})}, nil
	})
}

// StopRun has a run stop after the case under way. Errors: not_found, forbidden,
// not_allowed_in_state (none is under way).
func (s *Service) StopRun(ctx context.Context, actor project.Actor, id posta.ProjectID) (File, error) {
	p, err := s.project(ctx, actor, project.Work, id)
	if err != nil {
		return File{}, err
	}
	return s.change(ctx, p.MerchantID, id, func(f *File) ([]posta.Event, error) {
		if f.Run.State != Running {
			return nil, refused("run", string(f.Run.State))
		}
		f.Run.StopAsked = true
		return nil, nil
	})
}

// runLease is how long one case may take before another process may take over:
// longer than the limits of a driver.
const runLease = 3 * time.Minute

// caseTries is how often a case is begun: a hub that dies of one must not begin
// it for ever.
const caseTries = 3

// SweepRuns goes on with each run that is due, to its end or until ctx ends, and
// gives how many it took.
func (s *Service) SweepRuns(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimRuns(ctx, s.Clock.Now(), runLease, 4)
	if err != nil {
		return 0, err
	}
	for _, f := range due {
		each(func() {
			for more := true; more; {
				var err error
				if more, err = s.step(ctx, f); err != nil {
					s.Log.WarnContext(ctx, "homologation run", "project", f.ProjectID, "error", err)
				}
			}
		})
	}
	return len(due), nil
}

// step drives the case that a run stands at, notes what came of it, and reports
// whether there is another one.
func (s *Service) step(ctx context.Context, f File) (more bool, err error) {
	key := ""
	f, err = s.change(ctx, f.MerchantID, f.ProjectID, func(f *File) ([]posta.Event, error) {
		key = ""
		switch {
		case f.Run.State != Running:
			f.DueAt = time.Time{}
		case f.Run.StopAsked:
			return s.endRun(f, Stopped), nil
		case f.Run.Done >= len(f.Run.Cases):
			return s.endRun(f, Ended), nil
		default:
			key = f.Run.Cases[f.Run.Done]
			f.Run.Doing = key
			f.Run.Tries++
		}
		return nil, nil
	})
	if err != nil || key == "" {
		return false, err
	}
	code := posta.Code("")
	if f.Run.Tries > caseTries {
		code = posta.CodeInternal
	} else {
		code = posta.ErrorCode(s.drive(ctx, f, key))
	}
	if ctx.Err() != nil {
		return false, ctx.Err() // stopping: the lease brings it back
	}
	_, err = s.change(ctx, f.MerchantID, f.ProjectID, func(f *File) ([]posta.Event, error) {
		if f.Run.State != Running || f.Run.Done >= len(f.Run.Cases) || f.Run.Cases[f.Run.Done] != key {
			more = false
			return nil, nil // somebody else went on with it
		}
		if code != "" {
			if f.Run.Trouble == nil {
				f.Run.Trouble = map[string]string{}
			}
			f.Run.Trouble[key] = string(code)
		}
		f.Run.Done++
		f.Run.Tries, f.Run.Doing, f.DueAt, more = 0, "", s.Clock.Now().Add(runLease), false
		progress := s.event(f.Run.By, "run", f.MerchantID, f.ProjectID, map[string]any{"case": key, "done": f.Run.Done, "of": len(f.Run.Cases), "trouble": code})
		switch {
		case f.Run.Done >= len(f.Run.Cases):
			return append(s.endRun(f, Ended), progress), nil
		case f.Run.StopAsked:
			return append(s.endRun(f, Stopped), progress), nil
		}
		f.Run.Doing, more = f.Run.Cases[f.Run.Done], true
		return []posta.Event{progress}, nil
	})
	return more && err == nil, err
}

func (s *Service) endRun(f *File, state RunState) []posta.Event {
	f.Run.State, f.Run.EndedAt, f.Run.Doing, f.DueAt = state, s.Clock.Now(), "", time.Time{}
	return []posta.Event{s.event(f.Run.By, "run_ended", f.MerchantID, f.ProjectID, map[string]any{"state": state, "done": f.Run.Done})}
}

// drive brings one case about and judges it.
func (s *Service) drive(ctx context.Context, f File, key string) error {
	p, err := s.Store.Project(ctx, f.MerchantID, f.ProjectID)
	if err != nil {
		return err
	}
	c, err := find(p.Product, key)
	if err != nil {
		return err
	}
	place, err := s.Driver.Place(ctx, p.MerchantID, p.Test)
	if err != nil {
		return err
	}
	what, err := s.Driver.Drive(ctx, c, place)
	if err != nil {
		s.Log.InfoContext(ctx, "case not brought about", "project", p.ID, "case", key, "error", err)
	}
	if what.ID() == "" {
		return err
	}
	_, judged := s.prove(ctx, f.Run.By, p, c, what) // what went otherwise than it should is evidence too
	if err == nil {
		err = judged
	}
	return err
}
