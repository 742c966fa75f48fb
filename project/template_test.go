package project_test

import (
	"slices"
	"strings"
	"testing"

	"posta"
	"posta/project"
)

// edit makes a copy of a template that can be changed.
func edit(t project.Template) project.Template {
	t.Stages = slices.Clone(t.Stages)
	for i := range t.Stages {
		r := &t.Stages[i]
		r.Entry, r.Exit, r.Checklist = slices.Clone(r.Entry), slices.Clone(r.Exit), slices.Clone(r.Checklist)
	}
	tables := map[string][]project.Support{}
	for name, rows := range t.Tables {
		tables[name] = slices.Clone(rows)
	}
	t.Tables, t.Gate, t.Milestones = tables, slices.Clone(t.Gate), slices.Clone(t.Milestones)
	return t
}

func shipped(key string) project.Template {
	for _, t := range project.Shipped() {
		if t.Key == key {
			return edit(t)
		}
	}
	panic(key)
}

func TestShippedTemplates(t *testing.T) {
	t.Parallel()
	if len(project.Shipped()) != 3 {
		t.Fatal("three are shipped")
	}
	for _, template := range project.Shipped() {
		if err := template.Check(); err != nil || template.By == "" || template.Date.IsZero() {
			t.Errorf("%s: %v", template.Ref, err)
		}
		for table, hours := range map[string]map[project.Phase]int{
			"A": {project.Presales: 0, project.KickoffPhase: 0, project.IntegrationPhase: 6, project.GoLivePhase: 4},
			"B": {project.Presales: 0, project.KickoffPhase: 0, project.IntegrationPhase: 8, project.GoLivePhase: 6},
		} {
			for phase, want := range hours {
				if got := template.Support(table, phase); got.Hours != want || len(got.Channels) == 0 {
					t.Errorf("%s %s %s: %+v", template.Ref, table, phase, got)
				}
			}
		}
		if len(template.Milestones) != 4 || template.MonitorDays < 60 {
			t.Errorf("%s: %+v", template.Ref, template.Milestones)
		}
	}
	ecr, qr := shipped("prisma_ecr"), shipped("mercadopago_qr")
	if slices.Contains(ecr.Gate, "notices") || slices.Contains(ecr.Gate, "quality") || !slices.Contains(ecr.Gate, "pilot") || !ecr.Pilot {
		t.Errorf("Prisma's gate: %v", ecr.Gate)
	}
	if slices.Contains(qr.Gate, "pilot") || !slices.Contains(qr.Gate, "notices") {
		t.Errorf("QR's gate: %v", qr.Gate)
	}
}

func TestNewVersionsAreChecked(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		for name, plant := range map[string]func(*project.Template){
			"name.pt:required":                     func(t *project.Template) { t.Name = project.Words{"es": "a", "en": "a"} },
			"name.fr:unknown":                      func(t *project.Template) { t.Name = project.Words{"es": "a", "en": "a", "pt": "a", "fr": "a"} },
			"changed.en:required":                  func(t *project.Template) { t.Changed = project.Words{"es": "a", "pt": "a"} },
			"product:unknown":                      func(t *project.Template) { t.Product = "bread" },
			"provider:other_provider":              func(t *project.Template) { t.Provider = "mercadopago" },
			"stages[0].stage:unknown":              func(t *project.Template) { t.Stages[0].Stage = "moon" },
			"stages[1].stage:twice":                func(t *project.Template) { t.Stages[1].Stage = t.Stages[0].Stage },
			"stages:missing":                       func(t *project.Template) { t.Stages = t.Stages[1:] },
			"stages[1].entry[0]:unknown":           func(t *project.Template) { t.Stages[1].Entry[0].Key = "good_mood" },
			"stages[0].exit[1]:twice":              func(t *project.Template) { t.Stages[0].Exit[1] = t.Stages[0].Exit[0] },
			"stages[0].checklist[0].key:malformed": func(t *project.Template) { t.Stages[0].Checklist[0].Key = "Ü" },
			"stages[1].checklist[0].key:twice":     func(t *project.Template) { t.Stages[1].Checklist[0].Key = t.Stages[0].Checklist[0].Key },
			"stages[0].checklist[0].key:fixed":     func(t *project.Template) { t.Stages[0].Checklist[0].Key = "gate_open" },
			"stages[0].checklist[1].when:unknown":  func(t *project.Template) { t.Stages[0].Checklist[1].When = "rain" },
			"stages[0].checklist[2].title.es:required": func(t *project.Template) {
				t.Stages[0].Checklist[2].Title = project.Words{"pt": "a", "en": "a"}
			},
			"tables:required":                func(t *project.Template) { delete(t.Tables, "A") },
			"tables.table:malformed":         func(t *project.Template) { t.Tables["table"] = t.Tables["A"] },
			"tables.A[2].hours:out_of_range": func(t *project.Template) { t.Tables["A"][2].Hours = 1000 },
			"tables.B[3].hours:out_of_range": func(t *project.Template) { t.Tables["B"][3].Hours = -1 },
			"tables.A[0].phase:unknown":      func(t *project.Template) { t.Tables["A"][0].Phase = "lunch" },
			"tables.A[1].phase:twice":        func(t *project.Template) { t.Tables["A"][1].Phase = t.Tables["A"][0].Phase },
			"tables.A[0].channels:required":  func(t *project.Template) { t.Tables["A"][0].Channels = nil },
			"tables.A[0].channels[0]:unknown": func(t *project.Template) {
				t.Tables["A"][0].Channels = []project.Channel{"pigeon"}
			},
			"milestones[0]:unknown":            func(t *project.Template) { t.Milestones[0].Key = "lunch" },
			"gate[0]:unknown":                  func(t *project.Template) { t.Gate[0] = "luck" },
			"gate[1]:twice":                    func(t *project.Template) { t.Gate[1] = t.Gate[0] },
			"monitor_days:out_of_range":        func(t *project.Template) { t.MonitorDays = 731 },
			"thresholds.approval:out_of_range": func(t *project.Template) { t.Thresholds.Approval = 101 },
			"thresholds.lost:out_of_range":     func(t *project.Template) { t.Thresholds.Lost = -1 },
		} {
			bad := shipped("prisma_ecr")
			plant(&bad)
			field, code, _ := strings.Cut(name, ":")
			_, err := w.NewVersion(t.Context(), w.manager, "prisma_ecr", bad)
			if got := wrong(err)[field]; got != code {
				t.Errorf("%s: got %q (%v)", name, got, err)
			}
		}
		if _, err := w.NewVersion(t.Context(), w.manager, "No!", shipped("prisma_ecr")); wrong(err)["key"] != "malformed" {
			t.Error(err)
		}
		if n := len(ok(w.Templates(t.Context(), w.works))(t)); n != 3 {
			t.Errorf("%d templates after nothing but refusals", n)
		}
		own := ok(w.NewVersion(t.Context(), w.manager, "our_qr", shipped("mercadopago_qr")))(t)
		second := ok(w.NewVersion(t.Context(), w.manager, "our_qr", shipped("mercadopago_qr")))(t)
		if own.Version != 1 || second.Version != 2 || second.By != w.manager.By() || !second.Date.Equal(w.clock.Now()) {
			t.Errorf("%v %v %s", own.Ref, second.Ref, second.By)
		}
		w.begin("our_qr")
	})
}

// A running project keeps the version that it began with.
func TestP54_RunningProjectsKeepTheirVersion(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx := t.Context()
		p := w.designed("mercadopago_qr")
		ok(w.Tick(ctx, w.works, p.ID, "tills_counted", project.Tick{Note: "3"}))(t)
		before := ok(w.Ready(ctx, w.works, p.ID))(t)

		next := shipped("mercadopago_qr")
		next.Changed = project.Words{"es": "b", "pt": "b", "en": "b"}
		design, integration := &next.Stages[0], &next.Stages[1]
		design.Checklist = slices.DeleteFunc(design.Checklist, func(i project.Item) bool { return i.Key == "tills_counted" })
		design.Checklist = append(design.Checklist, project.Item{Key: "brand_manual", Title: next.Changed})
		design.Exit = append(design.Exit, project.Rule{Key: "brand_manual", Hard: true})
		integration.Entry[1].Hard = true
		design.FollowUp = false
		next.Tables["A"][2].Hours = 5
		next.Gate = next.Gate[1:]
		next.MonitorDays = 30
		made := ok(w.NewVersion(ctx, w.manager, "mercadopago_qr", next))(t)
		if made.Version != 2 {
			t.Fatal(made.Ref)
		}
		after := ok(w.Ready(ctx, w.works, p.ID))(t)
		if now := ok(w.Get(ctx, w.works, p.ID))(t); now.Template.Version != 1 || len(after.Conditions) != len(before.Conditions) || len(after.Missing()) != len(before.Missing()) {
			t.Errorf("the project moved to %v by itself", now.Template)
		}
		if fresh := w.begin("mercadopago_qr"); fresh.Template.Version != 2 {
			t.Errorf("a new project begins with %v", fresh.Template)
		}
		// Another desk has not made that version.
		stranger := newProcess(t, w.db)
		if fresh := stranger.begin("mercadopago_qr"); fresh.Template.Version != 1 {
			t.Errorf("another desk begins with %v", fresh.Template)
		}

		var got []string
		for _, d := range ok(w.UpgradeDifferences(ctx, w.manager, p.ID, 2))(t) {
			got = append(got, strings.TrimSpace(d.Where+" "+d.Kind+" "+d.Key))
		}
		want := []string{"design.exit added brand_manual", "design.checklist added brand_manual", "design.checklist removed tills_counted", "design.follow_up changed",
			"integration.entry changed account_ready", "tables.A changed integration", "gate removed credentials", "monitor_days changed"}
		if !slices.Equal(got, want) {
			t.Errorf("differences %q\nwant %q", got, want)
		}
		if d := project.Differences(made, made); len(d) != 0 {
			t.Errorf("a version differs from itself: %v", d)
		}
		if _, err := w.Upgrade(ctx, w.works, p.ID, 2); posta.ErrorCode(err) != posta.CodeForbidden {
			t.Error(err)
		}
		if _, err := w.Upgrade(ctx, w.manager, p.ID, 3); wrong(err)["version"] != "unknown" {
			t.Error(err)
		}
		p = ok(w.Upgrade(ctx, w.manager, p.ID, 2))(t)
		_, gone := p.Done["tills_counted"]
		_, kept := p.Done["solution_chosen"]
		if p.Template.Version != 2 || gone || !kept || !p.DueAt.IsZero() {
			t.Errorf("%+v", p)
		}
		if missing := ok(w.Ready(ctx, w.works, p.ID))(t).Missing(); !slices.Contains(missing, "brand_manual") || !slices.Contains(missing, "account_ready") {
			t.Error(missing)
		}
		if _, err := w.Upgrade(ctx, w.manager, p.ID, 1); wrong(err)["version"] != "not_newer" {
			t.Error(err)
		}
	})
}
