package project_test

import (
	"testing"
	"time"

	"posta"
	"posta/project"
)

func request() project.TerminalRequest {
	return project.TerminalRequest{Quantity: 2, Name: "Pía", Address: "Calle 1", Locality: "Rosario", Province: "Santa Fe", PostalCode: "2000",
		Phone: "+54 341 0000000", Hours: "9 a 18", TaxID: "30-00000000-7"}
}

// registered brings an ECR project through the portal up to its passage.
func (w *process) registered(p project.Project, owner project.Side) project.Project {
	w.t.Helper()
	ok(w.Register(w.t.Context(), w.works, p.ID, project.Registration{Owner: owner, TaxID: "30-00000000-7", LegalName: "Integrador S.A."}))(w.t)
	return ok(w.AddAPIs(w.t.Context(), w.works, p.ID, project.TerminalAPIs))(w.t)
}

func TestTerminalsGoTheirWayByNamedPeople(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx, p := t.Context(), w.begin("prisma_ecr")
		client := w.contact(p)
		for field, plant := range map[string]func(*project.TerminalRequest){
			"quantity:out_of_range": func(q *project.TerminalRequest) { q.Quantity = 0 },
			"name:required":         func(q *project.TerminalRequest) { q.Name = "" },
			"address:required":      func(q *project.TerminalRequest) { q.Address = "" },
			"locality:required":     func(q *project.TerminalRequest) { q.Locality = "" },
			"province:required":     func(q *project.TerminalRequest) { q.Province = "" },
			"postal_code:required":  func(q *project.TerminalRequest) { q.PostalCode = "" },
			"phone:required":        func(q *project.TerminalRequest) { q.Phone = "" },
			"hours:required":        func(q *project.TerminalRequest) { q.Hours = "" },
			"tax_id:required":       func(q *project.TerminalRequest) { q.TaxID = "" },
			"tax_id:check_digit":    func(q *project.TerminalRequest) { q.TaxID = "30-00000000-1" },
			"tax_id:malformed":      func(q *project.TerminalRequest) { q.TaxID = "30" },
		} {
			q := request()
			plant(&q)
			_, err := w.AskTerminals(ctx, client, p.ID, q)
			if got := wrong(err); len(got) != 1 || got[field[:len(field)-len(suffix(field))-1]] != suffix(field) {
				t.Errorf("%s: %v", field, err)
			}
		}
		p = ok(w.AskTerminals(ctx, client, p.ID, request()))(t)
		id := p.ECR.Requests[0].ID
		q := request()
		q.ID, q.Quantity = id, 1
		p = ok(w.AskTerminals(ctx, w.works, p.ID, q))(t)
		if len(p.ECR.Requests) != 1 || p.ECR.Requests[0].Quantity != 1 || p.ECR.Requests[0].TaxID != "30000000007" {
			t.Errorf("a correction: %+v", p.ECR.Requests)
		}
		// The order is held.
		if _, err := w.ReceiveTerminals(ctx, client, p.ID, id); why(err) != "terminals_not_sent" {
			t.Error(err)
		}
		if _, err := w.ReturnTerminals(ctx, w.works, p.ID, id); why(err) != "terminals_not_received" {
			t.Error(err)
		}
		if _, err := w.SendTerminals(ctx, w.works, p.ID, id, []string{"1", "2"}, ""); wrong(err)["terminals"] != "too_many" {
			t.Error(err)
		}
		if _, err := w.SendTerminals(ctx, w.works, p.ID, "nope", []string{"1"}, ""); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Error(err)
		}
		ok(w.SendTerminals(ctx, w.works, p.ID, id, []string{" 12345678 "}, "by courier"))(t)
		if _, err := w.AskTerminals(ctx, client, p.ID, q); why(err) != "terminals_sent" {
			t.Error(err)
		}
		if _, err := w.SendTerminals(ctx, w.works, p.ID, id, []string{"1"}, ""); why(err) != "terminals_sent" {
			t.Error(err)
		}
		p = ok(w.ReceiveTerminals(ctx, client, p.ID, id))(t)
		if p.TerminalsUsable() {
			t.Error("terminals are usable before the passage")
		}
		w.registered(p, project.ClientSide)
		ok(w.AskPassage(ctx, w.works, p.ID))(t)
		p = ok(w.EndPassage(ctx, w.works, p.ID, "INC0001"))(t)
		if !p.TerminalsUsable() {
			t.Error("terminals are not usable after it")
		}
		p = ok(w.ReturnTerminals(ctx, w.works, p.ID, id))(t)
		got := p.ECR.Requests[0]
		if p.TerminalsUsable() || got.AskedBy != w.works.By() || got.SentBy != w.works.By() || got.ReceivedBy != client.By() || got.ReturnedBy != w.works.By() || got.Terminals[0] != "12345678" {
			t.Errorf("%+v", got)
		}
		// Another CUIT than the portal's is refused; one registered later is told.
		q = request()
		q.TaxID = "20-00000002-8"
		if _, err := w.AskTerminals(ctx, client, p.ID, q); wrong(err)["tax_id"] != "not_registered" {
			t.Error(err)
		}
		late := w.begin("prisma_ecr")
		ok(w.AskTerminals(ctx, w.contact(late), late.ID, q))(t)
		w.registered(late, project.ClientSide)
		late = w.put(late.ID, func(p *project.Project) { p.Stage = project.Integration })
		told := false
		for _, c := range ok(w.Ready(ctx, w.works, late.ID))(t).Warnings() {
			told = told || c.Key == "tax_id_equal" && c.Reason == "tax_id_differs" && c.Params["asked"] == "20000000028"
		}
		if !told {
			t.Error("nobody is told that the CUITs differ")
		}
		qr := w.begin("mercadopago_qr")
		if _, err := w.AskTerminals(ctx, w.contact(qr), qr.ID, request()); why(err) != "not_ecr" {
			t.Error(err)
		}
	})
}

func suffix(s string) string {
	for i := range s {
		if s[i] == ':' {
			return s[i+1:]
		}
	}
	return ""
}

func TestPassageTakesRegistrationAllAPIsAndAnIncident(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx, p := t.Context(), w.begin("prisma_ecr")
		if _, err := w.Register(ctx, w.works, p.ID, project.Registration{TaxID: "30-00000000-9"}); len(wrong(err)) != 3 || wrong(err)["tax_id"] != "check_digit" {
			t.Error(err)
		}
		if _, err := w.AddAPIs(ctx, w.works, p.ID, []string{"payments"}); why(err) != "not_registered" {
			t.Error(err)
		}
		if _, err := w.AskPassage(ctx, w.works, p.ID); why(err) != "not_registered" {
			t.Error(err)
		}
		ok(w.Register(ctx, w.works, p.ID, project.Registration{Owner: project.ClientSide, TaxID: "30-00000000-7", LegalName: "Don Pedro S.A."}))(t)
		if _, err := w.AddAPIs(ctx, w.works, p.ID, []string{"payments", "acquiring"}); wrong(err)["apis[1]"] != "unknown" {
			t.Error(err)
		}
		ok(w.AddAPIs(ctx, w.works, p.ID, []string{"payments", "reversals", "refunds"}))(t)
		_, err := w.AskPassage(ctx, w.works, p.ID)
		if e, _ := err.(*posta.Error); e == nil || why(err) != "apis_missing" || e.Params["apis"] != "settlements" {
			t.Error(err)
		}
		ok(w.AddAPIs(ctx, w.works, p.ID, project.TerminalAPIs))(t)
		if _, err := w.EndPassage(ctx, w.works, p.ID, "INC1"); why(err) != "passage_not_asked" {
			t.Error(err)
		}
		ok(w.AskPassage(ctx, w.works, p.ID))(t)
		if _, err := w.EndPassage(ctx, w.works, p.ID, " "); wrong(err)["incident"] != "required" {
			t.Error(err)
		}
		if _, err := w.Register(ctx, w.works, p.ID, project.Registration{Owner: project.TeamSide, TaxID: "30-00000000-7", LegalName: "X"}); why(err) != "passage_asked" {
			t.Error(err)
		}
		p = ok(w.EndPassage(ctx, w.works, p.ID, "INC1"))(t)
		if p.ECR.Passage.Incident != "INC1" || p.ECR.Passage.BackOfficeAt.IsZero() {
			t.Errorf("%+v", p.ECR.Passage)
		}
	})
}

func TestProductionTerminalsAreTheCommercialsAfterHomologation(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx, p := t.Context(), w.begin("prisma_ecr")
		if _, err := w.SetProductionTerminals(ctx, w.works, p.ID, []string{"1"}); posta.ErrorCode(err) != posta.CodeForbidden {
			t.Error(err)
		}
		if _, err := w.SetProductionTerminals(ctx, w.sells, p.ID, []string{"1"}); why(err) != "not_homologated" {
			t.Error(err)
		}
		w.stands["homologation_passed"] = project.Standing{Met: true}
		if _, err := w.SetProductionTerminals(ctx, w.sells, p.ID, []string{"1", "1"}); wrong(err)["terminals[1]"] != "twice" {
			t.Error(err)
		}
		if p := ok(w.SetProductionTerminals(ctx, w.sells, p.ID, []string{"1", "2"}))(t); len(p.ECR.Production) != 2 {
			t.Error(p.ECR.Production)
		}
	})
}

// Credentials of an integrator that were homologated once let its next clients
// go on without, and the project says on whose homologation it stands.
func TestPreintegratedSkipsHomologationWithATrace(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx := t.Context()
		origin := w.registered(w.begin("prisma_ecr"), project.TeamSide)
		p := w.begun("prisma_ecr")
		for _, item := range []string{"internet_tills", "internet_store", "integration_finished"} {
			ok(w.Tick(ctx, w.contact(p), p.ID, item, project.Tick{}))(t)
		}
		if _, err := w.UsePreintegrated(ctx, w.works, p.ID, origin.ID); why(err) != "not_registered" {
			t.Error(err)
		}
		p = w.registered(p, project.TeamSide)
		use := func(from posta.ProjectID) string {
			_, err := w.UsePreintegrated(ctx, w.works, p.ID, from)
			return wrong(err)["from"]
		}
		if got := use(origin.ID); got != "not_homologated" {
			t.Error(got)
		}
		w.stands["homologation_passed"] = project.Standing{Met: true}
		foreign := newProcess(t, w.db)
		for want, from := range map[string]posta.ProjectID{
			"same":           p.ID,
			"unknown":        foreign.registered(foreign.begin("prisma_ecr"), project.TeamSide).ID,
			"other_template": w.begin("mercadopago_qr").ID,
			"client_owned":   w.registered(w.begin("prisma_ecr"), project.ClientSide).ID,
			"other_tax_id":   w.put(w.registered(w.begin("prisma_ecr"), project.TeamSide).ID, func(p *project.Project) { p.ECR.TaxID = "20000000028" }).ID,
			"preintegrated":  w.put(w.registered(w.begin("prisma_ecr"), project.TeamSide).ID, func(p *project.Project) { p.Preintegrated = origin.ID }).ID,
		} {
			if got := use(from); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		ok(w.UsePreintegrated(ctx, w.works, p.ID, origin.ID))(t)
		step := ok(w.Ready(ctx, w.works, p.ID))(t)
		if step.To != project.GoLive || len(step.Missing()) != 0 {
			t.Fatalf("%s %v", step.To, step.Missing())
		}
		for _, c := range step.Conditions {
			if c.Key == "homologation_passed" && c.Evidence != string(origin.ID) {
				t.Errorf("the trace is %q", c.Evidence)
			}
		}
		if _, err := w.Move(ctx, w.works, p.ID, project.Homologation, ""); why(err) != "stage_jump" {
			t.Error(err)
		}
		w.stands["homologation_passed"] = project.Standing{Reason: "original_not_passed"} // no more
		if _, err := w.Move(ctx, w.works, p.ID, project.GoLive, ""); wrong(err)["homologation_passed"] != "unmet" {
			t.Error(err)
		}
		w.stands["homologation_passed"] = project.Standing{Met: true}
		p = ok(w.Move(ctx, w.works, p.ID, project.GoLive, ""))(t)
		if _, err := w.UsePreintegrated(ctx, w.works, p.ID, ""); why(err) != "golive" {
			t.Error(err)
		}
		if ok(w.Get(ctx, w.works, p.ID))(t).Preintegrated != origin.ID {
			t.Error("the trace is gone")
		}
	})
}

func TestMeetingsAndActivities(t *testing.T) {
	t.Parallel()
	eachProcess(t, func(t *testing.T, w *process) {
		ctx, fresh, p := t.Context(), w.begin("prisma_ecr"), w.begun("prisma_ecr")
		day := w.clock.Now().AddDate(0, 0, 3)
		if _, err := w.ScheduleMeeting(ctx, w.works, fresh.ID, "", day); why(err) != "before_kickoff" {
			t.Error(err)
		}
		if _, err := w.ScheduleMeeting(ctx, w.works, p.ID, "", w.clock.Now()); wrong(err)["at"] != "past" {
			t.Error(err)
		}
		p = ok(w.ScheduleMeeting(ctx, w.works, p.ID, "", day))(t)
		id := p.Meetings[0].ID
		if at, kind := p.Next(); kind != "meeting" || !at.Equal(day) {
			t.Error(at, kind)
		}
		p = ok(w.ScheduleMeeting(ctx, w.works, p.ID, id, day.AddDate(0, 0, 1)))(t)
		if len(p.Meetings) != 1 || !p.Meetings[0].At.Equal(day.AddDate(0, 0, 1)) {
			t.Errorf("%+v", p.Meetings)
		}
		if _, err := w.HoldMeeting(ctx, w.works, p.ID, id, project.MeetingMinutes{At: day, Next: w.clock.Now()}); len(wrong(err)) != 3 {
			t.Error(err)
		}
		w.clock.Move(4 * 24 * time.Hour)
		next := w.clock.Now().AddDate(0, 0, 20)
		p = ok(w.HoldMeeting(ctx, w.works, p.ID, id, project.MeetingMinutes{Notes: "went well", Decisions: "go on", Next: next,
			Activities: []project.Activity{{What: "Receipts", Owner: "Luz", Due: next}}}))(t)
		if len(p.Meetings) != 2 || p.Meetings[0].HeldAt.IsZero() || !p.Meetings[1].At.Equal(next) || len(p.Kickoff.Activities) != 2 {
			t.Errorf("%+v", p.Meetings)
		}
		if _, err := w.HoldMeeting(ctx, w.works, p.ID, id, project.MeetingMinutes{Notes: "again"}); why(err) != "held" {
			t.Error(err)
		}
		if _, err := w.DropMeeting(ctx, w.works, p.ID, id, "no need"); why(err) != "held" {
			t.Error(err)
		}
		if p = ok(w.DropMeeting(ctx, w.works, p.ID, p.Meetings[1].ID, "no need"))(t); len(p.Meetings) != 1 {
			t.Error(p.Meetings)
		}
		p = ok(w.FinishActivity(ctx, w.works, p.ID, 1, true))(t)
		if p.Kickoff.Activities[1].DoneAt.IsZero() || !p.Kickoff.Activities[0].DoneAt.IsZero() {
			t.Error(p.Kickoff.Activities)
		}
		if _, err := w.FinishActivity(ctx, w.works, p.ID, 2, true); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Error(err)
		}
	})
}
