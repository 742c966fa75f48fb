package web

import (
	"strings"

	"posta"
	"posta/golive"
	"posta/project"
)

// checkCredentials asks the provider who the live credentials belong to.
func (s *server) checkCredentials(v *visit, g gated) error {
	if err := v.actor().May(project.Work, g.Project); err != nil {
		return err
	}
	s.flashCheck(v, g.Connection)
	return v.redirect(g.Base + "#credentials")
}

func (s *server) checkTLS(v *visit, g gated) error {
	reports, err := s.GoLive.CheckTLS(v.ctx(), v.actor(), g.Connection)
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range reports {
		if r.Verdict == golive.TLSFail {
			failed++
		}
	}
	if failed > 0 {
		v.flash("error", v.T("gate.tls.failed", failed), v.T("gate.tls.failed.text"))
	} else {
		v.flash("ok", v.T("gate.tls.good", len(reports)), "")
	}
	return v.redirect(g.Base + "#tls")
}

// setShop takes addresses, one a line.
func (s *server) setShop(v *visit, g gated) error {
	_, err := s.GoLive.SetShop(v.ctx(), v.actor(), g.Connection, strings.Fields(v.value("addresses")))
	if err != nil {
		return err
	}
	v.flash("ok", v.T("gate.shop.done"), "")
	return v.redirect(g.Base + "#tls")
}

func (s *server) openWindow(v *visit, g gated) error {
	r := &reader{v: v}
	in := golive.WindowInput{Payments: r.number("payments"), Hours: r.number("hours")}
	var wrong error
	in.Amount, wrong = parseAmount(v.value("amount"), v.Country.Currency)
	r.wrong.Add(wrong != nil, "amount", "amount")
	if err := r.wrong.Err(); err != nil {
		return err
	}
	if _, err := s.GoLive.OpenWindow(v.ctx(), v.actor(), g.Connection, in); err != nil {
		return err
	}
	v.flash("ok", v.T("event.golive.window_opened"), v.T("gate.window.done"))
	return v.redirect(g.Base + "#gate")
}

// openGate asks first, naming client and connection.
func (s *server) openGate(v *visit, g gated) error {
	c, err := s.Accounts.Store.MerchantConnection(v.ctx(), v.Merchant.ID, g.Connection)
	if err != nil {
		return err
	}
	if !v.ticked("sure") {
		view, err := s.GoLive.View(v.ctx(), v.actor(), g.Connection)
		if err != nil {
			return err
		}
		client := v.Merchant.Name
		if view.Project != nil {
			client = view.Project.Client.Name
		}
		words := []any{"client", client, "connection", c.Name, "person", v.User.Name}
		return v.ask(ask{Title: v.T("gate.open.title", words...), Text: v.T("gate.open.text", words...), Action: g.Base + "/open",
			Button: v.T("gate.open.button", words...), Back: g.Base, Hidden: map[string]string{"sure": "1"}})
	}
	if _, err := s.GoLive.Open(v.ctx(), v.actor(), g.Connection); err != nil {
		return err
	}
	v.flash("ok", v.T("event.golive.opened"), v.T("gate.open.done", "connection", c.Name))
	return v.redirect(g.Base)
}

func (s *server) closeGate(v *visit, g gated) error {
	if _, err := s.GoLive.Close(v.ctx(), v.actor(), g.Connection, v.value("reason")); err != nil {
		return err
	}
	v.flash("ok", v.T("event.golive.closed"), v.T("gate.closed.done"))
	return v.redirect(g.Base)
}

func (s *server) waiveItem(v *visit, g gated) error {
	if _, err := s.GoLive.Waive(v.ctx(), v.actor(), g.Connection, v.value("item"), v.value("reason")); err != nil {
		return err
	}
	v.flash("ok", v.T("event.golive.waived"), v.T("golive.item."+v.value("item")))
	return v.redirect(g.Base + "#" + v.value("item"))
}

func (s *server) unwaiveItem(v *visit, g gated) error {
	if _, err := s.GoLive.Unwaive(v.ctx(), v.actor(), g.Connection, v.value("item")); err != nil {
		return err
	}
	v.flash("ok", v.T("event.golive.unwaived"), v.T("golive.item."+v.value("item")))
	return v.redirect(g.Base + "#" + v.value("item"))
}

// startPilot begins production in one store.
func (s *server) startPilot(v *visit, g gated) error {
	r := &reader{v: v}
	in := project.PilotInput{StoreID: posta.StoreID(v.value("store_id")),
		Thresholds: &project.Thresholds{Approval: r.number("approval"), Lost: r.number("lost"), Unmatched: r.number("unmatched")}}
	for _, id := range v.r.PostForm["terminals"] {
		if id != "" {
			in.Terminals = append(in.Terminals, posta.TerminalID(id))
		}
	}
	if err := r.wrong.Err(); err != nil {
		return err
	}
	if _, err := s.Projects.StartPilot(v.ctx(), v.actor(), g.Project, in); err != nil {
		return err
	}
	v.flash("ok", v.T("event.golive.pilot_started"), "")
	return v.redirect(g.Base + "#pilot")
}

// endPilot widens the pilot or stops it.
func (s *server) endPilot(v *visit, g gated) error {
	outcome := v.value("outcome")
	if _, err := s.Projects.EndPilot(v.ctx(), v.actor(), g.Project, outcome, v.value("note")); err != nil {
		return err
	}
	v.flash("ok", v.T("event.golive.pilot_"+outcome), "")
	return v.redirect(g.Base + "#pilot")
}
