package project_test

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/store"
	"posta/store/storetest"
)

// process is a desk on a real database, with a person of each role.
type process struct {
	*project.Service
	t       *testing.T
	db      *store.DB
	clock   *posta.MovableClock
	mer     posta.MerchantID
	people  map[posta.UserID]project.Person
	links   map[posta.ConnectionID]project.Connected
	stands  map[string]project.Standing
	gate    []project.PilotStep
	closed  error // what the gate answers
	owner   project.Actor
	manager project.Actor
	works   project.Actor // the integrator
	sells   project.Actor // the commercial
	program project.Actor
}

func eachProcess(t *testing.T, test func(t *testing.T, w *process)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newProcess(t, db)) })
}

func newProcess(t *testing.T, db *store.DB) *process {
	w := &process{t: t, db: db, clock: posta.NewFrozenClock(storetest.Now), mer: storetest.Seed(t, db).Merchant.ID,
		people: map[posta.UserID]project.Person{}, links: map[posta.ConnectionID]project.Connected{}, stands: map[string]project.Standing{}}
	join := func(role posta.Role) project.Actor {
		id := posta.NewID[posta.UserID](storetest.Now)
		w.people[id] = project.Person{ID: id, Name: string(role), Email: string(role) + "@desk.example", Role: role}
		return project.Actor{Merchant: w.mer, User: id, Role: role}
	}
	w.owner, w.manager, w.works, w.sells = join(posta.Owner), join(posta.Manager), join(posta.Integrator), join(posta.Commercial)
	w.program = project.Actor{Merchant: w.mer, Key: posta.NewID[posta.KeyID](storetest.Now)}
	w.Service = &project.Service{Store: db, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Committed: func() {},
		Person: func(_ context.Context, _ posta.MerchantID, id posta.UserID) (project.Person, error) {
			p, ok := w.people[id]
			if !ok {
				return p, &posta.Error{Code: posta.CodeNotFound}
			}
			return p, nil
		},
		Team: func(context.Context, posta.MerchantID) ([]project.Person, error) {
			return slices.Collect(maps.Values(w.people)), nil
		},
		Connection: func(_ context.Context, m posta.MerchantID, id posta.ConnectionID) (project.Connected, error) {
			c, ok := w.links[id]
			if !ok || m != w.mer {
				return c, &posta.Error{Code: posta.CodeNotFound}
			}
			return c, nil
		},
		Location: func(context.Context, posta.MerchantID) (*time.Location, error) { return time.UTC, nil },
		Country:  func(context.Context, posta.MerchantID) (string, error) { return "AR", nil },
		Say:      func(language, key string, args ...any) string { return language + " " + key },
		URL:      func() string { return "http://desk.example" },
		Stands: func(_ context.Context, _ project.Project, key string) (project.Standing, error) {
			return w.stands[key], nil
		},
		Gate: func(_ context.Context, _ project.Actor, _ project.Project, step project.PilotStep) error {
			w.gate = append(w.gate, step)
			return w.closed
		},
	}
	return w
}

// connect adds a connection of the merchant's.
func (w *process) connect(provider string, mode posta.Mode) posta.ConnectionID {
	id := posta.NewID[posta.ConnectionID](storetest.Now)
	w.links[id] = project.Connected{Provider: provider, Mode: mode}
	return id
}

// begin creates a project of a template with all its people, and a contact.
func (w *process) begin(key string) project.Project {
	w.t.Helper()
	return ok(w.Create(w.t.Context(), w.sells, project.Input{Name: "Almacén", Client: project.Client{Name: "Don Pedro", TaxID: "30-00000000-7"},
		Template: project.Ref{Key: key}, People: project.People{Integrator: w.works.User, Manager: w.manager.User, Commercial: w.sells.User},
		Contacts: []project.Contact{{Name: "Pía", Email: "Pia@Client.example", Technical: true, InCopy: true}}}))(w.t)
}

// contact is the project's first contact.
func (w *process) contact(p project.Project) project.Actor {
	return project.Actor{Merchant: w.mer, Project: p.ID, Contact: p.Contacts[0].ID}
}

// document attaches one to the project.
func (w *process) document(p project.Project) posta.AttachmentID {
	w.t.Helper()
	return ok(w.Attach(w.t.Context(), w.works, project.Upload{Project: p.ID, Kind: "document", File: project.File{Name: "onboarding.txt", Type: "text/plain", Data: []byte("step by step")}}))(w.t).ID
}

// designed brings a new project through design up to its kickoff.
func (w *process) designed(key string) project.Project {
	w.t.Helper()
	ctx, p := w.t.Context(), w.begin(key)
	ok(w.Move(ctx, w.works, p.ID, project.Design, ""))(w.t)
	for _, item := range []string{"business_model_understood", "solution_chosen"} {
		ok(w.Tick(ctx, w.works, p.ID, item, project.Tick{}))(w.t)
	}
	w.document(p)
	day := w.clock.Now().AddDate(0, 3, 0)
	ok(w.Edit(ctx, w.works, p.ID, project.Changes{Approximate: &day}))(w.t)
	p, _, err := w.PlanKickoff(ctx, w.works, p.ID, project.KickoffPlan{At: w.clock.Now().AddDate(0, 0, 5), Development: w.clock.Now().AddDate(0, 0, 10)})
	return ok(p, err)(w.t)
}

// minutes are those of a kickoff that counts.
func minutes() project.KickoffMinutes {
	return project.KickoffMinutes{Attendees: []project.Attendee{{Name: "Pía", Side: project.ClientSide, Technical: true}, {Name: "Ines", Side: project.TeamSide, Technical: true}},
		Channels: []project.Channel{project.Email}, FollowUp: "weekly",
		Activities: []project.Activity{{What: "Token", Owner: "Pía", Due: storetest.Now.AddDate(0, 0, 20)}}}
}

// begun brings a new project into integration.
func (w *process) begun(key string) project.Project {
	w.t.Helper()
	p, _, err := w.HoldKickoff(w.t.Context(), w.works, w.designed(key).ID, minutes())
	return ok(p, err)(w.t)
}

// put changes a project's record directly.
func (w *process) put(id posta.ProjectID, change func(*project.Project)) project.Project {
	w.t.Helper()
	r := ok(w.db.ChangeProject(w.t.Context(), w.mer, id, func(r *project.Record) error {
		change(&r.Project)
		return nil
	}))(w.t)
	return r.Project
}

// ok gives the value of a call that must not fail.
func ok[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// wrong maps the fields of an error to their codes.
func wrong(err error) map[string]string {
	out := map[string]string{}
	if e, ok := err.(*posta.Error); ok {
		for _, f := range e.Fields {
			out[f.Field] = f.Code
		}
	}
	return out
}

// why is the reason that an error gives.
func why(err error) string {
	if e, ok := err.(*posta.Error); ok {
		return e.Params["reason"]
	}
	return ""
}

// kinds lists the types of a project's events.
func (w *process) kinds(id posta.ProjectID) (out []string) {
	w.t.Helper()
	for _, e := range ok(w.Story(w.t.Context(), w.owner, id))(w.t) {
		out = append(out, e.Type)
	}
	return out
}
