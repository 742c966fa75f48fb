package project_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/store/storetest"
)

// twin is what plants a fault that one condition must name.
type twin struct {
	reason string
	also   []string // conditions that the same fault may turn as well
	plant  func(*project.Project)
	said   map[string]project.Standing // what other packages say
	empty  bool                        // without the document
}

// twins are the planted faults of every condition that code looks at.
var twins = map[string][]twin{
	"people_assigned": {
		{reason: "nobody", plant: func(p *project.Project) { p.People.Integrator = "" }},
		{reason: "nobody", plant: func(p *project.Project) { p.People.Manager = "" }},
		{reason: "nobody", plant: func(p *project.Project) { p.People.Commercial = "" }},
	},
	"documents_delivered": {
		{reason: "no_document", empty: true},
		{reason: "no_document", empty: true, plant: func(p *project.Project) {
			p.Done["documents_delivered"] = project.Tick{At: storetest.Now}
		}},
	},
	"golive_date_approximate": {{reason: "no_date", also: []string{"date_confirmed", "monitored"}, plant: func(p *project.Project) { p.Date = project.Date{} }}},
	"kickoff_planned":         {{reason: "not_planned", plant: func(p *project.Project) { p.Kickoff.PlannedAt = time.Time{} }, also: []string{"kickoff_set_in_time"}}},
	"kickoff_held":            {{reason: "not_held", plant: func(p *project.Project) { p.Kickoff.HeldAt = time.Time{} }}},
	"kickoff_set_in_time": {
		{reason: "set_late", plant: func(p *project.Project) { p.Kickoff.SetAt = p.Kickoff.PlannedAt.Add(-48*time.Hour + time.Microsecond) }},
		{reason: "too_early", plant: func(p *project.Project) {
			p.Kickoff.DevelopmentAt = p.Kickoff.PlannedAt.Add(7*24*time.Hour + time.Microsecond)
		}},
		{reason: "after_development", plant: func(p *project.Project) { p.Kickoff.DevelopmentAt = p.Kickoff.PlannedAt.Add(-time.Microsecond) }},
		{reason: "no_development_date", plant: func(p *project.Project) { p.Kickoff.DevelopmentAt = time.Time{} }},
		{reason: "not_planned", also: []string{"kickoff_planned"}, plant: func(p *project.Project) { p.Kickoff.PlannedAt = time.Time{} }},
	},
	"internet_confirmed": {
		{reason: "internet_tills", plant: func(p *project.Project) { delete(p.Done, "internet_tills") }},
		{reason: "internet_store", plant: func(p *project.Project) { delete(p.Done, "internet_store") }},
	},
	"terminals_received": {
		{reason: "terminals_not_asked", plant: func(p *project.Project) { p.ECR.Requests = nil }},
		{reason: "terminals_not_sent", plant: func(p *project.Project) {
			p.ECR.Requests[0].SentAt, p.ECR.Requests[0].ReceivedAt = time.Time{}, time.Time{}
		}},
		{reason: "terminals_not_received", plant: func(p *project.Project) { p.ECR.Requests[0].ReceivedAt = time.Time{} }},
	},
	"tax_id_equal":      {{reason: "tax_id_differs", plant: func(p *project.Project) { p.ECR.Requests[0].TaxID = "20000000028" }}},
	"portal_registered": {{reason: "not_registered", plant: func(p *project.Project) { p.ECR.Registered = time.Time{} }}},
	"apis_added": {
		{reason: "apis_missing", plant: func(p *project.Project) { delete(p.ECR.APIs, "settlements") }},
		{reason: "apis_missing", plant: func(p *project.Project) { p.ECR.APIs = nil }},
	},
	"passage_done": {
		{reason: "passage_not_asked", plant: func(p *project.Project) { p.ECR.Passage = project.Passage{} }},
		{reason: "no_back_office", plant: func(p *project.Project) { p.ECR.Passage.BackOfficeAt = time.Time{} }},
		{reason: "no_incident", plant: func(p *project.Project) { p.ECR.Passage.Incident = "" }},
	},
	"homologation_passed": {{reason: "cases_open", said: map[string]project.Standing{"homologation_passed": {Reason: "cases_open"}}}},
	"gate_open":           {{reason: "closed", said: map[string]project.Standing{"gate_open": {Reason: "closed"}}}},
	"quality":             {{reason: "low", said: map[string]project.Standing{"quality": {Reason: "low"}}}},
	"date_confirmed": {
		{reason: "no_date", plant: func(p *project.Project) { p.Date.At = time.Time{} }},
		{reason: "client_not_confirmed", plant: func(p *project.Project) { p.Date.ClientSaid = time.Time{} }},
		{reason: "team_not_confirmed", plant: func(p *project.Project) { p.Date.TeamSaid = time.Time{} }},
	},
	"pilot_done": {
		{reason: "pilot_not_started", plant: func(p *project.Project) { p.Pilot = project.Pilot{} }},
		{reason: "pilot_running", plant: func(p *project.Project) { p.Pilot.EndedAt, p.Pilot.Outcome = time.Time{}, "" }},
		{reason: "pilot_stopped", plant: func(p *project.Project) { p.Pilot.Outcome = project.PilotStopped }},
	},
	"production_terminals": {{reason: "no_terminals", plant: func(p *project.Project) { p.ECR.Production = nil }}},
	"monitored": {
		{reason: "not_opened", plant: func(p *project.Project) { p.Date.OpenedAt = time.Time{} }},
		{reason: "watched_until", plant: func(p *project.Project) { p.Date.OpenedAt = storetest.Now.AddDate(0, 0, -90).Add(time.Microsecond) }},
		{reason: "not_looked_at", plant: func(p *project.Project) { p.Date.StableConfirm = time.Time{} }},
	},
	"new_channel": {{reason: "no_channel", plant: func(p *project.Project) { p.HandOff.Channel = "" }}},
}

// perfect is a project that meets every condition there is.
func (w *process) perfect(t project.Template, stage project.Stage) project.Project {
	w.t.Helper()
	now, p := storetest.Now, w.begin(t.Key)
	w.document(p)
	return w.put(p.ID, func(p *project.Project) {
		p.Stage, p.Template = stage, t.Ref
		for _, rule := range t.Stages {
			for _, item := range rule.Checklist {
				p.Done[item.Key] = project.Tick{At: now, By: "user:1", Evidence: "att_1"}
			}
		}
		p.Kickoff = project.Kickoff{PlannedAt: now.AddDate(0, 0, -80), SetAt: now.AddDate(0, 0, -82), DevelopmentAt: now.AddDate(0, 0, -73),
			HeldAt: now.AddDate(0, 0, -80), Gateway: true, TestUsers: true}
		p.Date = project.Date{At: now.AddDate(0, 0, -90), Approximate: now, ClientSaid: now, TeamSaid: now, OpenedAt: now.AddDate(0, 0, -90), StableConfirm: now}
		p.ECR = project.ECR{Owner: project.TeamSide, TaxID: "30000000007", Registered: now, APIs: map[string]time.Time{},
			Passage: project.Passage{AskedAt: now, BackOfficeAt: now, Incident: "INC-1"}, Production: []string{"87654321"},
			Requests: []project.TerminalRequest{{ID: "1", TaxID: "30000000007", Terminals: []string{"12345678"}, AskedAt: now, SentAt: now, ReceivedAt: now}}}
		for _, api := range project.TerminalAPIs {
			p.ECR.APIs[api] = now
		}
		p.Pilot = project.Pilot{StartedAt: now.AddDate(0, 0, -100), EndedAt: now.AddDate(0, 0, -90), Outcome: project.PilotWidened}
		p.HandOff.Channel = "soporte@provider.example"
	})
}

// Each condition of each step passes on a perfect project and comes out unmet,
// naming itself, on each of its planted twins.
func TestEveryConditionHasAFailingTwin(t *testing.T) {
	t.Parallel()
	for _, key := range project.ConditionKeys() {
		if len(twins[key]) == 0 {
			t.Errorf("condition %s has no failing twin", key)
		}
	}
	for key := range twins {
		if !slices.Contains(project.ConditionKeys(), key) {
			t.Errorf("a twin of %s, which is no condition", key)
		}
	}
	eachProcess(t, func(t *testing.T, w *process) {
		templates := slices.Clone(project.Shipped())
		// One that asks for everything: what no shipped template names is seen too.
		var rules []project.Rule
		for _, key := range project.ConditionKeys() {
			rules = append(rules, project.Rule{Key: key, Hard: true})
		}
		ecr := templates[slices.IndexFunc(templates, func(t project.Template) bool { return t.Key == "prisma_ecr" })]
		ecr.Stages = slices.Clone(ecr.Stages)
		last := slices.IndexFunc(ecr.Stages, func(r project.StageRule) bool { return r.Stage == project.GoLive })
		ecr.Stages[last].Exit = rules
		templates = append(templates, ok(w.NewVersion(t.Context(), w.manager, "prisma_ecr", ecr))(t))
		seen := map[string]bool{}
		for _, template := range templates {
			for _, stage := range []project.Stage{project.Backlog, project.Design, project.Integration, project.Homologation, project.GoLive} {
				for key := range w.step(t, template, stage) {
					seen[key] = true
				}
			}
		}
		for _, key := range project.ConditionKeys() {
			if !seen[key] {
				t.Errorf("condition %s was never looked at", key)
			}
		}
	})
}

// step tries every twin of a step's conditions and gives their keys.
func (w *process) step(t *testing.T, template project.Template, stage project.Stage) map[string]bool {
	t.Helper()
	ctx := t.Context()
	for _, key := range project.ConditionKeys() {
		w.stands[key] = project.Standing{Met: true, Evidence: "1"}
	}
	good := w.perfect(template, stage)
	right := ok(w.Ready(ctx, w.works, good.ID))(t)
	seen := map[string]bool{}
	for _, c := range right.Conditions {
		seen[c.Key] = true
		if !c.Met {
			t.Fatalf("%s %s: a perfect project lacks %s: %s", template.Ref, stage, c.Key, c.Reason)
		}
		planted := twins[c.Key]
		if c.Item != nil {
			planted = []twin{{reason: "not_ticked", plant: func(p *project.Project) { delete(p.Done, c.Key) }}}
			if c.Item.Evidence {
				planted = append(planted, twin{reason: "no_evidence", plant: func(p *project.Project) { p.Done[c.Key] = project.Tick{At: storetest.Now} }})
			}
		}
		if len(planted) == 0 {
			t.Errorf("%s: no twin of %s", template.Ref, c.Key)
		}
		for _, twin := range planted {
			w.fails(t, template, good, c, twin)
		}
	}
	return seen
}

func (w *process) fails(t *testing.T, template project.Template, good project.Project, c project.Condition, twin twin) {
	t.Helper()
	before := maps.Clone(w.stands)
	maps.Copy(w.stands, twin.said)
	defer func() { w.stands = before }()
	id := good.ID
	if twin.empty { // another project, without a document
		id = w.begin(good.Template.Key).ID
		w.put(id, func(p *project.Project) {
			own := *p
			*p = good
			p.ID, p.ReplyToken = own.ID, own.ReplyToken
			p.Done = maps.Clone(good.Done)
			delete(p.Done, "documents_delivered")
		})
	}
	held := ok(w.db.Project(t.Context(), w.mer, id))(t)
	if twin.plant != nil {
		w.put(id, twin.plant)
		defer w.put(id, func(p *project.Project) { *p = held })
	}
	step := ok(w.Ready(t.Context(), w.works, id))(t)
	for _, got := range step.Conditions {
		switch {
		case got.Key == c.Key && (got.Met || got.Reason != twin.reason || got.Hard != c.Hard):
			t.Errorf("%s %s: the twin of %s: met %v, reason %q, want %q", template.Ref, good.Stage, c.Key, got.Met, got.Reason, twin.reason)
		case got.Key != c.Key && !got.Met && !slices.Contains(twin.also, got.Key) && (got.Item == nil || got.Item.Key != c.Key) && got.Key != "internet_confirmed":
			t.Errorf("%s %s: the twin of %s turned %s too", template.Ref, good.Stage, c.Key, got.Key)
		}
	}
	if blocks := slices.Contains(step.Missing(), c.Key); blocks != c.Hard {
		t.Errorf("%s: %s unmet blocks: %v", template.Ref, c.Key, blocks)
	}
	if _, err := w.Move(t.Context(), w.works, id, step.To, ""); c.Hard && step.To != project.HandedOff && (why(err) != "conditions" || wrong(err)[c.Key] != "unmet") {
		t.Errorf("%s: moved on without %s: %v", template.Ref, c.Key, err)
	}
	if _, err := w.HandOffTo(t.Context(), w.works, id, "soporte@provider.example"); c.Hard && step.To == project.HandedOff && c.Key != "new_channel" &&
		(posta.ErrorCode(err) != posta.CodeState || wrong(err)[c.Key] != "unmet") {
		t.Errorf("%s: handed off without %s: %v", template.Ref, c.Key, err)
	}
}

// What is the desk's own, or came from the client, was not delivered to it.
func TestOnlyDocumentsHandedToTheClientCount(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		p := w.begin("mercadopago_qr")
		ok(w.Move(t.Context(), w.works, p.ID, project.Design, ""))(t)
		delivered := func() bool {
			i := slices.IndexFunc(ok(w.Ready(t.Context(), w.works, p.ID))(t).Conditions, func(c project.Condition) bool { return c.Key == "documents_delivered" })
			return ok(w.Ready(t.Context(), w.works, p.ID))(t).Conditions[i].Met
		}
		file := project.File{Name: "a.txt", Type: "text/plain", Data: []byte("a")}
		ok(w.Attach(t.Context(), w.works, project.Upload{Project: p.ID, Internal: true, File: file}))(t)
		ok(w.Attach(t.Context(), w.works, project.Upload{Project: p.ID, Kind: "sheet", File: file}))(t)
		ok(w.Attach(t.Context(), w.contact(p), project.Upload{Project: p.ID, File: file}))(t)
		if delivered() {
			t.Error("the desk's own file, a sheet or the client's counted")
		}
		if _, err := w.Tick(t.Context(), w.works, p.ID, "documents_delivered", project.Tick{}); wrong(err)["evidence"] != "required" {
			t.Error(err)
		}
		w.document(p)
		if !delivered() {
			t.Error("a document did not count")
		}
	})
}

// What does not apply is not asked for.
func TestConditionsThatDoNotApplyAreAbsent(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		keys := func(p project.Project) (out []string) {
			for _, c := range ok(w.Ready(t.Context(), w.works, p.ID))(t).Conditions {
				out = append(out, c.Key)
			}
			return out
		}
		p := w.designed("mercadopago_qr")
		for _, key := range []string{"merchant_codes", "test_users"} {
			if slices.Contains(keys(p), key) {
				t.Errorf("%s is asked for without need", key)
			}
		}
		yes := true
		ok(w.Edit(t.Context(), w.works, p.ID, project.Changes{Gateway: &yes}))(t)
		if got := keys(p); !slices.Contains(got, "merchant_codes") || slices.Contains(got, "test_users") {
			t.Error(got)
		}
		ok(w.Edit(t.Context(), w.works, p.ID, project.Changes{TestUsers: &yes}))(t)
		if got := keys(p); !slices.Contains(got, "test_users") {
			t.Error(got)
		}
		ecr := w.begun("prisma_ecr")
		if got := keys(ecr); !slices.Contains(got, "passage_done") || !slices.Contains(got, "terminals_received") {
			t.Error(got)
		}
		w.put(ecr.ID, func(p *project.Project) { p.Preintegrated = p.ID })
		if got := keys(ecr); slices.Contains(got, "passage_done") || slices.Contains(got, "terminals_received") || !slices.Contains(got, "homologation_passed") {
			t.Error(got)
		}
	})
}
