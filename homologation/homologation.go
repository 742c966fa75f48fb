// Package homologation proves an integration before the provider does: cases of
// what to do and what must be true, evidence fetched and kept, the provider's own
// sheet filled in. Cases are data (cases/*.json); what an assertion reads is code.
package homologation

import (
	"context"
	"time"

	"posta"
	"posta/payment"
	"posta/project"
	"posta/settlement"
)

// Case is one thing to prove.
type Case struct {
	Key      string        `json:"key"`
	Number   string        `json:"number"` // as a candidate list counts it, "12"
	Title    project.Words `json:"title"`
	Do       project.Words `json:"do"`   // what a person does
	Must     project.Words `json:"must"` // what must be true
	About    Subject       `json:"about"`
	Asserts  []Assertion   `json:"asserts"`
	Script   string        `json:"script"` // the driver's name of how to bring it about
	Optional bool          `json:"optional"`
	// Aliases are words by which a provider's sheet may call the case, in any of
	// its languages; all words of one alias must be there.
	Aliases []string `json:"aliases"`
	Source  string   `json:"source"` // docs/providers/…md §N, with its mark
}

// Subject is what a case is about, and what its evidence names.
type Subject string

// The subjects.
const (
	AboutPayment    Subject = "payment"
	AboutRefund     Subject = "refund"     // judged by the payment that is given back
	AboutSettlement Subject = "settlement" // judged by the batch close
	AboutCall       Subject = "call"       // judged by recorded calls of the connection
)

// Assertion is one thing that must be true of the evidence.
type Assertion struct {
	Field string   `json:"field"` // of facts.go: "state", "rail", "attempt.installments", "refund.kind"…
	Is    []string `json:"is"`    // one of these; "*" for anything but nothing; ">1" for a number
}

// Verdict is what an evidence proves.
type Verdict string

// The verdicts. Unprovable means that the evidence lacks what an assertion reads.
const (
	Pass       Verdict = "pass"
	Fail       Verdict = "fail"
	Unprovable Verdict = "unprovable"
)

// Finding is one assertion as it turned out.
type Finding struct {
	Field   string  `json:"field"`
	Want    string  `json:"want"`
	Got     string  `json:"got"` // "" when there is nothing
	Verdict Verdict `json:"verdict"`
}

// Evidence is what a case was judged by, as it was fetched then.
type Evidence struct {
	ID         posta.EvidenceID
	MerchantID posta.MerchantID
	ProjectID  posta.ProjectID
	Case       string
	Mode       posta.Mode
	Payment    posta.PaymentID // "" where the case is about none
	Settlement posta.SettlementID
	ProviderID string // what the provider calls it: what goes into its sheet
	Verdict    Verdict
	Findings   []Finding
	Raw        []byte // the provider's answers, masked, as JSON
	SHA256     string // hex, of Raw
	By         string
	At         time.Time
	Current    bool // the newest of its case
}

// Facts are what assertions are read off.
type Facts struct {
	Payment    payment.Payment
	Refunds    []payment.Refund
	Settlement *settlement.Settlement
	Events     []posta.Event
	Calls      []Call
}

// Call is a recorded exchange with the provider.
type Call struct {
	Operation string
	Status    int
	Error     string
	Request   []byte
	Response  []byte
	At        time.Time
}

// Run is one go through all cases of a project against a simulator.
type Run struct {
	State     RunState
	Cases     []string // keys, in order
	Done      int
	Doing     string // key of the case under way
	StartedAt time.Time
	EndedAt   time.Time
	By        string
	StopAsked bool
	Error     string // why it ended early: a posta.Code
}

// RunState is where a run stands.
type RunState string

// The states of a run.
const (
	Idle    RunState = ""
	Running RunState = "running"
	Ended   RunState = "ended"
	Stopped RunState = "stopped"
)

// File is the homologation of one project: its sheet, its run.
type File struct {
	ProjectID  posta.ProjectID
	MerchantID posta.MerchantID
	Sheet      posta.AttachmentID // the provider's workbook as it came; "" if none
	Rows       []Row              // of the sheet
	Run        Run
	Confirmed  time.Time // when somebody said that all is proven; zero until then
	By         string
	DueAt      time.Time // when the run's next case is due
	UpdatedAt  time.Time
}

// Row is a row of the provider's sheet, and the case that it means.
type Row struct {
	SheetRow
	Case   string // "" while nobody knows
	Chosen bool   // by a person
}

// Submission is a filled sheet that went out.
type Submission struct {
	ID         posta.SubmissionID
	MerchantID posta.MerchantID
	ProjectID  posta.ProjectID
	Filled     posta.AttachmentID
	Message    posta.MessageID
	State      SubmissionState
	Note       string // the reviewer's
	By         string
	At         time.Time
	AnsweredBy string
	AnsweredAt time.Time
}

// SubmissionState is what the reviewer said.
type SubmissionState string

// The states of a submission.
const (
	Submitted SubmissionState = "submitted"
	Accepted  SubmissionState = "accepted"
	Returned  SubmissionState = "returned"
)

// Driver brings a case about against a simulator: it charges through the hub's
// own services and plays customer, network and clock. It returns what the case
// is judged by. Errors: not_allowed_in_state with Params["script"] where the
// provider's side is no simulator.
type Driver interface {
	Drive(ctx context.Context, c Case, at Place) (Produced, error)
}

// Place is where a run charges.
type Place struct {
	MerchantID posta.MerchantID
	Connection posta.ConnectionID
	Till       posta.TillID
	Terminals  []posta.TerminalID
}

// Produced names what a driven case brought about.
type Produced struct {
	Payment    posta.PaymentID
	Settlement posta.SettlementID
	From, To   time.Time // of the calls it made
}

// Store keeps homologations. Its errors are *posta.Error.
type Store interface {
	// HomologationFile finds a project's; an empty one where there is none yet.
	HomologationFile(ctx context.Context, m posta.MerchantID, p posta.ProjectID) (File, error)
	// ChangeHomologation loads one, nobody else changing it meanwhile, and
	// commits what change makes of it with the events it returns.
	ChangeHomologation(ctx context.Context, m posta.MerchantID, p posta.ProjectID, change func(*File) ([]posta.Event, error)) (File, error)
	ClaimRuns(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]File, error)
	// InsertEvidence commits the newest evidence of a case. Errors: conflict with
	// Params["project"] and ["case"] when its payment or settlement is current
	// evidence of another case or project.
	InsertEvidence(ctx context.Context, e Evidence, events []posta.Event) error
	// Evidence lists a project's current evidence by case; EvidenceOf all of one
	// case, newest first, with Raw.
	Evidence(ctx context.Context, m posta.MerchantID, p posta.ProjectID) (map[string]Evidence, error)
	EvidenceOf(ctx context.Context, m posta.MerchantID, p posta.ProjectID, key string) ([]Evidence, error)
	// DropEvidence makes the current evidence of a case current no more.
	DropEvidence(ctx context.Context, m posta.MerchantID, p posta.ProjectID, key string, events []posta.Event) error
	InsertSubmission(ctx context.Context, s Submission, events []posta.Event) error
	AnswerSubmission(ctx context.Context, s Submission, events []posta.Event) error
	Submissions(ctx context.Context, m posta.MerchantID, p posta.ProjectID) ([]Submission, error)
}
