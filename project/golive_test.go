package project_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/store/storetest"
)

func TestDateIsConfirmedByBothSides(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx, p := t.Context(), w.begin("mercadopago_qr")
		client, day := w.contact(p), w.clock.Now().AddDate(0, 1, 0)
		if _, err := w.ConfirmDate(ctx, client, p.ID, day); why(err) != "no_date" {
			t.Error(err)
		}
		if _, err := w.ProposeDate(ctx, client, p.ID, w.clock.Now()); wrong(err)["at"] != "past" {
			t.Error(err)
		}
		if p := ok(w.ProposeDate(ctx, client, p.ID, day))(t); p.Date.Confirmed() || p.Date.ProposedBy != client.By() {
			t.Errorf("%+v", p.Date)
		}
		for range 2 { // however often one side says it
			if p := ok(w.ConfirmDate(ctx, w.works, p.ID, day))(t); p.Date.Confirmed() || p.Date.TeamBy != w.works.By() {
				t.Errorf("%+v", p.Date)
			}
		}
		if _, err := w.ConfirmDate(ctx, client, p.ID, day.Add(time.Hour)); why(err) != "other_date" {
			t.Error(err)
		}
		if p := ok(w.ConfirmDate(ctx, client, p.ID, day))(t); !p.Date.Confirmed() || p.Date.ClientBy != client.By() {
			t.Errorf("%+v", p.Date)
		}
		if p := ok(w.ProposeDate(ctx, w.works, p.ID, day))(t); !p.Date.Confirmed() {
			t.Error("the same date again took the confirmations back")
		}
		p = ok(w.ProposeDate(ctx, w.works, p.ID, day.AddDate(0, 0, 1)))(t)
		if p.Date.Confirmed() || !p.Date.TeamSaid.IsZero() || !p.Date.ClientSaid.IsZero() {
			t.Errorf("another date keeps the confirmations: %+v", p.Date)
		}
		if _, err := w.ProposeDate(ctx, w.program, p.ID, day); posta.ErrorCode(err) != posta.CodeForbidden {
			t.Error(err)
		}
		p = ok(w.ProductionOpened(ctx, w.manager, p.ID))(t)
		if p.Date.OpenedAt.IsZero() || p.Date.MonitorUntil.Sub(p.Date.OpenedAt) < 60*24*time.Hour {
			t.Errorf("%+v", p.Date)
		}
		if _, err := w.ProposeDate(ctx, w.works, p.ID, day); why(err) != "opened" {
			t.Error(err)
		}
	})
}

func TestPilotPassesTheGateFirst(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx, p := t.Context(), w.begin("prisma_ecr")
		store := posta.NewID[posta.StoreID](storetest.Now)
		terminal := func() posta.TerminalID { return posta.NewID[posta.TerminalID](storetest.Now) }
		a, b := terminal(), terminal()
		in := project.PilotInput{StoreID: store, Terminals: []posta.TerminalID{a, b}}
		if _, err := w.StartPilot(ctx, w.manager, p.ID, in); why(err) != "not_in_golive" {
			t.Error(err)
		}
		w.put(p.ID, func(p *project.Project) { p.Stage = project.GoLive })
		if _, err := w.StartPilot(ctx, w.manager, p.ID, in); why(err) != "no_live_connection" {
			t.Error(err)
		}
		w.put(p.ID, func(p *project.Project) { p.Live = "con_1" })
		for name, bad := range map[string]project.PilotInput{
			"store_id:required":                {Terminals: in.Terminals},
			"store_id:malformed":               {StoreID: "x", Terminals: in.Terminals},
			"terminals:required":               {StoreID: store},
			"terminals:too_many":               {StoreID: store, Terminals: []posta.TerminalID{a, b, terminal()}},
			"terminals[1]:twice":               {StoreID: store, Terminals: []posta.TerminalID{a, a}},
			"terminals[0]:malformed":           {StoreID: store, Terminals: []posta.TerminalID{"x"}},
			"thresholds.approval:out_of_range": {StoreID: store, Terminals: in.Terminals, Thresholds: &project.Thresholds{Approval: 101}},
		} {
			field, code, _ := strings.Cut(name, ":")
			if _, err := w.StartPilot(ctx, w.manager, p.ID, bad); wrong(err)[field] != code {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(w.gate) != 0 {
			t.Error("a refused pilot asked the gate")
		}
		if _, err := w.StartPilot(ctx, w.works, p.ID, in); posta.ErrorCode(err) != posta.CodeForbidden {
			t.Error(err)
		}
		w.closed = errors.New("closed")
		if _, err := w.StartPilot(ctx, w.manager, p.ID, in); !errors.Is(err, w.closed) {
			t.Error(err)
		}
		if ok(w.Get(ctx, w.works, p.ID))(t).Pilot.Running() {
			t.Error("a pilot runs that the gate refused")
		}
		w.closed, w.gate = nil, nil
		p = ok(w.StartPilot(ctx, w.manager, p.ID, in))(t)
		if !p.Pilot.Running() || p.Pilot.Thresholds.Approval != 80 || p.Pilot.StartedBy != w.manager.By() {
			t.Errorf("%+v", p.Pilot)
		}
		w.clock.Move(time.Hour)
		again := ok(w.StartPilot(ctx, w.manager, p.ID, in))(t)
		if !again.Pilot.StartedAt.Equal(p.Pilot.StartedAt) || !slices.Equal(w.gate, []project.PilotStep{project.PilotStart, project.PilotStart}) {
			t.Errorf("%+v %v", again.Pilot, w.gate)
		}
		other := in
		other.Terminals = in.Terminals[:1]
		if _, err := w.StartPilot(ctx, w.manager, p.ID, other); why(err) != "pilot_running" {
			t.Error(err)
		}
		if _, err := w.Move(ctx, w.works, p.ID, project.Integration, "back"); why(err) != "pilot_running" {
			t.Error(err)
		}
		if _, err := w.EndPilot(ctx, w.manager, p.ID, project.PilotStopped, ""); wrong(err)["note"] != "required" {
			t.Error(err)
		}
		p = ok(w.EndPilot(ctx, w.manager, p.ID, project.PilotStopped, "answers were lost"))(t)
		if p.Pilot.Running() || p.Pilot.Outcome != project.PilotStopped {
			t.Errorf("%+v", p.Pilot)
		}
		if _, err := w.EndPilot(ctx, w.manager, p.ID, project.PilotWidened, ""); why(err) != "pilot_done" {
			t.Error(err)
		}
		ok(w.StartPilot(ctx, w.manager, p.ID, other))(t) // one that was stopped may begin anew
		ok(w.EndPilot(ctx, w.manager, p.ID, project.PilotWidened, ""))(t)
		ok(w.EndPilot(ctx, w.manager, p.ID, project.PilotWidened, ""))(t)
		if _, err := w.StartPilot(ctx, w.manager, p.ID, in); why(err) != "pilot_done" {
			t.Error(err)
		}
		var told []string
		for _, kind := range w.kinds(p.ID) {
			if strings.HasPrefix(kind, "project.pilot") {
				told = append(told, kind)
			}
		}
		if got := strings.Join(told, " "); got != "project.pilot_started project.pilot_stopped project.pilot_started project.pilot_widened" {
			t.Error(got)
		}
	})
}

// Hands-off commits stage, closed questions and the mail together, and once: the
// mail's name is the project's.
func TestP60_HandOffCommitsOneMail(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx := t.Context()
		for _, key := range project.ConditionKeys() {
			w.stands[key] = project.Standing{Met: true}
		}
		p := w.perfect(shipped("mercadopago_qr"), project.GoLive)
		w.put(p.ID, func(p *project.Project) { p.HandOff.Channel = "" })
		if _, err := w.db.ChangeProject(ctx, w.mer, p.ID, func(r *project.Record) error {
			r.Clocks = append(r.Clocks, project.Clock{ID: posta.NewID[posta.ClockID](storetest.Now), MerchantID: w.mer, ProjectID: p.ID, Phase: project.GoLivePhase,
				Hours: 4, StartedAt: storetest.Now, WarnAt: storetest.Now.Add(3 * time.Hour), LimitAt: storetest.Now.Add(4 * time.Hour), DueAt: storetest.Now.Add(3 * time.Hour)})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.HandOffTo(ctx, w.works, p.ID, " "); wrong(err)["channel"] != "required" {
			t.Error(err)
		}
		if _, err := w.Move(ctx, w.works, p.ID, project.HandedOff, ""); why(err) != "hand_off" {
			t.Error(err)
		}
		w.stands["gate_open"] = project.Standing{Reason: "closed"}
		if _, err := w.HandOffTo(ctx, w.works, p.ID, "soporte@provider.example"); wrong(err)["gate_open"] != "unmet" {
			t.Error(err)
		}
		if m := ok(w.db.Messages(ctx, w.mer, p.ID))(t); len(m) != 0 {
			t.Error("a refused hand-off left a mail")
		}
		w.stands["gate_open"] = project.Standing{Met: true}
		var all sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			all.Go(func() { _, errs[i] = w.HandOffTo(context.Background(), w.works, p.ID, "soporte@provider.example") })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
		messages := ok(w.db.Messages(ctx, w.mer, p.ID))(t)
		p = ok(w.Get(ctx, w.works, p.ID))(t)
		if len(messages) != 1 || messages[0].ID != p.HandOff.Message || strings.TrimPrefix(string(messages[0].ID), "msg_") != strings.TrimPrefix(string(p.ID), "prj_") {
			t.Fatalf("%d messages: %+v", len(messages), messages)
		}
		if m := messages[0]; len(m.To) != 1 || m.To[0].Email != "pia@client.example" || !strings.Contains(m.Text, "thread.handed_off.text") {
			t.Errorf("%+v", m)
		}
		if p.Stage != project.HandedOff || p.HandOff.Channel != "soporte@provider.example" || !p.HandOff.At.Equal(w.clock.Now()) || !p.DueAt.IsZero() {
			t.Errorf("%+v", p)
		}
		for _, c := range ok(w.db.Clocks(ctx, w.mer, p.ID))(t) {
			if c.Open() || c.Reason != "handed_off" || !c.DueAt.IsZero() {
				t.Errorf("%+v", c)
			}
		}
		if _, err := w.Move(ctx, w.works, p.ID, project.GoLive, "back"); why(err) != "handed_off" {
			t.Error(err)
		}
		n := 0
		for _, kind := range w.kinds(p.ID) {
			if kind == "project.handed_off" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}
