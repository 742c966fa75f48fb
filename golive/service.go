package golive

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/account"
	"posta/payment"
	"posta/project"
	"posta/quality"
)

// Service keeps the gates.
type Service struct {
	Store    Store
	Accounts *account.Service
	Clock    posta.Clock
	// Committed tells that events were committed, so that they go out at once.
	Committed func()
	// Template finds the version of a process that a project began with.
	Template func(ctx context.Context, m posta.MerchantID, ref project.Ref) (project.Template, error)
	// Homologated says whether a project's homologation is passed, or another's
	// stands for it.
	Homologated func(ctx context.Context, p project.Project) (project.Standing, error)
	// Quality tells a live connection's newest score beside the provider's own.
	Quality func(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (quality.Standing, error)
	// Opened notes with the project that production opened.
	Opened func(ctx context.Context, a project.Actor, p posta.ProjectID) (project.Project, error)
	// PublicURL is how Posta is reached, NotifyURL where a connection's provider
	// sends its notices.
	PublicURL func() string
	NotifyURL func(posta.ConnectionID) string
	// TLS says how addresses are checked; the zero value is for production.
	TLS TLSOptions
}

// View is all about the gate of a connection, or of a project that has none yet.
type View struct {
	Gate    Gate             // as it stands now; without a connection a closed one
	Used    payment.GateUse  // of the window; zero while none is open
	Project *project.Project // nil where no project takes the connection to production
	Items   []Item
	// The keys of items that are in the way of a window, a pilot, the full opening.
	ForWindow, ForPilot, ForOpen []string
	Log                          []posta.Event // golive.* of connection and project, newest first, 100 at most
}

// What is asked for before a window and a pilot, of what the template asks for
// at all.
var (
	windowNeeds = []string{ItemProject, ItemCredentials, ItemTLS, ItemHomologation}
	pilotNeeds  = []string{ItemProject, ItemCredentials, ItemTLS, ItemHomologation, ItemDate}
)

// View tells how the gate of a merchant's live connection stands. Errors:
// not_found, forbidden.
func (s *Service) View(ctx context.Context, a project.Actor, c posta.ConnectionID) (View, error) {
	v, err := s.load(ctx, a.Merchant, c)
	if err == nil {
		err = a.May(project.See, v.projectID())
	}
	if err != nil {
		return View{}, err
	}
	return s.finish(ctx, v)
}

// ProjectView is View for a project, also one that has no live connection yet.
// Errors: not_found, forbidden.
func (s *Service) ProjectView(ctx context.Context, a project.Actor, p project.Project) (View, error) {
	if err := a.May(project.See, p.ID); err != nil {
		return View{}, err
	}
	if p.Live != "" {
		v, err := s.load(ctx, a.Merchant, p.Live)
		v.Project = &p
		if err != nil {
			return View{}, err
		}
		return s.finish(ctx, v)
	}
	return s.finish(ctx, View{Project: &p, Gate: Gate{Gate: payment.Gate{State: payment.GateClosed}, MerchantID: p.MerchantID}})
}

// load finds a gate and its project.
func (s *Service) load(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (View, error) {
	g, err := s.Store.Gate(ctx, m, c)
	if err != nil {
		return View{}, err
	}
	v := View{Gate: g}
	switch p, err := s.Store.LiveProject(ctx, m, c); posta.ErrorCode(err) {
	case "":
		v.Project = &p
	case posta.CodeNotFound:
	default:
		return View{}, err
	}
	return v, nil
}

// finish fills in everything else.
func (s *Service) finish(ctx context.Context, v View) (View, error) {
	var err error
	v.Gate.Gate = v.Gate.At(s.Clock.Now())
	subjects := []string{string(v.projectID())}
	if c := v.Gate.ConnectionID; c != "" {
		subjects = append(subjects, string(c))
		if v.Gate.State == payment.GateWindow {
			if v.Used, err = s.Store.GateUse(ctx, v.Gate.MerchantID, c, v.Gate.Window.From); err != nil {
				return View{}, err
			}
		}
	}
	if v, err = s.judged(ctx, v); err != nil {
		return View{}, err
	}
	v.Log, err = s.Store.GateEvents(ctx, v.Gate.MerchantID, subjects...)
	return v, err
}

// judged fills in the items and what they stand in the way of.
func (s *Service) judged(ctx context.Context, v View) (View, error) {
	var err error
	if v.Items, err = s.items(ctx, v.Gate, v.Project); err != nil {
		return View{}, err
	}
	v.ForWindow, v.ForPilot, v.ForOpen = missing(v.Items, windowNeeds), missing(v.Items, pilotNeeds), missing(v.Items, nil)
	return v, nil
}

// Items are what the gate of a live connection asks for, in the order of the
// template, and how each stands. Errors: not_found.
func (s *Service) Items(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) ([]Item, error) {
	v, err := s.load(ctx, m, c)
	if err != nil {
		return nil, err
	}
	return s.items(ctx, v.Gate, v.Project)
}

// missing lists the keys that are neither met nor waived, of those that count;
// nil counts all.
func missing(items []Item, counts []string) (keys []string) {
	for _, i := range items {
		if i.Status == Unmet && (counts == nil || slices.Contains(counts, i.Key)) {
			keys = append(keys, i.Key)
		}
	}
	return keys
}

// Allowed tells how far a live connection may charge now: what a till shows
// before anybody types an amount. Errors: not_found.
func (s *Service) Allowed(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (payment.Gate, error) {
	g, err := s.Store.Gate(ctx, m, c)
	return g.At(s.Clock.Now()), err
}

// States tells how far each of a merchant's live connections may charge now;
// one that is not there is closed.
func (s *Service) States(ctx context.Context, m posta.MerchantID) (map[posta.ConnectionID]payment.GateState, error) {
	gates, err := s.Store.Gates(ctx, m)
	out := map[posta.ConnectionID]payment.GateState{}
	for _, g := range gates {
		out[g.ConnectionID] = g.At(s.Clock.Now()).State
	}
	return out, err
}

// GateOpen says whether production is open for a project: its condition gate_open.
func (s *Service) GateOpen(ctx context.Context, p project.Project) (project.Standing, error) {
	if p.Live == "" {
		return project.Standing{Reason: "no_live_connection"}, nil
	}
	g, err := s.Store.Gate(ctx, p.MerchantID, p.Live)
	if err != nil {
		return project.Standing{}, err
	}
	if g.State != payment.GateOpen {
		return project.Standing{Reason: "gate_" + string(g.At(s.Clock.Now()).State)}, nil
	}
	return project.Standing{Met: true, Evidence: g.ChangedAt.Format(time.RFC3339)}, nil
}

func (v View) projectID() posta.ProjectID {
	if v.Project == nil {
		return ""
	}
	return v.Project.ID
}

// told is what an event tells.
type told map[string]any

// event makes an event of a gate: about the project, or the connection where it
// has none.
func (s *Service) event(a project.Actor, kind string, v View, data told) posta.Event {
	now := s.Clock.Now()
	subject := string(v.projectID())
	if subject == "" {
		subject = string(v.Gate.ConnectionID)
	}
	data["connection_id"] = v.Gate.ConnectionID
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // texts, numbers and lists of them: a type that cannot be written is a defect
	}
	return posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: v.Gate.MerchantID, Mode: posta.Live, Type: "golive." + kind,
		Subject: subject, Actor: a.By(), Data: raw, CreatedAt: now}
}

// decide loads a gate for somebody who may decide about it: a person by name.
func (s *Service) decide(ctx context.Context, a project.Actor, c posta.ConnectionID) (View, error) {
	v, err := s.load(ctx, a.Merchant, c)
	if err == nil {
		err = named(a, v.projectID())
	}
	return v, err
}

// named reports whether the actor is a person who may decide.
func named(a project.Actor, p posta.ProjectID) error {
	if err := a.May(project.Decide, p); err != nil {
		return err
	}
	if a.User == "" {
		return &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": string(project.Decide)}}
	}
	return nil
}

// change commits what do makes of the gate, with its event; where do gives none,
// nothing has changed.
func (s *Service) change(ctx context.Context, a project.Actor, v View, do func(*Gate) (kind string, data told, err error)) (Gate, error) {
	g, err := s.Store.ChangeGate(ctx, v.Gate.MerchantID, v.Gate.ConnectionID, func(g *Gate) ([]posta.Event, error) {
		kind, data, err := do(g)
		if err != nil || kind == "" {
			return nil, err
		}
		return []posta.Event{s.event(a, kind, v, data)}, nil
	})
	if err == nil {
		s.Committed()
	}
	return g, err
}

// turn puts the gate into a state that somebody decided.
func (g *Gate) turn(to payment.GateState, a project.Actor, now time.Time) {
	g.State, g.ChangedAt, g.ChangedBy, g.Reason = to, now, a.By(), ""
	g.Window, g.PilotStore, g.PilotTerminals = payment.Window{}, "", nil
}

// lacking refuses a decision for what is missing.
func lacking(keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return &posta.Error{Code: posta.CodeState, Params: map[string]string{"missing": strings.Join(keys, ",")}}
}

// standing refuses a decision for how the gate stands.
func standing(g payment.Gate) error {
	return &posta.Error{Code: posta.CodeState, Params: map[string]string{"gate": string(g.State)}}
}
