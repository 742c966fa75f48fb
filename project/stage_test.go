package project_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/store"
	"posta/store/storetest"
	"posta/text"
)

func TestMovesOneStageForwardAndBackWithAReason(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx, p := t.Context(), w.begin("mercadopago_qr")
		if p.Stage != project.Backlog || p.Template.Version != 1 || p.Table != "A" {
			t.Fatalf("%+v", p)
		}
		for _, to := range []project.Stage{project.Integration, project.Homologation, project.GoLive, project.HandedOff} {
			_, err := w.Move(ctx, w.works, p.ID, to, "")
			if posta.ErrorCode(err) != posta.CodeState || why(err) != "stage_jump" {
				t.Errorf("from the backlog to %s: %v", to, err)
			}
		}
		if _, err := w.Move(ctx, w.works, p.ID, "moon", ""); wrong(err)["to"] != "unknown" {
			t.Error(err)
		}
		p = ok(w.Move(ctx, w.works, p.ID, project.Design, ""))(t)
		if p.DueAt.IsZero() || !p.Entered[project.Design].Equal(w.clock.Now()) {
			t.Errorf("no weekly check is due in design: %v", p.DueAt)
		}
		again := ok(w.Move(ctx, w.works, p.ID, project.Design, ""))(t) // a repeat
		if n := len(w.kinds(p.ID)); again.Stage != project.Design || n != 2 {
			t.Errorf("%s, %d events", again.Stage, n)
		}
		_, err := w.Move(ctx, w.works, p.ID, project.Integration, "")
		missing := "business_model_understood,solution_chosen,documents_delivered,golive_date_approximate,kickoff_planned,kickoff_held"
		if e, _ := err.(*posta.Error); e == nil || e.Params["missing"] != missing || len(e.Fields) != 6 {
			t.Error(err)
		}
		if _, err := w.Move(ctx, w.works, p.ID, project.Backlog, " "); wrong(err)["reason"] != "required" {
			t.Error(err)
		}
		p = ok(w.Move(ctx, w.works, p.ID, project.Backlog, "the client waits for its budget"))(t)
		if p.ReturnTo != project.Design || !p.DueAt.IsZero() {
			t.Errorf("%+v", p)
		}
		if _, err := w.Move(ctx, w.works, p.ID, project.Design, ""); why(err) != "reprioritise" {
			t.Error("brought back without its commercial:", err)
		}

		p = w.begun("mercadopago_qr")
		if p.Stage != project.Integration || p.Kickoff.HeldAt.IsZero() || p.Kickoff.FollowUp != "weekly" || len(p.Kickoff.Activities) != 1 {
			t.Fatalf("%+v", p)
		}
		p = ok(w.Move(ctx, w.works, p.ID, project.Design, "another product"))(t)
		if p.Stage != project.Design {
			t.Error(p.Stage)
		}
		story := ok(w.Story(ctx, w.owner, p.ID))(t)
		last := story[len(story)-1]
		var data struct{ From, To, Reason string }
		if err := json.Unmarshal(last.Data, &data); err != nil || last.Type != "project.moved" || last.Actor != w.works.By() || data.From != "integration" || data.Reason != "another product" {
			t.Errorf("%s %s %s", last.Type, last.Actor, last.Data)
		}
	})
}

// A kickoff counts only after design, and with technical people of both sides;
// what is only recommended warns.
func TestP53_KickoffNeedsDesignAndTechnicalPeopleOfBothSides(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx := t.Context()
		fresh := w.begin("mercadopago_online")
		if _, _, err := w.HoldKickoff(ctx, w.works, fresh.ID, minutes()); why(err) != "not_in_design" {
			t.Error("held in the backlog:", err)
		}
		ok(w.Move(ctx, w.works, fresh.ID, project.Design, ""))(t)
		_, _, err := w.HoldKickoff(ctx, w.works, fresh.ID, minutes())
		for _, key := range []string{"business_model_understood", "solution_chosen", "documents_delivered", "golive_date_approximate", "kickoff_planned"} {
			if wrong(err)[key] != "unmet" {
				t.Errorf("held without %s: %v", key, err)
			}
		}
		p := w.designed("mercadopago_online")
		for name, plant := range map[string]func(*project.KickoffMinutes){
			"attendees:required":            func(k *project.KickoffMinutes) { k.Attendees = nil },
			"attendees:no_technical_client": func(k *project.KickoffMinutes) { k.Attendees[0].Technical = false },
			"attendees:no_technical_team":   func(k *project.KickoffMinutes) { k.Attendees[1].Side = project.ClientSide },
			"attendees[1].side:unknown":     func(k *project.KickoffMinutes) { k.Attendees[1].Side = "moon" },
			"attendees[0].name:required":    func(k *project.KickoffMinutes) { k.Attendees[0].Name = " " },
			"channels:required":             func(k *project.KickoffMinutes) { k.Channels = nil },
			"channels[0]:unknown":           func(k *project.KickoffMinutes) { k.Channels[0] = "pigeon" },
			"activities[0].owner:required":  func(k *project.KickoffMinutes) { k.Activities[0].Owner = "" },
			"activities[0].due:required":    func(k *project.KickoffMinutes) { k.Activities[0].Due = time.Time{} },
			"handed:unknown":                func(k *project.KickoffMinutes) { k.Handed = []posta.AttachmentID{"att_x"} },
			"at:future":                     func(k *project.KickoffMinutes) { k.At = w.clock.Now().Add(time.Hour) },
		} {
			k := minutes()
			plant(&k)
			field, code, _ := strings.Cut(name, ":")
			_, _, err := w.HoldKickoff(ctx, w.works, p.ID, k)
			found := false
			if e, isOurs := err.(*posta.Error); isOurs && e.Code == posta.CodeInvalid {
				for _, f := range e.Fields {
					found = found || f.Field == field && f.Code == code
				}
			}
			if !found {
				t.Errorf("%s: %v", name, err)
			}
		}
		if now := ok(w.Get(ctx, w.works, p.ID))(t); !now.Kickoff.HeldAt.IsZero() || now.Stage != project.Design {
			t.Fatal("a refused kickoff was kept")
		}
		// Account not ready, date set late: both warn, neither blocks.
		_, warned, err := w.PlanKickoff(ctx, w.works, p.ID, project.KickoffPlan{At: w.clock.Now().Add(time.Hour), Development: w.clock.Now().AddDate(0, 0, 3)})
		if err != nil || !slices.ContainsFunc(warned, func(c project.Condition) bool { return c.Reason == "set_late" }) {
			t.Errorf("%v %+v", err, warned)
		}
		p, warned, err = w.HoldKickoff(ctx, w.works, p.ID, minutes())
		var keys []string
		for _, c := range warned {
			keys = append(keys, c.Key+" "+c.Reason)
		}
		if got := strings.Join(keys, ", "); err != nil || got != "account_ready not_ticked, kickoff_set_in_time set_late" || p.Stage != project.Integration {
			t.Errorf("%v %q %s", err, got, p.Stage)
		}
		if _, _, err := w.HoldKickoff(ctx, w.works, p.ID, minutes()); why(err) != "not_in_design" {
			t.Error("held twice:", err)
		}
		if _, _, err := w.PlanKickoff(ctx, w.works, p.ID, project.KickoffPlan{At: w.clock.Now().Add(-time.Hour)}); wrong(err)["at"] != "past" {
			t.Error(err)
		}
	})
}

// What each role may do, method by method.
func TestRights(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx, p := t.Context(), w.begin("prisma_ecr")
		other := w.begin("prisma_ecr")
		day := w.clock.Now().AddDate(0, 1, 0)
		err := func(_ any, err error) error { return err }
		calls := map[string]func(project.Actor) error{
			"see":        func(a project.Actor) error { return err(w.Get(ctx, a, p.ID)) },
			"ready":      func(a project.Actor) error { return err(w.Ready(ctx, a, p.ID)) },
			"story":      func(a project.Actor) error { return err(w.Story(ctx, a, p.ID)) },
			"board":      func(a project.Actor) error { return err(w.Board(ctx, a, project.Filter{})) },
			"templates":  func(a project.Actor) error { return err(w.Templates(ctx, a)) },
			"create":     func(a project.Actor) error { return err(w.Create(ctx, a, project.Input{})) },
			"edit":       func(a project.Actor) error { return err(w.Edit(ctx, a, p.ID, project.Changes{Name: new(string)})) },
			"people":     func(a project.Actor) error { return err(w.SetPeople(ctx, a, p.ID, p.People)) },
			"contact":    func(a project.Actor) error { return err(w.AddContact(ctx, a, p.ID, project.Contact{})) },
			"move":       func(a project.Actor) error { return err(w.Move(ctx, a, p.ID, project.GoLive, "")) },
			"tick":       func(a project.Actor) error { return err(w.Tick(ctx, a, p.ID, "solution_chosen", project.Tick{})) },
			"client":     func(a project.Actor) error { return err(w.Tick(ctx, a, p.ID, "internet_tills", project.Tick{})) },
			"meeting":    func(a project.Actor) error { return err(w.ScheduleMeeting(ctx, a, p.ID, "", day)) },
			"ask":        func(a project.Actor) error { return err(w.AskTerminals(ctx, a, p.ID, project.TerminalRequest{})) },
			"send":       func(a project.Actor) error { return err(w.SendTerminals(ctx, a, p.ID, "1", []string{"1"}, "")) },
			"receive":    func(a project.Actor) error { return err(w.ReceiveTerminals(ctx, a, p.ID, "1")) },
			"return":     func(a project.Actor) error { return err(w.ReturnTerminals(ctx, a, p.ID, "1")) },
			"production": func(a project.Actor) error { return err(w.SetProductionTerminals(ctx, a, p.ID, []string{"1"})) },
			"register":   func(a project.Actor) error { return err(w.AskPassage(ctx, a, p.ID)) },
			"date":       func(a project.Actor) error { return err(w.ProposeDate(ctx, a, p.ID, day)) },
			"opened":     func(a project.Actor) error { return err(w.EndPilot(ctx, a, p.ID, project.PilotStopped, "no")) },
			"template":   func(a project.Actor) error { return err(w.NewVersion(ctx, a, "prisma_ecr", project.Template{})) },
			"hand off":   func(a project.Actor) error { return err(w.HandOffTo(ctx, a, p.ID, "x")) },
		}
		all := "board client contact create date edit see ready story templates ask receive"
		for _, tc := range []struct {
			name string
			as   project.Actor
			may  string
		}{
			{"owner", w.owner, all + " people move tick meeting send return production register opened template hand off"},
			{"manager", w.manager, all + " people move tick meeting send return register opened template hand off"},
			{"integrator", w.works, all + " move tick meeting send return register hand off"},
			{"commercial", w.sells, strings.Replace(all, "client ", "", 1) + " production"},
			{"key", w.program, "board client contact create edit see ready story templates move tick meeting register hand off"},
			{"contact", w.contact(p), "see ready client ask receive date"},
		} {
			for name, call := range calls {
				may := slices.Contains(strings.Fields(tc.may), name) || name == "hand off" && strings.Contains(tc.may, name)
				err := call(tc.as)
				code := posta.ErrorCode(err)
				refused := code == posta.CodeForbidden || tc.name == "contact" && code == posta.CodeNotFound && name != "receive"
				if refused == may {
					t.Errorf("%s: %s: %v", tc.name, name, err)
				}
			}
		}
		// A contact's own project only; another merchant's people see none.
		if _, err := w.Get(ctx, w.contact(p), other.ID); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Error(err)
		}
		stranger := w.owner
		stranger.Merchant = storetest.Seed(t, w.db).Merchant.ID
		if _, err := w.Get(ctx, stranger, p.ID); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Error(err)
		}
		if _, err := w.Move(ctx, stranger, p.ID, project.Design, ""); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Error(err)
		}
	})
}

// However many leave the backlog at once, nobody gets more than the desk's
// capacity.
func TestCapacityHoldsUnderConcurrency(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		capacity := project.DefaultDesk(w.mer).Capacity
		var ids []posta.ProjectID
		for range capacity + 5 {
			ids = append(ids, w.begin("mercadopago_qr").ID)
		}
		var all sync.WaitGroup
		errs := make([]error, len(ids))
		for i, id := range ids {
			all.Go(func() { _, errs[i] = w.Move(context.Background(), w.works, id, project.Design, "") })
		}
		all.Wait()
		in := 0
		for _, err := range errs {
			switch {
			case err == nil:
				in++
			case posta.ErrorCode(err) != posta.CodeConflict || why(err) != "capacity":
				t.Error(err)
			}
		}
		if in != capacity {
			t.Errorf("%d of %d places were taken", in, capacity)
		}
	})
}

// Every key that pages show of the process has words, in all languages.
func TestProcessHasWords(t *testing.T) {
	t.Parallel()
	words := text.Must()
	var keys []string
	for _, key := range project.ConditionKeys() {
		keys = append(keys, "project.condition."+key)
		for _, twin := range twins[key] {
			if twin.said == nil {
				keys = append(keys, "project.reason."+twin.reason)
			}
		}
	}
	for _, s := range project.Stages {
		keys = append(keys, "project.stage."+string(s))
	}
	for product := range project.Products {
		keys = append(keys, "project.product."+product)
	}
	for _, language := range text.Languages {
		known := words.Keys(language)
		for _, key := range keys {
			if _, there := slices.BinarySearch(known, key); !there {
				t.Errorf("%s: %s has no words", language, key)
			}
		}
	}
}

// The board of a large desk comes fast.
func TestBoardOfFiveHundred(t *testing.T) {
	eachProcess(t, func(t *testing.T, w *process) {
		board(t, w.db, w.mer, 500)
		p := w.begin("mercadopago_qr")
		w.put(p.ID, func(p *project.Project) { p.Silence = 1 })
		find := func(f project.Filter) []project.Card { return ok(w.Board(t.Context(), w.works, f))(t) }
		for name, tc := range map[string]struct {
			filter project.Filter
			want   int
		}{
			"all":       {project.Filter{}, 500 - 84 + 1},
			"closed":    {project.Filter{Closed: true}, 501},
			"stage":     {project.Filter{Stage: project.GoLive}, 83},
			"person":    {project.Filter{Person: w.sells.User}, 1},
			"product":   {project.Filter{Product: "mercadopago_qr", Silent: true}, 1},
			"search":    {project.Filter{Search: "PIA@client pedro"}, 1},
			"tax id":    {project.Filter{Search: "30000000007"}, 1},
			"no joker":  {project.Filter{Search: "p%a"}, 0},
			"late":      {project.Filter{Late: true}, 83},
			"nobody's":  {project.Filter{Search: "no such"}, 0},
			"by its id": {project.Filter{Search: string(p.ID)}, 1},
		} {
			if got := len(find(tc.filter)); got != tc.want {
				t.Errorf("%s: %d, want %d", name, got, tc.want)
			}
		}
		best := time.Hour // of several: other tests run beside it
		for range 20 {
			start := time.Now()
			find(project.Filter{Closed: true})
			best = min(best, time.Since(start))
		}
		if best > 100*time.Millisecond {
			t.Errorf("500 cards took %v", best)
		}
		t.Logf("500 cards in %v", best)
		if _, err := w.Board(t.Context(), w.works, project.Filter{Stage: "moon", Person: "x"}); len(wrong(err)) != 2 {
			t.Error(err)
		}
	})
}

// board adds n projects, spread over the stages, those in integration with a
// question that is late.
func board(t *testing.T, db *store.DB, m posta.MerchantID, n int) {
	t.Helper()
	long := storetest.Now.AddDate(0, -2, 0)
	for i := range n {
		p := project.Project{ID: posta.NewID[posta.ProjectID](storetest.Now), MerchantID: m, Name: "Project", Client: project.Client{Name: "Client"},
			Template: project.Ref{Key: "mercadopago_online", Version: 1}, Product: "mercadopago_online", Table: "A", Stage: project.Stages[i%len(project.Stages)], StageAt: long,
			CreatedAt: long, UpdatedAt: long}
		if i%len(project.Stages) == 0 { // 84 of them
			p.Stage = project.HandedOff
		} else if p.Stage == project.HandedOff {
			p.Stage = project.Backlog
		}
		p.ReplyToken = string(p.ID)
		if err := db.InsertProject(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
		if p.Stage == project.Integration {
			if _, err := db.ChangeProject(t.Context(), m, p.ID, func(r *project.Record) error {
				r.Clocks = append(r.Clocks, project.Clock{ID: posta.NewID[posta.ClockID](storetest.Now), MerchantID: m, ProjectID: p.ID,
					Phase: project.IntegrationPhase, Hours: 6, StartedAt: long, LimitAt: long.Add(6 * time.Hour)})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
