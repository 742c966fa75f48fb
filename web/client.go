package web

import (
	"encoding/json"
	"net/http"
	"time"

	"posta"
	"posta/account"
	"posta/project"
)

// clientRoutes registers what a client's contact sees: the own project, and
// nothing else.
func (s *server) clientRoutes(mux *http.ServeMux) {
	mux.Handle("GET "+project.LinkPath+"{token}", s.anyone(s.openLink))
	mux.Handle("GET /client", s.contact(func(v *visit) error { return s.clientPage(v, sent{}) }))
	mux.Handle("GET /client/events", s.contact(s.clientEvents))
	mux.Handle("GET /client/files/{file}", s.contact(func(v *visit) error { return v.file(v.guest.Project) }))
	mux.Handle("POST /client/logout", s.contact(s.clientLogout))
	do := func(path string, what func(*visit) (string, error)) {
		s.deed(mux, s.contact, "/client/"+path, s.clientPage, what)
	}
	do("ask", s.clientAsk)
	do("close/{clock}", s.clientClose)
	do("date", s.clientDate)
	do("date/confirm", s.clientConfirm)
	do("tick/{item}", s.clientTick)
	do("documents", s.clientDocument)
	do("terminals", s.clientTerminals)
	do("terminals/{request}/received", s.clientReceived)
}

// sessionContact is what a session keeps of a contact who signed in.
const sessionContact = "contact"

// signedIn is what a session keeps of a contact.
type signedIn struct {
	Merchant posta.MerchantID
	Project  posta.ProjectID
	Contact  posta.ContactID
}

// openLink signs a contact in by the link that was sent. The session holds
// nothing of a person of the team.
func (s *server) openLink(v *visit) error {
	actor, _, err := s.Projects.OpenLink(v.ctx(), v.r.PathValue("token"))
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return v.renderAs(http.StatusNotFound, "client-gone", nil)
	}
	if err != nil {
		return err
	}
	if err := s.sessions.Destroy(v.ctx()); err != nil { // who was logged in here is not any more
		return err
	}
	raw, err := json.Marshal(signedIn{actor.Merchant, actor.Project, actor.Contact})
	if err != nil {
		return err
	}
	s.sessions.Put(v.ctx(), sessionContact, string(raw))
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	return v.redirect("/client")
}

// contact serves h to a contact who signed in and still takes part.
func (s *server) contact(h handler) http.Handler {
	return s.anyone(func(v *visit) error {
		var in signedIn
		if json.Unmarshal([]byte(s.sessions.GetString(v.ctx(), sessionContact)), &in) != nil {
			return v.renderAs(http.StatusUnauthorized, "client-gone", nil)
		}
		actor, p, err := s.Projects.ContactActor(v.ctx(), in.Merchant, in.Project, in.Contact)
		if posta.ErrorCode(err) == posta.CodeNotFound {
			s.sessions.Remove(v.ctx(), sessionContact)
			return v.renderAs(http.StatusUnauthorized, "client-gone", nil)
		}
		if err != nil {
			return err
		}
		merchant, err := s.Accounts.Store.Merchant(v.ctx(), p.MerchantID)
		if err != nil {
			return err
		}
		v.guest, v.User = &actor, account.User{} // who else may be logged in does not count here
		v.at(merchant)
		return h(v)
	})
}

func (s *server) clientLogout(v *visit) error {
	if err := s.sessions.Destroy(v.ctx()); err != nil {
		return err
	}
	return v.renderAs(http.StatusOK, "client-gone", "out")
}

// clientData is what the client's page shows.
type clientData struct {
	Frame    projectFrame
	Sent     sent
	Nonce    string
	Me       project.Contact
	Messages []shownMessage
	Tasks    []shownItem
	Requests []terminalRequest
	Asks     project.TerminalRequest
	Files    []project.Attachment
	Contacts []project.Contact // in copy
	Steps    []milestone
	DateAsks bool // the date waits for the client's word
	ECR      bool
}

func (s *server) clientPage(v *visit, back sent) error {
	position := v.livePosition()
	p, err := s.Projects.Get(v.ctx(), v.actor(), v.guest.Project)
	if err != nil {
		return err
	}
	t, err := s.Projects.Template(v.ctx(), p.MerchantID, p.Template)
	if err != nil {
		return err
	}
	thread, err := s.Projects.Thread(v.ctx(), v.actor(), p.ID)
	if err != nil {
		return err
	}
	v.titles = &t
	frame := projectFrame{Project: p, Words: t, Language: v.words.Lang(), Position: position}
	data := clientData{Frame: frame, Sent: back, Nonce: s.newNonce(), ECR: p.Product == "prisma_ecr",
		DateAsks: !p.Date.At.IsZero() && p.Date.ClientSaid.IsZero() && p.Date.OpenedAt.IsZero(),
		Asks:     project.TerminalRequest{Quantity: 2, TaxID: first(p.ECR.TaxID, p.Client.TaxID)}}
	if back.Values != nil && back.Values.Get("nonce") != "" {
		data.Nonce = back.Values.Get("nonce")
	}
	data.Messages = v.shownMessages(p, thread, "/client/files/")
	for _, m := range t.Milestones {
		data.Steps = append(data.Steps, milestone{m.Title[frame.Language], p.Reached(m.Key)})
	}
	who := v.peopleOf(p)
	data.Requests = v.terminalRequests(p, who)
	for _, stage := range project.Stages {
		for _, c := range t.Checklist(p, stage) {
			if c.Item != nil && c.Item.Client && (!c.Met || stage == p.Stage) {
				data.Tasks = append(data.Tasks, v.shownItem(frame, c, who, thread.Files))
			}
		}
		if stage == p.Stage {
			break
		}
	}
	for _, f := range thread.Files {
		if f.Kind == "document" {
			data.Files = append(data.Files, f)
		}
	}
	for _, c := range p.Contacts {
		if c.ID == v.guest.Contact {
			data.Me = c
		}
		if c.RemovedAt.IsZero() && c.InCopy {
			data.Contacts = append(data.Contacts, c)
		}
	}
	return v.renderAs(back.answered(), "client", data)
}

// clientEvents streams that something of the project changed. What, the page
// learns by fetching itself anew.
func (s *server) clientEvents(v *visit) error {
	v.Mode = posta.Live // projects have no mode: their events are among the live ones
	subject := string(v.guest.Project)
	return v.stream(func(e posta.Event) bool { return e.Subject == subject && e.Type != "project.noted" }, nil)
}

func (s *server) clientAsk(v *visit) (string, error) {
	in := project.AskInput{Project: v.guest.Project, Subject: v.value("subject"), Text: v.r.PostFormValue("text"), NoAnswer: v.ticked("no_answer")}
	var err error
	if in.ID, err = idFromNonce[posta.MessageID](v); err != nil {
		return "", err
	}
	if in.Files, err = v.files("files"); err != nil {
		return "", err
	}
	m, err := s.Projects.Ask(v.ctx(), v.actor(), in)
	if err == nil {
		v.say("desk.client.asked")
	}
	return "/client#" + string(m.ID), err
}

func (s *server) clientClose(v *visit) (string, error) {
	_, err := s.Projects.CloseQuestion(v.ctx(), v.actor(), v.guest.Project, posta.ClockID(v.r.PathValue("clock")), v.value("reason"))
	return "/client", err
}

func (s *server) clientDate(v *visit) (string, error) {
	r := &reader{v: v}
	at := r.when("at")
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	_, err := s.Projects.ProposeDate(v.ctx(), v.actor(), v.guest.Project, at)
	if err == nil {
		v.say("desk.date.proposed")
	}
	return "/client#date", err
}

func (s *server) clientConfirm(v *visit) (string, error) {
	at, err := time.Parse(time.RFC3339Nano, v.value("at"))
	if err != nil {
		return "", posta.Invalid("at", "malformed")
	}
	if _, err = s.Projects.ConfirmDate(v.ctx(), v.actor(), v.guest.Project, at); err == nil {
		v.say("desk.date.confirmed")
	}
	return "/client#date", err
}

func (s *server) clientTick(v *visit) (string, error) {
	const home = "/client#tasks"
	item := v.r.PathValue("item")
	if v.ticked("undo") {
		_, err := s.Projects.Untick(v.ctx(), v.actor(), v.guest.Project, item)
		return home, err
	}
	tick := project.Tick{Note: v.value("note")}
	files, err := v.files("file")
	if err != nil {
		return "", err
	}
	if len(files) > 0 {
		kept, err := s.Projects.Attach(v.ctx(), v.actor(), project.Upload{Project: v.guest.Project, File: files[0]})
		if err != nil {
			return "", err
		}
		tick.Evidence = kept.ID
	}
	_, err = s.Projects.Tick(v.ctx(), v.actor(), v.guest.Project, item, tick)
	return home, err
}

func (s *server) clientDocument(v *visit) (string, error) {
	files, err := v.files("file")
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		files = []project.File{{}}
	}
	for _, f := range files {
		if _, err := s.Projects.Attach(v.ctx(), v.actor(), project.Upload{Project: v.guest.Project, File: f}); err != nil {
			return "", err
		}
	}
	v.say("desk.document.added")
	return "/client#documents", nil
}

func (s *server) clientTerminals(v *visit) (string, error) {
	q, err := v.readTerminalRequest()
	if err != nil {
		return "", err
	}
	if _, err = s.Projects.AskTerminals(v.ctx(), v.actor(), v.guest.Project, q); err == nil {
		v.say("desk.terminals.asked")
	}
	return "/client#terminals", err
}

func (s *server) clientReceived(v *visit) (string, error) {
	_, err := s.Projects.ReceiveTerminals(v.ctx(), v.actor(), v.guest.Project, v.r.PathValue("request"))
	return "/client#terminals", err
}
