package payment

import (
	"slices"
	"time"

	"posta"
)

// Gate says what a live connection may charge. docs/states.md draws its machine.
type Gate struct {
	ConnectionID posta.ConnectionID
	State        GateState
	Window       Window
	// PilotStore and PilotTerminals are where a pilot charges; no terminals means
	// any of the store (a rail without terminals).
	PilotStore     posta.StoreID
	PilotTerminals []posta.TerminalID
	ChangedAt      time.Time
	ChangedBy      string
	Reason         string // why it was closed, or is open, where somebody said so
}

// GateState is how far a live connection's gate is open.
type GateState string

// The states of a gate.
const (
	GateClosed GateState = "closed" // nothing is charged
	GateWindow GateState = "window" // a few payments, to be measured
	GatePilot  GateState = "pilot"  // one store
	GateOpen   GateState = "open"
)

// Window is what a measurement window lets pass.
type Window struct {
	Payments int   // at most
	Amount   int64 // in all, minor units
	From, To time.Time
}

// GateUse is what passed a window so far.
type GateUse struct {
	Payments int
	Amount   int64 // what buyers pay, minor units
}

// At is the gate as it stands at now: a window ends by itself.
func (g Gate) At(now time.Time) Gate {
	if g.State == GateWindow && !now.Before(g.Window.To) {
		g.State = GateClosed
	}
	return g
}

// Charged is what the buyer pays, as far as it is known, in minor units: what is
// asked with the cash that is handed out, or what came if that is more (a tip).
func (p Payment) Charged() int64 { return max(p.Captured, p.Amount.Amount+p.Options.CashBack) }

// Admit reports whether the gate lets a new live payment pass, used being what
// passed its window so far. Errors: gate_closed with Params["gate"] the state
// and Params["reason"] (closed, window_over, window_payments, window_amount,
// not_pilot_store, not_pilot_terminal).
func (g Gate) Admit(p Payment, used GateUse) error {
	refuse := func(reason string) error {
		return &posta.Error{Code: posta.CodeGateClosed, Params: map[string]string{"gate": string(g.State), "reason": reason}}
	}
	switch g.State {
	case GateOpen:
		return nil
	case GateWindow:
		switch {
		case p.CreatedAt.Before(g.Window.From) || !p.CreatedAt.Before(g.Window.To):
			return refuse("window_over")
		case used.Payments >= g.Window.Payments:
			return refuse("window_payments")
		case used.Amount+p.Charged() > g.Window.Amount:
			return refuse("window_amount")
		}
		return nil
	case GatePilot:
		if p.StoreID != g.PilotStore {
			return refuse("not_pilot_store")
		}
		for _, t := range p.Terminals {
			if !slices.Contains(g.PilotTerminals, t.ID) {
				return refuse("not_pilot_terminal")
			}
		}
		return nil
	}
	return refuse("closed")
}
