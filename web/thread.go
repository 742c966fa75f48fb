package web

import (
	"mime"
	"net/http"
	"strings"
	"time"

	"posta"
	"posta/project"
)

// threadRoutes registers the conversation of a project.
func (s *server) threadRoutes(mux *http.ServeMux) {
	mux.Handle("GET /projects/{project}/thread", s.member(func(v *visit) error { return s.threadPage(v, sent{}) }))
	do := func(path string, what func(*visit) (string, error)) {
		s.deed(mux, s.member, "/projects/{project}/thread/"+path, s.threadPage, what)
	}
	do("post", s.postMessage)
	do("heard", s.heardMessage)
	do("note", s.noteMessage)
	do("close/{clock}", s.closeQuestion)
	do("accept/{message}", s.acceptMessage)
	mux.Handle("GET /projects/{project}/files/{file}", s.member(s.projectFile))
}

// shownMessage is one message as the page shows it.
type shownMessage struct {
	project.Message
	Who    string
	Files  []project.Attachment
	Clock  *project.Clock // that it started
	Late   bool
	Soon   bool
	Closed string // why its question needed no answer, in words
	Mine   bool   // the reader's side wrote it
	Doubt  bool   // a stranger's mail, or an automatic one: somebody must accept it
	Base   string // of its files' addresses
}

// threadData is what the page of the thread shows.
type threadData struct {
	Frame    projectFrame
	Sent     sent
	Nonce    string
	Messages []shownMessage
	Open     []shownMessage // questions that wait
	Contacts []project.Contact
	Copies   []project.Address // always in copy
	Files    []project.Attachment
	Draft    *project.Draft
	First    bool // nothing was written yet
	Acked    time.Time
	FirstAt  time.Time
	Channels []option
	Language string
}

func (s *server) threadPage(v *visit, back sent) error {
	frame, err := v.frame("thread")
	if err != nil {
		return err
	}
	thread, err := s.Projects.Thread(v.ctx(), v.actor(), frame.ID)
	if err != nil {
		return err
	}
	data := threadData{Frame: frame, Sent: back, Nonce: s.newNonce(), Files: ownFiles(thread.Files), FirstAt: thread.FirstAt, Acked: thread.AcknowledgedAt, First: thread.FirstAt.IsZero(),
		Language: v.r.URL.Query().Get("language")}
	if back.Values != nil && back.Values.Get("nonce") != "" {
		data.Nonce = back.Values.Get("nonce")
	}
	data.Messages = v.shownMessages(frame.Project, thread, frame.URL()+"/files/")
	for _, m := range data.Messages {
		if m.Clock != nil && m.Clock.Open() {
			data.Open = append(data.Open, m)
		}
	}
	for _, c := range frame.Contacts {
		if c.RemovedAt.IsZero() {
			data.Contacts = append(data.Contacts, c)
		}
	}
	desk, err := s.Projects.GetDesk(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	if data.Copies, err = v.copies(frame.Project, desk); err != nil {
		return err
	}
	for _, c := range project.Channels {
		data.Channels = append(data.Channels, option{string(c), v.T("project.channel." + string(c)), false})
	}
	if v.r.URL.Query().Get("first") != "" || data.First && back.Values == nil && frame.Can["talk"] {
		draft, err := s.Projects.FirstMail(v.ctx(), v.actor(), frame.ID, data.Language)
		if err != nil {
			return err
		}
		data.Draft = &draft
	}
	return v.renderAs(back.answered(), "thread", data)
}

// copies are who is in copy of every message: the team and the project manager.
func (v *visit) copies(p project.Project, desk project.Desk) (out []project.Address, err error) {
	if desk.Team.Email != "" {
		out = append(out, desk.Team)
	}
	if p.People.Manager == "" {
		return out, nil
	}
	u, err := v.s.Accounts.Store.User(v.ctx(), p.People.Manager)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return out, nil
	}
	return append(out, project.Address{Name: u.Name, Email: u.Email}), err
}

// ownFiles are the project's files that a message can bring along.
func ownFiles(files []project.Attachment) (out []project.Attachment) {
	for _, f := range files {
		if f.Kind != "attachment" {
			out = append(out, f)
		}
	}
	return out
}

// shownMessages are the messages with their clocks and files.
func (v *visit) shownMessages(p project.Project, thread project.Conversation, base string) (out []shownMessage) {
	who, now := v.peopleOf(p), v.s.Clock.Now()
	for _, m := range thread.Messages {
		shown := shownMessage{Message: m, Who: m.FromName, Base: base, Mine: (m.Kind == project.Incoming) == (v.guest != nil),
			Doubt: m.Kind == project.Incoming && (m.Detail == project.DetailUnknown || m.Detail == project.DetailAuto)}
		if m.By != "" {
			shown.Who = who.Name(m.By)
		}
		switch {
		case shown.Who != "":
		case m.Kind != project.Incoming:
			shown.Who = "Posta"
		default:
			shown.Who = m.FromEmail
		}
		for _, f := range thread.Files {
			if f.MessageID == m.ID {
				shown.Files = append(shown.Files, f)
			}
		}
		for i := range thread.Clocks {
			if c := &thread.Clocks[i]; c.MessageID == m.ID {
				shown.Clock, shown.Late = c, c.Late(now)
				shown.Soon = c.Open() && !c.WarnAt.After(now)
				if c.Answer == "" && !c.Open() {
					shown.Closed = c.Reason
					if c.Reason == "handed_off" {
						shown.Closed = v.T("desk.closed.handed_off")
					}
				}
			}
		}
		out = append(out, shown)
	}
	return out
}

func (s *server) postMessage(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	in := project.PostInput{Project: id, Subject: v.value("subject"), Text: v.r.PostFormValue("text"), KeepOpen: v.value("answers") == "none"}
	if in.ID, err = idFromNonce[posta.MessageID](v); err != nil {
		return "", err
	}
	if in.Files, err = v.files("files"); err != nil {
		return "", err
	}
	for _, c := range v.r.PostForm["to"] {
		in.To = append(in.To, posta.ContactID(c))
	}
	for _, f := range v.r.PostForm["enclose"] {
		in.Enclose = append(in.Enclose, posta.AttachmentID(f))
	}
	for _, address := range strings.FieldsFunc(v.value("cc"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' }) {
		in.Cc = append(in.Cc, project.Address{Email: address})
	}
	if v.value("channel") != "" && v.value("channel") != string(project.Email) {
		r := &reader{v: v}
		in.SaidElsewhere, in.Channel, in.At = true, project.Channel(v.value("channel")), r.when("at")
		if err := r.wrong.Err(); err != nil {
			return "", err
		}
	}
	m, err := s.Projects.Post(v.ctx(), v.actor(), in)
	if err != nil {
		return "", err
	}
	if m.State == project.Queued {
		v.say("desk.posted")
	} else {
		v.say("desk.kept")
	}
	return v.home("/thread#" + string(m.ID)), nil
}

func (s *server) heardMessage(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	r := &reader{v: v}
	in := project.HeardInput{Project: id, Contact: posta.ContactID(v.value("contact")), Channel: project.Channel(v.value("channel")), At: r.when("at"),
		Text: v.r.PostFormValue("text"), NoAnswer: v.ticked("no_answer")}
	if in.ID, err = idFromNonce[posta.MessageID](v); err != nil {
		return "", err
	}
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	if in.Files, err = v.files("files"); err != nil {
		return "", err
	}
	m, err := s.Projects.Heard(v.ctx(), v.actor(), in)
	return v.home("/thread#" + string(m.ID)), err
}

func (s *server) noteMessage(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	in := project.NoteInput{Project: id, Text: v.r.PostFormValue("text")}
	if in.ID, err = idFromNonce[posta.MessageID](v); err != nil {
		return "", err
	}
	if in.Files, err = v.files("files"); err != nil {
		return "", err
	}
	m, err := s.Projects.Note(v.ctx(), v.actor(), in)
	return v.home("/thread#" + string(m.ID)), err
}

func (s *server) closeQuestion(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	c, err := s.Projects.CloseQuestion(v.ctx(), v.actor(), id, posta.ClockID(v.r.PathValue("clock")), v.value("reason"))
	return v.home("/thread#" + string(c.MessageID)), err
}

func (s *server) acceptMessage(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	m, err := s.Projects.Accept(v.ctx(), v.actor(), id, posta.MessageID(v.r.PathValue("message")), posta.ContactID(v.value("contact")))
	return v.home("/thread#" + string(m.ID)), err
}

// projectFile answers a file of a project, to be kept and not shown: it is
// somebody else's.
func (s *server) projectFile(v *visit) error {
	id, err := v.projectID()
	if err != nil {
		return err
	}
	return v.file(id)
}

func (v *visit) file(id posta.ProjectID) error {
	file, err := posta.ParseID[posta.AttachmentID](v.r.PathValue("file"))
	if err != nil {
		return err
	}
	f, err := v.s.Projects.File(v.ctx(), v.actor(), id, file)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Content-Length", posta.FormatDecimal(f.Size, 0))
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "sandbox")
	_, _ = v.w.Write(f.Data) // a reader that left is no error of ours
	return nil
}
