package golive_test

import (
	"slices"
	"testing"
	"time"

	"posta"
	"posta/golive"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// pilotHall is a Prisma project with two terminals on its live connection.
func pilotHall(t *testing.T, db *store.DB) (*hall, project.PilotInput) {
	t.Helper()
	h := newHall(t, db, ecr, whole())
	in := project.PilotInput{StoreID: h.world.Store.ID, Thresholds: &project.Thresholds{Approval: 60, Lost: 1, Unmatched: 0}}
	for _, code := range []string{"30000001", "30000002"} {
		added := till.Terminal{ID: posta.NewID[posta.TerminalID](h.clock.Now()), MerchantID: h.world.Merchant.ID, Mode: posta.Live, StoreID: h.world.Store.ID,
			ConnectionID: h.world.Connection.ID, Code: code, Name: code, CreatedAt: h.clock.Now(), UpdatedAt: h.clock.Now()}
		h.must(db.InsertTerminal(t.Context(), added))
		in.Terminals = append(in.Terminals, added.ID)
	}
	return h, in
}

// A pilot goes the whole way: refused for what is missing, through the gate
// before it is in the record, repeated, stopped, begun again and widened, with
// the project and the gate agreeing at each step.
func TestAPilotFromStartToEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		h, in := pilotHall(t, db)
		id, c := h.project.ID, h.world.Connection.ID
		state := func() payment.GateState {
			t.Helper()
			g, err := h.Allowed(ctx, h.world.Merchant.ID, c)
			h.must(err)
			return g.State
		}
		h.edit(func(p *project.Project) { p.Date.ClientSaid = time.Time{} })
		if _, err := h.projects.StartPilot(ctx, h.actor, id, in); param(err, "missing") != "date" || state() != payment.GateClosed {
			t.Fatalf("without a confirmed date: %v, %s", err, state())
		}
		h.edit(func(p *project.Project) { p.Date.ClientSaid = h.clock.Now() })
		elsewhere := in
		elsewhere.StoreID = posta.NewID[posta.StoreID](h.clock.Now())
		foreign := in
		foreign.Terminals = []posta.TerminalID{h.world.AddTerminal(t, db, "30000009").ID} // of another connection
		for name, wrong := range map[string]project.PilotInput{"no such store": elsewhere, "a terminal of another connection": foreign} {
			if _, err := h.projects.StartPilot(ctx, h.actor, id, wrong); posta.ErrorCode(err) != posta.CodeInvalid || state() != payment.GateClosed {
				t.Errorf("%s: %v, %s", name, err, state())
			}
		}
		// Cut off between the gate and the record: the repeat finishes it.
		cut := h.project
		cut.Pilot = project.Pilot{StoreID: in.StoreID, Terminals: in.Terminals}
		h.must(h.Pilot(ctx, h.actor, cut, project.PilotStart))
		for range 2 {
			p, err := h.projects.StartPilot(ctx, h.actor, id, in)
			if err != nil || !p.Pilot.Running() || state() != payment.GatePilot {
				t.Fatalf("%+v, %s, error %v", p.Pilot, state(), err)
			}
		}
		if got := h.kinds(); got["golive.pilot_started"] != 1 {
			t.Errorf("events %v", got)
		}
		if _, err := h.OpenWindow(ctx, h.actor, c, small); posta.ErrorCode(err) != posta.CodeState {
			t.Errorf("a window in a pilot: %v", err)
		}
		if _, err := h.Open(ctx, h.actor, c); param(err, "missing") != "pilot" {
			t.Errorf("opened past the pilot: %v", err)
		}
		for range 2 {
			_, err := h.projects.EndPilot(ctx, h.actor, id, project.PilotStopped, "dos cobros sin respuesta")
			h.must(err)
		}
		if state() != payment.GateClosed {
			t.Errorf("stopped, and the gate is %s", state())
		}
		if _, err := h.projects.StartPilot(ctx, h.actor, id, in); err != nil || state() != payment.GatePilot {
			t.Fatalf("begun again: %v, %s", err, state())
		}
		h.edit(func(p *project.Project) { p.Date.TeamSaid = time.Time{} })
		if _, err := h.projects.EndPilot(ctx, h.actor, id, project.PilotWidened, ""); param(err, "missing") != "date" || state() != payment.GatePilot {
			t.Errorf("widened without a date: %v, %s", err, state())
		}
		h.edit(func(p *project.Project) { p.Date.TeamSaid = h.clock.Now() })
		for range 2 {
			p, err := h.projects.EndPilot(ctx, h.actor, id, project.PilotWidened, "")
			if err != nil || p.Pilot.Outcome != project.PilotWidened || p.Date.OpenedAt.IsZero() || state() != payment.GateOpen {
				t.Fatalf("%+v, %+v, %s, error %v", p.Pilot, p.Date, state(), err)
			}
		}
		for _, step := range []project.PilotStep{project.PilotStart, project.PilotStop} {
			if err := h.Pilot(ctx, h.actor, h.project, step); posta.ErrorCode(err) != posta.CodeState {
				t.Errorf("%s with the gate open: %v", step, err)
			}
		}
		for who, actor := range undecided(h) {
			if err := h.Pilot(ctx, actor, h.project, project.PilotWiden); posta.ErrorCode(err) != posta.CodeForbidden {
				t.Errorf("widened by %s: %v", who, err)
			}
		}
	})
}

// What a pilot charged is held against its own thresholds; a lost answer counts
// also once it is found, and what is elsewhere or before does not.
func TestAPilotIsWatched(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		h, in := pilotHall(t, db)
		if _, err := h.PilotWatch(ctx, h.actor, h.project); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("before it started: %v", err)
		}
		h.gate(func(g *golive.Gate) { g.State = payment.GateOpen })
		h.charged(func(p *payment.Payment) { p.State, p.CreatedAt = payment.Rejected, h.clock.Now().Add(-time.Hour) })
		h.gate(func(g *golive.Gate) { g.State = payment.GateClosed })
		p, err := h.projects.StartPilot(ctx, h.actor, h.project.ID, in)
		h.must(err)
		watch := func() golive.Watch {
			t.Helper()
			w, err := h.PilotWatch(ctx, h.actor, p)
			h.must(err)
			return w
		}
		if w := watch(); w.Approval != -1 || w.Payments != 0 || !w.Well() || w.Thresholds.Approval != 60 {
			t.Errorf("at the start %+v", w)
		}
		h.gate(func(g *golive.Gate) { g.State = payment.GateOpen }) // for what is planted here
		var made []payment.Payment
		for _, state := range []payment.State{payment.Paid, payment.Refunded, payment.Rejected, payment.Pending, payment.Canceled, payment.Unknown} {
			made = append(made, h.charged(func(p *payment.Payment) { p.State = state }))
		}
		h.charged(func(p *payment.Payment) { p.Mode, p.ConnectionID, p.State = posta.Test, h.test.ID, payment.Rejected })
		h.closed(in.Terminals[0], 1000, 1000)
		w := watch()
		if w.Traffic != (golive.Traffic{Payments: 6, Approved: 2, Declined: 1, Lost: 1, Closes: 1}) || w.Approval != 66 || !w.Well() {
			t.Errorf("%+v", w)
		}
		_, err = db.ChangePayment(ctx, made[5].ID, func(r *payment.Record) error { r.Payment.State = payment.Rejected; return nil })
		h.must(err)
		if w := watch(); w.Lost != 1 || w.Approval != 50 || w.ApprovalOK || w.Well() || !w.LostOK {
			t.Errorf("with half of them declined %+v", w)
		}
		h.charged(func(p *payment.Payment) { p.State = payment.Unknown })
		if w := watch(); w.Lost != 2 || w.LostOK {
			t.Errorf("with two lost answers %+v", w)
		}
		h.closed(in.Terminals[1], 1000, 900)
		if w := watch(); w.Closes != 2 || w.Unmatched != 1 || w.UnmatchedOK {
			t.Errorf("with a close that differs %+v", w)
		}
	})
}

// The pilot's terminals charge and no other, through the service that charges.
func TestAPilotHoldsAtTheTill(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, in := pilotHall(t, db)
		in.Terminals = in.Terminals[:1]
		_, err := h.projects.StartPilot(t.Context(), h.actor, h.project.ID, in)
		h.must(err)
		terminals, err := db.StoreTerminals(t.Context(), h.world.Merchant.ID, posta.Live, in.StoreID)
		h.must(err)
		for _, terminal := range terminals {
			p := payment.Payment{CreatedAt: h.clock.Now(), StoreID: in.StoreID, Rail: provider.RailTerminal, Terminals: []payment.Terminal{{ID: terminal.ID}}}
			g, err := h.Allowed(t.Context(), h.world.Merchant.ID, h.world.Connection.ID)
			h.must(err)
			if err := g.Admit(p, payment.GateUse{}); (err == nil) != slices.Contains(in.Terminals, terminal.ID) {
				t.Errorf("%s: %v", terminal.Code, err)
			}
		}
	})
}
