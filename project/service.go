package project

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"posta"
	"posta/mail"
)

// Service is the desk.
type Service struct {
	Store Store
	Clock posta.Clock
	Log   *slog.Logger
	// Committed tells that events were committed, so that they go out at once.
	Committed func()
	// Person finds one of a merchant's people. Errors: not_found.
	Person func(ctx context.Context, m posta.MerchantID, id posta.UserID) (Person, error)
	// Team lists a merchant's people.
	Team func(ctx context.Context, m posta.MerchantID) ([]Person, error)
	// Connection finds one of a merchant's connections. Errors: not_found.
	Connection func(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (Connected, error)
	// Location is a merchant's time zone, Country where its holidays are from.
	Location func(ctx context.Context, m posta.MerchantID) (*time.Location, error)
	Country  func(ctx context.Context, m posta.MerchantID) (string, error)
	// Say writes a text of Posta's own in a language: a key of the catalogs with
	// its arguments.
	Say func(language, key string, args ...any) string
	// Mail sends; nil when no mail server is set, and messages are kept only.
	Mail Sender
	// MailFrom is the desk's own address: mail comes from it, and reply addresses
	// are made from it. Needed with Mail.
	MailFrom string
	// URL is how pages are reached, without a slash at the end.
	URL func() string
	// Stands reports on what other packages know: whether homologation is passed,
	// the gate open, the quality enough. Conditions ask it by name; of a project that
	// stands on the homologation of another (Preintegrated) it answers for that one.
	Stands func(ctx context.Context, p Project, condition string) (Standing, error)
	// Gate lets the pilot that p.Pilot describes through the gate of the project's
	// live connection (PilotStart), all of it (PilotWiden) or none (PilotStop). It
	// is called before the step is noted, and again when that is repeated. Its
	// errors are given as they are.
	Gate func(ctx context.Context, a Actor, p Project, step PilotStep) error

	sending sync.Map // by its id: what is on its way to the mail server from here
}

// Connected is what a project needs to know of a connection.
type Connected struct {
	Provider string
	Mode     posta.Mode
}

// Sender sends a mail; *mail.Sender is one.
type Sender interface {
	Send(ctx context.Context, m mail.Message) error
}

// Person is one of the desk's people.
type Person struct {
	ID       posta.UserID
	Name     string
	Email    string
	Role     posta.Role
	Language string
}

// Standing is how a condition stands.
type Standing struct {
	Met      bool
	Reason   string // code of why not, words under project.reason.CODE
	Params   map[string]string
	Evidence string
}

// Actor is who asks for a change.
type Actor struct {
	Merchant posta.MerchantID
	User     posta.UserID // of the team
	Role     posta.Role
	Project  posta.ProjectID // a contact's only project
	Contact  posta.ContactID
	Key      posta.KeyID
}

// By names the actor for what keeps who did it: "user:…", "contact:…", "key:…",
// "" for Posta itself.
func (a Actor) By() string {
	switch {
	case a.User != "":
		return "user:" + string(a.User)
	case a.Contact != "":
		return "contact:" + string(a.Contact)
	case a.Key != "":
		return "key:" + string(a.Key)
	}
	return ""
}

// Right is something that not everybody may do.
type Right string

// The rights.
const (
	See    Right = "see"    // read projects
	Talk   Right = "talk"   // write in the thread, confirm a date
	Begin  Right = "begin"  // create a project
	Work   Right = "work"   // checklists, meetings, stages, homologation
	Sell   Right = "sell"   // production terminals, priority of the own accounts
	Manage Right = "manage" // people, capacity, templates
	Decide Right = "decide" // waivers, windows, pilot, the gate
)

// Rights is what each role may do. A contact may See and Talk in the own
// project, an API key See, Talk, Begin and Work: what a person must decide by
// name is none of a program's.
var Rights = map[posta.Role][]Right{
	posta.Owner:      {See, Talk, Begin, Work, Sell, Manage, Decide},
	posta.Manager:    {See, Talk, Begin, Work, Manage, Decide},
	posta.Integrator: {See, Talk, Begin, Work},
	posta.Commercial: {See, Talk, Begin, Sell},
}

// May reports whether the actor has a right in a project ("" for the desk as a
// whole). Errors: not_found where a contact asks for another project, which
// does not exist for it; forbidden.
func (a Actor) May(right Right, p posta.ProjectID) error {
	var has []Right
	switch {
	case a.Contact != "":
		if p != a.Project {
			return &posta.Error{Code: posta.CodeNotFound}
		}
		has = []Right{See, Talk}
	case a.Key != "":
		has = []Right{See, Talk, Begin, Work}
	case a.User != "":
		has = Rights[a.Role]
	default:
		return nil // Posta itself
	}
	for _, r := range has {
		if r == right {
			return nil
		}
	}
	return &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": string(right)}}
}

// event makes an event of a project. Projects have no mode: their events are
// among the live ones.
func (s *Service) event(actor, kind string, p Project, data []byte) posta.Event {
	now := s.Clock.Now()
	return posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: p.MerchantID, Mode: posta.Live, Type: kind,
		Subject: string(p.ID), Actor: actor, Data: data, CreatedAt: now}
}
