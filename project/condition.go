package project

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"posta"
)

// Condition is how one condition of a step stands.
type Condition struct {
	Key   string
	Stage Stage // whose rule it is
	Hard  bool
	Item  *Item // the checklist item that it is; nil where code looks
	Standing
}

// Blocks reports whether it stops the step.
func (c Condition) Blocks() bool { return c.Hard && !c.Met }

// look is what conditions read.
type look struct {
	p         Project
	t         Template
	now       time.Time
	documents []posta.AttachmentID // that the desk handed to the client
	stands    map[string]Standing  // what other packages say, by condition
}

// condition is the code of one: whether it applies to a project at all, whether
// another package must be asked, and how it stands.
type condition struct {
	applies func(Project) bool // nil: always
	asked   bool
	stand   func(look) Standing
}

// conditions are all that templates can name, besides checklist items. The words
// of each are under project.condition.KEY, those of its reasons under
// project.reason.CODE.
var conditions map[string]condition

func init() {
	conditions = map[string]condition{
		"people_assigned":         {stand: peopleAssigned},
		"documents_delivered":     {stand: documentsDelivered},
		"golive_date_approximate": {stand: golivePlanned},
		"kickoff_planned":         {stand: kickoffPlanned},
		"kickoff_held":            {stand: kickoffHeld},
		"kickoff_set_in_time":     {stand: kickoffSetInTime},
		"internet_confirmed":      {stand: internetConfirmed},
		"terminals_received":      {stand: terminalsReceived, applies: ownHomologation},
		"tax_id_equal":            {stand: taxIDEqual, applies: func(p Project) bool { return len(p.ECR.Requests) > 0 }},
		"portal_registered":       {stand: portalRegistered},
		"apis_added":              {stand: apisAdded, applies: ownHomologation},
		"passage_done":            {stand: passageDone, applies: ownHomologation},
		"homologation_passed":     {stand: homologationPassed, asked: true},
		"date_confirmed":          {stand: dateConfirmed},
		"gate_open":               {stand: saidElsewhere("gate_open"), asked: true},
		"quality":                 {stand: saidElsewhere("quality"), asked: true},
		"pilot_done":              {stand: pilotDone},
		"production_terminals":    {stand: productionTerminals},
		"monitored":               {stand: monitored},
		"new_channel":             {stand: newChannel},
	}
}

// ConditionKeys are the keys of all conditions that code looks at, sorted.
func ConditionKeys() []string { return slices.Sorted(maps.Keys(conditions)) }

func met(evidence string) Standing { return Standing{Met: true, Evidence: evidence} }

func unmet(reason string, params ...string) Standing {
	st := Standing{Reason: reason, Params: map[string]string{}}
	for i := 0; i+1 < len(params); i += 2 {
		st.Params[params[i]] = params[i+1]
	}
	return st
}

func peopleAssigned(l look) Standing {
	for _, who := range []struct {
		role posta.Role
		id   posta.UserID
	}{{posta.Integrator, l.p.People.Integrator}, {posta.Manager, l.p.People.Manager}, {posta.Commercial, l.p.People.Commercial}} {
		if who.id == "" {
			return unmet("nobody", "role", string(who.role))
		}
	}
	return met(string(l.p.People.Integrator))
}

func documentsDelivered(l look) Standing {
	if len(l.documents) > 0 {
		return met(string(l.documents[0]))
	}
	if tick, ok := l.p.Done["documents_delivered"]; ok && tick.Evidence != "" {
		return met(string(tick.Evidence))
	}
	return unmet("no_document")
}

func golivePlanned(l look) Standing {
	for _, day := range []time.Time{l.p.Date.At, l.p.Date.Approximate} {
		if !day.IsZero() {
			return met(day.Format(time.DateOnly))
		}
	}
	return unmet("no_date")
}

func kickoffPlanned(l look) Standing { return since(l.p.Kickoff.PlannedAt, "not_planned") }

func kickoffHeld(l look) Standing { return since(l.p.Kickoff.HeldAt, "not_held") }

// since is met from a moment on.
func since(t time.Time, reason string) Standing {
	if t.IsZero() {
		return unmet(reason)
	}
	return met(t.Format(time.RFC3339))
}

// noticeDays is how long before a kickoff its date has to be set. The process
// asks for notice and names no number: this one is ours.
const noticeDays = 2

func kickoffSetInTime(l look) Standing {
	switch k := l.p.Kickoff; {
	case k.PlannedAt.IsZero():
		return unmet("not_planned")
	case k.PlannedAt.Sub(k.SetAt) < noticeDays*24*time.Hour:
		return unmet("set_late")
	case k.DevelopmentAt.IsZero():
		return unmet("no_development_date")
	case k.DevelopmentAt.Before(k.PlannedAt):
		return unmet("after_development")
	case k.DevelopmentAt.Sub(k.PlannedAt) > week:
		return unmet("too_early")
	default:
		return met(k.SetAt.Format(time.RFC3339))
	}
}

func internetConfirmed(l look) Standing {
	for _, key := range []string{"internet_tills", "internet_store"} {
		if _, ok := l.p.Done[key]; !ok {
			return unmet(key)
		}
	}
	return met("internet_tills internet_store")
}

// ownHomologation reports whether a project is homologated itself, not by the
// credentials of another.
func ownHomologation(p Project) bool { return p.Preintegrated == "" }

func terminalsReceived(l look) Standing {
	reason := "terminals_not_asked"
	for _, q := range l.p.ECR.Requests {
		switch {
		case !q.ReturnedAt.IsZero():
			reason = "terminals_returned"
		case !q.ReceivedAt.IsZero():
			return met(strings.Join(q.Terminals, ", "))
		case !q.SentAt.IsZero():
			reason = "terminals_not_received"
		case reason != "terminals_not_received":
			reason = "terminals_not_sent"
		}
	}
	return unmet(reason)
}

func taxIDEqual(l look) Standing {
	registered := l.p.ECR.TaxID
	for _, q := range l.p.ECR.Requests {
		if registered != "" && q.TaxID != registered {
			return unmet("tax_id_differs", "asked", q.TaxID, "registered", registered)
		}
	}
	return met(registered)
}

func portalRegistered(l look) Standing { return since(l.p.ECR.Registered, "not_registered") }

func apisAdded(l look) Standing {
	if missing := l.p.ECR.missingAPIs(); len(missing) > 0 {
		return unmet("apis_missing", "apis", strings.Join(missing, ", "))
	}
	return met(strings.Join(TerminalAPIs, ", "))
}

func passageDone(l look) Standing {
	switch w := l.p.ECR.Passage; {
	case w.AskedAt.IsZero():
		return unmet("passage_not_asked")
	case w.BackOfficeAt.IsZero():
		return unmet("no_back_office")
	case w.Incident == "":
		return unmet("no_incident")
	default:
		return met(w.Incident)
	}
}

func homologationPassed(l look) Standing {
	st := l.said("homologation_passed")
	if st.Met && l.p.Preintegrated != "" {
		st.Evidence = string(l.p.Preintegrated)
	}
	return st
}

func saidElsewhere(key string) func(look) Standing {
	return func(l look) Standing { return l.said(key) }
}

// said is what another package says; one that says nothing has not met it.
func (l look) said(key string) Standing {
	st, ok := l.stands[key]
	if !ok {
		return unmet("not_known")
	}
	return st
}

func dateConfirmed(l look) Standing {
	switch d := l.p.Date; {
	case d.At.IsZero():
		return unmet("no_date")
	case d.ClientSaid.IsZero():
		return unmet("client_not_confirmed")
	case d.TeamSaid.IsZero():
		return unmet("team_not_confirmed")
	default:
		return met(d.At.Format(time.RFC3339))
	}
}

func pilotDone(l look) Standing {
	switch p := l.p.Pilot; {
	case p.StartedAt.IsZero():
		return unmet("pilot_not_started")
	case p.Running():
		return unmet("pilot_running")
	case p.Outcome != PilotWidened:
		return unmet("pilot_stopped")
	default:
		return met(p.EndedAt.Format(time.RFC3339))
	}
}

func productionTerminals(l look) Standing {
	if len(l.p.ECR.Production) == 0 {
		return unmet("no_terminals")
	}
	return met(strings.Join(l.p.ECR.Production, ", "))
}

func monitored(l look) Standing {
	d := l.p.Date
	until := d.OpenedAt.AddDate(0, 0, l.t.MonitorDays)
	switch {
	case d.OpenedAt.IsZero():
		return unmet("not_opened")
	case l.now.Before(until):
		return unmet("watched_until", "date", until.Format(time.DateOnly))
	case d.StableConfirm.Before(until): // or never
		return unmet("not_looked_at")
	default:
		return met(d.StableConfirm.Format(time.RFC3339))
	}
}

func newChannel(l look) Standing {
	if l.p.HandOff.Channel == "" {
		return unmet("no_channel")
	}
	return met(l.p.HandOff.Channel)
}

// of gives how a stage's rules stand; what does not apply is left out.
func (l look) of(stage Stage, rules []Rule) (out []Condition) {
	for _, r := range rules {
		c := Condition{Key: r.Key, Stage: stage, Hard: r.Hard}
		if code, ok := conditions[r.Key]; ok {
			if code.applies != nil && !code.applies(l.p) {
				continue
			}
			c.Standing = code.stand(l)
		} else {
			item, ok := l.t.Item(r.Key)
			if !ok || !item.applies(l.p) {
				continue
			}
			c.Item, c.Standing = &item, item.stand(l.p)
		}
		out = append(out, c)
	}
	return out
}

// look gathers what the conditions of rules read of a project.
func (s *Service) look(ctx context.Context, p Project, rules ...Rule) (look, error) {
	l := look{p: p, now: s.Clock.Now(), stands: map[string]Standing{}}
	var err error
	if l.t, err = s.Template(ctx, p.MerchantID, p.Template); err != nil {
		return l, err
	}
	for _, r := range l.rules(rules) {
		if !conditions[r.Key].asked || s.Stands == nil {
			continue
		}
		if l.stands[r.Key], err = s.Stands(ctx, p, r.Key); err != nil {
			return l, err
		}
	}
	files, err := s.Store.Attachments(ctx, p.MerchantID, p.ID)
	for _, f := range files {
		if f.Kind == "document" && !f.Internal && !strings.HasPrefix(f.By, "contact:") {
			l.documents = append(l.documents, f.ID)
		}
	}
	return l, err
}

// rules are those told, or all that the next step of the project asks for.
func (l look) rules(rules []Rule) []Rule {
	if len(rules) > 0 {
		return rules
	}
	return slices.Concat(l.t.Rule(l.p.Stage).Exit, l.t.Rule(l.p.following()).Entry)
}

// again is the look at the project as it is now, in a change.
func (l look) again(r *Record) (look, error) {
	if r.Project.Template != l.t.Ref {
		return l, posta.Errorf(posta.CodeConflict, "the project was moved to another version of its template meanwhile")
	}
	l.p = r.Project
	return l, nil
}
