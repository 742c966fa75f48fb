package web

import (
	"posta"
	"posta/payment"
)

// gateNote tells a cashier how far a till may charge real money; the zero note
// says nothing.
type gateNote struct{ Title, Text string }

// gateNote looks at the gates of all connections that the till charges through:
// what one of them lets pass, the till can do.
func (v *visit) gateNote(c counter, ways rails) (gateNote, error) {
	seen := map[posta.ConnectionID]bool{}
	if c.Till.ConnectionID != "" {
		seen[c.Till.ConnectionID] = true
	}
	for _, device := range ways.Devices {
		for _, t := range c.Terminals {
			if t.ID == device.ID {
				seen[t.ConnectionID] = true
			}
		}
	}
	best := payment.GateClosed
	var at payment.Gate
	for id := range seen {
		g, err := v.s.GoLive.Allowed(v.ctx(), v.Merchant.ID, id)
		if err != nil {
			return gateNote{}, err
		}
		if gateRank[g.State] >= gateRank[best] {
			best, at = g.State, g
		}
	}
	switch {
	case len(seen) == 0 || best == payment.GateOpen:
		return gateNote{}, nil
	case best == payment.GatePilot && at.PilotStore != c.Store.ID:
		return gateNote{v.T("till.gate.closed"), v.T("golive.refused.not_pilot_store")}, nil
	case best == payment.GatePilot:
		return gateNote{v.T("till.gate.pilot"), ""}, nil
	case best == payment.GateWindow:
		return gateNote{v.T("till.gate.window"), v.T("till.gate.window.text", "payments", at.Window.Payments, "amount", v.money(at.Window.Amount, c.Currency))}, nil
	}
	return gateNote{v.T("till.gate.closed"), v.T("golive.refused.closed") + " " + v.T("till.gate.ask")}, nil
}

// gateRank orders the states by how much they let pass.
var gateRank = map[payment.GateState]int{payment.GateClosed: 0, payment.GateWindow: 1, payment.GatePilot: 2, payment.GateOpen: 3}
