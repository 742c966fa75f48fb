// Package project takes an integration from its first meeting to production:
// stages and what stands between them, milestones, one thread with the client,
// response clocks, weekly follow-up, pilot and hand-off. What a stage asks for is
// data of a versioned Template; what it means is code here.
package project

import (
	"time"

	"posta"
)

// Stage is where a project stands; docs/states.md draws the machine.
type Stage string

// The stages, in the order of the board.
const (
	Backlog      Stage = "backlog"
	Design       Stage = "design"
	Integration  Stage = "integration"
	Homologation Stage = "homologation"
	GoLive       Stage = "golive"
	HandedOff    Stage = "handed_off"
)

// Stages are all stages, in the order of the board.
var Stages = []Stage{Backlog, Design, Integration, Homologation, GoLive, HandedOff}

// Active reports whether a project of that stage takes up the desk's capacity.
func (s Stage) Active() bool { return s != Backlog && s != HandedOff }

// Project is one integration of one client.
type Project struct {
	ID         posta.ProjectID
	MerchantID posta.MerchantID // whose desk it is at
	Name       string
	Client     Client
	Template   Ref
	Product    string // the template's
	Table      string // the template's channel table that was agreed, "A" unless told
	Stage      Stage
	StageAt    time.Time           // when it came into the stage
	Entered    map[Stage]time.Time // when it last came into each stage
	ReturnTo   Stage               // where it goes on once re-prioritised; "" if it never left the backlog
	WaitingAt  time.Time           // in the waiting list since; zero if it is not
	People     People
	Contacts   []Contact
	// The client's connections, where they are this merchant's own; "" if not.
	Test, Live posta.ConnectionID

	Done     map[string]Tick // checklist items and conditions that people tick, by key
	Kickoff  Kickoff
	Meetings []Meeting
	ECR      ECR // only with a template that asks for it
	// Preintegrated names the project whose homologation this one stands on; "" for its own.
	Preintegrated posta.ProjectID
	Date          Date
	Pilot         Pilot
	HandOff       HandOff

	Silence      int       // weekly checks in a row without a word from the client
	Warned       bool      // the last weekly check said that the next one may end it
	LastClientAt time.Time // when the client last wrote or did something here
	CheckedAt    time.Time // last weekly check
	DueAt        time.Time // next weekly check; zero where none is due
	ReplyToken   string    // names the project in the address that answers go to
	CreatedBy    string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Client is who integrates.
type Client struct {
	Name      string
	LegalName string
	TaxID     string // CUIT in Argentina, digits only
	Country   string // ISO 3166-1 alpha-2
}

// People are the desk's people of a project.
type People struct {
	Integrator, Manager, Commercial posta.UserID
}

// Contact is a person on the client's side. Contacts sign in by a link and see
// their own project only.
type Contact struct {
	ID        posta.ContactID
	Name      string
	Email     string // lower case
	Phone     string
	Technical bool
	InCopy    bool      // of every message
	RemovedAt time.Time // zero while the contact takes part
}

// Tick is something done, with what proves it.
type Tick struct {
	At       time.Time
	By       string // "user:…", "contact:…"
	Note     string
	Evidence posta.AttachmentID // "" if none
}

// Side says on whose side a person is.
type Side string

// The sides.
const (
	ClientSide Side = "client"
	TeamSide   Side = "team"
)

// Kickoff is the meeting that ends design and begins integration.
type Kickoff struct {
	PlannedAt     time.Time
	SetAt         time.Time // when that date was set
	DevelopmentAt time.Time // when development is to start
	HeldAt        time.Time // zero until it counts as held
	Attendees     []Attendee
	Channels      []Channel // for support, agreed there
	FollowUp      string    // how it is followed up
	Activities    []Activity
	Handed        []posta.AttachmentID // documents and code examples
	Notes         string
	Gateway       bool // processed by the gateway model: merchant codes must be loaded
	TestUsers     bool // the client asked for test users
}

// Attendee is who was present at a kickoff.
type Attendee struct {
	Name      string
	Side      Side
	Technical bool
}

// Activity is something agreed at a meeting.
type Activity struct {
	What   string
	Owner  string
	Due    time.Time
	DoneAt time.Time
}

// Meeting is a checkpoint during integration.
type Meeting struct {
	ID        string // ULID
	At        time.Time
	HeldAt    time.Time
	Notes     string
	Decisions string
}

// ECR is what a Prisma ECR project asks for (docs/providers/prisma.md §14).
type ECR struct {
	Requests   []TerminalRequest
	Owner      Side // of the credentials: the client, or its integrator (TeamSide: who develops)
	TaxID      string
	LegalName  string
	Registered time.Time            // at the portal
	APIs       map[string]time.Time // payments, reversals, settlements, refunds: when added to the portal's project
	Passage    Passage
	Production []string // numbers of the production terminals, the commercial's task
}

// Passage is the way from the portal's sandbox to homologation.
type Passage struct {
	AskedAt      time.Time
	BackOfficeAt time.Time // the back office's check ended well
	Incident     string    // its number
}

// TerminalRequest asks the provider for test terminals.
type TerminalRequest struct {
	ID                                                  string // ULID
	Quantity                                            int
	Name, Address, Locality, Province, PostalCode       string
	Phone, Hours                                        string
	TaxID                                               string // CUIT, equal to the one registered in the portal
	Terminals                                           []string
	AskedAt, SentAt, ReceivedAt, ReturnedAt             time.Time
	AskedBy, SentBy, ReceivedBy, ReturnedBy, SentDetail string
}

// Date is when production opens, agreed by both sides.
type Date struct {
	At            time.Time
	Approximate   time.Time // told in design
	ProposedBy    string
	ClientSaid    time.Time // when each side confirmed At; zero until it did
	TeamSaid      time.Time
	ClientBy      string
	TeamBy        string
	OpenedAt      time.Time // when production opened
	MonitorUntil  time.Time
	StableConfirm time.Time // the desk looked at the monitoring and found it good
}

// Confirmed reports whether both sides confirmed the date.
func (d Date) Confirmed() bool {
	return !d.At.IsZero() && !d.ClientSaid.IsZero() && !d.TeamSaid.IsZero()
}

// Pilot is production in one store with at most two terminals.
type Pilot struct {
	StoreID    posta.StoreID
	Terminals  []posta.TerminalID
	StartedAt  time.Time
	StartedBy  string
	EndedAt    time.Time
	EndedBy    string
	Outcome    string // "widened", "stopped"; "" while it runs
	Note       string
	Thresholds Thresholds
}

// Running reports whether the pilot is under way.
func (p Pilot) Running() bool { return !p.StartedAt.IsZero() && p.EndedAt.IsZero() }

// MaxPilotTerminals is how many production terminals a pilot has at most.
const MaxPilotTerminals = 2

// Thresholds say when a pilot goes well.
type Thresholds struct {
	Approval  int // least share of approved payments, per cent
	Lost      int // most lost answers
	Unmatched int // most batch closes with a difference
}

// HandOff ends the project: the client is told who supports it from now on.
type HandOff struct {
	Channel string // the new support channel, as the mail names it
	At      time.Time
	By      string
	Message posta.MessageID
}
