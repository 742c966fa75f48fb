package project

import (
	"time"

	"posta"
)

// Ref names one version of a process template.
type Ref struct {
	Key     string `json:"key"`
	Version int    `json:"version"`
}

// Words are a text in the languages of people, by "es", "pt", "en".
type Words map[string]string

// Template is a process as data. A running project keeps the version it began
// with.
type Template struct {
	Ref
	Name    Words     `json:"name"`
	Date    time.Time `json:"date"`
	Changed Words     `json:"changed"` // what is new in this version
	By      string    `json:"by"`      // who made it
	// Product chooses case set and quality rules: "mercadopago_online",
	// "mercadopago_qr", "prisma_ecr".
	Product  string      `json:"product"`
	Provider string      `json:"provider"` // a connector's name
	Stages   []StageRule `json:"stages"`
	// Tables are the channel tables, by name; a project takes one at its start.
	Tables     map[string][]Support `json:"tables"`
	Milestones []Milestone          `json:"milestones"`
	Gate       []string             `json:"gate"` // keys of golive's items; what does not apply is not here
	// MonitorDays is how long production is watched before hands-off.
	MonitorDays int `json:"monitor_days"`
	// Pilot asks for a pilot before production opens fully.
	Pilot      bool       `json:"pilot"`
	Thresholds Thresholds `json:"thresholds"`
}

// StageRule says what a stage asks for.
type StageRule struct {
	Stage     Stage  `json:"stage"`
	Entry     []Rule `json:"entry"` // to come into it
	Exit      []Rule `json:"exit"`  // to leave it forwards
	Checklist []Item `json:"checklist"`
	FollowUp  bool   `json:"follow_up"` // whether it is checked weekly
}

// Rule is a condition, by the key of its code (conditions.go) or of a checklist item.
type Rule struct {
	Key  string `json:"key"`
	Hard bool   `json:"hard"` // false: it warns and does not block
}

// Item is something of a checklist that people tick.
type Item struct {
	Key      string `json:"key"`
	Title    Words  `json:"title"`
	Evidence bool   `json:"evidence,omitempty"` // a file must prove it
	Client   bool   `json:"client,omitempty"`   // the client's people may tick it too
	// Only with this answer in the project ("gateway", "test_users"); "" always.
	When string `json:"when,omitempty"`
}

// Phase is a row of the channel table.
type Phase string

// The phases of the channel tables.
const (
	Presales         Phase = "presales"
	KickoffPhase     Phase = "kickoff"
	IntegrationPhase Phase = "integration"
	GoLivePhase      Phase = "golive"
)

// Support says by which channels a phase is supported, and how soon.
type Support struct {
	Phase    Phase     `json:"phase"`
	Channels []Channel `json:"channels"`
	Hours    int       `json:"hours"` // 0: no clock starts
}

// DefaultTable is the channel table of a project that chose none.
const DefaultTable = "A"

// Support finds the row of a phase in a channel table; a row without channels
// and hours where there is none.
func (t Template) Support(table string, phase Phase) Support {
	for _, row := range t.Tables[table] {
		if row.Phase == phase {
			return row
		}
	}
	return Support{Phase: phase}
}

// Rule finds what a stage asks for; nothing where the template does not say.
func (t Template) Rule(stage Stage) StageRule {
	for _, r := range t.Stages {
		if r.Stage == stage {
			return r
		}
	}
	return StageRule{Stage: stage}
}

// Item finds an item of any stage's checklist.
func (t Template) Item(key string) (Item, bool) {
	for _, r := range t.Stages {
		for _, i := range r.Checklist {
			if i.Key == key {
				return i, true
			}
		}
	}
	return Item{}, false
}

// Milestone is a moment that a project is told by; its key says what reaches it.
type Milestone struct {
	Key   string `json:"key"`
	Title Words  `json:"title"`
}

// The milestones.
const (
	KickoffHeld = "kickoff"      // the meeting counts as held
	Homologated = "homologation" // passed, and go-live begun
	Opened      = "golive"       // production opened
	HandsOff    = "hands_off"    // the client has a new support channel
)

// Channel is a way to talk.
type Channel string

// The channels.
const (
	Email      Channel = "email"
	Chat       Channel = "chat"
	InPerson   Channel = "in_person"
	Video      Channel = "video"
	Checkpoint Channel = "checkpoint"
	Portal     Channel = "portal" // the client's page of the project: counts as e-mail
	Phone      Channel = "phone"  // in no table: flagged
)

// Stored is a template version that a desk made itself.
type Stored struct {
	MerchantID posta.MerchantID
	Template   Template
	CreatedAt  time.Time
	CreatedBy  string
}
