package web

import (
	"posta/project"
)

// deskSettingsData is what the page of the desk's settings shows.
type deskSettingsData struct {
	Hook   string // where the mail server hands in what comes to the desk's address; "" for who does not manage it
	Desk   project.Desk
	Sent   sent
	Manage bool
	Zone   string
	Land   string // whose holidays count
}

func (s *server) deskSettingsPage(v *visit, back sent) error {
	desk, err := s.Projects.GetDesk(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	data := deskSettingsData{Desk: desk, Sent: back, Manage: v.may(project.Manage), Zone: v.Merchant.TimeZone, Land: v.country(v.Merchant.Country)}
	if data.Manage { // who knows the address can write in the clients' names
		data.Hook = s.PublicURL() + "/hooks/mail/" + s.Accounts.MailSecret(v.Merchant.ID)
	}
	return v.renderAs(back.answered(), "desk-settings", data)
}

func (s *server) saveDesk(v *visit) (string, error) {
	desk, err := s.Projects.GetDesk(v.ctx(), v.actor())
	if err != nil {
		return "", err
	}
	if err := v.actor().May(project.Manage, ""); err != nil {
		return "", err
	}
	r := &reader{v: v}
	desk.Team = project.Address{Name: v.value("team_name"), Email: v.value("team_email")}
	desk.Capacity, desk.WarnPercent, desk.SilentWeeks = r.number("capacity"), r.number("warn_percent"), r.number("silent_weeks")
	desk.BusinessHours, desk.OpensAt, desk.ClosesAt = v.value("hours") == "business", v.value("opens_at"), v.value("closes_at")
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	if _, err := s.Projects.SetDesk(v.ctx(), v.actor(), desk); err != nil {
		return "", err
	}
	v.say("team.settings.saved")
	return "/desk/settings", nil
}
