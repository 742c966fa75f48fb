package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/golive"
	"posta/payment"
)

// Gate is how far a live connection may charge, and what is in the way.
type Gate struct {
	Connection posta.ConnectionID `json:"connection_id,omitempty"`
	Project    posta.ProjectID    `json:"project_id,omitempty"`
	State      payment.GateState  `json:"state" enum:"closed,window,pilot,open"`
	Window     *GateWindow        `json:"window,omitempty"`
	Pilot      *GatePilot         `json:"pilot,omitempty"`
	Items      []GateItem         `json:"items"`
	ForWindow  []string           `json:"missing_for_window"`
	ForPilot   []string           `json:"missing_for_pilot"`
	ForOpen    []string           `json:"missing_for_open"`
	ChangedAt  *time.Time         `json:"changed_at,omitempty"`
	ChangedBy  string             `json:"changed_by,omitempty"`
	Reason     string             `json:"reason,omitempty"`
}

// GateWindow is what a measurement window lets pass, and what did.
type GateWindow struct {
	Payments     int       `json:"payments"`
	Amount       int64     `json:"amount"`
	UsedPayments int       `json:"used_payments"`
	UsedAmount   int64     `json:"used_amount"`
	From         time.Time `json:"from"`
	To           time.Time `json:"to"`
}

// GatePilot is where a pilot charges.
type GatePilot struct {
	Store     posta.StoreID      `json:"store_id"`
	Terminals []posta.TerminalID `json:"terminals"`
}

// GateItem is one thing that the gate asks for.
type GateItem struct {
	Key      string            `json:"key" example:"homologation"`
	Status   golive.Status     `json:"status" enum:"met,unmet,waived"`
	Reason   string            `json:"reason,omitempty" doc:"code of why it is not met"`
	Params   map[string]string `json:"params,omitempty"`
	Evidence string            `json:"evidence,omitempty"`
	At       *time.Time        `json:"at,omitempty" doc:"when the evidence is from"`
	Waiver   *golive.Waiver    `json:"waiver,omitempty"`
}

var exampleGate = Gate{Connection: posta.IDFrom[posta.ConnectionID](exampleULID), Project: exampleProject.ID, State: payment.GateClosed,
	Items: []GateItem{{Key: golive.ItemHomologation, Status: golive.Unmet, Reason: "cases_missing"}}, ForWindow: []string{"homologation"}, ForPilot: []string{"homologation"}, ForOpen: []string{"homologation"}}

type gateAnswer struct{ Body Gate }

func (a *server) gates() {
	add(a, http.MethodGet, "/v1/projects/{id}/golive", about{id: "get_project_golive", tag: projectsTag, summary: "Get how a project's way to production stands",
		text: byHand, codes: []posta.Code{posta.CodeForbidden}, answer: exampleGate}, func(ctx context.Context, in *ProjectPath) (*gateAnswer, error) {
		p, err := a.project(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		v, err := a.GoLive.ProjectView(ctx, callOf(ctx).actor(), p)
		return gateShown(v, err)
	})
	add(a, http.MethodGet, "/v1/connections/{id}/gate", about{id: "get_connection_gate", tag: "Connections", summary: "Get how far a live connection may charge",
		text: "With a key of live mode. A charge beyond it is refused with gate_closed, its reason among the params.", codes: []posta.Code{posta.CodeForbidden}, answer: exampleGate},
		func(ctx context.Context, in *ConnectionPath) (*gateAnswer, error) {
			call := callOf(ctx)
			id, err := found[posta.ConnectionID](in.ID)
			if err == nil && call.key.Mode != posta.Live {
				err = &posta.Error{Code: posta.CodeNotFound}
			}
			if err != nil {
				return nil, err
			}
			v, err := a.GoLive.View(ctx, call.actor(), id)
			return gateShown(v, err)
		})
}

func gateShown(v golive.View, err error) (*gateAnswer, error) {
	if err != nil {
		return nil, err
	}
	g := v.Gate
	out := Gate{Connection: g.ConnectionID, State: g.State, Items: []GateItem{}, ForWindow: append([]string{}, v.ForWindow...), ForPilot: append([]string{}, v.ForPilot...),
		ForOpen: append([]string{}, v.ForOpen...), ChangedAt: unlessZero(g.ChangedAt), ChangedBy: g.ChangedBy, Reason: g.Reason}
	if v.Project != nil {
		out.Project = v.Project.ID
	}
	switch g.State {
	case payment.GateWindow:
		out.Window = &GateWindow{g.Window.Payments, g.Window.Amount, v.Used.Payments, v.Used.Amount, g.Window.From, g.Window.To}
	case payment.GatePilot:
		out.Pilot = &GatePilot{g.PilotStore, append([]posta.TerminalID{}, g.PilotTerminals...)}
	}
	for _, i := range v.Items {
		out.Items = append(out.Items, GateItem{i.Key, i.Status, i.Reason, i.Params, i.Evidence, unlessZero(i.At), i.Waiver})
	}
	return &gateAnswer{out}, nil
}
