package web

import (
	"net/http"
	"strings"

	"posta"
	"posta/project"
)

// ecrRoutes registers what only a Prisma ECR project has: terminals, the
// registration at the portal and the passage to homologation.
func (s *server) ecrRoutes(mux *http.ServeMux) {
	mux.Handle("GET /projects/{project}/terminals", s.member(func(v *visit) error { return s.ecrPage(v, sent{}) }))
	do := func(path string, what func(*visit) (string, error)) {
		s.deed(mux, s.member, "/projects/{project}/terminals/"+path, s.ecrPage, what)
	}
	do("internet", s.confirmInternet)
	do("ask", s.askTerminals)
	do("requests/{request}/sent", s.sendTerminals)
	do("requests/{request}/received", s.receiveTerminals)
	do("requests/{request}/returned", s.returnTerminals)
	do("registration", s.register)
	do("apis", s.addAPIs)
	do("passage", s.askPassage)
	do("passage/end", s.endPassage)
	do("production", s.productionTerminals)
}

// ecrData is what the page of the terminals shows.
type ecrData struct {
	Frame    projectFrame
	Sent     sent
	Requests []terminalRequest
	APIs     []apiRow
	Missing  bool // one API is missing
	Internet []shownItem
	Codes    string // of the production terminals
	Sells    bool
	Asks     project.TerminalRequest
}

type apiRow struct {
	Key  string
	Done bool
}

// terminalRequest is a request for test terminals with what comes next.
type terminalRequest struct {
	project.TerminalRequest
	State string // asked, sent, received, returned
	By    string
}

func (s *server) ecrPage(v *visit, back sent) error {
	frame, err := v.frame("terminals")
	if err != nil {
		return err
	}
	if frame.Product != "prisma_ecr" {
		return &posta.Error{Code: posta.CodeNotFound}
	}
	data := ecrData{Frame: frame, Sent: back, Codes: strings.Join(frame.ECR.Production, "\n"), Sells: frame.Can["sell"],
		Asks: project.TerminalRequest{Quantity: 2, TaxID: first(frame.ECR.TaxID, frame.Client.TaxID)}}
	who := v.peopleOf(frame.Project)
	data.Requests = v.terminalRequests(frame.Project, who)
	for _, key := range project.TerminalAPIs {
		row := apiRow{Key: key, Done: !frame.ECR.APIs[key].IsZero()}
		data.Missing = data.Missing || !row.Done
		data.APIs = append(data.APIs, row)
	}
	for _, c := range frame.Words.Checklist(frame.Project, project.Design) {
		if c.Key == "internet_tills" || c.Key == "internet_store" {
			data.Internet = append(data.Internet, v.shownItem(frame, c, who, nil))
		}
	}
	return v.renderAs(back.answered(), "ecr", data)
}

func (v *visit) terminalRequests(p project.Project, who *people) (out []terminalRequest) {
	for _, q := range p.ECR.Requests {
		row := terminalRequest{TerminalRequest: q, State: "asked", By: who.Name(q.AskedBy)}
		switch {
		case !q.ReturnedAt.IsZero():
			row.State = "returned"
		case !q.ReceivedAt.IsZero():
			row.State = "received"
		case !q.SentAt.IsZero():
			row.State = "sent"
		}
		out = append(out, row)
	}
	return out
}

// confirmInternet ticks what of the internet was confirmed, and takes back what
// was not.
func (s *server) confirmInternet(v *visit) (string, error) {
	p, err := v.project()
	if err != nil {
		return "", err
	}
	for _, key := range []string{"internet_tills", "internet_store"} {
		_, done := p.Done[key]
		switch {
		case v.ticked(key) && !done:
			_, err = s.Projects.Tick(v.ctx(), v.actor(), p.ID, key, project.Tick{})
		case !v.ticked(key) && done:
			_, err = s.Projects.Untick(v.ctx(), v.actor(), p.ID, key)
		}
		if err != nil {
			return "", err
		}
	}
	v.say("desk.saved")
	return v.home("/terminals"), nil
}

// readTerminalRequest is the request that a form describes.
func (v *visit) readTerminalRequest() (project.TerminalRequest, error) {
	r := &reader{v: v}
	q := project.TerminalRequest{ID: v.value("id"), Quantity: r.number("quantity"), Name: v.value("name"), Address: v.value("address"), Locality: v.value("locality"),
		Province: v.value("province"), PostalCode: v.value("postal_code"), Phone: v.value("phone"), Hours: v.value("hours"), TaxID: v.value("tax_id")}
	return q, r.wrong.Err()
}

func (s *server) askTerminals(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	q, err := v.readTerminalRequest()
	if err != nil {
		return "", err
	}
	if _, err = s.Projects.AskTerminals(v.ctx(), v.actor(), id, q); err == nil {
		v.say("desk.terminals.asked")
	}
	return v.home("/terminals"), err
}

// codes are the numbers of a text, one a line or apart by commas.
func (v *visit) codes(name string) []string {
	return strings.FieldsFunc(v.value(name), func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' || r == ' ' })
}

func (s *server) sendTerminals(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.SendTerminals(v.ctx(), v.actor(), id, v.r.PathValue("request"), v.codes("terminals"), v.value("detail"))
	}
	return v.home("/terminals"), err
}

func (s *server) receiveTerminals(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.ReceiveTerminals(v.ctx(), v.actor(), id, v.r.PathValue("request"))
	}
	return v.home("/terminals"), err
}

func (s *server) returnTerminals(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.ReturnTerminals(v.ctx(), v.actor(), id, v.r.PathValue("request"))
	}
	return v.home("/terminals"), err
}

func (s *server) register(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	r := &reader{v: v}
	in := project.Registration{Owner: project.Side(v.value("owner")), TaxID: v.value("tax_id"), LegalName: v.value("legal_name"), At: r.when("at")}
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	if _, err = s.Projects.Register(v.ctx(), v.actor(), id, in); err == nil {
		v.say("desk.saved")
	}
	return v.home("/terminals#registration"), err
}

func (s *server) addAPIs(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.AddAPIs(v.ctx(), v.actor(), id, v.r.PostForm["apis"])
	}
	if err == nil {
		v.say("desk.saved")
	}
	return v.home("/terminals#apis"), err
}

func (s *server) askPassage(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.AskPassage(v.ctx(), v.actor(), id)
	}
	return v.home("/terminals#passage"), err
}

func (s *server) endPassage(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.EndPassage(v.ctx(), v.actor(), id, v.value("incident"))
	}
	return v.home("/terminals#passage"), err
}

func (s *server) productionTerminals(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.SetProductionTerminals(v.ctx(), v.actor(), id, v.codes("terminals"))
	}
	if err == nil {
		v.say("desk.saved")
	}
	return v.home("/terminals#production"), err
}
