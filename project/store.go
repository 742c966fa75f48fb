package project

import (
	"context"
	"time"

	"posta"
)

// Store keeps projects. Its errors are *posta.Error: not_found where the
// merchant has no such thing, conflict where an id is taken.
type Store interface {
	InsertProject(ctx context.Context, p Project, events []posta.Event) error
	Project(ctx context.Context, m posta.MerchantID, id posta.ProjectID) (Project, error)
	// ChangeProject loads one, nobody else changing it meanwhile, lets change
	// alter it, and commits it with what change adds. An error of change commits
	// nothing. change may run more than once and must not call the store.
	ChangeProject(ctx context.Context, m posta.MerchantID, id posta.ProjectID, change func(*Record) error) (Record, error)
	// ChangeActive is ChangeProject while no other project of the merchant changes
	// between active and not: Record.Load and First are right until it commits.
	ChangeActive(ctx context.Context, m posta.MerchantID, id posta.ProjectID, change func(*Record) error) (Record, error)
	Cards(ctx context.Context, f Filter) ([]Card, error)
	// ClaimProjects takes projects whose DueAt has come and moves it to now+lease.
	ClaimProjects(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Project, error)
	// WaitingDesks lists the merchants whose waiting list is not empty.
	WaitingDesks(ctx context.Context) ([]posta.MerchantID, error)
	// Active lists the merchant's projects that take up capacity.
	Active(ctx context.Context, m posta.MerchantID) ([]Project, error)
	// Waiting lists the merchant's waiting list, the longest waiting first.
	Waiting(ctx context.Context, m posta.MerchantID) ([]Project, error)

	Message(ctx context.Context, m posta.MerchantID, id posta.MessageID) (Message, error)
	// Messages lists a project's thread, oldest first.
	Messages(ctx context.Context, m posta.MerchantID, id posta.ProjectID) ([]Message, error)
	// MessageByMailID finds a message of the merchant by its RFC 5322 Message-ID.
	MessageByMailID(ctx context.Context, m posta.MerchantID, mailID string) (Message, error)
	// ChangeMessage loads one, nobody else changing it meanwhile, and commits what
	// change makes of it with the events it gives.
	ChangeMessage(ctx context.Context, m posta.MerchantID, id posta.MessageID, change func(*Message) ([]posta.Event, error)) (Message, error)
	// ClaimMessages takes outgoing messages that are due.
	ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Message, error)

	// Attachment finds one with its data; Attachments lists a project's without.
	Attachment(ctx context.Context, m posta.MerchantID, id posta.AttachmentID) (Attachment, error)
	Attachments(ctx context.Context, m posta.MerchantID, id posta.ProjectID) ([]Attachment, error)

	// Clocks lists a project's clocks, oldest first; DeskClocks all of the
	// merchant's that started in the span or are open.
	Clocks(ctx context.Context, m posta.MerchantID, id posta.ProjectID) ([]Clock, error)
	DeskClocks(ctx context.Context, m posta.MerchantID, from, to time.Time) ([]Clock, error)
	ClaimClocks(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Clock, error)

	// Desk finds the merchant's desk; not_found before it was first saved.
	Desk(ctx context.Context, m posta.MerchantID) (Desk, error)
	SaveDesk(ctx context.Context, d Desk) error
	// StoredTemplates lists the versions that the desk made itself.
	StoredTemplates(ctx context.Context, m posta.MerchantID) ([]Stored, error)
	InsertTemplate(ctx context.Context, s Stored, events []posta.Event) error

	// A contact's sign-in link, by the hash of its token. TakeLink gives it while
	// it is good at now; the same link works until it expires.
	InsertLink(ctx context.Context, l Link) error
	Link(ctx context.Context, hash string, now time.Time) (Link, error)
	// DropLinks ends the links of a contact.
	DropLinks(ctx context.Context, m posta.MerchantID, p posta.ProjectID, c posta.ContactID) error
	// ProjectByReplyToken finds the project that a reply address names.
	ProjectByReplyToken(ctx context.Context, token string) (Project, error)
	// ProjectEvents lists the events of a project, oldest first.
	ProjectEvents(ctx context.Context, m posta.MerchantID, id posta.ProjectID) ([]posta.Event, error)
}

// Link lets a contact sign in.
type Link struct {
	Hash       string // hex SHA-256 of the token
	MerchantID posta.MerchantID
	ProjectID  posta.ProjectID
	ContactID  posta.ContactID
	ExpiresAt  time.Time
	CreatedAt  time.Time
}

// Record is a project with what changes together with it.
type Record struct {
	Project     Project
	Clocks      []Clock      // its open ones, changed in place; new ones are appended
	Messages    []Message    // new ones only
	Changed     []Message    // earlier messages as they become
	Attachments []Attachment // new ones only
	Events      []posta.Event
	// Load counts the active projects of each person, this one not among them, and
	// First names who waits longest for a place of each; only ChangeActive tells them.
	Load  map[posta.UserID]int
	First map[posta.UserID]posta.ProjectID
}
