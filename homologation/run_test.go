package homologation_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/homologation"
	"posta/project"
	"posta/store"
)

// sweep works runs off until none is due.
func (w *world) sweep() {
	w.t.Helper()
	for {
		n, err := w.service.SweepRuns(context.Background(), func(do func()) { do() })
		w.must(err)
		if n == 0 {
			return
		}
	}
}

// A run drives the cases one after the other and judges each.
func TestARunDrivesAndJudgesItsCases(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w := newStillWorld(t, kind, onTerminals)
		ctx := t.Context()
		keys := []string{"credit_1", "wrong_pin", "reversal", "close"}
		f, err := w.service.StartRun(ctx, w.owner, w.project.ID, keys)
		w.must(err)
		if f.Run.State != homologation.Running || f.Run.Doing != "credit_1" {
			t.Errorf("%+v", f.Run)
		}
		_, err = w.service.StartRun(ctx, w.owner, w.project.ID, nil)
		wantError(t, err, posta.CodeState, "")
		w.sweep()
		o, err := w.service.Overview(ctx, w.owner, w.project.ID)
		w.must(err)
		if r := o.File.Run; r.State != homologation.Ended || r.Done != 4 || len(r.Trouble) != 0 || r.EndedAt.IsZero() || !o.File.DueAt.IsZero() || o.Passed != 4 {
			t.Errorf("%+v, %d passed", r, o.Passed)
		}
		_, err = w.service.StopRun(ctx, w.owner, w.project.ID)
		wantError(t, err, posta.CodeState, "")
		_, err = w.service.StartRun(ctx, w.owner, w.project.ID, []string{"no_such_case"})
		wantError(t, err, posta.CodeNotFound, "")
		commercial := w.owner
		commercial.Role = posta.Commercial
		_, err = w.service.StartRun(ctx, commercial, w.project.ID, nil)
		wantError(t, err, posta.CodeForbidden, "")
	})
}

// breaking is a driver that something happens to.
type breaking struct {
	homologation.Driver
	before func(c homologation.Case) error
}

func (b breaking) Drive(ctx context.Context, c homologation.Case, at homologation.Place) (homologation.Produced, error) {
	if err := b.before(c); err != nil {
		return homologation.Produced{}, err
	}
	return b.Driver.Drive(ctx, c, at)
}

// A hub that stops in the middle of a case goes on with that case once its lease
// is over, another replica too, and a case that always kills it is passed over.
// Sabotage that turns it red: count Done before the case was driven.
func TestARunGoesOnAfterARestart(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w := newStillWorld(t, kind, onTerminals)
		real := w.service.Driver
		var mu sync.Mutex
		var begun []string
		w.service.Driver = breaking{real, func(c homologation.Case) error {
			mu.Lock()
			defer mu.Unlock()
			begun = append(begun, c.Key)
			return nil
		}}
		_, err := w.service.StartRun(t.Context(), w.owner, w.project.ID, []string{"credit_1", "debit"})
		w.must(err)
		killed, kill := context.WithCancel(context.Background())
		w.service.Driver = breaking{real, func(c homologation.Case) error { kill(); return errors.New("killed") }}
		_, err = w.service.SweepRuns(killed, func(do func()) { do() })
		w.must(err)
		f, err := w.app.Store.HomologationFile(t.Context(), w.project.MerchantID, w.project.ID)
		w.must(err)
		if f.Run.Done != 0 || f.Run.State != homologation.Running || !f.DueAt.After(w.clock.Now()) {
			t.Fatalf("killed in its first case: %+v due %s", f.Run, f.DueAt)
		}
		if n, err := w.service.SweepRuns(t.Context(), func(do func()) { do() }); n != 0 || err != nil {
			t.Fatalf("another replica took it before its lease was over: %d %v", n, err)
		}
		w.service.Driver = breaking{real, func(c homologation.Case) error { begun = append(begun, c.Key); return nil }}
		w.clock.Move(4 * time.Minute)
		w.sweep()
		if !slices.Equal(begun, []string{"credit_1", "debit"}) {
			t.Errorf("begun %v", begun)
		}
		f, err = w.app.Store.HomologationFile(t.Context(), w.project.MerchantID, w.project.ID)
		w.must(err)
		if f.Run.State != homologation.Ended || len(f.Run.Trouble) != 0 {
			t.Errorf("%+v", f.Run)
		}
		_, err = w.service.StartRun(t.Context(), w.owner, w.project.ID, []string{"credit_1", "debit"})
		w.must(err)
		for range 3 {
			killed, kill := context.WithCancel(context.Background())
			w.service.Driver = breaking{real, func(homologation.Case) error { kill(); return errors.New("killed") }}
			_, err = w.service.SweepRuns(killed, func(do func()) { do() })
			w.must(err)
			w.clock.Move(4 * time.Minute)
		}
		w.service.Driver = real
		w.sweep()
		if f, err = w.app.Store.HomologationFile(t.Context(), w.project.MerchantID, w.project.ID); err != nil || f.Run.State != homologation.Ended || f.Run.Trouble["credit_1"] != "internal" || f.Run.Trouble["debit"] != "" {
			t.Errorf("%+v %v", f.Run, err)
		}
	})
}

// A run that is asked to stop ends after the case under way; one whose case
// cannot be brought about says so and goes on.
func TestARunStopsAndNotesTrouble(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w := newStillWorld(t, kind, onLegacyQR)
		real := w.service.Driver
		w.service.Driver = breaking{real, func(c homologation.Case) error {
			if c.Key == "paid_debit" {
				return posta.Errorf(posta.CodeTillBusy, "somebody is charging")
			}
			if c.Key == "canceled" {
				_, err := w.service.StopRun(t.Context(), w.owner, w.project.ID)
				return err
			}
			return nil
		}}
		_, err := w.service.StartRun(t.Context(), w.owner, w.project.ID, []string{"paid_debit", "paid_credit", "canceled", "expired"})
		w.must(err)
		w.sweep()
		o, err := w.service.Overview(t.Context(), w.owner, w.project.ID)
		w.must(err)
		if r := o.File.Run; r.State != homologation.Stopped || r.Done != 3 || r.Trouble["paid_debit"] != string(posta.CodeTillBusy) || o.Passed != 2 {
			t.Errorf("%+v, %d passed", r, o.Passed)
		}
	})
}

// A real provider is never driven.
func TestARealProviderIsNotDriven(t *testing.T) {
	w := newWorld(t, store.SQLite, onTerminals)
	w.driver.Simulators = map[string]string{"prisma": "http://127.0.0.1:1"}
	_, err := w.service.StartRun(t.Context(), w.owner, w.project.ID, nil)
	var e *posta.Error
	if !errors.As(err, &e) || e.Code != posta.CodeState || e.Params["script"] != "real_provider" {
		t.Errorf("%v", err)
	}
	if _, err := w.driver.Drive(t.Context(), homologation.Set("prisma_ecr")[0], homologation.Place{Provider: "prisma", Simulator: "http://127.0.0.1:2"}); posta.ErrorCode(err) != posta.CodeState {
		t.Errorf("%v", err)
	}
	bare := w.newProject(w.project.MerchantID, "prisma_ecr", "")
	actor := project.Actor{Merchant: w.project.MerchantID, User: w.owner.User, Role: posta.Integrator}
	_, err = w.service.StartRun(t.Context(), actor, bare.ID, nil)
	if !errors.As(err, &e) || e.Params["reason"] != "no_connection" {
		t.Errorf("%v", err)
	}
}
