package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/project"
)

// ProjectMessage is one of a project's thread.
type ProjectMessage struct {
	ID        posta.MessageID      `json:"id"`
	Kind      project.MessageKind  `json:"kind" enum:"incoming,outgoing,note" doc:"the client's, the desk's, or the desk's own that the client never sees"`
	Channel   project.Channel      `json:"channel"`
	OffTable  bool                 `json:"off_table" doc:"by a channel outside the agreed table"`
	By        string               `json:"by,omitempty"`
	FromName  string               `json:"from_name,omitempty"`
	FromEmail string               `json:"from_email,omitempty"`
	To        []project.Address    `json:"to,omitempty"`
	Cc        []project.Address    `json:"cc,omitempty"`
	Subject   string               `json:"subject,omitempty"`
	Text      string               `json:"text"`
	Quoted    string               `json:"quoted,omitempty"`
	Clock     posta.ClockID        `json:"clock_id,omitempty" doc:"the response clock that it started"`
	State     project.MessageState `json:"state,omitempty" enum:"kept,queued,sent,bounced,failed"`
	Bounced   []string             `json:"bounced,omitempty" doc:"addresses that refused it"`
	Detail    string               `json:"detail,omitempty"`
	At        time.Time            `json:"at"`
	SentAt    *time.Time           `json:"sent_at,omitempty"`
}

// ProjectMessageList is a thread, oldest first.
type ProjectMessageList struct {
	Data []ProjectMessage `json:"data"`
}

// NewMessage is an answer to the client, or with note something for the desk alone.
type NewMessage struct {
	Text     string               `json:"text"`
	Subject  string               `json:"subject,omitempty" doc:"goes on with the thread's if left out"`
	Note     bool                 `json:"note,omitempty" doc:"kept for the desk; nothing else but text is taken"`
	To       []posta.ContactID    `json:"to,omitempty" doc:"everyone who takes part if left out"`
	Cc       []project.Address    `json:"cc,omitempty"`
	Enclose  []posta.AttachmentID `json:"enclose,omitempty" doc:"files of the project to send along"`
	Answers  []posta.ClockID      `json:"answers,omitempty" doc:"the questions that it answers; all if left out"`
	KeepOpen bool                 `json:"keep_open,omitempty" doc:"it answers no question"`
}

// ProjectClock is a response clock: a question of the client that waits, or waited.
type ProjectClock struct {
	ID         posta.ClockID   `json:"id"`
	Message    posta.MessageID `json:"message_id"`
	Phase      project.Phase   `json:"phase"`
	Hours      int             `json:"hours"`
	StartedAt  time.Time       `json:"started_at"`
	LimitAt    time.Time       `json:"limit_at"`
	BreachedAt *time.Time      `json:"breached_at,omitempty"`
	StoppedAt  *time.Time      `json:"stopped_at,omitempty"`
	Answer     posta.MessageID `json:"answer_id,omitempty"`
	Reason     string          `json:"reason,omitempty" doc:"why it needed no answer"`
	Seconds    int64           `json:"seconds,omitempty" doc:"counted until it was stopped"`
}

// ProjectClockList is a project's clocks, oldest first.
type ProjectClockList struct {
	Data []ProjectClock `json:"data"`
}

var exampleMessage = ProjectMessage{ID: posta.IDFrom[posta.MessageID](exampleULID), Kind: project.Outgoing, Channel: project.Email, By: "key:key_" + exampleULID,
	Subject: "Re: Terminales", Text: "Sí: se pueden usar dos terminales.", State: project.Queued, At: exampleAt}

func (a *server) messages() {
	add(a, http.MethodGet, "/v1/projects/{id}/messages", about{id: "list_project_messages", tag: projectsTag, summary: "Read a project's thread",
		codes: []posta.Code{posta.CodeForbidden}, answer: ProjectMessageList{Data: []ProjectMessage{exampleMessage}}},
		func(ctx context.Context, in *ProjectPath) (*struct{ Body ProjectMessageList }, error) {
			thread, err := a.thread(ctx, in.ID)
			out := ProjectMessageList{Data: []ProjectMessage{}}
			for _, m := range thread.Messages {
				out.Data = append(out.Data, messageView(m))
			}
			return &struct{ Body ProjectMessageList }{out}, err
		})
	add(a, http.MethodPost, "/v1/projects/{id}/messages", about{id: "create_project_message", tag: projectsTag, summary: "Write to the client, or a note", status: http.StatusCreated,
		text:  "Goes out by mail to the contacts, the desk's address and the project manager, and stops the clocks of the questions that it answers.",
		codes: []posta.Code{posta.CodeForbidden, posta.CodeConflict}, request: NewMessage{Text: "Sí: se pueden usar dos terminales."}, answer: exampleMessage}, a.createMessage)
	add(a, http.MethodGet, "/v1/projects/{id}/clocks", about{id: "list_project_clocks", tag: projectsTag, summary: "List a project's response clocks",
		codes: []posta.Code{posta.CodeForbidden}, answer: ProjectClockList{Data: []ProjectClock{{ID: posta.IDFrom[posta.ClockID](exampleULID), Message: exampleMessage.ID,
			Phase: project.IntegrationPhase, Hours: 6, StartedAt: exampleAt, LimitAt: exampleAt.Add(6 * time.Hour)}}}},
		func(ctx context.Context, in *ProjectPath) (*struct{ Body ProjectClockList }, error) {
			thread, err := a.thread(ctx, in.ID)
			out := ProjectClockList{Data: []ProjectClock{}}
			for _, c := range thread.Clocks {
				out.Data = append(out.Data, ProjectClock{c.ID, c.MessageID, c.Phase, c.Hours, c.StartedAt, c.LimitAt, unlessZero(c.BreachedAt),
					unlessZero(c.StoppedAt), c.Answer, c.Reason, int64(c.Took / time.Second)})
			}
			return &struct{ Body ProjectClockList }{out}, err
		})
}

func (a *server) thread(ctx context.Context, text string) (project.Conversation, error) {
	id, err := found[posta.ProjectID](text)
	if err != nil {
		return project.Conversation{}, err
	}
	return a.Projects.Thread(ctx, callOf(ctx).actor(), id)
}

func (a *server) createMessage(ctx context.Context, in *struct {
	ProjectPath
	Body NewMessage
}) (*struct{ Body ProjectMessage }, error) {
	id, err := found[posta.ProjectID](in.ID)
	if err != nil {
		return nil, err
	}
	call, b := callOf(ctx), in.Body
	made := posta.IDFrom[posta.MessageID](call.claim.ULID)
	var m project.Message
	if b.Note {
		m, err = a.Projects.Note(ctx, call.actor(), project.NoteInput{ID: made, Project: id, Text: b.Text})
	} else {
		m, err = a.Projects.Post(ctx, call.actor(), project.PostInput{ID: made, Project: id, To: b.To, Cc: b.Cc, Subject: b.Subject, Text: b.Text,
			Enclose: b.Enclose, Answers: b.Answers, KeepOpen: b.KeepOpen})
	}
	if err != nil {
		return nil, err
	}
	return &struct{ Body ProjectMessage }{messageView(m)}, nil
}

func messageView(m project.Message) ProjectMessage {
	return ProjectMessage{ID: m.ID, Kind: m.Kind, Channel: m.Channel, OffTable: m.OffTable, By: m.By, FromName: m.FromName, FromEmail: m.FromEmail, To: m.To, Cc: m.Cc,
		Subject: m.Subject, Text: m.Text, Quoted: m.Quoted, Clock: m.Clock, State: m.State, Bounced: m.Bounced, Detail: m.Detail, At: m.At, SentAt: unlessZero(m.SentAt)}
}
